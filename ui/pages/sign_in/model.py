"""The model behind the sign-in page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from contract.case import CHINA
from contract.person import Clerk
from contract.problem import Problem
from ui.pages.sign_in.view import SignInState
from ui.problems import words_for
from ui.tasks import Post, Tasks
from ui.words import say


class SignedIn(Protocol):
    """What the desk answers to a right password."""

    @property
    def clerk(self) -> Clerk: ...
    @property
    def offline(self) -> bool: ...
    @property
    def offline_until(self) -> datetime | None: ...


class SignInModel(QObject):
    """Signals: changed: the SignInState; signed_in: what the desk answered. The password is never kept."""

    changed = Signal(object)
    signed_in = Signal(object)

    def __init__(
        self,
        sign_in: Callable[[str, str], SignedIn],
        post: Post,
        language: Callable[[], str],
        place: str,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._ask, self._language = sign_in, language
        self._tasks = Tasks(post, self._problem, self)
        self.state = SignInState(place=place)

    def sign_in(self, name: str, password: str) -> None:
        """Ask the desk, which asks the server, or what it remembers where there is no line."""
        self._set(replace(self.state, working=True, title="", remedy=""))
        self._tasks.run("sign in", lambda: self._ask(name, password), self._heard)

    def show_line(self, online: bool) -> None:
        """Say against what the password will be checked."""
        words = say("在线：由服务器核对") if online else say("离线：按本机记住的核对")
        self._set(replace(self.state, online=online, line_words=words))

    def lock(self, who: str) -> None:
        """Somebody must sign in again; `who` is put into the name field."""
        self._set(replace(self.state, who=who, title="", remedy="", epoch=self.state.epoch + 1))

    def _heard(self, signed_in: SignedIn) -> None:
        words = ""
        if signed_in.offline and signed_in.offline_until is not None:
            until = f"{signed_in.offline_until.astimezone(CHINA):%m-%d %H:%M}"
            words = say("离线登录，可用到 {until}", until=until)
        self._set(replace(self.state, working=False, line_words=words, epoch=self.state.epoch + 1))
        self.signed_in.emit(signed_in)

    def _problem(self, problem: Problem) -> None:
        words = words_for(problem, self._language())
        state = replace(self.state, working=False, title=words.title, remedy=words.remedy)
        self._set(replace(state, epoch=state.epoch + 1))

    def _set(self, state: SignInState) -> None:
        if state != self.state:
            self.state = state
            self.changed.emit(state)
