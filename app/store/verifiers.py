"""What clerks' passwords can be checked against without the server."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import apsw

from app.store.rows import Verifier
from app.store.tables import Tables

_SELECT = "select username, clerk, clerk_id, salt, cost, hash, verified_at, good_until, revoked from verifiers"


class Verifiers:
    """One for everybody who ever signed in here."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def keep(self, verifier: Verifier) -> None:
        with self._tables.writing() as (db, _):
            db.execute(
                "insert or replace into verifiers values (?,?,?,?,?,?,?,?,?)",
                (
                    verifier.username,
                    verifier.clerk_id,
                    verifier.clerk,
                    verifier.salt,
                    verifier.cost,
                    verifier.hash,
                    verifier.verified_at.isoformat(),
                    verifier.good_until.isoformat(),
                    verifier.revoked,
                ),
            )

    def find(self, username: str) -> Verifier | None:
        with self._tables.reading() as db:
            row = db.execute(_SELECT + " where username = ?", (username,)).fetchone()
        return None if row is None else _as_verifier(row)

    def all(self) -> tuple[Verifier, ...]:
        """Last signed in first."""
        with self._tables.reading() as db:
            return tuple(_as_verifier(row) for row in db.execute(_SELECT + " order by verified_at desc"))

    def revoke(self, clerk_id: str) -> None:
        """Clear what the clerk's password could be checked against."""
        with self._tables.writing() as (db, _):
            revoke(db, clerk_id)


def revoke(db: apsw.Connection, clerk_id: str) -> None:
    db.execute("update verifiers set revoked = 1, hash = x'', salt = x'' where clerk_id = ?", (clerk_id,))


def _as_verifier(row: tuple[Any, ...]) -> Verifier:
    username, clerk, clerk_id, salt, cost, hash_, verified_at, good_until, revoked = row
    return Verifier(
        username,
        clerk,
        clerk_id,
        bytes(salt),
        cost,
        bytes(hash_),
        datetime.fromisoformat(verified_at),
        datetime.fromisoformat(good_until),
        bool(revoked),
    )
