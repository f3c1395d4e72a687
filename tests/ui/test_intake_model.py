"""The intake's model without a window, on the real store: nothing typed or scanned is ever lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.config import DeviceChoice
from app.desk import Desk, author_of
from app.flow import pages, steps
from app.flow.draft import Draft, OtherCase, Stack
from app.flow.printing import Printed
from app.papers.paper import PaperKind
from contract.case import ClashSeen, State
from contract.person import Clerk, LegalPerson, Tie
from contract.problem import Problem, Retry
from devices.scanner import Source
from tests.ui.conftest import CARD, CLERK
from ui import invented
from ui.pages.intake.deeds import IntakeDeeds
from ui.pages.intake.model import IntakeModel
from ui.tasks import Post
from ui.widgets.telling import ToldItem

Until = Callable[[Callable[[], object]], None]
AGED = "QR-00111-003"  # 老年优待证, accepted at this window
FOOD = "XK-00131-001"  # 食品经营许可, received here, decided where the premises are


@pytest.fixture
def model(deeds: IntakeDeeds, post: Post, until: Until) -> Iterator[IntakeModel]:
    made = begun(IntakeModel(deeds, post, lambda: "zh"), until)
    yield made
    made.sign_out()


def begun(model: IntakeModel, until: Until) -> IntakeModel:
    model.sign_in(CLERK)
    until(lambda: model.draft is not None and model.state.panel.collected_at)
    return model


def identified(model: IntakeModel, until: Until) -> None:
    model.identity.read_card()
    until(lambda: model.state.identity.person)
    model.identity.confirm_person()
    until(lambda: model.state.identity.confirmed)


def at_materials(model: IntakeModel, until: Until, matter: str = AGED) -> None:
    identified(model, until)
    model.to_step("matter")
    model.matter.choose(matter)
    until(lambda: model.draft.matter)
    model.to_step("materials")
    until(lambda: model.state.materials.lines and idle(model))


def idle(model: IntakeModel) -> bool:
    return not model.scanning and model.in_hand._running is None and not model.in_hand._queue


def saved(desk: Desk, model: IntakeModel) -> Draft:
    return Draft.model_validate_json(desk.store.drafts.get(model.draft.id).body)


def test_a_card_is_read_and_the_person_confirmed_as_an_act_of_its_own(model: IntakeModel, until: Until) -> None:
    model.identity.read_card()
    until(lambda: model.state.identity.person)
    state = model.state
    assert state.identity.person is not None and state.identity.person.name == "陈䶮"
    assert not state.identity.confirmed and not state.identity.can_go_on
    assert [one.what for one in state.panel.missing] == ["人证一致", "事项"]
    model.identity.confirm_person()
    until(lambda: model.state.identity.confirmed)
    assert "周敏" in model.state.identity.confirmed and model.state.identity.can_go_on


def test_the_chips_photograph_is_shown_or_said_to_be_unavailable(deeds: IntakeDeeds, post: Post, until: Until) -> None:
    picture = invented.papers.sheet("照", 100)
    model = begun(IntakeModel(replace(deeds, card_photo=lambda document: picture), post, lambda: "zh"), until)
    model.identity.read_card()
    until(lambda: model.state.panel.photo)
    person = model.state.identity.person
    assert person is not None and person.photo == model.state.panel.photo == picture and not person.photo_words
    model.fresh()
    until(lambda: model.state.identity.person is None)
    assert not model.state.panel.photo  # it went with its person
    model.sign_out()


def test_without_a_decoder_the_photograph_is_said_to_be_unavailable(model: IntakeModel, until: Until) -> None:
    model.identity.read_card()
    until(lambda: model.state.panel.photo_words)
    assert model.state.panel.photo_words == "照片无法显示" and not model.state.panel.photo


def test_a_social_security_card_is_read_by_key_and_marked(model: IntakeModel, desk: Desk, until: Until) -> None:
    assert not model.state.identity.has_other
    desk.devices.choose("cards", DeviceChoice(driver="cards/simulated"))
    model.identity.open_other(True)
    assert model.state.identity.has_other and model.state.identity.other_open
    model.identity.give_other({"number": "", "birth": "", "expiry": ""})
    until(lambda: model.state.identity.person)
    assert model.state.panel.applicant == "欧阳䶮" and "社会保障卡" in model.state.panel.source
    assert model.state.identity.person is not None and model.state.identity.person.unverified
    assert not model.state.identity.other_open and not model.state.panel.photo_words


def test_a_passport_wants_all_three_and_the_right_ones(model: IntakeModel, desk: Desk, until: Until) -> None:
    desk.devices.choose("cards", DeviceChoice(driver="cards/simulated", options={"card": "passport"}))
    model.identity.open_other(True)
    model.identity.give_other({"number": "E12345678", "birth": "", "expiry": ""})
    assert set(model.state.identity.other_wrong) == {"birth", "expiry"}
    model.identity.give_other({"number": "E12345678", "birth": "1949-12-31", "expiry": "2035-12-31"})
    until(lambda: model.state.banner.title)  # the chip refuses another day of expiry
    assert model.state.identity.other_open and model.state.identity.person is None
    model.identity.give_other({"number": "E12345678", "birth": "1949-12-31", "expiry": "2034-12-31"})
    until(lambda: model.state.identity.person and model.state.panel.photo)
    assert "护照" in model.state.panel.source and model.state.panel.applicant


def test_a_card_put_down_is_read_without_a_key(deeds: IntakeDeeds, post: Post, until: Until) -> None:
    model = IntakeModel(replace(deeds, wait_card=lambda stop: CARD), post, lambda: "zh")
    begun(model, until)
    model.show(True)
    until(lambda: model.state.identity.person)
    model.sign_out()


def test_f2_while_a_card_is_being_read_by_itself_takes_that_reading(
    deeds: IntakeDeeds, post: Post, until: Until
) -> None:
    """Many readers give a card once until it is lifted: what F2 dropped could not be read again."""
    reads, let = threading.Event(), threading.Event()

    def wait(stop: threading.Event) -> Any:
        reads.set()
        let.wait(20)
        return CARD

    def read() -> Any:
        raise Problem("idcard.absent", Retry.AGAIN)

    model = begun(IntakeModel(replace(deeds, wait_card=wait, read_card=read), post, lambda: "zh"), until)
    model.show(True)
    until(reads.is_set)
    model.identity.read_card()
    assert model.state.identity.reading == "reading"
    let.set()
    until(lambda: model.state.identity.person)
    assert not model.state.banner.title
    model.sign_out()


def test_waiting_for_a_card_begins_again_and_ends_when_the_page_goes(
    deeds: IntakeDeeds, post: Post, until: Until
) -> None:
    waits: list[threading.Event] = []

    def wait(stop: threading.Event) -> Any:
        waits.append(stop)
        if len(waits) > 2:
            stop.wait(20)
        raise Problem("idcard.absent", Retry.AGAIN)

    model = IntakeModel(replace(deeds, wait_card=wait), post, lambda: "zh")
    begun(model, until)
    model.show(True)
    until(lambda: len(waits) == 3)
    assert model.state.identity.reading == "waiting"
    model.show(False)
    assert waits[-1].is_set()
    model.sign_out()


def test_a_reader_in_trouble_says_so_and_is_not_hammered(deeds: IntakeDeeds, post: Post, until: Until) -> None:
    asked: list[int] = []

    def wait(stop: threading.Event) -> Any:
        asked.append(1)
        raise Problem("device.unplugged", Retry.AFTER_FIX)

    model = IntakeModel(replace(deeds, wait_card=wait), post, lambda: "zh")
    begun(model, until)
    model.show(True)
    until(lambda: model.state.identity.reader_words)
    assert asked == [1] and model.state.identity.reading == "idle"
    model.sign_out()


def test_typed_identity_says_what_is_wrong_beside_the_field(model: IntakeModel) -> None:
    model.identity.open_manual(True)
    model.identity.give_manual({"document_type": "typed", "name": "", "number": "330281199002289993", "reason": ""})
    assert set(model.state.identity.manual_wrong) == {"name", "number", "reason"}


def test_typed_identity_is_marked(model: IntakeModel, until: Until) -> None:
    model.identity.open_manual(True)
    given = {"document_type": "household_book", "name": "陈䶮", "number": "330281199002289992", "reason": "消磁"}
    model.identity.give_manual({**given, "sex": "男", "birth_date": "1990-02-28", "address": "浙江省余姚市凤山街道"})
    until(lambda: model.state.identity.person or model.state.banner.title)
    assert model.state.panel.source == "人工录入" and "人工录入" in model.state.identity.person.document  # type: ignore[union-attr]


def test_a_legal_person_is_taken_once_its_code_is_right(model: IntakeModel, until: Until) -> None:
    identified(model, until)
    model.identity.applicant.choose("legal")
    until(lambda: idle(model))
    assert model.draft.applicant is None
    model.identity.applicant.give("mandate", {"uscc": "9233020", "name": "某店", "address": "宁波市海曙区"})
    assert "18 位" in model.state.identity.wrong["uscc"]
    model.identity.applicant.give("mandate", {"uscc": "92330203MADEM00014", "name": "某店", "address": "宁波市海曙区"})
    until(lambda: isinstance(model.draft.applicant, LegalPerson))
    assert model.draft.tie is Tie.MANDATE and not model.state.identity.wrong
    model.identity.applicant.choose("self")
    until(lambda: model.draft.applicant == model.draft.handler)


def test_what_is_typed_shows_at_once_and_is_saved_soon(model: IntakeModel, desk: Desk, until: Until) -> None:
    identified(model, until)
    model.to_step("matter")
    model.matter.choose(AGED)
    until(lambda: model.state.step == "form")
    name = next(iter(model.state.form.answers))
    model.form.answer(name, "甲")
    assert model.state.form.answers[name].value == "甲"
    model.form.answer(name, "甲乙")
    until(lambda: saved(desk, model).answers.get(name) == "甲乙")
    assert model.state.form.answers[name].value == "甲乙"


def test_mistakes_are_told_after_the_field_was_left(model: IntakeModel, until: Until) -> None:
    identified(model, until)
    model.to_step("matter")
    model.matter.choose(FOOD)
    until(lambda: model.state.step == "form")
    assert not any(answer.wrong for answer in model.state.form.answers.values())
    model.form.answer("phone", "12")
    assert not model.state.form.answers["phone"].wrong
    model.form.left("phone")
    assert "11 位" in model.state.form.answers["phone"].wrong


def test_pages_come_in_while_the_clerk_types(deeds: IntakeDeeds, desk: Desk, post: Post, until: Until) -> None:
    gates = [threading.Event(), threading.Event()]
    sheets = [invented.papers.sheet(f"{n}", 200) for n in range(2)]

    def scan(draft: Draft, code: str, source: Any, stop: threading.Event) -> Iterator[Draft]:
        for gate, sheet in zip(gates, sheets, strict=True):
            gate.wait(10)
            draft = pages.add_file(desk, draft, code, sheet, "image/jpeg")
            yield draft

    model = begun(IntakeModel(replace(deeds, scan_into=scan), post, lambda: "zh"), until)
    at_materials(model, until)
    code = model.state.materials.lines[-1].key
    model.materials.look_at(code)
    model.materials.scanner.scan()
    assert model.state.materials.scanning and not model.state.main_ready
    model.identity.applicant.give_phone("13800000000")
    until(lambda: model.draft.phone)
    gates[0].set()
    until(lambda: len(model.draft.material(code).pages) == 1)
    assert model.draft.phone == "13800000000"
    model.to_step("form")
    model.form.answer("remark", "还在打字")
    gates[1].set()
    until(lambda: len(model.draft.material(code).pages) == 2 and idle(model))
    model.in_hand.flush()
    until(lambda: idle(model) and not model.in_hand.visit.typed)

    kept = saved(desk, model)
    assert kept.phone == "13800000000" and kept.answers["remark"] == "还在打字"
    assert len(kept.material(code).pages) == 2  # type: ignore[union-attr]
    model.sign_out()


def test_a_jam_keeps_the_pages_and_says_what_to_do(deeds: IntakeDeeds, desk: Desk, post: Post, until: Until) -> None:
    sheet = invented.papers.sheet("1", 200)

    def scan(draft: Draft, code: str, source: Any, stop: threading.Event) -> Iterator[Draft]:
        yield pages.add_file(desk, draft, code, sheet, "image/jpeg")
        raise Problem("scanner.jam", Retry.AFTER_FIX)

    model = begun(IntakeModel(replace(deeds, scan_into=scan), post, lambda: "zh"), until)
    at_materials(model, until)
    code = model.state.materials.lines[-1].key
    model.materials.look_at(code)
    model.materials.scanner.scan()
    until(lambda: model.state.banner.title)
    assert len(model.draft.material(code).pages) == 1
    assert model.state.banner.remedy and not model.scanning
    model.sign_out()


def test_f22_after_a_double_feed_f4_goes_on_with_that_page(
    deeds: IntakeDeeds, desk: Desk, post: Post, until: Until
) -> None:
    asked = []
    sheet = invented.papers.sheet("1", 200)

    def scan(draft: Draft, code: str, source: Any, stop: threading.Event) -> Iterator[Draft]:
        asked.append(source)
        draft = pages.add_file(desk, draft, code, sheet, "image/jpeg")
        broken = Stack(code=code, into=code, source=source, sheets=("a", "b"), following=3)
        yield steps.keep(desk, draft, stack=broken)
        raise Problem("scanner.double_feed", Retry.AFTER_FIX, pages=2, following=3)

    def backs(draft: Draft, code: str, stop: threading.Event) -> Iterator[Draft]:
        assert draft.stack is not None
        yield steps.keep(desk, draft, stack=draft.stack.model_copy(update={"backs": 1}))

    model = begun(IntakeModel(replace(deeds, scan_into=scan, scan_backs=backs), post, lambda: "zh"), until)
    at_materials(model, until)
    code = model.state.materials.lines[-1].key
    model.materials.look_at(code)
    model.materials.scanner.scan()
    assert model.state.materials.scanning == "放好纸就开始"
    until(lambda: model.state.banner.title and not model.scanning)
    assert "从第 3 页起" in model.state.banner.remedy
    assert model.state.materials.resumes == "接第 3 页" and not model.state.materials.can_backs
    model.materials.scanner.next_feed()
    assert (model.state.materials.feed, model.state.materials.resumes) == ("双面", "")  # that would be another stack
    model.materials.scanner.next_feed()
    model.materials.scanner.next_feed()
    assert (model.state.materials.feed, asked) == ("单面", [Source.ADF])

    assert model.draft.stack is not None
    through = model.draft.stack.model_copy(update={"following": 0})
    model.in_hand.come_in(steps.keep(desk, model.draft, stack=through))
    model.materials.look_at(code)
    assert model.state.materials.can_backs and "2 张正面已扫" in model.state.materials.scan_words
    model.materials.scanner.scan_backs()
    until(lambda: not model.scanning)
    assert model.state.materials.scan_words == "反面扫到第 1 张，还差 1 张。"
    model.sign_out()


def test_separators_are_printed_for_the_whole_list(deeds: IntakeDeeds, post: Post, until: Until) -> None:
    printed = []

    def separators(draft: Draft, clerk: Clerk) -> tuple[Draft, Printed]:
        printed.append(len(draft.materials))
        return draft, Printed(PaperKind.SEPARATOR, "done", "FG1")

    model = begun(IntakeModel(replace(deeds, print_separators=separators), post, lambda: "zh"), until)
    at_materials(model, until)
    model.materials.signing.print_separators()
    until(lambda: model.state.banner.title == "分隔页已打印")
    assert printed == [len(model.draft.materials)]
    model.sign_out()


def test_esc_ends_a_scan(deeds: IntakeDeeds, post: Post, until: Until) -> None:
    begun_scanning = threading.Event()

    def scan(draft: Draft, code: str, source: Any, stop: threading.Event) -> Iterator[Draft]:
        begun_scanning.set()
        stop.wait(20)
        return
        yield draft

    model = begun(IntakeModel(replace(deeds, scan_into=scan), post, lambda: "zh"), until)
    at_materials(model, until)
    model.materials.look_at(model.state.materials.lines[-1].key)
    model.materials.scanner.scan()
    until(begun_scanning.is_set)
    model.materials.scanner.stop()
    until(lambda: not model.scanning)
    model.sign_out()


def test_pages_turn_hide_move_and_are_compared(model: IntakeModel, until: Until) -> None:
    at_materials(model, until, FOOD)
    first, second = [line.key for line in model.state.materials.lines if line.pill == "缺"][:2]
    model.materials.look_at(first)
    model.materials.scanner.scan()
    until(lambda: len(model.draft.material(first).pages) == 2 and idle(model))
    model.materials.rotate(1)
    until(lambda: model.draft.material(first).pages[0].rotation == 90)
    model.materials.toggle_verified()
    until(lambda: model.draft.material(first).verified)
    assert "周敏" in model.state.materials.verified
    model.materials.toggle_returned()
    until(lambda: model.draft.material(first).returned)
    model.materials.toggle_hidden()
    until(lambda: model.draft.material(first).pages[0].hidden)
    model.materials.look_at_page(model.draft.material(first).pages[1].key)
    model.materials.cut()
    assert model.state.materials.held
    model.materials.look_at(second)
    model.materials.paste()
    until(lambda: len(model.draft.material(second).pages) == 1)
    until(lambda: model.state.materials.preview and model.state.materials.pages[0].picture)


def test_a_case_is_parked_and_comes_back_also_after_a_restart(
    model: IntakeModel, deeds: IntakeDeeds, post: Post, until: Until
) -> None:
    identified(model, until)
    first = model.draft.id
    told: list[Any] = []
    model.drafts_changed.connect(told.append)
    model.park()
    until(lambda: model.draft.id != first and [one.id for one in model.drafts() if one.parked] == [first])
    until(lambda: told and [one.id for one in told[-1]] == [first])
    assert model.state.identity.person is None
    again = begun(IntakeModel(deeds, post, lambda: "zh"), until)
    until(lambda: again.drafts())
    again.resume(first)
    until(lambda: again.draft.id == first)
    assert again.state.identity.person is not None and again.state.identity.confirmed
    again.sign_out()


def test_u12_locking_keeps_the_case_for_who_locked_and_parks_it_for_anyone_else(
    model: IntakeModel, desk: Desk, until: Until
) -> None:
    identified(model, until)
    first = model.draft.id
    model.lock()
    assert model.state.identity.person is None and not model.state.whose
    model.sign_in(CLERK)
    until(lambda: model.state.identity.person)
    assert model.draft.id == first and not desk.store.drafts.get(first).parked
    model.lock()
    model.sign_in(Clerk(id="hanlu", name="韩露", roles=CLERK.roles, node=CLERK.node))
    assert model.state.identity.person is None  # not for a moment
    until(lambda: model.draft is not None and model.draft.id != first)
    assert model.state.identity.person is None and model.state.panel.applicant == ""
    kept = desk.store.drafts.get(first)
    assert kept.parked and kept.clerk == CLERK.id


def test_rule_09_the_applicants_other_case_is_named_and_the_clerk_goes_on_knowingly(
    deeds: IntakeDeeds, desk: Desk, post: Post, until: Until
) -> None:
    other = OtherCase(case_id="c", number="330281-00000007-8", state=State.ACCEPTED, where="余姚市凤山街道")
    known: list[OtherCase] = []

    def confirm(draft: Draft, clerk: Clerk) -> Draft:
        seen = ClashSeen(cases=("c",), by=author_of(desk, clerk), at=desk.clock())
        return steps.keep(desk, draft, clash_seen=seen)

    asking = replace(deeds, clashing=lambda draft: tuple(known) if draft.applicant else (), confirm_clash=confirm)
    model = begun(IntakeModel(asking, post, lambda: "zh"), until)
    at_materials(model, until)
    assert not model.state.panel.asks_clash
    known.append(other)
    model.assessment.refresh_cases()  # it came from the server meanwhile
    until(lambda: model.state.panel.asks_clash)
    said = "申请人这个事项还有一件：330281-00000007-8，已受理，余姚市凤山街道"
    assert said in model.state.panel.cautions and "疑似重复" in [one.what for one in model.state.panel.missing]
    model.assessment.confirm_clash()
    until(lambda: not model.state.panel.asks_clash)
    assert f"{said}（已核对，仍收件）" in model.state.panel.cautions
    assert saved(desk, model).clash_seen is not None
    model.fresh()
    until(lambda: not model.state.panel.cautions)
    model.sign_out()


def test_f9_says_what_is_missing_instead_of_taking_in(model: IntakeModel, until: Until) -> None:
    at_materials(model, until)
    model.to_step("review")
    until(lambda: idle(model))
    assert not model.state.main_ready and model.state.review.missing
    assert {one.step for one in model.state.review.missing} >= {"form", "materials"}
    model.review.take_in()
    until(lambda: model.state.banner.title)
    assert model.state.step == "review"


def test_everything_that_is_missing_is_told_at_once(model: IntakeModel, until: Until) -> None:
    at_materials(model, until, FOOD)
    model.to_step("form")
    model.form.answer("premises_area", "330281001")
    model.in_hand.flush()
    until(lambda: model.state.main and idle(model))
    model.write_supplement()
    until(lambda: model.state.review.writing == "supplement" and idle(model))
    shown = model.state.review.supplement
    assert len(shown.items) > 3 and {"material:business_licence", "field:staff"} <= {line.key for line in shown.choices}
    model.review.supplement((), "")
    assert model.state.review.supplement.wrong
    model.review.supplement((ToldItem("material:business_licence", "营业执照", "没有提交", "原件"),), shown.until)
    until(lambda: model.state.step == "receipt")
    assert model.state.receipt.headline == "已告知补正"
    assert [paper.kind for paper in model.state.receipt.papers] == ["supplement"]


def test_declining_needs_a_reason_and_where_to_go(model: IntakeModel, until: Until) -> None:
    at_materials(model, until)
    until(lambda: model.state.can_decline)
    model.write_decline()
    model.review.decline("not_competent", "不归这里", "")
    assert "哪里申请" in model.state.review.refusal.wrong
    model.review.decline("not_met", "不到年龄", "")
    until(lambda: model.state.step == "receipt")
    assert model.state.receipt.headline == "不予受理"


def test_a_problem_with_one_deed_does_not_stop_the_next(model: IntakeModel, until: Until) -> None:
    at_materials(model, until)
    model.in_hand.deed("odd", lambda draft: (_ for _ in ()).throw(Problem("material.unknown", Retry.NEVER)))
    model.identity.applicant.give_phone("13800000000")
    until(lambda: model.draft.phone == "13800000000")
    assert model.state.banner.title
    model.banner_read()
    assert not model.state.banner.title


def test_a_paper_that_did_not_come_out_says_why_and_is_printed_again(
    deeds: IntakeDeeds, desk: Desk, post: Post, until: Until
) -> None:
    from app.flow.printing import Printed

    copies: list[bool] = []

    def printed(case_id: str, kinds: Any, clerk: Clerk, copy: bool) -> tuple[Printed, ...]:
        copies.append(copy)
        problem = Problem("printer.out_of_paper", Retry.AFTER_FIX)
        return tuple(
            Printed(kind, "failed", "N1", problem) if len(copies) == 1 else Printed(kind, "done", "N1")
            for kind in kinds
        )

    model = begun(IntakeModel(replace(deeds, print_papers=printed), post, lambda: "zh"), until)
    at_materials(model, until)
    until(lambda: model.state.can_decline)
    model.review.decline("not_met", "不到年龄", "")
    until(lambda: model.state.receipt.papers and not model.state.receipt.printing)
    paper = model.state.receipt.papers[0]
    assert paper.outcome == "failed" and paper.words
    model.receipt.reprint(paper.kind)
    until(lambda: model.state.receipt.papers[0].outcome == "done")
    model.receipt.reprint(paper.kind)
    until(lambda: len(copies) == 3 and not model.state.receipt.printing)
    assert copies == [False, False, True]
    model.sign_out()
