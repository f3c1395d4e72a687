"""Receipts through Windows' spooler, as far as it can be tested without Windows: against a stand-in compiled from C."""

from __future__ import annotations

import base64
import ctypes
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.problem import Problem
from devices.printer import BITMAP, Outcome, PrintProgress, PrintReport, Standing
from devices.printer.languages import escpos
from devices.printer.spools import SpooledPrinter
from devices.printer.spools.windows import WindowsSpool

pytestmark = pytest.mark.needs("gcc")
SOURCE = Path(__file__).with_name("winspool.c")
PBM = b"P4\n576 100\n" + bytes(range(72)) * 100
COMPLETE, DELETED, PAPEROUT, FORGOTTEN = 0x1000, 0x104, 0x40, 0xFFFFFFFF
PRINTER_PAPER_OUT, PRINTER_DOOR_OPEN, PRINTER_OFFLINE = 0x10, 0x400000, 0x80


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    made = tmp_path_factory.mktemp("winspool") / "winspool.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", made, SOURCE], check=True)
    return ctypes.CDLL(str(made))


@pytest.fixture
def spooler(compiled: ctypes.CDLL) -> Iterator[ctypes.CDLL]:
    compiled.reset()
    yield compiled
    assert compiled.handles() == 0, "every handle is given back"


def printer(spooler: Any, queue: str = "小票", longest: float = 5) -> SpooledPrinter:
    spool = WindowsSpool(queue, spooler)
    return SpooledPrinter(spool, BITMAP, escpos.receipt, believed=False, trouble=0.2, longest=longest)


def steps(printer: SpooledPrinter) -> Generator[PrintProgress, None, PrintReport]:
    return printer.print(base64.b64encode(PBM).decode(), BITMAP, "收件凭证 330281-00004317-3")


def send(printer: SpooledPrinter) -> PrintReport:
    running = steps(printer)
    while True:
        try:
            next(running)
        except StopIteration as end:
            report: PrintReport = end.value
            return report


@pytest.mark.parametrize("job", [COMPLETE, FORGOTTEN])
def test_the_bytes_arrive_and_nobody_claims_that_they_were_printed(spooler: Any, job: int) -> None:
    spooler.be(0, job)
    assert printer(spooler).status().standing is Standing.UNKNOWN
    assert send(printer(spooler)) == PrintReport(Outcome.UNCONFIRMED, "1")
    room = ctypes.create_string_buffer(1 << 20)
    size = spooler.written(room)
    assert room.raw[:size] == escpos.receipt(PBM)


@pytest.mark.parametrize(
    ("status", "standing", "code"),
    [
        (PRINTER_PAPER_OUT, Standing.OUT_OF_PAPER, "printer.out_of_paper"),
        (PRINTER_DOOR_OPEN | PRINTER_PAPER_OUT, Standing.COVER_OPEN, "printer.cover_open"),
        (PRINTER_OFFLINE, Standing.OFFLINE, "printer.offline"),
    ],
)
def test_a_printer_that_says_that_it_cannot_is_sent_nothing(
    spooler: Any, status: int, standing: Standing, code: str
) -> None:
    spooler.be(status, 0)
    assert printer(spooler).status().standing is standing
    with pytest.raises(Problem) as raised:
        send(printer(spooler))
    assert raised.value.code == code
    assert spooler.written(ctypes.create_string_buffer(1)) == 0


def test_f15_a_job_without_paper_is_taken_back(spooler: Any) -> None:
    spooler.be(0, PAPEROUT)
    with pytest.raises(Problem, match=r"printer\.out_of_paper"):
        send(printer(spooler))
    assert spooler.job_status(1) == DELETED


def test_a_job_that_stays_is_taken_back(spooler: Any) -> None:
    with pytest.raises(Problem, match=r"printer\.stuck"):
        send(printer(spooler, longest=0))
    assert spooler.job_status(1) == DELETED


def test_the_end_of_a_session_takes_our_jobs_back_and_no_one_elses(spooler: Any) -> None:
    spooler.somebody_else()
    running = steps(printer(spooler))
    next(running), next(running)
    printer(spooler).cancel()
    assert [spooler.job_status(job) for job in (1, 2)] == [0, DELETED]
    with pytest.raises(Problem, match=r"printer\.aborted"):
        next(running)


def test_what_was_half_written_is_aborted(spooler: Any) -> None:
    spooler.write_short()
    with pytest.raises(Problem, match=r"printer\.refused"):
        send(printer(spooler))
    assert spooler.job_status(1) == 0x100


def test_a_queue_that_is_not_there(spooler: Any) -> None:
    with pytest.raises(Problem, match=r"printer\.unreachable"):
        printer(spooler, "无此打印机").status()


def test_where_there_is_no_windows_it_says_so() -> None:
    with pytest.raises(Problem, match=r"device\.missing"):
        WindowsSpool("小票").look()
