"""Finding cases, what waits for this node and why, what the day came to."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.cases import acts
from app.cases.lists import find, shown, today_here, todo
from app.cases.view import case_view
from app.desk import today
from app.flow import finish, pages
from app.store.rows import Standing
from contract.case import Kind, State, SupplementItem
from contract.problem import Problem
from tests.app.cases.test_acts import APPROVED, decided, taken
from tests.fakes.counter import ZHOU, Counter

FOOD = "XK-00131-001"
DISABLED = "QR-00311-002"
ITEM = SupplementItem(what="照片不清楚")


def waiting(counter: Counter) -> list[tuple[str, date | None]]:
    return [(item.why, item.due) for item in todo(counter.desk, ZHOU)]


def test_s11_found_by_number_qr_name_and_id_number(counter: Counter) -> None:
    desk = counter.desk
    case = taken(counter, FOOD, "private_use")
    counter.clock.forward(seconds=1)
    other = taken(counter, FOOD, "yuyao")
    view = case_view(desk, case.id)
    for text in (
        case.number,
        f" {case.number} ",
        view.progress_url,
        f"TB1:{case.number}:lease:1",
        "33020319720430999X",
        "33020319720430999x",
        case.id,
        "林\ue863波",
    ):
        (line,) = find(desk, text)
        assert line.case_id == case.id, text
    assert (line.number, line.state, line.standing) == (case.number, State.RECEIVED, Standing.WAITING)
    assert line.matter.startswith("食品经营许可") and line.node.endswith("凤山街道") and line.received_at
    assert [line.case_id for line in find(desk, "")] == [other.id, case.id]
    assert find(desk, "没有这个人") == () and find(desk, "%") == ()
    assert (
        "林" not in repr(line) and "林" not in repr(todo(desk, ZHOU)) and "林" not in repr(shown(desk, case.id, ZHOU))
    )


def test_a_case_that_nobody_knows(counter: Counter) -> None:
    with pytest.raises(Problem, match="case.unknown"):
        shown(counter.desk, "nothing", ZHOU)


def test_a_received_case_is_to_do_when_silence_is_about_to_accept_it(counter: Counter) -> None:
    case = taken(counter, FOOD, "yuyao")
    assert waiting(counter) == []
    due = counter.desk.catalogue().pack.calendar.add(today(counter.desk), 5)
    counter.clock.now += timedelta(days=(due - today(counter.desk)).days - 1)
    assert waiting(counter) == [("deemed_soon", due)]
    counter.clock.forward(days=3)
    assert waiting(counter) == [("deemed_soon", due)]
    acts.withdraw(counter.desk, case.id, ZHOU, "申请人不办了")
    assert waiting(counter) == []


def test_an_accepted_case_turns_yellow_then_red(counter: Counter) -> None:
    calendar = counter.desk.catalogue().pack.calendar
    case = taken(counter, DISABLED, "yuyao")  # ten working days
    case = decided(counter, case, (Kind.ACCEPT, {}))
    due = calendar.add(today(counter.desk), 10)
    assert waiting(counter) == []
    counter.clock.now += timedelta(days=(due - today(counter.desk)).days - 1)
    assert waiting(counter) == [("due_soon", due)]
    counter.clock.forward(days=4)
    assert waiting(counter) == [("overdue", due)]
    decided(counter, case, (Kind.REVIEW, {}), (Kind.SUSPEND, {"procedure": "鉴定", "days": 10}))
    assert waiting(counter) == []  # its time is not counted now


def test_what_was_asked_for_promised_and_decided_is_to_do(counter: Counter) -> None:
    desk = counter.desk
    asked = finish.ask_supplement(desk, counter.begin("yuyao", FOOD), ZHOU, (ITEM,)).case
    assert asked.asked is not None
    assert waiting(counter) == [("supplement", asked.asked.until)]
    draft = pages.promise(desk, counter.begin("haishu", DISABLED), "photo")
    for code in ("application_form", "old_certificate"):
        draft = pages.add_file(desk, draft, code, counter.page(), "image/jpeg")
    case = finish.take_in(desk, draft, ZHOU).case
    until = next(m.promised_until for m in case.materials if m.code == "photo")
    assert waiting(counter) == [("promise", until), ("supplement", asked.asked.until)]
    elderly = decided(counter, taken(counter), *APPROVED)
    assert waiting(counter)[-1] == ("hand_over", None)
    assert [item.case_id for item in todo(desk, ZHOU)][-1] == elderly.id
    acts.deliver(desk, elderly.id, ZHOU, "本人")
    assert [why for why, _ in waiting(counter)] == ["promise", "supplement"]


def test_todays_counts_are_todays(counter: Counter) -> None:
    desk = counter.desk
    numbers = today_here(desk).numbers_left
    taken(counter, FOOD, "yuyao")
    acts.void(desk, taken(counter, FOOD, "haishu").id, ZHOU, "重复")
    taken(counter)
    said = today_here(desk)
    assert said.counts == {
        Kind.OPEN: 3,
        Kind.CONFIRM_PERSON: 3,
        Kind.RECEIVE: 3,
        Kind.VOID: 1,
        Kind.ACCEPT: 1,
    }
    assert [count for _, count in said.by_matter] == [2, 1] and said.numbers_left == numbers - 3
    assert (said.pack_made_on, said.pack_age_days, said.matters) == (date(2026, 11, 20), 0, 20)
    assert said.provisional  # January's calendar is not out
    counter.clock.forward(days=2)
    assert today_here(desk).counts == {} and today_here(desk).pack_age_days == 2


def test_the_view_of_a_case_is_whole(counter: Counter) -> None:
    case = taken(counter, FOOD, "yuyao")
    view = case_view(counter.desk, case.id)
    assert view.department is not None and view.department.name == "宁波市海曙区市场监督管理局"
    assert view.progress_url.startswith("https://demo.invalid/p/" + case.number)
    assert [action.kind for action in view.actions] == [Kind.OPEN, Kind.CONFIRM_PERSON, Kind.RECEIVE]
