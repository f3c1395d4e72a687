"""Cameras that the system knows (UVC on USB, built in), and network streams, through QtMultimedia.

Qt lives in ui alone and may crash, so it has a process of its own: ``python -m ui.qt_camera``, started from here. It
answers every line on its standard input with the newest picture, three bytes a pixel; the JPEG is made here
(docs/decisions/0012).
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

from PIL import Image

from contract.problem import Problem, Retry
from devices.camera import Frame
from devices.camera.newest import Newest

_LINE = 4096  # bytes of a line between the two at most
_PIXELS = 64_000_000
_QUALITY = 90


class QtCamera:
    """See the manifest for the options."""

    def __init__(self, camera: str = "", wait: float = 10.0) -> None:
        self._camera, self._wait = camera, wait

    def watch(self, *, cancelled: Callable[[], bool], alive: Callable[[], None]) -> Iterator[tuple[Frame, bytes]]:
        """The newest picture whenever one is wanted.

        Raises:
            camera.no_multimedia: QtMultimedia cannot be imported.
            camera.not_there, camera.no_stream: there is no such camera, or the address gives no pictures.
            camera.no_picture: none came in the time to wait for one.
            device.unplugged: the camera went away.
        """
        with contextlib.closing(_Eye({"camera": self._camera}, self._wait)) as eye:
            n = 0
            eye.want()
            while not cancelled():
                alive()
                seen = eye.newest.take()
                if seen is not None:
                    n += 1
                    data = _jpeg(*seen)
                    yield Frame(n, "image/jpeg", len(data)), data
                    eye.want()

    def status(self) -> dict[str, Any]:
        """Whether the camera is there; it is not switched on."""
        with contextlib.closing(_Eye({"camera": self._camera, "look": True}, self._wait)) as eye:
            while eye.newest.take() is None:
                pass
        return {}


class _Eye:
    """The process with Qt in it, and the thread that reads from it."""

    def __init__(self, order: Mapping[str, Any], wait: float) -> None:
        self.newest: Newest[tuple[int, int, bytes]] = Newest(wait)
        self._popen = subprocess.Popen(
            [sys.executable, "-P", "-X", "utf8", "-m", "ui.qt_camera"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        assert self._popen.stdin is not None and self._popen.stdout is not None
        self._orders: IO[bytes] = self._popen.stdin
        self._tell(json.dumps(dict(order)).encode("ascii"))
        self._thread = threading.Thread(target=self._read, args=(self._popen.stdout,), name="pictures", daemon=True)
        self._thread.start()

    def want(self) -> None:
        """Ask for the next picture."""
        self._tell(b"")

    def close(self) -> None:
        self._popen.kill()
        self._popen.wait()
        self._thread.join()
        with contextlib.suppress(OSError):
            self._orders.close()

    def _tell(self, line: bytes) -> None:
        with contextlib.suppress(OSError):  # it has ended: the reader says so
            self._orders.write(line + b"\n")
            self._orders.flush()

    def _read(self, answers: IO[bytes]) -> None:
        with answers:
            try:
                while True:
                    head = json.loads(answers.readline(_LINE))
                    if "problem" in head:
                        self.newest.fail(Problem.from_wire(head["problem"]))
                        return
                    wide, high = int(head["width"]), int(head["height"])
                    if wide * high > _PIXELS:
                        raise ValueError
                    pixels = answers.read(wide * high * 3)
                    if len(pixels) != wide * high * 3:
                        raise ValueError
                    self.newest.put((wide, high, pixels))
            except (OSError, ValueError, KeyError, TypeError):  # it crashed, in a library that is not ours
                self.newest.fail(Problem("device.unplugged", Retry.AFTER_FIX, port="Qt"))


def _jpeg(wide: int, high: int, pixels: bytes) -> bytes:
    out = io.BytesIO()
    Image.frombytes("RGB", (wide, high), pixels).save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


OPEN = QtCamera
