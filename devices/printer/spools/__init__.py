"""A conversation with a queue in which jobs wait for their turn: a printer that speaks IPP, CUPS, Windows' spooler.

Only one job of ours is ever in it, and it is watched until it is over. A printer that is out of paper or otherwise in
trouble for a few seconds has its job taken back, so that nothing is printed later for somebody who has left (F15).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import suppress
from enum import StrEnum
from typing import Protocol

from contract.problem import Problem, Retry
from devices.printer import (
    ABLE,
    Outcome,
    PrinterState,
    PrintProgress,
    PrintReport,
    read_document,
    require_able,
)

POLL = 0.5  # seconds between two looks at a job


class JobState(StrEnum):
    OPEN = "open"  # waiting or printing
    DONE = "done"
    ABORTED = "aborted"  # by the queue, or by somebody at it
    FORGOTTEN = "forgotten"  # the queue does not know it any more


class Spool(Protocol):
    """A queue of jobs. Raises Problem printer.unreachable, printer.refused, printer.garbled."""

    where: str

    def look(self) -> PrinterState:
        """How the printer stands; printer.wrong_document where it does not print what this spool sends."""

    def submit(self, data: bytes, title: str) -> int:
        """Hand a job over. Returns its number; raises printer.busy where another has to be over first."""

    def watch(self, job: int) -> tuple[JobState, PrinterState]:
        """How the job and the printer stand."""

    def open_jobs(self) -> list[int]:
        """Jobs of this station that are not over, also those of an earlier process."""

    def cancel(self, job: int) -> None:
        """Take a job back. One that is over already is as good."""


class SpooledPrinter:
    """A printer behind a queue.

    Args:
        accepts: Media type of the documents that it prints.
        encode: Makes of a document what the queue is given.
        believed: Whether "completed" is the printer's own word, or only says that the bytes have left the queue.
        trouble: Seconds of paper out or another fault after which a job is taken back.
        longest: Seconds after which a job is taken back whatever is said; as long is waited for a printer's turn.
    """

    def __init__(
        self,
        spool: Spool,
        accepts: str,
        encode: Callable[[bytes], bytes],
        *,
        believed: bool,
        trouble: float,
        longest: float,
    ) -> None:
        self._spool = spool
        self._accepts = accepts
        self._encode = encode
        self._believed = believed
        self._trouble = trouble
        self._longest = longest

    def accepts(self) -> tuple[str, ...]:
        return (self._accepts,)

    def status(self) -> PrinterState:
        return self._spool.look()

    def print(self, document: str, media_type: str, title: str) -> Generator[PrintProgress, None, PrintReport]:
        data = self._encode(read_document(document, media_type, self.accepts()))
        require_able(self._spool.look())
        yield PrintProgress(0, len(data))
        job = yield from self._submit(data, title)
        ended = False
        try:
            report = yield from self._watch(job, len(data))
            ended = True
        finally:
            if not ended:
                self._spool.cancel(job)
        return report

    def cancel(self) -> None:
        for job in self._spool.open_jobs():
            self._spool.cancel(job)

    def _submit(self, data: bytes, title: str) -> Generator[PrintProgress, None, int]:
        """Hand a job over. A small printer takes one at a time, and lets go of one that was called off late."""
        start = time.monotonic()
        while True:
            try:
                return self._spool.submit(data, title)
            except Problem as problem:
                if problem.code != "printer.busy":
                    # It may have the job all the same: its answer was lost, not necessarily our words.
                    with suppress(Problem):
                        self.cancel()
                    raise
                if time.monotonic() - start > self._longest:
                    raise
            yield PrintProgress(0, len(data))
            time.sleep(POLL)

    def _watch(self, job: int, total: int) -> Generator[PrintProgress, None, PrintReport]:
        """Look at a job until it is over. One that cannot be seen any more is unconfirmed, not failed (F17)."""
        start = time.monotonic()
        in_trouble_since: float | None = None
        while True:
            try:
                state, printer = self._spool.watch(job)
            except Problem:
                return PrintReport(Outcome.UNCONFIRMED, str(job))
            match state:
                case JobState.DONE:
                    return PrintReport(Outcome.DONE if self._believed else Outcome.UNCONFIRMED, str(job))
                case JobState.FORGOTTEN:  # a queue that forgets its finished jobs at once has finished this one
                    return PrintReport(Outcome.UNCONFIRMED, str(job))
                case JobState.ABORTED:
                    require_able(printer)
                    raise Problem("printer.aborted", Retry.AGAIN, reasons=", ".join(printer.reasons))
            now = time.monotonic()
            if printer.standing in ABLE:
                in_trouble_since = None
            else:
                in_trouble_since = in_trouble_since or now
                if now - in_trouble_since >= self._trouble:
                    require_able(printer)
            if now - start > self._longest:
                raise Problem("printer.stuck", Retry.AFTER_FIX, where=self._spool.where)
            yield PrintProgress(total, total)
            time.sleep(POLL)
