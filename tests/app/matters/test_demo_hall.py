"""The demo hall holds together: every file loads as the contract's types, every reference leads somewhere (S03)."""

from __future__ import annotations

import json
import re
import runpy
from collections import Counter
from datetime import date
from functools import cache
from typing import Any

import pytest

from app.demo import HALL, demo_pack
from app.matters.catalogue import Catalogue
from contract.case import Delivery
from contract.clock import Calendar
from contract.form import check, faults, fields, kept, visible
from contract.material import MaterialForm
from contract.matter import Audience, Matter, star
from contract.node import AcceptedBy, NodeLevel, Power
from contract.person import Clerk, Role, Tie, id_number_fault

PACK = demo_pack()
CATALOGUE = Catalogue(PACK)
CODES = [matter.code for matter in PACK.matters]
SEED_NODES = [
    *("宁波市", "海曙区", "宁海县", "余姚市", "鼓楼街道", "白云街道", "茶院乡", "力洋镇", "凤山街道", "鹿亭乡"),
    *("孝闻社区", "中山社区", "联南社区", "云丰社区", "茶院村", "下徐村", "路下施村", "盖仓村"),
    *("凤山社区", "永丰村", "石潭村", "龙溪村"),
]


@cache
def read(name: str) -> Any:
    return json.loads((HALL / name).read_text("utf-8"))


def answers(code: str) -> dict[str, Any]:
    return dict(read(f"answers/{code}.json"))


# --- places, departments, people --------------------------------------------------------------------------------------


def test_s03_the_tree_is_the_one_that_the_seed_draws() -> None:
    assert Counter(node.name for node in PACK.nodes) == Counter(SEED_NODES) and len(SEED_NODES) == 22
    levels = Counter(node.level for node in PACK.nodes)
    assert levels == {NodeLevel.CITY: 1, NodeLevel.COUNTY: 3, NodeLevel.STREET: 6, NodeLevel.VILLAGE: 12}
    for node in PACK.nodes:
        assert node.hall.endswith(("中心", "服务点"))
        if node.parent:
            parent = CATALOGUE.tree.by_code[node.parent]
            assert node.code.startswith(parent.code) or (parent.level, node.level) == (NodeLevel.CITY, NodeLevel.COUNTY)
    assert CATALOGUE.tree.path_name("330281001201") == "宁波市余姚市凤山街道永丰村"


def test_departments_have_their_area_and_a_number_that_cannot_be_called() -> None:
    codes = [department.code for department in PACK.departments]
    assert len(set(codes)) == len(codes)
    for department in PACK.departments:
        assert department.area in CATALOGUE.tree.by_code and department.short
        assert re.fullmatch(r"0574-0000\d{4}", department.phone)


def test_people_are_where_they_belong() -> None:
    people = read("clerks.json")
    for person in people:
        clerk = Clerk.model_validate({key: person[key] for key in ("id", "name", "roles", "node", "department")})
        assert len(person["password"]) >= 10 and person["username"]
        if Role.OFFICER in clerk.roles:
            assert CATALOGUE.department(clerk.department) and not clerk.node
        else:
            assert clerk.node in CATALOGUE.tree.by_code
    for key in ("id", "username", "name"):
        assert len({person[key] for person in people}) == len(people)
    assert {p["department"] for p in people if p["department"]} == {d.code for d in PACK.departments}
    assert {"330281001", "330281001201", "330203001001"} <= {p["node"] for p in people if "clerk" in p["roles"]}
    assert {"330203", "330226", "330281"} <= {p["node"] for p in people if "supervisor" in p["roles"]}


def test_stations_stand_at_a_node_with_a_clerk() -> None:
    clerks = {person["id"]: person["node"] for person in read("clerks.json")}
    stations = read("stations.json")
    assert len({station["code"] for station in stations}) == len(stations) == 2
    for station in stations:
        assert clerks[station["clerk"]] == station["node"]


# --- the calendar -----------------------------------------------------------------------------------------------------


def test_s30_the_calendar_is_what_the_generator_writes() -> None:
    made = runpy.run_path(str(HALL.parent.parent / "packaging" / "make_calendar.py"))["calendar"]()
    assert made == read("calendar.json")
    assert Calendar.model_validate(made) == PACK.calendar and PACK.calendar.years == {2025, 2026}


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2025, 1, 26), True),
        (date(2025, 10, 8), False),
        (date(2026, 2, 14), True),
        (date(2026, 2, 23), False),
        (date(2026, 11, 20), True),
        (date(2027, 10, 1), True),  # not out yet: the weekday rule, provisional
    ],
)
def test_s30_days_off_and_days_worked(day: date, working: bool) -> None:
    assert PACK.calendar.is_working(day) is working
    assert PACK.calendar.is_provisional(day, day) is (day.year == 2027)


def test_the_calendar_holds_nothing_that_the_weekday_says_already() -> None:
    assert all(day.weekday() < 5 for day in PACK.calendar.holidays)
    assert all(day.weekday() >= 5 for day in PACK.calendar.workdays)


# --- matters ----------------------------------------------------------------------------------------------------------


def test_there_are_enough_matters_of_enough_departments() -> None:
    assert len(CODES) == len(set(CODES)) >= 14
    assert len({matter.organ for matter in PACK.matters}) >= 8
    assert {star(matter) for matter in PACK.matters} >= {2, 3, 4, 5}
    assert {matter.audience for matter in PACK.matters} == set(Audience)
    assert {matter.route_by.partition(".")[0] for matter in PACK.matters} == {"applicant", "answers", "node"}
    assert any(matter.fee.amount for matter in PACK.matters) and any(matter.limits.immediate for matter in PACK.matters)
    assert any(matter.clashes for matter in PACK.matters) and any(matter.excluded for matter in PACK.matters)
    assert {path.stem for path in (HALL / "matters").iterdir()} == set(CODES)
    assert {path.stem for path in (HALL / "answers").iterdir()} == set(CODES)


