"""Whose turn it is: a few at a time, a short queue, and an appointment for the rest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from contract.problem import Problem
from server.turns import A_VISIT, LATEST, Turns


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as made:
        yield made


def work(turns: Turns, threads: ThreadPoolExecutor, over: threading.Event) -> Future[None]:
    """A request that is worked on until `over`; returns once it has begun."""
    begun = threading.Event()

    def one() -> None:
        with turns.turn():
            begun.set()
            assert over.wait(60)

    future = threads.submit(one)
    assert begun.wait(60)
    return future


def queue(turns: Turns, threads: ThreadPoolExecutor, order: list[int], number: int) -> Future[None]:
    """A request that waits; returns once it stands in the queue."""

    def one() -> None:
        with turns.turn():
            order.append(number)

    before = len(turns._queue)
    future = threads.submit(one)
    while len(turns._queue) == before and not future.done():
        threading.Event().wait(0.001)
    return future


def test_a_few_are_worked_on_and_the_others_wait_in_order(threads: ThreadPoolExecutor) -> None:
    turns, over, order = Turns(1, 5), threading.Event(), list[int]()
    working = work(turns, threads, over)
    waiting = [queue(turns, threads, order, number) for number in range(4)]
    assert not any(one.done() for one in waiting)
    over.set()
    for one in (working, *waiting):
        one.result(60)
    assert order == [0, 1, 2, 3] and turns._taken == 0


def test_beyond_the_queue_there_is_an_appointment_and_who_has_just_come_goes_first_away(
    threads: ThreadPoolExecutor,
) -> None:
    turns, over, order = Turns(1, 2, 1), threading.Event(), list[int]()
    work(turns, threads, over)
    queue(turns, threads, order, 1)
    with pytest.raises(Problem, match=r"server\.busy"), turns.turn(just_come=True):
        pass
    queue(turns, threads, order, 2)  # in the middle of something: there is a place yet
    with pytest.raises(Problem, match=r"server\.busy"), turns.turn():
        pass
    over.set()


def test_appointments_stand_one_behind_the_other_as_fast_as_work_gets_on(threads: ThreadPoolExecutor) -> None:
    clock = Clock()
    turns = Turns(1, 0, clock=clock)
    for _ in range(4):
        with turns.turn():
            clock.now += 0.5

    def sent_away() -> int:
        with pytest.raises(Problem) as caught, turns.turn():
            pass
        return int(caught.value.facts["retry_after"])

    over = threading.Event()
    work(turns, threads, over)
    first, second, third = sent_away(), sent_away(), sent_away()
    assert [first, second, third] == [A_VISIT * 0.5 * count for count in (1, 2, 3)]
    for _ in range(100):
        latest = sent_away()
    assert latest == LATEST
    clock.now += 2 * LATEST
    assert sent_away() == A_VISIT * 0.5  # old appointments hold nobody up
    over.set()


def test_who_waits_too_long_is_sent_away_and_leaves_no_place_taken(threads: ThreadPoolExecutor) -> None:
    turns, over = Turns(1, 3, patience=0.01), threading.Event()
    working = work(turns, threads, over)
    with pytest.raises(Problem, match=r"server\.busy"), turns.turn():
        pass
    over.set()
    working.result(60)
    with turns.turn():
        assert turns._taken == 1 and not turns._queue
