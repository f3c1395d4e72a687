"""The paper in a photograph, by its four corners: how both ends take it out of the picture to look at it."""

from __future__ import annotations

import math

from contract.material import Corners

LEAST_TURN = 0.0005  # of the picture's area: twice what two neighbouring sides must at least span


def make_a_sheet(corners: Corners) -> bool:
    """Whether the corners go round something, clockwise and without a dent."""
    turns = []
    for at in range(4):
        (ax, ay), (bx, by), (cx, cy) = (corners[(at + step) % 4] for step in range(3))
        turns.append((bx - ax) * (cy - by) - (by - ay) * (cx - bx))
    return min(turns) > LEAST_TURN


def flat_size(corners: Corners, size: tuple[int, int]) -> tuple[int, int]:
    """Pixels of the paper in a picture of this size, as wide and as high as its sides are on the whole."""
    places = [(x * size[0], y * size[1]) for x, y in corners]
    top, right, bottom, left = (math.dist(places[at], places[(at + 1) % 4]) for at in range(4))
    return max(1, round((top + bottom) / 2)), max(1, round((left + right) / 2))


def perspective(corners: Corners, size: tuple[int, int], flat: tuple[int, int]) -> tuple[float, ...]:
    """Eight numbers a … h: the place (x, y) on the flat paper of this many pixels is in the picture of that size at

        (a x + b y + c) / (g x + h y + 1),  (d x + e y + f) / (g x + h y + 1)

    (Heckbert 1989, from the unit square). The corners must make a sheet.
    """
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = ((x * size[0], y * size[1]) for x, y in corners)
    right, down = (x1 - x2, y1 - y2), (x3 - x2, y3 - y2)
    across, along = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
    span = right[0] * down[1] - down[0] * right[1]
    g = (across * down[1] - down[0] * along) / span
    h = (right[0] * along - across * right[1]) / span
    wide, high = flat
    return (
        (x1 - x0 + g * x1) / wide,
        (x3 - x0 + h * x3) / high,
        x0,
        (y1 - y0 + g * y1) / wide,
        (y3 - y0 + h * y3) / high,
        y0,
        g / wide,
        h / high,
    )
