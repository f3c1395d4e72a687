"""A bank card's number (EMV, PBOC), for the account that a refund goes to; masked before it leaves this process."""

from __future__ import annotations

from devices.cards import CardKind, CardReading
from devices.cards.commands import DONE, Transmit, find, parts, select, send

_APPLICATIONS = tuple(bytes.fromhex(f"A0000003330101{last:02X}") for last in (1, 2, 3, 6))
_RECORDS = 8  # of each of the files 1 to 3; more than any card uses before its number


def read(transmit: Transmit) -> CardReading | None:
    """The masked number; None where it is no bank card or does not tell its number."""
    if not any(select(transmit, name) for name in _APPLICATIONS):
        return None
    send(transmit, bytes.fromhex("80A80000028300"))  # some cards open their records only after this
    for file in (1, 2, 3):
        for record in range(1, _RECORDS + 1):
            data, status = send(transmit, bytes([0x00, 0xB2, record, file << 3 | 0x04, 0x00]))
            if status != DONE:
                break
            number = _number(data)
            if number:
                return CardReading(kind=CardKind.BANK, card_number=masked(number))
    return None


def _number(record: bytes) -> str:
    body = dict(parts(record)).get(0x70)
    if body is None:
        return ""
    plain, track = find(body, 0x5A), find(body, 0x57)
    digits = plain.hex().rstrip("f") if plain else track.hex().partition("d")[0] if track else ""
    return digits if digits.isdigit() and 12 <= len(digits) <= 19 else ""


def masked(number: str) -> str:
    """Six digits of the bank, four of the account, the rest as asterisks."""
    return number[:6] + "*" * (len(number) - 10) + number[-4:]
