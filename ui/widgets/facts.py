"""Facts: labels at the left, values at the right, in one column that does not jump."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from ui.theme import tokens
from ui.widgets.text import Value


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
