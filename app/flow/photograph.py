"""The document camera opened at the desk: what it sees now, and when a sheet is to be photographed."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

from app.desk import Desk
from app.materials.mat import Mat, Standing
from app.materials.outline import colours, find_corners_alone, seen
from contract.material import Corners
from contract.problem import Problem
from devices.camera import CameraSource

LIVE = 816  # pixels across of the live picture: a quarter of eight megapixels, which costs least to decode
_BAD = 20  # pictures in a row that cannot be opened


@dataclass(frozen=True, repr=False)
class Sight:
    """One picture of the camera. What is photographed is exactly what was shown.

    Attributes:
        data, media_type: The picture as the camera gave it.
        corners: Of the sheet in it, where one was found.
        take: It is to be photographed now, without being asked.
        width, height, rgb: A small copy to be shown, three bytes a pixel.
    """

    standing: Standing
    data: bytes
    media_type: str
    corners: Corners | None
    take: bool
    width: int
    height: int
    rgb: bytes

    def __repr__(self) -> str:
        return f"Sight({self.standing.value}, {len(self.data)} bytes)"


class CameraWatch:
    """One opening of the camera. `sights` belongs to one thread, everything else may be called from any.

    Attributes:
        auto: Whether a sheet that lies still is photographed by itself.
    """

    def __init__(self, camera: CameraSource, auto: bool) -> None:
        self._camera = camera
        self.auto = auto
        self._learn, self._photographed = threading.Event(), threading.Event()

    def learn(self) -> None:
        """The mat is empty now: look at it anew."""
        self._learn.set()

    def photographed(self) -> None:
        """What lies there was photographed by key: once is enough."""
        self._photographed.set()

    def sights(self, stop: threading.Event) -> Generator[Sight, None, None]:
        """What the camera sees, until `stop`.

        Raises:
            Problem: the camera's; ``page.unreadable`` where its pictures cannot be opened.
        """
        mat, bad = Mat(), 0
        with closing(self._camera.watch(stop)) as pictures:
            for frame, data in pictures:
                try:
                    small = seen(data, LIVE)
                except Problem:
                    bad += 1
                    if frame.still or bad >= _BAD:
                        raise
                    continue
                bad = 0
                self._tell(mat)
                look = colours(small)
                if frame.still:
                    standing, corners, take = Standing.LYING, find_corners_alone(look), True
                else:
                    found = mat.see(look)
                    standing, corners, take = found.standing, found.corners, found.take and self.auto
                    if take:
                        mat.photographed()
                size = small.size
                yield Sight(standing, data, frame.media_type, corners, take, *size, small.tobytes())

    def _tell(self, mat: Mat) -> None:
        if self._learn.is_set():
            self._learn.clear()
            mat.learn()
        if self._photographed.is_set():
            self._photographed.clear()
            mat.photographed()


def open_camera(desk: Desk, auto: bool) -> CameraWatch:
    """The desk's document camera. Raises Problem ``device.not_chosen``, ``device.missing``."""
    return CameraWatch(desk.devices.camera(), auto)
