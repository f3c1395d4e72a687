"""补正, 不予受理, 更正 and 作废 of cases that were taken in: the model on the real store, the page by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QRadioButton

from app.cases import acts, lists
from app.cases.view import case_view
from app.desk import Desk
from app.flow import finish, pages, steps
from app.flow.draft import Draft, routing
from app.flow.printing import Printed
from app.papers.paper import PaperKind
from contract.case import Action, Author, Case, Ground, Kind, State
from contract.person import Clerk, Role
from contract.problem import Problem, Retry
from tests.fakes.counter import example
from tests.ui.conftest import CARD, CLERK
from ui import invented
from ui.deeds import case_deeds
from ui.hands import Hands
from ui.pages.cases.join import join_cases
from ui.pages.cases.model import CaseDeeds, CasesModel, Credentials
from ui.pages.cases.view import CasesView
from ui.shells.counter import CASE_COLUMNS, SEARCH_HINT
from ui.tasks import Post
from ui.widgets.telling import ToldItem

Until = Callable[[Callable[[], object]], None]
FOOD = "XK-00131-001"  # the department accepts
ELDERLY = "QR-00111-003"  # the window accepts
BOSS = Clerk(id="lufangfang", name="鲁芳芳", roles=(Role.SUPERVISOR,), node="330281")


def whole(desk: Desk, matter: str) -> Draft:
    """A draft for which nothing is missing."""
    draft = steps.with_document(desk, steps.begin(desk, CLERK), CARD)
    draft = steps.with_phone(desk, steps.confirm_person(desk, draft, CLERK), "13800000000")
    draft = steps.with_matter(desk, draft, matter)
    draft = steps.with_answers(desk, draft, {**example(matter), **draft.answers})
    found = routing(draft, desk.catalogue(), desk.node)
    if len(found.candidates) > 1:
        draft = steps.with_route(desk, draft, found.candidates[0], CLERK)
    for number, slot in enumerate(draft.materials):
        if not slot.present:
            draft = pages.add_file(desk, draft, slot.code, invented.papers.sheet(f"{number}", 200), "image/jpeg")
    return draft


@pytest.fixture
def food(desk: Desk, qapp: Any) -> Case:
    """A case received for its department."""
    return finish.take_in(desk, whole(desk, FOOD), CLERK).case


@pytest.fixture
def printed() -> list[tuple[tuple[PaperKind, ...], bool]]:
    return []


@pytest.fixture
def model(desk: Desk, post: Post, until: Until, printed: list[Any], qapp: Any) -> CasesModel:
    """The search page's model; its printers are a list."""

    def print_papers(case_id: str, kinds: Any, clerk: Clerk, copy: bool) -> tuple[Printed, ...]:
        printed.append((kinds, copy))
        return tuple(Printed(kind, "done", f"{kind}-1") for kind in kinds)

    deeds = replace(case_deeds(desk, lambda text, _: lists.find(desk, text)), print_papers=print_papers)
    return signed_in(deeds, post)


def signed_in(deeds: CaseDeeds, post: Post) -> CasesModel:
    made = CasesModel(deeds, post, lambda: "zh", ("没有", "等等"))
    made.sign_in(CLERK)
    return made


def opened(model: CasesModel, case: Case, until: Until) -> CasesModel:
    model.open(case.id)
    until(lambda: model.state.case.case_id == case.id)
    return model


def keys(model: CasesModel) -> list[str]:
    return [act.key for act in model.state.case.acts]


# --- asking for what is missing ---------------------------------------------------------------------------------------


def test_a_received_case_is_told_everything_at_once(
    desk: Desk, model: CasesModel, food: Case, until: Until, printed: list[Any]
) -> None:
    opened(model, food, until)
    assert "ask_supplement" in keys(model) and "decline" not in keys(model)
    assert any("不予受理" in note and "海曙区市场监督管理局" in note for note in model.state.case.notes)
    model.act("ask_supplement")
    shown = model.state.supplement
    assert model.state.work == "ask_supplement" and not model.state.case.ask_button
    keyed = {line.key: line for line in shown.choices}
    assert keyed["material:lease"].sub and keyed["field:staff"].sub == "3 人" and shown.until_words
    model.ask_supplement((), shown.until)
    assert "至少写一项" in model.state.supplement.wrong
    items = (
        ToldItem("material:lease", "租赁合同", "缺第 3 页", "完整的合同"),
        ToldItem("field:staff", "从业人数", "与健康证明的份数不一致"),
        ToldItem("", "", "缺签名"),
    )
    model.ask_supplement((*items, ToldItem("material:id_card", "居民身份证")), shown.until)
    assert "每一项都要写清" in model.state.supplement.wrong and len(model.state.supplement.items) == 4
    model.ask_supplement(items, "下周")
    assert "年月日" in model.state.supplement.wrong
    model.ask_supplement(items, shown.until)
    until(lambda: model.state.banner[0] and printed)
    case = acts.get_case(desk, food.id)
    assert case.state is State.TO_SUPPLEMENT and case.asked is not None and not model.state.work
    assert [(item.material, item.field, item.what) for item in case.asked.items][:2] == [
        ("lease", "", "缺第 3 页"),
        ("", "staff", "与健康证明的份数不一致"),
    ]
    assert printed == [((PaperKind.SUPPLEMENT,), False)]
    until(lambda: "补正告知书已打印" in model.state.banner[0] and "supplement" in keys(model))
    assert "4 项未上报" in model.state.case.flags and ("要补正", "从业人数：与健康证明的份数不一致") in [
        (label, words) for label, words in model.state.case.rows
    ]