@pytest.mark.parametrize("matter", PACK.matters, ids=CODES)
def test_each_guide_is_whole(matter: Matter) -> None:
    assert matter.name and matter.name_en and matter.organ and matter.conditions and matter.steps and matter.result
    assert matter.keywords and matter.consult_phone and matter.deliveries and Delivery.WINDOW in matter.deliveries
    assert matter.legal_basis and all("《" in basis for basis in matter.legal_basis)
    assert matter.limits.promised_days <= matter.limits.legal_days
    assert not matter.limits.immediate or matter.limits.legal_days == 0
    assert matter.fee.amount == 0 or matter.fee.basis
    assert (Tie.LEGAL_REPRESENTATIVE in matter.ties) is (matter.audience is not Audience.PERSON)
    assert (Tie.SELF in matter.ties) is (matter.audience is not Audience.LEGAL_PERSON)
    assert set(matter.online) <= {"consult", "pre_review", "apply", "verify_at_pickup"}


@pytest.mark.parametrize("matter", PACK.matters, ids=CODES)
def test_each_list_of_materials_makes_sense(matter: Matter) -> None:
    codes = [rule.code for rule in matter.materials]
    assert len(set(codes)) == len(codes)
    assert [rule.code for rule in matter.materials if rule.is_application_form] == ["application_form"]
    properties = set(matter.form.data["properties"])
    for rule in matter.materials:
        assert rule.forms and set(rule.ties) <= set(matter.ties)
        assert rule.promise_days is None or 0 < rule.promise_days <= matter.limits.promised_days
        assert not rule.licence or MaterialForm.ELECTRONIC in rule.forms or MaterialForm.COPY in rule.forms
        if rule.when is not None:
            # a condition on an answer that is not there would hold: it must ask for the answer too
            assert set(rule.when["properties"]) == set(rule.when["required"]) <= properties
    for tie, code in ((Tie.MANDATE, "mandate"), (Tie.GUARDIAN, "guardian_proof")):
        assert (tie in matter.ties) is (code in codes), code


@pytest.mark.parametrize("matter", PACK.matters, ids=CODES)
def test_s10_each_form_works(matter: Matter) -> None:
    assert faults(matter.form) == ()
    known_sources = re.compile(
        r"(applicant|handler)\.(name|number|uscc|representative|address|phone|sex|nation|birth_date)"
    )
    for field in fields(matter.form):
        assert re.fullmatch(r"[a-z][a-z0-9_]*", field.name)
        assert field.label and field.label_en and field.section and field.section_en
        assert field.source == "" or known_sources.fullmatch(field.source)
        assert field.kind in {"text", "long_text", "date", "number", "integer", "yes_no", "choice", "several", "area"}
        assert len(field.choices_en) == len(field.choices) and all(label for label in field.choices_en)
        assert field.kind not in ("text", "long_text") or field.max_length
        assert not field.hint_en or field.hint
    if matter.route_by.startswith("answers."):
        name = matter.route_by.removeprefix("answers.")
        routed = next(field for field in fields(matter.form) if field.name == name)
        assert routed.required and routed.kind == "area" and not routed.rules


@pytest.mark.parametrize("code", CODES)
def test_the_example_answers_pass(code: str) -> None:
    matter = CATALOGUE.matter(code)
    given = answers(code)
    assert check(matter.form, given) == () and kept(matter.form, given) == given
    assert set(given) <= visible(matter.form, given)


@pytest.mark.parametrize("code", CODES)
def test_an_empty_form_names_what_it_wants(code: str) -> None:
    mistakes = check(CATALOGUE.matter(code).form, {})
    assert mistakes and {mistake.code for mistake in mistakes} == {"required"}


def test_the_people_in_the_examples_are_those_of_the_cards() -> None:
    cards = {card["number"]: card for card in read("cards.json")}
    for number in cards:
        assert id_number_fault(number, date(2026, 11, 20)) is None or not number.isdigit()
    for code in CODES:
        given = answers(code)
        if (number := given.get("applicant_number") or given.get("searcher_number")) is not None:
            card = cards[number]
            assert given.get("applicant_name", given.get("searcher_name")) == card["name"]
            assert given.get("applicant_address", card["address"]) == card["address"]
        assert re.fullmatch(r"0574-0000\d{4}", given["phone"])


# --- who offers what --------------------------------------------------------------------------------------------------


def test_every_offering_leads_somewhere() -> None:
    seen = set()
    for offering in PACK.offerings:
        assert offering.matter in CODES and offering.area in CATALOGUE.tree.by_code
        assert CATALOGUE.department(offering.department).area == offering.area
        assert (offering.matter, offering.area) not in seen
        seen.add((offering.matter, offering.area))
        for grant in offering.grants:
            assert grant.under in CATALOGUE.tree.by_code and grant.powers
        accepts = any(Power.ACCEPT in grant.powers for grant in offering.grants)
        assert accepts is (offering.accepted_by is AcceptedBy.WINDOW)
    for code in CODES:
        areas = {offering.area for offering in CATALOGUE.offerings(code)}
        assert areas in ({"330200"}, {"330203", "330226", "330281"})


def test_every_department_offers_something() -> None:
    assert {offering.department for offering in PACK.offerings} == {d.code for d in PACK.departments}


def test_u01_some_matters_are_not_for_villages_and_most_are() -> None:
    village = [code for code in CODES if CATALOGUE.may_receive(code, "330281001201")]
    assert len(CODES) - 4 <= len(village) < len(CODES)
    assert all(CATALOGUE.may_receive(code, "330281") for code in CODES)
