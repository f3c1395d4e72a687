"""Receipt printers over a real TCP connection and a pseudo terminal, through their worker processes."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from contract.problem import Problem
from devices.catalogue import open_host
from devices.host import Host
from devices.printer import BITMAP, Outcome, PrintSink, Standing
from tests.fakes.escpos_printer import Roll, on_pty, on_tcp

HEIGHT = 2000
ROWS = bytes((column * 7 + row) % 256 for row in range(HEIGHT) for column in range(72))
RECEIPT = f"P4\n576 {HEIGHT}\n".encode() + ROWS


@contextmanager
def printer(roll: Roll, **options: str) -> Iterator[tuple[PrintSink, Host]]:
    with on_tcp(roll) as port:
        # One that talks is waited for as long as it takes on a busy machine; one that does not, not for long.
        answer = "20" if roll.answers and not roll.deaf_to else "0.3"
        given = {"host": "127.0.0.1", "port": str(port), "answer": answer, "confirm": "20", "patience": "2", **options}
        with open_host("printer/escpos_tcp", given, patience=20) as host:
            yield PrintSink(host), host


def test_a_receipt_is_printed_dot_for_dot_and_the_printer_says_so() -> None:
    roll = Roll()
    with printer(roll) as (sink, _):
        assert sink.accepts() == (BITMAP,)
        assert sink.status().standing is Standing.OK
        assert sink.print_raster(RECEIPT, "收件凭证 330281-00004317-3").outcome is Outcome.DONE
    assert b"".join(roll.printed) == ROWS
    assert roll.cuts == [HEIGHT]
    assert roll.clears == 1, "before it, of what an earlier run may have left"


def test_two_receipts_one_after_the_other() -> None:
    roll = Roll()
    with printer(roll) as (sink, _):
        for _ in range(2):
            assert sink.print_raster(RECEIPT, "t").outcome is Outcome.DONE
    assert roll.cuts == [HEIGHT, 2 * HEIGHT]


def test_paper_that_runs_low_still_prints() -> None:
    roll = Roll(near_end=True)
    with printer(roll) as (sink, _):
        assert sink.status().standing is Standing.NEAR_END
        assert sink.print_raster(RECEIPT, "t").outcome is Outcome.DONE


@pytest.mark.parametrize(
    ("roll", "code"),
    [
        (Roll(paper_rows=0), "printer.out_of_paper"),
        (Roll(cover_open=True), "printer.cover_open"),
        (Roll(cutter_jammed=True), "printer.jam"),
    ],
)
def test_a_printer_that_cannot_print_is_sent_nothing(roll: Roll, code: str) -> None:
    with printer(roll) as (sink, _):
        with pytest.raises(Problem) as raised:
            sink.print_raster(RECEIPT, "t")
        assert raised.value.code == code
        roll.cover_open = False
        roll.load_paper()
    assert roll.printed == []


def test_out_of_paper_in_the_middle_prints_nothing_later() -> None:
    """F15: with new paper in, the rest of an earlier person's receipt must not come out."""
    roll = Roll(paper_rows=700)
    with printer(roll) as (sink, _):
        with pytest.raises(Problem) as raised:
            sink.print_raster(RECEIPT, "t")
        assert raised.value.code == "printer.out_of_paper"
        assert roll.clears == 2, "before the first paper, and of this one's rest"
        roll.load_paper()
        assert len(roll.printed) == 700
        assert roll.cuts == []
        assert sink.print_raster(RECEIPT, "t").outcome is Outcome.DONE
    assert b"".join(roll.printed[700:]) == ROWS


def test_a_silent_printer_is_unknown_and_its_print_unconfirmed() -> None:
    roll = Roll(answers=False)
    with printer(roll) as (sink, _):
        assert sink.status().standing is Standing.UNKNOWN
        assert sink.print_raster(RECEIPT, "t").outcome is Outcome.UNCONFIRMED
    assert roll.cuts == [HEIGHT]


