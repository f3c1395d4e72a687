"""Servers that may be killed: one that we started, and one that somebody else did."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

PATIENCE = 60.0  # seconds for a server to answer after its start, and for its port to be free after its end


class Started:
    """A server that is started with a command, in a group of processes of its own."""

    def __init__(self, command: Sequence[str], url: str) -> None:
        self._command = list(command)
        self._address = (urlsplit(url).hostname or "", urlsplit(url).port or 80)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Started:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, start_new_session=True)
        self._wait(listens=True)

    def kill(self) -> None:
        """End it and all that it started, with SIGKILL."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
            self._wait(listens=False)

    def _wait(self, *, listens: bool) -> None:
        end = time.monotonic() + PATIENCE
        while self._listens() != listens:
            if time.monotonic() > end or (self._process is not None and self._process.poll() is not None):
                raise RuntimeError("the server did not start" if listens else "the server did not end")
            time.sleep(0.05)

    def _listens(self) -> bool:
        with socket.socket(socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET) as probe:
            probe.settimeout(1)
            return probe.connect_ex(self._address) == 0


class Restarted(Started):
    """A server that runs already: its process is killed, and a command starts it again."""

    def __init__(self, pid: int, command: Sequence[str], url: str) -> None:
        super().__init__(command, url)
        self._pid = pid

    def __enter__(self) -> Restarted:
        return self

    def __exit__(self, *_: object) -> None:
        """It is left running, as it was found."""

    def kill(self) -> None:
        if self._process is not None:
            super().kill()
            return
        os.kill(self._pid, signal.SIGKILL)
        self._wait(listens=False)
