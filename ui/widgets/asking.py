"""What an act asks before it is done: beside the work, not over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from ui.theme import tokens
from ui.widgets.card import Card
from ui.widgets.facts import Facts
from ui.widgets.field import Answered, Asked, Field
from ui.widgets.key_button import KeyButton
from ui.widgets.text import Value

FIELDS = 200  # so high are the fields at least, where the question has as many


@dataclass(frozen=True)
class AskingShown:
    """An open question. Another `key` is another question: its fields are laid out anew, with what is `given`.

    What is typed lives in the fields alone until it is given; a password is in no state.
    """

    key: str = ""
    words: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    asked: tuple[Asked, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)  # by field, what stands there at the other end
    button: str = ""
    look: str = "primary"
    wrong: str = ""
    working: bool = False


class Asking(Card):
    """Draws an AskingShown; hidden while nothing is asked.

    Signals:
        typed, given: A dict by field, as it stands and to be done.
        dropped: The question is closed.
    """

    typed = Signal(object)
    given = Signal(object)
    dropped = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._words, self._wrong = Value(wrap=True), Value(tone="bad", wrap=True)
        self._facts = Facts(80)
        self._fields: dict[str, Field] = {}
        self._key = ""
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 6, 0)
        self._column.setSpacing(10)
        self._column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(inside)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._drop = KeyButton("不做了", "Esc")
        self._give = KeyButton("确定", "Ctrl+Return", "primary")
        self._drop.clicked.connect(self.dropped)
        self._give.clicked.connect(self._said)
        for part in (self._words, self._facts, self._wrong):
            self.body.addWidget(part)
        self.body.addWidget(self._scroll, 1)
        self.add_foot(self._drop, None, self._give)
        self.hide()

    def show_question(self, shown: AskingShown) -> None:
        """Draw it; the focus goes into the first field of a new one."""
        self._words.show_text(shown.words)
        self._facts.show_rows(list(shown.facts))
        self._facts.setVisible(bool(shown.facts))
        self._wrong.show_text(shown.wrong)
        self._wrong.setVisible(bool(shown.wrong))
        if shown.button:
            self._give.show_words(shown.button)
        self._give.show_look(shown.look)
        self._give.setEnabled(not shown.working)
        self.setVisible(bool(shown.key))
        if shown.key != self._key:
            self._build(shown)

    def _build(self, shown: AskingShown) -> None:
        self._key = shown.key
        for part in self._fields.values():
            self._column.removeWidget(part)
            part.hide()
            part.deleteLater()
        self._fields = {}
        for at, asked in enumerate(shown.asked):
            part = Field(asked, 80, False)
            self._column.insertWidget(at, part)
            part.show_answer(Answered(shown.given.get(asked.name, ""), caution=shown.beside.get(asked.name, "")))
            part.answered.connect(lambda *_: self.typed.emit(self._answers()))
            part.done.connect(self._on)
            self._fields[asked.name] = part
        self._scroll.setMinimumHeight(min(self._column.sizeHint().height(), tokens().px(FIELDS)))
        if shown.key:
            self.take_focus()

    def take_focus(self) -> None:
        """The first field, else the button."""
        if self._fields:
            next(iter(self._fields.values())).take_focus()
        else:
            self._give.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on(self, name: str) -> None:
        """Enter goes to the next field, then to the button."""
        names = list(self._fields)
        after = names[names.index(name) + 1 :]
        if after:
            part = self._fields[after[0]]
            part.take_focus()
            self._scroll.ensureWidgetVisible(part)
        else:
            self._give.setFocus(Qt.FocusReason.TabFocusReason)

    def _said(self) -> None:
        self.given.emit(self._answers())

    def _answers(self) -> dict[str, Any]:
        return {name: part.value() for name, part in self._fields.items()}
