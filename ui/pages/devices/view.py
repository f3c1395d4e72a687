"""设备: how each device stands, in words; which driver serves it; a try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ui.widgets.banner import Banner
from ui.widgets.card import Card
from ui.widgets.facts import Facts
from ui.widgets.field import Answered, Asked, Field
from ui.widgets.key_button import KeyButton
from ui.widgets.lines import Line, LineList
from ui.widgets.text import Pill, Text, Value


@dataclass(frozen=True)
class DevicesState:
    """The devices of this station, and one of them."""

    lines: tuple[Line, ...] = ()
    role: str = ""
    name: str = ""
    trial: str = "试一下"  # on the button that tries it
    state: str = ""
    tone: str = ""
    trouble: tuple[str, str] = ("", "")
    rows: tuple[tuple[str, str] | tuple[str, str, str], ...] = ()
    plugged: tuple[Line, ...] = ()  # what is plugged in; a faint one fits no driver
    drivers: tuple[Line, ...] = ()  # which could serve this role; a faint one cannot run here
    driver: str = ""  # the one looked at
    options: tuple[Asked, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    in_use: bool = False  # the driver looked at is the one that serves
    may_choose: bool = True
    asking: bool = False
    tried: tuple[str, str, str] = ("", "", "ok")
    trying: bool = False
    diagnosing: bool = False


class DevicesView(QWidget):
    """Draws a DevicesState.

    Signals:
        role_wanted: A key of app.devices_here.ROLES.
        check_wanted: Ask all devices again.
        try_wanted: Read a card, look at the scanner, print a test page.
        driver_wanted: Id of the driver to look at.
        choose_wanted: (driver, options): let it serve from now on.
        plugged_wanted: Key of a plugged thing, to look at the driver that fits it.
        diagnose_wanted: Write the diagnostic file.
        tried_read: The banner may go.
    """

    role_wanted = Signal(str)
    check_wanted = Signal()
    try_wanted = Signal()
    driver_wanted = Signal(str)
    choose_wanted = Signal(str, object)
    plugged_wanted = Signal(str)
    diagnose_wanted = Signal()
    tried_read = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._state = DevicesState()
        self._fields: dict[str, Field] = {}
        self._built: tuple[str, tuple[Asked, ...], Mapping[str, str]] = ("", (), {})
        self._check = KeyButton("再看一遍", "F5")
        self._check.clicked.connect(self.check_wanted)
        self._diagnose = KeyButton("诊断文件", "Ctrl+I")
        self._diagnose.clicked.connect(self.diagnose_wanted)
        self.banner = Banner()
        self.banner.dismissed.connect(self.tried_read)
        self._list = LineList()
        self._list.looked_at.connect(self.role_wanted)
        self._list.chosen.connect(self.role_wanted)
        left = Card("设备", padded=False)
        left.body.addWidget(self._list, 1)
        self._plugged = LineList()
        self._plugged.chosen.connect(self.plugged_wanted)
        self._plugged_card = Card("插着的（回车选用）", padded=False)
        self._plugged_card.body.addWidget(self._plugged)
        lefts = QVBoxLayout()
        lefts.setSpacing(10)
        lefts.addWidget(left, 3)
        lefts.addWidget(self._plugged_card, 2)
        self._name, self._pill = Value(size="large", bold=True), Pill()
        self._trouble = Banner(dismissable=False)
        self._facts = Facts(110)
        self._try = KeyButton("试一下", "F4", "primary")
        self._try.clicked.connect(self.try_wanted)
        middle = Card()
        middle.add_head(self._name, self._pill, None)
        for part in (self._trouble, self._facts):
            middle.body.addWidget(part)
        middle.body.addStretch(1)
        middle.add_foot(None, self._try)
        self._drivers = LineList()
        self._drivers.looked_at.connect(self.driver_wanted)
        self._drivers.chosen.connect(lambda _: self._choose())
        right = Card("可用的驱动", padded=False)
        right.body.addWidget(self._drivers, 1)
        self._options = QVBoxLayout()
        self._options.setSpacing(8)
        inside = QWidget()
        inside.setLayout(self._options)
        scroll = QScrollArea()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._options_card = Card("设置", padded=False)
        self._options_card.body.addWidget(scroll)
        right.body.addWidget(self._options_card, 1)
        self._use = KeyButton("用这个驱动", "Ctrl+Return", "primary")
        self._use.clicked.connect(self._choose)
        right.add_foot(None, self._use)
        head = QHBoxLayout()
        head.addWidget(Text("设备", size="title"))
        head.addStretch(1)
        head.addWidget(self._diagnose)
        head.addWidget(self._check)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addLayout(lefts, 4)
        row.addWidget(middle, 5)
        row.addWidget(right, 5)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 16)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self.banner)
        column.addLayout(row, 1)

    def render_state(self, state: DevicesState) -> None:
        self._state = state
        self._list.show_lines(state.lines, state.role)
        self._plugged.show_lines(state.plugged)
        self._plugged_card.setVisible(bool(state.plugged))
        self._diagnose.setEnabled(not state.diagnosing)
        self._diagnose.show_words("正在写" if state.diagnosing else "诊断文件")
        self._check.setEnabled(not state.asking)
        self._check.show_words("正在看" if state.asking else "再看一遍")
        self._name.show_text(state.name)
        self._pill.show_text(state.state, state.tone)
        self._trouble.show_words(*state.trouble)
        self._facts.show_rows(list(state.rows))
        self._try.show_words("正在试" if state.trying else state.trial)
        self._try.setEnabled(bool(state.role) and not state.trying)
        self.banner.show_words(*state.tried)
        self._drivers.show_lines(state.drivers, state.driver)
        if (state.driver, state.options, state.values) != self._built:
            self._build(state)
        self._options_card.setVisible(bool(state.options))
        self._use.setEnabled(bool(state.driver) and state.may_choose)
        self._use.show_words("保存设置" if state.in_use else "用这个驱动")

    def take_focus(self) -> None:
        self._list.setFocus(Qt.FocusReason.OtherFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)

    def _build(self, state: DevicesState) -> None:
        self._built = (state.driver, state.options, state.values)
        for part in self._fields.values():
            part.hide()
            part.deleteLater()
        while self._options.count():
            self._options.takeAt(0)
        self._fields = {}
        self._options.setContentsMargins(12, 10, 12, 10)
        for asked in state.options:
            part = Field(asked, 110, False)
            self._options.addWidget(part)
            part.show_answer(Answered(state.values.get(asked.name, "")))
            part.done.connect(lambda _: self._use.setFocus(Qt.FocusReason.TabFocusReason))
            self._fields[asked.name] = part
        self._options.addStretch(1)

    def _choose(self) -> None:
        if self._state.driver and self._state.may_choose:
            values = {name: part.value() for name, part in self._fields.items()}
            self.choose_wanted.emit(self._state.driver, values)
