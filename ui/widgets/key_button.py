"""A button that shows its key."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from ui.theme import tokens
from ui.widgets.text import mark
from ui.words import say

KEY_NAMES = {"Return": "Enter", "Right": "→", "Left": "←", "Up": "↑", "Down": "↓", "Space": "空格", "Del": "Delete"}


def key_name(key: str) -> str:
    """How a key is written on a button: ``Ctrl+→``."""
    return "+".join(say(KEY_NAMES.get(part, part)) for part in key.split("+"))


class KeyButton(QPushButton):
    """A push button with its key shown on it. The key works wherever the button is visible.

    Args:
        words: Fixed words of the interface; `show_words` replaces them.
        key: A key sequence such as ``F9`` or ``Ctrl+Return``; empty for none.
        look: ``primary``, ``danger``, ``plain`` or empty.
        listens: False where something else hears the key (Space in a list) and the button only shows it.
    """

    def __init__(
        self, words: str, key: str = "", look: str = "", listens: bool = True, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._words, self._key, self._listens = words, key, listens
        self._caption, self._cap = QLabel(), QLabel()
        mark(self._caption, caption="true")
        mark(self._cap, key="true")
        for label in (self._caption, self._cap):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            label.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addStretch(1)
        row.addWidget(self._caption)
        row.addWidget(self._cap)
        row.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self.show_look(look)
        self._say()

    @property
    def key(self) -> str:
        return self._key

    def show_words(self, words: str) -> None:
        """Other words for the same act."""
        if words != self._words:
            self._words = words
            self._say()

    def show_look(self, look: str) -> None:
        """primary, danger, plain or empty."""
        mark(self, look=look)
        # The style sheet cannot see from a label whether the button around it is disabled.
        enabled = {"primary": "on", "danger": "bad"}.get(look, "")
        ink = enabled if self.isEnabled() else "off"
        mark(self._caption, ink=ink)
        mark(self._cap, ink="off" if ink == "off" else "")

    def sizeHint(self) -> QSize:
        inner, worn = self._row.sizeHint(), tokens()
        return QSize(inner.width() + worn.px(20), max(inner.height(), worn.px(22)) + worn.px(16))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._say()
        elif event.type() == QEvent.Type.EnabledChange:
            self.show_look(str(self.property("look") or ""))
        super().changeEvent(event)

    def _say(self) -> None:
        said = say(self._words)
        self._caption.setText(said)
        self._cap.setText(key_name(self._key))
        self._cap.setVisible(bool(self._key))
        self.setAccessibleName(f"{said} {key_name(self._key)}".strip())
        if self._key and self._listens:
            self.setShortcut(QKeySequence(self._key))
        self.updateGeometry()
