"""Parcels: what a station without a line has done, handed in by another one that cannot read it (sync rule 19).

They come as parts of an upload, which a cut does not lose, and are put into a file, sealed as they are; nothing is
applied before the whole is known to be what that station signed. Then each act is heard as in a round, each rating
taken as from the station itself, and each page kept as from an upload, so that a parcel handed in twice changes
nothing.
"""

from __future__ import annotations

import base64
import hashlib
import io
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from contract.exchange import SignedAction
from contract.parcel import LAST, MAX_PARCEL, MORE, SEGMENT, TAG, HandedIn, Unpacked, read_address, read_frames
from contract.problem import Problem, Retry
from contract.rating import SignedRating
from contract.wire import Wire, sha256
from server.access import find_station
from server.cases.models import CaseRecord
from server.cases.services import pages_arrived
from server.exchange.relay import relay
from server.exchange.round import hear
from server.exchange.stations import require_signature
from server.keys import get_keys
from server.materials.pages import store_page
from server.materials.uploads import get_parts, plain_of
from server.org.models import Station
from server.problems import problem_response
from server.supervise import ratings

W = TypeVar("W", bound=Wire)
READ = 1 << 16
MAX_ASK = 1 << 13  # bytes
MAX_ACTS = 20_000  # and ratings of one parcel: a station's months


@csrf_exempt
def hand_in(request: HttpRequest) -> HttpResponse:
    """``POST /api/v1/parcels``, by any station that has a line, after its uploads. These stay until it drops them or
    they expire: where the answer is lost it asks again.
    """
    try:
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        station = find_station(request)
        if station is None:
            raise Problem("session.needed", Retry.AGAIN)
        with _put_together(station, _asked(request)) as parcel:
            unpacked = unpack(parcel)
    except Problem as problem:
        return problem_response(problem)
    return HttpResponse(unpacked.model_dump_json(), content_type="application/json")


def unpack(parcel: BinaryIO) -> Unpacked:
    """Open a parcel and do what is in it.

    Raises:
        Problem: ``parcel.not_one``, ``parcel.other_server``, ``parcel.tampered``, ``parcel.garbled``,
            ``parcel.station_unknown``, ``parcel.station_revoked``, ``parcel.signature_wrong``.
    """
    station = _require_whole(parcel)
    acts: list[SignedAction] = []
    told, kept, refused = {}, 0, 0
    arrived: dict[str, None] = {}
    for head, data, _ in read_frames(_open(parcel)):
        if head.kind == "act":
            acts.append(_read(SignedAction, data))
            continue
        if acts:  # acts stand before all else
            told.update(hear(acts, station)[0])
            acts = []
        if head.kind == "rating":
            ratings.take(_read(SignedRating, data), station)  # what is refused waits at home for the line
        if head.kind == "page":
            mine = CaseRecord.objects.visible_to(station).filter(id=head.case_id).exists()
            if not mine or sha256(data) != head.digest:
                refused += 1
                continue
            store_page(head.case_id, head.digest, data)
            arrived[head.case_id] = None
            kept += 1
    for case_id in arrived:
        pages_arrived(case_id)
    relay()
    return Unpacked(station=station.id, told=told, pages=kept, refused_pages=refused)


def _require_whole(parcel: BinaryIO) -> Station:
    """Read it to its end once, before anything is done: who made it, and that nobody changed it since."""
    digest, station, acts = hashlib.sha256(), None, 0
    for place, (head, _, raw) in enumerate(read_frames(_open(parcel))):
        if (head.kind == "from") != (place == 0):
            raise Problem("parcel.garbled", Retry.NEVER)
        if head.kind == "from":
            station = Station.objects.filter(id=head.station).first()
            if station is None:
                raise Problem("parcel.station_unknown", Retry.NEVER)
            if station.revoked_at is not None:
                raise Problem("parcel.station_revoked", Retry.NEVER)
        if head.kind == "end":
            assert station is not None
            require_signature(station, digest.hexdigest(), head.signature, "parcel.signature_wrong")
            return station
        acts += head.kind in ("act", "rating")
        if acts > MAX_ACTS:
            raise Problem("parcel.garbled", Retry.NEVER)
        digest.update(raw)
    raise Problem("parcel.garbled", Retry.NEVER)


def _read(kind: type[W], data: bytes) -> W:
    try:
        return kind.model_validate_json(data)
    except ValueError:
        raise Problem("parcel.garbled", Retry.NEVER) from None


def _asked(request: HttpRequest) -> HandedIn:
    try:
        return HandedIn.model_validate_json(request.read(MAX_ASK))
    except ValueError:
        raise Problem("wire.malformed", Retry.NEVER, field="uploads") from None


@contextmanager
def _put_together(station: Station, asked: HandedIn) -> Iterator[BinaryIO]:
    """The parcel in a file without a name, sealed as it came: nobody without our key learns anything from it."""
    folder = Path(settings.TONGBAN_FOLDER)
    plain, digest = plain_of(get_parts(station, asked.uploads)), hashlib.sha256()
    with tempfile.TemporaryFile(dir=folder if folder.is_dir() else None) as file:
        while block := plain.read(READ):
            digest.update(block)
            file.write(block)
            if file.tell() > MAX_PARCEL:
                raise Problem("parcel.too_large", Retry.NEVER)
        if digest.hexdigest() != asked.digest:
            raise Problem("parcel.tampered", Retry.NEVER)
        yield cast(BinaryIO, file)


def _open(parcel: BinaryIO) -> BinaryIO:
    """The plain bytes from the beginning, opened as they are read."""
    parcel.seek(0)
    return cast(BinaryIO, io.BufferedReader(_Plain(parcel), SEGMENT))


class _Plain(io.RawIOBase):
    """The plain bytes of a parcel, a segment in memory at a time."""

    def __init__(self, parcel: BinaryIO) -> None:
        address = read_address(parcel)
        keys = get_keys()
        if address.to != keys.parcel_public:
            raise Problem("parcel.other_server", Retry.NEVER)
        try:
            once = base64.b64decode(address.once, validate=True)
            shared = keys.parcel.exchange(X25519PublicKey.from_public_bytes(once))
        except ValueError:
            raise Problem("parcel.tampered", Retry.NEVER) from None
        info = b"tongban parcel" + once + base64.b64decode(address.to)
        self._cipher = AESGCM(HKDF(SHA256(), 32, salt=None, info=info).derive(shared))
        self._address = address.line()
        self._parcel = parcel
        self._segments = self._walk()
        self._left = b""

    def _walk(self) -> Iterator[bytes]:
        for count in range(MAX_PARCEL // SEGMENT + 1):
            (size,) = struct.unpack(">I", self._parcel.read(4).rjust(4, b"\xff"))
            if size > SEGMENT + TAG:
                raise Problem("parcel.tampered", Retry.NEVER)
            sealed, nonce = self._parcel.read(size), count.to_bytes(12, "big")
            more = self._parcel.read(1)
            if more:
                self._parcel.seek(-1, io.SEEK_CUR)
            try:
                plain = self._cipher.decrypt(nonce, sealed, self._address + (MORE if more else LAST))
            except InvalidTag:
                raise Problem("parcel.tampered", Retry.NEVER) from None
            if plain:
                yield plain
            if not more:
                return

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        if not self._left:
            self._left = next(self._segments, b"")
        taken = self._left[: len(view)]
        self._left = self._left[len(taken) :]
        view[: len(taken)] = taken
        return len(taken)
