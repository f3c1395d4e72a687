"""Errands: done elsewhere, heard here, the latest of a name only, a bug never swallowed, a dead page never called."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QObject

from contract.problem import Problem, Retry
from ui.tasks import Post, Tasks

Until = Callable[[Callable[[], object]], None]


def test_work_is_done_elsewhere_and_heard_in_the_gui_thread(post: Post, until: Until) -> None:
    heard: list[tuple[Any, threading.Thread]] = []
    page = QObject()
    tasks = Tasks(post, lambda _: None, page)

    tasks.run("ask", threading.current_thread, lambda worker: heard.append((worker, threading.current_thread())))

    until(lambda: heard)
    worker, here = heard[0]
    assert worker is not here and here is threading.main_thread()
    assert not tasks.is_busy("ask")


def test_a_problem_goes_to_the_page(post: Post, until: Until) -> None:
    problems: list[Problem] = []
    page = QObject()
    tasks = Tasks(post, problems.append, page)

    def work() -> None:
        raise Problem("idcard.absent", Retry.AGAIN)

    tasks.run("ask", work, lambda _: None)

    until(lambda: problems)
    assert problems[0].code == "idcard.absent"


def test_a_problem_goes_to_who_asked_where_somebody_did(post: Post, until: Until) -> None:
    general: list[Problem] = []
    own: list[Problem] = []
    page = QObject()

    def work() -> None:
        raise Problem("idcard.absent", Retry.AGAIN)

    Tasks(post, general.append, page).run("ask", work, lambda _: None, own.append)

    until(lambda: own)
    assert not general


def test_a_bug_is_raised_loudly_here(post: Post, until: Until, qtbot: Any) -> None:
    page = QObject()
    tasks = Tasks(post, lambda _: None, page)

    def work() -> None:
        raise ZeroDivisionError

    with qtbot.captureExceptions() as raised:
        tasks.run("ask", work, lambda _: None)
        until(lambda: raised)
    assert raised[0][0] is ZeroDivisionError


def test_a_bug_nobody_waits_for_is_raised_too(post: Post, until: Until, qtbot: Any) -> None:
    gate = threading.Event()
    page = QObject()
    tasks = Tasks(post, lambda _: None, page)

    def work() -> None:
        gate.wait(10)
        raise ZeroDivisionError

    with qtbot.captureExceptions() as raised:
        tasks.run("ask", work, lambda _: None)
        tasks.drop("ask")
        gate.set()
        until(lambda: raised)


def test_only_the_latest_of_a_name_is_heard(post: Post, until: Until) -> None:
    first, heard = threading.Event(), []
    page = QObject()
    tasks = Tasks(post, lambda _: None, page)

    def slow() -> str:
        first.wait(10)
        return "old"

    tasks.run("search", slow, heard.append)
    tasks.run("search", lambda: "new", heard.append)
    until(lambda: heard)
    first.set()
    done: list[object] = []
    tasks.run("after", lambda: None, done.append)
    until(lambda: done)

    assert heard == ["new"]


def test_what_is_asked_again_and_again_is_heard_while_it_is(post: Post, until: Until) -> None:
    """Changes that come faster than answers neither silence the page nor pile up questions."""
    gates = [threading.Event() for _ in range(3)]
    asked: list[int] = []
    heard: list[int] = []
    page = QObject()
    tasks = Tasks(post, lambda _: None, page)

    def ask(number: int) -> int:
        asked.append(number)
        gates[len(asked) - 1].wait(10)
        return number

    for number in range(100):
        tasks.ask_again("list", partial(ask, number), heard.append)
    gates[0].set()
    until(lambda: heard == [0])
    for number in range(100, 200):
        tasks.ask_again("list", partial(ask, number), heard.append)
    for gate in gates:
        gate.set()
    until(lambda: not tasks.is_busy("list"))

    assert asked == heard == [0, 99, 199]


def test_a_new_question_is_not_answered_with_what_was_asked_before(post: Post, until: Until) -> None:
    gate, heard = threading.Event(), []
    page = QObject()
    tasks = Tasks(post, lambda _: None, page)
    tasks.run("list", lambda: gate.wait(10), heard.append)
    tasks.ask_again("list", lambda: "the same again", heard.append)
    tasks.drop("list")
    tasks.ask_again("list", lambda: "other words", heard.append)
    until(lambda: heard)
    gate.set()
    done: list[object] = []
    tasks.run("after", lambda: None, done.append)
    until(lambda: done)

    assert heard == ["other words"]


def test_a_page_may_die_before_its_errand(post: Post, until: Until) -> None:
    gate, heard = threading.Event(), []
    page = QObject()
    tasks = Tasks(post, lambda _: None, page)
    tasks.run("ask", lambda: gate.wait(10), heard.append)

    page.deleteLater()
    QCoreApplication.sendPostedEvents(page, QEvent.Type.DeferredDelete.value)
    gate.set()
    other = QObject()
    done: list[object] = []
    Tasks(post, lambda _: None, other).run("after", lambda: None, done.append)
    until(lambda: done)

    assert not heard


def test_many_pages_die_under_many_errands(post: Post, until: Until) -> None:
    heard: list[int] = []
    for number in range(200):
        page = QObject()
        Tasks(post, lambda _: None, page).run("ask", lambda n=number: n, heard.append)
        if number % 2:
            page.deleteLater()
            QCoreApplication.sendPostedEvents(page, QEvent.Type.DeferredDelete.value)
    kept = QObject()
    done: list[object] = []
    Tasks(post, lambda _: None, kept).run("after", lambda: None, done.append)
    until(lambda: done)


def test_a_stream_is_heard_piece_by_piece(post: Post, until: Until) -> None:
    heard: list[int] = []
    ended: list[bool] = []
    page = QObject()
    tasks = Tasks(post, lambda _: None, page)

    tasks.stream("scan", lambda stop: iter(range(5)), heard.append, lambda: ended.append(True))

    until(lambda: ended)
    assert heard == [0, 1, 2, 3, 4]


def test_a_stopped_stream_ends_and_is_heard_to_its_end(post: Post, until: Until) -> None:
    heard: list[int] = []
    ended: list[bool] = []
    page = QObject()
    tasks = Tasks(post, lambda _: None, page)

    def work(stop: threading.Event) -> Iterator[int]:
        yield 1
        stop.wait(10)
        yield 2

    tasks.stream("scan", work, heard.append, lambda: ended.append(True))
    until(lambda: heard)
    tasks.stop("scan")
    until(lambda: ended)

    assert heard == [1, 2]


def test_what_came_before_a_problem_is_heard(post: Post, until: Until) -> None:
    heard: list[int] = []
    problems: list[Problem] = []
    page = QObject()

    def work(stop: threading.Event) -> Iterator[int]:
        yield 1
        raise Problem("scanner.jam", Retry.AFTER_FIX)

    Tasks(post, problems.append, page).stream("scan", work, heard.append, lambda: None)

    until(lambda: problems)
    assert heard == [1]


def test_closing_ends_streams_and_waits_for_workers() -> None:
    post = Post()
    page = QObject()
    begun = threading.Event()

    def work(stop: threading.Event) -> Iterator[int]:
        begun.set()
        stop.wait(10)
        yield 1

    Tasks(post, lambda _: None, page).stream("wait", work, lambda _: None, lambda: None)
    assert begun.wait(10)
    post.close()

    assert not [thread for thread in threading.enumerate() if thread.name.startswith("errand")]


def test_canary_emitting_keeps_its_hands_off_true(post: Post, until: Until) -> None:
    """PySide6 6.12.0 on Python 3.11 loses a reference to True at every emit and aborts after some hundred."""
    before = sys.getrefcount(True)
    heard: list[object] = []
    page = QObject()
    tasks = Tasks(post, lambda _: None, page)
    for number in range(300):
        tasks.run(f"ask {number}", lambda: True, heard.append)
    until(lambda: len(heard) == 300)
    heard.clear()
    assert sys.getrefcount(True) >= before - 5
