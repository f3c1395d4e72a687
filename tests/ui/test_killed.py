"""The counter's process is killed: nothing that it started is left, whatever each was at."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from app.config import Config, DeviceChoice, write_config
from app.desk import Desk
from app.start import close_desk

PATIENCE = 120.0  # seconds

# The counter with its window; beside it everything is asked that has a process, and two of them are lost in it.
COUNTER = """
import os, signal, sys, threading
from contextlib import suppress
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from app.config import read_config
from app.start import open_desk
from contract.problem import Problem
from devices.scanner import ScanProfile
from ui.main import build_counter
from ui.tasks import Post

def ask(desk):
    desk.devices.states()
    with suppress(Problem):
        desk.drawer.png(b"no PDF")
    os.kill(desk.drawer.pid, signal.SIGSTOP)  # the end of its stdin tells it nothing any more
    with suppress(Problem):
        for page, _ in desk.devices.scanner().scan(ScanProfile(dpi=50)):
            if page.n == 2:
                print("at work", flush=True)

application = QApplication(["tongban"])
desk = open_desk(read_config(Path(sys.argv[1])))
post = Post()
window = build_counter(desk, post, desk.config)
window.show()
post.send(lambda: ask(desk), lambda letter: None)
application.exec()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the parent's end reaches a hung process on Linux only")
def test_a_killed_counter_leaves_no_process(desk: Desk, tmp_path: Path) -> None:
    config = _with_devices(desk.config, tmp_path / "out")
    close_desk(desk)  # the store has one counter at a time
    write_config(config)
    counter = subprocess.Popen(
        [sys.executable, "-c", COUNTER, str(config.folder)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    )
    try:
        assert counter.stdout is not None
        assert counter.stdout.readline() == "at work\n"
        started = _below(counter.pid)
        assert len(started) == 6  # five drivers and the drawing process
    finally:
        counter.send_signal(signal.SIGKILL)
        counter.wait()
        counter.stdout.close()  # type: ignore[union-attr]
    end, pause = time.monotonic() + PATIENCE, threading.Event()
    while left := [pid for pid in started if _lives(pid)]:
        assert time.monotonic() < end, left
        pause.wait(0.02)


def _with_devices(config: Config, out: Path) -> Config:
    out.mkdir()
    options: dict[str, dict[str, Any]] = {
        "idcard": {"driver": "idcard/simulated"},
        "scanner": {"driver": "scanner/simulated", "options": {"behave": "hang_after_2"}},
        "receipt": {"driver": "printer/file", "options": {"folder": str(out)}},
        "a4": {"driver": "printer/file", "options": {"folder": str(out)}},
        "codes": {"driver": "codes/simulated"},
    }
    return config.model_copy(
        update={"devices": {role: DeviceChoice.model_validate(choice) for role, choice in options.items()}}
    )


def _below(pid: int) -> list[int]:
    """The processes that this one started and that live."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text(errors="replace").rpartition(")")[2].split()[1]
        except OSError:
            continue
        if int(parent) == pid and _lives(int(stat.parent.name)):
            found.append(int(stat.parent.name))
    return found


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
