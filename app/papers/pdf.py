"""A sheet that is written from top to bottom and becomes a PDF.

Everything above this module says *what* stands on a paper; this one knows lines, tables, rules, QR codes
and pages. Lengths are in points (1/72 inch) unless named otherwise, positions are measured from the
sheet's top left corner. What is drawn is kept as a list and put on paper at the end, so that a receipt's
height and the number of pages are known by then.

reportlab writes the file, with the corrections that Chinese needs:

* `/ToUnicode` maps in UTF-16BE and blocks of at most 100 (ISO 32000-1, 9.10.3): without them every character
  beyond U+FFFF is extracted as another one;
* the widths of glyphs at the font's tail (see `fonts`);
* a first font of ours, or Helvetica gets into the file without being embedded;
* no empty `/Trans` entry on each page, which PDF/A forbids.

Lines are broken here and not by reportlab, whose rules are for Japanese: no closing mark begins a line, no
opening mark ends one, a number or a word stays whole.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

import qrcode
from reportlab.pdfbase import pdfdoc, ttfonts
from reportlab.pdfgen.canvas import Canvas

from app.papers.fonts import BOX_SCALE, Chain, chain_fonts, loaded, run_width, runs

MM = 72 / 25.4
THERMAL_DPI = 203
THERMAL_DOT = 72 / THERMAL_DPI

NEVER_FIRST = frozenset("，。、；：？！）〕】》〉”’…·—％‰℃°’」』,.:;?!)]}%")
NEVER_LAST = frozenset("（〔【《〈“‘「『￥№([{$#")
BOLD_STROKE = 0.03  # of the size: no bold face is loaded, a thin outline does
BURN_STROKE = 0.045  # the fallback fonts' hairlines would vanish under a thermal head: 𠮷 would look like 口

Mark = Callable[[Canvas, float], None]  # draws on the canvas of a sheet so many points high


class Align(StrEnum):
    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


def _to_unicode_map(fontname: str, subset: Any) -> str:
    """The CMap that tells a reader which character each code of a subset stands for."""
    lines = [
        "/CIDInit /ProcSet findresource begin",
        "12 dict begin",
        "begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        f"/CMapName /{fontname} def",
        "/CMapType 2 def",
        "1 begincodespacerange",
        "<00> <FF>",
        "endcodespacerange",
    ]
    entries = [
        f"<{code:02X}> <{chr(point).encode('utf-16-be').hex().upper()}>" for code, point in enumerate(subset) if point
    ]
    for start in range(0, len(entries), 100):
        block = entries[start : start + 100]
        lines += [f"{len(block)} beginbfchar", *block, "endbfchar"]
    lines += ["endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]
    return "\n".join(lines)


def _correct_reportlab() -> None:
    ttfonts.makeToUnicodeCMap = _to_unicode_map
    page: Any = pdfdoc.PDFPage
    page.setPageTransition = lambda self, transition: None


_correct_reportlab()


def pieces(text: str) -> list[str]:
    """What a line may be broken between: single Chinese characters, whole words and numbers, each with the marks
    that belong to it."""
    found: list[str] = []
    glued = False
    for character in text:
        word = "!" <= character <= "~"
        follows = bool(found) and (character in NEVER_FIRST or (word and "!" <= found[-1][-1] <= "~"))
        if found and (glued or follows):
            found[-1] += character
        else:
            found.append(character)
        glued = character in NEVER_LAST or (glued and character == " ")
    return found


def broken(text: str, size: float, width: float, chain: Chain, first: float | None = None) -> list[str]:
    """Break text into lines of at most `width` points; `first` is the width of the first line where it differs.

    A piece wider than a line is cut, so that nothing runs off the paper. Line ends in the text are kept.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, used = "", 0.0
        room = width if first is None or lines else first
        for piece in pieces(paragraph):
            wide = sum(run_width(run, size) for run in runs(piece, chain))
            if used + wide > room + 0.01 and line:
                lines.append(line.rstrip())
                line, used, room = "", 0.0, width
                if piece == " ":
                    continue
            if wide > room:
                for character in piece:
                    each = sum(run_width(run, size) for run in runs(character, chain))
                    if used + each > room + 0.01 and line:
                        lines.append(line)
                        line, used, room = "", 0.0, width
                    line, used = line + character, used + each
            else:
                line, used = line + piece, used + wide
        lines.append(line.rstrip())
    return lines


