"""One person's paper never comes out among the next one's, whatever printer and driver did meanwhile (F14, F15)."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from contract.problem import Problem
from devices.catalogue import open_host
from devices.printer import Outcome, PrintSink
from tests.fakes.escpos_printer import Roll, on_tcp

HEIGHT = 200
ROWS = b"\xaa" * 72 * HEIGHT
BEFORE_ALL = 1  # clearing before the first paper of this run
RECEIPT = f"P4\n576 {HEIGHT}\n".encode() + ROWS


@contextmanager
def sink_of(roll: Roll, settle: float = 0) -> Iterator[PrintSink]:
    with on_tcp(roll) as port:
        answer = "20" if roll.answers else "0.2"  # a printer that talks is waited for on a busy machine
        options = {"host": "127.0.0.1", "port": str(port), "answer": answer, "confirm": "20", "patience": "20"}
        with open_host("printer/escpos_tcp", options, patience=20) as host:
            yield PrintSink(host, settle)


def test_what_came_out_is_never_cleared() -> None:
    roll = Roll()
    with sink_of(roll) as sink:
        assert sink.print_raster(RECEIPT, "t", "one").outcome is Outcome.DONE
        sink.clear()
        sink.print_raster(RECEIPT, "t", "two")
    assert roll.clears == BEFORE_ALL and roll.cuts == [HEIGHT, 2 * HEIGHT]


def test_f15_what_an_earlier_run_of_the_program_left_does_not_come_out_with_new_paper() -> None:
    roll = Roll(paper_rows=0)
    roll.take(b"\x1dv0\x00\x01\x00\x01\x00\xff")
    with sink_of(roll) as sink, pytest.raises(Problem, match=r"printer\.out_of_paper"):
        sink.print_raster(RECEIPT, "t", "one")
    roll.load_paper()
    assert not roll.printed


def test_who_was_given_nothing_leaves_nothing() -> None:
    roll = Roll()
    with sink_of(roll) as sink:
        sink.clear()
        assert sink.host.pid is None, "no process for it"
    assert roll.taken == 0


def test_f14_what_a_mute_printer_may_hold_is_cleared_when_the_person_leaves() -> None:
    roll = Roll(answers=False)
    with sink_of(roll) as sink:
        assert sink.print_raster(RECEIPT, "t", "one").outcome is Outcome.UNCONFIRMED
        assert roll.clears == BEFORE_ALL
        sink.clear()
        assert roll.clears == BEFORE_ALL + 1
        sink.clear()
    assert roll.clears == BEFORE_ALL + 1


def test_f15_the_next_persons_paper_clears_what_nobody_cleared() -> None:
    roll = Roll(answers=False, paper_rows=0)  # mute and out of paper: it holds all it is given
    with sink_of(roll) as sink:
        sink.print_raster(RECEIPT, "t", "one")
        sink.print_raster(RECEIPT, "t", "one")  # their second paper waits behind their first
        assert roll.clears == BEFORE_ALL
        sink.print_raster(RECEIPT, "t", "two")
        assert roll.clears == BEFORE_ALL + 1
    roll.load_paper()
    assert roll.cuts == [HEIGHT], "only what is the second person's"


def test_f15_after_a_driver_died_the_rest_of_its_paper_does_not_come_out() -> None:
    roll = Roll(paper_rows=100)  # for half a receipt: the rest waits in the printer
    with sink_of(roll) as sink:
        sink.accepts()
        pid = sink.host.pid
        assert pid is not None
        roll.on_first_row = lambda: os.kill(pid, signal.SIGKILL)
        with pytest.raises(Problem, match=r"device\.crashed"):
            sink.print_raster(RECEIPT, "t", "one")
        with pytest.raises(Problem, match=r"printer\.out_of_paper"):
            sink.print_raster(RECEIPT, "t", "one")
        assert roll.clears == BEFORE_ALL + 1
        roll.load_paper()
        assert len(roll.printed) == 100 and not roll.cuts
        assert sink.print_raster(RECEIPT, "t", "one").outcome is Outcome.DONE
    assert b"".join(roll.printed[100:]) == ROWS


def test_two_at_once_wait_for_each_other() -> None:
    roll = Roll()
    with sink_of(roll) as sink:
        threads = [threading.Thread(target=sink.print_raster, args=(RECEIPT, "t", str(at))) for at in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert roll.cuts == [HEIGHT * at for at in range(1, 5)] and roll.clears == BEFORE_ALL


def test_a_printer_that_cannot_be_told_is_told_before_the_next_paper() -> None:
    roll = Roll(answers=False)
    with sink_of(roll) as sink:
        sink.print_raster(RECEIPT, "t", "one")
        sink.host.close()
        with pytest.raises(Problem, match=r"device\.closed"):
            sink.clear()
        with pytest.raises(Problem, match=r"device\.closed"):
            sink.print_raster(RECEIPT, "t", "two")
    assert roll.cuts == [HEIGHT]
