"""Log lines: one JSON object each, with nothing personal in it.

What an exception says may quote what a person typed, so only its type and the places it went through are written.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime


class Lines(logging.Formatter):
    """Formats a record as one line of JSON. Extra fields are passed as ``extra={"fields": {...}}``."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": str(record.msg),  # never the arguments: they may be personal
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])[-12:]
            line["frames"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(line, ensure_ascii=False, default=str)
