"""Limits in working days: the calendar with 调休, pauses, extensions, silence (S30, S43; 行政许可法 arts. 32-45)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.clock import (
    Calendar,
    ClockEvent,
    Clockface,
    Limits,
    Tick,
    deemed_accepted_on,
    promise_limit,
    read_clock,
)

# The National Day weeks of 2025 and the New Year of 2026 as the notices set them
CALENDAR = Calendar(
    holidays=frozenset(date(2025, 10, d) for d in (1, 2, 3, 6, 7, 8)) | {date(2026, 1, 1), date(2026, 1, 2)},
    workdays=frozenset({date(2025, 9, 28), date(2025, 10, 11), date(2026, 1, 4)}),
    years=frozenset({2025, 2026}),
)
LIMITS = Limits(legal_days=20, promised_days=10)

days = st.dates(date(2025, 1, 1), date(2027, 12, 31))
calendars = st.builds(
    Calendar,
    holidays=st.frozensets(days, max_size=40),
    workdays=st.frozensets(days, max_size=40),
    years=st.frozensets(st.integers(2025, 2027)),
)


def face(*events: tuple[Tick, date] | tuple[Tick, date, int], today: date, limits: Limits = LIMITS) -> Clockface:
    told = [ClockEvent(tick=e[0], on=e[1], days=e[2] if len(e) > 2 else 0) for e in events]
    return read_clock(told, limits, CALENDAR, today)


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2025, 9, 28), True),  # a Sunday that is worked
        (date(2025, 10, 11), True),  # a Saturday that is worked
        (date(2025, 10, 8), False),  # a Wednesday off
        (date(2025, 10, 9), True),
        (date(2025, 10, 12), False),
        (date(2026, 1, 4), True),
        (date(2027, 10, 1), True),  # no notice yet: the weekday rule
    ],
)
def test_s30_working_days_follow_the_notice(day: date, working: bool) -> None:
    assert CALENDAR.is_working(day) is working


@pytest.mark.parametrize(
    ("start", "count", "due"),
    [
        (date(2025, 9, 26), 0, date(2025, 9, 26)),
        (date(2025, 9, 26), 1, date(2025, 9, 28)),
        (date(2025, 9, 30), 1, date(2025, 10, 9)),  # over the whole holiday
        (date(2025, 9, 30), 5, date(2025, 10, 14)),
        (date(2025, 10, 4), 1, date(2025, 10, 9)),  # begun on a day off
        (date(2025, 12, 31), 2, date(2026, 1, 5)),
    ],
)
def test_s30_due_days_are_exact(start: date, count: int, due: date) -> None:
    assert CALENDAR.add(start, count) == due


@given(calendars, days, st.integers(0, 80))
def test_adding_and_counting_are_each_others_inverse(calendar: Calendar, start: date, count: int) -> None:
    due = calendar.add(start, count)
    assert calendar.between(start, due) == count
    assert count == 0 or calendar.is_working(due)


@given(calendars, days, days, days)
def test_counting_is_additive_and_signed(calendar: Calendar, a: date, b: date, c: date) -> None:
    a, b, c = sorted((a, b, c))
    assert calendar.between(a, b) + calendar.between(b, c) == calendar.between(a, c)
    assert calendar.between(b, a) == -calendar.between(a, b)


def test_nothing_runs_before_acceptance() -> None:
    assert face(today=date(2025, 9, 29)) == Clockface(state="not_started")
    assert face((Tick.SUSPEND, date(2025, 9, 1)), today=date(2025, 9, 29)).state == "not_started"


def test_the_clock_starts_on_the_day_after_acceptance() -> None:
    seen = face((Tick.START, date(2025, 9, 26)), today=date(2025, 9, 26))
    assert (seen.state, seen.legal_due, seen.promised_due) == ("running", date(2025, 10, 30), date(2025, 10, 16))
    assert (seen.left, seen.light, seen.provisional) == (10, "green", False)


@pytest.mark.parametrize(
    ("today", "left", "light"),
    [
        (date(2025, 10, 12), 4, "green"),  # a Sunday counts nothing
        (date(2025, 10, 13), 3, "green"),
        (date(2025, 10, 14), 2, "yellow"),
        (date(2025, 10, 16), 0, "yellow"),
        (date(2025, 10, 17), -1, "red"),
    ],
)
def test_s30_the_light_warns_before_it_is_too_late(today: date, left: int, light: str) -> None:
    seen = face((Tick.START, date(2025, 9, 26)), today=today)
    assert (seen.left, seen.light) == (left, light)


def test_a_promise_of_few_days_is_green_to_its_last() -> None:
    limits = Limits(legal_days=3, promised_days=1)
    assert face((Tick.START, date(2025, 9, 24)), today=date(2025, 9, 25), limits=limits).light == "green"
    assert face((Tick.START, date(2025, 9, 24)), today=date(2025, 9, 26), limits=limits).light == "red"


def test_decided_on_the_spot_is_due_the_same_day() -> None:
    limits = Limits(legal_days=0, promised_days=0, immediate=True)
    seen = face((Tick.START, date(2025, 9, 24)), today=date(2025, 9, 24), limits=limits)
    assert (seen.legal_due, seen.left, seen.light) == (date(2025, 9, 24), 0, "green")


def test_s43_a_special_procedure_is_not_counted() -> None:
    began, resumed = (Tick.SUSPEND, date(2025, 9, 29)), (Tick.RESUME, date(2025, 10, 13))
    start = (Tick.START, date(2025, 9, 26))
    during = face(start, began, today=date(2025, 10, 10))
    assert (during.state, during.left, during.excluded_days) == ("paused", 8, 3)
    after = face(start, began, resumed, today=date(2025, 10, 13))
    assert (after.state, after.left, after.excluded_days) == ("running", 8, 5)
    assert after.promised_due == CALENDAR.add(date(2025, 9, 26), 15) == date(2025, 10, 23)


def test_what_was_late_before_the_pause_stays_late() -> None:
    start = (Tick.START, date(2025, 9, 1))
    late = face(start, today=date(2025, 9, 18))
    assert late.left == -3
    paused = face(start, (Tick.SUSPEND, date(2025, 9, 18)), today=date(2025, 10, 20))
    assert (paused.left, paused.light, paused.promised_due) == (-3, "red", late.promised_due)


def test_a_resume_dated_before_its_suspension_takes_nothing_away() -> None:
    start = (Tick.START, date(2025, 9, 1))
    seen = face(start, (Tick.SUSPEND, date(2025, 9, 10)), (Tick.RESUME, date(2025, 9, 8)), today=date(2025, 9, 11))
    assert seen.promised_due == face(start, today=date(2025, 9, 11)).promised_due


def test_an_extension_moves_both_limits() -> None:
    start = (Tick.START, date(2025, 9, 26))
    plain, seen = (
        face(start, today=date(2025, 9, 29)),
        face(start, (Tick.EXTEND, date(2025, 10, 10), 10), today=date(2025, 9, 29)),
    )
    assert plain.legal_due and plain.promised_due and seen.extended_days == 10
    assert seen.legal_due == CALENDAR.add(plain.legal_due, 10) and seen.promised_due == CALENDAR.add(
        plain.promised_due, 10
    )


def test_a_stopped_clock_shows_what_was_left_for_ever() -> None:
    done = (Tick.START, date(2025, 9, 26)), (Tick.STOP, date(2025, 10, 10))
    assert {face(*done, today=day).left for day in (date(2025, 10, 10), date(2026, 10, 10))} == {5}
    assert face(*done, today=date(2026, 10, 10)).state == "stopped"
    withdrawn = face(done[0], (Tick.SUSPEND, date(2025, 9, 29)), done[1], today=date(2026, 1, 5))
    assert (withdrawn.state, withdrawn.left, withdrawn.excluded_days) == ("stopped", 8, 3)


def test_a_year_without_its_notice_is_provisional() -> None:
    assert not face((Tick.START, date(2026, 11, 2)), today=date(2026, 11, 2)).provisional
    assert face((Tick.START, date(2026, 12, 15)), today=date(2026, 12, 15)).provisional


def test_silence_for_five_working_days_accepts() -> None:
    assert deemed_accepted_on(date(2025, 9, 29), CALENDAR) == date(2025, 10, 13)


@given(calendars, days, st.integers(0, 30), st.integers(0, 30))
def test_a_promised_material_never_comes_after_the_promise(
    calendar: Calendar, today: date, may: int, limit: int
) -> None:
    limits = Limits(legal_days=limit, promised_days=limit)
    until = promise_limit(may, limits, today, calendar)
    due = read_clock([ClockEvent(tick=Tick.START, on=today)], limits, calendar, today).promised_due
    assert due is not None and until <= due


@given(calendars, days, st.integers(1, 30), st.integers(0, 40), st.integers(0, 40), st.integers(0, 90))
def test_a_pause_before_the_limit_moves_it_by_exactly_its_working_days(
    calendar: Calendar, start: date, limit: int, until_pause: int, pause: int, later: int
) -> None:
    suspend = start + timedelta(days=until_pause)
    resume = suspend + timedelta(days=pause)
    limits = Limits(legal_days=limit, promised_days=limit)
    events = [
        ClockEvent(tick=Tick.START, on=start),
        ClockEvent(tick=Tick.SUSPEND, on=suspend),
        ClockEvent(tick=Tick.RESUME, on=resume),
    ]
    seen = read_clock(events, limits, calendar, resume + timedelta(days=later))
    plain = calendar.add(start, limit)
    moved = calendar.between(suspend, resume) if suspend < plain else 0
    assert seen.promised_due == calendar.add(start, limit + moved)
    assert seen.excluded_days == calendar.between(suspend, resume)


@given(calendars, days, st.integers(0, 30), st.integers(0, 60))
def test_what_is_left_only_falls_and_ends_on_the_due_day(
    calendar: Calendar, start: date, limit: int, ahead: int
) -> None:
    limits = Limits(legal_days=limit, promised_days=limit)
    events = [ClockEvent(tick=Tick.START, on=start)]
    today = start + timedelta(days=ahead)
    now, next_day = (read_clock(events, limits, calendar, day) for day in (today, today + timedelta(days=1)))
    assert now.left is not None and next_day.left is not None and now.promised_due is not None
    assert 0 <= now.left - next_day.left <= 1
    assert (now.left < 0) == (calendar.between(now.promised_due, today) > 0)
