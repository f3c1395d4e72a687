"""The model behind the outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.cases.compare import Comparison
from app.cases.held import Mending
from app.problems import words_for
from app.store.numbers import FEW
from app.sync.courier import LineState
from app.sync.export import Exported
from app.sync.outbox import OutboxLine, Retention
from contract.case import CHINA, Case
from contract.problem import Problem
from ui.pages.outbox import wording
from ui.pages.outbox.comparison import ComparisonShown
from ui.pages.outbox.view import OutboxDetail, OutboxState
from ui.pages.outbox.wording import moment
from ui.tasks import Post, Tasks
from ui.widgets.asking import AskingShown
from ui.widgets.field import Asked
from ui.widgets.table import Cell, Row
from ui.words import say

STANDINGS = {
    "waiting": ("等待上报", "info"),
    "sending": ("正在上报", "info"),
    "acknowledged": ("已送到，待核对", "info"),
    "matched": ("已核对一致", "ok"),
    "held": ("需处理", "bad"),
}
NO_LINE = ("待线路", "info")
WITHDRAWN = ("已撤下", "plain")
SUPERVISOR = (Asked("supervisor", "主管账号", required=True), Asked("password", "主管密码", "secret", True))
FIND_AFTER = 200  # milliseconds after the last key


@dataclass(frozen=True)
class Supply:
    """What this station can still do without a line."""

    numbers_left: int
    pack_made_on: date | None


Told = tuple[tuple[OutboxLine, ...], LineState, Supply, Retention]


@dataclass(frozen=True)
class OutboxDeeds:
    """What the outbox asks of the desk. All may block; who does it is known there."""

    outbox: Callable[[], tuple[OutboxLine, ...]]
    find: Callable[[str], tuple[OutboxLine, ...]]
    line: Callable[[], LineState]
    supply: Callable[[], Supply]
    retention: Callable[[], Retention]
    compare: Callable[[str], Comparison]
    mending: Callable[[str], Mending]
    redo: Callable[[str, Mapping[str, Any], str, str], Case]  # case, blanks, the supervisor's name and password
    resend: Callable[[str], None]
    export: Callable[[str, str, str], Exported]  # case, passphrase, file
    export_place: Callable[[str], str]  # number → where the file goes unless told otherwise
    withdraw: Callable[[str, str, str, str], None]  # case, reason, the supervisor's name and password
    retry_now: Callable[[], None]


class OutboxModel(QObject):
    """Signals: changed: the OutboxState; reopen_wanted: the id of a refused intake that is to be opened again."""

    changed = Signal(object)
    reopen_wanted = Signal(str)

    def __init__(
        self,
        deeds: OutboxDeeds,
        post: Post,
        language: Callable[[], str],
        now: Callable[[], datetime],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._do, self._language, self._now = deeds, language, now
        self._tasks = Tasks(post, self._problem, self)
        self._told: Told | None = None
        self._at = ""
        self._text = ""
        self._compared: Comparison | None = None
        self._comparing = False
        self._asking = AskingShown()
        self._away = False  # the screen is locked: nothing is drawn
        self._banner = ("", "", "bad")
        self._wait = QTimer(self, singleShot=True, interval=FIND_AFTER)
        self._wait.timeout.connect(self.refresh)
        self.state = OutboxState()

    def sign_in(self) -> None:
        self._away = False
        self._say()

    def lock(self) -> None:
        """Nothing is seen any more, and an open question, with the password in it, is closed."""
        self._asking = AskingShown()
        self._away, self.state = True, OutboxState()
        self.changed.emit(self.state)

    def refresh(self) -> None:
        """Ask again; after every change and now and then, for the ages."""
        text = self._text.strip()
        self._wait.stop()

        def look() -> Told:
            lines = self._do.find(text) if text else self._do.outbox()
            return lines, self._do.line(), self._do.supply(), self._do.retention()

        self._tasks.ask_again("outbox", look, self._heard)
        if self._comparing:
            compared = partial(self._do.compare, self._at)
            self._tasks.ask_again("compare", compared, self._heard_comparison, self._no_comparison)

    def search(self, text: str) -> None:
        """Look a moment after the last key."""
        self._tasks.drop("outbox")  # it was about other words
        self._text = text
        self._wait.start()
        self._say()

    def open(self, case_id: str) -> None:
        if case_id != self._at:
            self._asking = AskingShown()
        self._at = case_id
        self._say()

    def retry(self) -> None:
        self._tasks.run("retry", self._do.retry_now, lambda _: self.refresh())

    def banner_read(self) -> None:
        self._banner = ("", "", "bad")
        self._say()

    # --- acts -----------------------------------------------------------------------------------------------------

    def act(self, key: str, case_id: str) -> None:
        """Something is to be done about a case: at once, or after what it asks was answered."""
        line = self._line(case_id)
        if line is None:
            return
        self.open(case_id)
        match key:
            case "compare":
                self._compare(case_id)
            case "resend":
                self._tasks.run("act", lambda: self._do.resend(case_id), lambda _: self._done(say("将原样再报一次")))
            case "mend":
                self._tasks.run("act", lambda: self._do.mending(case_id), self._mend)
            case "export":
                self._ask(self._export_question(line))
            case "withdraw":
                # the telephone is in the case; it is looked up once and shown with the question
                self._tasks.run("act", lambda: self._do.compare(case_id), self._ask_withdrawal)

    def close_comparison(self) -> None:
        self._comparing, self._compared = False, None
        self._tasks.drop("compare")
        self._say()

    def drop(self) -> None:
        """Close the question."""
        self._asking = AskingShown()
        self._say()

    def give(self, given: Mapping[str, Any]) -> None:
        """The question was answered: do it. Passwords go on to the desk and are kept nowhere."""
        key, _, case_id = self._asking.key.partition(":")
        works: dict[str, Callable[[str, Mapping[str, Any]], None]] = {
            "mend": self._redo,
            "export": self._export,
            "withdraw": self._withdraw,
        }
        if key in works and not self._asking.working:
            works[key](case_id, given)

    def _compare(self, case_id: str) -> None:
        self._comparing = True
        self._tasks.run("compare", lambda: self._do.compare(case_id), self._heard_comparison, self._no_comparison)

    def _heard_comparison(self, found: Comparison) -> None:
        if self._comparing and found.case_id == self._at:
            self._compared = found
            self._say()

    def _no_comparison(self, problem: Problem) -> None:
        """Both ends agree by now: there is nothing to compare any more."""
        self.close_comparison()
        if problem.code != "held.gone":
            self._problem(problem)

    def _mend(self, plan: Mending) -> None:
        if plan.reopens:
            self._comparing, self._compared = False, None
            self.reopen_wanted.emit(plan.case_id)
            return
        english, act = self._language() == "en", wording.acts_said([plan.kind])
        there = {blank.name: blank.theirs for blank in plan.blanks if blank.theirs}
        self._ask(
            AskingShown(
                key=f"mend:{plan.case_id}",
                words=say("在服务器现在的内容上重新{act}；对方改过的别的内容保留。", act=act),
                asked=tuple(wording.asked(blank, english) for blank in plan.blanks)
                + (SUPERVISOR if plan.supervised else ()),
                given={blank.name: blank.value for blank in plan.blanks},
                beside={name: say("服务器：{value}", value=value) for name, value in there.items()},
                button="重新办理",
            )
        )

    def _redo(self, case_id: str, given: Mapping[str, Any]) -> None:
        blanks = {name: value for name, value in given.items() if name not in ("supervisor", "password")}
        name, password = str(given.get("supervisor", "")), str(given.get("password", ""))
        if "supervisor" in given and not (name and password):
            self._wrong(say("请主管输入自己的账号和密码。"))
            return
        self._work(
            lambda: self._do.redo(case_id, blanks, name, password),
            lambda _: self._done(say("已改正重办，等待上报"), tone="info"),
        )

    def _export_question(self, line: OutboxLine) -> AskingShown:
        return AskingShown(
            key=f"export:{line.case_id}",
            words=say("导出成一个加密文件，交给主管或技术人员；口令另行告诉，忘了就打不开。"),
            asked=(
                Asked("file", "保存到", required=True),
                Asked("passphrase", "口令", "secret", True),
                Asked("again", "再输一次", "secret", True),
            ),
            given={"file": self._do.export_place(line.number or line.case_id)},
            button="导出",
        )

    def _export(self, case_id: str, given: Mapping[str, Any]) -> None:
        if given.get("passphrase") != given.get("again"):
            self._wrong(say("两次输入的口令不一样。"))
            return
        passphrase, file = str(given.get("passphrase", "")), str(given.get("file", ""))
        if not file:
            self._wrong(say("请写明保存到哪里。"))
            return

        def exported(made: Exported) -> None:
            title = say("已导出到 {file}", file=made.file)
            words = say("{count} 页材料", count=made.pages)
            if made.lacking:
                words += say("；另有 {count} 页不在本机或已损坏，没有导出", count=made.lacking)
            self._done(title, words)

        self._work(lambda: self._do.export(case_id, passphrase, file), exported)

    def _ask_withdrawal(self, found: Comparison) -> None:
        line = self._line(found.case_id)
        if line is None:
            return
        self._ask(
            AskingShown(
                key=f"withdraw:{found.case_id}",
                words=say("撤下后以服务器上的内容为准；本机这一份保留，随时可查。请先告知申请人，收回已打印的纸面。"),
                facts=((say("申请人"), line.applicant), (say("联系电话"), found.phone)),
                asked=(
                    Asked(
                        "reason",
                        "理由",
                        "choice",
                        True,
                        choices=tuple((reason, say(reason)) for reason in wording.REASONS),
                    ),
                    Asked("more", "补充说明"),
                    *SUPERVISOR,
                ),
                button="确定撤下",
                look="danger",
            )
        )

    def _withdraw(self, case_id: str, given: Mapping[str, Any]) -> None:
        reason, more = str(given.get("reason", "")), str(given.get("more", "")).strip()
        if not reason or (reason == wording.OTHER and not more):
            self._wrong(say("请写明理由。"))
            return
        said = more if reason == wording.OTHER else "：".join(part for part in (reason, more) if part)
        name, password = str(given.get("supervisor", "")), str(given.get("password", ""))
        if not name or not password:
            self._wrong(say("请主管输入自己的账号和密码。"))
            return
        self._work(
            lambda: self._do.withdraw(case_id, said, name, password),
            lambda _: self._done(say("已撤下，以服务器上的内容为准"), say("请告知申请人，收回已打印的纸面。")),
        )

    def _ask(self, question: AskingShown) -> None:
        self._asking = question
        self._say()

    def _wrong(self, words: str) -> None:
        self._asking = replace(self._asking, wrong=words, working=False)
        self._say()

    def _work(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        self._asking = replace(self._asking, working=True, wrong="")
        self._tasks.run("act", work, then, self._refused)
        self._say()

    def _refused(self, problem: Problem) -> None:
        words = words_for(problem, self._language())
        self._wrong(words.whole)

    def _done(self, title: str, remedy: str = "", tone: str = "ok") -> None:
        self._asking = AskingShown()
        self._comparing, self._compared = False, None
        self._banner = (title, remedy, tone)
        self.refresh()
        self._say()

    # --- what came back -------------------------------------------------------------------------------------------

    def _heard(self, told: Told) -> None:
        self._told = told
        self._say()

    def _problem(self, problem: Problem) -> None:
        words = words_for(problem, self._language())
        self._banner = (words.title, words.remedy, "bad")
        self._say()

    def say_again(self) -> None:
        """The language changed. An open question is closed: its words were said in the other one."""
        self._asking = AskingShown()
        self._say()

    def _line(self, case_id: str) -> OutboxLine | None:
        return next((one for one in (self._told[0] if self._told else ()) if one.case_id == case_id), None)

    def _say(self) -> None:
        if self._told is None or self._away:
            return
        lines, line, supply, retention = self._told
        held_first = sorted(lines, key=lambda one: (not one.waits, not one.is_stuck, one.since))
        at = self._line(self._at) or (held_first[0] if held_first else None)
        if at is None or at.case_id != self._at:
            self._at = at.case_id if at else ""
            self._asking, self._comparing, self._compared = AskingShown(), False, None
        empty = (say("没有找到"), say("换一个号码或姓名试试。"))
        if not self._text.strip():
            empty = (say("都上报了"), say("本机和服务器的内容一致。"))
        state = OutboxState(
            summary=_summary(line, supply),
            kept=_kept(retention),
            text=self._text,
            rows=tuple(self._row(one, line.online) for one in held_first),
            empty=empty,
            detail=self._detail(at, line.online) if at else OutboxDetail(),
            comparison=wording.compared(self._compared) if self._compared else ComparisonShown(),
            asking=self._asking,
            sending=line.sending,
            online=line.online,
            banner=self._banner,
        )
        if state != self.state:
            self.state = state
            self.changed.emit(state)

    def _row(self, one: OutboxLine, online: bool) -> Row:
        words, tone = _standing(one, online)
        return Row(
            one.case_id,
            (
                Cell(one.number or "—", bold=True),
                Cell(one.matter),
                Cell(one.applicant),
                Cell(_what(one)),
                Cell(ago(one.since, self._now()), muted=True),
                Cell(say(words), tone),
                Cell(size(one.bytes_left), right=True),
            ),
        )

    def _detail(self, one: OutboxLine, online: bool) -> OutboxDetail:
        words, tone = _standing(one, online)
        trouble = ("", "")
        if one.problem is not None:
            told = words_for(one.problem, self._language())
            trouble = (told.title, told.remedy)
        rows = [
            (say("事项"), one.matter),
            (say("申请人"), one.applicant),
            (say("内容"), _what(one)),
            (say("自"), moment(one.since)),
            (say("未传"), size(one.bytes_left)),
        ]
        held = one.standing.value == "held" and one.waits
        acts = (
            {"export"} | ({"compare", "mend", "withdraw"} if held else set()) | ({"resend"} if one.is_stuck else set())
        )
        calm = say("这一件停在这里，不影响其他办件上报。") if one.is_stuck else ""
        if one.given_up is not None:
            gone = one.given_up
            acts.add("compare")
            rows += [(say("撤下"), f"{moment(gone.at)} {gone.author.name}"), (say("理由"), gone.reason)]
            if gone.supervisor is not None:
                how = say("（离线核对）") if gone.offline else ""
                rows.append((say("主管"), gone.supervisor.name + how))
            if gone.instead and not one.waits:
                calm = say("已改正重办，这里是原来的一份。")
        return OutboxDetail(
            case_id=one.case_id,
            number=one.number,
            state=say(words),
            tone=tone,
            trouble=trouble,
            rows=tuple(rows),
            acts=frozenset(acts),
            calm=calm,
        )


def _standing(one: OutboxLine, online: bool) -> tuple[str, str]:
    if not one.waits:
        return WITHDRAWN
    if one.is_stuck:
        return STANDINGS["held"]
    return NO_LINE if one.standing.value == "waiting" and not online else STANDINGS[one.standing.value]


def _what(one: OutboxLine) -> str:
    acts = wording.acts_said(one.what)
    return say("{acts} + {count} 页材料", acts=acts, count=one.pages) if one.pages else acts


def _summary(line: LineState, supply: Supply) -> str:
    """How the line stands and since when, and what can be done without it."""
    parts = []
    if line.since is not None:
        words = "在线，自 {time}" if line.online else "离线，自 {time}"
        parts.append(say(words, time=moment(line.since)))
    parts += [
        say("服务器最后应答 {time}", time=moment(line.last_heard)) if line.last_heard else say("还没有和服务器通过话"),
        say("号段还剩 {count} 个", count=supply.numbers_left),
    ]
    if line.ratings:
        parts.append(say("另有 {count} 个评价待上报", count=line.ratings))
    if supply.pack_made_on is not None:
        parts.append(say("离线包 {day}", day=supply.pack_made_on.isoformat()))
    if supply.numbers_left < FEW:
        few = say("号段不多，请尽快接通线路") if supply.numbers_left else say("号段用完，请尽快接通线路")
        parts.append(few)
    elif not line.online:
        parts.append(say("可继续受理"))
    return " · ".join(parts)


def _kept(retention: Retention) -> str:
    """What goes from here by itself, because the server has it (rule 18); nothing where there is nothing."""
    if not retention.pages or retention.next_goes is None:
        return ""
    return say(
        "服务器已有的 {count} 页（{size}）在本机留 {days} 天，最早 {day} 清除",
        count=retention.pages,
        size=size(retention.bytes),
        days=retention.kept_for.days,
        day=f"{retention.next_goes.astimezone(CHINA):%m-%d}",
    )


def size(count: int) -> str:
    """11.2 MB."""
    if count <= 0:
        return "0"
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{max(count / 1e3, 0.1):.1f} kB"


def ago(moment: datetime, now: datetime) -> str:
    """3 小时前."""
    minutes = max(int((now - moment).total_seconds() // 60), 0)
    if minutes < 1:
        return say("刚才")
    if minutes < 60:
        return say("{count} 分钟前", count=minutes)
    if minutes < 24 * 60:
        return say("{count} 小时前", count=minutes // 60)
    return say("{count} 天前", count=minutes // 1440)
