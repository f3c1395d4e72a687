"""The model behind the devices page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.devices_here import DeviceLine, DeviceVersions
from app.problems import printer_words, words_for
from contract.case import CHINA
from contract.problem import Problem
from devices.scanner import Source
from ui.device_words import ROLES, STANDINGS
from ui.pages.devices.view import DevicesState
from ui.tasks import Post, Tasks
from ui.widgets.field import Asked
from ui.widgets.lines import Line
from ui.words import listed, say

SETTLES = 2500  # milliseconds after something was plugged in or drawn out
WORDS = {
    "ok": ("正常", "ok"),
    "absent": ("没接上", "warn"),
    "busy": ("正忙", "info"),
    "fault": ("有问题", "bad"),
    "paper_low": ("纸将尽", "warn"),
    "unknown": ("没有回话", "warn"),
}
NOT_CHOSEN = ("没有选", "")
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
class PluggedShown:
    """Something that is plugged in, and what it could serve as."""

    key: str
    name: str
    where: str  # its USB number, its port
    role: str = ""  # for which a driver fits …
    driver: str = ""
    driver_name: str = ""
    values: Mapping[str, str] = field(default_factory=dict)  # … with these options


@dataclass(frozen=True)
class DeviceDeeds:
    """What the devices page asks of the desk. All may block, seconds even."""

    states: Callable[[], tuple[DeviceLine, ...]]
    versions: Callable[[str], DeviceVersions | None]  # by role
    plugged: Callable[[threading.Event, str], Iterable[tuple[PluggedShown, ...]]]  # by language; as things come and go
    drivers: Callable[[str, str], tuple[DriverShown, ...]]  # by role and language
    chosen: Callable[[str], tuple[str, Mapping[str, Any]]]  # driver and options of a role
    choose: Callable[[str, str, Mapping[str, Any]], None]
    try_out: Callable[[str], str]  # by role; says in words what came of it
    diagnose: Callable[[], str]  # writes the diagnostic file; where it is


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
        self._versions: DeviceVersions | None = None
        self._plugged: tuple[PluggedShown, ...] = ()
        self._values: Mapping[str, str] = {}  # what a plugged thing proposes for the driver looked at
        self._drivers: tuple[DriverShown, ...] = ()
        self._chosen: tuple[str, Mapping[str, Any]] = ("", {})
        self._driver = ""
        self._tried: dict[str, tuple[str, str, str]] = {}  # what came of a deed, by role; of the page's own at ""
        # A service (PC/SC, CUPS) hears of a device a moment after the kernel: once more then.
        self._settling = QTimer(self, singleShot=True, interval=SETTLES)
        self._settling.timeout.connect(self._look_again)
        self.state = DevicesState()

    def start(self) -> None:
        """Begin to notice what is plugged in and drawn out."""
        language = self._language()
        self._tasks.stream("plugged", lambda stop: self._do.plugged(stop, language), self._heard_plugged, lambda: None)

    def stop(self) -> None:
        """Notice it no more."""
        self._tasks.drop("plugged")
        self._settling.stop()

    def refresh(self) -> None:
        """Ask all devices; once more where they are being asked, for another one may have been chosen since."""
        self._look_again()
        self._say()

    def open(self, role: str) -> None:
        """Look at one device."""
        self._role, self._driver, self._values = role, "", {}
        self._drivers, self._versions = (), None  # another role's are not to be chosen for this one
        self._ask_drivers()
        self._say()

    def open_plugged(self, key: str) -> None:
        """Look at the driver that fits a plugged thing, its options filled in."""
        one = next((one for one in self._plugged if one.key == key), None)
        if one is not None and one.role:
            self.open(one.role)
            self._driver, self._values = one.driver, one.values
            self._say()

    def look_at_driver(self, driver: str) -> None:
        self._driver, self._values = driver, {}
        self._say()

    def choose(self, driver: str, options: Mapping[str, Any]) -> None:
        """Let this driver serve."""
        role = self._role
        self._tasks.run(
            "choose",
            lambda: self._do.choose(role, driver, options),
            lambda _: self._was_chosen(role),
            partial(self._problem, at=role),
        )

    def try_out(self) -> None:
        role = self._role
        self._forget()
        self._tasks.run(
            "try",
            lambda: self._do.try_out(role),
            lambda words: self._came_of(role, words),
            partial(self._problem, at=role),
        )
        self._say()

    def diagnose(self) -> None:
        """Write the diagnostic file."""
        self._forget()
        self._tasks.run("diagnose", self._do.diagnose, self._diagnosed)
        self._say()

    def _diagnosed(self, file: str) -> None:
        self._came_of("", say("诊断文件已写好"), say("{file}：里面没有办事人的信息，可以交给技术支持。", file=file))

    def tried_read(self) -> None:
        self._forget()
        self._say()

    def _ask_drivers(self) -> None:
        role, language = self._role, self._language()
        self._tasks.run(
            "drivers", lambda: (self._do.drivers(role, language), self._do.chosen(role)), self._heard_drivers
        )
        self._tasks.run("versions", lambda: self._do.versions(role), self._heard_versions, lambda _: None)

    def _heard_versions(self, versions: DeviceVersions | None) -> None:
        self._versions = versions
        self._say()

    def _heard_plugged(self, plugged: tuple[PluggedShown, ...]) -> None:
        self._plugged = plugged
        self._look_again()
        self._settling.start()
        self._say()

    def _look_again(self) -> None:
        self._tasks.ask_again("states", self._do.states, self._heard)  # what is under way was asked before

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

    def _was_chosen(self, role: str) -> None:
        self._came_of(role, say("已换用"), say("正在看它是否正常。"))
        self._ask_drivers()
        self.refresh()

    def _problem(self, problem: Problem, at: str = "") -> None:
        words = words_for(problem, self._language())
        self._came_of(at, words.title, words.remedy, "bad")

    def _forget(self) -> None:
        for at in (self._role, ""):
            self._tried.pop(at, None)

    def _came_of(self, at: str, title: str, more: str = "", tone: str = "ok") -> None:
        """What came of a deed: said where its device is looked at, or on the whole page."""
        self._tried[at] = (title, more, tone)
        self._say()

    def say_again(self) -> None:
        """The language changed."""
        if self._drivers:
            self._ask_drivers()
        if self._tasks.is_busy("plugged"):
            self.start()
        self._say()

    def _say(self) -> None:
        english = self._language() == "en"
        lines = []
        for one in self._lines:
            words, tone = standing(one)
            name = one.name_en if english and one.name_en else one.name
            lines.append(Line(one.role, say(ROLES[one.role].name), name or say("还没有选驱动"), say(words), tone))
        here = next((one for one in self._lines if one.role == self._role), None)
        words, tone = standing(here) if here else ("", "")
        trouble = ("", "")
        if here is not None and here.problem is not None:
            told = words_for(here.problem, self._language())
            trouble = (told.title, told.remedy)
        rows: list[tuple[str, str] | tuple[str, str, str]] = []
        if here is not None:
            rows = [(say("驱动"), here.driver), (say("级别"), say(GRADES[here.grade]) if here.grade else "")]
            rows += _fact_rows(here.facts, self._language())
            if here.driver:
                rows.append((say("上次正常"), _seen(here.seen)))
            rows += self._version_rows()
            if detail := here.facts.get("reasons"):
                rows.append((say("详情"), detail, "muted"))
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
        values.update(self._values)
        state = DevicesState(
            lines=tuple(lines),
            role=self._role,
            name=say(ROLES[self._role].name),
            trial=say(ROLES[self._role].trial),
            state=say(words) if words else "",
            tone=tone,
            trouble=trouble,
            rows=tuple(rows),
            plugged=tuple(
                Line(
                    one.key,
                    one.name or one.where,
                    " · ".join(part for part in (one.driver_name, one.where) if part),
                    say("可用") if one.role else "",
                    "ok",
                    faint=not one.role,
                )
                for one in self._plugged
            ),
            drivers=drivers,
            driver=looked_at.id if looked_at else "",
            options=looked_at.options if looked_at else (),
            values=values,
            in_use=in_use,
            may_choose=looked_at is not None and not looked_at.lacking,
            asking=self._tasks.is_busy("states"),
            tried=self._tried.get(self._role) or self._tried.get("") or ("", "", "ok"),
            trying=self._tasks.is_busy("try"),
            diagnosing=self._tasks.is_busy("diagnose"),
        )
        if state != self.state:
            self.state = state
            self.changed.emit(state)

    def _version_rows(self) -> list[tuple[str, str]]:
        versions = self._versions
        if versions is None:
            return []
        needs = ", ".join(f"{name} {version}" for name, version in versions.needs.items())
        rows = [(say("驱动版本"), say("随通办 {version}", version=versions.program)), (say("依赖"), needs)]
        rows += [(say(FACTS.get(name, name)), value) for name, value in versions.told.items()]
        return [(label, value) for label, value in rows if value]


def standing(line: DeviceLine) -> tuple[str, str]:
    """How a device stands, in a word, and the word's tone."""
    return WORDS[line.word] if line.driver else NOT_CHOSEN


def _seen(at: datetime | None) -> str:
    return f"{at.astimezone(CHINA):%m-%d %H:%M}" if at else say("这次启动后还没有")


def _fact_rows(facts: Mapping[str, str], language: str) -> list[tuple[str, str]]:
    """What a driver says of the device, in words. What a printer calls it itself is a detail for technicians."""
    rows = []
    for name, value in facts.items():
        match name:
            case "reasons":
                continue
            case "standing":
                plain = say(STANDINGS[value]) if value in STANDINGS else ""
                said = printer_words(facts.get("reasons", ""), language) or plain
            case "sources":
                said = listed(say(SOURCES.get(one, one)) for one in value.split(", "))
            case _:
                said = value
        rows.append((say(FACTS.get(name, name)), said))
    return [(label, said) for label, said in rows if said]


SOURCES: Mapping[str, str] = {Source.ADF: "单面", Source.ADF_DUPLEX: "双面", Source.FLATBED: "平板"}
FACTS = {
    "sam_number": "安全模块编号",
    "sources": "进纸",
    "standing": "状态",
    "readers": "阅读器",
    "firmware": "固件",
    "model": "型号",
    "library": "厂家库",
}
