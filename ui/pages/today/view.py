"""今日: what was done, of what, what the next clerk must know, and what this station can do without a line."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ui.widgets.banner import Banner
from ui.widgets.card import Card
from ui.widgets.empty import Empty
from ui.widgets.facts import Facts
from ui.widgets.key_button import KeyButton
from ui.widgets.lines import Line, LineList
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
    left: tuple[Line, ...] = ()  # 交接
    left_words: str = ""
    banner: tuple[str, str, str] = ("", "", "bad")
    loading: bool = True


class TodayView(QWidget):
    """Draws a TodayState.

    Signals:
        lock_wanted: The clerk leaves.
        left_chosen: Key of something that is to be handed over.
        banner_read: The banner may go.
    """

    lock_wanted = Signal()
    left_chosen = Signal(str)
    banner_read = Signal()

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
        left = Card("交接", padded=False)
        self._left_words = Value(tone="muted")
        left.add_head(self._left_words, None)
        self._left = LineList()
        self._left.chosen.connect(self.left_chosen)
        self._nothing_left = Empty("check")
        left.body.addWidget(self._left, 1)
        left.body.addWidget(self._nothing_left, 1)
        supply = Card("没有线路时还能做什么")
        self._supply = Facts(130)
        supply.body.addWidget(self._supply)
        self.banner = Banner()
        self.banner.dismissed.connect(self.banner_read)
        lock = KeyButton("交班 / 离开", "Ctrl+Shift+Q", listens=False)  # the top bar's hears it
        lock.clicked.connect(self.lock_wanted)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(Text("今日", size="title"))
        head.addWidget(self._day)
        head.addStretch(1)
        head.addWidget(lock)
        below = QHBoxLayout()
        below.setSpacing(10)
        below.addWidget(matters, 3)
        right = QVBoxLayout()
        right.setSpacing(10)
        right.addWidget(left, 1)
        right.addWidget(supply)
        below.addLayout(right, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 16)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self.banner)
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
        self._left_words.show_text(state.left_words)
        self._left.show_lines(state.left)
        self._left.setVisible(bool(state.left))
        self._nothing_left.setVisible(not state.left and not state.loading)
        self._nothing_left.show_words(say("没有要交接的"))
        self.banner.show_words(*state.banner)

    def take_focus(self) -> None:
        if self._state.left:
            self._left.setFocus(Qt.FocusReason.OtherFocusReason)
            self._left.step(0)
        else:
            self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)
