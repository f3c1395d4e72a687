"""Facts: labels at the left, values at the right, in one column that does not jump."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from ui.theme import tokens
from ui.widgets.text import Value

NEARLY = 1.25


class Facts(QWidget):
    """Rows of (label, value, tone). The labels are words already said in the language of the moment."""

    def __init__(self, label_width: int = 84) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(1, 1)
        self._label_width = tokens().px(label_width)
        self._rows: list[tuple[Value, Value]] = []

    def show_rows(self, rows: Sequence[tuple[str, str] | tuple[str, str, str]]) -> None:
        """Show these rows; a value of "" is drawn as a dash, so that nothing jumps when it arrives."""
        while len(self._rows) < len(rows):
            label, value = Value(tone="muted", wrap=True), Value(wrap=True)
            label.setFixedWidth(self._label_width)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            line = len(self._rows)
            self._grid.addWidget(label, line, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(value, line, 1, Qt.AlignmentFlag.AlignTop)
            self._rows.append((label, value))
        for index, (label, value) in enumerate(self._rows):
            used = index < len(rows)
            label.setVisible(used)
            value.setVisible(used)
            row = rows[index] if used else ("", "")
            label.show_text(row[0])
            tone = row[2] if len(row) > 2 else "" if row[1] else "muted"
            value.show_text(row[1] or ("—" if used else ""), tone)
        self.widen(self.needed())

    def needed(self) -> int:
        """The labels' width. A word that cannot be broken makes it wider, so does a label that nearly fits."""
        width = self._label_width
        for label, _ in self._rows:
            words = label.text()
            if label.isHidden() or not words.isascii():  # Chinese is broken anywhere
                continue
            advance = label.fontMetrics().horizontalAdvance
            whole, word = advance(words), max(map(advance, words.split()), default=0)
            width = max(width, 2 + (whole if whole <= self._label_width * NEARLY else word))
        return width

    def widen(self, width: int) -> None:
        """Have the labels this wide."""
        for label, _ in self._rows:
            label.setFixedWidth(width)


def align(*facts: Facts) -> None:
    """Facts that stand below each other: their values begin at the same place."""
    width = max(one.needed() for one in facts)
    for one in facts:
        one.widen(width)
