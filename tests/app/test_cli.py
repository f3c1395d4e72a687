"""The command line as technicians and scripts use it: answers, exit codes, problems as JSON on stderr."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def tongban(*words: str) -> tuple[int, Any, str]:
    """Exit code, what was said on stdout as JSON where it is, and stderr."""
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli", *words],
        capture_output=True, text=True, cwd=ROOT, check=False, env=os.environ, timeout=120,
    )  # fmt: skip
    try:
        said = json.loads(ran.stdout)
    except ValueError:
        said = ran.stdout
    return ran.returncode, said, ran.stderr


def test_drivers_are_listed_with_their_options() -> None:
    code, said, _ = tongban("devices", "list", "--json")
    assert code == 0
    found = {driver["driver"]: driver for driver in said}
    assert {"idcard/samv_serial", "scanner/sane", "scanner/folder", "printer/ipp"} <= set(found)
    assert "port" in found["idcard/samv_serial"]["options"]


def test_a_card_is_read() -> None:
    code, said, _ = tongban("devices", "try", "idcard/simulated", "--option", "card=haishu", "--json")
    assert code == 0
    assert said["document_type"] == "resident" and said["name"].isprintable() and said["valid_until"]
    wanted = ["document_type", "name", "name_latin", "sex", "nation", "nationality", "birth_date", "address", "number"]
    wanted += ["issuer", "valid_from", "valid_until", "long_term", "has_private_use", "sam_number"]
    assert list(said)[: len(wanted)] == wanted


def test_a_signature_is_counted_and_never_shown_and_a_key_is_told() -> None:
    code, said, _ = tongban("devices", "try", "signature/simulated", "--patience", "2", "--json")
    assert code == 0
    assert said == {"width": 12000, "height": 5000, "has_pressure": True, "strokes": 3, "points": 180}
    code, said, _ = tongban("devices", "try", "rating/simulated", "--option", "key=2", "--json")
    assert (code, said) == (0, {"key": 2})
    code, said, _ = tongban("devices", "try", "rating/simulated", "--option", "key=0", "--patience", "0.5", "--json")
    assert (code, said) == (0, None)


def test_a_batch_is_scanned_into_a_folder(tmp_path: Path) -> None:
    code, said, _ = tongban(
        "devices", "try", "scanner/simulated", "--option", "pages=2", "--out", str(tmp_path), "--json"
    )
    assert code == 0 and len(said) == 2
    assert sorted(Path(page["file"]).stat().st_size for page in said) == sorted(page["size"] for page in said)


def test_a_test_page_is_printed(tmp_path: Path) -> None:
    code, said, _ = tongban("devices", "try", "printer/file", "--option", f"folder={tmp_path}", "--json")
    assert code == 0 and said["outcome"] == "done" and any(tmp_path.iterdir())


def test_a_passport_is_read_with_its_key_and_not_without() -> None:
    passport = ("devices", "try", "cards/simulated", "--option", "card=passport", "--json")
    code, said, _ = tongban(*passport, "--key", "E12345678,491231,341231")
    assert code == 0 and said["kind"] == "travel" and said["signature_verified"] is False
    code, _, told = tongban(*passport)
    assert code == 1 and json.loads(told)["code"] == "cards.key_needed"


def test_a_code_is_scanned_or_none_within_the_patience() -> None:
    code, said, _ = tongban("devices", "try", "codes/simulated", "--option", "text=浙A-1", "--json")
    assert code == 0 and said == {"text": "浙A-1", "lossy": False}
    code, said, _ = tongban("devices", "try", "codes/simulated", "--patience", "0.5", "--json")
    assert code == 0 and said is None


def test_a_photograph_lands_in_the_folder(tmp_path: Path) -> None:
    camera = ("devices", "try", "camera/simulated", "--option", "pace=0", "--json")
    code, said, _ = tongban(*camera, "--out", str(tmp_path))
    assert code == 0 and Path(said["file"]).read_bytes().startswith(b"\xff\xd8") and said["size"] > 10_000
    code, _, told = tongban(*camera)
    assert code == 1 and json.loads(told)["code"] == "cli.out_missing"


def test_a_problem_is_json_on_stderr_and_exit_1() -> None:
    code, said, told = tongban("devices", "try", "idcard/nothing", "--json")
    assert code == 1 and said == ""
    assert json.loads(told)["code"] == "device.no_such_driver"
    assert json.loads(told)["title"] and json.loads(told)["detail"]  # in words, too
    for behave, said in (("no_card", "idcard.absent"), ("absent", "device.no_such_port")):
        code, _, told = tongban("devices", "try", "idcard/simulated", "--option", f"behave={behave}", "--patience", "1")
        assert code == 1 and json.loads(told)["code"] == said  # and nothing of the log before it


@pytest.mark.parametrize("words", [(), ("no-such",), ("paper",), ("devices", "try"), ("outbox", "--colour")])
def test_wrong_usage_is_exit_2(words: tuple[str, ...]) -> None:
    assert tongban(*words)[0] == 2


def test_matters_are_found_by_initials() -> None:
    code, said, _ = tongban("matters", "search", "lnyd", "--demo", "--json")
    assert code == 0 and said[0]["name"].startswith("老年优待证")


def test_a_station_that_never_joined_says_so(tmp_path: Path) -> None:
    for command in (("outbox",), ("sync", "--once"), ("matters", "search", "x")):
        code, _, told = tongban(*command, "--folder", str(tmp_path))
        assert code == 1 and json.loads(told)["code"] == "config.absent"


def test_who_asked_may_hear_the_beginning_only() -> None:
    command = [sys.executable, "-m", "app.cli", "devices", "list", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None and program.stderr is not None
        program.stdout.close()
        said = program.stderr.read()
    assert (program.returncode, said) == (0, b"")
