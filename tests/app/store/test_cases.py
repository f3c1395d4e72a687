"""Cases are found again."""

from __future__ import annotations

from app.store import Standing, Store
from contract.case import State
from tests.fakes.window import ID_NUMBER, MATTER, NAME, Window


def test_cases_are_found_by_number_qr_name_and_id_number(store: Store, window: Window) -> None:
    case_id = window.take_in()
    number = store.cases.shown(case_id)[0].number  # type: ignore[union-attr]
    url = f"https://tongban.example/p/{number}/ABCDEFGHIJKLMNOP"
    for text in (number, f" {number}\n", url, NAME, NAME[0], ID_NUMBER, ID_NUMBER.lower(), number[:12], case_id):
        assert [row.case_id for row in store.cases.look_for(text)] == [case_id], text
    for text in ("", "%", "_", "王", "110105194912310021", "330281-00009999-0"):
        assert store.cases.look_for(text) == (), text
    (row,) = store.cases.recent()
    assert (row.state, row.standing, row.matter, row.applicant) == (State.RECEIVED, Standing.WAITING, MATTER, NAME)
    assert NAME not in repr(row) and [case.id for case in store.cases.in_states([State.RECEIVED])] == [case_id]
