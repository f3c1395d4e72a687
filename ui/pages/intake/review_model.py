"""Step 5, 核对: everything once more; then received or accepted, told what to supplement, or declined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QObject, Signal

from app.cases.acts import SUPPLEMENT_DAYS
from app.flow.draft import Draft, Panel
from app.flow.finish import TakenIn
from contract.case import Ground
from contract.form import fields, visible
from contract.matter import Delivery, Matter
from contract.person import Clerk, Tie
from contract.problem import Problem, Retry
from ui.form_words import answer_words, label_of
from ui.notice_words import (
    FIELD,
    GROUNDS,
    MATERIAL,
    REMEDIES,
    field_choices,
    items_told,
    read_refusal,
    read_supplement,
)
from ui.pages.intake import wording
from ui.pages.intake.assessment import Assessment
from ui.pages.intake.deeds import IntakeDeeds
from ui.pages.intake.in_hand import InHand
from ui.pages.intake.review import ReviewState
from ui.widgets.banner import BannerShown
from ui.widgets.lines import Line
from ui.widgets.panel import PanelState
from ui.widgets.telling import RefusalShown, SupplementShown, ToldItem
from ui.words import say


@dataclass(repr=False, slots=True)
class _Visit:
    """What is being written to one person."""

    writing: str = ""  # supplement, decline or nothing
    items: tuple[ToldItem, ...] = ()
    until: str = ""
    declining: tuple[str, str, str] = ("", "", "")  # ground, reason, organ
    wrong: str = ""


class ReviewModel(QObject):
    """Makes a case of the draft in hand.

    Signals:
        ending: The draft is about to become a case: nothing more comes into it.
        ended: It has: a TakenIn, and the Clerk who did it.
    """

    ending = Signal()
    ended = Signal(object, object)

    def __init__(self, in_hand: InHand, deeds: IntakeDeeds, assessment: Assessment) -> None:
        super().__init__(in_hand)
        self._in_hand, self._do, self._assessment = in_hand, deeds, assessment
        self._visit = _Visit()

    def forget(self) -> None:
        """The next person is here."""
        self._visit = _Visit()

    def leave(self) -> None:
        """Another step is gone to."""
        self._visit.writing = ""

    def take_in(self) -> None:
        """F9: accept or receive, then print."""
        clerk, visit = self._in_hand.clerk, self._in_hand.visit
        if clerk is None or visit.draft is None or visit.working or visit.taken is not None:
            return
        if self._in_hand.scanning_into:
            self._in_hand.problem(Problem("ui.busy_scanning", Retry.AFTER_FIX))
            return
        self._in_hand.flush()
        self._end(lambda draft: self._do.take_in(draft, clerk))

    def give_delivery(self, delivery: str) -> None:
        """How the result comes to the applicant."""
        chosen = Delivery(delivery)
        self._in_hand.deed("delivery", lambda draft: self._do.with_delivery(draft, chosen))

    # --- written to the applicant ---------------------------------------------------------------------------------

    def write_supplement(self) -> None:
        """Everything that is missing is laid out to be told at once."""
        missing = self._assessment.panel().missing
        items = [
            ToldItem(MATERIAL + one.code, one.label, say("没有提交")) for one in missing if one.kind == "material"
        ] + [ToldItem(FIELD + one.code, one.label, say("没有填对")) for one in missing if one.kind == "field"]
        self._visit.writing, self._visit.items, self._visit.wrong = "supplement", tuple(items), ""
        catalogue = self._in_hand.catalogue
        if catalogue is not None:
            self._visit.until = catalogue.pack.calendar.add(self._do.today(), SUPPLEMENT_DAYS).isoformat()
        self._in_hand.tell()

    def write_decline(self) -> None:
        """A refusal is begun."""
        self._visit.writing, self._visit.wrong, self._visit.declining = "decline", "", ("", "", "")
        self._in_hand.tell()

    def end_writing(self) -> None:
        """Nothing is written after all."""
        self._visit.writing, self._visit.wrong = "", ""
        self._in_hand.tell()

    def give_items(self, items: tuple[ToldItem, ...]) -> None:
        """What is to be supplemented, as it stands."""
        self._visit.items = items
        self._in_hand.tell()

    def give_until(self, until: str) -> None:
        """The day until which."""
        self._visit.until = until

    def supplement(self, items: tuple[ToldItem, ...], until: str) -> None:
        """Tell everything at once."""
        self._visit.items, self._visit.until = items, until
        clerk = self._in_hand.clerk
        if clerk is None:
            return
        last, wrong = read_supplement(items, until)
        if last is None:
            self._visit.wrong = wrong
            self._in_hand.tell()
            return
        told = items_told(items)
        self._end(lambda draft: self._do.ask_supplement(draft, clerk, told, last))

    def type_decline(self, ground: str, reason: str, organ: str) -> None:
        """What stands in the fields: it is there again after the screen was locked."""
        self._visit.declining = (ground, reason, organ)

    def decline(self, ground: str, reason: str, organ: str) -> None:
        """不予受理."""
        clerk = self._in_hand.clerk
        wrong = read_refusal(ground, reason, organ)
        self._visit.wrong = wrong
        if wrong or clerk is None:
            self._in_hand.tell()
            return
        self._end(lambda draft: self._do.decline(draft, clerk, Ground(ground), reason.strip(), organ.strip()))

    # --- the end --------------------------------------------------------------------------------------------------

    def _end(self, work: Callable[[Draft], TakenIn]) -> None:
        clerk = self._in_hand.clerk
        if self._in_hand.draft is None or clerk is None or self._in_hand.switching:
            return
        self.ending.emit()
        self._in_hand.visit.working = say("正在办理")
        self._in_hand.end(work, partial(self._ended, clerk))
        self._in_hand.tell()

    def _ended(self, clerk: Clerk, taken: TakenIn) -> None:
        visit = self._in_hand.visit
        visit.working, visit.banner, visit.taken = "", BannerShown(), taken
        self._visit.writing = ""
        self.ended.emit(taken, clerk)

    # --- the state ------------------------------------------------------------------------------------------------

    def made(self, draft: Draft, matter: Matter | None, said: Panel, shown: PanelState) -> ReviewState:
        """What the view shows; `said` is the panel, `shown` is it in words."""
        people = [(say("申请人"), said.applicant), (say("证件号码"), shown.applicant_masked)]
        if draft.tie is not Tie.SELF:
            people += [
                (say("经办人"), say("{what}（{more}）", what=said.handler, more=shown.tie)),
                (say("经办证件"), shown.handler_masked),
            ]
        people += [(say("人证一致"), shown.confirmed), (say("联系电话"), draft.phone)]
        about = [
            (say("事项"), said.matter),
            (say("办理机关"), said.decided_by),
            (say("受理权"), shown.power),
            (say("承诺时限"), shown.promised),
            (say("法定时限"), shown.legal),
            (say("费用"), shown.fee),
        ]
        answers: list[tuple[str, str]] = []
        deliveries: tuple[tuple[str, str], ...] = ()
        if matter is not None:
            given, areas, language = self._in_hand.answers, dict(self._in_hand.areas), self._in_hand.language()
            seen = visible(matter.form, given)
            answers = [
                (label_of(control, language), answer_words(control, given.get(control.name), areas))
                for control in fields(matter.form)
                if control.name in seen
            ]
            deliveries = tuple((one.value, say(wording.DELIVERIES[one])) for one in matter.deliveries)
        rules, names = self._assessment.rules(), self._in_hand.names
        materials = tuple(wording.material_line(one, rules.get(one.code), "", names) for one in draft.materials)
        return ReviewState(
            people=tuple(people),
            matter=tuple(about),
            answers=tuple(answers),
            materials=materials,
            missing=shown.missing,
            deliveries=deliveries,
            delivery=draft.delivery.value,
            writing=self._visit.writing,
            supplement=self._made_supplement(draft, matter, materials),
            refusal=self._made_refusal(draft),
        )

    def _made_supplement(self, draft: Draft, matter: Matter | None, materials: tuple[Line, ...]) -> SupplementShown:
        here, language = self._visit, self._in_hand.language()
        choices = [replace(line, key=MATERIAL + line.key, pill="", tone="") for line in materials]
        if choices:
            choices[0] = replace(choices[0], head=say("材料"))
        if matter is not None:
            choices += field_choices(matter.form, self._in_hand.answers, dict(self._in_hand.areas), language)
        return SupplementShown(
            writing=f"{draft.id}/{language}/{here.writing}",
            choices=tuple(choices) if here.writing == "supplement" else (),
            items=here.items,
            until=here.until,
            wrong=here.wrong,
            working=bool(self._in_hand.visit.working),
        )

    def _made_refusal(self, draft: Draft) -> RefusalShown:
        ground, reason, organ = self._visit.declining
        return RefusalShown(
            writing=f"{draft.id}/{self._in_hand.language()}/{self._visit.writing}",
            grounds=tuple((one.value, say(words)) for one, words in GROUNDS.items()),
            ground=ground,
            reason=reason,
            organ=organ,
            remedies=say(REMEDIES),
            wrong=self._visit.wrong,
            working=bool(self._in_hand.visit.working),
        )
