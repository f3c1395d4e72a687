"""The pack's bytes: a first one against what its fields really say and against JSON with gzip, a village's own, and a
day's changes. Everything is invented by `tests.fakes.province`, which counts the bits of every draw."""

from __future__ import annotations

import gzip
import random
import sys
import time

import zstandard

from benchmarks._report import Ratio, parser, report
from contract.matter import Matter
from contract.node import Tree
from contract.pack import (
    BEGINNING,
    COMPRESSION,
    Changes,
    changes_part,
    node_part,
    read_changes,
    read_node_part,
    read_standards,
    rows_for,
    standards_part,
)
from tests.fakes.province import CITY, Province, make_province

WHOLE = (12_000, 3_000, 600_000)
QUICK = (1_200, 300, 6_000)
CHANGED = 600


def main() -> int:
    given = parser("pack", "bytes of a first pack, of a village's own, and of a day's changes")
    given.add_argument("--quick", action="store_true", help="a hundredth of the matters")
    asked = given.parse_args()
    hall = make_province(*(QUICK if asked.quick else WHOLE))
    codes = [str(matter["code"]) for matter in hall.matters]
    said = sum(hall.bits.values()) / 8

    began = time.perf_counter()
    standards = _pressed(standards_part(hall.matters))
    whole = _pressed(node_part(hall.head(CITY), hall.rows, codes))
    took = time.perf_counter() - began
    _check(hall, standards, whole, codes)
    flat = _flat(hall)

    tree, village = Tree(hall.nodes), hall.village()
    own_rows = rows_for(village, hall.rows, tree)
    own = _pressed(node_part(hall.head(village), own_rows, codes))

    changes = _changes(hall)
    feed = _pressed(changes_part(changes, hall.nodes, hall.departments), BEGINNING)
    few = changes._replace(rows=changes.rows[:10])
    ten = _pressed(changes_part(few, hall.nodes, hall.departments), BEGINNING)
    read = read_changes(
        _opened(feed, BEGINNING), hall.nodes, {department.code: department for department in hall.departments}
    )
    assert sorted(read.rows) == sorted(changes.rows)

    first = len(standards) + len(whole)
    parts = ", ".join(f"{name} {bits / 8 / 1000:,.0f} kB" for name, bits in hall.bits.items())
    ratios = [
        Ratio(
            "first pack, all rows", first / said, 1.15, "lower", "entropy of the generated fields",
            f"{first / 1e6:.2f} MB, {len(hall.rows):,} rows; entropy {said / 1e6:.2f} MB ({parts}); {took:.0f} s",
        ),
        Ratio(
            "first pack, all rows", flat / first, 8, "higher", "flat JSON with gzip, times smaller",
            f"{flat / 1e6:.1f} MB",
        ),
        Ratio(
            "a village's own", (len(standards) + len(own)) / 1e6, 0.7, "lower", "MB",
            f"standards {len(standards) / 1e3:.0f} kB, {len(own_rows):,} rows and the tree {len(own) / 1e3:.0f} kB",
        ),
        Ratio(
            f"{CHANGED} changed rows", len(feed) / 1e3, 12, "lower", "kB",
            f"{len(feed) / CHANGED:.1f} bytes a row; ten rows {len(ten)} bytes",
        ),
    ]  # fmt: skip
    return report("pack", ratios, as_json=asked.json)


def _pressed(data: bytes, beginning: bytes = b"") -> bytes:
    words = zstandard.ZstdCompressionDict(beginning, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if beginning else None
    return zstandard.ZstdCompressor(level=COMPRESSION, dict_data=words).compress(data)


def _opened(data: bytes, beginning: bytes = b"") -> bytes:
    words = zstandard.ZstdCompressionDict(beginning, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if beginning else None
    return zstandard.ZstdDecompressor(dict_data=words).decompress(data)


def _check(hall: Province, standards: bytes, whole: bytes, codes: list[str]) -> None:
    """What was packed comes out."""
    assert read_standards(_opened(standards)) == hall.matters
    part = read_node_part(_opened(whole), codes)
    assert sorted(part.rows) == sorted(hall.rows) and part.head == hall.head(CITY)


def _flat(hall: Province) -> int:
    """Each offered matter as one JSON object with all that the standard says: what most platforms send."""
    matters = {matter["code"]: Matter.model_validate(matter).model_dump_json() for matter in hall.matters}
    rows = hall.rows if len(hall.rows) < 60_000 else random.Random(1).sample(hall.rows, 60_000)
    lines = (
        f'{{"area":"{row.area}","department":"{row.department}","accepted_by":"{row.accepted_by}","grants":{row.grants},'
        f'"matter":{matters[row.matter]}}}'
        for row in rows
    )
    return len(gzip.compress("\n".join(lines).encode(), 6)) * len(hall.rows) // len(rows)


def _changes(hall: Province) -> Changes:
    """A day: some rows anywhere in the hall are received by others than before."""
    chance = random.Random(2)
    changed = [
        row._replace(accepted_by="window" if row.accepted_by == "department" else "department")
        for row in chance.sample(hall.rows, min(CHANGED, len(hall.rows)))
    ]
    return Changes(None, (), (), (), (), tuple(changed), ())


if __name__ == "__main__":
    sys.exit(main())
