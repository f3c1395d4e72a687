"""What stands on the screen where the counter cannot open: why, and what to do. Nobody reads a terminal at a window."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout

from app.problems import ProblemWords
from ui.theme import tokens
from ui.widgets.key_button import KeyButton
from ui.widgets.text import Value


class StoppedDialog(QDialog):
    """Shows the words of a problem; its code is for whoever is called to help."""

    def __init__(self, words: ProblemWords) -> None:
        super().__init__()
        self.setWindowTitle("通办")
        self.setFixedWidth(tokens().px(480))
        self._title, self._remedy = Value(size="title", wrap=True), Value(wrap=True)
        self._code = Value(size="small", tone="muted")
        self._code.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._title.show_text(words.title)
        self._remedy.show_text(words.remedy)
        self._code.show_text(words.code)
        close = KeyButton("关闭", "Return", "primary")
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addWidget(self._code)
        foot.addStretch(1)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 24, 28, 20)
        column.setSpacing(12)
        column.addWidget(self._title)
        column.addWidget(self._remedy)
        column.addSpacing(8)
        column.addLayout(foot)
