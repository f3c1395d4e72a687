"""HID reports of 64 bytes, by hidapi: readers that need no driver on any system."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from contract.problem import Problem, Retry

REPORT = 64  # bytes
_SLICE = 200  # milliseconds of one wait


def _open(vendor: int, product: int) -> Any:
    import hid

    device = hid.device()
    device.open(vendor, product)
    return device


class HidReports:
    """An open HID device that takes and gives frames cut into reports; the last one is filled up with zeros.

    Every method raises Problem device.unplugged where the device is gone; it must then be opened anew.
    """

    def __init__(self, vendor: int, product: int, opened: Callable[[int, int], Any] = _open) -> None:
        """Open the first device of this vendor and product.

        Raises:
            Problem: device.usb_absent; the system does not tell a missing device from a forbidden one.
        """
        self._name = f"{vendor:04x}:{product:04x}"
        self._held = bytearray()
        try:
            self._device: Any = opened(vendor, product)
        except OSError:
            raise Problem("device.usb_absent", Retry.AFTER_FIX, device=self._name) from None

    def write(self, data: bytes) -> None:
        """Send bytes, report by report."""
        with self._unplugged():
            for at in range(0, len(data), REPORT):
                piece = data[at : at + REPORT]
                # hidapi wants the report's number first; zero where the device has only one.
                if self._device.write(b"\0" + piece.ljust(REPORT, b"\0")) < 0:
                    raise OSError("the report was not taken")

    def read(self, size: int, deadline: float) -> bytes:
        """Up to `size` bytes, as soon as some are there; nothing if none came before `deadline` (time.monotonic)."""
        while not self._held:
            with self._unplugged():
                self._held += bytes(self._device.read(REPORT, _SLICE))
            if not self._held and time.monotonic() >= deadline:
                return b""
        data = bytes(self._held[:size])
        del self._held[:size]
        return data

    def drop_input(self) -> None:
        """Forget what has come and was not read."""
        self._held.clear()
        with self._unplugged():
            while self._device.read(REPORT, 1):
                pass

    def close(self) -> None:
        """Let go of the device. Safe to call twice."""
        self._device.close()

    @contextmanager
    def _unplugged(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError):  # ValueError: hidapi, on a closed device
            self._device.close()
            raise Problem("device.unplugged", Retry.AFTER_FIX, port=self._name) from None
