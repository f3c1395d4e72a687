"""F9 and its neighbours: the draft becomes a case. Committed before anything is shown or printed (F16)."""

from __future__ import annotations

import contextlib
import threading
from datetime import date
from typing import Any

from app.cases import acts
from app.cases.acts import declined, supplement_asked
from app.cases.held import MENDED
from app.desk import Desk, author_of
from app.flow.clashes import clashing
from app.flow.draft import Draft, main_action, matter_of, offering_of, whats_missing
from app.flow.printing import papers_after
from app.flow.steps import nothing_came_since, remember_use, reserve_number
from app.papers.paper import PaperKind
from app.store import GivenUp
from contract.case import (
    Accepted,
    Action,
    Case,
    Ground,
    Kind,
    Opened,
    PersonConfirmed,
    Received,
    State,
    SupplementItem,
)
from contract.form import kept
from contract.material import CaseMaterial
from contract.matter import wanted
from contract.node import Power, Route, powers_at
from contract.person import Clerk
from contract.problem import Problem, Retry
from contract.wire import Wire

_FINISHING = threading.Lock()  # F9 pressed ten times is one case (F26)


class TakenIn(Wire):
    """What F9 led to: the case, whether it was accepted here, and the papers to print, in order."""

    case: Case
    accepted: bool = False
    papers: tuple[PaperKind, ...] = ()

    def __repr__(self) -> str:
        return f"TakenIn({self.case.id})"

    __str__ = __repr__


def take_in(desk: Desk, draft: Draft, clerk: Clerk) -> TakenIn:
    """收件, and 受理 where this node holds the power. One transaction; then the draft is gone.

    Pressed again, also at the same time or after a crash, it answers the case that there is. A draft that supplements
    a case is handed in to it.

    Raises:
        Problem: ``intake.incomplete`` (F27) with the number of things missing; ``intake.form_stale`` where nothing
            else is wrong but the form was signed with other answers (U04); ``intake.clash`` where nothing else is
            wrong but nobody has looked at the applicant's other open case (rule 9); ``intake.page_came`` where one
            came in this very moment; ``case.no_power``; ``numbers.none_left``; what the contract refuses.
    """
    with _FINISHING:
        if (taken := _find_taken(desk, draft)) is not None:
            return taken
        catalogue = desk.catalogue()
        others = clashing(desk, draft)
        lacking = whats_missing(draft, catalogue, desk.node, others)
        if lacking and all(one.kind == "form" for one in lacking):
            raise Problem("intake.form_stale", Retry.AFTER_FIX)
        if lacking and all(one.kind == "clash" for one in lacking):
            raise Problem("intake.clash", Retry.AFTER_FIX, number=lacking[0].label)
        if lacking:
            raise Problem("intake.incomplete", Retry.AFTER_FIX, count=len(lacking), first=lacking[0].kind)
        if draft.of_case:
            return _hand_in(desk, draft, clerk)
        accepted = main_action(draft, catalogue, desk.node) == "accept"
        seen, draft = draft, reserve_number(desk, draft)
        assert draft.route is not None
        received = Received(
            number=draft.number,
            window=desk.config.window,
            route=draft.route,
            materials=_counted(desk, draft),
            clash=draft.clash_seen if others else None,
        )
        bodies: list[tuple[Kind, Wire]] = [*_begun(desk, draft), (Kind.RECEIVE, received)]
        if accepted:
            bodies.append((Kind.ACCEPT, Accepted()))
        return _done(desk, draft, clerk, bodies, seen)


def ask_supplement(
    desk: Desk, draft: Draft, clerk: Clerk, items: tuple[SupplementItem, ...], until: date | None = None
) -> TakenIn:
    """一次性告知补正 at the window: everything that is missing or wrong, at once, once; the case waits for it.

    Raises:
        Problem: ``identity.missing``, ``case.no_power``, ``intake.route_missing``, ``supplement.no_items``,
            ``supplement.until_passed``.
    """
    with _FINISHING:
        if (taken := _find_taken(desk, draft)) is not None:
            return taken
        asked = supplement_asked(desk, items, until)
        seen, (draft, first) = draft, _first(desk, draft, Power.NOTIFY)
        bodies = [*_begun(desk, draft), (Kind.ASK_SUPPLEMENT, asked.model_copy(update=first))]
        return _done(desk, draft, clerk, bodies, seen)


def decline(desk: Desk, draft: Draft, clerk: Clerk, ground: Ground, reason: str, competent_organ: str = "") -> TakenIn:
    """不予受理 at the window, in writing, with the ground and where to go instead.

    Raises:
        Problem: ``identity.missing``, ``case.no_power`` (only where this node may accept may it refuse to),
            ``intake.route_missing``, ``case.reason_missing``, ``decline.organ_missing``.
    """
    with _FINISHING:
        if (taken := _find_taken(desk, draft)) is not None:
            return taken
        said = declined(ground, reason, competent_organ)
        seen, (draft, first) = draft, _first(desk, draft, Power.ACCEPT)
        bodies = [*_begun(desk, draft), (Kind.DECLINE, said.model_copy(update=first))]
        return _done(desk, draft, clerk, bodies, seen)


