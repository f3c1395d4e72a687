"""Pages on their way to the server: one batch of a case at a time, gone on with after a cut, never begun twice.

The offset is the server's alone; the whole digest decides. What went over is only believed when the server's next
word no longer wants it. On a bad line a batch travels in four parts side by side, each in one long PATCH: one
connection leaves half of a lossy line unused. On a good line it is one. A part that is cut is gone on with by whoever
has a connection first, from where the server stands; so the line is never left alone with making a new one.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime

from app.store import Store, Upload, UploadPart
from app.sync.batch import Batch, BatchStream, Interrupted, next_batch
from app.sync.failures import TROUBLE
from app.sync.line import BLOCK, SMALL_BLOCK, Line
from app.sync.pace import Bounds, Signs
from contract.case import CHINA
from contract.problem import Problem, Retry

SIDE_BY_SIDE = 4  # connections on a bad line
FIRST_PART = 48 << 10  # bytes, that go while the connections are made, and all again if they are cut
LEAST_PART = 48 << 10  # bytes; less is not worth two requests of its own
SHARE = 0.6  # of what is left, that each next four parts take
MOST_PARTS = 48  # less than the server joins
TRIES = 4  # how often in a row a part gains nothing, or no connection is had, before the courier's pace takes over
FIRST_PAUSE, LAST_PAUSE = 0.2, 3.0  # seconds before a part asks again: full jitter, doubled each time
WORTH_A_COPY = 120.0  # seconds that a case's pages must take before working copies of them go first
FORGOTTEN = ("upload.not_found", "upload.expired", "upload.parts_unknown", "wire.not_found")
CUT = ("line.down", "line.timeout", "line.cut", "upload.superseded", "upload.offset_differs", "upload.cut")
"""What a part is gone on with after: another connection may do better at once."""
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

    @classmethod
    def fitting(cls, signs: Signs, bounds: Bounds, at: datetime) -> Manner:
        """How to send over such a line, within what the office allows at this moment."""
        return cls(
            connections=SIDE_BY_SIDE if signs.is_bad else 1,
            bytes_per_second=bounds.bytes_per_second,
            largest=bounds.largest(at.astimezone(CHINA).time()),
        )


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
            store.uploads.end(case_id, pages, problem)
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
    for case_id, pages in store.uploads.wanted(due_only=True).items():
        sizes = {digest: store.pages.find_size(digest) or 0 for digest in pages}
        if sum(sizes.values()) < rate * WORTH_A_COPY:
            continue
        for digest in sorted(pages, key=sizes.__getitem__):
            if interrupted():
                return frozenset(done)
            if digest in copied:
                continue
            try:
                copy = shrink(store.pages.get(digest))
                if copy is not None:
                    line.send_copy(case_id, digest, copy)
            except Problem as problem:
                if problem.code in PASSING or problem.code.startswith(("session.", "station.")):
                    raise
            done.add(digest)  # what is wrong with the page itself will be said of the page
    return frozenset(done)


def _sendable(store: Store, manner: Manner) -> dict[str, tuple[str, ...]]:
    """By case, the pages that may go now."""
    found = store.uploads.wanted(due_only=True)
    if manner.largest:
        small = {d for pages in found.values() for d in pages if (store.pages.find_size(d) or 0) <= manner.largest}
        found = {case_id: tuple(page for page in pages if page in small) for case_id, pages in found.items()}
    return {case_id: pages for case_id, pages in found.items() if pages}


def _send(store: Store, line: Line, case_id: str, pages: tuple[str, ...], manner: Manner) -> _Progress:
    upload = _find_begun(store, case_id, pages) or _planned(store, case_id, pages, manner.connections)
    try:
        progress = _bring_over(store, line, upload, manner)
    except Problem as problem:
        if problem.code not in FORGOTTEN:
            raise
        store.uploads.keep(upload := _planned(store, case_id, pages, manner.connections))
        progress = _bring_over(store, line, upload, manner)
    progress.say()
    if progress.is_over:
        store.uploads.end(case_id, upload.pages)
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
    left = _Left(parts)
    first = left.take() if parts[0].may_open and not manner.bytes_per_second else None
    with ThreadPoolExecutor(count, thread_name_prefix="upload") as threads:
        done = [threads.submit(_work, line, left, manner) for _ in range(count)]
        if first is not None:
            with suppress(Problem), left.lent(first):  # what goes wrong here is met again by whoever brings the part
                first.open()
        with suppress(Problem):
            for part in parts[count:]:
                if manner.interrupted():
                    break
                part.create()  # meanwhile, over the connection that is open: nobody need wait for it later
        while not progress.placed.wait(0.1):
            if wait_for(done, 0, FIRST_EXCEPTION).done == set(done):
                break  # there is nobody left who could find a place
        fault = _join(line, progress, manner) if progress.placed.is_set() else None
    # Where one failed, the others have brought over what they could; and that may have been all.
    faults = [found for found in (*(future.exception() for future in done), fault) if found is not None]
    if faults and (fault is not None or not left.is_over):
        raise next((found for found in faults if isinstance(found, Interrupted)), faults[0])
    return progress


def _work(line: Line, left: _Left, manner: Manner) -> None:
    """Part after part on a connection of its own. Who is cut gives the part back and sees to a new connection, which
    may take long on such a line; near the end others stand ready, and have gone on with it by then.
    """
    with left.at_work(), line.apart():
        while (part := left.take()) is not None:
            try:
                with left.lent(part):
                    part.attempt()
            except Problem as problem:
                if not part.goes_on_after(problem):
                    raise
                if not left.needs_me():
                    return
                _connect(line, manner)


def _connect(line: Line, manner: Manner) -> None:
    for failed in range(TRIES):
        manner.pause(_pause(failed))
        try:
            return line.probe()
        except Problem as problem:
            if problem.code not in CUT or failed == TRIES - 1 or manner.interrupted():
                raise


class _Left:
    """The parts that are not over yet, for whoever has a connection to take."""

    def __init__(self, parts: Sequence[_Part]) -> None:
        self._waiting = deque(parts)
        self._open = len(parts)  # waiting, or under way
        self._at_work: set[int] = set()
        self._changed = threading.Condition()

    @property
    def is_over(self) -> bool:
        return not self._open

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """This thread takes parts."""
        with self._changed:
            self._at_work.add(threading.get_ident())
        try:
            yield
        finally:
            with self._changed:
                self._at_work.discard(threading.get_ident())

    def needs_me(self) -> bool:
        """Whether there are more parts than others at work; where not, this thread is not at work any more."""
        with self._changed:
            if self._open >= len(self._at_work):
                return True
            self._at_work.discard(threading.get_ident())
            return False

    def take(self) -> _Part | None:
        """The next part; where all are under way, the first that is cut. None when everything is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or not self._open)
            return self._waiting.popleft() if self._waiting else None

    @contextmanager
    def lent(self, part: _Part) -> Iterator[None]:
        """With that part something is done that brings it over, or does not: then it is the next to be taken."""
        try:
            yield
        except BaseException:
            with self._changed:
                self._waiting.appendleft(part)
                self._changed.notify_all()
            raise
        with self._changed:
            self._open -= 1
            self._changed.notify_all()


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
    """One stretch of an upload on its way."""

    def __init__(self, line: Line, batch: Batch, place: int, progress: _Progress, manner: Manner) -> None:
        self._line = line
        self._batch = batch
        self._place = place
        self._progress = progress
        self._manner = manner
        self._creating = threading.Lock()
        self._failed = 0  # attempts in a row that gained nothing
        self._given = -1  # offset up to which bytes were given to a socket that was cut

    @property
    def may_open(self) -> bool:
        """Whether it is so small that it may go in one request, and nothing is known of it yet."""
        part = self._progress.part(self._place)
        return not part.place and part.size <= FIRST_PART

    def open(self) -> None:
        """Have a place on the server and bring all over in one request. What is cut is not kept: nobody knows where."""
        part = self._progress.part(self._place)
        stream = self._stream(part, on_way=lambda _: None)
        try:
            place, offset = self._line.open_part(part.size, self._name, stream)
        except BaseException:
            self._progress.cut(stream.sent)
            raise
        self._progress.created(self._place, place)
        self._arrived(offset)

    def create(self) -> None:
        """Have a place on the server."""
        with self._creating:
            upload, part = self._progress.upload, self._progress.part(self._place)
            if part.place:
                return
            if self._progress.is_cut_up:
                place = self._line.create_part(part.size, self._name)
            else:
                place = self._line.create_upload(upload.case_id, upload.size, upload.digest)
            self._progress.created(self._place, place)

    def bring(self) -> None:
        """Everything that is left, through cuts. Raises what `TRIES` attempts without a byte gained ended with."""
        while True:
            try:
                return self.attempt()
            except Problem as problem:
                if not self.goes_on_after(problem):
                    raise
                self._manner.pause(_pause(self._failed))

    def goes_on_after(self, problem: Problem) -> bool:
        """Whether another attempt may do better at once."""
        return problem.code in CUT and self._failed < TRIES and not self._manner.interrupted()

    def attempt(self) -> None:
        """Everything that is left, in one go."""
        before = self._progress.part(self._place).offset
        try:
            self._attempt()
        except Problem:
            gained = self._progress.part(self._place).offset > before
            self._failed = 0 if gained else self._failed + 1
            raise

    def _attempt(self) -> None:
        part = self._progress.part(self._place)
        if not part.place:
            self.create()
        elif self._progress.needs_asking(self._place):
            self._ask(part)
        part = self._progress.part(self._place)
        if part.offset < part.size:
            self._send(part)

    @property
    def _name(self) -> str:
        return f"{self._progress.upload.digest} {self._place}"

    def _ask(self, part: UploadPart) -> None:
        """Where the server stands. Only it knows."""
        offset = self._line.find_upload_offset(part.place)
        if offset is None or offset > part.size:
            raise Problem("upload.not_found", Retry.NEVER)
        if self._given >= 0:
            self._progress.cut(self._given - offset)
        self._given = -1
        self._progress.asked(self._place, offset)

    def _send(self, part: UploadPart) -> None:
        stream = self._stream(part, on_way=lambda sent: self._progress.at(self._place, part.offset + sent))
        try:
            offset = self._line.send_upload(part.place, part.offset, stream)
        except BaseException:
            self._given = part.offset + stream.sent
            self._progress.doubt(self._place)
            raise
        self._arrived(offset)

    def _stream(self, part: UploadPart, on_way: Callable[[int], None]) -> BatchStream:
        return BatchStream(
            self._batch,
            part.start + part.offset,
            part.start + part.size,
            interrupted=self._manner.interrupted,
            block=SMALL_BLOCK if self._progress.is_cut_up else BLOCK,
            on_way=on_way,
            bytes_per_second=self._manner.bytes_per_second,
            pause=self._manner.pause,
        )

    def _arrived(self, offset: int) -> None:
        self._progress.at(self._place, offset)
        if offset < self._progress.part(self._place).size:
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
            self._store.uploads.keep(self.upload)

    def _change(self, place: int, part: UploadPart) -> None:
        with self._lock:
            parts = list(self.upload.parts)
            parts[place] = part
            self.upload = replace(self.upload, parts=tuple(parts))
            self._store.uploads.keep(self.upload)
        self._look()

    def _look(self) -> None:
        if all(part.place for part in self.upload.parts):
            self.placed.set()


def _find_begun(store: Store, case_id: str, pages: tuple[str, ...]) -> Upload | None:
    """The upload that was cut; None where a new one is to be made."""
    upload = store.uploads.find(case_id)
    if upload is None or not set(upload.pages) & set(pages):
        return None
    return upload if all(store.pages.has(digest) for digest in upload.pages) else None


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
    if connections == 1 or total < 2 * FIRST_PART:
        return (total,)
    sizes = [FIRST_PART]
    left = total - FIRST_PART
    while left:
        size = max(int(left * SHARE / connections), LEAST_PART)
        if size == LEAST_PART or len(sizes) + connections > MOST_PARTS:
            count = -(-left // size)
            return (*sizes, *(left * (place + 1) // count - left * place // count for place in range(count)))
        sizes += [size] * connections
        left -= size * connections
    return tuple(sizes)
