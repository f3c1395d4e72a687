"""Where the paper lies in a picture from above: its four corners, found against the empty mat.

A sheet is what differs from the mat. The largest thing that does is taken, the smallest four-sided figure round it
sought, and each side laid along the edge. It works on a small copy of the picture, some 400 pixels wide, and measures
to a fraction of its pixels.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from contract.material import Corners
from contract.problem import Problem, Retry

Place = tuple[float, float]
Colours = NDArray[np.int16]  # high × wide × 3
_Mask = NDArray[np.bool_]
_Places = NDArray[np.float64]

LOOK = 408  # pixels across of the small copy: an eighth of eight megapixels, a quarter of two
_DIFFERS = 16  # levels of colour
_CELL = 8  # pixels of a cell in which things are told apart
_LEAST = 0.02  # share of the picture: an identity card on a mat for A3 has 0.04
_MOST = 0.97
_RIM = 0.01  # nearer to the edge of the picture it is uneven light, not a sheet
_FILLED = 0.80  # share of the four-sided figure that must differ: a hand or a heap of things does not fill one
_TRIM = 0.12  # of each side, at both ends, where corners are round or bent
_BEND = 60.0  # degrees: an angle of paper seen from above is never sharper


@dataclass(frozen=True)
class Sheet:
    """Something with four corners. `lighter` than the mat, as paper nearly always is."""

    corners: Corners
    lighter: bool


def seen(data: bytes, across: int) -> Image.Image:
    """A picture the way up it is seen, about so many pixels along its longer side and never larger than it is.

    Raises:
        Problem: ``page.unreadable``.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "MPO", "PNG")) as picture:
            picture.draft("RGB", (across, across))
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except Exception:  # the libraries raise nearly everything on hostile bytes
        raise Problem("page.unreadable", Retry.NEVER) from None
    upright.thumbnail((across, across), Image.Resampling.BOX, reducing_gap=2.0)
    return upright


def colours(picture: Image.Image) -> Colours:
    """The small copy of a picture in which everything here is looked for."""
    small = picture.copy()
    small.thumbnail((LOOK, LOOK), Image.Resampling.BOX, reducing_gap=2.0)
    return np.asarray(small, dtype=np.int16)


def _plain_mat(look: Colours) -> Colours:
    """What the mat would be if it were all of the colour that is round the edges of the picture."""
    rim = max(min(look.shape[:2]) // 20, 1)
    sides = (look[:rim], look[-rim:], look[:, :rim], look[:, -rim:])
    colour = np.median(np.concatenate([side.reshape(-1, 3) for side in sides]), axis=0)
    return np.broadcast_to(colour.astype(np.int16), look.shape)


def find_corners_alone(look: Colours) -> Corners | None:
    """The corners of a sheet on a mat that was never seen empty: it must be plain, and show on every side."""
    found = find_sheet(look, _plain_mat(look))
    inside = found is not None and all(_RIM < value < 1 - _RIM for place in found.corners for value in place)
    return found.corners if found is not None and inside else None


def differs(look: Colours, mat: Colours) -> _Mask:
    """Which pixels are not the mat's."""
    return np.asarray(np.abs(look - mat).max(axis=2) > _DIFFERS)


def find_sheet(look: Colours, mat: Colours) -> Sheet | None:
    """The largest sheet; None where nothing on the mat has four corners."""
    thing = _largest(_smoothed(differs(look, mat)))
    if thing.sum() < _LEAST * thing.size:
        return None
    apart = look - mat
    brighter = apart.max(axis=2)
    lighter = float((brighter[thing] > _DIFFERS).mean()) > 0.5
    # What is darker beside paper that is lighter than the mat is the shadow that it throws.
    strength = brighter if lighter else np.abs(apart).max(axis=2)
    half = max(float(np.median(strength[thing & (strength > _DIFFERS)])) / 2, _DIFFERS)
    # The edge is where the colour is half-way between the paper's and the mat's.
    mask = _largest(_smoothed(strength > half) & thing)
    corners = _corners(mask)
    return Sheet(corners, lighter) if corners is not None else None


def _corners(mask: _Mask) -> Corners | None:
    if mask.sum() < _LEAST * mask.size:
        return None
    edge = _edge(mask)
    around = _four_sided(_hull(edge))
    if around is None or not _LEAST < _area(around) / mask.size < _MOST:
        return None
    if mask.sum() < _FILLED * _area(around):
        return None
    fitted = _fitted(around, edge)
    if fitted is None or not _is_paper(fitted):
        return None
    high, wide = mask.shape
    return _in_order([(x / wide, y / high) for x, y in fitted.tolist()])


def _smoothed(mask: _Mask) -> _Mask:
    """Each pixel as the most of the nine around it are: grain goes, edges stay."""
    framed = np.pad(mask, 1, mode="edge").astype(np.uint8)
    rows = framed[:-2] + framed[1:-1] + framed[2:]
    return np.asarray(rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:] > 4)


