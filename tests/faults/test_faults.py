"""The short version of ``./run faults``; and that whoever looks afterwards sees what is wrong where something is."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.store import Store
from contract.case import pages_of
from tests.fakes.serving import ROOT
from tests.fakes.window import NAME, Window
from tests.faults.hall import Hall
from tests.faults.history import Result, Station, check, join_station, no_trace_of_anybody, settle
from tests.faults.plan import Trouble, draw

QUIET = next(draw(seed) for seed in range(1000) if not draw(seed).rival)


@pytest.mark.parametrize(("days", "intakes", "seed", "together"), [(4, 60, 21, 4), (16, 8, 101, 6)])
def test_f01_f03_f04_f05_f09_rule_05_twenty_days_lose_nothing_and_do_nothing_twice(
    days: int, intakes: int, seed: int, together: int
) -> None:
    """Four whole days, and sixteen short ones in which the troubles lie closer."""
    given = {"--histories": days, "--intakes": intakes, "--seed": seed, "--together": together}
    words = [str(word) for option in given.items() for word in option]
    command = [sys.executable, "-m", "tests.faults", *words, "--json"]
    lived = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    said = json.loads(lived.stdout)
    assert lived.returncode == 0 and not said["failed"] and not said["hall"], (said, lived.stderr[-3000:])
    assert said["histories"] == days and said["counts"]["cases"] >= days * intakes and said["counts"]["cuts"] > 0


def test_every_trouble_is_drawn_and_a_seed_draws_the_same_again() -> None:
    days = [draw(seed) for seed in range(21, 121)]
    assert {trouble for day in days for _, trouble in day.troubles} == set(Trouble)
    assert {day.shift for day in days} >= {86_400.0, -86_400.0} and any(day.jump for day in days)
    assert days == [draw(seed) for seed in range(21, 121)]


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    hall = Hall(tmp_path / "hall")
    yield hall
    hall.close()


def found_wrong(station: Station, hall: Hall) -> list[str]:
    result = Result(0, "")
    check(station, QUIET, hall, result)
    no_trace_of_anybody(station.folder, [station], result)
    return result.faults


def test_what_is_lost_doubled_changed_or_laid_open_is_seen(hall: Hall, tmp_path: Path) -> None:
    station = join_station(hall, tmp_path / "one", hall.take_node())
    with Store.open(station.folder, station.key) as store:
        window = Window(store, station.authors[0], seed=1)
        cases = [window.take_in() for _ in range(3)]
        acts = [act for case_id in cases for act in store.cases.actions(case_id)]
        pages = sorted(pages_of(acts))
    station.said.update((act.id, (act.case_id, act.author.id)) for act in acts)
    result = Result(0, "")
    settle(station, hall, result)
    assert not result.faults and found_wrong(station, hall) == []

    trace = station.folder / "trace"
    trace.write_bytes(b"x" * 5000 + NAME.encode("gb18030") + "个体工商户".encode())
    assert found_wrong(station, hall) == ["something personal lies open in trace"]
    trace.unlink()

    station.said["an act"] = (cases[0], "somebody")
    assert any("said to be done" in fault for fault in found_wrong(station, hall))
    del station.said["an act"]

    chance = random.Random(3)
    blob = chance.choice(sorted((hall.server.folder / "blobs" / "pages").rglob("*/*")))
    whole = blob.read_bytes()
    blob.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert any("a page of" in fault for fault in found_wrong(station, hall))
    blob.write_bytes(whole)
    assert found_wrong(station, hall) == [] and pages

    table = "cases_eventrecord"
    database = hall.server.folder / "tongban.sqlite3"
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        db.execute(f"update {table} set text = replace(text, '330281', '330999') where action_id = ?", (acts[0].id,))
        faults = found_wrong(station, hall)
        assert any("is broken" in fault for fault in faults) and any("is matched and 1 times" in f for f in faults)
        db.execute(f"update {table} set action_id = 'another' where action_id = ?", (acts[4].id,))
        faults = found_wrong(station, hall)
        assert any("is matched and 0 times" in f for f in faults) and any("nobody did here" in f for f in faults)
