"""Errands: what may block is done away from the GUI thread, and its outcome comes home to the page that asked.

One `Post` lives as long as the application. A worker thread holds the post, a ticket number and the work, never an
object of a page, so a page may die while its errand is under way.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from contract.problem import Problem

T = TypeVar("T")
TURN = 0.0005  # seconds that a worker keeps Python to itself when the GUI thread wants it; 5 ms is a third of a frame


@dataclass(frozen=True)
class Letter:
    """What a worker sends home: a value, or why there is none. The last one of its ticket says so."""

    value: Any = None
    error: BaseException | None = None
    last: bool = True


class Post(QObject):
    """Carries outcomes from worker threads to the GUI thread. Made once, closed after the last window.

    Signals:
        arrived: A ticket number and a Letter.
    """

    arrived = Signal(int, object)

    def __init__(self, threads: int = 8) -> None:
        super().__init__()
        self._interval = sys.getswitchinterval()
        sys.setswitchinterval(TURN)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="errand")
        self._numbers = itertools.count(1)
        self._hearers: dict[int, Callable[[Letter], None]] = {}
        self._stops: dict[int, threading.Event] = {}
        # Queued even where a worker were the GUI thread: nobody hears an answer before the question has returned.
        self.arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def send(self, work: Callable[[], object], hear: Callable[[Letter], None]) -> int:
        """Do `work` in a worker thread and have its outcome heard here. Returns the ticket."""
        ticket = next(self._numbers)
        self._hearers[ticket] = hear
        self._pool.submit(self._do, ticket, work)
        return ticket

    def send_stream(self, work: Callable[[threading.Event], Iterable[object]], hear: Callable[[Letter], None]) -> int:
        """Run through `work(stop)` in a worker thread; each thing it yields is heard as it comes."""
        ticket = next(self._numbers)
        self._hearers[ticket] = hear
        stop = self._stops[ticket] = threading.Event()
        self._pool.submit(self._do_stream, ticket, work, stop)
        return ticket

    def stop(self, ticket: int) -> None:
        """Ask a stream to end; what it yields until then is still heard."""
        if ticket in self._stops:
            self._stops[ticket].set()

    def forget(self, ticket: int) -> None:
        """Hear nothing more of this ticket. A stream is asked to end; other work goes on unheard."""
        self._hearers.pop(ticket, None)
        self.stop(ticket)

    def close(self) -> None:
        """End the streams and wait for what was sent: what is to be saved is saved. Nothing is heard any more."""
        self._hearers.clear()
        for stop in self._stops.values():
            stop.set()
        self._pool.shutdown(wait=True)
        sys.setswitchinterval(self._interval)

    def _do(self, ticket: int, work: Callable[[], object]) -> None:
        try:
            letter = Letter(work())
        except BaseException as error:  # carried home: a Problem to the page, anything else is raised there
            letter = Letter(error=error)
        self.arrived.emit(ticket, letter)

    def _do_stream(
        self, ticket: int, work: Callable[[threading.Event], Iterable[object]], stop: threading.Event
    ) -> None:
        try:
            for value in work(stop):
                self.arrived.emit(ticket, Letter(value, last=False))
            letter = Letter()
        except BaseException as error:
            letter = Letter(error=error)
        self.arrived.emit(ticket, letter)

    def _deliver(self, ticket: int, letter: Letter) -> None:
        if letter.last:
            self._stops.pop(ticket, None)
            hear = self._hearers.pop(ticket, None)
        else:
            hear = self._hearers.get(ticket)
        if hear is not None:
            hear(letter)
        elif letter.error is not None and not isinstance(letter.error, Problem):
            raise letter.error  # nobody waits for it any more, but a bug is a bug


class Tasks(QObject):
    """The errands of one page. Of several errands of one name only the latest is heard.

    Signals:
        busy: The names of the errands under way, as a frozenset.
    """

    busy = Signal(object)

    def __init__(self, post: Post, on_problem: Callable[[Problem], None], parent: QObject) -> None:
        super().__init__(parent)
        self._post, self._on_problem = post, on_problem
        self._open: dict[str, int] = {}
        self._waiting: dict[str, Callable[[], None]] = {}
        # A partial, not a method: when this is heard the Python half of this object may be gone.
        self.destroyed.connect(partial(_forget_all, post, self._open))

    def run(
        self,
        name: str,
        work: Callable[[], T],
        then: Callable[[T], None],
        on_problem: Callable[[Problem], None] | None = None,
    ) -> None:
        """Do `work` away from the GUI thread, then `then(value)` here, or the page's (or this errand's) on_problem."""
        self.drop(name)
        self._open[name] = self._post.send(work, partial(self._hear, name, then, None, on_problem))
        self.busy.emit(frozenset(self._open))

    def ask_again(
        self,
        name: str,
        work: Callable[[], T],
        then: Callable[[T], None],
        on_problem: Callable[[Problem], None] | None = None,
    ) -> None:
        """As `run`, for what is asked anew after every change: the asking under way is heard, this one comes after it.

        Of those that wait only the latest is kept. So something is heard also where changes come faster than answers.
        """
        if name in self._open:
            self._waiting[name] = partial(self.run, name, work, then, on_problem)
        else:
            self.run(name, work, then, on_problem)

    def stream(
        self,
        name: str,
        work: Callable[[threading.Event], Iterable[T]],
        each: Callable[[T], None],
        end: Callable[[], None],
        on_problem: Callable[[Problem], None] | None = None,
    ) -> None:
        """Run through `work(stop)`: `each` for everything it yields, then `end`, or a problem after some."""
        self.drop(name)
        self._open[name] = self._post.send_stream(work, partial(self._hear, name, each, end, on_problem))
        self.busy.emit(frozenset(self._open))

    def stop(self, name: str) -> None:
        """Ask a stream to end. It is heard to its end."""
        if name in self._open:
            self._post.stop(self._open[name])

    def drop(self, name: str) -> None:
        """Hear nothing more of this errand, nor of one that waits for it."""
        self._waiting.pop(name, None)
        if name in self._open:
            self._post.forget(self._open.pop(name))
            self.busy.emit(frozenset(self._open))

    def drop_all(self) -> None:
        """Hear nothing more of any errand."""
        for name in tuple(self._open):
            self.drop(name)

    def is_busy(self, name: str) -> bool:
        """Whether an errand of this name is under way."""
        return name in self._open

    def _hear(
        self,
        name: str,
        then: Callable[[Any], None],
        end: Callable[[], None] | None,
        on_problem: Callable[[Problem], None] | None,
        letter: Letter,
    ) -> None:
        if not letter.last:
            then(letter.value)
            return
        del self._open[name]
        if name in self._waiting:
            self._waiting.pop(name)()
        self.busy.emit(frozenset(self._open))
        if isinstance(letter.error, Problem):
            (on_problem or self._on_problem)(letter.error)
        elif letter.error is not None:
            raise letter.error
        elif end is not None:
            end()
        else:
            then(letter.value)


def _forget_all(post: Post, open_: dict[str, int], *_: object) -> None:
    for ticket in open_.values():
        post.forget(ticket)
