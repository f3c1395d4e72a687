"""What is on one page, and how to show it. The page's bytes are evidence and are only ever read.

Everything found here is metadata. A page is viewed by taking the paper out of a photograph (`corners`), turning it
straight (`skew`), cutting it (`crop`, fractions of the straightened picture) and turning it (`rotation`, clockwise), in
this order. A page that comes in is decoded once, no finer than 75 dpi, where each question takes a millisecond or two;
only where something looks like a code too small for that it is decoded again.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import zxingcpp
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from contract.material import Corners
from contract.perspective import flat_size, perspective
from contract.problem import Problem, Retry

Rotation = Literal[0, 90, 180, 270]
Crop = tuple[float, float, float, float]  # left, top, right, bottom, as fractions
_Grey = NDArray[np.uint8]

BLANK_BELOW = 0.2  # measured on pages with show-through, dust and punch holes: blank 0.00, a page number ≥ 0.41
PIXEL_LIMIT = 120_000_000  # A3 at 600 dpi has 70 million
WHOLE: Crop = (0.0, 0.0, 1.0, 1.0)
THUMBNAIL = 310  # pixels high

_MEDIA_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff"}
_PDF = "application/pdf"
_A4_LONG = 297 / 25.4  # inches
_LIKELY_LONG = (2.0, 24.0)  # inches; outside of these the file's dpi is not the paper's (telephones say 72)
_LOOK_DPI = 75
_CODE_DPI = 150
_SKEW_LIMIT = 5.0  # degrees; more than that is a page laid in wrongly, for a person to turn
_INK = 45  # grey levels below the paper's white
_BLACK = 100  # below it what is printed black, also where it is too fine to be seen so
_SHADE = 60  # below that by so much it is no longer paper
_PERHAPS_DUST = 3.0  # a score above that is writing
_DOT = 3  # pixels: a millimetre
_BED = 100  # and by so much it is the scanner's dark bed
_BED_GREY = 30  # what is taken to lie beyond the edges of the picture
_NEARLY = 0.97  # a picture this much too small is not worth decoding four times as many pixels
_LEAST_EDGES = 200  # fewer pixels of writing say nothing about its direction
_FEW_EDGES, _MANY_EDGES = 5_000, 26_000  # of more only every second, third … is tried, at first and in the end
_CLEAR = 1.25  # how much better than a usual angle the best one must be

_QR = [zxingcpp.BarcodeFormat.QRCode]
_QR_OR_BARS = [*_QR, zxingcpp.BarcodeFormat.Code128]

# Pillow's own alarm: a picture of more than twice this raises before anything is decoded.
Image.MAX_IMAGE_PIXELS = PIXEL_LIMIT


@dataclass(frozen=True)
class PageFacts:
    """What was found on a page, or on one page of a file that has several.

    Attributes:
        width, height: Pixels, the way up in which the page is seen; of a PDF those of a drawing at 150 dpi.
        dpi: Pixels per inch as the file says, or as if the longer side were that of A4 where that cannot be.
        skew_degrees: By how much the writing is turned, clockwise; 0 where there is too little of it.
        crop: The paper in the straightened picture, without the scanner's dark bed.
        blank_score: Share of connected ink, times 10 000; where there is little, without dots.
        blank: Whether that is too little for anything to be on the page: to be hidden, never deleted.
        codes: Texts of the QR codes and Code 128 bars on the page.
        frames: Number of pages in the file.
    """

    width: int
    height: int
    dpi: int
    skew_degrees: float
    crop: Crop
    blank_score: float
    blank: bool
    codes: tuple[str, ...]
    frames: int = 1

    def __repr__(self) -> str:
        return f"PageFacts({self.width}×{self.height}, {self.dpi} dpi, {len(self.codes)} codes)"


class Rasteriser(Protocol):
    """What draws PDF pages, counted from 0; the module app.papers.raster is one."""

    def page_count(self, pdf: bytes, /) -> int: ...

    def page_image(self, pdf: bytes, page: int, dpi: int, /) -> Image.Image: ...


@dataclass(frozen=True)
class _View:
    """How a page is to be seen: turned straight, cut, turned, `width` or `height` pixels wide or high."""

    rotation: Rotation
    skew: float
    crop: Crop | None
    width: int | None = None
    height: int | None = None

    def __post_init__(self) -> None:
        left, top, right, bottom = self.crop or WHOLE
        if self.rotation not in (0, *_TURNS) or not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            raise ValueError("not a rotation, or not a crop")

    @property
    def need(self) -> tuple[int | None, int | None]:
        """What must be the side of the uncropped, unturned page for the result to come out as asked for."""
        left, top, right, bottom = self.crop or WHOLE
        share_wide, share_high = right - left, bottom - top
        lying = self.rotation in (90, 270)
        if self.width is not None:
            return (None, round(self.width / share_high)) if lying else (round(self.width / share_wide), None)
        assert self.height is not None
        return (round(self.height / share_wide), None) if lying else (None, round(self.height / share_high))

    def ratio(self, size: tuple[int, int]) -> float:
        """By what a picture of this size is to be scaled."""
        wide, high = self.need
        return wide / size[0] if wide is not None else (high or 0) / size[1]


@dataclass(frozen=True)
class _Decoded:
    """A page in the way up in which it is seen, perhaps smaller than stored: `size` is the stored one."""

    picture: Image.Image
    size: tuple[int, int]
    dpi: int
    frames: int

    @property
    def reduced(self) -> bool:
        """Whether the file has finer pixels than the picture."""
        return max(self.picture.size) < max(self.size)

    def grey(self, dpi: int) -> Image.Image:
        """A grey copy of so many pixels per inch of the paper."""
        grey = self.picture if self.picture.mode == "L" else self.picture.convert("L")
        return _scaled(grey, dpi / self.dpi * max(self.size) / max(grey.size))


def analyse(
    data: bytes,
    media_type: str,
    *,
    frame: int = 0,
    rasteriser: Rasteriser | None = None,
    corners: Corners | None = None,
) -> PageFacts:
    """Look at one page file; `frame` (from 0) at one page of a TIFF or PDF that has several.

    With `corners` at the paper between them, as if it had been scanned.

    Raises:
        page.unreadable: damaged, cut off, of another kind than `media_type` says, or of none of ours (JPEG,
            PNG, TIFF; PDF only with a rasteriser).
        page.too_large: more pixels than paper can need.
    """
    return _looked_at(data, media_type, frame, rasteriser, corners)[0]


def first_look(
    data: bytes,
    media_type: str,
    *,
    frame: int = 0,
    rasteriser: Rasteriser | None = None,
    corners: Corners | None = None,
) -> tuple[PageFacts, bytes]:
    """What `analyse` finds, and the `thumbnail` of the page seen so, out of one decoding. Raises as `analyse` does."""
    facts, page = _looked_at(data, media_type, frame, rasteriser, corners)
    view = _View(0, facts.skew_degrees, facts.crop, height=THUMBNAIL)
    if page.reduced and view.ratio(page.picture.size) > 1 / _NEARLY:  # a slip of paper on a large glass
        page = _decode(data, frame, None, view.need, rasteriser, corners=corners)
    return facts, _jpeg(page, view, 75)


def _looked_at(
    data: bytes, media_type: str, frame: int, rasteriser: Rasteriser | None, corners: Corners | None
) -> tuple[PageFacts, _Decoded]:
    def decoded(dpi: int) -> _Decoded:
        return _decode(data, frame, dpi, None, rasteriser, media_type, corners)

    page = decoded(_CODE_DPI if media_type == _PDF else _LOOK_DPI)
    look = page.grey(_LOOK_DPI)
    pixels: _Grey = np.asarray(look)
    white = _paper_white(pixels)
    skew = _skew(pixels, white)
    straight = np.asarray(look.rotate(skew, Image.Resampling.NEAREST, fillcolor=_BED_GREY)) if skew else pixels
    crop = _paper_box(straight, white)
    score = _blank_score(straight, white, crop)
    facts = PageFacts(
        width=page.size[0],
        height=page.size[1],
        dpi=page.dpi,
        skew_degrees=skew,
        crop=crop,
        blank_score=score,
        blank=score < BLANK_BELOW,
        codes=_codes(pixels, white, lambda: decoded(_CODE_DPI).grey(_CODE_DPI)),
        frames=page.frames,
    )
    return facts, page


def thumbnail(
    data: bytes,
    rotation: Rotation = 0,
    skew: float = 0.0,
    crop: Crop | None = None,
    height: int = THUMBNAIL,
    *,
    frame: int = 0,
    rasteriser: Rasteriser | None = None,
    corners: Corners | None = None,
) -> bytes:
    """The page as it is to be seen, `height` pixels high, as JPEG. Raises as `analyse` does."""
    view = _View(rotation, skew, crop, height=height)
    return _jpeg(_decode(data, frame, None, view.need, rasteriser, corners=corners), view, 75)


def preview(
    data: bytes,
    rotation: Rotation = 0,
    skew: float = 0.0,
    crop: Crop | None = None,
    width: int = 1240,
    *,
    frame: int = 0,
    rasteriser: Rasteriser | None = None,
    corners: Corners | None = None,
) -> bytes:
    """The page as it is to be seen, `width` pixels wide but never larger than it is, as JPEG.

    1240 pixels are A4 at 150 dpi, where a date in a stamp can be read. Raises as `analyse` does.
    """
    view = _View(rotation, skew, crop, width=width)
    return _jpeg(_decode(data, frame, None, view.need, rasteriser, corners=corners), view, 88)


def _jpeg(page: _Decoded, view: _View, quality: int) -> bytes:
    """The page as it is to be seen."""
    picture = page.picture
    ratio = min(view.ratio(picture.size), 1 / _NEARLY if page.reduced else 1.0)
    # Turned pixel by pixel before it is made much smaller, which smooths it; otherwise smoothly and after.
    if ratio < 0.4:
        picture = _scaled(_turned(picture, view.skew, Image.Resampling.NEAREST), ratio)
    else:
        picture = _turned(_scaled(picture, ratio), view.skew, Image.Resampling.BILINEAR)
    if view.crop is not None and view.crop != WHOLE:
        left, top, right, bottom = view.crop
        wide, high = picture.size
        box = (round(left * wide), round(top * high), round(right * wide), round(bottom * high))
        picture = picture.crop((box[0], box[1], max(box[2], box[0] + 1), max(box[3], box[1] + 1)))
    if view.rotation:
        picture = picture.transpose(_TURNS[view.rotation])
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def opened_frame(
    data: bytes,
    media_type: str,
    frame: int,
    dpi: int,
    rasteriser: Rasteriser | None = None,
    corners: Corners | None = None,
) -> tuple[Image.Image, int]:
    """One page of a file in full, the way up in which it is seen, in grey or colour, and its pixels per inch.

    A page of a PDF is drawn at `dpi`. Raises as `analyse` does.
    """
    page = _decode(data, frame, dpi if media_type == _PDF else None, None, rasteriser, media_type, corners)
    return page.picture, round(page.dpi * max(page.picture.size) / max(page.size))


def _turned(picture: Image.Image, skew: float, how: Image.Resampling) -> Image.Image:
    if not skew:
        return picture
    return picture.rotate(skew, how, fillcolor=255 if picture.mode == "L" else (255, 255, 255))


# Pillow turns anticlockwise.
_TURNS: dict[int, Image.Transpose] = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


# --- opening ----------------------------------------------------------------------------------------------------------


def _decode(
    data: bytes,
    frame: int,
    dpi: int | None,
    need: tuple[int | None, int | None] | None,
    rasteriser: Rasteriser | None,
    media_type: str | None = None,
    corners: Corners | None = None,
) -> _Decoded:
    """Decode a page no finer than wanted: for a resolution of the paper, or for a side of `need` pixels.

    Whatever the libraries raise on hostile bytes is one Problem here: they raise nearly everything.
    """
    try:
        if data.startswith(b"%PDF-") or media_type == _PDF:
            if rasteriser is None or media_type not in (None, _PDF):
                raise Problem("page.unreadable", Retry.NEVER)
            return _decode_pdf(data, frame, dpi, need, rasteriser)
        return _decode_picture(data, frame, dpi, need, media_type, corners)
    except Problem as problem:
        if problem.code.startswith("page."):
            raise
        raise Problem("page.unreadable", Retry.NEVER) from None  # the rasteriser's own words are for papers
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large() from None
    except Exception:
        raise Problem("page.unreadable", Retry.NEVER) from None


def _too_large() -> Problem:
    return Problem("page.too_large", Retry.NEVER, limit=PIXEL_LIMIT // 1_000_000)


def _decode_picture(
    data: bytes,
    frame: int,
    dpi: int | None,
    need: tuple[int | None, int | None] | None,
    media_type: str | None,
    corners: Corners | None,
) -> _Decoded:
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "TIFF")) as picture:
        kind = _MEDIA_TYPES.get(picture.format or "")
        if media_type is not None and kind != media_type:
            raise Problem("page.unreadable", Retry.NEVER)
        frames = int(getattr(picture, "n_frames", 1)) if kind == "image/tiff" else 1
        if not 0 <= frame < frames:
            raise Problem("page.unreadable", Retry.NEVER)
        if frame:
            picture.seek(frame)
        wide, high = picture.size
        if wide * high > PIXEL_LIMIT:
            raise _too_large()
        # Pillow turns a TIFF by itself.
        way_up = 1 if kind == "image/tiff" else picture.getexif().get(ExifTags.Base.Orientation, 1)
        lying = way_up in (5, 6, 7, 8)
        size = (high, wide) if lying else (wide, high)
        whole = size
        if corners is not None:
            size = flat_size(corners, whole)
        # What a camera's file says of dpi is about nothing: only its paper has a size.
        stored_dpi = paper_dpi(picture.info.get("dpi") if corners is None else None, max(size))
        if kind == "image/jpeg":
            # Decodes an eighth, a quarter or a half of the resolution, hardly less than asked for.
            share = _share(size, stored_dpi, dpi, need) * _NEARLY
            picture.draft(picture.mode, (math.ceil(wide * share), math.ceil(high * share)))
            picture.decodermaxblock = len(data)  # not in pieces of 64 kB: it is all here
        picture.load()
        upright = picture if way_up == 1 else ImageOps.exif_transpose(picture)
        shown = _plain(upright)
        if corners is not None:
            shown = _flat(shown, corners, size, shown.width / whole[0])
        return _Decoded(shown, size, stored_dpi, frames)


def _flat(picture: Image.Image, corners: Corners, size: tuple[int, int], scale: float) -> Image.Image:
    """The paper taken out of the picture, which is `scale` of the stored one; white where it lies outside of it."""
    flat = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    turn = perspective(corners, picture.size, flat)
    white = 255 if picture.mode == "L" else (255, 255, 255)
    return picture.transform(flat, Image.Transform.PERSPECTIVE, turn, Image.Resampling.BILINEAR, fillcolor=white)


def _decode_pdf(
    data: bytes, frame: int, dpi: int | None, need: tuple[int | None, int | None] | None, rasteriser: Rasteriser
) -> _Decoded:
    frames = rasteriser.page_count(data)
    if not 0 <= frame < frames:
        raise Problem("page.unreadable", Retry.NEVER)
    # A PDF's page may be up to five metres long; a coarse drawing tells.
    coarse = 10
    probe = rasteriser.page_image(data, frame, coarse)
    size = (probe.width * _CODE_DPI // coarse, probe.height * _CODE_DPI // coarse)
    if size[0] * size[1] > PIXEL_LIMIT:
        raise _too_large()
    fine = max(math.ceil(_CODE_DPI * _share(size, _CODE_DPI, dpi, need, most=4.0)), coarse)
    if size[0] * size[1] * (fine / _CODE_DPI) ** 2 > PIXEL_LIMIT:
        raise _too_large()
    picture = rasteriser.page_image(data, frame, fine)
    if fine == _CODE_DPI:
        size = picture.size
    return _Decoded(_plain(picture), size, _CODE_DPI, frames)


def _share(
    size: tuple[int, int],
    paper_dpi: int,
    dpi: int | None,
    need: tuple[int | None, int | None] | None,
    most: float = 1.0,
) -> float:
    """Which share of the stored resolution is enough."""
    if dpi is not None:
        return min(dpi / paper_dpi, most)
    wide, high = need or (None, None)
    return min((wide or 0) / size[0] or (high or 0) / size[1] or most, most)


def paper_dpi(said: object, long_side: int) -> int:
    """Pixels per inch as a file says it, or as if the longer side were that of A4 where that cannot be."""
    if isinstance(said, tuple) and said and isinstance(said[0], int | float) and said[0] > 0:
        least, most = _LIKELY_LONG
        if least <= long_side / float(said[0]) <= most:
            return max(round(float(said[0])), 1)
    return max(round(long_side / _A4_LONG), 1)


def _plain(picture: Image.Image) -> Image.Image:
    """8 bits grey or RGB: what is see-through lies on white, 16 bits lose the lower eight."""
    if picture.mode in ("L", "RGB"):
        return picture
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.mode == "1":
        return picture.convert("L")
    if picture.has_transparency_data:
        clear = picture.convert("RGBA")
        ground = Image.new("RGB", clear.size, (255, 255, 255))
        ground.paste(clear, mask=clear.getchannel("A"))
        return ground
    return picture.convert("RGB")


def _scaled(picture: Image.Image, ratio: float) -> Image.Image:
    size = (max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio)))
    if size == picture.size:
        return picture
    how = Image.Resampling.BOX if ratio <= 0.5 else Image.Resampling.BILINEAR  # which weighs parts of pixels evenly
    return picture.resize(size, how, reducing_gap=1.4)


# --- looking ----------------------------------------------------------------------------------------------------------


def _paper_white(pixels: _Grey) -> int:
    """The grey of the paper: the commonest light one, or where nothing much is light, a light one of what is there."""
    counts = np.bincount(pixels[::4].ravel(), minlength=256)  # every fourth line says it
    around = np.convolve(counts, np.ones(9, dtype=np.int64), "same")
    light = around.copy()
    light[:128] = 0
    peak = int(light.argmax())
    if light[peak] >= 0.02 * counts.sum():
        return peak
    return int(np.searchsorted(np.cumsum(counts), 0.75 * counts.sum()))


def _skew(pixels: _Grey, white: int) -> float:
    """Angle of the writing in degrees, clockwise, to 0.025.

    The lower edges of ink are projected along each angle: where lines of writing fall into the same rows, the sum
    of squares is greatest (Postl 1988). Measured error on pages of known truth: median 0.01, at most 0.05.
    """
    high, wide = pixels.shape
    side, top = max(int(wide * 0.05), 1), max(int(high * 0.04), 1)
    inner = pixels[top:-top, side:-side]
    if min(inner.shape) < 2:
        return 0.0
    edge = white - _INK
    ink = inner < edge
    at = np.flatnonzero(ink[:-1] & ~ink[1:])
    if len(at) < _LEAST_EDGES:
        return 0.0
    y, x = np.divmod(at, inner.shape[1])
    # Where between two rows the edge lies: whole rows alone would draw small angles to 0.
    dark, light = inner[y, x].astype(np.float32), inner[y + 1, x].astype(np.float32)
    across = (x - wide / 2).astype(np.float32)
    # Stays positive at every angle tried.
    down = (y + (edge - dark) / (light - dark)).astype(np.float32) + np.float32(wide)

    def gathered(angle: float, every: int) -> float:
        """The sum of squares, also where only every so many edges are looked at: their pairs tell those of all."""
        slope = np.float32(math.tan(math.radians(angle)))
        looked_at = down[::every] - across[::every] * slope
        rows = np.bincount(looked_at.astype(np.intp))
        return float(np.square(rows).sum() - len(looked_at)) * every * every + len(at)

    few, many = len(at) // _FEW_EDGES + 1, len(at) // _MANY_EDGES + 1
    usual: list[float] = []
    best = 0.0
    for reach, pace, every in ((_SKEW_LIMIT, 0.5, few), (0.3, 0.1, few), (0.075, 0.025, many)):
        angles = np.arange(best - reach, best + reach + pace / 2, pace)
        scores = [gathered(float(angle), every) for angle in angles]
        usual = usual or scores
        best = float(angles[int(np.argmax(scores))])
    if gathered(best, few) < _CLEAR * float(np.median(usual)) or abs(best) >= _SKEW_LIMIT:
        return 0.0
    return round(best, 3) + 0.0  # never -0.0


def _paper_box(straight: _Grey, white: int) -> Crop:
    """Where the paper is, if round it there is nothing but the scanner's dark bed; otherwise everything."""
    high, wide = straight.shape
    bright = straight > white - _SHADE
    rows, columns = bright.sum(axis=1, dtype=np.uint32), bright.sum(axis=0, dtype=np.uint32)
    if rows.max() < 0.05 * wide:
        return WHOLE
    ys = np.flatnonzero(rows > rows.max() / 2)
    xs = np.flatnonzero(columns > columns.max() / 2)
    top, bottom, left, right = int(ys[0]), int(ys[-1]) + 1, int(xs[0]), int(xs[-1]) + 1
    outside = np.ones_like(bright)
    outside[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2] = False
    around = straight[outside]
    # A dark picture printed to the edge is no bed: a bed is dark all over and plain.
    if around.size:
        alike = np.abs(around.astype(np.int16) - int(np.median(around))) < 20
        if float(np.mean(around > white - _BED)) > 0.3 or float(alike.mean()) < 0.8:
            return WHOLE
    return (round(left / wide, 4), round(top / high, 4), round(right / wide, 4), round(bottom / high, 4))


