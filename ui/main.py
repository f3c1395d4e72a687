"""Starting the counter: everything is built once, in the order in which it reads."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication, QWidget

from app.cases import lists
from app.config import Config, default_folder, read_config
from app.desk import Desk
from app.diagnostics import RecentLines
from app.problems import ProblemWords, words_for
from app.start import close_desk, open_desk
from contract.person import Clerk
from contract.problem import Problem, Retry
from ui.bugs import reporter
from ui.changes import ChangesHeard
from ui.collector import Collector
from ui.counter import Counter, Models
from ui.customer import Customer, other_screen
from ui.deeds import (
    case_deeds,
    counter_deeds,
    customer_deeds,
    device_deeds,
    intake_deeds,
    outbox_deeds,
    sign_in_deeds,
    today_deeds,
)
from ui.pages.cases.join import join_cases
from ui.pages.cases.model import CasesModel
from ui.pages.cases.view import CasesView
from ui.pages.customer.model import CustomerModel
from ui.pages.customer.view import CustomerView
from ui.pages.devices.join import join_devices
from ui.pages.devices.model import DevicesModel
from ui.pages.devices.view import DevicesView
from ui.pages.intake.join import join_intake
from ui.pages.intake.model import IntakeModel
from ui.pages.intake.view import IntakeView
from ui.pages.outbox.join import join_outbox
from ui.pages.outbox.model import OutboxModel
from ui.pages.outbox.view import OutboxView
from ui.pages.sign_in.model import SignInModel
from ui.pages.sign_in.view import SignInView
from ui.pages.today.model import TodayModel
from ui.pages.today.view import TodayView
from ui.shells.counter import CASE_COLUMNS, SEARCH_HINT, TODO_COLUMNS, CounterWindow
from ui.shells.customer import CustomerWindow
from ui.shells.stopped import StoppedDialog
from ui.tasks import Post
from ui.theme import wear
from ui.words import Language


def build_counter(desk: Desk, post: Post, config: Config, recent: RecentLines | None = None) -> CounterWindow:
    """The counter's window on a desk, with every page, ready to be shown. `window.counter` conducts it.

    `recent` is what a diagnostic file tells of the log. The caller keeps `post` until the window is closed, then closes
    it, and the desk after it.
    """
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    wear(application, config.theme)
    language = Language(application)
    language.use(config.language)
    sign_in_view, intake_view = SignInView(), IntakeView()
    todo_view = CasesView("待办", "", TODO_COLUMNS, "todo")
    pickup_view = CasesView("取件", "", TODO_COLUMNS, "pickup")
    search_view = CasesView("查询", SEARCH_HINT, CASE_COLUMNS, "search")
    outbox_view, devices_view, today_view = OutboxView(), DevicesView(), TodayView()
    views: dict[str, QWidget] = {
        "intake": intake_view,
        "todo": todo_view,
        "pickup": pickup_view,
        "search": search_view,
        "outbox": outbox_view,
        "devices": devices_view,
        "today": today_view,
    }
    window = CounterWindow(sign_in_view, views)

    def spoken() -> str:
        return language.name

    def who() -> Clerk:
        clerk: Clerk | None = window.counter.clerk
        if clerk is None:  # the screen was locked a moment ago
            raise Problem("signin.needed", Retry.AFTER_FIX)
        return clerk

    def cases(listed: Callable[[str, Clerk], Any], title: str, advice: str) -> CasesModel:
        return CasesModel(case_deeds(desk, listed), post, spoken, (title, advice), window)

    models = Models(
        sign_in=SignInModel(sign_in_deeds(desk), post, spoken, training=config.training, parent=window),
        intake=IntakeModel(intake_deeds(desk), post, spoken, window),
        todo=cases(lambda _, clerk: lists.todo(desk, clerk), "没有要办的", "补正、到期和可取的结果会出现在这里。"),
        pickup=cases(
            lambda _, clerk: tuple(one for one in lists.todo(desk, clerk) if one.why == "hand_over"),
            "没有等人来取的",
            "扫收件凭证上的二维码，可以打开那一件。",
        ),
        search=cases(lambda text, _: lists.find(desk, text), "还没有办件", "输入受理号、姓名或证件号码。"),
        outbox=OutboxModel(outbox_deeds(desk, who), post, spoken, desk.clock, window),
        devices=DevicesModel(device_deeds(desk, recent), post, spoken, window),
        today=TodayModel(today_deeds(desk), post, spoken, window),
    )
    models.sign_in.changed.connect(sign_in_view.render_state)
    sign_in_view.sign_in_wanted.connect(models.sign_in.sign_in)
    join_intake(intake_view, models.intake)
    for view, model in ((todo_view, models.todo), (pickup_view, models.pickup), (search_view, models.search)):
        join_cases(view, model)
    join_outbox(outbox_view, models.outbox)
    join_devices(devices_view, models.devices)
    models.today.changed.connect(today_view.render_state)
    counter = Counter(
        window,
        models,
        counter_deeds(desk),
        ChangesHeard(desk.store.on_change, window),
        post,
        language,
        config.training,
        config.theme,
        config.idle_lock_minutes,
    )
    for model in (models.todo, models.pickup, models.search):
        model.supplement_wanted.connect(partial(_supplement, counter))
    today_view.lock_wanted.connect(counter.lock)
    today_view.left_chosen.connect(models.today.choose)
    today_view.banner_read.connect(models.today.banner_read)
    models.today.draft_wanted.connect(counter.take_up)
    models.today.case_wanted.connect(partial(_look_at, counter))
    sign_in_view.language_wanted.connect(counter.next_language)
    sign_in_view.theme_wanted.connect(counter.next_theme)
    models.outbox.reopen_wanted.connect(partial(_reopen, counter))
    window.counter = counter
    facing = CustomerModel(customer_deeds(desk), post, spoken, window)
    customer = window.customer = Customer(
        window, CustomerWindow(CustomerView(), window), facing, models.intake, partial(other_screen, window)
    )
    counter.placed.connect(facing.place)
    counter.placed.connect(models.sign_in.show_place)
    window.closing.connect(customer.close)
    counter.start()
    customer.start()
    return window


def run(config: Config, recent: RecentLines | None = None) -> int:
    """The counter, from opening the desk to closing it. Returns the exit code."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("tongban")
    application.setApplicationDisplayName("通办")
    desk = open_desk(config)
    post = Post()
    collector = Collector(post)
    window = build_counter(desk, post, config, recent)
    collector.set_aside()
    sys.excepthook = reporter(window.counter.bug)
    threading.excepthook = lambda told: sys.excepthook(
        told.exc_type, told.exc_value or told.exc_type(), told.exc_traceback
    )
    try:
        desk.courier.start()
        window.setGeometry(application.primaryScreen().availableGeometry())  # where no window manager maximises
        window.showMaximized()
        return application.exec()
    finally:
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        window.close()
        post.close()
        close_desk(desk)
        collector.stop()


