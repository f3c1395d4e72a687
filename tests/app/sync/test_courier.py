"""The courier: goes by itself, comes back by itself, ends when told, and there is only ever one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from app.matters.search import is_named
from app.store import GivenUp, Standing, Store
from app.sync.courier import Courier
from app.sync.line import Line
from app.sync.outbox import find, get_case_id, outbox, resend, retry_now
from app.sync.pace import Bounds, Outcome, Pace, Signs, wait
from contract.case import pages_of
from contract.exchange import Answer, SessionAnswer
from contract.problem import Problem
from tests.app.conftest import Station
from tests.fakes.cutting import WHOLE, CuttingProxy, Fault, Plan
from tests.fakes.odd_server import OddServer, Said
from tests.fakes.rounds import now, settle, standings
from tests.fakes.window import ID_NUMBER, NAME, OTHER_CLERK, Window

PATIENCE = 20.0
Cutting = Callable[[Plan], CuttingProxy]
NewCourier = Callable[..., Courier]


@dataclass
class Desk:
    store: Store
    courier: Courier


@pytest.fixture
def new_courier() -> Iterator[NewCourier]:
    with ExitStack() as stack:

        def make(store: Store, line: Line, **settings: object) -> Courier:
            courier = Courier(store, line, now, chance=lambda: 0.05, **settings)  # type: ignore[arg-type]
            stack.callback(courier.stop)
            return courier

        yield make


def wait_for(store: Store, holds: Callable[[], bool]) -> None:
    """Wait until something holds after one of the store's changes."""
    come = threading.Event()
    end = store.on_change(lambda _: come.set() if holds() else None)
    try:
        assert holds() or come.wait(PATIENCE), [(row.standing, row.problem) for row in store.outbox.by_case()]
    finally:
        end()


def test_what_is_done_goes_over_by_itself(station: Station, new_courier: NewCourier) -> None:
    store = station.store
    courier = new_courier(store, station.line)
    courier.start()
    wait_for(store, lambda: courier.state.online)
    case_id = Window(store).take_in()
    wait_for(store, lambda: standings(store, case_id) == {Standing.MATCHED})
    state = courier.state
    assert state.online and state.last_heard and state.since and (state.waiting, state.held) == (0, 0)
    assert state.problem is None and state.server_offset_ms is not None
    assert outbox(Desk(store, courier)) == ()


def test_the_light_is_a_server_that_answers_and_not_an_open_line(station: Station, new_courier: NewCourier) -> None:
    """A server that takes connections and says nothing is not there, although nothing was cut."""
    well, ended = threading.Event(), threading.Event()
    well.set()

    def says(method: str, path: str, body: bytes) -> Said:
        if not well.is_set():
            ended.wait(PATIENCE)
        if path.endswith("/session"):
            return 200, {}, SessionAnswer(token="t", expires_at=now()).model_dump_json().encode()
        return 200, {}, Answer(server_time=now(), cursor=station.store.exchange.cursor()).model_dump_json().encode()

    with OddServer(says) as server:
        line = Line(server.url, station.store.station, patience=0.3)
        courier = new_courier(station.store, line)
        courier.start()
        wait_for(station.store, lambda: courier.state.online)
        since = courier.state.since
        well.clear()
        courier.retry_now()
        wait_for(station.store, lambda: not courier.state.online)
        state = courier.state
        assert state.problem is not None and state.problem.code == "line.timeout"
        assert state.since is not None and since is not None and state.since > since
        ended.set()
        courier.stop()


def test_who_has_nothing_to_say_asks_once_and_who_has_something_asks_first_whether_somebody_is_there(
    station: Station, new_courier: NewCourier
) -> None:
    """Thousands of stations ask for news twice a minute: the ask itself shows whether the server is there."""
    store = station.store

    def says(method: str, path: str, body: bytes) -> Said:
        if path.endswith("/session"):
            return 200, {}, SessionAnswer(token="t", expires_at=now()).model_dump_json().encode()
        return 200, {}, Answer(server_time=now(), cursor=store.exchange.cursor()).model_dump_json().encode()

    with OddServer(says) as server:
        courier = new_courier(store, Line(server.url, store.station))
        courier.start()
        wait_for(store, lambda: courier.state.online and not courier.state.sending)
        before = len(server.asked)
        courier.retry_now()
        wait_for(store, lambda: len(server.asked) > before and not courier.state.sending)
        assert server.asked[before:] == [("POST", "/api/v1/exchange")]
        before = len(server.asked)
        Window(store).take_in()
        wait_for(store, lambda: len(server.asked) > before)
        courier.stop()
        assert server.asked[before] == ("GET", "/api/v1/health")


