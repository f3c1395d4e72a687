"""Corners found in pictures of a mat on which they are known, to pixels of a picture of two megapixels."""

from __future__ import annotations

import io
import math
import random

import numpy as np
import pytest
from PIL import Image, ImageDraw

from app.materials.outline import colours, find_corners_alone, find_sheet, seen
from contract.material import Corners
from contract.problem import Problem
from devices import mat, paper
from devices.mat import SIZE, Ground
from devices.paper import Kind

LIVE = 816
WITHIN = 4.0  # pixels of 1632: measured at most 2.9, half a millimetre of A4


def jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def looked(picture: Image.Image) -> np.ndarray:
    return colours(seen(jpeg(picture), LIVE))


def worst(found: Corners, truth: Corners, size: tuple[int, int] = SIZE) -> float:
    """Pixels that the worst corner is off, whichever way up the sheet lies."""

    def off(turned: Corners) -> float:
        return max(
            math.hypot((a[0] - b[0]) * size[0], (a[1] - b[1]) * size[1]) for a, b in zip(turned, truth, strict=True)
        )

    return min(off(found[at:] + found[:at]) for at in range(4))


@pytest.mark.parametrize("ground", Ground)
@pytest.mark.parametrize(("kind", "turned"), [(Kind.FORM, None), (Kind.BLANK, 17.0), (Kind.SIGNATURE, -38.0)])
def test_corners_are_found_to_some_pixels(ground: Ground, kind: Kind, turned: float | None) -> None:
    at = mat.corners(3, 1, turned=turned)
    empty = mat.moment(mat.picture(3, ground), 3, 1)
    lying = mat.moment(mat.picture(3, ground, sheet=paper.sheet(kind, 3, 1, 150), at=at), 3, 2)
    sheet = find_sheet(looked(lying), looked(empty))
    assert sheet is not None and sheet.lighter
    assert worst(sheet.corners, at) < WITHIN
    assert find_sheet(looked(mat.moment(mat.picture(3, ground), 3, 3)), looked(empty)) is None


def test_a_small_card_is_found_too() -> None:
    at = ((0.31, 0.4), (0.49, 0.41), (0.489, 0.56), (0.308, 0.555))
    empty = mat.picture(1, Ground.DARK)
    card = mat.picture(1, Ground.DARK, sheet=Image.new("RGB", (856, 540), (170, 190, 210)), at=at)
    sheet = find_sheet(looked(card), looked(empty))
    assert sheet is not None and worst(sheet.corners, at) < WITHIN


def test_a_hand_is_no_sheet() -> None:
    empty = mat.picture(1, Ground.DARK)
    hand = empty.copy()
    draw = ImageDraw.Draw(hand)
    draw.ellipse((500, 500, 900, 900), fill=(190, 150, 130))
    for finger in range(4):
        draw.line((560 + 90 * finger, 620, 480 + 150 * finger, 260), fill=(190, 150, 130), width=60)
    assert find_sheet(looked(hand), looked(empty)) is None


def test_a_plain_mat_need_not_have_been_seen_empty() -> None:
    at = mat.corners(2, 1)
    lying = mat.picture(2, Ground.DARK, sheet=paper.sheet(Kind.FORM, 2, 1, 150), at=at)
    found = find_corners_alone(looked(lying))
    assert found is not None and worst(found, at) < WITHIN
    assert find_corners_alone(looked(mat.picture(2, Ground.LIGHT))) is None  # uneven light is no sheet


def test_corners_begin_at_the_top_left() -> None:
    sheet = find_sheet(
        looked(mat.picture(1, Ground.DARK, sheet=paper.sheet(Kind.BLANK, 1, 1, 75), at=mat.corners(1, 1))),
        looked(mat.picture(1, Ground.DARK)),
    )
    assert sheet is not None
    (left, top), (right, _), (_, bottom), (low_left, _) = sheet.corners
    assert left < right and top < bottom and abs(left - low_left) < 0.1


def test_noise_is_no_sheet_and_hostile_bytes_are_a_problem() -> None:
    chance = random.Random(5)
    noise = np.frombuffer(chance.randbytes(306 * 408 * 3), np.uint8).reshape(306, 408, 3).astype(np.int16)
    for other in (noise, np.zeros_like(noise), np.full_like(noise, 255)):
        find_sheet(noise, other)
        find_sheet(other, noise)
    picture = jpeg(mat.picture(1, Ground.DARK, size=(64, 48)))
    for data in (b"", b"\xff\xd8\xff\xd9", picture[: len(picture) // 3], b"GIF89a" + bytes(40)):
        with pytest.raises(Problem, match="page.unreadable"):
            seen(data, LIVE)
