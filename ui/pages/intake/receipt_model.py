"""After the last step, 回执: the case that was made, its papers, and what the clerk tells the person."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from app.flow.finish import TakenIn
from app.flow.printing import Printed
from contract.case import Case
from contract.clock import deemed_accepted_on
from contract.person import Clerk
from contract.problem import Problem
from ui.pages.intake import wording
from ui.pages.intake.deeds import IntakeDeeds
from ui.pages.intake.in_hand import InHand
from ui.pages.intake.receipt import PaperShown, ReceiptState
from ui.pictures import opened
from ui.widgets.banner import BannerShown
from ui.widgets.panel import PanelState
from ui.words import say

HEADLINES = {"received": "已收件", "accepted": "已受理", "to_supplement": "已告知补正", "declined": "不予受理#已"}
PAPER_NAMES = {
    "receipt": "收件凭证",
    "receipt_a4": "收件凭证",
    "application": "申请表",
    "acceptance": "受理通知书",
    "supplement": "补正告知书",
    "refusal": "不予受理通知书",
}


@dataclass(repr=False, slots=True)
class _Visit:
    """One person's papers."""

    papers: dict[str, PaperShown] = field(default_factory=dict)
    at: str = ""  # the paper that is looked at
    picture: tuple[str, QImage | None] = ("", None)
    panel: PanelState = field(default_factory=PanelState)  # as it was when the draft became a case