def test_a_supplement_in_the_past_is_refused_and_what_was_written_stays(
    model: CasesModel, food: Case, until: Until
) -> None:
    opened(model, food, until).act("ask_supplement")
    model.ask_supplement((ToldItem("material:lease", "租赁合同", "缺第 3 页"),), "2020-01-01")
    until(lambda: model.state.supplement.wrong)
    assert model.state.work == "ask_supplement" and model.state.supplement.items[0].what == "缺第 3 页"
    model.drop()
    assert not model.state.work and "ask_supplement" in keys(model)
    model.act("ask_supplement")
    assert model.state.supplement.items[0].what == "缺第 3 页"  # it was only put aside


def test_what_is_written_waits_while_another_case_is_looked_at_and_goes_with_the_clerk(
    desk: Desk, model: CasesModel, food: Case, until: Until
) -> None:
    other = finish.take_in(desk, whole(desk, FOOD), CLERK).case
    opened(model, food, until).act("ask_supplement")
    model.give_items((ToldItem("field:staff", "从业人数", "不符"),))
    opened(model, other, until)
    assert not model.state.work
    opened(model, food, until).act("ask_supplement")
    assert model.state.supplement.items[0].what == "不符"
    model.sign_in(BOSS)
    opened(model, food, until).act("ask_supplement")
    assert model.state.supplement.items == ()


def test_what_the_department_did_meanwhile_is_said_and_nothing_is_lost(
    desk: Desk, model: CasesModel, food: Case, until: Until
) -> None:
    opened(model, food, until).act("ask_supplement")
    model.give_items((ToldItem("field:staff", "从业人数", "不符"),))
    decided(desk, food, Kind.ACCEPT)
    model.refresh()
    until(lambda: "新的进展" in model.state.supplement.wrong)
    assert model.state.supplement.items[0].what == "不符" and model.state.case.state == "已受理"


def decided(desk: Desk, case: Case, kind: Kind) -> None:
    """The department acts, and the news comes."""
    told = desk.store.cases.actions(case.id)
    officer = Author(id="haishu-market", name="江海峰", role=Role.OFFICER, department="330203-market")
    act = Action(
        id=desk.store.acts.new_id(), case_id=case.id, kind=kind, body={}, author=officer, made_at=desk.clock(),
        after=told[-1].id,
    )  # fmt: skip
    desk.store.cases.keep_view(case_view(desk, case.id).model_copy(update={"actions": (*told, act)}))


# --- not accepting ----------------------------------------------------------------------------------------------------


def test_what_was_not_supplemented_is_declined_with_the_laws_ground(
    desk: Desk, model: CasesModel, until: Until, printed: list[Any]
) -> None:
    from contract.case import SupplementItem

    item = SupplementItem(material="photo", what="不清楚")
    case = finish.ask_supplement(desk, whole(desk, ELDERLY), CLERK, (item,)).case
    opened(model, case, until).act("decline")
    shown = model.state.refusal
    assert [value for value, _ in shown.grounds] == [ground.value for ground in Ground] and "60" in shown.remedies
    model.decline("", "", "")
    assert model.state.refusal.wrong
    model.decline("not_competent", "不在本区", " ")
    assert "哪里申请" in model.state.refusal.wrong and model.state.refusal.reason == "不在本区"
    model.decline("not_competent", "不在本区", "宁波市海曙区民政局")
    until(lambda: printed)
    assert printed == [((PaperKind.REFUSAL,), False)]
    until(lambda: model.state.case.state == "不予受理")
    assert ("应向哪里申请", "宁波市海曙区民政局") in model.state.case.rows


# --- correcting -------------------------------------------------------------------------------------------------------


