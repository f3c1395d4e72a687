"""What was handed in for a case as one PDF: to be printed, sent on, or laid before somebody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from app.desk import Desk
from app.materials.one_pdf import write_pdf
from app.papers import raster
from contract.material import Page
from contract.problem import Problem, Retry


def write_materials(desk: Desk, case_id: str, out: IO[bytes], code: str = "") -> int:
    """Write the pages of a case, or of one of its materials, that are not hidden. Returns how many there were.

    Pages that are no longer here are fetched from the server one by one.

    Raises:
        Problem: ``case.unknown``; ``material.unknown``, ``material.empty``; the store's and the line's.
    """
    case = desk.store.cases.find(case_id)
    if case is None:
        raise Problem("case.unknown", Retry.NEVER)
    materials = [one for one in case.materials if code in ("", one.code)]
    if not materials:
        raise Problem("material.unknown", Retry.NEVER)
    shown = [page for material in materials for page in material.pages if not page.hidden]
    if not shown:
        raise Problem("material.empty", Retry.AFTER_FIX)
    return write_pdf(out, _opened(desk, case_id, shown), case.number, raster)


def _opened(desk: Desk, case_id: str, pages: list[Page]) -> Iterator[tuple[Page, bytes]]:
    for page in pages:
        here = desk.store.pages.has(page.digest)
        yield page, desk.store.pages.get(page.digest) if here else desk.courier.line.page(case_id, page.digest)
