"""How an act stands: every arrow of the table is a move that the store makes, and it makes no other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from app.store import GivenUp, Standing, Store, deeds
from app.store.rows import MOVES, Outgoing
from contract.problem import Problem, Retry
from tests.fakes.window import OTHER_CLERK, Window, join_demo

NOW = datetime(2026, 11, 21, tzinfo=UTC)
REFUSED = Problem("case.not_allowed", Retry.AFTER_FIX)


@pytest.fixture
def store(tmp_path: Path, key: bytes) -> Iterator[Store]:
    with Store.open(tmp_path, key) as store:
        join_demo(store)
        yield store


def moves_of(db: apsw.Connection) -> set[tuple[str | None, str]]:
    return {(before, after) for before, after in db.execute("select before, after from moved") if before != after}


def test_the_store_moves_acts_along_every_arrow_and_no_other(store: Store) -> None:
    window = Window(store)
    with store._tables.writing() as (db, _):
        db.execute("create temp table moved (before, after)")
        db.execute(
            "create temp trigger moving after update of standing on actions"
            " begin insert into moved values (old.standing, new.standing); end"
        )
        db.execute(
            "create temp trigger coming after insert on actions"
            " begin insert into moved values (null, new.standing); end"
        )
    case = window.take_in()
    other = window.take_in()
    with store._tables.writing() as (db, _):
        first, *_ = sent = deeds.begin_sending(db, "s1")
        deeds.back_to_waiting(db)
        deeds.acknowledge(db, first.id, NOW)  # it came there another way, in a parcel
        mine = [out for out in sent if out.case_id == case]
        theirs = [out for out in sent if out.case_id == other]
        deeds.begin_sending(db, "s1")
        for out in mine:
            deeds.acknowledge(db, out.id, NOW)
        deeds.match(db, case, NOW)
        deeds.unmatch(db, case, Standing.ACKNOWLEDGED)
        deeds.unmatch(db, case, Standing.WAITING)  # set back while the digests differed …
        for out in mine:
            deeds.acknowledge(db, out.id, NOW)
        deeds.match(db, case, NOW)
        deeds.unmatch(db, case, Standing.WAITING)  # … and while they were equal

        deeds.begin_sending(db, "s1")
        deeds.hold(db, theirs[0].id, REFUSED)
        deeds.back_to_waiting(db)
        assert deeds.release(db, other) == 1
        deeds.begin_sending(db, "s1")
        deeds.hold(db, theirs[0].id, REFUSED)
        deeds.back_to_waiting(db)
        assert deeds.set_aside(db, other, _given_up()) == len(theirs)
        deeds.acknowledge(db, theirs[0].id, NOW)
        assert moves_of(db) == {(before and before.value, after.value) for before, after in MOVES}


def _given_up() -> GivenUp:
    return GivenUp(at=NOW, author=OTHER_CLERK, reason="试验", supervisor=OTHER_CLERK)


def test_an_act_that_no_ask_can_hold_is_held_without_being_sent(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deeds, "TOO_LARGE", 10)
    case = Window(store).take_in()
    assert store.exchange.begin_sending() == ()
    standings = [deed.standing for deed in store.acts.of_case(case)]
    assert standings[0] is Standing.HELD and set(standings[1:]) == {Standing.WAITING}


def test_a_parcel_takes_what_the_server_has_not_answered_and_nothing_held(store: Store) -> None:
    window = Window(store)
    going, held = window.take_in(), window.take_in()
    with store._tables.writing() as (db, _):
        sent = deeds.begin_sending(db, "s1")
        deeds.hold(db, next(out for out in sent if out.case_id == held).id, REFUSED)
    waiting: tuple[Outgoing, ...] = store.exchange.unheard()
    assert {out.case_id for out in waiting} == {going}
    assert [out.id for out in waiting] == [out.id for out in sent if out.case_id == going]


def test_rule_08_of_more_matched_cases_than_one_round_compares_each_has_its_turn(store: Store) -> None:
    window = Window(store)
    cases = [window.take_in() for _ in range(8)]
    with store._tables.writing() as (db, _):
        for out in deeds.begin_sending(db, "s1"):
            deeds.acknowledge(db, out.id, NOW)
        for case in cases[:-1]:
            deeds.match(db, case, NOW)
        looked_at = [deeds.watched(db, thorough=True, limit=4) for _ in range(100)]
        assert deeds.watched(db, thorough=False, limit=4) == [cases[-1]]
        assert set(deeds.watched(db, thorough=True, limit=100)) == set(cases)
    for found in looked_at:
        assert len(set(found)) == 4 and found[0] == cases[-1] and {cases[5], cases[6]} <= set(found)
    assert {case for found in looked_at for case in found} == set(cases)
