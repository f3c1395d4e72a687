"""Where the clerk is among the materials: the material and the page that a key or a sheet of paper is for."""

from __future__ import annotations

from contract.material import CaseMaterial, Page
from ui.pages.intake.in_hand import InHand


class Cursor:
    """Points into the draft in hand, by code and key: what it points at may have gone meanwhile."""

    def __init__(self, in_hand: InHand) -> None:
        self._in_hand = in_hand
        self.code = self.key = ""

    def move(self, code: str = "", key: str = "") -> None:
        """To a material, and a page of it; nothing said, the first one."""
        self.code, self.key = code, key

    def slot(self) -> CaseMaterial | None:
        """The material under the cursor; the first one until somebody moves it."""
        draft = self._in_hand.draft
        if draft is None or not draft.materials:
            return None
        return draft.material(self.code) or draft.materials[0]

    def page(self) -> Page | None:
        """The page under the cursor; the first one that is not hidden until somebody moves it."""
        slot = self.slot()
        if slot is None or not slot.pages:
            return None
        shown = next((page for page in slot.pages if page.key == self.key), None)
        return shown or next((page for page in slot.pages if not page.hidden), slot.pages[0])
