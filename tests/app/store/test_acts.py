"""An act is written down once, signed, whole, and only where the life of its case allows it."""

from __future__ import annotations

import pytest

from app.store import GivenUp, Store
from app.store.signing import is_signed_by
from contract.case import Author, Kind
from contract.person import Role
from contract.problem import Problem
from tests.fakes.window import CLERK, MORNING, Window


def test_rule_02_what_the_life_of_a_case_does_not_allow_is_refused_and_not_written(
    store: Store, window: Window
) -> None:
    case_id = window.take_in()
    window.void(case_id)
    with pytest.raises(Problem, match="case.not_allowed"):
        window.correct(case_id)
    acts = window.begin()
    acts[2] = acts[2].model_copy(update={"kind": Kind.DELIVER})
    with pytest.raises(Problem, match="case.not_allowed"):
        store.acts.did(acts)
    assert store.cases.shown(acts[0].case_id) == (None, (), None)
    assert len(store.acts.of_case(case_id)) == 4


def test_doing_the_same_twice_is_doing_it_once(store: Store, window: Window) -> None:
    acts = window.begin()
    first = store.acts.did(acts)
    assert store.acts.did(acts) == first and len(store.acts.of_case(first.id)) == 3
    changed = acts[2].model_copy(update={"author": Author(id="someone", name="某", role=Role.CLERK)})
    with pytest.raises(Problem, match="action.reused"):
        store.acts.did([changed])


def test_a_row_never_names_a_page_that_is_not_there(store: Store, window: Window) -> None:
    acts = window.begin()
    body = dict(acts[2].body)
    body["materials"] = [{**body["materials"][0], "pages": [{**body["materials"][0]["pages"][0], "digest": "f" * 64}]}]
    with pytest.raises(Problem, match="store.page_missing"):
        store.acts.did([*acts[:2], acts[2].model_copy(update={"body": body})])


def test_the_draft_goes_with_the_act_that_came_of_it(store: Store, window: Window) -> None:
    acts = window.begin()
    store.drafts.save(acts[0].case_id, CLERK.id, "个体工商户设立登记", "{}")
    store.acts.did(acts, drop_draft=acts[0].case_id)
    assert store.drafts.saved() == ()
    with pytest.raises(Problem, match="draft.gone"):
        store.drafts.get(acts[0].case_id)


def test_rule_01_every_act_is_signed_over_its_canonical_text(store: Store, window: Window) -> None:
    window.take_in()
    for out in store.exchange.begin_sending():
        assert is_signed_by(store.station.public_key(), out.signed.action, out.signed.signature)
        assert not is_signed_by(store.station.public_key(), out.signed.action + " ", out.signed.signature)


def test_an_act_done_in_the_stead_of_a_held_one_sets_it_aside_in_the_same_transaction(
    store: Store, window: Window
) -> None:
    old = window.begin()
    store.acts.did(old)
    store.exchange.hold(store.exchange.begin_sending()[0], Problem("case.form_mistakes"))
    store.exchange.give_back()
    new = window.begin()
    given_up = GivenUp(reason="改正重办", author=CLERK, at=MORNING)
    broken = [*new[:2], new[2].model_copy(update={"after": "x"})]
    with pytest.raises(Problem, match="case.out_of_order"):
        store.acts.did(broken, instead_of=old[0].case_id, given_up=given_up)
    assert store.outbox.counts() == (1, 1) and not any(deed.aside for deed in store.acts.of_case(old[0].case_id))
    store.acts.did(new, instead_of=old[0].case_id, given_up=given_up)
    assert store.outbox.counts() == (1, 0)
    kept = store.acts.of_case(old[0].case_id)
    assert all(deed.given_up and deed.given_up.instead == tuple(act.id for act in new) for deed in kept)
    with pytest.raises(Problem, match="held.gone"):
        store.acts.did(window.begin(), instead_of=old[0].case_id, given_up=given_up)