def _largest(mask: _Mask) -> _Mask:
    """The largest thing alone, its holes filled row by row and column by column."""
    high, wide = mask.shape
    rows, columns = -(-high // _CELL), -(-wide // _CELL)
    padded = np.zeros((rows * _CELL, columns * _CELL), dtype=bool)
    padded[:high, :wide] = mask
    cells = padded.reshape(rows, _CELL, columns, _CELL).mean(axis=(1, 3)) > 0.3
    left = {(int(y), int(x)) for y, x in np.argwhere(cells)}
    largest: set[tuple[int, int]] = set()
    while left:
        thing: set[tuple[int, int]] = set()
        reached = [left.pop()]
        while reached:
            y, x = reached.pop()
            thing.add((y, x))
            near = {(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)} & left
            left -= near
            reached.extend(near)
        largest = max(largest, thing, key=len)
    kept = np.zeros((rows + 2, columns + 2), dtype=bool)
    for y, x in largest:
        kept[y : y + 3, x : x + 3] = True  # with its neighbours: its edge lies in them
    near_it = np.repeat(np.repeat(kept[1:-1, 1:-1], _CELL, axis=0), _CELL, axis=1)[:high, :wide]
    alone = mask & near_it
    across = np.logical_or.accumulate(alone, axis=1) & np.logical_or.accumulate(alone[:, ::-1], axis=1)[:, ::-1]
    down = np.logical_or.accumulate(alone, axis=0) & np.logical_or.accumulate(alone[::-1], axis=0)[::-1]
    return np.asarray(across & down)


def _edge(mask: _Mask) -> _Places:
    """The outline: the first and last pixel's outer border in every row and in every column."""
    points = []
    for rows, turned in ((mask, False), (mask.T, True)):
        along = np.flatnonzero(rows.any(axis=1))
        first = rows[along].argmax(axis=1)
        last = rows.shape[1] - rows[along][:, ::-1].argmax(axis=1)
        for ends in (first, last):
            pair = (along + 0.5, ends) if turned else (ends, along + 0.5)
            points.append(np.stack(pair, axis=1).astype(np.float64))
    return np.concatenate(points)


def _hull(points: _Places) -> _Places:
    """The convex hull, clockwise as seen (Andrew 1979)."""
    ordered = sorted(set(map(tuple, points.tolist())))

    def half(places: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
        kept: list[tuple[float, ...]] = []
        for place in places:
            while len(kept) > 1 and _turn(kept[-2], kept[-1], place) <= 0:
                kept.pop()
            kept.append(place)
        return kept[:-1]

    return np.array(half(ordered) + half(ordered[::-1]), dtype=np.float64)


def _turn(a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _four_sided(hull: _Places) -> _Places | None:
    """A small four-sided figure round the hull: side after side is taken away whose neighbours meet nearest to it."""
    figure = [(float(x), float(y)) for x, y in hull]
    while len(figure) > 4:
        cheapest: tuple[float, int, Place] | None = None
        for at in range(len(figure)):
            before, start, end, after = (figure[(at + step) % len(figure)] for step in (-1, 0, 1, 2))
            met = _meeting(before, start, after, end)
            # The neighbours must meet beyond the side, else the figure would open there.
            if met is not None and _turn(start, met, end) > 0:
                gained = _turn(start, met, end) / 2
                if cheapest is None or gained < cheapest[0]:
                    cheapest = (gained, at, met)
        if cheapest is None:
            return None
        _, at, met = cheapest
        after_it = (at + 1) % len(figure)
        figure[at] = met
        del figure[after_it]
    return np.array(figure, dtype=np.float64) if len(figure) == 4 else None


def _meeting(a: Place, b: Place, c: Place, d: Place) -> Place | None:
    """Where the line through a and b meets that through c and d, going on beyond b and beyond d."""
    one, other = (b[0] - a[0], b[1] - a[1]), (d[0] - c[0], d[1] - c[1])
    across = one[0] * other[1] - one[1] * other[0]
    if abs(across) < 1e-9:
        return None
    far = ((c[0] - a[0]) * other[1] - (c[1] - a[1]) * other[0]) / across
    near = ((c[0] - a[0]) * one[1] - (c[1] - a[1]) * one[0]) / across
    if far < 1 or near < 1:
        return None
    return (a[0] + far * one[0], a[1] + far * one[1])


def _fitted(around: _Places, edge: _Places) -> _Places | None:
    """The figure with each side laid along the edge beside it: least squares, outliers left out."""
    lines = []
    for at in range(4):
        start, end = around[at], around[(at + 1) % 4]
        length = float(np.hypot(*(end - start)))
        if length < 4:
            return None
        along = (end - start) / length
        across = np.array((-along[1], along[0]))
        place, off = (edge - start) @ along, (edge - start) @ across
        near = (place > _TRIM * length) & (place < (1 - _TRIM) * length) & (np.abs(off) < max(4.0, 0.03 * length))
        place, off = place[near], off[near]
        if len(place) < 8:
            return None
        kept = np.ones(len(place), dtype=bool)
        slope = shift = 0.0
        for _ in range(4):
            slope, shift = (float(each) for each in np.polyfit(place[kept], off[kept], 1))
            gap = np.abs(off - (slope * place + shift))
            kept = gap <= max(0.6, 2 * float(np.median(gap)))
        lines.append((start + across * shift, along + across * slope))
    corners = []
    for at in range(4):
        (a, u), (b, v) = lines[at - 1], lines[at]
        across_both = float(u[0] * v[1] - u[1] * v[0])
        if abs(across_both) < 0.05:
            return None
        far = float((b - a)[0] * v[1] - (b - a)[1] * v[0]) / across_both
        corners.append(a + u * far)
    return np.array(corners)


def _is_paper(corners: _Places) -> bool:
    """Whether every angle is near enough to a right one, and no side is next to nothing."""
    sides = np.roll(corners, -1, axis=0) - corners
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    if float(lengths.min()) < 0.1 * float(lengths.max()):
        return False
    for at in range(4):
        back, on = -sides[at - 1], sides[at]
        cosine = float(back @ on) / float(lengths[at - 1] * lengths[at])
        if not _BEND < math.degrees(math.acos(max(-1.0, min(1.0, cosine)))) < 180 - _BEND:
            return False
    return True


def _in_order(points: list[Place]) -> Corners:
    """Clockwise from the one that is nearest to the picture's top left."""
    centre = (sum(x for x, _ in points) / 4, sum(y for _, y in points) / 4)
    around = sorted(points, key=lambda place: math.atan2(place[1] - centre[1], place[0] - centre[0]))
    first = min(range(4), key=lambda at: around[at][0] + around[at][1])
    ordered = [(round(x, 5), round(y, 5)) for x, y in around[first:] + around[:first]]
    return (ordered[0], ordered[1], ordered[2], ordered[3])


def _area(figure: _Places) -> float:
    x, y = figure[:, 0], figure[:, 1]
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2
