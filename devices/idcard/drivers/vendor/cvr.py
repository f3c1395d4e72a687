"""The CVR interface (华视 termb.dll and its like): texts instead of blocks, 1 for success, files in the working folder.

Its texts are GBK, so that rare characters are lost, or UTF-16 where the library has the functions that end in U.
While it reads it writes the citizen's text and picture into the working folder: that is a private one here, emptied
after each reading, and what a killed process left in it goes at the next start.

Written to the interface's description; no library of this family has been loaded by it yet.
"""

from __future__ import annotations

import base64
import ctypes
import os
import re
import shutil
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from contract.person import Document
from contract.problem import Problem, Retry
from devices.idcard import IdentityDocument
from devices.idcard.samv import Status, problem_of
from devices.idcard.text import LONG_TERM, SEXES, day_of, has_private_use, is_number_valid, number_agrees

_OK = 1
_ROOM = 2048  # bytes for each text: some builds write more than they say
_PICTURE_ROOM = 64 * 1024
_ALL = 4  # Read_Content: text and picture
_KINDS = {"": Document.RESIDENT, "J": Document.HMT_PERMIT}
_FOLDER = "tongban-cvr-"


class Cvr:
    """A loaded library of this family.

    Args:
        path: Of the library; on Windows its functions are stdcall.
        library: The same, loaded.
        port: 1 to 16 are serial, from 1001 USB.
    """

    def __init__(self, path: str, library: Any, port: int) -> None:
        """Open the port, in a working folder of this process's own.

        Raises:
            Problem: idcard.library, idcard.no_answer.
        """
        self._path, self._library = path, library
        self._found = False  # a card was found that has not been read: to find it again would want it lifted
        self._folder = _private_folder()
        os.chdir(self._folder)
        if self._call("CVR_InitComm", port) != _OK:
            raise Problem("idcard.no_answer", Retry.AFTER_FIX)

    def find(self) -> bool:
        """Whether an unread card lies there."""
        self._found = self._found or self._call("CVR_Authenticate") == _OK
        return self._found

    def document(self, today: date) -> IdentityDocument:
        """Read the card.

        Raises:
            Problem: idcard.absent, idcard.replace, idcard.unknown_type, idcard.library.
        """
        if not self.find():
            raise Problem("idcard.absent", Retry.AGAIN)
        self._found = False
        try:
            if self._call("CVR_Read_Content", _ALL) != _OK:
                raise problem_of(Status.SELECT_FAILED)
            return self._read(today)
        finally:
            self._wipe()

    def sam_number(self) -> str:
        """The module's number as text; empty where the library does not tell it."""
        said = ctypes.create_string_buffer(_ROOM)
        try:
            return said.value.decode("ascii", "replace") if self._call("CVR_GetSAMID", said) == _OK else ""
        except Problem:  # not every library has it
            return ""

    def _read(self, today: date) -> IdentityDocument:
        kind = _KINDS.get(self._text("GetCertType", ""))
        if kind is None:  # foreigners' cards have other fields, of which the description says nothing
            raise Problem("idcard.unknown_type", Retry.AFTER_FIX)
        name, number = self._text("GetPeopleName"), self._text("GetPeopleIDCode")
        sex = self._text("GetPeopleSex").removesuffix("性")
        sex_code = next((code for code, word in SEXES.items() if word == sex), "")
        born, until = day_of(_digits(self._text("GetPeopleBirthday"))), self._text("GetEndDate")
        valid = is_number_valid(kind, number, today) and number_agrees(kind, number, born, sex_code)
        address, issuer = self._text("GetPeopleAddress"), self._text("GetDepartment")
        return IdentityDocument(
            document_type=kind,
            name=name,
            sex=sex,
            nation=self._text("GetPeopleNation", "").removesuffix("族"),
            birth_date=born,
            address=address,
            number=number,
            issuer=issuer,
            valid_from=day_of(_digits(self._text("GetStartDate"))),
            valid_until=None if until == LONG_TERM else day_of(_digits(until)),
            long_term=until == LONG_TERM,
            has_private_use=any(has_private_use(text) for text in (name, address, issuer)),
            sam_number=self.sam_number(),
            travel_permit_number=self._text("GetPassCheckID", "") if kind is Document.HMT_PERMIT else "",
            issue_count=self._text("GetIssuesNum", "") if kind is Document.HMT_PERMIT else "",
            sex_code=sex_code,
            photo_raw=base64.b64encode(self._picture()).decode("ascii"),
            suspect=not valid,
            number_valid=valid,
        )

    def _text(self, name: str, otherwise: str | None = None) -> str:
        """One of the card's texts, from the function with the wider letters where there is one."""
        for function, coding in ((f"{name}U", "utf-16-le"), (name, "gb18030")):  # not gbk: it refuses characters
            if not hasattr(self._library, function):
                continue
            room, size = ctypes.create_string_buffer(_ROOM), ctypes.c_int(_ROOM)
            if self._call(function, room, ctypes.byref(size)) == _OK and 0 <= size.value <= _ROOM:
                return room.raw[: size.value].decode(coding, "replace").strip("\0 ")
        if otherwise is None:
            raise Problem("idcard.library", Retry.AFTER_FIX, library=self._path)
        return otherwise

    def _picture(self) -> bytes:
        """The chip's photograph as this library decoded it; empty where it did not."""
        room, size = ctypes.create_string_buffer(_PICTURE_ROOM), ctypes.c_int(_PICTURE_ROOM)
        try:
            done = self._call("GetBMPData", room, ctypes.byref(size)) == _OK
        except Problem:
            return b""
        picture = room.raw[: min(size.value, _PICTURE_ROOM)] if done else b""
        return picture if picture.startswith(b"BM") else b""

    def _wipe(self) -> None:
        for left in self._folder.iterdir():
            left.unlink()

    def _call(self, name: str, *arguments: Any) -> int:
        try:
            function = self._library[name]
        except AttributeError:
            raise Problem("idcard.library", Retry.AFTER_FIX, library=self._path) from None
        function.restype = ctypes.c_int
        return int(function(*arguments))


def _digits(text: str) -> str:
    """A date as its digits alone: libraries write 19900228, 1990.02.28 or 1990-02-28."""
    return re.sub(r"\D", "", text)


def _private_folder() -> Path:
    """A new folder that only this user can read, in memory where the system has such a place; earlier ones go."""
    place = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    for left in place.glob(f"{_FOLDER}*"):
        shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=_FOLDER, dir=place))
