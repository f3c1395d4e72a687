"""Readers that only their maker's library reaches."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from contract.problem import Problem, Retry
from devices.idcard import IdentityDocument
from devices.idcard.drivers.vendor.families import Library
from devices.idcard.photo import Photos
from devices.idcard.samv import problem_of
from devices.idcard.text import decode

_OK = 0x90


class VendorReader:
    """The maker's library in this process, opened when it is first asked."""

    def __init__(self, library: str = "", family: str = "sdt", port: int = 1001, photo_library: str = "") -> None:
        self._path, self._family, self._port = library, family, port
        self._open: Library | None = None
        self._photos = Photos(photo_library)

    def read(self) -> IdentityDocument:
        """Find, select and read the card; the blocks are read by our own tables, so rare characters survive."""
        library = self._library()
        if not library.find():
            raise Problem("idcard.absent", Retry.AGAIN)
        status = library.select()
        if status != _OK:
            raise problem_of(status)
        status, text, photo = library.read()
        if status != _OK:
            raise problem_of(status)
        document = decode(text, photo, today=date.today())  # noqa: DTZ011 — the counter's own day is meant
        return replace(document, sam_number=library.sam_number())

    def present(self) -> bool:
        """Whether an unread card lies there."""
        return self._library().find()

    def status(self) -> dict[str, Any]:
        """The module's number; raises what is wrong."""
        return {"sam_number": self._library().sam_number()}

    def photo(self, raw: str) -> str:
        """The picture of a photo block."""
        return self._photos.decode(raw)

    def _library(self) -> Library:
        if self._open is None:
            self._open = Library(self._path, self._family, self._port)
        return self._open


OPEN = VendorReader
