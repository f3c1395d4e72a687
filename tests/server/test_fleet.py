"""A fleet of stations that comes back at one time: nothing lost, nothing double, and the server goes on answering."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.fleet import Fleet
from tests.fakes.serving import ServerProcess

STATIONS = 40
PATIENCE = 200.0  # seconds; never reached but where something is wrong


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    fleet = Fleet(tmp_path / "fleet", STATIONS, cases=1, size=2_000)
    fleet.server.start()
    yield fleet
    fleet.stop()
    fleet.server.stop()


def test_forty_stations_come_back_at_once_and_everything_is_there_once(fleet: Fleet) -> None:
    fleet.enrol()
    drained = fleet.drain(fleet.boats, within=0, patience=PATIENCE)
    assert len(drained.late) == STATIONS, "not all of them were agreed with"
    assert fleet.faults() == []


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path)
    process.start()
    yield process
    process.stop()


def test_a_connection_that_says_nothing_keeps_nobody_out(served: ServerProcess) -> None:
    """Every station keeps one between its rounds: there are far more of them than threads."""
    lines = [http.client.HTTPConnection("127.0.0.1", served.port, timeout=20) for _ in range(300)]
    try:
        for line in lines:
            line.request("GET", "/api/v1/health")
            assert line.getresponse().read()
    finally:
        for line in lines:
            line.close()
