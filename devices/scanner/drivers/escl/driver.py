"""A scanner that speaks eSCL over HTTP: the device's own JPEG of each page, unchanged.

Written against what firmware was seen to do, not only what the protocol says: a 404 that comes too early, a 409 for an
empty feeder, answers cut off in the middle. A page that broke off is never asked for again: the device has moved on,
and the next document would be another sheet.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from PIL import Image, UnidentifiedImageError

from contract.problem import Problem, Retry
from devices.scanner import (
    PAGE_LIMIT,
    BatchEnd,
    Capabilities,
    Colour,
    ScannedPage,
    ScanProfile,
    Source,
    page_of,
)
from devices.scanner.drivers.bilevel import bilevel
from devices.scanner.drivers.escl import language
from devices.scanner.drivers.escl.language import XML_LIMIT, Input, Status
from devices.transports import http as http_to
from devices.transports.wholeness import is_whole

_SLICE = 0.2  # seconds of one wait: so long a cancellation may take
_PIECE = 1 << 16  # bytes read at once
_AGAIN = 0.5  # seconds before a device that has no page yet is asked again …
_AGAIN_MOST = 3.0  # … and the longest that it may ask for

Alive = Callable[[], None]
Cancelled = Callable[[], bool]


class _LineLost(Exception):
    """The connection was refused, went away, or said nothing in time."""


class EsclScanner:
    """One device, known by its address (``http://``, ``https://``, ``escl://`` or ``escls://``)."""

    def __init__(
        self, url: str = "", answer: float = 10.0, page: float = 60.0, check_certificate: bool = False
    ) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in {"http", "https", "escl", "escls"} or not parts.hostname or port == -1:
            raise Problem("scanner.bad_address", Retry.AFTER_FIX, where=url)
        self._secure = parts.scheme in {"https", "escls"}
        self._host = parts.hostname
        self._port = port or (443 if self._secure else 80)
        self._path = parts.path.rstrip("/") or "/eSCL"
        self._patience = answer
        self._page = page
        self._check_certificate = check_certificate

    def __repr__(self) -> str:
        return f"EsclScanner({self._host!r}, {self._port})"

    def capabilities(self) -> Capabilities:
        inputs = self._inputs()
        words = {word for each in inputs for word in each.colours} or {"RGB24", "Grayscale8"}
        colours = (Colour.COLOR,) if "RGB24" in words else ()
        return Capabilities(
            tuple(source for source in Source if any(each.source is source for each in inputs)),
            (*colours, Colour.GRAY, Colour.BW) if words & {"RGB24", "Grayscale8"} else (),
            tuple(sorted({dpi for each in inputs for dpi in each.dpi})),
        )

    def scan(
        self, profile: Mapping[str, Any], *, cancelled: Cancelled, alive: Alive
    ) -> Generator[tuple[ScannedPage, bytes], None, BatchEnd]:
        """One job: the feeder until it is empty, the glass once. The job is deleted whatever happens."""
        wanted = ScanProfile.from_wire(profile)
        offered = next((each for each in self._inputs() if each.source is wanted.source), None)
        if offered is None:
            raise Problem("scanner.no_such_source", Retry.AFTER_FIX, source=wanted.source)
        if wanted.source is not Source.FLATBED and self._status().empty:
            raise Problem("scanner.no_paper", Retry.AFTER_FIX)
        job = self._begin(wanted, offered, cancelled, alive)
        try:
            return (yield from self._pages(job, wanted, offered, cancelled, alive))
        except _LineLost:
            raise self._lost() from None
        finally:
            with contextlib.suppress(_LineLost, Problem):
                self._call("DELETE", job)

    def _pages(
        self, job: str, wanted: ScanProfile, offered: Input, cancelled: Cancelled, alive: Alive
    ) -> Generator[tuple[ScannedPage, bytes], None, BatchEnd]:
        duplex, dpi, count = wanted.source is Source.ADF_DUPLEX, language.nearest(offered, wanted.dpi), 0
        while (data := self._next_page(job, wanted, count, cancelled, alive)) is not None:
            media_type, data, width, height = _opened(data, wanted, dpi)
            count += 1
            yield page_of(count, duplex, media_type, data, width, height, dpi), data
            if wanted.source is Source.FLATBED:
                return BatchEnd(count, "single")
        return BatchEnd(count, "empty", counted=self._counted(job))

    def _begin(self, wanted: ScanProfile, offered: Input, cancelled: Cancelled, alive: Alive) -> str:
        """Make the job. Returns its path: whatever host the device names, we stay here.

        A busy device is waited for: it may still hold the job of a worker that was killed, and forgets it in time.
        """
        ticket = language.scan_settings(wanted, offered, language.nearest(offered, wanted.dpi))
        until = time.monotonic() + self._page
        while True:
            try:
                code, headers, _ = self._call("POST", f"{self._path}/ScanJobs", ticket, cancelled, alive)
            except _LineLost:
                raise Problem("scanner.absent", Retry.AFTER_FIX) from None
            match code:
                case 201:
                    path = urlsplit(headers.get("location", "")).path.rstrip("/")
                    if not path.startswith("/") or not path.isascii() or not path.isprintable():
                        raise Problem("scanner.garbled", Retry.AGAIN)
                    return path
                case 503 if time.monotonic() < until:
                    _pause(headers, cancelled, alive)
                case 503:
                    raise Problem("scanner.busy", Retry.AGAIN)
                case 409:
                    status = self._status()
                    if status.empty and wanted.source is not Source.FLATBED:
                        raise Problem("scanner.no_paper", Retry.AFTER_FIX)
                    raise status.problem() or Problem("scanner.unsupported", Retry.NEVER)
                case _:
                    raise _refused(code)

    def _next_page(self, job: str, wanted: ScanProfile, count: int, cancelled: Cancelled, alive: Alive) -> bytes | None:
        """The next document, or None once there is none: said by a status that is looked at, not by a number alone."""
        feeder = wanted.source is not Source.FLATBED
        until = time.monotonic() + self._page
        while True:
            code, headers, data = self._call("GET", f"{job}/NextDocument", b"", cancelled, alive, limit=PAGE_LIMIT)
            if code == 200:
                return data
            if code not in (404, 409, 410, 503):
                raise _refused(code)
            status = self._status(in_job=True)
            if problem := status.problem():
                raise problem
            found = status.find_job(job)
            state = found.state if found else ""
            if state in ("Canceled", "Aborted"):
                raise Problem("scanner.cancelled" if state == "Canceled" else "scanner.io", Retry.AGAIN)
            # A feeder that tells how it stands is believed before a device that forgets its job and calls itself idle.
            telling = feeder and bool(status.adf)
            idle = status.state != "Processing" and state not in ("Pending", "Processing") and not telling
            if code != 503 and (state == "Completed" or (feeder and status.empty) or (idle and code != 410)):
                if count:
                    return None
                raise Problem("scanner.no_paper", Retry.AFTER_FIX)
            if code == 410 or status.state in ("Stopped", "Down"):
                raise Problem("scanner.io", Retry.AGAIN)
            if time.monotonic() >= until:
                raise Problem("scanner.io", Retry.AGAIN)
            _pause(headers, cancelled, alive)

    def _inputs(self) -> tuple[Input, ...]:
        return language.read_capabilities(self._ask("ScannerCapabilities"))

    def _status(self, in_job: bool = False) -> Status:
        return language.read_status(self._ask("ScannerStatus", in_job))

    def _ask(self, what: str, in_job: bool = False) -> bytes:
        try:
            code, _, data = self._call("GET", f"{self._path}/{what}")
        except _LineLost:
            if in_job:
                raise
            raise Problem("scanner.absent", Retry.AFTER_FIX) from None
        if code == 503:
            raise Problem("scanner.busy", Retry.AGAIN)
        if code != 200:
            raise _refused(code)
        return data

    def _counted(self, job: str) -> int:
        """How many images the device says it made; 0 where it says nothing of it, or nothing any more."""
        with contextlib.suppress(_LineLost, Problem):
            found = self._status(in_job=True).find_job(job)
            return found.images if found else 0
        return 0

    def _lost(self) -> Problem:
        """The Problem of a line that broke in the middle of a job: the device says whether it is still there."""
        with contextlib.suppress(_LineLost, Problem):
            status = self._status(in_job=True)
            return status.problem() or Problem("scanner.io", Retry.AGAIN)
        return Problem("scanner.gone", Retry.AFTER_FIX)

    def _call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        cancelled: Cancelled | None = None,
        alive: Alive | None = None,
        limit: int = XML_LIMIT,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request on a connection of its own: no firmware's keep-alive is trusted. Redirections are not followed.

        Raises:
            _LineLost: refused, cut off in the middle, or silent for too long.
            Problem: scanner.cancelled while waiting, scanner.too_large.
        """
        connection = http_to.connection(
            self._host,
            self._port,
            self._patience,
            secure=self._secure,
            check_certificate=self._check_certificate,
        )
        try:
            connection.connect()
            with _watched(connection.sock, cancelled, alive):
                connection.sock.settimeout(self._page if cancelled else self._patience)
                connection.request(method, path, body or None, {"Content-Type": "text/xml"} if body else {})
                answer = connection.getresponse()
                said = {name.lower(): value for name, value in answer.headers.items()}
                return answer.status, said, self._read(answer, limit)
        except (OSError, http.client.HTTPException) as error:
            if cancelled and cancelled():
                raise Problem("scanner.cancelled", Retry.AGAIN) from None
            raise _LineLost from error
        finally:
            connection.close()

    def _read(self, answer: http.client.HTTPResponse, limit: int) -> bytes:
        """The whole body, by its length, in chunks or to the end of the connection; never more than `limit`."""
        data, length, until = bytearray(), answer.length, time.monotonic() + self._page
        while length is None or len(data) < length:
            piece = answer.read1(_PIECE if length is None else min(_PIECE, length - len(data)))
            if not piece:
                break
            data += piece
            if len(data) > limit:
                raise Problem("scanner.too_large", Retry.AFTER_FIX, limit=limit >> 20)
            if time.monotonic() > until:
                raise TimeoutError
        if length is not None and len(data) < length:
            raise http.client.IncompleteRead(b"", length - len(data))
        return bytes(data)


@contextlib.contextmanager
def _watched(line: socket.socket, cancelled: Cancelled | None, alive: Alive | None) -> Iterator[None]:
    """While something blocks on the line: say that we live, and cut it where somebody pressed stop."""
    if cancelled is None or alive is None:
        yield
        return
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_SLICE):
            if cancelled():
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(line, socket.SHUT_RDWR)  # past TLS, which another thread is in
                return
            alive()

    watcher = threading.Thread(target=watch, name="escl", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _opened(data: bytes, wanted: ScanProfile, dpi: int) -> tuple[str, bytes, int, int]:
    """The page as it is kept: the device's own bytes, but for black and white, which is made here.

    Raises:
        scanner.garbled: no JPEG, or one that ends too early.
    """
    if not is_whole(data):
        raise Problem("scanner.garbled", Retry.AGAIN)
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:
            if wanted.colour is not Colour.BW:
                return language.JPEG, data, picture.width, picture.height
            two = bilevel(picture)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        raise Problem("scanner.garbled", Retry.AGAIN) from None
    out = io.BytesIO()
    two.save(out, "PNG", dpi=(dpi, dpi))
    return "image/png", out.getvalue(), two.width, two.height


def _refused(code: int) -> Problem:
    if code in (401, 403):
        return Problem("scanner.access", Retry.AFTER_FIX)
    if code in (400, 415, 422, 501):
        return Problem("scanner.unsupported", Retry.NEVER)
    if code in (404, 405) or 300 <= code < 400:
        return Problem("scanner.no_escl", Retry.AFTER_FIX, status=str(code))
    return Problem("scanner.io", Retry.AGAIN)


def _pause(headers: Mapping[str, str], cancelled: Cancelled, alive: Alive) -> None:
    said = headers.get("retry-after", "")
    wait = min(float(said), _AGAIN_MOST) if said.isascii() and said.isdigit() else _AGAIN
    until = time.monotonic() + wait
    while time.monotonic() < until:
        if cancelled():
            raise Problem("scanner.cancelled", Retry.AGAIN)
        alive()
        time.sleep(min(_SLICE, wait))


OPEN = EsclScanner
