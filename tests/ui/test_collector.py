"""Python's garbage is collected in the GUI thread and nowhere else."""

from __future__ import annotations

import gc
import weakref

from PySide6.QtCore import QObject

from ui.collector import Collector


class Knot:
    """Something only the collector can clear away."""

    def __init__(self) -> None:
        self.me = self


def test_it_collects_here_and_nowhere_else() -> None:
    owner = QObject()
    collector = Collector(owner)
    assert not gc.isenabled()
    knot = weakref.ref(Knot())
    while knot() is not None:
        litter = [[] for _ in range(gc.get_threshold()[0] + 1)]  # enough for a generation to be due
        collector.collect()
        del litter
    collector.stop()
    assert gc.isenabled()
