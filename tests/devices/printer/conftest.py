"""A real IPP printer program whose paper can be taken away, and a real CUPS; each on a port of its own."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.printer.languages import ipp
from tests.conftest import find_program

PATIENCE = 60.0

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

    def call(self, operation: int, attributes: list[ipp.Attribute], data: bytes = b"") -> ipp.Answer:
        """Ask it something, as anybody may."""
        line = http.client.HTTPConnection(self.uri.split("/")[2], timeout=PATIENCE)
        try:
            body = ipp.request(operation, self.uri, attributes) + data
            line.request("POST", "/ipp/print", body, {"Content-Type": ipp.MEDIA_TYPE})
            return ipp.read_answer(line.getresponse().read())
        finally:
            line.close()

    def states(self) -> list[int]:
        """The states of all jobs that the printer knows, those that are over first."""
        states: list[int] = []
        for which in ("completed", "not-completed"):
            attributes: list[ipp.Attribute] = [
                (ipp.KEYWORD, "which-jobs", which),
                (ipp.KEYWORD, "requested-attributes", "job-state"),
            ]
            groups = self.call(ipp.GET_JOBS, attributes).groups_of(ipp.JOB)
            states += [state for group in groups if (state := group.find_int("job-state")) is not None]
        return states


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


def _listening(program: subprocess.Popen[bytes], port: int) -> None:
    """Wait until a program takes connections."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert program.poll() is None and time.monotonic() < end, "it did not start"
            threading.Event().wait(0.05)


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
        printer = [find_program("ippeveprinter") or "", "-r", "off", "-p", str(free_port)]
        printer += ["-n", "localhost", "-d", str(spool), "-k", "-c", str(command), "-f", "application/pdf,image/jpeg"]
        with _running([*printer, "TB A4"], stderr=subprocess.DEVNULL, env=environment) as running:
            _listening(running, free_port)
            yield IppProgram(tmp_path, free_port)
            for stop in ("empty", "slow"):
                (tmp_path / stop).unlink(missing_ok=True)  # or its shell waits for ever
        daemon.stdout.close()


CUPSD = """
Listen localhost:{port}
Browsing No
WebInterface No
DefaultAuthType None
MaxLogSize 0
<Location />
  Order allow,deny
  Allow localhost
</Location>
<Policy default>
  JobPrivateAccess all
  JobPrivateValues none
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
"""
CUPS_FILES = """
FileDevice Yes
ServerRoot {folder}/root
RequestRoot {folder}/jobs
TempDir {folder}/temp
StateDir {folder}/state
CacheDir {folder}/cache
AccessLog {folder}/access
ErrorLog {folder}/error
PageLog {folder}/page
"""


@dataclass(frozen=True)
class Cups:
    """A print service of the test's own. `server` is what CUPS_SERVER is set to for whoever prints through it."""

    folder: Path
    server: str

    def queue(self, name: str, device: str, model: str = "raw") -> str:
        """Set a queue up. Returns its IPP address."""
        lpadmin = [find_program("lpadmin") or "", "-h", self.server, "-p", name, "-E", "-v", device, "-m", model]
        subprocess.run(lpadmin, check=True, capture_output=True, timeout=60)
        return f"ipp://{self.server}/printers/{name}"

    def jobs(self, which: str = "not-completed") -> list[str]:
        """A line for each job that the service knows."""
        lpstat = [find_program("lpstat") or "", "-h", self.server, "-W", which, "-o"]
        return subprocess.run(lpstat, check=True, capture_output=True, text=True, timeout=60).stdout.splitlines()


@pytest.fixture
def cups(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cups]:
    """Needs cupsd, lpadmin and lpstat. Not in pytest's folder: started by root, its helpers are another user."""
    folder = Path(tempfile.mkdtemp(prefix="cups", dir="/tmp"))
    folder.chmod(0o755)
    (folder / "root").mkdir()
    (folder / "temp").mkdir()
    (folder / "temp").chmod(0o777)
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        port = found.getsockname()[1]
    (folder / "cupsd.conf").write_text(CUPSD.format(port=port))
    (folder / "cups-files.conf").write_text(CUPS_FILES.format(folder=folder))
    settings = ["-c", str(folder / "cupsd.conf"), "-s", str(folder / "cups-files.conf")]
    try:
        with _running([find_program("cupsd") or "", "-f", *settings], stderr=subprocess.DEVNULL) as running:
            _listening(running, port)
            monkeypatch.setenv("CUPS_SERVER", f"localhost:{port}")
            yield Cups(folder, f"localhost:{port}")
    finally:
        shutil.rmtree(folder)
