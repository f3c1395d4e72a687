"""The real server in a process of its own: started, cut, stalled, killed, restarted; and what it leaves on disk."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from contract.upload import BATCH_TYPE, TUS
from tests.server.desk import (
    ALLOWANCE,
    DEPARTMENTS,
    ID_NUMBER,
    NODES,
    OFFERINGS,
    PASSWORD,
    PEOPLE,
    VILLAGE,
    Desk,
    batch,
    food,
    metadata,
    network_line,
)

ROOT = Path(__file__).parents[2]
CODE = "TEST-VILLAGE-1"


@dataclass
class Served:
    """A server in a child process."""

    folder: Path
    process: subprocess.Popen[str]
    url: str
    said: list[str] = field(default_factory=list)

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.partition("//")[2].partition(":")
        return host, int(port)


def command(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments, "--folder", str(folder)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@contextlib.contextmanager
def serving(folder: Path, *more: str, how_it_ends: int = signal.SIGTERM, **environment: str) -> Iterator[Served]:
    temporary = folder.with_name(folder.name + "-tmp")
    temporary.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "server", "serve", "--port", "0", "--folder", str(folder), *more],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None and process.stdin is not None
    said: list[str] = []
    listener = threading.Thread(target=lambda: said.extend(process.stderr or ()))
    listener.start()
    try:
        line = process.stdout.readline()
        assert line, said
        told = json.loads(line)
        assert told["ready"] is True
        yield Served(folder, process, told["url"], said)
    finally:
        if process.poll() is None:
            process.send_signal(how_it_ends)
        process.wait(30)
        listener.join(30)
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()
    assert process.returncode in (0, -how_it_ends), said


def write_hall(folder: Path) -> Path:
    """The small hall as a folder of JSON files."""
    (folder / "matters").mkdir(parents=True)

    def dumped(values: object) -> str:
        return json.dumps([value.model_dump(mode="json") for value in values], ensure_ascii=False)  # type: ignore[attr-defined]

    (folder / "nodes.json").write_text(dumped(NODES))
    (folder / "departments.json").write_text(dumped(DEPARTMENTS))
    (folder / "offerings.json").write_text(dumped(OFFERINGS))
    (folder / "calendar.json").write_text('{"years": [2025, 2026]}')
    for matter in (food(), ALLOWANCE):
        (folder / "matters" / f"{matter.code}.json").write_text(matter.model_dump_json())
    people = [{"id": f"p-{name}", "username": name, "password": PASSWORD, **facts} for name, facts in PEOPLE.items()]
    (folder / "clerks.json").write_text(json.dumps(people))
    (folder / "stations.json").write_text(json.dumps([{"window": "1 号窗口", "node": VILLAGE, "code": CODE}]))
    return folder


@pytest.fixture(scope="module")
def hall_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_hall(tmp_path_factory.mktemp("hall") / "hall")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, hall_folder: Path) -> Iterator[Served]:
    """One server for the tests that leave it whole."""
    with serving(tmp_path_factory.mktemp("served") / "server", "--demo", str(hall_folder)) as served:
        yield served


@pytest.fixture
def fresh(server: Served) -> Callable[[], Desk]:
    """Makes desks at the served server; the code comes from the command line, as an administrator makes it."""

    def make() -> Desk:
        told = command("code", "--node", VILLAGE, "--window", "2 号窗口", folder=server.folder)
        assert told.returncode == 0, told.stderr
        return Desk(network_line(server.url), json.loads(told.stdout)["code"])

    return make


@pytest.fixture
def served_desk(fresh: Callable[[], Desk]) -> Desk:
    return fresh()


def begin(desk: Desk, case_id: str, length: int) -> str:
    status, headers, body = desk.tus(
        "POST",
        "/api/v1/uploads",
        Upload_Length=str(length),
        Upload_Metadata=metadata(case_id=case_id, filetype=BATCH_TYPE),
    )
    assert status == 201, body
    return headers["location"]


def big_batch(desk: Desk, case_id: str) -> bytes:
    """What the server wants, and a large page besides."""
    extra = b"\xff\xd8\xff" + secrets.token_bytes(600_000)
    return batch([*(desk.pages[digest] for digest in desk.wanted(case_id)), extra])


def open_patch(served: Served, desk: Desk, place: str, offset: int, left: int) -> socket.socket:
    """A connection on which a PATCH has begun and no byte of its body been sent."""
    line = socket.create_connection(served.address, timeout=10)
    line.sendall(
        f"PATCH {place} HTTP/1.1\r\nHost: {served.address[0]}\r\nAuthorization: Bearer {desk.token}\r\n"
        f"Tus-Resumable: {TUS}\r\nUpload-Offset: {offset}\r\nContent-Type: application/offset+octet-stream\r\n"
        f"Content-Length: {left}\r\n\r\n".encode()
    )
    return line


def offset_of(desk: Desk, place: str) -> int:
    status, headers, _ = desk.tus("HEAD", place)
    assert status == 200
    return int(headers["upload-offset"])


def until(found: Callable[[], bool], patience: float = 20.0) -> None:
    pause, end = threading.Event(), time.monotonic() + patience
    while not found():
        assert time.monotonic() < end, "it never came true"
        pause.wait(0.02)


def send_until_stored(served: Served, line: socket.socket, place: str, data: bytes) -> int:
    """Send a little at a time until the server has stored something; how much was sent. The line stays open."""
    sent = 200_000
    line.sendall(data[:sent])

    def stored() -> bool:
        nonlocal sent
        line.sendall(data[sent : sent + 2048])
        sent += 2048
        return on_disk(served, place) > 0

    until(stored)
    return sent


def on_disk(served: Served, place: str) -> int:
    """The offset as the database has it, asked without touching the upload."""
    import sqlite3

    with contextlib.closing(sqlite3.connect(served.folder / "tongban.sqlite3", timeout=10)) as database:
        query = 'SELECT "offset" FROM materials_upload WHERE id = ?'
        row = database.execute(query, (place.rsplit("/", 1)[-1],)).fetchone()
        return int(row[0])


# --- cut, stalled, killed ---------------------------------------------------------------------------------------------


def test_a_cut_patch_keeps_what_arrived(server: Served, served_desk: Desk) -> None:
    desk = served_desk
    case = desk.take_in()
    data = big_batch(desk, case.id)
    place = begin(desk, case.id, len(data))
    with open_patch(server, desk, place, 0, len(data)) as line:
        line.sendall(data[:300_001])
    until(lambda: on_disk(server, place) == 300_001)
    assert offset_of(desk, place) == 300_001
    with open_patch(server, desk, place, 300_001, len(data) - 300_001) as line:
        line.sendall(data[300_001:])
        assert line.recv(4096).startswith(b"HTTP/1.1 204")
    assert desk.wanted(case.id) == []
    status, _, body = desk.call("GET", f"/api/v1/cases/{case.id}/pages/{next(iter(desk.pages))}")
    assert (status, body) == (200, next(iter(desk.pages.values())))


def test_a_cut_patch_with_a_checksum_keeps_nothing(server: Served, served_desk: Desk) -> None:
    desk = served_desk
    place = begin(desk, desk.take_in("allowance").id, 200_000)
    line = socket.create_connection(server.address, timeout=10)
    with line:
        line.sendall(
            f"PATCH {place} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {desk.token}\r\nTus-Resumable: {TUS}\r\n"
            "Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 200000\r\n"
            "Upload-Checksum: sha1 qUqP5cyxm6YcTAhz05Hph5gvu9M=\r\n\r\n".encode()
        )
        line.sendall(b"x" * 100_000)
    assert offset_of(desk, place) == 0


def test_a_stalled_patch_is_taken_over_and_loses_at_most_one_read(server: Served, served_desk: Desk) -> None:
    desk = served_desk
    case = desk.take_in()
    data = big_batch(desk, case.id)
    place = begin(desk, case.id, len(data))
    with open_patch(server, desk, place, 0, len(data)) as stalled:
        sent = send_until_stored(server, stalled, place, data)
        began = time.monotonic()
        at = offset_of(desk, place)
        assert time.monotonic() - began < 20  # it did not wait for the stalled one
        assert sent - 65_536 <= at <= sent
        with open_patch(server, desk, place, at, len(data) - at) as line:
            line.sendall(data[at:])
            assert line.recv(4096).startswith(b"HTTP/1.1 204")
        with contextlib.suppress(OSError):
            stalled.sendall(b"\0" * 100_000)  # wakes up too late, and spoils nothing
    assert desk.wanted(case.id) == []


def test_two_patches_at_one_offset_leave_one_truth(server: Served, served_desk: Desk) -> None:
    desk = served_desk
    case = desk.take_in()
    data = big_batch(desk, case.id)
    place = begin(desk, case.id, len(data))
    with (
        open_patch(server, desk, place, 0, len(data)) as first,
        open_patch(server, desk, place, 0, len(data)) as second,
    ):
        senders = [threading.Thread(target=_send_all, args=(line, data)) for line in (first, second)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(30)
        answers = sorted(_status(line) for line in (first, second))
    at = offset_of(desk, place)
    if at < len(data):  # the one that took over had begun behind what the other had brought
        with open_patch(server, desk, place, at, len(data) - at) as line:
            _send_all(line, data[at:])
            assert _status(line) == 204
    assert all(status in (0, 204, 409) for status in answers)
    assert desk.wanted(case.id) == []


def _send_all(line: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        line.sendall(data)


def _status(line: socket.socket) -> int:
    try:
        return int(line.recv(4096).split()[1])
    except (OSError, IndexError):
        return 0


def test_killed_in_the_middle_and_started_again_it_goes_on(tmp_path: Path, hall_folder: Path) -> None:
    folder = tmp_path / "server"
    with serving(folder, "--demo", str(hall_folder), how_it_ends=signal.SIGKILL) as served:
        desk = Desk(network_line(served.url), CODE)
        case = desk.take_in()
        data = big_batch(desk, case.id)
        place = begin(desk, case.id, len(data))
        with open_patch(served, desk, place, 0, len(data)) as line:
            sent = send_until_stored(served, line, place, data)
            served.process.kill()
            served.process.wait(10)
        port = served.address[1]
        until(lambda: not _listens(port))  # its worker went with it
    with serving(folder) as served:
        desk.line = network_line(served.url)
        at = offset_of(desk, place)
        assert 0 < at <= sent
        with open_patch(served, desk, place, at, len(data) - at) as line:
            line.sendall(data[at:])
            assert _status(line) == 204
        assert desk.wanted(case.id) == []
        assert desk.ask(cursor=0).events  # the feed is whole


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_dead_lines_are_noticed_by_the_system(server: Served) -> None:
    if not Path("/proc/net/tcp").exists():
        return
    host, port = server.address
    with socket.create_connection((host, port)) as line:
        ours = line.getsockname()[1]

        def kept_alive() -> bool:
            for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
                cells = row.split()
                if int(cells[1].split(":")[1], 16) == port and int(cells[2].split(":")[1], 16) == ours:
                    return cells[5].startswith("02:")  # a keepalive timer runs
            return False

        until(kept_alive)


# --- what is left behind ----------------------------------------------------------------------------------------------


def test_nothing_personal_is_logged_or_lies_about_in_plain(server: Served, served_desk: Desk) -> None:
    desk = served_desk
    case = desk.take_in()
    desk.send_pages(case.id)
    desk.call("POST", "/api/v1/cases/search", json.dumps({"words": ID_NUMBER}).encode())
    desk.call("GET", f"/api/v1/cases?q={ID_NUMBER}")  # nobody of ours asks so any more
    desk.call("GET", f"/p/{case.number}/AAAAAAAAAAAAAAAA")
    desk.call("POST", "/api/v1/exchange", json.dumps({"cursor": ID_NUMBER}).encode())
    logged = "".join(server.said)
    assert '"route": "api/v1/exchange"' in logged
    for word in (ID_NUMBER, case.number, case.id, "陈", PASSWORD, desk.token):
        assert word not in logged
    stored = b"".join(path.read_bytes() for path in (server.folder / "blobs").rglob("*") if path.is_file())
    for page in desk.pages.values():
        assert page[:24] not in stored
    temporary = server.folder.with_name(server.folder.name + "-tmp")
    assert not list(temporary.rglob("*"))
    assert (server.folder / "keys.json").stat().st_mode & 0o777 == 0o600
    assert server.folder.stat().st_mode & 0o077 == 0


def test_a_lost_station_and_a_clerk_who_left_are_shut_out_from_the_command_line(
    server: Served, fresh: Callable[[], Desk]
) -> None:
    desk, lost = fresh(), fresh()
    assert command("revoke", "--station", lost.id, folder=server.folder).returncode == 0
    assert lost.call("GET", "/api/v1/pack")[0] == 403
    assert command("revoke", "--clerk", "p-supervisor", folder=server.folder).returncode == 0
    assert desk.ask().revoked == ("p-supervisor",)
    assert problem("revoke", "--station", "nothing", folder=server.folder) == "station.unknown"
    assert problem("revoke", "--clerk", "nothing", folder=server.folder) == "clerk.unknown"


# --- the command line -------------------------------------------------------------------------------------------------


def test_it_ends_with_its_parent_and_on_a_signal(tmp_path: Path) -> None:
    with serving(tmp_path / "a", "--with-parent") as served:
        assert served.process.stdin is not None
        served.process.stdin.close()
        assert served.process.wait(20) == 0
    with serving(tmp_path / "a") as served:
        port = str(served.address[1])
        taken = command("serve", "--port", port, folder=tmp_path / "b")
        assert (taken.returncode, json.loads(taken.stderr)["code"]) == (1, "server.port_taken")
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(20) == 0


def problem(*arguments: str, folder: Path, **environment: str) -> str:
    run = command(*arguments, folder=folder, **environment)
    assert run.returncode == 1 and run.stdout == "", run
    return str(json.loads(run.stderr)["code"])


def test_what_the_command_line_refuses(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    assert problem("serve", "--host", "0.0.0.0", folder=folder) == "server.tls_needed"
    tls = ("--cert", "chain.pem", "--key", "key.pem")
    assert problem("serve", "--host", "0.0.0.0", *tls, folder=folder) == "server.public_url_needed"
    assert problem("worker", folder=folder) == "server.worker_needs_postgres"
    assert problem("serve", "--port", "0", "--workers", "2", folder=folder) == "server.one_process"
    assert problem("load-demo", str(tmp_path), folder=folder) == "demo.unreadable"
    assert problem("code", "--node", "999999", "--window", "1", folder=folder) == "node.unknown"
    away = "postgresql://nobody:nothing@127.0.0.1:1/nowhere"
    assert problem("worker", folder=folder, DATABASE_URL=away) == "server.database_away"
    (folder / "keys.json").write_text("{}")
    assert problem("code", "--node", "999999", "--window", "1", folder=folder) == "server.keys_garbled"


def test_check_says_what_is_in_place_and_what_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "checked"
    folder.mkdir()
    checked = command("check", folder=folder)
    found = {row["check"]: row for row in map(json.loads, checked.stdout.splitlines())}
    assert checked.returncode == 1 and found["keys"]["problem"]["code"] == "server.keys_missing"
    assert command("load-demo", str(write_hall(tmp_path / "hall")), folder=folder).returncode == 0
    checked = command("check", folder=folder)
    assert checked.returncode == 0, checked.stdout
    (folder / "keys.json").chmod(0o644)
    checked = command("check", folder=folder)
    assert checked.returncode == 1 and "server.keys_open" in checked.stdout


def test_with_a_certificate_it_speaks_tls(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, private = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    with serving(tmp_path / "server", "--cert", str(chain), "--key", str(private)) as served:
        assert served.url.startswith("https://127.0.0.1:")
        port = int(served.url.rsplit(":", 1)[1])
        context = ssl.create_default_context(cafile=str(chain))
        line = http.client.HTTPSConnection("localhost", port, context=context, timeout=10)
        line.request("GET", "/api/v1/health")
        assert json.loads(line.getresponse().read()) == {"ok": True}
        line.close()
