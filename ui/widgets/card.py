"""A card: a white sheet with a head, a body and a foot for its buttons."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ui.theme import tokens
from ui.widgets.text import Text, mark

HEAD = 47
MARGINS = {"cardhead": (16, 4, 16, 4), "cardfoot": (16, 9, 16, 9)}


class Card(QFrame):
    """Add to `body`; `head` and `foot` appear when something is put in."""

    def __init__(self, title: str = "", padded: bool = True) -> None:
        super().__init__()
        mark(self, card="true")
        whole = QVBoxLayout(self)
        whole.setContentsMargins(1, 1, 1, 1)
        whole.setSpacing(0)
        self._head, self.head = _strip("cardhead")
        self._foot, self.foot = _strip("cardfoot")
        self.body = QVBoxLayout()
        self.body.setContentsMargins(*((16, 14, 16, 14) if padded else (0, 0, 0, 0)))
        self.body.setSpacing(10 if padded else 0)
        whole.addWidget(self._head)
        whole.addLayout(self.body, 1)
        whole.addWidget(self._foot)
        self._head.setVisible(bool(title))
        self._foot.hide()
        if title:
            self.head.addWidget(Text(title, bold=True))

    def add_head(self, *parts: QWidget | None) -> None:
        """Put parts into the head; None is a stretch."""
        self._head.show()
        _add(self.head, parts)

    def add_search(self, box: QWidget) -> None:
        """A search field instead of a title."""
        self.add_head(box)
        self.head.setContentsMargins(16, 9, 16, 9)

    def hide_head(self) -> None:
        """Without the strip at the top."""
        self._head.hide()

    def add_foot(self, *parts: QWidget | None) -> None:
        """Put parts into the foot; None is a stretch."""
        self._foot.show()
        _add(self.foot, parts)


def _strip(name: str) -> tuple[QFrame, QHBoxLayout]:
    frame = QFrame()
    mark(frame, **{name: "true"})
    # Spare room is the body's; Fixed would cut a title of several lines.
    frame.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    if name == "cardhead":
        frame.setMinimumHeight(tokens().px(HEAD))  # with a button or without
    row = QHBoxLayout(frame)
    row.setContentsMargins(*MARGINS[name])
    row.setSpacing(10)
    return frame, row


def _add(row: QHBoxLayout, parts: tuple[QWidget | None, ...]) -> None:
    for part in parts:
        if part is None:
            row.addStretch(1)
        else:
            row.addWidget(part)
