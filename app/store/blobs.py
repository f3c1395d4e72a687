"""Pages on disk: one file each, encrypted under a key of its own that only the database knows.

A file is ``TBB1``, a 12-byte nonce, then AES-256-GCM over the plain bytes with their digest as associated data. It
is named at random; what is in it, whose it is and its digest stand in the database alone.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.store.database import sync_folder
from app.store.locks import try_lock
from contract.problem import Problem, Retry
from contract.wire import sha256

MAGIC = b"TBB1"
NONCE = 12
TEMPORARY = ".part"
ABANDONED = 24 * 3600  # seconds; for systems whose locks do not say that a writer is still alive


@dataclass(frozen=True)
class Blob:
    """Where a page is and what opens it."""

    digest: str
    file: str
    size: int
    media_type: str
    key: bytes

    def __repr__(self) -> str:
        return f"Blob({self.file})"


def require_room(folder: Path, size: int, reserve: int) -> None:
    """Raises Problem ``store.disk_full`` where writing `size` bytes would eat into the reserve (both in bytes)."""
    free = shutil.disk_usage(folder).free
    if free - size < reserve:
        raise Problem("store.disk_full", Retry.AFTER_FIX, free_mib=free >> 20, reserve_mib=reserve >> 20)


class Writing:
    """A page on its way to disk. Until `close` the file is locked, so that a sweep leaves it alone."""

    def __init__(self, folder: Path, data: bytes, media_type: str) -> None:
        """Encrypt and write it durably: temporary file, fsync, rename, fsync of the folder.

        Raises:
            Problem: ``store.disk_full``, ``store.disk_fault``.
        """
        digest, key, nonce = sha256(data), AESGCM.generate_key(256), secrets.token_bytes(NONCE)
        self.blob = Blob(digest, secrets.token_hex(16), len(data), media_type, key)
        self._path = folder / self.blob.file
        temporary = folder / (self.blob.file + TEMPORARY)
        try:
            self._file = temporary.open("xb")
            try:
                try_lock(self._file)
                self._file.write(MAGIC + nonce)
                self._file.write(AESGCM(key).encrypt(nonce, data, digest.encode()))
                self._file.flush()
                os.fsync(self._file.fileno())
                if sys.platform == "win32":  # an open file cannot be renamed there
                    self._file.close()
                temporary.rename(self._path)
                sync_folder(folder)
            except BaseException:
                self._file.close()
                temporary.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise _disk_problem(error) from error

    def close(self) -> None:
        self._file.close()

    def undo(self) -> None:
        """Remove the file again: it turned out not to be needed."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def read(folder: Path, blob: Blob) -> bytes:
    """The plain bytes. Raises Problem ``store.page_damaged`` where they are not what was put in: the seal tells."""
    try:
        raw = (folder / blob.file).read_bytes()
        if raw[: len(MAGIC)] != MAGIC:
            raise Problem("store.page_damaged", Retry.NEVER)
        nonce, sealed = raw[len(MAGIC) : len(MAGIC) + NONCE], memoryview(raw)[len(MAGIC) + NONCE :]
        return AESGCM(blob.key).decrypt(nonce, sealed, blob.digest.encode())
    except (OSError, InvalidTag, ValueError):
        raise Problem("store.page_damaged", Retry.NEVER) from None


def sweep(folder: Path, is_known: Callable[[str], bool]) -> int:
    """Remove what nobody finished: half-written files, and files that no row names. Returns how many.

    `is_known` is asked only after the file's lock was had: whoever wrote it has committed by then, or never will.
    """
    count = 0
    for path in folder.iterdir():
        try:
            with path.open("rb") as file:
                if sys.platform == "win32":
                    abandoned = time.time() - path.stat().st_mtime > ABANDONED
                else:
                    abandoned = try_lock(file)
        except (FileNotFoundError, IsADirectoryError):
            continue
        if abandoned and not is_known(path.name):
            path.unlink(missing_ok=True)
            count += 1
    return count


def _disk_problem(error: OSError) -> Problem:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Problem("store.disk_full", Retry.AFTER_FIX)
    return Problem("store.disk_fault", Retry.AFTER_FIX, kind=errno.errorcode.get(error.errno or 0, "?"))
