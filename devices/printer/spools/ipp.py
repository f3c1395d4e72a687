"""A queue that speaks IPP: network printers (IPP Everywhere, AirPrint) and CUPS."""

from __future__ import annotations

import hashlib
import http.client
import platform
import uuid
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

from contract.problem import Problem, Retry
from devices.printer import PrinterState, Standing
from devices.printer.languages import ipp
from devices.printer.spools import JobState
from devices.transports import http as http_to

RAW = "application/vnd.cups-raw"  # CUPS hands such a document on as it is
ANSWER_LIMIT = 4 << 20
PRINTER_ATTRIBUTES = (
    "printer-state",
    "printer-state-reasons",
    "printer-is-accepting-jobs",
    "document-format-supported",
    "device-uri",  # CUPS alone has it: then this is a queue, with the printer behind it
)

ABOUT = {"model": "printer-make-and-model", "firmware": "printer-firmware-string-version"}


class IppSpool:
    """One printer or queue.

    Args:
        uri: `ipp://`, `ipps://`, `http://` or `https://`.
        document_format: What our documents are, by IPP's name for it.
        media: Paper by IPP's name for it; empty where the document says it all.
        answer: Seconds to wait for an answer.
    """

    def __init__(
        self, uri: str, document_format: str, media: str, *, answer: float, check_certificate: bool = False
    ) -> None:
        parts = urlsplit(uri)
        if parts.scheme not in {"ipp", "ipps", "http", "https"} or not parts.hostname:
            raise Problem("printer.bad_address", Retry.AFTER_FIX, where=uri)
        self._secure = parts.scheme in {"ipps", "https"}
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80 if parts.scheme == "http" else 631)
        self._path = parts.path or "/"
        self.where = f"ipp{'s' if self._secure else ''}://{self._host}:{self._port}{self._path}"
        self._format = document_format
        self._media = media
        self._patience = answer
        self._check_certificate = check_certificate
        # Known to the printer as the owner of our jobs, so that ours are found again, also after this process was
        # killed, and no other station's are touched.
        station = f"{platform.node()} {uuid.getnode()}"
        self._user = f"tongban-{hashlib.sha256(station.encode()).hexdigest()[:8]}"

    def look(self) -> PrinterState:
        answer = self._call(ipp.GET_PRINTER_ATTRIBUTES, _wanted(PRINTER_ATTRIBUTES))
        groups = answer.groups_of(ipp.PRINTER)
        if not answer.successful or not groups:
            raise Problem("printer.refused", Retry.AFTER_FIX, status=f"{answer.status:#06x}")
        said = groups[0]
        formats = said.texts("document-format-supported")
        if formats and self._format not in formats:
            raise Problem("printer.wrong_document", Retry.NEVER, media_type=self._format)
        accepting = said.values.get("printer-is-accepting-jobs", [True])[0] is not False
        state = said.find_int("printer-state")
        found = ipp.standing_of(state, said.texts("printer-state-reasons"), accepting)
        if said.texts("device-uri") and state == ipp.IDLE and accepting:
            # CUPS asks its printer nothing between jobs: an idle queue still says what its last job met, be it long
            # mended, and nothing of what happened since.
            return PrinterState(Standing.UNKNOWN, found.reasons)
        return found

    def versions(self) -> dict[str, str]:
        """What the printer says of itself: model and firmware, as far as it tells."""
        answer = self._call(ipp.GET_PRINTER_ATTRIBUTES, _wanted(tuple(ABOUT.values())))
        groups = answer.groups_of(ipp.PRINTER) if answer.successful else ()
        told = {name: ", ".join(groups[0].texts(attribute)) for name, attribute in ABOUT.items()} if groups else {}
        return {name: words for name, words in told.items() if words}

    def submit(self, data: bytes, title: str) -> int:
        attributes: list[ipp.Attribute] = [
            (ipp.NAME, "requesting-user-name", self._user),
            (ipp.NAME, "job-name", title),
            (ipp.MIME, "document-format", self._format),
        ]
        ticket: list[ipp.Attribute] = [(ipp.INTEGER, "copies", 1)]
        if self._media:
            ticket += [(ipp.KEYWORD, "media", self._media), (ipp.KEYWORD, "sides", "one-sided")]
        answer = self._call(ipp.PRINT_JOB, attributes, ticket, data)
        if answer.status == ipp.BUSY:
            raise Problem("printer.busy", Retry.AGAIN, where=self.where)
        if not answer.successful:
            raise Problem("printer.refused", Retry.AFTER_FIX, status=f"{answer.status:#06x}")
        jobs = answer.groups_of(ipp.JOB)
        number = jobs[0].find_int("job-id") if jobs else None
        if number is None:
            raise Problem("printer.garbled", Retry.AGAIN)
        return number

    def watch(self, job: int) -> tuple[JobState, PrinterState]:
        match self._job_state(job):
            case None:
                state = JobState.FORGOTTEN
            case ipp.COMPLETED:
                state = JobState.DONE
            case ipp.CANCELED | ipp.ABORTED:
                state = JobState.ABORTED
            case _:
                state = JobState.OPEN
        return state, self.look()

    def _job_state(self, job: int) -> int | None:
        asked: list[ipp.Attribute] = [
            (ipp.INTEGER, "job-id", job),
            (ipp.NAME, "requesting-user-name", self._user),
            (ipp.KEYWORD, "requested-attributes", "job-state"),
        ]
        answer = self._call(ipp.GET_JOB_ATTRIBUTES, asked)
        jobs = answer.groups_of(ipp.JOB)
        return jobs[0].find_int("job-state") if answer.successful and jobs else None

    def open_jobs(self) -> list[int]:
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

    def cancel(self, job: int) -> None:
        with suppress(Problem):
            self._call(ipp.CANCEL_JOB, [(ipp.INTEGER, "job-id", job), (ipp.NAME, "requesting-user-name", self._user)])

    def _call(
        self, operation: int, attributes: Iterable[ipp.Attribute], job: Iterable[ipp.Attribute] = (), data: bytes = b""
    ) -> ipp.Answer:
        body = ipp.request(operation, self.where, attributes, job) + data
        connection = http_to.connection(
            self._host,
            self._port,
            self._patience,
            secure=self._secure,
            check_certificate=self._check_certificate,
        )
        try:
            connection.request("POST", self._path, body, {"Content-Type": ipp.MEDIA_TYPE})
            reply = connection.getresponse()
            if reply.status != 200:
                raise Problem("printer.refused", Retry.AFTER_FIX, status=f"HTTP {reply.status}")
            return ipp.read_answer(reply.read(ANSWER_LIMIT))
        except (OSError, http.client.HTTPException) as error:
            raise Problem("printer.unreachable", Retry.AFTER_FIX, where=self.where) from error
        finally:
            connection.close()


def _wanted(names: Iterable[str]) -> list[ipp.Attribute]:
    """requested-attributes, a set: only its first value carries the name."""
    return [(ipp.KEYWORD, "" if place else "requested-attributes", name) for place, name in enumerate(names)]
