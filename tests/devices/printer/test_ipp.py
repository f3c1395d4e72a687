"""A4 papers by IPP, against a printer program that we did not write."""

from __future__ import annotations

import base64
import http.server
import socket
import struct
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.problem import Problem
from devices.catalogue import open_host
from devices.host import Host
from devices.printer import PDF, Outcome, PrintSink, Standing
from devices.printer.languages import ipp

from .conftest import IppProgram

Wait = Callable[[Callable[[], bool]], None]
PAPER = b"%PDF-1.4\n" + bytes(range(256)) * 300 + "受理通知书\n%%EOF\n".encode()
TITLE = "受理通知书 330281-00004317-3"

real_printer = [pytest.mark.needs("ippeveprinter"), pytest.mark.needs("dbus-daemon")]


@contextmanager
def printer(uri: str, **options: str) -> Iterator[tuple[PrintSink, Host]]:
    given = {"uri": uri, "trouble": "1", "longest": "20", **options}
    with open_host("printer/ipp", given, patience=20) as host:
        yield PrintSink(host), host


class TestRealPrinter:
    pytestmark = real_printer

    def test_the_file_arrives_byte_for_byte_and_the_printer_says_that_it_is_done(self, ipp_program: IppProgram) -> None:
        with printer(ipp_program.uri) as (sink, host):
            assert sink.accepts() == (PDF,)
            assert sink.status().standing is Standing.OK
            assert host.ask("versions")["model"]
            report = sink.print_pdf(PAPER, TITLE)
        assert report.outcome is Outcome.DONE and report.job.isdigit()
        assert ipp_program.printed == [PAPER]
        assert (ipp_program.folder / "names").read_text().splitlines() == [TITLE]

    def test_out_of_paper_is_told_and_nothing_is_printed_later(self, ipp_program: IppProgram, wait_until: Wait) -> None:
        """F15: the job is cancelled; new paper brings only what is asked for then."""
        ipp_program.take_paper()
        with printer(ipp_program.uri) as (sink, _):
            with pytest.raises(Problem) as raised:
                sink.print_pdf(PAPER, TITLE)
            assert raised.value.code == "printer.out_of_paper"
            assert "media-empty" in raised.value.facts["reasons"]
            ipp_program.give_paper()
            wait_until(lambda: sink.status().standing is Standing.OK)
            assert sink.print_pdf(PAPER, TITLE).outcome is Outcome.DONE
        assert sorted(ipp_program.states()) == [ipp.CANCELED, ipp.COMPLETED]

    def test_calling_a_print_off_cancels_the_job(self, ipp_program: IppProgram, wait_until: Wait) -> None:
        ipp_program.be_slow()
        with printer(ipp_program.uri) as (_, host):
            steps = host.stream("print", document=base64.b64encode(PAPER).decode(), media_type=PDF, title=TITLE)
            next(steps)
            next(steps)
            steps.close()
            ipp_program.be_quick()  # a job that is being printed is cancelled when the printer lets go of it
            wait_until(lambda: ipp_program.states() == [ipp.CANCELED])

    def test_a_printer_that_takes_one_job_at_a_time_is_waited_for(self, ipp_program: IppProgram) -> None:
        """It still holds the one that was called off: refused outright, the next person's paper would fail."""
        ipp_program.be_slow()
        document = base64.b64encode(PAPER).decode()
        with printer(ipp_program.uri, longest="120") as (_, host):
            called_off = host.stream("print", document=document, media_type=PDF, title="earlier")
            next(called_off)
            next(called_off)  # the printer has it
            called_off.close()
            steps = host.stream("print", document=document, media_type=PDF, title=TITLE)
            waiting = [next(steps)[0] for _ in range(3)]
            ipp_program.be_quick()
            report = _end_of(steps)
        assert [step["sent"] for step in waiting] == [0, 0, 0]
        assert report["outcome"] == Outcome.DONE
        assert (ipp_program.folder / "names").read_text().splitlines()[-1] == TITLE

    def test_a_printer_that_never_becomes_free_was_given_nothing(
        self, ipp_program: IppProgram, wait_until: Wait
    ) -> None:
        ipp_program.be_slow()
        _submit(ipp_program, "somebody-else")
        with printer(ipp_program.uri, longest="1") as (sink, _):
            with pytest.raises(Problem) as raised:
                sink.print_pdf(PAPER, TITLE)
            assert raised.value.code == "printer.busy"
        ipp_program.be_quick()
        wait_until(lambda: ipp_program.states() == [ipp.COMPLETED])

    def test_a_job_that_takes_too_long_is_given_up(self, ipp_program: IppProgram, wait_until: Wait) -> None:
        ipp_program.be_slow()
        with printer(ipp_program.uri, longest="1") as (sink, _):
            with pytest.raises(Problem) as raised:
                sink.print_pdf(PAPER, TITLE)
            assert raised.value.code == "printer.stuck"
        ipp_program.be_quick()
        wait_until(lambda: ipp_program.states() == [ipp.CANCELED])

    def test_the_end_of_a_session_cancels_our_jobs_and_no_one_elses(
        self, ipp_program: IppProgram, wait_until: Wait
    ) -> None:
        ipp_program.be_slow()
        _submit(ipp_program, "somebody-else")
        with printer(ipp_program.uri) as (sink, _):
            sink.cancel()
        ipp_program.be_quick()
        wait_until(lambda: ipp_program.states() == [ipp.COMPLETED])


