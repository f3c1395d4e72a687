"""The model behind the devices page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.devices_here import DeviceLine
from contract.problem import Problem
from ui.device_words import ROLES
from ui.pages.devices.view import DevicesState
from ui.problems import words_for
from ui.tasks import Post, Tasks
from ui.widgets.field import Asked
from ui.widgets.lines import Line
from ui.words import say

WORDS = {
    "ok": ("正常", "ok"),
    "absent": ("没有选", ""),
    "busy": ("正忙", "info"),
    "fault": ("有问题", "bad"),
    "paper_low": ("纸将尽", "warn"),
    "unknown": ("没有回话", "warn"),
}
GRADES = {"bronze": "铜：能用，有自检", "silver": "银：拔插能恢复", "gold": "金：真机验证过", "": ""}


@dataclass(frozen=True)
class DriverShown:
    """A driver that could serve a role."""

    id: str
    name: str
    grade: str
    lacking: tuple[str, ...]  # sentences about what is missing here
    options: tuple[Asked, ...]
    defaults: Mapping[str, str]


@dataclass(frozen=True)
class DeviceDeeds:
    """What the devices page asks of the desk. All may block, seconds even."""

    states: Callable[[], tuple[DeviceLine, ...]]
    drivers: Callable[[str], tuple[DriverShown, ...]]  # by role
    chosen: Callable[[str], tuple[str, Mapping[str, Any]]]  # driver and options of a role
    choose: Callable[[str, str, Mapping[str, Any]], None]
    try_out: Callable[[str], str]  # by role; says in words what came of it


class DevicesModel(QObject):
    """Signals: changed: the DevicesState; lights: a tuple of DeviceLine, after every look."""

    changed = Signal(object)
    lights = Signal(object)

    def __init__(
        self, deeds: DeviceDeeds, post: Post, language: Callable[[], str], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._do, self._language = deeds, language
        self._tasks = Tasks(post, self._problem, self)
        self._lines: tuple[DeviceLine, ...] = ()
        self._role = "idcard"
        self._drivers: tuple[DriverShown, ...] = ()
        self._chosen: tuple[str, Mapping[str, Any]] = ("", {})
        self._driver = ""
        self._tried = ("", "", "ok")
        self.state = DevicesState()

    def refresh(self) -> None:
        """Ask all devices."""
        if not self._tasks.is_busy("states"):
            self._tasks.run("states", self._do.states, self._heard)
            self._say()

    def open(self, role: str) -> None:
        """Look at one device."""
        self._role, self._driver = role, ""
        self._ask_drivers()
        self._say()

    def look_at_driver(self, driver: str) -> None:
        self._driver = driver
        self._say()

    def choose(self, driver: str, options: Mapping[str, Any]) -> None:
        """Let this driver serve."""
        role = self._role
        self._tasks.run("choose", lambda: self._do.choose(role, driver, options), self._was_chosen)

    def try_out(self) -> None:
        role = self._role
        self._tried = ("", "", "ok")
        self._tasks.run("try", lambda: self._do.try_out(role), self._was_tried)
        self._say()

    def tried_read(self) -> None:
        self._tried = ("", "", "ok")
        self._say()

    def _ask_drivers(self) -> None:
        role = self._role
        self._tasks.run("drivers", lambda: (self._do.drivers(role), self._do.chosen(role)), self._heard_drivers)

    def _heard(self, lines: tuple[DeviceLine, ...]) -> None:
        self._lines = lines
        self.lights.emit(lines)
        if not self._drivers:
            self._ask_drivers()
        self._say()

    def _heard_drivers(self, told: tuple[tuple[DriverShown, ...], tuple[str, Mapping[str, Any]]]) -> None:
        self._drivers, self._chosen = told
        self._driver = self._driver or self._chosen[0] or (self._drivers[0].id if self._drivers else "")
        self._say()

    def _was_chosen(self, _: None) -> None:
        self._tried = (say("已换用"), say("正在看它是否正常。"), "ok")
        self._ask_drivers()
        self.refresh()

    def _was_tried(self, words: str) -> None:
        self._tried = (words, "", "ok")
        self._say()

    def _problem(self, problem: Problem) -> None:
        words = words_for(problem, self._language())
        self._tried = (words.title, words.remedy, "bad")
        self._say()

    def say_again(self) -> None:
        """The language changed."""
        self._say()

    def _say(self) -> None:
        english = self._language() == "en"
        lines = []
        for one in self._lines:
            words, tone = WORDS[one.word]
            name = one.name_en if english and one.name_en else one.name
            lines.append(Line(one.role, say(ROLES[one.role].name), name or say("还没有选驱动"), say(words), tone))
        here = next((one for one in self._lines if one.role == self._role), None)
        words, tone = WORDS[here.word] if here else ("", "")
        trouble = ("", "")
        if here is not None and here.problem is not None:
            told = words_for(here.problem, self._language())
            trouble = (told.title, told.remedy)
        rows = []
        if here is not None:
            rows = [(say("驱动"), here.driver), (say("级别"), say(GRADES[here.grade]) if here.grade else "")]
            rows += [(say(FACTS.get(name, name)), value) for name, value in here.facts.items() if value]
        drivers = tuple(
            Line(
                one.id,
                one.name,
                " ".join(one.lacking) or say(GRADES.get(one.grade, "")) or one.id,
                say("在用") if one.id == self._chosen[0] else "",
                "ok",
                faint=bool(one.lacking),
            )
            for one in self._drivers
        )
        looked_at = next((one for one in self._drivers if one.id == self._driver), None)
        in_use = looked_at is not None and looked_at.id == self._chosen[0]
        values = dict(looked_at.defaults) if looked_at else {}
        if in_use:
            values.update({key: str(value) for key, value in self._chosen[1].items()})
        state = DevicesState(
            lines=tuple(lines),
            role=self._role,
            name=say(ROLES[self._role].name),
            trial=say(ROLES[self._role].trial),
            state=say(words) if words else "",
            tone=tone,
            trouble=trouble,
            rows=tuple(rows),
            drivers=drivers,
            driver=looked_at.id if looked_at else "",
            options=looked_at.options if looked_at else (),
            values=values,
            in_use=in_use,
            may_choose=looked_at is not None and not looked_at.lacking,
            asking=self._tasks.is_busy("states"),
            tried=self._tried,
            trying=self._tasks.is_busy("try"),
        )
        if state != self.state:
            self.state = state
            self.changed.emit(state)


FACTS = {"sam_number": "安全模块编号", "sources": "进纸", "reasons": "状态", "readers": "阅读器"}
