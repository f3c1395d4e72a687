"""What stands where there is nothing: why, and what to do about it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ui.theme import icon_pixmap, tokens
from ui.widgets.text import Value


class Empty(QWidget):
    """An icon, a sentence, and one line of advice, in the middle."""

    def __init__(self, icon: str) -> None:
        super().__init__()
        self._name = icon
        self._icon = QLabel()
        self._title = Value(size="large", tone="muted", wrap=True)
        self._advice = Value(tone="muted", wrap=True)
        column = QVBoxLayout(self)
        column.addStretch(2)
        for part in (self._icon, self._title, self._advice):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(part)
        column.addStretch(3)

    def show_words(self, title: str, advice: str = "") -> None:
        """Say why there is nothing."""
        self._icon.setPixmap(icon_pixmap(self._name, tokens().strong_line, tokens().px(44), 2.0))
        self._title.show_text(title)
        self._advice.show_text(advice)
