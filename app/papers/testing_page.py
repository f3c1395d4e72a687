"""A page that shows whether a printer prints what Tongban needs: rare characters, thin lines, the whole width, a QR."""

from __future__ import annotations

from app.papers import raster
from app.papers.fonts import Chain
from app.papers.kinds.receipt import ROLL
from app.papers.kinds.stationery import A4
from app.papers.pdf import MM, THERMAL_DOT, Align, Sheet
from devices.printer import BITMAP, PrintReport, PrintSink

TITLE = "打印测试页"
RARE = "生僻字：𠮷 䶮 㛃 𬭩 𫖯 𬱖 鿦；缺字：\ue863"
WORDS = (
    RARE,
    "数字与字母：0123456789 ABCDEFG abcdefg",
    "标点：，。、；：？！“”（）《》〔〕—…￥％",
)


def roll_page() -> bytes:
    """For a receipt printer: as wide as the head."""
    sheet = Sheet(Chain.RECEIPT, ROLL, None, (3, 6, 3, 12))
    sheet.rule(1.0)
    sheet.space(4)
    sheet.paragraph(TITLE, 14, align=Align.CENTRE, bold=True)
    for size in (7.0, 8.5, 11.0):
        sheet.paragraph(f"{size:g} 磅　{RARE}", size)
    for words in WORDS[1:]:
        sheet.paragraph(words, 8.5)
    sheet.space(4)
    size = 28 * MM
    sheet.y += sheet.qr((sheet.width - size) / 2, sheet.y, "TONGBAN TEST PAGE", size, snap=THERMAL_DOT) + 6
    sheet.rule(1.0)
    return sheet.finish(TITLE, "Tongban")


def a4_page() -> bytes:
    """For an A4 printer: a frame 10 mm from the edges shows what it cuts off."""
    sheet = Sheet(Chain.A4, *A4, (20 * MM, 25 * MM, 20 * MM, 20 * MM))
    sheet.frame(10 * MM, 10 * MM, 190 * MM, 277 * MM, 0.5)
    sheet.paragraph(TITLE, 22, align=Align.CENTRE, bold=True)
    for size in (8.0, 10.0, 12.0, 16.0):
        sheet.paragraph(f"{size:g} 磅　{RARE}", size)
    for words in WORDS[1:]:
        sheet.paragraph(words, 12)
    sheet.space(10)
    sheet.y += sheet.qr(sheet.left, sheet.y, "TONGBAN TEST PAGE", 30 * MM) + 10
    for weight in (0.25, 0.5, 1.0, 2.0):
        sheet.rule(weight)
        sheet.space(8)
    return sheet.finish(TITLE, "Tongban")


def test_page(sink: PrintSink) -> PrintReport:
    """Print the page that suits the printer.

    Raises:
        Problem: what the printer raises.
    """
    if BITMAP in sink.accepts():
        return sink.print_raster(raster.pbm(roll_page()), TITLE)
    return sink.print_pdf(a4_page(), TITLE)


test_page.__test__ = False  # type: ignore[attr-defined]  # not one of pytest's
