"""An A4 printer that speaks IPP: network printers (IPP Everywhere, AirPrint) and CUPS queues.

The PDF goes to the printer as it is. The job is watched until the printer says that it is completed; a printer
that is out of paper or otherwise in trouble for a few seconds has its job taken back, so that nothing is printed
later for somebody who has left.
"""

from __future__ import annotations

import http.client
import secrets
import ssl
import time
from collections.abc import Generator, Iterable
from contextlib import suppress
from urllib.parse import urlsplit

from contract.problem import Problem, Retry
from devices.printer import (
    ABLE,
    PDF,
    Outcome,
    PrinterState,
    PrintProgress,
    PrintReport,
    read_document,
    require_able,
)
from devices.printer.languages import ipp

POLL = 0.5  # seconds between two looks at a job
ANSWER_LIMIT = 4 << 20
PRINTER_ATTRIBUTES = (
    "printer-state",
    "printer-state-reasons",
    "printer-is-accepting-jobs",
    "document-format-supported",
)


class IppPrinter:
    """One printer or queue, known by its URI (`ipp://`, `ipps://`, `http://` or `https://`)."""

    def __init__(
        self, uri: str, media: str, answer: float, trouble: float, longest: float, check_certificate: bool
    ) -> None:
        parts = urlsplit(uri)
        if parts.scheme not in {"ipp", "ipps", "http", "https"} or not parts.hostname:
            raise Problem("printer.bad_address", Retry.AFTER_FIX, where=uri)
        self._secure = parts.scheme in {"ipps", "https"}
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80 if parts.scheme == "http" else 631)
        self._path = parts.path or "/"
        self._uri = f"ipp{'s' if self._secure else ''}://{self._host}:{self._port}{self._path}"
        self._media = media
        self._patience = answer
        self._trouble = trouble
        self._longest = longest
        self._check_certificate = check_certificate
        # Known to the printer as the owner of our jobs, so that ours can be found again and no one else's be touched.
        self._user = f"tongban-{secrets.token_hex(4)}"

    def __repr__(self) -> str:
        return f"IppPrinter({self._uri!r})"

    def accepts(self) -> tuple[str, ...]:
        return (PDF,)

    def status(self) -> PrinterState:
        return self._look()[0]

    def print(self, document: str, media_type: str, title: str) -> Generator[PrintProgress, None, PrintReport]:
        data = read_document(document, media_type, self.accepts())
        state, formats = self._look()
        require_able(state)
        if formats and PDF not in formats:
            raise Problem("printer.wrong_document", Retry.NEVER, media_type=media_type)
        yield PrintProgress(0, len(data))
        job = self._submit(data, title)
        ended = False
        try:
            report = yield from self._watch(job, len(data))
            ended = True
        finally:
            if not ended:
                self._cancel(job)
        return report

    def cancel(self) -> None:
        for job in self._open_jobs():
            self._cancel(job)

    def _submit(self, data: bytes, title: str) -> int:
        attributes: list[ipp.Attribute] = [
            (ipp.NAME, "requesting-user-name", self._user),
            (ipp.NAME, "job-name", title),
            (ipp.MIME, "document-format", PDF),
        ]
        ticket: list[ipp.Attribute] = [
            (ipp.INTEGER, "copies", 1),
            (ipp.KEYWORD, "media", self._media),
            (ipp.KEYWORD, "sides", "one-sided"),
        ]
        try:
            answer = self._call(ipp.PRINT_JOB, attributes, ticket, data)
        except Problem:
            # It may have the job all the same: its answer was lost, not necessarily our words.
            with suppress(Problem):
                self.cancel()
            raise
        if not answer.successful:
            raise Problem("printer.refused", Retry.AFTER_FIX, status=f"{answer.status:#06x}")
        jobs = answer.groups_of(ipp.JOB)
        number = jobs[0].find_int("job-id") if jobs else None
        if number is None:
            raise Problem("printer.garbled", Retry.AGAIN)
        return number

    def _watch(self, job: int, total: int) -> Generator[PrintProgress, None, PrintReport]:
        """Look at a job until it is over. One that cannot be seen any more is unconfirmed, not failed (F17)."""
        start = time.monotonic()
        in_trouble_since: float | None = None
        while True:
            try:
                state = self._job_state(job)
                printer = self._look()[0]
            except Problem:
                return PrintReport(Outcome.UNCONFIRMED, str(job))
            if state is None or state == ipp.COMPLETED:
                # a printer that forgets its finished jobs at once has finished this one
                return PrintReport(Outcome.DONE if state else Outcome.UNCONFIRMED, str(job))
            if state in (ipp.CANCELED, ipp.ABORTED):
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
                raise Problem("printer.stuck", Retry.AFTER_FIX, where=self._uri)
            yield PrintProgress(total, total)
            time.sleep(POLL)

    def _job_state(self, job: int) -> int | None:
        asked: list[ipp.Attribute] = [
            (ipp.INTEGER, "job-id", job),
            (ipp.NAME, "requesting-user-name", self._user),
            (ipp.KEYWORD, "requested-attributes", "job-state"),
        ]
        answer = self._call(ipp.GET_JOB_ATTRIBUTES, asked)
        jobs = answer.groups_of(ipp.JOB)
        return jobs[0].find_int("job-state") if answer.successful and jobs else None

    def _open_jobs(self) -> list[int]:
        asked: list[ipp.Attribute] = [
            (ipp.NAME, "requesting-user-name", self._user),
            (ipp.KEYWORD, "which-jobs", "not-completed"),
            (ipp.BOOLEAN, "my-jobs", True),
            *_wanted(("job-id", "job-originating-user-name")),
        ]
        answer = self._call(ipp.GET_JOBS, asked)
        return [
            number
            for group in answer.groups_of(ipp.JOB)
            if group.texts("job-originating-user-name") in ((), (self._user,))
            and (number := group.find_int("job-id")) is not None
        ]

    def _cancel(self, job: int) -> None:
        """Take a job back. A printer that has already ended it says so; that is as good."""
        with suppress(Problem):
            self._call(ipp.CANCEL_JOB, [(ipp.INTEGER, "job-id", job), (ipp.NAME, "requesting-user-name", self._user)])

    def _look(self) -> tuple[PrinterState, tuple[str, ...]]:
        answer = self._call(ipp.GET_PRINTER_ATTRIBUTES, _wanted(PRINTER_ATTRIBUTES))
        groups = answer.groups_of(ipp.PRINTER)
        if not answer.successful or not groups:
            raise Problem("printer.refused", Retry.AFTER_FIX, status=f"{answer.status:#06x}")
        said = groups[0]
        accepting = said.values.get("printer-is-accepting-jobs", [True])[0] is not False
        state = ipp.standing_of(said.find_int("printer-state"), said.texts("printer-state-reasons"), accepting)
        return state, said.texts("document-format-supported")

    def _call(
        self, operation: int, attributes: Iterable[ipp.Attribute], job: Iterable[ipp.Attribute] = (), data: bytes = b""
    ) -> ipp.Answer:
        body = ipp.request(operation, self._uri, attributes, job) + data
        connection = self._connection()
        try:
            connection.request("POST", self._path, body, {"Content-Type": ipp.MEDIA_TYPE})
            reply = connection.getresponse()
            if reply.status != 200:
                raise Problem("printer.refused", Retry.AFTER_FIX, status=f"HTTP {reply.status}")
            return ipp.read_answer(reply.read(ANSWER_LIMIT))
        except (OSError, http.client.HTTPException) as error:
            raise Problem("printer.unreachable", Retry.AFTER_FIX, where=self._uri) from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if not self._secure:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._patience)
        context = ssl.create_default_context()
        if not self._check_certificate:
            # Office printers carry certificates that they signed themselves: the line is private, the name unproved.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(self._host, self._port, timeout=self._patience, context=context)


def _wanted(names: Iterable[str]) -> list[ipp.Attribute]:
    """requested-attributes, a set: only its first value carries the name."""
    return [(ipp.KEYWORD, "" if place else "requested-attributes", name) for place, name in enumerate(names)]


def OPEN(uri: str, media: str, answer: float, trouble: float, longest: float, check_certificate: bool) -> IppPrinter:
    return IppPrinter(uri, media, answer, trouble, longest, check_certificate)
