"""One field of a form: its label, its input, and beside it where the answer came from or what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QCompleter,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from ui.theme import tokens
from ui.widgets.side_by_side import SideBySide
from ui.widgets.text import Value, mark
from ui.words import say

EMPTY: tuple[Any, ...] = (None, "", [])
DATE = re.compile(r"^(\d{4})[-./年]?(\d{1,2})[-./月]?(\d{1,2})日?$")
LATIN = ("date", "number", "integer")  # kinds that no input method has a part in
FEW = 4  # so many choices at most are shown side by side, more in a list that opens
ROOM = {True: 34, False: 13}  # so many characters of choices fit beside, or above, the note


@dataclass(frozen=True)
class Asked:
    """What a field asks. `kind` is one of contract.form's kinds, or ``secret`` for a password; the words are said in
    the language of the moment."""

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    unit: str = ""
    max_length: int | None = None
    latin: bool = False  # only letters and digits of ASCII: the input method stays off, for scanners that type too


@dataclass(frozen=True)
class Answered:
    """What stands in a field."""

    value: Any = None
    wrong: str = ""  # words that say what to do
    source: str = ""  # 取自身份证
    caution: str = ""  # sources disagree: what else it could be
    visible: bool = True


class Field(QWidget):
    """Draws one `Asked`; the note stands beside the input, or under it where there is little room.

    The value on the screen is left alone while the person is in the field.

    Signals:
        answered: (name, value) after every change by the person; "" where it was emptied.
        left: The name, when the person has gone on.
        done: The name, on Enter: the page decides where to go.
    """

    answered = Signal(str, object)
    left = Signal(str)
    done = Signal(str)

    def __init__(self, asked: Asked, label_width: int = 132, beside: bool = True) -> None:
        super().__init__()
        self.asked = asked
        self._shown = Answered(object())
        self._given: Any = object()  # what the model said last; what was typed since is not wiped by hearing it again
        self._beside = beside
        self._input: _Input = _INPUTS.get(asked.kind, _TextInput)(asked, self)
        label = self._label = Value(say(asked.label), wrap=True)
        label.setFixedWidth(tokens().px(label_width))
        label.setBuddy(self._input.widget)
        self._star = Value("*" if asked.required else "", tone="bad")
        self._star.setFixedWidth(tokens().px(10))
        self._note = Value(size="small", wrap=True)
        self._input.widget.setAccessibleName(say(asked.label))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._star)
        row.addWidget(label)
        if beside:
            row.addWidget(self._input.widget, 3)
            if asked.unit:
                row.addWidget(Value(asked.unit, tone="muted"))
            row.addWidget(self._note, 2)
        else:
            under = QVBoxLayout()
            under.setSpacing(2)
            under.addWidget(self._input.widget)
            under.addWidget(self._note)
            row.addLayout(under, 1)
        for part in self._input.parts():
            part.installEventFilter(self)

    def show_answer(self, answered: Answered) -> None:
        """Draw the answer as the model has it."""
        self.setVisible(answered.visible)
        same = answered.value == self._given and type(answered.value) is type(self._given)
        if not (same and self.has_focus()) and not self._has_same(answered.value):
            self._input.put(answered.value)
        self._given, self._shown = answered.value, answered
        for part in self._input.parts():
            mark(part, wrong="true" if answered.wrong else "false")
        if answered.wrong:
            self._note.show_text(answered.wrong, "bad")
        elif answered.caution:
            self._note.show_text(answered.caution, "warn")
        elif answered.source:
            self._note.show_text(answered.source, "ok")
        else:
            self._note.show_text(say(self.asked.hint), "muted")
        self._note.setVisible(self._beside or bool(self._note.text()))
        self._input.widget.setAccessibleDescription(self._note.text())

    def take_focus(self) -> None:
        """Put the cursor here."""
        self._input.parts()[0].setFocus(Qt.FocusReason.TabFocusReason)

    def settle(self) -> None:
        """Give what was typed although the person is still in the field: what follows must not lose it."""
        self._input.settle()
        self.left.emit(self.asked.name)

    def parts(self) -> Sequence[QWidget]:
        """What can have the focus here, in order."""
        return self._input.parts()

    def has_focus(self) -> bool:
        return any(part.hasFocus() for part in self.parts())

    def value(self) -> Any:
        return self._input.value()

    def said(self) -> None:
        """The input changed by the person's hand."""
        value = self._input.value()
        if value != self._shown.value:
            self._shown = replace(self._shown, value=value)
            self.answered.emit(self.asked.name, value)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._label.show_text(say(self.asked.label))
            self._input.widget.setAccessibleName(say(self.asked.label))
            self._input.say_again()
        super().changeEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self._input.settle()
            self.left.emit(self.asked.name)
        elif event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and self._is_enter(event):
            self._input.settle()
            self.done.emit(self.asked.name)
            return True
        return super().eventFilter(watched, event)

    def _is_enter(self, event: QKeyEvent) -> bool:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        return event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain and not self._input.is_open()

    def _has_same(self, value: Any) -> bool:
        now = self._input.value()
        # False and 0 are answers; only what is empty in one way or another is the same.
        return bool(now == value and type(now) is type(value)) or (now in EMPTY and value in EMPTY)


