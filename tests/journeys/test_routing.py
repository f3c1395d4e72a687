"""The seed's own scene and its sister: routed by the field the matter names, accepted by who may (S04, U01, U06)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.cases import acts
from app.cases.lists import todo
from app.demo_officer import Officer
from app.desk import today
from app.flow import finish, printing
from app.flow.draft import main_action, panel
from app.papers.paper import PaperKind
from contract.case import Flag, Kind, State
from contract.problem import Problem
from tests.journeys.conftest import STREET, VILLAGE, Windows

FOOD = "XK-00131-001"  # 食品经营许可: the department accepts
ELDERLY = "QR-00111-003"  # 老年优待证: delegated to the windows
MINIMUM = "QR-00311-002"  # 残疾人证换领: routed by the applicant's address


def test_s04_a_haishu_resident_at_a_yuyao_village_point(window: Windows, officer: Callable[[str], Officer]) -> None:
    village = window(VILLAGE, "xuaizhen", "haishu")
    desk = village.desk
    draft = village.begin("haishu", MINIMUM)
    shown = panel(draft, desk.catalogue(), desk.node, today(desk))
    assert "海曙" in shown.decided_by and shown.power == "received_here" and shown.answer_by is not None
    assert main_action(draft, desk.catalogue(), desk.node) == "receive"
    draft = village.fill_materials(draft)
    taken = finish.take_in(desk, draft, village.clerk)
    case = taken.case
    assert case.state is State.RECEIVED and not taken.accepted and case.clock == ()
    assert taken.papers == (PaperKind.RECEIPT,)
    (printed,) = printing.print_papers(desk, case.id, taken.papers, village.clerk)
    assert printed.outcome == "done" and list(village.out.iterdir())
    village.settle(village.agreed)

    # it lands at Haishu's department and nowhere else
    for username in ("yuyao-disability", "ninghai-disability", "haishu-market"):
        with pytest.raises(Problem) as raised:
            officer(username).act(case.id, "accept")
        assert raised.value.facts["page"] == "404"
    haishu = officer("haishu-disability")
    haishu.act(case.id, "accept")
    haishu.act(case.id, "review")
    haishu.act(case.id, "approve", opinion="符合换领条件，准予换领")

    # the collecting point sees the progress, and hands the result over
    village.settle(lambda: acts.get_case(desk, case.id).state is State.APPROVED)
    assert [item.why for item in todo(desk, village.clerk)] == ["hand_over"]
    acts.deliver(desk, case.id, village.clerk, "本人")
    village.settle(village.agreed)
    view = village.server_view(case.id)
    assert view.case.state is State.DELIVERED and view.case.delivered is not None
    assert [action.kind for action in view.actions] == [
        Kind.OPEN, Kind.CONFIRM_PERSON, Kind.RECEIVE, Kind.ACCEPT, Kind.REVIEW, Kind.APPROVE, Kind.DELIVER,
    ]  # fmt: skip
    authors = [action.author.id for action in view.actions]
    assert authors[0] == village.clerk.id == authors[-1] and authors[3] != village.clerk.id


def test_u01_a_window_with_the_power_accepts_on_the_spot(window: Windows) -> None:
    street = window(STREET, "zhoumin", "long_term")
    desk = street.desk
    draft = street.fill_materials(street.begin("long_term", ELDERLY))
    taken = finish.take_in(desk, draft, street.clerk)
    case = taken.case
    assert taken.accepted and case.state is State.ACCEPTED and case.accepted_on == today(desk)
    assert Flag.SEAL_PENDING in case.flags
    assert taken.papers == (PaperKind.RECEIPT, PaperKind.ACCEPTANCE)
    printed = printing.print_papers(desk, case.id, taken.papers, street.clerk)
    assert [each.outcome for each in printed] == ["done", "done"]
    street.settle(street.agreed)
    view = street.server_view(case.id)
    assert view.case.state is State.ACCEPTED and view.clock.promised_due is not None
    assert view.case.number == case.number and view.department is not None and "余姚" in view.department.name


def test_u06_food_licence_goes_by_the_premises_not_by_the_residence(window: Windows) -> None:
    street = window(STREET, "zhoumin", "yuyao")
    draft = street.begin("yuyao", FOOD, premises_area="330203001001")
    assert draft.route is not None and draft.route.area == "330203" and draft.route.field == "answers.premises_area"


def test_f27_nothing_is_received_with_a_required_material_missing(window: Windows) -> None:
    street = window(STREET, "zhoumin", "yuyao")
    draft = street.begin("yuyao", FOOD)
    with pytest.raises(Problem) as raised:
        finish.take_in(street.desk, draft, street.clerk)
    assert raised.value.code == "intake.incomplete"
    assert street.desk.store.cases.find(draft.id) is None and street.desk.store.outbox.by_case() == ()


def test_u05_correcting_and_voiding_by_the_window_that_took_it_in(window: Windows) -> None:
    street = window(STREET, "zhoumin", "long_term")
    desk = street.desk
    taken = finish.take_in(desk, street.fill_materials(street.begin("long_term", ELDERLY)), street.clerk)
    printing.print_papers(desk, taken.case.id, taken.papers, street.clerk)
    corrected = acts.correct(desk, taken.case.id, street.clerk, "电话写错", phone="13900000000")
    assert corrected.corrections[0].replaces and corrected.number == taken.case.number
    voided = acts.void(desk, taken.case.id, street.clerk, "申请人重复提交")
    assert voided.state is State.VOIDED
    street.settle(street.agreed)
    view = street.server_view(taken.case.id)
    assert view.case.state is State.VOIDED and view.case.phone == "13900000000"
    with pytest.raises(Problem, match="case.not_allowed"):
        acts.void(desk, taken.case.id, street.clerk, "再作废")
