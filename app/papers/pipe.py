"""The wire between the counter and the drawing process: a JSON line, and as many raw bytes as its ``blob`` says."""

from __future__ import annotations

import json
from typing import IO, Any


def say(stream: IO[bytes], line: dict[str, Any], blob: bytes = b"") -> None:
    """Send one message."""
    stream.write(json.dumps(line | {"blob": len(blob)}).encode("ascii") + b"\n" + blob)
    stream.flush()


def hear(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """The next message, or None at the end of the stream, also in the middle of a message."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    said: dict[str, Any] = json.loads(line)
    blob = stream.read(said["blob"])
    return (said, blob) if len(blob) == said["blob"] else None
