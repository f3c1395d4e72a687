"""One function per paper: what stands on it, in which order."""

from collections.abc import Callable

from app.papers.kinds.application import draw_application
from app.papers.kinds.notices import draw_acceptance, draw_refusal, draw_supplement
from app.papers.kinds.receipt import draw_receipt, draw_receipt_a4
from app.papers.kinds.separator import draw_separator
from app.papers.paper import PaperInput, PaperKind

DRAWN_BY: dict[PaperKind, Callable[[PaperInput], bytes]] = {
    PaperKind.RECEIPT: draw_receipt,
    PaperKind.RECEIPT_A4: draw_receipt_a4,
    PaperKind.APPLICATION: draw_application,
    PaperKind.ACCEPTANCE: draw_acceptance,
    PaperKind.SUPPLEMENT: draw_supplement,
    PaperKind.REFUSAL: draw_refusal,
    PaperKind.SEPARATOR: draw_separator,
}
