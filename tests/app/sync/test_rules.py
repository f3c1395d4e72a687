"""Rules of working without a line that no single room answers for: clocks and papers, drafts and their files."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.papers.paper import Moment
from app.papers.wording import times
from app.store import Store
from app.sync.line import Line
from app.sync.outbox import retention
from app.sync.round import one_round
from contract.problem import Problem
from tests.app.conftest import NewStation, Station
from tests.fakes.rounds import now, settle
from tests.fakes.window import CLERK, Window, join_demo


@pytest.mark.parametrize("days", [-1, 1, 365])
def test_rule_11_f29_due_dates_use_the_servers_time_and_the_paper_shows_both(
    new_station: NewStation, days: int
) -> None:
    station = new_station()
    store, clock = station.store, station.clock
    clock.ahead = timedelta(days=days)
    line = Line(station.line.url, store.station, clock=clock)
    one_round(store, line, clock)
    case_id = Window(store).take_in()
    act = store.cases.actions(case_id)[-1]
    assert abs(act.at - now()) < timedelta(minutes=1) < abs(act.made_at - now())
    settle(store, line)
    received = line.case_view(case_id).case.received_at
    assert received is not None and abs(received - now()) < timedelta(minutes=1)
    words = times(Moment(by="", at=act.made_at, server_at=act.at))
    assert [label for label, _ in words] == ["时间", "本机时间"] and "（服务器）" in words[0][1]
    line.close()


def test_rule_11_a_clock_that_jumped_is_not_reckoned_with_before_the_server_was_heard(station: Station) -> None:
    store = station.store
    one_round(store, station.line, now)
    assert store.offset.ms() is not None
    station.clock.ahead = -timedelta(hours=5)  # somebody set it
    act = store.cases.actions(Window(store).take_in())[-1]
    assert act.server_offset_ms is None
    assert "未与服务器校对" in times(Moment(by="", at=act.made_at, server_at=None))[0][1]


def test_f24_a_draft_names_its_files_by_what_is_in_them(tmp_path: Path) -> None:
    """A draft and its pages agree, or it is said: a page is the one that was scanned, byte for byte, or none."""
    with Store.open(tmp_path, secrets.token_bytes(32)) as store:
        join_demo(store)
        kept, damaged = store.pages.put(b"kept" * 1000), store.pages.put(b"damaged" * 1000)
        store.drafts.save("d", CLERK.id, "t", f'{{"pages": ["{kept}", "{damaged}"]}}')
        with store._database.reading() as db:
            (name,) = db.execute("select file from blobs where digest = ?", (damaged,)).fetchone()  # type: ignore[misc]
        path = tmp_path / "pages" / str(name)
        path.write_bytes(path.read_bytes()[:-1] + b"\0")
        assert store.pages.drop_orphans(now() + timedelta(days=99)) == 0  # a draft's pages stay as long as the draft
        assert store.pages.get(kept) == b"kept" * 1000
        with pytest.raises(Problem, match=r"store\.page_damaged"):
            store.pages.get(damaged)
        assert store.pages.put(b"damaged" * 1000) == damaged and store.pages.get(damaged)  # scanned again it is whole


@dataclass(frozen=True)
class OnlyStore:
    """A desk of which nothing else is asked."""

    store: Store
    courier: Any = None


def test_rule_18_what_the_server_has_proved_to_hold_goes_after_a_set_time_and_is_said_before(station: Station) -> None:
    store = station.store
    Window(store, seed=18).take_in(pages=2)  # pages like no other case of the node has
    assert retention(OnlyStore(store)).next_goes is None
    settle(store, station.line)
    said = retention(OnlyStore(store))
    assert said.pages == 4 and said.bytes == 4 * 3000 and said.next_goes is not None
    assert abs(said.next_goes - said.kept_for - now()) < timedelta(minutes=1)
    assert store.pages.drop_matched(said.next_goes - said.kept_for) == 0  # not a moment too early
    assert store.pages.drop_matched(now() + timedelta(minutes=1)) == 4 and retention(OnlyStore(store)).pages == 0
