"""Pictures of pages: small ones of the material under the cursor, a large one of the page."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from app.flow.draft import Step
from contract.material import Page
from ui.pages.intake.cursor import Cursor
from ui.pages.intake.deeds import IntakeDeeds
from ui.pages.intake.in_hand import InHand
from ui.pictures import opened

WIDTHS = (600, 800, 1000, 1300, 1700, 2200)  # a drag of the splitter does not ask for a new one per pixel


@dataclass(repr=False, slots=True)
class _Visit:
    """One person's papers, as they look."""

    small: dict[tuple[Any, ...], QImage] = field(default_factory=dict)
    large: tuple[tuple[Any, ...], QImage] | None = None
    width: int = 1000


class PicturesModel(QObject):
    """Fetches the pictures that are wanted and not there yet, each by how its page looks now."""

    def __init__(self, in_hand: InHand, deeds: IntakeDeeds, cursor: Cursor) -> None:
        super().__init__(in_hand)
        self._in_hand, self._do, self._cursor = in_hand, deeds, cursor
        self._visit = _Visit()

    def forget(self) -> None:
        """The next person is here."""
        self._visit = _Visit()

    def small(self, page: Page) -> QImage | None:
        """For the strip, as far as it is there."""
        return self._visit.small.get(_look(page))

    def large(self, page: Page) -> QImage | None:
        """For the preview, as far as it is there."""
        key = (*_look(page), self._visit.width)
        return self._visit.large[1] if self._visit.large is not None and self._visit.large[0] == key else None

    def set_width(self, width: int) -> None:
        """How wide the preview is; pictures are made in a few widths only."""
        wanted = next((one for one in WIDTHS if one >= width), WIDTHS[-1])
        if wanted != self._visit.width:
            self._visit.width = wanted
            self.want_large()

    def want(self) -> None:
        """Have what is looked at in the materials step drawn."""
        draft, slot = self._in_hand.draft, self._cursor.slot()
        if slot is None or draft is None or draft.step is not Step.MATERIALS:
            return
        pages = [page for page in slot.pages if _look(page) not in self._visit.small]
        if pages:

            def work(stop: threading.Event) -> Iterable[tuple[tuple[Any, ...], QImage]]:
                for page in pages:
                    if stop.is_set():
                        return
                    yield _look(page), opened(self._do.thumbnail(page))

            self._in_hand.asks.stream("pictures", work, self._heard_small, lambda: None)
        self.want_large()

    def want_large(self) -> None:
        """Have the page under the cursor drawn."""
        page = self._cursor.page()
        if page is None or self.large(page) is not None:
            return
        width = self._visit.width
        heard = partial(self._heard_large, (*_look(page), width))
        self._in_hand.asks.run("preview", lambda: opened(self._do.preview(page, width)), heard)

    def pages_changed(self, _: Any = None) -> None:
        """Something was done to pages: what is under way is over, and they are drawn as they are now."""
        self._in_hand.visit.working = ""
        self._in_hand.tell()
        self.want()

    def _heard_small(self, told: tuple[tuple[Any, ...], QImage]) -> None:
        self._visit.small[told[0]] = told[1]
        self._in_hand.tell_soon()

    def _heard_large(self, key: tuple[Any, ...], picture: QImage) -> None:
        self._visit.large = (key, picture)
        self._in_hand.tell_soon()


def _look(page: Page) -> tuple[Any, ...]:
    """What a picture of a page depends on."""
    return page.key, page.rotation, page.skew, page.crop, page.corners
