"""A disk whose power can be cut. What is written, synced, renamed and removed in one folder is written down, and what
the disk could hold after a cut at any point is made again from that.

A disk keeps what was synced. Of the rest it may have kept nothing, everything, or any sectors of 512 bytes, in any
order and of each file by itself; of the changes to a folder since it was synced, the first few in their order, as the
journal of a file system does. SQLite is heard through a VFS of its own, under its cipher; Python's files through
`Path.open` and the handful of `os` functions that the store uses.
"""

from __future__ import annotations

import io
import itertools
import os
import random
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512
_names = itertools.count()


class Kept(StrEnum):
    """What a disk has kept of what was not synced."""

    NOTHING = "nothing"
    TORN = "torn"
    ALL = "all"  # what a killed process leaves


@dataclass(frozen=True)
class Entry:
    """One line of the log: on the bytes of a file (`node`), or on the names in a folder."""

    what: str  # write truncate sync | name unname rename settle
    node: int = -1
    at: int = 0
    data: bytes = b""
    path: str = ""
    to: str = ""
    is_folder: bool = False

    @property
    def folder(self) -> str:
        return self.path if self.what == "settle" else self.path.rpartition("/")[0]


class CutDisk:
    """Writes down what happens in a folder while `recording`. One thread only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log: list[Entry] = []
        self.vfs = f"cut{next(_names)}"  # to open a database with
        self._names: dict[str, int] = {}
        self._handles: dict[int, int] = {}
        self._nodes = itertools.count()

    # --- what is told to it -------------------------------------------------------------------------------------------

    def node(self, path: str, *, is_folder: bool = False) -> int:
        """The file (or folder) of that name, made where there is none."""
        if path not in self._names:
            self._names[path] = next(self._nodes)
            self.log.append(Entry("name", self._names[path], path=path, is_folder=is_folder))
        return self._names[path]

    def find(self, path: str | os.PathLike[str]) -> str | None:
        """The name inside the folder, None where a path lies elsewhere."""
        try:
            return Path(path).relative_to(self.folder).as_posix()
        except ValueError:
            return None

    def wrote(self, node: int, at: int, data: bytes) -> None:
        self.log.append(Entry("write", node, at, data))

    def truncated(self, node: int, size: int) -> None:
        self.log.append(Entry("truncate", node, size))

    def synced(self, node: int) -> None:
        path = next((path for path, known in self._names.items() if known == node), "")
        self.log.append(Entry("sync", node, path=path))

    def settled(self, folder: str) -> None:
        self.log.append(Entry("settle", path="" if folder == "." else folder))

    def unnamed(self, path: str) -> None:
        if self._names.pop(path, None) is not None:
            self.log.append(Entry("unname", path=path))

    # --- Python's files -----------------------------------------------------------------------------------------------

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Within it Python's files and SQLite's through `vfs` are written down."""
        vfs = _Vfs(self)
        real = (Path.open, Path.rename, Path.unlink, Path.mkdir, Path.touch, os.link, os.fsync)
        path_open, rename, unlink, mkdir, touch, link, fsync = real

        def open_(path: Path, mode: str = "r", buffering: int = -1, *rest: Any, **more: Any) -> Any:
            name = self.find(path)
            if name is None or (mode[0] == "r" and "+" not in mode):
                return path_open(path, mode, buffering, *rest, **more)
            assert "b" in mode, "only binary files are written down"
            raw = _File(self, path, name, mode.replace("b", ""))
            if buffering == 0:
                return raw
            return io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)

        def rename_(path: Path, to: Path) -> Path:
            old, new = self.find(path), self.find(to)
            moved = rename(path, to)
            if old is not None and new is not None:
                self._names[new] = self._names.pop(old)
                self.log.append(Entry("rename", self._names[new], path=old, to=new))
            return moved

        def unlink_(path: Path, missing_ok: bool = False) -> None:
            unlink(path, missing_ok)
            if (name := self.find(path)) is not None:
                self.unnamed(name)

        def mkdir_(path: Path, *rest: Any, **more: Any) -> None:
            mkdir(path, *rest, **more)
            if (name := self.find(path)) not in (None, "."):
                self.node(str(name), is_folder=True)

        def touch_(path: Path, *rest: Any, **more: Any) -> None:
            touch(path, *rest, **more)
            if (name := self.find(path)) is not None:
                self.node(name)

        def link_(path: Path, to: Path) -> None:
            link(path, to)
            old, new = self.find(path), self.find(to)
            if old is not None and new is not None:
                self._names[new] = self._names[old]
                self.log.append(Entry("name", self._names[new], path=new))

        def fsync_(handle: int) -> None:
            fsync(handle)
            if stat.S_ISDIR(os.fstat(handle).st_mode):
                name = self.find(Path(f"/proc/self/fd/{handle}").readlink())
                if name is not None:
                    self.settled(name)
            elif handle in self._handles:
                self.synced(self._handles[handle])

        ours: tuple[Callable[..., Any], ...] = (open_, rename_, unlink_, mkdir_, touch_, link_, fsync_)
        _put(*ours)
        try:
            yield
        finally:
            _put(*real)
            vfs.unregister()


