"""What the clerk has in hand: the draft on the screen, and the deeds that are done to it one after another.

Every step's model stands on this and on no other step. It knows what all of them need: who sits here, what is offered
here, the draft with what is typed into it, and the banner.

Deeds are done in their order, each on what the one before left; a scan runs beside them. Whatever comes back is the
draft as it is stored, with all that both did: the newest is shown.
What is typed is kept here until it is saved, so nothing on the screen ever goes back.
A deed belongs to the draft that was on the screen when it was asked for, and lands there, wherever that is by then.
What was only asked (a card, offers, pictures) goes with the draft: it is not heard once another one is on the screen.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.flow.draft import Draft, Step
from app.flow.finish import TakenIn
from app.matters.catalogue import Catalogue
from app.problems import ProblemWords, words_for
from contract.form import fields
from contract.matter import Matter
from contract.person import Clerk
from contract.problem import Problem, Retry
from ui.form_words import label_of
from ui.pages.intake.deeds import IntakeDeeds
from ui.tasks import Post, Tasks
from ui.widgets.banner import BannerShown
from ui.words import say

SAVE_AFTER = 600  # milliseconds after the last key until what was typed is saved
LATEST_ONLY = ("answers", "step")  # of these one that waits is replaced by the next


@dataclass(frozen=True)
class Scan:
    """Pages are coming in, into this material of this draft, whether it is on the screen or not (U12)."""

    draft: str
    code: str
    pages: int = 0


@dataclass(frozen=True)
class _Deed:
    """One thing to do to a draft. `work` answers a Draft, (Draft, more) or something else entirely."""

    name: str
    work: Callable[[Draft], Any]
    then: Callable[[Any], None] | None = None
    of: str = ""  # the draft's id; empty where another draft comes onto the screen
    ends: bool = False  # the draft is over with it: the answer is not a draft of the same case
    undone: Callable[[Problem], None] | None = None  # heard where the draft is on the screen
    quiet: str = ""  # code of a problem that is nothing to speak of


@dataclass(repr=False, slots=True)
class Visit:
    """What belongs to the person who is served: replaced as a whole when the next one comes (U12)."""

    draft: Draft | None = None
    banner: BannerShown = field(default_factory=BannerShown)
    typed: dict[str, Any] = field(default_factory=dict)  # answers that are not saved yet
    touched: set[str] = field(default_factory=set)  # fields that were gone on from: their mistakes may be shown
    saved_words: str = ""
    working: str = ""  # 正在受理
    printing_form: bool = False  # on paper or on a screen, to be signed
    taken: TakenIn | None = None  # the case that the draft has become


class InHand(QObject):
    """Holds one visit at a time, `visit`, and the clerk's queue of deeds.

    Signals:
        told: Something that is shown has changed.
        came_in: The draft on the screen came back as it is stored now.
        undone: A deed was not done; why has been told.
    """

    told = Signal()
    came_in = Signal()
    undone = Signal()

    def __init__(self, deeds: IntakeDeeds, post: Post, language: Callable[[], str], parent: QObject) -> None:
        super().__init__(parent)
        self._do = deeds
        self.language = language
        self.tasks = Tasks(post, self.problem, self)
        self.asks = Tasks(post, self.problem, self)  # for the draft on the screen, and not heard after it
        self.clerk: Clerk | None = None
        self.agent = ""  # number of the handler whom this clerk called themself: a village agent
        self.names: dict[str, str] = {}
        self.away = False  # the screen is locked
        self.catalogue: Catalogue | None = None
        self.areas: tuple[tuple[str, str], ...] = ()
        self.scan: Scan | None = None
        self.visit = Visit()
        self._carried = BannerShown()
        self._queue: list[_Deed] = []
        self._running: _Deed | None = None
        self._over = threading.Event()  # set when the running deed is done
        self._save = QTimer(self, singleShot=True, interval=SAVE_AFTER)
        self._save.timeout.connect(self.flush)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.tell)

    # --- what there is --------------------------------------------------------------------------------------------

    @property
    def draft(self) -> Draft | None:
        """The intake that is on the screen."""
        return self.visit.draft

    @property
    def answers(self) -> dict[str, Any]:
        """What stands in the form, saved or not."""
        return {**self.draft.answers, **self.visit.typed} if self.draft else {}

    @property
    def switching(self) -> bool:
        """Whether another draft is about to come onto the screen."""
        return any(deed is not None and not deed.of for deed in (self._running, *self._queue))

    @property
    def scanning_into(self) -> str:
        """The material of the draft on the screen that pages are coming into."""
        return self.scan.code if self.scan and self.draft and self.scan.draft == self.draft.id else ""

    # --- who sits here --------------------------------------------------------------------------------------------

    def sign_in(self, clerk: Clerk) -> bool:
        """A clerk sits down. Returns whether it is another one than before."""
        before, self.clerk, self.away = self.clerk, clerk, False
        self.names = {clerk.id: clerk.name}
        another = before is None or before.id != clerk.id
        if another:
            self.agent = ""
        return another

    def sign_out(self) -> None:
        """Nobody sits here; what waits to be done to the draft is done unheard."""
        self.clerk = None
        rest, self._queue = [deed for deed in self._queue if deed.of and not deed.ends], []
        if rest:
            over = self._over

            def do_all() -> None:
                over.wait()
                for deed in rest:
                    with contextlib.suppress(Problem):
                        deed.work(self._do.stored(deed.of))

            self.tasks.run("rest", do_all, lambda _: None)

    def refresh_catalogue(self) -> None:
        """The pack or the language changed."""
        self.tasks.ask_again("catalogue", self._do.catalogue, self._heard_catalogue)

    def _heard_catalogue(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        tree = catalogue.tree
        self.areas = tuple((code, tree.path_name(code)) for code in sorted(tree.by_code))
        self.tell()

    # --- telling --------------------------------------------------------------------------------------------------

    def tell(self) -> None:
        """Something changed: say everything again."""
        self._soon.stop()
        self.told.emit()

    def tell_soon(self) -> None:
        """Once for all that comes in one turn of the event loop: pages and pictures come faster than they are drawn."""
        if not self._soon.isActive():
            self._soon.start()

    def labels(self, matter: Matter | None) -> dict[str, str]:
        """What the fields of the matter's form are called, by name."""
        language = self.language()
        return {control.name: label_of(control, language) for control in fields(matter.form)} if matter else {}

    def words(self, problem: Problem) -> ProblemWords:
        """The words of a problem in the language of the moment."""
        return words_for(problem, self.language())

    def problem(self, problem: Problem) -> None:
        """Say it in the banner, also in the next draft's where that is on its way."""
        words = self.words(problem)
        if words.loud != "quiet":
            tone = "warn" if problem.retry is Retry.AGAIN else "bad"
            self.visit.banner = BannerShown(words.title, words.remedy, tone)
            if self.switching:
                self._carried = self.visit.banner
        self.tell()

    def carry(self, banner: BannerShown) -> None:
        """What the next draft's banner says of the one before."""
        self._carried = banner

    # --- typing ---------------------------------------------------------------------------------------------------

    def type_answer(self, name: str, value: Any) -> None:
        """A field of the form changed. Shown at once, saved a moment later."""
        self.visit.typed[name] = value
        self._save.start()
        self.tell()

    def begin_form(self) -> None:
        """Another form: nothing is typed into it yet."""
        self.visit.typed, self.visit.touched = {}, set()

    def flush(self) -> None:
        """Save what was typed."""
        self._save.stop()
        if not self.visit.typed or self.draft is None:
            return
        sent = dict(self.visit.typed)

        def work(draft: Draft) -> Draft:
            return self._do.with_answers(draft, {**draft.answers, **sent})

        self.deed("answers", work, lambda _: self._answers_saved(sent))

    def _answers_saved(self, sent: Mapping[str, Any]) -> None:
        typed = self.visit.typed
        self.visit.typed = {name: value for name, value in typed.items() if name not in sent or sent[name] != value}

    # --- deeds, one after another ---------------------------------------------------------------------------------

    def deed(
        self,
        name: str,
        work: Callable[[Draft], Any],
        then: Callable[[Any], None] | None = None,
        undone: Callable[[Problem], None] | None = None,
        quiet: str = "",
    ) -> None:
        """Queue a deed on the draft on the screen. One that waits under the same name is replaced if it can be."""
        draft = self.draft
        if draft is None:
            return
        waits = self._queue[-1] if self._queue else None
        if name in LATEST_ONLY and waits is not None and (waits.name, waits.of) == (name, draft.id):
            self._queue.pop()
        self._add(_Deed(name, work, then, of=draft.id, undone=undone, quiet=quiet))

    def end(self, work: Callable[[Draft], TakenIn], then: Callable[[TakenIn], None]) -> None:
        """Queue what makes a case of the draft on the screen."""
        if self.draft is not None:
            self._add(_Deed("end", work, then, of=self.draft.id, ends=True))

    def switch(self, name: str, work: Callable[[], Draft], then: Callable[[Draft], None]) -> None:
        """Another draft comes onto the screen, after what is still to be done to this one."""
        self._add(_Deed(name, lambda _: work(), then, ends=True))

    def go_to(self, step: Step) -> None:
        """The draft is at this step: at once; saved behind."""
        if self.draft is not None:
            self.visit.draft = self.draft.model_copy(update={"step": step})
            self.deed("step", lambda draft: self._do.to_step(draft, step))

    def take_up(self, draft: Draft) -> None:
        """A draft begins or comes back; everything of the one before is forgotten."""
        self.asks.drop_all()
        self.visit = Visit(draft, self._carried)
        self._carried = BannerShown()

    def come_in(self, result: Draft) -> None:
        """A draft came back: the newest that was stored is shown. The step is where the clerk went meanwhile."""
        mine = self.draft
        if mine is None or mine.id != result.id or result.revision < mine.revision:
            return
        steps = (deed for deed in (self._running, *self._queue) if deed is not None and deed.name == "step")
        on_the_way = any(deed.of == mine.id for deed in steps)
        self.visit.draft = result.model_copy(update={"step": mine.step}) if on_the_way else result
        self.came_in.emit()

    def _add(self, deed: _Deed) -> None:
        self._queue.append(deed)
        self._next_deed()

    def _next_deed(self) -> None:
        if self._running is not None or not self._queue:
            return
        deed = self._running = self._queue.pop(0)
        here = self.draft if self._is_here(deed) else None
        over = self._over = threading.Event()

        def work() -> Any:
            try:
                base = self._do.stored(deed.of) if here is None and deed.of else here
                return deed.work(base)  # type: ignore[arg-type]  # None only for what begins a draft
            finally:
                over.set()

        self.tasks.run("deed", work, partial(self._done, deed), partial(self._undone, deed))

    def _is_here(self, deed: _Deed) -> bool:
        """Whether the deed's draft is on the screen."""
        return self.draft is not None and self.draft.id == deed.of

    def _done(self, deed: _Deed, result: Any) -> None:
        self._running = None
        more = result
        if not deed.ends:
            draft, more = result if isinstance(result, tuple) else (result, None)
            self.come_in(draft)
        if not deed.of or self._is_here(deed):
            if not deed.ends:
                self.visit.saved_words = say("已保存")
            if deed.then is not None:
                deed.then(more)
        self._next_deed()
        self.tell()

    def _undone(self, deed: _Deed, problem: Problem) -> None:
        self._running = None
        if self._is_here(deed):
            self.visit.working, self.visit.printing_form = "", False
            if deed.undone is not None:
                deed.undone(problem)
            if problem.code == "intake.page_came":  # it is to be seen before F9 is pressed again
                self._queue.insert(0, _Deed("stored", lambda _: self._do.stored(deed.of), of=deed.of))
        if problem.code != deed.quiet:
            self.problem(problem)
        self._next_deed()
        self.undone.emit()
