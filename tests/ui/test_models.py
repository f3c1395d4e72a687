"""The other pages' models, without a window, on plain callables."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from app import devices_here
from app.cases.lists import CaseLine, CaseShown, Today, TodoItem
from app.cases.view import view_of
from app.desk import Desk
from app.devices_here import DeviceLine, DeviceVersions
from app.flow.draft import Step
from app.flow.handover import Handover, HeldOriginals, Unfinished, Unprinted
from app.flow.printing import Printed
from app.papers.paper import PaperKind
from app.people.sign_in import SignedIn
from app.store import Standing
from contract.case import Case, Kind, State
from contract.person import Parties, Person
from contract.problem import Problem, Retry
from tests.ui.conftest import CLERK, NODE
from ui import device_words
from ui.pages.cases.model import CaseDeeds, CasesModel
from ui.pages.cases.view import CasesState
from ui.pages.devices.model import DeviceDeeds, DevicesModel, DriverShown, PluggedShown
from ui.pages.sign_in.model import SignInDeeds, SignInModel
from ui.pages.today.model import TodayDeeds, TodayModel
from ui.tasks import Post

Until = Callable[[Callable[[], object]], None]
NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
PERSON = Person(name="陈䶮", number="330281199002289992", address="浙江省余姚市凤山街道")
CASE = Case(
    id="c1",
    state=State.APPROVED,
    number="330281-00004317-6",
    node=NODE,
    matter="QR-00111-003",
    parties=Parties(applicant=PERSON, handler=PERSON),
    opened_at=NOW,
    received_at=NOW,
)


def chinese() -> str:
    return "zh"


# --- signing in -------------------------------------------------------------------------------------------------------


def sign_in_deeds(**changes: Any) -> SignInDeeds:
    plain: dict[str, Any] = {
        "sign_in": lambda name, password, code: SignedIn(CLERK, False, None),
        "unlock": lambda clerk, password: SignedIn(clerk, False, None),
        "seen_here": lambda: (("zhoumin", CLERK),),
        "today": lambda: Today(numbers_left=183, receivable=19, pack_made_on=date(2026, 11, 21)),
    }
    return SignInDeeds(**{**plain, **changes})


def test_a_right_password_signs_in_and_is_not_kept(post: Post, until: Until) -> None:
    signed: list[SignedIn] = []
    model = SignInModel(sign_in_deeds(), post, chinese, "余姚")
    model.signed_in.connect(signed.append)
    model.sign_in("zhoumin", "secret")
    assert model.state.working
    until(lambda: signed)
    assert signed[0].clerk is CLERK and not model.state.working
    assert "secret" not in repr(vars(model)) and model.state.epoch == 1


def test_rule_20_the_first_screen_says_how_old_the_pack_is_and_what_can_be_done_without_a_line(
    post: Post, until: Until
) -> None:
    told = Today(numbers_left=183, receivable=19, pack_made_on=date(2026, 11, 21))
    for today, low in ((told, False), (replace(told, pack_age_days=4), True), (replace(told, numbers_left=0), True)):
        model = SignInModel(sign_in_deeds(today=lambda today=today: today), post, chinese)
        model.refresh()
        until(lambda model=model: model.state.supply_words)
        said = model.state.supply_words
        assert f"{0 if not today.numbers_left else 19} 个事项" in said and f"还剩 {today.numbers_left} 个" in said
        assert (
            f"2026-11-21，{'4 天前' if today.pack_age_days else '今天'}核对过" in said and model.state.supply_low is low
        )

    def absent() -> Today:
        raise Problem("pack.absent", Retry.AFTER_FIX)

    model = SignInModel(sign_in_deeds(today=absent), post, chinese)
    model.refresh()
    until(lambda: model.state.people)
    assert (model.state.supply_words, model.state.title) == ("", "")


def test_a_wrong_one_says_what_to_do(post: Post, until: Until) -> None:
    def wrong(name: str, password: str, code: str) -> Any:
        raise Problem("signin.wrong", Retry.AFTER_FIX)

    model = SignInModel(sign_in_deeds(sign_in=wrong), post, chinese, "余姚")
    model.sign_in("zhoumin", "secret")
    until(lambda: model.state.title)
    assert model.state.remedy and not model.state.working and model.state.epoch == 1


def test_offline_says_until_when(post: Post, until: Until) -> None:
    model = SignInModel(sign_in_deeds(sign_in=lambda *_: SignedIn(CLERK, True, NOW)), post, chinese, "余姚")
    model.show_line(False)
    assert "离线" in model.state.line_words
    model.sign_in("zhoumin", "secret")
    until(lambda: "11-20 14:00" in model.state.line_words)


def test_u12_who_locked_the_screen_opens_it_without_the_server_and_others_sign_in(post: Post, until: Until) -> None:
    asked: list[str] = []

    def sign_in(name: str, password: str, code: str) -> SignedIn:
        asked.append(name)
        return SignedIn(CLERK, False, None)

    model = SignInModel(sign_in_deeds(sign_in=sign_in), post, chinese, "余姚")
    model.refresh()
    until(lambda: model.state.people)
    for name, expected in (("ZhouMin ", []), ("hanlu", ["hanlu"])):
        model.lock(CLERK, scanning=True)
        assert model.state.who == "zhoumin" and "周敏" in model.state.locked_words and "扫" in model.state.locked_words
        model.sign_in(name, "secret")
        until(lambda: not model.state.working)
        assert asked == expected and not model.state.locked_words


def test_an_unlock_that_is_too_late_asks_the_server(post: Post, until: Until) -> None:
    def late(clerk: Any, password: str) -> Any:
        raise Problem("signin.offline_expired", Retry.AFTER_FIX)

    asked: list[str] = []

    def sign_in(name: str, password: str, code: str) -> SignedIn:
        asked.append(name)
        return SignedIn(CLERK, False, None)

    model = SignInModel(sign_in_deeds(unlock=late, sign_in=sign_in), post, chinese, "余姚")
    model.refresh()
    until(lambda: model.state.people)
    model.lock(CLERK, scanning=False)
    model.sign_in("zhoumin", "secret")
    until(lambda: asked == ["zhoumin"] and not model.state.working)


def test_a_second_factor_is_asked_for_beside_the_password(post: Post, until: Until) -> None:
    def sign_in(name: str, password: str, code: str) -> SignedIn:
        if not code:
            raise Problem("signin.code_needed", Retry.AFTER_FIX)
        if code != "123456":
            raise Problem("signin.code_wrong", Retry.AFTER_FIX)
        return SignedIn(CLERK, False, None)

    model = SignInModel(sign_in_deeds(sign_in=sign_in), post, chinese, "余姚")
    signed: list[SignedIn] = []
    model.signed_in.connect(signed.append)
    for code in ("", "000000"):
        model.sign_in("zhoumin", "secret", code)
        until(lambda: not model.state.working)
        assert model.state.code_needed and model.state.epoch == 0  # the password stays in its field
    model.sign_in("zhoumin", "secret", "123456")
    until(lambda: signed)
    assert not model.state.code_needed and model.state.epoch == 1


# --- cases ------------------------------------------------------------------------------------------------------------


def case_deeds(desk: Desk, **changes: Any) -> CaseDeeds:
    def shown(case_id: str, clerk: Any) -> CaseShown:
        return CaseShown(CASE, view_of(desk, CASE), 1, None, frozenset({Kind.DELIVER, Kind.CORRECT, Kind.VOID}))

    line = CaseLine("c1", CASE.number, "老年优待证", "陈䶮", CASE.state, CASE.flags, "", NOW, Standing.WAITING)
    plain: dict[str, Any] = {
        "listed": lambda text, clerk: (line,) if text != "李" else (),
        "shown": shown,
        "print_papers": lambda case_id, kinds, clerk, copy: tuple(Printed(kind, "done", "N") for kind in kinds),
    }
    for act in ("deliver", "void", "withdraw", "correctable", "correct", "accept", "ask_supplement", "decline"):
        plain[act] = lambda *_: CASE
    return CaseDeeds(**{**plain, **changes})


def cases(desk: Desk, post: Post, until: Until, **changes: Any) -> CasesModel:
    model = CasesModel(case_deeds(desk, **changes), post, chinese, ("没有", "等等"))
    model.sign_in(CLERK)
    until(lambda: model.state.rows)
    model.open("c1")
    until(lambda: model.state.case.case_id)
    return model


def test_a_list_and_a_case(desk: Desk, post: Post, until: Until) -> None:
    model = cases(desk, post, until)
    assert [cell.text for cell in model.state.rows[0].cells][:3] == [CASE.number, "老年优待证", "陈䶮"]
    case = model.state.case
    assert case.state == "准予" and "1 项未上报" in case.flags
    assert [act.key for act in case.acts] == ["print:receipt", "correct", "void", "deliver"]
    assert PERSON.number not in repr(case)
    model.search("李")
    until(lambda: not model.state.rows)
    assert model.state.empty[0]


def test_handing_over_asks_to_whom(desk: Desk, post: Post, until: Until) -> None:
    given: list[str] = []

    def deliver(case_id: str, clerk: Any, receiver: str) -> Case:
        given.append(receiver)
        return CASE.model_copy(update={"state": State.DELIVERED})

    model = cases(desk, post, until, deliver=deliver)
    model.act("deliver")
    assert model.state.case.asking == "deliver" and model.state.case.given == {"receiver": "陈䶮"}
    model.give({"receiver": " "})
    assert model.state.case.wrong and not given
    model.give({"receiver": "陈䶮"})
    until(lambda: model.state.banner[0])
    assert given == ["陈䶮"] and not model.state.case.asking and "已送达" in model.state.banner[0]


def test_a_refused_act_says_why_where_it_was_asked(desk: Desk, post: Post, until: Until) -> None:
    def void(*_: Any) -> Case:
        raise Problem("case.void_too_late", Retry.AFTER_FIX)

    model = cases(desk, post, until, void=void)
    model.act("void")
    model.give({"reason": "重复"})
    until(lambda: model.state.case.wrong)
    assert model.state.case.asking == "void" and not model.state.case.working
    model.drop()
    assert not model.state.case.asking


def test_an_open_question_survives_news(desk: Desk, post: Post, until: Until) -> None:
    heard: list[int] = []
    model = cases(desk, post, until)
    model.act("void")
    model.changed.connect(lambda _: heard.append(1))
    model.refresh()
    until(lambda: not model._tasks.is_busy("case"))
    assert model.state.case.asking == "void"


def test_a_copy_is_printed(desk: Desk, post: Post, until: Until) -> None:
    copies: list[bool] = []

    def printed(case_id: str, kinds: Any, clerk: Any, copy: bool) -> tuple[Printed, ...]:
        copies.append(copy)
        return tuple(Printed(kind, "done", "N") for kind in kinds)

    model = cases(desk, post, until, print_papers=printed)
    model.act("print:receipt")
    until(lambda: model.state.banner[0])
    assert copies == [True]


def test_to_do_says_what_and_until_when(desk: Desk, post: Post, until: Until) -> None:
    items = (TodoItem("c1", CASE.number, "老年优待证", "陈䶮", "overdue", date(2026, 11, 19)),)
    counted: list[int] = []
    model = CasesModel(case_deeds(desk, listed=lambda *_: items), post, chinese, ("没有", ""))
    model.counted.connect(counted.append)
    model.sign_in(CLERK)
    until(lambda: counted)
    cells = [cell.text for cell in model.state.rows[0].cells]
    assert cells[3:] == ["已超期", "2026-11-19"] and model.state.rows[0].cells[3].tone == "bad"
    drawn: list[CasesState] = []
    model.changed.connect(drawn.append)
    model.lock()
    assert drawn == [CasesState()]


# --- devices ----------------------------------------------------------------------------------------------------------


def device_deeds(**changes: Any) -> DeviceDeeds:
    unplugged = Problem("device.unplugged", Retry.AFTER_FIX)
    lines = (
        DeviceLine(
            "idcard", "idcard/samv_serial", "读卡器（串口）", "Reader", "silver", "ok", None, {"sam_number": "05"}
        ),
        DeviceLine("scanner", "scanner/sane", "扫描仪（SANE）", "Scanner", "silver", "fault", unplugged),
    )
    driver = DriverShown("scanner/sane", "扫描仪（SANE）", "silver", (), (), {})
    absent = replace(driver, id="scanner/twain", lacking=("只能在 Windows 上用",))
    plain: dict[str, Any] = {
        "states": lambda: lines,
        "versions": lambda role: DeviceVersions("0.1.0", {"libsane": "1.1.1"}, {"firmware": "2.4"}),
        "plugged": lambda stop, language: (),
        "drivers": lambda role, language: (driver, absent) if role == "scanner" else (),
        "chosen": lambda role: ("scanner/sane", {}) if role == "scanner" else ("", {}),
        "choose": lambda role, driver, options: None,
        "try_out": lambda role: "扫到了 1 面",
        "diagnose": lambda: "/somewhere/tongban-s1.json",
    }
    return DeviceDeeds(**{**plain, **changes})


def test_every_role_has_its_words() -> None:
    assert list(device_words.ROLES) == list(devices_here.ROLES)


def test_each_device_says_its_state_and_what_to_do(post: Post, until: Until) -> None:
    lights: list[Any] = []
    model = DevicesModel(device_deeds(), post, chinese)
    model.lights.connect(lights.append)
    model.refresh()
    until(lambda: lights and model.state.lines)
    assert [line.pill for line in model.state.lines] == ["正常", "有问题"]
    model.open("scanner")
    until(lambda: model.state.driver == "scanner/sane")
    assert model.state.trouble[1] and model.state.in_use and model.state.may_choose
    model.look_at_driver("scanner/twain")
    assert not model.state.may_choose and not model.state.in_use
    model.try_out()
    until(lambda: model.state.tried[0] == "扫到了 1 面")
    model.tried_read()
    assert not model.state.tried[0]


def test_versions_and_when_it_was_seen_last_are_told(post: Post, until: Until) -> None:
    model = DevicesModel(device_deeds(), post, chinese)
    model.refresh()
    model.open("scanner")
    until(lambda: model.state.lines and len(model.state.rows) > 3)
    assert dict(model.state.rows) == {
        "驱动": "scanner/sane",
        "级别": "银：拔插能恢复",
        "上次正常": "这次启动后还没有",
        "驱动版本": "随通办 0.1.0",
        "依赖": "libsane 1.1.1",
        "固件": "2.4",
    }


def test_a_thing_that_is_plugged_in_leads_to_its_driver_with_its_port_filled_in(
    post: Post, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = PluggedShown("1-2", "Scanner", "USB 1:2", "scanner", "scanner/sane", "扫描仪（SANE）", {"device": "x"})
    mouse = PluggedShown("1-3", "Mouse", "USB 3:4")
    looks: list[int] = []

    def plugged(stop: Any, language: str) -> Any:
        yield (mouse,)
        yield (mouse, fits)

    def states() -> Any:
        looks.append(1)
        return ()

    monkeypatch.setattr("ui.pages.devices.model.SETTLES", 50)
    model = DevicesModel(device_deeds(plugged=plugged, states=states), post, chinese)
    model.start()
    until(lambda: len(model.state.plugged) == 2 and len(looks) >= 2)  # the lights are looked at again each time
    assert [line.pill for line in model.state.plugged] == ["", "可用"]
    model.open_plugged("1-3")
    assert model.state.role == "idcard"
    model.open_plugged("1-2")
    until(lambda: model.state.driver == "scanner/sane")
    assert model.state.role == "scanner" and model.state.values["device"] == "x"
    seen = len(looks)
    until(lambda: len(looks) > seen)  # once more when services have heard of it too
    model.stop()


def test_the_diagnostic_file_is_written_and_named(post: Post, until: Until) -> None:
    model = DevicesModel(device_deeds(), post, chinese)
    model.diagnose()
    until(lambda: model.state.tried[0])
    assert "/somewhere/tongban-s1.json" in model.state.tried[1]


def test_what_is_chosen_and_not_there_is_not_called_unchosen(post: Post, until: Until) -> None:
    lines = (DeviceLine("idcard", "idcard/samv_usb", "读卡器", "Reader", "silver", "absent"),)
    lines += (DeviceLine("scanner", "", "", "", "", "absent"),)
    model = DevicesModel(device_deeds(states=lambda: lines), post, chinese)
    model.refresh()
    until(lambda: model.state.lines)
    assert [(line.pill, line.tone) for line in model.state.lines] == [("没接上", "warn"), ("没有选", "")]


def test_a_driver_is_chosen(post: Post, until: Until) -> None:
    chosen: list[Any] = []
    model = DevicesModel(device_deeds(choose=lambda *told: chosen.append(told)), post, chinese)
    model.open("scanner")
    until(lambda: model.state.driver)
    model.choose("scanner/sane", {"device": "test"})
    until(lambda: chosen and model.state.tried[0])
    assert chosen == [("scanner", "scanner/sane", {"device": "test"})]


# --- today ------------------------------------------------------------------------------------------------------------


def today_deeds(told: Today | None = None, **changes: Any) -> TodayDeeds:
    plain: dict[str, Any] = {
        "today_here": lambda: told or Today(),
        "handover": lambda clerk: Handover(),
        "print_papers": lambda case_id, kinds, clerk, copy: tuple(Printed(kind, "done", "N") for kind in kinds),
        "today": lambda: date(2026, 11, 20),
    }
    return TodayDeeds(**{**plain, **changes})


def test_u12_what_is_handed_over_can_be_taken_up_printed_and_looked_at(post: Post, until: Until) -> None:
    printed: list[Any] = []

    def print_papers(case_id: str, kinds: Any, clerk: Any, copy: bool) -> Any:
        printed.append((case_id, kinds, copy))
        return tuple(Printed(kind, "done", "N") for kind in kinds)

    left = Handover(
        (
            Unfinished("d1", "周敏", True, "老年优待证", "陈䶮", Step.FORM, True, NOW),
            Unfinished("d2", "韩露", False, "", "", Step.IDENTITY, False, NOW),
        ),
        (
            HeldOriginals("d2", "", "", "沈阿凤", ("户口簿",), NOW),
            HeldOriginals("", "c1", "N1", "陈䶮", ("户口簿",), NOW),
        ),
        (Unprinted("c1", "N1", "陈䶮", PaperKind.RECEIPT, True, NOW),),
    )
    model = TodayModel(today_deeds(handover=lambda clerk: left, print_papers=print_papers), post, chinese)
    drafts: list[Any] = []
    cases: list[str] = []
    model.draft_wanted.connect(lambda *said: drafts.append(said))
    model.case_wanted.connect(cases.append)
    model.sign_in(CLERK)
    until(lambda: model.state.left)
    assert model.state.left_words == "未办完 2 · 原件 2 · 未打印 1"
    assert len({line.key for line in model.state.left}) == len(model.state.left) == 5
    for line in model.state.left:
        model.choose(line.key)
    until(lambda: printed and model.state.banner[0])
    assert drafts == [("d1", True), ("d2", False), ("d2", False)] and cases == ["c1"]
    assert printed == [("c1", (PaperKind.RECEIPT,), False)]  # no copy: the first one never came out


def test_the_day_in_numbers(post: Post, until: Until) -> None:
    told = Today({Kind.RECEIVE: 23}, (("老年优待证", 5),), 12, date(2026, 11, 10), 10, 19, True)
    model = TodayModel(today_deeds(told), post, chinese)
    model.sign_in(CLERK)
    until(lambda: not model.state.loading)
    assert dict(model.state.counts)["收件"] == 23 and dict(model.state.counts)["送达"] == 0
    tones = [row[2] for row in model.state.supply if len(row) > 2]
    assert tones.count("warn") == 3  # few numbers, an old pack, a year without its notice


def test_today_is_heard_also_while_changes_come_faster_than_answers(post: Post, until: Until) -> None:
    begun, let = threading.Semaphore(0), threading.Semaphore(0)

    def slow() -> Today:
        begun.release()
        let.acquire(timeout=20)
        return Today(numbers_left=5)

    model = TodayModel(today_deeds(today_here=slow), post, chinese)
    model.sign_in(CLERK)
    assert begun.acquire(timeout=20)
    model.refresh()  # something changed, and changes again …
    model.refresh()
    let.release()
    until(lambda: not model.state.loading)
    assert begun.acquire(timeout=20)  # … and is asked once more
    let.release()
    until(lambda: not model._tasks.is_busy("today"))
    assert not begun.acquire(blocking=False)
