"""F9 and its neighbours: the draft becomes a case. Committed before anything is shown or printed (F16)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from app.desk import Desk, today
from app.flow.draft import Draft, main_action, matter_of, offering_of, whats_missing
from app.flow.steps import author_of, reserve_number
from app.papers.paper import PaperKind
from contract.case import (
    Accepted,
    Action,
    Case,
    Declined,
    Ground,
    Kind,
    Opened,
    PersonConfirmed,
    Received,
    SupplementAsked,
    SupplementItem,
)
from contract.form import kept
from contract.matter import wanted
from contract.node import Power, powers_at
from contract.person import Clerk
from contract.problem import Problem, Retry
from contract.wire import Wire


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

    Raises:
        Problem: ``intake.incomplete`` (F27) with the number of things missing; ``case.no_power``;
            ``numbers.none_left``; what the contract refuses.
    """
    catalogue = desk.catalogue()
    lacking = whats_missing(draft, catalogue, desk.node)
    if lacking:
        raise Problem("intake.incomplete", Retry.AFTER_FIX, count=len(lacking), first=lacking[0].kind)
    accepted = main_action(draft, catalogue, desk.node) == "accept"
    draft = reserve_number(desk, draft)
    assert draft.route is not None
    received = Received(
        number=draft.number, window=desk.config.window, route=draft.route, materials=_counted(desk, draft)
    )
    acts: list[tuple[Kind, Wire]] = [*_begun(desk, draft), (Kind.RECEIVE, received)]
    if accepted:
        acts.append((Kind.ACCEPT, Accepted()))
    case = _done(desk, draft, clerk, acts)
    papers = (PaperKind.RECEIPT, PaperKind.ACCEPTANCE) if accepted else (PaperKind.RECEIPT,)
    return TakenIn(case=case, accepted=accepted, papers=papers)


def ask_supplement(
    desk: Desk, draft: Draft, clerk: Clerk, items: tuple[SupplementItem, ...], until: date | None = None
) -> TakenIn:
    """一次性告知补正 at the window: everything that is missing or wrong, at once, once; the case waits for it.

    Raises:
        Problem: ``identity.missing``, ``case.no_power``, ``intake.route_missing``.
    """
    route = _able(desk, draft, Power.NOTIFY)
    draft = reserve_number(desk, draft)
    asked = SupplementAsked(
        items=items,
        until=until or today(desk) + timedelta(days=15),
        number=draft.number,
        window=desk.config.window,
        route=route,
        materials=tuple(material for material in _counted(desk, draft) if material.present),
    )
    case = _done(desk, draft, clerk, [*_begun(desk, draft), (Kind.ASK_SUPPLEMENT, asked)])
    return TakenIn(case=case, papers=(PaperKind.SUPPLEMENT,))


def decline(desk: Desk, draft: Draft, clerk: Clerk, ground: Ground, reason: str, competent_organ: str = "") -> TakenIn:
    """不予受理 at the window, in writing, with the ground and where to go instead.

    Raises:
        Problem: as `ask_supplement`; only where this node holds the power to accept may it refuse to.
    """
    route = _able(desk, draft, Power.ACCEPT)
    draft = reserve_number(desk, draft)
    declined = Declined(
        ground=ground,
        reason=reason,
        competent_organ=competent_organ,
        number=draft.number,
        window=desk.config.window,
        route=route,
    )
    case = _done(desk, draft, clerk, [*_begun(desk, draft), (Kind.DECLINE, declined)])
    return TakenIn(case=case, papers=(PaperKind.REFUSAL,))


def _able(desk: Desk, draft: Draft, power: Power) -> Any:
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
    opened = Opened(
        channel=draft.channel,
        node=desk.node,
        matter=matter.code,
        matter_version=matter.version,
        parties=draft.parties,
        answers=kept(matter.form, draft.answers),
        phone=draft.phone,
        delivery=draft.delivery,
        began_at=draft.began_at,
    )
    return [(Kind.OPEN, opened), (Kind.CONFIRM_PERSON, PersonConfirmed(identity=draft.identity))]


def _counted(desk: Desk, draft: Draft) -> tuple[Any, ...]:
    """The slots that count for the answers as they are, and whatever else has pages."""
    matter, parties = matter_of(draft, desk.catalogue()), draft.parties
    assert matter is not None and parties is not None
    counted = {rule.code for rule in wanted(matter, parties, kept(matter.form, draft.answers))}
    return tuple(material for material in draft.materials if material.code in counted or material.pages)


def _done(desk: Desk, draft: Draft, clerk: Clerk, acts: list[tuple[Kind, Wire]]) -> Case:
    """Make the actions, one after another, and commit them together."""
    author = author_of(desk, clerk)
    actions: list[Action] = []
    for kind, body in acts:
        action = desk.store.act(draft.id, kind, body, author, after=actions[-1].id if actions else "")
        if isinstance(body, PersonConfirmed):
            action = _as_confirmed(desk, action, body)
        actions.append(action)
    return desk.store.did(actions, drop_draft=draft.id)


def _as_confirmed(desk: Desk, action: Action, body: PersonConfirmed) -> Action:
    """Who compared card and face stays its author, at the time when it was done, whoever finishes the case (F09)."""
    identity = body.identity
    known = (each for each in desk.store.verifiers() if each.clerk_id == identity.confirmed_by)
    colleague = next((Clerk.model_validate_json(each.clerk) for each in known), None)
    author = author_of(desk, colleague) if colleague else action.author
    return action.model_copy(update={"author": author, "made_at": identity.confirmed_at or action.made_at})
