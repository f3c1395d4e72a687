"""What the window that took a case in does to it later, and who may (U05, U01)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.cases import acts
from app.cases.lists import shown
from app.cases.view import case_view
from app.flow import finish, pages, steps
from contract.case import Action, Author, Case, Ground, Kind, State, SupplementItem
from contract.person import Clerk, Role
from contract.problem import Problem
from tests.fakes.counter import LU, VILLAGE, ZHOU, Counter, open_counter

FOOD = "XK-00131-001"
ELDERLY = "QR-00111-003"
RESIDENCE = "QR-00109-005"
ITEM = SupplementItem(material="photo", what="照片不清楚", standard="近期免冠照片")


def taken(counter: Counter, matter: str = ELDERLY, card: str = "long_term") -> Case:
    return finish.take_in(counter.desk, counter.whole(card, matter), ZHOU).case


def decided(counter: Counter, case: Case, *kinds: tuple[Kind, dict[str, Any]]) -> Case:
    """What the department did, as the server tells it."""
    store = counter.desk.store
    officer = Author(id="yuyao-civil", name="傅晓岚", role=Role.OFFICER, department="330281-civil")
    told = list(store.cases.actions(case.id))
    for kind, body in kinds:
        counter.clock.forward(seconds=1)
        told.append(
            Action(
                id=store.acts.new_id(),
                case_id=case.id,
                kind=kind,
                body=body,
                author=officer,
                made_at=counter.clock.now,
                after=told[-1].id,
            )
        )
    view = case_view(counter.desk, case.id).model_copy(update={"actions": tuple(told)})
    store.cases.keep_view(view)
    return acts.get_case(counter.desk, case.id)


APPROVED: tuple[tuple[Kind, dict[str, Any]], ...] = ((Kind.REVIEW, {}), (Kind.APPROVE, {"opinion": "准予"}))


def test_u05_voiding_on_the_day_by_the_window_later_by_a_supervisor(counter: Counter) -> None:
    desk = counter.desk
    case = taken(counter)
    with pytest.raises(Problem, match="case.reason_missing"):
        acts.void(desk, case.id, ZHOU, " ")
    assert Kind.VOID in shown(desk, case.id, ZHOU).allowed
    assert acts.void(desk, case.id, ZHOU, "申请人重复提交").state is State.VOIDED
    with pytest.raises(Problem, match="case.not_allowed"):
        acts.void(desk, case.id, ZHOU, "再一次")
    other = taken(counter)
    assert other.number != case.number  # never used again
    assert not shown(desk, other.id, ZHOU).supervised
    counter.clock.forward(days=1)
    assert shown(desk, other.id, ZHOU).supervised == {Kind.VOID, Kind.CORRECT}
    with pytest.raises(Problem, match="case.void_too_late"):
        acts.void(desk, other.id, ZHOU, "次日发现")
    assert Kind.VOID in shown(desk, other.id, LU).allowed and not shown(desk, other.id, LU).supervised
    third = taken(counter)
    counter.clock.forward(days=1)
    voided = acts.void(desk, third.id, ZHOU, "次日发现", supervisor=LU, offline=True).voided
    assert voided is not None and voided.supervisor is not None
    assert (voided.supervisor.id, voided.supervisor.role, voided.supervisor_offline) == (LU.id, Role.SUPERVISOR, True)
    assert desk.store.cases.actions(third.id)[-1].author.id == ZHOU.id
    assert acts.void(desk, other.id, LU, "次日发现").state is State.VOIDED


def test_u05_a_correction_is_checked_like_the_form(counter: Counter) -> None:
    desk = counter.desk
    case = taken(counter, FOOD, "yuyao")
    with pytest.raises(Problem, match="case.answers_wrong") as raised:
        acts.correct(desk, case.id, ZHOU, "人数写错", answers={**case.answers, "staff": "三"})
    assert raised.value.facts == {"count": "1", "field": "staff"}
    done = acts.correct(desk, case.id, ZHOU, "人数写错", answers={**case.answers, "staff": 5, "remark": ""})
    assert done.answers["staff"] == 5 and "remark" not in done.answers and done.number == case.number


def test_u05_a_late_correction_needs_a_supervisor_beside(counter: Counter) -> None:
    desk = counter.desk
    case = taken(counter)
    counter.clock.forward(days=1)
    with pytest.raises(Problem, match="case.correct_too_late"):
        acts.correct(desk, case.id, ZHOU, "电话写错", phone="13911111111")
    done = acts.correct(desk, case.id, ZHOU, "电话写错", phone="13911111111", supervisor=LU)
    said = done.corrections[0]
    assert said.supervisor is not None and said.supervisor.id == LU.id and not said.supervisor_offline
    with pytest.raises(Problem, match="correct.nothing_changed"):
        acts.correct(desk, case.id, ZHOU, "电话写错", phone="13911111111", supervisor=LU)


def test_u05_a_correction_does_not_move_the_case_or_need_what_was_not_handed_in(counter: Counter) -> None:
    desk = counter.desk
    case = taken(counter, FOOD, "yuyao")
    before = {"answers": dict(case.answers)}
    with pytest.raises(Problem, match="correct.other_department") as raised:
        acts.correct(desk, case.id, ZHOU, "地址", answers={**case.answers, "premises_area": "330281001001"})
    assert "余姚市市场监督管理局" in raised.value.facts["organ"]
    assert acts.get_case(desk, case.id).answers == before["answers"]


def test_withdrawing_and_its_reason(counter: Counter) -> None:
    case = taken(counter)
    with pytest.raises(Problem, match="case.reason_missing"):
        acts.withdraw(counter.desk, case.id, ZHOU, "")
    assert acts.withdraw(counter.desk, case.id, ZHOU, "申请人不办了").state is State.WITHDRAWN


def test_handing_over_needs_a_decision_a_receiver_and_every_promise_kept(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.begin("yuyao", RESIDENCE, residence_area="330281001001")
    draft = pages.promise(desk, draft, "photo")
    for slot in draft.materials:
        if not slot.present and slot.code != "photo":
            draft = pages.add_file(desk, draft, slot.code, counter.page(), "image/jpeg")
    case = finish.take_in(desk, draft, ZHOU).case
    if case.state is State.RECEIVED:
        case = decided(counter, case, (Kind.ACCEPT, {}))
    with pytest.raises(Problem, match="case.not_allowed"):
        acts.deliver(desk, case.id, ZHOU, "本人")
    case = decided(counter, case, *APPROVED)
    assert case.state is State.APPROVED
    assert Kind.DELIVER not in shown(desk, case.id, ZHOU).allowed
    with pytest.raises(Problem, match="case.promise_open"):
        acts.deliver(desk, case.id, ZHOU, "本人")
    handing = steps.supplementing(desk, case.id, ZHOU)
    finish.take_in(desk, pages.add_file(desk, handing, "photo", counter.page(), "image/jpeg"), ZHOU)
    assert Kind.DELIVER in shown(desk, case.id, ZHOU).allowed
    with pytest.raises(Problem, match="deliver.receiver_missing"):
        acts.deliver(desk, case.id, ZHOU, " ")
    done = acts.deliver(desk, case.id, ZHOU, "本人")
    assert done.state is State.DELIVERED and done.delivered is not None and done.delivered.node == desk.node


def test_a_received_case_is_asked_supplemented_and_accepted_where_the_window_may(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.begin("long_term", ELDERLY)
    case = finish.ask_supplement(desk, draft, ZHOU, (ITEM,)).case
    assert shown(desk, case.id, ZHOU).allowed >= {Kind.SUPPLEMENT, Kind.VOID}
    with pytest.raises(Problem, match="supplement.nothing_new"):
        acts.supplement(desk, case.id, ZHOU, ())
    handing = counter.fill_materials(steps.supplementing(desk, case.id, ZHOU))
    case = finish.take_in(desk, handing, ZHOU).case
    able = shown(desk, case.id, ZHOU).allowed
    assert {Kind.ACCEPT, Kind.DECLINE} <= able and Kind.ASK_SUPPLEMENT not in able  # once is once
    with pytest.raises(Problem, match="case.asked_already"):
        acts.ask_supplement(desk, case.id, ZHOU, (ITEM,))
    assert acts.accept(desk, case.id, ZHOU).state is State.ACCEPTED


def test_u01_what_the_node_may_not_do_is_refused(counter: Counter) -> None:
    desk = counter.desk
    case = taken(counter, FOOD, "yuyao")
    able = shown(desk, case.id, ZHOU).allowed
    assert {Kind.ACCEPT, Kind.DECLINE, Kind.REVIEW, Kind.APPROVE}.isdisjoint(able)
    assert {Kind.ASK_SUPPLEMENT, Kind.CORRECT, Kind.VOID, Kind.WITHDRAW} <= able
    with pytest.raises(Problem, match="case.no_power"):
        acts.accept(desk, case.id, ZHOU)
    with pytest.raises(Problem, match="case.no_power"):
        acts.decline(desk, case.id, ZHOU, Ground.NOT_MET, "不符合条件")
    officer = Clerk(id="yuyao-market", name="邬子豪", roles=(Role.OFFICER,))
    assert shown(desk, case.id, officer).allowed == frozenset()


def test_another_nodes_case_is_only_handed_over_here(counter: Counter, tmp_path: Path) -> None:
    case = decided(counter, taken(counter), *APPROVED)
    view = case_view(counter.desk, case.id)
    with open_counter(tmp_path / "other", VILLAGE) as village:
        desk = village.desk
        with pytest.raises(Problem, match="case.unknown"):
            shown(desk, case.id, ZHOU)
        desk.store.cases.keep_view(view)
        assert shown(desk, case.id, ZHOU).allowed == {Kind.DELIVER}
        for act in (acts.void, acts.withdraw):
            with pytest.raises(Problem, match="case.not_ours"):
                act(desk, case.id, LU, "不是本网点的")
        assert acts.deliver(desk, case.id, ZHOU, "本人").state is State.DELIVERED
