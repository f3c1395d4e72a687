"""A scanner gun that scans what its option says: for training and tests."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

from contract.problem import Problem, Retry
from devices.codes import Code, decoded


class SimulatedScanner:
    """Scans `text` once to each watch. `behave`: ok · absent · unplugged (after the code) · garbage · slow · hang ·
    crash."""

    def __init__(self, text: str = "", behave: str = "ok") -> None:
        self._text, self._behave = text, behave

    def watch(self, cancelled: Callable[[], bool], alive: Callable[[], None]) -> Iterator[Code]:
        """The code, then nothing until cancelled."""
        self.status()
        pause = threading.Event()
        if self._behave == "slow":
            for _ in range(60):  # three seconds, with a sign of life now and then
                alive()
                pause.wait(0.05)
        if self._behave == "garbage":
            yield decoded(b"\xff\x80\xff")
        elif self._text:
            yield Code(self._text)
        if self._behave == "unplugged":
            raise Problem("device.unplugged", Retry.AFTER_FIX, port="simulated")
        while not cancelled():
            alive()
            pause.wait(0.05)

    def status(self) -> dict[str, Any]:
        """Whether it is there."""
        match self._behave:
            case "absent":
                raise Problem("device.no_such_port", Retry.AFTER_FIX, port="simulated")
            case "hang":
                threading.Event().wait()
            case "crash":
                os.kill(os.getpid(), signal.SIGABRT)
        return {}


OPEN = SimulatedScanner
