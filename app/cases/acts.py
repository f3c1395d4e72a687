"""What the accepting window does to a case later: supplement, correct, void, withdraw, deliver."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from app.cases.correction import lay_out, refusal
from app.desk import Desk, author_of, today
from app.store import Draft
from contract.case import (
    Accepted,
    Case,
    Corrected,
    Declined,
    Delivered,
    Ground,
    Kind,
    SupplementAsked,
    Supplemented,
    SupplementItem,
    Voided,
    Withdrawn,
    changed,
)
from contract.form import check, kept
from contract.material import CaseMaterial
from contract.node import Power, powers_at
from contract.person import Clerk, Parties
from contract.problem import Problem, Retry
from contract.wire import Wire

SUPPLEMENT_DAYS = 10  # working days

POWERS = {
    Kind.ACCEPT: Power.ACCEPT,
    Kind.DECLINE: Power.ACCEPT,
    Kind.ASK_SUPPLEMENT: Power.NOTIFY,
    Kind.DELIVER: Power.DELIVER,
}
"""The acts for which a node must hold a power of the case's offering (U01)."""


def accept(desk: Desk, case_id: str, clerk: Clerk) -> Case:
    """受理 of a case that waited for its supplement, where this window holds the power."""
    _ours(desk, case_id)
    return _do(desk, case_id, clerk, Kind.ACCEPT, Accepted())


def ask_supplement(
    desk: Desk, case_id: str, clerk: Clerk, items: tuple[SupplementItem, ...], until: date | None = None
) -> Case:
    """一次性告知补正 of a case that was received already; once.

    Raises:
        Problem: ``supplement.no_items``, ``supplement.until_passed``, ``case.asked_already``, ``case.no_power``.
    """
    _ours(desk, case_id)
    return _do(desk, case_id, clerk, Kind.ASK_SUPPLEMENT, supplement_asked(desk, items, until))


def decline(desk: Desk, case_id: str, clerk: Clerk, ground: Ground, reason: str, competent_organ: str = "") -> Case:
    """不予受理 of a case that was received already.

    Raises:
        Problem: ``case.reason_missing``, ``decline.organ_missing``, ``case.no_power``.
    """
    _ours(desk, case_id)
    return _do(desk, case_id, clerk, Kind.DECLINE, declined(ground, reason, competent_organ))


def supplement(
    desk: Desk,
    case_id: str,
    clerk: Clerk,
    materials: tuple[CaseMaterial, ...],
    answers: dict[str, Any] | None = None,
    *,
    drop_draft: str = "",
    last_look: Callable[[Draft | None], None] | None = None,
) -> Case:
    """补正: what was asked for, or a promised material, has been handed in; the draft that held it goes with it.

    Raises:
        Problem: ``supplement.nothing_new``, ``case.answers_wrong``; whatever `last_look` at the draft raises.
    """
    _ours(desk, case_id)
    if not materials and answers is None:
        raise Problem("supplement.nothing_new", Retry.AFTER_FIX)
    body = Supplemented(materials=materials, answers=_checked(desk, case_id, answers))
    return _do(desk, case_id, clerk, Kind.SUPPLEMENT, body, drop_draft=drop_draft, last_look=last_look)


def correct(
    desk: Desk,
    case_id: str,
    clerk: Clerk,
    reason: str,
    *,
    answers: dict[str, Any] | None = None,
    parties: Parties | None = None,
    phone: str | None = None,
    supervisor: Clerk | None = None,
    offline: bool = False,
) -> Case:
    """更正 by the window that took the case in; the papers printed so far are named as replaced (U05).

    Args:
        desk: The desk.
        case_id: The case.
        clerk: Who corrects it.
        reason: Why, in words.
        answers, parties, phone: What it says from now on; None leaves it alone. See `app.cases.correction.preview`.
        supervisor: Who stood by with their own password (`app.people.sign_in.supervisor`): needed after the day.
        offline: That password was checked without the server.

    Raises:
        Problem: ``case.reason_missing``, ``case.answers_wrong``, ``case.not_ours``, ``case.correct_too_late``,
            ``case.chip_data``, ``correct.nothing_changed``, ``correct.from_chip``, ``correct.other_department``,
            ``correct.materials_missing``.
    """
    _ours(desk, case_id)
    why, mended = _reason(reason), _checked(desk, case_id, answers)
    case = get_case(desk, case_id)
    said = {"answers": mended, "parties": parties, "phone": phone}
    after = case.model_copy(update={name: value for name, value in said.items() if value is not None})
    if not changed(case, after):
        raise Problem("correct.nothing_changed", Retry.AFTER_FIX)
    if mended is not None or parties is not None:
        refused = refusal(lay_out(desk, case, clerk), after.parties, after.answers)
        if refused is not None:
            raise refused
    body = Corrected(
        reason=why,
        answers=mended,
        parties=parties,
        phone=phone,
        replaces=_papers(desk, case_id),
        supervisor=author_of(desk, supervisor) if supervisor else None,
        supervisor_offline=offline,
    )
    return _do(desk, case_id, clerk, Kind.CORRECT, body)


