"""A document camera without a device: a mat on which somebody lays one sheet after another."""

from __future__ import annotations

import io
import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from contract.problem import Problem, Retry
from devices import mat, paper
from devices.camera import Frame

_BEFORE_TROUBLE = 10  # pictures until a device that goes wrong does so
_SLOW = 1.5  # seconds a picture
_GRAINS = 4  # so many moments of one scene are drawn, then they come again
_DPI = 150


class SimulatedCamera:
    """See the manifest for the options. The same seed gives the same pictures."""

    def __init__(
        self,
        sheets: int = 2,
        empty: int = 12,
        lie: int = 30,
        pace: float = 0.1,
        ground: str = "dark",
        behave: str = "ok",
        seed: int = 1,
        insert: str = "",
    ) -> None:
        self._sheets, self._empty, self._lie = sheets, empty, lie
        self._pace, self._ground, self._behave = pace, mat.Ground(ground), behave
        self._seed, self._insert = seed, insert

    def watch(self, *, cancelled: Callable[[], bool], alive: Callable[[], None]) -> Iterator[tuple[Frame, bytes]]:
        """The mat and the sheets on it; after the last one the mat stays empty."""
        self.status()
        for n, data in enumerate(self._scenes(), 1):
            if n > _BEFORE_TROUBLE:
                self._go_wrong()
            until = time.monotonic() + (_SLOW if self._behave == "slow" else self._pace)
            while time.monotonic() < until and not cancelled():
                alive()
                time.sleep(min(0.05, self._pace))
            if cancelled():
                return
            yield Frame(n, "image/jpeg", len(data)), data

    def status(self) -> dict[str, Any]:
        """Whether it is there."""
        if self._behave == "absent":
            raise Problem("device.no_such_port", Retry.AFTER_FIX, port="simulated")
        return {}

    def _go_wrong(self) -> None:
        match self._behave:
            case "unplugged":
                raise Problem("device.unplugged", Retry.AFTER_FIX, port="simulated")
            case "crash":
                os.kill(os.getpid(), signal.SIGABRT)
            case "hang":
                threading.Event().wait()

    def _scenes(self) -> Iterator[bytes]:
        """Picture after picture, without an end. `lie` 0: the first sheet stays."""
        empty: list[bytes] = []
        bare = mat.picture(self._seed, self._ground)
        for n in range(1, self._sheets + 1):
            yield from self._moments(bare, self._empty, empty)
            at = mat.corners(self._seed, n)
            sheet = self._laid() if n == 1 and self._insert else self._drawn(n)
            coming = mat.picture(self._seed, self._ground, sheet=sheet, at=mat.corners(self._seed + 1, n))
            yield from self._moments(coming, 1, [])  # on its way
            lying = mat.picture(self._seed, self._ground, sheet=sheet, at=at)
            yield from self._moments(lying, self._lie or None, [])
        yield from self._moments(bare, None, empty)

    def _moments(self, scene: Image.Image, count: int | None, drawn: list[bytes]) -> Iterator[bytes]:
        """The same scene so many times, for ever where there is no number; a few of `drawn` come again and again."""
        for n in itertools.count() if count is None else range(count):
            if len(drawn) < _GRAINS:
                drawn.append(_jpeg(mat.moment(scene, self._seed, len(drawn))))
                yield drawn[-1]
            else:
                yield drawn[n % _GRAINS]

    def _drawn(self, n: int) -> Image.Image:
        return paper.sheet(paper.truth(self._seed, n).kind, self._seed, n, _DPI)

    def _laid(self) -> Image.Image:
        """The file that was laid on the mat. Raises ``camera.insert_unreadable``."""
        try:
            if Path(self._insert).suffix.lower() == ".pdf":
                import pypdfium2  # only here: it takes longer to load than a page to draw

                with pypdfium2.PdfDocument(self._insert) as document:
                    page: Image.Image = document[0].render(scale=_DPI / 72).to_pil()
                    return page.convert("RGB")
            with Image.open(self._insert, formats=("PNG", "JPEG")) as picture:
                return picture.convert("RGB")
        except (OSError, ValueError, RuntimeError, Image.DecompressionBombError):
            raise Problem("camera.insert_unreadable", Retry.AFTER_FIX) from None


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90, comment=b"simulated: nobody on this page exists")
    return out.getvalue()


OPEN = SimulatedCamera
