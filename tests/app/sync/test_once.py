"""One sitting of the syncer, as scripts and a technician start it."""

from __future__ import annotations

from datetime import datetime, time

import pytest

from app.store import Standing
from app.sync.once import sync_once
from app.sync.pace import BULK, Bounds, Signs
from app.sync.uploads import SIDE_BY_SIDE, Manner
from contract.case import CHINA
from contract.problem import Problem
from tests.app.conftest import Station
from tests.fakes.rounds import catch_up, now, standings
from tests.fakes.window import Window

NIGHT = Bounds(bulk_hours=(time(18), time(8)))


def test_rule_16_who_cannot_be_the_syncer_is_told_who_is(station: Station) -> None:
    case_id = Window(station.store).take_in()
    with station.store.sync_lock("window"), pytest.raises(Problem, match=r"sync\.locked") as said:
        sync_once(station.store, station.line, now, "command line")
    assert said.value.facts["holder"].startswith("window") and standings(station.store, case_id) == {Standing.WAITING}


def at(hour: int) -> datetime:
    return now().astimezone(CHINA).replace(hour=hour, minute=30)


def test_rule_14_large_scans_wait_for_their_hours_and_nothing_waits_behind_them(station: Station) -> None:
    store, line, window = station.store, station.line, Window(station.store)
    catch_up(store, line)
    large, small = window.take_in(size=BULK + 1), window.take_in()
    said = sync_once(store, line, lambda: at(12), "test", NIGHT)
    assert standings(store, large) == {Standing.ACKNOWLEDGED} and standings(store, small) == {Standing.MATCHED}
    assert said.waiting == 1 and store.outbox.by_case()[0].bytes_left > BULK  # its act is there, its pages wait
    said = sync_once(store, line, lambda: at(19), "test", NIGHT)
    assert standings(store, large) == {Standing.MATCHED} and (said.waiting, said.held) == (0, 0)


def test_rule_14_how_pages_go_follows_from_the_line_and_from_what_the_office_allows() -> None:
    good, bad = Signs(round_trip=0.01), Signs(round_trip=0.6)
    assert [Manner.fitting(line, Bounds(), at(12)).connections for line in (good, bad)] == [1, SIDE_BY_SIDE]
    capped = Bounds(bytes_per_second=32_000, bulk_hours=NIGHT.bulk_hours)
    assert Manner.fitting(good, capped, at(12)) == Manner(bytes_per_second=32_000, largest=BULK)
    assert Manner.fitting(good, capped, at(19)) == Manner(bytes_per_second=32_000)
