"""What every printer driver must do, whoever wrote it; and how the simulated one behaves when told to."""

from __future__ import annotations

import base64
import io
import json
import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pypdfium2
import pytest

from contract.problem import Problem
from devices.catalogue import Manifest, drivers, missing, open_host
from devices.printer import BITMAP, PDF, Outcome, PrintSink, Standing
from tests.fakes.escpos_printer import Roll, on_pty, on_tcp

ROOT = Path(__file__).resolve().parents[3]
WORDS = {
    code
    for name in ("printer", "devices")
    for code in json.loads((ROOT / f"resources/messages/{name}.json").read_text("utf-8"))
}
NAME = "张三"


def pdf_of(words: str) -> bytes:
    """An empty page, with words that no reader shows."""
    document = pypdfium2.PdfDocument.new()
    try:
        document.new_page(595, 842).close()
        out = io.BytesIO()
        document.save(out)
        return out.getvalue() + b"% " + words.encode() + b"\n"
    finally:
        document.close()


DOCUMENTS = {PDF: pdf_of(NAME), BITMAP: b"P4\n16 2\n\x0f\xf0\xff\x00"}

Options = Callable[[str], dict[str, str]]

CUPS = pytest.mark.needs("cupsd", "lpadmin", "lpstat")
NEEDS = {
    "printer/ipp": [pytest.mark.needs("ippeveprinter", "dbus-daemon")],
    "printer/escpos_cups": [CUPS],
    "printer/system": [CUPS],
}
NOT_HERE = {"printer/escpos_usb", "printer/escpos_windows"}
"""No USB printer and no Windows can be had in a test: test_usb.py and test_windows.py take their part."""
SAYS_NOTHING = {"printer/escpos_cups", "printer/system"}
"""What stands between us and the printer does not ask it: it is unknown, and its prints are unconfirmed."""

every_driver = pytest.mark.parametrize("manifest", drivers("printer"), ids=lambda manifest: manifest.driver)
every_driver_that_runs_here = pytest.mark.parametrize(
    "manifest", [each for each in drivers("printer") if not missing(each)], ids=lambda manifest: manifest.driver
)
every_driver_at_work = pytest.mark.parametrize(
    "manifest",
    [
        pytest.param(each, marks=NEEDS.get(each.id, []), id=each.driver)
        for each in drivers("printer")
        if each.id not in NOT_HERE
    ],
)


@pytest.fixture
def working(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Options]:
    """Options with which a driver has something to print on."""
    with ExitStack() as stack:

        def options(driver_id: str) -> dict[str, str]:
            match driver_id:
                case "printer/escpos_tcp":
                    port = stack.enter_context(on_tcp(Roll()))
                    return {"host": "127.0.0.1", "port": str(port), "answer": "20"}
                case "printer/escpos_serial":
                    return {"port": stack.enter_context(on_pty(Roll())), "answer": "20"}
                case "printer/escpos_cups":
                    port = stack.enter_context(on_tcp(Roll()))
                    return {"uri": request.getfixturevalue("cups").queue("receipt", f"socket://127.0.0.1:{port}")}
                case "printer/system":
                    request.getfixturevalue("cups").queue("a4", "file:///dev/null")
                    return {"queue": "a4"}
                case "printer/ipp":
                    return {"uri": request.getfixturevalue("ipp_program").uri}
                case "printer/file":
                    return {"folder": str(tmp_path)}
                case _:
                    return {}

        yield options


def nowhere(driver_id: str, port: int) -> dict[str, str]:
    """Options with which there is nothing to print on."""
    return {
        "printer/escpos_tcp": {"host": "127.0.0.1", "port": str(port)},
        "printer/escpos_serial": {"port": "/dev/tongban-nowhere"},
        "printer/escpos_usb": {"device": "ffff:fffe"},
        "printer/escpos_cups": {"uri": f"ipp://127.0.0.1:{port}/printers/receipt"},
        "printer/system": {"queue": "tongban-nowhere"},
        "printer/ipp": {"uri": f"ipp://127.0.0.1:{port}/ipp/print"},
        "printer/file": {"folder": "/tongban-nowhere"},
        "printer/simulated": {"behave": "out_of_paper"},
    }[driver_id]


def send(sink: PrintSink, title: str = "测试页") -> Outcome:
    if BITMAP in sink.accepts():
        return sink.print_raster(DOCUMENTS[BITMAP], title).outcome
    return sink.print_pdf(DOCUMENTS[PDF], title).outcome


@every_driver
def test_it_can_run_here_and_says_how_good_it_is(manifest: Manifest) -> None:
    assert len(missing(manifest)) == (manifest.os == ("windows",))
    assert manifest.grade in ("bronze", "silver"), "gold is verified on a real model"


