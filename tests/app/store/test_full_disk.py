"""A disk on which nothing can be written any more, made with the system's own bound on the size of files."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.store import Standing, Store
from contract.problem import Problem
from tests.fakes.window import Window, join_demo

SHARED_MEMORY = 32 << 10  # bytes of the one file without which SQLite opens nothing


@contextmanager
def no_file_may_grow(beyond: int = 1) -> Iterator[None]:
    """Every write beyond so many bytes of a file fails, in this process. Python ignores the signal that comes along."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (beyond, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_rule_18_what_is_here_can_be_looked_at_on_a_full_disk(tmp_path: Path) -> None:
    key = bytes(32)
    with Store.open(tmp_path, key) as store:
        join_demo(store)
        case_id = Window(store).take_in()
        page = store.pages.put(b"page")
        store.exchange.begin_sending()  # and then it dies
    with no_file_may_grow(SHARED_MEMORY), Store.open(tmp_path, key) as store, no_file_may_grow():
        assert store.cases.find(case_id) is not None and store.pages.get(page) == b"page"
        for write in (lambda: Window(store).take_in(), lambda: store.pages.put(b"another")):
            with pytest.raises(Problem, match=r"store\.disk_f"):
                write()
        with store.sync_lock("window"):
            pass  # nobody can read who holds it, but it is held
        with pytest.raises(Problem, match=r"store\.disk_f"):
            store.exchange.begin_sending()
    with Store.open(tmp_path, key) as store:
        assert [row.case_id for row in store.outbox.by_case()] == [case_id] and store.numbers.pools()[0].left == 199
        assert {deed.standing for deed in store.acts.of_case(case_id)} == {Standing.WAITING}
        assert len(store.exchange.begin_sending()) == 3


def test_rule_18_a_disk_too_full_to_open_anything_is_called_full_and_not_broken(tmp_path: Path) -> None:
    Store.open(tmp_path, bytes(32)).close()
    with no_file_may_grow(SHARED_MEMORY // 8), pytest.raises(Problem, match=r"store\.disk_full"):
        Store.open(tmp_path, bytes(32))


def test_f01_what_could_not_be_given_back_is_taken_up_by_the_next_round(tmp_path: Path) -> None:
    with Store.open(tmp_path, bytes(32)) as store:
        join_demo(store)
        case_id = Window(store).take_in()
        sent = store.exchange.begin_sending()
        with no_file_may_grow(), pytest.raises(Problem, match=r"store\.disk_f"):
            store.exchange.give_back(sent)
        assert {deed.standing for deed in store.acts.of_case(case_id)} == {Standing.SENDING}
        assert [out.id for out in store.exchange.begin_sending()] == [out.id for out in sent]
