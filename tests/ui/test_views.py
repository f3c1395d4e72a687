"""Every view draws every state without a word from Qt, shows its keys, and is never a window of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QLineEdit, QPushButton, QRadioButton, QWidget

from ui import invented
from ui.pages.customer.view import BigButton
from ui.pages.intake.form import FormView
from ui.pages.intake.identity import IdentityView
from ui.pages.intake.materials import MaterialsView
from ui.pages.intake.matter import MatterView
from ui.pages.intake.review import ReviewView
from ui.pages.sign_in.view import SignInView
from ui.screens import pictures, settle
from ui.theme import THEMES, wear
from ui.widgets.field import Answered, Asked, Field
from ui.widgets.key_button import KeyButton
from ui.widgets.lines import Line, LineList
from ui.widgets.page_strip import PageStrip
from ui.widgets.panel import PanelState, PanelView
from ui.widgets.text import Elided
from ui.words import Language

SCALED = QSize(1280, 720)  # a full screen scaled by 1.5: words are not cut there


class Watch(QObject):
    """Notes every widget that is shown as a window."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self.windows: list[str] = []
        application.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.windows.append(type(watched).__name__)
        return False


@pytest.fixture
def watch(qapp: QApplication) -> Iterator[Watch]:
    made = Watch(qapp)
    yield made
    qapp.removeEventFilter(made)
    made.deleteLater()


def ambiguous(window: QWidget) -> list[str]:
    """Keys that two buttons which can be pressed now both listen to: pressing them would do nothing."""
    keys: Counter[str] = Counter()
    for button in window.findChildren(QPushButton):
        key = button.shortcut().toString()
        if key and button.isVisible() and button.isEnabled():
            keys[key] += 1
    return [key for key, count in keys.items() if count > 1]


def squeezed(window: QWidget) -> list[str]:
    """Buttons that have less room around their words than they want."""
    buttons = (button for button in window.findChildren(KeyButton) if button.isVisible())
    return [button.accessibleName() for button in buttons if button.width() < button.sizeHint().width() - 1]


def cut_off(window: QWidget) -> list[str]:
    """Words that do not fit where they stand."""
    found = []
    for choice in (*window.findChildren(QRadioButton), *window.findChildren(QCheckBox)):
        if choice.isVisible() and choice.width() < choice.sizeHint().width() - 1:
            found.append(choice.text())
    for label in window.findChildren(QLabel):
        if label.isVisible() and not isinstance(label, Elided) and does_not_fit(label):
            found.append(label.text())
    for line in window.findChildren(QLineEdit):
        advice = line.fontMetrics().horizontalAdvance(line.placeholderText())
        if line.isVisible() and not line.text() and advice > line.contentsRect().width() - 16:
            found.append(line.placeholderText())
    return found


def does_not_fit(label: QLabel) -> bool:
    """Whether a word, a line or the last lines of a label are cut."""
    advance = label.fontMetrics().horizontalAdvance
    if not label.wordWrap():
        return max(map(advance, label.text().split("\n"))) > label.contentsRect().width() + 1
    words = (word for word in label.text().split() if word.isascii())  # Chinese is broken anywhere
    too_low = label.heightForWidth(label.width()) > label.height() + 1
    return too_low or max(map(advance, words), default=0) > label.contentsRect().width() + 1


@pytest.mark.parametrize("size", [QSize(1366, 768), QSize(1920, 1080), SCALED])
def test_every_page_in_every_state(dressed: None, watch: Watch, size: QSize) -> None:
    faults: dict[str, Any] = {}
    for name, window in pictures(size):
        settle()
        assert window.size() == size, name
        assert not window.grab().isNull()
        if found := ambiguous(window):
            faults[f"{name}: one key for two"] = found
        if found := cut_off(window):
            faults[f"{name}: words cut off"] = found
        if size != SCALED and (found := squeezed(window)):
            faults[f"{name}: no room around the words"] = found
    assert faults == {}
    assert set(watch.windows) == {"CounterWindow"}


