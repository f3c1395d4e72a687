"""F30: a program that was not kept up, a dead device, a silent station: seen by the supervisor, by no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from contract.report import Condition, DeviceReport, StationReport
from server.exchange.stations import revoke_station
from server.org.models import Station, User, touch
from server.supervise import stations
from server.supervise.models import ReportRecord
from server.supervise.stations import Alarm, StationStanding, is_older
from tests.server.desk import HAISHU_STREET, OTHER_VILLAGE, Desk
from tests.server.reporter import hand_in, report_of


def standings(username: str = "supervisor") -> list[StationStanding]:
    return [stations.standing(row) for row in stations.seen_by(User.objects.get(username=username))]


def standing() -> StationStanding:
    (found,) = standings()
    return found


def heard(desk: Desk, at: datetime) -> None:
    """As if the station had last been heard then."""
    Station.objects.filter(id=desk.id).update(seen_at=at, enrolled_at=at)
    touch()


def test_f30_the_newest_report_counts_and_says_when_it_was_heard(desk: Desk) -> None:
    hand_in(desk, report_of(program="0.0.9"))
    hand_in(desk, report_of(versions={"firmware": "2.1"}))
    found = standing()
    assert ReportRecord.objects.count() == 1 and timezone.now() - ReportRecord.objects.get().heard_at < timedelta(1)
    assert (found.name, found.program, found.alarms) == ("1 号窗口", "0.1.0", ())
    assert found.devices[0].reported.versions == {"firmware": "2.1"} and found.devices[0].since is None


def test_f30_every_alarm_comes_and_goes(desk: Desk, settings: Any) -> None:
    assert standing().alarms == () and standing().program == ""  # an older station says nothing of itself
    settings.TONGBAN_OLDEST_PROGRAM = "0.2"
    assert standing().alarms == ()
    hand_in(desk, report_of())
    assert standing().alarms == (Alarm.PROGRAM_OLD,)
    hand_in(desk, report_of(program="0.2.0"))
    assert standing().alarms == ()
    heard(desk, timezone.now() - timedelta(days=1, minutes=1))
    assert standing().alarms == (Alarm.UNHEARD,)
    desk.ask()
    assert standing().alarms == ()
    Station.objects.update(seen_at=None, enrolled_at=timezone.now() - timedelta(days=2))  # joined, never came back
    assert standing().alarms == (Alarm.UNHEARD,)


@pytest.mark.parametrize("condition", [Condition.ABSENT, Condition.FAULT])
def test_f30_a_device_that_stays_out_of_order_is_an_alarm(desk: Desk, settings: Any, condition: Condition) -> None:
    settings.TONGBAN_DEVICE_HOURS = 4
    hand_in(desk, report_of(condition=condition))
    began = standing().devices[0].since
    assert began is not None and standing().alarms == ()
    hand_in(desk, report_of(condition=Condition.FAULT, problem="device.silent"))  # still out of order
    assert standing().devices[0].since == began
    heard(desk, began + timedelta(hours=3, minutes=59))
    assert standing().alarms == ()
    heard(desk, began + timedelta(hours=4))
    assert standing().alarms == (Alarm.DEVICE,) and stations.alarms(User.objects.get(username="supervisor")) == 1
    hand_in(desk, report_of(condition=Condition.PAPER_LOW))
    assert standing().alarms == () and standing().devices[0].since is None


def test_f30_a_station_that_was_switched_off_over_night_says_nothing_of_its_devices(desk: Desk, settings: Any) -> None:
    settings.TONGBAN_DEVICE_HOURS = 4
    hand_in(desk, report_of(condition=Condition.ABSENT))
    evening = timezone.now() - timedelta(hours=15)
    ReportRecord.objects.update(out_since=evening)
    heard(desk, evening + timedelta(minutes=5))
    assert standing().alarms == ()


def test_f30_only_supervisors_see_stations_and_only_those_of_their_own_tree(
    desk: Desk, open_desk: Callable[..., Desk]
) -> None:
    silent = open_desk(OTHER_VILLAGE, window="3 号窗口")
    gone = open_desk(OTHER_VILLAGE, window="4 号窗口")
    far = open_desk(HAISHU_STREET, window="2 号窗口", clerk="haishu-clerk")
    hand_in(far, report_of())
    heard(silent, timezone.now() - timedelta(days=3))
    revoke_station(Station.objects.get(id=gone.id))
    supervisor = User.objects.get(username="supervisor")
    assert [found.id for found in standings()] == [silent.id, desk.id]  # alarms first
    assert stations.alarms(supervisor) == 1
    for who in ("clerk", "haishu-clerk", "haishu", "yuyao", "admin"):
        assert standings(who) == [] and stations.alarms(User.objects.get(username=who)) == 0
    supervisor.is_active = False
    assert not stations.seen_by(supervisor).exists()


def test_a_round_says_that_the_station_was_heard_and_not_every_round_is_written_down(desk: Desk) -> None:
    long_ago = timezone.now() - timedelta(hours=3)
    heard(desk, long_ago)
    desk.ask()
    first = Station.objects.get(id=desk.id).seen_at
    assert first is not None and first > long_ago
    desk.ask()
    assert Station.objects.get(id=desk.id).seen_at == first


def test_a_report_that_is_no_report_is_refused(desk: Desk) -> None:
    for body in (b"{}", b'{"program": "0.1.0", "holder": "x"}', b'{"program": "0\\u0000"}'):
        status, _, answer = desk.call("POST", "/api/v1/reports", body)
        assert status == 422 or b"wire.malformed" in answer, answer
    device = DeviceReport(role="idcard", driver="idcard/simulated", condition=Condition.OK)
    too_many = (
        StationReport(program="0", devices=(device,) * 40)
        .model_dump_json()
        .replace("]", f",{device.model_dump_json()}]")
    )
    assert desk.call("POST", "/api/v1/reports", too_many.encode())[0] >= 400
    assert not ReportRecord.objects.exists()


@pytest.mark.parametrize(
    ("program", "oldest", "older"),
    [
        ("0.1.0", "0.2", True),
        ("0.9.0", "0.10.0", True),
        ("0.10.0", "0.9.9", False),
        ("1.0", "1.0.0", False),
        ("1.0rc1", "1.0", False),
        ("0.1.0", "", False),
        ("unknown", "0.1", True),
    ],
)
def test_versions_are_compared_by_their_figures(program: str, oldest: str, older: bool) -> None:
    assert is_older(program, oldest) is older
