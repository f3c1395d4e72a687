"""The database: a look sees what stands, and ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.store.database import Database


def test_a_look_that_leaves_a_cursor_half_read_is_a_bug_and_says_so(tmp_path: Path, key: bytes) -> None:
    """SQLite would keep the look open, and whatever this thread looks at afterwards would be of that moment."""
    database = Database(tmp_path / "store.db", key)
    with pytest.raises(AssertionError, match="half read"), database.reading() as db:
        cursor = db.execute("select name from sqlite_master")
        cursor.fetchone()
    cursor.close()
    database.close()
