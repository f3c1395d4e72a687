"""An officer's to-do: four tabs over the department's cases, what is due first on top, one stretch at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contract.case import CHINA, Case, State
from contract.clock import deemed_accepted_on
from server.cases import clashes
from server.cases.models import CaseRecord, CaseSet
from server.cases.services import clockface
from server.catalogue.calendar import get_calendar
from server.catalogue.matters import get_matter
from server.org.models import User
from server.org.tree import get_tree
from server.web import wording

STRETCH = 30  # cases on one page of the list


@dataclass(frozen=True)
class Tab:
    """One tab: which states it holds, and by which column it is ordered (`-` newest first)."""

    name: str
    title: Promise
    states: tuple[State, ...]
    order: str
    due: Promise  # the heading of the column of days
    empty: Promise


TABS = (
    Tab(
        "received",
        _("待受理"),
        (State.RECEIVED,),
        "received_at",
        _("最迟答复"),
        _("没有等待受理的办件。窗口和村社收件后，会自动出现在这里。"),
    ),
    Tab(
        "open",
        _("待办理"),
        (State.ACCEPTED, State.IN_REVIEW),
        "due_on",
        _("承诺办结"),
        _("没有等待办理的办件。"),
    ),
    Tab(
        "supplement",
        _("待补正"),
        (State.TO_SUPPLEMENT,),
        "opened_at",
        _("补正期限"),
        _("没有等待申请人补正的办件。"),
    ),
    Tab(
        "done",
        _("已办结"),
        (
            State.APPROVED,
            State.REFUSED,
            State.DECLINED,
            State.DELIVERED,
            State.WITHDRAWN,
            State.VOIDED,
            State.ARCHIVED,
        ),
        "-changed_at",
        _("结果"),
        _("还没有办结的办件。"),
    ),
)


@dataclass(frozen=True)
class Mark:
    """A pill: words, and a tone (ok, warn, bad, info, plain) that only repeats what the words say."""

    words: str
    tone: str = "plain"
    light: str = ""  # 绿灯, 黄灯, 红灯, for those who do not see the colour


@dataclass(frozen=True)
class Line:
    """One case in a list."""

    id: str
    number: str
    matter: str
    applicant: str
    place: str
    received_at: datetime | None
    state: Mark
    day: date | None
    due: Mark | None
    marks: tuple[Mark, ...]

    def __repr__(self) -> str:
        return f"Line({self.id})"


@dataclass(frozen=True)
class Stretch:
    """One page of a tab; `next` is where the following one begins, empty at the end."""

    lines: tuple[Line, ...]
    next: str


def tab_named(name: str) -> Tab:
    return next((tab for tab in TABS if tab.name == name), TABS[0])


def counts(officer: User) -> dict[str, int]:
    """How many cases each tab holds."""
    asked: dict[str, Any] = {tab.name: Count("pk", filter=Q(state__in=tab.states)) for tab in TABS}
    return _cases_of(officer).aggregate(**asked)


def stretch(officer: User, tab: Tab, after: str = "") -> Stretch:
    """The cases of a tab after a place in it. A place is the ordering column and the id, so nothing is skipped or
    told twice while cases come and go.
    """
    column, newest_first = tab.order.lstrip("-"), tab.order.startswith("-")
    rows = _after(_cases_of(officer).filter(state__in=tab.states), column, newest_first, after)
    sign = "-" if newest_first else ""
    found = list(rows.order_by(f"{sign}{column}", f"{sign}id")[: STRETCH + 1])
    more = len(found) > STRETCH
    found = found[:STRETCH]
    last = f"{getattr(found[-1], column).isoformat()}~{found[-1].id}" if more else ""
    return Stretch(lines=lines_of(found), next=last)


def lines_of(rows: list[CaseRecord]) -> tuple[Line, ...]:
    """Cases as a list shows them."""
    doubled = clashes.to_look_at([row.id for row in rows])
    return tuple(_line(row, row.id in doubled) for row in rows)


def state_mark(state: State) -> Mark:
    return Mark(str(wording.STATES[state]), wording.STATE_TONES.get(state, "plain"))


def flag_marks(case: Case) -> tuple[Mark, ...]:
    """What stands out about a case beyond its state."""
    return tuple(Mark(str(words), tone) for flag, (words, tone) in wording.FLAGS.items() if flag in case.flags)


def due_mark(left: int, light: str, words: str) -> Mark:
    tones = {"green": "ok", "yellow": "warn", "red": "bad"}
    return Mark(words, tones.get(light, "plain"), str(wording.LIGHTS[light]) if light else "")


def answer_by(case: Case) -> tuple[date, Mark] | None:
    """Until when a received case must be answered, or it is accepted by silence (行政许可法 art. 32)."""
    if case.state is not State.RECEIVED or case.received_at is None:
        return None
    calendar, today = get_calendar(), timezone.localdate()
    last = deemed_accepted_on(case.received_at.astimezone(CHINA).date(), calendar)
    left = calendar.between(today, last)
    light = "red" if left < 0 else "yellow" if left <= 1 else "green"
    return last, due_mark(left, light, wording.days_left(left))


def _cases_of(officer: User) -> CaseSet:
    return CaseRecord.objects.visible_to(officer).filter(department=officer.department)


def _after(rows: CaseSet, column: str, newest_first: bool, place: str) -> QuerySet[CaseRecord]:
    text, _tilde, last_id = place.partition("~")
    value: date | datetime | None = None
    if last_id:
        try:
            value = parse_date(text) if column == "due_on" else parse_datetime(text)
        except ValueError:
            value = None
    if value is None or (isinstance(value, datetime) and timezone.is_naive(value)):
        return rows
    beyond = "lt" if newest_first else "gt"
    return rows.filter(Q(**{f"{column}__{beyond}": value}) | Q(**{column: value, f"id__{beyond}": last_id}))


def _line(row: CaseRecord, is_doubled: bool) -> Line:
    case = row.to_wire()
    matter = get_matter(case.matter, case.matter_version)
    day, due = _due(case, row)
    return Line(
        id=row.id,
        number=row.number or "",
        matter=matter.name_en if wording.is_english() and matter.name_en else matter.name,
        applicant=row.applicant_name,
        place=_place(case),
        received_at=case.received_at,
        state=state_mark(case.state),
        day=day,
        due=due,
        marks=((Mark(gettext("疑似重复"), "warn"),) if is_doubled else ()) + flag_marks(case),
    )


def _due(case: Case, row: CaseRecord) -> tuple[date | None, Mark | None]:
    answer = answer_by(case)
    if answer is not None:
        return answer
    if case.state is State.TO_SUPPLEMENT:
        until = case.asked.until if case.asked else None
        if until is None:
            return None, None
        late = until < timezone.localdate()
        return until, Mark(gettext("逾期未补") if late else gettext("等申请人补正"), "bad" if late else "plain")
    clock = clockface(case, get_matter(case.matter, case.matter_version))
    if clock.state == "running":
        return clock.promised_due, due_mark(clock.left or 0, clock.light, wording.clock_words(clock))
    if clock.state == "paused":
        return clock.promised_due, Mark(wording.clock_words(clock), "plain")
    return (case.decided_at.astimezone(CHINA).date() if case.decided_at else None), None


def _place(case: Case) -> str:
    """Where it was taken in: 余姚市凤山街道永丰村."""
    tree = get_tree()
    names = [
        node.name for node in reversed(tree.chain(case.node)) if len(node.code) > 6 or not node.code.endswith("00")
    ]
    return "".join(names) or case.node