def test_a_button_that_cannot_be_pressed_yet_is_legible(dressed: None, qtbot: Any) -> None:
    button = BigButton("确认签字", "primary", tall=True)
    button.setEnabled(False)
    shown(qtbot, button)
    image = button.grab().toImage()
    middle = (image.pixelColor(x, image.height() // 2).lightness() for x in range(30, image.width() - 30))
    assert min(middle) < 150, "words as dark as on any other button"


@pytest.mark.parametrize("theme", [name for name in THEMES if name != "light"])
def test_every_theme_draws(qapp: QApplication, theme: str) -> None:
    wear(qapp, theme)
    try:
        for _, window in pictures(QSize(1920, 1080), "materials"):
            settle()
            assert not window.grab().isNull()
    finally:
        wear(qapp, "light")


def test_english_fits_the_small_screen(qapp: QApplication, dressed: None) -> None:
    language = Language(qapp)
    language.use("en")
    try:
        faults = {}
        for name, window in pictures(QSize(1366, 768)):
            settle()
            if found := cut_off(window) + squeezed(window):
                faults[name] = found
        assert faults == {}
    finally:
        language.use("zh")
        QCoreApplication.processEvents()


# --- wants: what a view says when a person does something -------------------------------------------------------------


def shown(qtbot: Any, widget: QWidget) -> None:
    qtbot.addWidget(widget)
    widget.resize(1100, 700)
    widget.show()
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow)
    settle()


def press(qtbot: Any, widget: QWidget, keys: str, wants: list[Any]) -> None:
    """Press a key and wait for what it leads to: a button's key is a click that takes a moment."""
    combination = QKeySequence(keys)[0]  # type: ignore[index]
    before = len(wants)
    QTest.keyClick(widget, combination.key(), combination.keyboardModifiers())
    qtbot.waitUntil(lambda: len(wants) > before)


def test_sign_in_by_keys(dressed: None, qtbot: Any) -> None:
    view = SignInView()
    given: list[tuple[str, str, str]] = []
    view.sign_in_wanted.connect(lambda *said: given.append(said))
    shown(qtbot, view)
    view.take_focus()
    for text in ("zhoumin", "secret"):
        QTest.keyClicks(QApplication.focusWidget(), text)
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert given == [("zhoumin", "secret", "")]
    view.render_state(replace(view._state, code_needed=True))
    view.take_focus()
    QTest.keyClicks(QApplication.focusWidget(), "123456")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert given[1:] == [("zhoumin", "secret", "123456")]


def test_a_new_epoch_empties_the_password(dressed: None, qtbot: Any) -> None:
    view = SignInView()
    shown(qtbot, view)
    view._password.setText("secret")
    view.render_state(type(invented.window.SIGN_IN["sign-in"])(epoch=1))
    assert view._password.text() == ""


def test_identity_wants(dressed: None, qtbot: Any) -> None:
    view = IdentityView()
    wants: list[Any] = []
    view.read_wanted.connect(lambda: wants.append("read"))
    view.confirm_wanted.connect(lambda: wants.append("confirm"))
    view.manual_wanted.connect(lambda opened: wants.append(("manual", opened)))
    view.resume_wanted.connect(lambda draft: wants.append(("resume", draft)))
    shown(qtbot, view)
    view.render_state(invented.intake.IDENTITY["waiting"])
    settle()
    press(qtbot, view, "F2", wants)
    press(qtbot, view, "Ctrl+M", wants)
    view._drafts.setFocus()
    view._drafts.step(0)
    press(qtbot, view._drafts, "Return", wants)
    view.render_state(invented.intake.IDENTITY["read"])
    settle()
    press(qtbot, view, "F6", wants)
    assert wants == ["read", ("manual", True), ("resume", "d1"), "confirm"]


def test_manual_entry_by_keys_alone(dressed: None, qtbot: Any) -> None:
    view = IdentityView()
    given: list[dict[str, Any]] = []
    view.manual_given.connect(given.append)
    shown(qtbot, view)
    view.render_state(invented.intake.IDENTITY["manual"])
    settle()
    for text in ("Chen", "330281199002289992", None, "19900228", "Ningbo", "lost"):
        if text:
            QTest.keyClicks(QApplication.focusWidget(), text)
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert given[0] | {"sex": ""} == {
        "document_type": "household_book",
        "name": "Chen",
        "number": "330281199002289992",
        "sex": "",
        "birth_date": "1990-02-28",
        "address": "Ningbo",
        "reason": "lost",
    }


def test_the_matter_is_found_without_leaving_the_search_field(dressed: None, qtbot: Any) -> None:
    view = MatterView()
    searched: list[str] = []
    looked: list[str] = []
    chosen: list[str] = []
    view.search_wanted.connect(searched.append)
    view.looked_at.connect(looked.append)
    view.chosen.connect(chosen.append)
    shown(qtbot, view)
    view.render_state(invented.intake.MATTER["search"])
    view.take_focus()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_A)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Down)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert searched == ["a"] and looked == ["330000-0135-02"] and chosen == ["330000-0135-02"]


def test_what_this_window_may_not_receive_says_where_it_can_be(dressed: None, qtbot: Any) -> None:
    view = MatterView()
    shown(qtbot, view)
    view.render_state(invented.intake.MATTER["elsewhere"])
    assert not view._choose.isEnabled()
    assert "余姚市行政服务中心" in view._guide._where.text()


