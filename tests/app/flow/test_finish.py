"""F9 and its neighbours: one case, one number, whatever happens; then the papers."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pypdfium2
import pytest

from app.cases import acts
from app.desk import today
from app.flow import finish, pages, printing, steps
from app.flow.draft import main_action, panel
from app.papers.paper import PaperKind
from contract.case import Ground, Kind, State, SupplementItem
from contract.exchange import EnrolAnswer, NumberBlock
from contract.ids import case_number
from contract.material import CaseMaterial
from contract.problem import Problem
from tests.fakes.counter import LU, ZHOU, Counter, bring, open_counter, picture

FOOD = "XK-00131-001"
ELDERLY = "QR-00111-003"
ITEM = SupplementItem(material="lease", what="租赁合同缺最后一页", standard="交齐全部页")


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        said = "".join(page.get_textpage().get_text_range() for page in document)
        return "".join(said.split())
    finally:
        document.close()


def left(counter: Counter) -> int:
    return sum(pool.left for pool in counter.desk.store.numbers.pools())


def test_f27_a_missing_material_stops_it_and_nothing_is_written(counter: Counter) -> None:
    desk, before = counter.desk, left(counter)
    draft = counter.begin("yuyao", FOOD)
    with pytest.raises(Problem, match="intake.incomplete") as raised:
        finish.take_in(desk, draft, ZHOU)
    assert int(raised.value.facts["count"]) == sum(not slot.present for slot in draft.materials)
    assert desk.store.cases.find(draft.id) is None and desk.store.outbox.by_case() == () and left(counter) == before
    assert steps.resume(desk, draft.id) == draft


def test_u01_received_here_or_accepted_here(counter: Counter) -> None:
    desk = counter.desk
    food = counter.whole("yuyao", FOOD)
    assert main_action(food, desk.catalogue(), desk.node) == "receive"
    taken = finish.take_in(desk, food, ZHOU)
    assert taken.case.state is State.RECEIVED and not taken.accepted and taken.papers == (PaperKind.RECEIPT,)
    assert taken.case.clock == () and taken.case.window == "3 号窗口"
    elderly = finish.take_in(desk, counter.whole("long_term", ELDERLY), ZHOU)
    assert elderly.case.state is State.ACCEPTED and elderly.accepted
    assert elderly.papers == (PaperKind.RECEIPT, PaperKind.ACCEPTANCE)
    assert elderly.case.number != taken.case.number and desk.store.drafts.saved() == ()


def test_f26_ten_presses_are_one_case_and_one_number(counter: Counter) -> None:
    desk, before = counter.desk, left(counter)
    draft = counter.whole("yuyao", FOOD)
    with ThreadPoolExecutor(10) as pool:
        taken = list(pool.map(lambda _: finish.take_in(desk, draft, ZHOU), range(10)))
    assert {(one.case.id, one.case.number, one.papers) for one in taken} == {
        (draft.id, taken[0].case.number, (PaperKind.RECEIPT,))
    }
    assert before - left(counter) == 1 and len(desk.store.cases.actions(draft.id)) == 3
    counter.reopen()  # and once more after a restart
    assert finish.take_in(counter.desk, draft, ZHOU).case == taken[0].case
    assert len(counter.desk.store.cases.recent()) == 1


def test_f26_a_number_is_taken_once_by_whoever_asks(counter: Counter) -> None:
    desk, before = counter.desk, left(counter)
    draft = counter.begin("yuyao", FOOD)
    with ThreadPoolExecutor(5) as pool:
        numbers = {one.number for one in pool.map(lambda _: steps.reserve_number(desk, draft), range(10))}
    assert len(numbers) == 1 and before - left(counter) == 1


def test_f12_a_number_that_was_reserved_before_a_crash_is_not_given_again(counter: Counter) -> None:
    draft = steps.reserve_number(counter.desk, counter.whole("yuyao", FOOD))
    lost = counter.desk.store.numbers.take("330281")  # taken, and the power goes before anything is written with it
    counter.reopen()
    desk = counter.desk
    again = steps.resume(desk, draft.id)
    assert finish.take_in(desk, again, ZHOU).case.number == draft.number
    other = finish.take_in(desk, counter.whole("haishu", FOOD), ZHOU).case.number
    assert other not in (draft.number, lost)


def test_a_page_that_comes_in_the_moment_of_f9_is_never_left_behind(counter: Counter) -> None:
    desk = counter.desk
    as_seen = counter.whole("yuyao", FOOD)
    pages.add_file(desk, as_seen, "lease", picture("one more"), "image/jpeg")
    with pytest.raises(Problem, match=r"intake\.page_came"):
        finish.take_in(desk, as_seen, ZHOU)
    assert desk.store.cases.shown(as_seen.id)[0] is None
    newest = steps.resume(desk, as_seen.id)
    case = finish.take_in(desk, newest, ZHOU).case
    assert page_keys(case.materials) == page_keys(newest.materials) > page_keys(as_seen.materials)


def test_a_page_that_comes_while_a_supplement_is_handed_in_is_never_left_behind(counter: Counter) -> None:
    desk = counter.desk
    draft = pages.add_file(desk, counter.begin("yuyao", FOOD), "safety_rules", counter.page(), "image/jpeg")
    case = finish.ask_supplement(desk, draft, ZHOU, (ITEM,)).case
    as_seen = counter.fill_materials(steps.supplementing(desk, case.id, ZHOU))
    newest = pages.add_file(desk, as_seen, "lease", picture("one more"), "image/jpeg")
    with pytest.raises(Problem, match=r"intake\.page_came"):
        finish.take_in(desk, as_seen, ZHOU)
    assert page_keys(finish.take_in(desk, newest, ZHOU).case.materials) > page_keys(as_seen.materials)
    assert desk.store.drafts.find(as_seen.id) is None  # in the same transaction


def page_keys(materials: Iterable[CaseMaterial]) -> set[str]:
    return {page.key for slot in materials for page in slot.pages}


def test_rule_04_a_draft_of_a_pc_that_joined_anew_gets_a_number_of_the_new_station(counter: Counter) -> None:
    desk = counter.desk
    draft = steps.reserve_number(desk, counter.whole("yuyao", FOOD))
    station = desk.store.station.get()
    block = NumberBlock(county="330281", first=90_001, last=90_200)
    joined = EnrolAnswer(
        station="another", node=station.node, name="1", server_public_key=station.server_public_key, blocks=(block,)
    )
    desk.store.join(station.server_url, joined)
    assert finish.take_in(desk, draft, ZHOU).case.number == case_number("330281", 90_001)


def test_without_numbers_nothing_is_taken_in_and_nothing_lost(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.whole("yuyao", FOOD)
    for _ in range(left(counter)):
        desk.store.numbers.take("330281")
    with pytest.raises(Problem, match="numbers.none_left"):
        finish.take_in(desk, draft, ZHOU)
    assert steps.resume(desk, draft.id) == draft


def test_asking_for_a_supplement_then_taking_it(counter: Counter, tmp_path: Path) -> None:
    desk = counter.desk
    draft = pages.add_file(desk, counter.begin("yuyao", FOOD), "safety_rules", counter.page(), "image/jpeg")
    with pytest.raises(Problem, match="supplement.no_items"):
        finish.ask_supplement(desk, draft, ZHOU, ())
    with pytest.raises(Problem, match="supplement.until_passed"):
        finish.ask_supplement(desk, draft, ZHOU, (ITEM,), today(desk) - timedelta(days=1))
    taken = finish.ask_supplement(desk, draft, ZHOU, (ITEM,))
    case = taken.case
    assert case.state is State.TO_SUPPLEMENT and taken.papers == (PaperKind.SUPPLEMENT,) and case.number
    assert case.asked is not None and case.asked.until == desk.catalogue().pack.calendar.add(today(desk), 10)
    assert [m.code for m in case.materials if m.pages] == ["safety_rules"]
    assert finish.ask_supplement(desk, draft, ZHOU, (ITEM,)).case == case  # pressed again

    counter.clock.forward(days=3)
    handing = steps.supplementing(desk, case.id, ZHOU)
    told = panel(handing, desk.catalogue(), desk.node, today(desk)).cautions
    assert [one.kind for one in told] == ["asked"] and ITEM.what in told[0].label
    assert handing.number == case.number and handing.answers == case.answers
    assert handing.material("lease") is not None and handing.material("safety_rules") == next(
        m for m in case.materials if m.code == "safety_rules"
    )
    with pytest.raises(Problem, match="intake.incomplete"):
        finish.take_in(desk, handing, ZHOU)
    handing = steps.park(desk, counter.fill_materials(handing))
    counter.reopen()
    desk = counter.desk
    done = finish.take_in(desk, steps.resume(desk, handing.id), ZHOU)
    assert done.case.id == case.id and done.case.state is State.RECEIVED and done.case.number == case.number
    assert done.case.received_at == counter.clock.now and steps.drafts(desk, ZHOU) == ()
    kinds = [action.kind for action in desk.store.cases.actions(case.id)]
    assert kinds == [Kind.OPEN, Kind.CONFIRM_PERSON, Kind.ASK_SUPPLEMENT, Kind.SUPPLEMENT]
    last = desk.store.cases.actions(case.id)[-1]
    assert "safety_rules" not in {m["code"] for m in last.body["materials"]}  # only what is new
    with pytest.raises(Problem, match="case.not_allowed"):
        steps.supplementing(desk, case.id, ZHOU)


def test_declining_needs_a_ground_a_reason_and_where_to_go(counter: Counter) -> None:
    desk = counter.desk
    draft = pages.add_file(desk, counter.begin("long_term", ELDERLY), "photo", counter.page(), "image/jpeg")
    with pytest.raises(Problem, match="case.reason_missing"):
        finish.decline(desk, draft, ZHOU, Ground.NOT_MET, " ")
    with pytest.raises(Problem, match="decline.organ_missing"):
        finish.decline(desk, draft, ZHOU, Ground.NOT_COMPETENT, "不属于本机关")
    taken = finish.decline(desk, draft, ZHOU, Ground.NOT_COMPETENT, "不属于本机关", "宁波市海曙区民政局")
    assert taken.case.state is State.DECLINED and taken.papers == (PaperKind.REFUSAL,) and taken.case.number
    assert taken.case.declined is not None and taken.case.declined.competent_organ == "宁波市海曙区民政局"
    assert [m.code for m in taken.case.materials if m.pages] == ["photo"]  # what was handed in is not lost
    with pytest.raises(Problem, match="case.no_power"):  # here only the department may refuse
        finish.decline(desk, counter.begin("yuyao", FOOD), ZHOU, Ground.NOT_MET, "不符合条件")
    unconfirmed = steps.with_document(desk, steps.begin(desk, ZHOU), counter.card("long_term"))
    unconfirmed = counter.fill(steps.with_matter(desk, unconfirmed, ELDERLY))
    with pytest.raises(Problem, match="identity.unconfirmed"):
        finish.decline(desk, unconfirmed, ZHOU, Ground.NOT_MET, "不符合条件")


def test_f16_a_printer_that_fails_leaves_the_case_and_prints_later(counter: Counter) -> None:
    desk = counter.desk
    bring(counter, "receipt", "printer/simulated", behave="out_of_paper")
    taken = finish.take_in(desk, counter.whole("yuyao", FOOD), ZHOU)
    (failed,) = printing.print_papers(desk, taken.case.id, taken.papers, ZHOU)
    assert failed.outcome == "failed" and failed.problem is not None
    assert acts.get_case(desk, taken.case.id) == taken.case
    bring(counter, "receipt", "printer/file", folder=str(counter.out))
    (printed,) = printing.print_papers(desk, taken.case.id, taken.papers, ZHOU)
    assert printed.outcome == "done" and printed.paper_number == failed.paper_number
    assert [(paper.outcome, paper.copy) for paper in desk.store.papers.of_case(taken.case.id)] == [
        ("failed", False),
        ("done", False),  # the first one that came out is no copy
    ]
    (again,) = printing.print_papers(desk, taken.case.id, taken.papers, ZHOU)
    assert again.outcome == "done" and desk.store.papers.of_case(taken.case.id)[-1].copy


def test_f17_what_may_have_come_out_is_printed_again_as_a_copy(counter: Counter) -> None:
    desk = counter.desk
    bring(counter, "a4", "printer/simulated", behave="silent")
    taken = finish.take_in(desk, counter.whole("long_term", ELDERLY), ZHOU)
    (unconfirmed,) = printing.print_papers(desk, taken.case.id, (PaperKind.ACCEPTANCE,), ZHOU)
    assert unconfirmed.outcome == "unconfirmed"
    bring(counter, "a4", "printer/file", folder=str(counter.out))
    (again,) = printing.print_papers(desk, taken.case.id, (PaperKind.ACCEPTANCE,), ZHOU)
    assert again.outcome == "done" and desk.store.papers.of_case(taken.case.id)[-1].copy
    (paper,) = counter.out.glob("*.pdf")
    assert "副本" in text_of(paper.read_bytes())
    assert "副本" not in text_of(printing.paper_pdf(desk, taken.case.id, PaperKind.ACCEPTANCE, ZHOU))


def test_a_receipt_on_half_a_sheet_and_where_there_is_no_receipt_printer(tmp_path: Path) -> None:
    with open_counter(tmp_path, receipt_style="half_a4") as counter:
        desk = counter.desk
        taken = finish.take_in(desk, counter.whole("yuyao", FOOD), ZHOU)
        (printed,) = printing.print_papers(desk, taken.case.id, taken.papers, ZHOU)
        assert (printed.kind, printed.outcome) == (PaperKind.RECEIPT_A4, "done")
        (paper,) = counter.out.glob("*.pdf")
        said = text_of(paper.read_bytes())
        assert taken.case.number in said and "收件凭证" in said
        for name in [path.name for path in counter.out.iterdir()]:
            assert "陈" not in name and "330281199002289992" not in name


def test_u05_a_correction_names_the_papers_that_it_replaces(counter: Counter) -> None:
    desk = counter.desk
    taken = finish.take_in(desk, counter.whole("long_term", ELDERLY), ZHOU)
    first = printing.print_papers(desk, taken.case.id, taken.papers, ZHOU)
    case = acts.correct(desk, taken.case.id, ZHOU, "电话写错", phone="13911111111")
    assert case.corrections[0].replaces == tuple(one.paper_number for one in first)
    said = text_of(printing.paper_pdf(desk, case.id, PaperKind.ACCEPTANCE, ZHOU))
    assert first[1].paper_number in said
    second = printing.print_papers(desk, case.id, taken.papers, ZHOU)
    assert {one.paper_number for one in first}.isdisjoint(one.paper_number for one in second)
    assert not any(paper.copy for paper in desk.store.papers.of_case(case.id))
    # corrected once more, only the papers that stood until now are replaced
    case = acts.correct(desk, case.id, ZHOU, "地址写错", phone="13922222222")
    assert case.corrections[1].replaces == tuple(one.paper_number for one in second)


def test_nothing_of_a_case_is_said_in_the_log(counter: Counter, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    taken = finish.take_in(counter.desk, counter.whole("haishu", FOOD), ZHOU)
    printing.print_papers(counter.desk, taken.case.id, taken.papers, LU)
    for secret in ("王𠮷安", "330203198506129999", "13800000000"):
        assert secret not in caplog.text
