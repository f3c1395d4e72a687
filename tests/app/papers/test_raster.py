"""Pictures of papers: exact width for the head, the bits as printers take them."""

from __future__ import annotations

import pytest

from app.papers import PaperInput, PaperKind, draw, raster
from contract.problem import Problem

pytestmark = [pytest.mark.needs("font:LXGW WenKai"), pytest.mark.needs("font:WenQuanYi Zen Hei")]


def test_a_receipt_is_exactly_as_wide_as_the_head(received: PaperInput) -> None:
    pdf = draw(PaperKind.RECEIPT, received)
    assert raster.page_image(pdf, 0, 203).width == 576
    picture = raster.bitmap(pdf)
    assert (picture.width, picture.mode) == (576, "1")
    assert picture.height == raster.page_image(pdf, 0, 203).height


def test_the_rows_for_the_printer_are_the_bitmap(received: PaperInput) -> None:
    pdf = draw(PaperKind.RECEIPT, received)
    picture = raster.bitmap(pdf)
    head = f"P4\n576 {picture.height}\n".encode()
    pbm = raster.pbm(pdf)
    assert pbm.startswith(head) and len(pbm) == len(head) + 72 * picture.height
    rows = pbm[len(head) :]
    pixels = picture.load()
    assert pixels is not None
    for x in range(576):
        for y in range(60, 100):
            assert bool(rows[y * 72 + x // 8] & 0x80 >> x % 8) == (pixels[x, y] == 0)


def test_ink_covers_a_plausible_part_of_the_receipt(received: PaperInput) -> None:
    picture = raster.bitmap(draw(PaperKind.RECEIPT, received)).convert("L")
    share = picture.histogram()[0] / (picture.width * picture.height)
    assert 0.04 < share < 0.25


def test_what_is_not_a_pdf_is_a_problem() -> None:
    with pytest.raises(Problem) as raised:
        raster.page_count(b"GIF89a")
    assert raised.value.code == "papers.not_a_pdf"
