"""A pen digitiser that plays hidapi's device: no HID device can be made in a test without a kernel module."""

from __future__ import annotations

from collections import deque

# USB HID 1.11: a pen of 100 by 40 millimetres, 10,000 by 4,000 units, 2,048 steps of pressure, reports numbered 7
DESCRIPTOR = bytes.fromhex(
    "05 0d 09 02 a1 01 85 07 09 20 a1 00"
    "09 42 09 44 09 32 15 00 25 01 75 01 95 03 81 02 95 05 81 03"
    "05 01 09 30 16 00 00 26 10 27 36 00 00 46 e8 03 65 11 55 0e 75 10 95 01 81 02"
    "09 31 26 a0 0f 46 90 01 81 02"
    "05 0d 09 30 15 00 26 ff 07 45 00 65 00 55 00 81 02"
    "c0 c0"
)
# the same without pressure, number and size; a mouse before it
PLAIN = bytes.fromhex(
    "05 01 09 02 a1 01 09 01 a1 00 05 09 19 01 29 03 15 00 25 01 95 03 75 01 81 02 95 01 75 05 81 03"
    "05 01 09 30 09 31 15 81 25 7f 75 08 95 02 81 06 c0 c0"
)
TABLET = bytes.fromhex(
    "05 0d 09 02 a1 01 09 20 a1 00 09 42 15 00 25 01 75 01 95 01 81 02 95 07 81 03"
    "05 01 09 30 09 31 15 00 26 ff 03 75 10 95 02 81 02 c0 c0"
)


def report(x: int, y: int, pressure: int, *, down: bool = True, number: int = 7) -> bytes:
    """What the first pen sends."""
    return bytes([number, 1 if down else 4]) + b"".join(n.to_bytes(2, "little") for n in (x, y, pressure))


class Device:
    """What hidapi would give."""

    def __init__(self, reports: list[bytes], descriptor: bytes = DESCRIPTOR) -> None:
        self.descriptor = descriptor
        self.waiting: deque[bytes] = deque()
        self.then = deque(reports)  # that come once what lay there was thrown away
        self.gone = self.closed = False

    def open(self, vendor: int, product: int) -> Device:
        if self.gone:
            raise OSError("no such device")
        self.closed = False
        return self

    def get_report_descriptor(self, size: int) -> list[int]:
        return list(self.descriptor[:size])

    def read(self, size: int, milliseconds: int) -> list[int]:
        if self.gone:
            raise OSError("gone")
        if self.waiting:
            return list(self.waiting.popleft()[:size])
        if milliseconds > 1 and self.then:
            return list(self.then.popleft()[:size])
        return []

    def close(self) -> None:
        self.closed = True
