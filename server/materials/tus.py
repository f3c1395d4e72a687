"""The tus 1.0.0 endpoint: creation, creation-with-upload, termination, expiration, checksum, concatenation (with
unfinished parts). https://tus.io/protocols/resumable-upload

Plain views, because the body is a stream: it is read in small pieces while it arrives, a cut PATCH keeps what came,
and nothing is acknowledged before it is durable.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date
from django.views.decorators.csrf import csrf_exempt

from contract.problem import Problem, Retry
from contract.upload import MAX_BATCH, STANDS_FOR, TUS
from server.access import find_station
from server.materials import uploads as life
from server.materials.models import Upload
from server.materials.reception import Reception, Superseded, open_reception, take_over
from server.org.models import Station
from server.problems import problem_response

STREAM = "application/offset+octet-stream"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum,concatenation,concatenation-unfinished"
CHECKSUMS = ("sha1", "sha256")
READ = 1 << 16  # bytes asked for at a time, where they come quickly …
SLOW_READ = 1 << 12  # … and slowly. A read waits for all its bytes; on a line that stalls, those before are lost
SLOWLY = 0.05  # seconds for a read, from which on they come slowly
MAX_METADATA = 4096
STATUS = {
    "upload.version": 412,
    "upload.wrong_type": 415,
    "upload.offset_differs": 409,
    "upload.offset_malformed": 400,
    "upload.length_malformed": 400,
    "upload.metadata_malformed": 400,
    "upload.checksum_malformed": 400,
    "upload.checksum_differs": 460,
    "upload.concat_malformed": 400,
    "upload.parts_unknown": 400,
    "upload.is_whole": 403,
    "upload.too_large": 413,
    "upload.too_long": 413,
    "upload.too_many": 429,
    "upload.not_found": 404,
    "upload.expired": 410,
    "upload.superseded": 409,
    "upload.copy_not_wanted": 409,
    "upload.cut": 400,
}
View = Callable[..., HttpResponse]


def _spoken(view: View) -> View:
    """What all tus answers have in common: the version asked and told, problems as problem+json, the override."""

    def answer(request: HttpRequest, *args: str, **named: str) -> HttpResponse:
        method = str(request.method)
        if method == "POST":
            method = request.headers.get("X-HTTP-Method-Override", method).upper()
        try:
            if method == "OPTIONS":
                response = HttpResponse(status=204)
                response["Tus-Max-Size"] = str(MAX_BATCH)
                response["Tus-Extension"] = EXTENSIONS
                response["Tus-Checksum-Algorithm"] = ",".join(CHECKSUMS)
                response["Tus-Version"] = TUS
            elif request.headers.get("Tus-Resumable") != TUS:
                raise Problem("upload.version", Retry.NEVER, wanted=TUS)
            else:
                station = find_station(request)
                if station is None:
                    raise Problem("session.needed", Retry.AGAIN)
                response = view(request, method, station, *args, **named)
        except Problem as problem:
            response = problem_response(problem, STATUS.get(problem.code))
            if problem.code == "upload.version":
                response["Tus-Version"] = TUS
            if problem.code == "upload.too_large":
                response["Tus-Max-Size"] = str(MAX_BATCH)
            if "offset" in problem.facts:
                response["Upload-Offset"] = problem.facts["offset"]
        response["Tus-Resumable"] = TUS
        response["Cache-Control"] = "no-store"
        if method == "HEAD":
            response.content = b""
        return response

    return csrf_exempt(answer)


def _uploads(request: HttpRequest, method: str, station: Station) -> HttpResponse:
    """Creation, and concatenation."""
    if method != "POST":
        raise Problem("wire.method_not_allowed", Retry.NEVER)
    concat = request.headers.get("Upload-Concat", "")
    metadata = request.headers.get("Upload-Metadata", "")
    if concat.startswith("final;"):
        if "Upload-Length" in request.headers:
            raise Problem("upload.length_malformed", Retry.NEVER)
        part_ids = [url.rstrip("/").rsplit("/", 1)[-1] for url in concat.removeprefix("final;").split()]
        whole = life.join(station, part_ids, metadata, _purpose(metadata))
        life.advance(whole)
        return _created(whole)
    if concat not in ("", "partial"):
        raise Problem("upload.concat_malformed", Retry.NEVER)
    length = _count(request.headers.get("Upload-Length"), "upload.length_malformed")
    _metadata(metadata)
    upload = life.begin(station, length, metadata, None if concat else _purpose(metadata))
    if request.content_type == STREAM:
        _receive(request, upload, 0)
    elif length == 0:
        life.advance(upload)
    return _created(upload)


def _upload(request: HttpRequest, method: str, station: Station, upload_id: str) -> HttpResponse:
    """What can be asked of one upload."""
    upload = Upload.objects.filter(id=upload_id, station=station).first()
    if upload is None:
        raise Problem("upload.not_found", Retry.NEVER)
    if life.has_expired(upload):
        raise Problem("upload.expired", Retry.NEVER)
    match method:
        case "HEAD":
            return _head(upload)
        case "PATCH":
            return _patch(request, upload)
        case "DELETE":
            take_over(upload.id)
            for part in upload.parts.all():
                take_over(part.id)
            life.discard(upload)
            return HttpResponse(status=204)
        case _:
            raise Problem("wire.method_not_allowed", Retry.NEVER)


uploads = _spoken(_uploads)
upload = _spoken(_upload)


def _head(upload: Upload) -> HttpResponse:
    take_over(upload.id)  # whoever asks wants to go on: a PATCH that hangs is over
    life.advance(upload)  # whoever hears that all is here takes the pages for kept
    upload.refresh_from_db()
    response = HttpResponse(status=200)
    response["Upload-Length"] = str(upload.length)
    if upload.metadata:
        response["Upload-Metadata"] = upload.metadata
    if upload.role == Upload.Role.FINAL:
        parts = " ".join(_location(part.id) for part in upload.parts.order_by("place"))
        response["Upload-Concat"] = f"final;{parts}"
    elif upload.role == Upload.Role.PART:
        response["Upload-Concat"] = "partial"
    if upload.role != Upload.Role.FINAL or upload.state == Upload.State.DONE:
        response["Upload-Offset"] = str(upload.offset)
    return _expiring(response, upload)


def _patch(request: HttpRequest, upload: Upload) -> HttpResponse:
    if request.content_type != STREAM:
        raise Problem("upload.wrong_type", Retry.NEVER)
    if upload.role == Upload.Role.FINAL:
        raise Problem("upload.is_whole", Retry.NEVER)
    offset = _count(request.headers.get("Upload-Offset"), "upload.offset_malformed")
    _receive(request, upload, offset)
    response = HttpResponse(status=204)
    response["Upload-Offset"] = str(upload.offset)
    return _expiring(response, upload)


def _receive(request: HttpRequest, upload: Upload, offset: int) -> None:
    """The body into the upload; what arrived before a cut is kept unless a checksum was promised for the whole."""
    wanted = _checksum(request.headers.get("Upload-Checksum"))
    declared = request.META.get("CONTENT_LENGTH")
    expected = _count(declared, "upload.length_malformed") if declared else None
    if offset + (expected or 0) > upload.length:
        raise Problem("upload.too_long", Retry.NEVER)
    reception = open_reception(upload, offset, expected, whole_or_nothing=wanted is not None)
    if reception is None:
        upload.refresh_from_db()
        raise Problem("upload.offset_differs", Retry.AGAIN, offset=upload.offset)
    digest = hashlib.new(wanted[0]) if wanted else None
    try:
        arrived = _pour(request, reception, expected, upload.length - offset, digest)
        cut = expected is not None and arrived < expected
        if wanted is not None and digest is not None and (cut or digest.digest() != wanted[1]):
            reception.discard()
            raise Problem("upload.cut" if cut else "upload.checksum_differs", Retry.AGAIN)
        reception.finish(lambda data: life.finish_at_once(upload, reception.holder, data))
    except Superseded:
        raise Problem("upload.superseded", Retry.AGAIN) from None
    except BaseException:
        reception.stop()
        raise
    if cut:
        upload.refresh_from_db()
        raise Problem("upload.cut", Retry.AGAIN, offset=upload.offset)
    life.advance(upload)


def _pour(request: HttpRequest, reception: Reception, expected: int | None, room: int, digest: Any) -> int:
    """Read the body piece by piece, straight from the server's stream; returns how much came."""
    stream = request.environ["wsgi.input"] if hasattr(request, "environ") else request
    arrived, size = 0, SLOW_READ
    lend = connection.vendor == "postgresql" and not connection.in_atomic_block
    while expected is None or arrived < expected:
        if lend:
            connection.close()  # back to the pool: a slow line must not keep a connection to the database
        asked_at = time.monotonic()
        try:
            data = stream.read(size if expected is None else min(size, expected - arrived))
        except OSError:
            break  # the line went away; what came before is kept
        if not data:
            break
        size = next_read(size, time.monotonic() - asked_at)
        arrived += len(data)
        if arrived > room:
            raise Problem("upload.too_long", Retry.NEVER)
        if digest is not None:
            digest.update(data)
        reception.take(data)
    return arrived


