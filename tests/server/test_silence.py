"""Deemed acceptance: five working days of silence, and the clock counts from the day of receipt."""

from __future__ import annotations

from datetime import date, datetime

from contract.case import CHINA, Action, State
from contract.clock import Calendar
from server.cases.models import CaseRecord
from server.catalogue.calendar import published_calendar, set_calendar
from server.supervise.silence import accept_silent_cases
from tests.server.desk import Desk


def receive_on(desk: Desk, day: date) -> str:
    at = datetime(day.year, day.month, day.day, 10, tzinfo=CHINA)
    actions: list[Action] = [action.model_copy(update={"made_at": at}) for action in desk.begin()]
    assert {told.verdict for told in desk.ask(*actions).told.values()} == {"done"}
    return actions[0].case_id


def test_silence_accepts_after_the_fifth_working_day_and_not_on_it(desk: Desk) -> None:
    case_id = receive_on(desk, date(2026, 11, 6))  # a Friday: the fifth working day is Friday the 13th
    assert accept_silent_cases(date(2026, 11, 13)) == 0
    assert accept_silent_cases(date(2026, 11, 14)) == 1
    assert accept_silent_cases(date(2026, 11, 14)) == 0
    row = CaseRecord.objects.get(id=case_id)
    case = row.to_wire()
    assert (row.state, case.deemed, case.accepted_on) == (State.ACCEPTED, True, date(2026, 11, 6))
    assert case.accepted_by is not None and case.accepted_by.role == "system"
    assert row.due_on == date(2026, 11, 13)  # five promised working days from the day of receipt
    told = desk.ask().events[-1].action
    assert told is not None and told.body["deemed"] is True


def test_holidays_are_not_silence(desk: Desk) -> None:
    receive_on(desk, date(2026, 11, 6))
    set_calendar(Calendar(holidays=frozenset({date(2026, 11, 10)}), years=frozenset({2026})))
    assert accept_silent_cases(date(2026, 11, 14)) == 0
    assert accept_silent_cases(date(2026, 11, 17)) == 1


def test_the_published_calendar_knows_what_is_published_and_says_what_is_not() -> None:
    calendar = published_calendar(2025, 2040)
    assert 2026 in calendar.years and 2040 not in calendar.years
    assert not calendar.is_working(date(2026, 10, 1))
