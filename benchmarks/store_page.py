"""One scanned page of 300 kB into the store: hashed, encrypted, durable, its row committed; against the bare writing of
the same bytes, durable and under a name: write, fsync, rename, fsync of the folder."""

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
    whole: list[float] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "bare").mkdir()
        with Store.open(folder / "station", secrets.token_bytes(32), reserve=0) as store:
            pages = folder / "station" / "pages"
            for number in range(PAGES + 20):
                data = chance.randbytes(SIZE)
                for into, work in _in_turn(
                    number,
                    (bare, lambda data=data: _plainly(folder / "bare", data)),
                    (file, lambda data=data: Writing(pages, data, "image/jpeg").close()),
                    (whole, lambda data=data: store.put_page(data, "image/jpeg")),
                ):
                    into.append(_seconds(work))
    limit, sealed, kept = (statistics.median(times[20:]) for times in (bare, file, whole))
    ratios = [
        Ratio(
            "a page in the store, its row committed",
            kept / limit,
            1.5,
            "lower",
            "write + fsync + rename + fsync of the folder",
            f"{kept * 1e3:.2f} ms against {limit * 1e3:.2f} ms, median of {PAGES}",
        ),
        Ratio("its file alone", sealed / limit, 1.5, "lower", "the same", f"{sealed * 1e3:.2f} ms"),
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


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
