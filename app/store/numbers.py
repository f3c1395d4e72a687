"""Case numbers out of the blocks that the server gave this station. A number taken is never given again."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import apsw

from app.store.tables import Tables
from contract.exchange import NumberBlock, PoolReport
from contract.ids import NUMBER, case_number
from contract.problem import Problem, Retry

LOG = logging.getLogger(__name__)
FEW = 50  # with fewer left a window without a line may not get through its day


class Numbers:
    """The numbers that this station may give."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def take(self, county: str) -> str:
        """The next case number of a county, never to be given again. Raises Problem ``numbers.none_left``."""
        with self._tables.writing() as (db, _):
            row = db.execute(
                "select first, next from blocks where county = ? and next <= last order by first limit 1", (county,)
            ).fetchone()
            if row is None:
                raise Problem("numbers.none_left", Retry.AFTER_FIX, county=county)
            first, sequence = row
            db.execute("update blocks set next = ? where county = ? and first = ?", (sequence + 1, county, first))
            return case_number(county, sequence)

    def is_ours(self, number: str) -> bool:
        """Whether a number was taken out of the blocks of the station that this is now."""
        found = NUMBER.match(number)
        if found is None:
            return False
        with self._tables.reading() as db:
            row = db.execute(
                "select 1 from blocks where county = ?1 and first <= ?2 and next > ?2",
                (found["county"], int(found["sequence"])),
            ).fetchone()
        return row is not None

    def add(self, blocks: Iterable[NumberBlock]) -> None:
        with self._tables.writing() as (db, _):
            for block in blocks:
                add(db, block)

    def give_up(self) -> None:
        """Take no more from the blocks that are here: another copy of this store may have gone on taking them."""
        with self._tables.writing() as (db, _):
            db.execute("update blocks set next = last + 1")

    def pools(self) -> tuple[PoolReport, ...]:
        """How many numbers are left, by county."""
        with self._tables.reading() as db:
            found = db.execute("select county, sum(last - next + 1) from blocks group by county order by county")
            return tuple(PoolReport(county=county, left=count) for county, count in found)


def add(db: apsw.Connection, block: NumberBlock) -> None:
    """Keep a block. One that was heard before, or that overlaps an older one, adds nothing."""
    clash = db.execute(
        "select 1 from blocks where county = ? and first <= ? and last >= ?", (block.county, block.last, block.first)
    ).fetchone()
    if clash is not None:
        known = db.execute(
            "select 1 from blocks where county = ? and first = ? and last = ?",
            (block.county, block.first, block.last),
        ).fetchone()
        if known is None:
            LOG.error("a block of numbers for %s overlaps an older one and is not used", block.county)
        return
    db.execute("insert into blocks values (?, ?, ?, ?)", (block.county, block.first, block.last, block.first))


def is_used(db: apsw.Connection, number: str) -> None:
    """The server tells of a case under this number. Where this disk was set back to an older copy, the number was
    taken after that copy was made: never take it, or one before it, again."""
    found = NUMBER.match(number)
    if found is not None:
        sequence = int(found["sequence"])
        db.execute(
            "update blocks set next = ?1 + 1 where county = ?2 and first <= ?1 and last >= ?1 and next <= ?1",
            (sequence, found["county"]),
        )


def forget(db: apsw.Connection) -> None:
    """The station is another one from now on: the server would refuse the numbers that it was given before."""
    db.execute("delete from blocks")
