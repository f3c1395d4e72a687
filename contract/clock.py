"""Legal and promised deadlines (法定时限、承诺时限): a pure function of what happened and a working-day calendar.

Days are working days (行政许可法 art. 82). Counting starts on the working day after acceptance. Time spent in a
special procedure (特别程序, art. 45) is not counted. A department that says nothing for five working days after
receipt has accepted from the day of receipt (art. 32).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal

from pydantic import Field

from contract.wire import Wire

DEEMED_AFTER = 5  # working days, 行政许可法 art. 32(1)(4)
LIGHT_YELLOW = 3  # working days left at which a deadline turns yellow


class Calendar(Wire):
    """Working days: the five-day week, corrected by the State Council's yearly notice (放假调休).

    `holidays` are days off that fall on a working weekday, `workdays` are Saturdays and Sundays that are worked.
    `years` are the years whose notice is out; a day in any other year follows the weekday rule and is provisional.
    """

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()

    def is_working(self, day: date) -> bool:
        if day in self.workdays:
            return True
        return day.weekday() < 5 and day not in self.holidays

    def add(self, start: date, days: int) -> date:
        """The `days`-th working day after `start`; `start` itself is not counted."""
        day, left = start, days
        while left > 0:
            day += timedelta(days=1)
            left -= self.is_working(day)
        return day

    def between(self, start: date, end: date) -> int:
        """How many working days lie after `start` up to and including `end`; negative where `end` is earlier."""
        if end < start:
            return -self.between(end, start)
        day, count = start, 0
        while day < end:
            day += timedelta(days=1)
            count += self.is_working(day)
        return count

    def is_provisional(self, start: date, end: date) -> bool:
        """Whether the stretch touches a year whose notice is not out."""
        return any(year not in self.years for year in range(start.year, end.year + 1))


class Tick(StrEnum):
    """What moves a clock."""

    START = "start"  # accepted
    SUSPEND = "suspend"  # special procedure begins
    RESUME = "resume"
    EXTEND = "extend"  # approved extension, in working days
    STOP = "stop"  # decided


class ClockEvent(Wire):
    tick: Tick
    on: date
    days: int = 0  # for EXTEND


class Limits(Wire):
    """A matter's limits in working days. `immediate` is 即办件: decided on the spot."""

    legal_days: int = Field(default=20, ge=0)
    promised_days: int = Field(default=20, ge=0)
    immediate: bool = False


class Clockface(Wire):
    """What the clock shows on a given day."""

    state: Literal["not_started", "running", "paused", "stopped"]
    started: date | None = None
    legal_due: date | None = None
    promised_due: date | None = None
    left: int | None = None  # working days to the promised day; negative when overdue
    light: Literal["", "green", "yellow", "red"] = ""
    provisional: bool = False  # the calendar of a year it touches is not confirmed
    extended_days: int = 0
    excluded_days: int = 0


def deemed_accepted_on(received: date, calendar: Calendar) -> date:
    """The last day to answer: when it ends in silence, the case was accepted from the day of receipt."""
    return calendar.add(received, DEEMED_AFTER)


def read_clock(events: Iterable[ClockEvent], limits: Limits, calendar: Calendar, today: date) -> Clockface:
    """Work out the face of the clock. Events are in the order in which they happened.

    A pause that begins when the limit is already over moves nothing: what is late stays late.
    """
    started: date | None = None
    paused: date | None = None
    stopped: date | None = None
    pauses: list[tuple[date, date]] = []  # the first day is counted, the days after it up to the last are not
    extended = 0
    for event in events:
        match event.tick:
            case Tick.START:
                started = event.on
            case Tick.SUSPEND if started:
                paused = paused or event.on
            case Tick.RESUME if paused:
                pauses.append((paused, event.on))
                paused = None
            case Tick.EXTEND:
                extended += event.days
            case Tick.STOP:
                stopped = event.on
            case _:
                pass
    if started is None:
        return Clockface(state="not_started")
    until = stopped or today
    if paused:
        pauses.append((paused, until))
    # the promise moves with the law's own extension: both are counted from the same day
    legal = _due(started, limits.legal_days + extended, calendar, pauses)
    promised = _due(started, limits.promised_days + extended, calendar, pauses)
    excluded = sum(max(calendar.between(first, last), 0) for first, last in pauses)
    unused = sum(max(calendar.between(first, min(last, until)), 0) for first, last in pauses)
    left = limits.promised_days + extended - (calendar.between(started, until) - unused)
    return Clockface(
        state="stopped" if stopped else "paused" if paused else "running",
        started=started,
        legal_due=legal,
        promised_due=promised,
        left=left,
        light="red"
        if left < 0
        else "yellow"
        if left < LIGHT_YELLOW and limits.promised_days > LIGHT_YELLOW
        else "green",
        provisional=calendar.is_provisional(started, max(legal, promised)),
        extended_days=extended,
        excluded_days=excluded,
    )


def _due(started: date, days: int, calendar: Calendar, pauses: Sequence[tuple[date, date]]) -> date:
    """The day on which so many working days have passed since the start, days inside a pause not counted."""
    day = started
    while days > 0:
        day += timedelta(days=1)
        days -= calendar.is_working(day) and not any(first < day <= last for first, last in pauses)
    return day


def promise_limit(promise_days: int, limits: Limits, today: date, calendar: Calendar) -> date:
    """The day by which a promised material (容缺) must be there; never past the promised limit of the case."""
    return calendar.add(today, min(promise_days, limits.promised_days))
