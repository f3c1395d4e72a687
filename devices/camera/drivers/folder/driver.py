"""A folder into which the camera's own program saves its photographs: any document camera, without driver code."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from contract.problem import Problem, Retry
from devices.camera import FRAME_LIMIT, Frame
from devices.transports.folder import Trouble, WatchedFolder
from devices.transports.wholeness import media_type_of

SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png")
_LOOK = 0.05  # seconds between two looks
_CODES = {Trouble.DAMAGED: "camera.file_damaged", Trouble.ACCESS: "camera.file_access"}


class FolderCamera:
    """See the manifest for the options."""

    def __init__(self, path: str, take: str = "move", unfinished: float = 30.0) -> None:
        self._path, self._move, self._unfinished = path, take == "move", unfinished

    def watch(self, *, cancelled: Callable[[], bool], alive: Callable[[], None]) -> Iterator[tuple[Frame, bytes]]:
        """Each photograph as soon as its file is whole.

        Raises:
            camera.folder_missing, camera.folder_access: the folder cannot be looked into.
            camera.file_damaged, camera.file_access, camera.too_large: a file cannot be taken; the others were.
        """
        folder = self._begin()
        n = 0
        while not cancelled():
            alive()
            try:
                for data in folder.look():
                    n += 1
                    yield Frame(n, media_type_of(data) or "", len(data), still=True), data
            except OSError as error:
                raise _problem(error) from None
            for trouble in folder.troubles:
                if trouble is Trouble.TOO_LARGE:
                    raise Problem("camera.too_large", Retry.AFTER_FIX, limit=FRAME_LIMIT >> 20)
                raise Problem(_CODES[trouble], Retry.AFTER_FIX)
            time.sleep(_LOOK)

    def status(self) -> dict[str, Any]:
        """Whether the folder is there."""
        self._begin()
        return {}

    def _begin(self) -> WatchedFolder:
        if not self._path:
            raise Problem("camera.folder_missing", Retry.AFTER_FIX)
        try:
            return WatchedFolder(
                Path(self._path), SUFFIXES, largest=FRAME_LIMIT, move=self._move, unfinished=self._unfinished
            )
        except OSError as error:
            raise _problem(error) from None


def _problem(error: OSError) -> Problem:
    gone = isinstance(error, FileNotFoundError | NotADirectoryError)
    return Problem("camera.folder_missing" if gone else "camera.folder_access", Retry.AFTER_FIX)


OPEN = FolderCamera
