"""Rule 9 at the server: a second open case of a matter that clashes is a warning held for a person, never a refusal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contract.case import (
    Accepted,
    ClashSeen,
    Decided,
    Declined,
    Ground,
    Kind,
    Received,
    Reviewed,
    State,
    Voided,
    Withdrawn,
    body_as,
)
from contract.exchange import Clash, Event, Settlement
from contract.problem import Problem
from server.cases import clashes, services
from server.cases.history import broken_chains
from server.cases.models import CaseRecord, ClashRecord
from server.catalogue.matters import publish
from server.org.models import User
from tests.server.desk import HAISHU, HAISHU_STREET, STREET, VILLAGE, YUYAO, Desk, food

AT_YUYAO = "浙江省宁波市余姚市凤山街道永丰村1号"


@pytest.fixture
def village(open_desk: Callable[..., Desk]) -> Desk:
    made = open_desk(VILLAGE)
    publish(food(2, clashes=True))
    return made


@pytest.fixture
def haishu(open_desk: Callable[..., Desk], village: Desk) -> Desk:
    return open_desk(HAISHU_STREET, clerk="haishu-clerk")


def person(username: str) -> User:
    return User.objects.get(username=username)


def news(desk: Desk, case_id: str) -> tuple[Clash, ...] | None:
    """What a station hears of a case's clashes."""
    found: list[Event] = [event for event in desk.ask(cursor=0).events if event.case_id == case_id]
    return next((event.clashes for event in reversed(found) if event.clashes is not None), None)


def test_rule_09_both_are_taken_in_and_both_carry_the_warning(village: Desk, haishu: Desk) -> None:
    first, second = village.take_in(version=2), haishu.take_in(version=2)  # neither is refused
    (here,), (there,) = news(village, first.id) or (), news(haishu, second.id) or ()
    assert here.id == there.id and here.settlement is there.settlement is Settlement.OPEN
    assert not here.is_settled and here.ask == "海曙区市场监督管理局"
    for clash in (here, there):  # a window sees its own node's cases only: it hears of no number and no place
        assert (clash.case_id, clash.number, clash.state, clash.where) == ("", "", None, "")
    assert not list(broken_chains())


def test_who_may_see_the_other_case_is_told_which_it_is(village: Desk, open_desk: Callable[..., Desk]) -> None:
    first, second = village.take_in(version=2), village.take_in(version=2)
    (clash,) = news(village, second.id) or ()
    assert (clash.case_id, clash.number, clash.state) == (first.id, first.number, State.RECEIVED)
    assert clash.where.endswith("永丰村")
    street = open_desk(STREET, clerk="supervisor")
    assert (news(street, first.id) or ())[0].number == second.number  # it sees what is below it


def test_nothing_clashes_with_another_matter_or_where_the_matter_says_nothing(village: Desk) -> None:
    village.take_in("allowance")
    before, _ = village.take_in(), village.take_in()  # their version of the matter says nothing of clashes
    assert not ClashRecord.objects.exists()
    services.decline(before.id, person("haishu"), Declined(ground=Ground.NOT_MET, reason="不符合"))
    knowing = village.take_in(version=2)  # the newer one does, and what is closed counts no more
    (clash,) = ClashRecord.objects.all()
    assert clash.second_id == knowing.id and clash.first_id != before.id


def test_an_officer_keeps_both_with_a_reason_that_both_places_read(village: Desk, haishu: Desk) -> None:
    first, second = village.take_in(version=2), haishu.take_in(version=2)
    (clash,) = news(village, first.id) or ()
    number = int(clash.id)
    for who, code in (("yuyao", "case.not_found"), ("clerk", "role.not_allowed")):
        with pytest.raises(Problem, match=code):
            clashes.settle(first.id, number, person(who), Settlement.KEEP_BOTH, "两处店面")
    with pytest.raises(Problem, match=r"clash\.reason_missing"):
        clashes.settle(first.id, number, person("haishu"), Settlement.KEEP_BOTH, "  ")
    with pytest.raises(Problem, match=r"clash\.unknown"):
        clashes.settle(first.id, number + 1, person("haishu"), Settlement.KEEP_BOTH, "两处店面")
    clashes.settle(first.id, number, person("haishu"), Settlement.KEEP_BOTH, "两处店面")
    for desk, case in ((village, first), (haishu, second)):
        (said,) = news(desk, case.id) or ()
        assert (said.settlement, said.reason, said.by) == (Settlement.KEEP_BOTH, "两处店面", "江枫") and said.is_settled
    with pytest.raises(Problem, match=r"clash\.settled"):
        clashes.settle(second.id, number, person("haishu"), Settlement.DUPLICATE, "又想了想")
    assert clashes.to_look_at([first.id, second.id]) == set()
    assert not list(broken_chains())


