"""Step 6, 回执: the number, large; every paper with how its printing went; the next person one key away."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ui.widgets.banner import Banner
from ui.widgets.card import Card
from ui.widgets.key_button import KeyButton
from ui.widgets.lines import Line, LineList
from ui.widgets.preview import Preview
from ui.widgets.text import Text, Value
from ui.words import say


@dataclass(frozen=True)
class PaperShown:
    """One paper. `outcome` is waiting, printing, done, unconfirmed or failed."""

    kind: str
    name: str
    outcome: str = "waiting"
    words: str = ""  # what a person does about it
    number: str = ""


@dataclass(frozen=True)
class ReceiptState:
    """What the last step shows."""

    number: str = ""
    headline: str = ""  # 已受理 / 已收件
    advice: str = ""  # what to tell the person
    kept_words: str = ""  # 已存在本机，线路恢复后自动上报
    papers: tuple[PaperShown, ...] = ()
    current: str = ""
    preview: QImage | None = None
    preview_words: str = ""
    printing: bool = False
    agent: str = ""  # the handler, where they may be the clerk themself
    agent_kept: bool = False  # and are: the next of a run need not read them again


OUTCOMES = {
    "waiting": ("等待打印", ""),
    "printing": ("正在打印", "info"),
    "done": ("已打印", "ok"),
    "unconfirmed": ("请看一下是否打出", "warn"),
    "failed": ("没有打出", "bad"),
}


class ReceiptView(QWidget):
    """Draws a ReceiptState.

    Signals:
        paper_looked_at: The kind of paper under the cursor.
        reprint_wanted: Print this kind again, as a copy (副本).
        next_person_wanted: A fresh intake.
        same_matter_wanted: A fresh intake of the same matter.
        agent_wanted: The handler is the clerk themself, or is not after all.
        preview_width: How wide the preview is.
    """

    paper_looked_at = Signal(str)
    reprint_wanted = Signal(str)
    next_person_wanted = Signal()
    same_matter_wanted = Signal()
    agent_wanted = Signal()
    preview_width = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._state = ReceiptState()
        self._stage = (False, False)  # whether the paper that is looked at failed, whether one is being printed
        left = Card()
        self._headline = Value(size="title", tone="ok")
        self._number = Value(size="number")
        self._number.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._advice = Value(wrap=True)
        self._kept = Value(tone="muted", wrap=True)
        self._trouble = Banner(dismissable=False)
        self._list = LineList()
        self._list.looked_at.connect(self.paper_looked_at)
        left.body.addWidget(self._headline)
        left.body.addWidget(self._number)
        left.body.addWidget(self._advice)
        left.body.addWidget(self._kept)
        left.body.addWidget(self._trouble)
        self._agent = KeyButton("代办人是我本人，以后各户沿用", "F6")
        self._agent.clicked.connect(self.agent_wanted)
        self._kept_agent = Value(tone="ok", wrap=True)
        left.body.addWidget(self._kept_agent)
        left.body.addWidget(self._agent, 0, Qt.AlignmentFlag.AlignLeft)
        left.body.addSpacing(8)
        left.body.addWidget(Text("纸面", bold=True))
        left.body.addWidget(self._list, 1)
        self._again = KeyButton("再打一份副本", "Ctrl+P")
        self._same = KeyButton("同一事项，下一位", "F3")
        self._next = KeyButton("下一位", "Return", "primary")
        self._again.clicked.connect(lambda: self.reprint_wanted.emit(self._list.current_key()))
        self._same.clicked.connect(self.same_matter_wanted)
        self._next.clicked.connect(self.next_person_wanted)
        self._list.chosen.connect(lambda _: self.next_person_wanted.emit())
        left.add_foot(self._again, None, self._same, self._next)
        right = Card(padded=False)
        self._preview = Preview()
        self._preview.width_wanted.connect(self.preview_width)
        self._paper = Value(bold=True)
        right.add_head(self._paper, None)
        right.body.addWidget(self._preview, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(left, 6)
        row.addWidget(right, 5)

    def render_state(self, state: ReceiptState) -> None:
        self._state = state
        self._headline.show_text(state.headline)
        self._number.show_text(state.number)
        self._advice.show_text(state.advice)
        self._kept.show_text(state.kept_words)
        self._kept.setVisible(bool(state.kept_words))
        lines = []
        for paper in state.papers:
            words, tone = OUTCOMES[paper.outcome]
            lines.append(Line(paper.kind, paper.name, paper.number or " ", say(words), tone))
        self._list.show_lines(lines, state.current)
        trouble = next((paper for paper in state.papers if paper.outcome in ("failed", "unconfirmed")), None)
        if trouble is None:
            self._trouble.show_words("")
        else:
            title = say(
                "{paper}没有打出" if trouble.outcome == "failed" else "{paper}请看一下是否打出", paper=trouble.name
            )
            self._trouble.show_words(title, trouble.words, "bad" if trouble.outcome == "failed" else "warn")
        kept = say("代办人 {name} 沿用到下一户，不用再读证。", name=state.agent) if state.agent_kept else ""
        self._kept_agent.show_text(kept)
        self._kept_agent.setVisible(bool(kept))
        self._agent.show_words("不再沿用" if state.agent_kept else "代办人是我本人，以后各户沿用")
        self._agent.setVisible(bool(state.agent))
        current = next((paper for paper in state.papers if paper.kind == state.current), None)
        failed = current is not None and current.outcome == "failed"
        self._again.show_words("重新打印" if failed else "再打一份副本")
        self._again.setEnabled(current is not None and not state.printing)
        self._again.show_look("primary" if failed else "")
        self._next.show_look("" if failed else "primary")
        now = (failed, state.printing)
        if now != self._stage and any(one.hasFocus() for one in (self._again, self._same, self._next)):
            self.take_focus()  # the button that had it leads elsewhere now, or cannot be pressed
        self._stage = now
        self._paper.show_text(current.name if current else "")
        self._preview.show_picture(state.preview, state.preview_words)

    def take_focus(self) -> None:
        current = next((paper for paper in self._state.papers if paper.kind == self._state.current), None)
        failed = current is not None and current.outcome == "failed"
        button = self._again if failed and not self._state.printing else self._next
        button.setFocus(Qt.FocusReason.OtherFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.render_state(self._state)
        super().changeEvent(event)
