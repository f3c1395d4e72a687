"""Python's garbage is collected in the GUI thread only.

The collector runs in whichever thread happens to allocate; in a worker it would destroy QObjects there, and Qt then
crashes. So it is switched off and run from a timer of the GUI thread instead. What was built at the start lives as long
as the program: it is set aside, or every full collection would look through all of it for a tenth of a second.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

EVERY = 1000  # milliseconds


class Collector(QObject):
    """Collects while it lives and is not stopped."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._aside = False
        gc.disable()
        self._timer = QTimer(self, interval=EVERY)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def set_aside(self) -> None:
        """All that is there now is there for good; call it once everything is built."""
        gc.freeze()
        self._aside = True

    def collect(self) -> None:
        """Collect the oldest generation that has outgrown its threshold, as the interpreter itself would."""
        counts, limits = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > limits[generation]:
                gc.collect(generation)
                return

    def stop(self) -> None:
        """Give collecting back to the interpreter, once no worker thread is left."""
        self._timer.stop()
        if self._aside:
            gc.unfreeze()
        gc.enable()
