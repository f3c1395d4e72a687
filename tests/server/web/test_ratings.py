"""S31: the supervisor's page of ratings; nobody else has one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from contract.rating import Level
from server.org.models import User
from server.supervise.models import CallBack
from tests.server.desk import ID_NUMBER, Desk
from tests.server.rater import hand_in, rating_of

SignIn = Callable[..., Client]


@pytest.fixture
def bad(desk: Desk) -> CallBack:
    """A bad rating, among a good one."""
    hand_in(desk, rating_of(desk, desk.take_in(), Level.SATISFIED))
    hand_in(desk, rating_of(desk, desk.take_in(), Level.VERY_DISSATISFIED, reasons=["waiting", "attitude"]))
    return CallBack.objects.select_related("rating__case").get()


def test_s31_a_supervisor_sees_and_follows_up(signed_in: SignIn, bad: CallBack) -> None:
    client = signed_in("supervisor")
    assert client.get("/")["Location"] == "/ratings"
    text = client.get("/ratings").content.decode()
    assert "非常不满意" in text and "等候时间长、态度不好" in text and str(bad.rating.case.number) in text
    assert f"{bad.due_on:%Y-%m-%d}" in text and "每百次中 50 次" in text and "已过期" not in text
    assert "陈䶮" not in text and ID_NUMBER not in text  # who came stays out of it
    empty = client.post(f"/ratings/{bad.pk}/done", {"outcome": "  "})
    assert empty.status_code == 422 and "请写明回访和整改情况" in empty.content.decode()
    assert client.post(f"/ratings/{bad.pk}/done", {"outcome": "已电话致歉，增开一个窗口"}).status_code == 302
    again = client.post(f"/ratings/{bad.pk}/done", {"outcome": "另一种说法"})
    assert again.status_code == 409
    bad.refresh_from_db()
    assert bad.done_by == "p-supervisor" and bad.outcome == "已电话致歉，增开一个窗口"
    text = client.get("/ratings").content.decode()
    assert "没有要回访的差评" in text and "苏盈" in text


def test_s31_one_that_is_late_says_so(signed_in: SignIn, bad: CallBack) -> None:
    CallBack.objects.update(due_on=timezone.localdate() - timedelta(days=1))
    assert "已过期" in signed_in("supervisor").get("/ratings").content.decode()
    assert "overdue" in signed_in("supervisor", "en").get("/ratings").content.decode()


@pytest.mark.parametrize("who", ["clerk", "haishu-clerk", "haishu", "yuyao", "admin"])
def test_s31_nobody_else_has_the_page(signed_in: SignIn, bad: CallBack, who: str) -> None:
    client = signed_in(who)
    assert client.get("/ratings").status_code == 403
    assert client.post(f"/ratings/{bad.pk}/done", {"outcome": "删"}).status_code == 403
    bad.refresh_from_db()
    assert bad.done_at is None


def test_a_stranger_is_asked_to_sign_in_and_another_streets_is_not_there(signed_in: SignIn, bad: CallBack) -> None:
    assert Client().get("/ratings")["Location"].startswith("/accounts/login/")
    assert signed_in("supervisor").post("/ratings/9999/done", {"outcome": "x"}).status_code == 404


def test_who_is_officer_and_supervisor_goes_from_one_work_to_the_other(signed_in: SignIn, bad: CallBack) -> None:
    User.objects.filter(username="yuyao").update(roles=["officer", "supervisor"], node=bad.rating.node)
    both, officer = signed_in("yuyao"), signed_in("haishu")
    for page in ("/", "/ratings", "/stations"):
        text = both.get(page).content.decode()
        assert all(f'href="{there}"' in text for there in ("/", "/ratings", "/stations"))
        assert f'<a href="{page}" aria-current="page">' in text
    assert '好差评 <span class="count">1</span>' in both.get("/").content.decode()
    assert 'class="rooms"' not in officer.get("/").content.decode()
    assert 'href="/"' in signed_in("supervisor").get("/ratings").content.decode()  # by the brand, home again
