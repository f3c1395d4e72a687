"""Sheets from the scanner come into the material under the cursor, while the clerk goes on with something else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

from PySide6.QtCore import QObject

from app.flow.draft import Draft, Stack
from contract.problem import Problem, Retry
from devices.scanner import Source
from ui.pages.intake.cursor import Cursor
from ui.pages.intake.deeds import IntakeDeeds
from ui.pages.intake.in_hand import InHand, Scan
from ui.pages.intake.pictures_model import PicturesModel
from ui.widgets.banner import BannerShown
from ui.words import say


class ScanModel(QObject):
    """One batch at a time. It goes on, into its own draft, also after that draft has left the screen."""

    def __init__(self, in_hand: InHand, deeds: IntakeDeeds, cursor: Cursor, pictures: PicturesModel) -> None:
        super().__init__(in_hand)
        self._in_hand, self._do, self._cursor, self._pictures = in_hand, deeds, cursor, pictures
        self.feed = Source.ADF  # stays as the clerk has set it

    def next_feed(self) -> None:
        """Ctrl+M: one-sided, both sides, the glass."""
        feeds = tuple(Source)
        self.feed = feeds[(feeds.index(self.feed) + 1) % len(feeds)]
        self._in_hand.tell()

    def scan(self) -> None:
        """F4: a batch into this material; the clerk goes on meanwhile. A stack that broke off goes on."""
        feed = self.feed
        self._stream_pages(lambda draft, code, stop: self._do.scan_into(draft, code, feed, stop))

    def scan_backs(self) -> None:
        """Shift+F4: the stack was turned over, its backs come."""
        if self.stack() is not None:
            self._stream_pages(self._do.scan_backs)

    def insert_after(self) -> None:
        """Ctrl+I: what lies in the scanner goes behind this page."""
        page, feed = self._cursor.page(), self.feed
        if page is not None:
            key = page.key
            self._stream_pages(lambda draft, code, stop: self._do.insert_after(draft, code, key, feed, stop))

    def rescan(self) -> None:
        """Ctrl+R: the next page from the scanner stands for this one."""
        slot, page = self._cursor.slot(), self._cursor.page()
        if slot and page and not self._in_hand.scanning_into:
            code, key = slot.code, page.key
            feed = Source.FLATBED if self.feed is Source.FLATBED else Source.ADF
            self._in_hand.visit.working = say("正在重扫")
            self._in_hand.deed(
                "rescan", lambda draft: self._do.rescan_page(draft, code, key, feed), self._pictures.pages_changed
            )
            self._in_hand.tell()

    def stop(self) -> None:
        """Esc."""
        self._in_hand.tasks.stop("scan")

    def stack(self) -> Stack | None:
        """The stack that went through the scanner last, where it was begun in the material looked at."""
        slot, draft = self._cursor.slot(), self._in_hand.draft
        stack = draft.stack if draft else None
        return stack if slot and stack and stack.code == slot.code else None

    def _stream_pages(self, pages: Callable[[Draft, str, threading.Event], Iterable[Draft]]) -> None:
        draft, slot = self._in_hand.draft, self._cursor.slot()
        if draft is None or slot is None or self._in_hand.scanning_into:
            return
        if self._in_hand.scan is not None:
            self._in_hand.problem(Problem("ui.scanner_behind", Retry.AGAIN))
            return
        self._in_hand.flush()
        code = slot.code
        self._in_hand.scan = Scan(draft.id, code)
        self._in_hand.visit.banner = BannerShown()

        def work(stop: threading.Event) -> Iterable[Draft]:
            return pages(draft, code, stop)

        self._in_hand.tasks.stream("scan", work, self._scanned_page, self._over, self._failed)
        self._in_hand.tell()

    def _scanned_page(self, result: Draft) -> None:
        scan = self._in_hand.scan
        if scan is not None:
            self._in_hand.scan = replace(scan, pages=scan.pages + 1)
        self._in_hand.come_in(result)
        self._in_hand.tell_soon()
        self._pictures.want()

    def _over(self) -> None:
        self._in_hand.scan = None
        self._in_hand.tell()

    def _failed(self, problem: Problem) -> None:
        self._over()
        self._in_hand.problem(problem)
