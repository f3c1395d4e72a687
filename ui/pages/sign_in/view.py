"""Sign-in and locked screen: name, password, a code where the account has a second factor.

Says whether it is checked on line or against what this station knows. Whoever has worked here is one key away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ui.theme import tokens
from ui.widgets.banner import Banner
from ui.widgets.card import Card
from ui.widgets.key_button import KeyButton
from ui.widgets.text import Pill, Text, Value
from ui.words import say

PERSON_KEYS = tuple(f"Alt+{number}" for number in range(1, 7))


@dataclass(frozen=True)
class PersonHere:
    """A clerk who has worked at this window."""

    username: str
    name: str


@dataclass(frozen=True)
class SignInState:
    """What the sign-in page shows. `locked_words`: the screen is locked, `who` is the account that locked it."""

    place: str = ""
    online: bool = True
    line_words: str = ""
    supply_words: str = ""  # how old the pack is, what can be done without a line
    supply_low: bool = False
    working: bool = False
    title: str = ""  # of what went wrong
    remedy: str = ""
    who: str = ""
    locked_words: str = ""
    people: tuple[PersonHere, ...] = ()
    code_needed: bool = False
    training: bool = False
    epoch: int = 0  # a new one empties the password and the code


class SignInView(QWidget):
    """Draws a SignInState.

    Signals:
        sign_in_wanted: (user name, password, code; "" where none was asked for).
        language_wanted, theme_wanted: The next language, the next theme.
    """

    sign_in_wanted = Signal(str, str, str)
    language_wanted = Signal()
    theme_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._state = SignInState()
        self._name, self._password, self._code = QLineEdit(), QLineEdit(), QLineEdit()
        self._password.setEchoMode(QLineEdit.EchoMode.Password)
        self._password.setInputMethodHints(Qt.InputMethodHint.ImhHiddenText | Qt.InputMethodHint.ImhNoPredictiveText)
        self._code.setMaxLength(12)  # six digits, or a recovery code
        self._name.returnPressed.connect(lambda: self._password.setFocus(Qt.FocusReason.TabFocusReason))
        self._password.returnPressed.connect(self._said)
        self._code.returnPressed.connect(self._said)
        self._banner = Banner(dismissable=False)
        self._place = Value(tone="muted", wrap=True)
        self._locked = Value(wrap=True, bold=True)
        self._line = Value(size="small", tone="muted", wrap=True)
        self._supply = Value(size="small", tone="muted", wrap=True)
        self._enter = KeyButton("登录", "Return", "primary", listens=False)
        self._enter.clicked.connect(self._said)
        self._code_label = Text("动态验证码", size="small", tone="muted")
        language = KeyButton("中文 / EN", "Ctrl+Shift+L", "plain")
        theme = KeyButton("显示", "Ctrl+Shift+D", "plain")
        language.clicked.connect(self.language_wanted)
        theme.clicked.connect(self.theme_wanted)
        self._people = _People(self._take_person)
        card = Card()
        card.setFixedWidth(tokens().px(440))
        card.body.setContentsMargins(32, 28, 32, 20)
        card.body.setSpacing(10)
        self._training = Pill()
        head = QHBoxLayout()
        head.addWidget(Text("通办", size="title"))
        head.addStretch(1)
        head.addWidget(self._training)
        card.body.addLayout(head)
        card.body.addWidget(self._place)
        card.body.addSpacing(8)
        card.body.addWidget(self._locked)
        card.body.addWidget(self._banner)
        self._boxes = (
            (Text("用户名", size="small", tone="muted"), self._name),
            (Text("密码", size="small", tone="muted"), self._password),
            (self._code_label, self._code),
        )
        for label, box in self._boxes:
            label.setBuddy(box)
            card.body.addWidget(label)
            card.body.addWidget(box)
        card.body.addSpacing(4)
        card.body.addWidget(self._enter)
        card.body.addWidget(self._line)
        card.body.addWidget(self._supply)
        card.body.addWidget(self._people)
        row = QHBoxLayout()
        row.addWidget(language)
        row.addWidget(theme)
        row.addStretch(1)
        card.body.addLayout(row)
        across = QHBoxLayout()
        across.addStretch(1)
        across.addWidget(card)
        across.addStretch(1)
        column = QVBoxLayout(self)
        column.addStretch(2)
        column.addLayout(across)
        column.addStretch(3)
        self.render_state(self._state)

    def render_state(self, state: SignInState) -> None:
        before, self._state = self._state, state
        if state.epoch != before.epoch:
            self._password.clear()
            self._code.clear()
        if state.who and (state.epoch != before.epoch or state.who != before.who):
            self._name.setText(state.who)
        self._place.show_text(state.place)
        self._training.show_text(say("训练") if state.training else "", "warn")
        self._locked.show_text(state.locked_words)
        self._locked.setVisible(bool(state.locked_words))
        self._banner.show_words(state.title, state.remedy, "warn" if state.code_needed else "bad")
        self._line.show_text(state.line_words, "muted" if state.online else "warn")
        self._supply.show_text(state.supply_words, "warn" if state.supply_low else "muted")
        self._supply.setVisible(bool(state.supply_words))
        for part in (self._code_label, self._code):
            part.setVisible(state.code_needed)
        for label, box in self._boxes:
            box.setAccessibleName(label.text())
            box.setEnabled(not state.working)
        self._enter.setEnabled(not state.working)
        if before.working and not state.working:
            self.take_focus()
        self._enter.show_words("正在核对" if state.working else "解锁" if state.locked_words else "登录")
        self._people.show_people(state.people)

    def take_focus(self) -> None:
        box = self._password if self._name.text() else self._name
        if self._state.code_needed and self._password.text():
            self._code.clear()
            box = self._code
        box.setFocus(Qt.FocusReason.OtherFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)

    def _take_person(self, username: str) -> None:
        self._name.setText(username)
        self._password.clear()
        self._password.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _said(self) -> None:
        if not self._name.text().strip():
            self._name.setFocus(Qt.FocusReason.OtherFocusReason)
        elif not self._password.text():
            self._password.setFocus(Qt.FocusReason.OtherFocusReason)
        elif self._state.code_needed and not self._code.text().strip():
            self._code.setFocus(Qt.FocusReason.OtherFocusReason)
        elif not self._state.working:
            code = self._code.text().strip() if self._state.code_needed else ""
            self.sign_in_wanted.emit(self._name.text().strip(), self._password.text(), code)


class _People(QWidget):
    """Who has worked at this window, each with a key."""

    def __init__(self, chosen: Callable[[str], None]) -> None:
        super().__init__()
        self._chosen = chosen
        self._shown: Sequence[PersonHere] = ()
        self._buttons: list[KeyButton] = []
        # Not the buttons' own keys: those click a moment later, when the first letters of the password are typed.
        for at, key in enumerate(PERSON_KEYS):
            QShortcut(QKeySequence(key), self, lambda to=at: self._choose(to))
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 4, 0, 0)
        self._grid.setSpacing(6)
        self._grid.addWidget(Text("在本机登录过的", size="small", tone="muted"), 0, 0, 1, 3)
        self.hide()

    def show_people(self, people: Sequence[PersonHere]) -> None:
        if people == self._shown:
            return
        self._shown = people
        for button in self._buttons:
            button.hide()
            button.deleteLater()
        self._buttons = []
        for at, (person, key) in enumerate(zip(people, PERSON_KEYS, strict=False)):
            button = KeyButton(person.name, key, listens=False)
            button.clicked.connect(lambda _=False, to=at: self._choose(to))
            self._grid.addWidget(button, 1 + at // 2, at % 2)
            self._buttons.append(button)
        self.setVisible(bool(people))

    def _choose(self, at: int) -> None:
        if at < len(self._shown):
            self._chosen(self._shown[at].username)
