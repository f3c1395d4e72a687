"""A search field above a table."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

from ui.widgets.table import Table
from ui.widgets.text import mark


class SearchField(QLineEdit):
    """The hands stay in it: the arrows move in the table."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._table = table
        mark(self, search="true")

    def show_text(self, text: str) -> None:
        """Say this, and leave the cursor alone where it says so already."""
        if self.text() != text:
            self.setText(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self._table.step(step)
