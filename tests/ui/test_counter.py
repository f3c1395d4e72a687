"""The counter's window on a real desk without a line: from the card to the receipt by keys alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit

from app.demo import HALL
from app.desk import Desk
from app.people.sign_in import SignedIn
from app.store import Standing
from contract.case import Kind
from contract.ids import case_number
from tests.ui.conftest import CARD, CLERK
from ui import main
from ui.hands import Hands
from ui.main import build_counter
from ui.pages.intake.deeds import IntakeDeeds
from ui.shells.counter import CounterWindow
from ui.tasks import Post
from ui.widgets.field import Field

Until = Callable[[Callable[[], object]], None]
MATTER = "QR-00111-003"  # 老年优待证: accepted at this window


@pytest.fixture
def window(
    desk: Desk, deeds: IntakeDeeds, post: Post, monkeypatch: pytest.MonkeyPatch, until: Until, dressed: None
) -> Iterator[CounterWindow]:
    """The window as the program builds it; card, scanner and printers are plain callables."""
    put_down = replace(deeds, wait_card=lambda stop: CARD)
    monkeypatch.setattr(main, "intake_deeds", lambda _: put_down)
    made = build_counter(desk, post, desk.config)
    made.resize(1366, 768)
    made.show()
    made.activateWindow()
    until(made.isActiveWindow)
    yield made
    made.close()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(made, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def hands(window: CounterWindow) -> Hands:
    return Hands(window, patience=15)


def sign_in(window: CounterWindow, hands: Hands) -> None:
    window.counter.models.sign_in.signed_in.emit(SignedIn(CLERK, True, None))
    hands.wait(lambda: window.current_page() == "intake", "the intake")


def focused_field() -> Field | None:
    widget = QApplication.focusWidget()
    while widget is not None and not isinstance(widget, Field):
        widget = widget.parentWidget()
    return widget


def fill(hands: Hands, answers: dict[str, Any]) -> None:
    """Go through the form field by field with Enter, typing and choosing as a person would."""
    for _ in range(40):
        field = focused_field()
        if field is None:
            return
        value = answers.get(field.asked.name)
        if value not in (None, "") and field.value() in ("", None, []):
            if isinstance(QApplication.focusWidget(), QLineEdit | QPlainTextEdit):
                hands.write(str(value))
            elif field.asked.kind == "yes_no":
                hands.press("Space" if value else "Right")
            else:
                for _ in range(8):
                    if field.value() == value:
                        break
                    hands.press("Space" if field.value() in ("", None) else "Right")
        hands.press("Return")


def test_from_the_card_to_the_receipt_by_keys_alone(window: CounterWindow, hands: Hands, desk: Desk) -> None:
    intake = window.counter.models.intake
    sign_in(window, hands)
    hands.wait(lambda: intake.state.identity.person, "the card to be read by itself")
    hands.press("F6")
    hands.wait(lambda: intake.state.identity.confirmed, "the person to be confirmed")
    hands.press("Ctrl+Return")
    hands.wait(lambda: intake.state.step == "matter" and intake.state.matter.lines, "the matters")
    hands.write("lnydz")
    hands.wait(lambda: [line.key for line in intake.state.matter.lines] == [MATTER], "the matter to be found")
    hands.press("Return")
    hands.wait(lambda: intake.state.step == "form", "the form")
    hands.rest()
    fill(hands, json.loads((HALL / "answers" / f"{MATTER}.json").read_text("utf-8")))
    hands.wait(lambda: intake.state.form.missing == 0, "the form to be right")
    hands.press("Ctrl+Return")
    hands.wait(lambda: intake.state.step == "materials" and intake.state.materials.lines, "the materials")
    hands.press("Ctrl+P")
    hands.wait(lambda: intake.draft.number, "the application form to be printed")
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
    assert intake.state.main == "accept"
    hands.press("F9")
    hands.wait(lambda: intake.state.step == "receipt" and not intake.state.receipt.printing, "the receipt")
    number = intake.state.receipt.number
    assert intake.state.receipt.headline == "已受理"
    assert [paper.outcome for paper in intake.state.receipt.papers] == ["done", "done"]

    row = desk.store.find_cases(number)[0]
    case = desk.store.find_case(row.case_id)
    assert case is not None and case.identity is not None and case.identity.confirmed_by == CLERK.id
    assert row.standing is Standing.WAITING
    assert [action.kind for action in desk.store.case_actions(case.id)] == [
        Kind.OPEN,
        Kind.CONFIRM_PERSON,
        Kind.RECEIVE,
        Kind.ACCEPT,
    ]
    hands.wait(lambda: window._state.waiting == 1, "the top bar to say that one waits")

    hands.press("Return")
    hands.wait(lambda: intake.state.step == "identity" and intake.draft.id != case.id, "the next person")
    assert intake.state.panel.matter == ""


def test_alt_and_a_number_go_to_a_page_and_back_to_a_parked_case(window: CounterWindow, hands: Hands) -> None:
    intake = window.counter.models.intake
    sign_in(window, hands)
    hands.wait(lambda: intake.state.identity.person, "the card")
    first = intake.draft.id
    hands.press("F10")
    hands.wait(lambda: intake.draft.id != first and window._state.parked, "the case to be parked")
    for number, page in enumerate(("intake", "todo", "pickup", "search", "outbox", "devices", "today"), 1):
        hands.press(f"Alt+{number}")
        assert window.current_page() == page
    hands.press("Alt+8")
    hands.wait(lambda: window.current_page() == "intake" and intake.draft.id == first, "the parked case")


def scan(window: CounterWindow, text: str) -> None:
    """A barcode scanner that types."""
    handle = window.windowHandle()
    assert handle is not None
    for at, character in enumerate(text + "\r"):
        key = QKeySequence("Return" if character == "\r" else character)[0].key()  # type: ignore[index]
        event = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, character)
        event.setTimestamp(5000 + at * 5)
        QApplication.sendEvent(handle, event)


def test_a_barcode_opens_its_case_from_any_page(window: CounterWindow, hands: Hands, desk: Desk) -> None:
    from tests.fakes.window import CLERK as AUTHOR
    from tests.fakes.window import Window

    case_id = Window(desk.store, AUTHOR).take_in()
    case = desk.store.find_case(case_id)
    assert case is not None
    sign_in(window, hands)
    hands.press("Alt+7")
    scan(window, f"https://tongban.example/p/{case.number}/ABCD")
    search = window.counter.models.search
    hands.wait(lambda: window.current_page() == "search" and search.state.case.case_id == case_id, "the case")
    scan(window, case_number("330281", 9999))
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
