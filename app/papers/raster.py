"""PDF pages as pictures: for the screen, for a thermal head, for looking at in tests.

pdfium draws, one thread at a time because it is not made for more; nothing touches the disk.
"""

from __future__ import annotations

import io
import threading
from contextlib import closing
from typing import Any

import pypdfium2
from PIL import Image

from app.papers.pdf import THERMAL_DPI
from contract.problem import Problem, Retry

THERMAL_DOTS = 576  # across the 72 mm that an 80 mm head prints
THRESHOLD = 150  # measured: 7 pt stays legible in a sans face, strokes do not clog


_pdfium = threading.Lock()


def page_count(pdf: bytes) -> int:
    """How many pages a PDF has.

    Raises:
        Problem: papers.not_a_pdf, also from `page_image`.
    """
    with _pdfium, closing(_opened(pdf)) as document:
        return len(document)


def page_image(pdf: bytes, page: int, dpi: float = 150) -> Image.Image:
    """Page `page` (from 0) as a grey picture at `dpi`."""
    with _pdfium, closing(_opened(pdf)) as document, closing(document[page]) as sheet:
        bitmap = sheet.render(scale=dpi / 72, grayscale=True)
        with closing(bitmap):
            picture: Image.Image = bitmap.to_pil()
            return picture.copy()


def _opened(pdf: bytes) -> Any:
    try:
        return pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError:
        raise Problem("papers.not_a_pdf", Retry.NEVER) from None


def png(pdf: bytes, dpi: float = 150) -> bytes:
    """All pages under each other as one PNG."""
    pictures = [page_image(pdf, page, dpi) for page in range(page_count(pdf))]
    width, height = max(each.width for each in pictures), sum(each.height for each in pictures)
    whole = Image.new("L", (width, height), 255)
    top = 0
    for picture in pictures:
        whole.paste(picture, (0, top))
        top += picture.height
    out = io.BytesIO()
    whole.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()


def bitmap(pdf: bytes, dots: int = THERMAL_DOTS) -> Image.Image:
    """A receipt for a thermal head: one bit per dot, black is ink, exactly `dots` wide, pages under each other.

    The page is drawn smoothed at the head's resolution and then cut at a fixed grey: smoother than drawing
    without grey, and thin strokes survive.
    """
    pictures = [page_image(pdf, page, THERMAL_DPI) for page in range(page_count(pdf))]
    whole = Image.new("L", (dots, sum(each.height for each in pictures)), 255)
    top = 0
    for picture in pictures:
        whole.paste(picture, (0, top))
        top += picture.height
    return whole.point(lambda grey: 255 if grey >= THRESHOLD else 0).convert("1")


def pbm(pdf: bytes, dots: int = THERMAL_DOTS) -> bytes:
    """A receipt as PBM "P4", `dots` wide: what devices.printer.PrintSink.print_raster takes."""
    out = io.BytesIO()
    bitmap(pdf, dots).save(out, "PPM")
    return out.getvalue()
