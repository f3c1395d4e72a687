"""A folder into which somebody else's scanning program, or the scanner itself, saves its files.

Covers every device whose maker brings a program of his own, without any driver code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

from contract.problem import Problem, Retry
from devices.scanner import PAGE_LIMIT, BatchEnd, Capabilities, Colour, ScannedPage, ScanProfile, Source, page_of
from devices.transports.folder import Trouble, WatchedFolder
from devices.transports.wholeness import media_type_of

SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".pdf")
_LOOK = 0.05  # seconds between two looks
_CODES = {Trouble.DAMAGED: "scanner.file_damaged", Trouble.ACCESS: "scanner.file_access"}


class FolderScanner:
    """See the manifest for the options."""

    def __init__(
        self, path: str, take: str = "move", wait: float = 120.0, quiet: float = 3.0, unfinished: float = 30.0
    ) -> None:
        self._path = path
        self._move = take == "move"
        self._wait = wait
        self._quiet = quiet
        self._unfinished = unfinished

    def capabilities(self) -> Capabilities:
        """Everything that a file can be: what the paper went through is the other program's business."""
        self._begin()
        return Capabilities(tuple(Source), tuple(Colour), ())

    def scan(
        self, profile: Mapping[str, Any], *, cancelled: Callable[[], bool], alive: Callable[[], None]
    ) -> Generator[tuple[ScannedPage, bytes], None, BatchEnd]:
        """Files in the order of their times, as soon as each is whole, until none has come for a while.

        Raises:
            scanner.folder_missing, scanner.folder_access: the folder cannot be looked into.
            scanner.no_paper: nothing came in the time to wait for the first.
            scanner.too_large, scanner.file_damaged, scanner.file_access: after everything else was handed over,
                if a file is too large, stays cut off, is of no accepted kind, or cannot be read or moved.
        """
        ScanProfile.from_wire(profile)
        folder = self._begin()
        started = last = time.monotonic()
        count = 0
        while not cancelled():
            alive()
            try:
                for data in folder.look():
                    count += 1
                    yield page_of(count, False, media_type_of(data) or "", data), data
                    last = time.monotonic()
            except OSError as error:
                raise _problem(error) from None
            now = time.monotonic()
            if folder.growing:
                last = now
            elif (now - last >= self._quiet) if count else (bool(folder.troubles) or now - started >= self._wait):
                break
            time.sleep(_LOOK)
        if cancelled():
            raise Problem("scanner.cancelled", Retry.AGAIN)
        for trouble in folder.troubles:
            if trouble is Trouble.TOO_LARGE:
                raise Problem("scanner.too_large", Retry.AFTER_FIX, limit=PAGE_LIMIT >> 20)
            raise Problem(_CODES[trouble], Retry.AFTER_FIX)
        if not count:
            raise Problem("scanner.no_paper", Retry.AFTER_FIX)
        return BatchEnd(count, "quiet", folder.skipped)

    def _begin(self) -> WatchedFolder:
        if not self._path:
            raise Problem("scanner.folder_missing", Retry.AFTER_FIX)
        try:
            return WatchedFolder(
                Path(self._path), SUFFIXES, largest=PAGE_LIMIT, move=self._move, unfinished=self._unfinished
            )
        except OSError as error:
            raise _problem(error) from None


def _problem(error: OSError) -> Problem:
    gone = isinstance(error, FileNotFoundError | NotADirectoryError)
    return Problem("scanner.folder_missing" if gone else "scanner.folder_access", Retry.AFTER_FIX)


OPEN = FolderScanner
