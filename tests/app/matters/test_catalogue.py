"""The catalogue of a pack: versions, powers, where a matter can be received and where it is decided (S04, S09, U01)."""

from __future__ import annotations

from typing import Any

import pytest

from app.demo import demo_pack
from app.matters.catalogue import Catalogue
from contract.node import AcceptedBy, Grant, NodeLevel, Offering, Power
from contract.person import LegalPerson, Parties, Person, Tie
from contract.problem import Problem

PACK = demo_pack()
CATALOGUE = Catalogue(PACK)
FOOD, CARD, ELDER, LIFT, ALLOWANCE = "XK-00131-001", "QR-00109-002", "QR-00111-003", "QR-00131-008", "JF-00111-001"
VILLAGE, STREET, COUNTY, CITY = "330281001201", "330281001", "330281", "330200"

WANG = Person(name="王𠮷安", number="330203198506129999", address="浙江省宁波市海曙区鼓楼街道孝闻社区孝闻街999号")
SHEN = Person(name="沈阿凤", number="330281194809099986", address="浙江省余姚市梁弄镇横坎头村9组99号")


def catalogue(**changes: Any) -> Catalogue:
    return Catalogue(PACK.model_copy(update=changes))


# --- looking up -------------------------------------------------------------------------------------------------------


def test_s09_a_case_keeps_the_version_that_it_began_with() -> None:
    old = CATALOGUE.matter(FOOD)
    new = old.model_copy(update={"version": 2, "name": "食品经营许可（新办，2027）"})
    both = catalogue(matters=(new, *PACK.matters))
    assert both.matter(FOOD) == new and both.matter(FOOD, 1) == old and both.matter(FOOD, 2) == new
    assert [m for m in both.matters if m.code == FOOD] == [new]
    found = both.search("食品经营许可", STREET)
    assert [hit.matter for hit in found] == [new]


def test_what_the_pack_does_not_have_is_a_problem() -> None:
    assert CATALOGUE.find_matter("XK-0") is None and CATALOGUE.find_matter(FOOD, 9) is None
    for ask in (lambda: CATALOGUE.matter("XK-0"), lambda: CATALOGUE.matter(FOOD, 9)):
        with pytest.raises(Problem, match="matter.unknown"):
            ask()
    with pytest.raises(Problem, match="department.unknown"):
        CATALOGUE.department("nobody")
    assert CATALOGUE.offerings("XK-0") == ()


# --- powers -----------------------------------------------------------------------------------------------------------


def of(code: str, area: str) -> Offering:
    return next(offering for offering in CATALOGUE.offerings(code) if offering.area == area)


def test_u01_what_each_window_may_do() -> None:
    collect = {Power.RECEIVE, Power.NOTIFY, Power.DELIVER}
    assert CATALOGUE.powers(of(FOOD, "330203"), VILLAGE) == collect
    assert CATALOGUE.powers(of(ELDER, "330281"), VILLAGE) == collect | {Power.ACCEPT}
    assert CATALOGUE.powers(of(ELDER, "330203"), VILLAGE) == collect | {Power.ACCEPT}
    # delegated to the streets of the county, so a village and another county's street only collect
    assert CATALOGUE.powers(of(ALLOWANCE, "330281"), STREET) == collect | {Power.ACCEPT}
    assert CATALOGUE.powers(of(ALLOWANCE, "330281"), VILLAGE) == collect
    assert CATALOGUE.powers(of(ALLOWANCE, "330203"), STREET) == collect
    assert CATALOGUE.powers(of(CARD, "330281"), VILLAGE) == frozenset()


def names(code: str, node: str) -> list[str]:
    return [place.name for place in CATALOGUE.receivable_at(code, node)]


