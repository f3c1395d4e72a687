"""Pages: which are here, which file each is in, and when they may go."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw

from app.clock import Clock
from app.store import blobs
from app.store.database import rows
from app.store.rows import SettledPages
from app.store.tables import Tables
from contract.problem import Problem, Retry

_SETTLED_BEFORE = (
    "exists (select 1 from case_pages where digest = b.digest) and not exists ("
    " select 1 from case_pages p join actions a using (case_id) where p.digest = b.digest"
    " and case when a.aside_at != '' then julianday(a.aside_at) >= julianday(?1)"
    " else a.standing != 'matched' or julianday(a.matched_at) >= julianday(?1) end)"
    " and not exists (select 1 from case_pages p where p.digest = b.digest"
    "   and not exists (select 1 from actions a where a.case_id = p.case_id))"
)
_NOT_NAMED_ELSEWHERE = (
    "not exists (select 1 from drafts where instr(body, b.digest))"
    " and not exists (select 1 from papers where digest = b.digest)"
)


class Pages:
    """The pages that are here, each by the digest of its plain bytes."""

    def __init__(self, tables: Tables, folder: Path, clock: Clock, reserve: int) -> None:
        """Args:
        tables: The store's tables.
        folder: Where the files are.
        clock: The station's clock.
        reserve: Bytes of disk that pages leave free.
        """
        self._tables = tables
        self._folder = folder
        self._clock = clock
        self._reserve = reserve

    def put(self, data: bytes, media_type: str = "") -> str:
        """Keep a page, encrypted and durable when this returns. Returns its digest.

        Raises:
            Problem: ``store.disk_full`` where it would eat into the disk's reserve.
        """
        blobs.require_room(self._folder, len(data), self._reserve)
        writing = blobs.Writing(self._folder, data, media_type)
        blob = writing.blob
        try:
            with self._tables.writing() as (db, _):
                db.execute(
                    "insert into blobs values (?,?,?,?,?,?) on conflict (digest) do nothing",
                    (blob.digest, blob.file, blob.size, media_type, blob.key, self._clock().isoformat()),
                )
                kept = db.changes() == 1
                if not kept and self._is_damaged(db, blob.digest):
                    db.execute(
                        "update blobs set file = ?, key = ? where digest = ?", (blob.file, blob.key, blob.digest)
                    )
                    kept = True
        except BaseException:
            writing.undo()
            raise
        if kept:
            writing.close()
        else:
            writing.undo()
        return blob.digest

    def _is_damaged(self, db: apsw.Connection, digest: str) -> bool:
        try:
            blobs.read(self._folder, _get_blob(db, digest))
        except Problem:
            return True
        return False

    def get(self, digest: str) -> bytes:
        """The plain bytes of a page. Raises Problem ``store.page_missing`` or ``store.page_damaged``."""
        with self._tables.reading() as db:
            blob = _get_blob(db, digest)
        return blobs.read(self._folder, blob)

    def has(self, digest: str) -> bool:
        return self.find_size(digest) is not None

    def find_size(self, digest: str) -> int | None:
        """Plain bytes of a page that is here."""
        with self._tables.reading() as db:
            row = db.execute("select size from blobs where digest = ?", (digest,)).fetchone()
        return None if row is None else int(row[0])

    def sweep(self) -> None:
        """Remove the files that nobody finished or that no page is in any more."""
        blobs.sweep(self._folder, self._is_page_file)

    def _is_page_file(self, name: str) -> bool:
        with self._tables.reading() as db:
            return db.execute("select 1 from blobs where file = ?", (name,)).fetchone() is not None

    def drop_matched(self, before: datetime) -> int:
        """Remove pages whose cases were all matched (the server has proved to hold them) or set aside before a moment
        and that no draft or paper still names. Returns how many went."""
        return self._drop(_SETTLED_BEFORE, before)

    def settled(self) -> SettledPages:
        """The pages that `drop_matched` will remove when their time has come."""
        with self._tables.reading() as db:
            row: Any = db.execute(
                "select count(*), coalesce(sum(size), 0), min((select max(max(a.matched_at, a.aside_at))"  # noqa: S608
                "   from case_pages p join actions a using (case_id) where p.digest = b.digest)) from blobs b"
                f" where {_SETTLED_BEFORE} and {_NOT_NAMED_ELSEWHERE}",
                (datetime.max.replace(tzinfo=UTC).isoformat(),),
            ).fetchone()
        count, size, since = row
        return SettledPages(count, size, datetime.fromisoformat(since) if since else None)

    def drop_orphans(self, before: datetime) -> int:
        """Remove pages put in before a moment that no act, draft or paper names: of drafts thrown away."""
        return self._drop(
            "not exists (select 1 from case_pages where digest = b.digest) and julianday(b.made_at) < julianday(?1)",
            before,
        )

    def _drop(self, condition: str, before: datetime) -> int:
        with self._tables.writing() as (db, _):
            gone = rows(
                db,
                f"select digest, file from blobs b where {condition} and {_NOT_NAMED_ELSEWHERE}",  # noqa: S608
                (before.isoformat(),),
            )
            db.executemany("delete from blobs where digest = ?", [(digest,) for digest, _ in gone])
        for _, file in gone:
            (self._folder / file).unlink(missing_ok=True)
        return len(gone)


def is_known(db: apsw.Connection, digest: str) -> bool:
    """Whether a page is here, or was: a case names it."""
    here = db.execute("select 1 from blobs where digest = ?", (digest,)).fetchone()
    known = here or db.execute("select 1 from case_pages where digest = ?", (digest,)).fetchone()
    return known is not None


def taken_in_here(db: apsw.Connection, case_id: str) -> set[str]:
    """The pages that a case names and that came in at this station."""
    return {row[0] for row in db.execute("select digest from case_pages where case_id = ? and mine", (case_id,))}


def size_of(db: apsw.Connection, pages: Iterable[str]) -> int:
    """Plain bytes of those of the pages that are here."""
    return sum(_size(db, digest) for digest in pages)


def _size(db: apsw.Connection, digest: str) -> int:
    row = db.execute("select size from blobs where digest = ?", (digest,)).fetchone()
    return 0 if row is None else int(row[0])


def _get_blob(db: apsw.Connection, digest: str) -> blobs.Blob:
    row = db.execute("select digest, file, size, media_type, key from blobs where digest = ?", (digest,)).fetchone()
    if row is None:
        raise Problem("store.page_missing", Retry.NEVER)
    return blobs.Blob(*row)
