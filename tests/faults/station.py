"""The programs of a station, as processes that may be killed at any moment: window, uploader, the window beside it.

Each says over a pipe what is durable, after it is; whoever runs the day believes the pipe, not the store.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from app.store import Changes, Store
from app.sync.courier import Courier
from app.sync.line import Line
from app.sync.once import sync_once
from contract.case import Action, Author
from contract.problem import Problem
from tests.fakes.window import Window

RESERVE = 2 << 20  # bytes of the small disk that pages leave to the database
PATIENCE = 2.0  # seconds for an answer of the server
WHERE_ARE_YOU = signal.SIGUSR1
"""Has a process write where each of its threads is to standard error."""
TOLD = {
    *("case.not_allowed", "case.held_back", "case.void_too_late", "case.correct_too_late", "case.out_of_order"),
    *("store.disk_full", "store.disk_fault", "numbers.none_left"),
}
"""What a clerk may be told on such a day; the act was not done then."""


@dataclass(frozen=True)
class Orders:
    """What one process is to do."""

    folder: Path
    temporary: Path
    key: bytes
    url: str
    seed: int
    authors: tuple[Author, ...]
    intakes: int
    courier: bool
    pause: float
    shift: float
    jump: int  # the intake before which somebody sets the clock to the other side of the truth; 0 is never

    def __repr__(self) -> str:
        return f"Orders({self.seed})"


class Clock:
    """A clock that is off, and that somebody may set."""

    def __init__(self, shift: float) -> None:
        self.shift = shift

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.shift)


class Pipe:
    """A pipe that several threads may speak into."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, *words: Any) -> None:
        with self._lock:
            self._connection.send(words)

    def is_over(self, patience: float | None) -> bool:
        """Whether the day is over, asked for so many seconds (None: until it is)."""
        try:
            return self._connection.poll(patience)
        except (EOFError, OSError):
            return True


class _Bugs(logging.Handler):
    """Whatever the program itself calls an error is a fault of the day."""

    def __init__(self, pipe: Pipe) -> None:
        super().__init__()
        self._pipe = pipe

    def emit(self, record: logging.LogRecord) -> None:
        self._pipe.send("bug", record.getMessage())


def window(orders: Orders, connection: Connection) -> None:
    """A clerk takes in cases, corrects some and voids some; the courier talks, if it is this process's to."""
    pipe = Pipe(connection)
    chance, clock = random.Random(orders.seed), Clock(orders.shift)
    with _open(orders, clock, pipe) as store:
        _tell_what_moves(store, pipe)
        courier = _courier(store, orders, clock, pipe) if orders.courier else None
        begun: list[str] = [row.case_id for row in store.cases.recent(100)]
        count = 0
        while count < orders.intakes:
            if orders.jump and count == orders.jump:
                clock.shift = -orders.shift or 86_400.0
            at_work = Window(store, chance.choice(orders.authors), seed=chance.randrange(1 << 30))
            if begun and chance.random() < 0.25:
                _act(at_work, begun, chance, pipe)
                continue
            acts = _told(pipe, lambda at_work=at_work: _intake(at_work, chance))  # type: ignore[misc]
            if acts:
                _said(pipe, acts, "intake")
                begun.append(acts[0].case_id)
                count += 1
            time.sleep(orders.pause if acts else 0.05)  # the clerk breathes; the courier gets its turn
        pipe.send("done")
        pipe.is_over(None)
        if courier is not None:
            courier.stop()


def _intake(at_work: Window, chance: random.Random) -> list[Action]:
    size = min(int(chance.lognormvariate(9.0, 1.2)) + 50, 3_000_000)
    acts = at_work.begin(pages=chance.choice((1, 1, 2, 3)), size=size)
    at_work.store.acts.did(acts)
    return acts


def _act(at_work: Window, cases: list[str], chance: random.Random, pipe: Pipe) -> None:
    case_id = chance.choice(cases)
    void = chance.random() < 0.3
    phone = f"0574-{chance.randrange(10**8):08d}"
    act = _told(pipe, lambda: [at_work.void(case_id) if void else at_work.correct(case_id, phone)])
    if act:
        _said(pipe, act, "act")


def _tell_what_moves(store: Store, pipe: Pipe) -> None:
    """Each change that the courier brings about; those of the clerk are said as what they are."""

    def changed(changes: Changes) -> None:
        if changes.outbox and threading.current_thread() is not threading.main_thread():
            pipe.send("moved")

    store.on_change(changed)


def _told(pipe: Pipe, deed: Callable[[], list[Action]]) -> list[Action]:
    try:
        return deed()
    except Problem as problem:
        if problem.code not in TOLD:
            raise
        pipe.send("told", problem.code)
        return []


def _said(pipe: Pipe, acts: list[Action], what: str) -> None:
    pipe.send(what, [(act.case_id, act.id, act.author.id) for act in acts])


def rival(orders: Orders, connection: Connection) -> None:
    """The window beside it: acts on the cases that the feed brings, without asking anybody."""
    pipe = Pipe(connection)
    chance, clock = random.Random(orders.seed), Clock(0.0)
    with _open(orders, clock, pipe) as store:
        courier = _courier(store, orders, clock, pipe)
        pipe.send("done")
        while not pipe.is_over(0.03):
            cases = [row.case_id for row in store.cases.recent(30)]
            if cases:
                at_work = Window(store, chance.choice(orders.authors), seed=chance.randrange(1 << 30))
                _act(at_work, cases, chance, pipe)
        if courier is not None:
            courier.stop()


def uploader(orders: Orders, connection: Connection) -> None:
    """What a script does: one sitting of the syncer after the other, beside the window."""
    pipe = Pipe(connection)
    clock = Clock(orders.shift)
    with _open(orders, clock, pipe) as store:
        line = _line(store, orders, clock)
        store.on_change(lambda changes: pipe.send("moved") if changes.outbox else None)
        pipe.send("done")
        while not pipe.is_over(0.05):
            try:
                sync_once(store, line, clock, "command line")
            except Problem as problem:
                pipe.send("told", problem.code)
        line.close()


def _open(orders: Orders, clock: Clock, pipe: Pipe) -> Store:
    """As soon as the disk lets it be opened."""
    faulthandler.enable()
    faulthandler.register(WHERE_ARE_YOU)
    logging.basicConfig(handlers=[_Bugs(pipe)], level=logging.ERROR, force=True)
    os.environ["TMPDIR"] = str(orders.temporary)
    while True:
        try:
            return Store.open(orders.folder, orders.key, clock=clock, reserve=RESERVE)
        except Problem as problem:
            if problem.code not in ("store.disk_full", "store.disk_fault", "store.busy"):
                raise
            pipe.send("told", problem.code)
            time.sleep(0.05)


def _line(store: Store, orders: Orders, clock: Clock) -> Line:
    return Line(orders.url, store.station, clock=clock, patience=PATIENCE)


def _courier(store: Store, orders: Orders, clock: Clock, pipe: Pipe) -> Courier | None:
    courier = Courier(store, _line(store, orders, clock), clock, chance=lambda: 0.05)
    while True:
        try:
            courier.start()
            return courier
        except Problem as problem:  # the uploader holds the lock just now
            if problem.code != "sync.locked":
                raise
            if pipe.is_over(0.02):
                return None
