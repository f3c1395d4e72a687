"""上报: what the server does not have for certain yet, and what a person must look at."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from ui.theme import tokens
from ui.widgets.banner import Banner
from ui.widgets.card import Card
from ui.widgets.empty import Empty
from ui.widgets.facts import Facts
from ui.widgets.key_button import KeyButton
from ui.widgets.table import Row, Table
from ui.widgets.text import Pill, Text, Value
from ui.words import say


@dataclass(frozen=True)
class OutboxDetail:
    """One case of the outbox."""

    case_id: str = ""
    number: str = ""
    state: str = ""
    tone: str = ""
    trouble: tuple[str, str] = ("", "")
    rows: tuple[tuple[str, str], ...] = ()
    story: tuple[tuple[str, str], ...] = ()
    is_held: bool = False
    may_set_aside: bool = False


@dataclass(frozen=True)
class OutboxState:
    """The list, how the line stands, and one case."""

    summary: str = ""
    rows: tuple[Row, ...] = ()
    detail: OutboxDetail = OutboxDetail()
    sending: bool = False
    online: bool = True
    banner: tuple[str, str, str] = ("", "", "bad")


class OutboxView(QWidget):
    """Draws an OutboxState.

    Signals:
        case_wanted: The id of the case to show.
        retry_wanted: Try the server now.
        resend_wanted: What held the case is mended: send it again.
        compare_wanted: Show the case with all that is known.
        banner_read: The banner may go.
    """

    case_wanted = Signal(str)
    retry_wanted = Signal()
    resend_wanted = Signal(str)
    compare_wanted = Signal(str)
    banner_read = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._state = OutboxState()
        self._summary = Value(tone="muted")
        self._retry = KeyButton("现在重试", "F6")
        self._retry.clicked.connect(self.retry_wanted)
        self.banner = Banner()
        self.banner.dismissed.connect(self.banner_read)
        self._table = Table(
            (("受理号", 190), ("事项", 0), ("申请人", 150), ("内容", 190), ("自", 130), ("状态", 120), ("未传", 90))
        )
        self._table.looked_at.connect(self.case_wanted)
        self._table.chosen.connect(self.case_wanted)
        self._empty = Empty("check")
        card = Card(padded=False)
        card.body.addWidget(self._table, 1)
        card.body.addWidget(self._empty, 1)
        card.add_foot(
            Text("“已核对一致”＝服务器与本机的内容摘要相同，不只是发送成功。", tone="muted", size="small"), None
        )
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(Text("上报", size="title"))
        head.addWidget(self._summary)
        head.addStretch(1)
        head.addWidget(self._retry)
        middle = QVBoxLayout()
        middle.setContentsMargins(18, 16, 18, 16)
        middle.setSpacing(10)
        middle.addLayout(head)
        middle.addWidget(self.banner)
        middle.addWidget(card, 1)
        self._side = QFrame()
        self._side.setObjectName("side")
        self._number, self._pill = Value(size="large", bold=True), Pill()
        self._trouble = Banner(dismissable=False)
        self._facts, self._story = Facts(80), Facts(96)
        self._calm = Text("这一件停在这里，不影响其他办件上报。", tone="muted", wrap=True)
        self._compare = KeyButton("对照内容", "Ctrl+Return", "primary")
        self._resend = KeyButton("已处理，再次上报", "Ctrl+S")
        self._compare.clicked.connect(lambda: self.compare_wanted.emit(self._state.detail.case_id))
        self._resend.clicked.connect(lambda: self.resend_wanted.emit(self._state.detail.case_id))
        number = QHBoxLayout()
        number.addWidget(self._number)
        number.addWidget(self._pill)
        number.addStretch(1)
        side = QVBoxLayout(self._side)
        side.setContentsMargins(20, 18, 16, 16)
        side.setSpacing(12)
        side.addLayout(number)
        for part in (self._trouble, self._facts, self._story, self._calm):
            side.addWidget(part)
        side.addStretch(1)
        side.addWidget(self._resend)
        side.addWidget(self._compare)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(middle, 1)
        row.addWidget(self._side)

    def render_state(self, state: OutboxState) -> None:
        self._state = state
        detail = state.detail
        self._summary.show_text(state.summary)
        self._retry.setEnabled(not state.sending)
        self._retry.show_words("正在上报" if state.sending else "现在重试")
        self._table.show_rows(state.rows, detail.case_id or None)
        self._table.setVisible(bool(state.rows))
        self._empty.setVisible(not state.rows)
        self._empty.show_words(say("都上报了"), say("本机和服务器的内容一致。"))
        self.banner.show_words(*state.banner)
        self._side.setVisible(bool(detail.case_id))
        self._number.show_text(detail.number)
        self._pill.show_text(detail.state, detail.tone)
        self._trouble.show_words(*detail.trouble)
        self._facts.show_rows(list(detail.rows))
        self._story.show_rows(list(detail.story))
        self._calm.setVisible(detail.is_held)
        self._resend.setVisible(detail.is_held)

    def take_focus(self) -> None:
        self._table.setFocus(Qt.FocusReason.OtherFocusReason)
        if not self._table.current_key():
            self._table.step(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= tokens().px(1600)
        self._side.setFixedWidth(tokens().px(430) if wide else tokens().px(320))
        for column in (3, 4):
            self._table.setColumnHidden(column, not wide)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)
