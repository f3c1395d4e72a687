"""What tus 1.0.0 asks of a server (https://tus.io/protocols/resumable-upload), check by check, each named by its
section; and what a server must bear that is talked to over bad lines.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Protocol

from tests.tus_check.target import STREAM, VERSION, Failed, NotOffered, Target, expect, until_it_says

CREATION, WITH_UPLOAD, DEFER = "creation", "creation-with-upload", "creation-defer-length"
EXPIRATION, CHECKSUM, TERMINATION = "expiration", "checksum", "termination"
CONCATENATION, UNFINISHED = "concatenation", "concatenation-unfinished"
TAKEN_OVER_WITHIN = 10.0  # seconds that a client may be kept waiting by another one's stalled connection


class Mortal(Protocol):
    """A server that may be killed with SIGKILL, everything of it at once, and started again."""

    def kill(self) -> None: ...

    def start(self) -> None: ...


@dataclass(frozen=True)
class Check:
    """One thing that must hold."""

    section: str
    name: str
    needs: str  # the extension that it belongs to
    run: Callable[[Target], None]


CHECKS: list[Check] = []
MORTAL_CHECKS: list[tuple[str, str, Callable[[Target, Mortal], None]]] = []


def check(
    section: str, name: str, needs: str = CREATION
) -> Callable[[Callable[[Target], None]], Callable[[Target], None]]:
    """Put a function on the list."""

    def put(run: Callable[[Target], None]) -> Callable[[Target], None]:
        CHECKS.append(Check(section, name, needs, run))
        return run

    return put


def some(size: int) -> bytes:
    """Bytes that no other upload has."""
    return os.urandom(size)


# --- core protocol ----------------------------------------------------------------------------------------------------


@check("Core / OPTIONS", "says its versions, with 204 or 200", needs="")
def options(target: Target) -> None:
    answer = target.ask("OPTIONS", version="")
    expect(answer.status in (200, 204), answer.status)
    expect(VERSION in answer["tus-version"].split(","), answer["tus-version"])


@check("Core / Tus-Resumable", "stands in every answer")
def version_in_answers(target: Target) -> None:
    content = some(10)
    place = target.created(content)
    for answer in (target.create(content), target.ask("HEAD", place), target.patch(place, 0, content)):
        expect(answer["tus-resumable"] == VERSION, answer["tus-resumable"])


@check("Core / Tus-Resumable", "another version is refused with 412 and Tus-Version, and not obeyed")
def other_version(target: Target) -> None:
    content = some(10)
    place = target.created(content)
    answer = target.ask("PATCH", place, content, version="0.2.2", Content_Type=STREAM, Upload_Offset="0")
    expect(answer.status == 412, answer.status)
    expect(VERSION in answer["tus-version"].split(","), answer["tus-version"])
    expect(target.offset(place) == 0, "the bytes were taken all the same")


@check("Core / HEAD", "says offset and length, and is not to be cached")
def head(target: Target) -> None:
    answer = target.ask("HEAD", target.created(some(10)))
    expect(answer.status in (200, 204), answer.status)
    expect(answer.offset == 0 and answer["upload-length"] == "10", dict(answer.headers))
    expect("no-store" in answer["cache-control"], f"Cache-Control: {answer['cache-control']}")


@check("Core / HEAD", "knows nothing of what there is not, and says no offset of it")
def head_of_nothing(target: Target) -> None:
    answer = target.ask("HEAD", f"{target.url.rstrip('/')}/0123456789abcdef0123456789abcdef")
    expect(answer.status in (403, 404, 410), answer.status)
    expect("upload-offset" not in answer.headers, "it says an offset")


@check("Core / PATCH", "takes bytes with 204 and the new offset, piece by piece to the end")
def patch(target: Target) -> None:
    content = some(30_000)
    place = target.created(content)
    for start in range(0, len(content), 12_000):
        answer = target.patch(place, start, content[start : start + 12_000])
        end = min(start + 12_000, len(content))
        expect(answer.status == 204 and answer.offset == end, f"{answer.status} {dict(answer.headers)}")
        expect(target.offset(place) == end, "HEAD says otherwise")


@check("Core / PATCH", "at another offset is refused with 409 and changes nothing")
def patch_elsewhere(target: Target) -> None:
    content = some(10)
    place = target.created(content)
    target.patch(place, 0, content[:5])
    for offset in (0, 3, 8):
        answer = target.patch(place, offset, b"xx")
        expect(answer.status == 409, f"{answer.status} at {offset}")
    expect(target.offset(place) == 5, target.offset(place))


@check("Core / PATCH", "of another content type is refused with 415")
def patch_of_other_type(target: Target) -> None:
    place = target.created(some(10))
    answer = target.patch(place, 0, b"123", Content_Type="application/octet-stream")
    expect(answer.status == 415, answer.status)


@check("Core / PATCH", "to what there is not is refused with 404 (or 403, 410)")
def patch_of_nothing(target: Target) -> None:
    answer = target.patch(f"{target.url.rstrip('/')}/0123456789abcdef0123456789abcdef", 0, b"1")
    expect(answer.status in (403, 404, 410), answer.status)


@check("Core / PATCH", "of more than was announced is refused, and nothing beyond the end is kept")
def patch_too_long(target: Target) -> None:
    place = target.created(some(10))
    answer = target.patch(place, 0, b"x" * 20)
    expect(answer.status >= 400, answer.status)
    expect(target.offset(place) <= 10, target.offset(place))


UNREAD = 64 << 10


@check("Core / PATCH", "that is cut keeps what had arrived")
def patch_cut(target: Target) -> None:
    content = some(400_000)
    place = target.created(content)
    line = target.begun_patch(place, 0, len(content), content[:200_000])
    time.sleep(0.5)  # let it travel: what is checked is what becomes of bytes that did
    line.close()
    at = until_it_says(target, place, 200_000)
    # What a busy server had not read yet when it was asked may go; more would cost a bad line too much.
    expect(200_000 - UNREAD <= at <= 200_000, f"{at} of 200000 bytes")
    answer = target.patch(place, at, content[at:])
    expect(answer.status == 204 and answer.offset == len(content), answer.status)


@check("Core / X-HTTP-Method-Override", "a POST may stand for a PATCH")
def override(target: Target) -> None:
    content = some(5)
    place = target.created(content)
    said = {"X_HTTP_Method_Override": "PATCH", "Upload_Offset": "0", "Content_Type": STREAM}
    answer = target.ask("POST", place, content, **said)
    expect(answer.status == 204 and answer.offset == 5, answer.status)


# --- bad lines --------------------------------------------------------------------------------------------------------


@check("Robustness / stalled client", "is pre-empted by one who goes on, and keeps what it had brought")
def stalled(target: Target) -> None:
    content = some(400_000)
    place = target.created(content)
    line = target.begun_patch(place, 0, len(content), content[:200_000])
    try:
        time.sleep(1.5)
        began = time.monotonic()
        at = target.offset(place)
        answer = target.patch(place, at, content[at:])
        took = time.monotonic() - began
        expect(answer.status == 204 and answer.offset == len(content), f"{answer.status} from {at}")
        expect(took < TAKEN_OVER_WITHIN, f"{took:.1f} s")
        expect(at >= 200_000 - (64 << 10), f"only {at} of 200000 bytes kept")
    finally:
        line.close()


@check("Robustness / two clients", "PATCHes at one offset leave one truth, and it can be gone on with")
def two_at_once(target: Target) -> None:
    content = some(4 << 20)
    place = target.created(content)
    answers: list[int] = []

    def send() -> None:
        try:
            answers.append(target.patch(place, 0, content).status)
        except (OSError, HTTPException, Failed):
            answers.append(0)  # hung up on: as good a refusal as any

    senders = [threading.Thread(target=send) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    at = target.offset(place)
    expect(answers.count(204) <= 1, answers)
    expect(all(status in (0, 204) or 400 <= status < 500 for status in answers), answers)
    expect(204 not in answers or at == len(content), f"204 was said and it stands at {at}")
    if at < len(content):
        answer = target.patch(place, at, content[at:])
        expect(answer.status == 204 and answer.offset == len(content), answer.status)
    _require_content(target, place, content)


def _require_content(target: Target, place: str, content: bytes) -> None:
    """Where a server lets its uploads be fetched (the protocol does not ask for it), they are what was sent."""
    with contextlib.suppress(Failed):
        answer = target.ask("GET", place, version="")
        if answer.status == 200 and len(answer.body) >= len(content):
            is_same = answer.body == content
            if not is_same:
                raise AssertionError("what can be fetched is not what was sent")


def mortal(section: str, name: str) -> Callable[[Callable[[Target, Mortal], None]], Callable[[Target, Mortal], None]]:
    """Put a function on the list of those that kill the server."""

    def put(run: Callable[[Target, Mortal], None]) -> Callable[[Target, Mortal], None]:
        MORTAL_CHECKS.append((section, name, run))
        return run

    return put


@mortal("Robustness / kill -9", "in the middle of a PATCH: it goes on where it says, and what it then has is whole")
def killed(target: Target, server: Mortal) -> None:
    for round_ in range(2):
        content = some(6 << 20)
        place = target.created(content)
        line = target.begun_patch(place, 0, len(content), content[: (2 + round_) << 20])
        time.sleep(0.2 + round_)  # with and without time to put something by
        server.kill()
        line.close()
        server.start()
        at = target.offset(place)
        expect(at <= (2 + round_) << 20, f"it says {at}, which nobody sent")
        answer = target.patch(place, at, content[at:])
        expect(answer.status == 204 and answer.offset == len(content), f"{answer.status}: {answer.body[:200]!r}")
        _require_content(target, place, content)


@mortal("Robustness / kill -9", "after an answer: what was acknowledged is there")
def killed_after(target: Target, server: Mortal) -> None:
    content = some(300_000)
    place = target.created(content)
    expect(target.patch(place, 0, content[:150_000]).offset == 150_000, "the first half was not taken")
    server.kill()
    server.start()
    expect(target.offset(place) == 150_000, f"{target.offset(place)} of 150000 acknowledged bytes")
    expect(target.patch(place, 150_000, content[150_000:]).status == 204, "it cannot be gone on with")


# --- creation ---------------------------------------------------------------------------------------------------------


@check("Creation / POST", "makes an upload, with 201 and its address")
def creation(target: Target) -> None:
    answer = target.create(some(10))
    expect(answer.status == 201, answer.status)
    expect(bool(answer["location"]), "an empty Location")


@check("Creation / POST", "an upload of no bytes is whole from the beginning")
def creation_of_nothing(target: Target) -> None:
    answer = target.create(b"")
    expect(answer.status == 201, f"{answer.status}: {answer.body[:100]!r}")
    expect(target.offset(answer["location"]) == 0, "it stands elsewhere than at 0")


@check("Creation / Upload-Length", "what is no length is refused with 400")
def malformed_length(target: Target) -> None:
    for said in ("-1", "ten", "1.5"):
        answer = target.create(some(1), Upload_Length=said)
        expect(answer.status == 400, f"{answer.status} for {said}")


@check("Creation / Upload-Length", "without it and without Upload-Defer-Length it is refused with 400")
def no_length(target: Target) -> None:
    answer = target.ask("POST", Upload_Metadata=target.metadata_for(b""))
    expect(answer.status == 400, answer.status)


@check("Creation / Tus-Max-Size", "more than that is refused with 413")
def too_large(target: Target) -> None:
    said = target.ask("OPTIONS", version="").headers.get("tus-max-size")
    if said is None:
        raise NotOffered("no Tus-Max-Size")
    answer = target.create(b"x", Upload_Length=str(int(said) + 1))
    expect(answer.status == 413, answer.status)


@check("Creation / Upload-Metadata", "comes back from HEAD as it was said")
def metadata(target: Target) -> None:
    content = some(10)
    said = target.metadata_for(content) + ",note " + base64.b64encode("身份证 正面".encode()).decode()
    place = target.created(content, Upload_Metadata=said)
    came = target.ask("HEAD", place)["upload-metadata"]
    expect(_pairs(came) == _pairs(said), came)


def _pairs(said: str) -> dict[str, str]:
    return {pair.strip().partition(" ")[0]: pair.strip().partition(" ")[2] for pair in said.split(",")}


@check("Creation / Upload-Defer-Length", "the length may be said later", needs=DEFER)
def deferred(target: Target) -> None:
    content = some(5)
    place = target.created(content, Upload_Length="", Upload_Defer_Length="1")
    expect(target.ask("HEAD", place)["upload-defer-length"] == "1", "HEAD does not say that it is deferred")
    answer = target.patch(place, 0, content, Upload_Length="5")
    expect(answer.status == 204 and answer.offset == 5, answer.status)


@check("Creation / Upload-Defer-Length", "anything but 1 is refused with 400", needs=DEFER)
def deferred_wrongly(target: Target) -> None:
    answer = target.create(b"", Upload_Length="", Upload_Defer_Length="2")
    expect(answer.status == 400, answer.status)


@check("Creation With Upload", "the whole may come with the POST", needs=WITH_UPLOAD)
def with_upload(target: Target) -> None:
    content = some(50_000)
    headers = {"Upload_Length": "50000", "Upload_Metadata": target.metadata_for(content), "Content_Type": STREAM}
    answer = target.ask("POST", "", content, **headers)
    expect(answer.status == 201 and answer.offset == 50_000, f"{answer.status} {dict(answer.headers)}")
    expect(target.offset(answer["location"]) == 50_000, "HEAD says otherwise")


@check("Creation With Upload", "some of it may come with the POST, and the rest after it", needs=WITH_UPLOAD)
def with_some_of_it(target: Target) -> None:
    content = some(50_000)
    headers = {"Upload_Length": "50000", "Upload_Metadata": target.metadata_for(content), "Content_Type": STREAM}
    answer = target.ask("POST", "", content[:20_000], **headers)
    expect(answer.status == 201 and answer.offset == 20_000, f"{answer.status} {dict(answer.headers)}")
    rest = target.patch(answer["location"], 20_000, content[20_000:])
    expect(rest.status == 204 and rest.offset == 50_000, rest.status)


# --- other extensions -------------------------------------------------------------------------------------------------


@check(
    "Expiration / Upload-Expires",
    "where uploads expire it is said with an unfinished PATCH, as a date to come",
    needs=EXPIRATION,
)
def expires(target: Target) -> None:
    content = some(10)
    answer = target.patch(target.created(content), 0, content[:5])
    said = answer.headers.get("upload-expires")
    if said is None:
        raise NotOffered("as it is set up its uploads do not expire")
    try:
        expect(parsedate_to_datetime(said).timestamp() > time.time(), said)
    except ValueError:
        raise Failed(f"no date: {said}") from None


@check("Checksum / Tus-Checksum-Algorithm", "has sha1 among them", needs=CHECKSUM)
def algorithms(target: Target) -> None:
    said = target.ask("OPTIONS", version="")["tus-checksum-algorithm"]
    expect("sha1" in [name.strip() for name in said.split(",")], said)


def _sum(data: bytes, algorithm: str = "sha1") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


@check("Checksum / Upload-Checksum", "the right one is taken", needs=CHECKSUM)
def right_sum(target: Target) -> None:
    content = some(10)
    answer = target.patch(target.created(content), 0, content, Upload_Checksum=_sum(content))
    expect(answer.status == 204 and answer.offset == 10, answer.status)


@check("Checksum / Upload-Checksum", "with a wrong one 460 is said and the bytes are thrown away", needs=CHECKSUM)
def wrong_sum(target: Target) -> None:
    content = some(10)
    place = target.created(content)
    answer = target.patch(place, 0, content, Upload_Checksum=_sum(b"others"))
    expect(answer.status == 460, answer.status)
    expect(target.offset(place) == 0, "they were kept")


@check("Checksum / Upload-Checksum", "of an algorithm that it has not is refused with 400", needs=CHECKSUM)
def unknown_sum(target: Target) -> None:
    content = some(10)
    place = target.created(content)
    answer = target.patch(place, 0, content, Upload_Checksum="nothing AAAA")
    expect(answer.status == 400, answer.status)
    expect(target.offset(place) == 0, "the bytes were kept")


@check("Checksum / Upload-Checksum", "a cut PATCH that carries one keeps nothing unchecked", needs=CHECKSUM)
def cut_sum(target: Target) -> None:
    content = some(200_000)
    place = target.created(content)
    line = target.begun_patch(place, 0, len(content), content[:100_000], Upload_Checksum=_sum(content))
    time.sleep(0.5)
    line.close()
    time.sleep(0.5)
    expect(target.offset(place) == 0, f"{target.offset(place)} unchecked bytes kept")


@check("Termination / DELETE", "ends an upload with 204, and then there is none", needs=TERMINATION)
def termination(target: Target) -> None:
    content = some(10)
    place = target.created(content)
    target.patch(place, 0, content[:5])
    expect(target.ask("DELETE", place).status == 204, "not 204")
    expect(target.ask("HEAD", place).status in (403, 404, 410), "it is still there")


@check("Termination / DELETE", "of what there is not is refused", needs=TERMINATION)
def termination_of_nothing(target: Target) -> None:
    answer = target.ask("DELETE", f"{target.url.rstrip('/')}/0123456789abcdef0123456789abcdef")
    expect(answer.status in (403, 404, 410), answer.status)


def _parts(target: Target, content: bytes, count: int) -> list[tuple[str, bytes]]:
    size = -(-len(content) // count)
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    return [(target.created(piece, Upload_Concat="partial", Upload_Metadata=""), piece) for piece in pieces]


def _joined(target: Target, content: bytes, places: list[str]) -> str:
    said = f"final;{' '.join(places)}"
    return target.created(content, Upload_Concat=said, Upload_Length="")


@check("Concatenation", "parts that are whole make one upload, in the order given", needs=CONCATENATION)
def concatenation(target: Target) -> None:
    content = some(30_000)
    parts = _parts(target, content, 3)
    for place, piece in reversed(parts):
        expect(target.patch(place, 0, piece).status == 204, "a part was not taken")
    whole = _joined(target, content, [place for place, _ in parts])
    answer = target.ask("HEAD", whole)
    expect(answer["upload-length"] == "30000" and answer.offset == 30_000, dict(answer.headers))
    _require_content(target, whole, content)


@check("Concatenation / Upload-Concat", "HEAD says which is a part and which a whole", needs=CONCATENATION)
def concat_in_head(target: Target) -> None:
    content = some(20)
    parts = _parts(target, content, 2)
    expect(target.ask("HEAD", parts[0][0])["upload-concat"] == "partial", "a part is not said to be one")
    for place, piece in parts:
        target.patch(place, 0, piece)
    said = target.ask("HEAD", _joined(target, content, [place for place, _ in parts]))["upload-concat"]
    expect(said.startswith("final;"), said)


@check("Concatenation", "a PATCH to the whole is refused with 403", needs=CONCATENATION)
def patch_to_whole(target: Target) -> None:
    content = some(20)
    parts = _parts(target, content, 2)
    for place, piece in parts:
        target.patch(place, 0, piece)
    whole = _joined(target, content, [place for place, _ in parts])
    expect(target.patch(whole, 20, b"").status == 403, "not 403")


@check("Concatenation", "parts may be named before they are whole, and no offset is said until then", needs=UNFINISHED)
def unfinished(target: Target) -> None:
    content = some(20_000)
    parts = _parts(target, content, 2)
    whole = _joined(target, content, [place for place, _ in parts])
    expect("upload-offset" not in target.ask("HEAD", whole).headers, "it says an offset already")
    for place, piece in parts:
        expect(target.patch(place, 0, piece).status == 204, "a part was not taken")
    expect(target.offset(whole) == 20_000, target.offset(whole))