class _Input:
    """What all kinds of input can do."""

    widget: QWidget

    def __init__(self, asked: Asked, field: Field) -> None:
        self.asked, self.field = asked, field

    def parts(self) -> Sequence[QWidget]:
        return (self.widget,)

    def put(self, value: Any) -> None:
        raise NotImplementedError

    def value(self) -> Any:
        raise NotImplementedError

    def settle(self) -> None:
        """The person goes on: spell the value as it will be kept."""

    def is_open(self) -> bool:
        return False

    def say_again(self) -> None:
        """The language changed."""


class _TextInput(_Input):
    widget: QLineEdit

    def __init__(self, asked: Asked, field: Field) -> None:
        super().__init__(asked, field)
        self.widget = QLineEdit()
        if asked.max_length:
            self.widget.setMaxLength(asked.max_length)
        if asked.kind == "date":
            self.widget.setPlaceholderText(say("年月日，如 20260301"))
        if asked.latin or asked.kind in LATIN:
            self.widget.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.widget.textEdited.connect(lambda _: field.said())

    def put(self, value: Any) -> None:
        self.widget.setText("" if value is None else str(value))
        self.widget.setCursorPosition(0)

    def value(self) -> Any:
        text = self.widget.text().strip()
        try:
            if text and self.asked.kind == "integer":
                return int(text)
            if text and self.asked.kind == "number":
                return float(text)
        except ValueError:
            pass
        if self.asked.kind == "date" and (found := DATE.match(text)):
            return f"{found[1]}-{int(found[2]):02d}-{int(found[3]):02d}"
        return text

    def settle(self) -> None:
        if self.asked.kind == "date":
            self.widget.setText(str(self.value()))


class _SecretInput(_TextInput):
    """A password: seen by nobody, learned by no input method, never trimmed."""

    def __init__(self, asked: Asked, field: Field) -> None:
        super().__init__(asked, field)
        self.widget.setEchoMode(QLineEdit.EchoMode.Password)
        self.widget.setInputMethodHints(Qt.InputMethodHint.ImhHiddenText | Qt.InputMethodHint.ImhNoPredictiveText)

    def value(self) -> Any:
        return self.widget.text()


class _LongInput(_Input):
    widget: QPlainTextEdit

    def __init__(self, asked: Asked, field: Field) -> None:
        super().__init__(asked, field)
        self.widget = QPlainTextEdit()
        self.widget.setTabChangesFocus(True)
        self.widget.setFixedHeight(tokens().px(76))
        self.widget.textChanged.connect(field.said)

    def put(self, value: Any) -> None:
        self.widget.blockSignals(True)
        self.widget.setPlainText("" if value is None else str(value))
        self.widget.blockSignals(False)

    def value(self) -> Any:
        return self.widget.toPlainText().strip()


