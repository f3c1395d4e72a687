"""A PATCH while its bytes arrive: pieces made durable, the offset moved after them, pre-empted when it stalls.

A piece is stored first, then one short transaction moves the offset by compare-and-set and names the piece; no
transaction is open while bytes move. What comes whole within a second, as on an office's own line, is kept in hand
instead: it is stored once, as the pages that it is made of. A stalled connection cannot be woken, so whoever asks next
for the upload (HEAD, PATCH) takes over: it stores what the stalled one had received and takes its right to write away.
One that was cut a moment ago still has bytes to read: it is left alone as long as they come, for three seconds at most.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from server.materials.blobs import get_store, new_name
from server.materials.models import Piece, Upload
from server.materials.sealing import seal, unwrap

PIECE = 4 << 20  # bytes gathered before they are stored …
AT_LEAST_EVERY = 1.0  # … but not longer than so many seconds
IN_HAND = 40 << 20  # bytes of an upload that may be kept in memory until it is whole …
IN_HANDS = 320 << 20  # … and of all uploads together
QUIET = 0.3  # seconds without a byte after which a PATCH counts as stalled …
TAKEN_OVER_WITHIN = 2.5  # … and the most that one which still hears something is given
GOOD_FOR = timedelta(hours=48)

_open: dict[str, Reception] = {}
_open_lock = threading.Lock()


class _Room:
    """Bytes of memory that are lent."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give_back(self, size: int) -> None:
        with self._lock:
            self._left += size


_hands = _Room(IN_HANDS)


class Superseded(Exception):
    """Another request took the upload over; what arrived before is kept."""


@dataclass
class Reception:
    """Bytes of one PATCH on their way into the store. With `whole_or_nothing` (a checksum was sent) the offset moves
    only at the end. `whole` is the size of an upload that comes in this one PATCH and may be kept in hand; 0 is none.
    """

    upload_id: str
    key: bytes = field(repr=False)
    offset: int
    whole_or_nothing: bool = False
    whole: int = 0

    def __post_init__(self) -> None:
        self._in_hand = self.whole if _hands.take(self.whole) else 0
        self.holder = secrets.token_hex(16)
        self._lock = threading.Lock()
        self._gathered: list[bytes] = []
        self._size = 0
        self._stored_to = self.offset
        self._stored_at = time.monotonic()
        self._unclaimed: list[tuple[int, int, str]] = []  # (start, size, name) stored, not yet counted
        self._over = False
        self.ended = threading.Event()
        self.heard_at = time.monotonic()

    def claim(self) -> bool:
        """Become the one that may write, if the upload stands at our offset."""
        with transaction.atomic():
            claimed = Upload.objects.filter(id=self.upload_id, offset=self.offset, state=Upload.State.RECEIVING).update(
                holder=self.holder
            )
        if claimed:
            with _open_lock:
                _open[self.upload_id] = self
        return bool(claimed)

    def take(self, data: bytes) -> None:
        """Bytes that have arrived. Raises Superseded where another request has taken over."""
        with self._lock:
            if self._over:
                raise Superseded
            self.heard_at = time.monotonic()
            self._gathered.append(data)
            self._size += len(data)
            full = self._size >= PIECE and not self._in_hand
            if full or time.monotonic() - self._stored_at >= AT_LEAST_EVERY:
                self._store()

    def finish(self, at_once: Callable[[bytes], bool]) -> None:
        """Make all that arrived durable. What came whole and is in hand is given to `at_once`, where it is stored as
        what it is; unless that says no.
        """
        with self._lock:
            if self._over:
                raise Superseded
            if self._in_hand and self._in_hand == self._size:
                try:
                    if at_once(b"".join(self._gathered)):
                        self._end()
                        return
                except BaseException:
                    self._discard()
                    self._end()
                    raise
            self._store()
            self._count()
            self._end()

    def stop(self) -> None:
        """Taken over by another request: keep what arrived and write no more."""
        with self._lock:
            if self._over:
                return
            try:
                if self.whole_or_nothing:
                    self._discard()
                else:
                    self._store()
            except Superseded:
                pass
            finally:
                self._end()

    def discard(self) -> None:
        """Throw away what this request brought (a cut or wrong PATCH that carried a checksum)."""
        with self._lock:
            if not self._over:
                self._discard()
                self._end()

    def _store(self) -> None:
        self._stored_at = time.monotonic()
        self._let_go()
        if self._size:
            data, start = b"".join(self._gathered), self._stored_to
            name = new_name("staging")
            get_store().put(name, seal(self.key, data, f"{self.upload_id} {start}"))
            self._unclaimed.append((start, len(data), name))
            self._stored_to += len(data)
            self._gathered, self._size = [], 0
        if not self.whole_or_nothing:
            self._count()

    def _count(self) -> None:
        """Move the offset over what is stored."""
        if not self._unclaimed:
            return
        with transaction.atomic():
            moved = Upload.objects.filter(id=self.upload_id, holder=self.holder, offset=self.offset).update(
                offset=self._stored_to, expires_at=timezone.now() + GOOD_FOR
            )
            if moved:
                Piece.objects.bulk_create(
                    [
                        Piece(upload_id=self.upload_id, start=start, size=size, name=name)
                        for start, size, name in self._unclaimed
                    ]
                )
        if not moved:
            self._discard()
            self._end()
            raise Superseded
        self.offset, self._unclaimed = self._stored_to, []

    def _discard(self) -> None:
        for _, _, name in self._unclaimed:
            get_store().delete(name)
        self._unclaimed, self._gathered, self._size = [], [], 0
        self._stored_to = self.offset

    def _let_go(self) -> None:
        """It comes slowly, or it is over: nothing is kept in hand any more."""
        _hands.give_back(self._in_hand)
        self._in_hand = 0

    def _end(self) -> None:
        self._over = True
        self._gathered = []
        self._let_go()
        with _open_lock:
            if _open.get(self.upload_id) is self:
                del _open[self.upload_id]
        self.ended.set()


def open_reception(upload: Upload, offset: int, expected: int | None, whole_or_nothing: bool) -> Reception | None:
    """A reception for bytes from `offset` on, or None where the upload stands elsewhere. Pre-empts an older one: one
    in another process by claiming the upload.
    """
    _stop_older(upload.id)
    in_one = upload.role == Upload.Role.WHOLE and offset == 0 and expected == upload.length <= IN_HAND
    reception = Reception(
        upload.id, unwrap(upload.key, upload.id), offset, whole_or_nothing, upload.length if in_one else 0
    )
    if reception.claim():
        return reception
    reception.discard()
    return None


def take_over(upload_id: str) -> None:
    """End whatever PATCH is writing to the upload, here or in another process, and keep what it brought."""
    _stop_older(upload_id)
    held = Upload.objects.filter(id=upload_id).exclude(holder="")
    if held.exists():
        with transaction.atomic():
            held.update(holder="")


def _stop_older(upload_id: str) -> None:
    with _open_lock:
        older = _open.get(upload_id)
    if older is not None:
        end = time.monotonic() + TAKEN_OVER_WITHIN
        while not older.ended.is_set() and time.monotonic() < end:
            quiet = time.monotonic() - older.heard_at
            if quiet >= QUIET:
                break
            older.ended.wait(QUIET - quiet)
        older.stop()
