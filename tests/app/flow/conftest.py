"""A counter without a server, for each test its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.counter import Counter, open_counter


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    """A street's counter with simulated devices."""
    with open_counter(tmp_path) as opened:
        yield opened
