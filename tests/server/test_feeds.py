"""Feeds miss nothing: dense numbers given after commit, snapshots for whoever comes to a case later."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction

from contract.case import Kind
from server.cases.models import EventRecord, Unrelayed
from server.exchange.models import Feed, FeedRow
from server.exchange.relay import relay
from tests.server.desk import HAISHU_STREET, STREET, VILLAGE, Desk, client_line, load_hall


def rows(feed: str) -> list[tuple[int, str, int]]:
    return list(FeedRow.objects.filter(feed_id=feed).order_by("n").values_list("n", "case_id", "seq"))


def test_s04_a_case_is_heard_where_it_came_in_above_and_at_its_department_and_nowhere_else(desk: Desk) -> None:
    case = desk.take_in()
    feeds = set(FeedRow.objects.values_list("feed_id", flat=True))
    assert feeds == {f"node:{VILLAGE}", f"node:{STREET}", "department:330203-market"}
    for feed in feeds:
        assert rows(feed) == [(n, case.id, n) for n in (1, 2, 3)]


def test_the_department_begins_with_what_happened_before_it_was_competent(desk: Desk) -> None:
    actions = desk.begin()
    desk.ask(*actions[:2])
    assert not Feed.objects.filter(name="department:330203-market").exists()
    desk.ask(actions[2])
    assert rows("department:330203-market") == [(n, actions[0].case_id, n) for n in (1, 2, 3)]


def test_the_relay_done_twice_changes_nothing_and_done_late_misses_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("server.exchange.round.relay", lambda: 0)  # the process died between commit and relay
        case = desk.take_in()
    assert Unrelayed.objects.count() == 3 and not FeedRow.objects.exists()
    assert relay() == 9
    assert relay() == 0
    assert rows(f"node:{VILLAGE}") == [(n, case.id, n) for n in (1, 2, 3)]


def test_a_second_desk_of_the_node_hears_everything_from_the_start(desk: Desk, open_desk: Callable[..., Desk]) -> None:
    desk.take_in()
    later = open_desk(window="2 号窗口")
    kinds = [event.action.kind for event in later.ask().events if event.action]
    assert kinds == [Kind.OPEN, Kind.CONFIRM_PERSON, Kind.RECEIVE]
    street = open_desk(STREET, clerk="supervisor")
    assert len(street.ask().events) == 3
    assert open_desk(HAISHU_STREET, clerk="haishu-clerk").ask().events == ()


@pytest.mark.django_db(transaction=True)
def test_desks_at_work_at_once_leave_dense_feeds(transactional_db: None) -> None:
    """Writers in threads on a real database: nothing lost, nothing numbered twice, no number left out."""
    load_hall()
    from server.exchange.stations import make_code

    desks = [Desk(client_line(), make_code(VILLAGE, f"{n} 号窗口")) for n in range(4)]
    faults: list[BaseException] = []

    def work(desk: Desk) -> None:
        try:
            for _ in range(3):
                desk.take_in()
        except BaseException as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(desk,)) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not faults, faults
    assert EventRecord.objects.count() == 36
    for feed in (f"node:{VILLAGE}", "department:330203-market"):
        numbers = [n for n, _, _ in rows(feed)]
        assert numbers == list(range(1, 37))
    assert not Unrelayed.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_round_twice_at_once_is_kept_once_and_refused_never(transactional_db: None) -> None:
    load_hall()
    from server.exchange.stations import make_code

    desk = Desk(client_line(), make_code(VILLAGE, "1 号窗口"))
    actions = [action for _ in range(3) for action in desk.begin()]
    verdicts: list[str] = []
    start = threading.Barrier(3)

    def send() -> None:
        try:
            desk_line = Desk.__new__(Desk)
            desk_line.__dict__.update(desk.__dict__, line=client_line())
            start.wait(30)
            verdicts.extend(told.verdict.value for told in desk_line.ask(*actions, cursor=0).told.values())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(verdicts) == ["already"] * 18 + ["done"] * 9
    assert EventRecord.objects.count() == 9


@pytest.mark.django_db(transaction=True)
def test_the_gate_opens_again_after_any_end_of_a_transaction(transactional_db: None) -> None:
    if connection.vendor != "sqlite":
        return  # PostgreSQL has no gate
    wrapper = connections["default"]
    for end in ("commit", "rollback", "error"):
        try:
            with transaction.atomic():
                assert wrapper._held is not None  # type: ignore[attr-defined]
                if end == "rollback":
                    transaction.set_rollback(True)
                if end == "error":
                    raise LookupError
        except LookupError:
            pass
        assert wrapper._held is None  # type: ignore[attr-defined]