def _blank_score(straight: _Grey, white: int, crop: Crop) -> float:
    """Share of ink that hangs together, times 10 000, inside a margin of 6 % and 4.5 %.

    Dust, grain and the other side showing through do not count; a signature alone does, or the number of a page.
    """
    high, wide = straight.shape
    left, top, right, bottom = (
        round(fraction * side) for fraction, side in zip(crop, (wide, high, wide, high), strict=True)
    )
    side, end = max(round((right - left) * 0.06), 1), max(round((bottom - top) * 0.045), 1)
    ink = straight[top + end : bottom - end, left + side : right - side] < white - _INK
    if not ink.size:
        return 0.0
    framed = np.pad(ink, 1).view(np.uint8)
    neighbours = framed[:-2, 1:-1] + framed[2:, 1:-1] + framed[1:-1, :-2] + framed[1:-1, 2:]
    hangs = ink & (neighbours >= 2)
    score = float(np.count_nonzero(hangs) / ink.size * 10_000)
    if score < _PERHAPS_DUST:
        score = _reaching(ink, hangs) / ink.size * 10_000
    return round(score, 3)


def _reaching(ink: NDArray[np.bool_], counted: NDArray[np.bool_]) -> int:
    """How many of what is counted are no dot's: in the ring a millimetre round them there is more ink."""
    y, x = np.nonzero(counted)
    framed = np.pad(ink, _DOT)
    reaches = np.zeros(len(y), np.bool_)
    for along in range(2 * _DOT + 1):
        for down, across in ((0, along), (2 * _DOT, along), (along, 0), (along, 2 * _DOT)):
            reaches |= framed[y + down, x + across]
    return int(np.count_nonzero(reaches))


