"""What changed in the store, said once to the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal


class ChangesHeard(QObject):
    """Turns the store's callback, which comes on any thread, into one signal in the GUI thread.

    Signals:
        said: The store's Changes.
    """

    said = Signal(object)

    def __init__(self, on_change: Callable[[Callable[[Any], None]], Callable[[], None]], parent: QObject) -> None:
        super().__init__(parent)
        self._unsubscribe = on_change(self.said.emit)

    def close(self) -> None:
        """Hear no more; called before the store closes."""
        self._unsubscribe()
