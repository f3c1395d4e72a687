"""The steps of an intake along the top: which are done, where one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from ui.theme import icon_pixmap, tokens
from ui.widgets.text import Text, mark
from ui.words import say


@dataclass(frozen=True)
class StepShown:
    """One step. `done` means that nothing of it is missing."""

    key: str
    words: str
    done: bool = False
    open: bool = True


class _Step(QPushButton):
    def __init__(self, number: int, words: str) -> None:
        super().__init__()
        self._number = number
        self._disc = QLabel(str(number))
        self._disc.setAlignment(Qt.AlignmentFlag.AlignCenter)
        mark(self._disc, stepno="true")
        self._words = Text(words)
        mark(self._words, caption="true")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 2, 8, 2)
        row.setSpacing(10)
        row.addWidget(self._disc)
        row.addWidget(self._words)
        row.addStretch(1)
        for label in (self._disc, self._words):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        mark(self, step="true")

    def sizeHint(self) -> QSize:
        return QSize(tokens().px(110), tokens().px(44))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def show_step(self, step: StepShown, here: bool) -> None:
        self.setChecked(here)
        self.setEnabled(step.open)
        done = step.done and not here
        self._disc.setText("" if done else str(self._number))
        if done:
            self._disc.setPixmap(icon_pixmap("check", tokens().surface, tokens().px(15), 2.0))
        mark(self._words, ink="here" if here else "" if step.open else "off")
        mark(self._disc, tone="ok" if done else "info" if here else "")
        said = say("第 {number} 步 {words}", number=self._number, words=say(step.words))
        self.setAccessibleName(f"{said} {say('已完成') if step.done else ''}".strip())


class StepsBar(QWidget):
    """Signals: wanted: the key of the step to go to."""

    wanted = Signal(str)

    def __init__(self, steps: Sequence[StepShown]) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._steps: dict[str, _Step] = {}
        for number, step in enumerate(steps, 1):
            button = _Step(number, step.words)
            button.clicked.connect(lambda _=False, key=step.key: self.wanted.emit(key))
            self._steps[step.key] = button
            row.addWidget(button)

    def show_steps(self, steps: Sequence[StepShown], here: str) -> None:
        """Draw them again."""
        for step in steps:
            self._steps[step.key].show_step(step, step.key == here)
