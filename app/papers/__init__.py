"""Papers (文书): every document is a PDF. `draw` makes one; `Drawer` does it in a process of its own.

Id numbers: on A4 notices the first six and the last four characters stand (`contract.person.masked`), on receipts
the last four only, on the application form the whole number, because the applicant signs for it. Unified social
credit codes are public and stand in full; telephone numbers lose their middle four digits everywhere but on the
application form.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.papers.drawer import Drawer
from app.papers.paper import TITLES, PaperInput, PaperKind, from_server_json, number_of, paper_number
from contract.problem import Problem, Retry

__all__ = [
    "TITLES",
    "Drawer",
    "PaperInput",
    "PaperKind",
    "as_file",
    "draw",
    "draw_file",
    "from_server_json",
    "number_of",
    "paper_number",
    "title_of",
]


def title_of(kind: PaperKind, given: PaperInput) -> str:
    """A paper's title for job lists and file properties: kind and case number, nothing personal."""
    return f"{TITLES[kind]} {given.case_number}"


def draw(kind: PaperKind, given: PaperInput) -> bytes:
    """The paper as a PDF. The same input gives the same bytes. Loads fonts and reportlab when first called.

    Raises:
        Problem: papers.no_number, papers.not_yet (the case has not come to this), papers.font_missing.
    """
    from app.papers.kinds import DRAWN_BY

    return DRAWN_BY[kind](given)


def draw_file(kind: PaperKind | str, case: Mapping[str, Any], out: Path) -> None:
    """Draw a paper of a case as the server's API answers it into a file: .pdf, .png or .escpos (receipt only).

    Raises:
        Problem: papers.unreadable, papers.bad_ending, papers.cannot_write, and what `draw` raises.
    """
    kind = PaperKind(kind)
    given = from_server_json(case)
    data = as_file(draw(kind, given), out.suffix, kind)
    try:
        out.write_bytes(data)
    except OSError:
        raise Problem("papers.cannot_write", Retry.AFTER_FIX, file=str(out)) from None


def as_file(pdf: bytes, ending: str, kind: PaperKind) -> bytes:
    """A drawn paper as a file of another kind: ``.pdf``, ``.png``, or ``.escpos`` (receipt only).

    Raises:
        Problem: papers.bad_ending.
    """
    match ending.lower():
        case ".pdf":
            return pdf
        case ".png":
            from app.papers import raster

            return raster.png(pdf)
        case ".escpos" if kind is PaperKind.RECEIPT:
            from app.papers import raster
            from devices.printer.languages import escpos

            return escpos.receipt(raster.pbm(pdf))
        case _:
            raise Problem("papers.bad_ending", Retry.AFTER_FIX, ending=ending, kind=kind)
