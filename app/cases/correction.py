"""更正: which words of a case its window may correct, what a correction would change, and what stands against it.

A value is named as in `contract.case.Change`: ``phone``, ``applicant.name``, ``answers.staff``. What a chip gave is not
offered; what was typed by hand is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.desk import Desk, author_of, today
from contract.case import Action, Case, Change, Kind, Opened, body_as, changed, needs_supervisor
from contract.form import PHONE, FormField, Mistake, check, fields, kept
from contract.matter import Matter, missing, route
from contract.node import Offering, Tree
from contract.person import OWN_NUMBERS, Clerk, LegalPerson, Parties, Person, Tie, id_number_fault, uscc_fault
from contract.problem import Problem, Retry

ANSWER = "answers."
_EMPTY: tuple[Any, ...] = (None, "", [])
_WHO = {"applicant": ("申请人", "Applicant"), "handler": ("经办人", "Handler")}
_LABELS = {
    "name": ("姓名", "Name"),
    "name_display": ("显示用姓名", "Name as shown"),
    "number": ("证件号码", "Document number"),
    "address": ("地址", "Address"),
    "uscc": ("统一社会信用代码", "Unified social credit code"),
    "representative": ("法定代表人", "Legal representative"),
}
_LEGAL_PERSON = ("name", "uscc", "representative", "address")
_TYPED_PERSON = ("name", "number", "address")
_NEEDED = ("name", "number", "uscc")


@dataclass(frozen=True)
class Correctable:
    """A case laid out for 更正.

    Attributes:
        case: As this station knows it.
        matter: In the version that the case began with.
        people: What was typed about the people, and the telephone, as fields of a form.
        fixed: Names of the form's fields that say what a chip gave.
        supervised: The day of receipt is over, and this clerk is no supervisor: one has to stand by.
        offerings, tree, organs: Who offers the matter where, and the names of the departments: a correction must not
            lead to another one.
    """

    case: Case
    matter: Matter
    people: tuple[FormField, ...]
    fixed: frozenset[str]
    supervised: bool
    today: date
    offerings: tuple[Offering, ...]
    tree: Tree
    organs: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Correctable({self.case.id})"


@dataclass(frozen=True)
class Preview:
    """What a correction would come to: what changes, what is wrong with it, and the Problem that would stop it.

    `answers`, `parties` and `phone` are what the act says, None where it leaves them alone.
    """

    changes: tuple[Change, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    problem: Problem | None = None
    answers: dict[str, Any] | None = None
    parties: Parties | None = None
    phone: str | None = None

    def __repr__(self) -> str:
        return f"Preview({len(self.changes)} changes, {len(self.mistakes)} mistakes)"


def lay_out(desk: Desk, case: Case, clerk: Clerk) -> Correctable:
    """The case as this clerk may correct it today.

    Raises:
        Problem: ``matter.unknown``.
    """
    catalogue, day = desk.catalogue(), today(desk)
    offerings = catalogue.offerings(case.matter)
    return Correctable(
        case=case,
        matter=catalogue.matter(case.matter, case.matter_version),
        people=typed_parts(case),
        fixed=_from_chip(desk.store.cases.actions(case.id)),
        supervised=needs_supervisor(case, Kind.CORRECT, author_of(desk, clerk).role, day),
        today=day,
        offerings=offerings,
        tree=catalogue.tree,
        organs={one.department: catalogue.department(one.department).name for one in offerings},
    )


def typed_parts(case: Case) -> tuple[FormField, ...]:
    """The telephone and what a hand typed about the people. Who stood there with a card stays who the chip said."""
    found = []
    for who, name in _typed(case):
        label, english = _LABELS[name]
        form = "cn-id-number" if name == "number" and _is_citizen(getattr(case.parties, who)) else ""
        needed = name in _NEEDED
        found.append(FormField(f"{who}.{name}", label, english, "text", needed, *_WHO[who], format=form))
    found.append(FormField("phone", "联系电话", "Telephone", "text", False, *_WHO["applicant"], format="cn-phone"))
    return tuple(sorted(found, key=lambda control: control.section != _WHO["applicant"][0]))


def preview(laid: Correctable, given: Mapping[str, Any]) -> Preview:
    """What the corrections in `given` (by name; only what differs needs to be there) would come to. Pure.

    Answers that were filled in from what is corrected follow it, where they said the same and nobody changed them.
    """
    case = laid.case
    parties = _corrected_parties(laid, given)
    answers = _corrected_answers(laid, given, parties)
    phone = str(given.get("phone", case.phone)).strip()
    after = case.model_copy(update={"parties": parties, "answers": answers, "phone": phone})
    changes = changed(case, after)
    wrong = tuple(_mistakes(laid, after, {change.name for change in changes}))
    problem = None if wrong or not changes else refusal(laid, parties, answers)
    names = [change.name for change in changes]
    return Preview(
        changes,
        wrong,
        problem,
        answers=answers if any(name.startswith(ANSWER) for name in names) else None,
        parties=parties if parties != case.parties else None,
        phone=phone if "phone" in names else None,
    )


def refusal(laid: Correctable, parties: Parties, answers: Mapping[str, Any]) -> Problem | None:
    """Why the case may not say this: a chip said otherwise, it would be another department's, or it would need what was
    not handed in.

    Returns ``correct.from_chip``, ``correct.other_department``, ``correct.materials_missing``, or None.
    """
    case, matter = laid.case, laid.matter
    if any(answers.get(name, case.answers.get(name)) != case.answers.get(name) for name in laid.fixed):
        return Problem("correct.from_chip", Retry.NEVER)
    if case.route is not None:
        found = route(matter, laid.offerings, parties, answers, case.node, laid.tree).candidates
        if (case.route.department, case.route.area) not in [(one.department, one.area) for one in found]:
            organ = "、".join(laid.organs[one.department] for one in found[:2])
            return Problem("correct.other_department", Retry.AFTER_FIX, organ=organ or "—")
    if lacking := missing(matter, parties, answers, case.materials):
        return Problem("correct.materials_missing", Retry.AFTER_FIX, materials="、".join(one.name for one in lacking))
    return None


def value_of(case: Case, name: str) -> Any:
    """The value of that name in a case."""
    who, _, what = name.partition(".")
    if who == "phone":
        return case.phone
    if who == "answers":
        return case.answers.get(what)
    return getattr(getattr(case.parties, who), what, None)


def _from_chip(actions: tuple[Action, ...]) -> frozenset[str]:
    """The form's fields whose answers were taken from a chip when the case was opened."""
    opened = next((action for action in actions if action.kind is Kind.OPEN), None)
    sources = body_as(opened, Opened).sources if opened else {}
    return frozenset(name for name, source in sources.items() if source == "chip")


