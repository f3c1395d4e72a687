"""Step 2, 事项: a matter is looked for and chosen, and, where it could go to several, the department."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.flow.draft import Draft, Step, matter_of, routing
from app.matters.catalogue import Catalogue, Hit
from contract.node import Offering
from ui.pages.intake import wording
from ui.pages.intake.deeds import IntakeDeeds
from ui.pages.intake.in_hand import InHand
from ui.pages.intake.matter import MatterState
from ui.widgets.lines import Line
from ui.words import say


@dataclass(repr=False, slots=True)
class _Visit:
    """What was looked for, for one person."""

    text: str = ""
    hits: tuple[Hit, ...] = ()
    at: str = ""  # the matter that is looked at


class MatterModel(QObject):
    """Looks for matters in the catalogue.

    Signals:
        chosen: The draft has its matter.
    """

    chosen = Signal()

    def __init__(self, in_hand: InHand, deeds: IntakeDeeds) -> None:
        super().__init__(in_hand)
        self._in_hand, self._do = in_hand, deeds
        self._visit = _Visit()

    def take_up(self, draft: Draft) -> None:
        """Another draft is on the screen."""
        self._visit = _Visit(at=draft.matter[0] if draft.matter else "")
        if draft.step is Step.MATTER:
            self.search("")

    def enter(self) -> None:
        """The step is gone to: what this window uses is listed until something is looked for."""
        if not self._visit.text and not self._visit.hits:
            self.search("")

    def search(self, text: str) -> None:
        """Look for a matter; an empty text lists what this window uses."""
        self._visit.text = text
        self._in_hand.asks.run("search", lambda: self._do.search(text), self._found)

    def _found(self, hits: tuple[Hit, ...]) -> None:
        self._visit.hits = hits
        codes = [hit.matter.code for hit in hits]
        if self._visit.at not in codes:
            self._visit.at = codes[0] if codes else ""
        self._in_hand.tell()

    def look_at(self, code: str) -> None:
        """The guide of this matter."""
        self._visit.at = code
        self._in_hand.tell()

    def choose(self, code: str) -> None:
        """Take this matter; where the parties are known, the form follows."""
        draft, catalogue = self._in_hand.draft, self._in_hand.catalogue
        if draft is None or catalogue is None:
            return
        matter = catalogue.find_matter(code)
        if matter is None or not wording.power_here(matter, catalogue, self._do.node)[2]:
            return
        self._visit.at = code
        if draft.matter is not None and draft.matter[0] == code:
            self.chosen.emit()
            return
        self._in_hand.begin_form()
        self._in_hand.deed("matter", lambda d: self._do.with_matter(d, code), self._taken)

    def _taken(self, _: Any) -> None:
        self.chosen.emit()

    def is_settled(self, draft: Draft) -> bool:
        """Whether nothing is to be chosen about the matter any more."""
        catalogue = self._in_hand.catalogue
        if catalogue is None or draft.parties is None:
            return False
        if len(routing(draft, catalogue, self._do.node).candidates) <= 1 or draft.route is not None:
            return True
        matter = matter_of(draft, catalogue)
        # Where the form says where it goes, the clerk is not asked before it is filled.
        return matter is not None and matter.route_by.startswith("answers.")

    def choose_route(self, key: str) -> None:
        """The department among several."""
        draft, catalogue, clerk = self._in_hand.draft, self._in_hand.catalogue, self._in_hand.clerk
        if draft is None or catalogue is None or clerk is None:
            return
        offering = self._offerings(draft, catalogue).get(key)
        if offering is not None:
            self._in_hand.deed("route", lambda d: self._do.with_route(d, offering, clerk))

    def _offerings(self, draft: Draft, catalogue: Catalogue) -> dict[str, Offering]:
        found = routing(draft, catalogue, self._do.node)
        return {f"{offering.department}/{offering.area}": offering for offering in found.candidates}

    def made(self, draft: Draft, catalogue: Catalogue) -> MatterState:
        """What the view shows."""
        lines = []
        for at, hit in enumerate(self._visit.hits):
            head = (say("找到") if self._visit.text.strip() else say("最近和常用")) if at == 0 else ""
            lines.append(wording.hit_line(hit, catalogue, self._do.node, head))
        chosen = draft.matter[0] if draft.matter else ""
        looked_at = catalogue.find_matter(self._visit.at) if self._visit.at else None
        found = routing(draft, catalogue, self._do.node)
        candidates = []
        routed = ""
        for key, offering in self._offerings(draft, catalogue).items():
            department = catalogue.department(offering.department)
            area = catalogue.tree.path_name(offering.area)
            picked = draft.route is not None and draft.route.department == offering.department
            routed = key if picked else routed
            pill = say("已选") if picked else ""
            candidates.append(Line(key, department.name, say("管辖 {area}", area=area), pill, "ok" if picked else ""))
        return MatterState(
            text=self._visit.text,
            lines=tuple(lines),
            current=self._visit.at,
            guide=wording.guide(looked_at, catalogue, self._do.node) if looked_at else None,
            chosen=chosen,
            candidates=tuple(candidates) if chosen and len(candidates) > 1 else (),
            routed=routed,
            routing_words=say("“{value}”不能定出一个办理机关，请选一个。选择会记在办件上。", value=found.value)
            if found.value
            else say("还不知道该由哪里办，请选一个。选择会记在办件上。"),
        )
