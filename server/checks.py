"""What `python -m server check` looks at."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from contract.problem import Problem, Retry
from server.cases.history import broken_chains
from server.cases.models import CaseRecord
from server.catalogue.calendar import get_calendar
from server.exchange.numbers import pools
from server.keys import get_keys, recovery_key
from server.materials.blobs import get_store

FEW_NUMBERS = 1_000_000  # years of a county's cases


def findings() -> list[dict[str, Any]]:
    """One finding per thing: ``{"check", "ok", "problem"?, "note"?}``."""
    return [
        _finding("keys", _keys),
        _finding("database", _database),
        _finding("blobs", _blobs),
        _finding("calendar", _calendar),
        _finding("recovery", _recovery),
        _finding("numbers", _numbers),
        _finding("histories", _histories),
        {
            "check": "volume",
            "ok": True,
            "note": "blobs are encrypted; the database must lie on an encrypted volume",
        },
    ]


def _finding(name: str, look: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"check": name, "ok": True, "note": look()}
    except Problem as problem:
        return {"check": name, "ok": False, "problem": problem.to_wire()}
    except DatabaseError:
        away = Problem("server.database_away", Retry.AFTER_FIX)
        return {"check": name, "ok": False, "problem": away.to_wire()}


def _keys() -> str:
    get_keys()
    if os.name != "nt" and settings.TONGBAN_KEY_FILE.stat().st_mode & 0o077:
        raise Problem("server.keys_open", Retry.AFTER_FIX)
    return ""


def _database() -> str:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        raise Problem("server.tables_old", Retry.AFTER_FIX, count=len(waiting))
    return str(connection.vendor)


def _blobs() -> str:
    name = f"checks/{secrets.token_hex(8)}"
    store = get_store()
    store.put(name, b"check")
    found = store.get(name)
    store.delete(name)
    if found != b"check":
        raise Problem("blob.damaged", Retry.AFTER_FIX)
    return type(store).__name__


def _calendar() -> str:
    years = sorted(get_calendar().years)
    if not years:
        raise Problem("calendar.empty", Retry.AFTER_FIX)
    return f"{years[0]}-{years[-1]}"


def _recovery() -> str:
    if recovery_key():
        return "stations wrap their keys to the city's recovery key"
    return "no recovery key is set: what a dead PC never sent cannot be opened elsewhere"


def _numbers() -> str:
    found = pools()
    for pool in found:
        if pool.left < FEW_NUMBERS:
            raise Problem("server.numbers_end", Retry.AFTER_FIX, county=pool.county, left=pool.left)
    return "; ".join(f"{p.county}: {p.given} given, {p.used} used, {p.retired} retired, {p.left} left" for p in found)


def _histories() -> str:
    """Reads every event of every case; on a full server this is what takes long."""
    broken = list(broken_chains())
    if broken:
        case_id, place = broken[0]
        raise Problem("server.history_broken", Retry.NEVER, count=len(broken), case=case_id, event=place)
    return f"{CaseRecord.objects.count()} whole"
