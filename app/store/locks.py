"""Operating-system locks on files: given back by the system when the process dies, however it dies."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from contract.problem import Problem, Retry

if sys.platform == "win32":
    import msvcrt

    def try_lock(file: IO[bytes]) -> bool:
        """Take the file's lock if nobody holds it: of a byte far behind the text, which stays readable."""
        file.seek(1 << 20)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def try_lock(file: IO[bytes]) -> bool:
        """Take the file's lock if nobody holds it."""
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


class SyncLock:
    """The right to be the one syncer of a store. Ends with `close`, or with the process."""

    def __init__(self, path: Path, who: str, patience: float = 0.0) -> None:
        """Take it.

        Args:
            path: The lock file.
            who: What to tell others: ``window``, ``command line``. Never a person.
            patience: Seconds to go on trying.

        Raises:
            Problem: ``sync.locked`` with who holds it.
        """
        self._file: IO[bytes] = path.open("a+b", buffering=0)
        end = time.monotonic() + patience
        while not (mine := try_lock(self._file)) and time.monotonic() < end:
            time.sleep(0.02)
        if not mine:
            self._file.seek(0)
            holder = self._file.read(200).decode(errors="replace").strip() or "?"
            self._file.close()
            raise Problem("sync.locked", Retry.AFTER_FIX, holder=holder)
        with suppress(OSError):  # on a full disk nobody can read who we are; the lock is ours all the same
            self._file.truncate(0)
            self._file.write(f"{who} (pid {os.getpid()})".encode())

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> SyncLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
