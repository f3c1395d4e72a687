"""What is held bars what comes after it, until a person has looked."""

from __future__ import annotations

import pytest

from app.store import GivenUp, Standing, Store
from contract.case import Kind, Voided
from contract.problem import Problem
from tests.fakes.window import CLERK, MORNING, OTHER_CLERK, Window


def test_a_held_act_bars_further_acts_until_it_is_sent_again_or_set_aside(store: Store, window: Window) -> None:
    case_id = window.take_in()
    first = store.exchange.begin_sending()[0]
    store.exchange.hold(first, Problem("case.no_power"))
    store.exchange.give_back()
    with pytest.raises(Problem, match="case.held_back"):
        window.store.acts.did([store.acts.make(case_id, Kind.VOID, Voided(reason="x"), CLERK, after=first.id)])
    (row,) = store.outbox.by_case()
    assert row.standing is Standing.HELD and row.problem is not None and row.problem.code == "case.no_power"
    assert store.outbox.counts() == (1, 1) and not store.outbox.has_waiting()
    case, pending, problem = store.cases.shown(case_id)
    assert case is not None and len(pending) == 3 and problem == Problem("case.no_power")
    assert store.outbox.release(case_id) == 1 and store.outbox.has_waiting()
    store.exchange.hold(first, Problem("case.no_power"))
    given_up = GivenUp(reason="重复收件", author=CLERK, at=MORNING, supervisor=OTHER_CLERK)
    assert store.outbox.set_aside(case_id, given_up) == 3
    assert store.outbox.by_case() == () and store.outbox.counts() == (0, 0) and len(store.acts.of_case(case_id)) == 3
    assert all(deed.aside and deed.problem is not None for deed in store.acts.of_case(case_id))
    assert {deed.given_up for deed in store.acts.of_case(case_id)} == {given_up} and store.outbox.given_up_cases() == (
        case_id,
    )
    assert "重复" not in repr(given_up) and "周敏" not in repr(given_up)
    with pytest.raises(Problem, match="held.gone"):
        store.outbox.set_aside(case_id, given_up)
