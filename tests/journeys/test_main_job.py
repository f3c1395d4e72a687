"""The main job from end to end: a real window, the real server in a child process, an officer in the real pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.config import read_config, write_config
from app.demo import RunningServer, simulated_devices
from app.start import join_station
from contract.ids import is_case_number
from contract.wire import sha256
from tests.fakes.serving import ServerProcess
from tests.journeys.conftest import STREET
from ui.demo import CARD, play


@pytest.mark.needs("font:LXGW WenKai", "font:WenQuanYi Zen Hei", "font:HanaMinA")
def test_s01_from_the_card_to_the_handed_over_result_by_keyboard(
    qapp: object, hall: ServerProcess, tmp_path: Path
) -> None:
    papers, out = tmp_path / "papers", tmp_path / "out"
    out.mkdir()
    join_station(tmp_path / "station", hall.url, hall.code(STREET), window="3 号窗口", training=True)
    config = read_config(tmp_path / "station").model_copy(update={"devices": simulated_devices(papers, CARD)})
    write_config(config)
    server = RunningServer(hall.url, hall.folder, None)  # type: ignore[arg-type]  # the fixture ends it

    summary = play(server, config, papers, out, tell=lambda _: None)

    assert is_case_number(summary["case_number"])
    assert summary["states"] == ["draft", "received", "accepted", "in_review", "approved", "delivered"]
    for material in summary["materials"]:
        assert sha256((out / material["file"]).read_bytes()) == material["sha256"]
    assert {m["material"] for m in summary["materials"]} == {"application_form", "photo"}
    assert summary["server"]["case"]["number"] == summary["case_number"]
    assert not summary["server"]["case"]["materials_pending"]
    assert (out / "receipt.pdf").read_bytes().startswith(b"%PDF") and (out / "receipt.escpos").read_bytes()
    assert len(summary["screenshots"]) >= 10
    assert json.loads(json.dumps(summary)) == summary
