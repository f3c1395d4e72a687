"""The test page goes to a printer in the form that the printer takes; a receipt goes all the way to the dots."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.papers import PaperInput, PaperKind, draw, raster
from app.papers.testing_page import a4_page, roll_page, test_page
from devices.catalogue import open_host
from devices.printer import Outcome, PrintSink
from tests.fakes.escpos_printer import Roll, on_tcp

pytestmark = [pytest.mark.needs("font:LXGW WenKai"), pytest.mark.needs("font:WenQuanYi Zen Hei")]


@pytest.mark.needs("pdftotext")
def test_both_pages_show_what_a_printer_must_be_able_to_do(text_of: Callable[[bytes], str]) -> None:
    for page in (roll_page(), a4_page()):
        assert "𠮷 䶮 㛃 𬭩" in text_of(page) and "[U+E863]" in text_of(page)


@pytest.mark.needs("zbarimg")
def test_a_receipt_arrives_at_a_thermal_printer_as_it_was_drawn(
    received: PaperInput, codes_in: Callable[[bytes], list[str]], tmp_path: Path
) -> None:
    """Issue's point 5 from end to end: PDF, dots, ESC/POS, TCP, and a foreign reader finds the QR in what came out."""
    pdf = draw(PaperKind.RECEIPT, received)
    roll = Roll()
    with on_tcp(roll) as port, open_host("printer/escpos_tcp", {"host": "127.0.0.1", "port": str(port)}) as host:
        sink = PrintSink(host)
        assert test_page(sink).outcome is Outcome.DONE
        before = len(roll.printed)
        assert sink.print_raster(raster.pbm(pdf), "收件凭证").outcome is Outcome.DONE
    pbm = f"P4\n576 {len(roll.printed) - before}\n".encode() + roll.dots(576 // 8, since=before)
    assert pbm == raster.pbm(pdf)
    assert codes_in(pbm) == [received.view.progress_url]
