"""The tree of service points, powers at a node, and which department is competent (S03, S04, U01, U06)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contract.node import (
    AcceptedBy,
    Grant,
    Node,
    NodeLevel,
    Offering,
    Power,
    Routing,
    Tree,
    competent,
    powers_at,
)

NODES = [
    Node(code="330000", name="浙江省", level=NodeLevel.PROVINCE),
    Node(code="330200", name="宁波市", level=NodeLevel.CITY, parent="330000"),
    Node(code="330203", name="海曙区", level=NodeLevel.COUNTY, parent="330200"),
    Node(code="330203001", name="鼓楼街道", level=NodeLevel.STREET, parent="330203"),
    Node(code="330203001001", name="孝闻社区", level=NodeLevel.VILLAGE, parent="330203001"),
    Node(code="330203001002", name="中山社区", level=NodeLevel.VILLAGE, parent="330203001"),
    Node(code="330281", name="余姚市", level=NodeLevel.COUNTY, parent="330200"),
    Node(code="330281001", name="凤山街道", level=NodeLevel.STREET, parent="330281"),
    Node(code="330281001001", name="凤山社区", level=NodeLevel.VILLAGE, parent="330281001"),
    Node(code="330281001201", name="永丰村", level=NodeLevel.VILLAGE, parent="330281001"),
    Node(code="330281201", name="鹿亭乡", level=NodeLevel.STREET, parent="330281"),
    Node(code="330281201201", name="中山社区", level=NodeLevel.VILLAGE, parent="330281201"),  # the same name again
]
TREE = Tree(NODES)
codes = st.sampled_from([node.code for node in NODES])


def offering(department: str, area: str, accepted_by: AcceptedBy = AcceptedBy.DEPARTMENT, *grants: Grant) -> Offering:
    return Offering(matter="m", department=department, area=area, accepted_by=accepted_by, grants=grants)


def test_s03_a_chain_climbs_to_the_root() -> None:
    assert [node.name for node in TREE.chain("330203001001")] == ["孝闻社区", "鼓楼街道", "海曙区", "宁波市", "浙江省"]
    assert TREE.path_name("330281001201") == "浙江省宁波市余姚市凤山街道永丰村"
    assert TREE.chain("999999") == () and TREE.path_name("999999") == ""


def test_a_tree_that_bites_its_own_tail_ends() -> None:
    ring = Tree(
        [
            Node(code="330201", name="甲", level=NodeLevel.COUNTY, parent="330202"),
            Node(code="330202", name="乙", level=NodeLevel.COUNTY, parent="330201"),
        ]
    )
    assert [node.code for node in ring.chain("330201")] == ["330201", "330202"]


@pytest.mark.parametrize(
    ("code", "county"),
    [
        ("330281001201", "330281"),
        ("330281", "330281"),
        ("330200", "330200"),
        ("330000", "330000"),
        ("440106001", "440106"),
    ],
)
def test_numbers_come_from_the_county(code: str, county: str) -> None:
    assert TREE.county(code) == county


@given(codes, codes)
def test_under_is_a_partial_order(a: str, b: str) -> None:
    assert TREE.is_under(a, a)
    assert not (TREE.is_under(a, b) and TREE.is_under(b, a)) or a == b
    assert TREE.is_under(a, b) == (b in [node.code for node in TREE.chain(a)])


@pytest.mark.parametrize("code", ["33020", "3302000", "33020000100100", "３３０２００", "330200\n", "abcdef"])
def test_a_code_that_is_none_is_refused(code: str) -> None:
    with pytest.raises(ValidationError):
        Node(code=code, name="x", level=NodeLevel.COUNTY)


@pytest.mark.parametrize(
    ("address", "areas"),
    [
        ("浙江省宁波市海曙区鼓楼街道孝闻社区孝闻街999号", ("330203001001",)),
        ("宁波市海曙区", ("330203",)),
        ("海曙区中山社区", ("330203001002",)),  # the other 中山社区 lies in a county that is not named
        ("浙江省余姚市凤山街道季卫桥社区阳明东路9999号", ("330281001",)),
        ("余姚市凤山街道凤山社区", ("330281001001",)),
        ("鼓楼街道孝闻街999号", ("330203001",)),  # no county named, one street of that name
        ("中山社区", ("330203001002", "330281201201")),  # stands under two parents: a clerk chooses
        ("浙江省宁波市", ()),
        ("浙江省象山县丹东街道", ()),
        ("", ()),
        ("户籍海曙区鼓楼街道，现住余姚市永丰村", ("330203001", "330281001201")),  # names both
        ("余姚市孝闻社区", ("330281",)),  # a community of another county does not count
    ],
)
def test_u06_areas_named_in_an_address(address: str, areas: tuple[str, ...]) -> None:
    assert TREE.areas_in(address) == areas


@given(codes)
def test_u06_every_node_finds_itself_by_its_full_path(code: str) -> None:
    found = TREE.areas_in(TREE.path_name(code))
    if TREE.by_code[code].level in (NodeLevel.PROVINCE, NodeLevel.CITY):
        assert found == ()
    else:
        assert found == (code,)


EVERYWHERE = Grant(under="330200", powers=(Power.RECEIVE, Power.NOTIFY, Power.DELIVER))


def test_u01_powers_are_held_by_everything_under_the_grant() -> None:
    food = offering("330203-market", "330203", AcceptedBy.DEPARTMENT, EVERYWHERE)
    assert powers_at(food, "330281001201", TREE) == {Power.RECEIVE, Power.NOTIFY, Power.DELIVER}
    assert powers_at(food, "330000", TREE) == powers_at(food, "999999", TREE) == frozenset()


def test_u01_only_a_delegated_offering_lets_a_window_accept() -> None:
    accept = Grant(under="330281", powers=(Power.ACCEPT,))
    for by, may in ((AcceptedBy.WINDOW, True), (AcceptedBy.DEPARTMENT, False)):
        card = offering("330281-civil", "330281", by, EVERYWHERE, accept)
        assert (Power.ACCEPT in powers_at(card, "330281001", TREE)) is may
        assert Power.ACCEPT not in powers_at(card, "330203001", TREE)


def test_u01_a_grant_can_leave_the_villages_out() -> None:
    halls = Grant(under="330200", powers=(Power.RECEIVE,), levels=(NodeLevel.CITY, NodeLevel.COUNTY, NodeLevel.STREET))
    card = offering("330281-police", "330281", AcceptedBy.DEPARTMENT, halls)
    assert powers_at(card, "330281001", TREE) == {Power.RECEIVE}
    assert powers_at(card, "330281001201", TREE) == frozenset()


HAISHU, YUYAO = offering("330203-market", "330203"), offering("330281-market", "330281")
STREET, CITY = offering("330281001-office", "330281001"), offering("330200-labour", "330200")


@pytest.mark.parametrize(
    ("offerings", "areas", "found"),
    [
        ((HAISHU, YUYAO), ("330203001001",), (HAISHU,)),
        ((HAISHU, YUYAO), ("330281",), (YUYAO,)),
        ((HAISHU, YUYAO), (), (HAISHU, YUYAO)),  # nothing is known: a clerk chooses
        ((HAISHU, YUYAO), ("999999",), (HAISHU, YUYAO)),  # a place that this pack does not know
        ((HAISHU, YUYAO), ("330203001", "330281001"), (HAISHU, YUYAO)),
        ((HAISHU, YUYAO), ("330200",), ()),  # the city itself lies in no county
        ((HAISHU,), ("330281001",), ()),  # a known place that nobody holds
        ((YUYAO, STREET, CITY), ("330281001201",), (STREET,)),  # the nearest level wins
        ((YUYAO, STREET, CITY), ("330281201",), (YUYAO,)),
        ((YUYAO, STREET, CITY), ("330203",), (CITY,)),
        ((CITY,), (), (CITY,)),
        ((), ("330281",), ()),
    ],
)
def test_u06_the_competent_department(
    offerings: tuple[Offering, ...], areas: tuple[str, ...], found: tuple[Offering, ...]
) -> None:
    assert competent(offerings, areas, TREE) == found


def test_one_candidate_is_the_answer() -> None:
    assert Routing(field="node", candidates=(HAISHU,)).clear
    assert (
        not Routing(field="node", candidates=(HAISHU, YUYAO)).clear and not Routing(field="node", candidates=()).clear
    )
