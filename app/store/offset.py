"""How far the station's clock is from the server's, and whether that may still be believed.

A clock that was set by hand, or that came back wrong from a dead battery, must not date anything by the server's
time: then the offset is unknown until the server is heard again.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import apsw

from app.clock import Clock
from app.store import meta
from app.store.tables import Tables

JUMP = timedelta(seconds=60)
Ticks = Callable[[], tuple[str, float]]
"""Which start of the machine this is, and seconds since then, counted through sleep."""


def ticks_here() -> tuple[str, float]:
    """The machine's own count. The name of the start is empty where the system does not tell one from another."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = ""
    if sys.platform == "linux":
        return boot, time.clock_gettime(time.CLOCK_BOOTTIME)
    return boot, time.monotonic()


@dataclass(frozen=True)
class Measured:
    """What was measured when the server was last asked: milliseconds to add to the station's clock."""

    offset_ms: int
    wall: str  # the station's clock then
    boot: str
    ticks: float

    def spelled(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Measured:
        return cls(**json.loads(text))


class Offset:
    """What the station knows of the server's time."""

    def __init__(self, tables: Tables, clock: Clock, ticks: Ticks) -> None:
        self._tables = tables
        self._clock = clock
        self._ticks = ticks

    def ms(self) -> int | None:
        """Milliseconds from the station's clock to the server's; None where unknown, also after the clock jumped."""
        with self._tables.reading() as db:
            text = meta.find(db, "offset")
        if text is None:
            return None
        measured = Measured.read(text.decode())
        return None if _has_jumped(measured, self._clock(), self._ticks()) else measured.offset_ms

    def measure(self, server_time: datetime, asked_at: datetime, took: timedelta) -> Measured:
        """What an answer says of the server's time; it is taken to have looked at its clock half-way.

        Of the clock by which it was asked: if that was set while the answer was on its way, nobody believes it.
        """
        boot, ticks = self._ticks()
        return Measured(
            offset_ms=round((server_time - (asked_at + took / 2)) / timedelta(milliseconds=1)),
            wall=asked_at.isoformat(),
            boot=boot,
            ticks=ticks - took.total_seconds(),
        )


def keep(db: apsw.Connection, measured: Measured) -> None:
    meta.keep(db, "offset", measured.spelled().encode())


def _has_jumped(measured: Measured, now: datetime, ticks: tuple[str, float]) -> bool:
    """Whether the station's clock was set since the measurement.

    Within one start of the machine the count of seconds tells. Across a restart only a clock that stands before the
    measurement is known to be wrong.
    """
    then = datetime.fromisoformat(measured.wall)
    boot, seconds = ticks
    if boot and boot == measured.boot:
        return abs((now - then) - timedelta(seconds=seconds - measured.ticks)) > JUMP
    return now < then - JUMP
