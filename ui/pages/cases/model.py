"""The model behind to do, pick-up and search: which list, which case, which act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.cases.lists import CaseLine, CaseShown, TodoItem
from app.flow.printing import Printed
from app.papers.paper import PaperKind
from contract.case import CHINA, Case, Flag, Kind, State
from contract.person import Clerk, Tie, masked
from contract.problem import Problem
from ui.pages.cases.view import ActShown, CasesState, CaseState
from ui.problems import words_for
from ui.tasks import Post, Tasks
from ui.widgets.field import Asked
from ui.widgets.table import Cell, Row
from ui.words import say

STATES: dict[State, tuple[str, str]] = {
    State.DRAFT: ("草稿", ""),
    State.RECEIVED: ("已收件", "info"),
    State.TO_SUPPLEMENT: ("待补正", "warn"),
    State.ACCEPTED: ("已受理", "info"),
    State.IN_REVIEW: ("办理中", "info"),
    State.APPROVED: ("准予", "ok"),
    State.REFUSED: ("不予批准", "bad"),
    State.DECLINED: ("不予受理", "bad"),
    State.WITHDRAWN: ("已撤回", ""),
    State.VOIDED: ("已作废", "bad"),
    State.DELIVERED: ("已送达", "ok"),
    State.ARCHIVED: ("已归档", ""),
}
FLAGS = {
    Flag.PROMISED: "容缺待补",
    Flag.SUSPENDED: "特别程序中",
    Flag.EXTENDED: "已延期",
    Flag.MATERIALS_PENDING: "材料未传齐",
    Flag.SEAL_PENDING: "待签章",
    Flag.CORRECTED: "已更正",
}
KINDS = {
    Kind.OPEN: "申请",
    Kind.CONFIRM_PERSON: "人证一致",
    Kind.RECEIVE: "收件",
    Kind.ASK_SUPPLEMENT: "一次性告知补正",
    Kind.SUPPLEMENT: "补正",
    Kind.ACCEPT: "受理",
    Kind.DECLINE: "不予受理",
    Kind.REVIEW: "开始办理",
    Kind.SUSPEND: "特别程序",
    Kind.RESUME: "恢复计时",
    Kind.EXTEND: "延期",
    Kind.APPROVE: "准予",
    Kind.REFUSE: "不予批准",
    Kind.CORRECT: "更正",
    Kind.VOID: "作废",
    Kind.WITHDRAW: "撤回",
    Kind.SEAL: "签章",
    Kind.DELIVER: "送达",
    Kind.ARCHIVE: "归档",
}
WHYS = {
    "overdue": ("已超期", "bad"),
    "due_soon": ("快到期", "warn"),
    "deemed_soon": ("明天视为受理", "warn"),
    "supplement": ("等补正", "warn"),
    "promise": ("容缺待补", "warn"),
    "hand_over": ("结果可取", "ok"),
}
STANDINGS = {
    "waiting": ("待上报", "info"),
    "sending": ("正在上报", "info"),
    "acknowledged": ("已送到", "info"),
    "matched": ("", ""),
    "held": ("需处理", "bad"),
}
FIND_AFTER = 200  # milliseconds after the last key


@dataclass(frozen=True)
class CaseDeeds:
    """What these pages ask of the desk. All may block."""

    listed: Callable[[str, Clerk], tuple[CaseLine, ...] | tuple[TodoItem, ...]]
    shown: Callable[[str, Clerk], CaseShown]
    deliver: Callable[[str, Clerk, str], Case]
    void: Callable[[str, Clerk, str], Case]
    withdraw: Callable[[str, Clerk, str], Case]
    correct: Callable[[str, Clerk, str, str], Case]  # reason, telephone
    accept: Callable[[str, Clerk], Case]
    print_papers: Callable[[str, tuple[PaperKind, ...], Clerk, bool], tuple[Printed, ...]]


class CasesModel(QObject):
    """Holds one list of cases and the case that is looked at.

    Signals:
        changed: The CasesState.
        counted: How many lines the list has.
        supplement_wanted: The id of a case whose materials are to be opened.
    """

    changed = Signal(object)
    supplement_wanted = Signal(str)
    counted = Signal(int)

    def __init__(
        self,
        deeds: CaseDeeds,
        post: Post,
        language: Callable[[], str],
        empty: tuple[str, str],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._do, self._language, self._empty = deeds, language, empty
        self._tasks = Tasks(post, self._problem, self)
        self._clerk: Clerk | None = None
        self._away = False  # the screen is locked: nothing is drawn
        self._lines: tuple[CaseLine | TodoItem, ...] = ()
        self._case: CaseShown | None = None
        self._wait = QTimer(self, singleShot=True, interval=FIND_AFTER)
        self._wait.timeout.connect(self.refresh)
        self.state = CasesState()

    def sign_in(self, clerk: Clerk) -> None:
        """A clerk sits down. Who only locked the screen finds everything as it was."""
        same, self._clerk, self._away = self._clerk == clerk, clerk, False
        if not same:
            self._case, self._lines = None, ()
            self.state = CasesState()
        self.changed.emit(self.state)
        self.refresh()

    def lock(self) -> None:
        """Nothing is seen any more; it is kept for who comes back."""
        self._away = True
        self.changed.emit(CasesState())

    def search(self, text: str) -> None:
        """Look a moment after the last key."""
        self._set(replace(self.state, text=text))
        self._wait.start()

    def refresh(self) -> None:
        """Ask for the list again, and for the case that is open."""
        clerk, text = self._clerk, self.state.text
        if clerk is None or self._away:
            return
        self._wait.stop()
        self._set(replace(self.state, loading=not self._lines))
        self._tasks.run("list", lambda: self._do.listed(text, clerk), self._listed)
        if self._case is not None:
            self.open(self._case.case.id)

    def open(self, case_id: str) -> None:
        """Show this case."""
        clerk = self._clerk
        if clerk is not None:
            self._tasks.run("case", lambda: self._do.shown(case_id, clerk), self._opened)

    def open_scanned(self, text: str, case_id: str) -> None:
        """A barcode came from the scanner: its case, in this list."""
        self._set(replace(self.state, text=text))
        self.refresh()
        self.open(case_id)

    def banner_read(self) -> None:
        self._set(replace(self.state, banner=("", "", "bad")))

    # --- acts -----------------------------------------------------------------------------------------------------

    def act(self, key: str) -> None:
        """An act was asked for: print at once, or ask what it needs."""
        if self._case is None:
            return
        if key.startswith("print:"):
            self._print(PaperKind(key.partition(":")[2]))
            return
        case = self._case.case
        if key == "supplement":
            self.supplement_wanted.emit(case.id)
            return
        parties = case.parties
        reason = Asked("reason", "理由", "long_text", True)
        questions: dict[str, tuple[str, str, tuple[Asked, ...], dict[str, str]]] = {
            "deliver": (
                say("把结果交给谁？核对证件后确定。"),
                "确定送达",
                (Asked("receiver", "领取人", required=True),),
                {"receiver": parties.handler.shown_name},
            ),
            "accept": (say("受理后开始计时。"), "确定受理", (), {}),
            "void": (say("作废后这个号码不再使用，已打印的纸面失效。"), "确定作废", (reason,), {}),
            "withdraw": (say("申请人要求撤回。"), "确定撤回", (reason,), {}),
            "correct": (
                say("更正后旧纸面作废，新纸面会写明代替哪一张。"),
                "确定更正",
                (Asked("phone", "联系电话"), reason),
                {"phone": case.phone},
            ),
        }
        words, button, asked, given = questions[key]
        self._set(
            replace(
                self.state,
                case=replace(
                    self.state.case, asking=key, ask_words=words, ask_button=button, asked=asked, given=given, wrong=""
                ),
            )
        )

    def drop(self) -> None:
        """Close the question."""
        self._set(replace(self.state, case=replace(self.state.case, asking="", wrong="", working=False)))

    def type_answer(self, given: Mapping[str, str]) -> None:
        """What stands in the open question: it is there again after the screen was locked, but for passwords."""
        kept = {one.name: given.get(one.name, "") for one in self.state.case.asked if one.kind != "secret"}
        self.state = replace(self.state, case=replace(self.state.case, given=kept))

    def give(self, given: Mapping[str, str]) -> None:
        """The question was answered: do it."""
        clerk, case, key = self._clerk, self._case, self.state.case.asking
        if clerk is None or case is None or not key:
            return
        asked = "receiver" if key == "deliver" else "reason"
        text = str(given.get(asked, "")).strip()
        if not text and key != "accept":
            wrong = say("请写领取人。") if key == "deliver" else say("请写明理由。")
            self._set(replace(self.state, case=replace(self.state.case, wrong=wrong)))
            return
        case_id = case.case.id
        works: dict[str, Callable[[], Case]] = {
            "deliver": lambda: self._do.deliver(case_id, clerk, text),
            "accept": lambda: self._do.accept(case_id, clerk),
            "void": lambda: self._do.void(case_id, clerk, text),
            "withdraw": lambda: self._do.withdraw(case_id, clerk, text),
            "correct": lambda: self._do.correct(case_id, clerk, text, str(given.get("phone", "")).strip()),
        }
        self._set(replace(self.state, case=replace(self.state.case, working=True, wrong="")))
        self._tasks.run("act", works[key], self._acted, self._refused)

    def _acted(self, case: Case) -> None:
        words, _ = STATES[case.state]
        self.drop()
        title = say("{number} {state}", number=case.number, state=say(words))
        self._set(replace(self.state, banner=(title, "", "ok")))
        self.refresh()

    def _refused(self, problem: Problem) -> None:
        words = words_for(problem, self._language())
        wrong = f"{words.title}。{words.remedy}"
        self._set(replace(self.state, case=replace(self.state.case, wrong=wrong, working=False)))

    def _print(self, kind: PaperKind) -> None:
        clerk, case = self._clerk, self._case
        if clerk is not None and case is not None:
            case_id = case.case.id
            self._tasks.run("print", lambda: self._do.print_papers(case_id, (kind,), clerk, True), self._printed)

    def _printed(self, printed: tuple[Printed, ...]) -> None:
        for one in printed:
            if one.problem is not None:
                self._problem(one.problem)
            elif one.outcome == "done":
                self._set(replace(self.state, banner=(say("副本已打印"), "", "ok")))
            else:
                self._set(replace(self.state, banner=(say("请看一下副本是否打出"), "", "warn")))

    # --- what came back -------------------------------------------------------------------------------------------

    def _listed(self, lines: tuple[Any, ...]) -> None:
        self._lines = lines
        rows = tuple(_todo_row(one) if isinstance(one, TodoItem) else _case_row(one) for one in lines)
        empty = (say("没有找到"), say("换一个号码或姓名试试。")) if self.state.text else tuple(map(say, self._empty))
        self._set(replace(self.state, rows=rows, loading=False, empty=(empty[0], empty[1])))
        self.counted.emit(len(rows))

    def _opened(self, shown: CaseShown) -> None:
        same = self._case is not None and self._case.case.id == shown.case.id
        self._case = shown
        made = case_state(shown, self._language())
        if same and self.state.case.asking:
            old = self.state.case
            made = replace(
                made,
                asking=old.asking,
                asked=old.asked,
                given=old.given,
                ask_words=old.ask_words,
                ask_button=old.ask_button,
                wrong=old.wrong,
                working=old.working,
            )
        self._set(replace(self.state, case=made))

    def say_again(self) -> None:
        """The language changed."""
        self._listed(self._lines)
        if self._case is not None:
            self._opened(self._case)

    def _problem(self, problem: Problem) -> None:
        words = words_for(problem, self._language())
        self._set(replace(self.state, loading=False, banner=(words.title, words.remedy, "bad")))

    def _set(self, state: CasesState) -> None:
        if state != self.state:
            self.state = state
            if not self._away:
                self.changed.emit(state)


def case_state(shown: CaseShown, language: str) -> CaseState:
    """One case in words."""
    case, view = shown.case, shown.view
    words, tone = STATES[case.state]
    parties = case.parties
    rows = [(say("事项"), view.matter.name), (say("申请人"), parties.applicant.shown_name)]
    if parties.tie is not Tie.SELF:
        rows.append((say("经办人"), parties.handler.shown_name))
    rows += [
        (say("证件号码"), masked(parties.applicant.number)),
        (say("联系电话"), case.phone),
        (say("办理机关"), view.department.name if view.department else ""),
        (say("收件地点"), view.node_path),
    ]
    if case.decision is not None:
        rows.append((say("决定"), case.decision.opinion))
        if case.decision.document:
            rows.append((say("文号"), case.decision.document))
    if case.asked is not None and case.state is State.TO_SUPPLEMENT:
        names = {rule.code: rule.name for rule in view.matter.materials}
        for item in case.asked.items:
            what = "：".join(part for part in (names.get(item.material, ""), item.what) if part)
            rows.append((say("要补正"), what))
    if case.declined is not None:
        rows.append((say("理由"), case.declined.reason))
    if case.voided is not None:
        rows.append((say("作废理由"), case.voided.reason))
    dates = [
        (say("收件"), _at(case.received_at)),
        (say("受理"), _day(case.accepted_on)),
        (say("承诺办结"), _day(view.clock.promised_due)),
        (say("法定办结"), _day(view.clock.legal_due)),
    ]
    materials = tuple((slot.name, _slot_words(slot)) for slot in case.materials)
    story = tuple(
        (f"{action.at.astimezone(CHINA):%m-%d %H:%M}", f"{say(KINDS[action.kind])} · {action.author.name}")
        for action in view.actions
    )
    held = ("", "")
    if shown.held is not None:
        told = words_for(shown.held, language)
        held = (told.title, told.remedy)
    flags = [say(FLAGS[flag]) for flag in Flag if flag in case.flags]
    if shown.pending:
        flags.append(say("{count} 项未上报", count=shown.pending))
    return CaseState(
        case_id=case.id,
        number=case.number,
        state=say(words),
        tone=tone,
        flags=tuple(flags),
        rows=tuple(rows),
        dates=tuple(dates),
        materials=materials,
        story=story,
        acts=_acts(shown),
        held=held,
    )


def _acts(shown: CaseShown) -> tuple[ActShown, ...]:
    """The main act last, where the hand expects it."""
    case, acts = shown.case, []
    if case.number:
        paper, words = PaperKind.RECEIPT, "打印收件凭证副本"
        if case.state is State.TO_SUPPLEMENT:
            paper, words = PaperKind.SUPPLEMENT, "打印补正告知书副本"
        elif case.declined is not None:
            paper, words = PaperKind.REFUSAL, "打印不予受理通知书副本"
        elif case.accepted_on is not None:
            paper, words = PaperKind.ACCEPTANCE, "打印受理通知书副本"
        acts.append(ActShown(f"print:{paper.value}", words, "Ctrl+P"))
    if Kind.CORRECT in shown.allowed:
        acts.append(ActShown("correct", "更正", "Ctrl+G"))
    if Kind.WITHDRAW in shown.allowed:
        acts.append(ActShown("withdraw", "撤回", "Ctrl+U"))
    if Kind.VOID in shown.allowed:
        acts.append(ActShown("void", "作废", "Ctrl+K", "danger"))
    if Kind.SUPPLEMENT in shown.allowed and (case.state is State.TO_SUPPLEMENT or Flag.PROMISED in case.flags):
        acts.append(ActShown("supplement", "补正", "F4", "primary"))
    if Kind.ACCEPT in shown.allowed:
        acts.append(ActShown("accept", "受理", "F8", "primary"))
    if Kind.DELIVER in shown.allowed:
        acts.append(ActShown("deliver", "送达", "F9", "primary"))
    return tuple(acts)


def _case_row(line: CaseLine) -> Row:
    words, tone = STATES[line.state]
    standing, standing_tone = STANDINGS.get(line.standing.value, ("", "")) if line.standing else ("", "")
    return Row(
        line.case_id,
        (
            Cell(line.number or "—", bold=True),
            Cell(line.matter),
            Cell(line.applicant),
            Cell(say(words), tone or "plain"),
            Cell(_at(line.received_at), muted=True),
            Cell(say(standing) if standing else "", standing_tone),
        ),
    )


def _todo_row(item: TodoItem) -> Row:
    words, tone = WHYS[item.why]
    return Row(
        item.case_id,
        (
            Cell(item.number or "—", bold=True),
            Cell(item.matter),
            Cell(item.applicant),
            Cell(say(words), tone),
            Cell(_day(item.due), muted=True),
        ),
    )


def _slot_words(slot: Any) -> str:
    if slot.present:
        fronts, backs = slot.sides
        return say("{fronts} 正 / {backs} 反", fronts=fronts, backs=backs) if slot.pages else say("已核验")
    return say("容缺至 {day}", day=_day(slot.promised_until)) if slot.promised_until else say("缺")


def _at(moment: datetime | None) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}" if moment else ""


def _day(on: date | None) -> str:
    return on.isoformat() if on else ""