@every_driver_at_work
def test_it_prints_and_survives_being_killed(manifest: Manifest, working: Options) -> None:
    with open_host(manifest.id, working(manifest.id), patience=20) as host:
        sink = PrintSink(host)
        silent = manifest.id in SAYS_NOTHING
        well, done = (Standing.UNKNOWN, Outcome.UNCONFIRMED) if silent else (Standing.OK, Outcome.DONE)
        assert sink.status().standing is well
        assert send(sink) is done
        sink.cancel()
        assert host.pid is not None
        os.kill(host.pid, signal.SIGKILL)
        with pytest.raises(Problem) as raised:
            sink.status()
        assert raised.value.code == "device.crashed"
        assert sink.status().standing is well
        assert send(sink) is done


@every_driver_at_work
def test_a_print_that_is_called_off_leaves_it_ready_for_the_next(manifest: Manifest, working: Options) -> None:
    with open_host(manifest.id, working(manifest.id), patience=20) as host:
        sink = PrintSink(host)
        media_type = sink.accepts()[-1]
        document = base64.b64encode(DOCUMENTS[media_type]).decode()
        steps = host.stream("print", document=document, media_type=media_type, title="t")
        next(steps)
        steps.close()
        assert send(sink) in (Outcome.DONE, Outcome.UNCONFIRMED)


@every_driver_that_runs_here
def test_it_refuses_cleanly_when_there_is_nothing_to_print_on(manifest: Manifest, free_port: int) -> None:
    with open_host(manifest.id, nowhere(manifest.id, free_port), patience=20) as host:
        for _ in range(2):
            with pytest.raises(Problem) as raised:
                send(PrintSink(host))
            assert raised.value.code in WORDS


@every_driver_that_runs_here
def test_it_refuses_a_document_that_is_not_what_it_says(manifest: Manifest, free_port: int) -> None:
    with open_host(manifest.id, nowhere(manifest.id, free_port), patience=20) as host:
        for media_type in ("image/jpeg", *PrintSink(host).accepts()):
            document = base64.b64encode(b"GIF89a").decode()
            with pytest.raises(Problem) as raised:
                list(host.stream("print", document=document, media_type=media_type, title="t"))
            assert raised.value.code == "printer.wrong_document"


@every_driver_at_work
def test_it_says_nothing_of_what_it_prints(
    manifest: Manifest, working: Options, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with open_host(manifest.id, working(manifest.id), patience=20) as host:
        sink = PrintSink(host)
        send(sink)
        assert NAME not in repr(sink) + repr(host)
    shown = caplog.text + "".join(capfd.readouterr())
    assert NAME not in shown and base64.b64encode(DOCUMENTS[BITMAP]).decode() not in shown


@pytest.mark.parametrize(
    ("behave", "outcome"),
    [
        ("ok", "done"),
        ("absent", "printer.unreachable"),
        ("near_end", "done"),
        ("slow", "done"),
        ("silent", "unconfirmed"),
        ("out_of_paper", "printer.out_of_paper"),
        ("cover_open", "printer.cover_open"),
        ("jam", "printer.jam"),
        ("runs_out", "printer.out_of_paper"),
        ("crash", "device.crashed"),
        ("hang", "device.silent"),
    ],
)
def test_the_simulated_printer_behaves_as_told(behave: str, outcome: str) -> None:
    with open_host("printer/simulated", {"behave": behave}) as host:
        sink = PrintSink(host)
        try:
            patience = 1.0 if behave == "hang" else 20.0
            found = str(sink.print_pdf(DOCUMENTS[PDF], "t", patience=patience).outcome)
        except Problem as problem:
            found = problem.code
        assert found == outcome
        printed = host.ask("printed")
    assert len(printed) == (outcome in ("done", "unconfirmed"))


def test_a_folder_gets_each_paper_under_a_name_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "0041-earlier.pdf").touch()
    with open_host("printer/file", {"folder": str(tmp_path)}) as host:
        sink = PrintSink(host)
        assert sink.print_pdf(DOCUMENTS[PDF], "受理通知书 330281-00004317-3").job == "0042-受理通知书_330281-00004317-3"
        sink.print_raster(DOCUMENTS[BITMAP], "../../收件凭证")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "0041-earlier.pdf",
        "0042-受理通知书_330281-00004317-3.pdf",
        "0043-_收件凭证.escpos",
        "0043-_收件凭证.png",
    ]
    assert (tmp_path / "0042-受理通知书_330281-00004317-3.pdf").read_bytes() == DOCUMENTS[PDF]
    roll = Roll()
    roll.take((tmp_path / "0043-_收件凭证.escpos").read_bytes())
    assert b"".join(roll.printed) == b"\x0f\xf0\xff\x00"
