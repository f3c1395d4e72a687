"""A printer that is a folder.

For training, for the demonstration and for looking at papers. What it writes is plain, so a production station
has no business using it.
"""

from __future__ import annotations

from collections.abc import Generator

from devices.printer import BITMAP, PDF, Outcome, PrinterState, PrintProgress, PrintReport, Standing, read_document
from devices.printer.folder import PaperFolder


class FilePrinter:
    """Prints into a folder. Every paper is done at once, and the folder's name for it is the job."""

    def __init__(self, folder: str) -> None:
        self._folder = PaperFolder(folder)

    def accepts(self) -> tuple[str, ...]:
        return (PDF, BITMAP)

    def status(self) -> PrinterState:
        self._folder.existing()
        return PrinterState(Standing.OK)

    def print(self, document: str, media_type: str, title: str) -> Generator[PrintProgress, None, PrintReport]:
        data = read_document(document, media_type, self.accepts())
        yield PrintProgress(0, len(data))
        return PrintReport(Outcome.DONE, self._folder.keep(data, media_type, title))

    def cancel(self) -> None:
        """Nothing waits here."""


def OPEN(folder: str) -> FilePrinter:
    return FilePrinter(folder)
