"""The document camera as the clerk sees it: opened, what lies on its mat, photographed, gone wrong, closed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, Signal

from app.flow.photograph import CameraWatch, Sight
from app.materials.mat import Standing
from app.problems import words_for
from contract.problem import Problem
from ui.pages.intake.camera import CameraState
from ui.tasks import Post, Tasks
from ui.words import say

AHEAD = 2  # pictures at most are on their way to the screen: a slow one gets fewer, not older

_WORDS = {
    Standing.LEARNING: ("正在认台面，请先空着", "info"),
    Standing.COVERED: ("台面上已经有纸：按空格拍这张，或拿开后再放", "warn"),
    Standing.EMPTY: ("放上一张纸", "info"),
    Standing.MOVING: ("请放稳", "info"),
    Standing.LYING: ("按空格拍", "info"),
    Standing.SHAPELESS: ("没有认出四角：按空格拍整幅，拍下后可以调四角", "warn"),
    Standing.TAKEN: ("已拍下，请换下一张", "ok"),
}


class CameraModel(QObject):
    """Holds one opening of the camera at a time.

    Signals:
        changed: The CameraState.
        photographed: A Sight that is to become a page.
        opened: Whether the camera is open now.
    """

    changed = Signal(object)
    photographed = Signal(object)
    opened = Signal(bool)

    def __init__(
        self,
        open_camera: Callable[[bool], CameraWatch],
        post: Post,
        language: Callable[[], str],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._open_camera, self._language = open_camera, language
        self._tasks = Tasks(post, self._problem, self)
        self._watch: CameraWatch | None = None
        self._sight: Sight | None = None
        self._trouble: Problem | None = None
        self._auto = True
        self._count = 0
        self._is_open = False
        self.state = CameraState()

    @property
    def is_open(self) -> bool:
        return self._is_open

    def open(self) -> None:
        """F5: look through the camera; again where it went wrong."""
        if self._is_open and self._trouble is None:
            return
        if not self._is_open:
            self._count = 0
        self._is_open, self._trouble, self._sight, self._watch = True, None, None, None
        open_camera, auto = self._open_camera, self._auto
        room = threading.Semaphore(AHEAD)

        def work(stop: threading.Event) -> Iterable[CameraWatch | tuple[Sight, threading.Semaphore | None]]:
            watch = open_camera(auto)
            yield watch
            for sight in watch.sights(stop):
                if room.acquire(blocking=False):
                    yield sight, room
                elif sight.take:
                    yield sight, None

        self._tasks.stream("camera", work, self._heard, self._ended, self._problem)
        self.opened.emit(True)
        self._say()

    def close(self) -> None:
        """Esc, or the step is left: the camera is let go."""
        if not self._is_open:
            return
        self._tasks.drop("camera")
        self._is_open, self._trouble, self._sight, self._watch = False, None, None, None
        self.opened.emit(False)
        self._say()

    def take(self) -> None:
        """Space: photograph exactly what is shown."""
        if self._sight is not None and self._watch is not None:
            self._watch.photographed()
            self._photograph(self._sight)
            self._say()

    def toggle_auto(self) -> None:
        """Whether a sheet that lies still is photographed by itself."""
        self._auto = not self._auto
        if self._watch is not None:
            self._watch.auto = self._auto
        self._say()

    def learn(self) -> None:
        """The mat is empty now: it is looked at anew."""
        if self._watch is not None:
            self._watch.learn()

    def say_again(self) -> None:
        """The language changed."""
        self._say()

    def _heard(self, told: CameraWatch | tuple[Sight, threading.Semaphore | None]) -> None:
        if isinstance(told, CameraWatch):
            told.auto = self._auto
            self._watch = told
            return
        self._sight, room = told
        if room is not None:
            room.release()
        if self._sight.take:
            self._photograph(self._sight)
        self._say()

    def _photograph(self, sight: Sight) -> None:
        self._count += 1
        self.photographed.emit(sight)

    def _ended(self) -> None:
        """The camera ended by itself, without a word."""
        self._is_open = False
        self._sight = self._watch = None
        self.opened.emit(False)
        self._say()

    def _problem(self, problem: Problem) -> None:
        self._trouble, self._sight, self._watch = problem, None, None
        self._say()

    def _say(self) -> None:
        state = self._made()
        if state != self.state:
            self.state = state
            self.changed.emit(state)

    def _made(self) -> CameraState:
        if not self._is_open:
            return CameraState(auto=self._auto)
        taken = say("已拍 {count} 页", count=self._count) if self._count else ""
        if self._trouble is not None:
            told = words_for(self._trouble, self._language())
            return CameraState(open=True, trouble=(told.title, told.remedy), auto=self._auto, taken=taken)
        sight = self._sight
        if sight is None:
            return CameraState(open=True, words=say("正在等高拍仪的画面"), auto=self._auto, taken=taken)
        words, tone = _WORDS[Standing.TAKEN if sight.take else sight.standing]
        return CameraState(
            open=True,
            words=say(words),
            tone=tone,
            rgb=sight.rgb,
            width=sight.width,
            height=sight.height,
            corners=sight.corners,
            sure=sight.standing is not Standing.MOVING,
            auto=self._auto,
            may_take=True,
            may_learn=sight.standing is not Standing.LEARNING,
            taken=taken,
        )
