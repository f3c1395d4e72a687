"""ESC/POS, as far as a receipt made of dots needs it: raster, feed, cut, and asking how the printer is.

Pure functions, bytes in and out. Text commands are left out on purpose: what Chinese a printer's own font holds
differs from model to model, and a rare name must not depend on it.

Source: Epson's ESC/POS command reference (GS v 0, ESC @, ESC d, GS V, DLE EOT, DLE DC4 fn 8, GS r), which Chinese
makers (SPRT, Xprinter, Rongta) follow.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from itertools import groupby

from contract.problem import Problem, Retry
from devices.printer import PrinterState, Standing

PBM = re.compile(rb"P4\s+(\d+)\s+(\d+)\s")
# 12 mm. Inside a band a printer hears nothing else, not even that it shall throw it away; and none holds an endless
# one (F18).
BAND_ROWS = 96
FEED_LINES = 4
INIT = b"\x1b@"
CUT = b"\x1dV\x01"  # partial: the receipt hangs on by a corner
CONFIRM = b"\x1dr\x01"  # answered when everything before it has been printed
CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"  # throws away what the printer holds
CLEARED = b"\x37\x25\x00"

PRINTER, OFFLINE_CAUSE, ERROR_CAUSE, PAPER = 1, 2, 3, 4
QUESTIONS = (PAPER, OFFLINE_CAUSE, ERROR_CAUSE, PRINTER)  # in the order in which they are asked
"""What DLE EOT can be asked."""


@dataclass(frozen=True)
class Bitmap:
    """Rows of dots, most significant bit left, 1 is ink; each row fills whole bytes."""

    width: int  # dots
    height: int
    rows: bytes

    @property
    def stride(self) -> int:
        return (self.width + 7) // 8


def read_pbm(data: bytes) -> Bitmap:
    """A PBM "P4" picture (netpbm) without comments.

    Raises:
        Problem: printer.wrong_document.
    """
    head = PBM.match(data)
    width, height = (int(head[1]), int(head[2])) if head else (0, 0)
    rows = data[head.end() :] if head else b""
    if not width or not height or len(rows) != (width + 7) // 8 * height:
        raise Problem("printer.wrong_document", Retry.NEVER, media_type="image/x-portable-bitmap")
    return Bitmap(width, height, rows)


def bands(bitmap: Bitmap) -> list[bytes]:
    """GS v 0 commands, each of at most BAND_ROWS rows, that together are the picture.

    A band is ink or white all through and only as wide as its ink: of a receipt little more than a third of the dots
    are left, and over a slow serial line every byte is paper that people wait for.
    """
    stride = bitmap.stride
    rows = (bitmap.rows[at : at + stride].rstrip(b"\0") for at in range(0, len(bitmap.rows), stride))
    made = []
    for _, run in groupby(rows, bool):
        alike = list(run)
        for at in range(0, len(alike), BAND_ROWS):
            band = alike[at : at + BAND_ROWS]
            wide = max(1, *map(len, band))
            head = b"\x1dv0\x00" + struct.pack("<HH", wide, len(band))
            made.append(head + b"".join(row.ljust(wide, b"\0") for row in band))
    return made


def feed(lines: int) -> bytes:
    """ESC d: push the paper on by so many lines, so that the text clears the cutter."""
    return b"\x1bd" + bytes([lines])


def parts(bitmap: Bitmap) -> list[bytes]:
    """A whole receipt: start from a known state, the picture, feed, cut. Between two parts a printer can be stopped."""
    return [INIT, *bands(bitmap), feed(FEED_LINES) + CUT]


def receipt(pbm: bytes) -> bytes:
    """A receipt as one run of bytes, for whoever hands it on unseen.

    Raises:
        Problem: printer.wrong_document.
    """
    return b"".join(parts(read_pbm(pbm)))


def ask(question: int) -> bytes:
    """DLE EOT n: answered at once, even when the printer is offline or its buffer is full."""
    return b"\x10\x04" + bytes([question])


def is_status(byte: int) -> bool:
    """Whether a byte can be an answer to DLE EOT (bits 1 and 4 set, 0 and 7 clear). Anything else is stray."""
    return byte & 0x93 == 0x12


def is_confirmation(byte: int) -> bool:
    """Whether a byte can be the answer to GS r 1 (bits 4 and 7 clear)."""
    return byte & 0x90 == 0


def standing_of(answers: dict[int, int | None]) -> PrinterState:
    """What the answers to the four questions mean together; None is silence, and silence to any of them is no health.

    Out of paper is said before an open cover, because whoever opens the cover to change the roll has both.
    """
    known = {question: byte for question, byte in answers.items() if byte is not None and is_status(byte)}
    printer, offline = known.get(PRINTER, 0), known.get(OFFLINE_CAUSE, 0)
    error, paper = known.get(ERROR_CAUSE, 0), known.get(PAPER, 0)
    reasons = []
    if paper & 0x60 or offline & 0x20:
        reasons.append(Standing.OUT_OF_PAPER)
    if offline & 0x04:
        reasons.append(Standing.COVER_OPEN)
    if error & 0x08:
        reasons.append(Standing.JAM)
    if error & 0x60 or offline & 0x40:
        reasons.append(Standing.FAULT)
    if printer & 0x08:
        reasons.append(Standing.OFFLINE)
    if paper & 0x0C:
        reasons.append(Standing.NEAR_END)
    told = tuple(f"DLE EOT {n}: {byte:#04x}" for n, byte in sorted(known.items()))
    if not reasons:
        return PrinterState(Standing.OK) if len(known) == len(QUESTIONS) else PrinterState(Standing.UNKNOWN, told)
    return PrinterState(reasons[0], told)
