"""Matters (事项): what may be applied for, what it needs, how long it takes, who takes it in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from pydantic import Field

from contract.clock import Calendar, Limits
from contract.form import Form, condition_holds, kept
from contract.material import CaseMaterial, MaterialForm, Source
from contract.node import Department, Node, Offering, Routing, Tree, competent
from contract.person import LegalPerson, Parties, Tie
from contract.wire import Wire


class Audience(StrEnum):
    PERSON = "person"  # 个人办事
    LEGAL_PERSON = "legal_person"  # 法人办事
    BOTH = "both"


class Delivery(StrEnum):
    """How the result reaches the applicant."""

    WINDOW = "window"  # at the window that took the case in
    COURIER = "courier"
    ELECTRONIC = "electronic"


class MaterialRule(Wire):
    """One line of a matter's list of materials."""

    code: str = Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")
    name: str
    required: bool = True
    when: dict[str, Any] | None = None  # JSON Schema over the answers; the line counts only where it holds
    ties: tuple[Tie, ...] = ()  # the line counts only for these ties (a mandate for an agent); empty: for all
    forms: tuple[MaterialForm, ...] = (MaterialForm.ORIGINAL,)
    copies: int = 1
    promise_days: int | None = None  # 容缺: may be promised for so many working days
    from_chip: bool = False  # the identity card as read: no copy needed
    is_application_form: bool = False  # 申请表: printed from the answers, signed, scanned back
    licence: str = ""  # the kind of electronic licence that replaces it
    issuer: str = ""  # who gives it to the applicant
    note: str = ""  # what a reviewer looks for


class Fee(Wire):
    """Amount in fen; 0 is free of charge (不收费)."""

    amount: int = 0
    basis: str = ""


class Matter(Wire):
    """A standard matter. A case keeps the version it began with; a new version never changes an old case."""

    code: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    version: int = Field(default=1, ge=1)
    name: str
    name_en: str = ""
    organ: str = ""  # the kind of department: 市场监督管理
    audience: Audience = Audience.PERSON
    ties: tuple[Tie, ...] = (Tie.SELF,)
    route_by: str  # "applicant.address", "handler.address", "node" or "answers.<field>" (see places)
    conditions: tuple[str, ...] = ()
    legal_basis: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    limits: Limits = Limits()
    excluded: tuple[str, ...] = ()  # special procedures whose time is not counted
    fee: Fee = Fee()
    deliveries: tuple[Delivery, ...] = (Delivery.WINDOW,)
    result: str = ""  # what the applicant gets: 食品经营许可证
    materials: tuple[MaterialRule, ...] = ()
    form: Form
    clashes: bool = False  # a second open case of the same applicant is to be looked at by a person
    visits: int = Field(default=1, ge=0)  # how often the applicant must come
    online: tuple[str, ...] = ()  # steps that can be done online: "consult", "pre_review", "apply", "verify_at_pickup"
    consult_phone: str = ""
    keywords: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, int]:
        return self.code, self.version


def star(matter: Matter) -> int:
    """浙江政务服务网's five levels, worked out from what the matter offers, never typed in.

    5: no visit at all; 4: approved first, originals checked at pick-up; 3: pre-reviewed online and one visit;
    2: can be consulted online; 1: information only.
    """
    if "apply" in matter.online and matter.visits == 0:
        return 5
    if "verify_at_pickup" in matter.online and matter.visits <= 1:
        return 4
    if "pre_review" in matter.online and matter.visits <= 1:
        return 3
    return 2 if matter.online else 1


def places(matter: Matter, parties: Parties, answers: Mapping[str, Any], node: str) -> tuple[str, str]:
    """The field that the matter routes by, and its value: an address text or a node code. ("", "") where empty."""
    where, _, name = matter.route_by.partition(".")
    if where == "answers":
        return matter.route_by, str(answers.get(name) or "")
    if where == "handler":
        return matter.route_by, parties.handler.address
    if where == "applicant":
        return matter.route_by, parties.applicant.address
    return "node", node


def route(
    matter: Matter,
    offerings: Iterable[Offering],
    parties: Parties,
    answers: Mapping[str, Any],
    node: str,
    tree: Tree,
) -> Routing:
    """Which departments could be competent, by the field that the matter names (分发, U06).

    The value is a node's code or an address that names one. One candidate is the answer, several need a clerk,
    none means that nobody in this city decides it.
    """
    field, value = places(matter, parties, answers, node)
    areas = (value,) if value in tree.by_code else tree.areas_in(value)
    return Routing(field=field, value=value, candidates=competent(offerings, areas, tree))


def wanted(matter: Matter, parties: Parties, answers: Mapping[str, Any]) -> tuple[MaterialRule, ...]:
    """The lines of the list that count for these parties and answers; what a hidden field still holds does not."""
    counting = kept(matter.form, answers)
    return tuple(
        rule
        for rule in matter.materials
        if (not rule.ties or parties.tie in rule.ties) and condition_holds(rule.when, counting)
    )


def missing(
    matter: Matter, parties: Parties, answers: Mapping[str, Any], materials: tuple[CaseMaterial, ...]
) -> tuple[MaterialRule, ...]:
    """Required lines that are neither present nor promised where a promise is allowed (F27)."""
    given = {material.code: material for material in materials}

    def has(rule: MaterialRule) -> bool:
        material = given.get(rule.code)
        if material is None:
            return False
        if material.source is Source.CHIP and not rule.from_chip and not material.pages and not material.library:
            return False
        return material.present or (material.promised_until is not None and rule.promise_days is not None)

    return tuple(rule for rule in wanted(matter, parties, answers) if rule.required and not has(rule))


def takes(matter: Matter, parties: Parties) -> str | None:
    """Why the matter does not take these parties (``audience`` or ``tie``), or None.

    A tie that cannot be is refused too: nobody is themselves a company, nobody legally represents a person.
    """
    legal = isinstance(parties.applicant, LegalPerson)
    if (matter.audience is Audience.PERSON and legal) or (matter.audience is Audience.LEGAL_PERSON and not legal):
        return "audience"
    if parties.tie not in matter.ties or parties.tie in (
        (Tie.SELF, Tie.GUARDIAN) if legal else (Tie.LEGAL_REPRESENTATIVE,)
    ):
        return "tie"
    if parties.tie is Tie.SELF and parties.applicant.number != parties.handler.number:
        return "tie"
    return None


class PackHead(Wire):
    """What a station needs to know of its hall besides what may be applied for."""

    version: str
    made_on: date
    node: str
    nodes: tuple[Node, ...]
    departments: tuple[Department, ...]
    calendar: Calendar
    public_url: str
    training: bool = False
    offline_hours: int = 72  # how long a clerk may sign in without the server
    parcel_key: str = ""  # base64, raw X25519: for whom a station without a line seals its parcels
    recovery_key: str = ""  # base64, raw X25519: to whom each station wraps its store's key a second time


class Pack(PackHead):
    """All that a station needs to work without a line: one versioned whole, signed by the server."""

    matters: tuple[Matter, ...]
    offerings: tuple[Offering, ...]

    @property
    def head(self) -> PackHead:
        return PackHead.model_construct(**{name: getattr(self, name) for name in PackHead.model_fields})
