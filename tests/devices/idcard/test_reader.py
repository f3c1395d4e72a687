"""The serial driver in its worker process, against the emulator in another, over a pty and over TCP."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import signal
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from contract.person import Document
from contract.problem import Problem, Retry
from devices.catalogue import open_host
from devices.host import Host
from devices.idcard import IdentityDocument, Reader
from devices.idcard.emulator import people

from .conftest import LINES, EmulatorProcess, Start

SAM_NUMBER = "05.01-20230101-0001234567-987654321"
READS = ["ok", "slow", "garbage", "bad_xor_once", "heard_badly", "read_failed_once", "no_fingerprint"]
FAILS = {
    "no_card": "idcard.absent",
    "suspect": "idcard.suspect",
    "replace": "idcard.replace",
    "bad_xor": "idcard.garbled",
    "short": "idcard.garbled",
    "no_sam": "idcard.reader_fault",
    "not_authorised": "idcard.not_authorised",
    "timed_out": "idcard.no_answer",
    "silent": "idcard.no_answer",
}


def open_reader(port: str) -> Host:
    return open_host("idcard/samv_serial", {"port": port}, patience=20)


@pytest.mark.parametrize("key", people())
def test_every_invented_person_is_read_right(start_emulator: Start, key: str) -> None:
    emulator = start_emulator("--pty", "--card", key)
    with open_reader(emulator.port) as host:
        document = Reader(host).read()
    said: dict[str, Any] = document.to_json()
    person = people()[key]
    for field in {each.name for each in dataclasses.fields(IdentityDocument)} & set(person):
        assert said[field] == person[field], field
    assert document.number_valid and not document.suspect
    assert document.sam_number == SAM_NUMBER
    assert document.has_private_use is (key == "private_use")
    assert document.long_term is (key == "long_term")
    assert document.name_may_be_cut is (key == "uyghur")
    assert len(document.photo_raw) == 1368


@pytest.mark.parametrize("behave", READS)
def test_a_troubled_line_still_reads(emulator: EmulatorProcess, behave: str) -> None:
    emulator.tell(f"behave {behave}")
    emulator.tell("place ninghai")
    with open_reader(emulator.port) as host:
        document = Reader(host).read()
    assert document.name == "周㛃宁"
    assert document.additional_address == "浙江省宁海县桃源街道兴海社区兴海中路9999号"


@pytest.mark.parametrize(("behave", "code"), FAILS.items())
def test_what_cannot_be_read_says_why(emulator: EmulatorProcess, behave: str, code: str) -> None:
    emulator.tell(f"behave {behave}")
    emulator.tell("place haishu")
    with open_reader(emulator.port) as host:
        with pytest.raises(Problem) as raised:
            Reader(host).read()
        assert raised.value.code == code
        emulator.tell("behave ok")
        emulator.tell("place yuyao")
        assert Reader(host).read().name == "陈䶮", "the next reading works"


@pytest.mark.parametrize("line", LINES)
def test_a_reader_unplugged_within_the_text(start_emulator: Start, line: str) -> None:
    emulator = start_emulator(*LINES[line], "--behave", "unplugged")
    with open_reader(emulator.port) as host, pytest.raises(Problem) as raised:
        Reader(host).read()
    assert raised.value == Problem("device.unplugged", Retry.AFTER_FIX, port=emulator.port)


def test_a_reader_plugged_in_again_is_used_again(start_emulator: Start, tmp_path: Path) -> None:
    """Behind the same name, as udev's links and Windows' COM numbers do."""
    port = tmp_path / "ttyUSB0"
    with open_reader(str(port)) as host:
        reader = Reader(host)
        with pytest.raises(Problem) as raised:
            reader.read()
        assert raised.value.code == "device.no_such_port"
        for key in ("haishu", "yuyao"):
            emulator = start_emulator("--pty", "--card", key)
            port.unlink(missing_ok=True)
            port.symlink_to(emulator.port)
            assert reader.read().name == people()[key]["name"]
            pid = host.pid
            emulator.end()
            with pytest.raises(Problem) as raised:
                reader.read()
            assert raised.value.code == "device.unplugged"
            assert host.pid == pid, "no new process was needed"


def test_a_lost_reader_is_logged_once_and_once_that_it_is_back(
    start_emulator: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    port = tmp_path / "reader"  # as udev's links are
    with open_host("idcard/samv_serial", {"port": str(port)}, patience=20) as host:
        reader = Reader(host)
        for _ in range(3):  # what is asked before a session: it says what is wrong, again and again
            assert reader.status()["problem"] == "device.no_such_port"
        port.symlink_to(start_emulator("--pty").port)
        assert reader.status()["reachable"] and reader.status()["sam_number"]
    told = [record.getMessage() for record in caplog.records if record.name == "devices.host"]
    assert told == ["idcard/samv_serial was lost: device.no_such_port", "idcard/samv_serial is back"]


def test_status(start_emulator: Start) -> None:
    emulator = start_emulator("--pty", "--behave", "no_card")
    with open_reader(emulator.port) as host:
        said = Reader(host).status()
        assert said["driver"] == "idcard/samv_serial"
        assert (said["reachable"], said["sam_number"], said["problem"]) == (True, SAM_NUMBER, "")
        emulator.tell("behave not_authorised")
        assert Reader(host).status()["problem"] == "idcard.not_authorised"
        emulator.end()
        said = Reader(host).status()
        assert said["reachable"] is False and said["problem"] == "device.unplugged"
        assert said["facts"] == {"port": emulator.port}


@pytest.mark.parametrize(
    ("port", "code"),
    [
        ("", "device.no_port_chosen"),
        ("/dev/tongban-nowhere", "device.no_such_port"),
        ("socket://127.0.0.1:1", "device.no_such_port"),
        ("socket://", "device.no_such_port"),
        ("spy:///dev/null?file=/dev/stdout", "device.no_such_port"),
        ("/dev/null", "device.no_such_port"),
    ],
)
def test_a_port_that_is_none(port: str, code: str) -> None:
    with open_reader(port) as host, pytest.raises(Problem) as raised:
        Reader(host).read()
    assert raised.value.code == code


def test_a_port_that_another_program_holds(start_emulator: Start) -> None:
    emulator = start_emulator("--pty")
    with open_reader(emulator.port) as first, open_reader(emulator.port) as second:
        first.ask("present")
        with pytest.raises(Problem) as raised:
            second.ask("present")
    assert raised.value.code == "device.port_busy"


def test_a_worker_killed_or_stopped_costs_one_call(start_emulator: Start) -> None:
    emulator = start_emulator("--pty")
    with open_host("idcard/samv_serial", {"port": emulator.port}, patience=20) as host:
        reader = Reader(host)
        for kill, code, patience in ((signal.SIGKILL, "device.crashed", 20), (signal.SIGSTOP, "device.silent", 0.5)):
            reader.status()
            assert host.pid is not None
            os.kill(host.pid, kill)
            with pytest.raises(Problem) as raised:
                host.ask("read", patience=patience)
            assert raised.value.code == code
            emulator.tell("place haishu")
            assert reader.read().name == "王𠮷安"


def test_noise_without_end_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble() -> None:
            line, _ = server.accept()
            with line, contextlib.suppress(OSError):
                while True:
                    line.sendall(b"\xaa\xaa\xaa\x96\x69\x0f\xff\x00" * 64)

        babbling = threading.Thread(target=babble)
        babbling.start()
        port = f"socket://127.0.0.1:{server.getsockname()[1]}"
        with open_reader(port) as host, pytest.raises(Problem) as raised:
            host.ask("present")
        babbling.join()
    assert raised.value.code in ("idcard.garbled", "device.silent")


# --- waiting for a card -----------------------------------------------------------------------------------------------


def test_a_card_put_down_later_is_read(start_emulator: Start) -> None:
    emulator = start_emulator("--pty")
    emulator.tell("lift")
    with open_reader(emulator.port) as host:
        reader = Reader(host)
        with pytest.raises(Problem) as raised:
            reader.wait_for_card(0.1)
        assert raised.value.code == "idcard.absent"
        putting = threading.Thread(target=emulator.tell, args=("place yuyao",))
        putting.start()
        assert reader.wait_for_card(30).name == "陈䶮"
        putting.join()


def test_a_card_is_read_once_per_placement(start_emulator: Start) -> None:
    emulator = start_emulator("--pty", "--card", "haishu")
    with open_reader(emulator.port) as host:
        reader = Reader(host)
        assert reader.wait_for_card(30).name == "王𠮷安"
        with pytest.raises(Problem):
            reader.wait_for_card(0.7)  # it still lies there
        emulator.tell("lift")
        emulator.tell("place haishu")
        assert reader.wait_for_card(30).name == "王𠮷安"


def test_a_module_that_goes_on_reporting_the_card_needs_it_lifted(start_emulator: Start) -> None:
    """Other modules answer "found" for as long as the card lies there."""
    emulator = start_emulator("--pty", "--card", "haishu")
    with open_reader(emulator.port) as host:
        reader = Reader(host)
        reader.wait_for_card(30)
        emulator.tell("place haishu")  # found again at once, without a "no card" between
        with pytest.raises(Problem):
            reader.wait_for_card(0.4)
        emulator.tell("lift")
        with pytest.raises(Problem):
            reader.wait_for_card(0.7)
        emulator.tell("place yuyao")
        assert reader.wait_for_card(30).name == "陈䶮"


def test_waiting_can_be_cancelled(start_emulator: Start) -> None:
    emulator = start_emulator("--pty", "--behave", "no_card")
    with open_reader(emulator.port) as host:
        cancelled = threading.Event()
        canceller = threading.Thread(target=cancelled.set)
        canceller.start()
        with pytest.raises(Problem) as raised:
            Reader(host).wait_for_card(600, cancelled)
        canceller.join()
    assert raised.value.code == "idcard.absent"


def test_a_fault_ends_the_waiting(start_emulator: Start) -> None:
    emulator = start_emulator("--pty", "--behave", "suspect")
    with open_reader(emulator.port) as host, pytest.raises(Problem) as raised:
        Reader(host).wait_for_card(30)
    assert raised.value.code == "idcard.suspect"


# --- the cards that come along ----------------------------------------------------------------------------------------


def test_the_invented_people_cover_what_is_asked_for() -> None:
    everybody = people().values()
    text = json.dumps(list(everybody), ensure_ascii=False)
    assert len(everybody) >= 8
    assert all(word in text for word in ("𠮷", "䶮", "㛃", "宁波市海曙区鼓楼街道孝闻社区", "余姚市凤山街道", "宁海县"))
    assert {person["document_type"] for person in everybody} == {
        Document.RESIDENT.value,
        Document.HMT_PERMIT.value,
        Document.FOREIGN_2017.value,
        Document.FOREIGN_2023.value,
    }
    # Order codes of citizens' numbers: these are set aside for centenarians, so nobody of that age bears them.
    numbers = [person["number"] for person in everybody if len(person["number"]) == 18]
    assert all(number[14:17] in ("998", "999") for number in numbers)
