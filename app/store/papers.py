"""The papers that were printed, or could not be."""

from __future__ import annotations

from datetime import datetime

from app.store.rows import Paper
from app.store.tables import Tables


class Papers:
    """What came of every printing."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def keep(self, paper: Paper) -> None:
        """Write down that a paper was printed, or how that failed."""
        with self._tables.writing() as (db, touched):
            db.execute(
                "insert into papers (case_id, kind, number, digest, outcome, copy, at) values (?,?,?,?,?,?,?)",
                (
                    paper.case_id,
                    paper.kind,
                    paper.number,
                    paper.digest,
                    paper.outcome,
                    paper.copy,
                    paper.at.isoformat(),
                ),
            )
            touched.cases.add(paper.case_id)

    def of_case(self, case_id: str) -> tuple[Paper, ...]:
        """The papers of a case, in the order in which they were printed."""
        with self._tables.reading() as db:
            found = db.execute(
                "select case_id, kind, number, digest, outcome, copy, at from papers where case_id = ? order by id",
                (case_id,),
            )
            return tuple(
                Paper(case, kind, number, digest, outcome, bool(copy), datetime.fromisoformat(at))
                for case, kind, number, digest, outcome, copy, at in found
            )
