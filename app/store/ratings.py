"""What people thought of their visits (好差评), until the server has it: then only that there was one."""

from __future__ import annotations

import json

from app.store.database import rows
from app.store.rows import Standing
from app.store.station import OurStation
from app.store.tables import Tables
from contract.problem import Problem
from contract.rating import Rating, SignedRating
from contract.wire import canonical


class Ratings:
    """The ratings given here. What they say is for nobody here."""

    def __init__(self, tables: Tables, station: OurStation) -> None:
        self._tables = tables
        self._station = station

    def keep(self, rating: Rating) -> bool:
        """Keep what somebody thought of their visit, signed, until the server has it. Nobody here reads it again.

        Returns whether it was the first of this visit: one visit, one rating.
        """
        text = canonical(rating)
        signed = SignedRating(rating=text, signature=self._station.sign(text))
        with self._tables.writing() as (db, touched):
            db.execute(
                "insert into ratings (visit, signed) values (?, ?) on conflict (visit) do nothing",
                (rating.visit, signed.model_dump_json()),
            )
            kept = db.changes() == 1
            touched.outbox = kept
        return kept

    def is_rated(self, visit: str) -> bool:
        """Whether this visit was rated."""
        with self._tables.reading() as db:
            return db.execute("select 1 from ratings where visit = ?", (visit,)).fetchone() is not None

    def to_send(self) -> tuple[tuple[str, SignedRating], ...]:
        """By visit, what waits and whose visit the server knows of."""
        return self._with_visits(Standing.ACKNOWLEDGED, Standing.MATCHED)

    def unheard(self) -> tuple[SignedRating, ...]:
        """What waits and whose visit the server knows of or hears of in the same parcel; nothing moves by it."""
        going = (Standing.WAITING, Standing.SENDING, Standing.ACKNOWLEDGED, Standing.MATCHED)
        return tuple(signed for _, signed in self._with_visits(*going))

    def _with_visits(self, *standings: Standing) -> tuple[tuple[str, SignedRating], ...]:
        with self._tables.reading() as db:
            found = rows(
                db,
                "select visit, signed from ratings r where signed != '' and problem = '' and exists (select 1"
                " from actions a where a.id = r.visit and a.standing in (select value from json_each(?)))"
                " order by rowid",
                (json.dumps(standings),),
            )
        return tuple((visit, SignedRating.model_validate_json(signed)) for visit, signed in found)

    def told(self, visit: str, problem: Problem | None = None) -> None:
        """The server has it: what it said is forgotten here. Or it was refused for good: kept, and counted."""
        with self._tables.writing() as (db, touched):
            if problem is None:
                db.execute("update ratings set signed = '' where visit = ?", (visit,))
            else:
                db.execute("update ratings set problem = ? where visit = ?", (json.dumps(problem.to_wire()), visit))
            touched.outbox = True

    def waiting(self) -> int:
        """How many the server does not have yet."""
        with self._tables.reading() as db:
            row = db.execute("select count(*) from ratings where signed != ''").fetchone()
        return int(row[0]) if row else 0
