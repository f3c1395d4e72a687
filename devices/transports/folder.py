"""A folder into which somebody else's program, or the device itself, saves its files.

Names of files may hold names of people: they are never said, logged or put into a Problem.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from devices.transports.wholeness import is_whole

TAKEN = "taken"
_STILL = 0.2  # seconds a file's size and time must not have changed, besides being whole
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

# What makes a file the same file: a rename keeps it, writing into it or replacing it does not.
_Identity = tuple[int, int, int, int]


class Trouble(Enum):
    """Why a file is not handed over."""

    TOO_LARGE = auto()
    DAMAGED = auto()  # it stays cut off, or is of no accepted kind
    ACCESS = auto()  # it cannot be read, or not be put away


@dataclass
class _Seen:
    """A file that is being watched until it is whole."""

    identity: _Identity
    since: float  # when it last changed, monotonic
    looked: bool = False  # read in this state and found cut off


class WatchedFolder:
    """Hands over each file once, as soon as it is whole, in the order of their times.

    Attributes:
        growing: At the last look something was still being written.
        troubles: What happened to files that were not handed over, or not put away, in the order it was found.
        skipped: What lay there at the last look and is never taken: links, and what is no regular file.
    """

    def __init__(
        self, path: Path, suffixes: Collection[str], *, largest: int, move: bool, unfinished: float = 30.0
    ) -> None:
        """Begin to watch. Without `move` only what arrives from now on is handed over, and it stays where it is.

        Raises:
            OSError: the folder cannot be looked into; so does `look`.
        """
        self._folder = path
        self._suffixes = tuple(suffixes)
        self._largest, self._move, self._unfinished = largest, move, unfinished
        self._watched: dict[Path, _Seen] = {}
        self._bad: dict[_Identity, Trouble] = {}
        self.growing = False
        self.skipped = 0
        self._done: set[_Identity] = set()
        files = self._list()
        if not move:
            self._done.update(map(_identity, files.values()))

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        return tuple(self._bad.values())

    def look(self) -> Iterator[bytes]:
        """Look once: the files that are whole by now. A file counts as taken once the next one is asked for."""
        files = self._list()
        now = time.monotonic()
        self.growing = False
        fresh = {path: found for path, found in files.items() if _identity(found) not in self._done}
        for path in self._watched.keys() - fresh.keys():
            del self._watched[path]
        for path, found in sorted(fresh.items(), key=lambda item: (item[1].st_mtime_ns, item[0].name)):
            identity = _identity(found)
            seen = self._watched.get(path)
            if seen is None or seen.identity != identity:
                seen = self._watched[path] = _Seen(identity, now)
            if identity in self._bad:
                continue
            if found.st_size > self._largest:
                self._bad[identity] = Trouble.TOO_LARGE
                continue
            if now - seen.since < _STILL:
                self.growing = True
                return  # those after it wait, so that the order is kept
            data = None if seen.looked else self._read(path, identity)
            if data is None or not is_whole(data):
                seen.looked = seen.looked or data is not None  # one that is locked is tried again
                if now - seen.since > self._unfinished:
                    self._bad[identity] = Trouble.DAMAGED if seen.looked else Trouble.ACCESS
                    continue
                self.growing = True
                return
            yield data
            self._done.add(identity)
            del self._watched[path]
            if self._move and not self._put_away(path, identity):
                self._bad[identity] = Trouble.ACCESS

    def _list(self) -> dict[Path, os.stat_result]:
        """Regular files of an accepted name."""
        files = {}
        self.skipped = 0
        for entry in os.scandir(self._folder):
            if entry.name.startswith((".", "~")) or not entry.name.lower().endswith(self._suffixes):
                continue
            with contextlib.suppress(FileNotFoundError):  # renamed since
                path = Path(entry.path)
                found = path.lstat()  # not DirEntry.stat: on Windows that leaves out the file's number
                if stat.S_ISREG(found.st_mode):
                    files[path] = found
                elif not stat.S_ISDIR(found.st_mode):
                    self.skipped += 1
        return files

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
                data = file.read(self._largest + 1)
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
