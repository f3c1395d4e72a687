"""Choices side by side where there is room for them, one below the other where there is not."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QBoxLayout, QSizePolicy, QWidget

SPACING = 10


class SideBySide(QWidget):
    """Buttons that know by themselves whether they fit next to each other: words are longer in some languages.

    Args:
        at_most: So many stand side by side, more always below each other.
    """

    def __init__(self, at_most: int = 99) -> None:
        super().__init__()
        self._at_most = at_most
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSizeConstraint(QBoxLayout.SizeConstraint.SetNoConstraint)
        self._row.addStretch(1)
        self._buttons: list[QAbstractButton] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._lay(below=False)

    def add(self, button: QAbstractButton) -> None:
        """Put it behind the others."""
        self._row.insertWidget(len(self._buttons), button)
        self._buttons.append(button)

    def take(self, button: QAbstractButton) -> None:
        """Have it no more."""
        self._row.removeWidget(button)
        self._buttons.remove(button)

    def minimumSizeHint(self) -> QSize:
        widest = max((button.sizeHint().width() for button in self._buttons), default=0)
        return QSize(widest, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:  # other words, or another button
            self._fit()
        return super().event(event)

    def _fit(self) -> None:
        gaps = max(len(self._buttons) - 1, 0) * SPACING
        needed = sum(button.sizeHint().width() for button in self._buttons) + gaps
        below = needed > self.width() or len(self._buttons) > self._at_most
        if below != (self._row.direction() is QBoxLayout.Direction.TopToBottom):
            self._lay(below)
            self.updateGeometry()

    def _lay(self, below: bool) -> None:
        directions = QBoxLayout.Direction
        self._row.setDirection(directions.TopToBottom if below else directions.LeftToRight)
        self._row.setSpacing(2 if below else SPACING)
