"""Step 3, 表单: what is typed shows at once and is saved behind; what is wrong is told once the field was left."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject

from contract.form import FormField, check, fields, visible
from contract.matter import Matter
from ui.pages.intake import wording
from ui.pages.intake.form import FormState
from ui.pages.intake.in_hand import InHand
from ui.widgets.field import Answered
from ui.widgets.form import SectionShown
from ui.words import say


class FormModel(QObject):
    """The form of the draft in hand. It keeps nothing itself: what is typed belongs to the visit, for all to see."""

    def __init__(self, in_hand: InHand) -> None:
        super().__init__(in_hand)
        self._in_hand = in_hand

    def answer(self, name: str, value: Any) -> None:
        """A field changed."""
        self._in_hand.type_answer(name, value)

    def left(self, name: str) -> None:
        """The person has gone on: its mistakes may be shown now."""
        visit = self._in_hand.visit
        if name not in visit.touched:
            visit.touched.add(name)
            self._in_hand.tell()
        if name in visit.typed:
            self._in_hand.flush()

    def made(self, matter: Matter | None) -> FormState:
        """What the view shows of the matter's form."""
        draft, visit = self._in_hand.draft, self._in_hand.visit
        if matter is None or draft is None:
            return FormState()
        answers, language = self._in_hand.answers, self._in_hand.language()
        shown = visible(matter.form, answers)
        wrong = {mistake.field: mistake for mistake in check(matter.form, answers)}
        sections: list[tuple[str, list[FormField]]] = []
        for control in fields(matter.form):
            title = control.section_en if language == "en" and control.section_en else control.section
            if not sections or sections[-1][0] != title:
                sections.append((title, []))
            sections[-1][1].append(control)
        answered = {}
        for _, controls in sections:
            for control in controls:
                mistake = wrong.get(control.name)
                told = mistake is not None and (control.name in visit.touched)
                source = draft.sources.get(control.name, "") if control.name not in visit.typed else ""
                offered = draft.conflicts.get(control.name, ())
                settled = control.name in draft.own or control.name in visit.typed
                caution = "" if settled else wording.offered_words(offered)
                answered[control.name] = Answered(
                    answers.get(control.name),
                    wording.mistake_words(mistake, control, language) if told and mistake else "",
                    wording.source_words(source),
                    caution,
                    control.name in shown,
                )
        areas = self._in_hand.areas
        return FormState(
            form=f"{matter.code}/{matter.version}/{language}",
            sections=tuple(
                SectionShown(title or say("表单"), tuple(wording.asked(one, areas, language) for one in controls))
                for title, controls in sections
            ),
            answers=answered,
            missing=len(wrong),
            saved="" if visit.typed else visit.saved_words,
        )
