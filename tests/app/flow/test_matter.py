"""The matter: what is filled in and from where, who decides, what going back and a new catalogue leave as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.desk import today
from app.flow import finish, pages, steps
from app.flow.draft import Caution, Draft, Step, main_action, panel, routing
from contract.case import Ground, Kind, Opened, body_as
from contract.matter import Delivery
from contract.person import USCC_ALPHABET, LegalPerson, Tie, uscc_fault
from contract.problem import Problem
from tests.fakes.counter import STREET, ZHOU, Counter, hall_pack, open_counter

DISABLED = "QR-00311-002"
FOOD = "XK-00131-001"
ELDERLY = "QR-00111-003"
SPECIAL = "QR-00131-008"  # 特种设备: received at the county only


def test_what_is_known_is_filled_in_and_says_where_from(counter: Counter) -> None:
    draft = counter.begin("haishu")
    draft = steps.with_matter(counter.desk, draft, DISABLED)
    card = counter.card("haishu")
    assert draft.answers["applicant_name"] == card.name and draft.sources["applicant_name"] == "chip"
    assert draft.answers["phone"] == "13800000000" and draft.sources["phone"] == "typed"
    draft = steps.with_phone(counter.desk, draft, "13911111111")
    assert draft.answers["phone"] == "13911111111"
    # what the clerk writes is theirs, also where it is nothing
    draft = steps.with_answers(counter.desk, draft, {**draft.answers, "phone": "", "applicant_address": "海曙某处"})
    assert draft.answers["phone"] == "" and {"phone", "applicant_address"}.isdisjoint(draft.sources)
    draft = steps.with_phone(counter.desk, draft, "13800000000")
    assert draft.answers["phone"] == "" and draft.answers["applicant_address"] == "海曙某处"
    assert "phone" in {mistake.field for mistake in steps.mistakes(counter.desk, draft)}


def test_s28_sources_that_disagree_are_both_there_and_the_choice_is_kept(counter: Counter) -> None:
    desk = counter.desk
    first = counter.begin("haishu", DISABLED, applicant_address="宁波市海曙区月湖街道新居")
    finish.take_in(desk, counter.fill_materials(first), ZHOU)
    draft = counter.begin("haishu", DISABLED)
    chip = counter.card("haishu").address
    offered = [(one.value, one.source) for one in draft.conflicts["applicant_address"]]
    assert offered == [(chip, "chip"), ("宁波市海曙区月湖街道新居", "library")]
    cautions = panel(draft, desk.catalogue(), desk.node, today(desk)).cautions
    assert cautions == (Caution(kind="conflict", code="applicant_address", label="户籍地址"),)
    draft = steps.with_answers(desk, draft, {**draft.answers, "applicant_address": "宁波市海曙区月湖街道新居"})
    draft = steps.with_phone(desk, draft, "13911111111")  # whatever else changes
    assert draft.answers["applicant_address"] == "宁波市海曙区月湖街道新居"
    assert draft.sources["applicant_address"] == "library"
    case = finish.take_in(desk, counter.fill_materials(draft), ZHOU).case
    opened = next(a for a in desk.store.cases.actions(case.id) if a.kind is Kind.OPEN)
    body = body_as(opened, Opened)
    assert body.sources["applicant_address"] == "library" and body.sources["applicant_name"] == "chip"
    assert body.passed_over["applicant_address"] == ("chip",)


def test_nobody_elses_words_are_offered(counter: Counter) -> None:
    finish.take_in(counter.desk, counter.whole("haishu", DISABLED, applicant_address="海曙某处"), ZHOU)
    draft = counter.begin("yuyao", DISABLED)
    assert draft.conflicts == {} and draft.answers["applicant_address"] == counter.card("yuyao").address


def test_another_matter_and_back_loses_nothing(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.begin("yuyao", FOOD, premises_address="阳明东路样例小店")
    draft = pages.add_file(desk, draft, "safety_rules", counter.page(), "image/jpeg")
    draft = steps.with_delivery(desk, draft, Delivery.ELECTRONIC)
    food = draft
    draft = steps.with_matter(desk, draft, DISABLED)
    assert "premises_address" not in draft.answers and draft.material("safety_rules") is None
    assert draft.delivery is Delivery.WINDOW  # not sent electronically
    draft = steps.with_answers(desk, draft, {**draft.answers, "certificate_number": "33028119900228999243"})
    draft = steps.with_matter(desk, draft, FOOD)
    for name in ("matter", "answers", "sources", "own", "materials", "route", "delivery"):
        assert getattr(draft, name) == getattr(food, name), name
    counter.reopen()
    draft = steps.with_matter(counter.desk, steps.resume(counter.desk, draft.id), DISABLED)
    assert draft.answers["certificate_number"] == "33028119900228999243"


def test_an_unknown_matter_is_refused_and_nothing_changes(counter: Counter) -> None:
    draft = counter.begin("yuyao", FOOD)
    with pytest.raises(Problem, match="matter.unknown"):
        steps.with_matter(counter.desk, draft, "XX-0")
    assert steps.resume(counter.desk, draft.id) == draft


def test_s09_a_draft_of_the_first_version_survives_the_second(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.whole("yuyao", FOOD)
    old = hall_pack(STREET)
    second = [
        m.model_copy(update={"version": 2, "name": m.name + "（新版）", "materials": m.materials[:2]})
        if m.code == FOOD
        else m
        for m in old.matters
    ]
    counter.new_pack(old.model_copy(update={"version": "next", "matters": tuple(second)}))
    assert desk.catalogue().matter(FOOD).version == 2
    assert steps.begin(desk, ZHOU).matter is None
    again = steps.with_matter(desk, steps.resume(desk, draft.id), FOOD)
    assert again.matter == (FOOD, 1) and len(again.materials) == len(draft.materials)
    assert [one.title for one in steps.drafts(desk, ZHOU)] == [desk.catalogue().matter(FOOD, 1).name]
    case = finish.take_in(desk, again, ZHOU).case
    assert case.matter_version == 1
    fresh = steps.with_matter(desk, counter.begin("yuyao"), FOOD)
    assert fresh.matter == (FOOD, 2) and {slot.code for slot in fresh.materials} == {"application_form", "id_card"}


def test_u06_several_departments_and_the_choice_is_kept_with_what_it_was_from(counter: Counter) -> None:
    desk = counter.desk
    draft = steps.with_matter(desk, counter.begin("yuyao"), FOOD)
    found = routing(draft, desk.catalogue(), desk.node)
    assert len(found.candidates) == 3 and draft.route is None and not found.value
    chosen = found.candidates[1]
    draft = steps.with_route(desk, draft, chosen, ZHOU)
    assert draft.route is not None
    assert (draft.route.department, draft.route.chosen_by) == (chosen.department, ZHOU.id)
    assert draft.route.chosen_from == tuple(o.department for o in found.candidates)
    kept = steps.with_answers(desk, draft, {**draft.answers, "staff": 4})
    assert kept.route == draft.route
    # the field that it goes by speaks: what was chosen before is no longer asked
    clear = steps.with_answers(desk, kept, {**kept.answers, "premises_area": "330281001001"})
    assert clear.route is not None and (clear.route.area, clear.route.chosen_by) == ("330281", "")
    elsewhere = next(o for o in found.candidates if o.area != "330281")
    with pytest.raises(Problem, match="route.not_a_candidate"):
        steps.with_route(desk, clear, elsewhere, ZHOU)
    # emptied again, nothing stands that was not chosen
    assert steps.with_answers(desk, clear, {**clear.answers, "premises_area": ""}).route is None


def test_u06_nobody_competent_is_said(counter: Counter) -> None:
    desk = counter.desk
    old = hall_pack(STREET)
    only = tuple(o for o in old.offerings if not (o.matter == FOOD and o.area == "330281"))
    counter.new_pack(old.model_copy(update={"version": "fewer", "offerings": only}))
    draft = counter.begin("yuyao", FOOD, premises_area="330281001001")
    said = panel(draft, desk.catalogue(), desk.node, today(desk))
    assert ("route", "nobody") in [(one.kind, one.code) for one in said.missing]
    assert draft.route is None and main_action(draft, desk.catalogue(), desk.node) is None
    with pytest.raises(Problem, match="intake.incomplete"):
        finish.take_in(desk, counter.fill_materials(draft), ZHOU)


def test_u01_a_matter_that_this_window_may_not_receive(counter: Counter) -> None:
    code = next(c for last in USCC_ALPHABET if not uscc_fault(c := f"91330281MA0000001{last}"))
    company = LegalPerson(name="样例公司", uscc=code, address="浙江省余姚市凤山街道1号", representative="陈䶮")
    draft = steps.with_applicant(counter.desk, counter.begin("yuyao"), company, Tie.LEGAL_REPRESENTATIVE)
    draft = counter.fill(steps.with_matter(counter.desk, draft, SPECIAL), equipment_area="330281001001")
    desk = counter.desk
    said = panel(draft, desk.catalogue(), desk.node, today(desk))
    assert said.power == "cannot_here" and "power" in [one.kind for one in said.missing]
    with pytest.raises(Problem, match="intake.incomplete"):
        finish.take_in(desk, counter.fill_materials(draft), ZHOU)
    with pytest.raises(Problem, match="case.no_power"):
        finish.decline(desk, draft, ZHOU, Ground.NOT_MET, "不符合条件")


def test_steps_parking_and_coming_back_after_a_restart(counter: Counter) -> None:
    desk = counter.desk
    kept: list[Draft] = []
    for _ in range(9):
        counter.clock.forward(seconds=1)
        draft = steps.to_step(desk, counter.begin("yuyao", FOOD), Step.MATERIALS)
        kept.append(steps.park(desk, pages.add_file(desk, draft, "lease", counter.page(), "image/jpeg")))
    counter.reopen()
    desk = counter.desk
    listed = steps.drafts(desk, ZHOU)
    assert [one.id for one in listed] == [draft.id for draft in kept]  # U08: nine parked, one restart, none lost
    assert {(one.parked, one.step, one.applicant) for one in listed} == {(True, Step.MATERIALS, "陈䶮")}
    again = steps.resume(desk, kept[3].id)
    assert again == kept[3].model_copy(update={"parked": False, "revision": again.revision})
    steps.discard(desk, again)
    with pytest.raises(Problem, match="draft.gone"):
        steps.resume(desk, again.id)
    assert len(steps.drafts(desk, ZHOU)) == 8


def test_a_draft_that_cannot_be_read_stops_nobody(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.begin("yuyao", FOOD)
    desk.store.drafts.save("damaged", ZHOU.id, "食品经营许可", '{"name": "王样例"}')
    assert {one.id for one in steps.drafts(desk, ZHOU)} == {draft.id, "damaged"}
    with pytest.raises(Problem, match="draft.damaged") as raised:
        steps.resume(desk, "damaged")
    assert raised.value.__cause__ is None and "王样例" not in repr(raised.value)


def test_the_next_person_of_the_same_matter_sees_nothing_of_the_last(counter: Counter) -> None:
    desk = counter.desk
    taken = finish.take_in(desk, counter.whole("yuyao", FOOD), ZHOU)
    draft = steps.same_matter_next(desk, taken.case, ZHOU)
    assert draft.matter == (FOOD, 1) and draft.id != taken.case.id
    common = {"premises_tenure", "business_kind", "items"}
    assert set(draft.answers) == set(draft.sources) == common and set(draft.sources.values()) == {steps.CARRIED}
    assert (draft.materials, draft.handler, draft.phone) == ((), None, "")
    draft = steps.with_document(desk, draft, counter.card("haishu"))
    assert draft.materials and "陈䶮" not in draft.model_dump_json()


def test_what_this_window_takes_in_comes_first_in_its_search(counter: Counter) -> None:
    desk = counter.desk
    before = [hit.matter.code for hit in steps.search_matters(desk, "")]
    assert before[0] != FOOD
    for matter in (ELDERLY, FOOD, FOOD):
        finish.take_in(desk, counter.whole("long_term", matter), ZHOU)
    counter.reopen()
    assert [hit.matter.code for hit in steps.search_matters(counter.desk, "", 5)][:2] == [FOOD, ELDERLY]
    assert len(steps.search_matters(counter.desk, "", 5)) == 5
    assert steps.search_matters(counter.desk, "spjy")[0].matter.code == FOOD


def test_a_village_point_is_told_where_a_matter_can_be_received(tmp_path: Path) -> None:
    with open_counter(tmp_path, "330281001201") as village:
        hit = steps.search_matters(village.desk, SPECIAL)[0]
        assert not hit.may_receive and hit.instead
