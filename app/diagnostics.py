"""The diagnostic file (诊断文件): what support wants to know of a station, and nothing of anybody who came to it.

Options are written without secrets, log lines are cut down to what cannot be a person's, files in the user's folder
without the user's name. The store, the cases and what devices read are not asked at all.
"""

from __future__ import annotations

import importlib.metadata
import json
import logging
import os
import platform
import re
import traceback
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.desk import Desk
from app.version import VERSION
from contract.problem import Problem, Retry
from devices import catalogue
from devices.host import without_personal
from devices.transports.plugged import things

KEPT = 400  # log lines
LIBRARIES = (
    "PySide6_Essentials",
    "pydantic",
    "requests",
    "apsw",
    "cryptography",
    "pillow",
    "numpy",
    "reportlab",
    "pyserial",
)
SECRET = "***"  # noqa: S105 - what stands for one
_BYTES = re.compile(r"(?:[0-9A-Fa-f]{2}[\s:,-]?){8,}|[A-Za-z0-9+/=]{24,}")  # hex, base64: perhaps a card's
_USER = re.compile(r"(?<=://)[^/@\s]+@")


class RecentLines(logging.Handler):
    """Keeps the last lines that were logged, already without anything personal."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._kept: deque[str] = deque(maxlen=KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        at = datetime.fromtimestamp(record.created, UTC)
        text = f"{at:%Y-%m-%d %H:%M:%S} {record.levelname} {record.name} {redacted(record.getMessage())}"
        if record.exc_info and record.exc_info[1] is not None:
            text += f" | {_told(record.exc_info[1])}"
        self._kept.append(text)

    def lines(self) -> list[str]:
        return list(self._kept)


def redacted(text: str) -> str:
    """A line without what could be a person's: letters beyond ASCII, long numbers, what looks like bytes, accounts."""
    return without_personal(_BYTES.sub("#", _at_home(_USER.sub("", text))))


def _told(error: BaseException) -> str:
    """Where it went wrong: files, lines and the kind of error, none of the values."""
    frames = traceback.extract_tb(error.__traceback__)
    return " ".join([*(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames), type(error).__name__])


def _at_home(text: str) -> str:
    return text.replace(str(Path.home()), "~") if Path.home() != Path("/") else text


def diagnosis(desk: Desk, recent: RecentLines | None = None, more: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the file says. Asks every device, so it may take as long as they do.

    Args:
        more: Further versions, by name; the interface tells Qt's.
    """
    return {
        "made_at": desk.clock().isoformat(),
        "program": VERSION,
        "system": {
            "platform": platform.platform(),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "session": os.environ.get("XDG_SESSION_TYPE", ""),
        },
        "libraries": {**_libraries(), **(more or {})},
        "station": {
            "id": desk.store.station.get().id,
            "node": desk.node,
            "window": desk.config.window,
            "server": _USER.sub("", desk.config.server_url),
            "training": desk.config.training,
            "language": desk.config.language,
            "theme": desk.config.theme,
            "pack": desk.catalogue().pack.version,
        },
        "devices": [_device(desk, line) for line in desk.devices.states()],
        "plugged": [{"usb": one.usb_id, "name": redacted(one.name), "port": one.port} for one in things()],
        "drivers": [
            {"driver": one.id, "grade": one.grade, "lacks": list(catalogue.missing(one, "en"))}
            for one in catalogue.drivers()
        ],
        "log": recent.lines() if recent else [],
    }


def write_diagnosis(
    desk: Desk, folder: Path, recent: RecentLines | None = None, more: Mapping[str, str] | None = None
) -> Path:
    """Write the file into a folder and say where it is.

    Raises:
        Problem: ``diagnosis.unwritable``.
    """
    said = diagnosis(desk, recent, more)
    file = folder / f"tongban-{desk.store.station.get().id}-{desk.clock().astimezone():%Y%m%d-%H%M%S}.json"
    try:
        file.write_text(json.dumps(said, ensure_ascii=False, indent=2) + "\n", "utf-8")
    except OSError:
        raise Problem("diagnosis.unwritable", Retry.AFTER_FIX, folder=str(folder)) from None
    return file


def _device(desk: Desk, line: Any) -> dict[str, Any]:
    choice = desk.devices.chosen(line.role)
    said: dict[str, Any] = {"role": line.role, "driver": line.driver, "grade": line.grade, "state": line.word}
    if choice is None:
        return said
    if line.problem is not None:
        facts = {name: redacted(str(value)) for name, value in line.problem.facts.items()}
        said["problem"] = {"code": line.problem.code, "facts": facts}
    try:
        manifest = catalogue.get_driver(choice.driver)
        versions = desk.devices.versions(line.role)
    except Problem as problem:
        return said | {"problem": {"code": problem.code, "facts": {}}}
    secret = {option.key for option in manifest.options if option.secret}
    options = {
        key: SECRET if key in secret and value else _at_home(_USER.sub("", str(value)))
        for key, value in choice.options.items()
    }
    assert versions is not None
    return said | {
        "options": options,
        "facts": dict(line.facts),
        "seen": line.seen.isoformat() if line.seen else None,
        "versions": {"driver": versions.program, **versions.needs, **versions.told},
    }


def _libraries() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # a packaged program carries no metadata
            continue
    return found
