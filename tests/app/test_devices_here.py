"""The devices of a desk: each in its own process, asked in words, changed while the desk is open."""

from __future__ import annotations

import logging
import os
import pty
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.config import DeviceChoice
from app.demo import simulated_devices
from app.devices_here import ROLES, DevicesHere
from app.version import VERSION
from contract.problem import Problem
from contract.report import StationReport
from devices import catalogue
from devices.cards import CardKind
from devices.scanner import ScanProfile
from devices.transports.plugged import Thing


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[DevicesHere]:
    opened = DevicesHere(simulated_devices(tmp_path / "out", "yuyao"))
    yield opened
    opened.close()


def test_every_role_is_of_a_kind_that_there_is_and_every_kind_has_one() -> None:
    assert {role.kind for role in ROLES.values()} == set(catalogue.KINDS)
    assert list(ROLES) == [role.key for role in ROLES.values()]


def simulated(kind: str, **options: object) -> DeviceChoice:
    return DeviceChoice(driver=f"{kind}/simulated", options=dict(options))


def test_a_desk_in_order(devices: DevicesHere) -> None:
    said = devices.states()
    always = [role for role in ROLES.values() if role.always]
    shipped = [role for role in ROLES.values() if not role.always and catalogue.drivers(role.kind)]
    assert [(line.role, line.word) for line in said] == [
        *((role.key, "ok") for role in always),
        *((role.key, "ok" if devices.has(role.key) else "absent") for role in shipped),
    ]
    assert all(line.name and line.name_en and line.grade and line.problem is None for line in said[:4])
    others = [line for line in said if not devices.has(line.role)]
    assert not any(line.driver or line.problem for line in others)  # not chosen: no light, no trouble
    assert said[0].facts["sam_number"] and "adf" in said[1].facts["sources"]
    assert devices.idcard() is devices.idcard()  # it remembers which card it has read
    assert devices.idcard().read().name == "陈䶮"


def test_what_is_wrong_is_said_in_a_word_and_a_problem(devices: DevicesHere) -> None:
    devices.choose("idcard", simulated("idcard", behave="no_sam"))
    devices.choose("scanner", simulated("scanner", behave="absent"))
    devices.choose("receipt", simulated("printer", behave="near_end"))
    devices.choose("a4", simulated("printer", behave="out_of_paper"))
    said = {line.role: line for line in devices.states()[:4]}
    assert {role: line.word for role, line in said.items()} == {
        "idcard": "fault",
        "scanner": "absent",
        "receipt": "paper_low",
        "a4": "fault",
    }
    assert said["idcard"].problem is not None and said["scanner"].problem is not None
    assert said["scanner"].problem.code == "scanner.absent" and said["a4"].facts["reasons"]
    assert said["a4"].problem is not None and said["a4"].problem.code == "printer.out_of_paper"
    devices.choose("idcard", simulated("idcard", behave="crash"))
    with pytest.raises(Problem, match="device.crashed"):
        devices.idcard().read()
    assert devices.state("idcard").word == "ok"  # a fresh process


@pytest.mark.parametrize("role", ROLES)
def test_a_device_that_is_not_connected_is_called_so(devices: DevicesHere, role: str) -> None:
    devices.choose(role, simulated(ROLES[role].kind, behave="absent"))
    line = devices.state(role)
    assert line.word == "absent" and line.problem is not None and line.seen is None


@pytest.mark.parametrize("driver", ["mjpeg", pytest.param("qt", marks=pytest.mark.needs("lib:libpulse.so.0"))])
def test_a_camera_that_is_not_there_is_called_so(devices: DevicesHere, driver: str, free_port: int) -> None:
    nowhere = {"mjpeg": {"url": f"http://127.0.0.1:{free_port}/"}, "qt": {"camera": "a camera that nobody has"}}
    devices.choose("camera", DeviceChoice(driver=f"camera/{driver}", options=nowhere[driver]))
    assert devices.state("camera").word == "absent"


