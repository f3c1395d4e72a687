"""上报: what the server does not have for certain yet, and what a person must look at."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from ui.pages.outbox.comparison import ComparisonShown, ComparisonView
from ui.theme import tokens
from ui.widgets.asking import Asking, AskingShown
from ui.widgets.banner import Banner
from ui.widgets.card import Card
from ui.widgets.empty import Empty
from ui.widgets.facts import Facts
from ui.widgets.key_button import KeyButton
from ui.widgets.search import SearchField
from ui.widgets.table import Row, Table
from ui.widgets.text import Pill, Text, Value
from ui.words import say

SEARCH = "受理号、姓名或拼音，已撤下的也能找到（Ctrl+F）"


@dataclass(frozen=True)
class OutboxDetail:
    """One case of the outbox. `acts` are what may be done about it: compare, mend, resend, export, withdraw."""

    case_id: str = ""
    number: str = ""
    state: str = ""
    tone: str = ""
    trouble: tuple[str, str] = ("", "")
    rows: tuple[tuple[str, str], ...] = ()
    acts: frozenset[str] = frozenset()
    calm: str = ""


@dataclass(frozen=True)
class OutboxState:
    """The list, how the line stands, one case, its comparison and the question that stands open about it."""

    summary: str = ""
    kept: str = ""  # what goes from here by itself, and when
    text: str = ""
    rows: tuple[Row, ...] = ()
    empty: tuple[str, str] = ("", "")
    detail: OutboxDetail = OutboxDetail()
    comparison: ComparisonShown = field(default_factory=ComparisonShown)
    asking: AskingShown = field(default_factory=AskingShown)
    sending: bool = False
    online: bool = True
    banner: tuple[str, str, str] = ("", "", "bad")


ACTS = (
    ("withdraw", "撤下…", "Ctrl+K", "danger"),
    ("export", "导出…", "Ctrl+O", ""),
    ("resend", "原样再报", "Ctrl+S", ""),
    ("mend", "改正重办", "Ctrl+G", ""),
    ("compare", "对照两份内容", "Ctrl+Return", "primary"),
)
"""Key, words, shortcut, look; the main act last, where the hand expects it."""


class OutboxView(QWidget):
    """Draws an OutboxState.

    Signals:
        search_wanted: What stands in the field.
        case_wanted: The id of the case to show.
        retry_wanted: Try the server now.
        act_wanted: (key of an act, id of the case).
        compare_closed: Back to the list.
        act_given: The open question was answered: a dict by field.
        act_dropped: The open question is closed.
        banner_read: The banner may go.
    """

    search_wanted = Signal(str)
    case_wanted = Signal(str)
    retry_wanted = Signal()
    act_wanted = Signal(str, str)
    compare_closed = Signal()
    act_given = Signal(object)
    act_dropped = Signal()
    banner_read = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._state = OutboxState()
        self._summary = Value(tone="muted", wrap=True)
        self._retry = KeyButton("现在重试", "F6")
        self._retry.clicked.connect(self.retry_wanted)
        self.banner = Banner()
        self.banner.dismissed.connect(self.banner_read)
        self._table = Table(
            (("受理号", 190), ("事项", 0), ("申请人", 150), ("内容", 190), ("自", 130), ("状态", 120), ("未传", 90))
        )
        self._search = SearchField(self._table)
        self._search.textEdited.connect(self.search_wanted)
        self._search.returnPressed.connect(self._into_list)
        find = QShortcut(QKeySequence("Ctrl+F"), self, self._find)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._table.looked_at.connect(self.case_wanted)
        self._table.chosen.connect(self._chosen)
        self._empty = Empty("check")
        self._list = Card(padded=False)
        self._list.add_search(self._search)
        self._list.body.addWidget(self._table, 1)
        self._list.body.addWidget(self._empty, 1)
        self._kept = Value(tone="muted", size="small", wrap=True)
        self._kept.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._list.add_foot(
            Text("“已核对一致”＝服务器与本机的内容摘要相同，不只是发送成功。", tone="muted", size="small"), self._kept
        )
        self._comparison = ComparisonView()
        self._comparison.closed.connect(self.compare_closed)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(Text("上报", size="title"))
        head.addWidget(self._summary, 1)
        head.addWidget(self._retry)
        middle = QVBoxLayout()
        middle.setContentsMargins(18, 16, 18, 16)
        middle.setSpacing(10)
        middle.addLayout(head)
        middle.addWidget(self.banner)
        middle.addWidget(self._list, 1)
        middle.addWidget(self._comparison, 1)
        self._side = self._build_side()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(middle, 1)
        row.addWidget(self._side)

    def _build_side(self) -> QFrame:
        whole = QFrame()
        whole.setObjectName("side")
        self._number, self._pill = Value(size="large", bold=True), Pill()
        self._trouble = Banner(dismissable=False)
        self._facts = Facts(80)
        self._calm = Value(tone="muted", wrap=True)
        self._asking = Asking()
        self._asking.given.connect(self.act_given)
        self._asking.dropped.connect(self.act_dropped)
        number = QHBoxLayout()
        number.addWidget(self._number)
        number.addWidget(self._pill)
        number.addStretch(1)
        side = QVBoxLayout(whole)
        side.setContentsMargins(20, 18, 16, 16)
        side.setSpacing(10)
        side.addLayout(number)
        for part in (self._trouble, self._facts, self._calm):
            side.addWidget(part)
        side.addWidget(self._asking, 1)
        self._spare = QWidget()
        side.addWidget(self._spare, 1)
        self._buttons: dict[str, KeyButton] = {}
        for key, words, shortcut, look in ACTS:
            button = self._buttons[key] = KeyButton(words, shortcut, look)
            button.clicked.connect(lambda _=False, key=key: self.act_wanted.emit(key, self._state.detail.case_id))
            side.addWidget(button)
        return whole

    def render_state(self, state: OutboxState) -> None:
        before, self._state = self._state, state
        detail, comparing, asking = state.detail, bool(state.comparison.title), bool(state.asking.key)
        self._summary.show_text(state.summary)
        self._kept.show_text(state.kept)
        self._retry.setEnabled(not state.sending)
        self._retry.show_words("正在上报" if state.sending else "现在重试")
        self._search.setPlaceholderText(say(SEARCH))
        self._search.show_text(state.text)
        self._table.show_rows(state.rows, detail.case_id or None)
        self._table.setVisible(bool(state.rows))
        self._empty.setVisible(not state.rows)
        self._empty.show_words(*state.empty)
        self._comparison.show_comparison(state.comparison, may_close=not asking)
        self._list.setVisible(not comparing)
        self.banner.show_words(*state.banner)
        self._side.setVisible(bool(detail.case_id))
        self._number.show_text(detail.number)
        self._pill.show_text(detail.state, detail.tone)
        self._trouble.show_words(*detail.trouble)
        self._facts.show_rows(list(detail.rows))
        self._facts.setVisible(not asking)
        self._calm.show_text(detail.calm)
        self._calm.setVisible(bool(detail.calm) and not asking)
        self._spare.setVisible(not asking)
        for key, button in self._buttons.items():
            button.setVisible(key in detail.acts and not asking and not (comparing and key == "compare"))
        self._asking.show_question(state.asking)
        if comparing and not before.comparison.title:
            self._comparison.take_focus()
        elif (before.comparison.title and not comparing) or (before.asking.key and not asking):
            self.take_focus()
        elif state.rows and not before.rows and not state.text and self._search.hasFocus():
            self.take_focus()  # the list has come

    def take_focus(self) -> None:
        if self._state.comparison.title:
            self._comparison.take_focus()
            return
        if not self._state.rows:
            self._search.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self._table.setFocus(Qt.FocusReason.OtherFocusReason)
        if not self._table.current_key():
            self._table.step(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= tokens().px(1600)
        self._side.setFixedWidth(tokens().px(430) if wide else tokens().px(380))
        for column in (3, 4):
            self._table.setColumnHidden(column, not wide)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)

    def _find(self) -> None:
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    def _into_list(self) -> None:
        if self._state.rows:
            self.take_focus()

    def _chosen(self, key: str) -> None:
        self.case_wanted.emit(key)
        if "compare" in self._state.detail.acts:
            self.act_wanted.emit("compare", key)
