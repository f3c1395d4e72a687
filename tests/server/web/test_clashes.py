"""A second case of the same matter for the same person, as whoever decides sees it."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from server.cases.models import CaseRecord
from server.catalogue.matters import publish
from tests.server.desk import Desk, food


def test_rule_09_the_officer_is_warned_and_may_decide(desk: Desk, signed_in: Callable[..., Client]) -> None:
    first, second = desk.take_in(), desk.take_in()
    officer = signed_in("haishu")
    assert "未办结的办件" not in officer.get(f"/cases/{second.id}").content.decode()
    publish(food(version=2, clashes=True))
    CaseRecord.objects.update(matter_version=2)
    page = officer.get(f"/cases/{second.id}").content.decode()
    assert "未办结的办件" in page and first.number in page and f'action="/cases/{second.id}/accept"' in page
