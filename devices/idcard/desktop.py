"""A desktop card reader: the module behind whatever line leads to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from devices.idcard import IdentityDocument
from devices.idcard.photo import Photos
from devices.idcard.samv import Line, Module


class DesktopReader:
    """A reader on a line, which is opened at the first call and again after it was lost."""

    def __init__(self, open_line: Callable[[], Line], photo_library: str) -> None:
        self._photos = Photos(photo_library)
        self._module = Module(open_line)

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
