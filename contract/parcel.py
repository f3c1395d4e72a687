"""The parcel (USB 数据包): what a station without a line has done, on a stick, sealed for one server.

A file is a line of plain JSON (`Address`), then segments: four bytes of length and so many bytes of AES-256-GCM over
up to 64 KiB of plain text, numbered, the last one marked. Inside are frames: the station's word, each act, each
rating, each page, and at the end the station's signature over all that stands before. Whoever carries it can read
nothing and change nothing; the server takes each act as from a round, so a second import changes nothing.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import BinaryIO, Literal

from pydantic import Field

from contract.exchange import Told
from contract.problem import Problem, Retry
from contract.upload import MAX_PAGE
from contract.wire import Wire

MAX_PARCEL = 4 << 30  # bytes of the file …
STRETCH = 256 << 20  # … which travels in uploads of so many
SEGMENT = 64 << 10  # bytes of plain text in one
TAG = 16
MORE, LAST = b"more", b"last"
_MAX_HEAD = 4096


class Address(Wire):
    """What is written on the outside: for which server, and with which key made for this once."""

    parcel: Literal[1] = 1
    to: str = Field(max_length=64)  # base64, the server's public key for parcels (raw X25519)
    once: str = Field(max_length=64)  # base64, raw X25519

    def line(self) -> bytes:
        return self.model_dump_json().encode() + b"\n"


class Frame(Wire):
    """The head of one thing in a parcel; `size` bytes follow it."""

    kind: Literal["from", "act", "rating", "page", "end"]
    size: int = Field(default=0, ge=0, le=MAX_PAGE)
    station: str = Field(default="", max_length=64)  # from
    case_id: str = Field(default="", max_length=36)  # page
    digest: str = Field(default="", max_length=64)  # page
    signature: str = Field(default="", max_length=256)  # end: over the SHA-256 of all before it, in hex


class HandedIn(Wire):
    """What is asked once a parcel's bytes have come, as parts of an upload: open what these make in this order."""

    uploads: tuple[str, ...] = Field(min_length=1, max_length=64)
    digest: str = Field(pattern="^[0-9a-f]{64}$")  # of all of it


class Unpacked(Wire):
    """The server's answer to a parcel. Whoever handed it in learns nothing of the ratings that were in it."""

    station: str
    told: dict[str, Told] = {}  # by act
    pages: int = 0  # that were taken in, or had been before
    refused_pages: int = 0  # of cases that are not there


def framed(head: Frame, data: bytes = b"") -> bytes:
    """One frame as it stands in the plain text."""
    spelled = head.model_dump_json(exclude_defaults=True).encode()
    return struct.pack(">I", len(spelled)) + spelled + data


def read_frames(plain: BinaryIO) -> Iterator[tuple[Frame, bytes, bytes]]:
    """The frames of a parcel's plain text up to its end: head, data, and both as they stood there.

    Raises:
        Problem: ``parcel.garbled``.
    """
    while True:
        prefix = _exactly(plain, 4)
        (length,) = struct.unpack(">I", prefix)
        if length > _MAX_HEAD:
            raise Problem("parcel.garbled", Retry.NEVER)
        spelled = _exactly(plain, length)
        try:
            head = Frame.model_validate_json(spelled)
        except ValueError:
            raise Problem("parcel.garbled", Retry.NEVER) from None
        data = _exactly(plain, head.size)
        yield head, data, prefix + spelled + data
        if head.kind == "end":
            if plain.read(1):
                raise Problem("parcel.garbled", Retry.NEVER)
            return


def read_address(stream: BinaryIO) -> Address:
    """The first line of a parcel.

    Raises:
        Problem: ``parcel.not_one``.
    """
    line = stream.readline(_MAX_HEAD)
    try:
        if not line.endswith(b"\n"):
            raise ValueError
        return Address.model_validate(json.loads(line))
    except (ValueError, RecursionError):
        raise Problem("parcel.not_one", Retry.NEVER) from None


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size) if size else b""
    if len(data) != size:
        raise Problem("parcel.garbled", Retry.NEVER)
    return data
