"""The counter's shell: who and where along the top, the pages at the left, one of them in the middle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.theme import icon, icon_pixmap, tokens
from ui.widgets.banner import Banner
from ui.widgets.key_button import KeyButton, key_name
from ui.widgets.text import Elided, Pill, Text, Value, mark
from ui.words import say

PAGES = (
    ("intake", "受理#页"),
    ("todo", "待办"),
    ("pickup", "取件"),
    ("search", "查询"),
    ("outbox", "上报"),
    ("devices", "设备"),
    ("today", "今日"),
)
CASE_COLUMNS = (("受理号", 190), ("事项", 0), ("申请人", 130), ("状态", 110), ("收件", 150), ("上报", 100))
TODO_COLUMNS = (("受理号", 190), ("事项", 0), ("申请人", 150), ("要做什么", 140), ("期限", 120))
SEARCH_HINT = "受理号、姓名、证件号码，或扫凭条上的二维码"
PAGE_KEYS = tuple(f"Ctrl+{number}" for number in range(1, len(PAGES) + 1))
PARKED_KEYS = tuple(f"Alt+{number}" for number in range(1, 10))


@dataclass(frozen=True)
class LightShown:
    """One device in the top bar: its name and its state in a word."""

    name: str
    word: str
    tone: str = ""


@dataclass(frozen=True)
class ParkedShown:
    """A parked draft that Alt+number brings back."""

    id: str
    words: str


@dataclass(frozen=True)
class BarState:
    """What the top bar and the rail show."""

    place: str = ""
    line: str = ""  # 在线 / 离线 3 小时
    line_tone: str = "ok"
    waiting: int = 0
    held: int = 0
    lights: tuple[LightShown, ...] = ()
    clerk: str = ""
    clock: str = ""
    training: bool = False
    todo: int = 0
    parked: tuple[ParkedShown, ...] = ()
    notice: tuple[str, str, str] = ("", "", "")  # title, remedy, tone: a bug, a barcode nobody knows


@runtime_checkable
class TakesFocus(Protocol):
    """A page that knows where its work begins."""

    def take_focus(self) -> None: ...


class CounterWindow(QMainWindow):
    """The window. Pages are put in by name; a page is asked for by its signal.

    Signals:
        page_wanted: The key of a page.
        parked_wanted: The id of a parked draft.
        lock_wanted: The clerk leaves the window.
        notice_read: The notice may go.
        language_wanted, theme_wanted: The next language, the next theme.
        closing: The window is being closed.
    """

    page_wanted = Signal(str)
    parked_wanted = Signal(str)
    lock_wanted = Signal()
    notice_read = Signal()
    language_wanted = Signal()
    theme_wanted = Signal()
    closing = Signal()

    def __init__(self, sign_in: QWidget, pages: Mapping[str, QWidget]) -> None:
        super().__init__()
        self.counter: Any = None  # who conducts this window, where somebody does
        self.customer: Any = None  # and who the second screen
        self.sign_in = sign_in
        self._state = BarState()
        self._pages = pages
        self.setWindowTitle("通办")
        self.setMinimumSize(1024, 640)
        whole = QWidget()
        whole.setObjectName("window")
        self._outer = QStackedWidget(whole)
        self._sign_in = sign_in
        self._inside = QWidget()
        self._outer.addWidget(sign_in)
        self._outer.addWidget(self._inside)
        outer = QVBoxLayout(whole)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._outer)
        self._middle = QStackedWidget()
        for page in pages.values():
            self._middle.addWidget(page)
        self._notice = Banner(key="Ctrl+E")  # a page may have a banner of its own
        self._notice.dismissed.connect(self.notice_read)
        body = QHBoxLayout()
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addWidget(self._build_rail())
        body.addWidget(self._middle, 1)
        column = QVBoxLayout(self._inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._build_top())
        column.addWidget(self._notice)
        column.addLayout(body, 1)
        self.setCentralWidget(whole)
        self._parked_keys = [
            QShortcut(QKeySequence(key), self._inside, lambda at=at: self._resume(at))
            for at, key in enumerate(PARKED_KEYS)
        ]
        QShortcut(QKeySequence("Ctrl+Shift+L"), self._inside, self.language_wanted.emit)
        QShortcut(QKeySequence("Ctrl+Shift+D"), self._inside, self.theme_wanted.emit)

    def _build_top(self) -> QFrame:
        bar = QFrame()
        bar.setObjectName("topbar")
        bar.setFixedHeight(tokens().px(56))
        self._place = Elided()
        self._training = Pill()
        self._line_icon = QLabel()
        self._line, self._waiting, self._held = Pill(), Pill(), Pill()
        self._lights = QHBoxLayout()
        self._lights.setSpacing(14)
        self._light_parts: list[tuple[Value, Value]] = []
        self._clerk = Value()
        self._clock = Value(size="clock")
        self._lock = KeyButton("锁屏", "Ctrl+Shift+Q", "plain")
        self._lock.clicked.connect(self.lock_wanted)
        self._lock.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Space and Enter never lock; it has its key
        row = QHBoxLayout(bar)
        row.setContentsMargins(20, 0, 16, 0)
        row.setSpacing(14)
        row.addWidget(Text("通办", size="clock"))
        row.addWidget(self._place, 1)
        for part in (self._training, self._line_icon, self._line, self._waiting, self._held):
            row.addWidget(part)
        row.addLayout(self._lights)
        row.addWidget(self._clerk)
        row.addWidget(self._lock)
        row.addWidget(self._clock)
        return bar

    def _build_rail(self) -> QFrame:
        rail = QFrame()
        rail.setObjectName("rail")
        rail.setFixedWidth(tokens().px(88))
        column = QVBoxLayout(rail)
        column.setContentsMargins(0, 10, 0, 10)
        column.setSpacing(2)
        self._rail: dict[str, QToolButton] = {}
        for (key, words), sequence in zip(PAGES, PAGE_KEYS, strict=True):
            button = QToolButton()
            mark(button, rail="true")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setIconSize(QSize(tokens().px(22), tokens().px(22)))
            button.setCheckable(True)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setFixedHeight(tokens().px(68))
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _=False, to=key: self.page_wanted.emit(to))
            QShortcut(QKeySequence(sequence), self._outer.widget(1), lambda to=key: self.page_wanted.emit(to))
            button.setProperty("words", words)
            button.setProperty("key", sequence)
            self._rail[key] = button
            column.addWidget(button)
        column.addStretch(1)
        self._parked_head = Value(size="small", tone="muted")
        self._parked_head.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._parked_head)
        self._parked = [QPushButton() for _ in PARKED_KEYS]
        for at, parked in enumerate(self._parked):
            mark(parked, parked="true")
            parked.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            parked.setFixedHeight(tokens().px(20))
            parked.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            parked.clicked.connect(lambda _=False, to=at: self._resume(to))
            parked.hide()
            column.addWidget(parked)
        return rail

    def render_state(self, state: BarState) -> None:
        self._state = state
        self._place.show_text(state.place)
        self._training.show_text(say("训练") if state.training else "", "warn")
        ink, _ = tokens().tone(state.line_tone)
        self._line_icon.setPixmap(
            icon_pixmap("line_up" if state.line_tone == "ok" else "line_down", ink, tokens().px(20), 2.0)
        )
        self._line.show_text(state.line, state.line_tone)
        self._waiting.show_text(say("待上报 {count}", count=state.waiting) if state.waiting else "", "info")
        self._held.show_text(say("需处理 {count}", count=state.held) if state.held else "", "bad")
        self._show_lights(state.lights)
        self._clerk.show_text(state.clerk)
        self._clock.show_text(state.clock)
        counts = {"todo": state.todo, "outbox": state.waiting + state.held}
        for key, button in self._rail.items():
            count = counts.get(key, 0)
            words = say(str(button.property("words"))) + (f" {count}" if count else "")
            button.setText(f"{words}\n{key_name(str(button.property('key')))}")
            button.setAccessibleName(words)
        self._show_parked(state.parked)
        self._notice.show_words(*state.notice)

    def show_page(self, key: str) -> None:
        """Bring a page to the front, or the sign-in page for ""."""
        if not key:
            self._outer.setCurrentWidget(self._sign_in)
            return
        self._outer.setCurrentWidget(self._inside)
        self._middle.setCurrentWidget(self._pages[key])
        for name, button in self._rail.items():
            button.setChecked(name == key)
            ink = tokens().accent if name == key else tokens().muted
            button.setIcon(icon(name, ink, tokens().px(22)))

    def focus_page(self) -> None:
        """Put the hands where the work of the page in front begins, once it is there."""
        page = self.sign_in if not self.current_page() else self._pages[self.current_page()]
        if isinstance(page, TakesFocus):
            QTimer.singleShot(0, page, page.take_focus)

    def current_page(self) -> str:
        """The page in front, "" while nobody is signed in."""
        if self._outer.currentWidget() is self._sign_in:
            return ""
        return next(key for key, page in self._pages.items() if page is self._middle.currentWidget())

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)

    def closeEvent(self, event: QEvent) -> None:
        self.closing.emit()
        event.accept()

    def _show_lights(self, lights: Sequence[LightShown]) -> None:
        while len(self._light_parts) < len(lights):
            pair = (Value(size="small", tone="muted"), Value(size="small"))
            together = QHBoxLayout()
            together.setSpacing(4)
            for part in pair:
                together.addWidget(part)
            self._lights.addLayout(together)
            self._light_parts.append(pair)
        for at, (name, word) in enumerate(self._light_parts):
            used = at < len(lights)
            name.setVisible(used)
            word.setVisible(used)
            if used:
                name.show_text(lights[at].name)
                word.show_text(lights[at].word, lights[at].tone)
                mark(word, weight="bold" if lights[at].tone in ("bad", "warn", "info") else "")

    def _show_parked(self, parked: Sequence[ParkedShown]) -> None:
        """One short line each, nine of them: whoever has no line is in the list of the identity step."""
        self._parked_head.show_text(say("挂起 Alt+") if parked else "")
        for at, button in enumerate(self._parked):
            words = parked[at].words if at < len(parked) else ""
            short = button.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, tokens().px(60))
            button.setText(f"{at + 1} {short}" if words else "")
            advice = say("回到挂起的办件：{words}", words=words) if words else ""
            button.setToolTip(f"{advice} {PARKED_KEYS[at]}".strip() if words else "")
            button.setAccessibleName(advice)
            button.setVisible(bool(words))

    def _resume(self, at: int) -> None:
        if at < len(self._state.parked):
            self.parked_wanted.emit(self._state.parked[at].id)
