"""The fields of a form under their headings, one below the other. Enter goes on, mistakes stand beside the field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from ui.widgets.card import Card
from ui.widgets.field import Answered, Asked, Field


@dataclass(frozen=True)
class SectionShown:
    """A part of the form under one heading."""

    title: str
    fields: tuple[Asked, ...]


class FormSections(QScrollArea):
    """Draws sections of fields.

    Signals:
        answered: (field, value), at every change.
        left: The field that the person has gone on from: its mistakes may be shown now.
        finished: Enter in the last field.
    """

    answered = Signal(str, object)
    left = Signal(str)
    finished = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._drawn: tuple[str, tuple[SectionShown, ...]] = ("", ())
        self._shown: Mapping[str, Answered] = {}
        self._fields: dict[str, Field] = {}
        self._sections: list[tuple[Card, tuple[str, ...]]] = []
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 4, 0)
        self._column.setSpacing(10)
        self._column.addStretch(1)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_form(
        self,
        form: str,
        sections: tuple[SectionShown, ...],
        answers: Mapping[str, Answered],
        fixed: frozenset[str] = frozenset(),
    ) -> None:
        """Draw the answers; another `form` lays the fields out anew. What is `fixed` is shown and not to be changed."""
        if (form, sections) != self._drawn:
            self._drawn = form, sections
            self._draw(sections)
        self._shown = answers
        for name, part in self._fields.items():
            part.show_answer(answers.get(name, Answered()))
            part.setEnabled(name not in fixed)
        for card, names in self._sections:
            card.setVisible(any(answers.get(name, Answered()).visible for name in names))

    def take_focus(self) -> bool:
        """The first field that wants something, else the first of all; False where there is none."""
        shown = self._open_fields()
        wanting = [name for name in shown if self._wants(name)]
        if shown:
            self._fields[(wanting or shown)[0]].take_focus()
        return bool(shown)

    def go_to(self, name: str) -> None:
        """Put the cursor into a field, seen."""
        self._fields[name].take_focus()
        self.ensureWidgetVisible(self._fields[name], 0, 60)

    def settle(self) -> None:
        """Every field has been gone on from."""
        for name in self._fields:
            self.left.emit(name)

    def _open_fields(self) -> list[str]:
        return [
            name
            for name, part in self._fields.items()
            if self._shown.get(name, Answered()).visible and part.isEnabled()
        ]

    def _wants(self, name: str) -> bool:
        answer = self._shown.get(name, Answered())
        return bool(answer.wrong) or (answer.value in (None, "", []) and self._fields[name].asked.required)

    def _draw(self, sections: tuple[SectionShown, ...]) -> None:
        for card, _ in self._sections:
            card.hide()
            card.deleteLater()
        self._fields, self._sections = {}, []
        for section in sections:
            card = Card(section.title)
            for asked in section.fields:
                part = Field(asked, 148)
                part.answered.connect(self.answered)
                part.left.connect(self.left)
                part.done.connect(self._go_on_from)
                self._fields[asked.name] = part
                card.body.addWidget(part)
            self._sections.append((card, tuple(asked.name for asked in section.fields)))
            self._column.insertWidget(len(self._sections) - 1, card)

    def _go_on_from(self, name: str) -> None:
        self.left.emit(name)
        shown = self._open_fields()
        at = shown.index(name) + 1 if name in shown else 0
        if at < len(shown):
            self.go_to(shown[at])
        else:
            self.finished.emit()