def test_devices_that_are_not_chosen_or_not_there_stop_nothing(tmp_path: Path) -> None:
    devices = DevicesHere(
        {
            "idcard": DeviceChoice(driver="idcard/gone_with_an_update"),
            "scanner": simulated("scanner", no_such_option="1"),
        }
    )
    try:
        words = [(line.role, line.word) for line in devices.states()[:4]]
        assert words == [("idcard", "fault"), ("scanner", "fault"), ("receipt", "absent"), ("a4", "absent")]
        assert not devices.has("a4") and devices.has("idcard")
        with pytest.raises(Problem, match="device.not_chosen"):
            devices.printer("a4")
        with pytest.raises(Problem, match="device.no_such_driver"):
            devices.choose("a4", DeviceChoice(driver="printer/no_such"))
        with pytest.raises(Problem, match="device.bad_option"):
            devices.choose("scanner", simulated("scanner", behave="dance"))
        typed = devices.manual({"document_type": "typed", "name": "陈样例", "number": "1"}, "身份证遗失")
        assert typed.source == "manual" and typed.reason == "身份证遗失"
    finally:
        devices.close()


def test_another_scanner_in_the_middle_of_a_batch_ends_it_and_works(devices: DevicesHere) -> None:
    batch = devices.scanner().scan(ScanProfile(dpi=75))
    next(batch)
    devices.choose("scanner", simulated("scanner", pages=1))
    with pytest.raises(Problem) as raised:
        list(batch)
    assert raised.value.facts["pages"] == "1"
    assert len(list(devices.scanner().scan(ScanProfile(dpi=75)))) == 1


def test_a_batch_waits_for_the_end_of_a_look(devices: DevicesHere) -> None:
    """F4 while the scanner's light is being looked at: the pages come, nobody presses twice."""
    with devices._scanning:  # as a look holds it
        pages: list[int] = []
        batch = devices.scanner().scan(ScanProfile(dpi=50))
        scanning = threading.Thread(target=lambda: pages.extend(page.n for page, _ in batch))
        scanning.start()
    scanning.join()
    assert pages == [1, 2, 3, 4]


def test_after_closing_nothing_is_started_any_more(tmp_path: Path) -> None:
    devices = DevicesHere(simulated_devices(tmp_path / "out"))
    assert devices.state("idcard").word == "ok"
    devices.close()
    with pytest.raises(Problem, match="device.closed"):
        devices.idcard().read()
    assert devices.state("scanner").word == "fault"


def test_other_cards_and_codes_are_there_where_they_were_chosen(devices: DevicesHere) -> None:
    devices.choose("cards", simulated("cards"))
    devices.choose("codes", simulated("codes", text="JX-33-000-1"))
    assert [devices.state(role).word for role in ("cards", "codes")] == ["ok", "ok"]
    assert devices.cards().read().kind is CardKind.SOCIAL_SECURITY
    devices.choose("codes", simulated("codes", behave="absent"))
    assert devices.state("codes").word == "absent"


def test_f30_versions_are_told_as_far_as_they_are_known(devices: DevicesHere) -> None:
    said = devices.versions("idcard")
    assert said is not None and said.program == VERSION and said.told["firmware"]
    assert devices.versions("a4") is not None and devices.versions("codes") is None
    devices.choose("codes", DeviceChoice(driver="codes/serial"))
    serial = devices.versions("codes")
    assert serial is not None and serial.needs["pyserial"] and not serial.told


def test_when_a_device_was_seen_last_is_remembered(tmp_path: Path) -> None:
    now = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
    devices = DevicesHere({"codes": simulated("codes")}, lambda: now)
    try:
        assert devices.state("idcard").seen is None
        assert devices.state("codes").seen == now
        devices.choose("codes", simulated("codes", behave="absent"))
        assert devices.state("codes").seen is None  # another choice was never seen
    finally:
        devices.close()


