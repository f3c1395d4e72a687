"""Step 3, 表单: drawn from the matter's own form. Enter goes on, mistakes stand beside the field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.widgets.card import Card
from ui.widgets.empty import Empty
from ui.widgets.field import Answered
from ui.widgets.form import FormSections, SectionShown
from ui.widgets.key_button import KeyButton
from ui.widgets.text import Value
from ui.words import say


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
        self._sections = FormSections()
        self._none = Empty("intake")
        self._count = Value()
        self._saved = Value(tone="muted", size="small")
        self._next = KeyButton("下一步", "Ctrl+Return", "primary")
        self._back = KeyButton("上一步", "Alt+Left")
        self._sections.answered.connect(self.answered)
        self._sections.left.connect(self.left)
        self._sections.finished.connect(lambda: self._next.setFocus(Qt.FocusReason.TabFocusReason))
        self._next.clicked.connect(self._go_on)
        self._back.clicked.connect(self.back_wanted)
        foot = Card()
        foot.body.setContentsMargins(0, 0, 0, 0)
        foot.add_foot(self._back, None, self._saved, self._count, self._next)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self._sections, 1)
        column.addWidget(self._none, 1)
        column.addWidget(foot)

    def render_state(self, state: FormState) -> None:
        self._state = state
        self._sections.show_form(state.form, state.sections, state.answers)
        self._sections.setVisible(bool(state.sections))
        self._none.setVisible(not state.sections)
        self._none.show_words(say("这个事项不需要填表"), say("按 Ctrl+Enter 到下一步。"))
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
        if not self._sections.take_focus():
            self._next.setFocus(Qt.FocusReason.OtherFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)

    def _go_on(self) -> None:
        self._sections.settle()
        self.next_wanted.emit()
