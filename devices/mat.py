"""Invented pictures from above a mat, with the corners of the sheet on it known: what a document camera might see."""

from __future__ import annotations

import math
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from devices.paper import A4_INCHES

Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
"""Top left, top right, bottom right and bottom left of the sheet, as fractions of the picture."""

SIZE = (1632, 1224)  # two megapixels
_TALL = 0.84  # share of the picture's height that a sheet takes
_SHADOW = 0.8  # what a shadow leaves of the light


class Ground(StrEnum):
    """What the sheet lies on."""

    DARK = "dark"
    WOOD = "wood"
    LIGHT = "light"


def corners(seed: int, n: int, size: tuple[int, int] = SIZE, turned: float | None = None) -> Corners:
    """Where sheet `n` (from 1) lies: never straight, never quite rectangular. `turned`: degrees, clockwise."""
    chance = np.random.default_rng((seed, n, 7))
    wide, high = size
    tall = _TALL * high
    half = (tall * A4_INCHES[0] / A4_INCHES[1] / 2, tall / 2)
    angle = math.radians(float(chance.uniform(-4, 4)) if turned is None else turned)
    centre = (wide * (0.5 + float(chance.uniform(-0.03, 0.03))), high * (0.5 + float(chance.uniform(-0.02, 0.02))))
    found = []
    for across, down in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        x, y = across * half[0], down * half[1]
        lean = 0.012 * high * chance.uniform(-1, 1, 2)
        at = (
            centre[0] + x * math.cos(angle) - y * math.sin(angle) + float(lean[0]),
            centre[1] + x * math.sin(angle) + y * math.cos(angle) + float(lean[1]),
        )
        found.append((at[0] / wide, at[1] / high))
    return (found[0], found[1], found[2], found[3])


def picture(
    seed: int,
    ground: Ground,
    size: tuple[int, int] = SIZE,
    sheet: Image.Image | None = None,
    at: Corners | None = None,
) -> Image.Image:
    """The mat, with a sheet lying at these corners, still without the sensor's grain."""
    seen = _mat(seed, ground, size)
    if sheet is not None and at is not None:
        places = [(x * size[0], y * size[1]) for x, y in at]
        shade = Image.new("L", size, 0)
        ImageDraw.Draw(shade).polygon([(x + size[0] * 0.006, y + size[1] * 0.008) for x, y in places], fill=255)
        shade = shade.filter(ImageFilter.GaussianBlur(size[0] / 250))
        seen = Image.composite(seen.point(lambda value: round(value * _SHADOW)), seen, shade)
        turn = _perspective(places, sheet.size)
        # Twice as fine and then halved, so that the sheet's edge is as soft as a lens makes it.
        laid = sheet.transform(size, Image.Transform.PERSPECTIVE, turn, Image.Resampling.BICUBIC)
        mask = Image.new("L", (size[0] * 2, size[1] * 2), 0)
        ImageDraw.Draw(mask).polygon([(x * 2 - 0.5, y * 2 - 0.5) for x, y in places], fill=255)
        seen.paste(laid, mask=mask.reduce(2))
    light = np.linspace(0.86, 1.02, size[0], dtype=np.float32)[None, :, None]
    lit: NDArray[np.uint8] = np.clip(np.asarray(seen) * light, 0, 255).astype(np.uint8)
    return Image.fromarray(lit)


def moment(scene: Image.Image, seed: int, n: int) -> Image.Image:
    """The scene as the camera sees it at one moment: another `n`, other grain."""
    wide, high = scene.size
    noise = np.random.default_rng((seed, n, 8)).integers(-4, 5, (high, wide, 1), dtype=np.int16)
    grained: NDArray[np.uint8] = np.clip(np.asarray(scene, dtype=np.int16) + noise, 0, 255).astype(np.uint8)
    return Image.fromarray(grained)


def _mat(seed: int, ground: Ground, size: tuple[int, int]) -> Image.Image:
    wide, high = size
    chance = np.random.default_rng((seed, 9))
    if ground is Ground.WOOD:
        rough = chance.normal(0, 1, (high // 2, wide // 40)).astype(np.float32)
        veins = Image.fromarray(np.clip(rough * 40 + 128, 0, 255).astype(np.uint8)).resize(
            size, Image.Resampling.BICUBIC
        )
        vein = np.asarray(veins, dtype=np.float32)[..., None] - 128
        return Image.fromarray(np.clip(vein * 0.5 + (150, 110, 70), 0, 255).astype(np.uint8))
    colour = (52, 70, 60) if ground is Ground.DARK else (210, 208, 205)
    return Image.new("RGB", size, colour)


def _perspective(seen: list[tuple[float, float]], size: tuple[int, int]) -> list[float]:
    """Pillow's eight numbers that lead from a place in the picture to the place on the sheet."""
    rows, values = [], []
    for (x, y), (across, down) in zip(seen, ((0, 0), (size[0], 0), size, (0, size[1])), strict=True):
        rows += [(x, y, 1, 0, 0, 0, -across * x, -across * y), (0, 0, 0, x, y, 1, -down * x, -down * y)]
        values += [across, down]
    return [float(each) for each in np.linalg.solve(np.array(rows), np.array(values))]
