"""A pair of hands at the counter's keyboard: for the demo without a screen and for the journeys in the tests."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QInputMethodEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

PATIENCE = 60.0  # seconds that anything may take on a slow machine


class Hands:
    """Presses keys where the focus is, and waits for what they lead to."""

    def __init__(self, window: QWidget, patience: float = PATIENCE) -> None:
        self._window = window
        self._patience = patience

    def press(self, keys: str) -> None:
        """Press a key or a combination as it is written on the buttons: ``F9``, ``Ctrl+Return``, ``Alt+8``."""
        self.rest()
        combination = QKeySequence(keys)[0]  # type: ignore[index]  # the stubs leave it out
        QTest.keyClick(self._focus(), combination.key(), combination.keyboardModifiers())
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

    def _focus(self) -> QWidget:
        if not self._window.isActiveWindow():
            self._window.activateWindow()
            QApplication.setActiveWindow(self._window)
        return QApplication.focusWidget() or self._window
