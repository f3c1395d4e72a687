"""The tus 1.0.0 endpoint, point by point of the protocol, and what becomes of the bytes."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from contract.upload import BATCH_TYPE, MAX_BATCH, MAX_PAGE, TUS
from contract.wire import sha256
from server.cases.models import CaseRecord
from server.materials import reception
from server.materials.models import Blob, CasePage, Piece, Upload
from server.materials.pages import read_page
from server.materials.tus import READ, SLOW_READ, next_read
from server.materials.uploads import sweep
from tests.server.desk import Desk, Sent, batch, metadata

STREAM = "application/offset+octet-stream"


@pytest.fixture
def case_id(desk: Desk) -> str:
    """A received case that waits for its pages."""
    return desk.take_in().id


def begin(desk: Desk, length: int, **headers: str) -> Sent:
    return desk.tus("POST", "/api/v1/uploads", Upload_Length=str(length), **headers)


def whole(desk: Desk, case_id: str, length: int) -> str:
    status, headers, body = begin(desk, length, Upload_Metadata=metadata(case_id=case_id, filetype=BATCH_TYPE))
    assert status == 201, body
    return headers["location"]


def patch(desk: Desk, place: str, offset: int, data: bytes, **headers: str) -> Sent:
    headers.setdefault("content_type", STREAM)
    return desk.tus("PATCH", place, data, Upload_Offset=str(offset), **headers)


def offset_of(desk: Desk, place: str) -> int:
    status, headers, _ = desk.tus("HEAD", place)
    assert status == 200
    return int(headers["upload-offset"])


def code(sent: Sent) -> tuple[int, str]:
    return sent[0], json.loads(sent[2])["code"]


def pages_of(desk: Desk, case_id: str) -> bytes:
    return batch([desk.pages[digest] for digest in desk.wanted(case_id)])


# --- the protocol -----------------------------------------------------------------------------------------------------


def test_options_says_what_the_server_can(desk: Desk) -> None:
    status, headers, _ = desk.line("OPTIONS", "/api/v1/uploads")
    assert status == 204
    assert headers["tus-resumable"] == headers["tus-version"] == TUS
    assert headers["tus-max-size"] == str(MAX_BATCH)
    assert set(headers["tus-extension"].split(",")) == {
        "creation",
        "creation-with-upload",
        "termination",
        "expiration",
        "checksum",
        "concatenation",
        "concatenation-unfinished",
    }
    assert headers["tus-checksum-algorithm"] == "sha1,sha256"


def test_another_version_is_refused(desk: Desk, case_id: str) -> None:
    for place in ("/api/v1/uploads", whole(desk, case_id, 10)):
        for version in ({}, {"Tus_Resumable": "0.2.2"}):
            status, headers, body = desk.call("POST", place, **version)
            assert (status, headers["tus-version"]) == (412, TUS)
            assert json.loads(body)["code"] == "upload.version"


def test_whoever_has_no_session_gets_nothing(desk: Desk) -> None:
    sent = desk.line("POST", "/api/v1/uploads", **{"Tus-Resumable": TUS, "Upload-Length": "1"})
    assert code(sent) == (401, "session.needed")


def test_created_empty_then_patched_in_pieces(desk: Desk, case_id: str) -> None:
    data = pages_of(desk, case_id)
    place = whole(desk, case_id, len(data))
    assert offset_of(desk, place) == 0
    at = 0
    while at < len(data):
        status, headers, _ = patch(desk, place, at, data[at : at + 2500])
        at = min(at + 2500, len(data))
        assert (status, headers["upload-offset"]) == (204, str(at))
    assert "upload-expires" not in headers
    assert desk.wanted(case_id) == []


def test_head_tells_length_offset_metadata_verbatim_and_expiry(desk: Desk, case_id: str) -> None:
    said = metadata(case_id=case_id, filetype=BATCH_TYPE, filename="材料.pdf") + ",empty"
    status, headers, _ = begin(desk, 100, Upload_Metadata=said)
    assert status == 201 and headers["location"].startswith("/api/v1/uploads/") and headers["upload-offset"] == "0"
    status, told, body = desk.tus("HEAD", headers["location"])
    assert status == 200 and body == b""
    assert (told["upload-length"], told["upload-offset"], told["upload-metadata"]) == ("100", "0", said)
    assert told["upload-expires"].endswith("GMT") and told["cache-control"] == "no-store"


def test_a_burst_on_a_slow_line_is_not_taken_for_a_quick_one() -> None:
    size, given = SLOW_READ, 0
    while given < 24 << 10:  # what a station on a bad line has under way, when a lost packet held all of it up
        given += size
        size = next_read(size, 0.0)
    assert size <= 32 << 10
    assert next_read(size, 1.0) == SLOW_READ
    for _ in range(10):
        size = next_read(size, 0.0)
    assert size == READ


def test_creation_with_the_whole_body(desk: Desk, case_id: str) -> None:
    _, headers, _ = desk.upload(case_id, pages_of(desk, case_id))
    assert offset_of(desk, headers["location"]) > 6000
    assert desk.wanted(case_id) == []


def test_creation_with_the_first_part_of_the_body(desk: Desk, case_id: str) -> None:
    data = pages_of(desk, case_id)
    status, headers, _ = desk.tus(
        "POST",
        "/api/v1/uploads",
        data[:100],
        content_type=STREAM,
        Upload_Length=str(len(data)),
        Upload_Metadata=metadata(case_id=case_id, filetype=BATCH_TYPE),
    )
    assert (status, headers["upload-offset"]) == (201, "100")
    assert patch(desk, headers["location"], 100, data[100:])[0] == 204
    assert desk.wanted(case_id) == []


@pytest.mark.parametrize("length", ["", "-1", "1.5", "ten", "١٢", "9" * 30])
def test_malformed_lengths_are_refused(desk: Desk, length: str) -> None:
    assert code(desk.tus("POST", "/api/v1/uploads", Upload_Length=length)) == (400, "upload.length_malformed")


def test_creation_without_a_length_is_refused(desk: Desk) -> None:
    assert code(desk.tus("POST", "/api/v1/uploads")) == (400, "upload.length_malformed")


@pytest.mark.parametrize("said", ["a b c", "a !!", "a YQ==,a YQ==", "a " + "A" * 5000, "case_id YQ=="])
def test_malformed_metadata_is_refused(desk: Desk, said: str) -> None:
    assert code(begin(desk, 1, Upload_Metadata=said)) == (400, "upload.metadata_malformed")


def test_too_large_is_refused_before_a_byte_is_sent(desk: Desk, case_id: str) -> None:
    status, headers, _ = begin(desk, MAX_BATCH + 1, Upload_Metadata=metadata(case_id=case_id, filetype=BATCH_TYPE))
    assert (status, headers["tus-max-size"]) == (413, str(MAX_BATCH))
    page = metadata(case_id=case_id, filetype="image/jpeg", digest="0" * 64)
    assert code(begin(desk, MAX_PAGE + 1, Upload_Metadata=page)) == (413, "upload.too_large")


def test_a_wrong_content_type_or_offset_is_refused(desk: Desk, case_id: str) -> None:
    place = whole(desk, case_id, 100)
    assert code(patch(desk, place, 0, b"x", content_type="application/octet-stream")) == (415, "upload.wrong_type")
    assert code(desk.tus("PATCH", place, b"x", content_type=STREAM)) == (400, "upload.offset_malformed")
    status, headers, body = patch(desk, place, 50, b"x")
    assert (status, headers["upload-offset"], json.loads(body)["code"]) == (409, "0", "upload.offset_differs")
    assert patch(desk, place, 0, b"x" * 40)[0] == 204
    assert patch(desk, place, 0, b"x" * 40)[0] == 409  # a repeat


def test_more_than_announced_is_refused_and_nothing_of_it_kept(desk: Desk, case_id: str) -> None:
    place = whole(desk, case_id, 10)
    assert code(patch(desk, place, 0, b"x" * 11)) == (413, "upload.too_long")
    assert offset_of(desk, place) == 0


def test_an_empty_patch_moves_nothing(desk: Desk, case_id: str) -> None:
    place = whole(desk, case_id, 10)
    status, headers, _ = patch(desk, place, 0, b"")
    assert (status, headers["upload-offset"]) == (204, "0")


def test_unknown_and_strangers_uploads_are_not_found(desk: Desk, case_id: str, open_desk: Callable[..., Desk]) -> None:
    place = whole(desk, case_id, 10)
    assert desk.tus("HEAD", "/api/v1/uploads/nothing")[0] == 404
    assert patch(desk, "/api/v1/uploads/nothing", 0, b"")[0] == 404
    other = open_desk()
    assert other.tus("HEAD", place)[0] == 404
    assert other.tus("DELETE", place)[0] == 404


def test_the_method_may_be_overridden(desk: Desk, case_id: str) -> None:
    place = whole(desk, case_id, 10)

    def override(method: str, data: bytes = b"", **headers: str) -> Sent:
        return desk.tus("POST", place, data, X_HTTP_Method_Override=method, **headers)

    assert override("PATCH", b"x" * 4, content_type=STREAM, Upload_Offset="0")[0] == 204
    status, headers, body = override("HEAD")
    assert (status, headers["upload-offset"], body) == (200, "4", b"")
    assert desk.tus("GET", place)[0] == 405
    assert override("DELETE")[0] == 204
    assert desk.tus("HEAD", place)[0] == 404
    assert desk.tus("GET", "/api/v1/uploads")[0] == 405


def test_termination_leaves_no_bytes(desk: Desk, case_id: str, server_folder: Path) -> None:
    place = whole(desk, case_id, 10)
    patch(desk, place, 0, b"x" * 4)
    assert len(list((server_folder / "blobs" / "staging").rglob("*/*"))) == 1
    assert desk.tus("DELETE", place)[0] == 204
    assert not [path for path in (server_folder / "blobs").rglob("*") if path.is_file()]


def test_an_expired_upload_is_gone(desk: Desk, case_id: str) -> None:
    place = whole(desk, case_id, 10)
    patch(desk, place, 0, b"x" * 4)
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert desk.tus("HEAD", place)[0] == 410
    assert patch(desk, place, 4, b"x")[0] == 410
    sweep()
    assert desk.tus("HEAD", place)[0] == 404
    assert not Piece.objects.exists()


# --- checksums --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_checksum_decides_over_the_whole_patch(desk: Desk, case_id: str, algorithm: str) -> None:
    data = pages_of(desk, case_id)
    place = whole(desk, case_id, len(data))

    def summed(data: bytes) -> str:
        return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"

    assert code(patch(desk, place, 0, data[:500], Upload_Checksum=summed(b"else"))) == (460, "upload.checksum_differs")
    assert offset_of(desk, place) == 0
    assert patch(desk, place, 0, data[:500], Upload_Checksum=summed(data[:500]))[0] == 204
    assert patch(desk, place, 500, data[500:], Upload_Checksum=summed(data[500:]))[0] == 204
    assert desk.wanted(case_id) == []


@pytest.mark.parametrize("said", ["md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha1", "sha256 ???"])
def test_unknown_checksums_are_refused(desk: Desk, case_id: str, said: str) -> None:
    place = whole(desk, case_id, 10)
    assert code(patch(desk, place, 0, b"x", Upload_Checksum=said)) == (400, "upload.checksum_malformed")


# --- concatenation ----------------------------------------------------------------------------------------------------


def parts(desk: Desk, data: bytes, count: int) -> list[tuple[str, bytes]]:
    size = -(-len(data) // count)
    cut = [data[start : start + size] for start in range(0, len(data), size)]
    made = []
    for piece in cut:
        status, headers, _ = begin(desk, len(piece), Upload_Concat="partial")
        assert status == 201
        made.append((headers["location"], piece))
    return made


def join(desk: Desk, case_id: str, places: list[str], **headers: str) -> Sent:
    return desk.tus(
        "POST",
        "/api/v1/uploads",
        Upload_Concat=f"final;{' '.join(places)}",
        Upload_Metadata=metadata(case_id=case_id, filetype=BATCH_TYPE),
        **headers,
    )


def test_finished_parts_become_a_whole(desk: Desk, case_id: str) -> None:
    data = pages_of(desk, case_id)
    made = parts(desk, data, 4)
    for place, piece in made:
        assert patch(desk, place, 0, piece)[0] == 204
        assert desk.tus("HEAD", place)[1]["upload-concat"] == "partial"
    assert CaseRecord.objects.get().materials_pending
    status, headers, _ = join(desk, case_id, [f"http://there{place}" for place, _ in made])
    assert (status, headers["upload-offset"]) == (201, str(len(data)))
    _, told, _ = desk.tus("HEAD", headers["location"])
    assert (told["upload-length"], told["upload-offset"]) == (str(len(data)), str(len(data)))
    assert told["upload-concat"] == "final;" + " ".join(place for place, _ in made)
    assert code(patch(desk, headers["location"], 0, b"x")) == (403, "upload.is_whole")
    assert desk.wanted(case_id) == []


def test_unfinished_parts_may_be_joined_beforehand(desk: Desk, case_id: str) -> None:
    made = parts(desk, pages_of(desk, case_id), 4)
    status, headers, _ = join(desk, case_id, [place for place, _ in made])
    assert status == 201 and "upload-offset" not in headers
    for place, piece in reversed(made):
        assert "upload-offset" not in desk.tus("HEAD", headers["location"])[1]
        assert patch(desk, place, 0, piece)[0] == 204
    _, told, _ = desk.tus("HEAD", headers["location"])
    assert told["upload-offset"] == told["upload-length"]
    assert desk.wanted(case_id) == []


def test_what_cannot_be_joined(desk: Desk, case_id: str, open_desk: Callable[..., Desk]) -> None:
    (first, _), (second, _) = parts(desk, b"x" * 10, 2)
    theirs = parts(open_desk(), b"x" * 10, 1)[0][0]
    alone = whole(desk, case_id, 10)
    for places in ([], ["nothing"], [first, first], [first, theirs], [first, alone]):
        assert code(join(desk, case_id, places)) == (400, "upload.parts_unknown")
    assert code(join(desk, case_id, [first], Upload_Length="5")) == (400, "upload.length_malformed")
    assert code(desk.tus("POST", "/api/v1/uploads", Upload_Length="5", Upload_Concat="half")) == (
        400,
        "upload.concat_malformed",
    )
    assert join(desk, case_id, [first, second])[0] == 201
    assert code(join(desk, case_id, [first])) == (400, "upload.parts_unknown")  # part of a whole already


def test_joining_again_after_a_lost_reply_is_the_same_whole(desk: Desk, case_id: str) -> None:
    data = pages_of(desk, case_id)
    made = parts(desk, data, 3)
    places = [place for place, _ in made]
    first, again = join(desk, case_id, places), join(desk, case_id, places)
    assert first[0] == again[0] == 201 and first[1]["location"] == again[1]["location"]
    assert code(join(desk, case_id, places[::-1])) == (400, "upload.parts_unknown")
    for place, piece in made:
        assert patch(desk, place, 0, piece)[0] == 204
    assert join(desk, case_id, places)[1]["location"] == first[1]["location"]
    assert desk.wanted(case_id) == []


def test_a_part_made_again_after_a_lost_reply_takes_the_place_of_the_first(desk: Desk) -> None:
    said = {"Upload_Concat": "partial", "Upload_Metadata": metadata(part="the first of a batch")}
    lost = begin(desk, 100, **said)[1]["location"]
    assert patch(desk, lost, 0, b"x" * 40)[0] == 204
    other = begin(desk, 100, Upload_Concat="partial", Upload_Metadata=metadata(part="the second"))[1]["location"]
    again = begin(desk, 100, **said)[1]["location"]
    assert [desk.tus("HEAD", place)[0] for place in (lost, other, again)] == [404, 200, 200]


def test_two_that_finish_one_whole_do_not_take_it_for_garbled(desk: Desk, case_id: str) -> None:
    from server.materials.uploads import _finish

    place = whole(desk, case_id, len(data := pages_of(desk, case_id)))
    stale = Upload.objects.get(id=place.rsplit("/", 1)[-1])
    assert patch(desk, place, 0, data)[0] == 204
    _finish(stale, [stale])  # it began before the other was done, and finds the pieces gone
    assert offset_of(desk, place) == len(data) and desk.wanted(case_id) == []


def test_terminating_a_whole_terminates_its_parts(desk: Desk, case_id: str) -> None:
    made = parts(desk, b"x" * 10, 2)
    _, headers, _ = join(desk, case_id, [place for place, _ in made])
    patch(desk, made[0][0], 0, made[0][1])
    assert desk.tus("DELETE", headers["location"])[0] == 204
    assert not Upload.objects.exists() and not Piece.objects.exists()


# --- what becomes of the bytes ----------------------------------------------------------------------------------------


def test_f08_no_plain_byte_lies_in_the_blob_folder(desk: Desk, case_id: str, server_folder: Path) -> None:
    data = pages_of(desk, case_id)
    place = whole(desk, case_id, len(data))
    patch(desk, place, 0, data[:4000])

    def lying() -> bytes:
        return b"".join(path.read_bytes() for path in (server_folder / "blobs").rglob("*") if path.is_file())

    assert len(lying()) > 4000 and data[100:132] not in lying()
    patch(desk, place, 4000, data[4000:])
    stored = lying()
    for page in desk.pages.values():
        assert page[:32] not in stored and page[-32:] not in stored
    names = [path.name for path in (server_folder / "blobs").rglob("*")]
    assert not any(digest in name for digest in desk.pages for name in names)
    assert not list((server_folder / "blobs" / "staging").rglob("*/*"))  # nothing is kept twice
    for digest, page in desk.pages.items():
        assert read_page(case_id, digest) == page


def test_what_comes_whole_is_stored_once(desk: Desk, case_id: str, server_folder: Path) -> None:
    data = pages_of(desk, case_id)
    assert patch(desk, whole(desk, case_id, len(data)), 0, data)[0] == 204
    assert desk.wanted(case_id) == [] and not (server_folder / "blobs" / "staging").exists()
    assert reception._hands._left == reception.IN_HANDS


@pytest.mark.parametrize("why", ["no room", "it comes slowly", "it comes in two"])
def test_what_cannot_be_kept_in_hand_is_stored_in_pieces(
    desk: Desk, case_id: str, server_folder: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    data = pages_of(desk, case_id)
    place = whole(desk, case_id, len(data))
    match why:
        case "no room":
            monkeypatch.setattr(reception, "_hands", reception._Room(len(data) - 1))
        case "it comes slowly":
            monkeypatch.setattr(reception, "AT_LEAST_EVERY", 0.0)
        case _:
            assert patch(desk, place, 0, data[:3000])[0] == 204
    at = offset_of(desk, place)
    assert at == (3000 if why == "it comes in two" else 0)
    assert patch(desk, place, at, data[at:])[0] == 204
    assert desk.wanted(case_id) == [] and (server_folder / "blobs" / "staging").exists()
    assert reception._hands._left in (reception.IN_HANDS, len(data) - 1)


def test_what_is_in_hand_and_was_taken_over_is_not_counted(
    desk: Desk, case_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from server.materials import uploads

    data = pages_of(desk, case_id)
    place = whole(desk, case_id, len(data))
    store = uploads._store

    def meanwhile(*given: object) -> None:
        store(*given)  # type: ignore[arg-type]
        Upload.objects.update(holder="another process")

    with monkeypatch.context() as patched:
        patched.setattr(uploads, "_store", meanwhile)
        assert code(patch(desk, place, 0, data)) == (409, "upload.superseded")
    assert offset_of(desk, place) == 0
    assert patch(desk, place, 0, data)[0] == 204 and desk.wanted(case_id) == []


@pytest.mark.parametrize("room", [reception.IN_HANDS, 0], ids=["in hand", "in pieces"])
@pytest.mark.parametrize("how", ["no batch", "page changed", "cut short", "something behind", "another whole"])
def test_garbled_batches_are_thrown_away_and_the_case_still_waits(
    desk: Desk, case_id: str, how: str, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "_hands", reception._Room(room))
    data = pages_of(desk, case_id)
    said = {"case_id": case_id, "filetype": BATCH_TYPE}
    match how:
        case "no batch":
            data = b"x" * 100
        case "page changed":
            data = data[:-1] + bytes([data[-1] ^ 1])
        case "cut short":
            data = data[:-1]
        case "something behind":
            data += b"x"
        case _:
            said["digest"] = "0" * 64
    sent = desk.tus(
        "POST",
        "/api/v1/uploads",
        data,
        content_type=STREAM,
        Upload_Length=str(len(data)),
        Upload_Metadata=metadata(**said),
    )
    assert code(sent) == (422, "upload.garbled")
    assert not Upload.objects.exists() and not Piece.objects.exists()
    assert how in ("something behind", "another whole", "page changed", "cut short") or len(desk.wanted(case_id)) == 2
    assert CaseRecord.objects.get().materials_pending


def test_one_page_may_come_alone(desk: Desk, case_id: str) -> None:
    digest, data = next(iter(desk.pages.items()))
    said = metadata(case_id=case_id, filetype="image/jpeg", digest=digest)
    headers = {"content_type": STREAM, "Upload_Length": str(len(data)), "Upload_Metadata": said}
    assert desk.tus("POST", "/api/v1/uploads", data, **headers)[0] == 201
    assert len(desk.wanted(case_id)) == 1
    other = metadata(case_id=case_id, filetype="image/jpeg", digest=sha256(b"else"))
    assert code(desk.tus("POST", "/api/v1/uploads", data, **{**headers, "Upload_Metadata": other})) == (
        422,
        "upload.garbled",
    )
    odd = metadata(case_id=case_id, filetype="text/html", digest=digest)
    assert code(begin(desk, 10, Upload_Metadata=odd)) == (422, "upload.type_unknown")


def test_pages_go_to_cases_that_the_station_may_see(desk: Desk, case_id: str, open_desk: Callable[..., Desk]) -> None:
    other = open_desk("330281001202")
    said = metadata(case_id=case_id, filetype=BATCH_TYPE)
    assert code(begin(other, 10, Upload_Metadata=said)) == (404, "case.not_found")
    assert code(begin(desk, 10, Upload_Metadata=metadata(case_id="nothing", filetype=BATCH_TYPE)))[0] == 404


def test_the_same_page_in_two_cases_is_stored_once_and_read_by_both(desk: Desk, case_id: str) -> None:
    desk.send_pages(case_id)
    digest, data = next(iter(desk.pages.items()))
    other = desk.take_in().id
    desk.upload(other, batch([data]))
    assert Blob.objects.filter(digest=digest).count() == 1
    assert CasePage.objects.filter(blob_id=digest).count() == 2
    assert read_page(other, digest) == data


def test_what_a_dead_process_left_is_finished_by_the_sweep(
    desk: Desk, case_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pages_of(desk, case_id)
    place = whole(desk, case_id, len(data))
    with monkeypatch.context() as patched:
        patched.setattr("server.materials.uploads.finish_at_once", lambda *_: False)
        patched.setattr("server.materials.uploads._finish", lambda *_: None)  # died before it could
        patch(desk, place, 0, data)
    assert Upload.objects.get().state != Upload.State.DONE
    assert len(desk.wanted(case_id)) == 2
    sweep()
    assert desk.wanted(case_id) == []
    assert Upload.objects.get().state == Upload.State.DONE


def test_who_hears_that_all_bytes_are_here_may_take_the_pages_for_kept(
    desk: Desk, case_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pages_of(desk, case_id)
    place = whole(desk, case_id, len(data))
    with monkeypatch.context() as patched:
        patched.setattr("server.materials.uploads.finish_at_once", lambda *_: False)
        patched.setattr("server.materials.uploads._finish", lambda *_: None)  # the line was cut before it could
        patch(desk, place, 0, data)
    assert len(desk.wanted(case_id)) == 2
    assert offset_of(desk, place) == len(data)
    assert desk.wanted(case_id) == []


def test_orphaned_pieces_are_swept_after_a_while(desk: Desk, case_id: str, server_folder: Path) -> None:
    import os

    from server.materials.blobs import get_store, new_name

    place = whole(desk, case_id, 100)
    patch(desk, place, 0, secrets.token_bytes(50))
    old, young = new_name("staging"), new_name("staging")
    for name in (old, young):
        get_store().put(name, b"left by a process that died before it could name this")
    kept = Piece.objects.get().name
    for name in (old, kept):
        os.utime(server_folder / "blobs" / name, (0, 0))
    sweep()
    assert not (server_folder / "blobs" / old).exists()
    assert (server_folder / "blobs" / young).exists() and (server_folder / "blobs" / kept).exists()


def test_a_station_cannot_open_uploads_without_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.materials.uploads.MAX_OPEN", 2)
    assert [begin(desk, 1, Upload_Concat="partial")[0] for _ in range(3)] == [201, 201, 429]
