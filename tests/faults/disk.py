"""A disk of a station's own, small enough to be filled. Where this user may mount none, it is a folder.

Mounting needs no root but a user and mount namespace of one's own: `within` starts the program again inside one.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

INSIDE = "TONGBAN_FAULTS_INSIDE"
SIZE = 192 << 20
FILLER = "filler"


def within(arguments: list[str]) -> None:
    """Start this program again where it may mount, if that can be had; otherwise return."""
    program = shutil.which("unshare")
    if os.environ.get(INSIDE) or program is None:
        return
    try_mount = "mount -t tmpfs -o size=1m none /mnt"
    namespaces = [program, "--user", "--map-root-user", "--mount"]
    if subprocess.run([*namespaces, "sh", "-c", try_mount], capture_output=True, check=False).returncode:
        return
    os.environ[INSIDE] = "1"
    os.execv(program, [*namespaces, sys.executable, "-m", "tests.faults", *arguments])


def can_mount() -> bool:
    return bool(os.environ.get(INSIDE))


class Disk:
    """A folder, on a small file system of its own where that can be had."""

    def __init__(self, folder: Path, size: int = SIZE) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self._mounted = can_mount()
        if self._mounted:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", folder], check=True)

    def fill(self, left: int) -> bool:
        """Use it up but for so many bytes; whether that can be done here."""
        if not self._mounted:
            return False
        with (self.folder / FILLER).open("wb") as file:
            room = os.statvfs(self.folder).f_bavail * os.statvfs(self.folder).f_frsize
            with suppress(OSError):  # somebody was faster: it is full all the same
                os.posix_fallocate(file.fileno(), 0, max(room - left, 1))
        return True

    def free(self) -> None:
        (self.folder / FILLER).unlink(missing_ok=True)

    def close(self) -> None:
        """Throw it away."""
        if self._mounted:
            subprocess.run(["umount", "--lazy", self.folder], check=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def limit_files(pids: Iterable[int], most: int | None) -> None:
    """No file of these processes may grow beyond so many bytes; None takes the limit away."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if most is None else most, hard))
