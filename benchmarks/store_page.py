"""One scanned page of 300 kB: hashed, encrypted and durable, against the bare writing of the same bytes under a name
(write, fsync, rename, fsync of the folder); then with its row committed, against that and a bare commit."""

from __future__ import annotations

import os
import random
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import apsw

from app.store import Store
from app.store.blobs import Writing
from app.store.database import sync_folder
from benchmarks._report import Ratio, parser, report

SIZE = 300_000
PAGES = 400


def main() -> int:
    given = parser("store-page", "one page hashed, encrypted and durable").parse_args()
    chance = random.Random(1)
    bare: list[float] = []
    file: list[float] = []
    bare_row: list[float] = []
    whole: list[float] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "bare").mkdir()
        rows = _plain_rows(folder / "rows.db")
        with Store.open(folder / "station", secrets.token_bytes(32), reserve=0) as store:
            pages = folder / "station" / "pages"
            for number in range(PAGES + 20):
                data = chance.randbytes(SIZE)
                for into, work in _in_turn(
                    number,
                    (bare, lambda data=data: _plainly(folder / "bare", data)),
                    (file, lambda data=data: Writing(pages, data, "image/jpeg").close()),
                    (bare_row, lambda data=data: (_plainly(folder / "bare", data), _row(rows))),
                    (whole, lambda data=data: store.pages.put(data, "image/jpeg")),
                ):
                    into.append(_seconds(work))
        rows.close()
    limit, sealed, limit_row, kept = (statistics.median(times[20:]) * 1e3 for times in (bare, file, bare_row, whole))
    named = "write + fsync + rename + fsync of the folder"
    ratios = [
        Ratio(
            "a page hashed, encrypted, durable",
            sealed / limit,
            1.5,
            "lower",
            named,
            f"{sealed:.2f} ms against {limit:.2f} ms, median of {PAGES}",
        ),
        Ratio(
            "the same with its row committed",
            kept / limit_row,
            1.5,
            "lower",
            "the same + one commit of plain SQLite",
            f"{kept:.2f} ms against {limit_row:.2f} ms; {kept / limit:.2f} times the file alone",
        ),
    ]
    return report("store-page", ratios, as_json=given.json)


Turn = tuple[list[float], Callable[[], object]]


def _in_turn(number: int, *turns: Turn) -> tuple[Turn, ...]:
    """Each is first as often as the others."""
    first = number % len(turns)
    return turns[first:] + turns[:first]


def _plainly(folder: Path, data: bytes) -> None:
    name = secrets.token_hex(16)
    with (folder / f"{name}.part").open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    (folder / f"{name}.part").rename(folder / name)
    sync_folder(folder)


def _plain_rows(path: Path) -> apsw.Connection:
    db = apsw.Connection(str(path))
    db.pragma("journal_mode", "wal")
    db.pragma("synchronous", "full")
    db.execute("create table blobs (digest text primary key, file text not null unique, size integer) strict")
    return db


def _row(db: apsw.Connection) -> None:
    with db:
        db.execute("insert into blobs values (?, ?, ?)", (secrets.token_hex(32), secrets.token_hex(16), SIZE))


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
