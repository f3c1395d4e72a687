"""What every document camera's driver must do, each through its own worker process."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from contextlib import closing
from pathlib import Path

import pytest

from contract.problem import Problem, Retry
from devices.camera import CameraSource, Frame
from devices.catalogue import Manifest, drivers, missing, open_host
from devices.transports.wholeness import is_whole
from tests.devices.camera.conftest import PATIENCE, PictureServer, jpeg, parts

ROOT = Path(__file__).resolve().parents[3]
WORDS = {
    code
    for name in ("camera", "devices")
    for code in json.loads((ROOT / "resources" / "messages" / f"{name}.json").read_text("utf-8"))
}
NEEDS = {"qt": [pytest.mark.needs("lib:libpulse.so.0")]}
every_driver = pytest.mark.parametrize(
    "manifest",
    [pytest.param(each, id=each.driver, marks=NEEDS.get(each.driver, [])) for each in drivers("camera")],
)


@pytest.fixture
def working(manifest: Manifest, pictures: PictureServer, tmp_path: Path) -> dict[str, str]:
    """Options with which the driver has pictures to give."""

    def for_ever(write: object) -> None:
        while not pictures.over.wait(0.02):
            parts(3)(write)

    pictures.give = for_ever
    photographs = tmp_path / "张三的照片"
    photographs.mkdir()
    for n in range(4):
        (photographs / f"{n}.jpg").write_bytes(jpeg(n))
    return {
        "folder": {"path": str(photographs)},
        "mjpeg": {"url": pictures.url},
        "qt": {"camera": pictures.url},
        "simulated": {"pace": "0", "empty": "1"},
    }[manifest.driver]


@pytest.fixture
def absent(manifest: Manifest, free_port: int, tmp_path: Path) -> dict[str, str]:
    return {
        "folder": {"path": str(tmp_path / "nowhere")},
        "mjpeg": {"url": f"http://127.0.0.1:{free_port}/"},
        "qt": {"camera": "a camera that nobody has"},
        "simulated": {"behave": "absent"},
    }[manifest.driver]


@every_driver
def test_pictures_come_whole_and_numbered(manifest: Manifest, working: dict[str, str]) -> None:
    assert missing(manifest) == ()
    with open_host(manifest.id, working, PATIENCE) as host, closing(CameraSource(host).watch()) as watch:
        found = [next(watch) for _ in range(3)]
    assert [frame.n for frame, _ in found] == [1, 2, 3]
    for frame, data in found:
        assert frame == Frame(frame.n, "image/jpeg", len(data), still=manifest.driver == "folder")
        assert is_whole(data)


@every_driver
def test_it_says_that_it_is_there(manifest: Manifest, working: dict[str, str]) -> None:
    with open_host(manifest.id, working, PATIENCE) as host:
        CameraSource(host).status()


@every_driver
def test_it_refuses_cleanly_when_there_is_nothing(manifest: Manifest, absent: dict[str, str]) -> None:
    with open_host(manifest.id, absent, PATIENCE) as host:
        for ask in (CameraSource(host).status, lambda: next(CameraSource(host).watch())):
            with pytest.raises(Problem) as caught:
                ask()
            assert caught.value.retry is Retry.AFTER_FIX
            assert caught.value.code in WORDS


@every_driver
def test_it_survives_being_killed_and_honours_cancel(manifest: Manifest, working: dict[str, str]) -> None:
    with open_host(manifest.id, working, PATIENCE) as host:
        camera = CameraSource(host)
        with closing(camera.watch()) as watch:
            next(watch)
        assert host.pid is not None  # the same process hears the next call
        with closing(camera.watch()) as watch:
            next(watch)
            os.kill(host.pid, signal.SIGKILL)
            with pytest.raises(Problem, match="device.crashed"):
                list(watch)
        with closing(camera.watch()) as watch:
            assert next(watch)[0].n == 1


@every_driver
def test_somebody_else_may_end_it(manifest: Manifest, working: dict[str, str]) -> None:
    stop = threading.Event()
    with open_host(manifest.id, working, PATIENCE) as host:
        count = 0
        for _ in CameraSource(host).watch(stop):
            count += 1
            stop.set()
        assert count == 1


@every_driver
def test_nothing_personal_is_said(
    manifest: Manifest, working: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with open_host(manifest.id, working, PATIENCE) as host, closing(CameraSource(host).watch()) as watch:
        frame, _ = next(watch)
        assert "张三" not in repr(host) + repr(frame)
    assert "张三" not in caplog.text


def test_every_code_that_is_raised_has_words() -> None:
    raised = {
        code
        for file in (*(ROOT / "devices" / "camera").rglob("*.py"), ROOT / "ui" / "qt_camera.py")
        for code in re.findall(r'"(camera\.[a-z_]+)"', file.read_text("utf-8"))
    }
    assert raised == {code for code in WORDS if code.startswith("camera.")}
