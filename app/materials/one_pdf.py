"""Many pages as one PDF, written as it goes: the scans' own bytes, laid straight by each page's matrix.

A JPEG is copied into the file unchanged, so that whoever takes it out again has the evidence to the byte; that the page
is straight, cut to its paper and turned the right way up is a matrix of six numbers. Nothing is decoded but what PDF
cannot hold as it is (PNG, TIFF, a page of another PDF) or show as it is (a sheet photographed aslant, which no such
matrix makes flat), and no more than one page is in memory.
"""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Iterable
from typing import IO, NamedTuple

from PIL import ExifTags, Image

from app.materials.pages import WHOLE, Rasteriser, opened_frame, paper_dpi
from contract.material import Page
from contract.problem import Problem, Retry

_RASTER_DPI = 200  # of pages that came as PDF
_QUALITY = 88  # of a photograph that was made flat
_CATALOG, _PAGES = 1, 2  # the numbers of the first two objects
_SPACES = {"L": "/DeviceGray", "RGB": "/DeviceRGB", "CMYK": "/DeviceCMYK"}


class _Matrix(NamedTuple):
    """PDF's way of writing an affine map: x' = a·x + c·y + e, y' = b·x + d·y + f."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def then(self, other: _Matrix) -> _Matrix:
        """This map, and after it the other."""
        return _Matrix(
            self.a * other.a + self.b * other.c,
            self.a * other.b + self.b * other.d,
            self.c * other.a + self.d * other.c,
            self.c * other.b + self.d * other.d,
            self.e * other.a + self.f * other.c + other.e,
            self.e * other.b + self.f * other.d + other.f,
        )


# What a camera's orientation (EXIF) does to the unit square in which PDF paints a picture.
_UPRIGHT = {
    1: _Matrix(1, 0, 0, 1, 0, 0),
    2: _Matrix(-1, 0, 0, 1, 1, 0),
    3: _Matrix(-1, 0, 0, -1, 1, 1),
    4: _Matrix(1, 0, 0, -1, 0, 1),
    5: _Matrix(0, -1, -1, 0, 1, 1),
    6: _Matrix(0, -1, 1, 0, 0, 1),
    7: _Matrix(0, 1, 1, 0, 0, 0),
    8: _Matrix(0, 1, -1, 0, 1, 0),
}


class _Picture(NamedTuple):
    """A picture as PDF holds it: its dictionary's entries, its bytes, the size and resolution at which it is seen."""

    entries: str
    data: bytes
    wide: int
    high: int
    dpi: int
    upright: _Matrix


def write_pdf(
    out: IO[bytes], pages: Iterable[tuple[Page, bytes]], title: str = "", rasteriser: Rasteriser | None = None
) -> int:
    """Write the pages as they are to be seen, in their order. Returns how many there were.

    Raises:
        Problem: ``page.unreadable`` and ``page.too_large``, as `app.materials.pages.analyse`; what was written by then
            is no whole PDF.
    """
    file = _File(out)
    kids = []
    for page, data in pages:
        picture = _picture(page, data, rasteriser)
        size, matrix = laid(page, picture.wide, picture.high, page.dpi or picture.dpi)
        matrix = picture.upright.then(matrix)
        image = file.add(f"<</Type/XObject/Subtype/Image{picture.entries}", picture.data)
        drawn = file.add("<<", f"q {_numbers(*matrix)} cm /P Do Q".encode())
        kids.append(
            file.add(
                f"<</Type/Page/Parent {_PAGES} 0 R/MediaBox[0 0 {_numbers(*size)}]"
                f"/Resources<</XObject<</P {image} 0 R>>>>/Contents {drawn} 0 R>>"
            )
        )
    file.end(kids, title)
    return len(kids)


