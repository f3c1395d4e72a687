"""What is said of the mat, picture after picture."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from app.materials.mat import STILL, Mat, Seen, Standing
from app.materials.outline import Colours, colours
from devices import mat as drawn
from devices import paper
from devices.mat import Ground
from devices.paper import Kind

SIZE = (408, 306)  # as it is looked at
SHEET = paper.sheet(Kind.FORM, 1, 1, 75)
OTHER = paper.sheet(Kind.TEXT, 1, 2, 75)


def scene(ground: Ground, sheet: Image.Image | None = None, n: int = 1) -> Image.Image:
    at = drawn.corners(1, n, SIZE) if sheet is not None else None
    return drawn.picture(1, ground, SIZE, sheet, at)


def looks(picture: Image.Image, count: int) -> Iterable[Colours]:
    return (colours(drawn.moment(picture, 1, n)) for n in range(count))


def shown(mat: Mat, picture: Image.Image, count: int = STILL + 1) -> Seen:
    """The last of some moments of one scene."""
    for look in looks(picture, count):
        seen = mat.see(look)
    return seen


@pytest.mark.parametrize("ground", Ground)
def test_a_sheet_is_taken_when_it_lies_still_and_the_next_one_after_it_has_gone(ground: Ground) -> None:
    mat = Mat()
    assert shown(mat, scene(ground), 1).standing is Standing.LEARNING
    assert shown(mat, scene(ground)).standing is Standing.EMPTY
    for n, sheet in ((1, SHEET), (2, OTHER)):
        coming = [mat.see(look) for look in looks(scene(ground, sheet, n), STILL - 1)]
        assert {seen.standing for seen in coming} == {Standing.MOVING}
        lying = shown(mat, scene(ground, sheet, n))
        assert (lying.standing, lying.take) == (Standing.LYING, True) and lying.corners is not None
        mat.photographed()
        for _ in range(3):
            again = shown(mat, scene(ground, sheet, n))
            assert (again.standing, again.take) == (Standing.TAKEN, False)
        assert shown(mat, scene(ground), 1).standing is Standing.EMPTY


def test_a_sheet_that_lay_there_already_is_not_taken_by_itself() -> None:
    mat = Mat()
    covered = shown(mat, scene(Ground.DARK, SHEET))
    assert (covered.standing, covered.take) == (Standing.COVERED, False) and covered.corners is not None
    mat.photographed()  # by key
    assert shown(mat, scene(Ground.DARK, SHEET)).standing is Standing.TAKEN
    assert shown(mat, scene(Ground.DARK)).standing is Standing.EMPTY
    assert shown(mat, scene(Ground.DARK, OTHER)).take


@pytest.mark.parametrize("ground", [Ground.WOOD, Ground.LIGHT])
def test_a_mat_that_was_learnt_with_a_sheet_on_it_is_not_photographed_when_that_goes(ground: Ground) -> None:
    mat = Mat()
    covered = np.asarray(scene(ground, SHEET), dtype=np.int16)
    mat._empty = covered.astype(np.float32)  # where the heuristic for it failed
    bare = shown(mat, scene(ground))
    assert not bare.take
    mat.learn()
    assert shown(mat, scene(ground)).standing is Standing.EMPTY
    assert shown(mat, scene(ground, SHEET)).take


def test_what_has_no_four_corners_is_said_and_not_taken() -> None:
    mat = Mat()
    shown(mat, scene(Ground.DARK))
    heap = scene(Ground.DARK)
    ImageDraw.Draw(heap).ellipse((60, 60, 300, 240), fill=(230, 220, 200))
    assert shown(mat, heap) == Seen(Standing.SHAPELESS)


def test_the_light_of_the_day_is_followed() -> None:
    mat = Mat()
    pixels = np.asarray(scene(Ground.LIGHT), dtype=np.float32)
    shown(mat, scene(Ground.LIGHT))
    for step in range(60):
        dimmed = np.clip(pixels * (1 - step * 0.004), 0, 255).astype(np.int16)
        assert mat.see(dimmed).standing is Standing.EMPTY


def test_a_camera_of_another_size_is_learnt_anew() -> None:
    mat = Mat()
    shown(mat, scene(Ground.DARK))
    small = drawn.picture(1, Ground.DARK, (204, 153))
    assert mat.see(colours(small)).standing is Standing.LEARNING
