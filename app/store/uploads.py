"""Pages on their way to the server: which it lacks, which were tried, how far an upload is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import apsw

from app.clock import Clock
from app.store import deeds, pages
from app.store.database import rows
from app.store.rows import Upload, UploadPart
from app.store.tables import Tables
from contract.problem import Problem

PAGE_AGAIN = timedelta(seconds=5)  # for the server to say that it has what was sent


class Uploads:
    """What pages are still to go, by case."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock

    def wanted(self, *, due_only: bool = False) -> dict[str, tuple[str, ...]]:
        """By case, the pages taken in here that the server said it lacks; the case with the fewest bytes first.

        Args:
            due_only: Leave out those that were tried a moment ago.
        """
        now = self._clock()
        with self._tables.reading() as db:
            asked = rows(db, "select case_id from server_cases where wanted != '[]'")
            found = {
                case_id: tuple(
                    digest for digest in wanted_of_us(db, case_id) if not due_only or _is_due(db, case_id, digest, now)
                )
                for (case_id,) in asked
            }
            sizes = {case_id: pages.size_of(db, digests) for case_id, digests in found.items()}
        return {case_id: found[case_id] for case_id in sorted(found, key=lambda c: (sizes[c], c)) if found[case_id]}

    def find(self, case_id: str) -> Upload | None:
        """The upload of a case's pages that is under way."""
        with self._tables.reading() as db:
            return read(db, case_id)

    def keep(self, upload: Upload) -> None:
        """Remember how far an upload is."""
        parts = [[part.place, part.start, part.size, part.offset] for part in upload.parts]
        with self._tables.writing() as (db, touched):
            db.execute(
                "insert or replace into uploads (case_id, pages, size, digest, parts) values (?,?,?,?,?)",
                (upload.case_id, json.dumps(upload.pages), upload.size, upload.digest, json.dumps(parts)),
            )
            touched.outbox = True

    def end(self, case_id: str, gone: Iterable[str], problem: Problem | None = None) -> None:
        """An upload is over: its pages went, or could not. The server's next word says whether it has them."""
        over = tuple(gone)
        with self._tables.writing() as (db, touched):
            db.execute("delete from uploads where case_id = ?", (case_id,))
            for digest in over:
                _tried(db, case_id, digest, problem, self._clock())
            if problem is None:
                _no_longer_wanted(db, case_id, over)
            touched.outbox = True


def read(db: apsw.Connection, case_id: str) -> Upload | None:
    row: Any = db.execute("select pages, size, digest, parts from uploads where case_id = ?", (case_id,)).fetchone()
    if row is None:
        return None
    digests, size, digest, parts = row
    return Upload(
        case_id, tuple(json.loads(digests)), size, digest, tuple(UploadPart(*part) for part in json.loads(parts))
    )


def wanted_of_us(db: apsw.Connection, case_id: str) -> list[str]:
    """The pages of a case that the server lacks and that were taken in here, in the order of its asking."""
    row = db.execute("select wanted from server_cases where case_id = ?", (case_id,)).fetchone()
    asked = [str(digest) for digest in json.loads(row[0])] if row else []
    mine = pages.taken_in_here(db, case_id)
    return [digest for digest in asked if digest in mine]


def problem_of(db: apsw.Connection, case_id: str) -> Problem | None:
    """Why pages of a case could not go over."""
    row = db.execute(
        "select problem from tried_pages where case_id = ? and problem != '' limit 1", (case_id,)
    ).fetchone()
    return None if row is None else deeds.read_problem(str(row[0]))


def try_again(db: apsw.Connection, case_id: str) -> None:
    """Pages of a case that could not go over may go at once."""
    db.execute("delete from tried_pages where case_id = ?", (case_id,))


def forget(db: apsw.Connection, case_id: str) -> None:
    """Nothing of a case is still to go."""
    db.execute("delete from uploads where case_id = ?", (case_id,))
    db.execute("delete from tried_pages where case_id = ?", (case_id,))


def _no_longer_wanted(db: apsw.Connection, case_id: str, gone: Iterable[str]) -> None:
    """Pages that have just gone over; the server's next word says whether they really have."""
    row = db.execute("select wanted from server_cases where case_id = ?", (case_id,)).fetchone()
    over = set(gone)
    left = [digest for digest in (json.loads(row[0]) if row else []) if digest not in over]
    db.execute("update server_cases set wanted = ? where case_id = ?", (json.dumps(left), case_id))


def _tried(db: apsw.Connection, case_id: str, digest: str, problem: Problem | None, now: datetime) -> None:
    """A page went over, or could not."""
    db.execute(
        "insert into tried_pages values (?1, ?2, 1, ?3, ?4) on conflict (case_id, digest) do update"
        " set tries = tries + 1, at = ?3, problem = ?4",
        (case_id, digest, now.isoformat(), deeds.write_problem(problem)),
    )


def _is_due(db: apsw.Connection, case_id: str, digest: str, now: datetime) -> bool:
    """Whether a page may go now: one that was tried waits longer each time."""
    row = db.execute("select tries, at from tried_pages where case_id = ? and digest = ?", (case_id, digest)).fetchone()
    if row is None:
        return True
    tries, at = row
    since = now - datetime.fromisoformat(str(at))
    return not timedelta() <= since < PAGE_AGAIN * 2 ** min(int(str(tries)) - 1, 9)
