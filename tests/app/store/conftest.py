"""A store that has joined, and a clerk at work on it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store import Store
from tests.fakes.window import Window, join_demo


@pytest.fixture
def key() -> bytes:
    return secrets.token_bytes(32)


@pytest.fixture
def store(tmp_path: Path, key: bytes) -> Iterator[Store]:
    with Store.open(tmp_path / "station", key) as opened:
        join_demo(opened)
        yield opened


@pytest.fixture
def window(store: Store) -> Window:
    return Window(store)
