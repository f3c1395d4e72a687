"""Rating pads (评价器): which of five keys somebody pressed.

A driver is asked while a visit may be rated, hands over one key and knows neither the case nor the person. What comes
of it is nobody's at the window (`app.flow.rating`). A window on a second screen does the same without a driver.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from devices.host import Host

KEYS = 5  # 5 very satisfied … 1 very dissatisfied


@dataclass(frozen=True)
class Pressed:
    """A key: 5 非常满意, 4 满意, 3 基本满意, 2 不满意, 1 非常不满意."""

    key: int


class RatingPad(Protocol):
    """What a driver of this kind can do. It runs in a worker process."""

    def watch(self, cancelled: Callable[[], bool], alive: Callable[[], None]) -> Iterator[Pressed]:
        """Keys as they are pressed, until cancelled; what was pressed before is forgotten.

        Raises:
            Problem: device.unplugged and the transport's.
        """
        ...

    def status(self) -> dict[str, Any]:
        """``{}`` of a pad that is there; raises where it is not."""
        ...


class Pad:
    """The rating pad of this station, as the application uses it."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def watch(self, stop: threading.Event | None = None) -> Generator[Pressed, None, None]:
        """Keys as they come; closing the generator ends it, and so does `stop`, set by another thread.

        Raises:
            Problem: as RatingPad.watch, and the Host's.
        """
        for item, _ in self._host.stream("watch", stop=stop):
            key = int(item["key"])
            if 1 <= key <= KEYS:
                yield Pressed(key)

    def status(self) -> None:
        """Raise what is wrong with the pad, if anything is."""
        self._host.ask("status")
