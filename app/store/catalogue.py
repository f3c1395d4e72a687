"""The catalogue in the store: what may be applied for, who offers it, and the index by which it is found.

Two levels, as the pack has them: matters once, offerings as thin rows. The index is over the matters alone; its rows
are numbered in the order in which they are to be shown, so that a search may stop at the first few.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import apsw
from pydantic import ValidationError

from app.store.database import rows
from app.store.migrations import STEPS
from contract.columns import spelled
from contract.matter import Matter, Pack, PackHead
from contract.node import Department, Offering
from contract.pack import Changes, Row
from contract.problem import Problem, Retry

PLACES = 1 << 24  # places of one length of name in the index: more matters than there are
LOOK_UP = (
    "select code, units from words cross join catalogue on place = words.rowid where words match ?"
    " order by words.rowid limit ?"
)
MANY = 200  # matters at once after which the index is put in order: smaller, and quicker to ask
LONGEST = 63  # units of a name beyond which it counts as long as any


class Named(NamedTuple):
    """A matter as the index knows it."""

    code: str
    units: str


class Indexed(NamedTuple):
    """What is put into the index for a matter: how long its name is, its units, its words."""

    code: str
    length: int
    units: str
    words: str


class Source(Protocol):
    """Where the tables are: the store, or a database in memory."""

    def reading(self) -> AbstractContextManager[apsw.Connection]: ...

    def writing(self) -> AbstractContextManager[apsw.Connection]: ...


class Shelf:
    """Matters and offerings of the pack in force, looked up one by one; may be used by any thread."""

    def __init__(self, source: Source) -> None:
        self._source = source
        # a published version never changes, so what was read once stays true
        self._matter = lru_cache(maxsize=2048)(self._read_matter)

    def find_matter(self, code: str, version: int | None = None) -> Matter | None:
        """The newest version, or one that a case or draft began with, also where the pack has a newer one."""
        version = self.newest_version(code) if version is None else version
        text = None if version is None else self._find_text(code, version)
        return None if text is None else self._matter(text)

    def newest_version(self, code: str) -> int | None:
        """The version that the pack in force has; None where it has none any more."""
        with self._source.reading() as db:
            row = db.execute("select version from catalogue where code = ?", (code,)).fetchone()
        return None if row is None else int(row[0])

    def _find_text(self, code: str, version: int) -> str | None:
        with self._source.reading() as db:
            row = db.execute("select text from matters where code = ? and version = ?", (code, version)).fetchone()
        return None if row is None else str(row[0])

    def _read_matter(self, text: str) -> Matter:
        return Matter.model_validate_json(text)

    def matters(self) -> tuple[Matter, ...]:
        """Every matter in its newest version, by code."""
        with self._source.reading() as db:
            found = rows(db, "select text from catalogue join matters using (code, version) order by code")
        return tuple(self._matter(str(row[0])) for row in found)

    def count(self) -> int:
        """How many matters there are."""
        with self._source.reading() as db:
            return int(rows(db, "select count(*) from catalogue")[0][0])

    def count_where(self, offered: Callable[[Offering], bool]) -> int:
        """How many matters are offered in a way that the question says yes to. It is asked once for each way."""
        with self._source.reading() as db:
            ways = rows(db, "select id, accepted_by, grants from terms")
            fitting = [way for way, by, grants in ways if offered(Row("-", "-", "-", by, grants).opened())]
            found = rows(
                db,
                "select count(distinct matter) from offerings join catalogue on code = matter"
                " where terms in (select value from json_each(?))",
                (json.dumps(fitting),),
            )
        return int(found[0][0])

    def offerings(self, matter: str) -> tuple[Offering, ...]:
        """Who offers a matter, as far as this node needs to know."""
        with self._source.reading() as db:
            return tuple(row.opened() for row in _rows_of(db, matter))

    # --- the index ----------------------------------------------------------------------------------------------------

    def not_indexed(self) -> tuple[Matter, ...]:
        """Matters that the index does not have yet."""
        with self._source.reading() as db:
            found = rows(
                db, "select text from catalogue join matters using (code, version) where place is null order by id"
            )
        return tuple(Matter.model_validate_json(row[0]) for row in found)

    def put_into_index(self, matters: Iterable[Indexed]) -> None:
        """Index matters. One that has left the catalogue meanwhile is passed over."""
        with self._source.writing() as db:
            fresh = list(matters)
            for code, length, units, words in fresh:
                row = db.execute("select id from catalogue where code = ? and place is null", (code,)).fetchone()
                if row is not None:
                    place = min(length, LONGEST) * PLACES + int(row[0])
                    db.execute("update catalogue set place = ?, units = ? where id = ?", (place, units, row[0]))
                    db.execute("insert into words (rowid, tokens) values (?, ?)", (place, words))
            if len(fresh) > MANY:
                db.execute("insert into words (words) values ('optimize')")

    def looking(self) -> AbstractContextManager[apsw.Connection]:
        """One consistent look for several questions, which are quicker within it."""
        return self._source.reading()

    def look_up(self, words: str, limit: int) -> list[Named]:
        """Matters that have the words (an FTS5 expression), in the order in which they are shown."""
        with self._source.reading() as db:
            return [Named(*row) for row in db.execute(LOOK_UP, (words, limit))]

    def first(self, limit: int) -> list[Named]:
        """The first matters, in the order in which they are shown."""
        with self._source.reading() as db:
            found = rows(db, "select code, units from catalogue order by place is null, place, id limit ?", (limit,))
        return [Named(*row) for row in found]

    def named(self, codes: Sequence[str]) -> list[Named]:
        """Those of the codes that are in the index."""
        with self._source.reading() as db:
            found = rows(
                db,
                "select code, units from catalogue where place is not null"
                " and code in (select value from json_each(?))",
                (json.dumps(list(codes)),),
            )
        return [Named(*row) for row in found]


def _rows_of(db: apsw.Connection, matter: str) -> list[Row]:
    found = rows(
        db,
        "select matter, department, area, accepted_by, grants from offerings join terms on terms.id = terms"
        " where matter = ? order by department, area",
        (matter,),
    )
    return [Row(*row) for row in found]


# --- a pack comes -----------------------------------------------------------------------------------------------------


def replace(db: apsw.Connection, matters: Iterable[dict[str, Any]], offered: Iterable[Row]) -> None:
    """Put a whole pack's matters and offerings in place of what is there. Every version of a matter that was ever here
    stays, and who offered one that is offered no more, for the drafts and cases begun with it.

    Raises:
        Problem: ``pack.unreadable`` where a matter says what this program does not know.
    """
    found = [_read(matter) for matter in matters]
    newest: dict[str, Matter] = {}
    for matter in sorted(found, key=lambda matter: matter.version):
        newest[matter.code] = matter
    gone = {str(row[0]) for row in rows(db, "select code from catalogue")} - newest.keys()
    _forget(db, gone)
    _keep(db, found, newest.values())
    db.execute("delete from offerings where matter in (select code from catalogue)")
    db.execute("delete from terms where id not in (select terms from offerings)")
    _offer(db, offered)


def change(db: apsw.Connection, changes: Changes) -> None:
    """Bring what is there up to date."""
    _forget(db, changes.gone_matters)
    _keep(db, changes.matters, changes.matters)
    db.executemany("delete from offerings where matter = ? and department = ? and area = ?", changes.gone_rows)
    _offer(db, changes.rows)


def _read(matter: dict[str, Any]) -> Matter:
    try:
        return Matter.model_validate(matter)
    except ValidationError:
        raise Problem("pack.unreadable", Retry.AFTER_FIX) from None


def _keep(db: apsw.Connection, matters: Iterable[Matter], newest: Iterable[Matter]) -> None:
    db.executemany(
        "insert or replace into matters values (?, ?, ?)",
        ((matter.code, matter.version, matter.model_dump_json()) for matter in matters),
    )
    for matter in newest:
        row = db.execute("select version, place from catalogue where code = ?", (matter.code,)).fetchone()
        if row is None:
            db.execute("insert into catalogue (code, version) values (?, ?)", (matter.code, matter.version))
        elif row[0] != matter.version:
            if row[1] is not None:
                db.execute("delete from words where rowid = ?", (row[1],))
            db.execute(
                "update catalogue set version = ?, place = null, units = '' where code = ?",
                (matter.version, matter.code),
            )


def _forget(db: apsw.Connection, codes: Iterable[str]) -> None:
    for code in codes:
        row = db.execute("select place from catalogue where code = ?", (code,)).fetchone()
        if row is not None and row[0] is not None:
            db.execute("delete from words where rowid = ?", (row[0],))
        db.execute("delete from catalogue where code = ?", (code,))


def _offer(db: apsw.Connection, offered: Iterable[Row]) -> None:
    terms: dict[tuple[str, str], int] = {}

    def number(row: Row) -> int:
        key = row.accepted_by, row.grants
        if key not in terms:
            db.execute("insert into terms (accepted_by, grants) values (?, ?) on conflict do nothing", key)
            terms[key] = int(rows(db, "select id from terms where accepted_by = ? and grants = ?", key)[0][0])
        return terms[key]

    db.executemany(
        "insert or replace into offerings values (?, ?, ?, ?)",
        ((row.matter, row.department, row.area, number(row)) for row in offered),
    )


def head_after(head: PackHead, version: str, made_on: str, changes: Changes) -> PackHead:
    """The head of a pack with changes made to it.

    Raises:
        Problem: ``pack.unreadable`` where it says what this program does not know.
    """
    departments = {department.code: department for department in head.departments}
    departments |= {department.code: department for department in changes.departments}
    for code in changes.gone_departments:
        departments.pop(code, None)
    plain = {**head.model_dump(mode="json", exclude={"nodes", "departments"}), **(changes.head or {})}
    try:
        return PackHead.model_validate(
            {
                **plain,
                "version": version,
                "made_on": made_on,
                "nodes": head.nodes,
                "departments": sorted_departments(departments.values()),
            }
        )
    except ValidationError:
        raise Problem("pack.unreadable", Retry.AFTER_FIX) from None


def sorted_departments(departments: Iterable[Department]) -> tuple[Department, ...]:
    """In the order in which both ends keep them."""
    return tuple(sorted(departments, key=lambda department: department.code))


# --- in memory --------------------------------------------------------------------------------------------------------


class _Memory:
    """The tables without a store: for a pack that is looked at and not kept."""

    def __init__(self) -> None:
        self._db = apsw.Connection(":memory:")
        self._lock = threading.RLock()
        for step in STEPS:
            self._db.execute(step)

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        with self._lock:
            yield self._db

    writing = reading


def shelf_of(pack: Pack) -> Shelf:
    """A pack as a shelf in memory."""
    memory = _Memory()
    with memory.writing() as db:
        replace(
            db,
            (matter.model_dump(mode="json") for matter in pack.matters),
            (Row.of(offering) for offering in pack.offerings),
        )
    return Shelf(memory)


def spelled_head(head: PackHead) -> str:
    """A head as it is kept."""
    plain = head.model_dump(mode="json")
    plain["calendar"] = {name: sorted(values) for name, values in plain["calendar"].items()}
    return spelled(plain)
