"""Labels: fixed words that follow the language, pills, rules between sections."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from ui.theme import legible
from ui.words import say


def mark(widget: QWidget, **properties: object) -> None:
    """Set properties that the style sheet looks at, and have them looked at again."""
    changed = {name: value for name, value in properties.items() if widget.property(name) != value}
    if not changed:
        return
    for name, value in changed.items():
        widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


class Text(QLabel):
    """Fixed words of the interface."""

    def __init__(self, words: str, size: str = "", tone: str = "", bold: bool = False, wrap: bool = False) -> None:
        super().__init__(say(words))
        self._words = words
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        mark(self, textsize=size, tone=tone, weight="bold" if bold else "")

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.setText(say(self._words))
        super().changeEvent(event)


class Value(QLabel):
    """A value that comes from outside: plain text, private-use characters as codes, selectable by mouse."""

    def __init__(self, text: str = "", size: str = "", tone: str = "", bold: bool = False, wrap: bool = False) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        if wrap:
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        mark(self, textsize=size, tone=tone, weight="bold" if bold else "")
        self.show_text(text)

    def show_text(self, text: str, tone: str | None = None) -> None:
        """Replace the text, and its tone where one is given."""
        self.setText(legible(text))
        if tone is not None:
            mark(self, tone=tone)


class Elided(Value):
    """A value in one line, with … in its middle where there is no room for all of it; the pointer shows the whole."""

    def __init__(self, size: str = "", tone: str = "") -> None:
        self._whole = ""
        super().__init__(size=size, tone=tone)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def show_text(self, text: str, tone: str | None = None) -> None:
        self._whole = legible(text)
        super().show_text(text, tone)
        self._cut()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        shown = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideMiddle, self.width())
        self.setText(shown)
        self.setToolTip(self._whole if shown != self._whole else "")
        self.setAccessibleName(self._whole)


class Pill(QLabel):
    """A short state on a coloured ground. The words carry it; the colour only helps."""

    def __init__(self, text: str = "", tone: str = "") -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
        mark(self, pill="true", tone=tone)
        if not text:  # never shown before it has a parent: it would be a window
            self.hide()

    def show_text(self, text: str, tone: str = "") -> None:
        """Replace it; an empty text hides it."""
        self.setText(legible(text))
        mark(self, tone=tone)
        self.setVisible(bool(text))


def rule() -> QFrame:
    """A thin line between sections."""
    line = QFrame()
    line.setProperty("rule", "true")
    return line
