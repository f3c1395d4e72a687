"""The server of several days, killed in them, with whoever looks at its tables afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import deque
from functools import cache
from pathlib import Path
from typing import Any

from contract.case import Author
from contract.node import Node, Tree
from contract.person import Role
from tests.fakes.serving import ROOT, ServerProcess
from tests.fakes.window import read_demo
from tests.faults.disk import Disk

FULL_FOR = 2.0  # seconds


class Hall:
    """One server on a disk of its own; each day has a village to itself, whose feed nobody else writes to."""

    def __init__(self, folder: Path) -> None:
        self.disk = Disk(folder, 2 << 30)
        self.server = ServerProcess(folder)
        self.server.start()
        environment = self.server.environment()
        self._auditor = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.audit"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**environment, "DJANGO_SETTINGS_MODULE": "server.settings"},
            cwd=ROOT,
            text=True,
        )
        self._nodes = deque(villages())
        self._codes: dict[str, list[str]] = {}
        self._lock = threading.RLock()
        self._asking = threading.Lock()
        self.kills = 0

    def take_node(self) -> str:
        with self._lock:
            return self._nodes.popleft()

    def code(self, node: str) -> str:
        """A one-time code for a station."""
        return str(self._asked(f"code {node}"))

    def authors(self, node: str) -> tuple[Author, ...]:
        return authors(node)

    def kill_server(self) -> None:
        """In the middle of whatever it does, and start it again on the same port."""
        with self._lock:
            self.server.kill()
            self.server.start()
            self.kills += 1

    def fill_disk(self) -> None:
        """Nothing more can be written at the server for a while; not while it starts, which it could not."""
        with self._lock:
            self.disk.fill(0)
            time.sleep(FULL_FOR)
            self.disk.free()

    def audit(self, station: str = "") -> Any:
        """What the server has of a station, or (empty) whether all of it holds together."""
        return self._asked(f"station {station}" if station else "whole")

    def _asked(self, question: str) -> Any:
        with self._asking:
            assert self._auditor.stdin is not None and self._auditor.stdout is not None
            self._auditor.stdin.write(question + "\n")
            self._auditor.stdin.flush()
            return json.loads(self._auditor.stdout.readline())

    def close(self) -> None:
        with self._lock:
            self._auditor.communicate()
            self.server.stop()
            self.disk.close()


@cache
def _tree() -> Tree:
    return Tree(tuple(Node.model_validate(node) for node in read_demo("nodes")))


def villages() -> list[str]:
    return [node.code for node in _tree().by_code.values() if node.level.value == "village"]


@cache
def authors(node: str) -> tuple[Author, ...]:
    """Who may act at a node, as the demo hall knows them."""
    found = []
    for clerk in read_demo("clerks"):
        role = next((role for role in (Role.SUPERVISOR, Role.CLERK) if role in clerk["roles"]), None)
        if role is not None and clerk["node"] and _tree().is_under(node, clerk["node"]):
            found.append(Author(id=clerk["id"], name=clerk["name"], role=role, node=clerk["node"]))
    return tuple(found)
