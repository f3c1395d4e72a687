"""The people in a case: applicant, handler, the tie between them; and the clerks who serve them."""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from contract.ids import mod_11_2
from contract.wire import Wire

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


class Role(StrEnum):
    """What a signed-in person works as. Powers at a node come from the offering, not from here."""

    CLERK = "clerk"  # 窗口人员, also 代办员 at a village point
    SUPERVISOR = "supervisor"  # 主管 of a window or point
    OFFICER = "officer"  # 部门办理人员
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"  # the server itself: deemed acceptance, archiving


class Document(StrEnum):
    """What a person's identity was taken from."""

    RESIDENT = "resident"  # 居民身份证
    HMT_PERMIT = "hmt_permit"  # 港澳台居民居住证
    FOREIGN_2017 = "foreign_2017"  # 外国人永久居留身份证, 2017 layout
    FOREIGN_2023 = "foreign_2023"
    HOUSEHOLD_BOOK = "household_book"  # 户口簿
    TEMPORARY_CARD = "temporary_card"  # 临时居民身份证
    PASSPORT = "passport"
    TRAVEL_PERMIT = "travel_permit"  # 港澳居民来往内地通行证, 台湾居民来往大陆通行证, 往来港澳通行证 …
    SOCIAL_SECURITY = "social_security"  # 社会保障卡
    TYPED = "typed"  # the number typed, nothing shown but a photographed page


OWN_NUMBERS = frozenset({Document.PASSPORT, Document.TRAVEL_PERMIT})
"""Documents whose number is their own, not their holder's citizen number."""


class Tie(StrEnum):
    """Why the handler may act for the applicant (申请人与经办人的关系)."""

    SELF = "self"  # 本人
    MANDATE = "mandate"  # 委托
    LEGAL_REPRESENTATIVE = "legal_representative"  # 法定代表人
    GUARDIAN = "guardian"  # 监护人


class Person(Wire):
    """A natural person (自然人)."""

    kind: Literal["person"] = "person"
    name: str = Field(min_length=1, max_length=120)
    document: Document = Document.RESIDENT
    number: str = Field(min_length=1, max_length=40)
    sex: str = ""
    nation: str = ""
    nationality: str = ""
    birth_date: date | None = None
    address: str = Field(default="", max_length=400)
    phone: str = Field(default="", max_length=40)
    name_display: str = Field(default="", max_length=120)  # where the chip's name has private-use characters

    def __repr__(self) -> str:
        return f"Person(…{self.number[-2:]})"

    __str__ = __repr__

    @property
    def shown_name(self) -> str:
        """The name for screens and papers."""
        return self.name_display or self.name


class LegalPerson(Wire):
    """A legal person or other organisation (法人), known by its unified social credit code."""

    kind: Literal["legal_person"] = "legal_person"
    name: str = Field(min_length=1, max_length=200)
    uscc: str = Field(min_length=18, max_length=18)
    address: str = Field(default="", max_length=400)
    representative: str = Field(default="", max_length=120)

    def __repr__(self) -> str:
        return f"LegalPerson(…{self.uscc[-2:]})"

    __str__ = __repr__

    @property
    def shown_name(self) -> str:
        """The name for screens and papers."""
        return self.name

    @property
    def number(self) -> str:
        """What identifies it: the unified social credit code."""
        return self.uscc


Applicant = Annotated[Person | LegalPerson, Field(discriminator="kind")]


class Parties(Wire):
    """The three parties of a case: who applies, who stands at the window, and the tie between them."""

    applicant: Applicant
    handler: Person
    tie: Tie = Tie.SELF

    def __repr__(self) -> str:
        return f"Parties({self.tie})"

    __str__ = __repr__


class Identity(Wire):
    """How the handler's identity was established, and that a clerk saw card and face agree (人证一致)."""

    # chip: by the reader's security module; card: from another card's chip, whose signature nobody here can verify
    source: Literal["chip", "card", "manual"]
    document: Document = Document.RESIDENT
    sam_number: str = ""  # the reader's security module, for traceability
    suspect: bool = False  # the module refused the card (SW3 32/33)
    long_term: bool = False
    valid_until: date | None = None
    has_private_use: bool = False
    reason: str = Field(default="", max_length=200)  # why typed by hand; required where source is manual
    pages: tuple[str, ...] = ()  # digests of the photographed document
    confirmed_by: str = ""  # clerk id
    confirmed_at: datetime | None = None


class Clerk(Wire):
    """Someone who works at a window or in a department."""

    id: str
    name: str
    roles: tuple[Role, ...]
    node: str = ""  # the node of a clerk or supervisor
    department: str = ""  # the department of an officer

    def __repr__(self) -> str:
        return f"Clerk({self.id})"

    __str__ = __repr__


def id_number_fault(number: str, today: date) -> str | None:
    """What is wrong with an 18-character citizen number (GB 11643), or None.

    Also for 81/82/83 (residence permits of Hong Kong, Macau, Taiwan residents) and 9 (foreigners, 2023 layout),
    which follow the same rule. Returns ``length``, ``characters``, ``date``, ``future`` or ``check``.
    """
    if len(number) != 18:
        return "length"
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        return "characters"
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return "date"
    if born > today:
        return "future"
    return None if mod_11_2(number[:17]) == number[17] else "check"


def uscc_fault(code: str) -> str | None:
    """What is wrong with a unified social credit code (GB 32100), or None: ``length``, ``characters``, ``check``."""
    if len(code) != 18:
        return "length"
    if any(character not in USCC_ALPHABET for character in code):
        return "characters"
    total = sum(USCC_ALPHABET.index(c) * w for c, w in zip(code[:17], USCC_WEIGHTS, strict=True))
    return None if USCC_ALPHABET[(31 - total % 31) % 31] == code[17] else "check"


def masked(number: str) -> str:
    """An id number for lists and papers: the first six and the last four stay (330203********1234)."""
    if len(number) <= 10:
        return "*" * max(len(number) - 2, 0) + number[-2:]
    return number[:6] + "*" * (len(number) - 10) + number[-4:]
