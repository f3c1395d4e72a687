"""Readers that only their maker's library reaches."""

from __future__ import annotations

from datetime import date
from typing import Any

from devices.idcard import IdentityDocument
from devices.idcard.drivers.vendor.cvr import Cvr
from devices.idcard.drivers.vendor.families import Library, loaded
from devices.idcard.photo import Photos


class VendorReader:
    """The maker's library in this process, opened when it is first asked."""

    def __init__(self, library: str = "", family: str = "sdt", port: int = 1001, photo_library: str = "") -> None:
        self._path, self._family, self._port = library, family, port
        self._open: Library | Cvr | None = None
        self._photos = Photos(photo_library)

    def read(self) -> IdentityDocument:
        """Find, select and read the card."""
        return self._library().document(date.today())  # noqa: DTZ011 — the counter's own day is meant

    def present(self) -> bool:
        """Whether an unread card lies there."""
        return self._library().find()

    def status(self) -> dict[str, Any]:
        """The module's number; raises what is wrong."""
        return {"sam_number": self._library().sam_number()}

    def versions(self) -> dict[str, str]:
        """Which library it is: these tell no version of their own."""
        return {"library": self._path}

    def photo(self, raw: str) -> str:
        """The picture of a photo block, or the picture itself where the library decoded it."""
        return self._photos.decode(raw)

    def _library(self) -> Library | Cvr:
        if self._open is None:
            library = loaded(self._path)
            cvr = self._family == "cvr"
            self._open = (
                Cvr(self._path, library, self._port) if cvr else Library(self._path, library, self._family, self._port)
            )
        return self._open


OPEN = VendorReader