def test_a_look_that_fell_into_a_batch_is_asked_for_again_at_its_end(
    devices: DevicesHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.devices_here.LOOK", 0.01)
    monkeypatch.setattr("app.devices_here.things", lambda: ())
    stop = threading.Event()
    told = devices.plugged(stop)
    next(told)
    heard = threading.Event()
    waiting = threading.Thread(target=lambda: [heard.set() for _ in told])
    batch = devices.scanner().scan(ScanProfile(dpi=50))
    next(batch)
    waiting.start()
    try:
        assert devices.state("scanner").word == "busy"
        assert len(list(batch)) == 3 and heard.wait(20)
        assert devices.state("scanner").word == "ok"
    finally:
        stop.set()
        waiting.join()


def test_what_is_plugged_in_or_drawn_out_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.devices_here.LOOK", 0.01)
    there: list[Thing] = []
    monkeypatch.setattr("app.devices_here.things", lambda: tuple(there))
    port = tmp_path / "reader"
    devices = DevicesHere({"idcard": DeviceChoice(driver="idcard/samv_serial", options={"port": str(port)})})
    stop = threading.Event()
    try:
        heard = devices.plugged(stop)
        assert next(heard) == ()
        there.append(Thing("1-2", "0400:c35a"))
        assert next(heard) == (Thing("1-2", "0400:c35a"),)
        port.touch()
        assert next(heard)  # the chosen reader's own port came: the same things, to be looked at anew
        there.clear()
        assert next(heard) == ()
        stop.set()
        assert list(heard) == []
    finally:
        devices.close()


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals")
def test_a_reader_that_is_drawn_out_goes_dark_and_lights_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("app.devices_here.LOOK", 0.01)
    caplog.set_level(logging.INFO)
    port, stop = tmp_path / "reader", threading.Event()  # as udev's links are
    devices = DevicesHere({"codes": DeviceChoice(driver="codes/serial", options={"port": str(port)})})
    first, second = pty.openpty(), pty.openpty()
    try:
        looks = devices.plugged(stop)
        next(looks)
        port.symlink_to(os.ttyname(first[1]))
        next(looks)
        assert devices.state("codes").word == "ok"
        port.unlink()
        for end in first:
            os.close(end)
        next(looks)
        assert [devices.state("codes").word for _ in range(3)] == ["absent"] * 3
        port.symlink_to(os.ttyname(second[1]))
        next(looks)
        assert devices.state("codes").word == "ok"
        told = [record.getMessage() for record in caplog.records if record.name == "devices.host"]
        assert told == ["codes/serial was lost: device.unplugged", "codes/serial is back"]
    finally:
        stop.set()
        devices.close()
        for end in second:
            os.close(end)


def test_what_is_scanned_is_heard_until_told_to_stop_and_from_another_scanner_too(
    devices: DevicesHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.devices_here.AGAIN", 0.01)
    stop = threading.Event()
    devices.choose("codes", simulated("codes", text="first"))
    heard = devices.listen(stop)
    assert next(heard).text == "first"
    assert devices.state("codes").word == "ok"  # asked while somebody listens: answered at once
    devices.choose("codes", simulated("codes", text="second", behave="unplugged"))
    assert [next(heard).text for _ in range(2)] == ["second", "second"]  # lost after each code, and found again
    stop.set()
    assert list(heard) == []


def test_f30_what_the_server_is_to_know_is_of_the_last_look_and_about_machines_only(devices: DevicesHere) -> None:
    assert devices.report() is None
    devices.choose("receipt", simulated("printer", behave="near_end"))
    devices.choose("a4", simulated("printer", behave="out_of_paper"))
    devices.states()
    report = devices.report()
    assert report is not None and report.program == VERSION
    told = {device.role: device for device in report.devices}
    assert set(told) == {role for role in ROLES if devices.has(role)}
    conditions = {role: told[role].condition for role in ("idcard", "scanner", "receipt", "a4")}
    assert conditions == {"idcard": "ok", "scanner": "ok", "receipt": "paper_low", "a4": "fault"}
    assert told["idcard"].versions == {"model": "SAM_V", "firmware": "emulator"} and told["idcard"].seen
    said = report.model_dump_json()
    sam = devices.state("idcard").facts["sam_number"]
    assert sam and sam not in said and "陈" not in said
    assert StationReport.model_validate_json(said) == report


def test_f30_a_driver_that_went_with_an_update_is_reported_whatever_it_is_called() -> None:
    devices = DevicesHere({"idcard": DeviceChoice(driver="idcard/gone\n" + "x" * 200)})
    try:
        devices.states()
        report = devices.report()
        assert report is not None
        (gone,) = report.devices
        assert (gone.condition, gone.problem, gone.grade) == ("fault", "device.no_such_driver", "")
        assert gone.driver.startswith("idcard/gonex") and len(gone.driver) == 80
    finally:
        devices.close()


def test_f30_what_a_device_told_of_itself_is_forgotten_while_it_is_out_of_order(devices: DevicesHere) -> None:
    def versions() -> dict[str, str]:
        devices.states()
        report = devices.report()
        assert report is not None
        return next(device.versions for device in report.devices if device.role == "idcard")

    first = versions()
    assert first and versions() == first
    devices.choose("idcard", simulated("idcard", behave="no_sam"))
    assert versions() == {}
    devices.choose("idcard", simulated("idcard"))
    assert versions() == first
