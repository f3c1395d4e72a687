"""Desktop identity-card readers on a serial port, real or virtual."""

from __future__ import annotations

from datetime import date
from typing import Any

from devices.idcard import IdentityDocument
from devices.idcard.photo import Photos
from devices.idcard.samv import Module
from devices.transports.serial import SerialPort


class SerialReader:
    """A reader on a port. The port is opened at the first call and again after it was unplugged."""

    def __init__(self, port: str, baud: int = 115200, photo_library: str = "") -> None:
        self._photos = Photos(photo_library)
        self._module = Module(lambda: SerialPort(port, baud))

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


OPEN = SerialReader
