"""The station's store: everything that must outlive this process, encrypted, and nothing of it anywhere else.

It is opened here. What is in it is asked of its rooms: ``store.drafts`` is `app.store.drafts.Drafts`, and so on.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from pathlib import Path

import apsw

from app.clock import Clock, wall_clock
from app.store import cases, deeds, exchange, meta, numbers, packs, recovery, signing, station
from app.store.acts import Acts
from app.store.cases import Cases
from app.store.catalogue import Shelf
from app.store.database import Database, sync_folder
from app.store.drafts import Drafts
from app.store.exchange import Exchange
from app.store.faults import traced
from app.store.locks import SyncLock
from app.store.numbers import Numbers
from app.store.offset import Offset, Ticks, ticks_here
from app.store.outbox import Outbox
from app.store.packs import Packs
from app.store.pages import Pages
from app.store.papers import Papers
from app.store.ratings import Ratings
from app.store.rows import Changes, Standing
from app.store.station import OurStation
from app.store.tables import Tables
from app.store.uploads import Uploads
from app.store.verifiers import Verifiers
from contract.exchange import EnrolAnswer
from contract.problem import Problem, Retry

LOG = logging.getLogger(__name__)
DATABASE = "store.db"
PAGES = "pages"
SYNC_LOCK = "sync.lock"
RESERVE = 200 << 20  # bytes of disk that pages leave to the database


class Store:
    """One station's store. All methods, of its rooms too, block, may be called from any thread, and raise Problem.

    Any of them may raise ``store.disk_full``, ``store.disk_fault``, ``store.damaged``, ``store.busy`` and
    ``store.closed``. A method that writes has written durably when it returns; then `on_change`'s listeners are told.
    """

    def __init__(self, folder: Path, database: Database, clock: Clock, ticks: Ticks, reserve: int) -> None:
        self.folder = folder
        self._database = database
        self._clock = clock
        self._listeners: list[Callable[[Changes], None]] = []
        self._listeners_lock = threading.Lock()
        self._tables = tables = Tables(database, self._index, self.tell)
        self.station = OurStation(tables)
        self.offset = Offset(tables, clock, ticks)
        self.numbers = Numbers(tables)
        self.shelf = Shelf(database)
        self.packs = Packs(tables, self.station, clock)
        self.pages = Pages(tables, folder / PAGES, clock, reserve)
        self.drafts = Drafts(tables, clock)
        self.papers = Papers(tables)
        self.ratings = Ratings(tables, self.station)
        self.verifiers = Verifiers(tables)
        self.acts = Acts(tables, self.station, clock, self.offset)
        self.cases = Cases(tables, clock)
        self.uploads = Uploads(tables, clock)
        self.outbox = Outbox(tables)
        self.exchange = Exchange(tables, self.station, clock, self.offset)

    def _index(self, db: apsw.Connection, touched: set[str]) -> None:
        for case_id in sorted(touched):
            cases.index(db, case_id, self._clock())

    # --- opening ------------------------------------------------------------------------------------------------------

    @classmethod
    def open(
        cls,
        folder: Path,
        key: bytes,
        *,
        clock: Clock = wall_clock,
        ticks: Ticks = ticks_here,
        reserve: int = RESERVE,
        vfs: str = "",
    ) -> Store:
        """Open the store in a folder, making both where there is none.

        What a crash left behind is cleared away: `sending` waits again (unless another process is the syncer just
        now), half-written pages go.

        Args:
            folder: Where the store lives.
            key: Raw 256-bit key, from `app.store.keys.station_key`.
            clock: The station's clock, aware.
            ticks: The machine's own count of seconds.
            reserve: Bytes of disk that pages leave free.
            vfs: What the database writes through, for the power-cut replay (`database.connect`).

        Raises:
            Problem: ``store.key_wrong`` where the key does not fit, ``store.lost`` where there are pages but no
                database, ``store.newer`` where a newer program made it, ``store.damaged``.
        """
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_folder(folder.parent)
        pages = folder / PAGES
        pages.mkdir(mode=0o700, exist_ok=True)
        if not (folder / DATABASE).exists() and any(pages.iterdir()):
            raise Problem("store.lost", Retry.AFTER_FIX)
        store = cls(folder, Database(folder / DATABASE, key, vfs), clock, ticks, reserve)
        try:
            store._recover()
        except BaseException:
            store.close()
            raise
        return store

    def _recover(self) -> None:
        with self._tables.writing() as (db, _):
            meta.keep(db, "hash_key", secrets.token_bytes(32), replace=False)
        try:
            with self.sync_lock("start", patience=0), self._tables.writing() as (db, _):
                deeds.back_to_waiting(db)
        except Problem as problem:
            if problem.code not in ("sync.locked", "store.disk_full", "store.disk_fault"):  # it can be looked at
                raise
        self.pages.sweep()
        self._wrap_key()
        self.on_change(lambda changes: self._wrap_key() if changes.pack else None)

    def _wrap_key(self) -> None:
        """Keep the database's key a second time, for the city alone: a dead PC must not take its cases with it."""
        with self._tables.reading() as db:
            public = meta.find(db, "recovery_key")
        if public:
            try:
                recovery.keep_wrapped(self.folder, self._database.key, public.decode())
            except (OSError, ValueError) as fault:  # tried again at the next start
                LOG.error("the key could not be wrapped for the city: %s", traced(fault))

    def close(self) -> None:
        """Close it. Whoever uses it afterwards is told ``store.closed``."""
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def sync_lock(self, who: str, *, patience: float = 1.0) -> SyncLock:
        """Become the one syncer of this store, across processes.

        Args:
            who: What to tell others: ``window``, ``command line``. Never a person.
            patience: Seconds to wait for it: a process that is just starting holds it for a moment.

        Raises:
            Problem: ``sync.locked`` with the holder.
        """
        return SyncLock(self.folder / SYNC_LOCK, who, patience)

    def join(self, server_url: str, answer: EnrolAnswer) -> None:
        """Keep what the server answered to the enrolment, all of it or nothing. The pack may still be to come.

        Raises:
            Problem: ``pack.forged``; ``station.joined_elsewhere`` where acts done for another server are waiting.
        """
        if answer.pack is not None:
            signing.require_genuine(answer.pack, answer.server_public_key)
        with self._tables.writing() as (db, touched):
            old = station.read(db)
            if old is not None and old.id != answer.station:
                unsent = db.execute("select 1 from actions where standing != ? limit 1", (Standing.MATCHED,)).fetchone()
                if unsent is not None:
                    raise Problem("station.joined_elsewhere", Retry.AFTER_FIX)
                exchange.begin_anew(db)
                numbers.forget(db)  # they were given to the station that this was
            station.keep(db, server_url, answer)
            for block in answer.blocks:
                numbers.add(db, block)
            if answer.pack is not None:
                packs.keep(db, answer.pack, self._clock())
                touched.pack = True
            touched.line = True

    # --- changes ------------------------------------------------------------------------------------------------------

    def on_change(self, callback: Callable[[Changes], None]) -> Callable[[], None]:
        """Be told after every write, once, on the thread that wrote. Returns what ends it."""
        with self._listeners_lock:
            self._listeners.append(callback)

        def end() -> None:
            with self._listeners_lock:
                if callback in self._listeners:
                    self._listeners.remove(callback)

        return end

    def tell(self, changes: Changes) -> None:
        """Tell the listeners. A listener that fails is reported; the write it was told of stands."""
        with self._listeners_lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            try:
                listener(changes)
            except Exception as fault:
                LOG.error("a listener to the store's changes failed: %s", traced(fault))

    # --- whatever else ------------------------------------------------------------------------------------------------

    def remember(self, name: str, value: str) -> None:
        """Keep a small text under a name; an empty one forgets it."""
        with self._tables.writing() as (db, _):
            if value:
                db.execute("insert or replace into kv values (?, ?)", (name, value))
            else:
                db.execute("delete from kv where name = ?", (name,))

    def recall(self, name: str) -> str:
        """What was remembered under a name, or an empty text."""
        with self._tables.reading() as db:
            row = db.execute("select value from kv where name = ?", (name,)).fetchone()
        return "" if row is None else str(row[0])
