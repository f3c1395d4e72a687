"""Scripted USB and HID with the emulated module at their other end.

No USB device can be made in a test, so these stand where libusb and hidapi would: pyusb is asked through its own
backend interface, hidapi's device is played.
"""

from __future__ import annotations

import errno

import usb.core

from devices.idcard.emulator import Emulator
from tests.fakes.usb_bus import PACKET, ScriptedBus

HEAD = 7


class Bus(ScriptedBus):
    """One reader with two bulk endpoints or four."""

    def __init__(self, emulator: Emulator, *, apart: bool, refuses: int = 0) -> None:
        super().__init__(0x0400, 0xC35A, 0xFF, [0x02, 0x06, 0x81, 0x85] if apart else [0x02, 0x81], refuses)
        self.emulator = emulator
        self.apart = apart
        self._sent: list[tuple[int, bytes]] = []

    def take(self, endpoint: int, data: bytes) -> int:
        for piece in self.emulator.hear(data):
            if self.apart:
                self._sent.append((0x81, piece[:HEAD]))
                piece = piece[HEAD:]
            end = 0x85 if self.apart else 0x81
            self._sent += [(end, piece[at : at + PACKET]) for at in range(0, len(piece), PACKET)]
        return len(data)

    def give(self, endpoint: int) -> bytes:
        for at, (theirs, piece) in enumerate(self._sent):
            if theirs == endpoint:
                del self._sent[at]
                return piece
        return b""

    def alive(self) -> None:
        super().alive()
        if self.emulator.unplugged and not self._sent:
            raise usb.core.USBError("no device", None, errno.ENODEV)


class Reports:
    """What `hid.device()` gives once it is open."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.closed = False
        self._sent: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._alive()
        assert len(data) == 1 + PACKET and data[0] == 0
        for piece in self.emulator.hear(bytes(data[1:]).rstrip(b"\0")):
            self._sent += [piece[at : at + PACKET].ljust(PACKET, b"\0") for at in range(0, len(piece), PACKET)]
        return len(data)

    def read(self, size: int, timeout_ms: int) -> list[int]:
        self._alive()
        return list(self._sent.pop(0)) if self._sent else []

    def close(self) -> None:
        self.closed = True

    def _alive(self) -> None:
        if self.closed:
            raise ValueError("not open")
        if self.emulator.unplugged and not self._sent:
            raise OSError("read error")
