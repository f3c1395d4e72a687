"""`tongban outbox` through real processes: what waits, both versions, and what a technician does about a held case."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.flow import finish
from app.people.sign_in import made
from app.store import Store
from app.store.keys import station_key
from contract.problem import Problem
from tests.fakes.counter import LU, ZHOU, open_counter

ROOT = Path(__file__).parents[2]
SECRET, PASSPHRASE = "eight plums", "nine pears, ripe"


@dataclass(frozen=True)
class Held:
    """A station without a server whose one case is held."""

    folder: Path
    case_id: str
    number: str
    name: str

    def run(self, *words: str, typed: str = "", json_out: bool = True) -> tuple[int, Any, str]:
        """Exit code, stdout (as JSON), the code of the Problem on stderr."""
        more = [*(("--json",) if json_out else ()), "--folder", str(self.folder)]
        ran = subprocess.run(
            [sys.executable, "-m", "app.cli", "outbox", *words, *more],
            capture_output=True, text=True, cwd=ROOT, check=False, env=os.environ, timeout=120, input=typed,
        )  # fmt: skip
        said = json.loads(ran.stdout) if json_out and ran.stdout else ran.stdout
        return ran.returncode, said, json.loads(ran.stderr)["code"] if ran.returncode == 1 else ran.stderr

    def store(self) -> Store:
        return Store.open(self.folder, station_key(self.folder, training=True))


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    with open_counter(tmp_path) as counter:
        case = finish.take_in(counter.desk, counter.whole("long_term", "QR-00111-003"), ZHOU).case
        store = counter.desk.store
        first = store.exchange.begin_sending()[0]
        store.exchange.hold(first, Problem("matter.unknown"))
        store.exchange.give_back()
        now = datetime.now(UTC)
        store.verifiers.keep(made("lufangfang", SECRET, LU, now, now + timedelta(hours=72)))
        yield Held(counter.config.folder, case.id, case.number, case.parties.applicant.shown_name)


def test_what_waits_is_listed_found_and_shown_side_by_side(held: Held) -> None:
    code, said, _ = held.run()
    assert code == 0 and [(line["number"], line["standing"], line["problem"]["code"]) for line in said] == [
        (held.number, "held", "matter.unknown")
    ]
    assert said[0]["since"] and said[0]["bytes_left"] > 0
    code, text, _ = held.run(json_out=False)
    assert code == 0 and text.startswith(f"{held.number}\t需处理 held\t老年优待证") and held.name not in text
    for word in ("个动作", "页", "自 since", f"未传 left {said[0]['bytes_left']} B", "（matter.unknown）"):
        assert word in text  # what, since when, how much, and why in words
    assert [line["case_id"] for line in held.run("--find", held.name[:1])[1]] == [held.case_id]
    assert held.run("--find", "zzz")[:2] == (0, [])
    code, shown, _ = held.run("show", held.number)
    assert code == 0 and shown["is_held"] and not shown["on_server"] and shown["ours_done"][0]["kind"] == "open"
    assert {row["part"] for row in shown["rows"] if not row["same"]} >= {"state", "number", "material"}
    code, text, _ = held.run("show", held.case_id, json_out=False)
    assert code == 0 and "服务器上没有" in text and "≠ state\taccepted\t—" in text


def test_a_case_is_exported_and_opened_again(held: Held, tmp_path: Path) -> None:
    file, out = tmp_path / "case.tbx", tmp_path / "read"
    assert held.run("export", held.number, "--out", str(file), typed="short\n")[::2] == (1, "export.passphrase_short")
    code, made_, _ = held.run("export", held.number, "--out", str(file), typed=PASSPHRASE + "\n")
    assert code == 0 and made_["pages"] > 0 and made_["lacking"] == 0
    assert held.name.encode() not in file.read_bytes() and file.stat().st_mode & 0o077 == 0
    opening = [sys.executable, "-m", "app.cli", "outbox", "open", str(file), "--out", str(out)]
    wrong = subprocess.run(opening, input="another one\n", capture_output=True, text=True, cwd=ROOT, check=False)
    assert wrong.returncode == 1 and json.loads(wrong.stderr)["code"] == "export.passphrase_wrong"
    subprocess.run(opening, input=PASSPHRASE + "\n", capture_output=True, text=True, cwd=ROOT, check=True)
    assert (
        held.name in (out / "case.json").read_text("utf-8") and len(list((out / "pages").iterdir())) == made_["pages"]
    )


def test_it_is_let_go_again_or_withdrawn_with_a_supervisors_password(held: Held) -> None:
    reason = ("--reason", "重复收件", "--supervisor", "lufangfang")
    assert held.run("withdraw", held.number, *reason, typed="guess\n")[::2] == (1, "signin.wrong")
    assert held.run("withdraw", "330281-00000009-X", *reason, typed=SECRET)[::2] == (1, "outbox.not_there")
    assert held.run("withdraw", held.number, *reason, typed=SECRET + "\n")[1]["done"] == "withdraw"
    with held.store() as store:
        assert store.outbox.counts() == (0, 0)
        (kept,) = {deed.given_up for deed in store.acts.of_case(held.case_id)} - {None}
        assert kept is not None and kept.offline and kept.supervisor is not None and kept.supervisor.id == "lufangfang"
    (found,) = held.run("--find", held.number)[1]
    assert found["given_up"]["reason"] == "重复收件"
    assert held.run("resend", held.number)[::2] == (1, "held.gone")  # nobody is told that it goes again


def test_the_same_acts_are_sent_again(held: Held) -> None:
    assert held.run("resend", held.number)[0] == 0
    with held.store() as store:
        assert store.outbox.counts() == (1, 0) and store.outbox.has_waiting()


def test_wrong_usage_is_exit_2(held: Held) -> None:
    for words in (("show",), ("export", "x"), ("withdraw", "x"), ("eat", "x")):
        assert held.run(*words, json_out=False)[0] == 2
