"""The real server as a child process, on a folder of its own; it can be killed and started again on the same port."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "resources" / "demo"

CODES = """
import os, sys, json, django
os.environ["DJANGO_SETTINGS_MODULE"] = "server.settings"
django.setup()
from server.exchange.stations import make_code
print(json.dumps([make_code(node, f"{n} 号窗口") for n, node in enumerate(json.load(sys.stdin))]))
"""


def _free_port() -> int:
    """A port below those of outgoing connections (32768 and up on Linux, 49152 on Windows) that is free just now."""
    while True:
        port = random.randrange(20_000, 32_768)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class ServerProcess:
    """``python -m server serve`` with the demo hall.

    Attributes:
        folder: Where it keeps everything.
        prefix: Words before the command, for a server that runs in a place of its own.
        arguments: More arguments.
        settings: More environment.
        hall: What it loads at its first start.
    """

    def __init__(
        self,
        folder: Path,
        *,
        prefix: Sequence[str] = (),
        arguments: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
        hall: Path = DEMO,
    ) -> None:
        self.folder = folder
        self.prefix = tuple(prefix)
        self.arguments = tuple(arguments)
        self.settings = dict(settings or {})
        self.hall = hall
        self.port = 0
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._codes: dict[str, list[str]] = {}

    def environment(self) -> dict[str, str]:
        """What a process of this server needs to find its folder."""
        return {**os.environ, "PYTHONPATH": str(ROOT), "TONGBAN_FOLDER": str(self.folder), **self.settings}

    def start(self, port: int = 0) -> None:
        """Start it and wait until it answers. The port stays the same from then on.

        Not one of those that the system gives away: while a killed server is down, somebody else would get it.
        """
        port = self.port or port or _free_port()
        command = [
            sys.executable,
            "-m",
            "server",
            "serve",
            "--folder",
            str(self.folder),
            "--port",
            str(port),
        ]
        if not self.port:
            command += ["--demo", str(self.hall)]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*self.prefix, *command, "--with-parent", *self.arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.environment(),
                cwd=ROOT,
                start_new_session=True,
            )
        assert process.stdout is not None
        line = process.stdout.readline()
        self._process = process
        if not line:
            self.kill()
            raise RuntimeError(f"the server did not start: {(self.folder / 'log').read_text()[-4000:]}")
        self.url = json.loads(line)["url"]
        self.port = int(self.url.rpartition(":")[2])

    def codes(self, nodes: Sequence[str]) -> list[str]:
        """One-time codes for new stations, one for each node named."""
        answer = subprocess.run(
            [sys.executable, "-c", CODES],
            input=json.dumps(nodes).encode(),
            env=self.environment(),
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        return list(json.loads(answer.stdout.splitlines()[-1]))

    def code(self, node: str) -> str:
        """One code; they are made forty at a time, because making one takes as long."""
        if not self._codes.get(node):
            self._codes[node] = self.codes([node] * 40)
        return self._codes[node].pop()

    def kill(self) -> None:
        """End it as a power cut would: the whole group at once."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def stop(self) -> None:
        """Let it end in peace."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()
