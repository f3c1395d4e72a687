"""The public progress page: the status and nothing about anybody, for whoever has the key."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from contract.case import Accepted, Decided, Declined, Ground, Reviewed, SupplementAsked, SupplementItem, Withdrawn
from contract.ids import case_number, progress_key
from server.cases import services
from server.cases.models import CaseRecord
from server.org.models import User
from server.web import progress
from tests.server.desk import Desk


@pytest.fixture
def case_id(desk: Desk) -> str:
    found = desk.take_in().id
    desk.send_pages(found)
    return found


@pytest.fixture
def officer(hall: None) -> User:
    return User.objects.get(username="haishu")


def path_of(case_id: str) -> str:
    return f"/p/{CaseRecord.objects.get(id=case_id).number}/{progress_key(case_id)}"


def text_of(case_id: str, language: str = "zh-CN") -> str:
    answer = Client(headers={"accept-language": language}).get(path_of(case_id))
    assert answer.status_code == 200
    assert answer["X-Robots-Tag"] == "noindex" and "no-store" in answer["Cache-Control"]
    return str(answer.content.decode())


def test_it_says_where_a_case_stands_and_what_to_do(case_id: str, officer: User) -> None:
    text = text_of(case_id)
    assert "已收件，等待受理" in text and "现在不需要您做什么" in text
    asked = SupplementAsked(items=(SupplementItem(what="缺签名"),), until=date(2026, 12, 31))
    services.ask_supplement(case_id, officer, asked)
    text = text_of(case_id)
    assert "需要补正材料" in text and "请在 2026-12-31 前" in text and "永丰村" in text and "缺签名" not in text


def test_it_follows_the_case_to_its_end(case_id: str, officer: User) -> None:
    services.accept(case_id, officer, Accepted())
    assert "承诺在" in text_of(case_id)
    services.review(case_id, officer, Reviewed())
    assert "正在办理" in text_of(case_id)
    services.approve(case_id, officer, Decided(opinion="符合条件"))
    text = text_of(case_id)
    assert "已办结：准予" in text and "可以领取了" in text and "永丰村" in text and "符合条件" not in text
    assert "Decided: approved" in text_of(case_id, "en")


def test_a_case_that_ends_early_has_no_line_of_steps(case_id: str, officer: User, desk: Desk) -> None:
    services.decline(case_id, officer, Declined(ground=Ground.NOT_MET, reason="面积不足"))
    text = text_of(case_id)
    assert "不予受理" in text and 'class="steps"' not in text and "面积不足" not in text
    other = desk.take_in().id
    services.withdraw(other, officer, Withdrawn(reason="不办了"))
    assert "已撤回" in text_of(other) and "不办了" not in text_of(other)


def test_it_tells_nothing_about_anybody(case_id: str) -> None:
    text = text_of(case_id)
    for secret in ("陈䶮", "11010519491231002", "丰山小吃", "食品经营许可", "县前街", "江枫", "何晓", case_id):
        assert secret not in text


def test_a_wrong_key_looks_like_no_case(case_id: str) -> None:
    number = CaseRecord.objects.get(id=case_id).number
    client = Client()
    answers = [
        client.get(f"/p/{number}/{'A' * 16}"),
        client.get(f"/p/{number}/键"),
        client.get(f"/p/{case_number('330281', 999)}/{progress_key(case_id)}"),
        client.get(f"/p/nothing/{progress_key(case_id)}"),
    ]
    assert {answer.status_code for answer in answers} == {404}


def test_guessing_is_slowed_down_and_the_right_key_still_opens(case_id: str) -> None:
    client = Client()
    statuses = [client.get(f"/p/330281-00000001-8/{n:016d}").status_code for n in range(progress.MISSES + 1)]
    assert statuses == [404] * progress.MISSES + [429]
    assert client.get(path_of(case_id)).status_code == 200
    statuses = [client.get(path_of(case_id)).status_code for _ in range(progress.LOOKS)]
    assert statuses[-1] == 429 and statuses[0] == 200
