"""Ids, case numbers and the keys printed on paper."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from dataclasses import dataclass

NUMBER = re.compile(r"^(?P<county>[0-9]{6})-(?P<sequence>[0-9]{8})-(?P<check>[0-9X])\Z")
SLOT = re.compile(r"^TB1:(?P<number>[0-9]{6}-[0-9]{8}-[0-9X]):(?P<material>[A-Za-z0-9_-]{1,40}):(?P<page>[0-9]{1,3})\Z")


def uuid7(unix_ms: int, randomness: bytes) -> str:
    """A UUIDv7 (RFC 9562 §5.7) from a time in milliseconds and ten random bytes."""
    if len(randomness) != 10 or not 0 <= unix_ms < 1 << 48:
        raise ValueError("uuid7 takes a 48-bit time and ten random bytes")
    value = bytearray(unix_ms.to_bytes(6, "big") + randomness)
    value[6] = 0x70 | (value[6] & 0x0F)
    value[8] = 0x80 | (value[8] & 0x3F)
    return str(uuid.UUID(bytes=bytes(value)))


def mod_11_2(digits: str) -> str:
    """The ISO 7064 MOD 11-2 check character (0-9 or X) of a string of digits."""
    remainder = 0
    for digit in digits:
        remainder = (remainder + int(digit)) * 2 % 11
    return "0123456789X"[(12 - remainder) % 11]


def case_number(county: str, sequence: int) -> str:
    """``330281-00004317-K``: county code, sequence out of a block, check character. Carries no date."""
    if not re.fullmatch(r"[0-9]{6}", county) or not 0 < sequence < 10**8:
        raise ValueError("a case number takes a 6-digit county and a sequence of at most 8 digits")
    digits = f"{county}{sequence:08d}"
    return f"{county}-{sequence:08d}-{mod_11_2(digits)}"


def is_case_number(text: str) -> bool:
    """Whether the text is a well-formed case number with the right check character."""
    found = NUMBER.match(text)
    return found is not None and mod_11_2(found["county"] + found["sequence"]) == found["check"]


def progress_key(case_id: str) -> str:
    """The unguessable half of the receipt's QR: 16 characters of base32 that only who knows the case id can make.

    An offline station can print it, and the public page asks for it, so that a number alone shows nothing.
    """
    digest = hashlib.sha256(b"tongban progress\0" + case_id.encode()).digest()
    return base64.b32encode(digest[:10]).decode()


def progress_url(public_url: str, number: str, case_id: str) -> str:
    """The ASCII payload of the QR on receipts and notices."""
    return f"{public_url.rstrip('/')}/p/{number}/{progress_key(case_id)}"


def number_in(scanned: str) -> str | None:
    """The case number in what a barcode scanner read (a bare number, a progress URL, a slot code), or None."""
    for part in re.split(r"[/:\s]", scanned.strip()):
        if is_case_number(part):
            return part
    return None


@dataclass(frozen=True)
class Slot:
    """Where a page that carries a slot code files itself (QR ``TB1:number:material:page``)."""

    number: str
    material: str
    page: int

    def __str__(self) -> str:
        return f"TB1:{self.number}:{self.material}:{self.page}"


def find_slot(code: str) -> Slot | None:
    """The slot that a QR on a scanned page names, or None where it is some other code."""
    found = SLOT.match(code.strip())
    if found is None or not is_case_number(found["number"]):
        return None
    return Slot(found["number"], found["material"], int(found["page"]))
