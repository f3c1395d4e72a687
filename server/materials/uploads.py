"""Uploads as a whole: begun, joined, finished into pages of a case, thrown away, expired."""

from __future__ import annotations

import hashlib
import io
import secrets
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO, cast

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from contract.problem import Problem, Retry
from contract.upload import BATCH_TYPE, MAX_BATCH, MAX_COPY, MAX_PAGE, read_batch
from contract.wire import sha256
from server.cases.services import get_case, pages_arrived
from server.exchange.relay import relay
from server.materials.blobs import get_store
from server.materials.models import Piece, Upload
from server.materials.pages import store_copy, store_pages
from server.materials.reception import GOOD_FOR, take_over
from server.materials.sealing import new_key, unseal, unwrap
from server.org.models import Station

PAGE_TYPES = ("image/jpeg", "image/png", "image/tiff", "application/pdf", "image/bmp")
MAX_PARTS = 64
MAX_OPEN = 256  # unfinished uploads of one station


@dataclass(frozen=True)
class Purpose:
    """What an upload's metadata says that it is."""

    case_id: str
    filetype: str
    digest: str = ""
    stands_for: str = ""  # it is a working copy of the page of this digest


def begin(station: Station, length: int, metadata: str, purpose: Purpose | None) -> Upload:
    """A new upload; without a purpose it is a part, to be named by a later whole. A part of which the station says
    the same, made before and not joined, is thrown away: its maker never heard of it.

    Raises:
        Problem: ``upload.too_large``, ``upload.too_many``, and what `require_purpose` raises.
    """
    if purpose is not None:
        require_purpose(station, purpose, length)
    if length > MAX_BATCH:
        raise Problem("upload.too_large", Retry.NEVER, limit=MAX_BATCH)
    if purpose is None and metadata:
        for twin in Upload.objects.filter(
            station=station, role=Upload.Role.PART, final=None, metadata=metadata, length=length
        ):
            take_over(twin.id)
            discard(twin)
    return _create(station, Upload.Role.WHOLE if purpose else Upload.Role.PART, length, metadata, purpose)


def join(station: Station, part_ids: list[str], metadata: str, purpose: Purpose) -> Upload:
    """A whole out of parts in the order given, which need not be complete yet. Said again after a lost reply it is
    the same whole.

    Raises:
        Problem: ``upload.parts_unknown``, ``upload.too_large``, and what `require_purpose` raises.
    """
    if (joined := _find_joined(station, part_ids, metadata)) is not None:
        return joined
    parts = list(Upload.objects.filter(id__in=part_ids, station=station, role=Upload.Role.PART, final=None))
    if not part_ids or len(part_ids) > MAX_PARTS or len(set(part_ids)) != len(part_ids) or len(parts) != len(part_ids):
        raise Problem("upload.parts_unknown", Retry.AFTER_FIX)
    length = sum(part.length for part in parts)
    require_purpose(station, purpose, length)
    if length > MAX_BATCH:
        raise Problem("upload.too_large", Retry.NEVER, limit=MAX_BATCH)
    with transaction.atomic():
        whole = _create(station, Upload.Role.FINAL, length, metadata, purpose)
        taken = 0
        for place, part_id in enumerate(part_ids):
            taken += Upload.objects.filter(id=part_id, final=None).update(final=whole, place=place)
        if taken != len(part_ids):
            raise Problem("upload.parts_unknown", Retry.AFTER_FIX)
    return whole


def get_parts(station: Station, part_ids: Sequence[str]) -> list[Upload]:
    """Parts that have come whole and were joined to nothing, in the order named.

    Raises:
        Problem: ``upload.parts_unknown``; ``upload.cut`` where bytes are lacking.
    """
    unjoined = Upload.objects.filter(id__in=part_ids, station=station, role=Upload.Role.PART, final=None)
    found = {part.id: part for part in unjoined}
    if set(found) != set(part_ids):
        raise Problem("upload.parts_unknown", Retry.AFTER_FIX)
    parts = [found[part_id] for part_id in part_ids]
    if any(part.offset < part.length for part in parts):
        raise Problem("upload.cut", Retry.AGAIN)
    return parts


def plain_of(parts: list[Upload]) -> BinaryIO:
    """The bytes of parts, one after the other, a piece in memory at a time."""
    return cast(BinaryIO, io.BufferedReader(_Plain(parts), 1 << 16))


