"""The demo hall (演示大厅): an embedded server with the shipped hall, and stations that have joined it.

Everything is real but the devices and the people: the server is the server, the station joins by a one-time code.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from app.config import Config, DeviceChoice, read_config, write_config
from app.start import join_station
from contract.case import CHINA
from contract.clock import Calendar
from contract.matter import Matter, Pack
from contract.node import Department, Node, Offering
from contract.problem import Problem, Retry

HALL = Path(__file__).resolve().parent.parent / "resources" / "demo"
PASSWORD = "tongban-demo"  # noqa: S105 - of invented people, in a hall that calls itself 训练
START_PATIENCE = 90.0  # seconds, for the first start on a slow machine


@dataclass(frozen=True)
class RunningServer:
    """The embedded server and where it answers."""

    url: str
    folder: Path
    process: subprocess.Popen[str]


@contextmanager
def embedded_server(folder: Path, hall: Path | None = HALL, port: int = 0) -> Iterator[RunningServer]:
    """The acceptance server as a child process on 127.0.0.1; it ends with us, however we end.

    Raises:
        Problem: ``server.not_started``.
    """
    command = [sys.executable, "-m", "server", "serve", "--with-parent", "--port", str(port), "--folder", str(folder)]
    command += ["--demo", str(hall)] if hall else []
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=_root()
        )
    assert process.stdin is not None and process.stdout is not None
    try:
        try:
            said = json.loads(process.stdout.readline())
        except ValueError:
            raise Problem("server.not_started", Retry.AFTER_FIX, log=folder / "server.log") from None
        yield RunningServer(said["url"], folder, process)
    finally:
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def enrol_code(server: RunningServer, node: str, window: str) -> str:
    """A one-time code for a station of a node, as an administrator gives it out."""
    command = [
        sys.executable,
        "-m",
        "server",
        "code",
        "--folder",
        str(server.folder),
        "--node",
        node,
        "--window",
        window,
    ]
    made = subprocess.run(command, capture_output=True, text=True, check=False, cwd=_root(), timeout=60)
    if made.returncode:
        raise Problem("server.not_started", Retry.AFTER_FIX, log=server.folder / "server.log")
    return str(json.loads(made.stdout.splitlines()[-1])["code"])


def joined_station(
    server: RunningServer, folder: Path, node: str, window: str, devices: Mapping[str, DeviceChoice]
) -> Config:
    """A training station of the hall with these devices; one that joined earlier is taken up again."""
    try:
        config = read_config(folder)
    except Problem:
        join_station(folder, server.url, enrol_code(server, node, window), window=window, training=True)
        config = read_config(folder)
    config = config.model_copy(update={"devices": dict(devices), "server_url": server.url})
    write_config(config)
    return config


def simulated_devices(out: Path, card: str = "", scanned: Path | None = None) -> dict[str, DeviceChoice]:
    """A whole desk of simulated devices; papers go to files in `out`, which is made."""
    out.mkdir(parents=True, exist_ok=True)
    reader = {"card": card} if card else {}
    scanner: dict[str, Any] = {"insert": str(scanned)} if scanned else {}
    return {
        "idcard": DeviceChoice(driver="idcard/simulated", options=reader),
        "scanner": DeviceChoice(driver="scanner/simulated", options=scanner),
        "receipt": DeviceChoice(driver="printer/file", options={"folder": str(out)}),
        "a4": DeviceChoice(driver="printer/file", options={"folder": str(out)}),
        "camera": DeviceChoice(driver="camera/simulated"),
    }


def demo_pack(node: str = "330281001") -> Pack:
    """The shipped hall as a pack, for looking at it without a server."""

    def read(name: str) -> Any:
        return json.loads((HALL / name).read_text("utf-8"))

    return Pack(
        version="demo",
        made_on=datetime.now(CHINA).date(),
        node=node,
        nodes=tuple(Node.model_validate(each) for each in read("nodes.json")),
        departments=tuple(Department.model_validate(each) for each in read("departments.json")),
        matters=tuple(
            Matter.model_validate_json(f.read_text("utf-8")) for f in sorted((HALL / "matters").glob("*.json"))
        ),
        offerings=tuple(Offering.model_validate(each) for each in read("offerings.json")),
        calendar=Calendar.model_validate(read("calendar.json")),
        public_url="https://demo.invalid",
        training=True,
    )


def _root() -> Path:
    return Path(__file__).resolve().parent.parent
