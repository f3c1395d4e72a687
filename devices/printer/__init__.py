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
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Protocol

from contract.problem import Problem, Retry

if TYPE_CHECKING:
    from devices.host import Host

PDF = "application/pdf"
BITMAP = "image/x-portable-bitmap"

STATUS_PATIENCE = 8.0  # seconds
STEP_PATIENCE = 30.0  # seconds without a sign of life between two steps of a print
SETTLE = 5.0  # seconds; a receipt comes out in two or three
LONGEST_PRINT = 180.0  # seconds; no driver is at one paper for longer


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
    printer.no_ink, printer.fault, printer.offline, printer.refused, printer.busy, printer.stuck,
    printer.wrong_document, and what its transport raises (device.*).
    """

    def accepts(self) -> tuple[str, ...]:
        """Media types that it prints. Does not touch the device."""

    def status(self) -> PrinterState:
        """How it stands. A printer that does not answer is `unknown`, one that is not there is a Problem."""

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

    Callable from any thread, one paper at a time. What one person's paper may have left behind in the printer is
    cleared before another's is printed, whoever forgot to say that they left (F14, F15, F20).

    Args:
        settle: Seconds in which what a mute printer was given has surely come out, if it comes out at all: it must not
            be cleared while it is at it.
    """

    def __init__(self, host: Host, settle: float = SETTLE) -> None:
        self.host = host
        self._settle = settle
        self._accepts: tuple[str, ...] | None = None
        self._turn = threading.Lock()
        self._left = _Left.UNKNOWN
        self._owner = ""
        self._ended = 0.0  # when the last paper was handed over whole (time.monotonic)

    def __repr__(self) -> str:
        return f"PrintSink({self.host.driver_id!r})"

    def accepts(self) -> tuple[str, ...]:
        """Media types that this printer takes; a receipt goes to a PDF-only printer as half an A4 page."""
        if self._accepts is None:
            self._accepts = tuple(self.host.ask("accepts", patience=STATUS_PATIENCE))
        return self._accepts

    def status(self) -> PrinterState:
        said = self.host.ask("status", patience=STATUS_PATIENCE)
        return PrinterState(Standing(said["standing"]), tuple(said["reasons"]))

    def print_pdf(self, pdf: bytes, title: str, owner: str = "", *, patience: float = STEP_PATIENCE) -> PrintReport:
        """Print an A4 paper.

        Args:
            title: Job name, seen by whoever looks at the printer: kind of paper and case number, nothing personal.
            owner: Whose it is: the id of a case or a draft.
            patience: Seconds without a sign of life before the printer is given up.
        """
        return self._print(pdf, PDF, title, owner, patience)

    def print_raster(self, pbm: bytes, title: str, owner: str = "", *, patience: float = STEP_PATIENCE) -> PrintReport:
        """Print a receipt: a PBM "P4" bitmap as wide as the head."""
        return self._print(pbm, BITMAP, title, owner, patience)

    def cancel(self) -> None:
        """Take back whatever the printer still holds of ours."""
        self.host.ask("cancel", patience=STATUS_PATIENCE)

    def clear(self) -> None:
        """The person leaves: take back what did not certainly come out. Waits for a paper that is being printed."""
        with self._my_turn(LONGEST_PRINT):
            if self._left in (_Left.PERHAPS, _Left.REMAINS):
                self._take_back()

    def _print(self, data: bytes, media_type: str, title: str, owner: str, patience: float) -> PrintReport:
        with self._my_turn(LONGEST_PRINT):
            # What a mute printer may still be at is let come out, as long as it is the same person's.
            if self._left is not _Left.NOTHING and not (self._left is _Left.PERHAPS and owner == self._owner):
                self._take_back()
            self._owner, self._left = owner, _Left.REMAINS  # until we hear otherwise
            document = base64.b64encode(data).decode()
            steps = self.host.stream("print", patience=patience, document=document, media_type=media_type, title=title)
            while True:
                try:
                    next(steps)
                except StopIteration as end:
                    outcome = Outcome(end.value["outcome"])
                    self._left = _Left.NOTHING if outcome is Outcome.DONE else _Left.PERHAPS
                    self._ended = time.monotonic()
                    return PrintReport(outcome, end.value["job"])

    def _take_back(self) -> None:
        if self._left is _Left.PERHAPS:
            time.sleep(max(self._ended + self._settle - time.monotonic(), 0))
        self.cancel()
        self._left = _Left.NOTHING

    @contextmanager
    def _my_turn(self, patience: float) -> Iterator[None]:
        if not self._turn.acquire(timeout=patience):
            raise Problem("device.busy", Retry.AGAIN, driver=self.host.driver_id)
        try:
            yield
        finally:
            self._turn.release()


class _Left(Enum):
    """What the last paper may have left in the printer."""

    UNKNOWN = "unknown"  # nothing was printed yet; an earlier run of the program may have been killed over a paper
    NOTHING = "nothing"
    PERHAPS = "perhaps"  # handed over whole, nothing heard
    REMAINS = "remains"  # it failed: the driver took it back if it could, and may have died before
