"""Matters: stars, routing fields, which materials count, who may apply (S09, S17, U03, U06, F27)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from contract.clock import Limits
from contract.form import Form
from contract.material import CaseMaterial, Page, Source
from contract.matter import (
    Audience,
    MaterialRule,
    Matter,
    missing,
    places,
    route,
    star,
    takes,
    wanted,
)
from contract.node import AcceptedBy, Node, NodeLevel, Offering, Tree
from contract.person import LegalPerson, Parties, Person, Tie

WANG = Person(name="王𠮷安", number="330203198506129999", address="浙江省宁波市海曙区鼓楼街道孝闻街999号")
CHEN = Person(name="陈䶮", number="330281199002289992", address="浙江省余姚市凤山街道阳明东路9999号")
FIRM = LegalPerson(
    name="示例公司", uscc="91330203MADEM0002A", address="宁波市海曙区白云街道9号", representative="王𠮷安"
)
SELF = Parties(applicant=WANG, handler=WANG)
AGENT = Parties(applicant=WANG, handler=CHEN, tie=Tie.MANDATE)
PAGE = Page(digest="a" * 64, size=10, media_type="image/jpeg")

FORM = Form(
    data={
        "type": "object",
        "properties": {
            "premises_area": {"type": "string", "format": "tongban-area"},
            "tenure": {"type": "string", "enum": ["owned", "rented"]},
            "sublet": {"type": "boolean"},
        },
    },
    ui={
        "type": "VerticalLayout",
        "elements": [
            {"type": "Control", "scope": "#/properties/premises_area"},
            {"type": "Control", "scope": "#/properties/tenure"},
            {
                "type": "Control",
                "scope": "#/properties/sublet",
                "rule": {
                    "effect": "SHOW",
                    "condition": {"scope": "#/properties/tenure", "schema": {"const": "rented"}},
                },
            },
        ],
    },
)


def when(name: str, value: Any) -> dict[str, Any]:
    return {"properties": {name: {"const": value}}, "required": [name]}


def matter(**changes: Any) -> Matter:
    base: dict[str, Any] = {
        "code": "XK-1",
        "name": "食品经营许可",
        "route_by": "answers.premises_area",
        "audience": Audience.BOTH,
        "ties": tuple(Tie),
        "form": FORM,
        "limits": Limits(),
        "materials": (
            MaterialRule(code="id_card", name="身份证", from_chip=True),
            MaterialRule(code="lease", name="租赁合同", when=when("tenure", "rented")),
            MaterialRule(code="consent", name="转租同意书", when=when("sublet", True)),
            MaterialRule(code="health", name="健康证明", promise_days=5),
            MaterialRule(code="mandate", name="委托书", ties=(Tie.MANDATE,)),
            MaterialRule(code="extra", name="其他", required=False),
        ),
    }
    return Matter(**{**base, **changes})


@pytest.mark.parametrize(
    ("online", "visits", "stars"),
    [
        ((), 1, 1),
        (("consult",), 1, 2),
        (("consult", "pre_review"), 2, 2),
        (("consult", "pre_review"), 1, 3),
        (("consult", "pre_review", "verify_at_pickup"), 1, 4),
        (("verify_at_pickup",), 2, 2),
        (("apply",), 0, 5),
        (("apply",), 1, 2),
        (("apply", "verify_at_pickup"), 0, 5),
    ],
)
def test_s17_stars_follow_from_what_is_offered(online: tuple[str, ...], visits: int, stars: int) -> None:
    assert star(matter(online=online, visits=visits)) == stars


@pytest.mark.parametrize(
    ("route_by", "answers", "place"),
    [
        ("answers.premises_area", {"premises_area": "330281"}, ("answers.premises_area", "330281")),
        ("answers.premises_area", {}, ("answers.premises_area", "")),
        ("answers.premises_area", {"premises_area": None}, ("answers.premises_area", "")),
        ("applicant.address", {}, ("applicant.address", WANG.address)),
        ("handler.address", {}, ("handler.address", CHEN.address)),
        ("node", {}, ("node", "330281001")),
    ],
)
def test_u06_the_matter_names_the_field(route_by: str, answers: dict[str, Any], place: tuple[str, str]) -> None:
    assert places(matter(route_by=route_by), AGENT, answers, "330281001") == place


TREE = Tree(
    [
        Node(code="330200", name="宁波市", level=NodeLevel.CITY),
        Node(code="330203", name="海曙区", level=NodeLevel.COUNTY, parent="330200"),
        Node(code="330203001", name="鼓楼街道", level=NodeLevel.STREET, parent="330203"),
        Node(code="330281", name="余姚市", level=NodeLevel.COUNTY, parent="330200"),
        Node(code="330281001", name="凤山街道", level=NodeLevel.STREET, parent="330281"),
    ]
)
HAISHU, YUYAO = (
    Offering(matter="XK-1", department=f"{area}-market", area=area, accepted_by=AcceptedBy.DEPARTMENT)
    for area in ("330203", "330281")
)


@pytest.mark.parametrize(
    ("route_by", "parties", "answers", "found"),
    [
        # S04: a Haishu resident at a Yuyao window
        ("applicant.address", SELF, {}, (HAISHU,)),
        ("applicant.address", Parties(applicant=FIRM, handler=CHEN, tie=Tie.MANDATE), {}, (HAISHU,)),
        ("handler.address", AGENT, {}, (YUYAO,)),
        # U06: food by its premises, not by where the applicant lives
        ("answers.premises_area", SELF, {"premises_area": "330281001"}, (YUYAO,)),
        ("answers.premises_area", SELF, {}, (HAISHU, YUYAO)),
        ("node", SELF, {}, (YUYAO,)),
    ],
)
def test_s04_the_route(route_by: str, parties: Parties, answers: dict[str, Any], found: tuple[Offering, ...]) -> None:
    routed = route(matter(route_by=route_by), (HAISHU, YUYAO), parties, answers, "330281001", TREE)
    assert routed.candidates == found and routed.field == route_by and routed.clear is (len(found) == 1)


@pytest.mark.parametrize(
    ("parties", "answers", "codes"),
    [
        (SELF, {}, "id_card health extra"),
        (SELF, {"tenure": "owned"}, "id_card health extra"),
        (SELF, {"tenure": "rented"}, "id_card lease health extra"),
        (SELF, {"tenure": "rented", "sublet": True}, "id_card lease consent health extra"),
        (SELF, {"tenure": "owned", "sublet": True}, "id_card health extra"),  # what a hidden field still holds
        (AGENT, {}, "id_card health mandate extra"),
    ],
)
def test_the_list_of_materials_follows_the_answers_and_the_tie(
    parties: Parties, answers: dict[str, Any], codes: str
) -> None:
    assert [rule.code for rule in wanted(matter(), parties, answers)] == codes.split()


@pytest.mark.parametrize(
    ("materials", "codes"),
    [
        ([], "id_card health"),
        ([CaseMaterial(code="id_card", name="", source=Source.CHIP)], "health"),
        ([CaseMaterial(code="id_card", name="")], "id_card health"),  # a slot with nothing in it
        ([CaseMaterial(code="health", name="", source=Source.CHIP)], "id_card health"),  # no chip holds that
        ([CaseMaterial(code="health", name="", promised_until=date(2026, 12, 1))], "id_card"),
        ([CaseMaterial(code="id_card", name="", promised_until=date(2026, 12, 1))], "id_card health"),  # may not be
        (
            [CaseMaterial(code="health", name="", library="L1"), CaseMaterial(code="id_card", name="", pages=(PAGE,))],
            "",
        ),
    ],
)
def test_f27_nothing_is_received_without_its_required_materials(materials: list[CaseMaterial], codes: str) -> None:
    assert [rule.code for rule in missing(matter(), SELF, {}, tuple(materials))] == codes.split()


@pytest.mark.parametrize(
    ("changes", "parties", "refused"),
    [
        ({}, SELF, None),
        ({}, AGENT, None),
        ({"audience": Audience.LEGAL_PERSON}, SELF, "audience"),
        ({"audience": Audience.PERSON}, Parties(applicant=FIRM, handler=WANG, tie=Tie.MANDATE), "audience"),
        ({}, Parties(applicant=FIRM, handler=WANG, tie=Tie.LEGAL_REPRESENTATIVE), None),
        ({}, Parties(applicant=FIRM, handler=WANG, tie=Tie.SELF), "tie"),
        ({}, Parties(applicant=FIRM, handler=WANG, tie=Tie.GUARDIAN), "tie"),
        ({}, Parties(applicant=WANG, handler=CHEN, tie=Tie.LEGAL_REPRESENTATIVE), "tie"),
        ({}, Parties(applicant=WANG, handler=CHEN, tie=Tie.SELF), "tie"),
        ({"ties": (Tie.SELF,)}, AGENT, "tie"),
    ],
)
def test_u03_a_matter_refuses_a_tie_that_it_does_not_take(
    changes: dict[str, Any], parties: Parties, refused: str | None
) -> None:
    assert takes(matter(**changes), parties) == refused


def test_s09_a_version_is_part_of_the_key() -> None:
    assert matter(version=2).key == ("XK-1", 2)
