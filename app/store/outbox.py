"""The outbox: what was done here and is not matched yet, for the person who looks after it."""

from __future__ import annotations

import apsw

from app.store import deeds, pages, uploads
from app.store.database import rows
from app.store.rows import Deed, GivenUp, OutboxRow, Standing, worst
from app.store.tables import Tables
from contract.case import pages_of
from contract.problem import Problem, Retry


class Outbox:
    """What is still to go, or was refused; what was set aside is not in it."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def by_case(self) -> tuple[OutboxRow, ...]:
        """What has not been matched, oldest first."""
        with self._tables.reading() as db:
            found = rows(
                db,
                "select case_id from actions where standing != ? and aside_at = '' group by case_id"
                " order by min(position)",
                (Standing.MATCHED,),
            )
            return tuple(_row(db, case_id) for (case_id,) in found)

    def counts(self) -> tuple[int, int]:
        """Cases that are not matched, and how many of these are held: the badge counts nothing else (F08)."""
        with self._tables.reading() as db:
            row = db.execute(
                "select count(*), coalesce(sum(held), 0) from (select max(standing = ?) as held from actions"
                " where standing != ? and aside_at = '' group by case_id)",
                (Standing.HELD, Standing.MATCHED),
            ).fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def has_waiting(self) -> bool:
        """Whether there is an act that the next round would send."""
        with self._tables.reading() as db:
            row = db.execute(
                "select 1 from actions a where standing = ? and not exists (select 1 from actions h"
                " where h.case_id = a.case_id and h.standing = ? and h.aside_at = '') limit 1",
                (Standing.WAITING, Standing.HELD),
            ).fetchone()
        return row is not None

    def release(self, case_id: str) -> int:
        """Let what is held of a case be sent again, its pages too. Returns how many acts."""
        with self._tables.writing() as (db, touched):
            count = deeds.release(db, case_id)
            uploads.try_again(db, case_id)
            touched.cases.add(case_id)
            touched.outbox = True
        return count

    def set_aside(self, case_id: str, given_up: GivenUp) -> int:
        """Give up what is held of a case, and what waits behind it. It stays readable in `Acts.of_case`, with its
        problem and why it was given up. Returns how many acts.

        Raises:
            Problem: ``held.gone`` where nothing is held any more.
        """
        with self._tables.writing() as (db, touched):
            count = deeds.set_aside(db, case_id, given_up)
            if not count:
                raise Problem("held.gone", Retry.NEVER)
            touched.cases.add(case_id)
            touched.outbox = True
        return count

    def given_up_cases(self) -> tuple[str, ...]:
        """Ids of the cases of which something was set aside, the newest first."""
        with self._tables.reading() as db:
            found = "select case_id from actions where aside_at != '' group by case_id order by max(aside_at) desc"
            return tuple(row[0] for row in db.execute(found))


def _row(db: apsw.Connection, case_id: str) -> OutboxRow:
    own = [deed for deed in deeds.of_case(db, case_id) if not deed.aside and deed.standing is not Standing.MATCHED]
    row = db.execute(
        "select number, matter, matter_version, applicant from cases where case_id = ?", (case_id,)
    ).fetchone()
    number, matter, version, applicant = row or ("", "", 0, "")
    named = pages.taken_in_here(db, case_id)
    problem = next((deed.problem for deed in own if deed.standing is Standing.HELD), None)
    standing = worst(deed.standing for deed in own)
    assert standing is not None
    return OutboxRow(
        case_id=case_id,
        number=number,
        matter=matter,
        matter_version=version,
        applicant=applicant,
        what=tuple(deed.action.kind for deed in own),
        pages=len(named),
        since=min(deed.action.made_at for deed in own),
        standing=standing,
        problem=problem or uploads.problem_of(db, case_id),
        bytes_left=_bytes_left(db, case_id, own, named),
    )


def _bytes_left(db: apsw.Connection, case_id: str, own: list[Deed], named: set[str]) -> int:
    """Bytes of pages that are still to go."""
    word = db.execute("select digest from server_cases where case_id = ?", (case_id,)).fetchone()
    left = named
    if word is not None and word[0]:  # the server has said what it lacks; of what it has not seen it lacks all
        unseen = [deed.action for deed in own if deed.standing is not Standing.ACKNOWLEDGED]
        left = set(uploads.wanted_of_us(db, case_id)) | (pages_of(unseen) & named)
    size = pages.size_of(db, left)
    upload = uploads.read(db, case_id)
    return max(size - upload.offset, 0) if upload is not None and left else size
