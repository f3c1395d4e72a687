"""A counter that cannot open says why where somebody looks: on the screen, not only in a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QDialog, QLabel

from app.problems import words_for
from contract.problem import Problem
from ui.hands import Hands
from ui.main import show_why

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("code", ["store.key_missing", "store.key_wrong", "store.damaged", "sync.locked"])
def test_why_it_does_not_open_stands_on_the_screen_until_it_is_read(code: str, qapp: QApplication, qtbot: Any) -> None:
    words, seen = words_for(Problem(code, keeper="TPM2", holder="window"), "zh"), list[set[str]]()

    def read() -> None:
        dialog = qapp.activeModalWidget()
        assert isinstance(dialog, QDialog)
        seen.append({label.text() for label in dialog.findChildren(QLabel)})
        Hands(dialog).press("Return")

    QTimer.singleShot(0, read)
    show_why(words, None)
    assert len(seen) == 1 and {words.title, words.remedy, code} <= seen[0]


def test_without_a_screen_it_is_said_on_standard_error(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "ui.main", "--folder", str(tmp_path)],
        cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    first, words, *_ = ran.stderr.splitlines()
    assert (ran.returncode, json.loads(first)["code"]) == (1, "config.absent") and words
