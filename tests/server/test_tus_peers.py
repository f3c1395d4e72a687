"""Strangers' tus clients at our server, our client at a stranger's server, and our checks on both."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from tusclient.client import TusClient

from app.store import Store
from app.sync.batch import Batch, BatchStream
from app.sync.line import Line
from app.sync.round import one_round
from app.sync.uploads import Manner, send_one_batch
from contract.wire import sha256
from tests.conftest import find_program
from tests.fakes.rounds import now
from tests.fakes.serving import ServerProcess
from tests.fakes.window import NODE, Window
from tests.tus_check.__main__ import main as tus_check
from tests.tus_check.ours import our_target
from tests.tus_check.target import Target

PEERS = Path(__file__).parents[1] / "peers"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("peers") / "server")
    process.folder.mkdir()
    process.start()
    yield process
    process.stop()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "station", bytes(32)) as opened:
        yield opened


@pytest.fixture
def target(server: ServerProcess, store: Store) -> Target:
    """Our server, and what a stranger's client must be told to be let in."""
    return our_target(server.url, server.code(NODE), store)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.jpg"
    path.write_bytes(b"\xff\xd8\xff" + bytes(range(256)) * 1200)
    return path


def _is_there(server: ServerProcess, store: Store, target: Target, data: bytes) -> bool:
    line = Line(server.url, store.station)
    try:
        return line.page(target.metadata["case_id"], sha256(data)) == data
    finally:
        line.close()


def _metadata(target: Target, data: bytes) -> dict[str, str]:
    return {name: value.replace("{sha256}", sha256(data)) for name, value in target.metadata.items()}


@pytest.mark.parametrize("chunk", [0, 100_000])
def test_tuspy_uploads_to_our_server(
    server: ServerProcess, store: Store, target: Target, page: Path, chunk: int
) -> None:
    data = page.read_bytes()
    client = TusClient(target.url, headers=dict(target.headers))
    how = {"chunk_size": chunk} if chunk else {}
    with page.open("rb") as stream:  # given a path it leaves the file open
        client.uploader(file_stream=stream, metadata=_metadata(target, data), **how).upload()
    assert _is_there(server, store, target, data)


@pytest.mark.needs("node:tus-js-client")
@pytest.mark.parametrize("how", [{}, {"chunkSize": 100_000}, {"parallel": 3}], ids=["whole", "chunks", "parallel"])
def test_tus_js_client_uploads_to_our_server(
    server: ServerProcess, store: Store, target: Target, page: Path, how: dict[str, int]
) -> None:
    data = page.read_bytes()
    said = {"endpoint": target.url, "file": str(page), "headers": dict(target.headers), **how}
    node = find_program("node")
    assert node is not None
    sent = subprocess.run(
        [node, str(PEERS / "tus_upload.mjs")],
        input=json.dumps({**said, "metadata": _metadata(target, data)}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert sent.returncode == 0, sent.stderr
    assert _is_there(server, store, target, data)


@pytest.mark.needs("node:@tus/server", "node:@tus/file-store")
def test_our_client_uploads_to_a_strangers_server_and_goes_on_after_a_cut(
    server: ServerProcess, store: Store, target: Target, tmp_path: Path
) -> None:
    node = find_program("node")
    assert node is not None
    command = [node, str(PEERS / "tus_server.mjs"), "0", str(tmp_path / "tus"), "/api/v1/uploads"]
    line = Line(server.url, store.station)
    case_id = Window(store, seed=7).take_in(pages=3, size=200_000)
    one_round(store, line, now)
    line.close()
    stranger = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert stranger.stdin is not None and stranger.stdout is not None
    try:
        there = Line(f"http://127.0.0.1:{json.loads(stranger.stdout.readline())['port']}", store.station)
        asked = 0

        def half_way() -> bool:
            nonlocal asked
            asked += 1
            return asked > 20

        while store.uploads.find(case_id) is None:  # other cases of this store go first
            assert send_one_batch(store, there, Manner(interrupted=half_way if _is_next(store, case_id) else _never))
        upload = store.uploads.find(case_id)
        assert upload is not None
        kept = there.find_upload_offset(upload.parts[0].place)
        assert kept is not None and kept < upload.size
        sent = send_one_batch(store, there)
        assert sent is not None and sent.bytes <= upload.size
        with urlopen(there.url + upload.parts[0].place) as answer:
            came = answer.read()
        batch = Batch(store, upload.pages)
        assert came == b"".join(BatchStream(batch, 0, batch.size))
        there.close()
    finally:
        stranger.stdin.close()
        stranger.wait(20)
        stranger.stdout.close()


def _never() -> bool:
    return False


def _is_next(store: Store, case_id: str) -> bool:
    return next(iter(store.uploads.wanted(due_only=True))) == case_id


def test_our_server_passes_every_check_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert tus_check(["--ours", "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["fail"] == 0 and found["pass"] >= 36
    assert {one["reason"] for one in found["results"] if one["outcome"] == "not offered"} <= {
        "no creation-defer-length"
    }


@pytest.mark.needs("node:@tus/server", "node:@tus/file-store")
def test_the_checks_find_what_a_strangers_server_does_otherwise(
    tmp_path: Path, free_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    command = f"{find_program('node')} {PEERS / 'tus_server.mjs'} {free_port} {tmp_path / 'tus'}"
    assert tus_check([f"http://127.0.0.1:{free_port}/files", "--serve", command, "--json"]) == 1
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    failed = {one["section"] for one in found["results"] if one["outcome"] == "fail"}
    assert failed == {"Core / Tus-Resumable", "Core / PATCH"} and found["fail"] == 2
