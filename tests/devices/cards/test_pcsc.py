"""The real card service (pcscd) with a virtual reader (vpcd), and our cards in it over its TCP protocol.

One file, because there is one service to a machine: it is started here and stopped again.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contract.problem import Problem
from devices.cards import CardKind, Reader
from devices.catalogue import open_host
from devices.host import Host
from tests.conftest import find_program

DRIVER = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
SOCKET = Path("/run/pcscd/pcscd.comm")
PID_FILE = Path("/run/pcscd/pcscd.pid")
PATIENCE = 60.0
ATTEMPTS = 3

pytestmark = pytest.mark.needs("pcscd", "file:/usr/lib/pcsc/drivers/serial/libifdvpcd.so")


class CardService:
    """pcscd with one virtual reader, in the foreground, without any service manager."""

    def __init__(self, folder: Path) -> None:
        self.port = 0
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; where its reader finds no place to listen, again with another one."""
        SOCKET.parent.mkdir(exist_ok=True)
        program = find_program("pcscd")
        assert program is not None
        for _ in range(ATTEMPTS):
            self._write_settings()
            self._process = subprocess.Popen(
                [program, "--foreground", "--config", str(self._folder)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            if came_about(lambda: SOCKET.exists() and listens(self.port)):
                return
            self.stop(signal.SIGKILL)
        pytest.fail("the card service does not start")

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE)
            self._process = None
        # A killed one leaves both; the next would take a number that another process has by now for itself running.
        for left in (SOCKET, PID_FILE):
            left.unlink(missing_ok=True)

    def _write_settings(self) -> None:
        self.port = two_free_ports()
        (self._folder / "vpcd").write_text(
            f'FRIENDLYNAME "Tongban test"\nDEVICENAME /dev/null:{self.port:#06x}\n'
            f"LIBPATH {DRIVER}\nCHANNELID {self.port:#06x}\n"
        )


def two_free_ports() -> int:
    """The first of two ports, because vpcd opens a second reader on the one after it.

    They lie below those that the system gives to outgoing connections: other tests run beside this one, and what is
    free now would be taken a moment later.
    """
    while True:
        first = random.randrange(20_000, 30_000)
        with contextlib.suppress(OSError), socket.socket() as one, socket.socket() as next_one:
            one.bind(("127.0.0.1", first))
            next_one.bind(("127.0.0.1", first + 1))
            return first


def listens(port: int) -> bool:
    """Whether somebody listens there; looked up and not tried, because trying would insert a card."""
    wanted = f":{port:04X} "
    return any(wanted in line and " 0A " in line for line in Path("/proc/net/tcp").read_text().splitlines())


def came_about(done: Callable[[], bool]) -> bool:
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if done():
            return True
        pause.wait(0.01)
    return False


@pytest.fixture
def service(tmp_path: Path) -> Iterator[CardService]:
    if SOCKET.exists() and listening(SOCKET):
        pytest.fail("a card service runs on this machine already; stop it for the tests")
    service = CardService(tmp_path)
    try:
        service.start()
        yield service
    finally:
        service.stop()


def listening(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


@contextmanager
def inserted(service: CardService, card: str, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A card in the reader, in a process of its own; leaving takes it out."""
    process = subprocess.Popen(
        [sys.executable, "-m", "devices.cards.emulator", "--vpcd", f"127.0.0.1:{service.port}", "--card", card, *more]
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def reader(options: dict[str, str] | None = None) -> Iterator[tuple[Host, Reader]]:
    with open_host("cards/pcsc", {"reader": "Tongban test", **(options or {})}, patience=PATIENCE) as host:
        yield host, Reader(host)


class Events:
    """What the driver tells of its readers, heard in a thread so that a test can lose patience."""

    def __init__(self, host: Host) -> None:
        self._stream = host.stream("watch")
        self._heard: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._host = host
        self._thread = threading.Thread(target=self._hear)
        self._thread.start()

    def wait_for(self, what: str) -> None:
        heard: list[str] = []
        while what not in heard:
            try:
                heard.append(self._heard.get(timeout=PATIENCE))
            except queue.Empty:
                pytest.fail(f"no {what}, only {heard}")

    def _hear(self) -> None:
        with contextlib.suppress(Problem):
            for item, _ in self._stream:
                self._heard.put(item["what"])

    def close(self) -> None:
        self._host.close()
        self._thread.join(PATIENCE)


@contextmanager
def watched() -> Iterator[Events]:
    with reader() as (host, _):
        events = Events(host)
        try:
            yield events
        finally:
            events.close()


def test_cards_are_told_read_and_told_gone(service: CardService, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with watched() as events, reader() as (_, cards):
        assert cards.status()["reachable"] and not cards.status()["card"]
        with pytest.raises(Problem, match="cards.absent"):
            cards.read()
        events.wait_for("reader")
        for card, key, number in [
            ("social_security", "", "11010519491231002X"),
            ("passport", "E12345678,491231,341231", "E12345678"),
        ]:
            with inserted(service, card):
                events.wait_for("card")
                reading = cards.read(key)
                assert (reading.number, reading.name) == (number, "欧阳䶮")
                assert number not in repr(reading) + caplog.text and "欧阳" not in repr(reading) + caplog.text
                assert cards.status()["card"]
                # Read again: the card was reset, nothing of the first reading is left in it.
                assert cards.read(key) == reading
            events.wait_for("no_card")


def test_the_third_generation_and_a_bank_card_through_the_service(service: CardService) -> None:
    with watched() as events, reader() as (_, cards):
        events.wait_for("reader")
        with inserted(service, "social_security_3"):
            events.wait_for("card")
            reading = cards.read()
            assert reading.restricted and reading.card_number == "A00000001"
            assert cards.read(bank=True).kind is CardKind.BANK


@pytest.mark.parametrize("commands", [1, 5, 9])
def test_a_card_drawn_in_the_middle(service: CardService, commands: int) -> None:
    with watched() as events, reader() as (_, cards):
        events.wait_for("reader")
        with inserted(service, "passport", "--drawn-after", str(commands)):
            events.wait_for("card")
            with pytest.raises(Problem) as raised:
                cards.read("E12345678,491231,341231")
        assert raised.value.code in ("cards.pulled", "cards.absent", "cards.mute")
        events.wait_for("no_card")
    # The virtual reader does not always take another card after one that went in the middle of a command.
    service.stop()
    service.start()
    with watched() as events, reader() as (_, cards):
        events.wait_for("reader")
        with inserted(service, "passport"):
            events.wait_for("card")
            assert cards.read("E12345678,491231,341231").number == "E12345678"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_service_ends_and_comes_back(service: CardService, how: int) -> None:
    with watched() as events, reader() as (host, cards):
        events.wait_for("reader")
        with inserted(service, "social_security"):
            events.wait_for("card")
            assert cards.read().number
        pid = host.pid
        service.stop(how)
        events.wait_for("service_gone")
        with pytest.raises(Problem, match="cards.service_gone"):
            cards.read()
        service.start()
        events.wait_for("service")
        with inserted(service, "social_security"):
            events.wait_for("card")
            assert cards.read().number == "11010519491231002X"
        assert host.pid == pid, "the driver itself lived through it"


def test_without_the_service_it_says_so_and_waits_for_it(tmp_path: Path) -> None:
    service = CardService(tmp_path)
    with watched() as events, reader() as (_, cards):
        assert cards.status()["problem"] == "cards.service_gone"
        events.wait_for("service_gone")
        service.start()
        try:
            events.wait_for("service")
            events.wait_for("reader")
        finally:
            service.stop()


def test_another_program_that_holds_the_card(service: CardService) -> None:
    from devices.transports.pcsc import Service, scard

    with watched() as events, reader() as (_, cards):
        events.wait_for("reader")
        with inserted(service, "social_security"):
            events.wait_for("card")
            api, other = scard(), Service()
            name = other.cards()[0]
            code, handle, _ = api.SCardConnect(
                other._open(), name, api.SCARD_SHARE_EXCLUSIVE, api.SCARD_PROTOCOL_T0 | api.SCARD_PROTOCOL_T1
            )
            assert code == api.SCARD_S_SUCCESS
            with pytest.raises(Problem, match="cards.in_use"):
                cards.read()
            api.SCardDisconnect(handle, api.SCARD_RESET_CARD)
            other.close()
            assert cards.read().number