def _put(*functions: Callable[..., Any]) -> None:
    Path.open, Path.rename, Path.unlink, Path.mkdir, Path.touch = functions[:5]  # type: ignore[method-assign]
    os.link, os.fsync = functions[5:]


class _File(io.FileIO):
    """A file of Python's whose writes are written down."""

    def __init__(self, disk: CutDisk, path: Path, name: str, mode: str) -> None:
        self._disk, self._appends = disk, "a" in mode
        super().__init__(path, mode)
        self._node = disk.node(name)
        disk._handles[self.fileno()] = self._node
        if "w" in mode:
            disk.truncated(self._node, 0)

    def write(self, data: Any) -> int:
        at = os.fstat(self.fileno()).st_size if self._appends else self.tell()
        count = super().write(data)
        assert count is not None
        self._disk.wrote(self._node, at, bytes(data[:count]))
        return count

    def truncate(self, size: int | None = None) -> int:
        size = super().truncate(size)
        self._disk.truncated(self._node, size)
        return size

    def close(self) -> None:
        if not self.closed:
            self._disk._handles.pop(self.fileno(), None)
        super().close()


# --- SQLite's files ---------------------------------------------------------------------------------------------------


class _Vfs(apsw.VFS):
    """The system's VFS, overheard."""

    def __init__(self, disk: CutDisk) -> None:
        self._disk = disk
        super().__init__(disk.vfs, "unix")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        path = self._disk.find(name.filename()) if isinstance(name, apsw.URIFilename) else None
        if path is None and name is not None:
            path = self._disk.find(str(name))
        return _DatabaseFile(self._disk, path, name, flags)

    def xDelete(self, name: str, sync_folder: bool) -> None:
        super().xDelete(name, sync_folder)
        path = self._disk.find(name)
        if path is not None:
            self._disk.unnamed(path)
            if sync_folder:
                self._disk.settled(path.rpartition("/")[0])


class _DatabaseFile(apsw.VFSFile):
    def __init__(self, disk: CutDisk, path: str | None, name: Any, flags: list[int]) -> None:
        self._disk, self._path = disk, path
        journal = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_SUPER_JOURNAL
        # the system's VFS syncs the folder too when it first syncs a journal that it has made
        self._new_journal = bool(flags[0] & apsw.SQLITE_OPEN_CREATE and flags[0] & journal)
        super().__init__("unix", name, flags)
        self._node = -1 if path is None else disk.node(path)

    def xWrite(self, data: bytes, at: int) -> None:
        super().xWrite(data, at)
        if self._path is not None:
            self._disk.wrote(self._node, at, bytes(data))

    def xTruncate(self, size: int) -> None:
        super().xTruncate(size)
        if self._path is not None:
            self._disk.truncated(self._node, size)

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        if self._path is None:
            return
        self._disk.synced(self._node)
        if self._new_journal:
            self._new_journal = False
            self._disk.settled(self._path.rpartition("/")[0])


# --- after the cut ----------------------------------------------------------------------------------------------------


@dataclass
class _Bytes:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Entry] = field(default_factory=list)


