"""A case side by side: as what is held here would make it, and as the server has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.desk import Desk
from app.store import GivenUp
from app.sync.versions import versions
from contract.case import Action, Case
from contract.form import FormField, fields
from contract.material import CaseMaterial
from contract.person import masked
from contract.problem import Problem


class Part(StrEnum):
    """What a row of the comparison is about."""

    STATE = "state"
    NUMBER = "number"
    MATTER = "matter"
    APPLICANT = "applicant"
    ADDRESS = "address"  # the applicant's
    HANDLER = "handler"
    TIE = "tie"
    PHONE = "phone"
    DELIVERY = "delivery"
    DEPARTMENT = "department"
    ANSWER = "answer"
    MATERIAL = "material"
    ASKED = "asked"  # what was asked for (补正)
    REASON = "reason"  # of the correction, the voiding, the decision not to accept
    RECEIVER = "receiver"


@dataclass(frozen=True)
class Side:
    """One value at one end. `text` is what stands there, or a word of the contract; of a material, its pages."""

    text: str = ""
    pages: int = 0
    equal_pages: int = 0  # of them, how many the other end has too, by their digests
    there: bool = True  # of a material: anything at all

    def __repr__(self) -> str:
        return f"Side({self.pages} pages)"


@dataclass(frozen=True)
class Compared:
    """One row: what it is, its name where the matter gives it one, and both values."""

    part: Part
    name: str
    ours: Side
    theirs: Side
    same: bool

    def __repr__(self) -> str:
        return f"Compared({self.part}, {'same' if self.same else 'differs'})"


@dataclass(frozen=True)
class Comparison:
    """Both versions, row by row.

    `ours_done` are the acts that are not with the server, `theirs_done` what came to the server since their author
    looked; `on_server` is false where it has nothing of the case at all.
    """

    case_id: str
    number: str
    phone: str
    rows: tuple[Compared, ...]
    ours_done: tuple[Action, ...]
    theirs_done: tuple[Action, ...]
    on_server: bool
    is_held: bool
    problem: Problem | None
    given_up: GivenUp | None

    def __repr__(self) -> str:
        return f"Comparison({self.case_id}, {sum(not row.same for row in self.rows)} differ)"


def compare(desk: Desk, case_id: str) -> Comparison:
    """Hold both versions of a case against each other.

    Raises:
        Problem: ``held.gone`` where both ends agree about it.
    """
    found = versions(desk.store, case_id)
    ours, theirs = found.ours, found.theirs
    known = ours or theirs
    rows = tuple(_rows(desk, ours, theirs)) if known else ()
    return Comparison(
        case_id=case_id,
        number=known.number if known else "",
        phone=phone_of(known) if known else "",
        rows=rows,
        ours_done=tuple(deed.action for deed in found.deeds),
        theirs_done=found.theirs_since,
        on_server=theirs is not None,
        is_held=found.is_held,
        problem=found.problem,
        given_up=found.deeds[0].given_up,
    )


def phone_of(case: Case) -> str:
    """Where the applicant can be told: the case's number, else the handler's."""
    return case.phone or case.parties.handler.phone


def _rows(desk: Desk, ours: Case | None, theirs: Case | None) -> Iterator[Compared]:
    ends = (ours, theirs)

    def row(part: Part, values: tuple[str, str], name: str = "") -> Compared:
        return Compared(part, name, Side(values[0]), Side(values[1]), values[0] == values[1])

    def both(value: Any) -> tuple[str, str]:
        ours_text, theirs_text = (value(case) if case is not None else "" for case in ends)
        return ours_text, theirs_text

    def person(case: Case) -> str:
        return f"{case.parties.applicant.shown_name} {masked(case.parties.applicant.number)}"

    def handler(case: Case) -> str:
        return f"{case.parties.handler.shown_name} {masked(case.parties.handler.number)}"

    def matter(case: Case) -> str:
        found = desk.catalogue().find_matter(case.matter, case.matter_version)
        return f"{found.name if found else case.matter} v{case.matter_version}"

    def department(case: Case) -> str:
        return desk.catalogue().department(case.route.department).name if case.route else ""

    always = (
        (Part.STATE, lambda case: case.state.value),
        (Part.NUMBER, lambda case: case.number),
        (Part.MATTER, matter),
        (Part.APPLICANT, person),
        (Part.ADDRESS, lambda case: case.parties.applicant.address),
        (Part.HANDLER, handler),
        (Part.TIE, lambda case: case.parties.tie.value),
        (Part.PHONE, phone_of),
        (Part.DELIVERY, lambda case: case.delivery.value),
        (Part.DEPARTMENT, department),
    )
    for part, value in always:
        yield row(part, both(value))
    sometimes = ((Part.ASKED, _asked), (Part.REASON, _reason), (Part.RECEIVER, _receiver))
    for part, value in sometimes:
        values = both(value)
        if any(values):
            yield row(part, values)
    for control in _fields(desk, ours, theirs):
        values = both(lambda case, control=control: answer_text(desk, control, case.answers.get(control.name)))
        if any(values):
            yield row(Part.ANSWER, values, control.label)
    yield from _materials(ours.materials if ours else (), theirs.materials if theirs else ())


def _fields(desk: Desk, ours: Case | None, theirs: Case | None) -> tuple[FormField, ...]:
    """The fields of the form, in its order; of both versions where they differ."""
    found: dict[str, FormField] = {}
    for case in (ours, theirs):
        matter = desk.catalogue().find_matter(case.matter, case.matter_version) if case else None
        for control in fields(matter.form) if matter else ():
            found.setdefault(control.name, control)
    return tuple(found.values())


def answer_text(desk: Desk, control: FormField, value: Any) -> str:
    """An answer as the form words it: the label of a choice, the name of a place; yes and no as ``true``, ``false``."""
    if value in (None, "", []):
        return ""
    labels = dict(control.choices)
    if isinstance(value, list):
        return "、".join(labels.get(one, str(one)) for one in value)
    if isinstance(value, bool):
        return str(value).lower()
    if control.kind == "area" and value in desk.catalogue().tree.by_code:
        return desk.catalogue().tree.path_name(value)
    return f"{labels.get(value, value)}{control.unit}"


def _asked(case: Case) -> str:
    return "；".join(item.what for item in case.asked.items) if case.asked else ""


def _reason(case: Case) -> str:
    said = [corrected.reason for corrected in case.corrections]
    said += [said_why.reason for said_why in (case.declined, case.voided) if said_why is not None]
    return "；".join(said)


def _receiver(case: Case) -> str:
    return case.delivered.receiver if case.delivered else ""


def _materials(ours: tuple[CaseMaterial, ...], theirs: tuple[CaseMaterial, ...]) -> Iterator[Compared]:
    mine, server = {one.code: one for one in ours}, {one.code: one for one in theirs}
    for code in dict.fromkeys((*mine, *server)):
        left, right = mine.get(code), server.get(code)
        digests = [{page.digest for page in one.pages} if one else set() for one in (left, right)]
        equal = len(digests[0] & digests[1])
        sides = [
            Side(
                text=one.promised_until.isoformat() if one and one.promised_until and not one.present else "",
                pages=len(found),
                equal_pages=equal,
                there=one is not None and one.present,
            )
            for one, found in zip((left, right), digests, strict=True)
        ]
        name = (left or right).name  # type: ignore[union-attr]  # one of them has this code
        yield Compared(Part.MATERIAL, name, sides[0], sides[1], left == right)
