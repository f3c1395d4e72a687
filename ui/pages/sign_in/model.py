"""The model behind the sign-in page, which is also the locked screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from app.cases.lists import Today
from app.problems import words_for
from app.store.numbers import FEW
from contract.case import CHINA
from contract.person import Clerk
from contract.problem import Problem
from ui.pages.sign_in.view import PERSON_KEYS, PersonHere, SignInState
from ui.tasks import Post, Tasks
from ui.words import say

CODE_ASKED = ("signin.code_needed", "signin.code_wrong")


class SignedIn(Protocol):
    """What the desk answers to a right password."""

    @property
    def clerk(self) -> Clerk: ...
    @property
    def offline(self) -> bool: ...
    @property
    def offline_until(self) -> datetime | None: ...


@dataclass(frozen=True)
class SignInDeeds:
    """What the page asks of the desk. All may block."""

    sign_in: Callable[[str, str, str], SignedIn]  # name, password, code of the second factor
    unlock: Callable[[Clerk, str], SignedIn]  # by who locked the screen; the server is not asked
    seen_here: Callable[[], tuple[tuple[str, Clerk], ...]]  # account names and clerks, last first
    today: Callable[[], Today]  # of which only what can be done without a line is said


class SignInModel(QObject):
    """Signals: changed: the SignInState; signed_in: what the desk answered. The password is never kept."""

    changed = Signal(object)
    signed_in = Signal(object)

    def __init__(
        self,
        deeds: SignInDeeds,
        post: Post,
        language: Callable[[], str],
        place: str = "",
        training: bool = False,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._do, self._language = deeds, language
        self._tasks = Tasks(post, self._problem, self)
        self._locked: Clerk | None = None
        self._scanning = False  # when it was locked
        self._refused: Problem | None = None
        self._online = True
        self._until: datetime | None = None  # for how long whoever signed in without a line may work
        self._names: dict[str, Clerk] = {}
        self._today: Today | None = None
        self.state = SignInState(place=place, training=training)

    def refresh(self) -> None:
        """Who has worked here: each of them is one key away; and what can be done today."""
        self._tasks.run("people", self._do.seen_here, self._seen)
        self._tasks.run("today", self._do.today, self._told, lambda _: None)

    def sign_in(self, name: str, password: str, code: str = "") -> None:
        """Whoever locked the screen opens it with the password; anyone else is asked for at the desk."""
        self._refused = None
        self._say(working=True)
        locked = self._locked
        same = locked is not None and self._names.get(name.strip().casefold()) == locked

        def work() -> SignedIn:
            if locked is not None and same and not code:
                try:
                    return self._do.unlock(locked, password)
                except Problem as problem:
                    if problem.code != "signin.offline_expired":
                        raise
            return self._do.sign_in(name, password, code)

        self._tasks.run("sign in", work, self._heard)

    def show_place(self, place: str) -> None:
        """Say where this window is."""
        self._say(place=place)

    def show_line(self, online: bool) -> None:
        """Say against what the password will be checked."""
        self._online, self._until = online, None
        self._say()

    def lock(self, clerk: Clerk, scanning: bool) -> None:
        """The screen of this clerk is locked: they go on with their password, others sign in."""
        self._locked, self._scanning, self._refused = clerk, scanning, None
        who = next((name for name, one in self._names.items() if one == clerk), "")
        self._say(who=who, code_needed=False, epoch=self.state.epoch + 1)
        self.refresh()

    def say_again(self) -> None:
        """The language changed."""
        self._say()

    def _seen(self, people: tuple[tuple[str, Clerk], ...]) -> None:
        self._names = dict(people)
        shown = tuple(PersonHere(name, one.name) for name, one in people[: len(PERSON_KEYS)])
        who = next((name for name, one in people if one == self._locked), self.state.who)
        self._say(people=shown, who=who)

    def _told(self, today: Today) -> None:
        self._today = today
        self._say()

    def _heard(self, signed_in: SignedIn) -> None:
        self._until = signed_in.offline_until if signed_in.offline else None
        self._locked = None
        self._say(working=False, who="", code_needed=False, epoch=self.state.epoch + 1)
        self.signed_in.emit(signed_in)
        self.refresh()

    def _problem(self, problem: Problem) -> None:
        asked = problem.code in CODE_ASKED
        self._refused = problem
        # The password stays in its field while the code is asked for: it is sent again with it.
        self._say(working=False, code_needed=asked, epoch=self.state.epoch + (0 if asked else 1))

    def _say(self, **changes: Any) -> None:
        """Say everything in the language of the moment."""
        refused = words_for(self._refused, self._language()) if self._refused else None
        state = replace(
            self.state,
            **changes,
            online=self._online,
            line_words=self._line_words(),
            supply_words=self._supply_words(),
            supply_low=self._is_supply_low(),
            locked_words=self._locked_words(),
            title=refused.title if refused else "",
            remedy=refused.remedy if refused else "",
        )
        if state != self.state:
            self.state = state
            self.changed.emit(state)

    def _line_words(self) -> str:
        if self._until is not None:
            return say("离线登录，可用到 {until}", until=f"{self._until.astimezone(CHINA):%m-%d %H:%M}")
        return say("在线：由服务器核对") if self._online else say("离线：按本机记住的核对")

    def _supply_words(self) -> str:
        """How old the pack is, and what can be done today without a line (rule 20)."""
        today = self._today
        if today is None or today.pack_made_on is None:
            return ""
        days = today.pack_age_days
        return say(
            "断网也可收 {matters} 个事项，受理号还剩 {numbers} 个；离线包 {day}，{when}",
            matters=today.receivable if today.numbers_left else 0,
            numbers=today.numbers_left,
            day=today.pack_made_on.isoformat(),
            when=say("{days} 天前核对过", days=days) if days > 0 else say("今天核对过"),
        )

    def _is_supply_low(self) -> bool:
        today = self._today
        return today is not None and (today.numbers_left < FEW or today.is_pack_old)

    def _locked_words(self) -> str:
        if self._locked is None:
            return ""
        words = say("已锁屏。{name}输入密码接着办，其他人请登录。", name=self._locked.name)
        return words + say("正在扫描的会扫完，归到原来的办件。") if self._scanning else words
