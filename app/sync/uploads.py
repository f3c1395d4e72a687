"""Pages on their way to the server: one batch of a case at a time, gone on with after a cut, never begun twice.

The offset is the server's alone; the whole digest decides. What went over is only believed when the server's next
word no longer wants it. On a bad line a batch travels in four parts side by side, each in one long PATCH: one
connection leaves half of a lossy line unused. On a good line it is one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise

from app.store import Store, Upload, UploadPart
from app.sync.batch import Batch, BatchStream, Interrupted, next_batch
from app.sync.line import TROUBLE, Line
from contract.problem import Problem

SIDE_BY_SIDE = 4  # connections on a bad line
LEAST_PART = 32 << 10  # bytes; less is not worth a connection of its own
FORGOTTEN = ("upload.not_found", "upload.expired", "wire.not_found")
PASSING = (
    *TROUBLE,
    "server.busy",
    "server.failed",
    "server.fault",
    "upload.too_many",
    "upload.superseded",
    "upload.offset_differs",
    "upload.cut",
)
"""What says nothing about these pages: the line, or the server, is to be tried again later."""


@dataclass(frozen=True)
class Sent:
    """What one call brought over in how many seconds. `more` where another batch could follow at once."""

    case_id: str
    bytes: int
    seconds: float
    more: bool


@dataclass(frozen=True)
class Manner:
    """How to send.

    Attributes:
        connections: How many parts a new upload is cut into.
        interrupted: Asked before each block; what arrived before stays with the server.
        bytes_per_second: Bound on bandwidth, all connections together; 0 is none.
        pause: How to wait where there is a bound.
    """

    connections: int = 1
    interrupted: Callable[[], bool] = lambda: False
    bytes_per_second: int = 0
    pause: Callable[[float], object] = time.sleep


def send_one_batch(store: Store, line: Line, manner: Manner | None = None) -> Sent | None:
    """Send the next batch of pages that the server wants from here; None where there is none to send now.

    Args:
        store: The station's store; whoever calls holds its sync lock.
        line: The line to the server.
        manner: How to send; in one connection without bounds by default.

    Raises:
        Problem: whatever the line raises. What is wrong with the pages of one case is written beside that case, and
            the others go on.
    """
    manner = manner or Manner()
    for case_id, pages in store.wanted_pages(due_only=True).items():
        began = time.monotonic()
        try:
            count = _send(store, line, case_id, pages, manner)
        except Interrupted:
            return Sent(case_id, 0, 0.0, more=True)
        except Problem as problem:
            if problem.code in PASSING or problem.code.startswith(("session.", "station.")):
                raise
            store.end_upload(case_id, pages, problem)
            continue
        more = bool(store.wanted_pages(due_only=True))
        return Sent(case_id, count, time.monotonic() - began, more)
    return None


def _send(store: Store, line: Line, case_id: str, pages: tuple[str, ...], manner: Manner) -> int:
    upload = _begun(store, line, case_id, pages) or _new(store, line, case_id, pages, manner.connections)
    batch = Batch(store, upload.pages)
    progress = _Progress(store, upload)
    open_parts = [place for place, part in enumerate(upload.parts) if part.offset < part.size]
    if len(open_parts) == 1:
        _send_part(line, batch, upload.parts[open_parts[0]], open_parts[0], progress, manner)
    elif open_parts:
        share = replace(manner, bytes_per_second=manner.bytes_per_second // len(open_parts))
        _send_side_by_side(line, batch, upload, open_parts, progress, share)
    progress.say()
    if progress.offset >= upload.size:
        store.end_upload(case_id, upload.pages)
    return progress.offset - upload.offset


def _send_side_by_side(
    line: Line, batch: Batch, upload: Upload, places: list[int], progress: _Progress, manner: Manner
) -> None:
    """All open parts at once. Where one fails, the others still bring over what they can."""

    def send(place: int) -> None:
        try:
            _send_part(line, batch, upload.parts[place], place, progress, manner)
        finally:
            line.hang_up()  # the thread ends, and its connection with it

    with ThreadPoolExecutor(len(places), thread_name_prefix="upload") as threads:
        done = [threads.submit(send, place) for place in places]
    faults = [fault for fault in (future.exception() for future in done) if fault is not None]
    if faults:
        raise next((fault for fault in faults if isinstance(fault, Interrupted)), faults[0])


def _send_part(line: Line, batch: Batch, part: UploadPart, place: int, progress: _Progress, manner: Manner) -> None:
    stream = BatchStream(
        batch,
        part.start + part.offset,
        part.start + part.size,
        interrupted=manner.interrupted,
        on_way=lambda sent: progress.at(place, part.offset + sent),
        bytes_per_second=manner.bytes_per_second,
        pause=manner.pause,
    )
    progress.at(place, line.send_upload(part.place, part.offset, stream))


class _Progress:
    """How far an upload is, for the screen: a hint. After a cut the server says where it really stands."""

    def __init__(self, store: Store, upload: Upload) -> None:
        self._store = store
        self._upload = upload
        self._lock = threading.Lock()

    @property
    def offset(self) -> int:
        with self._lock:
            return self._upload.offset

    def at(self, place: int, offset: int) -> None:
        with self._lock:
            parts = list(self._upload.parts)
            parts[place] = replace(parts[place], offset=offset)
            self._upload = replace(self._upload, parts=tuple(parts))
        self.say()

    def say(self) -> None:
        with self._lock:
            self._store.keep_upload(self._upload)


def _begun(store: Store, line: Line, case_id: str, pages: tuple[str, ...]) -> Upload | None:
    """The upload that was cut, with the offsets that the server really has; None where a new one is to be made."""
    upload = store.find_upload(case_id)
    if upload is None or not set(upload.pages) & set(pages):
        return None
    if not all(store.has_page(digest) for digest in upload.pages):
        return None
    parts: list[UploadPart] = []
    for part in upload.parts:
        try:
            offset = line.find_upload_offset(part.place)
        except Problem as problem:
            if problem.code not in FORGOTTEN:
                raise
            offset = None
        if offset is None or offset > part.size:
            return None
        parts.append(replace(part, offset=offset))
    upload = replace(upload, parts=tuple(parts))
    store.keep_upload(upload)
    return upload


def _new(store: Store, line: Line, case_id: str, pages: tuple[str, ...], connections: int) -> Upload:
    batch = next_batch(store, pages)
    digest = batch.digest()
    count = max(1, min(connections, batch.size // LEAST_PART))
    if count == 1:
        parts = [UploadPart(line.create_upload(case_id, batch.size, digest), 0, batch.size, 0)]
    else:
        cuts = [batch.size * place // count for place in range(count + 1)]
        sizes = [(start, end - start) for start, end in pairwise(cuts)]
        parts = [UploadPart(line.create_part(size), start, size, 0) for start, size in sizes]
        line.join_parts(case_id, [part.place for part in parts], digest)
    upload = Upload(case_id, batch.pages, batch.size, digest, tuple(parts))
    store.keep_upload(upload)
    return upload
