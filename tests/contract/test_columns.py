"""JSON as columns: whatever goes in comes out, garbage is refused, and what repeats gets small."""

from __future__ import annotations

import json
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.columns import restore, shred, spelled

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=4), inner, max_size=5),
    max_leaves=40,
)


@given(VALUES)
def test_what_was_shredded_is_restored(value: object) -> None:
    assert spelled(restore(shred(value))) == spelled(json.loads(json.dumps(value)))


@given(st.lists(st.integers(-(1 << 63), 1 << 63) | st.integers(-3, 300), max_size=200))
def test_numbers_of_every_size(numbers: list[int]) -> None:
    assert restore(shred(numbers)) == numbers


@pytest.mark.parametrize("largest", [1, 2, 3, 15, 16, 127, 128, 255, 256, 65_536])
def test_numbers_at_the_edges_of_their_width(largest: int) -> None:
    numbers = [0, largest, largest - 1, 1] * 5 + [largest]
    assert restore(shred(numbers)) == numbers
    assert restore(shred([-number for number in numbers])) == [-number for number in numbers]


def test_objects_of_many_kinds() -> None:
    odd = [{f"k{n}": n for n in range(start, start + 3)} for start in range(100)]  # more keys than columns are worth
    rows = [{"a": n % 3, "b": {"c": None if n % 5 else "x"}, **({"d": [n]} if n % 2 else {})} for n in range(400)]
    for value in (odd, rows, [[], {}, [{}], None, True, 1, 1.5, "1"] * 3, ["a\nb", "c"] * 9, [1 << 80, 2]):
        assert restore(shred(value)) == value


def test_true_is_not_one() -> None:
    assert spelled(restore(shred([True, 1, False, 0] * 4))) == spelled([True, 1, False, 0] * 4)


def test_rows_that_are_alike_take_a_small_part_of_their_json() -> None:
    chance = random.Random(3)
    rows = [{"code": f"33{n:06d}", "kind": chance.choice(("window", "department")), "days": 5} for n in range(5000)]
    rows = [{**row, "name": f"{row['kind']} {n % 40}", "size": n * n % 90_000} for n, row in enumerate(rows)]
    assert len(zlib.compress(shred(rows), 9)) * 1.5 < len(zlib.compress(spelled(rows).encode(), 9))


@given(st.data())
def test_bytes_that_were_changed_or_cut_are_refused_or_read_as_something(data: st.DataObject) -> None:
    good = shred([{"a": [1, 2, n], "b": f"text {n}", "c": n % 2 == 0} for n in range(60)])
    cut = data.draw(st.integers(0, len(good) - 1))
    with pytest.raises(ValueError):
        restore(good[:cut])
    changed = bytearray(good)
    changed[cut] ^= data.draw(st.integers(1, 255))
    try:
        restore(bytes(changed))
    except ValueError:
        return


@pytest.mark.parametrize(
    "data", [b"", b"\xff" * 40, b"\x02\x00\x07", b"\x00\x01x", b"\x04" * 200, shred([1]) + b"more"]
)
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        restore(data)


def test_nested_beyond_all_measure_is_refused() -> None:
    value: object = []
    for _ in range(200):
        value = [value]
    with pytest.raises(ValueError):
        shred(value)
