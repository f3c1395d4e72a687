"""Passports and travel permits with a chip: ICAO Doc 9303 parts 10 and 11, opened by basic access control."""

from __future__ import annotations

from datetime import date

from contract.problem import Problem, Retry
from devices.cards import CardKind, CardReading, mrz
from devices.cards.commands import NOT_FOUND, Transmit, find, length_at, select, send
from devices.transports.bac import Channel, authenticate, keys_of

APPLICATION = bytes.fromhex("A0000002471001")
DG1, DG2, DG11 = 0x0101, 0x0102, 0x010B
_PIECE = 0xDF  # bytes asked for at once: what fits one closed answer of 256
FILE_LIMIT = 0x8000  # what READ BINARY can address; portraits are 12 to 20 kB
_SEXES = {"M": "男", "F": "女"}


def read(transmit: Transmit, key: str, today: date) -> CardReading | None:
    """Read the document; None where the card is none.

    Raises:
        Problem: cards.key_needed, cards.bad_key, cards.wrong_key, cards.tampered, cards.garbled, cards.pulled.
    """
    if not select(transmit, APPLICATION):
        return None
    chip = _Chip(transmit, authenticate(lambda command: send(transmit, command), keys_of(mrz.key_of(key))))
    lines_text = find(chip.file(DG1) or b"", 0x61, 0x5F1F)
    if lines_text is None:
        raise Problem("cards.garbled", Retry.AGAIN)
    try:
        lines = mrz.parse(lines_text.decode("ascii", "replace"))
    except Problem:
        raise Problem("cards.garbled", Retry.AGAIN) from None  # the chip's own lines, not what the clerk typed
    details = chip.file(DG11) or b""
    return CardReading(
        kind=CardKind.TRAVEL,
        document_code=lines.code,
        issuer=lines.issuer,
        nationality=lines.nationality,
        number=lines.number,
        name_latin=lines.name,
        name=_chinese_name(details),
        personal_number=_text(find(details, 0x6B, 0x5F10)) or lines.optional,
        sex=_SEXES.get(lines.sex, ""),
        birth_date=mrz.birth_date(lines.birth, today),
        valid_until=mrz.expiry_date(lines.expiry),
        photo=_portrait(chip.file(DG2) or b""),
    )


class _Chip:
    """The open document: whole files through the closed channel."""

    def __init__(self, transmit: Transmit, channel: Channel) -> None:
        self._transmit = transmit
        self._channel = channel

    def file(self, number: int) -> bytes | None:
        """A file's content; None where the document does not have it or keeps it closed."""
        _, status = self._ask(bytes.fromhex("00A4020C"), number.to_bytes(2, "big"))
        if status in NOT_FOUND or status in (0x6982, 0x6985):
            return None
        head = self._piece(0, 6)
        size, begin = length_at(head, 1)
        total = begin + size
        if total > FILE_LIMIT:
            raise Problem("cards.garbled", Retry.AGAIN)
        content = head[:total]
        while len(content) < total:
            content += self._piece(len(content), min(_PIECE, total - len(content)))
        return content

    def _piece(self, at: int, size: int) -> bytes:
        data, _ = self._ask(bytes([0x00, 0xB0, at >> 8, at & 0xFF]), expected=size)
        if not data:  # 6282 comes with what there was
            raise Problem("cards.garbled", Retry.AGAIN)
        return data

    def _ask(self, head: bytes, data: bytes = b"", expected: int | None = None) -> tuple[bytes, int]:
        answer, status = send(self._transmit, self._channel.close(head, data, expected))
        # A chip that ends the channel answers in clear, without data.
        return self._channel.open(answer) if answer else (b"", status)


def _chinese_name(details: bytes) -> str:
    return _text(find(details, 0x6B, 0x5F0E)).replace("<<", "").replace("<", "")


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace").strip("\0 ")


def _portrait(group: bytes) -> bytes:
    """The face picture: JPEG or JPEG 2000 inside the biometric record of data group 2 (ISO 19794-5)."""
    record = find(group, 0x75, 0x7F61, 0x7F60, 0x5F2E) or find(group, 0x75, 0x7F61, 0x7F60, 0x7F2E) or b""
    for mark in (b"\xff\xd8\xff", b"\x00\x00\x00\x0cjP  ", b"\xff\x4f\xff\x51"):
        at = record.find(mark)
        if at >= 0:
            return record[at:]
    return b""
