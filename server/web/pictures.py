"""Pages as a browser can show them: what it knows goes out as it came, TIFF is turned into PNG on the way, the paper is
taken out of a photograph.
"""

from __future__ import annotations

import io
import warnings

from django.http import HttpResponse
from PIL import Image, ImageOps, UnidentifiedImageError

from contract.material import Corners
from contract.perspective import flat_size, make_a_sheet, perspective
from contract.problem import Problem, Retry
from server.api import page_response

MOST_PIXELS = 120_000_000  # an A3 side at 600 dpi has 70 million
OF_A_PDF = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"


LONGEST = 2400  # pixels of the longer side of a straightened page: A4 at 200 dpi


def shown(data: bytes, media_type: str, frame: int, corners: Corners | None = None) -> HttpResponse:
    """The answer that shows a page inside one of ours; with `corners` the paper between them.

    Raises:
        Problem: ``page.not_shown`` where the picture cannot be read; the page itself can still be fetched.
    """
    if corners is not None and make_a_sheet(corners):
        return page_response(_straightened(data, corners), "image/jpeg")
    if media_type == "image/tiff":
        return page_response(_as_png(data, frame), "image/png")
    response = page_response(data, media_type)
    if media_type == "application/pdf":
        # the browser's own PDF viewer refuses to work in a sandbox
        response["Content-Security-Policy"] = OF_A_PDF
        response["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _straightened(data: bytes, corners: Corners) -> bytes:
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "MPO")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Problem("page.not_shown", Retry.NEVER)
            plain = ImageOps.exif_transpose(picture).convert("RGB")
        wide, high = flat_size(corners, plain.size)
        scale = min(1.0, LONGEST / max(wide, high))
        flat = (max(1, round(wide * scale)), max(1, round(high * scale)))
        turn = perspective(corners, plain.size, flat)
        paper = plain.transform(flat, Image.Transform.PERSPECTIVE, turn, Image.Resampling.BICUBIC, fillcolor="white")
        made = io.BytesIO()
        paper.save(made, "JPEG", quality=88)
        return made.getvalue()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise Problem("page.not_shown", Retry.NEVER) from None


def _as_png(data: bytes, frame: int) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd tags in scanners' files
            with Image.open(io.BytesIO(data), formats=("TIFF",)) as picture:
                picture.seek(frame)
                if picture.width * picture.height > MOST_PIXELS:
                    raise Problem("page.not_shown", Retry.NEVER)
                plain = picture if picture.mode in ("1", "L", "RGB") else picture.convert("RGB")
                made = io.BytesIO()
                plain.save(made, "PNG", compress_level=1)
                return made.getvalue()
    except (UnidentifiedImageError, OSError, EOFError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise Problem("page.not_shown", Retry.NEVER) from None