@dataclass(frozen=True)
class Column:
    """A table's column: its heading, its width in points, and how its cells stand."""

    heading: str
    width: float
    align: Align = Align.LEFT


@dataclass(frozen=True)
class Cell:
    """One cell of a ruled row; shaded for a label."""

    text: str
    width: float
    align: Align = Align.LEFT
    bold: bool = False
    shaded: bool = False


class Sheet:
    """Paper being written from top to bottom.

    Args:
        chain: Fonts to ask, in order.
        width, height: In points; a height of None means a roll that is cut where the text ends.
        margins: left, top, right, bottom in points.
    """

    def __init__(
        self, chain: Chain, width: float, height: float | None, margins: tuple[float, float, float, float]
    ) -> None:
        self.chain = chain
        self.width = width
        self.height = height
        self.left, self.top, self.right, self.bottom = margins
        self.y = self.top
        self.on_new_page: Callable[[], None] | None = None
        self._pages: list[list[Mark]] = [[]]
        self._footer: Callable[[int, int], None] | None = None
        self._behind: Callable[[], None] | None = None
        self._target: list[Mark] | None = None
        self._places: list[str] = []

    @property
    def inner(self) -> float:
        """Width between the margins."""
        return self.width - self.left - self.right

    @property
    def page(self) -> int:
        """The page being written, counted from 1."""
        return len(self._pages)

    @property
    def height_of_page(self) -> float:
        """Height of a sheet that has one; a roll has none before it is finished."""
        assert self.height is not None
        return self.height

    @property
    def footer_drawn(self) -> Callable[[int, int], None] | None:
        """What `footer` was given, for who adds to it."""
        return self._footer

    def mark(self, draw: Mark) -> None:
        """Keep something to be drawn on the present page."""
        (self._pages[-1] if self._target is None else self._target).append(draw)

    def place(self, name: str, x: float, y: float, width: float, height: float) -> None:
        """Say in the file's properties (Keywords) where on this page something of that name is to be put later:
        page, left, bottom, width, height. Needs a sheet whose height is known.
        """
        box = (x, self.height_of_page - y - height, width, height)
        self._places.append(" ".join((name, str(self.page), *(f"{each:.2f}" for each in box))))

    def room(self, needed: float) -> None:
        """Begin a new page unless `needed` points are left on this one. A roll always has room."""
        if self.height is not None and self.y + needed > self.height - self.bottom and self.y > self.top:
            self.new_page()

    def new_page(self) -> None:
        self._pages.append([])
        self.y = self.top
        if self.on_new_page is not None:
            self.on_new_page()

    def space(self, points: float) -> None:
        self.y += points

    def footer(self, draw: Callable[[int, int], None]) -> None:
        """`draw(page, pages)` is called for each page at the end; it places text with `text_at`."""
        self._footer = draw

    def behind(self, draw: Callable[[], None]) -> None:
        """`draw()` is called for each page at the end; what it draws lies under the text."""
        self._behind = draw

    def text_at(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        align: Align = Align.LEFT,
        bold: bool = False,
        grey: float = 0,
    ) -> float:
        """One line of text whose baseline is at y. Returns its width."""
        parts = [(run, run_width(run, size)) for run in runs(text, self.chain)]
        width = sum(wide for _, wide in parts)
        start = x - {Align.LEFT: 0.0, Align.CENTRE: width / 2, Align.RIGHT: width}[align]

        def draw(canvas: Canvas, height: float) -> None:
            canvas.setFillGray(grey)
            canvas.setStrokeGray(grey)
            at = start
            for run, wide in parts:
                if run.boxed:
                    line = canvas.beginText(at + size * 0.1, height - y + size * 0.12)
                    line.setFont(run.font, size * BOX_SCALE)
                    line.textOut(run.text)
                    canvas.setLineWidth(0.5)
                    canvas.rect(at + size * 0.04, height - y - size * 0.1, wide - size * 0.08, size * 0.86)
                else:
                    burn = self.chain is Chain.RECEIPT and run.font != chain_fonts(self.chain)[0]
                    line = canvas.beginText(at, height - y)
                    line.setFont(run.font, size)
                    canvas.setLineWidth(size * (BURN_STROKE if burn else BOLD_STROKE))
                    line.setTextRenderMode(2 if bold or burn else 0)
                    line.textOut(run.text)
                    line.setTextRenderMode(0)
                canvas.drawText(line)
                at += wide

        self.mark(draw)
        return width

    def paragraph(
        self,
        text: str,
        size: float,
        *,
        leading: float | None = None,
        align: Align = Align.LEFT,
        indent: float = 0,
        left: float = 0,
        width: float | None = None,
        bold: bool = False,
        grey: float = 0,
    ) -> None:
        """Text that flows over as many lines and pages as it needs.

        Args:
            size, leading: Points; leading is 1.5 of the size unless given.
            indent: Of the first line, in points.
            left: Distance from the left margin.
            width: Of the column; the rest of the line unless given.
        """
        step = leading or size * 1.5
        across = self.inner - left if width is None else width
        for number, line in enumerate(broken(text, size, across, self.chain, across - indent)):
            self.room(step)
            x = self.left + left + (indent if number == 0 and align is Align.LEFT else 0)
            if align is Align.CENTRE:
                x = self.left + left + across / 2
            elif align is Align.RIGHT:
                x = self.left + left + across
            self.text_at(x, self.y + self.baseline(size, step), line, size, align=align, bold=bold, grey=grey)
            self.y += step

    def baseline(self, size: float, step: float) -> float:
        """How far below a line's top its baseline is, so that the characters stand in the middle of the line."""
        return (step - size) / 2 + size * 0.87

    def pair(self, label: str, value: str, size: float, label_width: float, *, leading: float | None = None) -> None:
        """A label in grey and its value beside it, wrapped under itself. An empty value leaves nothing."""
        if not value:
            return
        step = leading or size * 1.5
        self.room(step)
        top = self.y
        grey = 0.35 if self.chain is Chain.A4 else 0
        self.text_at(self.left, top + self.baseline(size, step), label, size, grey=grey)
        self.paragraph(value, size, leading=step, left=label_width)
        self.y = max(self.y, top + step)

    def rule(self, weight: float = 0.6, *, dashed: bool = False, grey: float = 0) -> None:
        """A line across the sheet."""
        y = self.y

        def draw(canvas: Canvas, height: float) -> None:
            canvas.setStrokeGray(grey)
            canvas.setLineWidth(weight)
            canvas.setDash([3, 2] if dashed else [])
            canvas.line(self.left, height - y, self.width - self.right, height - y)
            canvas.setDash([])

        self.mark(draw)

    def frame(
        self, x: float, y: float, width: float, height: float, weight: float = 0.6, *, dashed: bool = False
    ) -> None:
        """A rectangle whose top left corner is at (x, y)."""

        def draw(canvas: Canvas, sheet_height: float) -> None:
            canvas.setStrokeGray(0)
            canvas.setLineWidth(weight)
            canvas.setDash([3, 2] if dashed else [])
            canvas.rect(x, sheet_height - y - height, width, height)
            canvas.setDash([])

        self.mark(draw)

    def row(self, cells: Sequence[Cell], size: float, *, least: float = 0, on_new_page: Sequence[Cell] = ()) -> None:
        """One ruled row, as high as its fullest cell; cut in two only where it is higher than a page.

        Args:
            least: Height in points that it has at least.
            on_new_page: A row to be put on top first, where this one begins a new page.
        """
        step, pad = size * 1.4, size * 0.35
        wrapped = [broken(cell.text, size, cell.width - 2 * pad, self.chain) for cell in cells]

        def break_page() -> None:
            self.new_page()
            if on_new_page:
                self.row(on_new_page, size)

        fresh = False  # on a page that was begun for this row: what does not fit here fits nowhere
        while True:
            high = max(least, max(len(lines) for lines in wrapped) * step + 2 * pad)
            if self.height is None or self.y + high <= self.height - self.bottom:
                self._ruled(cells, wrapped, size, high)
                return
            here = int((self.height - self.bottom - self.y - 2 * pad) / step)
            if fresh or (high > self.height - self.bottom - self.top and here > 2):
                here = max(here, 1)
                self._ruled(cells, [lines[:here] for lines in wrapped], size, here * step + 2 * pad)
                wrapped, least = [lines[here:] for lines in wrapped], 0
            break_page()
            fresh = True

    def _ruled(self, cells: Sequence[Cell], wrapped: Sequence[Sequence[str]], size: float, high: float) -> None:
        step, pad = size * 1.4, size * 0.35
        top, left = self.y, self.left
        for cell, lines in zip(cells, wrapped, strict=True):
            if cell.shaded:
                self._shade(left, top, cell.width, high)
            self.frame(left, top, cell.width, high)
            x = left + {Align.LEFT: pad, Align.CENTRE: cell.width / 2, Align.RIGHT: cell.width - pad}[cell.align]
            start = top + (high - len(lines) * step) / 2
            for number, line in enumerate(lines):
                at = start + number * step + self.baseline(size, step)
                self.text_at(x, at, line, size, align=cell.align, bold=cell.bold)
            left += cell.width
        self.y = top + high

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], size: float) -> None:
        """A ruled table whose heading is repeated on each page."""
        heading = [Cell(column.heading, column.width, Align.CENTRE, bold=True, shaded=True) for column in columns]
        self.row(heading, size)
        for texts in rows:
            cells = [Cell(text, column.width, column.align) for text, column in zip(texts, columns, strict=True)]
            self.row(cells, size, on_new_page=heading)

    def _shade(self, x: float, y: float, width: float, height: float) -> None:
        def draw(canvas: Canvas, sheet_height: float) -> None:
            canvas.setFillGray(0.95)
            canvas.rect(x, sheet_height - y - height, width, height, stroke=0, fill=1)

        self.mark(draw)

    def qr(self, x: float, y: float, payload: str, size: float, snap: float = 0) -> float:
        """A QR code (ISO/IEC 18004, error correction M) at (x, y), at most `size` points wide. Returns its width.

        Args:
            payload: ASCII only, so that every reader decodes it alike.
            snap: Grid in points on which the modules must fall (the thermal head's dots), 0 for none.
        """
        code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0)
        code.add_data(payload.encode("ascii"))
        code.make()
        matrix = code.get_matrix()
        module = size / len(matrix)
        if snap:
            module = max(1, int(module / snap)) * snap
            x, y = round(x / snap) * snap, round(y / snap) * snap

        def draw(canvas: Canvas, height: float) -> None:
            canvas.setFillGray(0)
            for line, modules in enumerate(matrix):
                column = 0
                while column < len(modules):
                    end = column
                    while end < len(modules) and modules[end]:
                        end += 1
                    if end > column:
                        top = height - y - (line + 1) * module
                        canvas.rect(x + column * module, top, (end - column) * module, module, stroke=0, fill=1)
                    column = max(end, column + 1)

        self.mark(draw)
        return module * len(matrix)

    def finish(self, title: str, author: str) -> bytes:
        """The PDF. The same marks give the same bytes, so that a paper is known by its digest."""
        pages = [self._on_page(number) for number in range(1, len(self._pages) + 1)]
        if self.height is None:
            dots = int((self.y + self.bottom) / THERMAL_DOT) + 1
            height = dots * THERMAL_DOT
        else:
            height = self.height
        first = chain_fonts(self.chain)[0]
        loaded(first)
        out = io.BytesIO()
        canvas = Canvas(
            out,
            pagesize=(self.width, height),
            initialFontName=cast(Any, first),  # the stubs say float
            initialFontSize=10,
            pageCompression=1,
            invariant=1,
        )
        canvas.setTitle(title)
        canvas.setAuthor(author)
        canvas.setCreator("Tongban")
        if self._places:
            canvas.setKeywords("; ".join(self._places))
        for page in pages:
            for draw in page:
                draw(canvas, height)
            canvas.showPage()
        canvas.save()
        return out.getvalue()

    def watermark(self, text: str, size: float) -> None:
        """Large pale letters across the sheet, to be used from `behind`."""

        def draw(canvas: Canvas, height: float) -> None:
            canvas.saveState()
            canvas.translate(self.width / 2, height / 2)
            canvas.rotate(35)
            canvas.setFillGray(0.9)
            at = -sum(run_width(run, size) for run in runs(text, self.chain)) / 2
            for run in runs(text, self.chain):
                canvas.setFont(run.font, size)
                canvas.drawString(at, -size / 3, run.text)
                at += run_width(run, size)
            canvas.restoreState()

        self.mark(draw)

    def _on_page(self, number: int) -> list[Mark]:
        """Everything on a page: what lies behind, what was written, the footer."""
        self._target = []
        if self._behind is not None:
            self._behind()
        self._target += self._pages[number - 1]
        if self._footer is not None:
            self._footer(number, len(self._pages))
        marks, self._target = self._target, None
        return marks
