"""Papers and receipts through a real CUPS: to a printer program, to a receipt printer, into nothing."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from app.papers.testing_page import a4_page
from contract.problem import Problem
from devices.catalogue import open_host
from devices.printer import BITMAP, PDF, Outcome, PrintSink, Standing
from devices.printer.languages import ipp
from tests.devices.printer.conftest import Cups, IppProgram
from tests.fakes.escpos_printer import Roll, on_tcp

pytestmark = pytest.mark.needs("cupsd", "lpadmin", "lpstat")
Wait = Callable[[Callable[[], bool]], None]

HEIGHT = 1200
ROWS = bytes((column * 7 + row) % 256 for row in range(HEIGHT) for column in range(72))
RECEIPT = f"P4\n576 {HEIGHT}\n".encode() + ROWS
TITLE = "收件凭证 330281-00004317-3"


def test_a_receipt_goes_through_a_raw_queue_as_it_is(cups: Cups) -> None:
    """The queue cannot say that it was printed, so nobody claims it."""
    roll = Roll()
    with on_tcp(roll) as port:
        uri = cups.queue("receipt", f"socket://127.0.0.1:{port}")
        with open_host("printer/escpos_cups", {"uri": uri}, patience=30) as host:
            sink = PrintSink(host)
            assert sink.accepts() == (BITMAP,)
            assert sink.status().standing is Standing.UNKNOWN
            assert sink.print_raster(RECEIPT, TITLE).outcome is Outcome.UNCONFIRMED
            assert sink.status().standing is Standing.UNKNOWN
    assert b"".join(roll.printed) == ROWS and roll.cuts == [HEIGHT]


def test_f15_a_printer_that_takes_nothing_has_its_job_taken_back(cups: Cups) -> None:
    roll = Roll(deaf_after=0)
    with on_tcp(roll) as port:
        uri = cups.queue("receipt", f"socket://127.0.0.1:{port}")
        endless = f"P4\n576 {HEIGHT * 90}\n".encode() + ROWS * 90  # more than what lies on the way holds
        with open_host("printer/escpos_cups", {"uri": uri, "longest": "1"}, patience=30) as host:
            with pytest.raises(Problem, match=r"printer\.stuck"):
                PrintSink(host).print_raster(endless, TITLE)
            assert cups.jobs() == []
    assert roll.printed == []


def test_f15_a_job_whose_process_was_killed_is_found_and_taken_back(cups: Cups, free_port: int) -> None:
    """Nobody listens at the printer's address: the job waits, and would be printed when somebody does."""
    uri = cups.queue("receipt", f"socket://127.0.0.1:{free_port}")
    with open_host("printer/escpos_cups", {"uri": uri, "trouble": "60"}, patience=30) as host:
        document = base64.b64encode(RECEIPT).decode()
        steps = host.stream("print", document=document, media_type=BITMAP, title=TITLE)
        next(steps), next(steps)
        assert len(cups.jobs()) == 1 and host.pid is not None
        os.kill(host.pid, signal.SIGKILL)
        with pytest.raises(Problem, match=r"device\.crashed"):
            for _ in steps:
                pass
        assert len(cups.jobs()) == 1
        PrintSink(host).cancel()
        assert cups.jobs() == []


@pytest.mark.needs("ippeveprinter", "dbus-daemon", "pdftotext")
def test_an_a4_paper_comes_out_of_a_printer_behind_cups(
    cups: Cups, ipp_program: IppProgram, tmp_path: Path, wait_until: Wait
) -> None:
    uri = cups.queue("a4", ipp_program.uri, "everywhere")
    with open_host("printer/ipp", {"uri": uri}, patience=60) as host:
        sink = PrintSink(host)
        assert sink.accepts() == (PDF,)
        assert sink.print_pdf(a4_page(), TITLE).outcome is Outcome.DONE
        (printed,) = ipp_program.printed
        (tmp_path / "printed.pdf").write_bytes(printed)
        read = ["pdftotext", str(tmp_path / "printed.pdf"), "-"]
        assert "𠮷 䶮 㛃 𬭩" in subprocess.run(read, capture_output=True, text=True, check=True).stdout
        ipp_program.take_paper()
        with pytest.raises(Problem, match=r"printer\.out_of_paper"):
            sink.print_pdf(a4_page(), TITLE)
        wait_until(lambda: cups.jobs() == [])
        ipp_program.give_paper()  # the cancellation went through the queue to the printer: nothing comes out now
        wait_until(lambda: sorted(ipp_program.states()) == [ipp.CANCELED, ipp.COMPLETED])
        # CUPS goes on saying media-empty until it has printed again: that must not keep anybody from printing.
        assert sink.status().standing is Standing.UNKNOWN
        assert sink.print_pdf(a4_page(), TITLE).outcome is Outcome.DONE
        assert sorted(ipp_program.states()) == [ipp.CANCELED, ipp.COMPLETED, ipp.COMPLETED]
