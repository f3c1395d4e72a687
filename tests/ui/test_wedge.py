"""A barcode scanner that types: its burst opens the case from anywhere; people's typing is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget

from contract.ids import case_number, number_in
from ui.wedge import Wedge
from ui.widgets.field import Asked, Field

NUMBER = case_number("330281", 4317)


class Bench:
    """A window with a field and a button, and a scanner and a person who type into it."""

    def __init__(self, qapp: QApplication) -> None:
        self.window = QWidget()
        self.field, self.button = QLineEdit(), QPushButton("…")
        column = QVBoxLayout(self.window)
        column.addWidget(self.field)
        column.addWidget(self.button)
        self.window.show()
        self.window.activateWindow()
        self.field.setFocus()
        handle = self.window.windowHandle()
        assert handle is not None
        self.wedge = Wedge(handle, lambda text: number_in(text) is not None)
        self.scanned: list[str] = []
        self.foreign: list[str] = []
        self.wedge.scanned.connect(self.scanned.append)
        self.wedge.foreign.connect(self.foreign.append)
        self.at = 1000

    def type(self, text: str, gap: int, repeat: bool = False) -> None:
        """Keys as the window system hands them over, `gap` milliseconds apart; \n is Enter."""
        window = self.window.windowHandle()
        assert window is not None
        for character in text:
            enter = character == "\n"
            key = Qt.Key.Key_Return if enter else Qt.Key(ord(character.upper()))
            said = "\r" if enter else character
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                event = QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, said, repeat)
                event.setTimestamp(self.at)
                QApplication.sendEvent(window, event)
            self.at += gap


@pytest.fixture
def bench(qapp: QApplication) -> Iterator[Bench]:
    made = Bench(qapp)
    yield made
    made.window.close()
    made.window.deleteLater()


def test_a_burst_opens_the_case_and_leaves_the_field_as_it_was(bench: Bench) -> None:
    bench.field.setText("王")
    bench.type(NUMBER + "\n", gap=5)
    assert bench.scanned == [NUMBER]
    assert bench.field.text() == "王"


def test_a_burst_is_heard_where_no_field_has_the_focus(bench: Bench) -> None:
    bench.button.setFocus()
    bench.type(f"https://tongban.example/p/{NUMBER}/ABCDEF\n", gap=5)
    assert len(bench.scanned) == 1 and number_in(bench.scanned[0]) == NUMBER


def test_a_person_typing_a_number_is_no_scanner(bench: Bench) -> None:
    bench.type(NUMBER + "\n", gap=90)
    assert not bench.scanned
    assert bench.field.text() == NUMBER


def test_another_barcode_stays_in_the_field_it_was_scanned_into(bench: Bench) -> None:
    bench.type("92330203MA2AABCD1X\n", gap=5)
    assert not bench.scanned and not bench.foreign
    assert bench.field.text() == "92330203MA2AABCD1X"


def test_another_barcode_that_no_field_takes_is_said_to_be_unknown(bench: Bench) -> None:
    bench.button.setFocus()
    bench.type("6901234567892\n", gap=5)
    assert bench.foreign == ["6901234567892"] and not bench.scanned


def test_a_held_key_is_no_burst(bench: Bench) -> None:
    bench.type("1" * 30, gap=30, repeat=True)
    bench.type("\n", gap=5)
    assert not bench.scanned and not bench.foreign


def test_a_pause_begins_a_new_burst(bench: Bench) -> None:
    bench.type("ab", gap=90)
    bench.at += 500
    bench.type(NUMBER + "\n", gap=5)
    assert bench.scanned == [NUMBER]
    assert bench.field.text() == "ab"


def test_less_than_six_characters_is_no_burst(bench: Bench) -> None:
    bench.type("12345\n", gap=5)
    assert bench.field.text() == "12345"


@pytest.mark.parametrize("asked", [Asked("number", "证件号码", latin=True), Asked("day", "日期", "date")])
def test_the_input_method_is_off_where_only_ascii_is_written(qtbot: Any, asked: Asked) -> None:
    """A scanner that types would have its letters taken for pinyin."""
    field, name = Field(asked), Field(Asked("name", "姓名"))
    for part, on in ((field, False), (name, True)):
        qtbot.addWidget(part)
        line = part.parts()[0]
        assert line.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled) is on