def laid(page: Page, wide: int, high: int, dpi: int) -> tuple[tuple[float, float], _Matrix]:
    """The size of the sheet in points, and how the unit square comes to lie on it: straight, cut out, turned.

    `wide`, `high` and `dpi` are those of the picture the way up in which it is seen.
    """
    left, top, right, bottom = page.crop or WHOLE
    width, height = wide * 72 / dpi, high * 72 / dpi
    turn = math.radians(page.skew)  # anticlockwise, about the middle
    cos, sin = math.cos(turn), math.sin(turn)
    matrix = _Matrix(width, 0, 0, height, -width / 2, -height / 2)
    matrix = matrix.then(_Matrix(cos, sin, -sin, cos, width / 2 - left * width, height / 2 - (1 - bottom) * height))
    width, height = (right - left) * width, (bottom - top) * height
    match page.rotation:
        case 90:
            return (height, width), matrix.then(_Matrix(0, -1, 1, 0, 0, width))
        case 180:
            return (width, height), matrix.then(_Matrix(-1, 0, 0, -1, width, height))
        case 270:
            return (height, width), matrix.then(_Matrix(0, 1, -1, 0, height, 0))
    return (width, height), matrix


def _picture(page: Page, data: bytes, rasteriser: Rasteriser | None) -> _Picture:
    if page.media_type != "image/jpeg" or page.corners is not None:
        opened = opened_frame(data, page.media_type, page.frame, _RASTER_DPI, rasteriser, page.corners)
        return _decoded(*opened, lossless=page.media_type != "image/jpeg")
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:  # reads the head only
            wide, high = picture.size
            space = _SPACES[picture.mode]
            if picture.mode == "CMYK":
                space += "/Decode[1 0 1 0 1 0 1 0]"  # as everybody who writes such a file means it
            way_up = picture.getexif().get(ExifTags.Base.Orientation, 1)
            said = picture.info.get("dpi")
    except Exception:  # Pillow raises nearly everything on hostile bytes
        raise Problem("page.unreadable", Retry.NEVER) from None
    entries = f"/Width {wide}/Height {high}/ColorSpace{space}/BitsPerComponent 8/Filter/DCTDecode"
    if way_up in (5, 6, 7, 8):
        wide, high = high, wide
    return _Picture(entries, data, wide, high, paper_dpi(said, max(wide, high)), _UPRIGHT.get(way_up, _UPRIGHT[1]))


def _decoded(picture: Image.Image, dpi: int, lossless: bool) -> _Picture:
    wide, high = picture.size
    entries = f"/Width {wide}/Height {high}/ColorSpace{_SPACES[picture.mode]}/BitsPerComponent 8"
    if lossless:
        data = zlib.compress(picture.tobytes(), 6)
        return _Picture(f"{entries}/Filter/FlateDecode", data, wide, high, dpi, _UPRIGHT[1])
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return _Picture(f"{entries}/Filter/DCTDecode", out.getvalue(), wide, high, dpi, _UPRIGHT[1])


class _File:
    """The objects of a PDF on their way out. Only where each begins is kept."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._at = 0
        self._begins = [0, 0, 0]  # no object has the number 0; the catalogue and the list of pages come last
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def add(self, entries: str, stream: bytes | None = None) -> int:
        """One more object; a stream's dictionary is closed here, with its length. Returns its number."""
        self._begins.append(0)
        return self._put(len(self._begins) - 1, entries, stream)

    def end(self, kids: list[int], title: str) -> None:
        """The list of pages, the table of where everything is."""
        info = self.add(f"<</Title<{(chr(0xFEFF) + title).encode('utf-16-be').hex()}>/Producer(Tongban)>>")
        self._put(_PAGES, f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(f'{kid} 0 R' for kid in kids)}]>>")
        self._put(_CATALOG, f"<</Type/Catalog/Pages {_PAGES} 0 R>>")
        table = self._at
        count = len(self._begins)
        self._write(f"xref\n0 {count}\n0000000000 65535 f \n".encode())
        self._write(b"".join(b"%010d 00000 n \n" % begin for begin in self._begins[1:]))
        self._write(f"trailer\n<</Size {count}/Root {_CATALOG} 0 R/Info {info} 0 R>>\n".encode())
        self._write(f"startxref\n{table}\n%%EOF\n".encode())

    def _put(self, number: int, entries: str, stream: bytes | None = None) -> int:
        self._begins[number] = self._at
        self._write(f"{number} 0 obj\n{entries}".encode())
        if stream is not None:
            self._write(f"/Length {len(stream)}>>\nstream\n".encode())
            self._write(stream)
            self._write(b"\nendstream")
        self._write(b"\nendobj\n")
        return number

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._at += len(data)


def _numbers(*values: float) -> str:
    return " ".join(f"{value:.5f}".rstrip("0").rstrip(".") for value in values)
