from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.store import Store
from app.sync.enrol import join
from app.sync.line import Line
from tests.fakes.serving import ServerProcess
from tests.fakes.window import NODE


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The real server with the demo hall, one for the whole run."""
    process = ServerProcess(tmp_path_factory.mktemp("server"))
    process.start()
    yield process
    process.stop()


class Station:
    """A joined store with its key and a clean line."""

    def __init__(self, folder: Path, key: bytes, store: Store, line: Line) -> None:
        self.folder, self.key, self.store, self.line = folder, key, store, line


Stations = Callable[[], Station]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def new_station(server: ServerProcess, tmp_path: Path) -> Iterator[Stations]:
    """Makes stations that have joined the real server."""
    with ExitStack() as stack:
        count = 0

        def make() -> Station:
            nonlocal count
            count += 1
            folder, key = tmp_path / f"station{count}", secrets.token_bytes(32)
            store = stack.enter_context(Store.open(folder, key))
            line = Line(server.url, store)
            stack.callback(line.close)
            join(store, line, server.code(NODE))
            return Station(folder, key, store, line)

        yield make


@pytest.fixture
def station(new_station: Stations) -> Station:
    return new_station()
