"""What the store knows of itself: small values by their names."""

from __future__ import annotations

import apsw

from contract.problem import Problem, Retry


def find(db: apsw.Connection, name: str) -> bytes | None:
    row = db.execute("select value from meta where name = ?", (name,)).fetchone()
    return None if row is None else bytes(row[0])


def get(db: apsw.Connection, name: str) -> bytes:
    """What is never absent. Raises Problem ``store.damaged`` where it is."""
    found = find(db, name)
    if found is None:
        raise Problem("store.damaged", Retry.AFTER_FIX)
    return found


def keep(db: apsw.Connection, name: str, value: bytes, *, replace: bool = True) -> None:
    verb = "insert or replace" if replace else "insert or ignore"
    db.execute(f"{verb} into meta values (?, ?)", (name, value))
