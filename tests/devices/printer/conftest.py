"""A real IPP printer program on a port of its own, whose paper can be taken away."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE = 20.0

# What ippeveprinter runs for each job: it gets the spooled file, and says on stderr how the printer is.
COMMAND = """#!/bin/sh
if [ -e "{folder}/empty" ]; then
    echo "STATE: +media-empty-error,media-needed-report" >&2
    while [ -e "{folder}/empty" ]; do sleep 0.1; done
    echo "STATE: -media-empty-error,media-needed-report" >&2
fi
while [ -e "{folder}/slow" ]; do sleep 0.1; done
echo "$IPP_JOB_NAME" >> "{folder}/names"
cp "$1" "{folder}/printed-$IPP_JOB_ID"
"""


class IppProgram:
    """ippeveprinter with its folder. `uri` is what the driver is given."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.uri = f"ipp://127.0.0.1:{port}/ipp/print"

    def take_paper(self) -> None:
        (self.folder / "empty").touch()

    def give_paper(self) -> None:
        (self.folder / "empty").unlink()

    def be_slow(self) -> None:
        """Jobs stay under way for good."""
        (self.folder / "slow").touch()

    def be_quick(self) -> None:
        (self.folder / "slow").unlink()

    @property
    def printed(self) -> list[bytes]:
        """What came out, in order."""
        found = sorted(self.folder.glob("printed-*"), key=lambda path: int(path.name.removeprefix("printed-")))
        return [path.read_bytes() for path in found]


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool]], None]:
    def wait(done: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < end, "it did not come"
            threading.Event().wait(0.05)

    return wait


@contextmanager
def _running(command: list[str], **kwargs: object) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, **kwargs)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def ipp_program(tmp_path: Path, free_port: int) -> Iterator[IppProgram]:
    """Needs ippeveprinter and dbus-daemon: it registers itself by Avahi and wants a message bus, be it an empty one."""
    spool = tmp_path / "spool"
    spool.mkdir()
    command = tmp_path / "command"
    command.write_text(COMMAND.format(folder=tmp_path))
    command.chmod(0o755)
    bus = ["dbus-daemon", "--session", "--nofork", "--print-address=1"]
    with _running(bus, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as daemon:
        assert daemon.stdout is not None
        address = daemon.stdout.readline().decode().strip()
        environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": address}
        program = "/usr/sbin/ippeveprinter"
        printer = [program if Path(program).exists() else "ippeveprinter", "-r", "off", "-p", str(free_port)]
        printer += ["-n", "localhost", "-d", str(spool), "-k", "-c", str(command), "-f", "application/pdf,image/jpeg"]
        with _running([*printer, "TB A4"], stderr=subprocess.DEVNULL, env=environment) as running:
            end = time.monotonic() + PATIENCE
            while True:
                try:
                    socket.create_connection(("127.0.0.1", free_port), 1).close()
                    break
                except OSError:
                    assert running.poll() is None and time.monotonic() < end, "ippeveprinter did not start"
                    threading.Event().wait(0.05)
            yield IppProgram(tmp_path, free_port)
            for stop in ("empty", "slow"):
                (tmp_path / stop).unlink(missing_ok=True)  # or its shell waits for ever
        daemon.stdout.close()
