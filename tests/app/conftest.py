"""The real server, and stations that joined it, for whoever needs a line."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.store import Store
from app.sync.enrol import join
from app.sync.line import Line
from tests.fakes.cutting import CuttingProxy, Plan
from tests.fakes.rounds import SetByHand
from tests.fakes.serving import ServerProcess
from tests.fakes.window import NODE


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The real server with the demo hall, one for the whole run."""
    process = ServerProcess(tmp_path_factory.mktemp("server"))
    process.start()
    yield process
    process.stop()


@dataclass
class Station:
    """A joined store with its key, its clock and a clean line."""

    folder: Path
    key: bytes
    store: Store
    line: Line
    clock: SetByHand


NewStation = Callable[..., Station]


@pytest.fixture
def new_station(server: ServerProcess, tmp_path: Path) -> Iterator[NewStation]:
    """Makes stations that have joined the real server at a node."""
    with ExitStack() as stack:
        made = 0

        def make(node: str = NODE) -> Station:
            nonlocal made
            made += 1
            folder, key, clock = tmp_path / f"station{made}", secrets.token_bytes(32), SetByHand()
            store = stack.enter_context(Store.open(folder, key, clock=clock))
            line = Line(server.url, store.station)
            stack.callback(line.close)
            join(store, line, server.code(node))
            return Station(folder, key, store, line, clock)

        yield make


@pytest.fixture
def station(new_station: NewStation) -> Station:
    return new_station()


@pytest.fixture
def cutting(server: ServerProcess) -> Iterator[Callable[[Plan], CuttingProxy]]:
    """Makes bad lines to the real server."""
    with ExitStack() as stack:
        yield lambda plan: stack.enter_context(CuttingProxy(server.port, plan))
