"""The model behind the outbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from PySide6.QtCore import QObject, Signal

from app.store.numbers import FEW
from app.sync.courier import LineState
from app.sync.outbox import OutboxLine
from contract.case import CHINA, Kind
from contract.problem import Problem
from ui.pages.outbox.view import OutboxDetail, OutboxState
from ui.problems import words_for
from ui.tasks import Post, Tasks
from ui.widgets.table import Cell, Row
from ui.words import say

KINDS = {
    Kind.RECEIVE: "收件",
    Kind.ACCEPT: "受理",
    Kind.DECLINE: "不予受理",
    Kind.ASK_SUPPLEMENT: "告知补正",
    Kind.SUPPLEMENT: "补正",
    Kind.CORRECT: "更正",
    Kind.VOID: "作废",
    Kind.WITHDRAW: "撤回",
    Kind.DELIVER: "送达",
}
STANDINGS = {
    "waiting": ("待线路", "info"),
    "sending": ("正在上报", "info"),
    "acknowledged": ("已送到，待核对", "info"),
    "matched": ("已核对一致", "ok"),
    "held": ("需处理", "bad"),
}


@dataclass(frozen=True)
class Supply:
    """What this station can still do without a line."""

    numbers_left: int
    pack_made_on: date | None


@dataclass(frozen=True)
class OutboxDeeds:
    """What the outbox asks of the desk. All may block."""

    outbox: Callable[[], tuple[OutboxLine, ...]]
    line: Callable[[], LineState]
    supply: Callable[[], Supply]
    resend: Callable[[str], None]
    retry_now: Callable[[], None]


class OutboxModel(QObject):
    """Signals: changed: the OutboxState."""

    changed = Signal(object)

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
        self._told: tuple[tuple[OutboxLine, ...], LineState, Supply] | None = None
        self._at = ""
        self._away = False  # the screen is locked: nothing is drawn
        self._banner = ("", "", "bad")
        self.state = OutboxState()

    def sign_in(self) -> None:
        self._away = False
        self._say()

    def lock(self) -> None:
        """Nothing is seen any more."""
        self._away, self.state = True, OutboxState()
        self.changed.emit(self.state)

    def refresh(self) -> None:
        """Ask again; after every change and now and then, for the ages."""
        self._tasks.run("outbox", lambda: (self._do.outbox(), self._do.line(), self._do.supply()), self._heard)

    def open(self, case_id: str) -> None:
        self._at = case_id
        self._say()

    def retry(self) -> None:
        self._tasks.run("retry", self._do.retry_now, lambda _: self.refresh())

    def resend(self, case_id: str) -> None:
        self._tasks.run("resend", lambda: self._do.resend(case_id), lambda _: self.refresh())

    def banner_read(self) -> None:
        self._banner = ("", "", "bad")
        self._say()

    def _heard(self, told: tuple[tuple[OutboxLine, ...], LineState, Supply]) -> None:
        self._told = told
        self._say()

    def _problem(self, problem: Problem) -> None:
        words = words_for(problem, self._language())
        self._banner = (words.title, words.remedy, "bad")
        self._say()

    def _say(self) -> None:
        if self._told is None or self._away:
            return
        lines, line, supply = self._told
        held_first = sorted(lines, key=lambda one: (one.standing.value != "held", one.since))
        rows = tuple(self._row(one) for one in held_first)
        at = next((one for one in held_first if one.case_id == self._at), held_first[0] if held_first else None)
        parts = [
            say("服务器最后应答 {time}", time=_moment(line.last_heard))
            if line.last_heard
            else say("还没有和服务器通过话"),
            say("号段还剩 {count} 个", count=supply.numbers_left),
        ]
        if supply.pack_made_on is not None:
            parts.append(say("离线包 {day}", day=supply.pack_made_on.isoformat()))
        if supply.numbers_left < FEW:
            few = say("号段不多，请尽快接通线路") if supply.numbers_left else say("号段用完，请尽快接通线路")
            parts.append(few)
        elif not line.online:
            parts.append(say("可继续受理"))
        state = OutboxState(
            summary=" · ".join(parts),
            rows=rows,
            detail=self._detail(at) if at else OutboxDetail(),
            sending=line.sending,
            online=line.online,
            banner=self._banner,
        )
        if state != self.state:
            self.state = state
            self.changed.emit(state)

    def say_again(self) -> None:
        """The language changed."""
        self._say()

    def _row(self, one: OutboxLine) -> Row:
        words, tone = STANDINGS[one.standing.value]
        return Row(
            one.case_id,
            (
                Cell(one.number or "—", bold=True),
                Cell(one.matter),
                Cell(one.applicant),
                Cell(self._what(one)),
                Cell(ago(one.since, self._now()), muted=True),
                Cell(say(words), tone),
                Cell(size(one.bytes_left), right=True),
            ),
        )

    def _what(self, one: OutboxLine) -> str:
        acts = "、".join(dict.fromkeys(say(KINDS[kind]) for kind in one.what if kind in KINDS))
        return say("{acts} + {count} 页材料", acts=acts, count=one.pages) if one.pages else acts

    def _detail(self, one: OutboxLine) -> OutboxDetail:
        words, tone = STANDINGS[one.standing.value]
        trouble = ("", "")
        if one.problem is not None:
            told = words_for(one.problem, self._language())
            trouble = (told.title, told.remedy)
        return OutboxDetail(
            case_id=one.case_id,
            number=one.number,
            state=say(words),
            tone=tone,
            trouble=trouble,
            rows=(
                (say("事项"), one.matter),
                (say("申请人"), one.applicant),
                (say("内容"), self._what(one)),
                (say("自"), _moment(one.since)),
                (say("未传"), size(one.bytes_left)),
            ),
            is_held=one.standing.value == "held",
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


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(CHINA):%m-%d %H:%M}" if at else ""
