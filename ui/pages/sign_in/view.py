"""Sign-in: name and password; says whether it is checked on line or against what this station knows."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ui.theme import tokens
from ui.widgets.banner import Banner
from ui.widgets.card import Card
from ui.widgets.key_button import KeyButton
from ui.widgets.text import Text, Value
from ui.words import say


@dataclass(frozen=True)
class SignInState:
    """What the sign-in page shows. `who` is set where the station is locked and the same clerk may return."""

    place: str = ""
    online: bool = True
    line_words: str = ""
    working: bool = False
    title: str = ""  # of what went wrong
    remedy: str = ""
    who: str = ""
    training: bool = False
    epoch: int = 0  # a new one empties the password


class SignInView(QWidget):
    """Draws a SignInState.

    Signals:
        sign_in_wanted: (user name, password).
        language_wanted, theme_wanted: The next language, the next theme.
    """

    sign_in_wanted = Signal(str, str)
    language_wanted = Signal()
    theme_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._state = SignInState()
        self._name, self._password = QLineEdit(), QLineEdit()
        self._password.setEchoMode(QLineEdit.EchoMode.Password)
        self._password.setInputMethodHints(Qt.InputMethodHint.ImhHiddenText | Qt.InputMethodHint.ImhNoPredictiveText)
        self._name.returnPressed.connect(lambda: self._password.setFocus(Qt.FocusReason.TabFocusReason))
        self._password.returnPressed.connect(self._said)
        self._banner = Banner(dismissable=False)
        self._place = Value(tone="muted")
        self._line = Value(size="small", tone="muted", wrap=True)
        self._enter = KeyButton("登录", "Return", "primary", listens=False)
        self._enter.clicked.connect(self._said)
        language = KeyButton("English", "Ctrl+Shift+L", "plain")
        theme = KeyButton("显示", "Ctrl+Shift+D", "plain")
        language.clicked.connect(self.language_wanted)
        theme.clicked.connect(self.theme_wanted)
        card = Card()
        card.setFixedWidth(tokens().px(440))
        card.body.setContentsMargins(32, 28, 32, 20)
        card.body.setSpacing(10)
        card.body.addWidget(Text("通办", size="title"))
        card.body.addWidget(self._place)
        card.body.addSpacing(8)
        card.body.addWidget(self._banner)
        for words, box in (("用户名", self._name), ("密码", self._password)):
            label = Text(words, size="small", tone="muted")
            label.setBuddy(box)
            box.setAccessibleName(say(words))
            card.body.addWidget(label)
            card.body.addWidget(box)
        card.body.addSpacing(4)
        card.body.addWidget(self._enter)
        card.body.addWidget(self._line)
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

    def render_state(self, state: SignInState) -> None:
        if state.epoch != self._state.epoch:
            self._password.clear()
            if state.who:
                self._name.setText(state.who)
        self._state = state
        self._place.show_text(state.place)
        self._banner.show_words(state.title, state.remedy)
        self._line.show_text(state.line_words, "muted" if state.online else "warn")
        for part in (self._name, self._password, self._enter):
            part.setEnabled(not state.working)
        self._enter.show_words("正在核对" if state.working else "登录")

    def take_focus(self) -> None:
        box = self._password if self._name.text() else self._name
        box.setFocus(Qt.FocusReason.OtherFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)

    def _said(self) -> None:
        if not self._name.text().strip():
            self._name.setFocus(Qt.FocusReason.OtherFocusReason)
        elif not self._password.text():
            self._password.setFocus(Qt.FocusReason.OtherFocusReason)
        elif not self._state.working:
            self.sign_in_wanted.emit(self._name.text().strip(), self._password.text())
