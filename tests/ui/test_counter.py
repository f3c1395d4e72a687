"""The counter's window on a real desk without a line: from the card to the receipt by keys alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PySide6.QtWidgets import QAbstractButton, QLabel

from app.config import DeviceChoice
from app.demo import HALL
from app.desk import Desk
from app.flow.draft import OtherCase
from app.flow.printing import Printed
from app.people.sign_in import SignedIn
from app.store import Changes, Standing
from contract.case import Kind, State
from contract.ids import case_number
from contract.problem import Problem, Retry
from tests.ui.conftest import CARD, CLERK, sign_in
from ui.deeds import intake_deeds
from ui.hands import Hands
from ui.pages.intake.identity import IdentityView
from ui.pages.intake.model import IntakeModel
from ui.pages.intake.receipt import ReceiptView
from ui.shells.counter import CounterWindow
from ui.widgets.banner import Banner
from ui.widgets.key_button import KeyButton
from ui.words import RESOURCES

Until = Callable[[Callable[[], object]], None]
MATTER = "QR-00111-003"  # 老年优待证: accepted at this window
ENGLISH = json.loads((RESOURCES / "translations" / "en.json").read_text("utf-8"))
ANSWERS = json.loads((HALL / "answers" / f"{MATTER}.json").read_text("utf-8"))


def to_the_receipt(window: CounterWindow, hands: Hands) -> Any:
    """From the card to the receipt by keys alone."""
    intake = window.counter.models.intake
    sign_in(window, hands)
    hands.wait(lambda: intake.state.identity.person, "the card to be read by itself")
    card = window.findChild(IdentityView)._person  # type: ignore[union-attr]
    assert card._confirm.hasFocus(), "the hands are where the work goes on"
    hands.press("F6")
    hands.wait(lambda: intake.state.identity.confirmed, "the person to be confirmed")
    assert card._next.hasFocus()
    hands.press("Ctrl+Return")
    hands.wait(lambda: intake.state.step == "matter" and intake.state.matter.lines, "the matters")
    hands.write("lnydz")
    hands.wait(lambda: [line.key for line in intake.state.matter.lines] == [MATTER], "the matter to be found")
    hands.press("Return")
    hands.wait(lambda: intake.state.step == "form", "the form")
    hands.rest()
    hands.fill(ANSWERS)
    hands.wait(lambda: intake.state.form.missing == 0, "the form to be right")
    hands.press("Ctrl+Return")
    scan_all(hands, intake)
    assert intake.state.main == "accept"
    hands.press("F9")
    hands.wait(lambda: intake.state.step == "receipt" and not intake.state.receipt.printing, "the receipt")
    return intake


def test_from_the_card_to_the_receipt_by_keys_alone(window: CounterWindow, hands: Hands, desk: Desk) -> None:
    intake = to_the_receipt(window, hands)
    number = intake.state.receipt.number
    assert intake.state.receipt.headline == "已受理"
    assert [paper.outcome for paper in intake.state.receipt.papers] == ["done", "done"]

    row = desk.store.cases.look_for(number)[0]
    case = desk.store.cases.find(row.case_id)
    assert case is not None and case.identity is not None and case.identity.confirmed_by == CLERK.id
    assert row.standing is Standing.WAITING
    assert [action.kind for action in desk.store.cases.actions(case.id)] == [
        Kind.OPEN,
        Kind.CONFIRM_PERSON,
        Kind.RECEIVE,
        Kind.ACCEPT,
    ]
    hands.wait(lambda: window._state.waiting == 1, "the top bar to say that one waits")

    hands.press("Return")
    hands.wait(lambda: intake.state.step == "identity" and intake.draft.id != case.id, "the next person")
    assert intake.state.panel.matter == ""


@pytest.mark.needs("font:LXGW WenKai", "font:HanaMinA")
def test_without_a_receipt_printer_the_receipt_is_half_an_a4_page_and_a_reprint_is_a_copy(
    window: CounterWindow, hands: Hands, desk: Desk, tmp_path: Path
) -> None:
    papers = tmp_path / "papers"
    papers.mkdir()
    desk.devices.choose("a4", DeviceChoice(driver="printer/file", options={"folder": str(papers)}))
    here = replace(desk, config=desk.config.model_copy(update={"receipt_style": "half_a4"}))
    real, model = intake_deeds(here), window.counter.models.intake.receipt
    model._do = replace(
        model._do, print_papers=real.print_papers, paper_png=real.paper_png, clear_printers=real.clear_printers
    )
    intake = to_the_receipt(window, hands)
    assert [paper.outcome for paper in intake.state.receipt.papers] == ["done", "done"]
    assert intake.state.receipt.current == "receipt"
    hands.wait(lambda: intake.state.receipt.preview, "the picture of what was printed")
    shown = intake.state.receipt.preview
    assert 1.40 < shown.height() / shown.width() < 1.43, "A4, as it was printed"
    number = intake.state.receipt.number
    hands.press("Ctrl+P")
    hands.wait(lambda: not intake.state.receipt.printing and len(list(papers.glob("*.pdf"))) == 3, "a copy")
    hands.press("Return")
    hands.wait(lambda: intake.state.step == "identity", "the next person")

    first, _, again = (halves_of(path) for path in sorted(papers.glob("*.pdf")))
    assert "收件凭证" in first[0] and number in first[0] and "副本" not in first[0]
    assert "收件凭证（副本）" in again[0] and number in again[0]
    assert first[1] == again[1] == "", "nothing below the cut"


def halves_of(path: Path) -> tuple[str, str]:
    """What stands on the upper and on the lower half of a paper, but for the mark of training."""
    document = pypdfium2.PdfDocument(path)
    page = document[0]
    text, half = page.get_textpage(), page.get_height() / 2
    try:
        above, below = text.get_text_bounded(bottom=half), text.get_text_bounded(top=half - 10)
        return "".join(above.split()), "".join(below.split()).strip("训练无效")
    finally:
        text.close()
        page.close()
        document.close()


def test_papers_that_failed_are_printed_again_one_after_the_other(window: CounterWindow, hands: Hands) -> None:
    model, asked = window.counter.models.intake.receipt, []

    def print_papers(case_id: str, kinds: Any, clerk: Any, copy: bool) -> tuple[Printed, ...]:
        asked.append(([kind.value for kind in kinds], copy))
        busy = Problem("printer.busy", Retry.AGAIN, where="192.0.2.7") if len(asked) == 1 else None
        return tuple(Printed(kind, "failed" if busy else "done", f"{kind}-1", busy) for kind in kinds)

    model._do = replace(model._do, print_papers=print_papers)
    intake, view = to_the_receipt(window, hands), window.findChild(ReceiptView)
    assert "192.0.2.7" in intake.state.receipt.papers[0].words
    assert view._trouble.isVisible() and view._again.hasFocus()
    hands.press("Ctrl+P")
    hands.wait(lambda: intake.state.receipt.papers[0].outcome == "done", "the first paper")
    assert intake.state.receipt.current == intake.state.receipt.papers[1].kind and view._again.hasFocus()
    hands.press("Ctrl+P")
    hands.wait(lambda: intake.state.receipt.papers[1].outcome == "done", "the other one")
    assert asked == [(["receipt", "acceptance"], False), (["receipt"], False), (["acceptance"], False)]
    assert not view._trouble.isVisible() and view._next.hasFocus()


def test_ctrl_number_goes_to_a_page_alt_number_to_a_parked_case(window: CounterWindow, hands: Hands) -> None:
    intake = window.counter.models.intake
    sign_in(window, hands)
    hands.wait(lambda: intake.state.identity.person, "the card")
    first = intake.draft.id
    hands.press("F10")
    hands.wait(lambda: intake.draft.id != first and window._state.parked, "the case to be parked")
    for number, page in enumerate(("intake", "todo", "pickup", "search", "outbox", "devices", "today"), 1):
        hands.press(f"Ctrl+{number}")
        assert window.current_page() == page
    hands.press("Alt+1")
    hands.wait(lambda: window.current_page() == "intake" and intake.draft.id == first, "the parked case")


def heard_twice(window: CounterWindow) -> set[str]:
    """Keys that two buttons listen to now: Qt would then press neither."""
    buttons = [one for one in window.findChildren(KeyButton) if one.isVisible() and one.isEnabled()]
    keys = Counter(one.shortcut().toString() for one in buttons if not one.shortcut().isEmpty())
    return {key for key, count in keys.items() if count > 1}


def test_every_key_is_one_buttons_also_with_a_banner_on_every_page(window: CounterWindow, hands: Hands) -> None:
    sign_in(window, hands)
    hands.press("Ctrl+Shift+L")  # the buttons say their keys anew
    hands.press("Ctrl+Shift+L")
    for number in range(1, 8):
        hands.press(f"Ctrl+{number}")
        for banner in window.findChildren(Banner):
            banner.show_words("…")
        hands.rest()
        assert not heard_twice(window), window.current_page()


def test_rule_09_a_case_that_comes_while_another_is_taken_in_is_named(
    window: CounterWindow, hands: Hands, desk: Desk
) -> None:
    intake = window.counter.models.intake
    known: list[OtherCase] = []
    intake.assessment._do = replace(intake.assessment._do, clashing=lambda draft: tuple(known))
    sign_in(window, hands)
    hands.wait(lambda: intake.state.identity.person, "the card")
    assert not intake.state.panel.cautions
    known.append(OtherCase(case_id="c", number="330281-00000007-8", state=State.ACCEPTED, where="余姚市凤山街道"))
    desk.store.tell(Changes(cases=True))  # as when the courier has heard of it
    hands.wait(lambda: "330281-00000007-8" in str(intake.state.panel.cautions), "the other case to be named")


def test_a_barcode_opens_its_case_from_any_page(window: CounterWindow, hands: Hands, desk: Desk) -> None:
    from tests.fakes.window import CLERK as AUTHOR
    from tests.fakes.window import Window

    case_id = Window(desk.store, AUTHOR).take_in()
    case = desk.store.cases.find(case_id)
    assert case is not None
    sign_in(window, hands)
    hands.press("Ctrl+7")
    hands.scan_code(f"https://tongban.example/p/{case.number}/ABCD")
    search = window.counter.models.search
    hands.wait(lambda: window.current_page() == "search" and search.state.case.case_id == case_id, "the case")
    hands.scan_code(case_number("330281", 9999))
    hands.wait(lambda: window._state.notice[0], "to be told that nobody here knows it")


def test_the_screen_locks_and_nothing_is_seen(window: CounterWindow, hands: Hands) -> None:
    intake = window.counter.models.intake
    sign_in(window, hands)
    hands.wait(lambda: intake.state.identity.person, "the card")
    hands.press("Ctrl+Shift+Q")
    hands.wait(lambda: window.current_page() == "", "the sign-in page")
    assert intake.state.identity.person is None and window._state.clerk == ""
    sign_in(window, hands)
    hands.wait(lambda: intake.state.identity.person, "the same case again")


def stale(window: CounterWindow) -> list[str]:
    """What is seen and is still said in Chinese."""
    parts = [*window.findChildren(QLabel), *window.findChildren(QAbstractButton)]
    return [part.text() for part in parts if part.isVisible() and part.text() in ENGLISH]


def test_nothing_that_is_seen_keeps_the_old_language(window: CounterWindow, hands: Hands) -> None:
    sign_in(window, hands)
    hands.wait(lambda: window._state.lights and window.counter.models.intake.state.identity.person, "lights and card")
    window.counter.scanned(case_number("330281", 12345678))
    hands.wait(lambda: window._state.notice[0], "a number that nobody knows")
    hands.press("Ctrl+Shift+L")
    try:
        assert {light.name for light in window._state.lights} == {"Card reader", "Scanner", "Receipts", "A4"}
        assert window._state.notice[0].startswith("This station does not know")
        assert window._state.clerk == "周敏 clerk"
        for number in range(1, 8):
            hands.press(f"Ctrl+{number}")
            hands.rest()
            assert stale(window) == []
        hands.press("Ctrl+Shift+Q")
        hands.wait(lambda: window.current_page() == "", "the sign-in page")
        assert window.sign_in._locked.text().startswith("Locked.")  # type: ignore[attr-defined]
        assert window.sign_in._place.text().endswith("3 号窗口")  # type: ignore[attr-defined]
    finally:
        window.counter.next_language()
    assert window.sign_in._locked.text().startswith("已锁屏")  # type: ignore[attr-defined]


def test_language_and_display_change_at_run_time(window: CounterWindow, hands: Hands) -> None:
    sign_in(window, hands)
    hands.press("Ctrl+Shift+L")
    hands.wait(lambda: window._rail["intake"].text().startswith("Intake"), "English")
    hands.press("Ctrl+Shift+D")
    hands.press("Ctrl+Shift+D")
    hands.press("Ctrl+Shift+L")
    hands.wait(lambda: window._rail["intake"].text().startswith("受理"), "Chinese")


def test_a_bug_is_a_number_and_the_day_goes_on(window: CounterWindow, hands: Hands, caplog: Any) -> None:
    from ui.bugs import reporter

    sign_in(window, hands)
    number = CARD.number
    try:
        raise ValueError(number)
    except ValueError as error:
        reporter(window.counter.bug)(ValueError, error, error.__traceback__)
    assert "编号" in window._state.notice[0]
    assert "ValueError" in caplog.text and number not in caplog.text


def test_the_agents_run_by_keys(window: CounterWindow, hands: Hands) -> None:
    """同一事项，下一位: F6 says once that the handler is the clerk; F3 keeps matter and handler, F2 reads whom for."""
    intake = window.counter.models.intake
    agent = CLERK.model_copy(update={"name": CARD.name})
    window.counter.models.sign_in.signed_in.emit(SignedIn(agent, True, None))
    hands.wait(lambda: intake.state.identity.person, "the agent's own card")
    hands.press("F6")
    hands.wait(lambda: intake.state.identity.confirmed, "the agent to be confirmed")
    hands.press("Ctrl+J")
    hands.wait(lambda: (field := hands.field()) is not None and field.asked.name == "name", "whom they come for")
    for text in ("沈阿凤", "330281194809099986", "浙江省余姚市梁弄镇横坎头村9组99号"):
        hands.write(text)
        hands.press("Return")
    hands.wait(lambda: intake.draft.applicant is not None, "the first household")
    hands.press("Ctrl+Return")
    hands.wait(lambda: intake.state.step == "matter" and intake.state.matter.lines, "the matters")
    hands.write("lnydz")
    hands.wait(lambda: [line.key for line in intake.state.matter.lines] == [MATTER], "the matter")
    hands.press("Return")
    hands.wait(lambda: intake.state.step == "form", "the form")
    hands.fill(ANSWERS)
    hands.press("Ctrl+Return")
    scan_all(hands, intake)
    hands.press("F9")
    hands.wait(lambda: intake.state.step == "receipt" and not intake.state.receipt.printing, "the receipt")
    assert intake.state.receipt.agent == CARD.name and not intake.state.receipt.agent_kept
    hands.press("F6")
    hands.wait(lambda: intake.state.receipt.agent_kept, "the agent to be kept")
    hands.press("F3")
    hands.wait(lambda: intake.state.step == "identity" and intake.draft.handler is not None, "the next household")
    assert intake.draft.handler.name == CARD.name and intake.state.identity.confirmed
    assert intake.state.identity.behalf == "person" and not any(intake.state.identity.applicant.values())
    hands.wait(lambda: (field := hands.field()) is not None and field.asked.name == "name", "to be asked for whom")

    household = replace(CARD, name="周㛃宁", number="330226199611039986", sex="女")
    intake.identity._do = replace(intake.identity._do, read_card=lambda: household)
    hands.press("F2")
    hands.wait(lambda: intake.draft.applicant is not None, "the household's card")
    assert intake.draft.applicant.name == "周㛃宁" and intake.draft.handler.name == CARD.name
    hands.wait(lambda: intake.state.identity.can_go_on, "to go on")
    hands.press("Ctrl+Return")
    hands.wait(lambda: intake.state.step == "form", "the form, past the matters")
    assert intake.state.form.answers["card_kind"].source == "沿用上一件"
    assert intake.state.form.answers["applicant_name"].value == "周㛃宁"


def scan_all(hands: Hands, intake: IntakeModel) -> None:
    """A batch into every material that is missing, the form first, each compared with its original."""
    hands.wait(lambda: intake.state.step == "materials" and intake.state.materials.lines, "the materials")
    hands.press("Ctrl+P")
    hands.wait(lambda: intake.draft is not None and intake.draft.number, "the application form to be printed")
    for line in intake.state.materials.lines:
        if line.pill != "缺":
            continue
        while intake.state.materials.current != line.key:
            hands.press("Down")
        hands.press("F4")
        hands.wait(lambda: intake.state.materials.pages and not intake.scanning, "the pages")
        hands.press("Space")
        hands.wait(lambda: intake.state.materials.verified, "the original to be compared")
    hands.press("Ctrl+Return")
    hands.wait(lambda: intake.state.step == "review" and intake.state.main_ready, "the review")