class _ButtonsInput(_Input):
    """Few choices, or several of them, side by side; arrows and Space choose."""

    widget: SideBySide

    def __init__(self, asked: Asked, field: Field) -> None:
        super().__init__(asked, field)
        self._several = asked.kind == "several"
        self.widget = SideBySide(at_most=FEW)
        self._group = QButtonGroup(self.widget)
        self._group.setExclusive(not self._several)
        self._buttons: dict[Any, QCheckBox | QRadioButton] = {}
        for value, label in self._choices():
            button = QCheckBox(say(label)) if self._several else QRadioButton(say(label))
            self._group.addButton(button)
            self._buttons[value] = button
            self.widget.add(button)
            button.clicked.connect(lambda _=False: field.said())

    def _choices(self) -> tuple[tuple[Any, str], ...]:
        if self.asked.kind == "yes_no":
            return ((True, "是"), (False, "否"))
        return self.asked.choices

    def parts(self) -> Sequence[QWidget]:
        return tuple(self._buttons.values())

    def say_again(self) -> None:
        for value, label in self._choices():
            self._buttons[value].setText(say(label))

    def put(self, value: Any) -> None:
        chosen = value if isinstance(value, list) else [value]
        self._group.setExclusive(False)
        for key, button in self._buttons.items():
            button.setChecked(any(key == one and type(key) is type(one) for one in chosen))
        self._group.setExclusive(not self._several)

    def value(self) -> Any:
        chosen = [key for key, button in self._buttons.items() if button.isChecked()]
        if self._several:
            return chosen
        return chosen[0] if chosen else ""


class _ListInput(_Input):
    """Many choices: a list that opens; in a list of areas one may type a part of the name."""

    widget: QComboBox

    def __init__(self, asked: Asked, field: Field) -> None:
        super().__init__(asked, field)
        self.widget = QComboBox()
        self.widget.setMinimumContentsLength(8)
        self.widget.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.widget.addItem("", "")
        for value, label in asked.choices:
            self.widget.addItem(label, value)
        if asked.kind == "area":
            self.widget.setEditable(True)
            self.widget.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            completer, line = self.widget.completer(), self.widget.lineEdit()
            assert completer is not None and line is not None  # an editable box has both
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
            line.setPlaceholderText(say("输入地名的一部分"))
            line.editingFinished.connect(field.said)
        self.widget.activated.connect(lambda _: field.said())

    def put(self, value: Any) -> None:
        at = max(self.widget.findData(value or ""), 0)
        self.widget.setCurrentIndex(at)
        if self.widget.isEditable():
            self.widget.setEditText(self.widget.itemText(at))  # also where only the typing was there

    def value(self) -> Any:
        if self.widget.isEditable():
            at = self.widget.findText(self.widget.currentText())
            return self.widget.itemData(at) if at >= 0 else self.widget.currentText().strip()
        return self.widget.currentData() or ""

    def settle(self) -> None:
        if self.widget.isEditable() and self.widget.findText(self.widget.currentText()) < 0:
            at = self.widget.findText(self.widget.currentText().strip(), Qt.MatchFlag.MatchContains)
            if self.widget.currentText().strip() and at >= 0:
                self.widget.setCurrentIndex(at)
        self.field.said()

    def is_open(self) -> bool:
        completer = self.widget.completer()
        popup = completer.popup() if completer is not None else None
        return self.widget.view().isVisible() or bool(popup and popup.isVisible())


def _choice(asked: Asked, field: Field) -> _Input:
    room = sum(len(label) for _, label in asked.choices) <= ROOM[field._beside]
    return _ButtonsInput(asked, field) if room and len(asked.choices) <= FEW else _ListInput(asked, field)


_INPUTS: dict[str, Any] = {
    "secret": _SecretInput,
    "long_text": _LongInput,
    "yes_no": _ButtonsInput,
    "several": _ButtonsInput,
    "choice": _choice,
    "area": _ListInput,
}