def _codes(pixels: _Grey, white: int, finer: Callable[[], Image.Image]) -> tuple[str, ...]:
    """Texts of the codes: QR at 75 dpi, in half a millisecond; more kinds at 150 where something looks like one."""
    texts = _read(pixels, _QR)
    if not texts and _like_a_code(pixels, white):
        texts = _read(np.asarray(finer()), _QR_OR_BARS)
    return texts


def _read(pixels: _Grey, kinds: list[zxingcpp.BarcodeFormat]) -> tuple[str, ...]:
    found = zxingcpp.read_barcodes(
        pixels, formats=zxingcpp.BarcodeFormats(kinds), try_rotate=False, try_downscale=False, try_invert=False
    )
    return tuple(dict.fromkeys(each.text for each in found if each.text))


def _like_a_code(pixels: _Grey, white: int) -> bool:
    """Whether somewhere black and white change as often as in a code, whether or not it can be read at 75 dpi.

    Changes are counted in cells of 8 × 4 pixels. A QR code has no empty line through it, as writing has between its
    lines: a square of three by six cells (8 mm), each line of it busy. Bars are busy across but not down. Of what
    could change did in codes that can be read at 150 dpi at least 0.19 and 0.50, on forms and letters at most 0.15
    and 0.32.
    """
    if min(pixels.shape) < 40:
        return False
    dark = pixels < white - _BLACK
    across = _changes(dark[:-2, 1:] != dark[:-2, :-1])
    lines = _sums(across, 3)
    squares = np.minimum.reduce([lines[at : len(lines) - 5 + at] for at in range(6)])
    if squares.max() > 0.17 * 3 * 32:
        return True
    bars = _sums(across, 4)
    busy = bars > 0.42 * 4 * 32
    if not busy.any():
        return False
    rungs = _sums(_changes(dark[:-2, 1:] != dark[2:, 1:]), 4)
    return bool((rungs[busy] < 0.3 * bars[busy]).any())


def _changes(changed: NDArray[np.bool_]) -> NDArray[np.int16]:
    """How many are set in each cell, 8 wide and 4 high."""
    eights = np.bitwise_count(np.packbits(changed, axis=1))
    fours = eights[: len(eights) // 4 * 4].reshape(-1, 4, eights.shape[1])
    return np.asarray(fours.sum(axis=1), np.int16)


def _sums(cells: NDArray[np.int16], run: int) -> NDArray[np.int16]:
    """Sums of so many cells side by side."""
    each = [cells[:, at : cells.shape[1] - run + 1 + at] for at in range(run)]
    return np.asarray(np.add.reduce(each), np.int16)
