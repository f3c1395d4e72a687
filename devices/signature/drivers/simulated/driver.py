"""A signature pad on which somebody signs as its option says: for training and tests."""

from __future__ import annotations

import math
import os
import signal
import threading
from collections.abc import Callable, Iterator

from contract.problem import Problem, Retry
from devices.signature import FULL, Area, PenPoint

WIDTH, HEIGHT = 12000, 5000  # hundredths of a millimetre
_STEP = 5  # milliseconds between two points


class SimulatedPad:
    """Signs once to each watch. `behave`: ok · blank (nobody signs) · slow · absent · unplugged · hang · crash."""

    def __init__(self, behave: str = "ok") -> None:
        self._behave = behave

    def watch(self, cancelled: Callable[[], bool], alive: Callable[[], None]) -> Iterator[PenPoint]:
        """The points of a signature, then nothing until cancelled."""
        self.status()
        pause = threading.Event()
        for n, point in enumerate(_signature() if self._behave != "blank" else ()):
            if cancelled():
                return
            if n == 10 and self._behave != "ok":
                self._misbehave()
            if self._behave == "slow":
                alive()
                pause.wait(0.02)
            yield point
        while not cancelled():
            alive()
            pause.wait(0.05)

    def status(self) -> Area:
        """A pad of 12 by 5 centimetres."""
        if self._behave == "absent":
            raise Problem("device.usb_absent", Retry.AFTER_FIX, device="simulated")
        return Area(WIDTH, HEIGHT, has_pressure=True)

    def _misbehave(self) -> None:
        match self._behave:
            case "unplugged":
                raise Problem("device.unplugged", Retry.AFTER_FIX, port="simulated")
            case "hang":
                threading.Event().wait()
            case "crash":
                os.kill(os.getpid(), signal.SIGABRT)


def _signature() -> Iterator[PenPoint]:
    """Three strokes that nobody would take for anybody's name."""
    t = 0
    for stroke in range(3):
        for step in range(60):
            along = step / 59
            x = 1500 + stroke * 3000 + along * 2600
            y = HEIGHT / 2 + math.sin(along * 9 + stroke) * 1300 * (1 - along / 3)
            yield PenPoint(t, round(x), round(y), round(FULL * (0.35 + 0.5 * math.sin(along * math.pi))))
            t += _STEP
        yield PenPoint(t, round(x), round(y), 0)
        t += 120


OPEN = SimulatedPad
