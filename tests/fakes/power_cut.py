"""A clerk's day on the station's real store, and what of it must be there after a cut at any moment of it.

After each write of the store all rows of all tables are digested. After a cut the store must hold exactly what it held
after the last write that was acknowledged, or after the one that was under way: nothing lost, nothing half, nothing
else. And every page that a row names must be on the disk, byte for byte.
"""

from __future__ import annotations

import hashlib
import random
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path

import apsw

from app.store import GivenUp, Paper, Standing, Store
from app.store.database import Database, connect, migrate
from contract.case import case_digest, pages_of
from contract.exchange import Answer, CaseWord, Told, Verdict
from contract.problem import Problem
from contract.wire import sha256
from tests.fakes.cut_disk import CutDisk, Entry, Kept, Replay, lay_out
from tests.fakes.window import Window, join_demo

DATABASE = "store.db"
PAGES = "pages/"
THOROUGH = 50  # of so many states one is opened by the whole program and worked on


class End(StrEnum):
    """What became of the store."""

    WHOLE = "whole"
    LOST = "lost"  # something acknowledged is not there
    CORRUPT = "corrupt"  # it does not open, or holds what was never there
    NO_PAGE = "no page"  # a row names a page that is not there, or not whole


@dataclass(frozen=True)
class Mark:
    """What the store held when a write had been acknowledged: after so many lines of the log."""

    at: int
    rows: bytes
    acts: int


@dataclass(frozen=True)
class Day:
    """A day as it was written down."""

    key: bytes
    log: list[Entry]
    marks: list[Mark]
    pages: dict[str, bytes]  # by the name of the file, as they were when they got it


@dataclass
class Tally:
    """How many states ended how."""

    ends: dict[End, int] = field(default_factory=lambda: dict.fromkeys(End, 0))
    acts_lost: int = 0
    most_lost: int = 0
    thorough: int = 0

    @property
    def states(self) -> int:
        return sum(self.ends.values())

    def add(self, other: Tally) -> None:
        for end, count in other.ends.items():
            self.ends[end] += count
        self.acts_lost += other.acts_lost
        self.most_lost = max(self.most_lost, other.most_lost)
        self.thorough += other.thorough


def rows_digest(db: apsw.Connection) -> tuple[bytes, int]:
    """A digest of every row there is, and how many acts."""
    found = hashlib.sha256()
    tables = db.execute("select name from sqlite_master where type = 'table' order by name").fetchall()
    for (table,) in tables:
        found.update(f"\0{table}\0".encode())
        for row in db.execute(f'select * from "{table}"'):
            found.update(repr(row).encode())
    (acts,) = db.execute("select count(*) from actions").fetchone() or (0,)
    return found.digest(), int(acts)


def live(folder: Path, seed: int, deeds: int = 40, *, synchronous: str = "full", checkpoint: int = 1000) -> Day:
    """A day of so many deeds in an empty folder.

    Args:
        folder: Where the store is made.
        seed: What is done, in which order.
        deeds: How much is done.
        synchronous: As SQLite calls it; the product's is full.
        checkpoint: Pages of the write-ahead log after which it is copied back; the product's is SQLite's, 1000.
    """
    disk, key = CutDisk(folder), secrets.token_bytes(32)
    marks: list[Mark] = []
    with disk.recording(), _marking(disk, marks), Store.open(folder, key, vfs=disk.vfs, reserve=0) as store:
        store._database._writer.pragma("synchronous", synchronous)
        store._database._writer.pragma("wal_autocheckpoint", checkpoint)
        join_demo(store, last=100_000)
        work(store, random.Random(seed), deeds)
    return Day(key, disk.log, marks, _pages(disk.log))