def next_read(size: int, seconds: float) -> int:
    """How many bytes to ask for after so many took so long. More only step by step: what a lost packet held up comes
    all at once, on the slowest line too.
    """
    return SLOW_READ if seconds > SLOWLY else min(2 * size, READ)


def _created(upload: Upload) -> HttpResponse:
    response = HttpResponse(status=201)
    response["Location"] = _location(upload.id)
    if upload.role != Upload.Role.FINAL or upload.state == Upload.State.DONE:
        response["Upload-Offset"] = str(upload.offset)
    return _expiring(response, upload)


def _location(upload_id: str) -> str:
    """A path, not an address: the station knows by which address it reaches us, we may not."""
    return f"/api/v1/uploads/{upload_id}"


def _expiring(response: HttpResponse, upload: Upload) -> HttpResponse:
    if upload.state == Upload.State.RECEIVING:
        response["Upload-Expires"] = http_date(upload.expires_at.timestamp())
    return response


def _count(text: str | None, code: str) -> int:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Problem(code, Retry.NEVER)
    return int(text)


def _checksum(header: str | None) -> tuple[str, bytes] | None:
    if header is None:
        return None
    algorithm, _, encoded = header.strip().partition(" ")
    try:
        digest = base64.b64decode(encoded.strip(), validate=True)
        if algorithm not in CHECKSUMS or len(digest) != hashlib.new(algorithm).digest_size:
            raise ValueError(algorithm)
        return algorithm, digest
    except (binascii.Error, ValueError):
        raise Problem("upload.checksum_malformed", Retry.NEVER) from None


def _metadata(header: str) -> dict[str, str]:
    """The pairs of Upload-Metadata."""
    found: dict[str, str] = {}
    try:
        if len(header) > MAX_METADATA or not header.isascii():
            raise ValueError("length")
        for pair in filter(None, (part.strip() for part in header.split(","))):
            name, _, encoded = pair.partition(" ")
            if name in found:
                raise ValueError("twice")
            found[name] = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise Problem("upload.metadata_malformed", Retry.NEVER) from None
    return found


def _purpose(header: str) -> life.Purpose:
    given = _metadata(header)
    if "case_id" not in given or "filetype" not in given:
        raise Problem("upload.metadata_malformed", Retry.NEVER)
    return life.Purpose(
        given["case_id"][:36], given["filetype"][:100], given.get("digest", ""), given.get(STANDS_FOR, "")[:64]
    )
