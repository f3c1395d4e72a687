"""Drafts as they were saved; what their bodies say is for the flow to know."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import apsw

from app.clock import Clock
from app.store.rows import Draft
from app.store.tables import Tables
from contract.problem import Problem, Retry

_SELECT = "select id, clerk, title, parked, body, saved_at from drafts"


class Drafts:
    """What is being taken in and is no case yet."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock

    def save(self, draft_id: str, clerk: str, title: str, body: str, *, parked: bool = False) -> None:
        """Keep a draft: its body (JSON) as it is now, the clerk's id, a title for lists."""
        with self._tables.writing() as (db, touched):
            _keep(db, Draft(draft_id, clerk, title, parked, body, self._clock()))
            touched.drafts = True

    def revise(self, draft_id: str, revised: Callable[[Draft | None], Draft | None]) -> None:
        """Change a draft as it stands, with nobody in between: `revised` is given what is kept (None: nothing yet) and
        answers what is to be kept, or None for no change.

        Raises:
            Problem: ``draft.gone`` where it has become a case.
        """
        with self._tables.writing() as (db, touched):
            if db.execute("select 1 from actions where case_id = ? limit 1", (draft_id,)).fetchone() is not None:
                raise Problem("draft.gone", Retry.NEVER)
            draft = revised(read(db, draft_id))
            if draft is not None:
                _keep(db, draft)
                touched.drafts = True

    def find(self, draft_id: str) -> Draft | None:
        with self._tables.reading() as db:
            return read(db, draft_id)

    def get(self, draft_id: str) -> Draft:
        """As `find`. Raises Problem ``draft.gone``."""
        found = self.find(draft_id)
        if found is None:
            raise Problem("draft.gone", Retry.NEVER)
        return found

    def saved(self, clerk: str = "") -> tuple[Draft, ...]:
        """The drafts of a clerk (of all where empty), last saved first."""
        with self._tables.reading() as db:
            found = db.execute(_SELECT + " where clerk = ?1 or ?1 = '' order by saved_at desc, id desc", (clerk,))
            return tuple(_as_draft(row) for row in found)

    def drop(self, draft_id: str) -> None:
        with self._tables.writing() as (db, touched):
            drop(db, draft_id)
            touched.drafts = True


def read(db: apsw.Connection, draft_id: str) -> Draft | None:
    row = db.execute(_SELECT + " where id = ?", (draft_id,)).fetchone()
    return None if row is None else _as_draft(row)


def drop(db: apsw.Connection, draft_id: str) -> None:
    db.execute("delete from drafts where id = ?", (draft_id,))


def _keep(db: apsw.Connection, draft: Draft) -> None:
    db.execute(
        "insert or replace into drafts (id, clerk, title, parked, body, saved_at) values (?,?,?,?,?,?)",
        (draft.id, draft.clerk, draft.title, draft.parked, draft.body, draft.saved_at.isoformat()),
    )


def _as_draft(row: tuple[Any, ...]) -> Draft:
    id_, clerk, title, parked, body, saved_at = row
    return Draft(id_, clerk, title, bool(parked), body, datetime.fromisoformat(saved_at))
