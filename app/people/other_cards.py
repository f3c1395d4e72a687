"""A person's identity from a card other than the identity card: a social-security card, a passport, a travel permit.

What such a chip says is taken as it stands: nobody at a counter can verify its signature, and that stays marked on the
case and its papers (`contract.person.Identity.source` is ``card``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date

from contract.person import Document
from contract.problem import Problem, Retry
from devices.cards import CardKind, CardReading
from devices.cards.mrz import parse
from devices.idcard import IdentityDocument
from devices.idcard.text import NATIONS, has_private_use, is_number_valid, number_agrees

_LINE = re.compile(r"(?=.*<)[A-Z0-9<]{30}|[A-Z0-9<]{44}|[A-Z0-9<]{88}|[A-Z0-9<]{90}")
_LINES = {44: 2, 30: 3}  # so many lines of that length make a passport's, a card's


@dataclass(frozen=True, repr=False)
class OtherCard:
    """What was read, and the portrait as on the chip (JPEG or JPEG 2000), where there is one."""

    document: IdentityDocument
    portrait: bytes = b""

    def __repr__(self) -> str:
        return f"OtherCard({self.document!r})"

    __str__ = __repr__


def other_card(reading: CardReading, today: date) -> OtherCard:
    """The identity that a card's reading gives.

    Raises:
        Problem: ``cards.restricted`` for a card that keeps its holder closed, ``cards.no_identity`` for one that says
            of nobody who they are.
    """
    if reading.restricted:
        raise Problem("cards.restricted", Retry.NEVER)
    match reading.kind:
        case CardKind.SOCIAL_SECURITY:
            kind = Document.SOCIAL_SECURITY
        case CardKind.TRAVEL:
            kind = Document.PASSPORT if reading.document_code.startswith("P") else Document.TRAVEL_PERMIT
        case _:
            raise Problem("cards.no_identity", Retry.AFTER_FIX)
    if not reading.number or not (reading.name or reading.name_latin):
        raise Problem("cards.no_identity", Retry.AFTER_FIX)
    document = IdentityDocument(
        document_type=kind,
        name=reading.name,
        name_latin=reading.name_latin,
        sex=reading.sex,
        nation=NATIONS.get(reading.nation_code, ""),
        nationality="" if reading.nationality == "CHN" else reading.nationality,
        birth_date=reading.birth_date,
        number=reading.number,
        issuer=reading.issuer,
        valid_from=reading.valid_from,
        valid_until=reading.valid_until,
        has_private_use=has_private_use(reading.name),
        source="card",
        number_valid=True,
    )
    if kind is Document.SOCIAL_SECURITY:  # its number is its holder's citizen number
        citizen = Document.RESIDENT
        valid = is_number_valid(citizen, reading.number, today)
        agrees = valid and number_agrees(citizen, reading.number, reading.birth_date, "")
        document = replace(document, number_valid=valid, suspect=not agrees)
    return OtherCard(document, reading.photo)


def is_machine_line(text: str) -> bool:
    """Whether a scanned text is a line, or all lines, of a machine-readable zone (机读码)."""
    return _LINE.fullmatch("".join(text.split())) is not None


class MachineLines:
    """Puts together the lines of a zone that a scanner hands over one by one."""

    def __init__(self) -> None:
        self._held: list[str] = []

    def add(self, text: str) -> str:
        """One more line. The whole zone once it is there, else nothing: more is to come.

        Raises:
            Problem: ``cards.bad_key`` where there are lines enough and they were misread.
        """
        line = "".join(text.split())
        if _is_right(line):
            self._held = []
            return line
        self._held = [held for held in self._held if len(held) == len(line)] + [line]
        if len(self._held) < _LINES.get(len(line), 1):
            return ""
        signs, self._held = "".join(self._held), []
        if not _is_right(signs):
            raise Problem("cards.bad_key", Retry.AFTER_FIX)
        return signs


def _is_right(signs: str) -> bool:
    try:
        parse(signs)
    except Problem:
        return False
    return True