def _end_of(steps: Generator[tuple[Any, bytes], None, Any]) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _submit(program: IppProgram, user: str) -> None:
    attributes: list[ipp.Attribute] = [(ipp.NAME, "requesting-user-name", user), (ipp.MIME, "document-format", PDF)]
    assert program.call(ipp.PRINT_JOB, attributes, PAPER).successful


def _answer(status: int, *groups: tuple[int, list[ipp.Attribute]]) -> bytes:
    made = struct.pack(">BBHI", 2, 0, status, 1)
    for tag, attributes in groups:
        made += bytes([tag]) + b"".join(ipp._attribute(*attribute) for attribute in attributes)
    return made + b"\x03"


READY: tuple[int, list[ipp.Attribute]] = (
    ipp.PRINTER,
    [
        (ipp.ENUM, "printer-state", 3),
        (ipp.KEYWORD, "printer-state-reasons", "none"),
        (ipp.BOOLEAN, "printer-is-accepting-jobs", True),
        (ipp.MIME, "document-format-supported", "application/pdf"),
    ],
)


@contextmanager
def scripted(answers: dict[int, bytes | None]) -> Iterator[tuple[str, list[int]]]:
    """A printer that says what it is told to, by operation; None cuts the line instead of an answer."""
    asked: list[int] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            operation = struct.unpack(">H", body[2:4])[0]
            asked.append(operation)
            answer = answers.get(operation, _answer(0x0501))
            if answer is None:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"ipp://127.0.0.1:{server.server_address[1]}/ipp/print", asked
        finally:
            server.shutdown()
            thread.join()


JOB: tuple[int, list[ipp.Attribute]] = (ipp.JOB, [(ipp.INTEGER, "job-id", 7)])


def test_a_lost_answer_to_print_job_has_the_job_looked_for_and_cancelled() -> None:
    answers: dict[int, bytes | None] = {
        ipp.GET_PRINTER_ATTRIBUTES: _answer(0, READY),
        ipp.PRINT_JOB: None,
        ipp.GET_JOBS: _answer(0, JOB),
        ipp.CANCEL_JOB: _answer(0),
    }
    with scripted(answers) as (uri, asked), printer(uri) as (sink, _):
        with pytest.raises(Problem) as raised:
            sink.print_pdf(PAPER, TITLE)
        assert raised.value.code == "printer.unreachable"
        assert asked[-2:] == [ipp.GET_JOBS, ipp.CANCEL_JOB]


def test_a_printer_lost_while_the_job_runs_leaves_it_unconfirmed() -> None:
    """F17: it may well have printed."""
    answers: dict[int, bytes | None] = {
        ipp.GET_PRINTER_ATTRIBUTES: _answer(0, READY),
        ipp.PRINT_JOB: _answer(0, JOB),
        ipp.GET_JOB_ATTRIBUTES: None,
    }
    with scripted(answers) as (uri, _), printer(uri) as (sink, _):
        report = sink.print_pdf(PAPER, TITLE)
    assert (report.outcome, report.job) == (Outcome.UNCONFIRMED, "7")


