"""A list of cases at the left, one of them at the right. To do, pick-up and search are this with other lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ui.pages.cases.correcting import CorrectionForm, CorrectionShown
from ui.theme import tokens
from ui.widgets.asking import Asking, AskingShown
from ui.widgets.banner import Banner
from ui.widgets.card import Card
from ui.widgets.empty import Empty
from ui.widgets.facts import Facts, align
from ui.widgets.field import Asked
from ui.widgets.key_button import KeyButton
from ui.widgets.search import SearchField
from ui.widgets.table import Row, Table
from ui.widgets.telling import RefusalForm, RefusalShown, SupplementForm, SupplementShown
from ui.widgets.text import Pill, Text, Value, rule
from ui.words import say

NARROW = 164  # two buttons of at most this width stand side by side


@dataclass(frozen=True)
class ActShown:
    """One thing that may be done to the case: its words, its key, its look, and what it asks first."""

    key: str
    words: str
    shortcut: str = ""
    look: str = ""


@dataclass(frozen=True)
class CaseState:
    """One case. `asking` is the act that is being asked about or written; it has a question where it has a button.
    `notes` say who does what this window may not."""

    case_id: str = ""
    number: str = ""
    state: str = ""
    tone: str = ""
    flags: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    dates: tuple[tuple[str, str], ...] = ()
    materials: tuple[tuple[str, str], ...] = ()
    story: tuple[tuple[str, str], ...] = ()  # (when, what and who)
    acts: tuple[ActShown, ...] = ()
    notes: tuple[str, ...] = ()
    asking: str = ""
    asked: tuple[Asked, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)
    ask_words: str = ""
    ask_button: str = ""
    ask_facts: tuple[tuple[str, str], ...] = ()  # what the act would change
    ask_stop: str = ""  # what would stop it
    wrong: str = ""
    held: tuple[str, str] = ("", "")
    working: bool = False


@dataclass(frozen=True)
class CasesState:
    """The list and the case. `listed` is what the rows were found by: they may lag behind `text`. `work` is what is
    written in the list's place: ask_supplement, decline or correct."""

    text: str = ""
    listed: str = ""
    rows: tuple[Row, ...] = ()
    loading: bool = False
    empty: tuple[str, str] = ("", "")
    case: CaseState = CaseState()
    work: str = ""
    supplement: SupplementShown = field(default_factory=SupplementShown)
    refusal: RefusalShown = field(default_factory=RefusalShown)
    correction: CorrectionShown = field(default_factory=CorrectionShown)
    banner: tuple[str, str, str] = ("", "", "bad")


