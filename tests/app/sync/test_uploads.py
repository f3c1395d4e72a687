"""Pages over the real tus endpoint: side by side on a bad line, gone on with after cuts and a dead server."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from app.store import Standing, Store
from app.sync.batch import Batch, BatchStream, Interrupted, next_batch
from app.sync.enrol import join
from app.sync.line import BLOCK, Line
from app.sync.round import one_round
from app.sync.uploads import FIRST_PART, LEAST_PART, Manner, part_sizes, send_copies, send_one_batch
from contract.case import pages_of
from contract.problem import Problem
from contract.upload import read_batch
from contract.wire import sha256
from tests.app.conftest import Station
from tests.fakes.cutting import WHOLE, CuttingProxy, Fault, Plan
from tests.fakes.rounds import now, settle, standings
from tests.fakes.serving import ServerProcess
from tests.fakes.window import Window

Cutting = Callable[[Plan], CuttingProxy]


def everything_is_there(store: Store, line: Line, case_id: str) -> None:
    assert standings(store, case_id) == {Standing.MATCHED}
    for digest in pages_of(store.cases.actions(case_id)):
        assert line.page(case_id, digest) == store.pages.get(digest)


def test_a_batch_is_made_while_it_is_sent_from_any_place_in_small_blocks(station: Station) -> None:
    import io

    store, chance = station.store, random.Random(3)
    pages = [store.pages.put(chance.randbytes(size)) for size in (1, 40_000, 16_384, 5)]
    batch = Batch(store, pages)
    whole = b"".join(BatchStream(batch, 0, batch.size))
    assert len(whole) == batch.size and sha256(whole) == batch.digest()
    assert [digest for digest, _ in read_batch(io.BytesIO(whole))] == pages
    for _ in range(50):
        start = chance.randrange(batch.size)
        end = chance.randrange(start, batch.size + 1)
        stream = BatchStream(batch, start, end)
        assert len(stream) == end - start
        blocks = list(stream)
        assert b"".join(blocks) == whole[start:end] and max(map(len, blocks), default=0) <= BLOCK
    with pytest.raises(Interrupted):
        BatchStream(batch, 0, batch.size, interrupted=lambda: True).read()
    with pytest.raises(Problem, match="store.page_missing"):
        Batch(store, ["0" * 64])


def test_rule_14_small_pages_go_first_and_a_large_one_keeps_none_of_them_waiting(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, chance = station.store, random.Random(4)
    large, small, middle = (store.pages.put(chance.randbytes(size)) for size in (90_000, 1_000, 30_000))
    assert next_batch(store, (large, small, middle)).pages == (small, middle, large)
    monkeypatch.setattr("app.sync.batch.TOGETHER", 40_000)
    assert next_batch(store, (large, small, middle)).pages == (small, middle)
    assert next_batch(store, (large,)).pages == (large,)


def test_rule_14_the_case_that_is_soon_over_goes_before_one_with_large_pages(station: Station) -> None:
    store = station.store
    large, small = Window(store).take_in(size=50_000), Window(store).take_in(size=100)
    one_round(store, station.line, now)
    assert [case_id for case_id in store.uploads.wanted() if case_id in (large, small)] == [small, large]


def test_on_a_bad_line_nobody_is_left_alone_with_much_at_the_end() -> None:
    for total in (1, 10_000, 100_000, 1_500_000, 32 << 20, 512 << 20):
        sizes = part_sizes(total, 4)
        assert sum(sizes) == total and all(sizes) and len(sizes) <= 64
        assert part_sizes(total, 1) == (total,)
    assert part_sizes(1_500_000, 4)[-1] <= LEAST_PART < part_sizes(1_500_000, 4)[1]


def test_on_a_bad_line_a_batch_travels_in_four_parts(station: Station, cutting: Cutting) -> None:
    store = station.store
    proxy = cutting(lambda: WHOLE)
    line = Line(proxy.url, store.station)
    case_id = Window(store).take_in(pages=2, size=100_000)
    one_round(store, line, now)
    before = proxy.connections
    sent = send_one_batch(store, line, Manner(connections=4))
    assert sent is not None and sent.bytes > 400_000 and proxy.connections == before + 4
    one_round(store, line, now)
    line.close()
    everything_is_there(store, station.line, case_id)


def test_f03_four_parts_that_are_cut_go_on_where_each_stopped(
    station: Station, cutting: Cutting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sync.batch.TELL_EVERY", 0.0)  # as on a line so slow that each block takes a second
    monkeypatch.setattr("app.sync.uploads.LAST_PAUSE", 0.05)
    store, chance = station.store, random.Random(5)
    case_id = Window(store).take_in(pages=3, size=150_000)
    one_round(store, station.line, now)
    size = sum(store.pages.find_size(digest) or 0 for digest in store.uploads.wanted()[case_id])
    proxy = cutting(lambda: Fault(up=chance.randrange(5_000, 90_000)) if chance.random() < 0.8 else WHOLE)
    line, done = Line(proxy.url, store.station), False
    for _ in range(100):
        try:
            done = send_one_batch(store, line, Manner(connections=4)) is not None
        except Problem as problem:
            assert problem.code in ("line.down", "line.cut", "upload.cut", "upload.offset_differs", "upload.superseded")
        if done:
            break
    assert done and proxy.cuts > 2
    assert proxy.passed_up <= size + proxy.cuts * 64 * 1024 + proxy.connections * 4_000
    line.close()
    settle(store, station.line)
    everything_is_there(store, station.line, case_id)


def test_rule_14_what_one_connection_was_cut_off_from_another_goes_on_with(station: Station, cutting: Cutting) -> None:
    store = station.store
    case_id = Window(store).take_in(pages=3, size=150_000)
    first, *side_by_side = WHOLE, Fault(up=20_000), Fault(up=70_000), WHOLE, Fault(up=45_000)
    faults = iter((first, *side_by_side))
    proxy = cutting(lambda: next(faults, Fault(refused=True)))
    line = Line(proxy.url, store.station)
    one_round(store, line, now)
    sent = send_one_batch(store, line, Manner(connections=4))
    assert sent is not None and store.uploads.find(case_id) is None and proxy.cuts >= 3
    line.close()
    settle(store, station.line)
    everything_is_there(store, station.line, case_id)


@pytest.mark.parametrize("cut_at", [None, 40_000])
def test_rule_14_the_first_part_goes_over_the_connection_that_is_open(
    station: Station, cutting: Cutting, cut_at: int | None
) -> None:
    store = station.store
    case_id = Window(store).take_in(pages=3, size=150_000)
    faults = iter((Fault(up=cut_at),))
    proxy = cutting(lambda: next(faults, Fault(refused=True)))
    line = Line(proxy.url, store.station)
    one_round(store, line, now)
    with pytest.raises(Problem, match="line.down"):  # no others can be made
        send_one_batch(store, line, Manner(connections=4))
    upload = store.uploads.find(case_id)
    assert (upload.offset if upload else 0) == (0 if cut_at else FIRST_PART)
    line.close()
    settle(store, station.line)
    everything_is_there(store, station.line, case_id)


def test_f01_a_server_killed_in_the_middle_of_an_upload_is_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    server = ServerProcess(tmp_path / "server")
    server.start()
    try:
        with Store.open(tmp_path / "station", bytes(32)) as store:
            line = Line(server.url, store.station)
            join(store, line, "DEMO-FENGSHAN-3")
            case_id = Window(store).take_in(pages=2, size=200_000)
            one_round(store, line, now)
            half = store.outbox.by_case()[0].bytes_left // 2
            given = 0

            def dies_half_way() -> bool:
                nonlocal given
                given += BLOCK
                if given > half:
                    server.kill()
                return False

            with pytest.raises(Problem, match="line.down"):
                send_one_batch(store, line, Manner(interrupted=dies_half_way))
            assert store.uploads.find(case_id) is not None
            with pytest.raises(Problem, match="line.down"):
                one_round(store, line, now)
            server.start()
            settle(store, line)
            everything_is_there(store, line, case_id)
            line.close()
    finally:
        server.stop()


def test_an_upload_that_the_server_forgot_is_begun_anew(station: Station) -> None:
    store, line = station.store, station.line
    case_id = Window(store).take_in(size=100_000)
    one_round(store, line, now)
    asked = 0

    def stops_soon() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    assert send_one_batch(store, line, Manner(interrupted=stops_soon)) is not None
    upload = store.uploads.find(case_id)
    assert upload is not None
    line.drop_upload(upload.parts[0].place)
    sent = send_one_batch(store, line)
    assert sent is not None and sent.bytes >= upload.size and store.uploads.find(case_id) is None
    one_round(store, line, now)
    everything_is_there(store, line, case_id)


def test_a_bound_on_bandwidth_is_kept(station: Station) -> None:
    store, line = station.store, station.line
    Window(store).take_in(size=50_000)
    one_round(store, line, now)
    paused: list[float] = []
    send_one_batch(store, line, Manner(bytes_per_second=50_000, pause=paused.append))
    assert sum(paused) > 1.0  # it asked to wait, block by block


def test_rule_15_working_copies_go_before_pages_that_would_be_long_under_way(station: Station) -> None:
    store, line = station.store, station.line
    case_id = Window(store).take_in(size=100_000)
    one_round(store, line, now)
    wanted = store.uploads.wanted()[case_id]

    def send(copied: frozenset[str], rate: float) -> frozenset[str]:
        return send_copies(store, line, copied, lambda page: page[:2000], rate=rate, interrupted=lambda: False)

    assert send(frozenset(), 1e6) == frozenset()  # the pages themselves are there as soon
    assert send(frozenset(wanted[:1]), 100.0) == set(wanted[1:])
    assert one_round(store, line, now).copied == set(wanted[1:])
    assert store.uploads.wanted()[case_id] == wanted and standings(store, case_id) == {Standing.ACKNOWLEDGED}
    settle(store, line)
    everything_is_there(store, line, case_id)
    assert one_round(store, line, now, thorough=True).copied == frozenset()
