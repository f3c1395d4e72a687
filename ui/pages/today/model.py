"""The model behind today and the hand-over of the shift."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from PySide6.QtCore import QObject, Signal

from app.cases.lists import Today
from app.flow.handover import Handover
from app.flow.printing import Printed
from app.papers.paper import PaperKind
from app.problems import words_for
from app.store.numbers import FEW
from contract.case import CHINA, Kind
from contract.person import Clerk
from contract.problem import Problem
from ui.pages.today.view import TodayState
from ui.tasks import Post, Tasks
from ui.widgets.lines import Line
from ui.widgets.table import Cell, Row
from ui.words import listed, say

COUNTED = (
    (Kind.RECEIVE, "收件"),
    (Kind.ACCEPT, "受理#已"),
    (Kind.ASK_SUPPLEMENT, "告知补正"),
    (Kind.DECLINE, "不予受理#已"),
    (Kind.DELIVER, "送达#已"),
)
PAPERS = {
    PaperKind.RECEIPT: "收件凭证",
    PaperKind.ACCEPTANCE: "受理通知书",
    PaperKind.SUPPLEMENT: "补正告知书",
    PaperKind.REFUSAL: "不予受理通知书",
}


@dataclass(frozen=True)
class TodayDeeds:
    """What this page asks of the desk. All may block, but for the day."""

    today_here: Callable[[], Today]
    handover: Callable[[Clerk], Handover]
    print_papers: Callable[[str, tuple[PaperKind, ...], Clerk, bool], tuple[Printed, ...]]
    today: Callable[[], date]


class TodayModel(QObject):
    """The day in numbers, and what is left to the next clerk.

    Signals:
        changed: The TodayState.
        draft_wanted: (id, mine) of a draft that is to be taken up, or taken over from a colleague.
        case_wanted: The id of a case to be looked at.
    """

    changed = Signal(object)
    draft_wanted = Signal(str, bool)
    case_wanted = Signal(str)

    def __init__(
        self, deeds: TodayDeeds, post: Post, language: Callable[[], str], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._do, self._language = deeds, language
        self._tasks = Tasks(post, self._problem, self)
        self._clerk: Clerk | None = None
        self._away = False  # the screen is locked: nothing is drawn
        self._told: tuple[Today, Handover] | None = None
        self.state = TodayState()

    def sign_in(self, clerk: Clerk) -> None:
        if clerk != self._clerk:
            self._tasks.drop("today")  # what was asked for another
        self._clerk, self._away = clerk, False
        self.refresh()

    def lock(self) -> None:
        """Nothing is seen any more."""
        self._away, self.state = True, TodayState()
        self.changed.emit(self.state)

    def refresh(self) -> None:
        clerk = self._clerk
        if clerk is not None:
            self._tasks.ask_again("today", lambda: (self._do.today_here(), self._do.handover(clerk)), self._heard)

    def choose(self, key: str) -> None:
        """Enter on something to be handed over: take the draft up, print the paper, look at the case."""
        match key.split(":"):
            case "mine" | "theirs" as whose, draft, *_:
                self.draft_wanted.emit(draft, whose == "mine")
            case "case", case_id, *_:
                self.case_wanted.emit(case_id)
            case "paper", kind, case_id:
                self._print(kind, case_id)

    def banner_read(self) -> None:
        self._set(replace(self.state, banner=("", "", "bad")))

    def _print(self, kind: str, case_id: str) -> None:
        clerk = self._clerk
        if clerk is not None:
            asked = (PaperKind(kind),)
            self._tasks.run("print", lambda: self._do.print_papers(case_id, asked, clerk, False), self._printed)

    def _printed(self, printed: tuple[Printed, ...]) -> None:
        for one in printed:
            if one.problem is not None:
                self._problem(one.problem)
            else:
                title = say("已打印") if one.outcome == "done" else say("请看一下是否打出")
                self._set(replace(self.state, banner=(title, "", "ok" if one.outcome == "done" else "warn")))
        self.refresh()

    def say_again(self) -> None:
        """The language changed."""
        if self._told is not None:
            self._heard(self._told)

    def _heard(self, heard: tuple[Today, Handover]) -> None:
        self._told = heard
        told, left = heard
        if self._away or self._clerk is None:
            return
        day = self._do.today()
        supply: list[tuple[str, str] | tuple[str, str, str]] = [
            (
                say("受理号还剩"),
                say("{count} 个", count=told.numbers_left),
                "warn" if told.numbers_left < FEW else "",
            ),
            (say("可办事项"), say("{count} 个，本窗口断网也可收 {here} 个", count=told.matters, here=told.receivable)),
        ]
        if told.pack_made_on is not None:
            made_on, age = told.pack_made_on.isoformat(), told.pack_age_days
            words = say("{day}，{count} 天前", day=made_on, count=age) if age else say("{day}，今天", day=made_on)
            supply.append((say("离线包"), words, "warn" if told.is_pack_old else ""))
        if told.provisional:
            supply.append((say("放假安排"), say("有一年还没有公布，期限为暂定"), "warn"))
        state = TodayState(
            day=say("{year} 年 {month} 月 {day} 日", year=day.year, month=day.month, day=day.day),
            clerk=self._clerk.name,
            counts=tuple((say(words), told.counts.get(kind, 0)) for kind, words in COUNTED),
            matters=tuple(Row(name, (Cell(name), Cell(str(count), right=True))) for name, count in told.by_matter),
            supply=tuple(supply),
            left=_lines(left),
            left_words=_summary(left),
            banner=self.state.banner,
            loading=False,
        )
        self._set(state)

    def _set(self, state: TodayState) -> None:
        if state != self.state and not self._away:
            self.state = state
            self.changed.emit(state)

    def _problem(self, problem: Problem) -> None:
        """Numbers that cannot be had are not shown; the page says nothing false."""
        words = words_for(problem, self._language())
        if words.loud != "quiet":
            self._set(replace(self.state, banner=(words.title, words.remedy, "bad")))


def _summary(left: Handover) -> str:
    counts = (
        say("未办完 {count}", count=len(left.unfinished)),
        say("原件 {count}", count=sum(len(one.materials) for one in left.originals)),
        say("未打印 {count}", count=len(left.unprinted)),
    )
    return " · ".join(counts)


def _lines(left: Handover) -> tuple[Line, ...]:
    """What is handed over, kind by kind."""
    lines = []
    for draft in left.unfinished:
        title = " ".join(part for part in (draft.applicant, draft.title or say("还没选事项")) if part)
        sub = " · ".join((draft.clerk, _moment(draft.saved_at)))
        pill, tone = (say("挂起#已"), "warn") if draft.parked else (say("未办完"), "info")
        lines.append(Line(f"{'mine' if draft.mine else 'theirs'}:{draft.draft}", title, sub, pill, tone))
    for held in left.originals:
        key = f"mine:{held.draft}" if held.draft else f"case:{held.case}"
        if any(one.draft == held.draft and not one.mine for one in left.unfinished):
            key = f"theirs:{held.draft}"
        title = say("{who}的原件：{materials}", who=held.applicant, materials=listed(held.materials))
        sub = " · ".join(part for part in (held.number, _moment(held.since)) if part)
        lines.append(Line(f"{key}:originals", title, sub, say("原件未退"), "warn"))  # the draft has a line of its own
    for paper in left.unprinted:
        title = say("{who}的{paper}", who=paper.applicant, paper=say(PAPERS[paper.paper]))
        pill = say("没有打出") if paper.failed else say("没有打印")
        sub = " · ".join((paper.number, _moment(paper.since)))
        lines.append(Line(f"paper:{paper.paper}:{paper.case}", title, sub, pill, "bad"))
    return tuple(lines)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%m-%d %H:%M}"
