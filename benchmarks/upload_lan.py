"""Many pages over a good line: 2,000 of 300 kB from a station's encrypted store into the server's, against a PUT of the
same bytes, each on one connection kept alive, to a server that keeps files as carefully (written, synced, renamed, the
folder synced) and does nothing else; and against tuspy at our own server.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from tusclient.client import TusClient

from app.store import Store
from app.sync.enrol import join
from app.sync.line import Line
from app.sync.round import one_round
from app.sync.uploads import send_one_batch
from benchmarks._report import Ratio, parser, report
from contract.wire import sha256
from tests.fakes.rounds import now
from tests.fakes.serving import ServerProcess
from tests.fakes.window import NODE, Window
from tests.tus_check.ours import session_token

SIZE = 300_000
A_CASE = 100  # pages
FEW = 100  # pages for tuspy, which takes its time
PUT = """
import os, secrets, sys
from granian.constants import Interfaces
from granian.server import Server
folder, careful = sys.argv[2], sys.argv[3] == "careful"
def application(asked, start):
    data = asked["wsgi.input"].read(int(asked["CONTENT_LENGTH"]))
    temporary = os.path.join(folder, secrets.token_hex(8))
    with open(temporary, "wb") as file:
        file.write(data)
        if careful:
            file.flush(); os.fsync(file.fileno())
    os.rename(temporary, temporary + ".page")
    if careful:
        here = os.open(folder, os.O_RDONLY); os.fsync(here); os.close(here)
    start("204 No Content", [])
    return [b""]
if __name__ == "__main__":
    Server("app", address="127.0.0.1", port=int(sys.argv[1]), interface=Interfaces.WSGI, log_enabled=False,
           blocking_threads=4).serve(target_loader=lambda _: application)
"""


def main() -> int:
    arguments = parser("upload-lan", __doc__ or "")
    arguments.add_argument("--files", type=int, default=2000)
    arguments.add_argument("--quick", action="store_true", help="200 files")
    given = arguments.parse_args()
    count = 200 if given.quick else given.files
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        ours, tuspy = _ours_and_tuspy(folder, count)
        careful = _put(folder, count, "careful")
        careless = _put(folder, count, "careless")
    ratios = [
        Ratio(
            "files a second, against a careful PUT",
            ours / careful,
            1.3,
            "higher",
            "PUT on a connection kept alive, each file synced",
            f"{ours:.0f} files/s ({ours * SIZE / 1e6:.0f} MB/s) against {careful:.0f}; a PUT that syncs nothing: "
            f"{careless:.0f}",
        ),
        Ratio(
            "files a second, against tuspy", ours / tuspy, 4, "higher", "tuspy at our server", f"{tuspy:.0f} files/s"
        ),
    ]
    return report("upload-lan", ratios, as_json=given.json, extra={"files": count})


def _ours_and_tuspy(folder: Path, count: int) -> tuple[float, float]:
    server = ServerProcess(folder / "server")
    server.folder.mkdir()
    server.start()
    try:
        with Store.open(folder / "station", bytes(32)) as store:
            line = Line(server.url, store.station)
            join(store, line, server.code(NODE))
            window = Window(store)
            slots = sum(len(material["pages"]) for material in window.begin(pages=1, size=10)[-1].body["materials"])
            for _ in range(-(-count // A_CASE)):
                case_id = window.take_in(pages=A_CASE // slots, size=SIZE)
            while one_round(store, line, now).more:
                pass
            wanted = [page for pages in store.uploads.wanted().values() for page in pages]
            began = time.monotonic()
            while send_one_batch(store, line) is not None:
                pass
            took = time.monotonic() - began
            one_round(store, line, now)
            if store.uploads.wanted():
                raise RuntimeError("the server still wants pages")
            line.close()
            pages = [folder / f"page{number}" for number in range(FEW)]
            for path in pages:
                path.write_bytes(window.random.randbytes(SIZE))
            client = TusClient(
                f"{server.url}/api/v1/uploads",
                headers={"Authorization": f"Bearer {session_token(server.url, store)}"},
            )
            begun = time.monotonic()
            for path in pages:
                said = {"case_id": case_id, "filetype": "image/jpeg", "digest": sha256(path.read_bytes())}
                with path.open("rb") as stream:
                    client.uploader(file_stream=stream, metadata=said).upload()
            return len(wanted) / took, FEW / (time.monotonic() - begun)
    finally:
        server.stop()


def _put(folder: Path, count: int, how: str) -> float:
    (folder / how).mkdir()
    pages = [bytes([number % 256]) * SIZE for number in range(16)]
    with _putting(folder / how, how) as url, requests.Session() as session:
        began = time.monotonic()
        for number in range(count):
            session.put(f"{url}/{number}", data=pages[number % 16], timeout=30).raise_for_status()
        return count / (time.monotonic() - began)


@contextmanager
def _putting(folder: Path, how: str) -> Iterator[str]:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = folder.with_suffix(".py")
    program.write_text(PUT)
    process = subprocess.Popen([sys.executable, str(program), str(port), str(folder), how], stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    sys.exit(main())
