"""今日: what was done, of what, and what this station can still do without a line."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ui.widgets.card import Card
from ui.widgets.empty import Empty
from ui.widgets.facts import Facts
from ui.widgets.key_button import KeyButton
from ui.widgets.table import Row, Table
from ui.widgets.text import Text, Value
from ui.words import say


@dataclass(frozen=True)
class TodayState:
    """The day in numbers."""

    day: str = ""
    clerk: str = ""
    counts: tuple[tuple[str, int], ...] = ()
    matters: tuple[Row, ...] = ()
    supply: tuple[tuple[str, str] | tuple[str, str, str], ...] = ()
    loading: bool = True


class TodayView(QWidget):
    """Draws a TodayState. Signals: lock_wanted: the clerk leaves."""

    lock_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._state = TodayState()
        self._day = Value(tone="muted")
        self._counts = QGridLayout()
        self._counts.setSpacing(10)
        self._cards: list[tuple[Value, Value, Card]] = []
        self._table = Table((("事项", 0), ("件数", 90)))
        self._none = Empty("today")
        matters = Card("按事项", padded=False)
        matters.body.addWidget(self._table, 1)
        matters.body.addWidget(self._none, 1)
        supply = Card("没有线路时还能做什么")
        self._supply = Facts(130)
        supply.body.addWidget(self._supply)
        supply.body.addStretch(1)
        lock = KeyButton("交班 / 离开", "Ctrl+Shift+Q")
        lock.clicked.connect(self.lock_wanted)
        lock.setShortcut("")
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(Text("今日", size="title"))
        head.addWidget(self._day)
        head.addStretch(1)
        head.addWidget(lock)
        below = QHBoxLayout()
        below.setSpacing(10)
        below.addWidget(matters, 3)
        below.addWidget(supply, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 16)
        column.setSpacing(10)
        column.addLayout(head)
        column.addLayout(self._counts)
        column.addLayout(below, 1)

    def render_state(self, state: TodayState) -> None:
        self._state = state
        self._day.show_text(" · ".join(part for part in (state.day, state.clerk) if part))
        while len(self._cards) < len(state.counts):
            card = Card()
            number, words = Value(size="number"), Value(tone="muted")
            card.body.addWidget(number, 0, Qt.AlignmentFlag.AlignHCenter)
            card.body.addWidget(words, 0, Qt.AlignmentFlag.AlignHCenter)
            self._counts.addWidget(card, 0, len(self._cards))
            self._cards.append((number, words, card))
        for (number, words, _), (name, count) in zip(self._cards, state.counts, strict=False):
            number.show_text(str(count))
            words.show_text(name)
        self._table.show_rows(state.matters)
        self._table.setVisible(bool(state.matters))
        self._none.setVisible(not state.matters and not state.loading)
        self._none.show_words(say("今天还没有办件"))
        self._supply.show_rows(list(state.supply))

    def take_focus(self) -> None:
        self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)
