"""What a window may do for a case: by its role, by its node's powers for the offering, by who it acts for."""

from __future__ import annotations

from typing import Any

from contract.case import BODIES, Accepted, Action, Case, Corrected, Kind, Opened, Voided, body_as
from contract.form import check as check_form
from contract.matter import Matter, missing, route, takes
from contract.node import Offering, Power, Route, Tree, powers_at
from contract.person import Role
from contract.problem import Problem, Retry
from server.catalogue.matters import get_matter, offerings_of
from server.exchange.numbers import require_ours
from server.org.models import Station, User
from server.org.tree import get_tree, looked_up

# 不予受理 is an answer on acceptance, so it takes the power to accept
NEEDED: dict[Kind, Power] = {
    Kind.RECEIVE: Power.RECEIVE,
    Kind.ASK_SUPPLEMENT: Power.NOTIFY,
    Kind.ACCEPT: Power.ACCEPT,
    Kind.DECLINE: Power.ACCEPT,
    Kind.DELIVER: Power.DELIVER,
}
AT_A_WINDOW = frozenset({Role.CLERK, Role.SUPERVISOR})


def require_author(action: Action, station: Station) -> None:
    """That the author is one of ours, works at the station's node, and had the role when it was done (F09).

    Raises:
        Problem: ``author.unknown``, ``author.revoked``, ``author.elsewhere``, ``case.wrong_role``.
    """
    author = action.author
    user = looked_up(("author", author.id), lambda: User.objects.filter(id=author.id).first())
    if user is None:
        raise Problem("author.unknown", Retry.AFTER_FIX)
    if user.revoked_at is not None and action.at >= user.revoked_at:
        raise Problem("author.revoked", Retry.AFTER_FIX)
    if author.role not in AT_A_WINDOW or author.role not in user.working_as:
        raise Problem("case.wrong_role", Retry.NEVER, kind=action.kind, role=author.role)
    if not _works_at(user, station):
        raise Problem("author.elsewhere", Retry.AFTER_FIX)


def _require_supervisor(action: Action, station: Station) -> None:
    """Whoever stood by with their own password (更正, 作废 after the day) is a supervisor of ours who works there."""
    body = body_as(action, BODIES[action.kind])
    supervisor = body.supervisor if isinstance(body, Corrected | Voided) else None
    if supervisor is None:
        return
    user = User.objects.filter(id=supervisor.id).first()
    revoked = user is not None and user.revoked_at is not None and action.at >= user.revoked_at
    if user is None or revoked or Role.SUPERVISOR not in user.working_as or not _works_at(user, station):
        raise Problem("supervisor.unfit", Retry.AFTER_FIX)


def _works_at(user: User, station: Station) -> bool:
    tree = get_tree()
    homes = [user.node, *user.delegated] if user.node else list(user.delegated)
    return any(tree.is_under(station.node, home) for home in homes)


def require_allowed(action: Action, station: Station, before: Case | None, after: Case) -> None:
    """That this window may do this to this case now; called inside the transaction that would keep it.

    Raises:
        Problem: ``matter.unknown``, ``matter.not_for``, ``case.elsewhere``, ``case.no_power``,
            ``case.route_implausible``, ``case.form_mistakes``, ``case.materials_missing``, ``number.not_yours``,
            ``supervisor.unfit``.
    """
    tree = get_tree()
    matter = get_matter(after.matter, after.matter_version)
    if before is None:
        _require_opened_here(action, station, matter, tree)
    elif not tree.is_under(before.node, station.node):
        raise Problem("case.not_found", Retry.NEVER)
    if after.number and (before is None or after.number != before.number):
        require_ours(station, after.number)
    _require_supervisor(action, station)
    if after.route is not None and (before is None or _routed_by(after) != _routed_by(before)):
        _require_plausible(after.route, matter, after, tree)
    if action.kind in NEEDED:
        _require_power(NEEDED[action.kind], after, station, tree)
    if action.kind is Kind.ACCEPT:
        accepted = body_as(action, Accepted)
        if accepted.deemed or accepted.on not in (None, action.at.date()):
            raise Problem("case.body_malformed", Retry.NEVER, kind=action.kind, field="on")
    if action.kind in (Kind.RECEIVE, Kind.SUPPLEMENT, Kind.CORRECT):
        _require_complete(matter, after)
    if action.kind is Kind.CORRECT and (reason := takes(matter, after.parties)) is not None:
        raise Problem("matter.not_for", Retry.AFTER_FIX, reason=reason)


def _require_opened_here(action: Action, station: Station, matter: Matter, tree: Tree) -> None:
    opened = body_as(action, Opened)
    if opened.node != station.node:
        raise Problem("case.elsewhere", Retry.NEVER)
    reason = takes(matter, opened.parties)
    if reason is not None:
        raise Problem("matter.not_for", Retry.AFTER_FIX, reason=reason)
    if not any(Power.RECEIVE in powers_at(offering, station.node, tree) for offering in offerings_of(matter.code)):
        raise Problem("case.no_power", Retry.AFTER_FIX, power=Power.RECEIVE)


def _routed_by(case: Case) -> tuple[Any, ...]:
    """All that a route hangs on: where it leads, and what a correction or supplement could lead elsewhere."""
    return case.route, case.parties, case.answers


def _require_plausible(claimed: Route, matter: Matter, case: Case, tree: Tree) -> None:
    """A route to a department that offers the matter and is one of those that the field leaves."""
    found = route(matter, offerings_of(matter.code), case.parties, case.answers, case.node, tree)
    if claimed.field != found.field or not any(_leads_to(claimed, offering) for offering in found.candidates):
        raise Problem("case.route_implausible", Retry.AFTER_FIX)
    if not found.clear and not claimed.chosen_by:
        raise Problem("case.route_not_chosen", Retry.AFTER_FIX)


def _require_power(power: Power, case: Case, station: Station, tree: Tree) -> None:
    offered = offerings_of(case.matter)
    if case.route is not None:
        offered = tuple(offering for offering in offered if _leads_to(case.route, offering))
    if not any(power in powers_at(offering, station.node, tree) for offering in offered):
        raise Problem("case.no_power", Retry.AFTER_FIX, power=power)


def _require_complete(matter: Matter, case: Case) -> None:
    """The same checks that the screen ran: the form's (S10) and the list of materials (F27)."""
    mistakes = check_form(matter.form, case.answers)
    if mistakes:
        raise Problem("case.form_mistakes", Retry.AFTER_FIX, fields=", ".join(mistake.field for mistake in mistakes))
    lacking = missing(matter, case.parties, case.answers, case.materials)
    if lacking:
        raise Problem("case.materials_missing", Retry.AFTER_FIX, materials="、".join(rule.name for rule in lacking))


def _leads_to(route: Route, offering: Offering) -> bool:
    return (offering.department, offering.area) == (route.department, route.area)
