"""Pen digitisers on USB: any pad that describes itself as a pen by HID's own digitizer page.

Pads that speak only their maker's protocol (most with a screen of their own do) are not among them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from contract.problem import Problem, Retry
from devices.signature import Area, PenPoint
from devices.signature.pen_report import LARGEST, Layout, read_layout

_LONGEST = 256  # bytes of a report
_SLICE = 100  # milliseconds of one wait: so long a cancellation may take


def _open(vendor: int, product: int) -> Any:
    import hid

    device = hid.device()
    device.open(vendor, product)
    return device


class PenPad:
    """A pad on the bus. It is opened at the first call and again after it was unplugged."""

    def __init__(self, device: str, opened: Callable[[int, int], Any] = _open) -> None:
        self._name, self._opened = device, opened
        self._pad: Any = None
        self._layout: Layout | None = None

    def watch(self, cancelled: Callable[[], bool], alive: Callable[[], None]) -> Iterator[PenPoint]:
        """Points until cancelled. What came before is forgotten; of a pen that hovers only the lifting is told."""
        layout = self._ready()
        began, down = time.monotonic(), False
        while self._read(1):
            pass
        while not cancelled():
            alive()
            said = layout.read(self._read(_SLICE))
            if said is None or not (said[2] or down):
                continue
            down = bool(said[2])
            yield PenPoint(round((time.monotonic() - began) * 1000), *said)

    def status(self) -> Area:
        """How large it is."""
        return self._ready().area

    def _ready(self) -> Layout:
        if self._layout is not None:
            return self._layout
        vendor, _, product = self._name.partition(":")
        try:
            numbers = int(vendor, 16), int(product, 16)
        except ValueError:
            raise Problem("device.no_port_chosen", Retry.AFTER_FIX) from None
        try:
            self._pad = self._opened(*numbers)
        except OSError:
            raise Problem("device.usb_absent", Retry.AFTER_FIX, device=self._name) from None
        with self._unplugged():
            descriptor = bytes(self._pad.get_report_descriptor(LARGEST))
        self._layout = read_layout(descriptor)
        return self._layout

    def _read(self, milliseconds: int) -> bytes:
        with self._unplugged():
            return bytes(self._pad.read(_LONGEST, milliseconds))

    @contextmanager
    def _unplugged(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError):  # ValueError: hidapi, on a closed device
            self._pad.close()
            self._pad = self._layout = None
            raise Problem("device.unplugged", Retry.AFTER_FIX, port=self._name) from None


OPEN = PenPad
