"""Doing a held act anew upon what another window did: nothing of theirs is lost, a supervisor stands by (U05, F10)."""

from __future__ import annotations

import pytest

from app.cases import held
from app.cases.compare import Part, compare
from app.desk import author_of
from app.flow import finish, steps
from app.store import Standing
from contract.case import Author, Case, Corrected, Kind, Voided
from contract.exchange import Told, Verdict
from contract.person import Role
from contract.problem import Problem
from tests.fakes.counter import LU, ZHOU, Counter
from tests.fakes.held import hear, lose, take_over

HAN = Author(id="hanlu", name="韩露", role=Role.CLERK, node=ZHOU.node)
ELDERLY = "QR-00111-003"


@pytest.fixture
def case(counter: Counter) -> Case:
    """Taken in here, and with the server."""
    taken = finish.take_in(counter.desk, counter.whole("long_term", ELDERLY), ZHOU).case
    take_over(counter.desk.store, counter.clock.now, taken.id)
    return taken


def correct_apart(counter: Counter, case: Case, first: Corrected, *mine: Corrected) -> None:
    author = author_of(counter.desk, ZHOU)
    lose(counter.desk.store, counter.clock.now, case.id, mine, author, first, HAN)


def test_what_the_other_window_changed_of_the_people_stays(counter: Counter, case: Case) -> None:
    parties = case.parties
    handler = parties.handler.model_copy(update={"phone": "13900000002"})
    ours = parties.model_copy(update={"handler": handler})
    applicant = parties.applicant.model_copy(update={"name_display": "沈阿凤（曾用名）"})
    theirs = parties.model_copy(update={"applicant": applicant})
    correct_apart(counter, case, Corrected(reason="姓名", parties=theirs), Corrected(reason="电话", parties=ours))
    after = held.redo(counter.desk, case.id, ZHOU, {"reason": "电话，当面核实"})
    assert after.parties.handler.phone == "13900000002" and after.parties.applicant.shown_name == "沈阿凤（曾用名）"
    assert [said.reason for said in after.corrections] == ["姓名", "电话，当面核实"]


def test_on_another_day_a_supervisor_stands_by_the_new_act_and_not_the_old_one(counter: Counter, case: Case) -> None:
    counter.clock.forward(days=1)
    stood_by = author_of(counter.desk, LU)
    mine = Corrected(reason="电话", phone="13900000002", supervisor=stood_by)
    correct_apart(counter, case, Corrected(reason="电话", phone="13900000001", supervisor=stood_by), mine)
    assert held.mending(counter.desk, case.id, ZHOU).supervised
    assert not held.mending(counter.desk, case.id, LU).supervised
    with pytest.raises(Problem, match="case.correct_too_late"):
        held.redo(counter.desk, case.id, ZHOU, {})
    after = held.redo(counter.desk, case.id, ZHOU, {}, LU, offline=True)
    assert after.phone == "13900000002" and after.corrections[-1].supervisor == stood_by
    assert after.corrections[-1].supervisor_offline and not after.corrections[0].supervisor_offline


def test_what_waits_behind_a_held_act_is_done_anew_with_it(counter: Counter, case: Case) -> None:
    store, answers = counter.desk.store, dict(case.answers)
    behind = Corrected(reason="联系人", answers={**answers, "contact_name": "沈国华"})
    first = Corrected(reason="原因", answers={**answers, "reason": "worn"})
    correct_apart(counter, case, first, Corrected(reason="电话", phone="13900000002"), behind)
    assert [deed.standing for deed in store.acts.of_case(case.id)[-2:]] == [Standing.HELD, Standing.WAITING]
    assert len(compare(counter.desk, case.id).ours_done) == 2
    after = held.redo(counter.desk, case.id, ZHOU, {"phone": "13900000003"})
    assert after.phone == "13900000003" and after.answers == {**answers, "reason": "worn", "contact_name": "沈国华"}
    assert [said.reason for said in after.corrections] == ["原因", "电话", "联系人"]
    old = [deed for deed in store.acts.of_case(case.id) if deed.aside]
    assert len(old) == 2 and all(deed.given_up and len(deed.given_up.instead) == 2 for deed in old)
    assert store.outbox.counts() == (1, 0) and store.outbox.has_waiting()


def test_where_the_case_went_on_it_cannot_be_done_anew_and_stays_held(counter: Counter, case: Case) -> None:
    correct_apart(counter, case, Corrected(reason="电话", phone="1"), Corrected(reason="电话", phone="13900000002"))
    store = counter.desk.store
    last = store.cases.server_actions(case.id)[-1].id
    voided = store.acts.make(case.id, Kind.VOID, Voided(reason="重复收件"), HAN, after=last)
    hear(store, counter.clock.now, {}, [voided.model_copy(update={"station": "s2"})])
    found = compare(counter.desk, case.id)
    state = next(row for row in found.rows if row.part is Part.STATE)
    assert (state.ours.text, state.theirs.text) == ("accepted", "voided")
    with pytest.raises(Problem, match="case.not_allowed"):
        held.redo(counter.desk, case.id, ZHOU, {})
    assert store.outbox.counts() == (1, 1)


def test_an_intake_is_opened_where_its_trouble_is_and_signed_anew_when_it_says_something_else(counter: Counter) -> None:
    desk, store = counter.desk, counter.desk.store
    taken = finish.take_in(desk, counter.whole("long_term", ELDERLY), ZHOU).case
    acts = store.cases.actions(taken.id)
    refused = Problem("case.form_mistakes", fields="phone").to_wire()
    told = {act.id: Told(verdict=Verdict.DONE) for act in acts[:2]}
    hear(store, counter.clock.now, {**told, acts[2].id: Told(verdict=Verdict.REFUSED, problem=refused)}, acts[:2])
    assert held.mending(desk, taken.id, ZHOU).reopens
    draft = steps.reopening(desk, taken.id, ZHOU)
    assert draft.step.value == "form" and draft.confirmed == acts[1].author
    draft = steps.with_answers(desk, draft, {**draft.answers, "contact_name": "沈国华"})
    with pytest.raises(Problem, match="intake.form_stale"):
        finish.take_in(desk, draft, ZHOU)
    assert store.outbox.counts() == (1, 1)
