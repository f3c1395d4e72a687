"""Lists of cases: what is to do here, what was found, what the day came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal

from app.cases.view import view_of
from app.desk import Desk, today
from app.store.rows import Standing
from contract.case import CHINA, Case, Flag, Kind, State, allowed, may
from contract.clock import deemed_accepted_on, read_clock
from contract.exchange import CaseView
from contract.node import Power, powers_at
from contract.person import Clerk
from contract.problem import Problem

Why = Literal["supplement", "hand_over", "promise", "due_soon", "overdue", "deemed_soon"]
_OPEN = (State.RECEIVED, State.TO_SUPPLEMENT, State.ACCEPTED, State.IN_REVIEW, State.APPROVED, State.REFUSED)
_POWER = {
    Kind.ACCEPT: Power.ACCEPT,
    Kind.DECLINE: Power.ACCEPT,
    Kind.ASK_SUPPLEMENT: Power.NOTIFY,
    Kind.DELIVER: Power.DELIVER,
}


@dataclass(frozen=True)
class CaseLine:
    """One case in a list. `standing` says how far what was done here has reached the server, None: nothing was."""

    case_id: str
    number: str
    matter: str
    applicant: str
    state: State
    flags: frozenset[Flag]
    node: str
    received_at: datetime | None
    standing: Standing | None

    def __repr__(self) -> str:
        return f"CaseLine({self.case_id}, {self.state})"


@dataclass(frozen=True)
class TodoItem:
    """Something that waits for this node, and by when."""

    case_id: str
    number: str
    matter: str
    applicant: str
    why: Why
    due: date | None = None

    def __repr__(self) -> str:
        return f"TodoItem({self.case_id}, {self.why})"


@dataclass(frozen=True)
class CaseShown:
    """One case on the screen: with what may be done to it here, and what is not yet with the server."""

    case: Case
    view: CaseView
    pending: int
    held: Problem | None
    allowed: frozenset[Kind]

    def __repr__(self) -> str:
        return f"CaseShown({self.case.id})"


@dataclass(frozen=True)
class Today:
    """What this station did today, and what it can do without a line."""

    counts: Mapping[Kind, int] = field(default_factory=dict)
    by_matter: tuple[tuple[str, int], ...] = ()
    numbers_left: int = 0
    pack_made_on: date | None = None
    pack_age_days: int = 0
    matters: int = 0
    provisional: bool = False  # this year's or next year's calendar is not confirmed


def find(desk: Desk, text: str, limit: int = 50) -> tuple[CaseLine, ...]:
    """Cases by number, scanned QR, id number, credit code or name; the newest ones where the text is empty."""
    rows = desk.store.find_cases(text, limit) if text.strip() else desk.store.recent_cases(limit)
    catalogue = desk.catalogue()
    found = []
    for row in rows:
        matter = catalogue.find_matter(row.matter, row.matter_version)
        found.append(
            CaseLine(
                row.case_id,
                row.number,
                matter.name if matter else row.matter,
                row.applicant,
                row.state,
                row.flags,
                catalogue.tree.path_name(row.node),
                row.received_at,
                row.standing,
            )
        )
    return tuple(found)


def shown(desk: Desk, case_id: str, clerk: Clerk) -> CaseShown:
    """One case, and what this clerk may do to it here.

    Raises:
        Problem: ``case.unknown``.
    """
    case, pending, held = desk.store.shown(case_id)
    if case is None:
        raise Problem("case.unknown")
    able = frozenset(kind for kind in allowed(case.state) if any(may(role, kind) for role in clerk.roles))
    powers = _powers(desk, case)
    able = frozenset(kind for kind in able if kind not in _POWER or _POWER[kind] in powers)
    if case.node != desk.node:
        able &= {Kind.DELIVER}
    return CaseShown(case, view_of(desk, case), len(pending), held, able)


def todo(desk: Desk, clerk: Clerk) -> tuple[TodoItem, ...]:
    """What waits for this node, the most urgent first."""
    found = []
    day, calendar = today(desk), desk.catalogue().pack.calendar
    for case in desk.store.cases_in(_OPEN):
        if case.node != desk.node:
            continue
        matter = desk.catalogue().find_matter(case.matter, case.matter_version)
        why: Why | None = None
        due: date | None = None
        if case.state is State.TO_SUPPLEMENT:
            why, due = "supplement", case.asked.until if case.asked else None
        elif Flag.PROMISED in case.flags:
            promised = [m.promised_until for m in case.materials if m.promised_until and not m.present]
            why, due = "promise", min(promised)
        elif case.state in (State.APPROVED, State.REFUSED):
            why = "hand_over"
        elif case.state is State.RECEIVED and case.received_at:
            due = deemed_accepted_on(case.received_at.astimezone(CHINA).date(), calendar)
            why = "deemed_soon" if calendar.between(day, due) <= 1 else None
        elif matter is not None:
            face = read_clock(case.clock, matter.limits, calendar, day)
            due = face.promised_due
            why = "overdue" if face.light == "red" else "due_soon" if face.light == "yellow" else None
        if why:
            name = matter.name if matter else case.matter
            found.append(TodoItem(case.id, case.number, name, case.parties.applicant.shown_name, why, due))
    return tuple(sorted(found, key=lambda item: (item.due or date.max, item.number)))


def today_here(desk: Desk) -> Today:
    """The day's counts by kind of act and by matter, and what the station can do without a line."""
    day, catalogue = today(desk), desk.catalogue()
    start = datetime.combine(day, time(), CHINA)
    counts: Counter[Kind] = Counter()
    matters: Counter[str] = Counter()
    for deed in desk.store.deeds_between(start, start + timedelta(days=1)):
        counts[deed.action.kind] += 1
        if deed.action.kind is Kind.OPEN:
            matter = catalogue.find_matter(deed.action.body["matter"], deed.action.body["matter_version"])
            matters[matter.name if matter else deed.action.body["matter"]] += 1
    pack = catalogue.pack
    return Today(
        counts=dict(counts),
        by_matter=tuple(matters.most_common()),
        numbers_left=sum(pool.left for pool in desk.store.pools()),
        pack_made_on=pack.made_on,
        pack_age_days=(day - pack.made_on).days,
        matters=len(catalogue.matters),
        provisional=pack.calendar.is_provisional(day, day + timedelta(days=60)),
    )


def _powers(desk: Desk, case: Case) -> frozenset[Power]:
    for offering in desk.catalogue().offerings(case.matter):
        if case.route and (offering.department, offering.area) == (case.route.department, case.route.area):
            return powers_at(offering, desk.node, desk.catalogue().tree)
    return frozenset()
