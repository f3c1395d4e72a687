"""Which corners make a sheet, how large it is, and where its places are in the picture."""

from __future__ import annotations

import pytest

from contract.perspective import flat_size, make_a_sheet, perspective

LEANING = ((0.2, 0.1), (0.8, 0.15), (0.9, 0.95), (0.1, 0.9))


def test_the_corners_of_the_sheet_are_those_in_the_picture() -> None:
    size, flat = (1600, 1200), flat_size(LEANING, (1600, 1200))
    a, b, c, d, e, f, g, h = perspective(LEANING, size, flat)
    for (x, y), corner in zip(((0, 0), (flat[0], 0), flat, (0, flat[1])), LEANING, strict=True):
        far = g * x + h * y + 1
        assert ((a * x + b * y + c) / far, (d * x + e * y + f) / far) == pytest.approx(
            (corner[0] * size[0], corner[1] * size[1])
        )


def test_a_sheet_that_lies_straight_is_only_cut() -> None:
    straight = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))
    assert flat_size(straight, (400, 200)) == (200, 100)
    assert perspective(straight, (400, 200), (200, 100)) == pytest.approx((1, 0, 100, 0, 1, 50, 0, 0))


@pytest.mark.parametrize(
    ("corners", "good"),
    [
        (((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)), True),
        (((0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9)), False),  # crossed
        (((0.1, 0.1), (0.1, 0.9), (0.9, 0.9), (0.9, 0.1)), False),  # the other way round: a mirror
        (((0.1, 0.1), (0.9, 0.1), (0.4, 0.3), (0.1, 0.9)), False),  # a dent
        (((0.1, 0.1), (0.9, 0.1), (0.9, 0.1), (0.1, 0.1)), False),  # nothing between them
    ],
)
def test_which_corners_make_a_sheet(corners, good):
    assert make_a_sheet(corners) is good
