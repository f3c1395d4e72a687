"""The encrypted store against the same SQLite without a cipher: the same schema of rows, in turns, on the same disk."""

from __future__ import annotations

import random
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import apsw

from app.store.database import KEY_BYTES, connect
from benchmarks._report import Ratio, parser, report

ROWS = 60_000
TEXT = 800  # bytes of a row: an act with its body
READS = 20_000
COMMITS = 300
ROUNDS = 5
CACHE = -8_000  # KiB, less than the rows take: pages are really decrypted


def main() -> int:
    given = parser("store-db", "the encrypted store against the same SQLite unencrypted").parse_args()
    measured: dict[str, dict[str, list[float]]] = {"plain": {}, "aegis": {}}
    for number in range(ROUNDS):
        for name in ("plain", "aegis") if number % 2 else ("aegis", "plain"):
            with tempfile.TemporaryDirectory() as folder:
                db = _open(Path(folder) / "store.db", encrypted=name == "aegis")
                for what, value in _rounds(db).items():
                    measured[name].setdefault(what, []).append(value)
                db.close()
    goals = {"commit": 0.95, "bulk insert": 0.85, "scan": 0.85, "point read": 0.90}
    units = {"commit": "/s", "bulk insert": "rows/s", "scan": "MB/s", "point read": "/s"}
    ratios = []
    for what, goal in goals.items():
        plain, aegis = (measured[name][what] for name in ("plain", "aegis"))
        pairs = [ours / theirs for ours, theirs in zip(aegis, plain, strict=True)]
        note = f"{statistics.median(aegis):,.0f} against {statistics.median(plain):,.0f} {units[what]}, {ROUNDS} rounds"
        ratios.append(Ratio(what, statistics.median(pairs), goal, "higher", "the same SQLite unencrypted", note))
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


def _rounds(db: apsw.Connection) -> dict[str, float]:
    """Each kind of work, per second."""
    chance = random.Random(1)
    texts = [chance.randbytes(TEXT // 2).hex() for _ in range(500)]
    keys = [chance.randrange(1, ROWS + 1) for _ in range(READS)]

    def insert() -> None:
        with db:
            db.executemany(
                "insert into acts (id, text) values (?, ?)", ((f"{n:032}", texts[n % 500]) for n in range(ROWS))
            )

    def scan() -> None:
        db.execute("select sum(length(text || '')) from acts").fetchall()

    def read() -> None:
        for key in keys:
            db.execute("select text from acts where position = ?", (key,)).fetchone()

    def commit() -> None:
        for n in range(COMMITS):
            with db:
                db.execute("insert into acts (id, text) values (?, ?)", (f"c{n}", texts[n % 500] * 5))

    found = {"bulk insert": ROWS / _seconds(insert)}
    db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    scan()
    found["scan"] = ROWS * TEXT / 1e6 / min(_seconds(scan) for _ in range(3))
    found["point read"] = READS / min(_seconds(read) for _ in range(2))
    found["commit"] = COMMITS / _seconds(commit)
    return found


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
