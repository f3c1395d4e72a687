"""Step 2, 事项: one field finds it; what this window may not receive is shown with where it can be."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from ui.theme import tokens
from ui.widgets.card import Card
from ui.widgets.empty import Empty
from ui.widgets.facts import Facts
from ui.widgets.key_button import KeyButton
from ui.widgets.lines import Line, LineList
from ui.widgets.text import Pill, Text, Value, mark, rule
from ui.words import say


@dataclass(frozen=True)
class GuideShown:
    """A matter's guide (办事指南), in words."""

    code: str
    name: str
    organ: str
    stars: int
    rows: tuple[tuple[str, str], ...]  # limits, fee, visits, result, audience
    conditions: tuple[str, ...]
    materials: tuple[tuple[str, str], ...]  # (name, what of it)
    basis: tuple[str, ...]
    power: str  # 本窗口受理
    power_tone: str
    where: str = ""  # where it can be received, where not here
    receivable: bool = True


@dataclass(frozen=True)
class MatterState:
    """What the matter step shows."""

    text: str = ""
    lines: tuple[Line, ...] = ()
    current: str = ""
    guide: GuideShown | None = None
    chosen: str = ""
    candidates: tuple[Line, ...] = ()  # departments among which the clerk must choose
    routed: str = ""  # key of the chosen one
    routing_words: str = ""


class MatterView(QWidget):
    """Draws a MatterState.

    Signals:
        search_wanted: What stands in the field.
        looked_at: Code of the matter under the cursor.
        chosen: Code of the matter to take.
        route_wanted: Key of the department chosen among several.
        next_wanted, back_wanted: Go on, go back.
    """

    search_wanted = Signal(str)
    looked_at = Signal(str)
    chosen = Signal(str)
    route_wanted = Signal(str)
    next_wanted = Signal()
    back_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._state = MatterState()
        self._search = QLineEdit()
        self._search.setClearButtonEnabled(True)
        mark(self._search, search="true")
        self._search.textEdited.connect(self.search_wanted)
        self._search.installEventFilter(self)
        self._list = LineList()
        self._list.looked_at.connect(self.looked_at)
        self._list.chosen.connect(self.chosen)
        self._none = Empty("search")
        left = Card(padded=False)
        left.add_search(self._search)
        left.body.addWidget(self._list, 1)
        left.body.addWidget(self._none, 1)
        self._guide = _Guide()
        self._routes = _Routes()
        self._routes.list.chosen.connect(self.route_wanted)
        self._choose = KeyButton("选这个事项", "Return", "primary", listens=False)
        self._next = KeyButton("下一步", "Ctrl+Return", "primary")
        self._back = KeyButton("上一步", "Alt+Left")
        self._choose.clicked.connect(lambda: self.chosen.emit(self._list.current_key()))
        self._next.clicked.connect(self.next_wanted)
        self._back.clicked.connect(self.back_wanted)
        self._guide.add_foot(self._back, None, self._choose, self._next)
        right = QVBoxLayout()
        right.setSpacing(10)
        right.addWidget(self._routes)
        right.addWidget(self._guide, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(left, 5)
        row.addLayout(right, 6)

    def render_state(self, state: MatterState) -> None:
        self._state = state
        self._search.setPlaceholderText(say("找事项：汉字、拼音、首字母或编码"))
        if self._search.text() != state.text:
            self._search.setText(state.text)
        self._list.show_lines(state.lines, state.current)
        self._list.setVisible(bool(state.lines))
        self._none.setVisible(not state.lines)
        self._none.show_words(say("没有找到"), say("换一个说法，或只打首字母，如“spjy”。"))
        self._guide.show_guide(state.guide)
        self._routes.show_state(state)
        chosen = bool(state.chosen) and state.guide is not None and state.guide.code == state.chosen
        self._choose.setVisible(not chosen)
        self._choose.setEnabled(state.guide is not None and state.guide.receivable)
        self._next.setVisible(chosen)

    def take_focus(self) -> None:
        needs_route = bool(self._state.candidates) and not self._state.routed
        if needs_route:
            self._routes.list.setFocus(Qt.FocusReason.OtherFocusReason)
            self._routes.list.step(0)
            return
        self._search.setFocus(Qt.FocusReason.OtherFocusReason)
        self._search.selectAll()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # The hands stay in the search field: arrows move in the list, Enter takes.
        if watched is self._search and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
            step = steps.get(Qt.Key(event.key()))
            if step is not None:
                self._list.step(step)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not _control(event):
                if self._list.current_key():
                    self.chosen.emit(self._list.current_key())
                return True
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)


def _control(event: QKeyEvent) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)


class _Routes(Card):
    """由哪里办理: several departments could be competent, and the clerk chooses."""

    def __init__(self) -> None:
        super().__init__("由哪里办理")
        self._words = Value(tone="muted", wrap=True)
        self.list = LineList()
        self.body.addWidget(self._words)
        self.body.addWidget(self.list)

    def show_state(self, state: MatterState) -> None:
        self.setVisible(len(state.candidates) > 1)
        self._words.show_text(state.routing_words)
        self.list.show_lines(state.candidates, state.routed or None)
        self.list.setFixedHeight(min(len(state.candidates), 4) * tokens().px(58) + 2)


class _Guide(Card):
    def __init__(self) -> None:
        super().__init__()
        self._name = Value(size="large", bold=True, wrap=True)
        self._stars = Value(tone="warn")
        self._power = Pill()
        self.add_head(self._name, self._stars, self._power)
        self._where = Value(wrap=True)
        self._facts = Facts(96)
        self._conditions = Value(wrap=True)
        self._materials = Facts(200)
        self._basis = Value(tone="muted", size="small", wrap=True)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        for part in (
            self._where,
            self._facts,
            rule(),
            Text("条件", bold=True),
            self._conditions,
            rule(),
            Text("材料", bold=True),
            self._materials,
            rule(),
            Text("依据", bold=True),
            self._basis,
        ):
            column.addWidget(part)
        column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(inside)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._none = Empty("page")
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.addWidget(self._scroll, 1)
        self.body.addWidget(self._none, 1)

    def show_guide(self, guide: GuideShown | None) -> None:
        self._scroll.setVisible(guide is not None)
        self._none.setVisible(guide is None)
        self._none.show_words(say("选一个事项，这里显示办事指南"))
        self._power.show_text(guide.power if guide else "", guide.power_tone if guide else "")
        if guide is None:
            self._name.show_text(say("办事指南"))
            for part in (self._stars, self._where, self._conditions, self._basis):
                part.show_text("")
            for rows in (self._facts, self._materials):
                rows.show_rows(())
            return
        self._name.show_text(guide.name)
        self._stars.show_text("★" * guide.stars + "☆" * (5 - guide.stars))
        self._stars.setAccessibleName(say("{count} 星", count=guide.stars))
        self._where.setVisible(bool(guide.where))
        self._where.show_text(guide.where, "warn")
        self._facts.show_rows([(say("办理机关"), guide.organ), *guide.rows])
        self._conditions.show_text("\n".join(f"{at}. {text}" for at, text in enumerate(guide.conditions, 1)) or "—")
        self._materials.show_rows(list(guide.materials))
        self._basis.show_text("\n".join(guide.basis) or "—")
