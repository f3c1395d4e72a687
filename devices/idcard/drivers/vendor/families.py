"""Makers' libraries that hand over the card's own blocks, each as its interface says: names, success, ports."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from contract.problem import Problem, Retry
from devices.idcard import IdentityDocument
from devices.idcard.samv import problem_of
from devices.idcard.text import decode

_OK = 0x90
_ROOM = 2048  # bytes for each answer: some builds write more than they say


@dataclass(frozen=True)
class Family:
    """One interface that several makers' libraries share.

    ``found`` and ``ok`` are what finding a card and everything else return on success; ``absent`` is "no card".
    """

    prefix: str
    found: int
    ok: int
    absent: frozenset[int]


FAMILIES: Mapping[str, Family] = {
    "sdt": Family("SDT_", found=0x9F, ok=0x90, absent=frozenset({0x80})),
    "syn": Family("Syn_", found=0, ok=0, absent=frozenset({-5, 0x80})),
}


def loaded(path: str) -> Any:
    """The library, in this process: what it prints, hangs or crashes stays in the driver's own.

    Raises:
        Problem: idcard.library.
    """
    if not path:
        raise Problem("idcard.library", Retry.AFTER_FIX, library="—")
    load: Callable[[str], Any] = getattr(ctypes, "WinDLL", ctypes.CDLL) if sys.platform == "win32" else ctypes.CDLL
    try:
        return load(path)
    except OSError:
        raise Problem("idcard.library", Retry.AFTER_FIX, library=path) from None


class Library:
    """A loaded library. Every call that it does not know or that fails becomes a Problem.

    Args:
        path: Of the library; on Windows its functions are stdcall.
        library: The same, loaded.
        family: Key of FAMILIES.
        port: 1 to 16 are serial, from 1001 USB.
    """

    def __init__(self, path: str, library: Any, family: str, port: int) -> None:
        """Open the port.

        Raises:
            Problem: idcard.library, idcard.no_answer.
        """
        self._family = FAMILIES[family]
        self._port = port
        self._path, self._library = path, library
        if self._call("OpenPort") != self._family.ok:
            raise Problem("idcard.no_answer", Retry.AFTER_FIX)

    def close(self) -> None:
        """Close the port."""
        self._call("ClosePort")

    def find(self) -> bool:
        """Whether an unread card lies there."""
        status = self._call("StartFindIDCard", _buffer(), 0)
        return status in (self._family.found, self._family.ok) and status not in self._family.absent

    def document(self, today: date) -> IdentityDocument:
        """Read the card: its blocks by our own tables, so that rare characters survive.

        Raises:
            Problem: as samv.problem_of; idcard.library.
        """
        if not self.find():
            raise Problem("idcard.absent", Retry.AGAIN)
        status = self.select()
        if status != _OK:
            raise problem_of(status)
        status, text, photo = self.read()
        if status != _OK:
            raise problem_of(status)
        return replace(decode(text, photo, today=today), sam_number=self.sam_number())

    def select(self) -> int:
        """Select the card; 0x90 on success, else the module's status."""
        return self._plain(self._call("SelectIDCard", _buffer(), 0))

    def read(self) -> tuple[int, bytes, bytes]:
        """Status (0x90 on success), the text block and the photo block."""
        text, photo = _buffer(), _buffer()
        text_size, photo_size = ctypes.c_uint(_ROOM), ctypes.c_uint(_ROOM)
        status = self._call("ReadBaseMsg", text, ctypes.byref(text_size), photo, ctypes.byref(photo_size), 0)
        sizes = text_size.value, photo_size.value
        if max(sizes) > _ROOM:
            raise Problem("idcard.garbled", Retry.AGAIN, what="sizes")
        return self._plain(status), text.raw[: sizes[0]], photo.raw[: sizes[1]]

    def sam_number(self) -> str:
        """The module's number as text; empty where the library does not tell it."""
        said = _buffer()
        with suppress(Problem):  # not every library has it
            if self._call("GetSAMIDToStr", said, 0) == self._family.ok:
                return str(said.value.decode("ascii", "replace"))
        return ""

    def _plain(self, status: int) -> int:
        return _OK if status == self._family.ok else status & 0xFF

    def _call(self, name: str, *arguments: Any) -> int:
        try:
            function = self._library[self._family.prefix + name]
        except AttributeError:
            raise Problem("idcard.library", Retry.AFTER_FIX, library=self._path) from None
        function.restype = ctypes.c_int
        return int(function(ctypes.c_int(self._port), *arguments))


def _buffer() -> Any:
    return ctypes.create_string_buffer(_ROOM)
