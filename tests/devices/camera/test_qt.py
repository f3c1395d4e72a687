"""Cameras through QtMultimedia: real pictures decoded by it, and what is said where it cannot be had."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from contract.problem import Problem
from devices.camera import CameraSource
from devices.catalogue import open_host
from tests.devices.camera.conftest import PATIENCE, PictureServer

pytestmark = pytest.mark.needs("lib:libpulse.so.0")
Write = Callable[[bytes], None]
SIZE = (322, 240)  # a row of it does not fill whole words


@pytest.fixture
def red(pictures: PictureServer) -> PictureServer:
    """A server whose pictures are red above and white below."""
    picture = Image.new("RGB", SIZE, "white")
    picture.paste((200, 30, 30), (0, 0, SIZE[0], SIZE[1] // 2))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95)

    def give(write: Write) -> None:
        while not pictures.over.wait(0.02):
            write(b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + out.getvalue() + b"\r\n")

    pictures.give = give
    return pictures


def trouble(camera: str, **options: str) -> str:
    with open_host("camera/qt", {"camera": camera, **options}, PATIENCE) as host, pytest.raises(Problem) as caught:
        list(CameraSource(host).watch())
    return caught.value.code


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_pictures_are_the_cameras(red: PictureServer) -> None:
    with open_host("camera/qt", {"camera": red.url}, PATIENCE) as host:
        with closing(CameraSource(host).watch()) as watch:
            found = [Image.open(io.BytesIO(next(watch)[1])) for _ in range(2)]
        assert host.pid is not None and children(host.pid) == []  # nothing runs on when nobody looks
    for picture in found:
        assert picture.size == SIZE
        above, below = picture.getpixel((100, 40)), picture.getpixel((300, 200))
        assert abs(above[0] - 200) < 20 and above[1] < 60 and min(below) > 230  # type: ignore[index, arg-type]


def test_qt_may_crash_and_the_next_watch_works(red: PictureServer) -> None:
    with open_host("camera/qt", {"camera": red.url}, PATIENCE) as host:
        camera = CameraSource(host)
        with closing(camera.watch()) as watch:
            next(watch)
            assert host.pid is not None
            for child in children(host.pid):
                os.kill(child, signal.SIGKILL)
            with pytest.raises(Problem, match="device.unplugged"):
                list(watch)
        with closing(camera.watch()) as watch:
            next(watch)


def test_what_gives_no_picture(pictures: PictureServer) -> None:
    assert trouble("a camera that nobody has") == "camera.not_there"
    pictures.content_type = "text/html"
    pictures.give = lambda write: write(b"<p>no camera</p>")
    assert trouble(pictures.url) == "camera.no_stream"
    pictures.content_type = "multipart/x-mixed-replace; boundary=frame"
    pictures.give = lambda write: pictures.wait()
    assert trouble(pictures.url, wait="2") == "camera.no_picture"


def test_without_the_multimedia_library_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a system where a library that it is linked to is missing."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['PySide6.QtMultimedia'] = None  # importing it raises ImportError\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert trouble("") == "camera.no_multimedia"
