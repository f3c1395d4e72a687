"""S31: a rating is of one case and one visit, counts once, and a bad one is followed up by a day."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from contract.exchange import Told
from contract.rating import CALL_BACK_DAYS, Level, SignedRating
from contract.wire import canonical
from server.catalogue.calendar import get_calendar
from server.org.models import User
from server.supervise import ratings
from server.supervise.models import CallBack, RatingRecord
from tests.server.desk import HAISHU_STREET, STREET, Desk
from tests.server.rater import hand_in, rating_of


def code(told: Told) -> str:
    assert told.verdict == "refused" and told.problem is not None
    return str(told.problem["code"])


def test_s31_one_visit_is_rated_once_and_repeats_change_nothing(desk: Desk) -> None:
    case = desk.take_in()
    first = rating_of(desk, case)
    assert [hand_in(desk, first).verdict for _ in range(3)] == ["done", "already", "already"]
    assert code(hand_in(desk, rating_of(desk, case, Level.VERY_SATISFIED))) == "rating.given_already"
    assert code(hand_in(desk, first.model_copy(update={"level": Level.FAIR}))) == "rating.given_already"
    row = RatingRecord.objects.get()
    assert (row.level, row.visit, row.node) == ("satisfied", case.last_action, desk.node)
    assert not CallBack.objects.exists()
    earlier = rating_of(desk, case, visit=desk.ask(cursor=0).events[0].action.id)  # another visit of the same case
    assert hand_in(desk, earlier).verdict == "done"


def test_s31_a_bad_rating_opens_a_call_back_with_a_day(desk: Desk) -> None:
    for level in Level:
        case = desk.take_in()
        given = rating_of(desk, case, level, reasons=["waiting"], made_at=datetime.now(UTC) - timedelta(days=9))
        assert hand_in(desk, given).verdict == "done"
        assert hand_in(desk, given).verdict == "already"
    due = get_calendar().add(timezone.localdate(), CALL_BACK_DAYS)
    found = CallBack.objects.order_by("pk")
    assert [row.rating.level for row in found] == ["dissatisfied", "very_dissatisfied"]
    assert {row.due_on for row in found} == {due}  # from the day it came: the point had no line for nine


def test_a_rating_of_nothing_or_of_no_sense_is_refused(desk: Desk, open_desk: Callable[..., Desk]) -> None:
    case = desk.take_in()
    other = open_desk(HAISHU_STREET, clerk="haishu-clerk")
    assert code(hand_in(other, rating_of(other, case))) == "rating.no_visit"  # not taken in there
    assert code(hand_in(other, rating_of(desk, case))) == "rating.signature_wrong"  # one that they saw go by
    assert code(hand_in(desk, rating_of(desk, case, visit="none"))) == "rating.no_visit"
    assert code(hand_in(desk, rating_of(desk, case), signature="AAAA")) == "rating.signature_wrong"
    assert code(hand_in(desk, rating_of(desk, case), algorithm="sm2")) == "rating.signature_wrong"
    for text in ("{}", canonical(rating_of(desk, case)).replace("satisfied", "delighted"), "x"):
        signed = SignedRating(rating=text, signature=desk.sign(text))
        _, _, body = desk.call("POST", "/api/v1/ratings", signed.model_dump_json().encode())
        assert json.loads(body)["problem"]["code"] == "rating.malformed"
    assert not RatingRecord.objects.exists()


def test_s31_neither_clerk_nor_officer_nor_station_reads_it(desk: Desk) -> None:
    case = desk.take_in()
    hand_in(desk, rating_of(desk, case, Level.VERY_DISSATISFIED))
    supervisor = User.objects.get(username="supervisor")
    assert supervisor.node == STREET and len(ratings.call_backs(supervisor, done=False)) == 1
    for who in ("clerk", "haishu-clerk", "haishu", "yuyao", "admin"):
        person = User.objects.get(username=who)
        assert not RatingRecord.objects.visible_to(person).exists() and ratings.tally(person).total == 0
        assert ratings.tally(person).share_good is None
    _, _, body = desk.call("GET", f"/api/v1/cases/{case.id}")
    assert b"dissatisfied" not in body
    assert "dissatisfied" not in desk.ask(watch=(case.id,)).model_dump_json()
    away = User.objects.create(id="p-away", username="away", name="甲乙", roles=["supervisor"], node=HAISHU_STREET)
    assert ratings.call_backs(away, done=False) == []  # another street's
