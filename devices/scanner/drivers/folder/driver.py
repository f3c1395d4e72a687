"""A folder into which somebody else's scanning program, or the scanner itself, saves its files.

Covers every device whose maker brings a program of his own, without any driver code. Names of files may hold
names of people: they are never said, logged or put into a Problem.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.problem import Problem, Retry
from devices.scanner import PAGE_LIMIT, BatchEnd, Capabilities, Colour, ScannedPage, ScanProfile, Source, page_of
from devices.scanner.drivers.folder.wholeness import is_whole, media_type_of

SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".pdf")
TAKEN = "taken"
_STILL = 0.2  # seconds a file's size and time must not have changed, besides being whole
_LOOK = 0.05  # seconds between two looks
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

# What makes a file the same file: a rename keeps it, writing into it or replacing it does not.
_Identity = tuple[int, int, int, int]


@dataclass
class _Seen:
    """A file that is being watched until it is whole."""

    identity: _Identity
    since: float  # when it last changed, monotonic
    looked: bool = False  # read in this state and found cut off


class WatchedFolder:
    """See the manifest for the options."""

    def __init__(
        self, path: str, take: str = "move", wait: float = 120.0, quiet: float = 3.0, unfinished: float = 30.0
    ) -> None:
        self._folder = Path(path)
        self._configured = bool(path)
        self._move = take == "move"
        self._wait = wait
        self._quiet = quiet
        self._unfinished = unfinished

    def capabilities(self) -> Capabilities:
        """Everything that a file can be: what the paper went through is the other program's business."""
        self._list()
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
        watched: dict[Path, _Seen] = {}
        done: set[_Identity] = set()
        if not self._move:
            done.update(_identity(each) for each in self._list()[0].values())
        started = last = time.monotonic()
        count = 0
        trouble: dict[_Identity, Problem] = {}
        while not cancelled():
            alive()
            files, skipped = self._list()
            now = time.monotonic()
            fresh = {path: found for path, found in files.items() if _identity(found) not in done}
            for path in watched.keys() - fresh.keys():
                del watched[path]
            open_ends = False  # something is still being written
            for path, found in sorted(fresh.items(), key=lambda item: (item[1].st_mtime_ns, item[0].name)):
                identity = _identity(found)
                seen = watched.get(path)
                if seen is None or seen.identity != identity:
                    seen = watched[path] = _Seen(identity, now)
                if identity in trouble:
                    continue
                if found.st_size > PAGE_LIMIT:
                    trouble[identity] = Problem("scanner.too_large", Retry.AFTER_FIX, limit=PAGE_LIMIT >> 20)
                    continue
                if now - seen.since < _STILL:
                    open_ends = True
                    break  # those after it wait, so that the order is kept
                data = None if seen.looked else self._read(path, identity)
                if data is None or not is_whole(data):
                    seen.looked = seen.looked or data is not None  # one that is locked is tried again
                    if now - seen.since > self._unfinished:
                        code = "scanner.file_damaged" if seen.looked else "scanner.file_access"
                        trouble[identity] = Problem(code, Retry.AFTER_FIX)
                        continue
                    open_ends = True
                    break
                count += 1
                media_type = media_type_of(data) or ""
                yield page_of(count, False, media_type, data), data
                done.add(identity)
                del watched[path]
                if self._move and not self._put_away(path, identity):
                    trouble[identity] = Problem("scanner.file_access", Retry.AFTER_FIX)
                last = time.monotonic()
            if open_ends:
                last = time.monotonic()
            elif (now - last >= self._quiet) if count else (bool(trouble) or now - started >= self._wait):
                break
            time.sleep(_LOOK)
        if cancelled():
            raise Problem("scanner.cancelled", Retry.AGAIN)
        if trouble:
            raise next(iter(trouble.values()))
        if not count:
            raise Problem("scanner.no_paper", Retry.AFTER_FIX)
        return BatchEnd(count, "quiet", skipped)

    def _list(self) -> tuple[dict[Path, os.stat_result], int]:
        """Regular files of an accepted name, and how many others of such a name there are (links, pipes)."""
        if not self._configured:
            raise Problem("scanner.folder_missing", Retry.AFTER_FIX)
        files = {}
        skipped = 0
        try:
            for entry in os.scandir(self._folder):
                if entry.name.startswith((".", "~")) or not entry.name.lower().endswith(SUFFIXES):
                    continue
                with contextlib.suppress(FileNotFoundError):  # renamed since
                    path = Path(entry.path)
                    found = path.lstat()  # not DirEntry.stat: on Windows that leaves out the file's number
                    if stat.S_ISREG(found.st_mode):
                        files[path] = found
                    elif not stat.S_ISDIR(found.st_mode):
                        skipped += 1
        except (FileNotFoundError, NotADirectoryError):
            raise Problem("scanner.folder_missing", Retry.AFTER_FIX) from None
        except OSError:
            raise Problem("scanner.folder_access", Retry.AFTER_FIX) from None
        return files, skipped

    def _read(self, path: Path, identity: _Identity) -> bytes | None:
        """The bytes, if it is still the same regular file before and after; None otherwise or while it is locked."""
        try:
            handle = os.open(path, os.O_RDONLY | _NO_LINK)
        except OSError:
            return None
        with os.fdopen(handle, "rb") as file:
            if _identity(os.fstat(handle)) != identity:
                return None
            try:
                data = file.read(PAGE_LIMIT + 1)
            except OSError:
                return None
            return data if _identity(os.fstat(handle)) == identity and len(data) == identity[3] else None

    def _put_away(self, path: Path, identity: _Identity) -> bool:
        """Move a file that was handed over. What was replaced meanwhile is another file and stays."""
        try:
            if _identity(path.lstat()) != identity:
                return True
            folder = self._folder / TAKEN
            folder.mkdir(mode=0o700, exist_ok=True)
            for number in range(1, 10_000):
                target = folder / (path.name if number == 1 else f"{path.stem}-{number}{path.suffix}")
                if not target.exists() and not target.is_symlink():
                    path.rename(target)
                    return True
        except FileNotFoundError:
            return True  # its program took it away
        except OSError:
            return False
        return False


def _identity(found: os.stat_result) -> _Identity:
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


OPEN = WatchedFolder
