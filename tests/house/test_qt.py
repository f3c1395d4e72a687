"""The canary for PySide6: some releases lose a reference to True at every emit and abort after some hundred."""

from __future__ import annotations

import sys
import tomllib

import pytest
from PySide6.QtCore import QObject, Signal

from tests.house import tree


class Canary(QObject):
    sang = Signal(bool)


# From Python 3.12 on True is immortal and its count says nothing: nothing to test there, hence no skip either.
if sys.version_info < (3, 12):

    @pytest.mark.parametrize("value", [True, False, None])
    def test_emitting_keeps_the_count_of_true(qapp, value):
        canary = Canary()
        heard = []
        canary.sang.connect(heard.append)
        before = sys.getrefcount(True)
        for _ in range(2000):
            canary.sang.emit(bool(value))
        after = sys.getrefcount(True)
        kept = sum(1 for each in heard if each is True)
        assert abs(after - before - kept) < 50


def test_the_pin_is_what_the_decision_says():
    project = tomllib.loads((tree.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pin = next(entry for entry in project["dependencies"] if entry.startswith("PySide6"))
    record = (tree.ROOT / "docs" / "decisions" / "0004-pyside6-6.9.3.md").read_text(encoding="utf-8")
    assert pin.partition("==")[2] in record.splitlines()[0]
