"""Social-security cards (社会保障卡), LD/T 32-2015 and LD/T 33: what they tell without a key.

EF05 (the card) is free on all of them. EF06 (the holder) is free on versions 1.00 and 2.00; version 3.00 wants
authentication with a key of the ministry's, in a security module or an encryption machine. No PIN is ever sent.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from contract.problem import Problem, Retry
from devices.cards import CardKind, CardReading
from devices.cards.commands import DONE, NOT_FOUND, Transmit, select, send

APPLICATION = b"sx1.sh." + "社会保障".encode("gb18030")
_EF05, _EF06 = 0xEF05, 0xEF06
_SEXES = {"0": "未知", "1": "男", "2": "女", "9": "未说明"}  # GB/T 2261.1


def read(transmit: Transmit) -> CardReading | None:
    """Read the card; None where it is no social-security card.

    Raises:
        Problem: cards.garbled, cards.pulled.
    """
    if not select(transmit, APPLICATION):
        return None
    card = _File(transmit, _EF05)
    known = CardReading(
        kind=CardKind.SOCIAL_SECURITY,
        card_id=card.hexadecimal(0x01),
        region=card.hexadecimal(0x01)[:6],
        version=card.text(0x03),
        valid_from=card.day(0x05),
        valid_until=card.day(0x06),
        card_number=card.text(0x07),
    )
    holder = _File(transmit, _EF06)
    number, name = holder.text(0x08), holder.text(0x09)
    if holder.closed and not (number or name):
        return replace(known, restricted=True)
    return replace(
        known,
        number=number,
        # The field holds 30 bytes; newer cards go on in an item of their own.
        name=name + holder.text(0x4E),
        sex=_SEXES.get(holder.text(0x0A), ""),
        nation_code=holder.hexadecimal(0x0B),
        birth_date=holder.day(0x0D),
    )


class _File:
    """One file of the card, read item by item; an item that is not there is empty."""

    def __init__(self, transmit: Transmit, file: int) -> None:
        self._transmit = transmit
        self.closed = False  # the card refused an item for want of a key
        # Older cards want P1 00.
        for first in (0x02, 0x00):
            _, status = send(transmit, bytes([0x00, 0xA4, first, 0x00, 0x02]) + file.to_bytes(2, "big"))
            if status == DONE:
                return
        self.closed = status not in NOT_FOUND

    def item(self, item: int) -> bytes:
        if self.closed:
            return b""
        data, status = send(self._transmit, bytes([0x00, 0xB2, item, 0x00, 0x00]))
        if status != DONE:
            # By the item's number it is on all cards seen; some want it as a record number.
            data, status = (
                send(self._transmit, bytes([0x00, 0xB2, item, 0x04, 0x00])) if status == 0x6A86 else (b"", status)
            )
        if status in NOT_FOUND:
            return b""
        if status != DONE:
            self.closed = True
            return b""
        if len(data) < 2 or data[0] != item or data[1] > len(data) - 2:
            raise Problem("cards.garbled", Retry.AGAIN)
        return data[2 : 2 + data[1]]

    def text(self, item: int) -> str:
        # Not gbk: it refuses characters that names have.
        return self.item(item).decode("gb18030", "replace").rstrip("\0 ")

    def hexadecimal(self, item: int) -> str:
        return self.item(item).hex().upper()

    def day(self, item: int) -> date | None:
        digits = self.hexadecimal(item)
        try:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
        except ValueError:
            return None
