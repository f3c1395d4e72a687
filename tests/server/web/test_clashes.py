"""A second case of the same matter for the same person, as whoever decides sees it."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from server.cases.models import ClashRecord
from server.catalogue.matters import publish
from tests.server.desk import HAISHU_STREET, Desk, food

AT_YUYAO = "浙江省宁波市余姚市凤山街道永丰村1号"
Browser = Callable[..., Client]


def text_of(browser: Client, path: str) -> str:
    return browser.get(path).content.decode()


def test_rule_09_the_officer_is_warned_decides_and_says_why(desk: Desk, signed_in: Browser) -> None:
    publish(food(version=2, clashes=True))
    first, second = desk.take_in(version=2), desk.take_in(version=2)
    officer = signed_in("haishu")
    assert text_of(officer, "/").count("疑似重复") == 2
    page = text_of(officer, f"/cases/{second.id}")
    assert "还有另一件" in page and first.number in page and f'action="/cases/{second.id}/accept"' in page
    clash = ClashRecord.objects.get().pk
    empty = officer.post(f"/cases/{second.id}/clashes/{clash}", {"say": "keep_both", "reason": " "})
    assert empty.status_code == 422 and "还没有写理由" in empty.content.decode()
    assert officer.post(f"/cases/{second.id}/clashes/{clash}", {"say": "x", "reason": "y"}).status_code == 404
    said = officer.post(f"/cases/{second.id}/clashes/{clash}", {"say": "keep_both", "reason": "两处店面"}, follow=True)
    assert "两处店面" in said.content.decode() and "已核对：两件都办。" in said.content.decode()
    assert "两处店面" in text_of(officer, f"/cases/{first.id}") and "疑似重复" not in text_of(officer, "/")
    again = officer.post(f"/cases/{first.id}/clashes/{clash}", {"say": "duplicate", "reason": "又想了想"})
    assert again.status_code == 409 and "已经有人核对过" in again.content.decode()


def test_rule_09_another_departments_case_is_not_shown_but_where_to_ask_is(
    desk: Desk, open_desk: Callable[..., Desk], signed_in: Browser
) -> None:
    publish(food(version=2, clashes=True))
    first = desk.take_in(version=2, address=AT_YUYAO)
    second = open_desk(HAISHU_STREET, clerk="haishu-clerk").take_in(version=2)
    page = text_of(signed_in("yuyao"), f"/cases/{first.id}")
    assert "在别处还有一件" in page and "海曙区市场监督管理局" in page and second.number not in page
    clash = ClashRecord.objects.get().pk
    said = signed_in("yuyao").post(
        f"/cases/{first.id}/clashes/{clash}", {"say": "duplicate", "reason": "海曙已先收"}, follow=True
    )
    assert "已认定本件重复" in said.content.decode()
    there = text_of(signed_in("haishu", "en"), f"/cases/{second.id}")
    assert "The other case was called the duplicate" in there and first.number not in there
    assert signed_in("haishu").post(f"/cases/{first.id}/clashes/{clash}", {"say": "keep_both"}).status_code == 404
