"""Lists of cases: what is to do here, what was found, what the day came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal

from app.cases.acts import POWERS, SUPPLEMENT_DAYS, powers_here
from app.cases.view import view_of
from app.desk import Desk, author_of, today
from app.store.rows import Standing
from contract.case import CHINA, Case, Flag, Kind, State, allowed, may, needs_supervisor
from contract.clock import Calendar, deemed_accepted_on, read_clock
from contract.exchange import CaseView
from contract.matter import Matter
from contract.person import Clerk, Role
from contract.problem import Problem

OLD_PACK = 3  # days since the server last said that there is no newer one

Why = Literal["supplement", "hand_over", "promise", "due_soon", "overdue", "deemed_soon", "clash"]
_OPEN = (State.RECEIVED, State.TO_SUPPLEMENT, State.ACCEPTED, State.IN_REVIEW, State.APPROVED, State.REFUSED)


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
    """One case on the screen: with what may be done to it here, and what is not yet with the server.

    Attributes:
        supervised: What of `allowed` needs a supervisor beside the clerk.
        elsewhere: By act, who does what this window may not.
        supplement_by: The day by which a supplement would be asked for today.
        areas: Names of the places that the answers name by code.
    """

    case: Case
    view: CaseView
    pending: int
    held: Problem | None
    allowed: frozenset[Kind]
    supervised: frozenset[Kind] = frozenset()
    elsewhere: Mapping[Kind, str] = field(default_factory=dict)
    supplement_by: date | None = None
    areas: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"CaseShown({self.case.id})"


@dataclass(frozen=True)
class Today:
    """What this station did today, and what it can do without a line."""

    counts: Mapping[Kind, int] = field(default_factory=dict)
    by_matter: tuple[tuple[str, int], ...] = ()
    numbers_left: int = 0
    pack_made_on: date | None = None
    pack_age_days: int = 0  # since the server last said that there is no newer one
    matters: int = 0
    provisional: bool = False  # this year's or next year's calendar is not confirmed
    receivable: int = 0  # of the matters, what this window may receive, with a line or without

    @property
    def is_pack_old(self) -> bool:
        """Whether something may have changed that this station has not heard of."""
        return self.pack_age_days > OLD_PACK


def find(desk: Desk, text: str, limit: int = 50) -> tuple[CaseLine, ...]:
    """Cases by number, scanned QR, id number, credit code or name; the newest ones where the text is empty."""
    rows = desk.store.cases.look_for(text, limit) if text.strip() else desk.store.cases.recent(limit)
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
    case, pending, held = desk.store.cases.shown(case_id)
    if case is None:
        raise Problem("case.unknown")
    able = _able(desk, case, clerk)
    tree, day = desk.catalogue().tree, today(desk)
    late = (kind for kind in able if needs_supervisor(case, kind, author_of(desk, clerk).role, day))
    return CaseShown(
        case=case,
        view=view_of(desk, case),
        pending=len(pending),
        held=held,
        allowed=able,
        supervised=frozenset(late),
        elsewhere=_elsewhere(desk, case, clerk, able),
        supplement_by=desk.catalogue().pack.calendar.add(day, SUPPLEMENT_DAYS),
        areas={code: tree.path_name(code) for code in map(str, case.answers.values()) if code in tree.by_code},
    )


def _elsewhere(desk: Desk, case: Case, clerk: Clerk, able: frozenset[Kind]) -> dict[Kind, str]:
    """Who does what the case's state allows and this window may not: the department, or the window that took it in."""
    if not {Role.CLERK, Role.SUPERVISOR} & set(clerk.roles):
        return {}
    taken_in = desk.catalogue().tree.path_name(case.node)
    department = desk.catalogue().department(case.route.department).name if case.route else ""
    found: dict[Kind, str] = {}
    for kind in sorted(allowed(case.state) - able):
        if kind in (Kind.CORRECT, Kind.VOID, Kind.WITHDRAW, Kind.SUPPLEMENT) and case.node != desk.node:
            found[kind] = taken_in
        elif kind in (Kind.ACCEPT, Kind.DECLINE) or (kind is Kind.ASK_SUPPLEMENT and case.asked is None):
            found[kind] = department
    return {kind: who for kind, who in found.items() if who}


