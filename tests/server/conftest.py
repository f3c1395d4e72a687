"""The server's own folder, the small hall and desks, per test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.desk import VILLAGE, Desk, client_line, load_hall


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """SQLite in a file, as it is used: in memory, tables are locked between threads in a way that no file knows."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    if database["ENGINE"] == "server.sqlite_gate":
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(autouse=True)
def server_folder(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """A folder, keys and empty caches of this test's own."""
    from django.core.cache import cache

    from server.keys import make_keys

    settings.TONGBAN_FOLDER = tmp_path / "server"
    settings.TONGBAN_KEY_FILE = tmp_path / "server" / "keys.json"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    make_keys(settings.TONGBAN_KEY_FILE)
    cache.clear()
    yield tmp_path / "server"


@pytest.fixture
def hall(db: Any) -> None:
    load_hall()


@pytest.fixture
def open_desk(hall: None) -> Callable[..., Desk]:
    """Makes a desk at a node, joined with a fresh code."""

    def make(node: str = VILLAGE, window: str = "1 号窗口", clerk: str = "clerk") -> Desk:
        from server.exchange.stations import make_code

        return Desk(client_line(), make_code(node, window), clerk)

    return make


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    """A desk in a village of Yuyao."""
    return open_desk()