def test_a_job_that_the_printer_aborts_is_a_problem() -> None:
    aborted: tuple[int, list[ipp.Attribute]] = (ipp.JOB, [(ipp.ENUM, "job-state", ipp.ABORTED)])
    answers: dict[int, bytes | None] = {
        ipp.GET_PRINTER_ATTRIBUTES: _answer(0, READY),
        ipp.PRINT_JOB: _answer(0, JOB),
        ipp.GET_JOB_ATTRIBUTES: _answer(0, aborted),
        ipp.CANCEL_JOB: _answer(0x0404),
    }
    with scripted(answers) as (uri, _), printer(uri) as (sink, _):
        with pytest.raises(Problem) as raised:
            sink.print_pdf(PAPER, TITLE)
        assert raised.value.code == "printer.aborted"


def test_a_printer_that_takes_no_pdf_is_told_apart() -> None:
    other: tuple[int, list[ipp.Attribute]] = (
        ipp.PRINTER,
        [(ipp.ENUM, "printer-state", 3), (ipp.MIME, "document-format-supported", "image/urf")],
    )
    with scripted({ipp.GET_PRINTER_ATTRIBUTES: _answer(0, other)}) as (uri, asked), printer(uri) as (sink, _):
        with pytest.raises(Problem) as raised:
            sink.print_pdf(PAPER, TITLE)
        assert raised.value.code == "printer.wrong_document"
        assert ipp.PRINT_JOB not in asked


@pytest.mark.parametrize(
    ("answer", "code"), [(b"<html>router</html>", "printer.garbled"), (_answer(0x0406), "printer.refused")]
)
def test_what_is_no_printer_says_so(answer: bytes, code: str) -> None:
    with scripted({ipp.GET_PRINTER_ATTRIBUTES: answer}) as (uri, _), printer(uri) as (sink, _):
        with pytest.raises(Problem) as raised:
            sink.status()
        assert raised.value.code == code


def test_addresses() -> None:
    for uri, code in (("lpt1", "printer.bad_address"), ("ipp://127.0.0.1:9/ipp/print", "printer.unreachable")):
        with printer(uri) as (sink, _), pytest.raises(Problem) as raised:
            sink.status()
        assert raised.value.code == code


@pytest.mark.parametrize(
    ("state", "reasons", "standing"),
    [
        (3, ["none"], Standing.OK),
        (4, [], Standing.OK),
        (4, ["media-empty-warning", "media-needed-warning"], Standing.OUT_OF_PAPER),
        (5, ["media-needed"], Standing.OUT_OF_PAPER),
        (5, ["toner-low-report", "media-jam-error"], Standing.JAM),
        (3, ["toner-low-warning"], Standing.NEAR_END),
        (5, ["door-open"], Standing.COVER_OPEN),
        (3, ["marker-supply-empty-error"], Standing.NO_INK),
        (5, ["paused"], Standing.OFFLINE),
        (5, [], Standing.OFFLINE),
        (3, ["com.maker-strange-reason"], Standing.OK),
    ],
)
def test_reasons(state: int, reasons: list[str], standing: Standing) -> None:
    assert ipp.standing_of(state, reasons).standing is standing


def test_a_printer_that_accepts_no_jobs_is_offline() -> None:
    assert ipp.standing_of(3, ["none"], accepting=False).standing is Standing.OFFLINE


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_garbled(data: bytes) -> None:
    try:
        ipp.read_answer(data)
    except Problem as problem:
        assert problem.code == "printer.garbled"


@given(st.binary(max_size=120))
def test_any_groups_are_an_answer_or_garbled(data: bytes) -> None:
    try:
        ipp.read_answer(struct.pack(">BBHI", 2, 0, 0, 1) + b"\x04" + data)
    except Problem as problem:
        assert problem.code == "printer.garbled"
