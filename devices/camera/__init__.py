"""Document cameras (高拍仪): pictures of what lies on the mat, one after another, the camera's own bytes unchanged.

A driver's `watch` is streamed through its worker process. It hands over the newest picture whenever the one before
was taken, never a queue of old ones: what the clerk sees is what is photographed. Where the paper lies in a picture,
and whether it is kept, is not the camera's business (app.materials.outline, app.materials.mat).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

from contract.problem import Problem, Retry
from devices.host import Host

FRAME_LIMIT = 32 * 1024 * 1024  # bytes of one picture; 20 megapixels are some 8 MB as JPEG


@dataclass(frozen=True)
class Frame:
    """One picture, as the camera gave it.

    Attributes:
        n: Number of the picture since the watch began, from 1; pictures that nobody had time for are not counted.
        media_type: ``image/jpeg`` or ``image/png``.
        size: Number of bytes.
        still: It was taken on purpose, by a key of the camera or of its own program; else one of a moving picture.
    """

    n: int
    media_type: str
    size: int
    still: bool = False


class Camera(Protocol):
    """What a driver of this kind can do. It runs in a worker process."""

    def watch(self, *, cancelled: Callable[[], bool], alive: Callable[[], None]) -> Iterator[tuple[Frame, bytes]]:
        """Pictures as they come, until cancelled; says `alive()` while it waits for one.

        Raises:
            Problem: device.unplugged where the camera goes away; camera.* for what the driver's own way can meet.
        """
        ...

    def status(self) -> dict[str, Any]:
        """``{}`` of a camera that is there; raises where it is not."""
        ...


class CameraSource:
    """The document camera of this station, as the application uses it."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def watch(self, stop: threading.Event | None = None) -> Generator[tuple[Frame, bytes], None, None]:
        """Pictures as they come; closing the generator ends it, and so does `stop`, set by another thread.

        Raises:
            Problem: as Camera.watch, and the Host's.
        """
        for item, data in self._host.stream("watch", stop=stop):
            yield Frame(**item), data
            if stop is not None and stop.is_set():
                return

    def photograph(self, seconds: float) -> tuple[Frame, bytes]:
        """One picture: the first that comes within the time. Raises as `watch`, and ``camera.no_picture``."""
        stop = threading.Event()
        end = threading.Timer(seconds, stop.set)
        end.start()
        try:
            with closing(self.watch(stop)) as pictures:
                for frame, data in pictures:
                    return frame, data
        finally:
            end.cancel()
            end.join()
        raise Problem("camera.no_picture", Retry.AGAIN)

    def status(self) -> None:
        """Raise what is wrong with the camera, if anything is."""
        self._host.ask("status")