def _supplement(counter: Counter, case_id: str) -> None:
    """The case's materials, opened for what was asked for."""
    counter.show_page("intake")
    counter.models.intake.supplement_case(case_id)


def _reopen(counter: Counter, case_id: str) -> None:
    """An intake that the server refused, opened again where its trouble lies."""
    counter.show_page("intake")
    counter.models.intake.reopen_case(case_id)


def _look_at(counter: Counter, case_id: str) -> None:
    counter.show_page("search")
    counter.models.search.open(case_id)


def main(given: list[str] | None = None) -> int:
    """``python -m ui.main [--folder DIR]``."""
    parser = argparse.ArgumentParser(prog="tongban counter")
    parser.add_argument("--folder", type=Path, default=default_folder(), help="the station's folder")
    said = parser.parse_args(given)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    recent = RecentLines()
    logging.getLogger().addHandler(recent)
    config: Config | None = None
    try:
        config = read_config(said.folder)
        return run(config, recent)
    except Problem as problem:
        words = words_for(problem, config.language if config else "zh")
        sys.stderr.write(json.dumps(problem.to_wire(), ensure_ascii=False) + "\n")
        sys.stderr.write(f"{words.whole}\n")
        if _is_seen():
            show_why(words, config)
        return 1


def show_why(words: ProblemWords, config: Config | None) -> None:
    """Say on the screen why the counter does not open, until somebody has read it."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    wear(application, config.theme if config else "light")
    Language(application).use(config.language if config else "zh")
    StoppedDialog(words).exec()


def _is_seen() -> bool:
    """Whether there is a screen that somebody sits before."""
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    if chosen or sys.platform in ("win32", "darwin"):
        return chosen not in ("offscreen", "minimal")
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    raise SystemExit(main())
