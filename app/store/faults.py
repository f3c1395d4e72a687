"""A bug as it may be logged: what and where, never the message, which may quote what somebody typed."""

from __future__ import annotations

import traceback
from pathlib import Path

FRAMES = 6


def traced(fault: BaseException) -> str:
    """``TypeError at round.py:81 < courier.py:170``, innermost first."""
    frames = traceback.extract_tb(fault.__traceback__)[-FRAMES:]
    return f"{type(fault).__name__} at {' < '.join(f'{Path(f.filename).name}:{f.lineno}' for f in reversed(frames))}"
