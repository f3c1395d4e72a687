"""A signature put into a form: the ink is added behind the PDF that was shown, whose own bytes stay as they were.

An incremental update (ISO 32000-1, 7.5.6): whoever has the signed file finds the signed one's digest over its first
so many bytes, and any reader shows both. Only files that `app.papers.pdf` made are understood.
"""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import dataclass

from PIL import Image, ImageDraw

from contract.problem import Problem, Retry
from contract.signature import FULL, Ink

INK = (0.05, 0.10, 0.35)  # the blue-black of a pen
THICKEST, THINNEST = 1.9, 0.7  # points, at full pressure and at none
PICTURE_WIDTH = 900  # pixels
_TRAILER = re.compile(rb"trailer\s*<<(.*?)>>\s*startxref\s*(\d+)\s*%%EOF\s*\Z", re.DOTALL)
_PLACE = re.compile(rb"/Keywords \([^)]*?\b(?P<name>[a-z]+) (?P<page>\d+) (?P<box>[\d.]+ [\d.]+ [\d.]+ [\d.]+)")


@dataclass(frozen=True)
class Place:
    """Where the signature goes: the page, counted from 1, and the box in points from the bottom left."""

    page: int
    left: float
    bottom: float
    width: float
    height: float


def find_place(pdf: bytes) -> Place | None:
    """Where a paper of ours is to be signed, or None."""
    found = _PLACE.search(pdf)
    if found is None or found["name"] != b"signature":
        return None
    left, bottom, width, height = (float(each) for each in found["box"].split())
    return Place(int(found["page"]), left, bottom, width, height)


def with_ink(pdf: bytes, ink: Ink) -> bytes:
    """The paper with the signature on it; it begins with the very bytes of the paper.

    Raises:
        Problem: ``papers.cannot_sign`` for a file that has no place for a signature or is none of ours.
    """
    place, trailer = find_place(pdf), _TRAILER.search(pdf)
    if place is None or trailer is None:
        raise Problem("papers.cannot_sign", Retry.NEVER)
    root = _reference(trailer[1], b"Root")
    size = int(_named(trailer[1], rb"/Size (\d+)"))
    pages = _object(pdf, _reference(_object(pdf, root), b"Pages"))
    kids = [int(each) for each in re.findall(rb"(\d+) 0 R", _named(pages, rb"/Kids \[([^\]]*)\]"))]
    if not 0 < place.page <= len(kids):
        raise Problem("papers.cannot_sign", Retry.NEVER)
    number = kids[place.page - 1]
    page = _object(pdf, number)
    content = _reference(page, b"Contents")
    page = page.replace(b"/Contents %d 0 R" % content, b"/Contents [ %d 0 R %d 0 R ]" % (content, size), 1)
    drawn = zlib.compress(_strokes(ink, place))
    stream = b"<<\n/Filter /FlateDecode /Length %d\n>>\nstream\n%s\nendstream" % (len(drawn), drawn)
    out = io.BytesIO()
    out.write(pdf if pdf.endswith(b"\n") else pdf + b"\n")
    at = {}
    for each, body in ((number, page), (size, stream)):
        at[each] = out.tell()
        out.write(b"%d 0 obj\n%s\nendobj\n" % (each, body.strip()))
    table = out.tell()
    out.write(b"xref\n")
    for each in (number, size):
        out.write(b"%d 1\n%010d 00000 n \n" % (each, at[each]))
    said = re.sub(rb"/Size \d+", b"/Size %d" % (size + 1), trailer[1]).strip()
    out.write(b"trailer\n<<\n%s\n/Prev %d\n>>\nstartxref\n%d\n%%%%EOF\n" % (said, int(trailer[2]), table))
    return out.getvalue()


def picture(ink: Ink) -> bytes:
    """The signature as it looks, cut to what was written: PNG, dark on white."""
    scale = PICTURE_WIDTH / ink.width
    xs = [x for stroke in ink.strokes for _, x, _, _ in stroke] or [0, ink.width]
    ys = [y for stroke in ink.strokes for _, _, y, _ in stroke] or [0, ink.height]
    left, top = min(xs) * scale - 12, min(ys) * scale - 12
    size = round((max(xs) - min(xs)) * scale) + 24, round((max(ys) - min(ys)) * scale) + 24
    sheet = Image.new("L", (size[0] * 2, size[1] * 2), 255)  # drawn twice as large, then smoothed
    pen = ImageDraw.Draw(sheet)
    for stroke in ink.strokes:
        dots = [((x * scale - left) * 2, (y * scale - top) * 2, p) for _, x, y, p in stroke]
        for (x0, y0, _), (x1, y1, p) in zip(dots, dots[1:] or dots, strict=False):
            wide = round(_thickness(p) * 4)
            pen.line((x0, y0, x1, y1), fill=20, width=wide)
            pen.ellipse((x1 - wide / 2, y1 - wide / 2, x1 + wide / 2, y1 + wide / 2), fill=20)
    out = io.BytesIO()
    sheet.resize(size, Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def _thickness(pressure: int) -> float:
    return THINNEST + (THICKEST - THINNEST) * pressure / FULL


def _strokes(ink: Ink, place: Place) -> bytes:
    """The ink as page content, as large as its box allows, what was written in the middle of it."""
    points = [(x, y) for stroke in ink.strokes for _, x, y, _ in stroke]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    scale = min(place.width / max(right - left, 1), place.height / max(bottom - top, 1), place.width / ink.width * 1.6)
    x0 = place.left + (place.width - (right - left) * scale) / 2 - left * scale
    y0 = place.bottom + (place.height + (bottom - top) * scale) / 2 + top * scale
    lines = ["q", "1 J 1 j", "{} {} {} RG".format(*INK)]
    for stroke in ink.strokes:
        dots = [(x0 + x * scale, y0 - y * scale, p) for _, x, y, p in stroke]
        for (ax, ay, _), (bx, by, p) in zip(dots, dots[1:] or dots, strict=False):
            lines.append(f"{_thickness(p):.2f} w {ax:.2f} {ay:.2f} m {bx:.2f} {by:.2f} l S")
    return "\n".join([*lines, "Q"]).encode("ascii")


def _object(pdf: bytes, number: int) -> bytes:
    """What an object says. The last one of its number counts."""
    found = list(re.finditer(rb"(?:^|\n)%d 0 obj\s(.*?)\sendobj" % number, pdf, re.DOTALL))
    if not found:
        raise Problem("papers.cannot_sign", Retry.NEVER)
    return found[-1][1]


def _reference(dictionary: bytes, key: bytes) -> int:
    return int(_named(dictionary, rb"/" + key + rb" (\d+) 0 R"))


def _named(text: bytes, pattern: bytes) -> bytes:
    found = re.search(pattern, text)
    if found is None:
        raise Problem("papers.cannot_sign", Retry.NEVER)
    return found[1]
