"""Papers through the operating system's printing: here a real CUPS, with a real printer program behind it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.papers import raster
from app.papers.testing_page import a4_page
from contract.problem import Problem
from devices.catalogue import open_host
from devices.printer import Outcome, PrintSink
from tests.devices.printer.conftest import Cups, IppProgram, cups, ipp_program, wait_until

__all__ = ["cups", "ipp_program", "wait_until"]  # fixtures
TITLE = "受理通知书 330281-00004317-3"
pytestmark = [
    pytest.mark.needs("cupsd", "lpadmin", "lpstat", "ippeveprinter", "dbus-daemon"),
    pytest.mark.needs("font:LXGW WenKai", "font:HanaMinA", "font:HanaMinB"),
]


def test_f25_a_paper_reaches_the_named_printer_or_nobody(
    cups: Cups,
    ipp_program: IppProgram,
    tmp_path_factory: pytest.TempPathFactory,
    wait_until: Callable[[Callable[[], bool]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(here)
    cups.queue("a4", ipp_program.uri, "everywhere")
    paper = a4_page()
    with open_host("printer/system", {"queue": "a4"}, patience=60) as host:
        assert PrintSink(host).print_pdf(paper, TITLE).outcome is Outcome.UNCONFIRMED
    wait_until(lambda: len(ipp_program.printed) == 1 and cups.jobs() == [])
    (pdf,) = ipp_program.printed
    assert (ipp_program.folder / "names").read_text().strip() == TITLE
    assert raster.page_count(pdf) == 1
    ours, theirs = (ink_of(each) for each in (paper, pdf))
    assert all(abs(a - b) <= 2 for a, b in zip(ours, theirs, strict=True)), "in its place and in its size"

    with (
        open_host("printer/system", {"queue": "no such printer"}, patience=60) as host,
        pytest.raises(Problem, match=r"printer\.unreachable"),
    ):
        PrintSink(host).print_pdf(paper, "t")
    assert list(here.iterdir()) == [] and len(ipp_program.printed) == 1, "no PDF in its place"


def ink_of(pdf: bytes) -> tuple[int, int, int, int]:
    """The edges of what is printed, in dots of 100 to the inch: of the test page its frame."""
    page = raster.page_image(pdf, 0, 100)
    found = page.point(lambda grey: 255 if grey < 200 else 0).getbbox()
    assert found is not None and page.size == (827, 1170)
    return found
