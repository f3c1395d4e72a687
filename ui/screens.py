"""Pictures of every page with invented states, for looking at: ``python -m ui.screens --out DIR --size 1920x1080``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication, QEvent, QSize
from PySide6.QtWidgets import QApplication, QWidget

from ui import invented
from ui.pages.cases.view import CasesView
from ui.pages.devices.view import DevicesView
from ui.pages.intake.view import IntakeView
from ui.pages.outbox.view import OutboxView
from ui.pages.sign_in.view import SignInView
from ui.pages.today.view import TodayView
from ui.shells.counter import CASE_COLUMNS, SEARCH_HINT, TODO_COLUMNS, CounterWindow
from ui.theme import wear
from ui.words import Language


def pictures(size: QSize, only: str = "") -> Iterator[tuple[str, CounterWindow]]:
    """The window in every state, by name. It is one window; save it before asking for the next."""
    sign_in, intake = SignInView(), IntakeView()
    todo = CasesView("待办", "", TODO_COLUMNS, "todo")
    pickup = CasesView("取件", "", TODO_COLUMNS, "pickup")
    search = CasesView("查询", SEARCH_HINT, CASE_COLUMNS, "search")
    outbox, devices, today = OutboxView(), DevicesView(), TodayView()
    views: dict[str, QWidget] = {
        "intake": intake,
        "todo": todo,
        "pickup": pickup,
        "search": search,
        "outbox": outbox,
        "devices": devices,
        "today": today,
    }
    window = CounterWindow(sign_in, views)
    window.resize(size)
    window.show()
    window.activateWindow()
    for name, state in invented.window.SIGN_IN.items():
        if only in name:
            sign_in.render_state(state)
            window.show_page("")
            yield name, window
    window.render_state(invented.window.bar())
    window.show_page("intake")
    for name, intake_state in invented.intake.states().items():
        if only in name:
            lost = name == "intake-4-camera-lost"
            intake.materials.camera.render_state(
                invented.materials.CAMERA_LOST if lost else invented.materials.camera()
            )
            intake.render_state(intake_state)
            yield name, window
    for name, cases in invented.cases.CASES.items():
        if only in name:
            key = name.partition("-")[0]
            {"todo": todo, "pickup": pickup, "search": search}[key].render_state(cases)
            window.show_page(key)
            yield name, window
    window.render_state(invented.window.bar_offline())
    today.render_state(invented.window.TODAY)
    for name, outbox_state in invented.outbox.OUTBOX.items():
        if only in name:
            outbox.render_state(outbox_state)
            window.show_page("outbox")
            window.focus_page()
            yield name, window
    for name, page in (("devices", "devices"), ("devices-printer", "devices"), ("today", "today")):
        if only in name:
            devices.render_state(invented.window.DEVICES if name == page else invented.window.DEVICES_PRINTER)
            window.show_page(page)
            window.focus_page()
            yield name, window
    window.close()
    window.deleteLater()
    settle()


def settle() -> None:
    """Let layouts, focus and painting come to rest."""
    for _ in range(4):
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def main() -> int:
    """Write the pictures."""
    parser = argparse.ArgumentParser(prog="python -m ui.screens")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--theme", default="light", choices=("light", "contrast", "large"))
    parser.add_argument("--language", default="zh", choices=("zh", "en"))
    parser.add_argument("--only", default="", help="a part of the picture's name")
    said = parser.parse_args()
    width, _, height = said.size.partition("x")
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    wear(application, said.theme)
    Language(application).use(said.language)
    said.out.mkdir(parents=True, exist_ok=True)
    for name, window in pictures(QSize(int(width), int(height)), said.only):
        settle()
        window.grab().save(str(said.out / f"{name}.png"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
