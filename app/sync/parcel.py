"""No line for long: what waits here goes on a stick, and a point with a line hands it in (sync rule 19).

The parcel is sealed for the server: whoever carries or hands it in can read nothing of it. Standings here do not move
by it; when the line is back, the round hears that everything is there already.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.store import Store
from app.store.database import sync_folder
from app.store.parceling import Sealer
from app.sync.failures import TROUBLE
from app.sync.line import BLOCK, Line
from app.sync.uploads import CUT, FORGOTTEN, TRIES
from contract.case import Action, pages_of
from contract.parcel import MAX_PARCEL, STRETCH, Frame, Unpacked, framed, read_address
from contract.problem import Problem, Retry


@dataclass(frozen=True)
class Packed:
    """What went into a parcel. `lacking` counts pages that should have and cannot be read here; `held` counts cases
    that stay because a person must see to them first."""

    file: str
    acts: int
    cases: int
    ratings: int
    pages: int
    lacking: int
    held: int
    bytes: int


def export(store: Store, file: Path) -> Packed:
    """Write all that the server has not heard of, acts, ratings and pages, into a new file.

    Raises:
        Problem: ``parcel.nothing``, ``parcel.only_held``, ``parcel.no_key`` (the pack is older than parcels),
            ``parcel.file_there``, ``parcel.not_written``.
    """
    key, station = store.packs.get().parcel_key, store.station.get().id
    if not key:
        raise Problem("parcel.no_key", Retry.AFTER_FIX)
    acts = store.exchange.unheard()
    pages: dict[tuple[str, str], None] = {}
    for out in acts:
        named = pages_of([Action.model_validate_json(out.signed.action)])
        pages.update(((out.case_id, digest), None) for digest in sorted(named) if store.pages.has(digest))
    pages.update(((case, digest), None) for case, wanted in store.uploads.wanted().items() for digest in wanted)
    ratings = store.ratings.unheard()
    held = store.outbox.counts()[1]
    if not acts and not ratings and not pages:
        raise (
            Problem("parcel.only_held", Retry.AFTER_FIX, count=held) if held else Problem("parcel.nothing", Retry.NEVER)
        )
    half, packed = file.with_name(file.name + ".half"), 0
    try:
        if file.exists():
            raise Problem("parcel.file_there", Retry.AFTER_FIX)
        with half.open("wb") as written:
            sealer = Sealer(written, key)
            sealer.write(framed(Frame(kind="from", station=station)))
            for out in acts:
                text = out.signed.model_dump_json().encode()
                sealer.write(framed(Frame(kind="act", size=len(text)), text))
            for rating in ratings:  # after the acts of their visits
                text = rating.model_dump_json().encode()
                sealer.write(framed(Frame(kind="rating", size=len(text)), text))
            for case_id, digest in pages:
                try:
                    data = store.pages.get(digest)
                except Problem as problem:
                    if not problem.code.startswith("store.page_"):
                        raise
                    continue  # what is wrong with one page keeps nothing else here
                sealer.write(framed(Frame(kind="page", size=len(data), case_id=case_id, digest=digest), data))
                packed += 1
            sealer.write(framed(Frame(kind="end", signature=store.station.sign(sealer.digest))))
            sealer.close()
            written.flush()
            os.fsync(written.fileno())
        half.rename(file)
        sync_folder(file.parent)  # the stick is pulled out in a moment
    except OSError as error:
        raise Problem("parcel.not_written", Retry.AFTER_FIX, reason=error.strerror or "") from None
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)
    cases = {out.case_id for out in acts}
    lacking, size = len(pages) - packed, file.stat().st_size
    return Packed(str(file), len(acts), len(cases), len(ratings), packed, lacking, held, size)


class _Stretch:
    """A stretch of a file as the line wants it: it knows how much is left and gives a block at a time."""

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        stream.seek(start)
        self._stream, self._left = stream, size

    def __len__(self) -> int:
        return self._left

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(min(self._left, BLOCK, size if size >= 0 else BLOCK))
        self._left -= len(block)
        return block

    def __iter__(self) -> Iterator[bytes]:
        while block := self.read():
            yield block


def hand_in(store: Store, line: Line, file: Path) -> Unpacked:
    """Give the server a parcel, another station's or our own. What was cut goes on, also when it is begun again later:
    where the bytes lie on the server is remembered under the parcel's digest.

    Raises:
        Problem: ``parcel.not_one``, ``parcel.too_large``, ``parcel.cut_off``, and what the server says:
            ``parcel.other_server``, ``parcel.tampered``, ``parcel.garbled``, ``parcel.station_revoked``.
    """
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            read_address(stream)
            if size > MAX_PARCEL:
                raise Problem("parcel.too_large", Retry.NEVER)
            stream.seek(0)
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            return _Journey(store, line, stream, size, digest).make()
    except Problem as problem:
        if problem.code in TROUBLE:  # of this nothing goes by itself when the line is back
            raise Problem("parcel.cut_off", Retry.AGAIN) from None
        raise
    except OSError as error:
        raise Problem("parcel.not_read", Retry.AFTER_FIX, reason=error.strerror or "") from None


class _Journey:
    """One parcel on its way to the server, in uploads of at most `STRETCH` bytes."""

    def __init__(self, store: Store, line: Line, stream: BinaryIO, size: int, digest: str) -> None:
        self._store, self._line, self._stream = store, line, stream
        self._size, self._digest = size, digest
        self._name = f"parcel {digest}"
        self._places: list[str] = json.loads(store.recall(self._name) or "[]")

    def make(self) -> Unpacked:
        for number, start in enumerate(range(0, self._size, STRETCH)):
            self._bring(number, start, min(STRETCH, self._size - start))
        try:
            unpacked = self._line.open_parcel(self._places, self._digest)
        except Problem as problem:
            if problem.retry is Retry.NEVER or problem.code in FORGOTTEN:
                self._forget()
            raise
        self._forget()
        return unpacked

    def _bring(self, number: int, start: int, size: int) -> None:
        """One stretch, through cuts, as long as something is gained between them."""
        failed, reached = 0, 0
        while True:
            try:
                offset = self._stands_at(number, size)
                failed, reached = (0, offset) if offset > reached else (failed, reached)
                if offset < size:
                    stretch = _Stretch(self._stream, start + offset, size - offset)
                    offset = self._line.send_upload(self._places[number], offset, stretch)
                if offset >= size:
                    return
            except Problem as problem:
                failed += 1
                if problem.code not in CUT or failed >= TRIES:
                    raise

    def _stands_at(self, number: int, size: int) -> int:
        """How much of a stretch the server has; a place is made for one that it does not know."""
        if number < len(self._places):
            offset = self._line.find_upload_offset(self._places[number])
            if offset is not None and offset <= size:
                return offset
        place = self._line.create_part(size, f"{self._digest} {number}")
        self._places[number : number + 1] = [place]
        self._store.remember(self._name, json.dumps(self._places))
        return 0

    def _forget(self) -> None:
        """The bytes are of no use any more, there or here."""
        self._store.remember(self._name, "")
        with suppress(Problem):  # they expire by themselves
            for place in self._places:
                self._line.drop_upload(place)