def _typed(case: Case) -> Iterator[tuple[str, str]]:
    parties = case.parties
    read = case.identity is not None and case.identity.source != "manual"
    same = parties.tie is Tie.SELF or parties.applicant.number == parties.handler.number
    if isinstance(parties.applicant, LegalPerson):
        yield from (("applicant", name) for name in _LEGAL_PERSON)
    elif not (same and read):
        yield from (("applicant", name) for name in _TYPED_PERSON)
    if not same and not read:
        yield from (("handler", name) for name in _TYPED_PERSON)
    if read and case.identity is not None and (case.identity.has_private_use or parties.handler.name_display):
        yield ("applicant" if same else "handler"), "name_display"


def _is_citizen(person: Any) -> bool:
    return isinstance(person, Person) and person.document not in OWN_NUMBERS


def _corrected_parties(laid: Correctable, given: Mapping[str, Any]) -> Parties:
    """The people as they would be. One who applies for themselves stays one; their telephone goes with the case's."""
    case, parties = laid.case, laid.case.parties
    same = parties.tie is Tie.SELF or parties.applicant.number == parties.handler.number
    phone = str(given["phone"]).strip() if "phone" in given else None

    def mended(who: str, person: Any) -> Any:
        allowed = [name for at, name in _typed(case) if at == who]
        told: dict[str, Any] = {name: _said(given[f"{who}.{name}"]) for name in allowed if f"{who}.{name}" in given}
        for name in ("number", "uscc"):
            if name in told:
                told[name] = str(told[name]).upper().replace(" ", "")
        if "number" in told and _is_citizen(person) and not id_number_fault(told["number"], laid.today):
            told |= _said_by_number(told["number"])
        if phone is not None and isinstance(person, Person) and (who == "handler" or same):
            told["phone"] = phone
        return person.model_copy(update=told) if told else person

    applicant = mended("applicant", parties.applicant)
    handler = applicant if same and isinstance(applicant, Person) else mended("handler", parties.handler)
    return parties.model_copy(update={"applicant": applicant, "handler": handler})


def _said_by_number(number: str) -> dict[str, Any]:
    """Birth date and sex as a citizen's number says them."""
    born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    return {"birth_date": born, "sex": "男" if int(number[16]) % 2 else "女"}


def _corrected_answers(laid: Correctable, given: Mapping[str, Any], parties: Parties) -> dict[str, Any]:
    case, answers = laid.case, dict(laid.case.answers)
    for control in fields(laid.matter.form):
        if control.name in laid.fixed:
            continue
        said = given.get(ANSWER + control.name, case.answers.get(control.name))
        who, _, what = control.source.partition(".")
        if what and said == case.answers.get(control.name) and who in _WHO:
            before, after = (getattr(getattr(people, who), what, None) for people in (case.parties, parties))
            if before != after and before == said and after not in _EMPTY:
                said = after
        answers[control.name] = _said(said)
    return kept(laid.matter.form, answers)


def _said(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _mistakes(laid: Correctable, after: Case, names: set[str]) -> Iterator[Mistake]:
    """What is wrong. About the people only what was changed is looked at: what stood there was taken in so."""
    for control in laid.people:
        value = value_of(after, control.name)
        if control.required and value in _EMPTY:
            yield Mistake(control.name, "required")
        elif control.name in names and value not in _EMPTY:
            if control.format == "cn-phone" and not PHONE.fullmatch(str(value)):
                yield Mistake(control.name, "format", {"format": "cn-phone"})
            elif control.format == "cn-id-number" and id_number_fault(str(value), laid.today):
                yield Mistake(control.name, "format", {"format": "cn-id-number"})
            elif control.name.endswith(".uscc") and uscc_fault(str(value)):
                yield Mistake(control.name, "format", {"format": "cn-uscc"})
    for mistake in check(laid.matter.form, after.answers):
        yield Mistake(ANSWER + mistake.field, mistake.code, mistake.facts)
