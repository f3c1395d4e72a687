"""The drawing process: same paper, survives its death, keeps its time."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from app.papers import Drawer, PaperInput, PaperKind, draw, draw_file, raster
from contract.problem import Problem

pytestmark = [pytest.mark.needs("font:LXGW WenKai"), pytest.mark.needs("font:WenQuanYi Zen Hei")]


def test_a_paper_drawn_over_there_is_the_paper_drawn_here(received: PaperInput) -> None:
    with Drawer() as drawer:
        pdf = drawer.draw(PaperKind.RECEIPT, received)
        assert pdf == draw(PaperKind.RECEIPT, received)
        assert drawer.bitmap(pdf) == raster.pbm(pdf)
        assert drawer.png(pdf, 100) == raster.png(pdf, 100)
        with pytest.raises(Problem) as raised:
            drawer.draw(PaperKind.REFUSAL, received)
        assert raised.value.code == "papers.not_yet"
        with pytest.raises(Problem) as raised:
            drawer.bitmap(b"not a PDF")
        assert raised.value.code == "papers.not_a_pdf"


def test_a_process_that_dies_is_a_problem_and_the_next_paper_works(received: PaperInput) -> None:
    with Drawer() as drawer:
        drawer.warm()
        assert drawer.pid is not None
        os.kill(drawer.pid, signal.SIGKILL)
        with pytest.raises(Problem) as raised:
            drawer.draw(PaperKind.RECEIPT, received)
        assert raised.value.code == "papers.crashed"
        assert drawer.draw(PaperKind.RECEIPT, received).startswith(b"%PDF")


def test_the_process_outlives_the_thread_that_first_asked(received: PaperInput) -> None:
    """It dies with the thread that started it, on Linux, and that is none of those who ask."""
    with Drawer() as drawer:
        first = threading.Thread(target=drawer.warm)
        first.start()
        first.join()
        pid = drawer.pid
        assert drawer.draw(PaperKind.RECEIPT, received).startswith(b"%PDF")
        assert drawer.pid == pid


def test_a_process_that_hangs_is_ended(received: PaperInput) -> None:
    with Drawer(patience=0.2) as drawer:
        drawer.warm()
        assert drawer.pid is not None
        os.kill(drawer.pid, signal.SIGSTOP)
        with pytest.raises(Problem) as raised:
            drawer.draw(PaperKind.RECEIPT, received)
        assert raised.value.code == "papers.silent"
        assert drawer.pid is None


def test_a_bug_over_there_says_where_and_nothing_of_the_values(received: PaperInput) -> None:
    with Drawer() as drawer:
        with pytest.raises(Problem) as raised:
            drawer._ask({"do": "draw", "kind": "receipt"}, b'{"view": "Zhang San"}')
        assert raised.value.code == "papers.failed"
        assert "Zhang" not in str(raised.value.facts)
        assert drawer.draw(PaperKind.RECEIPT, received)


@pytest.mark.parametrize("ending", [".pdf", ".png", ".escpos"])
def test_papers_of_the_servers_answer_into_files(received: PaperInput, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"paper{ending}"
    draw_file("receipt", received.view.model_dump(mode="json"), out)
    starts = {".pdf": b"%PDF", ".png": b"\x89PNG", ".escpos": b"\x1b@\x1dv0"}
    assert out.read_bytes().startswith(starts[ending])


def test_a_file_that_makes_no_sense_is_refused(accepted: PaperInput, tmp_path: Path) -> None:
    case = accepted.view.model_dump(mode="json")
    for kind, out, code in (
        ("acceptance", tmp_path / "a.escpos", "papers.bad_ending"),
        ("receipt", tmp_path / "a.doc", "papers.bad_ending"),
        ("receipt", tmp_path / "no" / "a.pdf", "papers.cannot_write"),
    ):
        with pytest.raises(Problem) as raised:
            draw_file(kind, case, out)
        assert raised.value.code == code


def test_the_counter_does_not_load_fonts_by_asking_for_papers() -> None:
    """Importing what the counter imports must not bring the PDF library with it."""
    import subprocess

    code = "import sys, app.papers; sys.exit('reportlab' in sys.modules)"
    root = Path(__file__).resolve().parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
