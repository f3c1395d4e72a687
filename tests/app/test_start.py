"""A station whose key or database is not what it should be: said in words, never an empty store (sync.md 16)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.config import Config, read_config, write_config
from app.start import join_station, open_store
from contract.problem import Problem
from tests.fakes.window import Window, join_demo


@pytest.fixture
def station(tmp_path: Path) -> Config:
    """A station with a case, closed."""
    return make_station(tmp_path / "station")


def make_station(folder: Path) -> Config:
    config = Config(folder=folder, training=True)
    with open_store(config) as store:
        join_demo(store)
        Window(store).take_in()
    return config


def flip(path: Path, at: int, count: int = 16) -> None:
    """Damage some bytes."""
    raw = bytearray(path.read_bytes())
    raw[at : at + count] = bytes(byte ^ 0xFF for byte in raw[at : at + count])
    path.write_bytes(raw)


def lose_key(folder: Path) -> None:
    (folder / "training.key").unlink()


def lose_key_and_record(folder: Path) -> None:
    lose_key(folder)
    (folder / "key.json").unlink()


def take_another_key(folder: Path) -> None:
    other = make_station(folder.parent / "other").folder
    shutil.copy2(other / "training.key", folder / "training.key")


def take_another_database(folder: Path) -> None:
    other = make_station(folder.parent / "other").folder
    shutil.copy2(other / "store.db", folder / "store.db")


def damage_head(folder: Path) -> None:
    flip(folder / "store.db", 0, 64)


def damage_first_page(folder: Path) -> None:
    flip(folder / "store.db", 2000)


def damage_every_later_page(folder: Path) -> None:
    size = (folder / "store.db").stat().st_size
    for at in range(4096 + 100, size, 4096):
        flip(folder / "store.db", at)


def cut_short(folder: Path) -> None:
    (folder / "store.db").write_bytes((folder / "store.db").read_bytes()[: 3 * 4096 + 7])


def empty(folder: Path) -> None:
    (folder / "store.db").write_bytes(b"")


def lose_database(folder: Path) -> None:
    (folder / "store.db").unlink()


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (lose_key, "store.key_missing"),
        (lose_key_and_record, "store.key_missing"),
        (take_another_key, "store.key_wrong"),
        (take_another_database, "store.foreign"),
        (damage_head, "store.foreign"),
        (damage_first_page, "store.foreign"),
        (damage_every_later_page, "store.damaged"),
        (cut_short, "store.damaged"),
        (empty, "store.damaged"),
        (lose_database, "store.lost"),
    ],
)
def test_what_is_wrong_with_key_or_database_is_said(station: Config, harm: Callable[[Path], None], code: str) -> None:
    harm(station.folder)
    left = {path: path.read_bytes() for path in station.folder.rglob("*") if path.is_file()}
    with pytest.raises(Problem) as said, open_store(station) as store:
        for row in store.cases.recent():
            store.cases.shown(row.case_id)
    assert said.value.code == code
    # nothing was made, nothing taken away: an administrator finds it as it was
    now = {path: path.read_bytes() for path in station.folder.rglob("*") if path.is_file()}
    assert {path.name for path in left} <= {path.name for path in now}
    assert all(now[path] == raw for path, raw in left.items() if path.suffix in (".db", ".key", ""))


def test_joining_a_station_that_has_joined_leaves_its_settings_alone(station: Config) -> None:
    """The command run once too often, with another address or without --training: the counter must open as before."""
    settings = station.model_copy(update={"server_url": "https://tongban.example", "window": "3 号窗口"})
    write_config(settings)
    for training, code in ((True, "station.joined_already"), (False, "store.key_in_file")):
        with pytest.raises(Problem) as said:
            join_station(station.folder, "https://elsewhere.example", "ABCD", training=training)
        assert said.value.code == code
        assert read_config(station.folder) == settings
