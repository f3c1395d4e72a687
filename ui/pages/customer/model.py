"""The second screen: asks for a signature or for what somebody thinks, and forgets both at once.

It knows a case's id while it is being rated, and nothing of anybody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from app.problems import words_for
from contract.problem import Problem
from contract.rating import BAD, Level, Reason
from contract.signature import Ink
from devices.rating import KEYS, Pressed
from devices.signature import Area, PenPoint
from ui.pages.customer.view import CustomerState
from ui.tasks import Post, Tasks
from ui.widgets.ink import Means
from ui.words import say

PATIENCE = 60_000  # milliseconds that a rating is asked for: then it is the next person's screen
THANKS = 4_000


@dataclass(frozen=True)
class CustomerDeeds:
    """What the second screen asks of the desk. All may block; `has_pad` is quick."""

    has_pad: Callable[[str], bool]  # by role: signature, rating
    area: Callable[[], Area]
    sign: Callable[[threading.Event], Iterable[PenPoint]]
    ask_rating: Callable[[threading.Event], Iterable[Pressed]]
    may_be_rated: Callable[[str], bool]  # by the case's id
    rate: Callable[[str, Level, tuple[Reason, ...], Literal["screen", "pad"]], bool]


class CustomerModel(QObject):
    """Holds what the second screen shows.

    Signals:
        changed: The CustomerState.
        pad_used: The Area of the pad that is written on, or None for the screen itself.
        pen: A PenPoint of that pad.
        signed: The Ink and by what it was written.
        refused: The person does not sign here.
    """

    changed = Signal(object)
    pad_used = Signal(object)
    pen = Signal(object)
    signed = Signal(object, str)
    refused = Signal()

    def __init__(
        self, deeds: CustomerDeeds, post: Post, language: Callable[[], str], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._do, self._language = deeds, language
        self._tasks = Tasks(post, self._problem, self)
        self._rated = ""  # the id of the case that is being rated
        self._level: Level | None = None
        self._over = QTimer(self, singleShot=True)
        self._over.timeout.connect(self.greet)
        self.state = CustomerState()

    def place(self, words: str) -> None:
        """The hall and the window, for the greeting."""
        self._set(place=words)

    def greet(self) -> None:
        """Nothing is asked of anybody."""
        self._tasks.drop("pen")
        self._tasks.drop("keys")
        self._tasks.drop("area")
        self._over.stop()
        self._rated, self._level = "", None
        self.state = CustomerState(place=self.state.place)
        self.changed.emit(self.state)

    # --- signing ----------------------------------------------------------------------------------------------------

    def sign(self, document: QImage) -> None:
        """Ask for a signature under a form: its pages as a picture."""
        self.greet()
        on_pad = self._do.has_pad("signature")
        self.pad_used.emit(None)
        self._set(mode="sign", document=document, on_pad=on_pad)
        if on_pad:
            self._tasks.run("area", self._do.area, self._heard_area, self._pad_trouble)

    def _heard_area(self, area: Area) -> None:
        self.pad_used.emit(area)
        self._tasks.stream("pen", self._do.sign, self.pen.emit, lambda: None, self._pad_trouble)

    def _pad_trouble(self, problem: Problem) -> None:
        """A pad that fails leaves the screen to write on."""
        words = words_for(problem, self._language())
        self.pad_used.emit(None)
        self._set(on_pad=False, words=f"{words.title}。{say('请直接在屏幕上签字。')}")

    def written(self, ink: Ink | None) -> None:
        """What stands in the frame."""
        if self.state.mode == "sign":
            self._set(can_confirm=ink is not None)

    def confirm(self, ink: Ink | None, means: Means | None) -> None:
        """The person says that this is their signature."""
        if self.state.mode != "sign":
            return
        if ink is None or means is None or not ink.is_written:
            self._set(words=say("请签上完整的姓名。"))
            return
        self.greet()
        self.signed.emit(ink, means)

    def refuse(self) -> None:
        """The person does not sign here: there is paper."""
        if self.state.mode == "sign":
            self.greet()
            self.refused.emit()

    def take_back(self) -> None:
        """The window needs no signature any more; somebody who rates is not disturbed."""
        if self.state.mode == "sign":
            self.greet()

    # --- rating -----------------------------------------------------------------------------------------------------

    def ask(self, case_id: str, on_screen: bool) -> None:
        """Ask what somebody thinks of their visit, where there is a screen or pad of their own to say it on."""
        if on_screen or self._do.has_pad("rating"):
            self._tasks.run("may", lambda: self._do.may_be_rated(case_id), partial(self._may_be, case_id, on_screen))

    def _may_be(self, case_id: str, on_screen: bool, may: bool) -> None:
        if not may or self.state.mode == "sign":
            return
        self.greet()
        self._rated = case_id
        if on_screen:
            self._set(mode="rate")
        self._over.start(PATIENCE)
        if self._do.has_pad("rating"):
            self._tasks.stream("keys", self._do.ask_rating, self._pressed, lambda: None, lambda _: None)

    def _pressed(self, pressed: Pressed) -> None:
        if self._rated and self._level is None:
            self._rate(list(Level)[KEYS - pressed.key], (), "pad")

    def give(self, level: Level) -> None:
        """One of the five was touched; what was not good may be said more closely."""
        if self.state.mode != "rate":
            return
        self._level = level
        if level in BAD or level is Level.FAIR:
            self._over.start(PATIENCE)
            self._set(mode="reasons")
        else:
            self._rate(level, (), "screen")

    def touch(self, reason: Reason) -> None:
        """A reason was chosen, or taken back."""
        chosen = self.state.reasons
        self._over.start(PATIENCE)
        self._set(reasons=tuple(r for r in Reason if (r in chosen) != (r is reason)))

    def give_reasons(self) -> None:
        """That is all."""
        if self.state.mode == "reasons" and self._level is not None:
            self._rate(self._level, self.state.reasons, "screen")

    def _rate(self, level: Level, reasons: tuple[Reason, ...], means: Literal["screen", "pad"]) -> None:
        case_id, on_screen = self._rated, self.state.mode != "idle"
        self._tasks.drop("keys")
        self._rated, self._level = "", None
        self._tasks.run("rate", lambda: self._do.rate(case_id, level, reasons, means), lambda _: None)
        if on_screen:
            self.state = CustomerState(mode="thanks", place=self.state.place)
            self.changed.emit(self.state)
            self._over.start(THANKS)
        else:
            self.greet()

    def _set(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        self.changed.emit(self.state)

    def _problem(self, problem: Problem) -> None:
        """Nobody before the window is told of the station's troubles: the store's own alarms sound for the clerk."""
