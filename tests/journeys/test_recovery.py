"""The recovery drill (docs/recovery.md): a PC dies with cases that never left it; the city opens its disk elsewhere."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import cli
from app.config import read_config
from app.flow import finish
from app.start import open_store
from contract.case import pages_of
from contract.problem import Problem
from tests.fakes.serving import ROOT, ServerProcess
from tests.journeys.conftest import VILLAGE, Windows

MATTER = "QR-00311-002"


@pytest.fixture
def city_key(tmp_path: Path) -> Path:
    return tmp_path / "city-recovery.pem"


@pytest.fixture
def hall(
    tmp_path_factory: pytest.TempPathFactory,
    city_key: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ServerProcess]:
    """A server of a city that has a recovery key."""
    monkeypatch.setenv("TONGBAN_RECOVERY_KEY", make_key(city_key)["TONGBAN_RECOVERY_KEY"])
    assert make_key(city_key)["code"] == "server.file_there"  # never over a key that is there
    process = ServerProcess(tmp_path_factory.mktemp("drill"))
    process.start()
    yield process
    process.stop()


def make_key(path: Path) -> dict[str, str]:
    """As an administrator makes the city's key."""
    command = [sys.executable, "-m", "server", "recovery-key", "--out", str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    return dict(json.loads(answer.stdout or answer.stderr))


def tongban(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, object]]:
    capsys.readouterr()
    code = cli.main([*words, "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out or err)


def test_what_a_dead_pc_never_sent_arrives_from_another_machine(
    window: Windows,
    hall: ServerProcess,
    city_key: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    village = window(VILLAGE, "xuaizhen", "haishu")
    desk = village.desk
    desk.courier.stop()  # nothing leaves this PC any more
    draft = village.fill_materials(village.begin("haishu", MATTER))
    taken = finish.take_in(desk, draft, village.clerk)
    left = sum(pool.left for pool in desk.store.numbers.pools())
    assert desk.store.outbox.counts() == (1, 0) and left > 0

    # the PC dies; its disk is copied as it is, write-ahead log and all, and its key is gone with the machine
    copy = tmp_path / "copy"
    shutil.copytree(desk.config.folder, copy)
    (copy / "training.key").unlink()
    with pytest.raises(Problem, match=r"store\.key_missing"):
        open_store(read_config(copy))

    wrong = tmp_path / "wrong.pem"
    make_key(wrong)
    before = {path.name: path.read_bytes() for path in copy.iterdir() if path.is_file()}
    code, said = tongban(capsys, "recover", "--store", str(copy), "--recovery-key", str(wrong))
    assert (code, said["code"]) == (1, "store.recovery_key_wrong")
    assert {path.name: path.read_bytes() for path in copy.iterdir() if path.is_file()} == before

    code, said = tongban(capsys, "recover", "--store", str(copy), "--recovery-key", str(city_key))
    assert code == 0 and (said["cases"], said["held"], said["keeper"]) == (1, 0, "file")
    with open_store(read_config(copy)) as store:
        assert sum(pool.left for pool in store.numbers.pools()) == 0  # the dead one may have printed on
        case = store.cases.shown(taken.case.id)[0]
        assert case is not None and case.number == taken.case.number
        mine = pages_of(store.cases.actions(case.id))

    code, said = tongban(capsys, "sync", "--once", "--folder", str(copy))
    assert code == 0 and int(str(said["rounds"])) < 10, said  # it ends when nothing moves any more
    view = village.server_view(taken.case.id)
    assert view.case.number == taken.case.number and not view.case.materials_pending
    assert mine and pages_of(view.actions) == mine
    for page in mine:
        assert desk.courier.line.page(taken.case.id, page) == desk.store.pages.get(page)
    code, lines = tongban(capsys, "outbox", "--folder", str(copy))
    assert code == 0 and not lines