def test_a_printer_that_answers_by_half_is_unknown_and_its_word_that_it_printed_is_heard() -> None:
    roll = Roll(deaf_to=frozenset({1, 2, 3}))
    with printer(roll) as (sink, _):
        assert sink.status().standing is Standing.UNKNOWN
        assert sink.print_raster(RECEIPT, "t").outcome is Outcome.DONE
    assert roll.cuts == [HEIGHT]


def test_a_printer_that_never_confirms_is_not_believed() -> None:
    roll = Roll(confirms=False)
    with printer(roll, confirm="0.4") as (sink, _):
        assert sink.print_raster(RECEIPT, "t").outcome is Outcome.UNCONFIRMED
    roll = Roll()
    with printer(roll, confirm="0") as (sink, _):
        assert sink.print_raster(RECEIPT, "t").outcome is Outcome.UNCONFIRMED


def test_a_printer_that_takes_no_more_bytes_is_stuck() -> None:
    roll = Roll(deaf_after=9000)
    endless = f"P4\n576 {HEIGHT * 60}\n".encode() + ROWS * 60  # more than the buffers of both ends' systems hold
    with printer(roll) as (sink, _):
        with pytest.raises(Problem) as raised:
            sink.print_raster(endless, "t")
        assert raised.value.code == "device.stuck"


def test_calling_a_print_off_clears_the_printer() -> None:
    roll = Roll()
    # So long that it is still printing when it is called off, however busy the machine.
    endless = f"P4\n576 {60 * HEIGHT}\n".encode() + 60 * ROWS
    with printer(roll) as (_, host):
        steps = host.stream("print", document=base64.b64encode(endless).decode(), media_type=BITMAP, title="t")
        next(steps)
        steps.close()
        assert host.ask("status")["standing"] == "ok"
    assert roll.clears == 1
    assert roll.cuts == []


def test_the_end_of_a_session_clears_what_is_left() -> None:
    roll = Roll(paper_rows=0)
    roll.take(b"\x1dv0\x00\x01\x00\x01\x00\xff")  # somebody else's program left something
    with printer(roll) as (sink, _):
        sink.cancel()
    roll.load_paper()
    assert roll.printed == []


def test_a_printer_that_is_not_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        options = {"host": "127.0.0.1", "port": str(taken.getsockname()[1]), "patience": "1"}
        with open_host("printer/escpos_tcp", options) as host:
            for ask in (PrintSink(host).status, lambda: PrintSink(host).print_raster(RECEIPT, "t")):
                with pytest.raises(Problem) as raised:
                    ask()
                assert raised.value.code == "device.unreachable"


@pytest.mark.parametrize("where", ["pty", "socket"])
def test_the_same_over_a_serial_line(where: str) -> None:
    roll = Roll()
    served = on_pty(roll) if where == "pty" else on_tcp(roll)
    with served as place:
        port = str(place) if where == "pty" else f"socket://127.0.0.1:{place}"
        options = {"port": port, "answer": "20", "confirm": "20"}
        with open_host("printer/escpos_serial", options, patience=20) as host:
            sink = PrintSink(host)
            assert sink.status().standing is Standing.OK
            assert sink.print_raster(RECEIPT, "t").outcome is Outcome.DONE
            roll.paper_rows = 0
            with pytest.raises(Problem) as raised:
                sink.print_raster(RECEIPT, "t")
            assert raised.value.code == "printer.out_of_paper"
    assert b"".join(roll.printed) == ROWS


@pytest.mark.parametrize("port", ["/dev/tongban-nowhere", "spy:///dev/null?file=/dev/null", "socket://nowhere"])
def test_a_serial_port_that_is_not_there(port: str) -> None:
    with open_host("printer/escpos_serial", {"port": port}) as host, pytest.raises(Problem) as raised:
        PrintSink(host).status()
    assert raised.value.code == "device.no_such_port"
