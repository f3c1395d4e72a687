"""The thumbnails of the pages that came in last, until somebody shows them: in memory only, and few."""

from __future__ import annotations

import threading
from collections import OrderedDict

from contract.material import Page

MOST = 128  # of some 15 kB


class FreshThumbnails:
    """Made while a page was looked at, so that showing it does not decode it a second time. From any thread."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[object, ...], bytes] = OrderedDict()

    def keep(self, page: Page, jpeg: bytes) -> None:
        with self._lock:
            self._made[_seen(page)] = jpeg
            while len(self._made) > self._most:
                self._made.popitem(last=False)

    def find(self, page: Page) -> bytes | None:
        """The thumbnail of the page, seen exactly so."""
        with self._lock:
            return self._made.get(_seen(page))

    def forget(self) -> None:
        with self._lock:
            self._made.clear()


def _seen(page: Page) -> tuple[object, ...]:
    """What a picture of a page depends on."""
    return page.digest, page.frame, page.rotation, page.skew, page.crop, page.corners
