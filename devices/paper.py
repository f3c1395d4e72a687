"""Invented A4 pages with known truth, for the simulated scanner and document camera.

Everything follows from the seed and the page's number. Nobody on these pages exists.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

A4_INCHES = (210 / 25.4, 297 / 25.4)
_PAPER = (250, 249, 245)
_BED = (38, 38, 40)
_INK = (28, 28, 28)
_BLUE = (25, 30, 110)
_RED = (214, 40, 40)

# Fonts that hold Chinese, where distributions and Windows put them; one of them is enough.
_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "/usr/share/fonts/truetype/lxgw-wenkai/LXGWWenKai-Light.ttf",
    "C:/Windows/Fonts/simsun.ttc",
    "C:/Windows/Fonts/msyh.ttc",
    "/System/Library/Fonts/PingFang.ttc",
)
_TITLES = ("食品经营许可申请书", "房屋租赁合同", "授权委托书", "经营场所使用证明")
_WORDS = (
    "申请人应当如实提交有关材料和反映真实情况",
    "并对其申请材料实质内容的真实性负责",
    "经营场所的平面布局和操作流程说明附后",
    "本合同一式三份双方各执一份备案一份",
    "自签字或者盖章之日起生效未尽事宜另行商定",
    "受托人在授权范围内签署的文件委托人均予承认",
)
_FIELDS = ("名称", "住所", "经营者", "联系电话", "主体业态", "经营项目", "从业人数", "场所面积")
_VALUES = ("样例小吃店", "示范路一号", "样例人甲", "〇五七四", "餐饮服务", "热食类", "三人", "四十二平方米")


class Kind(StrEnum):
    """What is on a page."""

    FORM = "form"
    TEXT = "text"
    BLANK = "blank"  # a back, with the front showing through
    SIGNATURE = "signature"  # nothing but a signature
    NUMBER = "number"  # nothing but a page number


@dataclass(frozen=True)
class Truth:
    """What was drawn: the analysis of a page is tested against this.

    `skew` is in degrees, clockwise as seen, and `box` the paper's edges as fractions of the straightened picture.
    """

    kind: Kind
    skew: float
    box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)

    @property
    def blank(self) -> bool:
        return self.kind is Kind.BLANK


def truth(seed: int, n: int, duplex: bool = False) -> Truth:
    """What page `n` (from 1) of the stack of this seed is. In duplex two of three backs are blank."""
    chance = np.random.default_rng((seed, n))
    skew = round(float(chance.uniform(-2.5, 2.5)), 2)
    if duplex and n % 2 == 0:
        return Truth(Kind.TEXT if n % 6 == 0 else Kind.BLANK, -truth(seed, n - 1).skew)
    return Truth((Kind.FORM, Kind.TEXT)[int(chance.integers(2))], skew)


def page(seed: int, n: int, dpi: int, duplex: bool = False, known: Truth | None = None) -> Image.Image:
    """Page `n` as the scanner sees it, in colour. `known` draws that instead of what the seed says."""
    known = known or truth(seed, n, duplex)
    front = sheet(known.kind, seed, n, dpi)
    before = max(n - 1, 1)
    other = sheet(truth(seed, before, duplex).kind, seed, before, dpi) if known.kind is Kind.BLANK else None
    return scanned(front, seed, n, dpi, known.skew, other)


def sheet(kind: Kind, seed: int, n: int, dpi: int) -> Image.Image:
    """The printed and signed sheet itself, straight and clean."""
    chance = np.random.default_rng((seed, n, 1))
    scale = dpi / 300
    picture = Image.new("RGB", (round(A4_INCHES[0] * dpi), round(A4_INCHES[1] * dpi)), _PAPER)
    draw = ImageDraw.Draw(picture)
    width, height = picture.size

    def at(value: float) -> int:
        return round(value * scale)

    if kind is Kind.BLANK:
        return picture
    if kind is Kind.NUMBER:
        draw.text((width // 2, height - at(200)), f"- {n} -", font=_font(at(42)), fill=_INK, anchor="mm")
        return picture
    if kind is Kind.SIGNATURE:
        _scrawl(draw, chance, at(1500), at(900), scale)
        return picture
    title = _TITLES[int(chance.integers(len(_TITLES)))]
    draw.text((width // 2, at(230)), title, font=_font(at(88)), fill=_INK, anchor="mm")
    top = 380.0
    if kind is Kind.FORM:
        for row, (name, value) in enumerate(zip(_FIELDS, _VALUES, strict=True)):
            draw.rectangle((at(200), at(top), width - at(200), at(top + 120)), outline=_INK, width=max(1, at(4)))
            draw.line((at(640), at(top), at(640), at(top + 120)), fill=_INK, width=max(1, at(4)))
            draw.text((at(230), at(top + 60)), name, font=_font(at(46)), fill=_INK, anchor="lm")
            ink = _BLUE if row % 2 else _INK
            draw.text((at(670), at(top + 60)), value, font=_font(at(46)), fill=ink, anchor="lm")
            top += 120
        top += 90
    while top < 2900:
        words = "，".join(_WORDS[int(i)] for i in chance.integers(0, len(_WORDS), 2))
        draw.text((at(230), at(top)), words, font=_font(at(44)), fill=_INK)
        top += 82
    _scrawl(draw, chance, at(500), at(3060), scale)
    _seal(draw, width - at(650), height - at(620), at(230), scale)
    return picture


def scanned(
    picture: Image.Image, seed: int, n: int, dpi: int, skew: float, other: Image.Image | None = None
) -> Image.Image:
    """A sheet as a scanner sees it: turned on a dark bed, with grain, dust, punch holes; `other` shows through."""
    chance = np.random.default_rng((seed, n, 2))
    scale = dpi / 300
    if other is not None:
        ghost = other.transpose(Image.Transpose.FLIP_LEFT_RIGHT).filter(ImageFilter.GaussianBlur(4 * scale))
        picture = ImageChops.subtract(picture, ImageChops.invert(ghost).point(lambda value: value // 20))
    # Pillow turns anticlockwise.
    picture = picture.rotate(-skew, Image.Resampling.BILINEAR, fillcolor=_BED)
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    for _ in range(25):
        x, y, r = (int(chance.integers(0, most)) for most in (width, height, max(2, round(4 * scale))))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(90, 85, 80))
    for y in (round(900 * scale), height - round(900 * scale)):
        x, r = round(90 * scale), round(34 * scale)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(175, 173, 170))
    pixels = np.asarray(picture, dtype=np.int16)
    grain = chance.integers(-6, 7, (height, width, 1), dtype=np.int16)
    light = np.linspace(0, -8, height).astype(np.int16)[:, None, None]
    seen: NDArray[np.uint8] = np.clip(pixels + grain + light, 0, 255).astype(np.uint8)
    return Image.fromarray(seen)


def _scrawl(draw: ImageDraw.ImageDraw, chance: np.random.Generator, x: int, y: int, scale: float) -> None:
    """Something like a signature."""
    points = [(x + i * 9 * scale, y + scale * (30 * math.sin(i * 0.7) + float(chance.normal(0, 9)))) for i in range(42)]
    draw.line(points, fill=_BLUE, width=max(1, round(6 * scale)), joint="curve")


def _seal(draw: ImageDraw.ImageDraw, x: int, y: int, radius: int, scale: float) -> None:
    """A red ring with a star, and no office's name."""
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=_RED, width=max(1, round(15 * scale)))
    star = [
        (
            x + radius * (0.34 if i % 2 == 0 else 0.13) * math.sin(i * math.pi / 5),
            y - radius * (0.34 if i % 2 == 0 else 0.13) * math.cos(i * math.pi / 5),
        )
        for i in range(10)
    ]
    draw.polygon(star, fill=_RED)
    draw.text((x, y + radius * 0.6), "样例专用章", font=_font(round(radius * 0.22)), fill=_RED, anchor="mm")


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for path in _FONTS:
        if Path(path).is_file():
            return ImageFont.truetype(path, max(size, 4))
    return ImageFont.load_default(max(size, 4))
