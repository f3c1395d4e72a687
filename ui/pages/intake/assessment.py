"""How the draft in hand stands: what its matter asks for, what is missing, and the applicant's other open cases."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from PySide6.QtCore import QObject

from app.flow.draft import OtherCase, Panel, matter_of, panel
from contract.matter import MaterialRule, Matter, wanted
from ui.pages.intake.deeds import IntakeDeeds
from ui.pages.intake.in_hand import InHand


@dataclass(repr=False, slots=True)
class _Visit:
    """What was found out for one person, each with what it was found out from."""

    rules: tuple[Any, dict[str, MaterialRule]] = (None, {})
    panel: tuple[Any, Panel | None] = (None, None)
    others: tuple[OtherCase, ...] = ()
    others_of: tuple[Any, ...] = field(default_factory=tuple)


class Assessment(QObject):
    """Looked at anew whenever the draft comes in; what costs time is kept until something it rests on changes."""

    def __init__(self, in_hand: InHand, deeds: IntakeDeeds) -> None:
        super().__init__(in_hand)
        self._in_hand, self._do = in_hand, deeds
        self._visit = _Visit()
        in_hand.came_in.connect(self._want_others)

    def take_up(self) -> None:
        """Another draft is on the screen."""
        self._visit = _Visit()
        self._want_others()

    def matter(self) -> Matter | None:
        """The matter of the draft, in the version that the draft began with."""
        draft, catalogue = self._in_hand.draft, self._in_hand.catalogue
        return matter_of(draft, catalogue) if draft is not None and catalogue is not None else None

    def rules(self) -> dict[str, MaterialRule]:
        """What is asked of each material, by its code."""
        draft, matter = self._in_hand.draft, self.matter()
        if draft is None or self._in_hand.catalogue is None or (parties := draft.parties) is None:
            return {}
        answers = self._in_hand.answers
        said = (matter, parties, answers)
        if self._visit.rules[0] != said:  # a page that comes in changes nothing of it
            rules = wanted(matter, parties, answers) if matter else ()
            self._visit.rules = (said, {rule.code: rule for rule in rules})
        return self._visit.rules[1]

    def panel(self) -> Panel:
        """What the panel at the right says. Asked only where a draft and the catalogue are there."""
        draft, catalogue = self._in_hand.draft, self._in_hand.catalogue
        assert draft is not None and catalogue is not None
        answers, others = self._in_hand.answers, self._visit.others
        minute = time.monotonic() // 60  # the day may have changed
        said = (draft, answers, catalogue.pack.version, minute, others)
        kept = self._visit.panel[1] if self._visit.panel[0] == said else None  # a picture that comes changes nothing
        if kept is None:
            as_typed = draft.model_copy(update={"answers": answers}) if self._in_hand.visit.typed else draft
            kept = panel(as_typed, catalogue, self._do.node, self._do.today(), others)
            self._visit.panel = (said, kept)
        return kept

    # --- the applicant's other open cases -------------------------------------------------------------------------

    def refresh_cases(self) -> None:
        """Cases changed here or came from the server: one of them may clash with this one."""
        self._want_others(again=True)

    def _want_others(self, again: bool = False) -> None:
        """Look for the applicant's other open cases as soon as applicant and matter are known."""
        draft = self._in_hand.draft
        if draft is None or self._in_hand.visit.taken is not None:
            return
        of = (draft.id, draft.matter, draft.applicant.number if draft.applicant else "")
        if again or of != self._visit.others_of:
            if of != self._visit.others_of:
                self._visit.others_of, self._visit.others = of, ()
            self._in_hand.asks.ask_again("others", lambda: self._do.clashing(draft), partial(self._heard_others, of))

    def _heard_others(self, of: tuple[Any, ...], others: tuple[OtherCase, ...]) -> None:
        if of == self._visit.others_of:
            self._visit.others = others
            self._in_hand.tell()

    def confirm_clash(self) -> None:
        """Ctrl+H: the clerk has looked at the applicant's other open case and takes this one in all the same."""
        clerk = self._in_hand.clerk
        if clerk is not None and self._in_hand.visit.taken is None:
            self._in_hand.deed("clash", lambda draft: self._do.confirm_clash(draft, clerk))
