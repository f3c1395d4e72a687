"""Black and white from grey: made here, because a device that is asked for it may give one file for a whole job."""

from __future__ import annotations

from PIL import Image


def bilevel(picture: Image.Image) -> Image.Image:
    """Black and white at the grey that best parts ink and paper (Otsu 1979)."""
    grey = picture.convert("L")
    counts = grey.histogram()
    total, weighted = sum(counts), sum(value * count for value, count in enumerate(counts))
    best, threshold, below, below_weighted = -1.0, 128, 0, 0
    for value, count in enumerate(counts):
        below += count
        below_weighted += value * count
        if below in (0, total):
            continue
        between = (weighted * below - below_weighted * total) ** 2 / (below * (total - below))
        if between > best:
            best, threshold = between, value
    return grey.point(lambda value: 255 if value > threshold else 0).convert("1")
