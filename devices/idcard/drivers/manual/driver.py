"""What the clerk types from a document without a readable chip (人工录入), checked as far as it can be.

The photographed page and the marking on case and papers are the application's; here is only the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from contract.person import Document
from contract.problem import Problem, Retry
from devices.idcard import IdentityDocument
from devices.idcard.text import (
    LONG_TERM,
    NATIONS,
    SEXES,
    day_of,
    has_private_use,
    is_number_valid,
    lengthened,
    number_agrees,
)

KINDS = (Document.HOUSEHOLD_BOOK, Document.TEMPORARY_CARD, Document.PASSPORT, Document.TYPED)
_REQUIRED = ("name", "number", "reason")
_TEXTS = ("name", "name_latin", "nationality", "address", "issuer", "reason")


class Typing:
    """The counter's keyboard as a source of identity."""

    def read(self, **fields: str | None) -> IdentityDocument:
        """The document that was typed.

        Args:
            fields: ``document_type`` (household_book, temporary_card, passport, typed), ``name``, ``number`` and
                ``reason``; and what else the document says: name_latin, sex (男/女), nation, nationality, birth_date,
                address, issuer, valid_from, valid_until (YYYY-MM-DD or YYYYMMDD; 长期). A passport's name may be
                name_latin alone. Birth date and sex are taken from a citizen's number where they are not given.

        Raises:
            Problem: idcard.absent where nothing was typed; idcard.incomplete, idcard.bad_date,
                idcard.bad_document_type, idcard.bad_field. A number that fails its check is no problem but
                `number_valid` false: papers with a wrong number exist.
        """
        typed = {name: str(value).strip() for name, value in fields.items() if value is not None and str(value).strip()}
        if not typed:
            raise Problem("idcard.absent", Retry.AGAIN)
        return document_of(typed, date.today())  # noqa: DTZ011 — the counter's own day is meant

    def present(self) -> bool:
        """Never: a document is typed when the clerk says so."""
        return False

    def status(self) -> dict[str, Any]:
        """A keyboard is always there and has no security module."""
        return {"sam_number": ""}

    def photo(self, raw: str) -> str:
        """What is typed has none."""
        raise Problem("idcard.photo_unavailable", Retry.NEVER)


def document_of(typed: Mapping[str, str], today: date) -> IdentityDocument:
    """What `Typing.read` says, as a function of what was typed and of today."""
    known = {"document_type", "number", "sex", "nation", "birth_date", "valid_from", "valid_until", *_TEXTS}
    if unknown := sorted(set(typed) - known):
        raise Problem("idcard.bad_field", Retry.AFTER_FIX, field=unknown[0])
    try:
        kind = Document(typed.get("document_type", ""))
    except ValueError:
        kind = Document.RESIDENT
    if kind not in KINDS:
        raise Problem("idcard.bad_document_type", Retry.AFTER_FIX, allowed="、".join(KINDS))
    lacking = [field for field in _REQUIRED if not typed.get(field)]
    if kind is Document.PASSPORT and typed.get("name_latin") and "name" in lacking:
        lacking.remove("name")
    if lacking:
        raise Problem("idcard.incomplete", Retry.AFTER_FIX, fields="、".join(lacking))
    number = typed["number"].upper().replace(" ", "")
    previous = ""
    if kind is not Document.PASSPORT and len(number) == 15 and number.isascii() and number.isdigit():
        number, previous = lengthened(number), number
    born = _day(typed, "birth_date", today)
    sex = _one_of(typed, "sex", SEXES.values())
    valid = is_number_valid(kind, number, today)
    if valid and kind is not Document.PASSPORT:
        born = born or day_of(number[6:14])
        sex = sex or ("男" if int(number[16]) % 2 else "女")
        valid = number_agrees(kind, number, born, "")
    long_term = typed.get("valid_until") == LONG_TERM
    texts: dict[str, Any] = {name: typed.get(name, "") for name in _TEXTS}
    return IdentityDocument(
        document_type=kind,
        **texts,
        sex=sex,
        nation=_one_of(typed, "nation", NATIONS.values()),
        birth_date=born,
        number=number,
        previous_number=previous,
        valid_from=_day(typed, "valid_from", today),
        valid_until=None if long_term else _day(typed, "valid_until", None),
        long_term=long_term,
        has_private_use=any(has_private_use(text) for text in texts.values()),
        source="manual",
        number_valid=valid,
    )


def _day(typed: Mapping[str, str], field: str, latest: date | None) -> date | None:
    text = typed.get(field, "")
    if not text:
        return None
    day = day_of(text.replace("-", ""))
    if day is None or (latest is not None and day > latest):
        raise Problem("idcard.bad_date", Retry.AFTER_FIX, field=field)
    return day


def _one_of(typed: Mapping[str, str], field: str, allowed: Any) -> str:
    word = typed.get(field, "").removesuffix("族") if field == "nation" else typed.get(field, "")
    if word and word not in allowed:
        raise Problem("idcard.bad_field", Retry.AFTER_FIX, field=field)
    return word


OPEN = Typing
