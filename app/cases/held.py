"""What a person does about an act that the server refused: do it anew, or withdraw it. Nothing held is ever dropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.cases.acts import POWERS, powers_here
from app.cases.compare import answer_text
from app.desk import Desk, author_of, today
from app.store import GivenUp
from app.sync.versions import Versions, versions
from contract.case import BODIES, Action, Case, Kind, State, apply, needs_supervisor
from contract.form import FormField, check, fields, kept
from contract.person import Clerk
from contract.problem import Problem, Retry

MENDED = "改正后重办"
ANSWER = "answers."  # before the name of a form's field
_TEXTS: dict[Kind, tuple[str, ...]] = {
    Kind.CORRECT: ("reason", "phone"),
    Kind.VOID: ("reason",),
    Kind.WITHDRAW: ("reason",),
    Kind.DECLINE: ("reason", "competent_organ"),
    Kind.DELIVER: ("receiver",),
}
_NEEDED = ("reason", "receiver")


@dataclass(frozen=True)
class Blank:
    """One thing that may be changed before the act is done anew: its name in the act's body (``answers.…`` for a field
    of the form, which then is in `control`), our value, and what the server has there."""

    name: str
    value: Any
    theirs: str = ""
    control: FormField | None = None

    def __repr__(self) -> str:
        return f"Blank({self.name})"


@dataclass(frozen=True)
class Mending:
    """How a held act is mended: as an intake that is opened again, or done anew upon what the server has now.

    `supervised`: it is done anew on another day than the receipt's, so that a supervisor must stand by (U05).
    """

    case_id: str
    kind: Kind
    reopens: bool
    blanks: tuple[Blank, ...] = ()
    supervised: bool = False


def mending(desk: Desk, case_id: str, clerk: Clerk) -> Mending:
    """What must be looked at to mend what is held of a case: what it changes, and what its Problem names.

    Raises:
        Problem: ``held.gone``.
    """
    found = _held(desk, case_id)
    first, case = found.deeds[0].action, found.theirs
    if case is None or case.state is State.DRAFT:
        return Mending(case_id, first.kind, reopens=True)
    role, day = author_of(desk, clerk).role, today(desk)
    supervised = any(needs_supervisor(case, deed.action.kind, role, day) for deed in found.deeds)
    return Mending(case_id, first.kind, False, _blanks(desk, found), supervised)


def redo(
    desk: Desk,
    case_id: str,
    clerk: Clerk,
    given: Mapping[str, Any],
    supervisor: Clerk | None = None,
    *,
    offline: bool = False,
) -> Case:
    """Do what is held of a case anew, upon what the server has now; the held acts are set aside and name the new ones.

    What the other side changed since stays, but for what this act itself changes. The clerk is the author of the new
    acts; the held ones keep theirs.

    Args:
        desk: The desk.
        case_id: The case.
        clerk: Who does it anew.
        given: By the names of the blanks, what they say now.
        supervisor: Who stands by with their own password where `Mending.supervised`; who stood by the held act did not
            see this one.
        offline: That password was checked without the server.

    Raises:
        Problem: ``held.gone``; ``case.reason_missing``, ``deliver.receiver_missing``, ``case.answers_wrong``;
            ``case.no_power``; what the life-cycle refuses (``case.correct_too_late`` without a supervisor), where the
            case has gone on meanwhile.
    """
    found = _held(desk, case_id)
    case, before = found.theirs, found.base
    if case is None or case.state is State.DRAFT:
        raise Problem("held.reopen", Retry.AFTER_FIX)
    author, made = author_of(desk, clerk), []
    for place, deed in enumerate(found.deeds):
        old = deed.action
        if old.kind in POWERS and POWERS[old.kind] not in powers_here(desk, case):
            raise Problem("case.no_power", Retry.NEVER)
        body = _upon(old, before, case)
        if place == 0:
            body = _filled(desk, case, body, given)
        if "supervisor" in BODIES[old.kind].model_fields:
            stands_by = author_of(desk, supervisor).model_dump(mode="json") if supervisor else None
            body |= {"supervisor": stands_by, "supervisor_offline": offline and supervisor is not None}
        new = desk.store.acts.make(case_id, old.kind, body, author, after=case.last_action)
        before = apply(before, old.model_copy(update={"after": before.last_action if before else ""}))
        case = apply(case, new)
        made.append(new)
    given_up = GivenUp(reason=MENDED, author=author, at=desk.clock())
    case = desk.store.acts.did(made, instead_of=case_id, given_up=given_up)
    desk.courier.retry_now()
    return case


def withdraw(desk: Desk, case_id: str, clerk: Clerk, reason: str, supervisor: Clerk, *, offline: bool) -> None:
    """Give up what is held of a case (撤下): the server's version stands. What was held stays readable with the reason.

    Args:
        desk: The desk.
        case_id: The case.
        clerk: Who withdraws it.
        reason: Why, in words.
        supervisor: Who stood by with their own password (`app.people.sign_in.supervisor`).
        offline: That password was checked without the server.

    Raises:
        Problem: ``case.reason_missing``, ``held.gone``.
    """
    if not reason.strip():
        raise Problem("case.reason_missing", Retry.AFTER_FIX)
    given_up = GivenUp(
        reason=reason.strip(),
        author=author_of(desk, clerk),
        at=desk.clock(),
        supervisor=author_of(desk, supervisor),
        offline=offline,
    )
    desk.store.outbox.set_aside(case_id, given_up)


def _held(desk: Desk, case_id: str) -> Versions:
    found = versions(desk.store, case_id)
    if not found.is_held:
        raise Problem("held.gone", Retry.NEVER)
    return found


def _blanks(desk: Desk, found: Versions) -> tuple[Blank, ...]:
    first, theirs = found.deeds[0].action, found.theirs
    assert theirs is not None
    blanks = []
    for name in _TEXTS.get(first.kind, ()):
        value = first.body.get(name)
        if name == "phone" and value in (None, found.base.phone if found.base else ""):
            continue  # the act leaves it alone
        blanks.append(Blank(name, value or "", theirs.phone if name == "phone" else ""))
    answers = first.body.get("answers")
    if answers is None and first.kind is not Kind.CORRECT:
        return tuple(blanks)
    upon = _upon(first, found.base, theirs)["answers"] or theirs.answers
    changed = {name for name in {*upon, *theirs.answers} if upon.get(name) != theirs.answers.get(name)}
    changed |= _named(found.problem)
    for control in _controls(desk, theirs):
        if control.name in changed:
            there = answer_text(desk, control, theirs.answers.get(control.name))
            blanks.append(Blank(ANSWER + control.name, upon.get(control.name), there, control))
    return tuple(blanks)


def _named(problem: Problem | None) -> set[str]:
    """The fields of the form that a Problem is about."""
    facts = problem.facts if problem else {}
    return {name.strip() for key in ("fields", "field") for name in facts.get(key, "").split(",") if name.strip()}


def _controls(desk: Desk, case: Case) -> tuple[FormField, ...]:
    matter = desk.catalogue().find_matter(case.matter, case.matter_version)
    return fields(matter.form) if matter else ()


def _upon(old: Action, before: Case | None, case: Case) -> dict[str, Any]:
    """The body of the act as it says the same upon another case: answers and people that it did not change stay as
    they are there now."""
    body = dict(old.body)
    if body.get("answers") is not None:
        body["answers"] = _merged(before.answers if before else {}, body["answers"], case.answers)
    if body.get("parties") is not None:
        saw, there = (one.parties.model_dump(mode="json") if one else {} for one in (before, case))
        body["parties"] = _merged(saw, body["parties"], there)
    return body


def _merged(saw: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Theirs with what we changed of what we saw. A person who became another kind of party is taken whole."""
    found: dict[str, Any] = {}
    for name in {**theirs, **ours}:
        was, mine, there = saw.get(name), ours.get(name), theirs.get(name)
        if mine == was:
            side, value = theirs, there
        elif isinstance(was, dict) and isinstance(mine, dict) and isinstance(there, dict) and _alike(was, mine, there):
            side, value = ours, _merged(was, mine, there)
        else:
            side, value = ours, mine
        if name in side:
            found[name] = value
    return found


def _alike(*people: Mapping[str, Any]) -> bool:
    return len({person.get("kind") for person in people}) == 1


def _filled(desk: Desk, case: Case, body: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The body with what the clerk wrote into the blanks."""
    answers: dict[str, Any] = {}
    for name, value in given.items():
        said = value.strip() if isinstance(value, str) else value
        if name.startswith(ANSWER):
            answers[name.removeprefix(ANSWER)] = said
        elif name in _NEEDED and not said:
            code = "deliver.receiver_missing" if name == "receiver" else "case.reason_missing"
            raise Problem(code, Retry.AFTER_FIX)
        else:
            body[name] = said
    if answers:
        matter = desk.catalogue().matter(case.matter, case.matter_version)
        upon = {**(body.get("answers") or case.answers), **answers}
        if wrong := check(matter.form, upon):
            raise Problem("case.answers_wrong", Retry.AFTER_FIX, count=len(wrong), field=wrong[0].field)
        body["answers"] = kept(matter.form, upon)
    return body
