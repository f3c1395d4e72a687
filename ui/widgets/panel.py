"""本次办件: the clerk's memory. Who, on whose behalf, what, where it is decided, until when, what is missing."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPixmap, QShowEvent, QWindow
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from ui.theme import tokens
from ui.widgets.facts import Facts, align
from ui.widgets.key_button import KeyButton
from ui.widgets.text import Text, Value, rule
from ui.words import say

REVEAL = Qt.Key.Key_F12
SHOWN = 4  # so many missing things are named


@dataclass(frozen=True)
class MissingShown:
    """One thing that is missing: what, and what to do about it. `step` is where that is done."""

    what: str
    advice: str
    step: str = ""


@dataclass(frozen=True)
class PanelState:
    """Words ready to be shown. Numbers come whole and masked; the whole one shows only while a key is held."""

    applicant: str = ""
    applicant_number: str = ""
    applicant_masked: str = ""
    handler: str = ""
    handler_number: str = ""
    handler_masked: str = ""
    tie: str = ""
    is_self: bool = True
    source: str = ""  # of the identity, where no security module read an identity card
    confirmed: str = ""
    matter: str = ""
    decided_by: str = ""
    collected_at: str = ""
    power: str = ""
    power_tone: str = ""
    promised: str = ""
    legal: str = ""
    answer_by: str = ""
    provisional: bool = False
    fee: str = ""
    delivery: str = ""
    phone: str = ""
    missing: tuple[MissingShown, ...] = ()
    cautions: tuple[str, ...] = ()
    asks_clash: bool = False  # the clerk is to say that this one is taken in beside another
    begun: bool = False
    photo: bytes = b""
    photo_words: str = ""  # why there is none to see


class PanelView(QWidget):
    """Draws a PanelState. While F12 is held anywhere in the window, numbers are shown whole.

    Signals:
        clash_seen: The clerk has looked at the other case and goes on.
    """

    clash_seen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._state = PanelState()
        self._whole = False
        self._heard: QWindow | None = None
        self._photo = QLabel()
        self._photo.hide()
        head = QHBoxLayout()
        head.addWidget(Text("本次办件", size="large", bold=True))
        head.addStretch(1)
        self._hint = Text("按住 F12 看全号", size="small", tone="muted")
        head.addWidget(self._hint)
        self._who, self._when = Facts(72), Facts(72)
        inside = QWidget()
        facts = QVBoxLayout(inside)
        facts.setContentsMargins(0, 0, 6, 0)
        facts.setSpacing(8)
        for part in (self._photo, self._who, rule(), self._when):
            facts.addWidget(part)
        facts.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # What is missing stays in sight however long the rest is.
        self._head = Value(bold=True)
        self._missing = QVBoxLayout()
        self._missing.setSpacing(3)
        self._lines: list[Value] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(9)
        column.addLayout(head)
        column.addWidget(scroll, 1)
        column.addWidget(rule())
        column.addWidget(self._head)
        column.addLayout(self._missing)
        self._clash = KeyButton("已核对，继续收件", "Ctrl+H")
        self._clash.clicked.connect(self.clash_seen)
        column.addWidget(self._clash)
        self.render_state(self._state)

    def render_state(self, state: PanelState) -> None:
        self._state = state
        number = state.applicant_number if self._whole else state.applicant_masked
        rows: list[tuple[str, str] | tuple[str, str, str]] = [
            (say("申请人"), state.applicant),
            (say("证件号码"), number),
        ]
        if not state.is_self:
            handler = state.handler_number if self._whole else state.handler_masked
            by = say("{what}（{more}）", what=state.handler, more=state.tie)
            rows += [(say("经办人"), by), (say("经办证件"), handler)]
        confirmed = state.confirmed or (say("未确认") if state.begun else "")
        rows.append((say("人证一致"), confirmed, "" if state.confirmed else "warn" if state.begun else "muted"))
        if state.source:
            rows.append((say("身份来源"), state.source, "warn"))
        if state.photo_words:
            rows.append((say("芯片照片"), state.photo_words, "muted"))
        rows += [
            (say("联系电话"), state.phone),
            (say("事项"), state.matter),
            (say("办理机关"), state.decided_by),
            (say("受理权"), state.power, state.power_tone),
        ]
        self._who.show_rows(rows)
        due: list[tuple[str, str] | tuple[str, str, str]] = [
            (say("承诺时限"), state.promised),
            (say("法定时限"), state.legal),
        ]
        if state.answer_by:
            due.append((say("是否受理"), state.answer_by))
        if state.provisional:
            due.append(("", say("该年放假安排未公布，日期为暂定"), "warn"))
        due += [(say("费用"), state.fee), (say("取件"), state.delivery), (say("收件地点"), state.collected_at)]
        self._when.show_rows(due)
        align(self._who, self._when)
        self._hint.setVisible(bool(state.applicant_number))
        self._show_photo(state.photo)
        self._show_missing(state)
        self._clash.setVisible(state.asks_clash)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # Every key passes the window, so that the hand need not leave the field it is in.
        handle = self.window().windowHandle()
        if handle is not None and handle is not self._heard:
            self._heard = handle
            handle.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kinds = (QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.FocusOut)
        if event.type() in kinds and (whole := self._wanted(event)) is not None and whole != self._whole:
            self._whole = whole
            self.render_state(self._state)
        return False

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)

    def _wanted(self, event: QEvent) -> bool | None:
        if event.type() == QEvent.Type.FocusOut:
            return False
        if isinstance(event, QKeyEvent) and event.key() == REVEAL and not event.isAutoRepeat():
            return event.type() == QEvent.Type.KeyPress
        return None

    def _show_photo(self, photo: bytes) -> None:
        self._photo.setVisible(bool(photo))
        pixmap = QPixmap()
        if photo and pixmap.loadFromData(photo):
            pixmap = pixmap.scaledToHeight(tokens().px(126), Qt.TransformationMode.SmoothTransformation)
        self._photo.setPixmap(pixmap)

    def _show_missing(self, state: PanelState) -> None:
        if not state.begun:
            self._head.show_text("")
        elif state.missing:
            self._head.show_text(say("还差 {count} 项", count=len(state.missing)), "bad")
        else:
            self._head.show_text(say("都齐了"), "ok")
        shown = [f"{one.what} — {one.advice}" if one.advice else one.what for one in state.missing]
        if len(shown) > SHOWN:
            shown = [*shown[: SHOWN - 1], say("还有 {count} 项，见“核对”", count=len(shown) - SHOWN + 1)]
        missing = len(shown)
        shown += state.cautions
        while len(self._lines) < len(shown):
            line = Value(wrap=True)
            self._missing.addWidget(line)
            self._lines.append(line)
        for at, line in enumerate(self._lines):
            used = at < len(shown) and state.begun
            line.setVisible(used)
            line.show_text(shown[at] if used else "", "" if at < missing else "warn")
