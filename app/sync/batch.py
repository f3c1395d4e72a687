"""A case's pages as one stream, made while it is sent: nothing decrypted on disk, one page in memory at a time."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence

from app.store import Store
from app.sync.line import BLOCK
from contract.problem import Problem, Retry
from contract.upload import batch_header

TOGETHER = 32 << 20  # bytes of pages in one batch: what arrived whole need not wait for the rest
TELL_EVERY = 1.0  # seconds


class Interrupted(Exception):
    """The stream was stopped on purpose: the program ends, or something more urgent waits."""


class Batch:
    """Some pages of a case, as they go into one upload."""

    def __init__(self, store: Store, pages: Sequence[str]) -> None:
        """Raises Problem ``store.page_missing`` where one is not here."""
        self._store = store
        self._digest = ""
        self.broken = ""  # the page that could not be read
        self.pages = tuple(pages)
        sizes = [(digest, store.pages.find_size(digest)) for digest in pages]
        if any(size is None for _, size in sizes):
            raise Problem("store.page_missing", Retry.NEVER)
        self._sizes = [(digest, size) for digest, size in sizes if size is not None]
        self._head = batch_header(self._sizes)
        self.size = len(self._head) + sum(size for _, size in self._sizes)

    def digest(self) -> str:
        """SHA-256 over the whole batch. Reads every page, so that a damaged one is found before anything is sent.

        Raises:
            Problem: ``store.page_damaged``, ``store.page_missing``; `broken` then says which page.
        """
        if not self._digest:
            sum_ = hashlib.sha256(self._head)
            for digest in self.pages:
                self.broken = digest
                sum_.update(self._store.pages.get(digest))
            self._digest, self.broken = sum_.hexdigest(), ""
        return self._digest

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` up to `end`, at most a page at a time."""
        if start < len(self._head):
            yield self._head[start:end]
        at = len(self._head)
        for digest, size in self._sizes:
            if at + size > start and at < end:
                yield self._store.pages.get(digest)[max(start - at, 0) : end - at]
            at += size


class BatchStream:
    """A stretch of a batch for the socket: in small blocks, at most so many bytes a second."""

    def __init__(
        self,
        batch: Batch,
        start: int,
        end: int,
        *,
        interrupted: Callable[[], bool] = lambda: False,
        block: int = BLOCK,
        bytes_per_second: int = 0,
        pause: Callable[[float], object] = time.sleep,
        on_way: Callable[[int], object] = lambda sent: None,
    ) -> None:
        """Args:
        batch: What to send.
        start: Where to go on.
        end: Where to stop.
        interrupted: Asked before each block; the stream then raises `Interrupted`.
        block: Bytes at a time.
        bytes_per_second: Bound on bandwidth; 0 is none.
        pause: Waits for so many seconds, or shorter when the program ends.
        on_way: Told about once a second how many bytes this stream has given.
        """
        self._left = max(end - start, 0)
        self._pieces = batch.pieces(start, end)
        self._piece = memoryview(b"")
        self._interrupted = interrupted
        self._block = block
        self._rate = bytes_per_second
        self._pause = pause
        self._on_way = on_way
        self._told_at = time.monotonic()
        self._began = time.monotonic()
        self.sent = 0

    def __len__(self) -> int:
        return self._left

    def read(self, size: int = -1) -> bytes:
        """The next block. Raises `Interrupted`, or Problem ``store.page_damaged``."""
        if self._interrupted():
            raise Interrupted
        if self._rate:
            early = self.sent / self._rate - (time.monotonic() - self._began)
            if early > 0:
                self._pause(early)
        while not self._piece:
            found = next(self._pieces, None)
            if found is None:
                return b""
            self._piece = memoryview(found)
        block = bytes(self._piece[: min(self._block, size if size > 0 else self._block)])
        self._piece = self._piece[len(block) :]
        self._left -= len(block)
        self.sent += len(block)
        if time.monotonic() - self._told_at >= TELL_EVERY:
            self._told_at = time.monotonic()
            self._on_way(self.sent)
        return block

    def __iter__(self) -> Iterator[bytes]:
        while block := self.read(BLOCK):
            yield block


def next_batch(store: Store, pages: Sequence[str]) -> Batch:
    """The first pages, small ones first, that fit into one batch; at least one. A page whose file is damaged is left
    out as long as there are others: it must not keep them here.

    Raises:
        Problem: ``store.page_damaged`` or ``store.page_missing`` where none of them can be read.
    """
    sizes = [(store.pages.find_size(digest), place, digest) for place, digest in enumerate(pages)]
    left = [(size, digest) for size, _, digest in sorted((s, p, d) for s, p, d in sizes if s is not None)]
    fault = Problem("store.page_missing", Retry.NEVER)
    while left:
        batch = Batch(store, _first(left))
        try:
            batch.digest()
            return batch
        except Problem as problem:
            fault = problem
            left = [(size, digest) for size, digest in left if digest != batch.broken]
    raise fault


def _first(sized: Sequence[tuple[int, str]]) -> list[str]:
    """As many as fit into one batch; at least one."""
    chosen: list[str] = []
    total = 0
    for size, digest in sized:
        if chosen and total + size > TOGETHER:
            break
        chosen.append(digest)
        total += size
    return chosen
