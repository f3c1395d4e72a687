"""The document camera at the desk: what lies on its mat becomes pages, and every page is durable before it shows."""

from __future__ import annotations

import io
import threading
from collections.abc import Generator
from contextlib import closing

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from app.flow import finish, pages, steps
from app.flow.draft import Draft
from app.flow.photograph import CameraWatch, Sight, open_camera
from app.materials.mat import Standing
from contract.ids import Slot
from contract.material import Page, Source
from contract.problem import Problem
from devices import mat
from tests.fakes.counter import ZHOU, Counter, bring
from tests.fakes.counter import picture as writing

FOOD = "XK-00131-001"
QUICK = {"pace": 0.0, "empty": 6, "lie": 10, "seed": 1}


def sights(watch: CameraWatch) -> Generator[Sight, None, None]:
    return watch.sights(threading.Event())


def pages_of(draft: Draft, code: str = "lease") -> tuple[Page, ...]:
    slot = draft.material(code)
    assert slot is not None
    return slot.pages


def off(found: mat.Corners, truth: mat.Corners) -> float:
    """Pixels that the worst corner is off."""
    wide, high = mat.SIZE
    return max(max(abs(a[0] - b[0]) * wide, abs(a[1] - b[1]) * high) for a, b in zip(found, truth, strict=True))


def test_each_sheet_is_photographed_once_and_kept_as_the_camera_gave_it(counter: Counter) -> None:
    desk = counter.desk
    bring(counter, "camera", "camera/simulated", sheets=2, **QUICK)
    draft = counter.begin("yuyao", FOOD)
    taken: list[Sight] = []
    said: list[Standing] = []
    watch = open_camera(desk, True)
    with closing(sights(watch)) as live:
        for sight in live:
            if not said or said[-1] is not sight.standing:
                said.append(sight.standing)
            assert len(sight.rgb) == sight.width * sight.height * 3 and max(sight.width, sight.height) <= 816
            if sight.take:
                assert sight.corners is not None
                draft = pages.add_photograph(desk, draft, "lease", sight.data, sight.media_type, sight.corners)
                assert steps.resume(desk, draft.id) == draft  # durable before it is shown
                taken.append(sight)
            if len(taken) == 2 and sight.standing is Standing.EMPTY:
                break
    story = [Standing.MOVING, Standing.LYING, Standing.TAKEN, Standing.EMPTY]
    assert said == [Standing.LEARNING, Standing.EMPTY, *story, *story]
    slot = draft.material("lease")
    assert slot is not None and slot.source is Source.CAMERA and len(slot.pages) == 2
    for n, (page, sight) in enumerate(zip(slot.pages, taken, strict=True), 1):
        assert desk.store.pages.get(page.digest) == sight.data  # byte for byte
        assert page.corners is not None and off(page.corners, mat.corners(1, n)) < 4
        assert not page.hidden and abs(page.height / page.width - 297 / 210) < 0.05
        shown = Image.open(io.BytesIO(pages.preview(desk, page, 500)))
        assert abs(shown.height / shown.width - page.height / page.width) < 0.01
        whole = Image.open(io.BytesIO(pages.whole_picture(desk, page, 500)))
        assert whole.width > whole.height  # as the camera saw it


def test_by_key_only_and_the_mat_learnt_anew(counter: Counter) -> None:
    bring(counter, "camera", "camera/simulated", sheets=1, pace=0.0, empty=6, lie=0)
    watch = open_camera(counter.desk, False)
    live = sights(watch)
    lying = next(sight for sight in live if sight.standing is Standing.LYING)
    assert not lying.take
    watch.photographed()
    assert next(sight for sight in live if sight.standing is not Standing.LYING).standing is Standing.TAKEN
    watch.learn()
    assert any(sight.standing is Standing.COVERED for sight in live)
    live.close()