def void(
    desk: Desk, case_id: str, clerk: Clerk, reason: str, *, supervisor: Clerk | None = None, offline: bool = False
) -> Case:
    """作废: on the day by the window, later with a supervisor beside. The number is never used again (U05).

    Raises:
        Problem: ``case.reason_missing``, ``case.not_ours``, ``case.void_too_late``.
    """
    _ours(desk, case_id)
    body = Voided(
        reason=_reason(reason),
        replaces=_papers(desk, case_id),
        supervisor=author_of(desk, supervisor) if supervisor else None,
        supervisor_offline=offline,
    )
    return _do(desk, case_id, clerk, Kind.VOID, body)


def withdraw(desk: Desk, case_id: str, clerk: Clerk, reason: str) -> Case:
    """撤回, because the applicant asked for it."""
    _ours(desk, case_id)
    return _do(desk, case_id, clerk, Kind.WITHDRAW, Withdrawn(reason=_reason(reason)))


def deliver(desk: Desk, case_id: str, clerk: Clerk, receiver: str) -> Case:
    """送达 at this window: the result was handed to `receiver` (applicant, handler, or who stood in)."""
    case = get_case(desk, case_id)
    if not receiver.strip():
        raise Problem("deliver.receiver_missing", Retry.AFTER_FIX)
    body = Delivered(how=case.delivery, node=desk.node, receiver=receiver.strip())
    return _do(desk, case_id, clerk, Kind.DELIVER, body)


def supplement_asked(desk: Desk, items: tuple[SupplementItem, ...], until: date | None) -> SupplementAsked:
    """What is asked for, and by when: ten working days where nobody said.

    Raises:
        Problem: ``supplement.no_items``, ``supplement.until_passed``.
    """
    if not items or any(not item.what.strip() for item in items):
        raise Problem("supplement.no_items", Retry.AFTER_FIX)
    until = until or desk.catalogue().pack.calendar.add(today(desk), SUPPLEMENT_DAYS)
    if until < today(desk):
        raise Problem("supplement.until_passed", Retry.AFTER_FIX)
    return SupplementAsked(items=items, until=until)


def declined(ground: Ground, reason: str, competent_organ: str) -> Declined:
    """Why, and where to go instead: who is not competent must name who is (行政许可法 art. 32).

    Raises:
        Problem: ``case.reason_missing``, ``decline.organ_missing``.
    """
    organ = competent_organ.strip()
    if ground is Ground.NOT_COMPETENT and not organ:
        raise Problem("decline.organ_missing", Retry.AFTER_FIX)
    return Declined(ground=ground, reason=_reason(reason), competent_organ=organ)


def powers_here(desk: Desk, case: Case) -> frozenset[Power]:
    """What this node may do for the offering that the case was routed to; nothing where that is no longer offered."""
    for offering in desk.catalogue().offerings(case.matter):
        if case.route and (offering.department, offering.area) == (case.route.department, case.route.area):
            return powers_at(offering, desk.node, desk.catalogue().tree)
    return frozenset()


def get_case(desk: Desk, case_id: str) -> Case:
    """The case as this station knows it, with what it did itself.

    Raises:
        Problem: ``case.unknown``.
    """
    case = desk.store.cases.shown(case_id)[0]
    if case is None:
        raise Problem("case.unknown", Retry.NEVER)
    return case


def _do(
    desk: Desk,
    case_id: str,
    clerk: Clerk,
    kind: Kind,
    body: Wire,
    drop_draft: str = "",
    last_look: Callable[[Draft | None], None] | None = None,
) -> Case:
    case = get_case(desk, case_id)
    if kind in POWERS and POWERS[kind] not in powers_here(desk, case):
        raise Problem("case.no_power", Retry.NEVER)
    action = desk.store.acts.make(case_id, kind, body, author_of(desk, clerk), after=case.last_action)
    return desk.store.acts.did([action], drop_draft=drop_draft, last_look=last_look)


def _ours(desk: Desk, case_id: str) -> None:
    if get_case(desk, case_id).node != desk.node:
        raise Problem("case.not_ours", Retry.NEVER)


def _papers(desk: Desk, case_id: str) -> tuple[str, ...]:
    """The numbers of the papers that came out and still stand: the new ones name them as replaced."""
    before = {number for correction in get_case(desk, case_id).corrections for number in correction.replaces}
    out = (paper.number for paper in desk.store.papers.of_case(case_id) if paper.outcome != "failed")
    return tuple(number for number in dict.fromkeys(out) if number not in before)


def _checked(desk: Desk, case_id: str, answers: dict[str, Any] | None) -> dict[str, Any] | None:
    """The answers that count. Raises Problem ``case.answers_wrong`` with how many the form does not take."""
    if answers is None:
        return None
    case = get_case(desk, case_id)
    form = desk.catalogue().matter(case.matter, case.matter_version).form
    if wrong := check(form, answers):
        raise Problem("case.answers_wrong", Retry.AFTER_FIX, count=len(wrong), field=wrong[0].field)
    return kept(form, answers)


def _reason(text: str) -> str:
    if not text.strip():
        raise Problem("case.reason_missing", Retry.AFTER_FIX)
    return text.strip()
