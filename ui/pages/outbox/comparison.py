"""Both versions of a case side by side: what differs first and marked, what is the same below, muted."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ui.theme import tokens
from ui.widgets.card import Card
from ui.widgets.key_button import KeyButton
from ui.widgets.text import Text, Value, mark
from ui.words import say


@dataclass(frozen=True)
class ComparedRow:
    """One row: what it is, our value, the server's, and whether they are the same."""

    label: str
    ours: str
    theirs: str
    same: bool


@dataclass(frozen=True)
class ComparisonShown:
    """The comparison; without a `title` it is closed."""

    title: str = ""
    ours_done: str = ""  # who did what when, here
    theirs_done: str = ""
    rows: tuple[ComparedRow, ...] = ()
    count: str = ""  # 3 项不同，14 项相同


class ComparisonView(Card):
    """Draws a ComparisonShown. The arrows and the page keys scroll.

    Signals:
        closed: Back to the list.
    """

    closed = Signal()

    def __init__(self) -> None:
        super().__init__(padded=False)
        self._built: tuple[ComparedRow, ...] = ()
        self._title, self._count = Value(bold=True), Value(tone="muted")
        self._back = KeyButton("回到列表", "Esc")
        self._back.clicked.connect(self.closed)
        self.add_head(self._title, self._count, None, self._back)
        self._ours, self._theirs = Value(wrap=True, tone="muted"), Value(wrap=True, tone="muted")
        heads = QFrame()
        mark(heads, comparedrow="true")
        row = _row(heads)
        row.addWidget(_fixed(Text(""), 130))
        for words, done in (("本机", self._ours), ("服务器", self._theirs)):
            column = QVBoxLayout()
            column.setSpacing(2)
            column.addWidget(Text(words, bold=True))
            column.addWidget(done)
            column.addStretch(1)
            row.addLayout(column, 1)
        row.addWidget(_fixed(Text(""), 76))
        self._rows = QVBoxLayout()
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)
        self._rows.addStretch(1)
        inside = QWidget()
        inside.setLayout(self._rows)
        self._scroll = QScrollArea()
        self._scroll.setWidget(inside)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setAccessibleName(say("本机与服务器对照"))
        self.body.addWidget(heads)
        self.body.addWidget(self._scroll, 1)
        self.hide()

    def show_comparison(self, shown: ComparisonShown, may_close: bool = True) -> None:
        """Draw it. While a question stands open beside it, Esc is that question's."""
        self._back.setVisible(may_close)
        self._title.show_text(shown.title)
        self._count.show_text(shown.count)
        self._ours.show_text(shown.ours_done)
        self._theirs.show_text(shown.theirs_done)
        self.setVisible(bool(shown.title))
        if shown.rows != self._built:
            self._build(shown.rows)

    def take_focus(self) -> None:
        self._scroll.setFocus(Qt.FocusReason.OtherFocusReason)

    def _build(self, rows: tuple[ComparedRow, ...]) -> None:
        self._built = rows
        while self._rows.count() > 1:
            item = self._rows.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for at, one in enumerate(sorted(rows, key=lambda one: one.same)):
            self._rows.insertWidget(at, _drawn(one))


def _drawn(one: ComparedRow) -> QFrame:
    frame = QFrame()
    mark(frame, comparedrow="true", differs="false" if one.same else "true")
    row = _row(frame)
    row.addWidget(_fixed(Value(one.label, wrap=True, tone="muted" if one.same else "", bold=not one.same), 130))
    for text in (one.ours, one.theirs):
        value = Value(text or "—", wrap=True, tone="muted" if one.same else "", bold=not one.same)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(value, 1)
    word = f"＝ {say('相同')}" if one.same else f"≠ {say('不同')}"
    row.addWidget(_fixed(Value(word, size="small", tone="muted" if one.same else "warn", bold=not one.same), 76))
    frame.setAccessibleName(f"{one.label} {word} {one.ours} / {one.theirs}")
    return frame


def _row(frame: QFrame) -> QHBoxLayout:
    row = QHBoxLayout(frame)
    row.setContentsMargins(16, 8, 16, 8)
    row.setSpacing(14)
    return row


def _fixed(part: QWidget, width: int) -> QWidget:
    part.setFixedWidth(tokens().px(width))
    return part
