"""A barcode scanner that types (keyboard wedge): its burst opens the case, wherever the cursor is.

A burst is at least six characters, each within 50 ms of the one before, ended by Enter. Only what is recognised as
ours is taken away from the field that it was typed into; anything else (a credit code into a form) stays typed.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QWindow
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPlainTextEdit, QWidget

GAP = 50  # milliseconds between two characters of a burst at most; people type no faster than 80
LEAST = 6  # characters
ENTERS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
Undo = Callable[[], None]


class Wedge(QObject):
    """Listens to a window: every key passes it before the widget that has the focus.

    Args:
        window: The window of the window system, from `QWidget.windowHandle`.
        recognise: Whether a text is a code of ours.

    Signals:
        scanned: The text of a burst that was recognised.
        foreign: The text of a burst that is none of ours, and that no field took.
    """

    scanned = Signal(str)
    foreign = Signal(str)

    def __init__(self, window: QWindow, recognise: Callable[[str], bool]) -> None:
        super().__init__(window)
        self._recognise = recognise
        self._text = ""
        self._at = 0
        self._undo: Undo | None = None
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        if event.isAutoRepeat():
            self._forget()
            return False
        fast = self._text == "" or event.timestamp() - self._at <= GAP
        if event.key() in ENTERS:
            return self._ended(fast)
        if event.key() == Qt.Key.Key_Shift:
            return False
        typed = event.text()
        control = event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
        if not typed or not typed.isprintable() or not typed.isascii() or control:
            self._forget()
            return False
        if not fast:
            self._forget()
        if not self._text:
            self._undo = _keeping()
        self._text += typed
        self._at = event.timestamp()
        return False

    def _ended(self, fast: bool) -> bool:
        text, undo = self._text, self._undo
        self._forget()
        if not fast or len(text) < LEAST:
            return False
        if self._recognise(text):
            if undo is not None:
                undo()
            self.scanned.emit(text)
            return True
        if undo is None:
            self.foreign.emit(text)
            return True
        return False

    def _forget(self) -> None:
        self._text, self._undo = "", None


def _keeping() -> Undo | None:
    """How to put the field that has the focus back as it is now; None where no field would take what is typed."""
    widget: QWidget | None = QApplication.focusWidget()
    if isinstance(widget, QComboBox):
        widget = widget.lineEdit()
    if isinstance(widget, QLineEdit) and widget.isEnabled() and not widget.isReadOnly():
        line, text, cursor = widget, widget.text(), widget.cursorPosition()

        def put_back() -> None:
            line.setText(text)
            line.setCursorPosition(cursor)
            line.textEdited.emit(text)

        return put_back
    if isinstance(widget, QPlainTextEdit) and not widget.isReadOnly():
        box, whole = widget, widget.toPlainText()
        return lambda: box.setPlainText(whole)
    return None
