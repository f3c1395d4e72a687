"""The outbox: its model on plain callables, then the page by keys alone on a real store whose server is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QLineEdit

from app.cases.compare import Compared, Comparison, Part, Side
from app.cases.held import Blank, Mending
from app.desk import Desk
from app.people.sign_in import SignedIn, made
from app.store import GivenUp, Standing
from app.sync.courier import LineState
from app.sync.export import Exported, open_exported
from app.sync.outbox import OutboxLine, Retention
from contract.case import Author, Corrected, Kind
from contract.exchange import Told, Verdict
from contract.person import Clerk, Role
from contract.problem import Problem, Retry
from tests.fakes import window as fake
from tests.fakes.held import LOST, hear, lose, take_over
from tests.ui.conftest import CLERK
from ui.hands import Hands
from ui.main import build_counter
from ui.pages.outbox.model import OutboxDeeds, OutboxModel, Supply, ago, size
from ui.shells.counter import CounterWindow
from ui.tasks import Post

Until = Callable[[Callable[[], object]], None]
NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
ZHOU = Author(id="zhoumin", name="周敏", role=Role.CLERK, node=CLERK.node)
HAN = Author(id="hanlu", name="韩露", role=Role.CLERK, node=CLERK.node)
LU = Clerk(id="lufangfang", name="鲁芳芳", roles=(Role.SUPERVISOR,), node="330281")
SECRET, PASSPHRASE = "eight plums", "nine ripe pears"


def line(case_id: str, standing: Standing, problem: Problem | None, hours: int, **more: Any) -> OutboxLine:
    since = NOW - timedelta(hours=hours)
    return OutboxLine(
        case_id, "N" + case_id, "事项", "某人", (Kind.RECEIVE,), 5, since, standing, problem, 11_200_000, **more
    )


def comparison(case_id: str) -> Comparison:
    rows = (
        Compared(Part.PHONE, "", Side("13900000002"), Side("13900000001"), False),
        Compared(Part.STATE, "", Side("received"), Side("received"), True),
        Compared(Part.MATERIAL, "申请表", Side(pages=3, equal_pages=2), Side(pages=2, equal_pages=2), False),
    )
    return Comparison(case_id, "N" + case_id, "13900000002", rows, (), (), True, True, LOST, None)


def outbox(post: Post, **changes: Any) -> OutboxModel:
    plain: dict[str, Any] = {
        "outbox": lambda: (line("a", Standing.WAITING, None, 3), line("b", Standing.HELD, LOST, 1)),
        "find": lambda text: (),
        "line": lambda: LineState(online=False, since=NOW, last_heard=NOW, waiting=1, held=1),
        "supply": lambda: Supply(183, date(2026, 11, 20)),
        "retention": lambda: Retention(0, 0, timedelta(days=30), None),
        "compare": comparison,
        "mending": lambda case_id: Mending(case_id, Kind.CORRECT, False, (Blank("reason", "电话写错"),)),
        "redo": lambda *_: None,
        "resend": lambda case_id: None,
        "export": lambda case_id, passphrase, file: Exported(Path(file), 3, 0),
        "export_place": lambda name: f"/nowhere/{name}.tbx",
        "withdraw": lambda *_: None,
        "retry_now": lambda: None,
    }
    return OutboxModel(OutboxDeeds(**{**plain, **changes}), post, lambda: "zh", lambda: NOW)


def shown(post: Post, until: Until, **changes: Any) -> OutboxModel:
    model = outbox(post, **changes)
    model.refresh()
    until(lambda: model.state.summary)
    return model


def test_what_needs_a_person_stands_first(post: Post, until: Until) -> None:
    model = shown(post, until)
    assert [row.key for row in model.state.rows] == ["b", "a"]
    assert model.state.detail.case_id == "b" and model.state.detail.trouble[1]
    assert model.state.detail.acts == {"compare", "mend", "resend", "export", "withdraw"}
    model.open("a")
    assert model.state.detail.acts == {"export"}
    assert "183" in model.state.summary and "可继续受理" in model.state.summary and "离线，自" in model.state.summary
    assert [cell.text for cell in model.state.rows[1].cells][3:] == ["收件 + 5 页材料", "3 小时前", "待线路", "11.2 MB"]


def test_rule_08_a_page_that_cannot_go_is_for_a_person_although_the_act_is_there(post: Post, until: Until) -> None:
    lines = (line("a", Standing.WAITING, None, 3), line("b", Standing.ACKNOWLEDGED, Problem("store.page_damaged"), 1))
    model = shown(post, until, outbox=lambda: lines)
    assert [row.key for row in model.state.rows] == ["b", "a"]
    detail = model.state.detail
    assert (detail.case_id, detail.state, detail.tone) == ("b", "需处理", "bad")
    assert detail.trouble[1] and detail.acts == {"export", "resend"}


def test_rule_18_what_goes_by_itself_is_said_before(post: Post, until: Until) -> None:
    assert shown(post, until).state.kept == ""
    kept = Retention(48, 14_400_000, timedelta(days=30), datetime(2026, 12, 19, 17, 0, tzinfo=UTC))
    said = shown(post, until, retention=lambda: kept).state.kept
    assert (
        said == "服务器已有的 48 页（14.4 MB）在本机留 30 天，最早 12-20 清除"
    )  # the day on the wall, not in Greenwich


def test_nothing_is_called_sent_before_it_is_matched(post: Post, until: Until) -> None:
    online = LineState(online=True, since=NOW, last_heard=NOW)
    for standing, words in (
        (Standing.WAITING, "等待上报"),
        (Standing.SENDING, "正在上报"),
        (Standing.ACKNOWLEDGED, "已送到，待核对"),
    ):
        lines = (line("a", standing, None, 1),)
        model = shown(post, until, outbox=lambda lines=lines: lines, line=lambda: online)
        assert model.state.detail.state == words and "在线，自" in model.state.summary


def test_both_versions_in_words(post: Post, until: Until) -> None:
    model = shown(post, until)
    model.act("compare", "b")
    until(lambda: model.state.comparison.title)
    rows = {row.label: row for row in model.state.comparison.rows}
    assert (rows["联系电话"].ours, rows["联系电话"].theirs, rows["联系电话"].same) == (
        "13900000002",
        "13900000001",
        False,
    )
    assert rows["状态"].ours == "已收件" and rows["状态"].same
    assert rows["申请表"].ours == "3 页，其中 2 页相同" and rows["申请表"].theirs == "2 页"
    assert model.state.comparison.count == "2 项不同，1 项相同"
    model.close_comparison()
    assert not model.state.comparison.title


def test_a_held_case_is_sent_again_as_it_is(post: Post, until: Until) -> None:
    sent: list[str] = []
    model = shown(post, until, resend=sent.append)
    model.act("resend", "b")
    until(lambda: sent == ["b"] and model.state.banner[0])
    assert "已上报" not in model.state.banner[0]


def test_withdrawing_asks_why_and_for_a_supervisor_and_keeps_no_password(post: Post, until: Until) -> None:
    given: list[tuple[str, ...]] = []

    def withdraw(*said: str) -> None:
        given.append(said)
        if len(given) == 1:
            raise Problem("supervisor.not_one", Retry.AFTER_FIX)

    model = shown(post, until, withdraw=withdraw)
    model.act("withdraw", "b")
    until(lambda: model.state.asking.key)
    assert ("联系电话", "13900000002") in model.state.asking.facts
    other = model.state.asking.asked[0].choices[-1][0]
    for said in (
        {"reason": "", "supervisor": "lu", "password": SECRET},
        {"reason": other, "more": " ", "supervisor": "lu", "password": SECRET},
        {"reason": "以服务器为准", "supervisor": "lu", "password": ""},
        {"reason": "以服务器为准", "supervisor": "", "password": SECRET},
    ):
        model.give(said)
        assert model.state.asking.wrong and not given
    whole = {"reason": "以服务器为准", "more": "电话核实", "supervisor": "lu", "password": SECRET}
    model.give(whole)
    assert model.state.asking.working
    model.give(whole)  # pressed twice
    until(lambda: "主管" in model.state.asking.wrong)
    assert SECRET not in repr(vars(model)) and SECRET not in repr(model.state)
    model.give({**whole, "reason": other})
    until(lambda: model.state.banner[0])
    assert given == [("b", "以服务器为准：电话核实", "lu", SECRET), ("b", "电话核实", "lu", SECRET)]
    assert not model.state.asking.key and model.state.banner[2] == "ok"


def test_exporting_asks_twice_for_the_passphrase(post: Post, until: Until) -> None:
    model = shown(post, until)
    model.act("export", "a")
    assert model.state.asking.given == {"file": "/nowhere/Na.tbx"}
    model.give({"file": "/x", "passphrase": PASSPHRASE, "again": "another"})
    assert model.state.asking.wrong
    model.give({"file": "/x", "passphrase": PASSPHRASE, "again": PASSPHRASE})
    until(lambda: model.state.banner[0])
    assert "/x" in model.state.banner[0] and PASSPHRASE not in repr(vars(model))


def test_a_refused_intake_is_opened_again_elsewhere(post: Post, until: Until) -> None:
    wanted: list[str] = []
    model = shown(post, until, mending=lambda case_id: Mending(case_id, Kind.RECEIVE, reopens=True))
    model.reopen_wanted.connect(wanted.append)
    model.act("mend", "b")
    until(lambda: wanted == ["b"])


def test_what_was_withdrawn_is_found_and_says_by_whom(post: Post, until: Until) -> None:
    gone = GivenUp(reason="以服务器为准", author=ZHOU, at=NOW, supervisor=HAN, offline=True)
    model = shown(post, until, find=lambda text: (line("c", Standing.HELD, LOST, 9, given_up=gone, waits=False),))
    model.search("ren")
    until(lambda: [row.key for row in model.state.rows] == ["c"])
    assert model.state.detail.state == "已撤下" and model.state.detail.acts == {"compare", "export"}
    assert ("主管", "韩露（离线核对）") in model.state.detail.rows
    model.search("")
    until(lambda: len(model.state.rows) == 2)


def test_a_locked_screen_closes_an_open_question(post: Post, until: Until) -> None:
    model = shown(post, until)
    model.act("export", "b")
    assert model.state.asking.key
    model.lock()
    assert not model.state.rows and not model.state.asking.key
    model.sign_in()
    assert model.state.rows and not model.state.asking.key


def test_nothing_left_is_an_empty_list(post: Post, until: Until) -> None:
    model = shown(post, until, outbox=lambda: ())
    assert not model.state.rows and not model.state.detail.case_id and model.state.empty[0] == "都上报了"


def test_ages_and_sizes() -> None:
    ages = [ago(NOW - timedelta(minutes=minutes), NOW) for minutes in (0, 5, 125, 3000)]
    assert ages == ["刚才", "5 分钟前", "2 小时前", "2 天前"]
    assert [size(count) for count in (0, 800, 11_200_000)] == ["0", "0.8 kB", "11.2 MB"]


# --- by keys ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def counter(desk: Desk, post: Post, until: Until, dressed: None) -> Iterator[CounterWindow]:
    """The window as the program builds it, a clerk at it, the outbox in front."""
    window = build_counter(desk, post, desk.config)
    window.resize(1366, 768)
    window.show()
    window.activateWindow()
    until(window.isActiveWindow)
    window.counter.models.sign_in.signed_in.emit(SignedIn(CLERK, True, None))
    yield window
    window.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(window, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def keys(counter: CounterWindow) -> Hands:
    return Hands(counter)


def lost_correction(desk: Desk) -> str:
    """A case whose telephone another window changed first; ours is held. Returns its id."""
    case_id, now = fake.Window(desk.store, ZHOU).take_in(), datetime.now(UTC)
    take_over(desk.store, now, case_id)
    first = Corrected(reason="申请人来电更改", phone="0574-00000001")
    lose(desk.store, now, case_id, (Corrected(reason="电话写错", phone="0574-00000002"),), ZHOU, first, HAN)
    return case_id


def to_the_outbox(counter: CounterWindow, keys: Hands) -> OutboxModel:
    model: OutboxModel = counter.counter.models.outbox
    counter.counter.show_page("outbox")
    keys.wait(lambda: model.state.rows, "the list")
    keys.rest()
    return model


def test_compared_and_withdrawn_by_keys_with_a_supervisor(counter: CounterWindow, keys: Hands, desk: Desk) -> None:
    case_id = lost_correction(desk)
    now = datetime.now(UTC)
    desk.store.verifiers.keep(made("lufangfang", SECRET, LU, now, now + timedelta(hours=72)))
    model = to_the_outbox(counter, keys)
    keys.wait(lambda: (counter._state.waiting, counter._state.held) == (0, 1), "the top bar to tell them apart")
    keys.press("Return")
    keys.wait(lambda: model.state.comparison.title, "both versions")
    differing = {row.label: (row.ours, row.theirs) for row in model.state.comparison.rows if not row.same}
    assert differing["联系电话"] == ("0574-00000002", "0574-00000001")
    assert "周敏" in model.state.comparison.ours_done and "韩露" in model.state.comparison.theirs_done
    keys.press("Esc")
    keys.wait(lambda: not model.state.comparison.title, "the list again")

    keys.press("Ctrl+K")
    keys.wait(lambda: model.state.asking.key, "the question")
    keys.press("Down")  # the first reason
    keys.press("Return")
    keys.write("已电话告知")
    keys.press("Return")
    keys.write("lufangfang")
    keys.press("Return")
    focus = QApplication.focusWidget()
    assert isinstance(focus, QLineEdit) and focus.echoMode() is QLineEdit.EchoMode.Password
    keys.write("guess")
    keys.press("Ctrl+Return")
    keys.wait(lambda: model.state.asking.wrong, "the wrong password to be said")
    assert desk.store.outbox.counts() == (1, 1)
    for _ in "guess":
        keys.press("Backspace")
    keys.write(SECRET)
    keys.press("Return")
    keys.press("Space")  # the button has the focus
    keys.wait(lambda: model.state.banner[2] == "ok", "it to be withdrawn")
    assert desk.store.outbox.counts()[1] == 0
    (deed,) = [deed for deed in desk.store.acts.of_case(case_id) if deed.aside]
    assert deed.given_up is not None and deed.given_up.reason == "以服务器为准：已电话告知" and deed.given_up.offline

    keys.press("Ctrl+F")
    keys.write("cy")  # 陈䶮
    keys.wait(lambda: [row.key for row in model.state.rows] == [case_id], "what was withdrawn")
    # the case itself is not matched yet, and it says what was withdrawn of it
    assert model.state.detail.state == "已送到，待核对" and ("主管", "鲁芳芳（离线核对）") in model.state.detail.rows


def test_done_anew_by_keys(counter: CounterWindow, keys: Hands, desk: Desk) -> None:
    case_id = lost_correction(desk)
    model = to_the_outbox(counter, keys)
    keys.press("Ctrl+G")
    keys.wait(lambda: model.state.asking.key, "what is to be mended")
    assert [asked.name for asked in model.state.asking.asked] == ["reason", "phone"]
    keys.press("Return")
    keys.press("Ctrl+A")
    keys.write("0574-00000003")
    keys.press("Ctrl+Return")
    keys.wait(lambda: model.state.banner[0], "it to be done anew")
    assert desk.store.outbox.counts() == (1, 0)
    case = desk.store.cases.shown(case_id)[0]
    assert case is not None and case.phone == "0574-00000003"
    assert [c.reason for c in case.corrections] == ["申请人来电更改", "电话写错"]


def test_exported_by_keys(
    counter: CounterWindow, keys: Hands, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    lost_correction(desk)
    model = to_the_outbox(counter, keys)
    keys.press("Ctrl+O")
    keys.wait(lambda: model.state.asking.key, "the question")
    keys.press("Return")
    keys.write(PASSPHRASE)
    keys.press("Return")
    keys.write(PASSPHRASE)
    keys.press("Ctrl+Return")
    keys.wait(lambda: model.state.banner[0], "the file")
    (file,) = tmp_path.glob("*.tbx")
    assert open_exported(file, PASSPHRASE, tmp_path / "read").pages > 0 and desk.store.outbox.counts() == (1, 1)


def test_a_refused_intake_is_opened_by_keys(counter: CounterWindow, keys: Hands, desk: Desk) -> None:
    case_id = fake.Window(desk.store, ZHOU).take_in()
    acts = desk.store.cases.actions(case_id)
    refused = Told(verdict=Verdict.REFUSED, problem=Problem("case.materials_missing", materials="照片").to_wire())
    done = {act.id: Told(verdict=Verdict.DONE) for act in acts[:2]}
    hear(desk.store, datetime.now(UTC), {**done, acts[2].id: refused}, acts[:2])
    to_the_outbox(counter, keys)
    keys.press("Ctrl+G")
    intake = counter.counter.models.intake
    keys.wait(lambda: intake.draft is not None and intake.draft.instead_of == case_id, "the intake")
    assert counter.current_page() == "intake" and intake.state.step == "materials"
    assert intake.draft.number == acts[2].body["number"]
