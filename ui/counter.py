"""The counter at work: which page is in front, who is signed in, what the top bar says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QClipboard
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QToolTip, QWidget
from shiboken6 import isValid

from app.devices_here import ROLES, DeviceLine
from app.flow.steps import DraftSummary
from app.people.other_cards import is_machine_line
from app.problems import words_for
from app.store import Changes
from app.store.numbers import FEW
from app.sync.courier import LineState
from contract.case import CHINA
from contract.ids import number_in
from contract.person import Clerk, Role
from contract.problem import Problem, Retry
from devices.codes import Code
from ui import device_words
from ui.changes import ChangesHeard
from ui.pages.cases.model import CasesModel
from ui.pages.devices.model import DevicesModel, standing
from ui.pages.intake.model import IntakeModel
from ui.pages.intake.view import IntakeState
from ui.pages.outbox.model import OutboxModel
from ui.pages.sign_in.model import SignedIn, SignInModel
from ui.pages.today.model import TodayModel
from ui.shells.counter import BarState, CounterWindow, LightShown, ParkedShown
from ui.tasks import Post, Tasks
from ui.theme import THEMES, wear
from ui.wedge import Wedge
from ui.words import Language, say

EVERY = 15_000  # milliseconds between two looks at the clock and the line
LIGHTS_EVERY = 4  # of these, between two looks at the devices
CLERKS = {Role.CLERK: "窗口人员", Role.SUPERVISOR: "主管"}
Notice = tuple[str, str, str]  # title, remedy, tone; said anew in whatever language is spoken
MOVES = (QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.Wheel)


@dataclass(frozen=True)
class Models:
    """One model a page."""

    sign_in: SignInModel
    intake: IntakeModel
    todo: CasesModel
    pickup: CasesModel
    search: CasesModel
    outbox: OutboxModel
    devices: DevicesModel
    today: TodayModel


@dataclass(frozen=True)
class _Seat:
    """Where a clerk was when the screen was locked: the page, the part with the focus, the cursor in it."""

    clerk: str
    page: str
    part: QWidget | None = None
    cursor: int = -1


@dataclass(frozen=True)
class CounterDeeds:
    """What the shell itself asks of the desk."""

    place: Callable[[], str]
    now: Callable[[], datetime]
    line: Callable[[], LineState]
    find_case: Callable[[str], str]  # a number → a case id, "" where this station knows none
    listen: Callable[[threading.Event], Iterable[Code]]  # what a scanner with a line of its own scans
    verify_code: Callable[[str], object]  # whose an electronic identity code is; a Problem where nobody can say


class Counter(QObject):
    """Conducts the window, its pages and their models. Lives as long as the window.

    Signals:
        placed: The hall and the window, in words.
    """

    placed = Signal(str)

    def __init__(
        self,
        window: CounterWindow,
        models: Models,
        deeds: CounterDeeds,
        changes: ChangesHeard,
        post: Post,
        language: Language,
        training: bool,
        theme: str,
        idle_minutes: int,
    ) -> None:
        super().__init__(window)
        self.window, self.models = window, models
        self._do, self._language, self._theme = deeds, language, theme
        self._changes = changes
        self._tasks = Tasks(post, self._problem, self)
        self.clerk: Clerk | None = None
        self._seat = _Seat("", "")
        self._whose = ""
        self._copied = False  # something from this window is on the clipboard
        self._page = ""
        self._line = LineState()
        self._devices: tuple[DeviceLine, ...] = ()
        self._drafts: tuple[DraftSummary, ...] = ()
        self._notice: Callable[[], Notice] = _nothing
        self._bar = BarState(training=training)
        self._ticks = 0
        self._say_timer = QTimer(self, interval=EVERY)
        self._say_timer.timeout.connect(self._tick)
        self._idle = QTimer(self, singleShot=True, interval=idle_minutes * 60_000)
        self._idle.timeout.connect(self.lock)
        self._join()

    def _join(self) -> None:
        window, models = self.window, self.models
        window.page_wanted.connect(self.show_page)
        window.parked_wanted.connect(self._resume)
        window.lock_wanted.connect(self.lock)
        window.notice_read.connect(lambda: self._notify(_nothing))
        window.language_wanted.connect(self.next_language)
        window.theme_wanted.connect(self.next_theme)
        window.closing.connect(self.close)
        models.sign_in.signed_in.connect(self._signed_in)
        for copied in (QApplication.clipboard().dataChanged, QApplication.clipboard().selectionChanged):
            copied.connect(self._note_copied)
        models.intake.drafts_changed.connect(self._drafts_changed)
        models.intake.changed.connect(self._person_changed)
        models.todo.counted.connect(lambda count: self._set(todo=count if self.clerk else 0))
        models.devices.lights.connect(self._lights)
        self._changes.said.connect(self._changed)
        window.winId()  # has the window system's window made, by which every key and click comes
        handle = window.windowHandle()
        assert handle is not None
        self.wedge = Wedge(handle, self._is_ours)
        self.wedge.scanned.connect(self.scanned)
        self.wedge.foreign.connect(self._foreign_code)
        handle.installEventFilter(self)

    def start(self) -> None:
        """Show the sign-in page and begin to look at the clock."""
        self._tasks.run("place", self._do.place, self._placed)
        self.models.sign_in.refresh()
        self._ask_line()
        self._tasks.stream("codes", self._do.listen, self._code, lambda: None)
        self.models.devices.start()
        self._say_timer.start()
        self.window.show_page("")
        self._say()

    def close(self) -> None:
        """The window closes: what was typed is saved, nothing is asked any more."""
        self._say_timer.stop()
        self._idle.stop()
        self._tasks.stop("codes")
        self.models.devices.stop()
        self.models.intake.sign_out()
        self._changes.close()

    # --- pages ----------------------------------------------------------------------------------------------------

    def show_page(self, key: str) -> None:
        """Bring a page to the front, its content fresh."""
        if self.clerk is None:
            return
        self._page = key
        self.window.show_page(key)
        self.models.intake.show(key == "intake")
        match key:
            case "todo":
                self.models.todo.refresh()
            case "pickup":
                self.models.pickup.refresh()
            case "search":
                self.models.search.refresh()
            case "outbox":
                self.models.outbox.refresh()
            case "devices":
                self.models.devices.refresh()
            case "today":
                self.models.today.refresh()
            case _:
                pass
        self.window.focus_page()

    def lock(self) -> None:
        """Nothing of anybody is seen any more; the clerk comes back to exactly this, another one to a fresh desk (U12).

        Pages that are being scanned come in meanwhile, and papers come out.
        """
        if self.clerk is None:
            return
        _close_popups()
        self._seat = self._left(self.clerk)
        models = self.models
        models.sign_in.lock(self.clerk, models.intake.scanning)
        self.clerk = None
        for model in (models.intake, models.todo, models.pickup, models.search, models.outbox, models.today):
            model.lock()
        self._idle.stop()
        self._page = ""
        self.window.show_page("")
        self._drafts, self._notice = (), _nothing
        self._set(todo=0)
        self.window.focus_page()

    def _left(self, clerk: Clerk) -> _Seat:
        """Where the clerk is; what stands half typed there is given before it is emptied."""
        part = self.window.focusWidget()
        cursor = -1
        if isinstance(part, QLineEdit):
            cursor = part.cursorPosition()
        elif isinstance(part, QPlainTextEdit):
            cursor = part.textCursor().position()
        if part is not None:
            part.clearFocus()
        return _Seat(clerk.id, self._page, part, cursor)

    def _sit_down(self) -> None:
        """Where this clerk was when they locked the screen, else the intake."""
        seat, self._seat = self._seat, _Seat("", "")
        if self.clerk is None or seat.clerk != self.clerk.id:
            self.show_page("intake")
            return
        self.show_page(seat.page)
        part = seat.part
        if part is None or not isValid(part):
            return

        def go_on() -> None:
            if isValid(part) and part.isVisible() and part.isEnabled():
                part.setFocus(Qt.FocusReason.OtherFocusReason)
                if isinstance(part, QLineEdit) and seat.cursor >= 0:
                    part.setCursorPosition(seat.cursor)
                elif isinstance(part, QPlainTextEdit) and seat.cursor >= 0:
                    cursor = part.textCursor()
                    cursor.setPosition(min(seat.cursor, len(part.toPlainText())))
                    part.setTextCursor(cursor)

        QTimer.singleShot(0, part, go_on)  # after the page has put the focus where its work begins

    def _is_ours(self, text: str) -> bool:
        if self.clerk is None:
            return False
        identity = self.models.intake.identity
        return number_in(text) is not None or (is_machine_line(text) and identity.takes_machine_lines())

    def scanned(self, text: str) -> None:
        """A barcode of ours: its case; a line of a passport: its chip is read."""
        number = number_in(text) or ""
        if not number:
            self.models.intake.identity.hear_machine_line(text)
            return
        self._tasks.run("scanned", lambda: self._do.find_case(number), lambda found: self._found(number, found))

    def _found(self, number: str, case_id: str) -> None:
        if not case_id:
            self._notify(
                lambda: (
                    say("本机没有 {number} 这一件", number=number),
                    say("它可能是别处收的，请在统一受理平台上查。"),
                    "warn",
                )
            )
            return
        page = "pickup" if self._page == "pickup" else "search"
        model = self.models.pickup if page == "pickup" else self.models.search
        self.show_page(page)
        model.open_scanned(number if page == "search" else "", case_id)

    def _foreign_code(self, text: str) -> None:
        """None of ours: where identity is asked for, perhaps an electronic one, which only its platform knows."""
        if self.clerk is None:
            return
        if self._page == "intake":
            self._tasks.run("verify", lambda: self._do.verify_code(text), lambda _: None)
        else:
            self._problem(Problem("ui.code_unknown", Retry.AFTER_FIX))

    def _code(self, code: Code) -> None:
        """From a scanner with a line of its own: ours opens its case, as one that is typed does."""
        if self.clerk is None:
            return
        self._idle.start()
        if self._is_ours(code.text):
            self.scanned(code.text)
        else:
            self._foreign_code(code.text)

    def _resume(self, draft_id: str) -> None:
        self.take_up(draft_id, True)

    def take_up(self, draft_id: str, mine: bool) -> None:
        """A draft of this clerk's own, or a colleague's that is handed over. The one on the screen stays there."""
        self.show_page("intake")
        if self.models.intake.draft is None or self.models.intake.draft.id != draft_id:
            (self.models.intake.resume if mine else self.models.intake.take_over)(draft_id)

    # --- who ------------------------------------------------------------------------------------------------------

    def _signed_in(self, signed_in: SignedIn) -> None:
        clerk = self.clerk = signed_in.clerk
        self._say()
        self.models.intake.sign_in(clerk)
        for model in (self.models.todo, self.models.pickup, self.models.search):
            model.sign_in(clerk)
        self.models.outbox.sign_in()
        self.models.today.sign_in(clerk)
        self.models.devices.refresh()
        self._sit_down()
        self._idle.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in MOVES and self.clerk is not None:
            self._idle.start()
        return False

    # --- the top bar ----------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        self._ticks += 1
        self._ask_line()
        if self.clerk is not None and self._ticks % LIGHTS_EVERY == 0:
            self.models.devices.refresh()
        self._say()

    def _placed(self, place: str) -> None:
        self._set(place=place)
        self.placed.emit(place)

    def _ask_line(self) -> None:
        self._tasks.ask_again("line", self._do.line, self._heard_line)

    def _heard_line(self, line: LineState) -> None:
        self._line = line
        self.models.sign_in.show_line(line.online)
        self._say()

    def _lights(self, lines: tuple[DeviceLine, ...]) -> None:
        self._devices = lines
        self._say()

    def _person_changed(self, state: IntakeState) -> None:
        if state.whose != self._whose:
            self._whose = state.whose
            self._forget_clipboard()

    def _note_copied(self) -> None:
        self._copied = self._copied or self.window.isActiveWindow()

    def _forget_clipboard(self) -> None:
        """What was copied at this window is not there for the next person (F14)."""
        if self._copied:
            self._copied = False
            for mode in (QClipboard.Mode.Clipboard, QClipboard.Mode.Selection):
                QApplication.clipboard().clear(mode)

    def _drafts_changed(self, drafts: tuple[DraftSummary, ...]) -> None:
        if self.clerk is None:
            return
        self._drafts = drafts
        self._say()

    def _changed(self, changes: Changes) -> None:
        if changes.line or changes.outbox:
            self._ask_line()
        if changes.pack:
            self.models.intake.refresh()
            self.models.sign_in.refresh()
            self._tasks.run("place", self._do.place, self._placed)
        if changes.drafts:
            self.models.intake.refresh_drafts()
        if self.clerk is None:
            return
        if changes.cases:
            self.models.intake.assessment.refresh_cases()
        if changes.cases or changes.outbox:
            self.models.todo.refresh()
            if self._page == "pickup":
                self.models.pickup.refresh()
            if self._page == "search":
                self.models.search.refresh()
            if self._page == "today":
                self.models.today.refresh()
        if (changes.line or changes.outbox or changes.cases) and self._page == "outbox":
            self.models.outbox.refresh()
        if changes.devices:
            self.models.devices.refresh()

    def _set(self, **changes: Any) -> None:
        self._bar = replace(self._bar, **changes)
        self._say()

    def _notify(self, notice: Callable[[], Notice]) -> None:
        self._notice = notice
        self._say()

    def bug(self, number: str) -> None:
        """Something nobody foresaw: the person gets its number."""
        self._problem(Problem("ui.bug", Retry.AGAIN, number=number))

    def _problem(self, problem: Problem) -> None:
        def notice() -> Notice:
            words = words_for(problem, self._language.name)
            return words.title, words.remedy, "bad"

        if words_for(problem, self._language.name).loud != "quiet":
            self._notify(notice)

    def _say(self) -> None:
        """Say everything of the bar in the language of the moment."""
        now, line = self._do.now(), self._line
        if line.online:
            words, tone = _online(line.since, now), "ok"
        else:
            words, tone = _offline(now - line.since if line.since else None), "warn"
        self._bar = replace(
            self._bar,
            line=words,
            line_tone=tone,
            waiting=line.waiting,
            held=line.held,
            lights=(*_device_lights(self._devices), *_numbers_light(line.numbers_left)),
            clerk=_clerk(self.clerk),
            parked=tuple(_parked(one) for one in self._drafts if one.parked),
            notice=self._notice(),
            clock=f"{now.astimezone(CHINA):%H:%M}",
        )
        self.window.render_state(self._bar)
        self.models.intake.identity.hear_devices(_not_ready(self._devices))

    # --- how it looks ---------------------------------------------------------------------------------------------

    def next_language(self) -> None:
        """Chinese, English, Chinese …"""
        self._language.use("en" if self._language.name == "zh" else "zh")
        self.models.intake.refresh()
        for model in (
            self.models.todo,
            self.models.pickup,
            self.models.search,
            self.models.outbox,
            self.models.devices,
            self.models.today,
        ):
            model.say_again()
        self.models.sign_in.say_again()
        self._say()

    def next_theme(self) -> None:
        """Light or high contrast, at the size that was set up."""
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        pairs = {"light": "contrast", "contrast": "light", "large": "large_contrast", "large_contrast": "large"}
        self._theme = pairs[self._theme]
        assert self._theme in THEMES
        wear(application, self._theme)
        self.window.show_page(self._page)
        self._say()


def _nothing() -> Notice:
    return "", "", ""


def _clerk(clerk: Clerk | None) -> str:
    if clerk is None:
        return ""
    return f"{clerk.name} {say(CLERKS[Role.SUPERVISOR if Role.SUPERVISOR in clerk.roles else Role.CLERK])}"


def _parked(draft: DraftSummary) -> ParkedShown:
    return ParkedShown(draft.id, " ".join(part for part in (draft.applicant, draft.title) if part) or say("还没选事项"))


def _device_lights(lines: tuple[DeviceLine, ...]) -> tuple[LightShown, ...]:
    """The bar has room for what every desk has, and for what wants to be looked at."""
    chosen = {one.role for one in lines if one.driver}
    lights = []
    for one in lines:
        words, tone = standing(one)
        if not one.driver and ROLES[one.role].instead in chosen:
            continue
        if not ROLES[one.role].always and (not one.driver or tone == "ok"):
            continue
        lights.append(LightShown(say(device_words.ROLES[one.role].light), say(words), "" if tone == "ok" else tone))
    return tuple(lights)


def _not_ready(lines: tuple[DeviceLine, ...]) -> tuple[str, ...]:
    return tuple(
        f"{say(device_words.ROLES[one.role].name)} {say(standing(one)[0])}"
        for one in lines
        if one.driver and one.word in ("fault", "absent", "paper_low")
    )


def _numbers_light(left: int | None) -> tuple[LightShown, ...]:
    """Case numbers are spoken of in the top bar only when they run low."""
    if left is None or left >= FEW:
        return ()
    return (LightShown(say("号段"), say("剩 {count}", count=left) if left else say("用完"), "warn" if left else "bad"),)


def _close_popups() -> None:
    """A list that stands open would stay over the locked screen."""
    while (popup := QApplication.activePopupWidget()) is not None:
        popup.close()
    QToolTip.hideText()


def _online(since: datetime | None, now: datetime) -> str:
    """在线，自 08:02: since then the server answered whatever it was asked."""
    if since is None:
        return say("在线")
    at, today = since.astimezone(CHINA), now.astimezone(CHINA).date()
    return say("在线，自 {time}", time=f"{at:%H:%M}" if at.date() == today else f"{at:%m-%d}")


def _offline(since: timedelta | None) -> str:
    """离线 3 小时 12 分."""
    minutes = int(since.total_seconds() // 60) if since else 0
    if minutes < 1:
        return say("离线")
    if minutes < 60:
        return say("离线 {minutes} 分", minutes=minutes)
    return say("离线 {hours} 小时 {minutes} 分", hours=minutes // 60, minutes=minutes % 60)