class CasesView(QWidget):
    """Draws a CasesState.

    Args:
        title: The page's name.
        hint: What may be put into the search field; empty for a page without one.
        columns: Headings and widths.

    Signals:
        search_wanted: What stands in the field.
        case_wanted: The id of the case to show.
        act_wanted: Key of an act.
        act_typed, act_given: What stands in the open question, and that it was answered: a dict by field.
        act_dropped: The open question, or what is being written, is closed.
        items_given, until_given: What is to be supplemented and by when, as they stand.
        supplement_given: Tell them: the items and the last day.
        decline_typed, decline_given: (ground, reason, competent organ), as they stand and to be done.
        corrected, field_left: (name, value) of the case's words; a field that the person has gone on from.
        banner_read: The banner may go.
    """

    search_wanted = Signal(str)
    case_wanted = Signal(str)
    act_wanted = Signal(str)
    act_typed = Signal(object)
    act_given = Signal(object)
    act_dropped = Signal()
    items_given = Signal(object)
    until_given = Signal(str)
    supplement_given = Signal(object, str)
    decline_typed = Signal(str, str, str)
    decline_given = Signal(str, str, str)
    corrected = Signal(str, object)
    field_left = Signal(str)
    banner_read = Signal()

    def __init__(self, title: str, hint: str, columns: Sequence[tuple[str, int]], icon: str) -> None:
        super().__init__()
        self._state = CasesState()
        self._first_of: str | None = None  # Enter came before what this finds was listed
        self._hint = hint
        self.banner = Banner()
        self.banner.dismissed.connect(self.banner_read)
        self._table = Table(columns)
        self._search = SearchField(self._table)
        self._search.textEdited.connect(self.search_wanted)
        self._search.returnPressed.connect(self._take_first)
        self._table.looked_at.connect(self.case_wanted)
        self._table.chosen.connect(self._into_case)
        self._empty = Empty(icon)
        card = Card(padded=False)
        card.add_search(self._search)
        self._search.setVisible(bool(hint))
        if not hint:
            card.hide_head()
        card.body.addWidget(self._table, 1)
        card.body.addWidget(self._empty, 1)
        self._supplement, self._refusal, self._correction = SupplementForm(), RefusalForm(), CorrectionForm()
        self._stack = QStackedWidget()
        for part in (card, self._supplement, self._refusal, self._correction):
            self._stack.addWidget(part)
        self._list = card
        self._join_written()
        middle = QVBoxLayout()
        middle.setContentsMargins(18, 16, 18, 16)
        middle.setSpacing(10)
        middle.addWidget(Text(title, size="title"))
        middle.addWidget(self.banner)
        middle.addWidget(self._stack, 1)
        self._side = _CaseSide(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(middle, 1)
        row.addWidget(self._side)

    def _join_written(self) -> None:
        self._supplement.items_given.connect(self.items_given)
        self._supplement.until_given.connect(self.until_given)
        self._supplement.given.connect(self.supplement_given)
        self._refusal.typed.connect(self.decline_typed)
        self._refusal.given.connect(self.decline_given)
        self._correction.answered.connect(self.corrected)
        self._correction.left.connect(self.field_left)
        self._correction.finished.connect(lambda: self._side.ask())
        for part in (self._supplement, self._refusal):
            part.dropped.connect(self.act_dropped)

    def render_state(self, state: CasesState) -> None:
        self._state = state
        self._search.setPlaceholderText(say(self._hint) if self._hint else "")
        self._search.show_text(state.text)
        self._table.show_rows(state.rows, state.case.case_id or None)
        self._table.setVisible(bool(state.rows))
        self._empty.setVisible(not state.rows)
        self._empty.show_words(*(("", "") if state.loading else state.empty))
        self.banner.show_words(*state.banner)
        self._side.show_case(state.case)
        self._supplement.show_supplement(state.supplement)
        self._refusal.show_refusal(state.refusal)
        self._correction.show_correction(state.correction)
        part = self._part(state.work)
        if self._stack.currentWidget() is not part:
            self._stack.setCurrentWidget(part)
            self.take_focus()
        if self._first_of == state.text:
            self._take_first()
        else:
            self._first_of = None

    def _part(self, work: str) -> QWidget:
        parts = {"ask_supplement": self._supplement, "decline": self._refusal, "correct": self._correction}
        return parts.get(work, self._list)

    def take_focus(self) -> None:
        part = self._stack.currentWidget()
        if isinstance(part, SupplementForm | RefusalForm | CorrectionForm):
            part.take_focus()
        elif self._hint:
            self._search.setFocus(Qt.FocusReason.OtherFocusReason)
            self._search.selectAll()
        else:
            self._table.setFocus(Qt.FocusReason.OtherFocusReason)
            if not self._table.current_key():
                self._table.step(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._side.setFixedWidth(tokens().px(460) if self.width() >= tokens().px(1600) else tokens().px(380))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)

    def _take_first(self) -> None:
        """Open the row under the cursor, the first where it is on none; of what is looked for, not of what was."""
        wanted = self._search.text()
        self._first_of = wanted if wanted != self._state.listed else None
        if self._first_of is not None:
            return
        if not self._table.current_key():
            self._table.step(0)
        if self._table.current_key():
            self._into_case(self._table.current_key())

    def _into_case(self, key: str) -> None:
        self.case_wanted.emit(key)
        self._side.take_focus()


class _CaseSide(QFrame):
    """The case at the right, with its acts at the bottom."""

    def __init__(self, page: CasesView) -> None:
        super().__init__()
        self.setObjectName("side")
        self._page = page
        self._number = Value(size="title")
        self._state = Pill()
        self._flags = Value(size="small", tone="warn", wrap=True)
        self._held = Banner(dismissable=False)
        self._facts, self._dates, self._materials = Facts(80), Facts(80), Facts(160)
        self._story = Facts(96)
        self._empty = Empty("page")
        self._inside = QWidget()
        column = QVBoxLayout(self._inside)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(10)
        head = QHBoxLayout()
        head.addWidget(self._number)
        head.addWidget(self._state)
        head.addStretch(1)
        column.addLayout(head)
        for part in (self._flags, self._held, self._facts, rule(), self._dates, rule(), Text("材料", bold=True)):
            column.addWidget(part)
        for part in (self._materials, rule(), Text("经过", bold=True), self._story):
            column.addWidget(part)
        column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(self._inside)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._asking = Asking()
        self._asking.typed.connect(page.act_typed)
        self._asking.given.connect(page.act_given)
        self._asking.dropped.connect(page.act_dropped)
        self._notes = Value(size="small", tone="muted", wrap=True)
        self._acts = QGridLayout()
        self._acts.setSpacing(8)
        self._acts.setColumnStretch(0, 1)
        self._acts.setColumnStretch(1, 1)
        self._buttons: dict[str, KeyButton] = {}
        self._built: tuple[ActShown, ...] = ()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(20, 18, 16, 16)
        whole.setSpacing(10)
        whole.addWidget(self._scroll, 1)
        whole.addWidget(self._empty, 1)
        whole.addWidget(self._asking)
        whole.addWidget(self._notes)
        whole.addLayout(self._acts)

    def show_case(self, case: CaseState) -> None:
        self._scroll.setVisible(bool(case.case_id))
        self._empty.setVisible(not case.case_id)
        self._empty.show_words(say("选一件，这里显示它的内容"))
        self._number.show_text(case.number or say("还没有受理号"))
        self._state.show_text(case.state, case.tone)
        self._flags.show_text(" · ".join(case.flags))
        self._flags.setVisible(bool(case.flags))
        self._held.show_words(*case.held)
        self._facts.show_rows(list(case.rows))
        self._dates.show_rows(list(case.dates))
        align(self._facts, self._dates)
        self._materials.show_rows(list(case.materials))
        self._story.show_rows(list(case.story))
        self._asking.show_question(_question(case))
        self._notes.show_text("\n".join(case.notes))
        self._notes.setVisible(bool(case.notes) and not case.asking)
        if case.acts != self._built:
            self._build(case.acts)
        for button in self._buttons.values():
            button.setEnabled(not case.working)
            button.setVisible(not case.asking)

    def ask(self) -> None:
        """Put the cursor into the open question."""
        self._asking.take_focus()

    def take_focus(self) -> None:
        if self._buttons:
            list(self._buttons.values())[-1].setFocus(Qt.FocusReason.OtherFocusReason)

    def _build(self, acts: tuple[ActShown, ...]) -> None:
        self._built = acts
        for button in self._buttons.values():
            self._acts.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons = {}
        for act in acts:
            button = KeyButton(act.words, act.shortcut, act.look)
            button.clicked.connect(lambda _=False, key=act.key: self._page.act_wanted.emit(key))
            self._buttons[act.key] = button
        self._lay_out()

    def _lay_out(self) -> None:
        """Two short ones share a line; the main act has one of its own."""
        narrow, line, place = tokens().px(NARROW), -1, 1
        for act, button in zip(self._built, self._buttons.values(), strict=True):
            wide = act.look == "primary" or button.sizeHint().width() > narrow
            line, place = (line, 1) if not place and not wide else (line + 1, 0)
            self._acts.addWidget(button, line, place, 1, 2 if wide else 1)
            place = 1 if wide else place


def _question(case: CaseState) -> AskingShown:
    """What the act asks, beside the case; nothing where it is written in the middle."""
    if not case.ask_button:
        return AskingShown()
    return AskingShown(
        key=f"{case.case_id}/{case.asking}/{len(case.asked)}",
        words=case.ask_words,
        facts=case.ask_facts,
        asked=case.asked,
        given=case.given,
        button=case.ask_button,
        look="danger" if case.asking == "void" else "primary",
        wrong=case.wrong or case.ask_stop,
        working=case.working,
    )
