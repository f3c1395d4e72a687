"""Step 5, 核对: everything at a glance, what is missing, and the act that this window may do."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ui.theme import tokens
from ui.widgets.card import Card
from ui.widgets.facts import Facts
from ui.widgets.field import Answered, Asked, Field
from ui.widgets.key_button import KeyButton
from ui.widgets.lines import Line, LineList
from ui.widgets.panel import MissingShown
from ui.widgets.text import Text, Value
from ui.words import say


@dataclass(frozen=True)
class SupplementDraft:
    """One thing to be told: what is wrong, what would be right."""

    material: str
    what: str
    standard: str


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
    items: tuple[SupplementDraft, ...] = ()
    until: str = ""
    grounds: tuple[tuple[str, str], ...] = ()
    ground: str = ""
    reason: str = ""
    organ: str = ""
    wrong: str = ""
    working: bool = False


class ReviewView(QWidget):
    """Draws a ReviewState.

    Signals:
        step_wanted: The step where something missing is mended.
        delivery_given: How the result reaches the applicant.
        items_given: The supplement items as they stand, a tuple of SupplementDraft.
        supplement_given: Tell them: the items and the last day.
        decline_typed, decline_given: (ground, reason, competent organ), as they stand and to be done.
        writing_ended: Back to the overview.
        back_wanted: Go back a step.
    """

    step_wanted = Signal(str)
    delivery_given = Signal(str)
    items_given = Signal(object)
    supplement_given = Signal(object, str)
    decline_typed = Signal(str, str, str)
    decline_given = Signal(str, str, str)
    writing_ended = Signal()
    back_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._state = ReviewState()
        self._overview = _Overview(self)
        self._supplement = _Supplement(self)
        self._decline = _Decline(self)
        self._stack = QStackedWidget()
        for part in (self._overview, self._supplement, self._decline):
            self._stack.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)

    def render_state(self, state: ReviewState) -> None:
        self._state = state
        self._overview.show_state(state)
        self._supplement.show_state(state)
        self._decline.show_state(state)
        part = {"supplement": self._supplement, "decline": self._decline}.get(state.writing, self._overview)
        if self._stack.currentWidget() is not part:
            self._stack.setCurrentWidget(part)
            self.take_focus()

    def take_focus(self) -> None:
        part = self._stack.currentWidget()
        if isinstance(part, _Overview | _Supplement | _Decline):
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


class _Supplement(Card):
    """一次性告知: everything at once, so the list is written here and nothing is asked twice."""

    def __init__(self, page: ReviewView) -> None:
        super().__init__("一次性告知补正")
        self._page = page
        self._rows: list[tuple[Value, QPlainTextEdit, QPlainTextEdit, KeyButton]] = []
        self._intro = Text(
            "写清每一项缺什么、怎样才对。只能告知一次，请一次写全；没有写到的，以后不能再要。", tone="muted", wrap=True
        )
        self.body.addWidget(self._intro)
        inside = QWidget()
        self._grid = QGridLayout(inside)
        self._grid.setContentsMargins(0, 0, 4, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(8)
        self._grid.addWidget(Text("哪一项", size="small", tone="muted"), 0, 0)
        self._grid.addWidget(Text("缺什么、哪里不对", size="small", tone="muted"), 0, 1)
        self._grid.addWidget(Text("怎样才对", size="small", tone="muted"), 0, 2)
        self._grid.setColumnStretch(1, 3)
        self._grid.setColumnStretch(2, 3)
        self._grid.setColumnMinimumWidth(0, tokens().px(130))
        self._grid.setRowStretch(99, 1)
        scroll = QScrollArea()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.body.addWidget(scroll, 1)
        self._until = Field(Asked("until", "补正截止日", "date", True), 96)
        self.body.addWidget(self._until)
        self._wrong = Value(tone="bad", wrap=True)
        self.body.addWidget(self._wrong)
        self._add = KeyButton("加一项", "Ctrl+I")
        self._add.clicked.connect(self._add_item)
        self._cancel = KeyButton("不告知了", "Esc")
        self._cancel.clicked.connect(page.writing_ended)
        self._give = KeyButton("告知并打印补正告知书", "F9", "primary")
        self._give.clicked.connect(lambda: page.supplement_given.emit(self._items(), self._until.value()))
        self.add_foot(self._cancel, self._add, None, self._give)

    def show_state(self, state: ReviewState) -> None:
        while len(self._rows) < len(state.items):
            self._append()
        while len(self._rows) > len(state.items):
            for widget in self._rows.pop():
                widget.hide()
                widget.deleteLater()
        for (label, what, standard, _), item in zip(self._rows, state.items, strict=True):
            label.show_text(item.material or say("其他"))
            for box, text in ((what, item.what), (standard, item.standard)):
                if box.toPlainText() != text:
                    box.blockSignals(True)
                    box.setPlainText(text)
                    box.blockSignals(False)
        self._until.show_answer(Answered(state.until))
        self._wrong.show_text(state.wrong)
        self._wrong.setVisible(bool(state.wrong))
        self._give.setEnabled(not state.working)

    def take_focus(self) -> None:
        if self._rows:
            self._rows[0][1].setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._add.setFocus(Qt.FocusReason.OtherFocusReason)

    def _append(self) -> None:
        line = len(self._rows) + 1
        label = Value(wrap=True)
        boxes = []
        for _ in range(2):
            box = QPlainTextEdit()
            box.setTabChangesFocus(True)
            box.setFixedHeight(tokens().px(58))
            box.textChanged.connect(lambda: self._page.items_given.emit(self._items()))
            boxes.append(box)
        drop = KeyButton("去掉", look="plain")
        drop.clicked.connect(lambda: self._drop(drop))
        for column, part in enumerate((label, *boxes, drop)):
            self._grid.addWidget(part, line, column, Qt.AlignmentFlag.AlignTop)
        self._rows.append((label, boxes[0], boxes[1], drop))

    def _items(self) -> tuple[SupplementDraft, ...]:
        return tuple(
            SupplementDraft(item.material, what.toPlainText().strip(), standard.toPlainText().strip())
            for (_, what, standard, _), item in zip(self._rows, self._page._state.items, strict=False)
        )

    def _add_item(self) -> None:
        self._page.items_given.emit((*self._items(), SupplementDraft("", "", "")))
        self._rows[-1][1].setFocus(Qt.FocusReason.OtherFocusReason)

    def _drop(self, button: KeyButton) -> None:
        kept = [item for item, row in zip(self._items(), self._rows, strict=False) if row[3] is not button]
        self._page.items_given.emit(tuple(kept))


class _Decline(Card):
    """不予受理: in writing, with the ground and where to go instead."""

    def __init__(self, page: ReviewView) -> None:
        super().__init__("不予受理")
        self._page = page
        self._built: tuple[tuple[str, str], ...] = ()
        self.body.addWidget(Text("要书面告知理由；不属于本机关职权的，写明应向哪里申请。", tone="muted", wrap=True))
        self._ground = Field(Asked("ground", "理由类别", "choice", True))
        self._reason = Field(Asked("reason", "理由", "long_text", True))
        self._organ = Field(Asked("organ", "应向哪里申请"))
        for part in (self._ground, self._reason, self._organ):
            self.body.addWidget(part)
        self._wrong = Value(tone="bad", wrap=True)
        self.body.addWidget(self._wrong)
        self.body.addStretch(1)
        self._cancel = KeyButton("返回核对", "Esc")
        self._cancel.clicked.connect(page.writing_ended)
        self._give = KeyButton("不予受理并打印通知书", "F9", "danger")
        for part in (self._ground, self._reason, self._organ):
            part.answered.connect(lambda *_: self._typed())
        self._reason.done.connect(lambda _: self._organ.take_focus())
        self._organ.done.connect(lambda _: self._give.setFocus())
        self._give.clicked.connect(self._said)
        self.add_foot(self._cancel, None, self._give)

    def show_state(self, state: ReviewState) -> None:
        if state.grounds != self._built:
            self._built = state.grounds
            self._ground.deleteLater()
            self._ground = Field(Asked("ground", "理由类别", "choice", True, state.grounds))
            self._ground.done.connect(lambda _: self._reason.take_focus())
            self._ground.answered.connect(lambda *_: self._typed())
            self.body.insertWidget(1, self._ground)
        for part, text in ((self._ground, state.ground), (self._reason, state.reason), (self._organ, state.organ)):
            part.show_answer(Answered(text))
        self._wrong.show_text(state.wrong)
        self._wrong.setVisible(bool(state.wrong))
        self._give.setEnabled(not state.working)

    def take_focus(self) -> None:
        self._ground.take_focus()

    def _typed(self) -> None:
        if self._page._state.writing == "decline":
            self._page.decline_typed.emit(self._ground.value(), self._reason.value(), self._organ.value())

    def _said(self) -> None:
        self._page.decline_given.emit(self._ground.value(), self._reason.value(), self._organ.value())
