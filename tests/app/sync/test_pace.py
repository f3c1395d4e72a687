"""Nothing is ever retried in a tight loop, and nothing is given up."""

from __future__ import annotations

from datetime import time

import pytest

from app.sync.pace import (
    BULK,
    FIRST_REFUSAL,
    IDLE,
    LAST_REFUSAL,
    LAST_RETRY,
    LEAST,
    Bounds,
    Outcome,
    Pace,
    Signs,
    wait,
)


def waits(outcome: Outcome, count: int, chance: float, retry_after: float = 0.0) -> list[float]:
    pace, found = Pace(), []
    for _ in range(count):
        pace = pace.after(outcome)
        found.append(wait(pace, chance, retry_after))
    return found


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_rule_07_no_wait_is_shorter_than_the_least_and_none_is_for_ever(outcome: Outcome, chance: float) -> None:
    for seconds in waits(outcome, 200, chance):
        assert LEAST <= seconds <= LAST_REFUSAL


def test_rule_07_the_line_is_tried_ever_more_rarely_up_to_a_minute_with_full_jitter() -> None:
    assert waits(Outcome.LINE, 9, 1.0) == [1, 2, 4, 8, 16, 32, LAST_RETRY, LAST_RETRY, LAST_RETRY]
    assert waits(Outcome.LINE, 9, 0.0) == [LEAST] * 9
    assert waits(Outcome.LINE, 4, 0.5) == [0.5, 1, 2, 4]


def test_a_busy_server_is_left_alone_as_long_as_it_asked() -> None:
    assert all(seconds >= 7 for seconds in waits(Outcome.BUSY, 20, 0.0, retry_after=7))
    assert waits(Outcome.BUSY, 1, 1.0, retry_after=10**9)[0] <= LAST_REFUSAL + LAST_RETRY


def test_a_refusal_is_asked_about_every_hour_at_last() -> None:
    assert waits(Outcome.REFUSED, 5, 1.0) == [FIRST_REFUSAL, 125, 625, 3125, LAST_REFUSAL]


def test_success_begins_anew() -> None:
    pace = Pace()
    for _ in range(10):
        pace = pace.after(Outcome.LINE)
    pace = pace.after(Outcome.IDLE)
    assert 0.75 * IDLE <= wait(pace, 0.0) <= wait(pace, 1.0) <= 1.25 * IDLE
    assert wait(pace.after(Outcome.LINE), 1.0) == 1.0


def test_what_is_to_be_matched_is_asked_about_soon_and_then_more_rarely() -> None:
    assert waits(Outcome.SETTLING, 6, 0.3) == [1, 2, 5, 10, 10, 10]


def test_the_kind_of_line_is_what_it_shows() -> None:
    assert not Signs().is_bad and not Signs(round_trip=0.02).is_bad
    assert Signs(round_trip=0.6).is_bad  # a satellite: known before a page was sent
    slow = Signs(round_trip=0.02).after_pages(500_000, 20.0, 0)
    assert slow.is_bad and not slow.after_pages(5_000_000, 1.0, 0).is_bad
    assert slow.after_pages(1000, 0.001, 0) == slow  # little says nothing
    cut = Signs(round_trip=0.02).after_cut()
    assert cut.is_bad and not cut.after_pages(5_000_000, 1.0, 0).is_bad
    assert cut.after_pages(5_000_000, 1.0, 2).is_bad


def test_an_office_may_bound_what_pages_take_of_its_line() -> None:
    assert Bounds().largest(time(9)) == 0
    night = Bounds(bulk_hours=(time(18), time(8)))
    assert [night.largest(time(hour)) for hour in (0, 7, 8, 12, 17, 18, 23)] == [0, 0, BULK, BULK, BULK, 0, 0]
    noon = Bounds(bulk_hours=(time(12), time(13)))
    assert [noon.largest(time(hour)) for hour in (11, 12, 13)] == [BULK, 0, BULK]