def test_u05_a_correction_shows_old_and_new_and_prints_the_receipt_again(
    desk: Desk, model: CasesModel, food: Case, until: Until, printed: list[Any]
) -> None:
    opened(model, food, until).act("correct")
    until(lambda: model.state.work == "correct")
    shown = model.state.correction
    assert [section.title for section in shown.sections][:2] == ["申请人", "经营者"]
    assert "answers.operator_name" in shown.fixed and shown.answers["answers.operator_name"].source
    assert [one.name for one in model.state.case.asked] == ["reason"]
    model.answer("answers.staff", 5)
    model.answer("phone", "139")
    assert ("从业人数", "3 人 → 5 人") in model.state.case.ask_facts
    assert model.state.correction.answers["answers.staff"].caution == "原来：3 人"
    assert not model.state.correction.answers["phone"].wrong  # still typing
    model.leave("phone")
    assert model.state.correction.answers["phone"].wrong
    model.give({"reason": "窗口录错"})
    assert "联系电话" in model.state.case.wrong
    model.answer("phone", "13800000000")
    model.answer("answers.staff", 3)
    model.give({"reason": "窗口录错"})
    assert "没有改动" in model.state.case.wrong
    model.answer("answers.staff", 5)
    model.answer("phone", "13911111111")
    model.give({"reason": " "})
    assert model.state.case.wrong == "请写明理由。"
    model.give({"reason": "窗口录错"})
    until(lambda: printed)
    case = acts.get_case(desk, food.id)
    assert (case.answers["staff"], case.phone, case.corrections[0].reason) == (5, "13911111111", "窗口录错")
    assert printed == [((PaperKind.RECEIPT,), False)]
    until(lambda: "已更正" in model.state.banner[0] and "已更正" in model.state.case.flags)
    assert ("更正", "窗口录错") in model.state.case.rows and not model.state.work
    assert not model.state.correction.answers


def test_u05_what_a_correction_cannot_do_is_said_while_it_is_typed(model: CasesModel, food: Case, until: Until) -> None:
    opened(model, food, until).act("correct")
    until(lambda: model.state.work == "correct")
    model.answer("answers.premises_area", "330281001001")
    assert "余姚市市场监督管理局" in model.state.case.ask_stop
    model.give({"reason": "地址错"})
    assert "余姚市市场监督管理局" in model.state.case.wrong and model.state.work == "correct"
    model.answer("answers.premises_area", "330203001001")
    assert not model.state.case.ask_stop and not model.state.case.ask_facts


def test_u05_after_the_day_a_supervisor_types_their_own_password(
    desk: Desk, post: Post, food: Case, until: Until, printed: list[Any]
) -> None:
    late = replace(desk, clock=lambda: desk.clock() + timedelta(days=1))
    said: list[Credentials | None] = []

    def void(case_id: str, clerk: Clerk, reason: str, by: Credentials | None) -> Case:
        said.append(by)
        if by is None or by.password != "korrekt-Pferd":
            raise Problem("signin.wrong", Retry.AFTER_FIX)
        if not by.code:
            raise Problem("signin.code_needed", Retry.AFTER_FIX)
        return acts.void(late, case_id, clerk, reason, supervisor=BOSS, offline=True)

    model = signed_in(replace(case_deeds(late, lambda *_: ()), void=void), post)
    opened(model, food, until)
    assert any("要主管在旁" in note for note in model.state.case.notes)
    model.act("void")
    assert [one.name for one in model.state.case.asked] == ["reason", "supervisor", "password"]
    model.give({"reason": "重复收件", "supervisor": "lufangfang", "password": ""})
    assert "主管" in model.state.case.wrong and not said
    model.give({"reason": "重复收件", "supervisor": "lufangfang", "password": "mistyped"})
    until(lambda: said and not model.state.case.working)
    assert model.state.case.wrong and model.state.case.given["reason"] == "重复收件"
    assert "mistyped" not in str(vars(model.state.case)) and "mistyped" not in repr(said)
    model.give({"reason": "重复收件", "supervisor": "lufangfang", "password": "korrekt-Pferd"})
    until(lambda: [one.name for one in model.state.case.asked][-1] == "code")
    model.give({"reason": "重复收件", "supervisor": "lufangfang", "password": "korrekt-Pferd", "code": "123456"})
    until(lambda: model.state.case.state == "已作废")
    assert not [key for key in keys(model) if key.startswith("print:")]  # no fresh copy of a paper that is void
    case = acts.get_case(desk, food.id)
    assert case.voided is not None and case.voided.supervisor is not None and case.voided.supervisor_offline
    assert "korrekt" not in str(vars(model))


def test_a_paper_that_did_not_come_out_does_not_undo_the_act(desk: Desk, post: Post, food: Case, until: Until) -> None:
    def broken(case_id: str, kinds: Any, clerk: Clerk, copy: bool) -> tuple[Printed, ...]:
        return tuple(Printed(kind, "failed", "N", Problem("printer.out_of_paper", Retry.AFTER_FIX)) for kind in kinds)

    model = signed_in(replace(case_deeds(desk, lambda *_: ()), print_papers=broken), post)
    opened(model, food, until).act("ask_supplement")
    model.ask_supplement((ToldItem("field:staff", "从业人数", "不符"),), model.state.supplement.until)
    until(lambda: "没有打出" in model.state.banner[0])
    assert model.state.banner[2] == "warn" and "Ctrl+P" in model.state.banner[1]
    assert acts.get_case(desk, food.id).state is State.TO_SUPPLEMENT


