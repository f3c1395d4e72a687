"""Motion JPEG over HTTP: network cameras, and the local services that makers of document cameras install.

A stream (``multipart/x-mixed-replace``) is read as it comes; an address that answers one picture is asked again and
again. The pictures stay the camera's own JPEG, byte for byte.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from contract.problem import Problem, Retry
from devices.camera import FRAME_LIMIT, Frame
from devices.camera.newest import Newest
from devices.transports.jpegs import Jpegs, TooLarge

_CHUNK = 1 << 16


class MjpegCamera:
    """See the manifest for the options."""

    def __init__(self, url: str, wait: float = 5.0) -> None:
        self._url, self._wait = url, wait

    def watch(self, *, cancelled: Callable[[], bool], alive: Callable[[], None]) -> Iterator[tuple[Frame, bytes]]:
        """The newest picture whenever one is wanted.

        Raises:
            camera.bad_address, camera.unreachable, camera.refused, camera.no_stream: before the first picture.
            camera.no_picture: none came in the time to wait for one; camera.too_large.
            device.unplugged: the stream ended.
        """
        with contextlib.closing(_Stream(self._url, self._wait)) as stream:
            n = 0
            while not cancelled():
                alive()
                picture = stream.newest.take()
                if picture is not None:
                    n += 1
                    yield Frame(n, "image/jpeg", len(picture)), picture

    def status(self) -> dict[str, Any]:
        """Whether it gives a picture."""
        pictures = self.watch(cancelled=lambda: False, alive=lambda: None)
        with contextlib.closing(pictures):  # type: ignore[type-var]  # a generator
            next(pictures)
        return {}


class _Stream:
    """The connection, and the thread that reads from it and keeps the newest picture."""

    def __init__(self, url: str, wait: float) -> None:
        self._place = _read_address(url)
        self._wait = wait
        self._closed = False
        self._connection = self._open()
        self._response = self._ask()
        self.newest: Newest[bytes] = Newest(wait)
        self._thread = threading.Thread(target=self._read, name="pictures", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed = True
        self._hang_up()
        self._thread.join()

    def _read(self) -> None:
        try:
            self._read_pictures()
            problem = Problem("device.unplugged", Retry.AFTER_FIX, port=self._place.hostname or "")
        except Problem as found:
            problem = found
        except TooLarge:
            problem = Problem("camera.too_large", Retry.AFTER_FIX, limit=FRAME_LIMIT >> 20)
        except TimeoutError:
            problem = Problem("camera.no_picture", Retry.AGAIN)
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            # the last: the connection was closed under the reader
            problem = Problem("device.unplugged", Retry.AFTER_FIX, port=self._place.hostname or "")
        self.newest.fail(problem)

    def _read_pictures(self) -> None:
        while not self._closed:
            one_by_one = self._response.headers.get_content_maintype() == "image"
            jpegs = Jpegs(FRAME_LIMIT)
            came = False
            while data := self._response.read1(_CHUNK):
                for picture in jpegs.feed(data):
                    came = True
                    self.newest.put(picture)
            if not one_by_one:
                return
            if not came:
                raise Problem("camera.no_stream", Retry.AFTER_FIX)
            self._response = self._ask()

    def _open(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._place.scheme == "https" else http.client.HTTPConnection
        return kind(self._place.hostname or "", self._place.port, timeout=self._wait)

    def _ask(self) -> http.client.HTTPResponse:
        path = (self._place.path or "/") + (f"?{self._place.query}" if self._place.query else "")
        headers = {"Accept": "multipart/x-mixed-replace, image/jpeg", "User-Agent": "tongban"}
        if self._place.username is not None:
            said = f"{unquote(self._place.username)}:{unquote(self._place.password or '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(said.encode()).decode()}"
        try:
            self._connection.request("GET", path, headers=headers)
            response = self._connection.getresponse()
        except (http.client.HTTPException, ValueError):
            self._connection.close()
            raise Problem("camera.no_stream", Retry.AFTER_FIX) from None
        except OSError:
            self._connection.close()
            raise Problem("camera.unreachable", Retry.AFTER_FIX, host=self._place.hostname or "") from None
        if response.status != 200:
            self._connection.close()
            raise Problem("camera.refused", Retry.AFTER_FIX, host=self._place.hostname or "", status=response.status)
        if response.headers.get_content_maintype() not in ("multipart", "image"):
            self._connection.close()
            raise Problem("camera.no_stream", Retry.AFTER_FIX)
        return response

    def _hang_up(self) -> None:
        # Not close: another thread reads from it, and a shut socket wakes it.
        if (line := self._line()) is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _line(self) -> socket.socket | None:
        """The socket; http.client hands it to the response where the server closes after it."""
        held = self._connection.sock
        if held is None and self._response.fp is not None:
            held = getattr(getattr(self._response.fp, "raw", None), "_sock", None)
        return held


def _read_address(url: str) -> SplitResult:
    try:
        place = urlsplit(url.strip())
        fits = place.scheme in ("http", "https") and bool(place.hostname) and (place.port is None or place.port > 0)
    except ValueError:
        fits = False
    if not fits:
        raise Problem("camera.bad_address", Retry.AFTER_FIX)
    return place


OPEN = MjpegCamera
