"""Rule 15: a working copy stands for a page until the page has come, says so, and decides nothing."""

from __future__ import annotations

import io
from collections.abc import Callable

from django.test import Client
from PIL import Image

from contract.upload import MAX_COPY
from contract.wire import sha256
from server.cases.models import CaseRecord
from server.materials.models import Blob, WorkingCopy
from tests.server.desk import Desk, Sent, metadata

STREAM = "application/offset+octet-stream"


def picture(grey: int = 200) -> bytes:
    out = io.BytesIO()
    Image.new("L", (40, 60), grey).save(out, "JPEG")
    return out.getvalue()


def send_copy(desk: Desk, case_id: str, stands_for: str, data: bytes, filetype: str = "image/jpeg") -> Sent:
    said = metadata(case_id=case_id, filetype=filetype, digest=sha256(data), stands_for=stands_for)
    headers = {"Upload_Length": str(len(data)), "Upload_Metadata": said}
    return desk.tus("POST", "/api/v1/uploads", data, content_type=STREAM, **headers)


def test_rule_15_the_case_says_which_it_has_and_the_original_takes_its_place(
    desk: Desk, signed_in: Callable[..., Client]
) -> None:
    case = desk.take_in()
    officer = signed_in("haishu")
    first = desk.wanted(case.id)[0]
    before = CaseRecord.objects.get()
    assert send_copy(desk, case.id, first, picture())[0] == 201

    word = desk.ask(watch=(case.id,)).words[case.id]
    assert word.copies == (first,) and first in word.wanted
    row = CaseRecord.objects.get()
    assert (row.digest, row.materials_pending) == (before.digest, True)  # it is nothing of the case
    assert desk.call("GET", f"/api/v1/cases/{case.id}/pages/{first}")[0] == 404  # nobody takes it for the page
    text = officer.get(f"/cases/{case.id}").content.decode()
    assert "工作副本" in text and "还差" in text
    shown = officer.get(f"/cases/{case.id}/pages/{first}?copy=1")
    assert (shown.status_code, shown.content) == (200, picture())
    assert officer.get(f"/cases/{case.id}/pages/{first}").status_code == 404

    desk.send_pages(case.id)
    assert "工作副本" not in officer.get(f"/cases/{case.id}").content.decode()
    assert officer.get(f"/cases/{case.id}/pages/{first}?copy=1").content == desk.pages[first]
    assert not WorkingCopy.objects.exists() and not Blob.objects.filter(digest=sha256(picture())).exists()
    assert desk.ask(watch=(case.id,)).words[case.id].copies == ()


def test_rule_15_a_copy_of_nothing_wanted_too_large_or_twice(desk: Desk) -> None:
    case = desk.take_in()
    first = desk.wanted(case.id)[0]
    assert send_copy(desk, case.id, "0" * 64, picture())[0] == 409
    assert send_copy(desk, case.id, first, b"\xff\xd8\xff" + bytes(MAX_COPY))[0] == 413
    assert send_copy(desk, case.id, first, picture(), "application/vnd.tongban.page-batch")[0] == 422
    assert [send_copy(desk, case.id, first, picture(grey))[0] for grey in (10, 200)] == [201, 201]
    assert WorkingCopy.objects.get().blob_id == sha256(picture(200))
    desk.send_pages(case.id)
    assert send_copy(desk, case.id, first, picture())[0] == 409  # the page has come
