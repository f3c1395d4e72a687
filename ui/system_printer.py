"""A4 papers on a printer that only the operating system's driver reaches: a program of its own, because it needs Qt.

`python -m ui.system_printer` reads a line of JSON and the PDF after it from standard input, and answers with one line,
`{}` or `{"problem": …}`. The driver printer/system starts it. What is printed goes through no file, no command line and
no window; where a queue of that name is missing it fails, and never prints into a file instead (F25).
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from typing import Any

from PySide6.QtCore import QMarginsF, QRectF
from PySide6.QtGui import QGuiApplication, QImage, QPageLayout, QPageSize, QPainter
from PySide6.QtPrintSupport import QPrinter, QPrinterInfo

from app.papers import raster
from contract.problem import Problem, Retry

DPI = 300  # pages are handed over as pictures: every driver prints those alike, rare characters too


def print_pdf(queue: str, title: str, pdf: bytes) -> None:
    """Hand an A4 paper over to the system, page by page. What becomes of it is not told to anybody.

    Raises:
        Problem: printer.unreachable, printer.refused, papers.not_a_pdf.
    """
    printer = QPrinter(QPrinterInfo.printerInfo(queue), QPrinter.PrinterMode.HighResolution)
    # Qt knows no printer that is not there: it would write a PDF into the folder it stands in.
    if printer.outputFormat() is not QPrinter.OutputFormat.NativeFormat or printer.printerName() != queue:
        raise Problem("printer.unreachable", Retry.AFTER_FIX, where=queue)
    printer.setDocName(title)
    printer.setCreator("Tongban")
    printer.setFullPage(True)
    printer.setPageLayout(
        QPageLayout(QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, QMarginsF())
    )
    printer.setResolution(DPI)
    paper = QRectF(printer.paperRect(QPrinter.Unit.DevicePixel))
    pages = [raster.page_image(pdf, number, DPI) for number in range(raster.page_count(pdf))]
    painter = QPainter()
    if not painter.begin(printer):
        raise Problem("printer.refused", Retry.AFTER_FIX, status="begin")
    with closing(_Painting(painter)):
        for number, page in enumerate(pages):
            if number and not printer.newPage():
                raise Problem("printer.refused", Retry.AFTER_FIX, status="newPage")
            dots = QImage(page.tobytes(), page.width, page.height, page.width, QImage.Format.Format_Grayscale8)
            painter.drawImage(paper, dots)
    if printer.printerState() in (QPrinter.PrinterState.Error, QPrinter.PrinterState.Aborted):
        raise Problem("printer.refused", Retry.AFTER_FIX, status=printer.printerState().name)


class _Painting:
    """A painter that is ended in any case: Qt aborts the program over one that was not."""

    def __init__(self, painter: QPainter) -> None:
        self._painter = painter

    def close(self) -> None:
        self._painter.end()


def main() -> int:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    asked: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    application = QGuiApplication(sys.argv[:1])
    try:
        print_pdf(asked["queue"], asked["title"], sys.stdin.buffer.read())
        answer: dict[str, Any] = {}
    except Problem as problem:
        answer = {"problem": problem.to_wire()}
    application.quit()
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