@contextmanager
def _marking(disk: CutDisk, marks: list[Mark]) -> Iterator[None]:
    """Digest the rows after each transaction that was acknowledged."""
    writing = Database.writing

    @contextmanager
    def marked(database: Database) -> Iterator[apsw.Connection]:
        with writing(database) as db:
            yield db
        marks.append(Mark(len(disk.log), *rows_digest(db)))

    Database.writing = marked  # type: ignore[method-assign]
    try:
        yield
    finally:
        Database.writing = writing  # type: ignore[method-assign]


@cache
def _empty() -> bytes:
    """What a store holds that was just made."""
    db = apsw.Connection(":memory:")
    migrate(db)
    return rows_digest(db)[0]


def work(store: Store, chance: random.Random, deeds: int) -> None:
    """What clerks and the server's answers do to a store, in any order."""
    window = Window(store, seed=chance.randrange(1 << 30))
    mine: list[str] = []

    def take_in() -> None:
        draft = store.acts.new_id()
        store.drafts.save(draft, window.author.id, "t", "{}")
        acts = window.begin(pages=chance.randrange(1, 3), size=chance.randrange(100, 20_000))
        store.acts.did(acts, drop_draft=draft)
        mine.append(acts[0].case_id)

    def change() -> None:
        standing = [case_id for case_id in mine if store.cases.shown(case_id)[0] is not None]  # not set aside
        if standing:
            try:
                chance.choice((window.correct, window.void))(chance.choice(standing))
            except Problem as problem:
                if problem.code not in ("case.not_allowed", "case.held_back"):
                    raise

    def keep() -> None:
        store.drafts.save(f"d{chance.randrange(5)}", window.author.id, "t", str(chance.random()))
        store.remember("theme", str(chance.random()))
        case_id = chance.choice(mine) if mine else "-"
        store.papers.keep(Paper(case_id, "receipt", "1", "0" * 64, "done", False, datetime.now(UTC)))

    def talk() -> None:
        sent = list(store.exchange.begin_sending())
        if chance.random() < 0.2:
            return store.exchange.give_back(sent)
        told, words = {}, {}
        for case_id in dict.fromkeys(out.case_id for out in sent):
            refused = chance.random() < 0.1
            verdict = Verdict.REFUSED if refused else Verdict.DONE
            told.update({out.id: Told(verdict=verdict) for out in sent if out.case_id == case_id})
            if not refused:
                acts = [deed.action for deed in store.acts.of_case(case_id) if not deed.aside]
                words[case_id] = CaseWord(digest=case_digest(acts, pages_of(acts)))
        now = datetime.now(UTC)
        answer = Answer(server_time=now, told=told, words=words)
        store.exchange.hear(sent, answer, cursor=0, asked_at=now, took=timedelta())

    def tidy() -> None:
        for row in store.outbox.by_case():
            if row.standing is Standing.HELD:
                if chance.random() < 0.5:
                    store.outbox.release(row.case_id)
                else:
                    given_up = GivenUp(author=window.author, at=datetime.now(UTC), reason="重复")
                    store.outbox.set_aside(row.case_id, given_up)
        store.pages.drop_matched(datetime.now(UTC) + timedelta(days=1))
        store.pages.put(chance.randbytes(500))
        if chance.random() < 0.3:
            store.pages.drop_orphans(datetime.now(UTC) + timedelta(days=1))

    for _ in range(deeds):
        chance.choices((take_in, change, keep, talk, tidy), (5, 3, 1, 2, 1))[0]()


def _pages(log: list[Entry]) -> dict[str, bytes]:
    """What each page's file held when it got its name."""
    replay, pages = Replay(log), {}
    for at, entry in enumerate(log):
        if entry.what == "rename" and entry.to.startswith(PAGES):
            replay.forward(at + 1)
            pages[entry.to] = replay.image(Kept.ALL, random.Random(0))[entry.to]
    return pages


