"""The model behind to do, pick-up and search: which list, which case, which act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.cases.correction import Correctable, Preview
from app.cases.lists import CaseLine, CaseShown, TodoItem
from app.flow.printing import Printed, papers_after
from app.papers.paper import TITLES, PaperKind
from app.problems import words_for
from contract.case import Case, Ground, Kind, SupplementItem
from contract.person import Clerk
from contract.problem import Problem
from ui.case_words import STATES
from ui.notice_words import items_told, read_refusal, read_supplement
from ui.pages.cases import writing
from ui.pages.cases.correcting import CorrectionShown
from ui.pages.cases.view import CasesState, CaseState
from ui.pages.cases.wording import case_row, case_state, todo_row
from ui.pages.cases.writing import Written
from ui.tasks import Post, Tasks
from ui.widgets.field import Asked
from ui.widgets.telling import RefusalShown, SupplementShown, ToldItem
from ui.words import say

FIND_AFTER = 200  # milliseconds after the last key
QUESTION = ("asking", "asked", "given", "ask_words", "ask_button", "ask_facts", "ask_stop", "wrong", "working")
WRITTEN = {"ask_supplement": Kind.ASK_SUPPLEMENT, "decline": Kind.DECLINE, "correct": Kind.CORRECT}
"""The acts that are written in the middle of the page before they are done."""


@dataclass(frozen=True)
class Credentials:
    """What a supervisor typed who stands by an act. Passed on at once and kept nowhere."""

    username: str
    password: str
    code: str = ""

    def __repr__(self) -> str:
        return "Credentials(…)"


@dataclass(frozen=True)
class CaseDeeds:
    """What these pages ask of the desk. All may block."""

    listed: Callable[[str, Clerk], tuple[CaseLine, ...] | tuple[TodoItem, ...]]
    shown: Callable[[str, Clerk], CaseShown]
    deliver: Callable[[str, Clerk, str], Case]
    void: Callable[[str, Clerk, str, Credentials | None], Case]
    withdraw: Callable[[str, Clerk, str], Case]
    correctable: Callable[[str, Clerk], Correctable]
    correct: Callable[[str, Clerk, str, Preview, Credentials | None], Case]
    accept: Callable[[str, Clerk], Case]
    ask_supplement: Callable[[str, Clerk, tuple[SupplementItem, ...], date], Case]
    decline: Callable[[str, Clerk, Ground, str, str], Case]
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
        self._at = ""  # the case that is open, or about to be
        self._wait = QTimer(self, singleShot=True, interval=FIND_AFTER)
        self._wait.timeout.connect(self.refresh)
        self._writings: dict[tuple[str, str], Written] = {}  # by case and act
        self.state = CasesState()

    def sign_in(self, clerk: Clerk) -> None:
        """A clerk sits down. Who only locked the screen finds everything as it was."""
        same, self._clerk, self._away = self._clerk == clerk, clerk, False
        if not same:
            self._tasks.drop("list")
            self._tasks.drop("case")
            self._case, self._at, self._lines, self._writings = None, "", (), {}
            self.state = CasesState()
        self.changed.emit(self.state)
        self.refresh()

    def lock(self) -> None:
        """Nothing is seen any more; it is kept for who comes back."""
        self._away = True
        self.changed.emit(CasesState())

    def search(self, text: str) -> None:
        """Look a moment after the last key."""
        self._tasks.drop("list")  # it was about other words
        self._set(replace(self.state, text=text))
        self._wait.start()

    def refresh(self) -> None:
        """Ask for the list again, and for the case that is open."""
        clerk, text = self._clerk, self.state.text
        if clerk is None or self._away:
            return
        self._wait.stop()
        self._set(replace(self.state, loading=not self._lines))
        self._tasks.ask_again("list", lambda: self._do.listed(text, clerk), partial(self._listed, text))
        if self._at:
            self._tasks.ask_again("case", partial(self._do.shown, self._at, clerk), self._opened, self._not_opened)

    def open(self, case_id: str) -> None:
        """Show this case."""
        clerk = self._clerk
        if clerk is not None:
            self._at = case_id
            self._tasks.run("case", lambda: self._do.shown(case_id, clerk), self._opened, self._not_opened)

    def open_scanned(self, text: str, case_id: str) -> None:
        """A barcode came from the scanner: its case, in this list."""
        self._tasks.drop("list")
        self._set(replace(self.state, text=text))
        self.refresh()
        self.open(case_id)

    def banner_read(self) -> None:
        self._set(replace(self.state, banner=("", "", "bad")))

    # --- acts -----------------------------------------------------------------------------------------------------

    def act(self, key: str) -> None:
        """An act was asked for: print at once, or ask what it needs."""
        clerk, shown = self._clerk, self._case
        if shown is None or clerk is None:
            return
        case = shown.case
        if key.startswith("print:"):
            self._print(PaperKind(key.partition(":")[2]))
        elif key == "supplement":
            self.supplement_wanted.emit(case.id)
        elif key == "correct":
            self._tasks.run("lay out", lambda: self._do.correctable(case.id, clerk), self._laid_out)
        elif key in WRITTEN:
            self._write(key)
        else:
            self._ask(key)

    def _ask(self, key: str, code_needed: bool = False) -> None:
        """Open a question beside the case."""
        assert self._case is not None
        case = self._case.case
        reason = Asked("reason", "理由", "long_text", True)
        receiver = Asked("receiver", "领取人", required=True)
        questions: dict[str, tuple[str, str, tuple[Asked, ...], dict[str, str]]] = {
            "deliver": (
                say("把结果交给谁？核对证件后确定。"),
                "确定送达",
                (receiver,),
                {"receiver": case.parties.handler.shown_name},
            ),
            "accept": (say("受理后开始计时。"), "确定受理", (), {}),
            "void": (say("作废后这个号码不再使用，已打印的纸面失效。"), "确定作废", (reason,), {}),
            "withdraw": (say("申请人要求撤回。"), "确定撤回", (reason,), {}),
            "correct": (say("更正后旧纸面作废，新纸面会写明代替哪一张。"), "更正并重打", (reason,), {}),
        }
        words, button, asked, given = questions[key]
        if key in ("void", "correct") and Kind(key) in self._case.supervised:
            words = f"{words}{say('已过收件当日，要请主管在旁，输入自己的账号和密码。')}"
            asked += (Asked("supervisor", "主管账号", required=True), Asked("password", "主管密码", "secret", True))
            asked += (Asked("code", "动态验证码", required=True),) if code_needed else ()
        made = replace(
            self.state.case,
            asking=key,
            ask_words=words,
            ask_button=button,
            asked=asked,
            given={**given, **self._written(key).question},
            ask_facts=(),
            ask_stop="",
            wrong="",
            working=False,
        )
        self._set(replace(self.state, case=made, work=key if key in WRITTEN else ""))

    def drop(self) -> None:
        """Close the question. What was written stays for when it is opened again."""
        made = replace(self.state.case, asking="", ask_button="", ask_facts=(), ask_stop="", wrong="", working=False)
        self._set(replace(self.state, case=made, work=""))

    def type_answer(self, given: Mapping[str, str]) -> None:
        """What stands in the open question: it is there again after the screen was locked, but for passwords."""
        asking = self.state.case.asking
        kept = {one.name: given.get(one.name, "") for one in self.state.case.asked if one.kind != "secret"}
        self.state = replace(self.state, case=replace(self.state.case, given=kept))
        if self._case is not None and asking:
            self._writings[self._case.case.id, asking] = replace(self._written(asking), question=kept)

    def give(self, given: Mapping[str, str]) -> None:
        """The question was answered: do it."""
        clerk, shown, key = self._clerk, self._case, self.state.case.asking
        if clerk is None or shown is None or not key:
            return
        self.type_answer(given)
        needed = (one for one in self.state.case.asked if one.required)
        lacking = next((one for one in needed if not str(given.get(one.name, "")).strip()), None)
        if lacking is not None:
            words = {"receiver": "请写领取人。", "reason": "请写明理由。"}.get(lacking.name, "请主管输入账号和密码。")
            self._wrong(say(words))
            return
        case_id, text = shown.case.id, str(given.get("receiver", given.get("reason", ""))).strip()
        stands_by = None
        if "supervisor" in given:
            stands_by = Credentials(given["supervisor"], given["password"], given.get("code", ""))
        made = self._written("correct").made
        if key == "correct" and not self._may_correct(made):
            return
        works: dict[str, Callable[[], Case]] = {
            "deliver": lambda: self._do.deliver(case_id, clerk, text),
            "accept": lambda: self._do.accept(case_id, clerk),
            "void": lambda: self._do.void(case_id, clerk, text, stands_by),
            "withdraw": lambda: self._do.withdraw(case_id, clerk, text),
            "correct": lambda: self._do.correct(case_id, clerk, text, made, stands_by),
        }
        self._run(key, works[key])

    def _run(self, key: str, work: Callable[[], Case]) -> None:
        clerk = self._clerk
        if clerk is not None:
            self._set_case(working=True, wrong="")
            self._tasks.run("act", work, lambda case: self._acted(key, clerk, case), self._refused)

    def _acted(self, key: str, clerk: Clerk, case: Case) -> None:
        """It is done and kept; then its papers are printed."""
        self._writings.pop((case.id, key), None)
        self.drop()
        done = say("{number} {state}", number=case.number, state=say(STATES[case.state]))
        if key == "correct":
            done = say("{number} 已更正", number=case.number)
        self._set(replace(self.state, banner=(done, say("已存在本机，会自动上报。"), "ok")))
        self.refresh()
        papers = (PaperKind.ACCEPTANCE,) if key == "accept" else papers_after(case) if key in WRITTEN else ()
        if papers:

            def work() -> tuple[Printed, ...]:
                return self._do.print_papers(case.id, papers, clerk, False)

            self._tasks.run("print", work, lambda printed: self._came_out(done, printed))

    def _came_out(self, done: str, printed: tuple[Printed, ...]) -> None:
        """What became of the papers of an act: it stands, whatever the printer does."""
        title, remedy, tone = done, say("已存在本机，会自动上报。"), "ok"
        for one in printed:
            paper = say(TITLES[one.kind])
            if one.problem is not None:
                words = words_for(one.problem, self._language())
                title, tone = f"{done} · {say('{paper}没有打出', paper=paper)}", "warn"
                remedy = f"{words.title}。{words.remedy}{say('修好后按 Ctrl+P 再打。')}"
            elif one.outcome != "done":
                title, tone = f"{done} · {say('{paper}请看一下是否打出', paper=paper)}", "warn"
            elif tone == "ok":
                title = f"{title} · {say('{paper}已打印', paper=paper)}"
        self._set(replace(self.state, banner=(title, remedy, tone)))

    def _refused(self, problem: Problem) -> None:
        words = words_for(problem, self._language())
        if problem.code == "signin.code_needed":
            self._ask(self.state.case.asking, code_needed=True)
        self._wrong(words.whole)

    def _wrong(self, words: str) -> None:
        self._set_case(wrong=words, working=False)

    # --- what is written before it is done ------------------------------------------------------------------------

    def give_items(self, items: tuple[ToldItem, ...]) -> None:
        """What is to be supplemented, as it stands."""
        self._keep("ask_supplement", items=items)

    def give_until(self, until: str) -> None:
        self._keep("ask_supplement", until=until)

    def ask_supplement(self, items: tuple[ToldItem, ...], until: str) -> None:
        """Tell everything at once."""
        clerk, shown = self._clerk, self._case
        self._keep("ask_supplement", items=items, until=until)
        if clerk is None or shown is None or self.state.case.working:
            return
        case_id, told = shown.case.id, items_told(items)
        last, wrong = read_supplement(items, until)
        if last is None:
            self._wrong(wrong)
            return
        self._run("ask_supplement", lambda: self._do.ask_supplement(case_id, clerk, told, last))

    def type_decline(self, ground: str, reason: str, organ: str) -> None:
        """Why it is not accepted, as it stands."""
        self._keep("decline", ground=ground, reason=reason, organ=organ)

    def decline(self, ground: str, reason: str, organ: str) -> None:
        """不予受理."""
        clerk, shown = self._clerk, self._case
        self._keep("decline", ground=ground, reason=reason, organ=organ)
        if clerk is None or shown is None or self.state.case.working:
            return
        wrong = read_refusal(ground, reason, organ)
        if wrong:
            self._wrong(wrong)
            return
        case_id = shown.case.id
        self._run("decline", lambda: self._do.decline(case_id, clerk, Ground(ground), reason.strip(), organ.strip()))

    def answer(self, name: str, value: Any) -> None:
        """A field of the case's words was changed."""
        given = dict(self._written("correct").given)
        given[name] = value
        self._keep("correct", given=given)

    def leave(self, name: str) -> None:
        """The person has gone on from a field: its mistakes may be shown now."""
        touched = self._written("correct").touched
        if self.state.work == "correct" and name not in touched:
            self._keep("correct", touched=touched | {name})

    def _laid_out(self, laid: Correctable) -> None:
        """The case's words are opened for 更正; what was written before stands in them again."""
        if self._case is not None and laid.case.id == self._case.case.id:
            self._keep("correct", laid=laid)
            self._ask("correct")

    def _may_correct(self, made: Preview) -> bool:
        """Whether the correction can be done; if not, says why."""
        every = (
            {control.name for control in writing.controls_of(laid)} if (laid := self._written("correct").laid) else ()
        )
        self._keep("correct", touched=frozenset(every))
        if made.mistakes:
            self._wrong(writing.mistakes_left(self._written("correct"), made, self._language()))
        elif not made.changes:
            self._wrong(say("没有改动。请先改要更正的内容。"))
        elif made.problem is not None:
            words = words_for(made.problem, self._language())
            self._wrong(words.whole)
        else:
            return True
        return False

    def _write(self, key: str) -> None:
        """Open what is written in the middle of the page."""
        assert self._case is not None
        if key == "ask_supplement" and not self._written(key).until and self._case.supplement_by:
            self._keep(key, until=self._case.supplement_by.isoformat())
        made = replace(self.state.case, asking=key, ask_button="", asked=(), wrong="", working=False)
        self._set(replace(self.state, case=made, work=key))

    def _written(self, key: str) -> Written:
        return self._writings.get((self._case.case.id if self._case else "", key), Written())

    def _keep(self, key: str, **changes: Any) -> None:
        if self._case is not None:
            self._writings[self._case.case.id, key] = replace(self._written(key), **changes)
            self._set(self.state)

    def _set_case(self, **changes: Any) -> None:
        self._set(replace(self.state, case=replace(self.state.case, **changes)))

    def _drawn(self, state: CasesState) -> CasesState:
        """The state with what is being written in it."""
        shown, language = self._case, self._language()
        if shown is None or not state.work:  # what was written is out of the widgets, too
            return replace(state, supplement=SupplementShown(), refusal=RefusalShown(), correction=CorrectionShown())
        written, wrong, working = self._written(state.work), state.case.wrong, state.case.working
        match state.work:
            case "ask_supplement":
                supplement = writing.supplement_shown(shown, written, language, wrong, working)
                return replace(state, supplement=supplement)
            case "decline":
                return replace(state, refusal=writing.refusal_shown(shown, written, language, wrong, working))
            case _:
                made = written.made
                words = words_for(made.problem, language) if made.problem else None
                facts = writing.changes_shown(written, made, language)
                stop = words.whole if words else ""
                return replace(
                    state,
                    correction=writing.correction_shown(written, made, language),
                    case=replace(state.case, ask_facts=facts, ask_stop=stop),
                )

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

    def _listed(self, text: str, lines: tuple[Any, ...]) -> None:
        if text != self.state.listed and self._is_passed_over(lines):
            self._tasks.drop("case")
            self._case, self._at = None, ""
            self._set(replace(self.state, case=CaseState()))
        self._lines = lines
        rows = tuple(todo_row(one) if isinstance(one, TodoItem) else case_row(one) for one in lines)
        empty = (say("没有找到"), say("换一个号码或姓名试试。")) if self.state.text else tuple(map(say, self._empty))
        self._set(replace(self.state, listed=text, rows=rows, loading=False, empty=(empty[0], empty[1])))
        self.counted.emit(len(rows))

    def _is_passed_over(self, lines: tuple[CaseLine | TodoItem, ...]) -> bool:
        """Whether the case that is open is not among what was looked for: nobody must act on it for one that is."""
        if self._case is None or self._at != self._case.case.id or self.state.case.asking or self.state.work:
            return False
        return all(one.case_id != self._at for one in lines)

    def _opened(self, shown: CaseShown) -> None:
        same = self._case is not None and self._case.case.id == shown.case.id
        self._case = shown
        made, old = case_state(shown, self._language()), self.state.case
        if not same:
            self._set(replace(self.state, case=made, work=""))
            return
        wrong = old.wrong
        if old.asking in tuple(Kind) and Kind(old.asking) not in shown.allowed and not old.working:
            wrong = say("这一件刚有新的进展（{state}），这一步现在办不了。写的内容还在。", state=made.state)
        question = {name: getattr(old, name) for name in QUESTION}
        self._set(replace(self.state, case=replace(made, **{**question, "wrong": wrong})))

    def _not_opened(self, problem: Problem) -> None:
        self._at = self._case.case.id if self._case is not None else ""
        self._problem(problem)

    def say_again(self) -> None:
        """The language changed."""
        self._listed(self.state.listed, self._lines)
        if self._case is not None:
            self._opened(self._case)

    def _problem(self, problem: Problem) -> None:
        words = words_for(problem, self._language())
        self._set(replace(self.state, loading=False, banner=(words.title, words.remedy, "bad")))

    def _set(self, state: CasesState) -> None:
        state = self._drawn(state)
        if state != self.state:
            self.state = state
            if not self._away:
                self.changed.emit(state)
