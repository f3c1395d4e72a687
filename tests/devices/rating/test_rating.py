"""Rating pads: every driver of the kind."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from contract.problem import Problem
from devices.catalogue import Manifest, drivers, missing, open_host
from devices.rating import Pad, Pressed

MESSAGES = Path(__file__).resolve().parents[3] / "resources" / "messages"
WORDS = set(json.loads((MESSAGES / "devices.json").read_text("utf-8")))
WITHOUT = {"rating/simulated": {"behave": "absent"}}
PRESSED = {"rating/simulated": {"key": "4"}}
every_driver = pytest.mark.parametrize("manifest", drivers("rating"), ids=lambda manifest: manifest.driver)


@every_driver
def test_it_refuses_cleanly_when_there_is_nothing(manifest: Manifest) -> None:
    assert missing(manifest) == ()
    with open_host(manifest.id, WITHOUT[manifest.id], patience=20) as host:
        for ask in (Pad(host).status, lambda: next(Pad(host).watch())):
            with pytest.raises(Problem) as raised:
                ask()
            assert raised.value.code == "device.no_such_port"


@every_driver
def test_a_key_is_heard_cancel_is_honoured_and_a_kill_survived(manifest: Manifest) -> None:
    with open_host(manifest.id, PRESSED[manifest.id], patience=20) as host:
        for _ in range(2):
            keys = Pad(host).watch()
            assert next(keys) == Pressed(4)
            keys.close()
        Pad(host).status()
        assert host.pid is not None
        os.kill(host.pid, signal.SIGKILL)
        with pytest.raises(Problem, match="device.crashed"):
            Pad(host).status()
        Pad(host).status()


@pytest.mark.parametrize(
    ("behave", "code"), [("unplugged", "device.unplugged"), ("hang", "device.silent"), ("crash", "device.crashed")]
)
def test_trouble_becomes_a_problem(behave: str, code: str) -> None:
    patience = 1.0 if behave == "hang" else 20
    with open_host("rating/simulated", {"behave": behave}, patience) as host:
        with pytest.raises(Problem) as raised:
            list(Pad(host).watch())
        assert raised.value.code == code and code in WORDS


def test_a_slow_pad_is_waited_for() -> None:
    with open_host("rating/simulated", {"behave": "slow", "key": "2"}, patience=30) as host:
        keys = Pad(host).watch()
        assert next(keys) == Pressed(2)
        keys.close()


def test_a_key_that_no_pad_has_is_not_one() -> None:
    with (
        open_host("rating/simulated", {"key": "9", "behave": "unplugged"}, patience=20) as host,
        pytest.raises(Problem, match="device.unplugged"),
    ):
        next(Pad(host).watch())
