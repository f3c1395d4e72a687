"""Working copies (工作副本): small pictures that go before large pages where the line is bad (rule 15)."""

from __future__ import annotations

import io

from PIL import Image, ImageOps, UnidentifiedImageError

from contract.upload import MAX_COPY

LONG_SIDE = 1170  # pixels: A4 at 100 dpi, at which small print can be read
QUALITIES = (45, 30, 20)
WORTH_IT = 3  # a page must be so many times larger than its copy
MOST = 60 << 10  # bytes: one request, so that a cut costs no more than that; far below what a server takes
assert MOST < MAX_COPY


def working_copy(page: bytes) -> bytes | None:
    """A small JPEG of a page; None where there is none worth sending (a PDF, a small page, no picture).

    The page itself is evidence and goes later, as it is; nothing is decided by the copy.
    """
    try:
        with Image.open(io.BytesIO(page), formats=("JPEG", "PNG", "TIFF", "BMP")) as picture:
            picture.draft("RGB", (LONG_SIDE, LONG_SIDE))
            small = ImageOps.exif_transpose(picture).convert("RGB" if picture.mode not in ("1", "L") else "L")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    small.thumbnail((LONG_SIDE, LONG_SIDE))
    for quality in QUALITIES:
        out = io.BytesIO()
        small.save(out, "JPEG", quality=quality)
        if out.tell() <= MOST:
            return out.getvalue() if out.tell() * WORTH_IT <= len(page) else None
    return None
