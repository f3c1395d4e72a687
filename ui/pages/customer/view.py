"""What the person before the window sees on a screen of their own: the form to sign, the five levels, else a greeting.

Large targets, few words, no name of anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from contract.rating import Level, Reason
from ui.theme import tokens
from ui.widgets.ink import InkPad
from ui.widgets.preview import Preview
from ui.widgets.text import Text, Value, mark
from ui.words import say

LEVELS: dict[Level, tuple[str, str]] = {
    Level.VERY_SATISFIED: ("非常满意", "ok"),
    Level.SATISFIED: ("满意", "ok"),
    Level.FAIR: ("基本满意", ""),
    Level.DISSATISFIED: ("不满意", "warn"),
    Level.VERY_DISSATISFIED: ("非常不满意", "warn"),
}
REASONS: dict[Reason, str] = {
    Reason.WAITING: "等候时间长",
    Reason.TRIPS: "来回跑",
    Reason.UNCLEAR: "没有一次讲清",
    Reason.ATTITUDE: "态度不好",
    Reason.SKILL: "业务不熟",
    Reason.REQUIREMENTS: "要的材料多",
}


@dataclass(frozen=True)
class CustomerState:
    """What stands on the second screen."""

    mode: Literal["idle", "sign", "rate", "reasons", "thanks"] = "idle"
    place: str = ""  # the hall and the window
    document: QImage | None = None  # the pages of the form, under each other
    on_pad: bool = False  # it is written on a pad with a driver, and only shown here
    can_confirm: bool = False
    words: str = ""  # what is wrong
    reasons: tuple[Reason, ...] = ()  # chosen so far

    def __repr__(self) -> str:
        return f"CustomerState({self.mode})"


class BigButton(QPushButton):
    """A button for a finger."""

    def __init__(self, words: str, look: str = "", tall: bool = False) -> None:
        super().__init__()
        self._words = words
        self.setText(say(words))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        mark(self, look=look, big="tall" if tall else "true")

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.setText(say(self._words))
        super().changeEvent(event)


class CustomerView(QStackedWidget):
    """Draws a CustomerState.

    Signals:
        level_given: A Level.
        reason_touched: A Reason, chosen or taken back.
        reasons_given: The chosen reasons, or none.
        ink_written: Something stands in the frame, or no longer.
        sign_given: The signature stands.
        sign_refused: The person does not sign here.
    """

    level_given = Signal(object)
    reason_touched = Signal(object)
    reasons_given = Signal()
    ink_written = Signal()
    sign_given = Signal()
    sign_refused = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("window")
        self._state = CustomerState()
        self._pages = {
            "idle": self._build_greeting(),
            "sign": self._build_signing(),
            "rate": self._build_rating(),
            "reasons": self._build_reasons(),
            "thanks": self._build_thanks(),
        }
        for page in self._pages.values():
            self.addWidget(page)
        self.render_state(self._state)

    @property
    def ink(self) -> InkPad:
        """Where it is signed."""
        return self._ink

    def render_state(self, state: CustomerState) -> None:
        if state.mode != "sign" and self._state.mode == "sign":
            self._ink.clear()
        self._state = state
        self._place.show_text(state.place)
        self._document.show_picture(state.document)
        self._on_pad.setVisible(state.on_pad)
        self._confirm.setEnabled(state.can_confirm)
        self._again.setEnabled(state.can_confirm)
        self._wrong.show_text(state.words)
        self._wrong.setVisible(bool(state.words))
        for reason, button in self._reasons.items():
            button.setChecked(reason in state.reasons)
        self.setCurrentWidget(self._pages[state.mode])

    def _build_greeting(self) -> QWidget:
        page, column = _page()
        self._place = Value(size="large", tone="muted")
        column.addStretch(1)
        for part in (Text("您好", size="number"), self._place):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(part)
        column.addStretch(1)
        return page

    def _build_signing(self) -> QWidget:
        page, column = _page()
        column.addWidget(Text("请看清申请表，在右边签上您的姓名", size="title"))
        halves = QHBoxLayout()
        halves.setSpacing(tokens().px(20))
        self._document = Preview()
        halves.addWidget(self._document, 1)
        right = QVBoxLayout()
        right.setSpacing(tokens().px(14))
        self._on_pad = Text("请在签名板上写，这里会显示", size="large", tone="info")
        self._wrong = Value(size="large", tone="bad", wrap=True)
        self._ink = InkPad()
        self._ink.written.connect(self.ink_written)
        refuse, self._again = BigButton("不在这里签"), BigButton("重写")
        self._confirm = BigButton("确认签字", "primary", tall=True)
        refuse.clicked.connect(self.sign_refused)
        self._again.clicked.connect(self._ink.clear)
        self._confirm.clicked.connect(self.sign_given)
        row = QHBoxLayout()
        row.setSpacing(tokens().px(16))
        for button in (refuse, self._again):
            row.addWidget(button, 1)
        for part in (self._on_pad, self._wrong):
            right.addWidget(part)
        right.addWidget(self._ink, 1)
        right.addLayout(row)
        right.addWidget(self._confirm)
        halves.addLayout(right, 1)
        column.addLayout(halves, 1)
        return page

    def _build_rating(self) -> QWidget:
        page, column = _page()
        column.addStretch(1)
        for part in (
            Text("请您评价本次服务", size="number"),
            Text("窗口人员看不到您的评价", size="large", tone="muted"),
        ):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(part)
        column.addSpacing(tokens().px(32))
        row = QHBoxLayout()
        row.setSpacing(tokens().px(16))
        for level, (words, tone) in LEVELS.items():
            button = BigButton(words, tall=True)
            mark(button, tone=tone)
            button.clicked.connect(lambda _=False, given=level: self.level_given.emit(given))
            row.addWidget(button, 1)
        column.addLayout(row)
        column.addStretch(2)
        return page

    def _build_reasons(self) -> QWidget:
        page, column = _page()
        column.addStretch(1)
        for part in (
            Text("哪里没有做好？", size="number"),
            Text("可以选几项，也可以不选", size="large", tone="muted"),
        ):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(part)
        column.addSpacing(tokens().px(32))
        grid = QGridLayout()
        grid.setSpacing(tokens().px(16))
        self._reasons: dict[Reason, BigButton] = {}
        for at, (reason, words) in enumerate(REASONS.items()):
            button = self._reasons[reason] = BigButton(words)
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, touched=reason: self.reason_touched.emit(touched))
            grid.addWidget(button, at // 3, at % 3)
        column.addLayout(grid)
        column.addSpacing(tokens().px(24))
        done = BigButton("提交评价", "primary", tall=True)
        done.clicked.connect(self.reasons_given)
        column.addWidget(done)
        column.addStretch(2)
        return page

    def _build_thanks(self) -> QWidget:
        page, column = _page()
        column.addStretch(1)
        for part in (Text("谢谢您", size="number"), Text("评价已记下", size="large", tone="muted")):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(part)
        column.addStretch(1)
        return page


def _page() -> tuple[QWidget, QVBoxLayout]:
    page = QWidget()
    column = QVBoxLayout(page)
    edge = tokens().px(32)
    column.setContentsMargins(edge, edge, edge, edge)
    column.setSpacing(tokens().px(14))
    return page, column
