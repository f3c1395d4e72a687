"""What a window tells the applicant in writing: all that is to be supplemented, at once; or that it is not accepted."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from ui.theme import tokens
from ui.widgets.card import Card
from ui.widgets.field import Answered, Asked, Field
from ui.widgets.key_button import KeyButton
from ui.widgets.lines import Line, LineList
from ui.widgets.text import Text, Value
from ui.words import say


@dataclass(frozen=True)
class ToldItem:
    """One thing that is missing or wrong. `key` says which of the choices it is about, empty: something else."""

    key: str = ""
    label: str = ""
    what: str = ""
    standard: str = ""

    def __repr__(self) -> str:
        return f"ToldItem({self.key})"


@dataclass(frozen=True)
class SupplementShown:
    """一次性告知, being written. `writing` names it: another one is drawn anew. `choices` are what can be wrong: the
    materials, the fields of the form."""

    writing: str = ""
    choices: tuple[Line, ...] = ()
    items: tuple[ToldItem, ...] = ()
    until: str = ""
    until_words: str = ""  # 今天起 10 个工作日
    wrong: str = ""
    working: bool = False


class SupplementForm(Card):
    """Draws a SupplementShown.

    Signals:
        items_given: The items as they stand, a tuple of ToldItem, after every change.
        until_given: The last day as it stands.
        given: Tell them: the items and the last day.
        dropped: They are not told; what was written stays with the model.
    """

    items_given = Signal(object)
    until_given = Signal(str)
    given = Signal(object, str)
    dropped = Signal()

    def __init__(self) -> None:
        super().__init__("一次性告知补正")
        self._shown = SupplementShown()
        self._blocks: list[_Block] = []
        self.body.addWidget(
            Text(
                "写清每一项缺什么、怎样才对。只能告知一次，请一次写全；没有写到的，以后不能再要。",
                tone="muted",
                wrap=True,
            )
        )
        self._choices = LineList()
        self._choices.setFixedWidth(tokens().px(250))
        self._choices.chosen.connect(self._choose)
        self._choices.spaced.connect(self._choose)
        self._choices.setAccessibleName(say("哪一项不对"))
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 4, 0)
        self._column.setSpacing(10)
        self._none = Text("在左边选不对的那一项（回车），在这里写缺什么、怎样才对。", tone="muted", wrap=True)
        self._column.addWidget(self._none)
        self._column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(inside)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._choices)
        row.addWidget(self._scroll, 1)
        self.body.addLayout(row, 1)
        self._until = Field(Asked("until", "补正截止日", "date", True), 96)
        self._until.answered.connect(lambda _, value: self.until_given.emit(value))
        self.body.addWidget(self._until)
        self._wrong = Value(tone="bad", wrap=True)
        self.body.addWidget(self._wrong)
        self._drop = KeyButton("不告知了", "Esc")
        self._drop.clicked.connect(self.dropped)
        self._add = KeyButton("加一项别的", "Ctrl+I")
        self._add.clicked.connect(lambda: self._choose(""))
        self._give = KeyButton("告知并打印补正告知书", "F9", "primary")
        self._give.clicked.connect(lambda: self.given.emit(self._items(), self._until.value()))
        self._until.done.connect(lambda _: self._give.setFocus(Qt.FocusReason.TabFocusReason))
        self.add_foot(self._drop, self._add, None, self._give)

    def show_supplement(self, shown: SupplementShown) -> None:
        fresh = shown.writing != self._shown.writing
        self._shown = shown
        told = {item.key for item in shown.items}
        self._choices.show_lines([_marked(line, told) for line in shown.choices])
        self._choices.setVisible(bool(shown.choices))
        if fresh or [block.item.key for block in self._blocks] != [item.key for item in shown.items]:
            self._draw(shown)
        for block, item in zip(self._blocks, shown.items, strict=True):
            block.show_item(item)
        self._none.setVisible(not shown.items)
        self._until.show_answer(Answered(shown.until, source=shown.until_words))
        self._wrong.show_text(shown.wrong)
        self._wrong.setVisible(bool(shown.wrong))
        self._give.setEnabled(not shown.working)

    def take_focus(self) -> None:
        if self._blocks:
            self._go_to(self._blocks[0])
        elif self._shown.choices:
            self._choices.setFocus(Qt.FocusReason.OtherFocusReason)
            if not self._choices.current_key():
                self._choices.step(0)
        else:
            self._add.setFocus(Qt.FocusReason.OtherFocusReason)

    def _draw(self, shown: SupplementShown) -> None:
        for old in self._blocks:
            self._column.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._blocks = []
        for at, item in enumerate(shown.items):
            block = _Block(item)
            block.changed.connect(lambda: self.items_given.emit(self._items()))
            block.dropped.connect(lambda gone=block: self._drop_block(gone))
            self._blocks.append(block)
            self._column.insertWidget(1 + at, block)

    def _items(self) -> tuple[ToldItem, ...]:
        return tuple(block.said() for block in self._blocks)

    def _choose(self, key: str) -> None:
        """Write about this: where it is written about already, go there."""
        known = next((block for block in self._blocks if key and block.item.key == key), None)
        if known is None:
            label = next((line.title for line in self._shown.choices if line.key == key), "")
            self.items_given.emit((*self._items(), ToldItem(key, label)))
            known = self._blocks[-1] if self._blocks else None
        if known is not None:
            self._go_to(known)

    def _go_to(self, block: _Block) -> None:
        block.take_focus()
        self._scroll.ensureWidgetVisible(block)

    def _drop_block(self, gone: _Block) -> None:
        self.items_given.emit(tuple(block.said() for block in self._blocks if block is not gone))
        self.take_focus()


class _Block(QFrame):
    """One item: what it is about, what is wrong with it, what would be right."""

    changed = Signal()
    dropped = Signal()

    def __init__(self, item: ToldItem) -> None:
        super().__init__()
        self.item = item
        self._label = Value(bold=True, wrap=True)
        self._what, self._standard = QPlainTextEdit(), QPlainTextEdit()
        drop = KeyButton("去掉", look="plain")  # made after the boxes: Tab comes to it last
        drop.clicked.connect(self.dropped)
        head = QHBoxLayout()
        head.addWidget(self._label, 1)
        head.addWidget(drop)
        boxes = QHBoxLayout()
        boxes.setSpacing(8)
        for box, words in ((self._what, "缺什么、哪里不对"), (self._standard, "怎样才对")):
            box.setTabChangesFocus(True)
            box.setFixedHeight(tokens().px(62))
            box.setPlaceholderText(say(words))
            box.setAccessibleName(say(words))
            box.textChanged.connect(self.changed)
            boxes.addWidget(box)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addLayout(boxes)
        for before, after in ((self._what, self._standard), (self._standard, drop)):
            self.setTabOrder(before, after)

    def show_item(self, item: ToldItem) -> None:
        self.item = item
        self._label.show_text(item.label or say("其他"))
        for box, text in ((self._what, item.what), (self._standard, item.standard)):
            if box.toPlainText().strip() != text.strip():
                box.blockSignals(True)
                box.setPlainText(text)
                box.blockSignals(False)

    def said(self) -> ToldItem:
        what, standard = self._what.toPlainText().strip(), self._standard.toPlainText().strip()
        return ToldItem(self.item.key, self.item.label, what, standard)

    def take_focus(self) -> None:
        self._what.setFocus(Qt.FocusReason.OtherFocusReason)


def _marked(line: Line, told: set[str]) -> Line:
    """A choice that is written about already says so."""
    if line.key not in told:
        return line
    return Line(line.key, line.title, line.sub, say("已写"), "warn", head=line.head)


@dataclass(frozen=True)
class RefusalShown:
    """不予受理, being written. `writing` names it: another one is drawn anew."""

    writing: str = ""
    grounds: tuple[tuple[str, str], ...] = ()
    ground: str = ""
    reason: str = ""
    organ: str = ""
    remedies: str = ""  # what the notice will tell the applicant about review and suit
    wrong: str = ""
    working: bool = False


class RefusalForm(Card):
    """Draws a RefusalShown.

    Signals:
        typed, given: (ground, reason, competent organ), as they stand and to be done.
        dropped: It is not declined; what was written stays with the model.
    """

    typed = Signal(str, str, str)
    given = Signal(str, str, str)
    dropped = Signal()

    def __init__(self) -> None:
        super().__init__("不予受理")
        self._writing = ""
        self.body.addWidget(Text("要书面告知理由；不属于本机关职权的，写明应向哪里申请。", tone="muted", wrap=True))
        self._ground: Field | None = None
        self._reason = Field(Asked("reason", "理由", "long_text", True))
        self._organ = Field(Asked("organ", "应向哪里申请"))
        self._remedies, self._wrong = Value(tone="muted", size="small", wrap=True), Value(tone="bad", wrap=True)
        for part in (self._reason, self._organ, self._remedies, self._wrong):
            self.body.addWidget(part)
        self.body.addStretch(1)
        self._drop = KeyButton("返回", "Esc")
        self._drop.clicked.connect(self.dropped)
        self._give = KeyButton("不予受理并打印通知书", "F9", "danger")
        self._give.clicked.connect(lambda: self.given.emit(*self._said()))
        for part in (self._reason, self._organ):
            part.answered.connect(lambda *_: self.typed.emit(*self._said()))
        self._reason.done.connect(lambda _: self._organ.take_focus())
        self._organ.done.connect(lambda _: self._give.setFocus(Qt.FocusReason.TabFocusReason))
        self.add_foot(self._drop, None, self._give)

    def show_refusal(self, shown: RefusalShown) -> None:
        if shown.writing != self._writing or self._ground is None:
            self._writing = shown.writing
            self._draw_grounds(shown.grounds)
        assert self._ground is not None
        for part, text in ((self._ground, shown.ground), (self._reason, shown.reason), (self._organ, shown.organ)):
            part.show_answer(Answered(text))
        self._remedies.show_text(shown.remedies)
        self._wrong.show_text(shown.wrong)
        self._wrong.setVisible(bool(shown.wrong))
        self._give.setEnabled(not shown.working)

    def take_focus(self) -> None:
        if self._ground is not None:
            self._ground.take_focus()

    def _draw_grounds(self, grounds: tuple[tuple[str, str], ...]) -> None:
        if self._ground is not None:
            self.body.removeWidget(self._ground)
            self._ground.hide()
            self._ground.deleteLater()
        self._ground = Field(Asked("ground", "理由类别", "choice", True, grounds))
        self._ground.answered.connect(lambda *_: self.typed.emit(*self._said()))
        self._ground.done.connect(lambda _: self._reason.take_focus())
        self.body.insertWidget(1, self._ground)

    def _said(self) -> tuple[str, str, str]:
        ground = self._ground.value() if self._ground is not None else ""
        return ground, self._reason.value(), self._organ.value()
