"""A diagnostic file tells support all about the station and nothing about anybody who stood there."""

from __future__ import annotations

import base64
import json
import logging
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import main
from app.config import DeviceChoice, write_config
from app.diagnostics import KEPT, RecentLines, diagnosis, redacted, write_diagnosis
from app.version import VERSION
from contract.problem import Problem
from devices import catalogue
from devices.cards.emulator import passport_lines
from devices.codes import Code
from tests.fakes.counter import Counter, open_counter
from tests.house.tree import ROOT


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    with open_counter(tmp_path) as opened:
        yield opened


@pytest.fixture
def recent() -> Iterator[RecentLines]:
    made = RecentLines()
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(made)
    root.setLevel(logging.DEBUG)
    yield made
    root.setLevel(level)
    root.removeHandler(made)


def test_the_version_is_the_projects() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == VERSION


def test_nothing_of_a_person_is_in_it_after_their_cards_were_read(
    counter: Counter, recent: RecentLines, tmp_path: Path
) -> None:
    devices = counter.desk.devices
    document = devices.idcard().read()
    devices.choose("cards", DeviceChoice(driver="cards/simulated", options={"card": "passport"}))
    passport = devices.cards().read(passport_lines())
    devices.choose("cards", DeviceChoice(driver="cards/simulated"))
    insured = devices.cards().read()
    log = logging.getLogger("a.careless.library")
    photo = base64.b64decode(document.photo_raw)
    for careless in (document.name, document.number, document.number[6:14], document.photo_raw, photo[:32].hex(" ")):
        log.error("read %s", careless)
    try:
        raise ValueError(f"bad name {document.name}")
    except ValueError:
        log.exception("it failed")
    devices.choose("idcard", DeviceChoice(driver="idcard/simulated", options={"behave": "crash"}))
    with pytest.raises(Problem, match="device.crashed"):
        devices.idcard().read()

    file = write_diagnosis(counter.desk, tmp_path, recent, {"Qt": "6.9.3"})
    text = file.read_text("utf-8")
    names = (document.name, document.address, passport.name_latin, passport.name, insured.name)
    numbers = (document.number, document.number[6:14], passport.number, insured.number, insured.card_id)
    blocks = (document.photo_raw[:40], photo[:8].hex(), photo[:8].hex(" "), base64.b64encode(passport.photo).decode())
    for personal in (*names, *numbers, *blocks):
        assert personal and personal not in text and personal not in file.name

    said = json.loads(text)
    assert said["program"] == VERSION and said["libraries"]["Qt"] == "6.9.3" and said["libraries"]["pydantic"]
    reader = next(one for one in said["devices"] if one["role"] == "idcard")
    assert reader["driver"] == "idcard/simulated" and reader["options"] == {"behave": "crash"}
    assert said["station"]["node"] == counter.desk.node and said["drivers"]
    assert any("idcard/simulated was lost: device.crashed" in line for line in said["log"])
    assert any("it failed | test_diagnostics.py:" in line and line.endswith("ValueError") for line in said["log"])


def test_trouble_is_told_and_secrets_are_not(counter: Counter) -> None:
    devices = counter.desk.devices
    devices.choose("a4", DeviceChoice(driver="printer/ipp", options={"uri": "ipp://clerk:pw-1@127.0.0.1:1/ipp/print"}))
    devices.choose("scanner", DeviceChoice(driver="scanner/simulated", options={"behave": "absent"}))
    said = diagnosis(counter.desk)
    printer = next(one for one in said["devices"] if one["role"] == "a4")
    assert printer["options"]["uri"] == "ipp://127.0.0.1:1/ipp/print" and printer["problem"]["code"]
    assert "pw-1" not in json.dumps(said)
    scanner = next(one for one in said["devices"] if one["role"] == "scanner")
    assert scanner["problem"]["code"] == "scanner.absent" and scanner["versions"]["pillow"]


def test_an_option_that_is_a_password_is_not_told(
    counter: Counter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No driver that is shipped has one yet: this one says of its own option that it is."""
    for file in catalogue.ROOT.glob("*/drivers/*/*.toml"):
        copy = tmp_path / "devices" / file.relative_to(catalogue.ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    manifest = tmp_path / "devices/codes/drivers/simulated/manifest.toml"
    manifest.write_text(manifest.read_text("utf-8").replace("[options.text]", "[options.text]\nsecret = true"), "utf-8")
    monkeypatch.setattr(catalogue, "ROOT", tmp_path / "devices")
    counter.desk.devices.choose("codes", DeviceChoice(driver="codes/simulated", options={"text": "pw-2"}))
    said = diagnosis(counter.desk)
    assert next(one for one in said["devices"] if one["role"] == "codes")["options"] == {"text": "***"}
    assert "pw-2" not in json.dumps(said)


def test_a_technician_writes_it_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_counter(tmp_path) as opened:
        config = opened.desk.config
    write_config(config)
    assert main(["devices", "diagnose", "--folder", str(config.folder), "--out", str(tmp_path)]) == 0
    file = Path(capsys.readouterr().out.strip())
    said = json.loads(file.read_text("utf-8"))
    assert {one["role"]: one["state"] for one in said["devices"]}["idcard"] == "ok"


def test_a_folder_that_cannot_be_written_is_said(counter: Counter, tmp_path: Path) -> None:
    with pytest.raises(Problem, match="diagnosis.unwritable"):
        write_diagnosis(counter.desk, tmp_path / "nowhere")


@pytest.mark.parametrize(
    "text",
    [
        "陈䶮",
        "330281199002289992",
        "33028119900228999X",
        "574c66007e00",
        "57 4C 66 00 7E 00 32 1A",
        "V0xmAH4AAAAAAAAAAAAAAAAA",
    ],
)
def test_what_could_be_a_persons_is_taken_out_of_a_line(text: str) -> None:
    assert text not in redacted(f"read {text} from it")


def test_plain_lines_stay_as_they_are_and_only_the_last_are_kept(recent: RecentLines) -> None:
    log = logging.getLogger("devices.host")
    for n in range(KEPT + 5):
        log.info("idcard/simulated was lost: device.crashed (%s)", n)
    log.debug("what a maker's library prints")
    kept = recent.lines()
    assert len(kept) == KEPT and kept[-1].endswith(
        f"INFO devices.host idcard/simulated was lost: device.crashed ({KEPT + 4})"
    )
    assert repr(Code("x" * 20)) == "Code(20 characters)"
