"""Random days: clerks at work, a line that is cut, processes killed at any point, a server that dies.

After each day every act that a clerk was told is done is on the server exactly once, by its author, with its pages
byte for byte, or it is held and can be seen. ``TONGBAN_HISTORIES`` says how many days, ``TONGBAN_SEED`` which.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.store import Standing, Store
from app.sync.courier import Courier
from app.sync.enrol import join
from app.sync.line import Line
from contract.case import pages_of
from tests.app.conftest import NewStation
from tests.fakes.cutting import WHOLE, CuttingProxy, Fault, Plan
from tests.fakes.serving import ROOT, ServerProcess
from tests.fakes.window import FAR_NODE, NAME

HISTORIES = int(os.environ.get("TONGBAN_HISTORIES", "20"))
SEED = int(os.environ.get("TONGBAN_SEED", "1"))
DEMO_CODE = "DEMO-FENGSHAN-3"  # the demo hall's first window
PATIENCE = 60.0
DAY = Path(__file__).with_name("day.py")


def bad_line(chance: random.Random) -> Plan:
    """Refuses, loses asks, loses replies, cuts in the middle; one connection in two is whole."""

    def plan() -> Fault:
        kind = chance.randrange(8)
        if kind == 0:
            return Fault(refused=True)
        if kind == 1:
            return Fault(up=chance.randrange(200, 5_000))
        if kind == 2:
            return Fault(down=0)
        if kind == 3:
            return Fault(up=chance.randrange(5_000, 300_000), down=chance.randrange(1, 3_000))
        return WHOLE

    return plan


def said_until_killed(
    folder: Path, key: bytes, url: str, seed: int, lines: int, on_line: Callable[[int], None]
) -> list[list[str]]:
    """Run a day and kill it after so many lines. Returns what it said was done."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(DAY), str(folder), key.hex(), url, str(seed), "8"]
    said: list[list[str]] = []
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True, cwd=ROOT
    ) as day:
        assert day.stdout is not None
        for count, line in enumerate(day.stdout, start=1):
            said.append(line.split())
            on_line(count)
            if count == lines or line.startswith("done"):
                break
        day.kill()
        said += [line.split() for line in day.stdout]
    return [words for words in said if words and words[0] == "did"]


def settle_in_peace(store: Store, url: str) -> None:
    """The line is mended: everything must go over, but for what is held."""
    agreed = threading.Event()
    line = Line(url, store)
    courier = Courier(store, line, lambda: datetime.now(UTC), chance=lambda: 0.05)

    def look(_: object) -> None:
        waiting, held = store.counts()
        if waiting == held:
            agreed.set()

    end = store.on_change(look)
    courier.start()
    look(None)
    try:
        assert agreed.wait(PATIENCE), [(row.standing, row.problem, row.bytes_left) for row in store.outbox()]
    finally:
        courier.stop()
        end()


def live_through(
    chance: random.Random, folder: Path, key: bytes, server: ServerProcess, on_line: Callable[[int], None]
) -> None:
    """One day: twice a process is killed, then the line is mended and everything is looked at."""
    said: list[list[str]] = []
    with CuttingProxy(server.port, bad_line(chance)) as proxy:
        for _ in range(2):
            said += said_until_killed(
                folder, key, proxy.url, chance.randrange(1 << 30), chance.randrange(3, 45), on_line
            )
    with Store.open(folder, key) as store:
        settle_in_peace(store, server.url)
        line = Line(server.url, store)
        counted = Counter(act_id for _, _, act_id, _ in said)
        assert not [act_id for act_id, count in counted.items() if count != 1]
        for case_id in {words[1] for words in said}:
            check_case(store, line, case_id, [words for words in said if words[1] == case_id])
        line.close()
        named = pages_of(act for row in store.recent_cases(500) for act in store.case_actions(row.case_id))
        pages = [store.page(digest)[:64] for digest in named if store.has_page(digest)]  # others' are elsewhere
    no_trace_of_anybody(folder, pages)


@pytest.mark.parametrize("number", range(HISTORIES))
def test_f01_f04_f09_a_day_loses_nothing_and_does_nothing_twice(
    number: int, server: ServerProcess, new_station: NewStation
) -> None:
    station = new_station(FAR_NODE)
    station.store.close()
    station.line.close()
    live_through(random.Random(SEED * 100_000 + number), station.folder, station.key, server, lambda count: None)


@pytest.mark.parametrize("number", range(max(1, HISTORIES // 10)))
def test_f01_a_day_on_which_the_server_is_killed_too(number: int, tmp_path: Path) -> None:
    chance = random.Random(SEED * 100_000 - 1 - number)
    folder, key = tmp_path / "station", chance.randbytes(32)
    (tmp_path / "server").mkdir()
    server = ServerProcess(tmp_path / "server")
    server.start()
    dies_at = chance.randrange(5, 25)

    def on_line(count: int) -> None:
        if count == dies_at:
            server.kill()
            server.start()

    try:
        with Store.open(folder, key) as store:
            line = Line(server.url, store)
            join(store, line, DEMO_CODE)
            line.close()
        live_through(chance, folder, key, server, on_line)
    finally:
        server.stop()


def check_case(store: Store, line: Line, case_id: str, said: list[list[str]]) -> None:
    deeds = {deed.action.id: deed for deed in store.deeds(case_id)}
    on_server = Counter(act.id for act in line.case_view(case_id).actions)
    authors = {act.id: act.author.id for act in line.case_view(case_id).actions}
    for _, _, act_id, author in said:
        deed = deeds[act_id]
        if deed.standing is Standing.HELD:
            assert deed.problem is not None and case_id in {row.case_id for row in store.outbox()}
            assert on_server[act_id] == 0
        else:
            assert deed.standing is Standing.MATCHED and on_server[act_id] == 1 and authors[act_id] == author
    matched = [deed.action for deed in deeds.values() if deed.standing is Standing.MATCHED]
    for digest in pages_of(matched):
        assert line.page(case_id, digest) == store.page(digest)


def no_trace_of_anybody(folder: Path, pages: list[bytes]) -> None:
    """After a whole day, with its crashes, a stolen disk shows nobody."""
    words = [NAME, "周敏", "胡建波", "330281199002289992", "个体工商户", "余姚市凤山街道", "zhoumin", "hujianbo"]
    spelled = [word.encode(coding) for word in words for coding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030")]
    wanted = pages + [word for word in spelled if len(word) >= 6]  # less turns up by chance in ciphertext
    for path in folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert not [word for word in wanted if word in raw], path.name
