"""Signature pads: every driver of the kind, and the pen digitiser on scripted reports."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from contract.problem import Problem
from contract.signature import FULL, Ink
from devices.catalogue import Manifest, drivers, missing, open_host
from devices.signature import FULL as DEVICE_FULL
from devices.signature import Area, Pad, PenPoint
from devices.signature.drivers.pen_hid.driver import PenPad
from devices.signature.pen_report import read_layout
from tests.devices.signature import pen

MESSAGES = Path(__file__).resolve().parents[3] / "resources" / "messages"
WORDS = {
    code for name in ("signature", "devices") for code in json.loads((MESSAGES / f"{name}.json").read_text("utf-8"))
}
NOWHERE = "ffff:fffe"
WITHOUT = {"signature/pen_hid": {"device": NOWHERE}, "signature/simulated": {"behave": "absent"}}
every_driver = pytest.mark.parametrize("manifest", drivers("signature"), ids=lambda manifest: manifest.driver)


@every_driver
def test_it_refuses_cleanly_when_there_is_nothing(manifest: Manifest) -> None:
    assert missing(manifest) == ()
    with open_host(manifest.id, WITHOUT[manifest.id], patience=20) as host:
        for _ in range(2):
            for ask in (Pad(host).area, lambda: next(Pad(host).watch())):
                with pytest.raises(Problem) as raised:
                    ask()
                assert raised.value.code == "device.usb_absent" and raised.value.code in WORDS


@every_driver
def test_it_survives_being_killed(manifest: Manifest) -> None:
    with open_host(manifest.id, WITHOUT[manifest.id], patience=20) as host:
        for code in ("device.usb_absent", "device.crashed", "device.usb_absent"):
            if code == "device.crashed":
                assert host.pid is not None
                os.kill(host.pid, signal.SIGKILL)
            with pytest.raises(Problem, match=code):
                Pad(host).area()


def test_a_signature_comes_in_strokes_and_cancelling_ends_it() -> None:
    with open_host("signature/simulated", {}, patience=20) as host:
        area = Pad(host).area()
        assert area.has_pressure and area.width > area.height
        points = Pad(host).watch()
        heard = [next(points) for _ in range(183)]
        points.close()
        assert sum(point.pressure == 0 for point in heard) == 3
        assert all(0 <= point.x <= area.width and 0 <= point.y <= area.height for point in heard)
        assert max(point.pressure for point in heard) <= FULL == DEVICE_FULL
        assert [point.t for point in heard] == sorted(point.t for point in heard)
        assert repr(heard[0]) == "PenPoint()"  # how somebody signs is nobody's to read in a log
        assert Pad(host).area() == area


@pytest.mark.parametrize(
    ("behave", "code"), [("unplugged", "device.unplugged"), ("hang", "device.silent"), ("crash", "device.crashed")]
)
def test_trouble_becomes_a_problem_and_the_next_signature_works(behave: str, code: str) -> None:
    patience = 3.0 if behave == "hang" else 20  # of which the next signature begins, too
    with open_host("signature/simulated", {"behave": behave}, patience) as host:
        with pytest.raises(Problem) as raised:
            list(Pad(host).watch())
        assert raised.value.code == code and code in WORDS
        points = Pad(host).watch()
        assert next(points).pressure > 0
        points.close()


def test_a_slow_pad_loses_no_point() -> None:
    with open_host("signature/simulated", {"behave": "slow"}, patience=30) as host:
        points = Pad(host).watch()
        heard = [next(points) for _ in range(20)]
        points.close()
    assert [point.t for point in heard] == [5 * n for n in range(20)]


# --- the pen digitiser -----------------------------------------------------------------------------------------------


def heard(pad: PenPad, count: int) -> list[PenPoint]:
    found: list[PenPoint] = []
    for point in pad.watch(lambda: len(found) >= count, lambda: None):
        found.append(point)
        if len(found) >= count:
            break
    return found


def test_a_pen_says_what_it_is_and_where() -> None:
    layout = read_layout(pen.DESCRIPTOR)
    assert layout.area == Area(10000, 4000, has_pressure=True)  # hundredths of a millimetre
    assert layout.read(pen.report(10000, 4000, 2047)) == (10000, 4000, FULL)
    assert layout.read(pen.report(5000, 1000, 1024)) == (5000, 1000, 512)
    assert layout.read(pen.report(5000, 1000, 900, down=False)) == (5000, 1000, 0)
    assert layout.read(pen.report(60000, 1000, 1)) == (10000, 1000, 1)  # beyond its own edge: held at it
    assert layout.read(pen.report(1, 1, 1, number=8)) is None  # of something else in the same device
    assert layout.read(pen.report(1, 1, 1)[:3]) is None and layout.read(b"") is None


def test_a_pen_without_pressure_size_or_number_is_a_pen_too() -> None:
    layout = read_layout(pen.PLAIN + pen.TABLET)
    assert layout.area == Area(1023, 1023, has_pressure=False)
    # the mouse's three bytes come first: both are in the unnumbered report
    assert layout.read(bytes([0, 0, 0, 1, 0xFF, 0x03, 0x00, 0x02])) == (1023, 512, FULL)


@pytest.mark.parametrize("descriptor", [b"", pen.PLAIN, pen.DESCRIPTOR[:30], b"\xfe\x03\x00abc", bytes(range(256)) * 4])
def test_what_is_no_pen_is_said_to_be_none(descriptor: bytes) -> None:
    with pytest.raises(Problem, match=r"signature\.no_pen"):
        read_layout(descriptor)
    assert "signature.no_pen" in WORDS


def test_the_pen_is_followed_from_down_to_up() -> None:
    reports = [pen.report(1, 1, 0, down=False), pen.report(10, 20, 300), pen.report(20, 20, 600)]
    device = pen.Device([*reports, pen.report(20, 20, 0, down=False), pen.report(30, 20, 0, down=False)])
    device.waiting.append(pen.report(9, 9, 999))  # from before: thrown away
    found = heard(PenPad("256c:006d", device.open), 3)
    assert [(point.x, point.y, bool(point.pressure)) for point in found] == [
        (10, 20, True),
        (20, 20, True),
        (20, 20, False),
    ]


def test_unplugged_and_plugged_in_again() -> None:
    device = pen.Device([pen.report(10, 20, 300)])
    pad = PenPad("256c:006d", device.open)
    points = pad.watch(lambda: False, lambda: None)
    assert next(points).x == 10
    device.gone = True
    with pytest.raises(Problem, match=r"device\.unplugged"):
        next(points)
    assert device.closed
    with pytest.raises(Problem, match=r"device\.usb_absent"):
        pad.status()
    device.gone = False
    assert pad.status().width == 10000


@pytest.mark.parametrize("device", ["", "256c", "pen:pad"])
def test_without_a_number_it_asks_for_one(device: str) -> None:
    with pytest.raises(Problem, match=r"device\.no_port_chosen"):
        PenPad(device, pen.Device([]).open).status()


# --- the ink ---------------------------------------------------------------------------------------------------------


def ink(**changes: Any) -> Ink:
    strokes = (((0, 10, 10, FULL), (8, 600, 40, FULL)),)
    return Ink(**{"width": 1000, "height": 400, "strokes": strokes, **changes})


def test_a_dot_or_nothing_is_no_signature() -> None:
    assert ink().is_written and ink().points == 2
    assert not ink(strokes=()).is_written
    assert not ink(strokes=(((0, 10, 10, FULL),),)).is_written
    assert not ink(strokes=(((0, 10, 10, FULL), (9, 12, 11, FULL)),)).is_written


def test_ink_outside_the_area_or_without_end_is_refused() -> None:
    for wrong in ((((0, 1001, 1, 1),),), (((0, 1, 401, 1),),), (((0, 1, 1, FULL + 1),),), (((0, -1, 1, 1),),)):
        with pytest.raises(ValueError):
            ink(strokes=wrong)
    with pytest.raises(ValueError):
        ink(strokes=(tuple((0, 1, 1, 1) for _ in range(20_001)),))
