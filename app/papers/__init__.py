"""Papers (文书): every document is a PDF. `draw` makes one; `Drawer` does it in a process of its own.

Id numbers: on A4 notices the first six and the last four characters stand (`contract.person.masked`), on receipts
the last four only, on the application form the whole number, because the applicant signs for it. Unified social
credit codes are public and stand in full; telephone numbers lose their middle four digits everywhere but on the
application form.
"""

from app.papers.paper import TITLES, PaperInput, PaperKind, from_server_json, number_of, paper_number

__all__ = ["TITLES", "PaperInput", "PaperKind", "draw", "from_server_json", "number_of", "paper_number", "title_of"]


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