def test_what_may_not_be_received_here_is_shown_with_where_it_can() -> None:
    assert CATALOGUE.may_receive(FOOD, VILLAGE) and names(FOOD, VILLAGE) == ["永丰村"]
    assert not CATALOGUE.may_receive(CARD, VILLAGE) and names(CARD, VILLAGE) == ["凤山街道"]
    assert not CATALOGUE.may_receive(LIFT, STREET) and names(LIFT, VILLAGE) == ["余姚市"] == names(LIFT, STREET)
    assert names(CARD, "999999") == ["宁波市"]  # an unknown node: where most can be done
    hit = next(hit for hit in CATALOGUE.search("身份证补领", VILLAGE))
    assert not hit.may_receive and [place.hall for place in hit.instead] == ["余姚市凤山街道便民服务中心"]
    assert CATALOGUE.search("食品", VILLAGE)[0].may_receive and CATALOGUE.search("食品", VILLAGE)[0].instead == ()


def only(levels: tuple[NodeLevel, ...], under: str) -> Catalogue:
    grant = Grant(under=under, powers=(Power.RECEIVE,), levels=levels)
    offer = Offering(
        matter=FOOD, department="330203-market", area="330203", accepted_by=AcceptedBy.DEPARTMENT, grants=(grant,)
    )
    return catalogue(offerings=(offer,))


@pytest.mark.parametrize(
    ("levels", "under", "places"),
    [
        ((NodeLevel.VILLAGE,), "330281001", ["凤山社区", "永丰村"]),  # beside each other below the street
        ((NodeLevel.VILLAGE,), "330203002", ["联南社区", "云丰社区"]),  # far away
        ((NodeLevel.STREET,), "330200", ["凤山街道", "鹿亭乡"]),
        ((NodeLevel.PROVINCE,), "330200", []),  # nowhere
    ],
)
def test_where_it_can_be_received_is_near(levels: tuple[NodeLevel, ...], under: str, places: list[str]) -> None:
    assert [place.name for place in only(levels, under).receivable_at(FOOD, COUNTY)] == places


def test_a_matter_that_nobody_offers_is_found_and_received_nowhere() -> None:
    empty = catalogue(offerings=())
    hit = empty.search("食品", STREET)[0]
    assert not hit.may_receive and hit.instead == ()


# --- where it is decided ----------------------------------------------------------------------------------------------


def decided(code: str, parties: Parties, node: str, **answers: Any) -> list[str]:
    routing = CATALOGUE.where_decided(CATALOGUE.matter(code), parties, answers, node)
    return [offering.department for offering in routing.candidates]


def test_s04_a_haishu_resident_at_a_yuyao_point_goes_to_haishu() -> None:
    assert decided("QR-00311-002", Parties(applicant=WANG, handler=WANG), VILLAGE) == ["330203-disability"]


def test_u06_food_goes_by_its_premises() -> None:
    firm = LegalPerson(name="示例公司", uscc="91330203MADEM0002A", address="余姚市凤山街道")
    parties = Parties(applicant=firm, handler=SHEN, tie=Tie.MANDATE)
    assert decided(FOOD, parties, VILLAGE, premises_area="330203001001") == ["330203-market"]
    assert decided(FOOD, parties, VILLAGE, premises_area="330226101") == ["330226-market"]
    assert len(decided(FOOD, parties, VILLAGE)) == 3  # not answered yet: a clerk would have to choose


def test_second_scene_accepted_on_the_spot() -> None:
    parties = Parties(applicant=SHEN, handler=SHEN)
    assert decided(ELDER, parties, VILLAGE) == ["330281-civil"]
    assert Power.ACCEPT in CATALOGUE.powers(of(ELDER, "330281"), VILLAGE)


def test_the_citys_own_matter_goes_to_the_city_from_everywhere() -> None:
    for node in (VILLAGE, CITY, "330203001"):
        assert decided("GG-00114-006", Parties(applicant=SHEN, handler=SHEN), node) == ["330200-labour"]


def test_an_address_outside_leaves_the_choice_to_the_clerk() -> None:
    away = Person(name="蓝畲云", number="330225200112249988", address="浙江省象山县丹东街道东门社区新华路9999号")
    assert len(decided(ELDER, Parties(applicant=away, handler=away), VILLAGE)) == 3
