"""The SAM_V protocol of identity-card readers (GA/T 467-2019 chapter 7 and its forerunners).

    host → module   AA AA AA 96 69 | length | command parameter data… | xor
    module → host   AA AA AA 96 69 | length | SW1 SW2 SW3 data…       | xor

The length (two bytes, big endian) counts what follows it, the xor included; the xor runs over everything between
the preamble and itself. SW3 is the status. The card's secrets stay inside the module: what comes out is plain.
"""

from __future__ import annotations

import dataclasses
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import reduce
from operator import xor
from typing import Protocol

from contract.problem import Problem, Retry
from devices.idcard import IdentityDocument
from devices.idcard.text import TEXT_SIZE, decode, decode_text

PREAMBLE = b"\xaa\xaa\xaa\x96\x69"
LENGTH_LEAST, LENGTH_MOST = 4, 4096
STATUS, SAM_NUMBER = b"\x11\xff", b"\x12\xff"
FIND, SELECT = b"\x20\x01", b"\x20\x02"
READ, READ_WITH_FINGERPRINT, READ_ADDRESS = b"\x30\x01", b"\x30\x10", b"\x30\x03"

SHORT_PATIENCE = 1.0  # seconds for find, select and the module's own affairs
READ_PATIENCE = 5.0  # seconds for the radio and the module's cryptography
WHOLE_PATIENCE = 9.0  # seconds for a document with all its attempts; below the host's ten
GAP = 0.5  # seconds within a frame after which it counts as cut short
QUIET = 0.1  # seconds without a byte that end the wait for a better frame than the spoilt one that came
ATTEMPTS = 3
NOISE_LIMIT = 64 * 1024

# What some hand-held readers send in place of an answer when their own time is up; its length is a lie.
_TIMED_OUT = PREAMBLE + b"\x00\x05\x05\x05\x05\x05"


class Status(IntEnum):
    """SW3."""

    OK = 0x90
    FOUND = 0x9F
    NOT_ON_CARD = 0x91
    WRONG_CHECKSUM = 0x10
    WRONG_LENGTH = 0x11
    BAD_COMMAND = 0x21
    NO_PERMISSION = 0x23
    UNKNOWN_ERROR = 0x24
    CARD_REJECTED_SAM = 0x31
    SAM_REJECTED_CARD = 0x32
    VERIFICATION_FAILED = 0x33
    FINGERPRINT_FAILED = 0x37
    LENGTH_ERROR = 0x3F
    UNKNOWN_CARD = 0x40
    READ_FAILED = 0x41
    RANDOM_FAILED = 0x47
    SELF_TEST_FAILED = 0x60
    NOT_AUTHORISED = 0x66
    NO_CARD = 0x80
    SELECT_FAILED = 0x81


_RESEND = {Status.WRONG_CHECKSUM, Status.WRONG_LENGTH, Status.UNKNOWN_ERROR}
# FOUND in answer to anything but find is the late answer to a find given up.
_AGAIN_FROM_FIND = {Status.READ_FAILED, Status.RANDOM_FAILED, Status.LENGTH_ERROR, Status.FOUND}
_NO_FINGERPRINT = {Status.BAD_COMMAND, Status.READ_FAILED, Status.FINGERPRINT_FAILED}
_SUSPECT = {Status.SAM_REJECTED_CARD, Status.VERIFICATION_FAILED}


class Line(Protocol):
    """What carries the bytes; devices.transports.serial.SerialPort is one."""

    def write(self, data: bytes) -> None: ...
    def read(self, size: int, deadline: float) -> bytes: ...
    def drop_input(self) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, repr=False)
class Reply:
    """A module's answer. `data` may be a person's."""

    status: int
    data: bytes

    def __repr__(self) -> str:
        return f"Reply({self.status:02X}, {len(self.data)} bytes)"


def frame(command: bytes, data: bytes = b"") -> bytes:
    """A command as it goes to the module: two bytes of command and parameter, and its data."""
    body = struct.pack(">H", len(command) + len(data) + 1) + command + data
    return PREAMBLE + body + bytes([reduce(xor, body)])


def reply_frame(status: int, data: bytes = b"") -> bytes:
    """An answer as the module sends it."""
    return frame(bytes([0, 0, status]), data)


