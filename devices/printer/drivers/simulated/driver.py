"""A printer that is not there, and behaves as it is told.

`silent` takes everything and never answers, `runs_out` loses its paper in mid-job, `slow` takes its time, `crash`
and `hang` do so in the middle of a job. What it prints is kept in memory and, where a folder is named, in files
as the `file` driver writes them.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass

from contract.problem import Problem, Retry
from devices.printer import (
    BITMAP,
    PDF,
    Outcome,
    PrinterState,
    PrintProgress,
    PrintReport,
    Standing,
    read_document,
    require_able,
)
from devices.printer.folder import PaperFolder

STEPS = 4


@dataclass(frozen=True)
class Printed:
    """One paper that came out: what it was, and the digest of the document that the printer was given."""

    title: str
    media_type: str
    size: int
    digest: str


class SimulatedPrinter:
    def __init__(self, behave: str, folder: str) -> None:
        self._behave = behave
        self._folder = PaperFolder(folder) if folder else None
        self._printed: list[Printed] = []

    def accepts(self) -> tuple[str, ...]:
        return (PDF, BITMAP)

    def status(self) -> PrinterState:
        match self._behave:
            case "near_end" | "out_of_paper" | "cover_open" | "jam":
                return PrinterState(Standing(self._behave), (f"simulated {self._behave}",))
            case "silent":
                return PrinterState(Standing.UNKNOWN)
            case "absent":
                raise Problem("printer.unreachable", Retry.AFTER_FIX, where="simulated")
            case _:
                return PrinterState(Standing.OK)

    def print(
        self, document: str, media_type: str, title: str, cancelled: Callable[[], bool] = lambda: False
    ) -> Generator[PrintProgress, None, PrintReport]:
        data = read_document(document, media_type, self.accepts())
        require_able(self.status())
        for step in range(STEPS):
            yield PrintProgress(len(data) * step // STEPS, len(data))
            if self._behave == "slow":
                _wait(0.5, cancelled)
            if step == STEPS // 2:
                if self._behave == "crash":
                    os._exit(70)
                if self._behave == "hang":
                    threading.Event().wait()
                if self._behave == "runs_out":
                    require_able(PrinterState(Standing.OUT_OF_PAPER, ("simulated runs_out",)))
        self._printed.append(Printed(title, media_type, len(data), hashlib.sha256(data).hexdigest()))
        if self._folder is not None:
            self._folder.keep(data, media_type, title)
        silent = self._behave == "silent"
        return PrintReport(Outcome.UNCONFIRMED if silent else Outcome.DONE, str(len(self._printed)))

    def cancel(self) -> None:
        """Nothing waits here."""

    def printed(self) -> list[Printed]:
        """What has come out so far, first paper first."""
        return self._printed


def _wait(seconds: float, cancelled: Callable[[], bool]) -> None:
    """Take so long, unless it is called off."""
    for _ in range(int(seconds / 0.05)):
        if cancelled():
            return
        threading.Event().wait(0.05)


def OPEN(behave: str, folder: str) -> SimulatedPrinter:
    return SimulatedPrinter(behave, folder)