@dataclass
class _Folder:
    durable: dict[str, int] = field(default_factory=dict)
    pending: list[Entry] = field(default_factory=list)


class Replay:
    """Walks along a log and says at each point what the disk could hold. Never walks back."""

    def __init__(self, log: list[Entry], *, is_ignored: Callable[[Entry], bool] = lambda entry: False) -> None:
        """Begin before the first line.

        Args:
            log: What a `CutDisk` wrote down.
            is_ignored: Lines that never reached this disk: to see what a program would lose that did not sync.
        """
        self._log, self._is_ignored = log, is_ignored
        self._at = 0
        self._nodes: dict[int, _Bytes] = {}
        self._folders: dict[str, _Folder] = {}

    def forward(self, to: int) -> None:
        """So many lines of the log have happened."""
        for entry in self._log[self._at : to]:
            if self._is_ignored(entry):
                continue
            if entry.what == "sync":
                bytes_ = self._of(entry.node)
                for one in bytes_.pending:
                    _apply(bytes_.durable, one)
                bytes_.pending.clear()
            elif entry.what == "settle":
                folder = self._in(entry.folder)
                for one in folder.pending:
                    _rename(folder.durable, one)
                folder.pending.clear()
            elif entry.what in ("write", "truncate"):
                self._of(entry.node).pending.append(entry)
            else:
                self._in(entry.folder).pending.append(entry)
                if entry.is_folder:
                    self._in(entry.path)
        self._at = max(self._at, to)

    def image(self, kept: Kept, chance: random.Random) -> dict[str, bytes]:
        """What every file holds after a cut here; folders are left out."""
        share = chance.random()
        names: dict[str, int] = {}
        for folder in self._folders.values():
            now = dict(folder.durable)
            some = {Kept.NOTHING: 0, Kept.ALL: len(folder.pending)}.get(kept, chance.randint(0, len(folder.pending)))
            for entry in folder.pending[:some]:
                _rename(now, entry)
            names.update(now)
        image = {}
        for path, node in names.items():
            parent = path.rpartition("/")[0]
            if path in self._folders or (parent and parent not in names):
                continue
            image[path] = self._held(self._of(node), kept, share, chance)
        return image

    def _held(self, bytes_: _Bytes, kept: Kept, share: float, chance: random.Random) -> bytes:
        if kept is Kept.NOTHING or not bytes_.pending:
            return bytes(bytes_.durable)
        held = bytearray(bytes_.durable)
        for entry in bytes_.pending:
            if kept is Kept.ALL:
                _apply(held, entry)
            elif entry.what == "truncate":
                if chance.random() < share:
                    _apply(held, entry)
            else:
                for start, part in _sectors(entry):
                    if chance.random() < share:
                        _put_at(held, start, part)
        return bytes(held)

    def _of(self, node: int) -> _Bytes:
        return self._nodes.setdefault(node, _Bytes())

    def _in(self, folder: str) -> _Folder:
        return self._folders.setdefault(folder, _Folder())


def _sectors(entry: Entry) -> Iterator[tuple[int, bytes]]:
    """The parts of a write that lie in different sectors of its file, with where they begin."""
    start, end = entry.at, entry.at + len(entry.data)
    while start < end:
        stop = min(end, start - start % SECTOR + SECTOR)
        yield start, entry.data[start - entry.at : stop - entry.at]
        start = stop


def _apply(held: bytearray, entry: Entry) -> None:
    if entry.what == "write":
        _put_at(held, entry.at, entry.data)
    elif len(held) > entry.at:
        del held[entry.at :]
    else:
        held.extend(bytes(entry.at - len(held)))


def _put_at(held: bytearray, at: int, data: bytes) -> None:
    if len(held) < at:
        held.extend(bytes(at - len(held)))
    held[at : at + len(data)] = data


def _rename(names: dict[str, int], entry: Entry) -> None:
    if entry.what == "name":
        names[entry.path] = entry.node
    elif entry.what == "unname":
        names.pop(entry.path, None)
    else:
        names.pop(entry.path, None)
        names[entry.to] = entry.node


def lay_out(image: Mapping[str, bytes], folder: Path) -> None:
    """Put an image into an empty folder."""
    for path, data in image.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
