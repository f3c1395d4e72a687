"""Rule 9: two stations without a line take in the same matter for the same person, and a person decides about it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.cases import acts, lists
from app.demo_officer import Officer
from app.desk import today
from app.flow import clashes, finish
from app.flow.draft import panel
from contract.case import Case, State
from contract.exchange import Clash, Settlement
from contract.problem import Problem
from tests.journeys.conftest import STREET, Window, Windows

RENT = "JF-00117-001"  # 公共租赁住房保障资格: two at once are to be looked at; the applicant's district decides
HAISHU = "330203001001"


def take_in(window: Window) -> Case:
    return finish.take_in(window.desk, window.fill_materials(window.begin("haishu", RENT)), window.clerk).case


def clash_of(window: Window, case: Case) -> Clash | None:
    return next(iter(lists.shown(window.desk, case.id, window.clerk).view.clashes), None)


def to_do(window: Window) -> list[str]:
    return [item.case_id for item in lists.todo(window.desk, window.clerk) if item.why == "clash"]


def test_rule_09_two_stations_apart_take_in_the_same_and_a_person_decides(
    window: Windows, officer: Callable[[str], Officer]
) -> None:
    yuyao, haishu = window(STREET, "zhoumin", "haishu"), window(HAISHU, "fangyuan", "haishu")
    both = (yuyao, haishu)
    for one in both:
        one.desk.courier.stop()
    first, second = take_in(yuyao), take_in(haishu)  # neither could know
    for one in both:
        one.desk.courier.start()
    for one, case in zip(both, (first, second), strict=True):
        one.settle(one.agreed)  # nothing was refused
        one.desk.courier.retry_now()
        one.settle(lambda one=one, case=case: clash_of(one, case) is not None)  # type: ignore[misc]
        assert to_do(one) == [case.id] and acts.get_case(one.desk, case.id).state is State.RECEIVED
        clash = clash_of(one, case)
        assert clash is not None and not clash.number and not clash.where and "海曙区" in clash.ask

    # the next one at the same window is taken in only knowingly
    draft = yuyao.fill_materials(yuyao.begin("haishu", RENT))
    others = clashes.clashing(yuyao.desk, draft)
    assert [other.number for other in others] == [first.number]
    said = panel(draft, yuyao.desk.catalogue(), yuyao.desk.node, today(yuyao.desk), others)
    assert [one.kind for one in said.missing] == ["clash"]
    with pytest.raises(Problem, match=r"intake\.clash"):
        finish.take_in(yuyao.desk, draft, yuyao.clerk)

    # the department calls the second one the duplicate; its window voids it, and both are at peace
    clash = clash_of(haishu, second)
    assert clash is not None
    housing = officer("haishu-housing")
    housing.act(second.id, f"clashes/{clash.id}", say="duplicate", reason="凤山街道已先收件")
    haishu.desk.courier.retry_now()
    haishu.settle(lambda: (found := clash_of(haishu, second)) is not None and found.is_this)
    found = clash_of(haishu, second)
    assert found is not None and (found.settlement, found.reason) == (Settlement.DUPLICATE, "凤山街道已先收件")
    acts.void(haishu.desk, second.id, haishu.clerk, "重复收件")
    haishu.settle(haishu.agreed)
    for one, case in zip(both, (first, second), strict=True):
        one.desk.courier.retry_now()
        one.settle(lambda one=one, case=case: (c := clash_of(one, case)) is not None and c.is_settled)  # type: ignore[misc]
        assert to_do(one) == []
    assert acts.get_case(yuyao.desk, first.id).state is State.RECEIVED
    housing.act(first.id, "accept")