def _find_joined(station: Station, part_ids: list[str], metadata: str) -> Upload | None:
    """The whole that was made of exactly these parts before."""
    part = Upload.objects.select_related("final").filter(id__in=part_ids[:1], station=station).first()
    whole = part.final if part is not None else None
    if whole is None or whole.metadata != metadata:
        return None
    return whole if [found.id for found in whole.parts.order_by("place")] == part_ids else None


def require_purpose(station: Station, purpose: Purpose, length: int) -> None:
    """That the station may add such a thing to that case.

    Raises:
        Problem: ``case.not_found``, ``upload.copy_not_wanted``, ``upload.type_unknown``, ``upload.digest_missing``,
            ``upload.too_large``.
    """
    row = get_case(purpose.case_id, station)
    if purpose.stands_for and purpose.stands_for not in row.wanted:
        raise Problem("upload.copy_not_wanted", Retry.NEVER)
    if purpose.filetype == BATCH_TYPE and not purpose.stands_for:
        return
    if purpose.filetype not in PAGE_TYPES:
        raise Problem("upload.type_unknown", Retry.NEVER)
    if len(purpose.digest) != 64:
        raise Problem("upload.digest_missing", Retry.NEVER)
    limit = MAX_COPY if purpose.stands_for else MAX_PAGE
    if length > limit:
        raise Problem("upload.too_large", Retry.NEVER, limit=limit)


def _create(station: Station, role: Upload.Role, length: int, metadata: str, purpose: Purpose | None) -> Upload:
    if Upload.objects.filter(station=station).exclude(state=Upload.State.DONE).count() >= MAX_OPEN:
        raise Problem("upload.too_many", Retry.AGAIN)
    upload_id = secrets.token_urlsafe(24)
    _, wrapped = new_key(upload_id)
    with transaction.atomic():
        return Upload.objects.create(
            id=upload_id,
            station=station,
            role=role,
            length=length,
            metadata=metadata,
            key=wrapped,
            case_id=purpose.case_id if purpose else "",
            filetype=purpose.filetype if purpose else "",
            digest=purpose.digest if purpose else "",
            stands_for=purpose.stands_for if purpose else "",
            expires_at=timezone.now() + GOOD_FOR,
        )


def has_expired(upload: Upload) -> bool:
    """A whole lives as long as its youngest part."""
    ends = [upload.expires_at]
    if upload.role == Upload.Role.FINAL:
        ends += upload.parts.values_list("expires_at", flat=True)
    return max(ends) < timezone.now()


def advance(upload: Upload) -> None:
    """After bytes came: finish the upload, or the whole that it is a part of, where everything is there. It is read
    anew, before and after.

    Raises:
        Problem: ``upload.garbled`` where the bytes are not what they were said to be; the upload is thrown away.
    """
    upload.refresh_from_db()
    whole = upload.final if upload.role == Upload.Role.PART else upload
    if whole is None or whole.state == Upload.State.DONE:
        return
    sources = _sources(whole)
    if any(source.offset < source.length for source in sources):
        return
    if whole.role == Upload.Role.FINAL:
        with transaction.atomic():
            Upload.objects.filter(id=whole.id, state=Upload.State.RECEIVING).update(
                state=Upload.State.RECEIVED, offset=whole.length
            )
    _finish(whole, sources)
    upload.refresh_from_db()


def _sources(whole: Upload) -> list[Upload]:
    return list(whole.parts.order_by("place")) if whole.role == Upload.Role.FINAL else [whole]


def _finish(whole: Upload, sources: list[Upload]) -> None:
    """Into pages of the case. Interrupted and done again it comes to the same; so it does where two parts and the
    joining of them come to their end at one time, here or in two processes.
    """
    with _turns[hash(whole.id) % len(_turns)]:
        if _is_done(whole):
            return
        plain = _Plain(sources)
        try:
            _store(whole, _pages(whole, cast(BinaryIO, io.BufferedReader(plain, 1 << 16))))
            if whole.digest and plain.digest.hexdigest() != whole.digest:
                raise Problem("upload.garbled", Retry.NEVER)
        except Problem as problem:
            if _is_done(whole):
                return  # another process was quicker, and took the pieces away under us
            if problem.code == "upload.garbled":
                discard(whole)
            raise
        names = list(Piece.objects.filter(upload__in=sources).values_list("name", flat=True))
        with transaction.atomic():
            pages_arrived(whole.case_id)
            Upload.objects.filter(id__in=[whole.id, *(source.id for source in sources)]).update(state=Upload.State.DONE)
            Piece.objects.filter(upload__in=sources).delete()
    relay()
    for name in names:
        get_store().delete(name)


