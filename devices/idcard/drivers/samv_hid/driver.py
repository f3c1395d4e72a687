"""Desktop identity-card readers that speak in HID reports (2B8B:2721)."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

from devices.idcard import IdentityDocument
from devices.idcard.photo import Photos
from devices.idcard.samv import Module
from devices.transports.hid import HidReports

VENDOR, PRODUCT = 0x2B8B, 0x2721
_READ = 0x30  # the commands that read the card
_PAUSE = 0.1  # seconds that these readers want before a card's answer is fetched


class PacedReports(HidReports):
    """Reports with the pause that these readers want."""

    def write(self, data: bytes) -> None:
        super().write(data)
        if data[7:8] == bytes([_READ]):
            threading.Event().wait(_PAUSE)


class HidReader:
    """A reader on the bus. It is opened at the first call and again after it was unplugged."""

    def __init__(self, photo_library: str = "") -> None:
        self._photos = Photos(photo_library)
        self._module = Module(lambda: PacedReports(VENDOR, PRODUCT))

    def read(self) -> IdentityDocument:
        """Find, select and read the card."""
        return self._module.read(date.today())  # noqa: DTZ011 — the counter's own day is meant

    def present(self) -> bool:
        """Whether an unread card lies there."""
        return self._module.find()

    def status(self) -> dict[str, Any]:
        """The module's number; raises what is wrong with the reader."""
        self._module.check()
        return {"sam_number": self._module.sam_number()}

    def photo(self, raw: str) -> str:
        """The picture of a photo block."""
        return self._photos.decode(raw)


OPEN = HidReader
