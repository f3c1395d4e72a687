"""Signature pads (签名板): where the pen is, point by point.

A driver hands over what the pen does and nothing more. What is signed, and that the signature is bound to it, is the
application's (`app.flow.signing`). Pen tablets, touch screens and mice that the system itself knows need no driver:
the window on the second screen hears them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Protocol

from devices.host import Host

FULL = 1024  # the greatest pressure


@dataclass(frozen=True)
class Area:
    """What can be written on, in the pad's own units, which are square."""

    width: int
    height: int
    has_pressure: bool


@dataclass(frozen=True, repr=False)
class PenPoint:
    """Where the pen is. `t` is in milliseconds since the pad was asked; `pressure` is 0 where the pen is lifted."""

    t: int
    x: int
    y: int
    pressure: int

    def __repr__(self) -> str:
        return "PenPoint()"

    __str__ = __repr__


class SignaturePad(Protocol):
    """What a driver of this kind can do. It runs in a worker process."""

    def watch(self, cancelled: Callable[[], bool], alive: Callable[[], None]) -> Iterator[PenPoint]:
        """The pen's points as they come, a lifted one at the end of each stroke, until cancelled.

        Raises:
            Problem: device.unplugged and the transport's.
        """
        ...

    def status(self) -> Area:
        """What can be written on; raises where the pad is not there."""
        ...


class Pad:
    """The signature pad of this station, as the application uses it."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def watch(self, stop: threading.Event | None = None) -> Generator[PenPoint, None, None]:
        """Points as they come; closing the generator ends it, and so does `stop`, set by another thread.

        Raises:
            Problem: as SignaturePad.watch, and the Host's.
        """
        for item, _ in self._host.stream("watch", stop=stop):
            yield PenPoint(int(item["t"]), int(item["x"]), int(item["y"]), int(item["pressure"]))

    def area(self) -> Area:
        """What can be written on. Raises what is wrong with the pad, if anything is."""
        said = self._host.ask("status")
        return Area(int(said["width"]), int(said["height"]), bool(said["has_pressure"]))
