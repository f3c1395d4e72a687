"""This station's settings: typed, read once at start, written only when a station is set up or devices are chosen."""

from __future__ import annotations

import contextlib
import json
import os
from datetime import time
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from contract.problem import Problem, Retry
from contract.wire import Wire

FILE = "station.json"


class DeviceChoice(Wire):
    """A driver and its options, as `tongban devices list` names them."""

    driver: str
    options: dict[str, Any] = {}


class Config(Wire):
    """The settings of one station. `devices` is by role (app.devices_here)."""

    folder: Path
    server_url: str = ""
    certificate: str = ""  # PEM of the authority that signed the server's certificate, where it is not a public one
    window: str = ""  # 3 号窗口
    language: Literal["zh", "en"] = "zh"
    theme: Literal["light", "contrast", "large"] = "light"
    training: bool = False
    receipt_style: Literal["roll", "half_a4"] = "roll"
    idle_lock_minutes: int = Field(default=10, ge=1)
    upload_kbit: int = Field(default=0, ge=0)  # kilobits a second that pages may take of the line; 0: all of it
    bulk_hours: tuple[time, time] | None = None  # 18:00 to 08:00: when large scans may go; None: always
    devices: dict[str, DeviceChoice] = {}


def default_folder() -> Path:
    """Where a station keeps its things unless told otherwise."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "Tongban"
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local/share")) / "tongban"


def read_config(folder: Path) -> Config:
    """The settings in a station's folder.

    Raises:
        Problem: ``config.absent`` where the station was never set up, ``config.malformed``.
    """
    try:
        said = json.loads((folder / FILE).read_text("utf-8"))
        return Config.model_validate({**said, "folder": folder})
    except FileNotFoundError:
        raise Problem("config.absent", Retry.AFTER_FIX) from None
    except (OSError, TypeError, ValueError, ValidationError):
        raise Problem("config.malformed", Retry.AFTER_FIX) from None


def write_config(config: Config) -> None:
    """Keep the settings. The file is replaced whole, so a power cut leaves the old or the new one.

    Raises:
        Problem: ``config.unwritable``.
    """
    said = config.model_dump(mode="json", exclude={"folder"})
    new = config.folder / f".{FILE}.new"
    try:
        config.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with new.open("w", encoding="utf-8") as file:
            json.dump(said, file, ensure_ascii=False, indent=2)
            file.flush()
            os.fsync(file.fileno())
        new.replace(config.folder / FILE)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise Problem("config.unwritable", Retry.AFTER_FIX) from None
