"""The portrait on a passport's chip, which may be JPEG 2000, as a picture that any screen draws."""

from __future__ import annotations

import io

from PIL import Image

from contract.problem import Problem, Retry

_LONGEST = 4000  # pixels of a side; a chip's portrait has some hundred


def shown_portrait(data: bytes) -> bytes:
    """The portrait as PNG.

    Raises:
        Problem: ``idcard.photo_undecoded``.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "JPEG2000")) as picture:
            if max(picture.size) > _LONGEST:
                raise ValueError("not a portrait")
            made = io.BytesIO()
            picture.convert("RGB").save(made, "PNG")
    except (OSError, ValueError, SyntaxError):
        raise Problem("idcard.photo_undecoded", Retry.NEVER) from None
    return made.getvalue()
