"""One encrypted SQLite file: how it is opened, written by one and read by many.

AEGIS over every page of the database and of its write-ahead log, under a raw 256-bit key. A raw key
(``key='raw:…'``) skips the derivation that a passphrase, and also ``hexkey``, would go through.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import apsw

from app.store.migrations import STEPS
from contract.problem import Problem, Retry

KEY_BYTES = 32
BUSY_MS = 10_000  # the command line may be writing at the same moment


def connect(path: Path, key: bytes, *, create: bool, vfs: str = "") -> apsw.Connection:
    """An open, keyed connection.

    Args:
        path: The file.
        key: Raw 256-bit key.
        create: Whether the file may be made.
        vfs: What SQLite writes through instead of the system; its own cipher lies above it. One that cannot share
            memory between connections is enough: the file is then locked by the one connection that opens it.

    Raises:
        Problem: ``store.key_wrong`` where the key does not open the file, ``store.absent`` where there is none and
            none is to be made.
    """
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
    try:
        db = apsw.Connection(str(path), flags, f"multipleciphers-{vfs}" if vfs else None)
    except apsw.CantOpenError:
        raise Problem("store.absent", Retry.AFTER_FIX) from None
    try:
        db.set_busy_timeout(BUSY_MS)
        db.pragma("cipher", "aegis")
        db.pragma("key", f"raw:{key.hex()}")
        if vfs:
            db.pragma("locking_mode", "exclusive")
        db.execute("select count(*) from sqlite_master").fetchall()
        db.pragma("journal_mode", "wal")
        db.pragma("synchronous", "full")
        db.pragma("temp_store", "memory")  # a spilled sort would be plain text in the temporary folder
        db.pragma("secure_delete", True)
        db.pragma("foreign_keys", True)
    except apsw.NotADBError:
        db.close()
        raise Problem("store.key_wrong", Retry.AFTER_FIX) from None
    except apsw.Error as error:
        db.close()
        raise as_problem(error) from error
    return db


def rows(db: apsw.Connection, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return db.execute(sql, values).fetchall()


def as_problem(error: apsw.Error) -> Problem:
    """What a database error means to a person. The text of an error may quote a row, so none of it is passed on."""
    match error:
        case apsw.FullError():
            return Problem("store.disk_full", Retry.AFTER_FIX)
        case apsw.IOError() if getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE:  # no room to open it
            return Problem("store.disk_full", Retry.AFTER_FIX)
        case apsw.BusyError() | apsw.LockedError():
            return Problem("store.busy", Retry.AGAIN)
        case apsw.CorruptError() | apsw.NotADBError():
            return Problem("store.damaged", Retry.AFTER_FIX)
        case apsw.IOError() | apsw.CantOpenError() | apsw.ReadOnlyError():
            return Problem("store.disk_fault", Retry.AFTER_FIX, kind=type(error).__name__)
        case _:
            raise error


def make(path: Path, key: bytes, vfs: str = "") -> None:
    """Make a new database, whole or not at all: it gets its name only when it is complete and durable.

    A file that is there already is left as it is: a process that made one at the same moment was first.
    """
    new = path.with_name(f"{path.name}.new-{os.getpid()}")
    new.touch(mode=0o600)  # nobody else may read it, not for a moment
    try:
        db = connect(new, key, create=True, vfs=vfs)
        try:
            migrate(db)
            db.pragma("journal_mode", "delete")  # one file to rename
        finally:
            db.close()
        with new.open("r+b") as file:
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            if os.name == "posix":
                os.link(new, path)
            else:
                new.rename(path)
    finally:
        new.unlink(missing_ok=True)
    sync_folder(path.parent)


def migrate(db: apsw.Connection) -> None:
    """Bring the database to the newest shape. One that has it is not written to: the disk may be full.

    Raises:
        Problem: ``store.newer`` where a newer program made it, ``store.disk_full``, ``store.disk_fault``.
    """
    try:
        if int(db.pragma("user_version") or 0) == len(STEPS):
            return
        db.execute("begin immediate")
        try:
            done = int(db.pragma("user_version") or 0)
            if done > len(STEPS):
                raise Problem("store.newer", Retry.AFTER_FIX)
            for step in STEPS[done:]:
                db.execute(step)
            db.pragma("user_version", len(STEPS))
            db.execute("commit")
        except BaseException:
            if db.in_transaction:
                db.execute("rollback")
            raise
    except apsw.Error as error:
        raise as_problem(error) from error


class Database:
    """The file with its connections: one that writes, behind a lock, and one that reads per thread."""

    def __init__(self, path: Path, key: bytes, vfs: str = "") -> None:
        """Open it, making it first where there is none.

        With a `vfs` (see `connect`) there is one connection for all, and one thread may use it: the power-cut replay.

        Raises:
            Problem: ``store.key_wrong``, ``store.newer``, ``store.damaged``, ``store.disk_fault``.
        """
        if len(key) != KEY_BYTES:
            raise Problem("store.key_wrong", Retry.AFTER_FIX)
        if not path.exists():
            make(path, key, vfs)
        elif path.stat().st_size == 0:  # any key would open it as a new, empty one
            raise Problem("store.damaged", Retry.AFTER_FIX)
        self._path, self.key, self._vfs = path, key, vfs
        self._lock = threading.RLock()
        self._local = threading.local()
        self._idle = threading.Condition()
        self._readers: weakref.WeakSet[apsw.Connection] = weakref.WeakSet()
        self._reading = 0
        self._closed = False
        self._writer = connect(path, key, create=False, vfs=vfs)
        try:
            migrate(self._writer)
        except BaseException:
            self._writer.close()
            raise

    @contextmanager
    def writing(self) -> Iterator[apsw.Connection]:
        """One transaction, durable when the block has ended; rolled back where it raises. Not to be nested."""
        with self._lock:
            db = self._writer
            if self._closed:
                raise Problem("store.closed", Retry.NEVER)
            try:
                if db.in_transaction:  # the disk failed in the middle of taking one back
                    db.execute("rollback")
                db.execute("begin immediate")
                try:
                    yield db
                    db.execute("commit")
                except BaseException:
                    if db.in_transaction:
                        db.execute("rollback")
                    raise
            except apsw.Error as error:
                raise as_problem(error) from error

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """One consistent look, on this thread's own connection. May be nested. No cursor may be left half read: this
        thread's later looks would see no more than this one."""
        with self._idle:
            if self._closed:
                raise Problem("store.closed", Retry.NEVER)
            self._reading += 1
        try:
            db = self._reader()
            outer = not db.in_transaction
            if outer:
                db.execute("begin")
            try:
                yield db
            finally:
                if outer and db.in_transaction:
                    db.execute("rollback")
            assert not outer or db.txn_state() == apsw.SQLITE_TXN_NONE, "a cursor was left half read"
        except apsw.Error as error:
            raise as_problem(error) from error
        finally:
            with self._idle:
                self._reading -= 1
                self._idle.notify_all()

    def _reader(self) -> apsw.Connection:
        if self._vfs:
            return self._writer
        found: apsw.Connection | None = getattr(self._local, "db", None)
        if found is None:
            found = connect(self._path, self.key, create=False)
            found.pragma("query_only", True)
            self._local.db = found
            with self._idle:
                self._readers.add(found)
        return found

    def close(self) -> None:
        """Close every connection, after those who are reading. Who comes afterwards is told ``store.closed``."""
        with self._lock:
            with self._idle:
                self._closed = True
                self._idle.wait_for(lambda: self._reading == 0)
                for reader in list(self._readers):
                    reader.close()
                self._readers.clear()
            self._writer.close()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Windows keeps them with the files and has no such call."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
