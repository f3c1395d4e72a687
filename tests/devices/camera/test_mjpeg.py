"""Motion JPEG from servers that keep to nothing: boundaries, lengths, endings, silence."""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import closing

import pytest

from contract.problem import Problem
from devices.camera import CameraSource
from devices.catalogue import open_host
from devices.transports.jpegs import Jpegs, TooLarge
from tests.devices.camera.conftest import PATIENCE, PictureServer, jpeg, parts

Write = Callable[[bytes], None]
WAIT = "20"


def first(pictures: PictureServer, count: int = 1, **options: str) -> list[bytes]:
    with (
        open_host("camera/mjpeg", {"url": pictures.url, "wait": WAIT} | options, PATIENCE) as host,
        closing(CameraSource(host).watch()) as watch,
    ):
        return [next(watch)[1] for _ in range(count)]


def trouble(pictures: PictureServer, **options: str) -> Problem:
    with (
        open_host("camera/mjpeg", {"url": pictures.url, "wait": WAIT} | options, PATIENCE) as host,
        pytest.raises(Problem) as caught,
    ):
        list(CameraSource(host).watch())
    return caught.value


@pytest.mark.parametrize(
    "between",
    [
        b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg(0)),
        b"\r\n----frame\r\n\r\n",  # the dashes twice, no header
        b"\n--other\nContent-type:image/jpeg\nContent-Length: 7\n\n",  # bare line ends, a wrong length, another name
        b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 99999999999999\r\n\r\n",
        b"",  # nothing at all
        b"HTTP/1.1 200 OK\r\n" + b"X-Filler: " + b"x" * 70_000 + b"\r\n\r\n",  # longer than any line may be
    ],
    ids=["right", "no header", "all wrong", "huge length", "nothing", "long line"],
)
def test_boundaries_are_not_relied_upon(pictures: PictureServer, between: bytes) -> None:
    def give(write: Write) -> None:
        parts(1, between)(write)
        pictures.wait()

    pictures.give = give
    assert first(pictures) == [jpeg(0)]


def test_a_picture_that_breaks_off_is_left_out(pictures: PictureServer) -> None:
    def give(write: Write) -> None:
        write(b"--frame\r\n\r\n" + jpeg(1)[:-200] + b"\r\n--frame\r\n\r\n" + jpeg(2))
        pictures.wait()

    pictures.give = give
    assert first(pictures) == [jpeg(2)]


def test_an_address_that_gives_one_picture_is_asked_again(pictures: PictureServer) -> None:
    pictures.content_type = "image/jpeg"
    pictures.give = lambda write: write(jpeg(len(pictures.asked)))
    assert len(first(pictures, 3)) == 3 <= len(pictures.asked)


def test_user_and_password_go_with_the_question_and_nowhere_else(
    pictures: PictureServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    url = pictures.url.replace("//", "//desk:p%40ss@")
    pictures.give = parts(1)
    assert first(pictures, url=url) == [jpeg(0)]
    assert pictures.asked[0]["Authorization"] == f"Basic {base64.b64encode(b'desk:p@ss').decode()}"
    pictures.status = 401
    problem = trouble(pictures, url=url)
    assert (problem.code, problem.facts) == ("camera.refused", {"host": "127.0.0.1", "status": "401"})
    assert "p@ss" not in caplog.text and "p%40ss" not in caplog.text


@pytest.mark.parametrize("url", ["", "rtsp://127.0.0.1/", "http://", "http://[", "127.0.0.1:80/video"])
def test_an_address_that_is_none(pictures: PictureServer, url: str) -> None:
    assert trouble(pictures, url=url).code == "camera.bad_address"


def test_a_page_is_no_picture(pictures: PictureServer) -> None:
    pictures.content_type = "text/html"
    assert trouble(pictures).code == "camera.no_stream"


def test_a_stream_that_ends_is_a_camera_unplugged(pictures: PictureServer) -> None:
    pictures.give = parts(2)
    assert trouble(pictures).code == "device.unplugged"


def test_a_stream_that_falls_silent(pictures: PictureServer) -> None:
    def give(write: Write) -> None:
        parts(1)(write)
        pictures.wait()

    pictures.give = give
    assert trouble(pictures, wait="0.5").code == "camera.no_picture"


def test_a_stream_that_drips_is_no_picture_either(pictures: PictureServer) -> None:
    def give(write: Write) -> None:
        while not pictures.over.wait(0.05):
            write(b"\xff\xd8\xff\xe0"[:1])

    pictures.give = give
    assert trouble(pictures, wait="0.5").code == "camera.no_picture"


def test_the_newest_picture_is_given_not_a_queue_of_old_ones(pictures: PictureServer) -> None:
    """A slow reader skips what came meanwhile."""
    large = jpeg(0, (1600, 1200))
    sent = 0

    def give(write: Write) -> None:
        nonlocal sent
        while sent < 400 and not pictures.over.is_set():
            write(b"--frame\r\n\r\n" + large[:-2] + b"\xff\xfe\x00\x06" + sent.to_bytes(4, "big") + b"\xff\xd9")
            sent += 1
        pictures.wait()

    pictures.give = give
    with (
        open_host("camera/mjpeg", {"url": pictures.url, "wait": WAIT}, PATIENCE) as host,
        closing(CameraSource(host).watch()) as watch,
    ):
        next(watch)
        while sent < 400:
            assert not pictures.over.wait(0.01)
        numbers = []
        while not numbers or numbers[-1] < 399:
            numbers.append(int.from_bytes(next(watch)[1][-6:-2], "big"))
    assert len(numbers) < 100


def test_an_endless_picture_is_refused() -> None:
    jpegs = Jpegs(10_000)
    with pytest.raises(TooLarge):
        for _ in range(20):
            list(jpegs.feed(b"\xff\xd8\xff\xe0\x00\x10" + b"\x00" * 1000))


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_pictures_are_cut_out_however_the_bytes_come(step: int) -> None:
    stream = b"noise\xff\xd8 not yet " + jpeg(1) + b"\r\n--x\r\n\r\n" + jpeg(2) + jpeg(3)[:50] + jpeg(4) + b"\xff"
    jpegs = Jpegs(1 << 20)
    found = [each for at in range(0, len(stream), step) for each in jpegs.feed(stream[at : at + step])]
    assert found == [jpeg(1), jpeg(2), jpeg(4)]