class ReceiptModel(QObject):
    """Prints what the end of a draft led to. Papers may come out after the next person has begun."""

    def __init__(self, in_hand: InHand, deeds: IntakeDeeds) -> None:
        super().__init__(in_hand)
        self._in_hand, self._do = in_hand, deeds
        self._visit = _Visit()

    def forget(self) -> None:
        """The next person is here."""
        self._visit = _Visit()

    def keep_panel(self, panel: PanelState) -> None:
        """What the panel says goes on standing there after the draft is gone."""
        self._visit.panel = panel

    def begin(self, taken: TakenIn, clerk: Clerk) -> None:
        """The draft has become a case: its papers are printed."""
        self._visit.at = taken.papers[0].value if taken.papers else ""
        self._visit.papers = {kind.value: PaperShown(kind.value, "") for kind in taken.papers}
        self._print(tuple(self._visit.papers), clerk, copy=False)

    def clear_printers(self) -> None:
        """Whoever was given papers here is gone: what did not come out for them does not come out later (F14)."""
        if self._in_hand.visit.taken is not None:
            self._in_hand.tasks.run("clear printers", self._do.clear_printers, lambda _: None)

    def call_agent(self) -> None:
        """F6: the handler is the clerk themself, for this case and those after it; again, no longer."""
        taken = self._in_hand.visit.taken
        if taken is not None and self._agent_asked(taken.case):
            self._in_hand.agent = "" if self._in_hand.agent else taken.case.parties.handler.number
            self._in_hand.tell()

    def _agent_asked(self, case: Case) -> bool:
        clerk = self._in_hand.clerk
        return clerk is not None and self._do.may_be_agent(case, clerk)

    # --- papers ---------------------------------------------------------------------------------------------------

    def look_at_paper(self, kind: str) -> None:
        self._visit.at = kind
        self._in_hand.tell()
        self._want_paper()

    def reprint(self, kind: str) -> None:
        """Again: as a copy, unless the first one never came out."""
        clerk = self._in_hand.clerk
        if clerk is not None and kind in self._visit.papers:
            self._print((kind,), clerk, copy=self._visit.papers[kind].outcome not in ("failed", "waiting"))

    def _print(self, kinds: tuple[str, ...], clerk: Clerk, copy: bool) -> None:
        taken = self._in_hand.visit.taken
        if taken is None:
            return
        for kind in kinds:
            self._show_paper(kind, outcome="printing", words="")
        asked = tuple(kind for kind in taken.papers if kind.value in kinds)
        case = taken.case

        def work() -> tuple[Printed, ...]:
            return self._do.print_papers(case.id, asked, clerk, copy)

        name = f"print {case.id} {kinds}"  # several may be under way, and each is heard
        printed, not_printed = partial(self._printed, case, kinds), partial(self._not_printed, case, kinds)
        self._in_hand.tasks.run(name, work, printed, not_printed)
        self._in_hand.tell()

    def _show_paper(self, kind: str, **now: str) -> None:
        self._visit.papers[kind] = replace(self._visit.papers[kind], **now)

    def _is_left(self, case: Case, problem: Problem | None, unconfirmed: bool = False) -> bool:
        """Whether the next person is there already; a paper of the case before is spoken of if somebody must look."""
        taken = self._in_hand.visit.taken
        if taken is not None and taken.case.id == case.id:
            return False
        if problem is not None:
            title = say("{number} 的纸件没有打出：{why}", number=case.number, why=self._in_hand.words(problem).title)
            self._in_hand.visit.banner = BannerShown(title, say("到“今日”里可以再打印。"), "bad")
        elif unconfirmed:
            title = say("{number} 的纸件请看一下是否打出", number=case.number)
            remedy = say("打印机没有回话。没有打出，可以在办件里再打一份副本。")
            self._in_hand.visit.banner = BannerShown(title, remedy, "warn")
        self._in_hand.tell()
        return True

    def _printed(self, case: Case, kinds: tuple[str, ...], printed: tuple[Printed, ...]) -> None:
        problem = next((one.problem for one in printed if one.problem is not None), None)
        if self._is_left(case, problem, any(one.outcome == "unconfirmed" for one in printed)):
            return
        # A receipt may have come out on A4 instead of the roll: by place, not by kind.
        for kind, one in zip(kinds, printed, strict=False):
            words = ""
            if one.problem is not None:
                words = self._trouble(one.problem)
            elif one.outcome == "unconfirmed":
                words = say("打印机没有回话。没有打出就按 Ctrl+P 再打一份，会印上“副本”。")
            self._show_paper(kind, outcome=one.outcome, words=words, number=one.paper_number)
        self._turn_to_failed()
        self._in_hand.tell()
        self._want_paper()

    def _not_printed(self, case: Case, kinds: tuple[str, ...], problem: Problem) -> None:
        if self._is_left(case, problem):
            return
        for kind in kinds:
            self._show_paper(kind, outcome="failed", words=self._trouble(problem))
        self._turn_to_failed()
        self._in_hand.tell()
        self._want_paper()

    def _turn_to_failed(self) -> None:
        """One that did not come out is looked at: it is what Ctrl+P prints again, one after the other."""
        papers = self._visit.papers
        failed = [kind for kind, paper in papers.items() if paper.outcome == "failed"]
        if failed and self._visit.at not in failed:
            self._visit.at = failed[0]

    def _trouble(self, problem: Problem) -> str:
        return self._in_hand.words(problem).whole

    def _want_paper(self) -> None:
        taken, clerk, at = self._in_hand.visit.taken, self._in_hand.clerk, self._visit.at
        kind = next((one for one in taken.papers if one.value == at), None) if taken else None
        if taken is None or clerk is None or kind is None or self._visit.picture[0] == at:
            return
        case_id, chosen = taken.case.id, kind

        def work() -> QImage:
            return opened(self._do.paper_png(case_id, chosen, clerk))

        self._in_hand.asks.run("paper", work, partial(self._heard_paper, at), lambda _: None)

    def _heard_paper(self, kind: str, picture: QImage) -> None:
        self._visit.picture = (kind, picture)
        self._in_hand.tell()

    # --- the state ------------------------------------------------------------------------------------------------

    def panel(self) -> PanelState:
        """The panel as it was, with nothing missing any more."""
        return replace(self._visit.panel, missing=(), begun=False)

    def made(self, case: Case) -> ReceiptState:
        """What the view shows of the case."""
        here = self._visit
        return ReceiptState(
            number=case.number,
            headline=say(HEADLINES.get(case.state.value, "已办理")),
            advice=self._advice(case),
            kept_words=say("已存在本机，会自动上报。"),
            papers=tuple(replace(paper, name=say(PAPER_NAMES[kind])) for kind, paper in here.papers.items()),
            current=here.at,
            preview=here.picture[1] if here.picture[0] == here.at else None,
            preview_words=say("正在打开"),
            printing=any(paper.outcome == "printing" for paper in here.papers.values()),
            agent=case.parties.handler.shown_name if self._agent_asked(case) else "",
            agent_kept=case.parties.handler.number == self._in_hand.agent,
        )

    def _advice(self, case: Case) -> str:
        """What the clerk tells the person."""
        shown, catalogue = self._visit.panel, self._in_hand.catalogue
        if case.state.value == "accepted":
            matter = catalogue.find_matter(case.matter, case.matter_version) if catalogue else None
            if matter is not None and matter.limits.immediate:
                return say("请告诉申请人：这是即办件，当场办结。")
            return say("请告诉申请人：承诺 {promised} 前办结。", promised=shown.promised)
        if case.state.value == "received" and catalogue is not None:
            by = deemed_accepted_on(self._do.today(), catalogue.pack.calendar)
            return say(
                "请告诉申请人：{organ}最迟 {day} 答复是否受理；凭这个号码或凭条上的二维码查进度。",
                organ=shown.decided_by,
                day=wording.day(by),
            )
        if case.state.value == "to_supplement" and case.asked is not None and case.asked.until is not None:
            return say("请申请人在 {day} 前补齐，材料齐了才开始计时。", day=wording.day(case.asked.until))
        return say("请把通知书交给申请人。")
