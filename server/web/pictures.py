"""Pages as a browser can show them: what it knows goes out as it came, TIFF is turned into PNG on the way."""

from __future__ import annotations

import io
import warnings

from django.http import HttpResponse
from PIL import Image, UnidentifiedImageError

from contract.problem import Problem, Retry
from server.api import page_response

MOST_PIXELS = 120_000_000  # an A3 side at 600 dpi has 70 million
OF_A_PDF = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"


def shown(data: bytes, media_type: str, frame: int) -> HttpResponse:
    """The answer that shows a page inside one of ours.

    Raises:
        Problem: ``page.not_shown`` where the picture cannot be read; the page itself can still be fetched.
    """
    if media_type == "image/tiff":
        return page_response(_as_png(data, frame), "image/png")
    response = page_response(data, media_type)
    if media_type == "application/pdf":
        # the browser's own PDF viewer refuses to work in a sandbox
        response["Content-Security-Policy"] = OF_A_PDF
        response["X-Frame-Options"] = "SAMEORIGIN"
    return response


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