def test_rule_18_what_the_server_has_goes_by_itself_when_its_time_has_come(
    station: Station, new_courier: NewCourier, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = station.store
    case_id = Window(store, seed=1818).take_in(pages=2)  # pages like no other case of the node has
    pages = pages_of(store.cases.actions(case_id))
    settle(store, station.line)
    courier = new_courier(store, station.line)
    courier.start()
    wait_for(store, lambda: courier.state.online and not courier.state.sending)
    courier.stop()
    assert all(store.pages.has(digest) for digest in pages)  # thirty days are not over
    monkeypatch.setattr("app.sync.courier.KEEP_PAGES", timedelta(seconds=-60))
    courier = new_courier(store, station.line)
    courier.start()
    wait_for(store, lambda: courier.state.online and not courier.state.sending)
    assert not any(store.pages.has(digest) for digest in pages)


def test_a_courier_that_ended_does_not_shine_on(station: Station, new_courier: NewCourier) -> None:
    def fails() -> float:
        raise ZeroDivisionError

    courier = new_courier(station.store, station.line)
    courier._chance = fails
    courier.start()
    thread = courier._thread
    assert thread is not None
    thread.join(PATIENCE)
    state = courier.state
    assert state.last_heard is not None and not state.online
    assert state.problem is not None and state.problem.code == "sync.fault"


def test_there_is_only_one_per_store(station: Station, new_courier: NewCourier) -> None:
    first, second = (
        new_courier(station.store, station.line),
        new_courier(station.store, station.line, who="command line"),
    )
    first.start()
    with pytest.raises(Problem, match="sync.locked") as caught:
        second.start()
    assert caught.value.facts["holder"].startswith("window (pid ")
    first.stop()
    second.start()
    assert second.state.held == 0


def test_without_a_line_it_says_so_and_comes_back_by_itself(
    station: Station, cutting: Cutting, new_courier: NewCourier
) -> None:
    store = station.store
    proxy = cutting(lambda: Fault(refused=True))
    courier = new_courier(store, Line(proxy.url, store.station))
    case_id = Window(store).take_in()
    courier.start()
    wait_for(store, lambda: courier.state.problem is not None)
    state = courier.state
    assert not state.online and state.problem is not None and state.problem.code == "line.down"
    assert (state.waiting, state.last_heard) == (1, None) and standings(store, case_id) == {Standing.WAITING}
    (line,) = outbox(Desk(store, courier))
    assert line.matter == "个体工商户设立登记" and line.pages > 0 and line.bytes_left > 0 and line.problem is None
    proxy.plan = lambda: WHOLE
    wait_for(store, lambda: courier.state.online and store.outbox.counts() == (0, 0))


def test_a_station_that_was_shut_out_does_not_hammer(station: Station, new_courier: NewCourier) -> None:
    def says(method: str, path: str, body: bytes) -> Said:
        refused = Problem("station.revoked").to_wire(403)
        import json

        return 403, {"Content-Type": "application/problem+json"}, json.dumps(refused).encode()

    store = station.store
    with OddServer(says) as server:
        courier = new_courier(store, Line(server.url, store.station))
        courier.start()
        wait_for(store, lambda: courier.state.problem is not None)
        assert courier.state.problem == Problem("station.revoked")
        asked = len(server.asked)
        Window(store).take_in()  # what is done meanwhile waits
        retry_now(Desk(store, courier))
        wait_for(store, lambda: len(server.asked) > asked)
        courier.stop()
        assert len(server.asked) <= asked + 4 and store.outbox.counts() == (1, 0)


def test_rule_07_a_busy_server_is_left_alone_as_long_as_it_asked(station: Station, new_courier: NewCourier) -> None:
    with OddServer(lambda *_: (503, {"Retry-After": "1800"}, b"{}")) as server:
        courier = new_courier(station.store, Line(server.url, station.store.station))
        outcome, asked_for = courier._attempt(Pace())
        assert (outcome, asked_for) == (Outcome.BUSY, 1800.0) and courier.state.problem is not None
        assert wait(Pace().after(outcome), 0.0, asked_for) >= 1800
        courier.line.close()


def test_rule_07_a_fault_of_ours_is_said_loses_nothing_and_is_tried_again(
    station: Station, new_courier: NewCourier, caplog: pytest.LogCaptureFixture
) -> None:
    store = station.store
    case_id = Window(store).take_in()
    faults = iter([ZeroDivisionError(NAME)])

    def stumbles() -> None:
        for fault in faults:
            raise fault

    courier = new_courier(store, station.line, report=stumbles)
    said: list[str] = []
    end = store.on_change(lambda _: said.append(courier.state.problem.code if courier.state.problem else ""))
    courier.start()
    wait_for(store, lambda: standings(store, case_id) == {Standing.MATCHED})
    end()
    assert "sync.fault" in said and "ZeroDivisionError" in caplog.text and NAME not in caplog.text


def test_rule_13_ending_does_not_wait_for_an_upload_which_goes_on_later_where_it_stopped(
    station: Station, cutting: Cutting, new_courier: NewCourier
) -> None:
    store = station.store
    case_id = Window(store).take_in(size=1_500_000)
    slow = new_courier(store, station.line, bounds=Bounds(bytes_per_second=300_000))
    slow.start()
    wait_for(store, lambda: (upload := store.uploads.find(case_id)) is not None and upload.offset > 200_000)
    slow.stop()
    upload = store.uploads.find(case_id)
    assert upload is not None and upload.offset < upload.size and standings(store, case_id) == {Standing.ACKNOWLEDGED}
    pages = sum(store.pages.find_size(digest) or 0 for digest in upload.pages)
    assert store.outbox.by_case()[0].bytes_left == pages - upload.offset  # and that is what is said to be left
    proxy = cutting(lambda: WHOLE)
    fast = new_courier(store, Line(proxy.url, store.station))
    fast.start()
    wait_for(store, lambda: store.outbox.counts() == (0, 0))
    fast.stop()
    talk = 60_000
    assert proxy.passed_up <= upload.size - upload.offset + 64 * 1024 + talk < upload.size


@pytest.mark.parametrize(("bytes_per_second", "copies"), [(100.0, True), (1e7, False)])
def test_rule_15_working_copies_go_on_a_bad_line_only(
    station: Station, new_courier: NewCourier, bytes_per_second: float, copies: bool
) -> None:
    store, shrunk = station.store, list[bytes]()

    def shrink(page: bytes) -> bytes:
        shrunk.append(page)
        return page[:1000]

    case_id = Window(store).take_in(size=40_000)
    courier = new_courier(store, station.line, shrink=shrink)
    courier._signs = Signs(rate=bytes_per_second)  # as the line showed itself before
    courier.start()
    wait_for(store, lambda: standings(store, case_id) == {Standing.MATCHED})
    pages = {store.pages.get(digest) for digest in pages_of(store.cases.actions(case_id))}
    assert set(shrunk) == (pages if copies else set()) and len(shrunk) == len(set(shrunk))
    assert bool(courier._copied) == copies  # the server took them


def test_a_new_case_goes_before_the_pages_of_an_older_one(station: Station, new_courier: NewCourier) -> None:
    store, window = station.store, Window(station.store)
    large = window.take_in(size=500_000)
    courier = new_courier(store, station.line, bounds=Bounds(bytes_per_second=60_000))
    courier.start()
    wait_for(store, lambda: (upload := store.uploads.find(large)) is not None and upload.offset > 0)
    small = window.take_in(size=100)
    wait_for(store, lambda: standings(store, small) <= {Standing.ACKNOWLEDGED, Standing.MATCHED})
    assert standings(store, large) == {Standing.ACKNOWLEDGED}
    upload = store.uploads.find(large)
    assert upload is not None and upload.offset < upload.size


def test_rule_13_f03_a_cut_sends_at_most_64_kib_again(
    station: Station, cutting: Cutting, new_courier: NewCourier
) -> None:
    store = station.store
    cuts = iter([400_000, 300_000, 200_000, 100_000])
    proxy = cutting(lambda: Fault(up=next(cuts, None)))
    case_id = Window(store).take_in(size=700_000)
    courier = new_courier(store, Line(proxy.url, store.station))
    courier.start()
    wait_for(store, lambda: store.outbox.counts() == (0, 0))
    courier.stop()
    case = store.cases.shown(case_id)[0]
    assert case is not None and proxy.cuts == 4
    size = sum(page.size for material in case.materials for page in material.pages)
    talk = 60_000  # headers, asks and answers of the rounds around it
    assert proxy.passed_up <= size + 4 * 64 * 1024 + talk


def test_what_is_held_is_sent_again_or_set_aside_by_a_person(station: Station, new_courier: NewCourier) -> None:
    store, window = station.store, Window(station.store)
    courier = new_courier(store, station.line)
    desk = Desk(store, courier)
    acts = window.begin()
    body = {**acts[2].body, "materials": acts[2].body["materials"][:1]}
    store.acts.did([*acts[:2], acts[2].model_copy(update={"body": body})])
    courier.start()
    wait_for(store, lambda: courier.state.held == 1)
    (line,) = outbox(desk)
    assert line.standing is Standing.HELD and line.problem is not None and line.number
    resend(desk, acts[0].case_id)  # nothing was mended: it is refused again, and seen again
    wait_for(store, lambda: courier.state.held == 1)
    assert get_case_id(desk, line.number) == get_case_id(desk, line.case_id) == line.case_id
    store.outbox.set_aside(acts[0].case_id, GivenUp(reason="另行办理", author=OTHER_CLERK, at=datetime.now(UTC)))
    wait_for(store, lambda: courier.state.held == 0)
    assert outbox(desk) == () and len(store.acts.of_case(acts[0].case_id)) == 3
    # it is no longer waiting, and still found, with its number and why it was given up
    for text in (
        line.number,
        NAME,
        ID_NUMBER,
        "chen",
        "cy",
        "个体工商户",
        f"https://tongban.example/p/{line.number}/X",
    ):
        (kept,) = find(desk, text, is_named)
        assert kept.case_id == line.case_id and kept.number == line.number and kept.given_up is not None
        assert kept.given_up.reason == "另行办理" and kept.problem is not None
    assert find(desk, "王", is_named) == ()