def _find_taken(desk: Desk, draft: Draft) -> TakenIn | None:
    """The case that this draft has become already."""
    case = desk.store.cases.shown(draft.id)[0]
    return None if case is None else _taken(case)


def _taken(case: Case) -> TakenIn:
    return TakenIn(case=case, accepted=case.state is State.ACCEPTED, papers=papers_after(case))


def _hand_in(desk: Desk, draft: Draft, clerk: Clerk) -> TakenIn:
    """What the draft adds to its case: the slots and answers that changed."""
    case = acts.get_case(desk, draft.of_case)
    before = {material.code: material for material in case.materials}
    changed = tuple(m for m in _counted(desk, draft) if before.get(m.code) != m)
    matter = matter_of(draft, desk.catalogue())
    answers = kept(matter.form, draft.answers) if matter else case.answers
    case = acts.supplement(
        desk,
        case.id,
        clerk,
        changed,
        answers if answers != case.answers else None,
        drop_draft=draft.id,
        last_look=nothing_came_since(draft),
    )
    desk.thumbnails.forget()
    return TakenIn(case=case, papers=(PaperKind.RECEIPT,))


def _first(desk: Desk, draft: Draft, power: Power) -> tuple[Draft, dict[str, Any]]:
    """The draft with its number, and what the first act on a case that was not received says of it."""
    route = _able(desk, draft, power)
    draft = reserve_number(desk, draft)
    given = tuple(material for material in _counted(desk, draft) if material.present or material.pages)
    return draft, {"number": draft.number, "window": desk.config.window, "route": route, "materials": given}


def _able(desk: Desk, draft: Draft, power: Power) -> Route:
    if draft.of_case:
        raise Problem("case.not_allowed", Retry.NEVER, kind=Kind.OPEN, state=State.DRAFT)
    if draft.identity is None or draft.parties is None:
        raise Problem("identity.missing", Retry.AFTER_FIX)
    if draft.identity.confirmed_at is None:
        raise Problem("identity.unconfirmed", Retry.AFTER_FIX)
    offering = offering_of(draft, desk.catalogue())
    if offering is None or draft.route is None:
        raise Problem("intake.route_missing", Retry.AFTER_FIX)
    if power not in powers_at(offering, desk.node, desk.catalogue().tree):
        raise Problem("case.no_power", Retry.NEVER)
    return draft.route


def _begun(desk: Desk, draft: Draft) -> list[tuple[Kind, Wire]]:
    matter = matter_of(draft, desk.catalogue())
    assert matter is not None and draft.parties is not None and draft.identity is not None
    answers = kept(matter.form, draft.answers)
    opened = Opened(
        channel=draft.channel,
        node=desk.node,
        matter=matter.code,
        matter_version=matter.version,
        parties=draft.parties,
        answers=answers,
        sources={name: source for name, source in draft.sources.items() if name in answers},
        passed_over={
            name: tuple(one.source for one in offered if one.value != answers.get(name))
            for name, offered in draft.conflicts.items()
            if name in answers
        },
        phone=draft.phone,
        delivery=draft.delivery,
        began_at=draft.began_at,
    )
    return [(Kind.OPEN, opened), (Kind.CONFIRM_PERSON, PersonConfirmed(identity=draft.identity))]


def _counted(desk: Desk, draft: Draft) -> tuple[CaseMaterial, ...]:
    """The slots that count for the answers as they are, and whatever else has pages."""
    matter, parties = matter_of(draft, desk.catalogue()), draft.parties
    assert matter is not None and parties is not None
    counted = {rule.code for rule in wanted(matter, parties, kept(matter.form, draft.answers))}
    return tuple(material for material in draft.materials if material.code in counted or material.pages)


def _done(desk: Desk, draft: Draft, clerk: Clerk, bodies: list[tuple[Kind, Wire]], seen: Draft) -> TakenIn:
    """Make the actions, one after another, and commit them together, where nothing came that was not `seen`."""
    author = author_of(desk, clerk)
    actions: list[Action] = []
    for kind, body in bodies:
        action = desk.store.acts.make(draft.id, kind, body, author, after=actions[-1].id if actions else "")
        if kind is Kind.CONFIRM_PERSON and draft.confirmed and draft.identity and draft.identity.confirmed_at:
            # whoever compared card and face stays its author, at the time when it was done (F09)
            action = action.model_copy(update={"author": draft.confirmed, "made_at": draft.identity.confirmed_at})
        actions.append(action)
    given_up = GivenUp(reason=MENDED, author=author, at=desk.clock()) if draft.instead_of else None
    case = desk.store.acts.did(
        actions,
        drop_draft=draft.id,
        last_look=nothing_came_since(seen),
        instead_of=draft.instead_of,
        given_up=given_up,
    )
    desk.thumbnails.forget()
    with contextlib.suppress(Problem):  # the case is there; an order of the list is not worth a word
        remember_use(desk, case.matter)
    return _taken(case)
