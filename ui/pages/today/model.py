"""The model behind today."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from PySide6.QtCore import QObject, Signal

from app.cases.lists import Today
from app.store.numbers import FEW
from contract.case import Kind
from contract.problem import Problem
from ui.pages.today.view import TodayState
from ui.tasks import Post, Tasks
from ui.widgets.table import Cell, Row
from ui.words import say

COUNTED = (
    (Kind.RECEIVE, "收件"),
    (Kind.ACCEPT, "受理"),
    (Kind.ASK_SUPPLEMENT, "告知补正"),
    (Kind.DECLINE, "不予受理"),
    (Kind.DELIVER, "送达"),
)
OLD_PACK = 3  # days


class TodayModel(QObject):
    """Signals: changed: the TodayState."""

    changed = Signal(object)

    def __init__(
        self,
        today_here: Callable[[], Today],
        post: Post,
        today: Callable[[], date],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._ask, self._today = today_here, today
        self._tasks = Tasks(post, self._problem, self)
        self._clerk = ""
        self._away = False  # the screen is locked: nothing is drawn
        self._told: Today | None = None
        self.state = TodayState()

    def sign_in(self, clerk: str) -> None:
        self._clerk, self._away = clerk, False
        self.refresh()

    def lock(self) -> None:
        """Nothing is seen any more."""
        self._away, self.state = True, TodayState()
        self.changed.emit(self.state)

    def refresh(self) -> None:
        self._tasks.run("today", self._ask, self._heard)

    def say_again(self) -> None:
        """The language changed."""
        if self._told is not None:
            self._heard(self._told)

    def _heard(self, told: Today) -> None:
        self._told = told
        if self._away:
            return
        day = self._today()
        supply: list[tuple[str, str] | tuple[str, str, str]] = [
            (
                say("受理号还剩"),
                say("{count} 个", count=told.numbers_left),
                "warn" if told.numbers_left < FEW else "",
            ),
            (say("可办事项"), say("{count} 个", count=told.matters)),
        ]
        if told.pack_made_on is not None:
            words = say("{day}，{count} 天前", day=told.pack_made_on.isoformat(), count=told.pack_age_days)
            supply.append((say("离线包"), words, "warn" if told.pack_age_days > OLD_PACK else ""))
        if told.provisional:
            supply.append((say("放假安排"), say("有一年还没有公布，期限为暂定"), "warn"))
        state = TodayState(
            day=say("{year} 年 {month} 月 {day} 日", year=day.year, month=day.month, day=day.day),
            clerk=self._clerk,
            counts=tuple((say(words), told.counts.get(kind, 0)) for kind, words in COUNTED),
            matters=tuple(Row(name, (Cell(name), Cell(str(count), right=True))) for name, count in told.by_matter),
            supply=tuple(supply),
            loading=False,
        )
        if state != self.state:
            self.state = state
            self.changed.emit(state)

    def _problem(self, problem: Problem) -> None:
        """Numbers that cannot be had are not shown; the page says nothing false."""
