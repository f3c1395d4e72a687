"""Case numbers of two windows of one node that are mostly without a line: never one twice, never one of another's
(F12, sync.md 4)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from app.store import Standing
from app.sync.enrol import join
from app.sync.round import one_round
from contract.ids import is_case_number
from contract.problem import Problem
from tests.app.conftest import NewStation, Station
from tests.fakes.serving import ServerProcess
from tests.fakes.window import Window

COUNTY = "330281"
WANTED = 5_000  # at each window


MEMORY = Path("/dev/shm")  # ten thousand draws are as many commits; that they are durable is for others to test


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """Where the stations of this file lie: in memory where there is such a place."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as folder:
        yield Path(folder)


def left(station: Station) -> int:
    return sum(pool.left for pool in station.store.numbers.pools())


def talk(station: Station) -> None:
    one_round(station.store, station.line, lambda: datetime.now(UTC))


def drawn_offline(station: Station) -> Iterator[str]:
    """All that the window has, printed without a line; the last is borne by a case."""
    for _ in range(left(station) - 1):
        yield station.store.numbers.take(COUNTY)
    case = station.store.cases.shown(Window(station.store).take_in(size=100))[0]
    assert case is not None
    yield case.number
    with pytest.raises(Problem, match=r"numbers\.none_left"):
        station.store.numbers.take(COUNTY)


def test_f12_two_windows_print_ten_thousand_numbers_and_none_twice(new_station: NewStation) -> None:
    def print_all(station: Station) -> list[str]:
        numbers: list[str] = []
        while len(numbers) < WANTED:
            numbers += drawn_offline(station)
            talk(station)  # the line is there for a moment: the case goes over, a block comes back
        return numbers

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(print_all, [new_station(), new_station()])
    assert len(one) >= WANTED and len(two) >= WANTED
    assert len({*one, *two}) == len(one) + len(two)
    assert all(is_case_number(number) for number in (*one, *two))


def test_more_is_asked_for_before_they_run_out_and_no_more_than_is_needed(station: Station) -> None:
    had = left(station)
    for _ in range(had // 2):
        station.store.numbers.take(COUNTY)
    talk(station)
    assert left(station) == had - had // 2  # half a block is left: enough
    station.store.numbers.take(COUNTY)
    talk(station)
    assert left(station) == had - had // 2 - 1 + had
    talk(station)
    assert left(station) == had - had // 2 - 1 + had


def test_rule_04_a_station_that_joins_anew_as_another_takes_no_number_of_the_former(
    station: Station, server: ServerProcess
) -> None:
    """The answer to the joining came and the pack did not; whoever set it up took another code (a day full of faults
    found it: every case was refused with number.not_yours)."""
    former, first = station.store.station.get(), station.store.numbers.take(COUNTY)
    assert join(station.store, station.line, server.code(former.node)).id != former.id
    assert not station.store.numbers.is_ours(first)
    assert left(station) == 200
    case = station.store.cases.shown(Window(station.store).take_in(size=100))[0]
    assert case is not None and case.number != first and station.store.numbers.is_ours(case.number)
    talk(station)
    assert {row.standing for row in station.store.outbox.by_case()} <= {Standing.ACKNOWLEDGED, Standing.MATCHED}
    assert [row.problem for row in station.store.outbox.by_case() if row.problem] == []
