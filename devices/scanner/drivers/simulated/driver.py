"""A scanner without a device: for demonstrations, for training, and for trying what happens when one fails."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from contract.problem import Problem, Retry
from devices import paper
from devices.scanner import BatchEnd, Capabilities, Colour, ScannedPage, ScanProfile, Source, page_of

_SLOW = 2.0  # seconds a page, as an old village scanner
_INSERT_LIMIT = 20  # pages


class SimulatedScanner:
    """See the manifest for the options. The same seed gives the same bytes."""

    def __init__(self, pages: int = 4, behave: str = "ok", seed: int = 1, insert: str = "") -> None:
        self._pages = pages
        self._behave = behave
        self._seed = seed
        self._insert = insert

    def capabilities(self) -> Capabilities:
        if self._behave == "absent":
            raise Problem("scanner.absent", Retry.AFTER_FIX)
        return Capabilities(tuple(Source), tuple(Colour), (75, 100, 150, 200, 300, 600))

    def scan(
        self, profile: Mapping[str, Any], *, cancelled: Callable[[], bool], alive: Callable[[], None]
    ) -> Generator[tuple[ScannedPage, bytes], None, BatchEnd]:
        """The inserted pages first, drawn ones after them, until the feeder is empty."""
        wanted = ScanProfile.from_wire(profile)
        duplex = wanted.source is Source.ADF_DUPLEX
        self.capabilities()
        laid = _sheets(self._insert, wanted.dpi)
        total = min(max(self._pages, len(laid)), 1) if wanted.source is Source.FLATBED else max(self._pages, len(laid))
        if self._behave == "no_paper" or total < 1:
            raise Problem("scanner.no_paper", Retry.AFTER_FIX)
        given = total - 1 if self._behave == "loses_one" else total
        for n in range(1, given + 1):
            self._misbehave(n, cancelled, alive)
            if cancelled():
                raise Problem("scanner.cancelled", Retry.AGAIN)
            if n <= len(laid):
                skew = paper.truth(self._seed, n).skew / 2
                picture = paper.scanned(laid[n - 1], self._seed, n, wanted.dpi, skew)
            else:
                picture = paper.page(self._seed, 1 if self._behave == "repeats" else n, wanted.dpi, duplex)
            media_type, data = _encode(picture, wanted)
            yield page_of(n, duplex, media_type, data, picture.width, picture.height, wanted.dpi), data
        return BatchEnd(given, "single" if wanted.source is Source.FLATBED else "empty", counted=total)

    def _misbehave(self, n: int, cancelled: Callable[[], bool], alive: Callable[[], None]) -> None:
        """What happens before page `n`."""
        if self._behave == "slow":
            until = time.monotonic() + _SLOW
            while time.monotonic() < until and not cancelled():
                alive()
                time.sleep(0.05)
        elif self._behave == "cover_open":
            raise Problem("scanner.cover_open", Retry.AFTER_FIX)
        elif self._behave == "busy":
            raise Problem("scanner.busy", Retry.AGAIN)
        elif self._behave == "gone_after_2" and n == 3:
            raise Problem("scanner.gone", Retry.AFTER_FIX)
        elif self._behave == "jam_after_3" and n == 4:
            raise Problem("scanner.jam", Retry.AFTER_FIX)
        elif self._behave == "double_feed" and n == 2:
            raise Problem("scanner.double_feed", Retry.AFTER_FIX)
        elif self._behave == "crash_after_2" and n == 3:
            os._exit(70)
        elif self._behave == "hang_after_2" and n == 3:
            while True:
                time.sleep(3600)


def _sheets(path: str, dpi: int) -> list[Image.Image]:
    """The pages of a file as clean A4 sheets. Raises ``scanner.insert_unreadable``."""
    if not path:
        return []
    try:
        if Path(path).suffix.lower() == ".pdf":
            return _of_pdf(path, dpi)
        with Image.open(path, formats=("PNG", "JPEG")) as picture:
            return [_on_a4(picture.convert("RGB"), dpi)]
    except (OSError, ValueError, RuntimeError, Image.DecompressionBombError):
        raise Problem("scanner.insert_unreadable", Retry.AFTER_FIX) from None


def _of_pdf(path: str, dpi: int) -> list[Image.Image]:
    import pypdfium2  # only here: it takes longer to load than a page to draw

    with pypdfium2.PdfDocument(path) as document:
        count = min(len(document), _INSERT_LIMIT)
        return [_on_a4(document[n].render(scale=dpi / 72).to_pil().convert("RGB"), dpi) for n in range(count)]


def _on_a4(picture: Image.Image, dpi: int) -> Image.Image:
    """Laid on an A4 sheet: filled out if it has A4's proportions, else as wide as the sheet, at the top."""
    size = (round(paper.A4_INCHES[0] * dpi), round(paper.A4_INCHES[1] * dpi))
    scale = min(size[0] / picture.width, size[1] / picture.height)
    fitted = picture.resize(
        (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), Image.Resampling.LANCZOS
    )
    white = Image.new("RGB", size, (255, 255, 255))
    white.paste(fitted, (0, 0))
    return white


def _encode(picture: Image.Image, wanted: ScanProfile) -> tuple[str, bytes]:
    out = io.BytesIO()
    dpi = (wanted.dpi, wanted.dpi)
    if wanted.colour is Colour.BW:
        picture.convert("L").point(lambda value: 255 if value > 160 else 0).convert("1").save(out, "PNG", dpi=dpi)
        return "image/png", out.getvalue()
    if wanted.colour is Colour.GRAY:
        picture = picture.convert("L")
    picture.save(out, "JPEG", quality=85, dpi=dpi, comment=b"simulated: nobody on this page exists")
    return "image/jpeg", out.getvalue()


OPEN = SimulatedScanner