def test_the_duplicate_is_voided_by_the_window_that_took_it_in(village: Desk, haishu: Desk) -> None:
    first, second = village.take_in(version=2), haishu.take_in(version=2)
    (clash,) = news(haishu, second.id) or ()
    clashes.settle(second.id, int(clash.id), person("haishu"), Settlement.DUPLICATE, "村里已先收")
    (here,), (there,) = news(village, first.id) or (), news(haishu, second.id) or ()
    assert there.settlement is here.settlement is Settlement.DUPLICATE
    assert there.is_this and not here.is_this and not there.is_settled
    assert clashes.to_look_at([first.id]) == {first.id, second.id}
    void = haishu.act(second.id, Kind.VOID, Voided(reason="重复收件"), after=second.last_action)
    assert haishu.told(void).verdict == "done"
    (here,), (there,) = news(village, first.id) or (), news(haishu, second.id) or ()
    assert here.settlement is there.settlement is Settlement.GONE and here.reason == "村里已先收"
    assert clashes.to_look_at([first.id, second.id]) == set()


def test_a_case_that_comes_to_nothing_takes_its_warning_along_and_a_third_begins_anew(village: Desk) -> None:
    first, second = village.take_in(version=2), village.take_in(version=2)
    withdraw = village.act(first.id, Kind.WITHDRAW, Withdrawn(reason="申请人"), after=first.last_action)
    assert village.told(withdraw).verdict == "done"
    assert clashes.to_look_at([first.id, second.id]) == set()
    third = village.take_in(version=2)
    assert [(one.first_id, one.second_id) for one in ClashRecord.objects.exclude(settlement="gone")] == [
        (second.id, third.id)
    ]


def test_a_case_that_can_be_voided_no_more_is_not_called_the_duplicate(village: Desk) -> None:
    first = village.take_in(version=2)
    village.send_pages(first.id)
    officer = person("haishu")
    services.accept(first.id, officer, Accepted())
    services.review(first.id, officer, Reviewed())
    services.approve(first.id, officer, Decided(opinion="准予"))
    second = village.take_in(version=2)
    (clash,) = ClashRecord.objects.all()
    with pytest.raises(Problem, match=r"clash\.too_late"):
        clashes.settle(first.id, clash.pk, officer, Settlement.DUPLICATE, "重复")
    clashes.settle(second.id, clash.pk, officer, Settlement.DUPLICATE, "重复")


def test_two_departments_each_know_that_there_is_another(village: Desk, haishu: Desk) -> None:
    first, second = village.take_in(version=2, address=AT_YUYAO), haishu.take_in(version=2)
    departments = {row.id: row.department for row in CaseRecord.objects.all()}
    assert departments == {first.id: f"{YUYAO}-market", second.id: f"{HAISHU}-market"}
    (said,) = clashes.told(CaseRecord.objects.get(id=first.id), person("yuyao"))
    assert not said.number and said.ask == "海曙区市场监督管理局"
    clashes.settle(first.id, int(said.id), person("yuyao"), Settlement.KEEP_BOTH, "两地各有一店")
    assert (news(haishu, second.id) or ())[0].by == "邬远"


def test_what_the_window_knew_is_kept_with_the_act_and_told_to_whoever_decides(village: Desk) -> None:
    first, acts = village.take_in(version=2), village.begin(version=2)
    received = body_as(acts[2], Received)
    seen = ClashSeen(cases=(first.id,), by=village.author, at=acts[2].made_at)
    knowing = village.act(acts[2].case_id, Kind.RECEIVE, received.model_copy(update={"clash": seen}), after=acts[1].id)
    told = village.ask(*acts[:2], knowing).told
    assert {one.verdict for one in told.values()} == {"done"}
    assert ClashRecord.objects.count() == 1  # known or not, whoever decides is to look
    assert "clash" not in acts[2].body  # an older server takes what says nothing of it
