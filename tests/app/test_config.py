"""A station's settings: read once, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config import FILE, Config, DeviceChoice, default_folder, read_config, write_config
from app.start import open_desk
from contract.problem import Problem


def test_what_is_written_is_read(tmp_path: Path, home: Path) -> None:
    config = Config(
        folder=tmp_path / "station",
        server_url="https://tongban.example",
        window="3 号窗口",
        receipt_style="half_a4",
        devices={"idcard": DeviceChoice(driver="idcard/simulated", options={"card": "yuyao"})},
    )
    write_config(config)
    assert read_config(config.folder) == config
    write_config(config.model_copy(update={"window": "4 号窗口"}))
    assert read_config(config.folder).window == "4 号窗口"
    assert [path.name for path in config.folder.iterdir()] == [FILE]
    assert (config.folder.stat().st_mode & 0o077) == 0
    assert home in default_folder().parents
    # a station that is moved takes its settings along
    assert read_config((tmp_path / "station").rename(tmp_path / "moved")).folder == tmp_path / "moved"


def test_no_settings_and_damaged_ones_are_told(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="config.absent"):
        read_config(tmp_path / "nowhere")
    damaged = (b"", b"{", b"[]", b"3", b'{"no_such": 1}', b'{"idle_lock_minutes": 0}', b"\xff\xfe{}")
    for said in damaged:
        (tmp_path / FILE).write_bytes(said)
        with pytest.raises(Problem, match="config.malformed"):
            read_config(tmp_path)


def test_settings_that_cannot_be_written_leave_the_old_ones(tmp_path: Path) -> None:
    config = Config(folder=tmp_path / "station")
    write_config(config)
    (config.folder / f".{FILE}.new").mkdir()
    with pytest.raises(Problem, match="config.unwritable"):
        write_config(config.model_copy(update={"window": "4 号窗口"}))
    assert read_config(config.folder) == config
    (tmp_path / "file").write_text("")
    with pytest.raises(Problem, match="config.unwritable"):
        write_config(Config(folder=tmp_path / "file" / "station"))


def test_a_desk_of_a_station_that_never_joined_is_not_opened(tmp_path: Path) -> None:
    config = Config(folder=tmp_path, training=True)
    for _ in range(2):  # the store was closed again
        with pytest.raises(Problem, match="station.not_joined"):
            open_desk(config)
