"""What the accepting window does to a case later: supplement, correct, void, withdraw, deliver."""

from __future__ import annotations

from typing import Any

from app.desk import Desk
from contract.case import (
    Author,
    Case,
    Corrected,
    Delivered,
    Kind,
    Supplemented,
    Voided,
    Withdrawn,
)
from contract.material import CaseMaterial
from contract.node import Power, powers_at
from contract.person import Clerk, Parties, Role
from contract.problem import Problem, Retry
from contract.wire import Wire


def supplement(
    desk: Desk,
    case_id: str,
    clerk: Clerk,
    materials: tuple[CaseMaterial, ...],
    answers: dict[str, Any] | None = None,
) -> Case:
    """补正: what was asked for, or a promised material, has been handed in."""
    return _do(desk, case_id, clerk, Kind.SUPPLEMENT, Supplemented(materials=materials, answers=answers))


def correct(
    desk: Desk,
    case_id: str,
    clerk: Clerk,
    reason: str,
    *,
    answers: dict[str, Any] | None = None,
    parties: Parties | None = None,
    phone: str | None = None,
) -> Case:
    """更正 by the window that took the case in; the papers printed so far are named as replaced (U05)."""
    _ours(desk, case_id)
    body = Corrected(
        reason=_reason(reason),
        answers=answers,
        parties=parties,
        phone=phone,
        replaces=_papers(desk, case_id),
    )
    return _do(desk, case_id, clerk, Kind.CORRECT, body)


def void(desk: Desk, case_id: str, clerk: Clerk, reason: str) -> Case:
    """作废: same day by the window, later by a supervisor. The number is never used again (U05)."""
    _ours(desk, case_id)
    body = Voided(reason=_reason(reason), replaces=_papers(desk, case_id))
    return _do(desk, case_id, clerk, Kind.VOID, body)


def withdraw(desk: Desk, case_id: str, clerk: Clerk, reason: str) -> Case:
    """撤回, because the applicant asked for it."""
    return _do(desk, case_id, clerk, Kind.WITHDRAW, Withdrawn(reason=_reason(reason)))


def deliver(desk: Desk, case_id: str, clerk: Clerk, receiver: str) -> Case:
    """送达 at this window: the result was handed to `receiver` (applicant, handler, or who stood in)."""
    case = get_case(desk, case_id)
    route = case.route
    offered = desk.catalogue().offerings(case.matter)
    offering = next((o for o in offered if route and (o.department, o.area) == (route.department, route.area)), None)
    if offering is None or Power.DELIVER not in powers_at(offering, desk.node, desk.catalogue().tree):
        raise Problem("case.no_power", Retry.NEVER)
    body = Delivered(how=case.delivery, node=desk.node, receiver=receiver.strip())
    return _do(desk, case_id, clerk, Kind.DELIVER, body)


def get_case(desk: Desk, case_id: str) -> Case:
    """The case as this station knows it, with what it did itself.

    Raises:
        Problem: ``case.unknown``.
    """
    case = desk.store.shown(case_id)[0]
    if case is None:
        raise Problem("case.unknown", Retry.NEVER)
    return case


def _do(desk: Desk, case_id: str, clerk: Clerk, kind: Kind, body: Wire) -> Case:
    role = Role.SUPERVISOR if Role.SUPERVISOR in clerk.roles else Role.CLERK
    author = Author(id=clerk.id, name=clerk.name, role=role, node=desk.node)
    return desk.store.did([desk.store.act(case_id, kind, body, author, after=get_case(desk, case_id).last_action)])


def _ours(desk: Desk, case_id: str) -> None:
    if get_case(desk, case_id).node != desk.node:
        raise Problem("case.not_ours", Retry.NEVER)


def _papers(desk: Desk, case_id: str) -> tuple[str, ...]:
    """The numbers of the papers that were printed so far: the new ones name them as replaced."""
    return tuple(dict.fromkeys(paper.number for paper in desk.store.papers(case_id)))


def _reason(text: str) -> str:
    if not text.strip():
        raise Problem("case.reason_missing", Retry.AFTER_FIX)
    return text.strip()
