"""更正 in the middle of the page: the case's words as a form. What changes, why and who stands by is at its right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import Signal

from ui.widgets.card import Card
from ui.widgets.field import Answered
from ui.widgets.form import FormSections, SectionShown
from ui.widgets.text import Text


@dataclass(frozen=True)
class CorrectionShown:
    """The form being corrected. `form` names it: another one is drawn anew; `fixed` is what a chip gave."""

    form: str = ""
    sections: tuple[SectionShown, ...] = ()
    answers: Mapping[str, Answered] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()


class CorrectionForm(Card):
    """Draws a CorrectionShown.

    Signals:
        answered: (name, value), at every change.
        left: The field that the person has gone on from.
        finished: Enter in the last field.
    """

    answered = Signal(str, object)
    left = Signal(str)
    finished = Signal()

    def __init__(self) -> None:
        super().__init__("更正", padded=False)
        intro = Text("改不对的地方，改了什么在右边。从证件芯片读出的内容不能改。", tone="muted", wrap=True)
        intro.setContentsMargins(6, 10, 6, 8)
        self.body.setContentsMargins(10, 0, 6, 10)
        self._form = FormSections()
        self.body.addWidget(intro)
        self.body.addWidget(self._form, 1)
        self._form.answered.connect(self.answered)
        self._form.left.connect(self.left)
        self._form.finished.connect(self.finished)

    def show_correction(self, shown: CorrectionShown) -> None:
        self._form.show_form(shown.form, shown.sections, shown.answers, shown.fixed)

    def take_focus(self) -> None:
        self._form.take_focus()
