"""An A4 printer that only the operating system's driver reaches: the fall-back where nothing speaks IPP.

Qt prints, in a program of the ui's that is started for each paper, as one starts lp; nothing of it is imported here.
The system takes a paper and says nothing more: every print ends unconfirmed, and one that was handed over cannot be
taken back. Where the printer or its queue speaks IPP, printer/ipp is the driver to choose.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Generator

from contract.problem import Problem, Retry
from devices.printer import PDF, Outcome, PrinterState, PrintProgress, PrintReport, Standing, read_document

PROGRAM = (sys.executable, "-P", "-X", "utf8", "-m", "ui.system_printer")
BEAT = 1.0  # seconds between two signs of life


class SystemPrinter:
    """A printer by the name that the system gives it."""

    def __init__(self, queue: str, longest: float) -> None:
        self._queue = queue
        self._longest = longest

    def accepts(self) -> tuple[str, ...]:
        return (PDF,)

    def status(self) -> PrinterState:
        """The system tells nothing of a printer; whether there is one of this name is seen when it shall print."""
        if not self._queue:
            raise Problem("printer.unreachable", Retry.AFTER_FIX, where="")
        return PrinterState(Standing.UNKNOWN)

    def print(self, document: str, media_type: str, title: str) -> Generator[PrintProgress, None, PrintReport]:
        data = read_document(document, media_type, self.accepts())
        said: bytes | None = json.dumps({"queue": self._queue, "title": title}).encode() + b"\n" + data
        answer = b""
        with subprocess.Popen(
            PROGRAM,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        ) as program:
            try:
                for _ in range(max(int(self._longest / BEAT), 1)):
                    yield PrintProgress(0, len(data))
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        answer, _ = program.communicate(said, BEAT)
                        break
                    said = None  # it has it, or will
            finally:
                program.kill()  # no harm where it has ended
        if not answer.endswith(b"\n"):
            raise Problem("printer.stuck", Retry.AFTER_FIX, where=self._queue)
        if problem := json.loads(answer).get("problem"):
            raise Problem.from_wire(problem)
        return PrintReport(Outcome.UNCONFIRMED)

    def cancel(self) -> None:
        """What was handed over is the system's."""


OPEN = SystemPrinter
