"""An emulated module in a process of its own, on a pty or on TCP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


class EmulatorProcess:
    """``python -m devices.idcard.emulator``; `port` is what the serial driver is given."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "devices.idcard.emulator", "--control", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
        )
        self.port = self._line()

    def tell(self, command: str) -> None:
        """A command of its ``--control``."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        assert self._line() == "ok"

    def end(self) -> None:
        """Pull the plug."""
        self._process.kill()
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


Start = Callable[..., EmulatorProcess]
LINES = {"pty": ("--pty",), "tcp": ("--listen", "127.0.0.1:0")}


@pytest.fixture(scope="module", params=LINES)
def emulator(request: pytest.FixtureRequest) -> Iterator[EmulatorProcess]:
    """One that runs on through the tests of a file, on a pty and on TCP; each test says how it is to behave."""
    emulator = EmulatorProcess(*LINES[request.param])
    yield emulator
    emulator.end()


@pytest.fixture
def start_emulator() -> Iterator[Start]:
    """Starts emulators, which end with the test."""
    with ExitStack() as stack:

        def start(*arguments: str) -> EmulatorProcess:
            emulator = EmulatorProcess(*arguments)
            stack.callback(emulator.end)
            return emulator

        yield start
