"""A real cable is pulled and put back, in a network of the test's own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from app.sync.network import _attributes, _messages, watch_network

ROOT = Path(__file__).parents[3]


def on_a_machine_of_its_own(argument: str) -> dict[str, Any]:
    command = ["unshare", "-Urn", sys.executable, "-m", "tests.app.sync.cable", argument]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr[-4000:]
    said: dict[str, Any] = {}
    for line in run.stdout.splitlines():
        said |= json.loads(line)
    return said


@pytest.mark.needs("ip", "unshare")
def test_a_cable_an_address_and_a_route_are_heard_of_and_a_longer_lease_is_not() -> None:
    said = on_a_machine_of_its_own("watch")
    assert said.pop("addr change 10.9.8.7/24 dev lo valid_lft 900 preferred_lft 900") is False
    assert said.pop("addr add 10.9.8.9/24 dev lo") is False  # after the watch was closed
    assert len(said) == 6 and set(said.values()) == {True}, said


@pytest.mark.needs("ip", "unshare")
def test_rule_07_f07_the_courier_notices_a_pulled_cable_and_comes_back_with_it(tmp_path: Path) -> None:
    assert on_a_machine_of_its_own(str(tmp_path)) == {"online": True, "noticed": True, "back": True}


def test_a_watch_ends_when_it_is_closed() -> None:
    before = threading.active_count()
    watch = watch_network(lambda: None)
    if watch is not None:
        assert threading.active_count() == before + 1
        watch.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("data", [b"", b"\0" * 3, b"\0" * 64, b"\xff" * 64, b"\x10\0\0\0\x18\0" + b"\0" * 10])
def test_what_makes_no_sense_is_passed_over(data: bytes) -> None:
    assert all(len(body) <= len(data) for _, body in (*_messages(data), *_attributes(data)))
