"""The thread that keeps talking with the server: one per store on the whole machine, never in a tight loop."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.store import Changes, Store
from app.store.faults import traced
from app.store.locks import SyncLock
from app.sync.failures import TROUBLE
from app.sync.line import Line
from app.sync.network import Told, Watch, watch_network
from app.sync.pace import LEAST, Bounds, Outcome, Pace, Signs, wait
from app.sync.ratings import send_ratings
from app.sync.reports import Reporter
from app.sync.round import one_round
from app.sync.uploads import Manner, Shrink, send_copies, send_one_batch
from contract.problem import Problem, Retry
from contract.report import StationReport

LOG = logging.getLogger(__name__)
THOROUGH_EVERY = 24 * 3600.0  # seconds between comparisons of what was matched before
KEEP_PAGES = timedelta(days=30)  # how long pages stay here after the server proved to hold them
KEEP_ORPHANS = timedelta(days=7)  # how long pages of drafts thrown away stay


@dataclass(frozen=True)
class LineState:
    """How it stands with the server.

    `waiting` and `held` count cases; `waiting` is everything whose digests are not equal yet, held ones left out.
    `since` is when the line came or went, `last_heard` when the server last answered a round, by the station's clock.
    `server_offset_ms` is None where the server's time is not known, also after the clock was set by hand.
    """

    online: bool = False
    since: datetime | None = None
    last_heard: datetime | None = None
    waiting: int = 0
    held: int = 0
    sending: bool = False
    server_offset_ms: int | None = None
    numbers_left: int | None = None  # None before the first look
    ratings: int = 0  # that wait; what they say is for nobody here
    problem: Problem | None = None  # why it is not online, or what is the matter although it is


class Courier:
    """Keeps one store and its server in agreement. What is done at the store wakes it by itself."""

    def __init__(
        self,
        store: Store,
        line: Line,
        clock: Callable[[], datetime],
        *,
        who: str = "window",
        bounds: Bounds | None = None,
        shrink: Shrink | None = None,
        report: Callable[[], StationReport | None] = lambda: None,
        chance: Callable[[], float] = random.random,
        watch: Callable[[Told], Watch | None] = watch_network,
    ) -> None:
        """Nothing happens before `start`.

        Args:
            store: The station's store.
            line: The line to its server.
            clock: The station's clock.
            who: What another process is told that wants to sync: ``window``, ``command line``.
            bounds: What pages may take of the line; without, all of it at any time.
            shrink: Makes a working copy (工作副本) of a page; it goes first where the line is bad and there is much;
                without it none are sent.
            report: How this station is, for the server; None while nobody has looked.
            chance: Random numbers from 0 to 1.
            watch: Who tells of a change of the network.
        """
        self.store = store
        self.line = line
        self._clock = clock
        self._who = who
        self._bounds = bounds or Bounds()
        self._chance = chance
        self._watch_network = watch
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._urgent = False
        self._moved = threading.Event()  # the network is not what it was
        self._watch: Watch | None = None
        self._thread: threading.Thread | None = None
        self._lock: SyncLock | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._state = LineState()
        self._thorough_at = 0.0
        self._signs = Signs()
        self._shrink = shrink
        self._reporter = Reporter(report, clock)
        self._copied: frozenset[str] = frozenset()  # pages of which working copies went, or have none

    @property
    def state(self) -> LineState:
        """How it stands now. Online is what answered the last time it was asked, while there is somebody to ask."""
        waiting, held = self.store.outbox.counts()
        state, thread = self._state, self._thread
        if thread is not None and not thread.is_alive():
            state = replace(state, online=False, sending=False, problem=Problem("sync.fault", Retry.AFTER_FIX))
        return replace(
            state,
            waiting=waiting - held,
            held=held,
            server_offset_ms=self.store.offset.ms(),
            numbers_left=sum(pool.left for pool in self.store.numbers.pools()),
            ratings=self.store.ratings.waiting(),
        )

    def start(self) -> None:
        """Begin. Raises Problem ``sync.locked`` where another process syncs this store."""
        if self._thread is not None:
            return
        self._lock = self.store.sync_lock(self._who)
        self._stop.clear()
        self._unsubscribe = self.store.on_change(self._changed)
        self._thread = threading.Thread(target=self._run, name="courier")
        self._thread.start()
        self._watch = self._watch_network(self._network_changed)

    def stop(self) -> None:
        """End, in the middle of an upload too; the server keeps what arrived of it."""
        if self._thread is None:
            return
        self._stop.set()
        self._wake.set()
        if self._watch is not None:
            self._watch.close()
        if self._unsubscribe is not None:
            self._unsubscribe()
        self._thread.join()
        self._thread = None
        self.line.close()
        if self._lock is not None:
            self._lock.close()

    def poke(self) -> None:
        """There is something to send: go at once, unless the server asked to be left alone."""
        self._wake.set()

    def retry_now(self) -> None:
        """A person wants it tried now, whatever the pace says."""
        self._urgent = True
        self._wake.set()

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _changed(self, changes: Changes) -> None:
        if changes.outbox and threading.current_thread() is not self._thread and self._has_news():
            self.poke()

    def _has_news(self) -> bool:
        return self.store.outbox.has_waiting() or bool(self.store.ratings.to_send())

    def _network_changed(self) -> None:
        """Says nothing about the server: it is asked, at once and as if it had never failed."""
        self._moved.set()
        self._wake.set()

    def _run(self) -> None:
        pace = Pace()
        try:
            while not self._stop.is_set():
                self._urgent = False
                self._wake.clear()
                if self._moved.is_set():
                    self._moved.clear()
                    self.line.close()  # connections over the way that was
                    pace = Pace(Outcome.LINE)
                outcome, retry_after = self._attempt(pace)
                pace = pace.after(outcome)
                self._sleep(wait(pace, self._chance(), retry_after), may_be_poked=outcome is not Outcome.BUSY)
        except Problem as problem:
            if problem.code != "store.closed":
                LOG.error("the courier ends: %s", problem.code)
        except Exception as fault:
            LOG.critical("the courier ends: %s", traced(fault))

    def _sleep(self, seconds: float, *, may_be_poked: bool) -> None:
        self._stop.wait(LEAST)
        end = time.monotonic() + seconds - LEAST
        while not self._stop.is_set() and (left := end - time.monotonic()) > 0:
            if self._moved.is_set() and may_be_poked:  # while pages went, perhaps
                return
            if self._wake.wait(left):
                if self._stop.is_set() or may_be_poked or self._urgent:
                    return
                self._wake.clear()

    def _attempt(self, pace: Pace) -> tuple[Outcome, float]:
        """One try. Returns how it ended, and what the server asked for in seconds."""
        try:
            self._say(replace(self._state, sending=True))
            if pace.outcome is Outcome.LINE or (pace.outcome is Outcome.IDLE and self._has_news()):
                self.line.probe()  # a silent server is found out before a long wait for it
            outcome = self._talk()
            self._say(replace(self._state, sending=False))
            return outcome, 0.0
        except Problem as problem:
            if problem.code == "store.closed":
                raise
            return self._failed(problem)
        except Exception as fault:  # a bug of ours: nothing is lost, and nothing is hammered
            LOG.error("a round failed: %s", traced(fault))
            return self._failed(Problem("sync.fault", Retry.AGAIN))

    def _talk(self) -> Outcome:
        thorough = time.monotonic() >= self._thorough_at
        result = one_round(self.store, self.line, self._clock, thorough=thorough)
        if thorough:
            self._thorough_at = time.monotonic() + THOROUGH_EVERY
            self._tidy()
        self._heard(result.problem)
        self._copied |= result.copied
        if result.more:
            return Outcome.MORE
        send_ratings(self.store, self.line)
        self._reporter.send(self.line)
        if self._send_pages():
            return Outcome.MORE
        waiting, held = self.store.outbox.counts()
        return Outcome.SETTLING if waiting > held else Outcome.IDLE

    def _send_pages(self) -> bool:
        """Batch after batch, until there is none or something more urgent. Whether any went."""
        any_went = False
        while True:
            self._signs = replace(self._signs, round_trip=self.line.round_trip)
            manner = Manner.fitting(self._signs, self._bounds, self._clock())
            manner = replace(manner, interrupted=self._is_interrupted, pause=self._stop.wait)
            try:
                self._send_copies()
                sent = send_one_batch(self.store, self.line, manner)
            except Problem as problem:
                self._signs = self._signs.after_cut() if problem.code in TROUBLE else self._signs
                raise
            if sent is not None and not manner.bytes_per_second:
                self._signs = self._signs.after_pages(sent.bytes, sent.seconds, len(sent.again))
            any_went = any_went or sent is not None
            if sent is None or not sent.more or self._is_interrupted():
                return any_went

    def _send_copies(self) -> None:
        if self._shrink is not None and self._signs.is_bad:
            rate = self._signs.expected_rate
            self._copied |= send_copies(
                self.store, self.line, self._copied, self._shrink, rate=rate, interrupted=self._is_interrupted
            )

    def _tidy(self) -> None:
        now = self._clock()
        self.store.pages.drop_matched(now - KEEP_PAGES)
        self.store.pages.drop_orphans(now - KEEP_ORPHANS)

    def _is_interrupted(self) -> bool:
        """Pages stand back when the program ends, or when an act waits: a case goes before its pages."""
        if self._stop.is_set():
            return True
        if self._wake.is_set():
            if self.store.outbox.has_waiting():
                return True
            self._wake.clear()
        return False

    def _heard(self, problem: Problem | None) -> None:
        now = self._clock()
        since = self._state.since if self._state.online else now
        self._say(LineState(online=True, since=since, last_heard=now, sending=True, problem=problem))

    def _failed(self, problem: Problem) -> tuple[Outcome, float]:
        is_line = problem.code in TROUBLE
        online = self._state.online and not is_line
        since = self._state.since if online == self._state.online and self._state.since else self._clock()
        self._say(replace(self._state, online=online, since=since, sending=False, problem=problem))
        if problem.code == "server.busy":
            said = problem.facts.get("retry_after", "0")
            return Outcome.BUSY, float(said) if said.isdigit() else 0.0
        if is_line or problem.retry is Retry.AGAIN or problem.code.startswith("store."):  # a disk may be well again
            return Outcome.LINE, 0.0
        return Outcome.REFUSED, 0.0

    def _say(self, state: LineState) -> None:
        if state != self._state:
            self._state = state
            self.store.tell(Changes(line=True))