def finish_at_once(whole: Upload, holder: str, data: bytes) -> bool:
    """Make pages of an upload that came whole and was stored nowhere. False where another request took it over.

    Raises:
        Problem: ``upload.garbled`` where the bytes are not what they were said to be; the upload is thrown away.
    """
    try:
        if whole.digest and sha256(data) != whole.digest:
            raise Problem("upload.garbled", Retry.NEVER)
        _store(whole, _pages(whole, io.BytesIO(data)))
    except Problem as problem:
        if problem.code == "upload.garbled":
            discard(whole)
        raise
    with transaction.atomic():
        done = Upload.objects.filter(id=whole.id, holder=holder, offset=0, state=Upload.State.RECEIVING).update(
            offset=whole.length, state=Upload.State.DONE
        )
        if not done:
            return False
        pages_arrived(whole.case_id)
    relay()
    return True


def _store(whole: Upload, pages: Iterator[tuple[str, bytes]]) -> None:
    if not whole.stands_for:
        store_pages(whole.case_id, pages)
        return
    for digest, data in pages:
        store_copy(whole.case_id, whole.stands_for, digest, data)


_turns = tuple(threading.Lock() for _ in range(64))


def _is_done(whole: Upload) -> bool:
    return Upload.objects.filter(id=whole.id, state=Upload.State.DONE).exists()


def _pages(whole: Upload, stream: BinaryIO) -> Iterator[tuple[str, bytes]]:
    if whole.filetype == BATCH_TYPE:
        yield from read_batch(stream)
        if stream.read(1):
            raise Problem("upload.garbled", Retry.NEVER)
        return
    data = stream.read(MAX_PAGE + 1)
    if sha256(data) != whole.digest:
        raise Problem("upload.garbled", Retry.NEVER)
    yield whole.digest, data


class _Plain(io.RawIOBase):
    """The plain bytes of some uploads, one after the other, a piece in memory at a time."""

    def __init__(self, sources: list[Upload]) -> None:
        self._pieces = self._walk(sources)
        self._left = b""
        self.digest = hashlib.sha256()

    def _walk(self, sources: list[Upload]) -> Iterator[bytes]:
        for source in sources:
            key = unwrap(source.key, source.id)
            for piece in source.pieces.order_by("start"):
                yield unseal(key, get_store().get(piece.name), f"{source.id} {piece.start}")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        while not self._left:
            found = next(self._pieces, None)
            if found is None:
                return 0
            self._left = found
            self.digest.update(found)
        taken = self._left[: len(view)]
        self._left = self._left[len(taken) :]
        view[: len(taken)] = taken
        return len(taken)


def discard(upload: Upload) -> None:
    """Throw an upload and its parts away: rows first, then bytes, so that no row names what is gone."""
    ids = [upload.id, *upload.parts.values_list("id", flat=True)]
    names = list(Piece.objects.filter(upload_id__in=ids).values_list("name", flat=True))
    with transaction.atomic():
        Upload.objects.filter(id__in=ids).delete()
    for name in names:
        get_store().delete(name)


def sweep() -> None:
    """Finish what a dead process left unfinished, expire what nobody came back for, clear orphaned pieces."""
    received = Q(state=Upload.State.RECEIVED) | Q(role=Upload.Role.WHOLE, offset=F("length"))
    for whole in Upload.objects.filter(received).exclude(role=Upload.Role.PART).exclude(state=Upload.State.DONE):
        try:
            _finish(whole, _sources(whole))
        except Problem:
            continue  # thrown away if garbled; otherwise the store is away and the next sweep tries again
    for upload in Upload.objects.filter(expires_at__lt=timezone.now(), final=None):
        if has_expired(upload):
            discard(upload)
    known = set(Piece.objects.values_list("name", flat=True))
    for name in get_store().older_than("staging", timedelta(hours=1)):
        if name not in known and not Piece.objects.filter(name=name).exists():
            get_store().delete(name)
