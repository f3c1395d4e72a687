"""A rating pad on which somebody presses what its option says: for training and tests."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

from contract.problem import Problem, Retry
from devices.rating import Pressed


class SimulatedPad:
    """Presses `key` once to each watch (0: nobody does). `behave`: ok · slow · absent · unplugged · hang · crash."""

    def __init__(self, key: int = 5, behave: str = "ok") -> None:
        self._key, self._behave = key, behave

    def watch(self, cancelled: Callable[[], bool], alive: Callable[[], None]) -> Iterator[Pressed]:
        """The key, then nothing until cancelled."""
        self.status()
        pause = threading.Event()
        if self._behave == "slow":
            alive()
            pause.wait(1.0)
        if self._key:
            yield Pressed(self._key)
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


OPEN = SimulatedPad