def _able(desk: Desk, case: Case, clerk: Clerk) -> frozenset[Kind]:
    """What this clerk may do to the case here: by its state, the clerk's role and the node's powers."""
    if not {Role.CLERK, Role.SUPERVISOR} & set(clerk.roles):
        return frozenset()
    role, powers = author_of(desk, clerk).role, powers_here(desk, case)
    able = {kind for kind in allowed(case.state) if may(role, kind) and (kind not in POWERS or POWERS[kind] in powers)}
    if case.node != desk.node:
        able &= {Kind.DELIVER}
    if case.asked is not None:
        able.discard(Kind.ASK_SUPPLEMENT)
    if Flag.PROMISED in case.flags:
        able.discard(Kind.DELIVER)
    return frozenset(able)


def todo(desk: Desk, clerk: Clerk) -> tuple[TodoItem, ...]:
    """What waits for this node, the most urgent first."""
    found = []
    day, calendar = today(desk), desk.catalogue().pack.calendar
    clashing = desk.store.cases.to_look_at()
    for case in desk.store.cases.in_states(_OPEN):
        if case.node != desk.node:
            continue
        matter = desk.catalogue().find_matter(case.matter, case.matter_version)
        name = matter.name if matter else case.matter
        reasons = list(_reasons(case, matter, calendar, day))
        if case.id in clashing:
            reasons.append(("clash", None))
        if reasons:
            why, due = min(reasons, key=lambda reason: reason[1] or date.max)
            found.append(TodoItem(case.id, case.number, name, case.parties.applicant.shown_name, why, due))
    return tuple(sorted(found, key=lambda item: (item.due or date.max, item.number)))


def _reasons(case: Case, matter: Matter | None, calendar: Calendar, day: date) -> Iterator[tuple[Why, date | None]]:
    """Why a case waits for this node, and by when."""
    if Flag.PROMISED in case.flags:
        yield "promise", min(m.promised_until for m in case.materials if m.promised_until and not m.present)
    elif case.state in (State.APPROVED, State.REFUSED):
        yield "hand_over", None
    if case.state is State.TO_SUPPLEMENT:
        yield "supplement", case.asked.until if case.asked else None
    elif case.state is State.RECEIVED and case.received_at is not None:
        due = deemed_accepted_on(case.received_at.astimezone(CHINA).date(), calendar)
        if calendar.between(day, due) <= 1:
            yield "deemed_soon", due
    elif case.state in (State.ACCEPTED, State.IN_REVIEW) and matter is not None:
        face = read_clock(case.clock, matter.limits, calendar, day)
        if face.state == "running" and face.light in ("red", "yellow"):
            yield "overdue" if face.light == "red" else "due_soon", face.promised_due


def today_here(desk: Desk) -> Today:
    """The day's counts by kind of act and by matter, and what the station can do without a line."""
    day, catalogue = today(desk), desk.catalogue()
    # the day is the server's, the acts were timed by the station's clock (F29)
    start = datetime.combine(day, time(), CHINA) - timedelta(milliseconds=desk.store.offset.ms() or 0)
    counts: Counter[Kind] = Counter()
    matters: Counter[str] = Counter()
    for deed in desk.store.acts.between(start, start + timedelta(days=1)):
        if deed.aside:
            continue
        counts[deed.action.kind] += 1
        if deed.action.kind is Kind.OPEN:
            matter = catalogue.find_matter(deed.action.body["matter"], deed.action.body["matter_version"])
            matters[matter.name if matter else deed.action.body["matter"]] += 1
    pack, checked = catalogue.pack, desk.store.packs.checked_at()
    return Today(
        counts=dict(counts),
        by_matter=tuple(matters.most_common()),
        numbers_left=sum(pool.left for pool in desk.store.numbers.pools()),
        pack_made_on=pack.made_on,
        pack_age_days=(day - max(pack.made_on, checked.astimezone(CHINA).date() if checked else pack.made_on)).days,
        matters=catalogue.count(),
        receivable=catalogue.count_receivable(desk.node),
        provisional=pack.calendar.is_provisional(day, day + timedelta(days=60)),
    )