# --- the page, by keyboard --------------------------------------------------------------------------------------------


@pytest.fixture
def view(model: CasesModel, dressed: None, qtbot: Any) -> Iterator[CasesView]:
    made = CasesView("查询", SEARCH_HINT, CASE_COLUMNS, "search")
    qtbot.addWidget(made)
    join_cases(made, model)
    made.resize(1250, 680)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made


def test_telling_by_keyboard(
    view: CasesView, model: CasesModel, food: Case, until: Until, desk: Desk, printed: list[Any]
) -> None:
    hands = Hands(view)
    opened(model, food, until)
    hands.press("F7")
    until(lambda: model.state.work == "ask_supplement")
    hands.press("Down")
    hands.press("Return")
    assert isinstance(view.focusWidget(), QPlainTextEdit)
    hands.write("缺第 2 页")
    hands.press("Tab")
    hands.write("两页都要")
    hands.press("Ctrl+I")
    until(lambda: len(model.state.supplement.items) == 2)
    hands.write("没有签名")
    assert [item.what for item in model.state.supplement.items] == ["缺第 2 页", "没有签名"]
    hands.press("F9")
    until(lambda: printed)
    asked = acts.get_case(desk, food.id).asked
    assert asked is not None and asked.items[0].standard == "两页都要" and asked.items[0].material


def test_correcting_by_keyboard(
    view: CasesView, model: CasesModel, food: Case, until: Until, desk: Desk, printed: list[Any]
) -> None:
    hands = Hands(view)
    opened(model, food, until)
    hands.press("Ctrl+G")
    until(lambda: model.state.work == "correct")
    first = view.focusWidget()
    assert isinstance(first, QLineEdit) and first.text() == "13800000000"
    first.selectAll()
    hands.write("13922222222")
    hands.press("Return")
    for _ in range(40):  # Enter walks through the whole form, into the question beside it
        if (field := hands.field()) is not None and field.asked.name == "reason":
            break
        hands.press("Return")
    hands.write("电话听错")
    hands.press("Ctrl+Return")
    until(lambda: printed)
    case = acts.get_case(desk, food.id)
    assert (case.phone, case.corrections[0].reason) == ("13922222222", "电话听错")


def test_not_accepting_by_keyboard(
    view: CasesView, model: CasesModel, desk: Desk, until: Until, printed: list[Any]
) -> None:
    from contract.case import SupplementItem

    case = finish.ask_supplement(desk, whole(desk, ELDERLY), CLERK, (SupplementItem(what="缺照片"),)).case
    hands = Hands(view)
    opened(model, case, until)
    hands.press("F11")
    until(lambda: model.state.work == "decline")
    assert view.focusWidget() is not None
    if isinstance(view.focusWidget(), QRadioButton):
        hands.press("Space")
    else:
        hands.press("Down")
    hands.press("Return")
    hands.write("没有补交照片")
    hands.press("Return")
    hands.write("民政局")
    hands.press("F9")
    until(lambda: printed)
    declined = acts.get_case(desk, case.id).declined
    assert declined is not None and declined.reason == "没有补交照片"


def test_escape_closes_what_is_written(view: CasesView, model: CasesModel, food: Case, until: Until) -> None:
    hands = Hands(view)
    opened(model, food, until)
    for key in ("F7", "Ctrl+G"):
        hands.press(key)
        until(lambda: model.state.work)
        hands.press("Escape")
        until(lambda: not model.state.work and not model.state.case.asking)


def test_f14_enter_right_behind_a_number_opens_its_case_and_no_other(
    view: CasesView, model: CasesModel, desk: Desk, food: Case, until: Until
) -> None:
    """Whoever types quickly is not shown the case that happened to stand first before."""
    last = finish.take_in(desk, whole(desk, ELDERLY), CLERK).case
    opened(model, last, until)
    shown: list[str] = []
    model.changed.connect(lambda state: shown.append(state.case.case_id))
    hands = Hands(view)
    hands.write(food.number)
    hands.press("Return")
    until(lambda: model.state.case.case_id == food.id)
    assert set(shown) == {last.id, "", food.id}  # closed before the other's is there: nobody voids it by mistake
    hands.press("Shift+Tab")
    view.take_focus()
    hands.write(last.number)
    until(lambda: [row.key for row in model.state.rows] == [last.id])
    assert model.state.case.case_id == ""  # looked for and not opened: none is
