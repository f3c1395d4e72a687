"""A banner: what went wrong and what to do, where the work is, without stopping it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from ui.theme import icon_pixmap, tokens
from ui.widgets.key_button import KeyButton
from ui.widgets.text import Value, mark

ICONS = {"bad": "warn", "warn": "warn", "ok": "check", "info": "clock"}


@dataclass(frozen=True)
class BannerShown:
    """What the banner says. An empty title: nothing."""

    title: str = ""
    remedy: str = ""
    tone: str = "bad"


class Banner(QFrame):
    """Title and remedy in one of the tones.

    Signals:
        dismissed: The person has read it.
    """

    dismissed = Signal()

    def __init__(self, dismissable: bool = True, key: str = "Ctrl+D") -> None:
        super().__init__()
        self._icon = QLabel()
        self._title = Value(bold=True, wrap=True)
        self._remedy = Value(wrap=True)
        self._close = KeyButton("知道了", key, "plain")
        self._close.clicked.connect(self.dismissed)
        if not dismissable:
            self._close.hide()
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._remedy)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 8, 8)
        row.setSpacing(12)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignVCenter)
        mark(self, banner="true")
        self.hide()

    def show_words(self, title: str, remedy: str = "", tone: str = "bad") -> None:
        """Show; an empty title hides."""
        self._title.show_text(title)
        self._remedy.show_text(remedy)
        self._remedy.setVisible(bool(remedy))
        mark(self, tone=tone)
        ink, _ = tokens().tone(tone)
        if title:
            self._icon.setPixmap(icon_pixmap(ICONS.get(tone, "warn"), ink, tokens().px(20), 2.0))
        self.setAccessibleName(f"{title} {remedy}".strip())
        self.setVisible(bool(title))
