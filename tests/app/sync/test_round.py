"""One round with the real server: what is done here is there once, by whom it was done, or it is held and seen."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from app.store import GivenUp, Standing, Store
from app.store.catalogue import spelled_head
from app.sync.line import Line
from app.sync.round import one_round
from app.sync.uploads import send_one_batch
from contract.case import Kind, State
from contract.exchange import Answer, Ask, SessionAnswer
from contract.problem import Problem, Retry
from tests.app.conftest import NewStation, Station
from tests.fakes.cutting import WHOLE, CuttingProxy, Fault, Plan
from tests.fakes.odd_server import OddServer, Said
from tests.fakes.rounds import catch_up, now, settle, standings
from tests.fakes.serving import ROOT, ServerProcess
from tests.fakes.window import MATTER, OTHER_CLERK, Window

Cutting = Callable[[Plan], CuttingProxy]


def test_rule_14_a_case_goes_before_its_pages_and_is_matched_only_when_these_are_there(station: Station) -> None:
    store, line = station.store, station.line
    catch_up(store, line)
    case_id = Window(store).take_in(pages=2)
    result = one_round(store, line, now)
    assert (result.sent, result.acknowledged, result.matched) == (3, 3, 0)
    assert standings(store, case_id) == {Standing.ACKNOWLEDGED}
    case = store.cases.shown(case_id)[0]
    assert case is not None and case.state is State.RECEIVED and case.materials_pending
    (row,) = store.outbox.by_case()
    assert row.bytes_left == sum(page.size for material in case.materials for page in material.pages)
    settle(store, line)
    assert standings(store, case_id) == {Standing.MATCHED} and store.outbox.by_case() == ()
    everything_is_there(station, case_id)


def everything_is_there(station: Station, case_id: str) -> None:
    """The acts once and in order, the pages byte for byte."""
    view = station.line.case_view(case_id)
    assert [act.id for act in view.actions] == [act.id for act in station.store.cases.actions(case_id)]
    assert not view.case.materials_pending
    for material in view.case.materials:
        for page in material.pages:
            assert station.line.page(case_id, page.digest) == station.store.pages.get(page.digest)


def test_rule_08_f08_nothing_counts_as_synced_before_the_digests_are_equal(station: Station) -> None:
    store, line = station.store, station.line
    case_id = Window(store).take_in()
    assert store.outbox.counts() == (1, 0)
    one_round(store, line, now)  # every request returned 200, every act is done
    one_round(store, line, now)
    assert store.outbox.counts() == (1, 0) and standings(store, case_id) == {Standing.ACKNOWLEDGED}
    settle(store, line)
    assert store.outbox.counts() == (0, 0)


def test_rule_01_f09_the_author_is_who_did_it_and_not_who_is_signed_in_when_it_is_sent(station: Station) -> None:
    first = Window(station.store).take_in()
    second = Window(station.store, OTHER_CLERK, seed=1).take_in()
    settle(station.store, station.line)
    assert {act.author.id for act in station.line.case_view(first).actions} == {"zhoumin"}
    assert {act.author.id for act in station.line.case_view(second).actions} == {"lufangfang"}


def test_rule_06_f02_a_refused_case_is_held_with_its_reason_and_the_others_go_on(station: Station) -> None:
    store, window = station.store, Window(station.store)
    acts = window.begin()
    body = dict(acts[2].body)
    body["materials"] = body["materials"][:1]  # the window let it through; the server will not
    bad = [*acts[:2], acts[2].model_copy(update={"body": body})]
    store.acts.did(bad)
    behind = window.correct(acts[0].case_id)
    good = [window.take_in() for _ in range(3)]
    settle(store, station.line)
    assert all(standings(store, case_id) == {Standing.MATCHED} for case_id in good)
    found = {deed.action.id: deed for deed in store.acts.of_case(acts[0].case_id)}
    held = found[acts[2].id]
    assert held.standing is Standing.HELD and held.problem is not None
    assert held.problem.code == "case.materials_missing" and held.problem.facts["materials"]
    assert found[behind.id].standing is Standing.WAITING  # not blamed for what went wrong before it
    (row,) = store.outbox.by_case()
    assert (row.standing, row.problem, store.outbox.counts()) == (Standing.HELD, held.problem, (1, 1))
    assert not store.outbox.has_waiting()


def test_f02_an_act_that_no_ask_can_hold_is_held_here(station: Station) -> None:
    store, window = station.store, Window(station.store)
    acts = window.begin()
    body = {**acts[0].body, "answers": {**acts[0].body["answers"], "remark": "长" * 2_000_000}}
    store.acts.did([acts[0].model_copy(update={"body": body})])
    good = window.take_in()
    settle(store, station.line)
    (row,) = store.outbox.by_case()
    assert row.case_id == acts[0].case_id and row.problem is not None and row.problem.code == "sync.too_large"
    assert standings(store, good) == {Standing.MATCHED}


def test_f02_an_act_that_trips_the_server_up_is_found_and_held(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The real server cannot be made to fail on purpose: this one fails on every ask that names one case."""
    from tests.fakes.window import join_demo

    poison = ""

    def says(method: str, path: str, body: bytes) -> Said:
        if path.endswith("/session"):
            return 200, {}, SessionAnswer(token="t", expires_at=now()).model_dump_json().encode()
        if poison.encode() in body:
            return 500, {"Content-Type": "text/plain"}, b"Internal Server Error"
        done = {act.id: {"verdict": "done"} for case in (good, other) for act in store.cases.actions(case)
                if act.id.encode() in body}  # fmt: skip
        return 200, {}, Answer.model_validate({"server_time": now(), "told": done}).model_dump_json().encode()

    with Store.open(tmp_path_factory.mktemp("store"), bytes(32)) as store, OddServer(says) as server:
        join_demo(store)
        window = Window(store)
        good = window.take_in()
        bad = window.begin()
        store.acts.did(bad)
        other = window.take_in()
        poison = bad[1].id
        line = Line(server.url, store.station)
        result = one_round(store, line, now)
        assert result.acknowledged == 6 and standings(store, good) == standings(store, other) == {Standing.ACKNOWLEDGED}
        assert [deed.standing for deed in store.acts.of_case(bad[0].case_id)][1:] == [Standing.HELD, Standing.WAITING]
        asked = len(server.asked)
        assert one_round(store, line, now).sent == 0 and len(server.asked) == asked + 1
        line.close()