def test_a_photograph_that_its_own_program_saved_is_taken_at_once(counter: Counter) -> None:
    folder = counter.out / "photographs"
    folder.mkdir()
    at = mat.corners(1, 1)
    out = io.BytesIO()
    sheet = Image.open(io.BytesIO(writing("lease")))
    mat.picture(1, mat.Ground.DARK, sheet=sheet, at=at).save(out, "JPEG", quality=90)
    (folder / "1.jpg").write_bytes(out.getvalue())
    (folder / "2.jpg").write_bytes(writing("a flat photograph"))
    bring(counter, "camera", "camera/folder", path=str(folder))
    live = sights(open_camera(counter.desk, False))
    first, second = next(live), next(live)
    assert first.take and first.data == out.getvalue()
    assert first.corners is not None and off(first.corners, at) < 6
    assert second.take and second.corners is None
    live.close()


def test_pictures_that_cannot_be_opened_end_it_with_words(counter: Counter) -> None:
    folder = counter.out / "photographs"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(b"\xff\xd8\xff\xda\x00\x02 rubbish \xff\xd9")
    bring(counter, "camera", "camera/folder", path=str(folder))
    with pytest.raises(Problem, match="page.unreadable"):
        next(sights(open_camera(counter.desk, True)))


def test_other_corners_by_hand_change_nothing_but_how_it_is_seen(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.begin("yuyao", FOOD)
    data = writing("lease")
    draft = pages.add_photograph(desk, draft, "lease", data, "image/jpeg", None)
    (page,) = pages_of(draft)
    assert page.corners is None and "corners" not in page.model_dump()
    corners = ((0.1, 0.1), (0.9, 0.12), (0.88, 0.6), (0.1, 0.58))
    draft = pages.straighten_page(desk, draft, "lease", page.key, corners)
    (straight,) = pages_of(steps.resume(desk, draft.id))
    assert (straight.corners, straight.digest, straight.key) == (corners, page.digest, page.key)
    assert straight.width > straight.height and desk.store.pages.get(straight.digest) == data
    assert pages.thumbnail(desk, straight) != pages.thumbnail(desk, page)
    draft = pages.straighten_page(desk, draft, "lease", page.key, None)
    assert pages_of(draft) == (page,)
    with pytest.raises(Problem, match="page.bad_corners"):
        pages.straighten_page(desk, draft, "lease", page.key, (corners[1], corners[0], corners[2], corners[3]))


def test_the_corners_go_with_the_case(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.begin("yuyao", FOOD)
    corners = ((0.02, 0.03), (0.97, 0.02), (0.98, 0.97), (0.03, 0.98))
    draft = pages.add_photograph(desk, draft, "lease", writing("lease"), "image/jpeg", corners)
    case = finish.take_in(desk, counter.fill_materials(draft), ZHOU).case
    lease = next(material for material in case.materials if material.code == "lease")
    assert lease.pages[0].corners == corners and lease.source is Source.CAMERA


def test_a_form_of_ours_files_itself_from_under_the_camera(counter: Counter) -> None:
    """The QR is read on the straightened paper."""
    desk = counter.desk
    draft = steps.reserve_number(desk, counter.begin("yuyao", FOOD))
    code = zxingcpp.create_barcode(str(Slot(draft.number, "application_form", 1)), zxingcpp.BarcodeFormat.QRCode)
    sheet = Image.open(io.BytesIO(writing("form"))).resize((1240, 1754))
    square = Image.fromarray(np.array(code.to_image(scale=8))).convert("RGB").resize((260, 260))
    sheet.paste(square, (900, 80))
    at = mat.corners(2, 1)
    out = io.BytesIO()
    mat.picture(2, mat.Ground.DARK, sheet=sheet, at=at).save(out, "JPEG", quality=92)
    draft = pages.add_photograph(desk, draft, "lease", out.getvalue(), "image/jpeg", at)
    assert len(pages_of(draft, "application_form")) == 1 and not pages_of(draft)