def test_enter_goes_to_the_next_field_and_from_the_last_to_the_button(dressed: None, qtbot: Any) -> None:
    view = FormView()
    left: list[str] = []
    view.left.connect(left.append)
    shown(qtbot, view)
    view.render_state(invented.intake.FORM)
    view._sections._fields["name"].take_focus()
    for _ in range(len(view._sections._fields)):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert view._next.hasFocus()
    assert list(dict.fromkeys(left)) == list(view._sections._fields)


def test_the_form_begins_at_what_wants_something(dressed: None, qtbot: Any) -> None:
    view = FormView()
    shown(qtbot, view)
    view.render_state(invented.intake.FORM)
    view.take_focus()
    assert view._sections._fields["phone"].has_focus()


def test_a_mistake_stands_beside_its_field(dressed: None, qtbot: Any) -> None:
    view = FormView()
    shown(qtbot, view)
    view.render_state(invented.intake.FORM)
    assert "11 位" in view._sections._fields["phone"]._note.text()
    assert view._sections._fields["phone"]._input.parts()[0].property("wrong") == "true"


@pytest.mark.parametrize(
    ("asked", "typed", "value"),
    [
        (Asked("a", "甲"), "abc", "abc"),
        (Asked("a", "甲", "integer"), "12", 12),
        (Asked("a", "甲", "integer"), "x", "x"),
        (Asked("a", "甲", "number"), "46.5", 46.5),
        (Asked("a", "甲", "date"), "20260301", "2026-03-01"),
        (Asked("a", "甲", "date"), "2026-3-1", "2026-03-01"),
        (Asked("a", "甲", "long_text"), "two words", "two words"),
    ],
)
def test_what_is_typed_becomes_a_value(dressed: None, qtbot: Any, asked: Asked, typed: str, value: Any) -> None:
    field = Field(asked)
    answers: list[Any] = []
    field.answered.connect(lambda _, said: answers.append(said))
    shown(qtbot, field)
    field.take_focus()
    QTest.keyClicks(QApplication.focusWidget(), typed)
    assert answers[-1] == value
    assert field.value() == value


def test_a_field_keeps_what_is_being_typed(dressed: None, qtbot: Any) -> None:
    """An answer that comes back while the person types on does not take the rest away."""
    field = Field(Asked("a", "甲"))
    shown(qtbot, field)
    field.take_focus()
    QTest.keyClicks(QApplication.focusWidget(), "ab")
    field.show_answer(Answered("ab"))
    QTest.keyClicks(QApplication.focusWidget(), "c")
    field.show_answer(Answered("abc", wrong="不对"))
    assert field.value() == "abc"


def test_choices_by_keys(dressed: None, qtbot: Any) -> None:
    field = Field(Asked("a", "甲", "choice", choices=(("x", "一"), ("y", "二"))))
    answers: list[Any] = []
    field.answered.connect(lambda _, said: answers.append(said))
    shown(qtbot, field)
    field.take_focus()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
    assert answers == ["x", "y"]


def test_yes_and_no_are_not_one_and_zero(dressed: None, qtbot: Any) -> None:
    field = Field(Asked("a", "甲", "yes_no"))
    shown(qtbot, field)
    field.show_answer(Answered(False))
    assert field.value() is False
    field.show_answer(Answered(None))
    assert field.value() == ""


def test_an_area_is_found_by_a_part_of_its_name(dressed: None, qtbot: Any) -> None:
    areas = (("330203001", "宁波市海曙区鼓楼街道"), ("330281001", "宁波市余姚市凤山街道"))
    field = Field(Asked("a", "甲", "area", choices=areas))
    shown(qtbot, field)
    line = field._input.widget.lineEdit()
    line.setText("凤山")
    field._input.settle()
    assert field.value() == "330281001"


def test_materials_wants(dressed: None, qtbot: Any) -> None:
    view = MaterialsView()
    wants: list[str] = []
    for name in ("scan", "rescan", "stop", "blanks", "verify", "return", "print_form", "library", "cut", "paste"):
        getattr(view, f"{name}_wanted").connect(lambda name=name: wants.append(name))
    view.rotate_wanted.connect(lambda turns: wants.append(f"rotate {turns}"))
    shown(qtbot, view)
    view.render_state(invented.materials.scanned())
    settle()
    view._strip.setFocus()
    for keys in ("Ctrl+B", "Ctrl+T", "Ctrl+Right", "Ctrl+P", "Ctrl+L", "Esc", "Space", "Ctrl+X", "Ctrl+V"):
        press(qtbot, view._strip, keys, wants)
    assert wants == ["blanks", "return", "rotate 1", "print_form", "library", "stop", "verify", "cut", "paste"]
    wants.clear()
    view._list.setFocus()
    press(qtbot, view._list, "Space", wants)
    assert wants == ["verify"]
    assert not view._scan.isEnabled()  # a scan is under way


