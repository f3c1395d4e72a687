"""Code scanners: every driver of the kind, and the serial one over a real terminal line."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import pty
import signal
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.problem import Problem
from devices.catalogue import Manifest, drivers, missing, open_host
from devices.codes import Code, Scanner, decoded

WORDS = {
    code
    for name in ("codes", "devices")
    for code in json.loads(
        (Path(__file__).resolve().parents[3] / "resources" / "messages" / f"{name}.json").read_text("utf-8")
    )
}
WITHOUT = {"codes/serial": {"port": "/dev/tongban-nowhere"}, "codes/simulated": {"behave": "absent"}}
every_driver = pytest.mark.parametrize("manifest", drivers("codes"), ids=lambda manifest: manifest.driver)


class Gun:
    """The other end of a terminal line."""

    def __init__(self) -> None:
        self.theirs, self.ours = pty.openpty()
        tty.setraw(self.theirs)
        tty.setraw(self.ours)
        self.port = os.ttyname(self.ours)

    def scan(self, raw: bytes) -> None:
        os.write(self.theirs, raw)

    def unplug(self) -> None:
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def gun() -> Iterator[Gun]:
    gun = Gun()
    yield gun
    with contextlib.suppress(OSError):  # the test did
        gun.unplug()


@every_driver
def test_it_refuses_cleanly_when_there_is_nothing(manifest: Manifest) -> None:
    assert missing(manifest) == ()
    with open_host(manifest.id, WITHOUT[manifest.id], patience=20) as host:
        for _ in range(2):
            with pytest.raises(Problem) as raised:
                next(Scanner(host).watch())
            assert raised.value.code == "device.no_such_port"


@every_driver
def test_it_survives_being_killed_and_honours_cancel(manifest: Manifest, gun: Gun) -> None:
    options = {"port": gun.port} if manifest.driver == "serial" else {"text": "330281-00000001-8"}
    with open_host(manifest.id, options, patience=20) as host:
        Scanner(host).status()  # opening a port forgets what came before
        if manifest.driver == "serial":
            gun.scan(b"330281-00000001-8\r")
        for again in range(2):
            codes = Scanner(host).watch()
            if not again or manifest.driver != "serial":
                assert next(codes) == Code("330281-00000001-8")
            codes.close()
        Scanner(host).status()
        assert host.pid is not None
        os.kill(host.pid, signal.SIGKILL)
        with pytest.raises(Problem, match="device.crashed"):
            Scanner(host).status()
        Scanner(host).status()


def test_codes_come_one_by_one_whatever_ends_them(gun: Gun) -> None:
    with open_host("codes/serial", {"port": gun.port}, patience=20) as host:
        Scanner(host).status()
        codes = Scanner(host).watch()
        gun.scan(b"330281-00000001-8\r\n12345678\n" + "余姚市 䶮".encode() + b"\r")
        assert [next(codes).text for _ in range(3)] == ["330281-00000001-8", "12345678", "余姚市 䶮"]
        gun.scan("欧阳".encode("gb18030"))
        gun.scan(b"\r")
        assert next(codes) == Code("欧阳")
        codes.close()


def test_a_line_without_end_is_refused_and_the_next_code_is_heard(gun: Gun) -> None:
    with open_host("codes/serial", {"port": gun.port}, patience=20) as host:
        codes = Scanner(host).watch()
        Scanner(host).status()
        gun.scan(b"x" * 2048)
        gun.scan(b"x" * 2049)
        with pytest.raises(Problem, match="codes.too_long"):
            next(codes)
        codes = Scanner(host).watch()
        gun.scan(b"12345678\r")
        assert next(codes).text == "12345678"
        codes.close()


def test_unplugged_and_plugged_in_again(tmp_path: Path, gun: Gun) -> None:
    port = tmp_path / "gun"  # as udev's links are
    port.symlink_to(gun.port)
    with open_host("codes/serial", {"port": str(port)}, patience=20) as host:
        Scanner(host).status()
        codes = Scanner(host).watch()
        gun.scan(b"1\r")
        assert next(codes).text == "1"
        gun.unplug()
        with pytest.raises(Problem, match="device.unplugged"):
            next(codes)
        port.unlink()
        with pytest.raises(Problem, match="device.no_such_port"):
            next(Scanner(host).watch())
        other = Gun()
        port.symlink_to(other.port)
        Scanner(host).status()
        codes = Scanner(host).watch()
        other.scan(b"2\r")
        assert next(codes).text == "2"
        codes.close()
        other.unplug()


@pytest.mark.parametrize(
    ("behave", "code"), [("unplugged", "device.unplugged"), ("hang", "device.silent"), ("crash", "device.crashed")]
)
def test_trouble_becomes_a_problem(behave: str, code: str) -> None:
    patience = 0.5 if behave == "hang" else 10
    with open_host("codes/simulated", {"text": "1", "behave": behave}, patience) as host:
        with pytest.raises(Problem) as raised:
            list(Scanner(host).watch())
        assert raised.value.code == code
        assert code in WORDS


def test_a_slow_scanner_is_waited_for_while_it_shows_signs_of_life() -> None:
    with open_host("codes/simulated", {"text": "1", "behave": "slow"}, 2.0) as host:
        codes = Scanner(host).watch()
        assert next(codes).text == "1"
        codes.close()


def test_bytes_that_are_no_text_are_marked() -> None:
    assert decoded(b"\xff\x80\xff").lossy


@every_driver
def test_nothing_personal_is_said(
    manifest: Manifest, gun: Gun, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    options = {"port": gun.port} if manifest.driver == "serial" else {"text": "张三的秘密"}
    with open_host(manifest.id, options, patience=20) as host:
        Scanner(host).status()
        codes = Scanner(host).watch()
        if manifest.driver == "serial":
            gun.scan("张三的秘密\r".encode())
        code = next(codes)
        assert code.text == "张三的秘密" and "张三" not in repr(code) + repr(host)
        codes.close()
    assert "张三" not in caplog.text + "".join(capfd.readouterr())
