"""A stolen disk shows nobody (sync.md 16): after a day of work and after a kill nothing of a citizen, a clerk or a page
is found in the station's folder, in any temporary folder, among the server's blobs or in its log."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import read_config, write_config
from app.demo import simulated_devices
from app.start import join_station, open_store
from app.store import Store
from contract.case import State
from contract.person import Person
from tests.fakes.serving import ROOT, ServerProcess
from tests.journeys.conftest import VILLAGE

AT_WORK = Path(__file__).with_name("at_work.py")
MATTER = "QR-00311-002"
CODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
SHORTEST = 6  # bytes: less turns up by chance in what is encrypted


@pytest.fixture
def hall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerProcess]:
    """A server with a temporary folder of its own."""
    (tmp_path / "server tmp").mkdir()
    (tmp_path / "server").mkdir()
    before = os.environ["TMPDIR"]
    monkeypatch.setenv("TMPDIR", str(tmp_path / "server tmp"))
    process = ServerProcess(tmp_path / "server")
    process.start()
    monkeypatch.setenv("TMPDIR", before)
    yield process
    process.stop()


def work(folder: Path, temporary: Path, until: str) -> None:
    """Let the station work until it says a word, then end it: killed, unless everything was done."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    command = [sys.executable, str(AT_WORK), str(folder), "xuaizhen", "haishu", MATTER, "1"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True, cwd=ROOT
    ) as child:
        assert child.stdin is not None and child.stdout is not None
        assert any(line.split()[0] == until for line in child.stdout)
        if until == "agreed":
            child.stdin.close()
            assert child.wait(60) == 0
        else:
            child.kill()


def test_a_stolen_disk_shows_nobody(hall: ServerProcess, tmp_path: Path, home: Path) -> None:
    folder, temporary = tmp_path / "station", tmp_path / "tmp"
    temporary.mkdir()
    join_station(folder, hall.url, hall.code(VILLAGE), window="代办点", training=True)
    config = read_config(folder)
    write_config(config.model_copy(update={"devices": simulated_devices(tmp_path / "out", "haishu")}))

    places = {"station": folder, "temporary": temporary, "home": home, "server's temporary": tmp_path / "server tmp"}
    places |= {"server's log": hall.folder / "log", "blobs": hall.folder / "blobs"}
    seen: list[tuple[str, str, bytes]] = []
    for until in ("agreed", "case"):  # a day that ended well; one that was killed while the receipt was drawn
        work(folder, temporary, until)
        seen += [(until, str(path), data) for place in places.values() for path, data in files(place)]
        shutil.rmtree(temporary)
        temporary.mkdir()

    with open_store(config) as store:
        words, pages = what_is_personal(store)
    assert {"王𠮷安", "330203198506129999", "许爱珍", "13800000000"} <= words and len(pages) >= 4
    needles = {word.encode(coding) for word in words for coding in CODINGS}
    needles = {needle for needle in needles if len(needle) >= SHORTEST} | pages
    assert not [(stage, path) for stage, path, data in seen for needle in needles if needle in data]
    assert not [(stage, path) for stage, path, _ in seen for word in words if word in path]

    # the same search finds them where they may be: in the server's database, which lies on an encrypted volume
    database = b"".join(path.read_bytes() for path in hall.folder.glob("tongban.sqlite3*"))
    assert "王𠮷安".encode() in database and b"330203198506129999" in database
    assert len([1 for stage, path, _ in seen if stage == "agreed" and "blobs" in path]) >= 4


def files(place: Path) -> Iterator[tuple[Path, bytes]]:
    for path in [place] if place.is_file() else place.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()


def what_is_personal(store: Store) -> tuple[set[str], set[bytes]]:
    """Names, numbers, addresses and telephones of everyone in the store, and bytes out of every page."""
    words: set[str] = set()
    pages: set[bytes] = set()
    for case in store.cases.in_states(State, 1000):
        for who in (case.parties.applicant, case.parties.handler):
            assert isinstance(who, Person)
            words |= {who.name, who.number, who.address}
        words |= {case.phone, case.number}
        words |= {action.author.name for action in store.cases.actions(case.id)}
        for digest in {page.digest for material in case.materials for page in material.pages}:
            data = store.pages.get(digest)
            pages |= {data[at : at + 64] for at in (len(data) // 3, len(data) // 2)}
    return words - {""}, pages
