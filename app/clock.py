"""The station's own clock. Whatever wants to know the time is handed a clock; this is the one on the wall."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Now, aware."""


def wall_clock() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)
