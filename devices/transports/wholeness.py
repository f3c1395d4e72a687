"""Whether a page file is whole, from its own structure.

"The size has been still for a second" takes truncated files: a scanner's program may stall for longer in the
middle of a page. So the end is looked for where the format puts it.
"""

from __future__ import annotations

import re
import struct

JPEG, PNG, TIFF, PDF = "image/jpeg", "image/png", "image/tiff", "application/pdf"

_PNG_START = b"\x89PNG\r\n\x1a\n"
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_MARKER_IN_SCAN = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")  # stuffed zeros and restarts belong to the picture
_PDF_WINDOW = 1024  # PDF 1.7, H.3: readers look for the header and for %%EOF in this many bytes
_SECTIONS = 4096  # directories of a TIFF and entries of one; more is nonsense
_PIECES = 1 << 20  # strips or tiles of a picture


def media_type_of(data: bytes) -> str | None:
    """The kind of file by its first bytes, None for one that is not accepted."""
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(_PNG_START):
        return PNG
    if data.startswith(_TIFF_STARTS):
        return TIFF
    if b"%PDF-" in data[:_PDF_WINDOW]:
        return PDF
    return None


def is_whole(data: bytes) -> bool:
    """Whether the file is there up to the end that its format names. False too for what is not accepted."""
    match media_type_of(data):
        case "image/jpeg":
            return _jpeg(data)
        case "image/png":
            return _png(data)
        case "image/tiff":
            return _tiff(data)
        case "application/pdf":
            return _pdf(data)
        case _:
            return False


def _jpeg(data: bytes) -> bool:
    """ITU-T T.81 annex B: segment by segment to EOI. A thumbnail's EOI lies inside a segment and is passed over."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return False
        marker = data[at + 1]
        if marker == 0xFF:  # fill
            at += 1
            continue
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker != 0xDA:
            continue
        found = _MARKER_IN_SCAN.search(data, at)
        if found is None:
            return False
        if data[found.end() - 1] == 0xD9:
            return True
        at = found.end() - 2
    return False


def _png(data: bytes) -> bool:
    """PNG, 5.3: chunk by chunk to IEND."""
    at = len(_PNG_START)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        at += 12 + length
        if kind == b"IEND":
            return at <= len(data)
    return False


def _tiff(data: bytes) -> bool:
    """TIFF 6.0, section 2, and BigTIFF: every directory, its values and its strips or tiles are inside the file."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    entries_of, entry, offset_of = ("Q", "HHQ8s", "Q") if big else ("H", "HHI4s", "I")
    inline = 8 if big else 4
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
    unsigned = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}
    try:
        (at,) = struct.unpack_from(order + offset_of, data, 8 if big else 4)
        seen: set[int] = set()
        while at:
            if at in seen or len(seen) >= _SECTIONS:
                return False
            seen.add(at)
            (count,) = struct.unpack_from(order + entries_of, data, at)
            if count > _SECTIONS:
                return False
            at += struct.calcsize("=" + entries_of)
            pieces: dict[int, tuple[int, ...]] = {}
            for _ in range(count):
                tag, kind, number, value = struct.unpack_from(order + entry, data, at)
                at += struct.calcsize("=" + entry)
                length = sizes.get(kind, 1) * number
                start = at - inline if length <= inline else struct.unpack(order + offset_of, value)[0]
                if start + length > len(data) or (tag in (273, 279, 324, 325) and number > _PIECES):
                    return False
                if tag in (273, 279, 324, 325) and kind in unsigned:  # strips and tiles: where, how long
                    pieces[tag] = struct.unpack_from(f"{order}{number}{unsigned[kind]}", data, start)
            for where, long in ((273, 279), (324, 325)):
                for offset, length in zip(pieces.get(where, ()), pieces.get(long, ()), strict=False):
                    if offset + length > len(data):
                        return False
            (at,) = struct.unpack_from(order + offset_of, data, at)
        return bool(seen)
    except (struct.error, OverflowError):
        return False


def _pdf(data: bytes) -> bool:
    """PDF 1.7, 7.5.5 and F: the last %%EOF, and what startxref points at; a linearised file is as long as it says."""
    tail = data[-_PDF_WINDOW:]
    found = re.search(rb"startxref\s+(\d+)\s+%%EOF\s*\Z", tail) or re.search(rb"startxref\s+(\d+)\s+%%EOF", tail)
    if found is None:
        return False
    header = data.find(b"%PDF-", 0, _PDF_WINDOW)
    linearised = re.search(rb"/Linearized\b.{0,200}?/L\s+(\d+)", data[: header + _PDF_WINDOW], re.DOTALL)
    if linearised and len(data) - header < int(linearised[1]):
        return False
    at = header + int(found[1])
    return re.match(rb"\s*(xref\b|\d+\s+\d+\s+obj\b)", data[at : at + 40]) is not None
