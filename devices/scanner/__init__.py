"""Scanners (扫描仪): a batch of paper in, pages out one by one, the device's own bytes kept unchanged.

A driver's `scan` is streamed through its worker process: it yields a `ScannedPage` with the bytes for each
page as it appears, and returns a `BatchEnd`. The bytes travel over the worker's pipe, so nothing plain touches
the disk. Geometry (skew, crop, rotation) is not the scanner's business: the page is evidence as it came, see
app.materials.pages.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, cast

from contract.problem import Problem, Retry

if TYPE_CHECKING:
    from devices.host import Host

_LOOK_AGAIN = 1.0  # seconds before an empty feeder is looked into again
PAGE_LIMIT = 64 * 1024 * 1024  # bytes of one page file; a colour A4 page at 600 dpi is about 6 MB as JPEG
PAPERS: Mapping[str, tuple[float, float]] = MappingProxyType({"a4": (210.0, 297.0)})  # width and height in mm


class Source(StrEnum):
    """Where the paper lies."""

    ADF = "adf"
    ADF_DUPLEX = "adf_duplex"
    FLATBED = "flatbed"


class Colour(StrEnum):
    """What is kept of the colour. `BW` is one bit a pixel, for bad lines."""

    COLOR = "color"
    GRAY = "gray"
    BW = "bw"


@dataclass(frozen=True)
class ScanProfile:
    """What a batch is scanned with: resolution in pixels per inch, paper as a key of `PAPERS`."""

    source: Source = Source.ADF
    dpi: int = 300
    colour: Colour = Colour.COLOR
    paper: str = "a4"

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> ScanProfile:
        """Read `dataclasses.asdict`'s form. Raises Problem ``scanner.bad_profile`` where a value is not one."""
        try:
            profile = cls(Source(wire["source"]), int(wire["dpi"]), Colour(wire["colour"]), str(wire["paper"]))
        except (KeyError, TypeError, ValueError):
            raise Problem("scanner.bad_profile", Retry.NEVER) from None
        if not 50 <= profile.dpi <= 1200 or profile.paper not in PAPERS:
            raise Problem("scanner.bad_profile", Retry.NEVER)
        return profile


@dataclass(frozen=True)
class Capabilities:
    """What the device behind a driver can do."""

    sources: tuple[Source, ...]
    colours: tuple[Colour, ...]
    dpi: tuple[int, ...]

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Capabilities:
        return cls(
            tuple(Source(name) for name in wire["sources"]),
            tuple(Colour(name) for name in wire["colours"]),
            tuple(int(dpi) for dpi in wire["dpi"]),
        )


@dataclass(frozen=True)
class ScannedPage:
    """One page file as the device gave it.

    Attributes:
        n: Number in the batch, from 1, or from what `ScanSource.scan` was told.
        sheet: Sheet of paper, from 1; in duplex two pages share one.
        side: ``front`` or ``back``.
        media_type: ``image/jpeg``, ``image/png``, ``image/tiff`` or ``application/pdf``.
        width, height: Pixels as stored; 0 where only opening the file tells (files of a watched folder).
        dpi: Pixels per inch, 0 where only opening the file tells.
        digest: SHA-256 of the bytes, lower-case hex.
        size: Number of bytes.
    """

    n: int
    sheet: int
    side: str
    media_type: str
    width: int
    height: int
    dpi: int
    digest: str
    size: int


@dataclass(frozen=True)
class BatchEnd:
    """How a batch ended well: feeder ``empty``, ``single`` (flatbed) or ``quiet`` (watched folder).

    `skipped` counts what lay in a watched folder and is never taken: links, and what is no regular file. `counted` is
    the device's own count of what went through, 0 where it has none.
    """

    pages: int
    why: str
    skipped: int = 0
    counted: int = 0


