"""A server of moving pictures that does as it is told, and small pictures to give."""

from __future__ import annotations

import contextlib
import http.server
import io
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

PATIENCE = 30.0  # seconds that anything may take on a busy machine


def jpeg(n: int, size: tuple[int, int] = (64, 48)) -> bytes:
    """A picture that differs from those with another number, with a thumbnail's end inside a segment of its own."""
    out = io.BytesIO()
    Image.new("RGB", size, (n * 37 % 256, n * 11 % 256, 90)).save(out, "JPEG", comment=b"\xff\xd8\xff\xd9 inside")
    return out.getvalue()


class PictureServer:
    """`give(write)` is called for each request, after the head with this content type and status was sent."""

    def __init__(self) -> None:
        self.content_type = "multipart/x-mixed-replace; boundary=frame"
        self.status = 200
        self.asked: list[Any] = []
        self.give: Callable[[Callable[[bytes], None]], None] = lambda write: None
        self.over = threading.Event()
        outer = self

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.headers)
                self.send_response(outer.status)
                self.send_header("Content-Type", outer.content_type)
                self.end_headers()
                with contextlib.suppress(OSError):  # the reader has gone
                    outer.give(self.wfile.write)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/video"

    def wait(self) -> None:
        """Say nothing until the test is over."""
        self.over.wait(PATIENCE)

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def pictures() -> Iterator[PictureServer]:
    server = PictureServer()
    yield server
    server.close()


def parts(count: int, between: bytes = b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n") -> Callable[..., None]:
    """So many pictures, and then nothing for a long time is the caller's to add."""

    def give(write: Callable[[bytes], None]) -> None:
        for n in range(count):
            write(between + jpeg(n))

    return give
