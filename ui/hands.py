"""A pair of hands at the counter's keyboard: for the demo without a screen and for the journeys in the tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QInputMethodEvent, QKeyEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QListView, QWidget

from ui.widgets.field import EMPTY, Field

PATIENCE = 60.0  # seconds that anything may take on a slow machine
BURST = 5  # milliseconds between two characters of a barcode scanner that types
MANY = 60  # so many keys at most lead to one choice


class Hands:
    """Presses keys where the focus is, and waits for what they lead to."""

    def __init__(self, window: QWidget, patience: float = PATIENCE) -> None:
        self._window = window
        self._patience = patience
        self._clock = 0

    def press(self, keys: str) -> None:
        """Press a key or a combination as it is written on the buttons: ``F9``, ``Ctrl+Return``, ``Alt+1``."""
        self.rest()
        self._strike(keys)
        self.rest()

    def write(self, text: str) -> None:
        """Type into the field that has the focus; Chinese comes as an input method would hand it over."""
        self.rest()
        if text.isascii():
            QTest.keyClicks(self._focus(), text)
        else:
            event = QInputMethodEvent("", [])
            event.setCommitString(text)
            QCoreApplication.sendEvent(self._focus(), event)
        self.rest()

    def fill(self, answers: Mapping[str, Any]) -> None:
        """Go through a form field by field with Enter, typing and choosing; what is filled in already is left alone."""
        for _ in range(MANY):
            self.rest()
            field = self.field()
            if field is None:
                return
            value = answers.get(field.asked.name)
            if value not in EMPTY and field.value() in EMPTY:
                self._answer(field, value)
            for _ in range(3):  # a list that stands open takes an Enter of its own
                if self.field() is field:
                    self.press("Return")

    def enter(self, name: str, value: Any) -> None:
        """Go by Tab to a field of a form and answer it.

        Raises:
            TimeoutError: there is no such field here.
        """
        for _ in range(MANY):
            self.rest()
            field = self.field()
            if field is not None and field.asked.name == name:
                self._answer(field, value)
                return
            self.press("Tab")
        raise TimeoutError(name)

    def field(self) -> Field | None:
        """The field of a form that has the focus."""
        widget = QApplication.focusWidget()
        while widget is not None and not isinstance(widget, Field):
            widget = widget.parentWidget()
        return widget

    def scan_code(self, text: str) -> None:
        """A barcode scanner that types: every character within milliseconds, then Enter."""
        self.rest()
        handle = self._window.windowHandle()
        assert handle is not None
        for character in (*text, "\r"):
            key = QKeySequence("Return" if character == "\r" else character)[0].key()  # type: ignore[index]
            self._clock += BURST
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                event = QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, character)
                event.setTimestamp(self._clock)
                QApplication.sendEvent(handle, event)
        self._clock += 1000
        self.rest()

    def wait(self, until: Callable[[], object], what: str = "") -> None:
        """Let the program run until something holds.

        Raises:
            TimeoutError: it never did; says what was waited for.
        """
        deadline = time.monotonic() + self._patience
        while not until():
            if time.monotonic() > deadline:
                raise TimeoutError(what)
            QTest.qWait(20)

    def rest(self) -> None:
        """Let focus, layouts and painting come to rest."""
        for _ in range(3):
            QCoreApplication.processEvents()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def _strike(self, keys: str) -> None:
        combination = QKeySequence(keys)[0]  # type: ignore[index]  # the stubs leave it out
        popup = QApplication.activePopupWidget()  # what completes a word gets the keys first, as from the window system
        whom = popup if isinstance(popup, QListView) else self._focus()
        QTest.keyClick(whom, combination.key(), combination.keyboardModifiers())

    def _answer(self, field: Field, value: Any) -> None:
        match field.asked.kind:
            case "several":
                buttons = [part for part in field.parts() if isinstance(part, QAbstractButton)]
                for (choice, _), button in zip(field.asked.choices, buttons, strict=True):
                    if choice in value and not button.isChecked():
                        self.press("Space")
                    if button is not buttons[-1]:
                        self.press("Tab")
            case "yes_no" | "choice":
                onwards = "Right" if isinstance(field.parts()[0], QAbstractButton) else "Down"
                for _ in range(MANY):
                    if field.value() == value:
                        return
                    first = onwards == "Right" and field.value() in EMPTY
                    self.press("Space" if first else onwards)
            case "area":
                self.write(dict(field.asked.choices)[value])
            case _:
                self.write(str(value))

    def _focus(self) -> QWidget:
        if not self._window.isActiveWindow():
            self._window.activateWindow()
            QApplication.setActiveWindow(self._window)
        return QApplication.focusWidget() or self._window
