"""Drafts are kept as they were saved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.store import Store


def test_drafts_are_listed_by_clerk_last_saved_first(tmp_path: Path, key: bytes) -> None:
    clock = iter(datetime(2026, 11, 20, tzinfo=UTC) + timedelta(minutes=m) for m in range(100))
    with Store.open(tmp_path, key, clock=lambda: next(clock)) as store:
        for name, clerk in (("a", "k1"), ("b", "k2"), ("c", "k1")):
            store.drafts.save(name, clerk, name, "{}", parked=name == "a")
        store.drafts.save("a", "k1", "a", '{"step": 2}', parked=False)
        assert [draft.id for draft in store.drafts.saved("k1")] == ["a", "c"] and len(store.drafts.saved()) == 3
        assert store.drafts.get("a").body == '{"step": 2}' and not store.drafts.get("a").parked
