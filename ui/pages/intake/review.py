"""Step 5, 核对: everything at a glance, what is missing, and the act that this window may do."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from ui.theme import tokens
from ui.widgets.card import Card
from ui.widgets.facts import Facts
from ui.widgets.field import Answered, Asked, Field
from ui.widgets.key_button import KeyButton
from ui.widgets.lines import Line, LineList
from ui.widgets.panel import MissingShown
from ui.widgets.telling import RefusalForm, RefusalShown, SupplementForm, SupplementShown
from ui.widgets.text import Text, Value
from ui.words import say


@dataclass(frozen=True)
class ReviewState:
    """What the review step shows. `writing` is "", supplement or decline."""

    people: tuple[tuple[str, str], ...] = ()
    matter: tuple[tuple[str, str], ...] = ()
    answers: tuple[tuple[str, str], ...] = ()
    materials: tuple[Line, ...] = ()
    missing: tuple[MissingShown, ...] = ()
    deliveries: tuple[tuple[str, str], ...] = ()
    delivery: str = ""
    writing: str = ""
    supplement: SupplementShown = field(default_factory=SupplementShown)
    refusal: RefusalShown = field(default_factory=RefusalShown)


class ReviewView(QWidget):
    """Draws a ReviewState.

    Signals:
        step_wanted: The step where something missing is mended.
        delivery_given: How the result reaches the applicant.
        items_given, until_given: The supplement items, a tuple of ToldItem, and the last day, as they stand.
        supplement_given: Tell them: the items and the last day.
        decline_typed, decline_given: (ground, reason, competent organ), as they stand and to be done.
        writing_ended: Back to the overview.
        back_wanted: Go back a step.
    """

    step_wanted = Signal(str)
    delivery_given = Signal(str)
    items_given = Signal(object)
    until_given = Signal(str)
    supplement_given = Signal(object, str)
    decline_typed = Signal(str, str, str)
    decline_given = Signal(str, str, str)
    writing_ended = Signal()
    back_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._state = ReviewState()
        self._overview = _Overview(self)
        self._supplement, self._refusal = SupplementForm(), RefusalForm()
        self._supplement.items_given.connect(self.items_given)
        self._supplement.until_given.connect(self.until_given)
        self._supplement.given.connect(self.supplement_given)
        self._refusal.typed.connect(self.decline_typed)
        self._refusal.given.connect(self.decline_given)
        for form in (self._supplement, self._refusal):
            form.dropped.connect(self.writing_ended)
        self._stack = QStackedWidget()
        for part in (self._overview, self._supplement, self._refusal):
            self._stack.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)

    def render_state(self, state: ReviewState) -> None:
        self._state = state
        self._overview.show_state(state)
        self._supplement.show_supplement(state.supplement)
        self._refusal.show_refusal(state.refusal)
        part = {"supplement": self._supplement, "decline": self._refusal}.get(state.writing, self._overview)
        if self._stack.currentWidget() is not part:
            self._stack.setCurrentWidget(part)
            self.take_focus()

    def take_focus(self) -> None:
        part = self._stack.currentWidget()
        if isinstance(part, _Overview | SupplementForm | RefusalForm):
            part.take_focus()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)


class _Overview(QWidget):
    def __init__(self, page: ReviewView) -> None:
        super().__init__()
        self._page = page
        self._missing_card = Card("还差")
        self._missing = LineList()
        self._missing.chosen.connect(page.step_wanted)
        self._missing_card.body.setContentsMargins(0, 0, 0, 0)
        self._missing_card.body.addWidget(self._missing)
        self._ready = Value(size="large", tone="ok")
        people, matter, answers = Card("人"), Card("事项"), Card("表单")
        self._people, self._matter, self._answers = Facts(96), Facts(96), Facts(132)
        for card, facts in ((people, self._people), (matter, self._matter), (answers, self._answers)):
            card.body.addWidget(facts)
            card.body.addStretch(1)
        self._delivery = Field(Asked("delivery", "取件方式", "choice"), 96)
        self._built: tuple[tuple[str, str], ...] = ()
        self._matter_card = matter
        materials = Card("材料", padded=False)
        self._materials = LineList()
        self._materials.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        materials.body.addWidget(self._materials)
        materials.body.addStretch(1)
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(0, 0, 4, 0)
        grid.setSpacing(10)
        grid.addWidget(self._ready, 0, 0, 1, 2)
        grid.addWidget(self._missing_card, 1, 0, 1, 2)
        grid.addWidget(people, 2, 0)
        grid.addWidget(matter, 2, 1)
        grid.addWidget(answers, 3, 0)
        grid.addWidget(materials, 3, 1)
        grid.setRowStretch(4, 1)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        scroll = QScrollArea()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._back = KeyButton("上一步", "Alt+Left")
        self._back.clicked.connect(page.back_wanted)
        self._hint = Text("核对无误后按右下角的主按钮", tone="muted", size="small")
        row = QHBoxLayout()
        row.addWidget(self._back)
        row.addStretch(1)
        row.addWidget(self._hint)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(scroll, 1)
        column.addLayout(row)

    def show_state(self, state: ReviewState) -> None:
        self._ready.setVisible(not state.missing)
        self._ready.show_text(say("都齐了，可以办理"))
        self._missing_card.setVisible(bool(state.missing))
        lines = [
            Line(f"{one.step}", one.what, one.advice, say("去补"), "bad")
            if one.step
            else Line("", one.what, one.advice)
            for one in state.missing
        ]
        self._missing.show_lines(lines)
        self._missing.setFixedHeight(min(len(lines), 4) * tokens().px(58) + 2)
        self._people.show_rows(list(state.people))
        self._matter.show_rows(list(state.matter))
        self._answers.show_rows(list(state.answers))
        self._materials.show_lines(state.materials)
        self._materials.setFixedHeight(max(len(state.materials), 1) * tokens().px(58) + 2)
        if state.deliveries != self._built:
            self._built = state.deliveries
            self._delivery.deleteLater()
            self._delivery = Field(Asked("delivery", "取件方式", "choice", choices=state.deliveries), 96)
            self._delivery.answered.connect(lambda _, value: self._page.delivery_given.emit(value))
            self._matter_card.body.insertWidget(1, self._delivery)
        self._delivery.show_answer(Answered(state.delivery, visible=len(state.deliveries) > 1))

    def take_focus(self) -> None:
        if self._state_missing():
            self._missing.setFocus(Qt.FocusReason.OtherFocusReason)
            self._missing.step(0)
        else:
            self._back.setFocus(Qt.FocusReason.OtherFocusReason)

    def _state_missing(self) -> bool:
        return bool(self._page._state.missing)
