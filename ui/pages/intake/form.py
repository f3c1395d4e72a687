"""Step 3, 表单: drawn from the matter's own form. Enter goes on, mistakes stand beside the field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from ui.widgets.card import Card
from ui.widgets.empty import Empty
from ui.widgets.field import Answered, Asked, Field
from ui.widgets.key_button import KeyButton
from ui.widgets.text import Value
from ui.words import say


@dataclass(frozen=True)
class SectionShown:
    """A part of the form under one heading."""

    title: str
    fields: tuple[Asked, ...]


@dataclass(frozen=True)
class FormState:
    """What the form step shows. `form` names the form; another name draws it anew."""

    form: str = ""
    sections: tuple[SectionShown, ...] = ()
    answers: Mapping[str, Answered] = field(default_factory=dict)
    missing: int = 0  # fields to be filled or mended
    saved: str = ""  # 已保存 10:38


class FormView(QWidget):
    """Draws a FormState.

    Signals:
        answered: (field, value), at every change.
        left: The field that the person has gone on from: its mistakes may be shown now.
        next_wanted, back_wanted: Go on, go back.
    """

    answered = Signal(str, object)
    left = Signal(str)
    next_wanted = Signal()
    back_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._state = FormState()
        self._fields: dict[str, Field] = {}
        self._sections: list[tuple[Card, tuple[str, ...]]] = []
        self._inside = QWidget()
        self._column = QVBoxLayout(self._inside)
        self._column.setContentsMargins(0, 0, 4, 0)
        self._column.setSpacing(10)
        self._column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(self._inside)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._none = Empty("intake")
        self._count = Value()
        self._saved = Value(tone="muted", size="small")
        self._next = KeyButton("下一步", "Ctrl+Return", "primary")
        self._back = KeyButton("上一步", "Alt+Left")
        self._next.clicked.connect(self._go_on)
        self._back.clicked.connect(self.back_wanted)
        foot = Card()
        foot.body.setContentsMargins(0, 0, 0, 0)
        foot.add_foot(self._back, None, self._saved, self._count, self._next)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self._scroll, 1)
        column.addWidget(self._none, 1)
        column.addWidget(foot)

    def render_state(self, state: FormState) -> None:
        if state.form != self._state.form or state.sections != self._state.sections:
            self._draw(state)
        self._state = state
        self._scroll.setVisible(bool(state.sections))
        self._none.setVisible(not state.sections)
        self._none.show_words(say("这个事项不需要填表"), say("按 Ctrl+Enter 到下一步。"))
        for name, part in self._fields.items():
            part.show_answer(state.answers.get(name, Answered()))
        for card, names in self._sections:
            card.setVisible(any(state.answers.get(name, Answered()).visible for name in names))
        if state.missing:
            self._count.show_text(say("还有 {count} 处要填或要改", count=state.missing), "warn")
        else:
            self._count.show_text(say("表单已填好"), "ok")
        self._saved.show_text(state.saved)

    def forget(self) -> None:
        """Empty every field; the form stays drawn, so that whoever comes back finds the cursor where it was."""
        self.render_state(replace(self._state, answers={}, missing=0, saved=""))

    def take_focus(self) -> None:
        """The first field that wants something, else the first of all."""
        shown = [name for name in self._fields if self._state.answers.get(name, Answered()).visible]
        open_ = [name for name in shown if self._wants(name)]
        if shown:
            self._fields[(open_ or shown)[0]].take_focus()
        else:
            self._next.setFocus(Qt.FocusReason.OtherFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)

    def _wants(self, name: str) -> bool:
        answer = self._state.answers.get(name, Answered())
        empty = answer.value in (None, "", [])
        return bool(answer.wrong) or (empty and self._fields[name].asked.required)

    def _draw(self, state: FormState) -> None:
        for card, _ in self._sections:
            card.hide()
            card.deleteLater()
        self._fields, self._sections = {}, []
        for section in state.sections:
            card = Card(section.title)
            for asked in section.fields:
                part = Field(asked, 148)
                part.answered.connect(self.answered)
                part.left.connect(self.left)
                part.done.connect(self._go_on_from)
                self._fields[asked.name] = part
                card.body.addWidget(part)
            self._sections.append((card, tuple(asked.name for asked in section.fields)))
            self._column.insertWidget(len(self._sections) - 1, card)

    def _go_on_from(self, name: str) -> None:
        self.left.emit(name)
        shown = [one for one in self._fields if self._state.answers.get(one, Answered()).visible]
        at = shown.index(name) + 1 if name in shown else 0
        if at < len(shown):
            self._fields[shown[at]].take_focus()
            self._scroll.ensureWidgetVisible(self._fields[shown[at]], 0, 60)
        else:
            self._next.setFocus(Qt.FocusReason.TabFocusReason)

    def _go_on(self) -> None:
        for name in self._fields:
            self.left.emit(name)
        self.next_wanted.emit()