class Incoming:
    """What has come so far of an answer: slides over noise to the first whole and sound frame."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self.spoilt = False  # a whole frame came with a wrong checksum
        self.timed_out = False  # the reader said so itself

    def __len__(self) -> int:
        return len(self._bytes)

    def feed(self, data: bytes) -> Reply | None:
        """The answer, once it is whole.

        A preamble may occur by chance in noise, with a length that would swallow the real frame; so every preamble
        is tried, and the first frame whose checksum is right wins.
        """
        self._bytes += data
        self.spoilt = False
        start = self._bytes.find(PREAMBLE)
        while start >= 0:
            head = start + len(PREAMBLE)
            length = int.from_bytes(self._bytes[head : head + 2], "big")
            end = head + 2 + length
            if self._bytes[start : start + len(_TIMED_OUT)] == _TIMED_OUT:
                self.timed_out = True
            elif LENGTH_LEAST <= length <= LENGTH_MOST and len(self._bytes) >= end:
                body = self._bytes[head:end]
                if reduce(xor, body) == 0:
                    return Reply(body[4], bytes(body[5:-1]))
                self.spoilt = True
            start = self._bytes.find(PREAMBLE, start + 1)
        return None

    def wanting(self) -> int:
        """How many bytes to ask the line for next: the rest of the frame, if its length is known."""
        head = self._bytes.find(PREAMBLE) + len(PREAMBLE)
        if head < len(PREAMBLE) or len(self._bytes) < head + 2:
            return 1 if self._bytes else len(PREAMBLE) + 2
        length = int.from_bytes(self._bytes[head : head + 2], "big")
        rest = head + 2 + length - len(self._bytes)
        return rest if 0 < rest <= LENGTH_MOST else 1


class Module:
    """A SAM_V module at the other end of a line, and the card on it.

    Args:
        open_line: Opens the line; called again after it was lost.
    """

    def __init__(self, open_line: Callable[[], Line]) -> None:
        self._open_line = open_line
        self._line: Line | None = None
        self._knows_fingerprint = True

    def close(self) -> None:
        """Let go of the line."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def command(
        self,
        command: bytes,
        data: bytes = b"",
        *,
        patience: float = SHORT_PATIENCE,
        give_up_at: float = float("inf"),
    ) -> Reply:
        """One command and its answer, sent again where the line or the module garbled it.

        Args:
            patience: Seconds for each attempt.
            give_up_at: When (time.monotonic) no second attempt is worth beginning; 0 makes it one attempt.

        Raises:
            Problem: idcard.no_answer, idcard.garbled, device.unplugged and those of opening the line.
        """
        problem: Problem | None = None
        for _ in range(ATTEMPTS):
            left = give_up_at - time.monotonic()
            if problem is not None and left <= 0:
                break
            try:
                reply = self._exchange(frame(command, data), min(patience, max(left, SHORT_PATIENCE)))
            except Problem as spoilt:
                if spoilt.code not in ("idcard.garbled", "idcard.no_answer"):
                    self.close()
                    raise
                problem = spoilt
                continue
            if reply.status not in _RESEND:
                return reply
            problem = Problem("idcard.garbled", Retry.AGAIN, status=f"{reply.status:02X}")
        assert problem is not None
        raise problem

    def find(self) -> bool:
        """Whether there is a card; modules report one only once until it is lifted."""
        reply = self.command(FIND)
        if reply.status in (Status.FOUND, Status.NO_CARD):
            return reply.status == Status.FOUND
        raise problem_of(reply.status)

    def read(self, today: date) -> IdentityDocument:
        """Find, select and read the card; tried again from the start where the card moved.

        Raises:
            Problem: see devices.idcard.IdCardReader.read.
        """
        give_up_at = time.monotonic() + WHOLE_PATIENCE
        problem = Problem("idcard.absent", Retry.AGAIN)
        for attempt in range(ATTEMPTS):
            if not self.find():
                # After a first attempt "no card" may only mean that the module wants it lifted.
                raise problem if attempt == 0 else Problem("idcard.replace", Retry.AGAIN)
            selected = self.command(SELECT).status
            if selected == Status.OK:
                reply, header = self._read_base(give_up_at)
                if reply.status == Status.OK:
                    return self._document(reply.data, header, today)
                selected = reply.status
            problem = problem_of(selected)
            if selected not in _AGAIN_FROM_FIND or time.monotonic() > give_up_at:
                break
        raise problem

    def sam_number(self, give_up_at: float = float("inf")) -> str:
        """The module's management number, as printed on its plate: ``05.01-20230101-0001234567-987654321``.

        Raises:
            Problem: idcard.reader_fault and the like, where the module does not give it.
        """
        reply = self.command(SAM_NUMBER, give_up_at=give_up_at)
        if reply.status != Status.OK:
            raise problem_of(reply.status)
        if len(reply.data) < 16:
            raise Problem("idcard.garbled", Retry.AGAIN, what="sam_number")
        return "{:02d}.{:02d}-{:d}-{:010d}-{:d}".format(*struct.unpack("<HHIII", reply.data[:16]))

    def check(self) -> None:
        """Ask the module how it is; raises what is wrong with it."""
        status = self.command(STATUS).status
        if status != Status.OK:
            raise problem_of(status)

    def _exchange(self, sent: bytes, patience: float) -> Reply:
        if self._line is None:
            self._line = self._open_line()
        self._line.drop_input()
        self._line.write(sent)
        incoming = Incoming()
        deadline = time.monotonic() + patience
        while True:
            now = time.monotonic()
            # Silence is waited for to the end; once something came, only gaps are.
            until = deadline if not incoming else min(deadline, now + (QUIET if incoming.spoilt else GAP))
            heard = self._line.read(incoming.wanting(), until)
            if heard:
                if reply := incoming.feed(heard):
                    return reply
                if incoming.timed_out:
                    raise Problem("idcard.no_answer", Retry.AGAIN)
            elif not incoming:
                raise Problem("idcard.no_answer", Retry.AGAIN)
            else:
                raise Problem("idcard.garbled", Retry.AGAIN, what="frame")
            if len(incoming) > NOISE_LIMIT or time.monotonic() > deadline + GAP:
                raise Problem("idcard.garbled", Retry.AGAIN, what="noise")

    def _read_base(self, give_up_at: float) -> tuple[Reply, int]:
        """Text, photo and fingerprint, or without the fingerprint where the module or the card has none.

        Returns the answer and the size of its header. The fingerprint is read because modules of 2013 and later
        expect to be asked for it; it is dropped at once.
        """
        if self._knows_fingerprint:
            reply = self.command(READ_WITH_FINGERPRINT, patience=READ_PATIENCE, give_up_at=give_up_at)
            if reply.status not in _NO_FINGERPRINT:
                return reply, 6
            self._knows_fingerprint = reply.status != Status.BAD_COMMAND
        return self.command(READ, patience=READ_PATIENCE, give_up_at=give_up_at), 4

    def _document(self, data: bytes, header: int, today: date) -> IdentityDocument:
        sizes = [int.from_bytes(data[at : at + 2], "big") for at in range(0, header, 2)]
        if len(data) < header + sum(sizes) or sizes[0] != TEXT_SIZE:
            raise Problem("idcard.garbled", Retry.AGAIN, what="sizes")
        text = data[header : header + sizes[0]]
        photo = data[header + sizes[0] : header + sizes[0] + sizes[1]]
        document = decode(text, photo, today=today)
        address, sam_number = "", ""
        # The document itself is read: what else the module knows must not spoil it.
        with suppress(Problem):
            reply = self.command(READ_ADDRESS, give_up_at=0)
            address = decode_text(reply.data[:70]) if reply.status == Status.OK else ""
        with suppress(Problem):
            sam_number = self.sam_number(give_up_at=0)
        return dataclasses.replace(document, additional_address=address, sam_number=sam_number)


def problem_of(status: int) -> Problem:
    """What a status other than success means for the person at the counter."""
    shown = f"{status:02X}"
    match status:
        case Status.NO_CARD:
            return Problem("idcard.absent", Retry.AGAIN)
        case _ if status == Status.SELECT_FAILED or status in _AGAIN_FROM_FIND:
            return Problem("idcard.replace", Retry.AGAIN)
        case _ if status in _SUSPECT:
            return Problem("idcard.suspect", Retry.AFTER_FIX, status=shown)
        case Status.UNKNOWN_CARD:
            return Problem("idcard.unknown_type", Retry.AFTER_FIX)
        case Status.NOT_AUTHORISED:
            return Problem("idcard.not_authorised", Retry.AFTER_FIX)
        case Status.WRONG_CHECKSUM | Status.WRONG_LENGTH:
            return Problem("idcard.garbled", Retry.AGAIN, status=shown)
        case _:
            return Problem("idcard.reader_fault", Retry.AFTER_FIX, status=shown)
