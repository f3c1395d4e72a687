"""A hall's pack reaches a fresh station over a bad line, a day's changes are kilobytes, and what was begun under an
earlier version goes on (S03, S09; sync rules 19 to 21)."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from app.matters.catalogue import Catalogue
from app.store import Store
from app.store.database import rows
from app.sync.enrol import join
from app.sync.line import Line
from app.sync.packs import fetch_pack
from app.sync.round import one_round
from contract.problem import Problem, Retry
from tests.fakes.cutting import CuttingProxy, Fault
from tests.fakes.rounds import now, settle
from tests.fakes.serving import ROOT, ServerProcess
from tests.fakes.window import MATTER, NODE, Window

SIZES = [
    pytest.param((600, 300, 5_000), id="5000"),
    pytest.param((4_000, 3_000, 90_000), id="90000", marks=pytest.mark.slow),
]


class City(ServerProcess):
    """A server with the demo hall and a whole city beside it."""

    filled: dict[str, Any]

    def play(self, *words: object) -> dict[str, Any]:
        """Let something happen to its catalogue."""
        command = [sys.executable, "-m", "tests.fakes.many_matters", *map(str, words)]
        done = subprocess.run(command, env=self.environment(), cwd=ROOT, check=True, capture_output=True)
        return dict(json.loads(done.stdout))


@pytest.fixture(scope="module", params=SIZES)
def city(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    process = City(tmp_path_factory.mktemp("city"))
    process.start()
    process.filled = process.play("fill", *request.param)
    yield process
    process.stop()


Fresh = Callable[..., tuple[Store, Line]]


@pytest.fixture
def fresh(city: City, tmp_path: Path) -> Iterator[Fresh]:
    """Makes stations that join at a node, by another way than straight where one is given."""
    with ExitStack() as stack:

        def make(node: str, url: str = "") -> tuple[Store, Line]:
            store = stack.enter_context(Store.open(tmp_path / secrets.token_hex(4), secrets.token_bytes(32)))
            line = Line(url or city.url, store.station)
            stack.callback(line.close)
            join_again(store, line, city.code(node))
            return store, line

        yield make


def join_again(store: Store, line: Line, code: str) -> None:
    """As a technician does: the command again, until it has gone through."""
    for _ in range(200):
        try:
            if store.station.find() is None:
                join(store, line, code)
            fetch_pack(store, line)
            if store.packs.find() is not None:
                return
        except Problem as problem:
            assert problem.code.startswith("line."), problem
    raise AssertionError("the pack never came")


def content(store: Store) -> dict[str, object]:
    """All that a pack put into a store."""
    with store._database.reading() as db:
        return {
            "head": store.packs.get(),
            "matters": rows(db, "select code, version from catalogue order by code"),
            "offerings": rows(
                db,
                "select matter, department, area, accepted_by, grants from offerings join terms on terms.id = terms"
                " where matter in (select code from catalogue) order by 1, 2, 3",
            ),
        }


OLD = "0000000001-00000"


def set_back(store: Store) -> None:
    """Let the pack be one from long ago."""
    with store._database.writing() as db:
        db.execute("update packs set version = ?1, signature = 'x', text = json_set(text, '$.version', ?1)", (OLD,))


def test_rule_20_f03_a_fresh_station_gets_the_citys_pack_over_a_line_that_is_cut(city: City, fresh: Fresh) -> None:
    straight, line = fresh(city.filled["village"])
    size = sum(part.size for part in line.pack_manifest().opened().parts)
    assert size < 700_000
    with CuttingProxy(city.port, lambda: Fault(down=9_000)) as proxy:
        store, _ = fresh(city.filled["village"], proxy.url)
        assert proxy.cuts >= 1
    assert content(store) == content(straight)
    catalogue = Catalogue(store.packs.get(), store.shelf)
    assert catalogue.refresh() == catalogue.count() >= city.filled["matters"]
    village, name = city.filled["village"], city.filled["name"]
    assert name in [hit.matter.name for hit in catalogue.search(name[:6], village)]
    hits = catalogue.search("", village, limit=50)
    assert all(hit.may_receive or hit.instead for hit in hits)  # decision 0009: it is here, or it is said where
    assert 0 < catalogue.count_receivable(village) < catalogue.count()


def test_rule_20_s09_a_days_changes_are_kilobytes_and_leave_what_a_fresh_station_has(city: City, fresh: Fresh) -> None:
    store, line = fresh(city.filled["village"])
    Catalogue(store.packs.get(), store.shelf).refresh()
    whole = line.pack_manifest().opened()
    said = city.play("day", 60, "XK-00003-0002")
    assert line.pack_manifest(whole.version).opened().since == whole.version
    fetched = fetch_pack(store, line)
    assert fetched.newer and fetched.bytes < 12_000
    again, _ = fresh(city.filled["village"])
    assert content(store) == content(again)
    catalogue = Catalogue(store.packs.get(), store.shelf)
    assert catalogue.refresh() == 1
    assert catalogue.search(said["matter"], NODE)[0].matter.version == 2
    assert store.shelf.find_matter("XK-00003-0002", 1) is not None  # for what was begun with it
    assert not fetch_pack(store, line).newer and not one_round(store, line, now).pack
    assert store.packs.checked_at() is not None


def test_rule_20_s09_a_draft_survives_its_matters_end_and_the_server_warns(city: City, fresh: Fresh) -> None:
    store, line = fresh(NODE)
    Catalogue(store.packs.get(), store.shelf).refresh()
    draft = Window(store).begin()  # offline
    city.play("withdraw", MATTER)
    assert one_round(store, line, now).pack
    catalogue = Catalogue(store.packs.get(), store.shelf)
    matter = catalogue.find_matter(MATTER, 1)
    assert matter is not None and catalogue.newest_version(MATTER) is None and catalogue.find_matter(MATTER) is None
    assert catalogue.offerings(MATTER)  # where it goes is still known
    assert catalogue.search(matter.name, NODE) == () or matter not in [
        hit.matter for hit in catalogue.search(matter.name, NODE)
    ]
    store.acts.did(draft)
    warned = one_round(store, line, now).problem
    assert warned is not None and warned.code == "matter.withdrawn" and warned.facts["version"] == "1"
    settle(store, line)
    assert store.outbox.by_case() == () and line.case_view(draft[0].case_id).case.matter_version == 1


def test_a_part_that_was_damaged_is_thrown_away_and_fetched_again(city: City, fresh: Fresh) -> None:
    store, line = fresh(city.filled["village"])
    before = content(store)
    set_back(store)
    part = line.pack_manifest(OLD).opened().parts[0]
    store.packs.add_to_part(part.digest, 0, os.urandom(part.size // 2))
    with pytest.raises(Problem, match=r"pack\.damaged"):
        fetch_pack(store, line)
    assert store.packs.get().version == OLD
    assert fetch_pack(store, line).newer and content(store) == before


def test_a_round_gives_the_acts_their_turn_while_a_pack_is_on_its_way(city: City, fresh: Fresh) -> None:
    store, line = fresh(city.filled["village"])
    set_back(store)
    hours = iter(range(1_000_000))
    came = []
    while not (fetched := fetch_pack(store, line, patience=0.5, clock=lambda: next(hours))).newer:
        assert fetched.more
        came.append(fetched.bytes)
    assert len(came) >= 2 and store.packs.get().version != OLD


def test_changes_that_do_not_fit_are_followed_by_the_whole_pack(city: City, fresh: Fresh) -> None:
    store, line = fresh(city.filled["village"])
    version = store.packs.get().version
    city.play("day", 3, "XK-00004-0001")
    with store._database.writing() as db:  # the tree that the changes lean on is another one here
        text = json.loads(rows(db, "select text from packs")[0][0])
        text["nodes"] = text["nodes"][:1]
        db.execute("update packs set text = ?, signature = 'x'", (json.dumps(text),))
    assert line.pack_manifest(version).opened().since == version
    assert fetch_pack(store, line).newer
    again, _ = fresh(city.filled["village"])
    assert content(store) == content(again)


def test_a_cut_at_any_statement_of_taking_changes_in_leaves_the_old_pack(city: City, fresh: Fresh) -> None:
    store, line = fresh(city.filled["village"])
    Catalogue(store.packs.get(), store.shelf).refresh()
    before = content(store)
    city.play("day", 2, "XK-00005-0001")
    statements = 0
    while True:
        statements += 1
        store._database._writer.exec_trace = _cut_after(statements)
        try:
            assert fetch_pack(store, line).newer
            break
        except InterruptedError:
            store._database._writer.exec_trace = None
            assert content(store) == before
        finally:
            store._database._writer.exec_trace = None
    assert statements > 8 and content(store) != before


def _cut_after(statements: int) -> Callable[[object, str, object], bool]:
    count = 0

    def trace(cursor: object, sql: str, values: object) -> bool:
        nonlocal count
        count += 1
        if count == statements:
            raise InterruptedError
        return True

    return trace


def test_an_unknown_part_says_so(city: City, fresh: Fresh) -> None:
    _, line = fresh(NODE)
    with pytest.raises(Problem) as caught:
        next(line.pack_part("0" * 64, 0))
    assert caught.value == Problem("pack.part_unknown", Retry.AGAIN)
