"""Shared PCs: locked, nothing of anybody is seen; the same clerk goes on, another begins afresh (U12, F14)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLabel, QLineEdit, QPlainTextEdit, QWidget

from app.config import DeviceChoice
from app.desk import Desk
from app.flow import pages
from app.flow.draft import Draft
from app.people.sign_in import made
from contract.person import Clerk
from tests.ui.conftest import CLERK, sign_in
from ui import invented
from ui.hands import Hands
from ui.main import build_counter
from ui.pages.intake.deeds import IntakeDeeds
from ui.shells.counter import CounterWindow
from ui.tasks import Post

Until = Callable[[Callable[[], object]], None]
MATTER = "QR-00111-003"
PASSWORD = "a word of zhoumin"
OTHER = Clerk(id="hanlu", name="韩露", roles=CLERK.roles, node=CLERK.node)
SECRETS = ("陈䶮", "330281199002289992", "330281********", "阳明东路", "13800000077", "紧急的张三", "老年优待证")
COLUMNS = 8  # at most
READERS = (
    "text", "toPlainText", "title", "toolTip", "statusTip", "whatsThis", "accessibleName", "accessibleDescription",
    "windowTitle", "placeholderText", "currentText",
)  # fmt: skip
ROLES = [role.value for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole,
                                 Qt.ItemDataRole.AccessibleTextRole)]  # fmt: skip
TEXTS = (QAccessible.Text.Name, QAccessible.Text.Description, QAccessible.Text.Value, QAccessible.Text.Help)


def said_by(window: QWidget) -> Iterator[tuple[str, str]]:
    """Everything that any widget, shown or hidden, says to eyes, to a screen reader or to whoever asks it."""
    for widget in (window, *window.findChildren(QWidget)):
        for reader in READERS:
            if callable(read := getattr(widget, reader, None)):
                yield type(widget).__name__, str(read())
        if isinstance(widget, QAbstractItemView) and widget.model() is not None:
            yield from ((type(widget).__name__, text) for text in _in_model(widget.model()))
        interface = QAccessible.queryAccessibleInterface(widget)
        if interface is not None and interface.isValid():
            for kind in TEXTS:
                yield type(widget).__name__, interface.text(kind)
    yield "clipboard", QApplication.clipboard().text()


def _in_model(model: QAbstractItemModel) -> Iterator[str]:
    for row in range(model.rowCount(QModelIndex())):
        for column in range(COLUMNS):
            for role in [*ROLES, *range(Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 4)]:
                yield str(model.index(row, column).data(role))


def seen(window: QWidget) -> set[str]:
    """Which secrets are anywhere in the window."""
    return {secret for secret, _ in holders(window)}


def holders(window: QWidget) -> set[tuple[str, str]]:
    """Which secrets are held by what."""
    texts = [(who, text) for who, text in said_by(window) if text]
    return {(secret, who) for who, text in texts for secret in SECRETS if secret in text}


def lock(window: CounterWindow, hands: Hands) -> None:
    hands.press("Ctrl+Shift+Q")
    hands.wait(lambda: window.current_page() == "", "the locked screen")
    hands.rest()
    assert holders(window) == set()
    for label in window.findChildren(QLabel):
        assert label.pixmap().width() < 200, "a picture of a person or a page"


class Gate:
    """A scanner that gives its pages at once, or each when it is let."""

    def __init__(self) -> None:
        self.pages = [threading.Event() for _ in range(3)]
        self.open()

    def open(self) -> None:
        for page in self.pages:
            page.set()

    def shut(self) -> None:
        for page in self.pages:
            page.clear()

    def let(self, page: int) -> None:
        self.pages[page].set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open()


@pytest.fixture
def deeds(deeds: IntakeDeeds, desk: Desk, gate: Gate) -> IntakeDeeds:
    sheets = [invented.papers.sheet(f"第 {n} 页", 200) for n in range(3)]

    def scan_into(draft: Any, code: str, source: Any, stop: threading.Event) -> Iterator[Any]:
        for page, sheet in zip(gate.pages, sheets, strict=True):
            page.wait(20)
            draft = pages.add_file(desk, draft, code, sheet, "image/jpeg")
            yield draft

    return replace(deeds, scan_into=scan_into)


@pytest.fixture
def known(desk: Desk) -> None:
    """Two clerks whom the server let in lately."""
    now = desk.clock()
    for name, clerk in (("zhoumin", CLERK), ("hanlu", OTHER)):
        desk.store.verifiers.keep(made(name, PASSWORD, clerk, now, now.replace(year=now.year + 1)))


def to_form(window: CounterWindow, hands: Hands) -> None:
    """A person, confirmed, and the form of a matter open before the clerk."""
    intake = window.counter.models.intake
    hands.wait(lambda: intake.state.identity.person, "the card")
    hands.press("F6")
    hands.wait(lambda: intake.state.identity.confirmed, "the person to be confirmed")
    intake.identity.applicant.give_phone("13800000077")
    hands.press("Ctrl+Return")
    hands.wait(lambda: intake.state.step == "matter" and intake.state.matter.lines, "the matters")
    hands.write("lnydz")
    hands.wait(lambda: [line.key for line in intake.state.matter.lines] == [MATTER], "the matter")
    hands.press("Return")
    hands.wait(lambda: intake.state.step == "form", "the form")
    hands.rest()


def to_field(hands: Hands, name: str) -> None:
    for _ in range(30):
        field = hands.field()
        if field is not None and field.asked.name == name:
            return
        hands.press("Tab")
    raise AssertionError(name)


def unlock(window: CounterWindow, hands: Hands, who: str = "") -> None:
    """The password; before it, for another clerk, the key of who has worked here."""
    if who:
        people = [one.username for one in window.counter.models.sign_in.state.people]
        hands.press(f"Alt+{people.index(who) + 1}")
    hands.write(PASSWORD)
    hands.press("Return")
    hands.wait(lambda: window.current_page(), "to be let in")
    hands.rest()


@pytest.mark.usefixtures("known")
def test_u12_the_same_clerk_comes_back_to_the_very_letter(window: CounterWindow, hands: Hands) -> None:
    intake = window.counter.models.intake
    sign_in(window, hands)
    to_form(window, hands)
    to_field(hands, "contact_name")
    hands.write("紧急的张三")
    hands.press("Left")
    box = QApplication.focusWidget()
    assert isinstance(box, QLineEdit) and box.cursorPosition() == 4
    assert seen(window) >= {"陈䶮", "阳明东路", "紧急的张三", "13800000077"}
    QApplication.clipboard().setText("330281199002289992")
    lock(window, hands)
    assert not intake.draft.parked

    hands.write("not it")
    hands.press("Return")
    hands.wait(lambda: window.counter.models.sign_in.state.title, "to be refused")
    assert window.current_page() == ""
    unlock(window, hands)
    hands.wait(lambda: QApplication.focusWidget() is box, "the field")
    assert (box.text(), box.cursorPosition()) == ("紧急的张三", 4) and intake.state.step == "form"
    hands.write("乙")
    hands.wait(lambda: intake.state.form.answers["contact_name"].value == "紧急的张乙三", "what is typed further")
    assert seen(window) >= {"陈䶮", "330281199002289992", "阳明东路", "13800000077"}


@pytest.mark.usefixtures("known")
def test_u12_nothing_is_left_in_any_widget_whatever_was_open(window: CounterWindow, hands: Hands, desk: Desk) -> None:
    counter, intake = window.counter, window.counter.models.intake
    sign_in(window, hands)
    to_form(window, hands)
    hands.press("Ctrl+Return")
    hands.wait(lambda: intake.state.step == "materials" and intake.state.materials.lines, "the materials")
    hands.press("Ctrl+P")
    hands.wait(lambda: intake.draft.number, "the form to be printed")
    for line in intake.state.materials.lines:
        while intake.state.materials.current != line.key:
            hands.press("Down")
        if line.pill == "缺":
            hands.press("F4")
            hands.wait(lambda: intake.state.materials.preview and not intake.scanning, "the page")
    lock(window, hands)
    unlock(window, hands)
    hands.wait(lambda: intake.state.materials.preview, "the same page")
    assert intake.state.step == "materials" and intake.state.materials.current == line.key
    hands.press("Ctrl+Return")
    hands.wait(lambda: intake.state.step == "review", "the review")
    lock(window, hands)
    unlock(window, hands)
    hands.press("F11")
    hands.wait(lambda: intake.state.review.writing == "decline", "the refusal")
    to_field(hands, "reason")
    hands.write("紧急的张三")
    lock(window, hands)
    unlock(window, hands)
    box = QApplication.focusWidget()
    assert isinstance(box, QPlainTextEdit) and box.toPlainText() == "紧急的张三"
    hands.press("Escape")
    hands.wait(lambda: not intake.state.review.writing, "the overview")
    hands.press("Ctrl+3")
    hands.wait(lambda: counter.models.pickup.state.empty[0], "the pick-up page")
    lock(window, hands)
    unlock(window, hands)
    assert window.current_page() == "pickup"
    hands.press("Ctrl+1")
    hands.press("F2")
    hands.wait(lambda: intake.state.step == "identity", "the identity step")
    hands.press("Ctrl+M")
    hands.wait(lambda: intake.state.identity.manual_open, "the manual entry")
    hands.write("紧急的张三")
    lock(window, hands)
    unlock(window, hands)
    field = hands.field()
    assert field is not None and (field.asked.name, field.value()) == ("name", "紧急的张三")


@pytest.mark.usefixtures("known")
def test_u12_what_opens_a_chip_is_not_left_and_is_there_again(window: CounterWindow, hands: Hands, desk: Desk) -> None:
    desk.devices.choose("cards", DeviceChoice(driver="cards/simulated", options={"card": "passport"}))
    intake = window.counter.models.intake
    sign_in(window, hands)
    hands.wait(lambda: intake.state.identity.person and intake.state.identity.has_other, "the card")
    hands.press("Ctrl+Y")
    hands.wait(lambda: intake.state.identity.other_open, "the other cards")
    hands.write("330281199002289992")
    assert "330281199002289992" in seen(window)
    lock(window, hands)
    unlock(window, hands)
    field = hands.field()
    assert field is not None and (field.asked.name, field.value()) == ("number", "330281199002289992")


@pytest.mark.usefixtures("known")
def test_f09_f11_another_clerk_begins_afresh_and_the_first_finds_it_parked(
    window: CounterWindow, hands: Hands, desk: Desk
) -> None:
    intake = window.counter.models.intake
    sign_in(window, hands)
    to_form(window, hands)
    first = intake.draft
    lock(window, hands)
    unlock(window, hands, "hanlu")
    hands.wait(lambda: window.counter.clerk == OTHER and intake.draft.id != first.id, "the other clerk")
    # The list of what is handed over names it; the intake does not, but for the card that lies on the reader.
    assert seen(window._pages["intake"]) == set() or intake.state.identity.person
    kept = desk.store.drafts.get(first.id)
    assert kept.parked and kept.clerk == CLERK.id and Draft.model_validate_json(kept.body).confirmed.id == CLERK.id
    assert not window._state.parked  # not the other's to take up by a key
    lock(window, hands)
    unlock(window, hands, "zhoumin")
    hands.wait(lambda: window.counter.clerk == CLERK and window._state.parked, "the first clerk's parked case")
    hands.press("Alt+1")
    hands.wait(lambda: intake.draft.id == first.id and intake.state.step == "form", "the case as it was")


def count_of(desk: Desk, draft_id: str, code: str) -> int:
    slot = Draft.model_validate_json(desk.store.drafts.get(draft_id).body).material(code)
    return len(slot.pages) if slot else 0


def scanning(window: CounterWindow, hands: Hands, gate: Gate) -> tuple[str, str]:
    """A scan under way in the last material. Returns the draft and the material."""
    intake = window.counter.models.intake
    to_form(window, hands)
    hands.press("Ctrl+Return")
    hands.wait(lambda: intake.state.step == "materials" and intake.state.materials.lines, "the materials")
    code = intake.state.materials.lines[-1].key
    while intake.state.materials.current != code:
        hands.press("Down")
    gate.shut()
    hands.press("F4")
    hands.wait(lambda: intake.scanning, "the scanner")
    return intake.draft.id, code


@pytest.mark.usefixtures("known")
def test_u12_scanning_goes_on_behind_the_lock_and_lands_in_its_own_case(
    window: CounterWindow, hands: Hands, desk: Desk, gate: Gate
) -> None:
    counter, intake = window.counter, window.counter.models.intake
    sign_in(window, hands)
    first, code = scanning(window, hands, gate)
    gate.let(0)
    hands.wait(lambda: count_of(desk, first, code) == 1, "the first page")
    lock(window, hands)
    assert "扫" in counter.models.sign_in.state.locked_words
    gate.let(1)
    hands.wait(lambda: count_of(desk, first, code) == 2, "the page behind the lock")
    assert seen(window) == set()
    unlock(window, hands, "hanlu")
    hands.wait(lambda: counter.clerk == OTHER and intake.draft.id != first, "the other clerk")
    gate.let(2)
    hands.wait(lambda: not intake.scanning, "the scan to end")
    hands.wait(lambda: desk.store.drafts.get(first).parked and count_of(desk, first, code) == 3, "all pages, parked")
    assert desk.store.drafts.get(first).clerk == CLERK.id
    assert all(not slot.pages for slot in intake.draft.materials)


@pytest.mark.usefixtures("known")
def test_a_parked_case_takes_its_pages_and_comes_back_while_they_come(
    window: CounterWindow, hands: Hands, desk: Desk, gate: Gate
) -> None:
    intake = window.counter.models.intake
    sign_in(window, hands)
    first, code = scanning(window, hands, gate)
    hands.press("F10")
    hands.wait(lambda: intake.draft.id != first and window._state.parked, "the next person")
    gate.let(0)
    hands.wait(lambda: count_of(desk, first, code) == 1, "the page of the parked case")
    to_form(window, hands)
    hands.press("Ctrl+Return")
    hands.wait(lambda: intake.state.step == "materials", "the materials of the second")
    hands.press("F4")
    hands.wait(lambda: "上一件" in intake.state.banner.title, "to be told that the scanner is busy")
    hands.press("Alt+1")
    hands.wait(lambda: intake.draft.id == first and intake.state.materials.scanning, "the first case, still scanning")
    gate.let(1)
    hands.wait(lambda: len(intake.draft.material(code).pages) == 2, "its next page")
    gate.let(2)
    hands.wait(lambda: not intake.scanning and count_of(desk, first, code) == 3, "the last")
    hands.wait(lambda: not desk.store.drafts.get(first).parked, "to be saved as taken up")


def test_u08_nine_parked_one_restart_none_lost(
    window: CounterWindow, hands: Hands, desk: Desk, post: Post, until: Until
) -> None:
    intake = window.counter.models.intake
    sign_in(window, hands)
    ids = []
    for count in range(9):
        hands.wait(lambda: intake.state.identity.person, "the card")
        ids.append(intake.draft.id)
        hands.press("F10")
        hands.wait(lambda n=count: len(window._state.parked) == n + 1 and intake.draft.id != ids[-1], "to be parked")
    window.close()

    again = build_counter(desk, post, desk.config)
    again.resize(1366, 768)
    again.show()
    again.activateWindow()
    until(again.isActiveWindow)
    anew = Hands(again)
    sign_in(again, anew)
    anew.wait(lambda: len(again._state.parked) == 9, "all nine")
    assert [one.id for one in again._state.parked] == ids
    lower = again._parked[-1].mapTo(again, again._parked[-1].rect().bottomLeft()).y()
    assert lower <= again.height()
    for number in (9, 1, 4):
        wanted = again._state.parked[number - 1].id
        anew.press(f"Alt+{number}")
        anew.wait(lambda to=wanted: again.counter.models.intake.draft.id == to, "the parked case")
        anew.press("F10")
        anew.wait(lambda: len(again._state.parked) == 9, "nine again")
    again.close()
    again.deleteLater()


@pytest.mark.usefixtures("known")
def test_u12_a_window_that_nobody_touches_locks_itself(window: CounterWindow, hands: Hands) -> None:
    intake = window.counter.models.intake
    sign_in(window, hands)
    to_form(window, hands)
    assert window.counter._idle.interval() == 10 * 60_000  # a setting of the station
    window.counter._idle.start(1)
    hands.wait(lambda: window.current_page() == "", "the locked screen")
    hands.rest()
    assert holders(window) == set()
    hands.press("F3")  # keys of the pages are not heard
    assert intake.draft.step == "form"
    unlock(window, hands)
    assert intake.state.step == "form"
