"""Pages on their way to the server: one batch of a case at a time, gone on with after a cut, never begun twice.

The offset is the server's alone; the whole digest decides. What went over is only believed when the server's next
word no longer wants it. On a bad line a batch travels in four parts side by side, each in one long PATCH: one
connection leaves half of a lossy line unused. On a good line it is one. A part that is cut asks the server where it
stands and goes on by itself, while the others fill the line; so nothing waits for anything but its own bytes.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Container
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import suppress
from dataclasses import dataclass, replace

from app.store import Store, Upload, UploadPart
from app.sync.batch import Batch, BatchStream, Interrupted, next_batch
from app.sync.line import BLOCK, SMALL_BLOCK, TROUBLE, Line
from contract.problem import Problem, Retry

SIDE_BY_SIDE = 4  # connections on a bad line
LEAST_PART = 48 << 10  # bytes; less is not worth two requests of its own
SHARE = 0.6  # of what is left, that each next four parts take
MOST_PARTS = 48  # less than the server joins
TRIES = 4  # how often in a row a part that gains nothing asks again before the courier's pace takes over
FIRST_PAUSE, LAST_PAUSE = 0.2, 3.0  # seconds before a part asks again: full jitter, doubled each time
WORTH_A_COPY = 120.0  # seconds that a case's pages must take before working copies of them go first
FORGOTTEN = ("upload.not_found", "upload.expired", "upload.parts_unknown", "wire.not_found")
CUT = ("line.down", "line.timeout", "line.cut", "upload.superseded", "upload.offset_differs", "upload.cut")
"""What a part goes on after by itself: another connection may do better at once."""
PASSING = (*TROUBLE, *CUT, "server.busy", "server.failed", "server.fault", "upload.too_many")
"""What says nothing about these pages: the line, or the server, is to be tried again later."""


Shrink = Callable[[bytes], bytes | None]


@dataclass(frozen=True)
class Sent:
    """What one call brought over in how many seconds. `more` where another batch could follow at once; `again` holds,
    for each cut, how many bytes had been given to the socket and were not kept by the server.
    """

    case_id: str
    bytes: int
    seconds: float
    more: bool
    again: tuple[int, ...] = ()


@dataclass(frozen=True)
class Manner:
    """How to send.

    Attributes:
        connections: How many parts a new upload is cut into.
        interrupted: Asked before each block; what arrived before stays with the server.
        bytes_per_second: Bound on bandwidth, all connections together; 0 is none.
        pause: How to wait where there is a bound.
        largest: Pages of more bytes wait; 0 is no bound.
    """

    connections: int = 1
    interrupted: Callable[[], bool] = lambda: False
    bytes_per_second: int = 0
    pause: Callable[[float], object] = time.sleep
    largest: int = 0


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
    sendable = _sendable(store, manner)
    for case_id, pages in sendable.items():
        began = time.monotonic()
        try:
            progress = _send(store, line, case_id, pages, manner)
        except Interrupted:
            return Sent(case_id, 0, 0.0, more=True)
        except Problem as problem:
            if problem.code in PASSING or problem.code.startswith(("session.", "station.")):
                raise
            store.end_upload(case_id, pages, problem)
            continue
        seconds = time.monotonic() - began
        more = len(sendable) > 1 or not set(pages) <= set(progress.upload.pages)
        return Sent(case_id, progress.gained, seconds, more, tuple(progress.again))
    return None


def send_copies(
    store: Store, line: Line, copied: Container[str], shrink: Shrink, *, rate: float, interrupted: Callable[[], bool]
) -> frozenset[str]:
    """Working copies (工作副本) of pages that would be long under way, where the server has none of them yet: what a
    department can look at meanwhile. The pages follow as they are. Returns the digests of pages looked after.

    Args:
        store: The station's store; whoever calls holds its sync lock.
        line: The line to the server.
        copied: Digests of pages of which the server has a copy, or that have none.
        shrink: Makes a copy of a page; None where there is none worth sending.
        rate: Bytes a second that the line brings over.
        interrupted: Asked before each copy.

    Raises:
        Problem: whatever the line raises.
    """
    done: set[str] = set()
    for case_id, pages in store.wanted_pages(due_only=True).items():
        sizes = {digest: store.find_page_size(digest) or 0 for digest in pages}
        if sum(sizes.values()) < rate * WORTH_A_COPY:
            continue
        for digest in sorted(pages, key=sizes.__getitem__):
            if interrupted():
                return frozenset(done)
            if digest in copied:
                continue
            try:
                copy = shrink(store.page(digest))
                if copy is not None:
                    line.send_copy(case_id, digest, copy)
            except Problem as problem:
                if problem.code in PASSING or problem.code.startswith(("session.", "station.")):
                    raise
            done.add(digest)  # what is wrong with the page itself will be said of the page
    return frozenset(done)


def _sendable(store: Store, manner: Manner) -> dict[str, tuple[str, ...]]:
    """By case, the pages that may go now."""
    found = store.wanted_pages(due_only=True)
    if manner.largest:
        small = {d for pages in found.values() for d in pages if (store.find_page_size(d) or 0) <= manner.largest}
        found = {case_id: tuple(page for page in pages if page in small) for case_id, pages in found.items()}
    return {case_id: pages for case_id, pages in found.items() if pages}


def _send(store: Store, line: Line, case_id: str, pages: tuple[str, ...], manner: Manner) -> _Progress:
    upload = _find_begun(store, case_id, pages) or _planned(store, case_id, pages, manner.connections)
    try:
        progress = _bring_over(store, line, upload, manner)
    except Problem as problem:
        if problem.code not in FORGOTTEN:
            raise
        store.keep_upload(upload := _planned(store, case_id, pages, manner.connections))
        progress = _bring_over(store, line, upload, manner)
    progress.say()
    if progress.is_over:
        store.end_upload(case_id, upload.pages)
    return progress


def _bring_over(store: Store, line: Line, upload: Upload, manner: Manner) -> _Progress:
    """All parts of an upload; where they are several, side by side, and joined while they travel."""
    batch = Batch(store, upload.pages)
    progress = _Progress(store, upload)
    if len(upload.parts) == 1:
        _Part(line, batch, 0, progress, manner).bring()
        return progress
    count = min(SIDE_BY_SIDE, len(upload.parts))
    manner = replace(manner, bytes_per_second=manner.bytes_per_second // count)
    parts = [_Part(line, batch, place, progress, manner) for place in range(len(upload.parts))]
    left = iter(parts)  # taken by all threads, one by one

    def work() -> None:
        with line.apart():
            for part in left:
                part.bring()

    with ThreadPoolExecutor(count, thread_name_prefix="upload") as threads:
        done = [threads.submit(work) for _ in range(count)]
        with suppress(Problem):  # what goes wrong here is met again by whoever brings the part
            for part in parts[count:]:
                if manner.interrupted():
                    break
                part.create()  # meanwhile, over the connection that is open: nobody need wait for it later
        while not progress.placed.wait(0.1):
            if wait_for(done, 0, FIRST_EXCEPTION).done == set(done):
                break  # there is nobody left who could find a place
        fault = _join(line, progress, manner) if progress.placed.is_set() else None
    # Where one failed, the others have brought over what they could.
    faults = [found for found in (*(future.exception() for future in done), fault) if found is not None]
    if faults:
        raise next((found for found in faults if isinstance(found, Interrupted)), faults[0])
    return progress


def _join(line: Line, progress: _Progress, manner: Manner) -> Problem | None:
    """Say which parts make the batch. It may be said again: after a cut nobody knows whether it was heard."""
    upload = progress.upload
    for failed in range(TRIES):
        try:
            line.join_parts(upload.case_id, [part.place for part in upload.parts], upload.digest)
            return None
        except Problem as problem:
            if problem.code not in CUT or failed == TRIES - 1:
                return problem
            manner.pause(_pause(failed))
    return None


def _pause(failed: int) -> float:
    most: float = min(LAST_PAUSE, FIRST_PAUSE * 2**failed)
    return most * random.random()  # noqa: S311 - no secret, only not in step


class _Part:
    """One stretch of an upload on its way, on a connection of its own."""

    def __init__(self, line: Line, batch: Batch, place: int, progress: _Progress, manner: Manner) -> None:
        self._line = line
        self._batch = batch
        self._place = place
        self._progress = progress
        self._manner = manner
        self._creating = threading.Lock()
        self._given = -1  # offset up to which bytes were given to a socket that was cut

    def create(self) -> None:
        """Have a place on the server."""
        with self._creating:
            upload, part = self._progress.upload, self._progress.part(self._place)
            if part.place:
                return
            if self._progress.is_cut_up:
                place = self._line.create_part(part.size, f"{upload.digest} {self._place}")
            else:
                place = self._line.create_upload(upload.case_id, upload.size, upload.digest)
            self._progress.created(self._place, place)

    def bring(self) -> None:
        """Everything that is left, through cuts. Raises what `TRIES` attempts without a byte gained ended with."""
        failed = 0
        while True:
            before = self._progress.part(self._place).offset
            try:
                return self._attempt()
            except Problem as problem:
                if problem.code not in CUT:
                    raise
                gained = self._progress.part(self._place).offset > before
                failed = 0 if gained else failed + 1
                if failed >= TRIES or self._manner.interrupted():
                    raise
                self._manner.pause(_pause(failed))

    def _attempt(self) -> None:
        part = self._progress.part(self._place)
        if not part.place:
            self.create()
        elif self._progress.needs_asking(self._place):
            self._ask(part)
        part = self._progress.part(self._place)
        if part.offset < part.size:
            self._stream(part)

    def _ask(self, part: UploadPart) -> None:
        """Where the server stands. Only it knows."""
        offset = self._line.find_upload_offset(part.place)
        if offset is None or offset > part.size:
            raise Problem("upload.not_found", Retry.NEVER)
        if self._given >= 0:
            self._progress.cut(self._given - offset)
        self._given = -1
        self._progress.asked(self._place, offset)

    def _stream(self, part: UploadPart) -> None:
        stream = BatchStream(
            self._batch,
            part.start + part.offset,
            part.start + part.size,
            interrupted=self._manner.interrupted,
            block=SMALL_BLOCK if self._progress.is_cut_up else BLOCK,
            on_way=lambda sent: self._progress.at(self._place, part.offset + sent),
            bytes_per_second=self._manner.bytes_per_second,
            pause=self._manner.pause,
        )
        try:
            offset = self._line.send_upload(part.place, part.offset, stream)
        except BaseException:
            self._given = part.offset + stream.sent
            self._progress.doubt(self._place)
            raise
        self._progress.at(self._place, offset)
        if offset < part.size:
            raise Problem("upload.cut", Retry.AGAIN)


class _Progress:
    """How far an upload is. The offsets are a hint for the screen; after a cut the server says where it stands."""

    def __init__(self, store: Store, upload: Upload) -> None:
        self._store = store
        self._began = upload.offset
        self._lock = threading.Lock()
        self._doubted = {place for place, part in enumerate(upload.parts) if part.place}
        self.upload = upload
        self.again: list[int] = []
        self.placed = threading.Event()  # every part has its place on the server
        self._look()

    @property
    def is_cut_up(self) -> bool:
        return len(self.upload.parts) > 1

    @property
    def is_over(self) -> bool:
        return self.upload.offset >= self.upload.size

    @property
    def gained(self) -> int:
        return max(self.upload.offset - self._began, 0)

    def part(self, place: int) -> UploadPart:
        return self.upload.parts[place]

    def needs_asking(self, place: int) -> bool:
        return place in self._doubted

    def doubt(self, place: int) -> None:
        with self._lock:
            self._doubted.add(place)

    def asked(self, place: int, offset: int) -> None:
        with self._lock:
            self._doubted.discard(place)
        self.at(place, offset)

    def cut(self, again: int) -> None:
        with self._lock:
            self.again.append(max(again, 0))

    def created(self, place: int, where: str) -> None:
        self._change(place, replace(self.part(place), place=where, offset=0))

    def at(self, place: int, offset: int) -> None:
        self._change(place, replace(self.part(place), offset=offset))

    def say(self) -> None:
        with self._lock:
            self._store.keep_upload(self.upload)

    def _change(self, place: int, part: UploadPart) -> None:
        with self._lock:
            parts = list(self.upload.parts)
            parts[place] = part
            self.upload = replace(self.upload, parts=tuple(parts))
            self._store.keep_upload(self.upload)
        self._look()

    def _look(self) -> None:
        if all(part.place for part in self.upload.parts):
            self.placed.set()


def _find_begun(store: Store, case_id: str, pages: tuple[str, ...]) -> Upload | None:
    """The upload that was cut; None where a new one is to be made."""
    upload = store.find_upload(case_id)
    if upload is None or not set(upload.pages) & set(pages):
        return None
    return upload if all(store.has_page(digest) for digest in upload.pages) else None


def _planned(store: Store, case_id: str, pages: tuple[str, ...], connections: int) -> Upload:
    """A new upload of which the server knows nothing yet: its parts have no place."""
    batch = next_batch(store, pages)
    parts, start = [], 0
    for size in part_sizes(batch.size, connections):
        parts.append(UploadPart("", start, size, 0))
        start += size
    return Upload(case_id, batch.pages, batch.size, batch.digest(), tuple(parts))


def part_sizes(total: int, connections: int) -> tuple[int, ...]:
    """How an upload is cut for so many connections: each round of parts takes `SHARE` of what is left (guided
    self-scheduling: Polychronopoulos and Kuck, 1987).
    """
    if connections == 1 or total < 2 * LEAST_PART:
        return (total,)
    sizes: list[int] = []
    left = total
    while left:
        size = max(int(left * SHARE / connections), LEAST_PART)
        if size == LEAST_PART or len(sizes) + connections > MOST_PARTS:
            count = -(-left // size)
            return (*sizes, *(left * (place + 1) // count - left * place // count for place in range(count)))
        sizes += [size] * connections
        left -= size * connections
    return tuple(sizes)