def test_what_may_be_done_with_a_stack_of_paper(dressed: None, qtbot: Any) -> None:
    view = MaterialsView()
    wants: list[str] = []
    for name in ("scan", "feed", "backs", "insert", "print_separators"):
        getattr(view, f"{name}_wanted").connect(lambda name=name: wants.append(name))
    shown(qtbot, view)
    at_rest = replace(invented.materials.scanned(), scanning="")
    view.render_state(at_rest)
    assert not view._backs.isEnabled()  # no one-sided stack went through yet
    view.render_state(replace(at_rest, can_backs=True, feed="双面", resumes="接第 4 页"))
    settle()
    view._strip.setFocus()
    for keys in ("F4", "Ctrl+M", "Shift+F4", "Ctrl+I", "Ctrl+N"):
        press(qtbot, view._strip, keys, wants)
    assert wants == ["scan", "feed", "backs", "insert", "print_separators"]
    assert (view._scan.accessibleName(), view._feed.accessibleName()) == ("接第 4 页 F4", "双面 Ctrl+M")


def test_no_document_camera_is_said_where_its_key_is(dressed: None, qtbot: Any) -> None:
    view = MaterialsView()
    shown(qtbot, view)
    view.render_state(invented.materials.scanned())
    assert not view._photograph.isEnabled() and view._photograph.toolTip()


def test_a_page_dropped_on_a_material_moves_there(dressed: None, qtbot: Any) -> None:
    from PySide6.QtCore import QPointF
    from PySide6.QtGui import QDropEvent

    from ui.widgets.lines import page_mime

    view = MaterialsView()
    moved: list[tuple[str, str, str, int]] = []
    view.page_moved.connect(lambda *told: moved.append(told))
    shown(qtbot, view)
    view.render_state(invented.materials.scanned())
    settle()
    place = view._list.visualRect(view._list.model().index(4, 0)).center()
    mime = page_mime("lease", "p2")  # Qt does not keep it
    drop = QDropEvent(
        QPointF(place),
        Qt.DropAction.MoveAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    view._list.dropEvent(drop)
    assert moved == [("lease", "p2", "health", -1)]


def test_pages_do_not_move_when_a_picture_arrives(dressed: None, qtbot: Any) -> None:
    strip = PageStrip()
    shown(qtbot, strip)
    state = invented.materials.scanned()
    bare = tuple(type(page)(page.key, page.label, page.note, page.hidden) for page in state.pages)
    strip.show_pages("lease", bare, "p3")
    before = strip.visualRect(strip.currentIndex())
    strip.show_pages("lease", state.pages, "p3")
    assert strip.visualRect(strip.currentIndex()) == before
    assert strip.currentIndex().row() == 2


def test_letters_do_not_move_the_cursor_of_a_list(dressed: None, qtbot: Any) -> None:
    """They may come from a barcode scanner."""
    lines = LineList()
    shown(qtbot, lines)
    lines.show_lines([Line("a", "abc"), Line("b", "bcd")], "a")
    QTest.keyClicks(lines, "b")
    assert lines.current_key() == "a"


def test_a_list_keeps_its_cursor_when_it_is_fed_again(dressed: None, qtbot: Any) -> None:
    lines = LineList()
    looked: list[str] = []
    lines.looked_at.connect(looked.append)
    shown(qtbot, lines)
    lines.show_lines([Line("a", "甲"), Line("b", "乙")], "b")
    lines.show_lines([Line("c", "丙"), Line("a", "甲"), Line("b", "乙")])
    assert lines.current_key() == "b" and looked == []


def test_supplement_items_are_written_in_place(dressed: None, qtbot: Any) -> None:
    view = ReviewView()
    given: list[Any] = []
    view.supplement_given.connect(lambda items, until: given.append((items, until)))
    shown(qtbot, view)
    view.render_state(invented.intake.REVIEW_SUPPLEMENT)
    settle()
    press(qtbot, view, "F9", given)
    items, until = given[0]
    assert [item.label for item in items] == ["从业人员健康证明", "房屋租赁合同"] and until == "2026-12-06"


def test_whole_numbers_show_only_while_a_key_is_held(dressed: None, qtbot: Any) -> None:
    panel = PanelView()
    shown(qtbot, panel)
    panel.render_state(
        PanelState(applicant="陈䶮", applicant_number="330281199002289992", applicant_masked="330281********9992")
    )

    def says() -> str:
        return panel._who._rows[1][1].text()

    assert says() == "330281********9992"
    window = panel.windowHandle()
    assert window is not None
    QTest.keyPress(window, Qt.Key.Key_F12)
    assert says() == "330281199002289992"
    QTest.keyRelease(window, Qt.Key.Key_F12)
    assert says() == "330281********9992"