def test_a_server_that_is_ill_altogether_holds_nobody(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.fakes.window import join_demo

    def says(method: str, path: str, body: bytes) -> Said:
        if path.endswith("/session"):
            return 200, {}, SessionAnswer(token="t", expires_at=now()).model_dump_json().encode()
        return 500, {}, b"{}"

    with Store.open(tmp_path_factory.mktemp("store"), bytes(32)) as store, OddServer(says) as server:
        join_demo(store)
        case_id = Window(store).take_in()
        line = Line(server.url, store.station)
        with pytest.raises(Problem, match="server.failed"):
            one_round(store, line, now)
        assert standings(store, case_id) == {Standing.WAITING}
        line.close()


def test_f04_every_reply_lost_once_makes_nothing_twice(station: Station, cutting: Cutting) -> None:
    store = station.store
    faults = iter([Fault(down=0), WHOLE] * 200)
    proxy = cutting(lambda: next(faults))
    cases = []
    for _ in range(5):
        cases.append(Window(store, seed=len(cases)).take_in())
        line = Line(proxy.url, store.station)
        settle(store, line)
        line.close()
    assert proxy.cuts >= 5
    for case_id in cases:
        assert standings(store, case_id) == {Standing.MATCHED}
        everything_is_there(station, case_id)


def test_f03_twenty_pages_arrive_whole_over_a_line_that_is_cut_at_random(station: Station, cutting: Cutting) -> None:
    store, chance = station.store, random.Random(7)
    proxy = cutting(lambda: Fault(up=chance.randrange(2_000, 400_000)) if chance.random() < 0.8 else WHOLE)
    case_id = Window(store).take_in(pages=10, size=60_000)
    line = Line(proxy.url, store.station)
    settle(store, line)
    line.close()
    assert proxy.cuts > 0 and standings(store, case_id) == {Standing.MATCHED}
    everything_is_there(station, case_id)
    case = store.cases.shown(case_id)[0]
    assert case is not None and sum(len(material.pages) for material in case.materials) == 20


def test_f01_a_dead_line_leaves_nothing_sending(station: Station, free_port: int) -> None:
    store = station.store
    case_id = Window(store).take_in()
    line = Line(f"http://127.0.0.1:{free_port}", store.station)
    for _ in range(20):
        with pytest.raises(Problem, match="line.down"):
            one_round(store, line, now)
        assert standings(store, case_id) == {Standing.WAITING}
    line.close()
    store.exchange.begin_sending()
    assert standings(store, case_id) == {Standing.SENDING}
    store.close()
    with Store.open(station.folder, station.key) as again:
        assert standings(again, case_id) == {Standing.WAITING}


def test_rule_05_f05_a_cut_at_any_statement_of_hearing_changes_nothing(station: Station) -> None:
    """The answer is taken in whole or not at all, wherever the power goes."""
    store = station.store
    case_id = store.acts.did(Window(store).begin()[:1]).id
    cut_at, answer = 0, None
    while standings(store, case_id) == {Standing.WAITING}:
        cut_at += 1
        before = [(deed.action.id, deed.standing) for deed in store.acts.of_case(case_id)]
        sent = store.exchange.begin_sending()
        answer = answer or only_about(
            case_id, station.line.exchange(Ask(actions=[o.signed for o in sent], sent_at=now()))
        )
        store._database._writer.exec_trace = cut_after(cut_at)
        try:
            store.exchange.hear(sent, answer, cursor=0, asked_at=now(), took=timedelta())
        except InterruptedError:
            store._database._writer.exec_trace = None
            store.exchange.give_back(sent)
            assert [(deed.action.id, deed.standing) for deed in store.acts.of_case(case_id)] == before
            assert store.exchange.cursor() == 0 and store.offset.ms() is None
        finally:
            store._database._writer.exec_trace = None
    assert cut_at > 20
    with store._database.writing() as db:
        db.execute("delete from meta where name = 'cursor'")  # that server's numbering is not the real one's
    settle(store, station.line)
    assert standings(store, case_id) == {Standing.MATCHED}


def only_about(case_id: str, answer: Answer) -> Answer:
    """The answer of a server that knows only this case."""
    mine = [event for event in answer.events if event.case_id == case_id]
    events = tuple(event.model_copy(update={"n": place}) for place, event in enumerate(mine, start=1))
    return answer.model_copy(update={"events": events, "cursor": len(events), "more": False})


def cut_after(statements: int) -> Callable[[object, str, object], bool]:
    """Lets so many statements begin, and then no more."""
    count = 0

    def trace(cursor: object, sql: str, values: object) -> bool:
        nonlocal count
        count += 1
        if count == statements:
            raise InterruptedError
        return True

    return trace


def test_rule_09_f10_two_windows_act_on_one_case_while_apart_and_both_versions_stay(new_station: NewStation) -> None:
    one, two = new_station(), new_station()
    case_id = Window(one.store).take_in()
    settle(one.store, one.line)
    settle(two.store, two.line)  # the feed of the node brings it to the other window
    first, second = Window(one.store), Window(two.store, OTHER_CLERK)
    won = first.correct(case_id, phone="0574-00000001")
    lost = second.correct(case_id, phone="0574-00000002")
    settle(one.store, one.line)
    settle(two.store, two.line)
    case, pending, problem = two.store.cases.shown(case_id)
    assert case is not None and case.phone == "0574-00000001"  # the server's order won
    assert [act.id for act in pending] == [lost.id] and problem is not None and problem.code == "case.out_of_order"
    (row,) = two.store.outbox.by_case()
    assert row.case_id == case_id and row.standing is Standing.HELD and row.problem == problem
    (deed,) = two.store.acts.of_case(case_id)
    assert deed.action.body["phone"] == "0574-00000002" and deed.action.author.id == "lufangfang"
    assert won.id in [act.id for act in two.store.cases.actions(case_id)]
    # its author gives it up and does it again upon what is there now
    two.store.outbox.set_aside(case_id, GivenUp(reason="以先到为准", author=OTHER_CLERK, at=now()))
    second.correct(case_id, phone="0574-00000002")
    settle(two.store, two.line)
    settle(one.store, one.line)
    for station in (one, two):
        found = station.store.cases.shown(case_id)[0]
        assert found is not None and found.phone == "0574-00000002" and station.store.outbox.by_case() == ()
    assert [d.action.id for d in two.store.acts.of_case(case_id) if d.aside] == [lost.id]


def test_rule_04_f12_two_windows_of_one_node_never_draw_the_same_number(new_station: NewStation) -> None:
    drawn: list[str] = []
    for station in (new_station(), new_station()):
        for _ in range(3):
            drawn += [
                station.store.numbers.take("330281") for _ in range(sum(p.left for p in station.store.numbers.pools()))
            ]
            one_round(station.store, station.line, now)
        assert sum(pool.left for pool in station.store.numbers.pools()) > 0  # renewed when half used
    assert len(set(drawn)) == len(drawn) >= 1200


def test_a_server_set_back_to_a_backup_is_given_again_what_it_lost(station: Station, new_station: NewStation) -> None:
    """Seen from here, a server that lost a case answers as one that never had it: another node's server would."""
    store, line = station.store, station.line
    window = Window(store)
    case_id = window.take_in()
    sent = store.exchange.begin_sending()
    acts = store.cases.actions(case_id)
    told = Answer.model_validate({"server_time": now(), "told": {act.id: {"verdict": "done"} for act in acts}})
    store.exchange.hear(sent, told, cursor=0, asked_at=now(), took=timedelta())  # and then it forgot
    assert standings(store, case_id) == {Standing.ACKNOWLEDGED}
    window.correct(case_id)
    settle(store, line)
    assert standings(store, case_id) == {Standing.MATCHED} and len(store.acts.of_case(case_id)) == 4
    everything_is_there(station, case_id)


def test_an_officer_s_act_comes_back_and_the_ends_agree_again(station: Station) -> None:
    store, line = station.store, station.line
    case_id = Window(store).take_in()
    settle(store, line)
    assert store.cases.shown(case_id)[1] == ()  # all of it told back: the server's word alone is the case
    before = store.exchange.cursor()
    assert before >= 3 and one_round(store, line, now).news == 0 and store.exchange.cursor() == before


def test_a_gap_in_the_news_is_not_stepped_over(station: Station) -> None:
    store = station.store
    Window(store).take_in()
    settle(store, station.line)
    cursor = store.exchange.cursor()
    event = {"n": cursor + 2, "case_id": "x", "kind": "pages"}
    answer = Answer.model_validate({"server_time": now(), "events": [event], "cursor": cursor + 2})
    assert (
        store.exchange.hear((), answer, cursor=cursor, asked_at=now(), took=timedelta()).gap
        and store.exchange.cursor() == 0
    )
    settle(store, station.line)  # all of it again changes nothing
    assert store.exchange.cursor() == cursor and store.outbox.by_case() == ()


def test_rule_11_f29_the_servers_time_is_measured_and_a_clock_set_by_hand_is_not_believed(station: Station) -> None:
    store, line = station.store, station.line
    assert store.offset.ms() is None
    one_round(store, line, now)
    offset = store.offset.ms()
    assert offset is not None and abs(offset) < 5_000
    station.clock.ahead = timedelta(hours=3)
    assert store.offset.ms() is None
    one_round(store, line, station.clock)
    offset = store.offset.ms()
    assert offset is not None and abs(offset + 3 * 3_600_000) < 5_000


def test_rule_11_f29_a_clock_that_is_set_while_the_server_is_asked_is_not_believed(station: Station) -> None:
    """The answer tells how the clock stood that is gone; what is done by the new one must not be dated by it."""
    store, line = station.store, station.line

    def set_after_this() -> datetime:
        station.clock.ahead = timedelta(days=1)
        return now()

    one_round(store, line, set_after_this)
    assert store.offset.ms() is None
    one_round(store, line, station.clock)
    offset = store.offset.ms()
    assert offset is not None and abs(offset + 24 * 3_600_000) < 5_000


def test_a_page_that_is_damaged_keeps_only_itself_here(station: Station) -> None:
    store, line, window = station.store, station.line, Window(station.store)
    case_id = window.take_in(pages=2)
    other = window.take_in()
    case = store.cases.shown(case_id)[0]
    assert case is not None
    bad = next(page for material in case.materials for page in material.pages)
    with store._database.reading() as db:
        (name,) = db.execute("select file from blobs where digest = ?", (bad.digest,)).fetchone()  # type: ignore[misc]
    (station.folder / "pages" / str(name)).write_bytes(b"gone")
    settle(store, line)
    assert standings(store, other) == {Standing.MATCHED}
    (row,) = store.outbox.by_case()
    assert row.problem == Problem("store.page_damaged", Retry.NEVER) and row.bytes_left == bad.size
    assert set(line.case_view(case_id).case.materials) == set(case.materials)
    word = store.uploads.wanted()
    assert word == {case_id: (bad.digest,)}


def test_what_the_pack_says_anew_is_fetched_and_checked(station: Station) -> None:
    store = station.store
    text = spelled_head(store.packs.get().model_copy(update={"version": "older"}))
    with store._database.writing() as db:
        db.execute("update packs set version = 'older', text = ?", (text,))
    assert store.packs.get().version == "older"
    assert one_round(store, station.line, now).pack and store.packs.get().version != "older"
    assert not one_round(store, station.line, now).pack


def test_the_same_pages_are_not_sent_again_before_the_server_had_time_to_say_it_has_them(station: Station) -> None:
    store, line = station.store, station.line
    case_id = Window(store).take_in()
    one_round(store, line, now)
    sent = send_one_batch(store, line)
    assert sent is not None and sent.bytes > 0
    assert store.uploads.find(case_id) is None and store.uploads.wanted() == {}
    with store._database.writing() as db:  # the server would say that it still lacks them
        pages = [row[0] for row in db.execute("select digest from case_pages where case_id = ?", (case_id,))]
        db.execute("update server_cases set wanted = ?", (json.dumps(pages),))
    assert store.uploads.wanted() and store.uploads.wanted(due_only=True) == {} and send_one_batch(store, line) is None
    station.clock.ahead = timedelta(seconds=6)
    assert store.uploads.wanted(due_only=True) == store.uploads.wanted()
    assert [deed.action.kind for deed in store.acts.of_case(case_id)] == [Kind.OPEN, Kind.CONFIRM_PERSON, Kind.RECEIVE]


def test_f08_what_was_matched_and_differs_again_is_said_and_in_the_end_offered_anew(station: Station) -> None:
    store = station.store
    case_id = Window(store).take_in()
    settle(store, station.line)
    assert case_id in store.exchange.watched(thorough=True) and case_id not in store.exchange.watched()

    def hear(digest: str, more: bool = False) -> None:
        word = {case_id: {"digest": digest}}
        answer = Answer.model_validate({"server_time": now(), "words": word, "more": more})
        store.exchange.hear((), answer, cursor=store.exchange.cursor(), asked_at=now(), took=timedelta())

    hear("0" * 64, more=True)  # what differs may be in the news that is still to come
    assert standings(store, case_id) == {Standing.MATCHED}
    hear("0" * 64)
    assert standings(store, case_id) == {Standing.ACKNOWLEDGED} and store.outbox.counts() == (1, 0)
    hear("0" * 64)
    hear("0" * 64)
    assert standings(store, case_id) == {Standing.WAITING}
    settle(store, station.line)  # the server has it all the same
    assert standings(store, case_id) == {Standing.MATCHED}
    everything_is_there(station, case_id)


PUBLISH = """
import os, sys, json, django
os.environ["DJANGO_SETTINGS_MODULE"] = "server.settings"
django.setup()
from contract.matter import Matter
from server.catalogue import matters
matter = Matter.model_validate_json(sys.stdin.read())
matters.publish(matter.model_copy(update={"version": matter.version + 1}))
"""


def test_s09_f13_a_draft_begun_before_a_new_version_stays_with_its_own(server: ServerProcess, station: Station) -> None:
    store, window = station.store, Window(station.store)
    old = store.shelf.find_matter(MATTER)
    assert old is not None
    draft = window.begin()  # offline, under the old version
    subprocess.run(
        [sys.executable, "-c", PUBLISH], input=old.model_dump_json().encode(), env=server.environment(), cwd=ROOT,
        check=True, capture_output=True,
    )  # fmt: skip
    assert one_round(store, station.line, now).pack
    new = store.shelf.find_matter(MATTER)
    assert new is not None and new.version == old.version + 1 and store.shelf.find_matter(MATTER, old.version) == old
    store.acts.did(draft)
    fresh = window.take_in()
    settle(store, station.line)
    assert store.outbox.by_case() == ()
    versions = {case_id: station.line.case_view(case_id).case.matter_version for case_id in (draft[0].case_id, fresh)}
    assert versions == {draft[0].case_id: old.version, fresh: new.version}
