"""A number that was taken is never given again."""

from __future__ import annotations

import threading

import pytest

from app.store import Store
from contract.exchange import NumberBlock
from contract.problem import Problem


def test_rule_04_f12_numbers_are_never_given_twice(store: Store) -> None:
    store.numbers.add(
        [NumberBlock(county="330281", first=201, last=210), NumberBlock(county="330203", first=5, last=6)]
    )
    store.numbers.add(
        [NumberBlock(county="330281", first=201, last=210), NumberBlock(county="330281", first=205, last=300)]
    )
    assert [(pool.county, pool.left) for pool in store.numbers.pools()] == [("330203", 2), ("330281", 210)]
    taken: list[str] = []
    threads = [threading.Thread(target=lambda: taken.extend(store.numbers.take("330281") for _ in range(70)))
               for _ in range(3)]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(taken)) == 210
    with pytest.raises(Problem, match="numbers.none_left"):
        store.numbers.take("330281")
