"""Printers: what they take, how they stand, and what is known after they were asked to print.

Two kinds of document reach a printer: a PDF (A4 papers, `application/pdf`) and a bitmap of a receipt
(`image/x-portable-bitmap`, PBM "P4", one bit per dot of a 203 dpi head). Which bytes the printer gets is the
driver's business.

A print is never believed: `done` means that the printer itself said so, `unconfirmed` that everything was handed
over and nothing was heard afterwards. What failed is a Problem, and then the job has been taken back, so that a
printer that gets its paper later does not print an earlier person's paper (F15).
"""

from __future__ import annotations

import base64
from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from contract.problem import Problem, Retry

if TYPE_CHECKING:
    from devices.host import Host

PDF = "application/pdf"
BITMAP = "image/x-portable-bitmap"

STATUS_PATIENCE = 8.0  # seconds
STEP_PATIENCE = 30.0  # seconds without a sign of life between two steps of a print


class Standing(StrEnum):
    """How a printer stands, as far as it says. `unknown` is its silence, not a fault and not its health."""

    OK = "ok"
    NEAR_END = "near_end"  # paper or toner runs low; it still prints
    OUT_OF_PAPER = "out_of_paper"
    COVER_OPEN = "cover_open"
    JAM = "jam"
    NO_INK = "no_ink"
    FAULT = "fault"  # cutter, head, anything that needs a technician
    OFFLINE = "offline"
    UNKNOWN = "unknown"


ABLE = frozenset({Standing.OK, Standing.NEAR_END, Standing.UNKNOWN})
"""Standings in which printing may be tried."""


@dataclass(frozen=True)
class PrinterState:
    """What a printer answers when asked how it is. `reasons` are its own words, for technicians."""

    standing: Standing
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class PrintProgress:
    """A sign of life while a paper is printed."""

    sent: int  # bytes
    total: int


class Outcome(StrEnum):
    DONE = "done"  # the printer said that it was printed
    UNCONFIRMED = "unconfirmed"  # handed over, nothing heard: a person must look; a reprint is marked 副本 (F17)


@dataclass(frozen=True)
class PrintReport:
    """How a print ended. `job` is the printer's own number for it, if it gives one."""

    outcome: Outcome
    job: str = ""


class Printer(Protocol):
    """What a driver of this kind offers.

    Raises, from all of them: printer.unreachable, printer.out_of_paper, printer.cover_open, printer.jam,
    printer.no_ink, printer.fault, printer.offline, printer.refused, printer.stuck, printer.wrong_document.
    """

    def accepts(self) -> tuple[str, ...]:
        """Media types that it prints. Does not touch the device."""

    def status(self) -> PrinterState:
        """How it stands. A printer that does not answer is `unknown`, one that is not there is printer.unreachable."""

    def print(self, document: str, media_type: str, title: str) -> Generator[PrintProgress, None, PrintReport]:
        """Print base64 `document`; the generator returns a PrintReport. Closing it takes the job back."""

    def cancel(self) -> None:
        """Take back whatever of ours the printer still holds."""


def require_able(state: PrinterState) -> None:
    """Nothing where the printer may be tried; else the Problem that says what to do."""
    if state.standing in ABLE:
        return
    reasons = ", ".join(state.reasons)
    match state.standing:
        case Standing.OUT_OF_PAPER:
            raise Problem("printer.out_of_paper", Retry.AFTER_FIX, reasons=reasons)
        case Standing.COVER_OPEN:
            raise Problem("printer.cover_open", Retry.AFTER_FIX, reasons=reasons)
        case Standing.JAM:
            raise Problem("printer.jam", Retry.AFTER_FIX, reasons=reasons)
        case Standing.NO_INK:
            raise Problem("printer.no_ink", Retry.AFTER_FIX, reasons=reasons)
        case Standing.OFFLINE:
            raise Problem("printer.offline", Retry.AFTER_FIX, reasons=reasons)
        case _:
            raise Problem("printer.fault", Retry.AFTER_FIX, reasons=reasons)


def read_document(document: str, media_type: str, accepted: tuple[str, ...]) -> bytes:
    """The bytes of a document that a driver was given.

    Raises:
        Problem: printer.wrong_document where the driver does not print this kind, or it is not what it says.
    """
    data = base64.b64decode(document)
    starts = {PDF: b"%PDF-", BITMAP: b"P4"}
    if media_type not in accepted or not data.startswith(starts[media_type]):
        raise Problem("printer.wrong_document", Retry.NEVER, media_type=media_type)
    return data


class PrintSink:
    """A printer as the desk uses it: plain bytes in, what is known about the paper out.

    Thread-safe as its Host is: one call at a time, a second one waits and then raises device.busy.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._accepts: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        return f"PrintSink({self._host.driver_id!r})"

    def accepts(self) -> tuple[str, ...]:
        """Media types that this printer takes; a receipt goes to a PDF-only printer as half an A4 page."""
        if self._accepts is None:
            self._accepts = tuple(self._host.ask("accepts", patience=STATUS_PATIENCE))
        return self._accepts

    def status(self) -> PrinterState:
        said = self._host.ask("status", patience=STATUS_PATIENCE)
        return PrinterState(Standing(said["standing"]), tuple(said["reasons"]))

    def print_pdf(self, pdf: bytes, title: str, *, patience: float = STEP_PATIENCE) -> PrintReport:
        """Print an A4 paper.

        Args:
            title: Job name, seen by whoever looks at the printer: kind of paper and case number, nothing personal.
            patience: Seconds without a sign of life before the printer is given up.
        """
        return self._print(pdf, PDF, title, patience)

    def print_raster(self, pbm: bytes, title: str, *, patience: float = STEP_PATIENCE) -> PrintReport:
        """Print a receipt: a PBM "P4" bitmap as wide as the head."""
        return self._print(pbm, BITMAP, title, patience)

    def cancel(self) -> None:
        """Take back what the printer still holds of ours, at the end of a person's session."""
        self._host.ask("cancel", patience=STATUS_PATIENCE)

    def _print(self, data: bytes, media_type: str, title: str, patience: float) -> PrintReport:
        steps = self._host.stream(
            "print", patience=patience, document=base64.b64encode(data).decode(), media_type=media_type, title=title
        )
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return PrintReport(Outcome(end.value["outcome"]), end.value["job"])
