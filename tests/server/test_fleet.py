"""A fleet of stations that comes back at one time: nothing lost, nothing double, and the server goes on answering."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.fleet import Fleet
from tests.fakes.serving import ROOT, ServerProcess

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


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_bench_ended_by_a_person_leaves_nothing_behind(tmp_path: Path) -> None:
    place = tmp_path / "bench"
    place.mkdir()
    bench = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.fleet", "--stations", "1"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(place)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert bench.stderr is not None
    assert "stations have joined" in bench.stderr.readline()
    assert named(place), "its server"
    for _ in range(2):  # who is impatient does it twice
        bench.send_signal(signal.SIGINT)
    bench.communicate(timeout=PATIENCE)
    assert bench.returncode == 130 and not named(place) and not list(place.iterdir())


def named(folder: Path) -> list[Path]:
    """The processes in whose command lines a folder is named."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.fsencode(folder) in (process / "cmdline").read_bytes():
                found.append(process)
    return found


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
