"""F30: the supervisor's page of stations; nobody else has one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from app.devices_here import ROLES
from contract.report import Condition
from server.org.models import Station
from server.web import stations, wording
from tests.server.desk import Desk
from tests.server.reporter import hand_in, report_of

SignIn = Callable[..., Client]


def test_f30_a_supervisor_sees_programs_devices_and_alarms(signed_in: SignIn, desk: Desk, settings: object) -> None:
    settings.TONGBAN_OLDEST_PROGRAM = "0.2"  # type: ignore[attr-defined]
    hand_in(desk, report_of(condition=Condition.FAULT, problem="device.silent", versions={"firmware": "2.1"}))
    client = signed_in("supervisor")
    text = client.get("/stations").content.decode()
    assert "1 号窗口" in text and "永丰村" in text and "0.1.0" in text and "程序最低版本 0.2" in text
    assert "读卡器 有问题" in text and "idcard/samv_usb · 银级 · firmware 2.1" in text and "起不能用" in text
    assert "程序版本过低" in text and "1 个要处理" in text
    assert '<a href="/ratings">好差评</a>' in text and '<span class="count">1</span>' in text
    assert 'href="/stations">窗口设备 <span class="count">1</span>' in client.get("/ratings").content.decode()
    english = signed_in("supervisor", "en").get("/stations").content.decode()
    assert "Card reader out of order" in english and "program out of date" in english


def test_a_station_that_never_said_anything_is_there_too(signed_in: SignIn, desk: Desk) -> None:
    Station.objects.update(seen_at=None, enrolled_at=timezone.now() - timedelta(days=2))
    text = signed_in("supervisor").get("/stations").content.decode()
    assert "还没有报告" in text and "一天以上没有联系" in text


def test_a_city_of_stations_comes_in_pages_with_the_alarms_first(
    signed_in: SignIn, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stations, "STRETCH", 2)
    for number in range(2, 6):
        Station.objects.create(node=desk.node, name=f"{number} 号窗口", algorithm="ed25519", seen_at=timezone.now())
    Station.objects.filter(name="5 号窗口").update(seen_at=timezone.now() - timedelta(days=2))
    client = signed_in("supervisor")
    pages = [client.get("/stations", {"page": page}).content.decode() for page in (1, 2, 3)]
    shown = [[number for number in range(1, 6) if f"{number} 号窗口" in text] for text in pages]
    assert shown == [[1, 5], [2, 3], [4]] and pages[0].index("5 号窗口") < pages[0].index("1 号窗口")
    assert "共 5 个窗口" in pages[0] and "下一页" in pages[0] and "上一页" in pages[2]
    assert client.get("/stations?page=nonsense").content.decode().count("号窗口") > 0


@pytest.mark.parametrize("who", ["clerk", "haishu-clerk", "haishu", "yuyao", "admin"])
def test_f30_nobody_else_has_the_page(signed_in: SignIn, desk: Desk, who: str) -> None:
    assert signed_in(who).get("/stations").status_code == 403
    assert Client().get("/stations")["Location"].startswith("/accounts/login/")


def test_the_places_of_a_desk_have_the_same_names_at_both_ends() -> None:
    assert set(wording.PLACES) == set(ROLES)
