"""The simulated document camera: what its options make it do."""

from __future__ import annotations

from contextlib import closing
from itertools import islice

import pytest

from contract.problem import Problem
from devices.camera import CameraSource
from devices.camera.drivers.simulated.driver import SimulatedCamera
from devices.catalogue import open_host


def watch(count: int, **options: object) -> list[bytes]:
    camera = SimulatedCamera(pace=0.0, **options)  # type: ignore[arg-type]
    return [data for _, data in islice(camera.watch(cancelled=lambda: False, alive=lambda: None), count)]


def test_the_same_seed_gives_the_same_pictures() -> None:
    assert watch(3, empty=1) == watch(3, empty=1) != watch(3, empty=1, seed=2)


@pytest.mark.parametrize(
    ("behave", "code"), [("unplugged", "device.unplugged"), ("hang", "device.silent"), ("crash", "device.crashed")]
)
def test_trouble_becomes_a_problem_after_some_pictures(behave: str, code: str) -> None:
    patience = 6.0 if behave == "hang" else 30.0
    seen = 0
    with (
        open_host("camera/simulated", {"behave": behave, "pace": "0", "sheets": "0"}, patience) as host,
        closing(CameraSource(host).watch()) as pictures,
        pytest.raises(Problem) as caught,
    ):
        for _ in pictures:
            seen += 1
    assert caught.value.code == code and seen == 10


def test_a_slow_camera_shows_signs_of_life_between_its_pictures() -> None:
    began = pulses = 0

    def alive() -> None:
        nonlocal pulses
        pulses += 1

    slow = SimulatedCamera(pace=0.1, behave="slow")
    for began, _ in enumerate(islice(slow.watch(cancelled=lambda: False, alive=alive), 2), 1):
        assert pulses > 2 * began


def test_one_picture_within_a_time() -> None:
    with open_host("camera/simulated", {"pace": "0"}, 30.0) as host:
        frame, data = CameraSource(host).photograph(30.0)
        assert frame.n == 1 and len(data) == frame.size
    with open_host("camera/simulated", {"pace": "60"}, 30.0) as host, pytest.raises(Problem, match="camera.no_picture"):
        CameraSource(host).photograph(0.1)
