"""One round with the real server: what is done here is there once, by whom it was done, or it is held and seen."""

from __future__ import annotations

from app.store import Standing
from app.sync.round import one_round
from app.sync.uploads import send_one_batch
from contract.case import State
from tests.app.sync.conftest import Station, now
from tests.fakes.window import Window


def settle(station: Station) -> None:
    """Rounds and uploads until nothing moves any more."""
    for _ in range(60):
        result = one_round(station.store, station.line, now)
        sent = send_one_batch(station.store, station.line, now)
        if not result.more and not result.moved and sent is None:
            return
    raise AssertionError(f"does not settle: {station.store.outbox()}")


def standings(station: Station, case_id: str) -> set[Standing]:
    return {deed.standing for deed in station.store.deeds(case_id)}


def test_a_case_goes_before_its_pages_and_is_matched_only_when_these_are_there(station: Station) -> None:
    window = Window(station.store)
    case_id = window.take_in(pages=2)
    result = one_round(station.store, station.line, now)
    assert (result.sent, result.acknowledged, result.matched) == (3, 3, 0)
    assert standings(station, case_id) == {Standing.ACKNOWLEDGED}
    case = station.store.shown(case_id)[0]
    assert case is not None and case.state is State.RECEIVED and case.materials_pending
    (row,) = station.store.outbox()
    assert row.bytes_left == sum(page.size for material in case.materials for page in material.pages)
    settle(station)
    assert standings(station, case_id) == {Standing.MATCHED} and station.store.outbox() == ()
    view = station.line.case_view(case_id)
    assert [act.id for act in view.actions] == [act.id for act in station.store.case_actions(case_id)]
    assert not view.case.materials_pending
    for material in view.case.materials:
        for page in material.pages:
            assert station.line.page(case_id, page.digest) == station.store.page(page.digest)
