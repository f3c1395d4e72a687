"""The encrypted store against the same SQLite without a cipher: the same schema of rows, in turns, on the same disk."""

from __future__ import annotations

import random
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import apsw

from app.store.database import KEY_BYTES, connect
from benchmarks._report import Ratio, parser, report

ROWS = 60_000
TEXT = 800  # bytes of a row: an act with its body
READS = 1_000  # in one turn
CACHE = -8_000  # KiB, less than the rows take: pages are really decrypted
TEXTS = [secrets.token_hex(TEXT // 2) for _ in range(500)]
# Each kind of work is done in many short turns by both, and the best turn of each counts: a busy neighbour does not.
INSERTS, SCANS, POINTS = 15, 25, 80
COMMITS = 400  # one by one in turns, the median of each counts


def main() -> int:
    given = parser("store-db", "the encrypted store against the same SQLite unencrypted").parse_args()
    goals = {"commit": 0.95, "bulk insert": 0.85, "scan": 0.85, "point read": 0.90}
    units = {"commit": (1, "/s"), "bulk insert": (ROWS / INSERTS, "rows/s"), "scan": (ROWS * TEXT / 1e6, "MB/s")}
    units["point read"] = (READS, "/s")
    with tempfile.TemporaryDirectory() as folder:
        both = {name: _open(Path(folder) / f"{name}.db", encrypted=name == "aegis") for name in ("plain", "aegis")}
        took: dict[str, dict[str, float]] = {}
        for what, work, turns, summed in (
            ("bulk insert", _insert, INSERTS, min),
            ("scan", _scan, SCANS, min),
            ("point read", _read, POINTS, min),
            ("commit", _commit, COMMITS, statistics.median),
        ):
            times: dict[str, list[float]] = {name: [] for name in both}
            for turn in range(turns):
                for name in sorted(both, reverse=bool(turn % 2)):
                    times[name].append(_seconds(partial(work, both[name], turn)))
            took[what] = {name: summed(found) for name, found in times.items()}
            for db in both.values():
                db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        for db in both.values():
            db.close()
    ratios = []
    for what, goal in goals.items():
        plain, aegis = took[what]["plain"], took[what]["aegis"]
        amount, unit = units[what]
        note = f"{amount / aegis:,.0f} against {amount / plain:,.0f} {unit}"
        ratios.append(Ratio(what, plain / aegis, goal, "higher", "the same SQLite unencrypted", note))
    return report("store-db", ratios, as_json=given.json)


def _open(path: Path, *, encrypted: bool) -> apsw.Connection:
    if encrypted:
        db = connect(path, secrets.token_bytes(KEY_BYTES), create=True)
    else:
        db = apsw.Connection(str(path))  # as app.store.database opens it, but for the cipher
        for name, value in (("journal_mode", "wal"), ("synchronous", "full"), ("temp_store", "memory")):
            db.pragma(name, value)
        db.pragma("secure_delete", True)
        db.pragma("foreign_keys", True)
    db.pragma("cache_size", CACHE)
    db.execute("create table acts (position integer primary key, id text not null unique, text text not null) strict")
    return db


def _insert(db: apsw.Connection, turn: int) -> None:
    with db:
        db.executemany(
            "insert into acts (id, text) values (?, ?)",
            ((f"{turn}-{n:030}", TEXTS[n % len(TEXTS)]) for n in range(ROWS // INSERTS)),
        )


def _scan(db: apsw.Connection, turn: int) -> None:
    db.execute("select sum(length(text || '')) from acts").fetchall()


def _read(db: apsw.Connection, turn: int) -> None:
    chance = random.Random(turn)
    for _ in range(READS):
        db.execute("select text from acts where position = ?", (chance.randrange(1, ROWS),)).fetchone()


def _commit(db: apsw.Connection, turn: int) -> None:
    with db:
        db.execute("insert into acts (id, text) values (?, ?)", (f"c{turn}", TEXTS[turn % len(TEXTS)] * 5))


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
