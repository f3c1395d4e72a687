"""Step 1, 身份: who stands at the window, that card and face agree, and on whose behalf they come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ui.pages.intake.identity_forms import ManualForm, OtherForm
from ui.theme import icon_pixmap, tokens
from ui.widgets.banner import Banner
from ui.widgets.card import Card
from ui.widgets.facts import Facts
from ui.widgets.field import Answered, Asked, Field
from ui.widgets.key_button import KeyButton
from ui.widgets.lines import Line, LineList
from ui.widgets.side_by_side import SideBySide
from ui.widgets.text import Pill, Value
from ui.words import clauses, say


@dataclass(frozen=True)
class PersonShown:
    """The person at the window, in words."""

    name: str
    number: str
    rows: tuple[tuple[str, str], ...] = ()  # sex, nation, born, address, issuer, valid until
    document: str = ""  # 居民身份证
    unverified: bool = False  # typed, or from a chip whose signature nobody verified
    warnings: tuple[str, ...] = ()  # expired, suspect, private-use characters
    wants_display_name: bool = False
    display_name: str = ""
    photo: bytes = b""
    photo_words: str = ""  # why there is none to see


@dataclass(frozen=True)
class IdentityState:
    """What the identity step shows. `reading` is idle, waiting (for a card) or reading."""

    reading: str = "idle"
    reader_words: str = ""
    not_ready: tuple[str, ...] = ()  # devices that are to be looked at before anybody sits down: 扫描仪没接上
    person: PersonShown | None = None
    confirmed: str = ""  # 已确认 10:38 周敏
    behalf: str = "self"  # self, person, legal
    tie: str = "self"
    ties: tuple[tuple[str, str], ...] = ()  # (value, words) that fit `behalf`
    applicant: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)  # by field name, in words
    phone: str = ""
    manual_open: bool = False
    manual: Mapping[str, str] = field(default_factory=dict)  # as typed so far
    manual_documents: tuple[tuple[str, str], ...] = ()
    manual_wrong: Mapping[str, str] = field(default_factory=dict)
    manual_page: bool = False  # a page of the document was photographed
    has_other: bool = False  # there is a reader for chip cards other than the identity card
    other_open: bool = False
    other: Mapping[str, str] = field(default_factory=dict)  # what opens a travel document's chip, as typed so far
    other_wrong: Mapping[str, str] = field(default_factory=dict)
    parked: tuple[Line, ...] = ()
    can_go_on: bool = False


LABELS = 104  # pixels for the labels of an applicant's fields: "representative" is the longest word


class IdentityView(QWidget):
    """Draws an IdentityState.

    Signals:
        read_wanted: Read the card now.
        manual_wanted: Open (True) or close the manual entry.
        manual_typed, manual_given: The typed fields, as a dict; its "reason" says why. As they stand, and to be used.
        page_wanted: Photograph a page of the document.
        other_wanted: Open (True) or close the reading of other cards.
        other_typed, other_given: What opens a travel document's chip, as a dict. As it stands, and to be used.
        confirm_wanted: Card and face agree.
        behalf_wanted: self, person or legal.
        applicant_given: (tie, fields) of the applicant who is not the person at the window.
        phone_given: The applicant's telephone.
        display_name_given: The standard characters for a name with private-use ones.
        resume_wanted: Id of a parked draft.
        next_wanted: Go on.
    """

    read_wanted = Signal()
    manual_wanted = Signal(bool)
    manual_typed = Signal(object)
    manual_given = Signal(object)
    page_wanted = Signal()
    other_wanted = Signal(bool)
    other_typed = Signal(object)
    other_given = Signal(object)
    confirm_wanted = Signal()
    behalf_wanted = Signal(str)
    applicant_given = Signal(str, object)
    phone_given = Signal(str)
    display_name_given = Signal(str)
    resume_wanted = Signal(str)
    next_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._state = IdentityState()
        self._person = _PersonCard(self)
        self._behalf = _BehalfCard(self)
        self._parked = Card("挂起和未办完的", padded=False)
        self._drafts = LineList()
        self._drafts.chosen.connect(self.resume_wanted)
        self._parked.body.addWidget(self._drafts)
        right = QVBoxLayout()
        right.setSpacing(10)
        right.addWidget(self._behalf)
        right.addWidget(self._parked, 1)
        self._filler = QWidget()
        right.addWidget(self._filler, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self._person, 6)
        row.addLayout(right, 5)

    def render_state(self, state: IdentityState) -> None:
        self._state = state
        self._person.show_state(state)
        self._behalf.show_state(state)
        self._drafts.show_lines(state.parked)
        self._parked.setVisible(bool(state.parked))
        self._filler.setVisible(not state.parked)

    def take_focus(self) -> None:
        """Where the hands go first."""
        if self._state.confirmed and not self._state.can_go_on:
            self._behalf.take_focus()  # all that is wanted is for whom
        else:
            self._person.take_focus()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)


class _PersonCard(Card):
    """The person, or the place where a card is awaited, or the manual entry."""

    def __init__(self, page: IdentityView) -> None:
        super().__init__("窗口前的人")
        self._page = page
        self._document = Pill()
        self._confirmed = Pill()
        self._others = KeyButton("其他卡证", "Ctrl+Y", "plain")
        self.add_head(self._document, self._confirmed, None, self._others)
        self._stack = QStackedWidget()
        self._waiting = _Waiting()
        self._shown = _Shown(page)
        self._manual = ManualForm()
        self._manual.typed.connect(page.manual_typed)
        self._manual.given.connect(page.manual_given)
        self._manual.page_wanted.connect(page.page_wanted)
        self._other = OtherForm()
        self._other.typed.connect(page.other_typed)
        self._other.given.connect(page.other_given)
        for part in (self._waiting, self._shown, self._manual, self._other):
            self._stack.addWidget(part)
        self.body.addWidget(self._stack, 1)
        self._read = KeyButton("读卡", "F2", "primary")
        self._type = KeyButton("人工录入", "Ctrl+M")
        self._confirm = KeyButton("人证一致", "F6", "primary")
        self._next = KeyButton("下一步", "Ctrl+Return", "primary")
        self._read.clicked.connect(page.read_wanted)
        self._type.clicked.connect(lambda: page.manual_wanted.emit(not page._state.manual_open))
        self._others.clicked.connect(lambda: page.other_wanted.emit(not page._state.other_open))
        self._confirm.clicked.connect(page.confirm_wanted)
        self._next.clicked.connect(page.next_wanted)
        self.add_foot(self._read, self._type, None, self._confirm, self._next)
        self._buttons = (self._read, self._type, self._confirm, self._next)
        self._stage = (False, False)  # whether somebody is here, and confirmed

    def show_state(self, state: IdentityState) -> None:
        person = state.person
        was_here = any(one.hasFocus() for one in self._buttons)
        self._document.show_text(person.document if person else "", "warn" if person and person.unverified else "ok")
        part: QWidget = self._shown if person else self._waiting
        if state.manual_open or state.other_open:
            part = self._manual if state.manual_open else self._other
        self._waiting.show_state(state)
        self._shown.show_person(person or PersonShown("", ""))
        self._manual.show_form(state.manual_documents, state.manual, state.manual_wrong, state.manual_page)
        self._other.show_form(state.other, state.other_wrong, state.reading == "reading")
        if self._stack.currentWidget() is not part:
            self._stack.setCurrentWidget(part)
            if isinstance(part, ManualForm | OtherForm):
                part.take_focus()
        self._read.show_look("" if person else "primary")
        self._read.show_words("重新读卡" if person else "读卡")
        self._read.setEnabled(state.reading != "reading")
        self._type.show_words("不再人工录入" if state.manual_open else "人工录入")
        self._others.setVisible(state.has_other and not state.confirmed)
        self._others.show_words("不读其他卡证" if state.other_open else "其他卡证")
        typing = state.manual_open or state.other_open
        confirmable = person is not None and not state.confirmed and not typing
        self._confirm.setVisible(confirmable)
        self._confirmed.show_text(state.confirmed, "ok")
        self._next.setVisible(bool(state.confirmed) and not typing)
        self._next.setEnabled(state.can_go_on)
        stage = (person is not None, bool(state.confirmed))
        if stage != self._stage and not typing and was_here:
            self.take_focus()  # the button that had it leads elsewhere now
        self._stage = stage

    def take_focus(self) -> None:
        button = self._next if not self._next.isHidden() else self._confirm if not self._confirm.isHidden() else None
        (button or self._read).setFocus(Qt.FocusReason.OtherFocusReason)


class _Waiting(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._not_ready = Banner(dismissable=False)
        self._icon = QLabel()
        self._icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title = Value(size="title")
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._advice = Value(tone="muted", wrap=True)
        self._advice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.addWidget(self._not_ready)
        column.addStretch(2)
        for part in (self._icon, self._title, self._advice):
            column.addWidget(part)
        column.addStretch(3)

    def show_state(self, state: IdentityState) -> None:
        words = (say("先看一下设备，再请人坐下"), clauses(state.not_ready)) if state.not_ready else ("", "")
        self._not_ready.show_words(*words, "warn")
        worn = tokens()
        ink = worn.accent if state.reading != "idle" else worn.strong_line
        self._icon.setPixmap(icon_pixmap("card", ink, worn.px(72), 2.0))
        titles = {"waiting": say("请放身份证"), "reading": say("正在读卡，请不要移开")}
        self._title.show_text(titles.get(state.reading, say("先读卡，或人工录入")))
        self._advice.show_text(
            state.reader_words or say("居民身份证、港澳台居民居住证、外国人永久居留身份证都可以读。")
        )


class _Shown(QScrollArea):
    def __init__(self, page: IdentityView) -> None:
        super().__init__()
        self._warning = Banner(dismissable=False)
        self._photo = QLabel()
        self._photo.setFixedSize(tokens().px(102), tokens().px(126))
        self._photo.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._name = Value(size="title", wrap=True)
        self._facts = Facts()
        asked = Asked("name_display", "显示用姓名", hint="照证件上的字形输入规范汉字；原字形照样保存")
        self._display = Field(asked, 84, False)
        self._display.left.connect(lambda _: page.display_name_given.emit(self._display.value()))
        self._display.done.connect(lambda _: page.take_focus())
        top = QVBoxLayout()
        top.addWidget(self._name)
        top.addWidget(self._facts)
        row = QHBoxLayout()
        row.setSpacing(18)
        row.addLayout(top, 1)
        self._photo_words = Value(size="small", tone="muted", wrap=True)
        self._photo_words.setFixedWidth(tokens().px(102))
        self._photo_words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        portrait = QVBoxLayout()
        portrait.addWidget(self._photo)
        portrait.addWidget(self._photo_words)
        portrait.addStretch(1)
        row.addLayout(portrait)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(12)
        column.addWidget(self._warning)
        column.addLayout(row)
        column.addWidget(self._display)
        column.addStretch(1)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_person(self, person: PersonShown) -> None:
        self._name.show_text(person.name)
        self._facts.show_rows([(say("证件号码"), person.number), *person.rows])
        if person.warnings:
            self._warning.show_words(person.warnings[0], "\n".join(person.warnings[1:]), "warn")
        else:
            self._warning.show_words("")
        self._display.show_answer(Answered(person.display_name, visible=person.wants_display_name))
        if person.photo:
            pixmap = QPixmap()
            pixmap.loadFromData(person.photo)
            self._photo.setPixmap(pixmap.scaledToHeight(tokens().px(126), Qt.TransformationMode.SmoothTransformation))
        else:
            self._photo.setPixmap(icon_pixmap("person", tokens().line, tokens().px(80), 2.0))
        self._photo_words.show_text(person.photo_words)
        self._photo_words.setVisible(bool(person.photo_words))


class _BehalfCard(Card):
    """为谁办: oneself, another person, or a legal person by its code."""

    def __init__(self, page: IdentityView) -> None:
        super().__init__("为谁办")
        self._page = page
        self._group = QButtonGroup(self)
        row = SideBySide()
        self._choices: dict[str, QRadioButton] = {}
        for value in ("self", "person", "legal"):
            button = QRadioButton()
            self._group.addButton(button)
            self._choices[value] = button
            button.clicked.connect(lambda _=False, to=value: page.behalf_wanted.emit(to))
            row.add(button)
        self._other = KeyButton("换", "Ctrl+J", "plain")
        self._other.clicked.connect(self._next_behalf)
        self._chosen = ""  # by key: its first field gets the focus
        self.add_head(None, self._other)
        self.body.addWidget(row)
        self._ties = SideBySide()
        self._tie_group = QButtonGroup(self)
        self._tie_buttons: dict[str, QRadioButton] = {}
        self.body.addWidget(self._ties)
        phone = Field(
            Asked("phone", "联系电话", hint="办理结果会通知这个号码", max_length=20, latin=True), LABELS, False
        )
        self._phone = phone
        person = {
            "name": Asked("name", "姓名", required=True, max_length=120),
            "number": Asked("number", "身份证号码", required=True, max_length=18, latin=True),
            "address": Asked("address", "住址", required=True, max_length=200, hint="决定由哪里办理"),
        }
        legal = {
            "uscc": Asked("uscc", "统一代码", required=True, max_length=18, hint="18 位统一社会信用代码", latin=True),
            "name": Asked("name", "名称", required=True, max_length=200),
            "address": Asked("address", "住所", required=True, max_length=200, hint="决定由哪里办理"),
            "representative": Asked("representative", "法定代表人", max_length=120),
        }
        self._fields = {
            "person": {name: Field(asked, LABELS, False) for name, asked in person.items()},
            "legal": {name: Field(asked, LABELS, False) for name, asked in legal.items()},
        }
        for fields in self._fields.values():
            order = list(fields.values())
            for at, part in enumerate(order):
                self.body.addWidget(part)
                part.left.connect(lambda _: self._said())
                following = order[at + 1] if at + 1 < len(order) else phone
                part.done.connect(lambda _, to=following: to.take_focus())
        self.body.addWidget(phone)
        phone.left.connect(lambda _: page.phone_given.emit(phone.value()))
        phone.done.connect(lambda _: page.take_focus())

    def take_focus(self) -> None:
        """The first thing about the applicant that is not known yet."""
        fields = list(self._fields.get(self._page._state.behalf, {}).values())
        first = next((part for part in fields if not part.value()), fields[0] if fields else self._phone)
        first.take_focus()

    def show_state(self, state: IdentityState) -> None:
        words = {"self": say("本人"), "person": say("替别人"), "legal": say("企业或组织")}
        for value, button in self._choices.items():
            button.setText(words[value])
            button.setChecked(value == state.behalf)
            button.setEnabled(state.person is not None)
        self._other.setEnabled(state.person is not None)
        self._show_ties(state)
        for behalf, fields in self._fields.items():
            for name, part in fields.items():
                part.show_answer(
                    Answered(
                        state.applicant.get(name, ""),
                        wrong=state.wrong.get(name, "") if behalf == state.behalf else "",
                        visible=behalf == state.behalf,
                    )
                )
        self._phone.show_answer(Answered(state.phone, wrong=state.wrong.get("phone", "")))
        if self._chosen == state.behalf:
            self._chosen = ""
            self.take_focus()

    def _next_behalf(self) -> None:
        """Ctrl+J: oneself, another person, a legal person, oneself …"""
        order = list(self._choices)
        self._chosen = order[(order.index(self._page._state.behalf) + 1) % len(order)]
        self._page.behalf_wanted.emit(self._chosen)

    def _show_ties(self, state: IdentityState) -> None:
        self._ties.setVisible(state.behalf != "self")
        if tuple(self._tie_buttons) != tuple(value for value, _ in state.ties):
            for button in self._tie_buttons.values():
                self._tie_group.removeButton(button)
                self._ties.take(button)
                button.deleteLater()
            self._tie_buttons = {}
            for value, words in state.ties:
                button = QRadioButton(words)
                self._tie_group.addButton(button)
                self._tie_buttons[value] = button
                button.clicked.connect(lambda _=False: self._said())
                self._ties.add(button)
        for value, words in state.ties:
            self._tie_buttons[value].setText(words)
            self._tie_buttons[value].setChecked(value == state.tie)

    def _said(self) -> None:
        state = self._page._state
        fields = self._fields.get(state.behalf)
        if fields is None:
            return
        tie = next((value for value, button in self._tie_buttons.items() if button.isChecked()), state.tie)
        given = {name: part.value() for name, part in fields.items()}
        if given != dict(state.applicant) or tie != state.tie:
            self._page.applicant_given.emit(tie, given)