def cut(
    day: Day, scratch: Path, states: int, seed: int, *, is_ignored: Callable[[Entry], bool] = lambda entry: False
) -> Tally:
    """Cut the power so many times at random moments of a day, and look at each disk.

    Args:
        day: The day.
        scratch: A folder that is used for the images, best in memory.
        states: How many cuts.
        seed: Which.
        is_ignored: Lines of the log that did not happen: to see that what they are for is noticed.
    """
    chance, tally = random.Random(seed), Tally()
    replay = Replay(day.log, is_ignored=is_ignored)
    for number, at in enumerate(sorted(chance.randrange(len(day.log) + 1) for _ in range(states))):
        replay.forward(at)
        kept = chance.choice((Kept.NOTHING, Kept.TORN, Kept.TORN, Kept.ALL))
        image = replay.image(kept, chance)
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        last = max((n for n, mark in enumerate(day.marks) if mark.at <= at), default=-1)
        end, lost = judge(day, image, scratch, last)
        if end is End.WHOLE and number % THOROUGH == 0:
            tally.thorough += 1
            end = look_closely(day, image, scratch, last)
        tally.ends[end] += 1
        tally.acts_lost += lost
        tally.most_lost = max(tally.most_lost, lost)
    shutil.rmtree(scratch, ignore_errors=True)
    return tally


def judge(day: Day, image: dict[str, bytes], scratch: Path, last: int) -> tuple[End, int]:
    """What a disk holds, against the last mark that had been reached. With it, how many acts are lost."""
    if DATABASE not in image:
        return (End.WHOLE, 0) if last < 0 else (End.LOST, day.marks[last].acts)
    lay_out({path: data for path, data in image.items() if path.startswith(DATABASE)}, scratch)
    try:
        db = connect(scratch / DATABASE, day.key, create=False)
    except Problem:
        return End.CORRUPT, 0
    try:
        if db.execute("pragma integrity_check").fetchall() != [("ok",)]:
            return End.CORRUPT, 0
        held, _ = rows_digest(db)
        named = [str(file) for (file,) in db.execute("select file from blobs")]
    except apsw.Error:
        return End.CORRUPT, 0
    finally:
        db.close()
    marks = [Mark(0, _empty(), 0), *day.marks]  # the newest that was reached is now at last + 1
    if held not in {mark.rows for mark in marks[last + 1 : last + 3]}:
        older = [mark for mark in marks[: last + 1] if mark.rows == held]
        return (End.LOST, marks[last + 1].acts - older[-1].acts) if older else (End.CORRUPT, 0)
    if any(image.get(PAGES + file) != day.pages[PAGES + file] for file in named):
        return End.NO_PAGE, 0
    return End.WHOLE, 0


def look_closely(day: Day, image: dict[str, bytes], scratch: Path, last: int) -> End:
    """The whole program starts on this disk, reads every page and takes in another case."""
    shutil.rmtree(scratch)
    scratch.mkdir()
    lay_out(image, scratch)
    try:
        with Store.open(scratch, day.key, reserve=0) as store:
            if last >= 0 and store.station.find() is not None:
                before = {row.number for row in store.cases.recent(10_000)}
                for row in store.cases.recent(10_000):
                    assert not [deed for deed in store.acts.of_case(row.case_id) if deed.standing is Standing.SENDING]
                case = store.cases.shown(Window(store, seed=1).take_in())[0]
                assert case is not None and case.number not in before
            with store._database.reading() as db:
                named = dict(db.execute("select digest, file from blobs").fetchall())
            for digest in named:
                assert sha256(store.pages.get(digest)) == digest
        assert {path.name for path in (scratch / "pages").iterdir()} == set(named.values())  # what nobody names is gone
    except (Problem, AssertionError):
        return End.CORRUPT
    return End.WHOLE


def page_not_synced(entry: Entry) -> bool:
    """To be ignored: the sync of a page's own file."""
    return entry.what == "sync" and entry.path.startswith(PAGES)


def folder_not_synced(entry: Entry) -> bool:
    """To be ignored: the sync of the folder that holds the pages."""
    return entry.what == "settle" and entry.path == PAGES.rstrip("/")