def page_of(
    n: int, duplex: bool, media_type: str, data: bytes, width: int = 0, height: int = 0, dpi: int = 0
) -> ScannedPage:
    """The record of a page file, with its digest; in duplex the odd pages are fronts."""
    sheet, side = ((n + 1) // 2, "front" if n % 2 else "back") if duplex else (n, "front")
    return ScannedPage(n, sheet, side, media_type, width, height, dpi, hashlib.sha256(data).hexdigest(), len(data))


class Scanner(Protocol):
    """What a scanner driver offers to its worker.

    Foreseen trouble is a Problem: ``scanner.no_paper``, ``scanner.jam``, ``scanner.double_feed``,
    ``scanner.cover_open``, ``scanner.busy``, ``scanner.io``, ``scanner.access``, ``scanner.absent``,
    ``scanner.gone``, ``scanner.garbled``, ``scanner.cancelled``, ``scanner.memory``, ``scanner.unsupported``.
    """

    def capabilities(self) -> Capabilities: ...

    def scan(
        self, profile: Mapping[str, Any], *, cancelled: Callable[[], bool], alive: Callable[[], None]
    ) -> Generator[tuple[ScannedPage, bytes], None, BatchEnd]:
        """Pages as they appear. Ends soon after `cancelled()` turns true; says `alive()` while it waits."""
        ...


class ScanSource:
    """One chosen scanner, driven through its worker process.

    A driver that hangs or dies takes no page with it: what has come is already with the caller, and the
    Problem says how many pages that was and with which page to go on.
    """

    def __init__(self, host: Host, patience: float = 45.0) -> None:
        """`patience`: seconds without a page or a sign of life after which the driver counts as hung."""
        self._host = host
        self._patience = patience

    def capabilities(self) -> Capabilities:
        """What the device can do. Raises the driver's Problems, ``scanner.stalled``, ``scanner.crashed``."""
        self._host.fresh()
        try:
            return Capabilities.from_wire(self._host.ask("capabilities", patience=self._patience))
        except Problem as problem:
            raise _as_the_scanners(problem, received=0, following=1) from problem

    def scan(
        self, profile: ScanProfile, *, first: int = 1, stop: threading.Event | None = None, wait: float = 0.0
    ) -> Generator[tuple[ScannedPage, bytes], None, BatchEnd]:
        """Scan one batch in a fresh worker; closing the generator cancels it.

        `first` numbers the first page, so that a batch that broke off goes on: take it from the fact
        ``following`` of the Problem. Every Problem carries the facts ``pages`` (how many pages came in this
        call) and ``following`` (the number to go on with: in duplex the front of the sheet that did not come
        out whole; what was already had of that sheet comes again). A hang is ``scanner.stalled`` and a crash
        ``scanner.crashed``, both `Retry.AGAIN`. ``scanner.count_differs`` at the end: the device counted more.

        Args:
            stop: Set by another thread, it cancels the batch (``scanner.cancelled``), also between two pages.
            wait: An empty feeder is waited for so many seconds before ``scanner.no_paper``.
        """
        duplex = profile.source is Source.ADF_DUPLEX
        if first < 1 or (duplex and first % 2 == 0):
            raise ValueError("a batch starts with the front of a sheet")
        stop = stop or threading.Event()
        until = time.monotonic() + wait
        self._host.fresh()
        try:
            while True:
                try:
                    return (yield from self._batch(profile, first, stop))
                except Problem as problem:
                    if problem.code != "scanner.no_paper" or time.monotonic() >= until:
                        raise
                if stop.wait(_LOOK_AGAIN):
                    raise _as_the_scanners(Problem("scanner.cancelled", Retry.AGAIN), 0, first)
        finally:
            self._host.fresh()

    def _batch(
        self, profile: ScanProfile, first: int, stop: threading.Event
    ) -> Generator[tuple[ScannedPage, bytes], None, BatchEnd]:
        duplex = profile.source is Source.ADF_DUPLEX
        received = 0
        pages = cast(
            "Generator[tuple[dict[str, Any], bytes], None, dict[str, Any] | None]",
            self._host.stream("scan", patience=self._patience, stop=stop, profile=asdict(profile)),
        )
        try:
            with contextlib.closing(pages):
                while True:
                    try:
                        value, data = next(pages)
                    except StopIteration as over:
                        return _ended(over.value, received)
                    page = ScannedPage(**value)
                    if hashlib.sha256(data).hexdigest() != page.digest:
                        raise Problem("scanner.garbled", Retry.AGAIN)
                    received += 1
                    shift = first - 1
                    yield replace(page, n=page.n + shift, sheet=page.sheet + shift // (2 if duplex else 1)), data
        except Problem as problem:
            whole = received - received % 2 if duplex else received
            raise _as_the_scanners(problem, received, first + whole) from problem


def _ended(said: dict[str, Any] | None, received: int) -> BatchEnd:
    if said is None:  # `stop` was set
        raise Problem("scanner.cancelled", Retry.AGAIN)
    end = BatchEnd(**said)
    if end.counted > received:
        raise Problem("scanner.count_differs", Retry.AFTER_FIX, counted=end.counted)
    return end


def _as_the_scanners(problem: Problem, received: int, following: int) -> Problem:
    """The same problem in the scanner's words, with how far the batch came."""
    facts = problem.facts | {"pages": str(received), "following": str(following)}
    if problem.code == "device.silent":
        return Problem("scanner.stalled", Retry.AGAIN, **facts)
    if problem.code == "device.crashed":
        return Problem("scanner.crashed", Retry.AGAIN, **facts)
    return Problem(problem.code, problem.retry, **facts)
