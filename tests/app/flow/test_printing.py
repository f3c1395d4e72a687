"""Whose paper comes out: for one person at a time, also where many print at once or leave before the printer speaks."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pypdfium2
import pytest

from app.cases.view import case_view
from app.flow import finish, printing
from app.papers.paper import PaperKind
from contract.case import Case
from contract.person import Person
from tests.fakes.counter import ZHOU, Counter, bring, open_counter
from tests.fakes.escpos_printer import Roll, on_tcp

FOOD = "XK-00131-001"
SESSIONS = 50
pytestmark = pytest.mark.needs("font:LXGW WenKai", "font:WenQuanYi Zen Hei")


def text_of(path: Path) -> str:
    document = pypdfium2.PdfDocument(path)
    try:
        return "".join("".join(page.get_textpage().get_text_range() for page in document).split())
    finally:
        document.close()


def taken_in(counter: Counter) -> Case:
    return finish.take_in(counter.desk, counter.whole("yuyao", FOOD), ZHOU).case


def test_f20_fifty_at_once_each_get_their_own(tmp_path: Path) -> None:
    """The window of one desk is the narrow end: every paper goes through one drawing process and one printer."""
    with open_counter(tmp_path, receipt_style="half_a4") as counter:
        desk = counter.desk
        case = taken_in(counter)
        view = case_view(desk, case.id)
        views = []
        for number in range(SESSIONS):
            applicant = case.parties.applicant
            assert isinstance(applicant, Person)
            name = f"村民{chr(0x4E00 + number)}"
            parties = case.parties.model_copy(update={"applicant": applicant.model_copy(update={"name": name})})
            own = case.model_copy(
                update={"id": f"case-{number}", "number": f"330281-{number:08}-0", "parties": parties}
            )
            views.append(view.model_copy(update={"case": own}))

        def session(at: int) -> str:
            return printing._print(desk, views[at], PaperKind.RECEIPT, ZHOU, copy=False).outcome

        with ThreadPoolExecutor(SESSIONS) as pool:
            assert set(pool.map(session, range(SESSIONS))) == {"done"}
        papers = {path.stem.split("-", 1)[1]: text_of(path) for path in counter.out.glob("*.pdf")}
        assert len(papers) == SESSIONS
        for number in range(SESSIONS):
            said = papers[f"330281-{number:08}-0-SJ1"]
            assert set(re.findall("村民(.)", said)) == {chr(0x4E00 + number)}


def test_f14_when_a_person_leaves_the_printer_is_cleared_of_what_did_not_surely_come_out(counter: Counter) -> None:
    desk, roll = counter.desk, Roll(answers=False, paper_rows=0)
    with on_tcp(roll) as port:
        bring(counter, "receipt", "printer/escpos_tcp", host="127.0.0.1", port=port, answer=0.2)
        case = taken_in(counter)
        (printed,) = printing.print_papers(desk, case.id, (PaperKind.RECEIPT,), ZHOU)
        assert printed.outcome == "unconfirmed" and roll.clears == 1  # before the first paper
        printing.clear_printers(desk)
        assert roll.clears == 2
        bring(counter, "receipt", "printer/file", folder=str(counter.out))  # lets go of the line
    roll.load_paper()
    assert not roll.printed and not roll.cuts


def test_f14_a_printer_that_is_gone_keeps_nobody_from_leaving(counter: Counter) -> None:
    case = taken_in(counter)
    bring(counter, "receipt", "printer/simulated", behave="crash")
    (printed,) = printing.print_papers(counter.desk, case.id, (PaperKind.RECEIPT,), ZHOU)
    assert printed.outcome == "failed"
    bring(counter, "receipt", "printer/escpos_serial", port="/dev/tongban-nowhere")
    printing.clear_printers(counter.desk)
    printing.print_papers(counter.desk, case.id, (PaperKind.RECEIPT,), ZHOU)
    printing.clear_printers(counter.desk)


def test_f25_what_has_no_printer_fails_and_goes_nowhere_else(tmp_path: Path) -> None:
    with open_counter(tmp_path) as counter:
        case = taken_in(counter)
        bring(counter, "receipt", "printer/escpos_tcp", host="127.0.0.1", port=9)
        (printed,) = printing.print_papers(counter.desk, case.id, (PaperKind.RECEIPT,), ZHOU)
        assert printed.outcome == "failed" and printed.problem is not None
        assert printed.problem.code == "device.unreachable"
        assert not counter.out.exists() or not list(counter.out.iterdir()), "no file, no other printer"


def test_the_picture_on_the_screen_is_the_paper_that_is_printed_here(tmp_path: Path) -> None:
    with open_counter(tmp_path, receipt_style="half_a4") as counter:
        case = taken_in(counter)
        shown = printing.paper_png(counter.desk, case.id, PaperKind.RECEIPT, ZHOU)
        whole = printing.paper_pdf(counter.desk, case.id, PaperKind.RECEIPT_A4, ZHOU)
        assert shown == counter.desk.drawer.png(whole, 110)
