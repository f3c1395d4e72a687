"""Desktop identity-card readers on USB's bulk transfers (0400:C35A)."""

from __future__ import annotations

from datetime import date
from typing import Any

from devices.idcard import IdentityDocument
from devices.idcard.photo import Photos
from devices.idcard.samv import Module
from devices.transports.usb import UsbBulk, usb_id


class UsbReader:
    """A reader on the bus. It is opened at the first call and again after it was unplugged."""

    def __init__(self, device: str = "0400:c35a", photo_library: str = "") -> None:
        self._photos = Photos(photo_library)
        vendor, product = usb_id(device)
        self._module = Module(lambda: UsbBulk(vendor, product))

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


OPEN = UsbReader
