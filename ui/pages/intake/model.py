"""The intake of one clerk: drafts begin, are put aside, come back and become cases, step by step.

What happens within a step is in that step's model; all of them stand on what is in hand. This one knows what follows
what, and puts together the state that the page draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from app.flow.draft import Draft, Step, main_action
from app.flow.finish import TakenIn
from app.flow.steps import DraftSummary
from app.matters.catalogue import Catalogue
from contract.person import Clerk
from contract.problem import Problem, Retry
from ui.pages.intake import wording
from ui.pages.intake.assessment import Assessment
from ui.pages.intake.deeds import IntakeDeeds
from ui.pages.intake.form_model import FormModel
from ui.pages.intake.identity_model import IdentityModel
from ui.pages.intake.in_hand import InHand
from ui.pages.intake.materials_model import MaterialsModel
from ui.pages.intake.matter_model import MatterModel
from ui.pages.intake.receipt_model import ReceiptModel
from ui.pages.intake.review_model import ReviewModel
from ui.pages.intake.view import STEPS, IntakeState
from ui.tasks import Post
from ui.widgets.banner import BannerShown
from ui.widgets.lines import Line
from ui.widgets.steps_bar import StepShown
from ui.words import say


class IntakeModel(QObject):
    """Holds the intake. What a step wants is done by `identity`, `matter`, `form`, `materials`, `review`, `receipt`;
    `assessment` says how the draft stands.

    Signals:
        changed: The IntakeState.
        drafts_changed: This clerk's unfinished drafts, a tuple of DraftSummary.
        took_in: The id of a case that was just taken in.
    """

    changed = Signal(object)
    drafts_changed = Signal(object)
    took_in = Signal(str)

    def __init__(
        self, deeds: IntakeDeeds, post: Post, language: Callable[[], str], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._do = deeds
        self._between = False  # what is on the screen is still a colleague's
        self._drafts: tuple[DraftSummary, ...] = ()
        self._told_drafts: tuple[DraftSummary, ...] = ()
        self.in_hand = in_hand = InHand(deeds, post, language, self)
        self.assessment = Assessment(in_hand, deeds)
        self.identity = IdentityModel(in_hand, deeds)
        self.matter = MatterModel(in_hand, deeds)
        self.form = FormModel(in_hand)
        self.materials = MaterialsModel(in_hand, deeds, self.assessment, post)
        self.review = ReviewModel(in_hand, deeds, self.assessment)
        self.receipt = ReceiptModel(in_hand, deeds)
        in_hand.told.connect(self._say)
        self.identity.identified.connect(self.refresh_drafts)
        self.matter.chosen.connect(self._matter_chosen)
        self.review.ending.connect(self._ending)
        self.review.ended.connect(self._ended)
        self.state = IntakeState()

    @property
    def draft(self) -> Draft | None:
        """The intake that is on the screen."""
        return self.in_hand.draft

    @property
    def scanning(self) -> bool:
        """Whether pages are coming in, for the draft on the screen or for one that left it."""
        return self.in_hand.scan is not None

    # --- who sits here --------------------------------------------------------------------------------------------

    def sign_in(self, clerk: Clerk) -> None:
        """A clerk sits down. Who only locked the screen finds everything as it was.

        Anyone else begins afresh; what a colleague left on the screen is parked under the colleague's name (U12).
        """
        if self.in_hand.sign_in(clerk):
            self._between, self._drafts = True, ()
            self.in_hand.tasks.drop("drafts")  # what was asked for a colleague
            self._put_aside()
            self._switch("begin", lambda: self._do.begin(clerk))
            self.in_hand.carry(BannerShown())
        self.refresh()
        self.refresh_drafts()
        self.in_hand.tell()

    def lock(self) -> None:
        """Nothing is seen any more. What is under way goes on: pages come in, papers come out."""
        self.in_hand.flush()
        self.materials.signing.stop()
        self.in_hand.away = True
        self.show(False)
        self.in_hand.tell()

    def sign_out(self) -> None:
        """The clerk leaves for good; the draft stays saved, and what waits to be done to it is done unheard."""
        self.lock()
        self.receipt.clear_printers()
        self.in_hand.sign_out()

    def show(self, shown: bool) -> None:
        """Whether the page is looked at."""
        self.identity.show(shown)
        if shown:
            self.in_hand.tell()  # another device may have been chosen meanwhile
        else:
            self.materials.camera.close()

    def refresh(self) -> None:
        """The language, the pack or a device changed: say everything again."""
        self.in_hand.refresh_catalogue()
        self.materials.camera.say_again()

    # --- drafts come and go ---------------------------------------------------------------------------------------

    def fresh(self) -> None:
        """The next person."""
        clerk = self.in_hand.clerk
        if clerk is not None:
            self.in_hand.flush()
            self._switch("begin", lambda: self._do.begin(clerk))

    def same_matter(self) -> None:
        """F3, 同一事项，下一位: a village agent stays the handler too."""
        clerk, taken = self.in_hand.clerk, self.in_hand.visit.taken
        if clerk is not None and taken is not None:
            agent = taken.case.parties.handler.number == self.in_hand.agent
            self._switch("begin", lambda: self._do.same_matter_next(taken.case, clerk, agent))

    def park(self) -> None:
        """F10: put the case aside and take the next person."""
        clerk = self.in_hand.clerk
        if clerk is not None and self.draft is not None and self.in_hand.visit.taken is None:
            self._put_aside()
            self._switch("begin", lambda: self._do.begin(clerk))

    def resume(self, draft_id: str) -> None:
        """Take up a parked or unfinished draft; what is open now stays saved."""
        self.in_hand.flush()
        self._switch("resume", lambda: self._do.resume(draft_id))

    def take_over(self, draft_id: str) -> None:
        """接手: a colleague's draft, from now on this clerk's; what is open now stays saved."""
        clerk = self.in_hand.clerk
        if clerk is not None:
            self.in_hand.flush()
            self._switch("take over", lambda: self._do.take_over(draft_id, clerk))

    def supplement_case(self, case_id: str) -> None:
        """补正: a case's materials are opened here; what is open now stays saved."""
        clerk = self.in_hand.clerk
        if clerk is not None:
            self.in_hand.flush()
            self._switch("supplement", lambda: self._do.supplementing(case_id, clerk))

    def reopen_case(self, case_id: str) -> None:
        """An intake that the server refused is mended here; what is open now stays saved."""
        clerk = self.in_hand.clerk
        if clerk is not None:
            self.in_hand.flush()
            self._switch("reopen", lambda: self._do.reopening(case_id, clerk))

    def _put_aside(self) -> None:
        """Park what is on the screen, where it is worth anything."""
        draft = self.draft
        if draft is None or self.in_hand.visit.taken is not None:
            return
        self.in_hand.flush()
        if draft.handler is not None or draft.matter is not None:
            # Where it became a case meanwhile, nothing is left to park.
            self.in_hand.deed("park", self._do.park, quiet="draft.gone")

    def _switch(self, name: str, work: Callable[[], Draft]) -> None:
        """Another draft comes onto the screen."""
        self.materials.camera.close()  # what it sees from now on belongs to nobody
        if self.identity.let_go():
            words = self.in_hand.words(Problem("ui.document_dropped", Retry.AGAIN))
            self.in_hand.carry(BannerShown(words.title, words.remedy, "warn"))
        self.in_hand.switch(name, work, self._take_up)

    def _take_up(self, draft: Draft) -> None:
        """A draft begins or comes back; of the person before nothing is left in any step."""
        self.in_hand.flush()  # what was typed into the one before while this one was on its way
        self._between = False
        self.receipt.clear_printers()
        self.in_hand.take_up(draft)
        self.receipt.forget()
        self.review.forget()
        self.materials.forget()
        self.assessment.take_up()
        self.identity.take_up(draft)
        self.matter.take_up(draft)
        self._tell_drafts()
        if self.in_hand.catalogue is None:
            self.refresh()
        self.refresh_drafts()
        self.in_hand.tell()
        self.identity.await_card()
        self.materials.pictures.want()

    def refresh_drafts(self) -> None:
        """Somebody's drafts changed."""
        clerk = self.in_hand.clerk
        if clerk is not None:
            self.in_hand.tasks.ask_again("drafts", lambda: self._do.drafts(clerk), self._heard_drafts)

    def _heard_drafts(self, drafts: tuple[DraftSummary, ...]) -> None:
        self._drafts = drafts
        self._tell_drafts()
        self.in_hand.tell()

    def _tell_drafts(self) -> None:
        """The list changes with the store, and with which draft is open."""
        now = self.drafts()
        if now != self._told_drafts:
            self._told_drafts = now
            self.drafts_changed.emit(now)

    def drafts(self) -> tuple[DraftSummary, ...]:
        """The unfinished drafts other than the one that is open."""
        here = self.draft.id if self.draft else ""
        return tuple(one for one in self._drafts if one.id != here)

    def draft_lines(self) -> tuple[Line, ...]:
        """The other unfinished drafts as lines."""
        lines = []
        for one in self.drafts():
            step = say(next(step.words for step in STEPS if step.key == one.step))
            sub = " · ".join(part for part in (one.applicant, say("停在{step}", step=step)) if part)
            pill, tone = (say("挂起#已"), "warn") if one.parked else (say("未办完"), "info")
            lines.append(Line(one.id, one.title or say("还没选事项"), sub, pill, tone))
        return tuple(lines)

    # --- steps ----------------------------------------------------------------------------------------------------

    def to_step(self, key: str) -> None:
        """Go to a step; going back loses nothing."""
        draft = self.draft
        if draft is None or self.in_hand.visit.taken is not None or key == draft.step or key == "receipt":
            return
        self.in_hand.flush()
        self.review.leave()
        self.materials.leave()
        step = Step(key)
        self.in_hand.go_to(step)
        if step is not Step.IDENTITY:
            self.identity.stop_reading()
        if step is Step.MATTER:
            self.matter.enter()
        self.in_hand.tell()
        self.identity.await_card()
        self.materials.pictures.want()

    def next(self) -> None:
        """The step after this one; past the matters where the matter is there already."""
        draft = self.draft
        if draft is not None and draft.step is Step.IDENTITY and draft.matter and self.matter.is_settled(draft):
            self.to_step("form")
        else:
            self._move(1)

    def back(self) -> None:
        """The step before this one."""
        self._move(-1)

    def _move(self, by: int) -> None:
        if self.draft is not None:
            keys = [step.key for step in STEPS]
            at = keys.index(self.draft.step) + by
            if 0 <= at < len(keys) - 1:
                self.to_step(keys[at])

    def _matter_chosen(self) -> None:
        """On to whoever stands here, or to the form where nothing is to be chosen any more."""
        self.refresh_drafts()
        draft = self.draft
        if draft is None or self.in_hand.catalogue is None or draft.step is not Step.MATTER:
            return
        if draft.handler is None:
            self.to_step("identity")
        elif self.matter.is_settled(draft):
            self.to_step("form")

    def write_supplement(self) -> None:
        """F7: what is missing is told at once, from any step."""
        if self.draft is not None and self.in_hand.visit.taken is None:
            self.to_step("review")
            self.review.write_supplement()

    def write_decline(self) -> None:
        """F11: likewise a refusal."""
        if self.draft is not None and self.in_hand.visit.taken is None:
            self.to_step("review")
            self.review.write_decline()

    def _ending(self) -> None:
        self.materials.camera.close()
        self.receipt.keep_panel(self.state.panel)

    def _ended(self, taken: TakenIn, clerk: Clerk) -> None:
        self.took_in.emit(taken.case.id)
        self.receipt.begin(taken, clerk)
        self.refresh_drafts()

    # --- the state ------------------------------------------------------------------------------------------------

    def banner_read(self) -> None:
        """The banner may go."""
        self.in_hand.visit.banner = BannerShown()
        self.in_hand.tell()

    def _say(self) -> None:
        state = self._made()
        if state != self.state:
            self.state = state
            self.changed.emit(state)

    def _made(self) -> IntakeState:
        visit, catalogue = self.in_hand.visit, self.in_hand.catalogue
        if self.in_hand.away or self._between:
            return IntakeState(step=self.state.step, hidden=True)
        if visit.draft is None or catalogue is None or self.in_hand.clerk is None:
            return IntakeState(banner=visit.banner)
        if visit.taken is not None:
            return self._made_receipt(visit.taken)
        return self._made_step(visit.draft, catalogue)

    def _made_receipt(self, taken: TakenIn) -> IntakeState:
        case = taken.case
        return IntakeState(
            whose=case.id,
            step="receipt",
            steps=tuple(replace(step, done=True, open=False) for step in STEPS),
            receipt=self.receipt.made(case),
            panel=self.receipt.panel(),
            banner=self.in_hand.visit.banner,
        )

    def _made_step(self, draft: Draft, catalogue: Catalogue) -> IntakeState:
        """The panel and the keys beside every step, and the step that is looked at."""
        said, matter, visit = self.assessment.panel(), self.assessment.matter(), self.in_hand.visit
        shown = wording.panel(said, draft, self.in_hand.names, self.identity.photo, self.in_hand.labels(matter))
        action = main_action(draft, catalogue, self._do.node) or ""
        known = draft.parties is not None and draft.identity is not None and draft.identity.confirmed_at is not None
        supplements, scanning = bool(draft.of_case), bool(self.in_hand.scanning_into)
        state = IntakeState(
            whose=draft.id,
            step=draft.step.value,
            steps=_steps(draft, matter is not None, {one.step for one in shown.missing}),
            panel=shown,
            banner=visit.banner,
            main="supplement" if supplements and action else action,
            main_ready=bool(action) and not said.missing and not scanning,
            why_not=say("正在扫描，扫完再办") if scanning else "",
            can_supplement=known and bool(action) and not supplements,
            can_promise=bool(self.materials.promisable()),
            can_decline=known and action == "accept" and not supplements,
            can_park=draft.handler is not None or draft.matter is not None,
            working=visit.working,
            printing_form=visit.printing_form,
        )
        match draft.step:
            case Step.IDENTITY:
                return replace(state, identity=self.identity.made(draft, self.draft_lines()))
            case Step.MATTER:
                return replace(state, matter=self.matter.made(draft, catalogue))
            case Step.FORM:
                return replace(state, form=self.form.made(matter))
            case Step.MATERIALS:
                return replace(state, materials=self.materials.made(draft))
            case _:
                return replace(state, review=self.review.made(draft, matter, said, shown))


def _steps(draft: Draft, has_matter: bool, missing: set[str]) -> tuple[StepShown, ...]:
    """The bar along the top: which steps are done, and which are open; something is missing in `missing`."""
    reached = {"identity": True, "matter": True, "form": has_matter, "review": has_matter}
    reached["materials"] = has_matter and draft.parties is not None
    seen = {"identity": draft.handler is not None, "matter": has_matter}
    return tuple(
        replace(
            step,
            done=step.key not in missing
            and step.key not in ("review", "receipt")
            and bool(reached.get(step.key))
            and seen.get(step.key, True),
            open=bool(reached.get(step.key)),
        )
        for step in STEPS
    )
