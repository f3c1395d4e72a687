"""The devices of this station: what was chosen, how each stands, in words. Drivers are named, never imported."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from app.clock import wall_clock
from app.config import DeviceChoice
from app.version import VERSION
from contract.problem import Problem, Retry
from contract.report import SHORT, Condition, DeviceReport, StationReport
from devices import catalogue
from devices.camera import CameraSource
from devices.cards import Reader as CardReader
from devices.codes import Code, Scanner
from devices.host import Host
from devices.idcard import IdentityDocument, Reader
from devices.printer import PrinterState, PrintSink, Standing, require_able
from devices.rating import Pad as RatingPad
from devices.scanner import BatchEnd, Capabilities, ScannedPage, ScanProfile, ScanSource
from devices.signature import Pad as SignaturePad
from devices.transports.plugged import Thing, things

AGAIN = 5.0  # seconds until a code scanner that was lost is looked for again
LOOK = 1.0  # seconds between two looks at what is plugged in
LOOK_OVER = 10.0  # seconds that a batch waits for the end of a look at how the scanner stands

Word = Literal["ok", "absent", "busy", "fault", "paper_low", "unknown"]
_WORDS: dict[str, Word] = {
    "device.busy": "busy",
    "scanner.busy": "busy",
    "device.unplugged": "absent",
    "device.no_such_port": "absent",
    "device.usb_absent": "absent",
    "device.unreachable": "absent",
    "printer.unreachable": "absent",
    "scanner.absent": "absent",
    "scanner.gone": "absent",
    "cards.no_reader": "absent",
    "camera.unreachable": "absent",
    "camera.not_there": "absent",
}

_IN_ORDER = ("ok", "busy", "paper_low")

_log = logging.getLogger("app.devices_here")


@dataclass(frozen=True)
class DeviceRole:
    """A device's place at the desk. Its words are in ui.device_words.

    Attributes:
        key: As in station.json.
        kind: Of the drivers that can serve it.
        patience: Seconds that it may say nothing.
        always: Every desk has one: where none is chosen, that is shown.
        instead: The role that does its work where none is chosen: then nothing is missing.
        listened_to: Somebody hears it for hours; meanwhile it is at work, and to ask it would wait for ever.
    """

    key: str
    kind: str
    patience: float
    always: bool = False
    instead: str = ""
    listened_to: bool = False


# In the order of the top bar and the device page, which are made from it.
ROLES: Mapping[str, DeviceRole] = {
    role.key: role
    for role in (
        DeviceRole("idcard", "idcard", 12.0, always=True),
        DeviceRole("scanner", "scanner", 45.0, always=True),
        DeviceRole("receipt", "printer", 20.0, always=True, instead="a4"),  # receipts of half a sheet
        DeviceRole("a4", "printer", 30.0, always=True),
        DeviceRole("cards", "cards", 30.0),
        DeviceRole("codes", "codes", 5.0, listened_to=True),
        DeviceRole("camera", "camera", 10.0, listened_to=True),
        DeviceRole("signature", "signature", 10.0, listened_to=True),
        DeviceRole("rating", "rating", 10.0, listened_to=True),
    )
}


@dataclass(frozen=True)
class DeviceLine:
    """How one device stands, for the lights in the top bar and the device page."""

    role: str
    driver: str
    name: str
    name_en: str
    grade: str
    word: Word
    problem: Problem | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    seen: datetime | None = None  # when it was last in order, since this program started

    def raise_problem(self) -> None:
        """Raise the device's Problem, if it has one."""
        if self.problem is not None:
            raise self.problem


@dataclass(frozen=True)
class DeviceVersions:
    """Which versions serve a role.

    Attributes:
        program: The driver's, which comes with the program.
        needs: By name, what the driver stands on: packages and libraries of this machine.
        told: What the device or its maker's library says of itself: firmware, model …
    """

    program: str
    needs: Mapping[str, str]
    told: Mapping[str, str]


class _OneBatch(ScanSource):
    """The scanner, for one at a time: to ask it anything during a batch would end the batch.

    `turned_away` is set where somebody came during one.
    """

    def __init__(self, host: Host, patience: float, turn: threading.Lock, turned_away: threading.Event) -> None:
        super().__init__(host, patience)
        self._turn, self._turned_away = turn, turned_away

    def capabilities(self) -> Capabilities:
        with self._mine():
            return super().capabilities()

    def scan(
        self, profile: ScanProfile, *, first: int = 1, stop: threading.Event | None = None, wait: float = 0.0
    ) -> Generator[tuple[ScannedPage, bytes], None, BatchEnd]:
        with self._mine(LOOK_OVER):
            return (yield from super().scan(profile, first=first, stop=stop, wait=wait))

    @contextmanager
    def _mine(self, wait: float = 0.0) -> Iterator[None]:
        if not self._turn.acquire(timeout=wait):
            self._turned_away.set()
            raise Problem("device.busy", Retry.AGAIN, driver=self._host.driver_id)
        try:
            yield
        finally:
            self._turn.release()


class DevicesHere:
    """The chosen drivers, each in its own process, started when first asked. Callable from any thread."""

    def __init__(self, chosen: Mapping[str, DeviceChoice], clock: Callable[[], datetime] = wall_clock) -> None:
        self._chosen = dict(chosen)
        self._clock = clock
        self._seen: dict[str, datetime] = {}
        self._told: dict[str, Mapping[str, str]] = {}  # by role, which versions the device told when it was in order
        self._report: StationReport | None = None
        self._hosts: dict[str, Host] = {}
        self._reader: tuple[Host, Reader] | None = None  # it remembers which card it has read
        self._printers: dict[str, PrintSink] = {}  # each remembers whose paper it may still hold
        self._lock = threading.Lock()
        self._scanning = threading.Lock()
        self._missed = threading.Event()  # somebody looked at the scanner during a batch and learnt nothing
        self._closed = False

    def idcard(self) -> Reader:
        """The identity-card reader. Raises Problem ``device.not_chosen``."""
        host = self._host("idcard")
        if self._reader is None or self._reader[0] is not host:
            self._reader = (host, Reader(host))
        return self._reader[1]

    def scanner(self) -> ScanSource:
        """The scanner; who asks it during a batch gets ``device.busy``. Raises Problem ``device.not_chosen``."""
        return _OneBatch(self._host("scanner"), ROLES["scanner"].patience, self._scanning, self._missed)

    def printer(self, role: str) -> PrintSink:
        """The printer of a role, ``receipt`` or ``a4``. Raises Problem ``device.not_chosen``."""
        host = self._host(role)
        with self._lock:
            sink = self._printers.get(role)
            if sink is None or sink.host is not host:
                sink = self._printers[role] = PrintSink(host)
        return sink

    def manual(self, fields: dict[str, Any], reason: str) -> IdentityDocument:
        """What was typed, checked as a document: the manual driver is always there."""
        return Reader(self._host("manual", DeviceChoice(driver="idcard/manual"))).read(**fields, reason=reason)

    def cards(self) -> CardReader:
        """The reader of other chip cards and passports. Raises Problem ``device.not_chosen``."""
        return CardReader(self._host("cards"))

    def camera(self) -> CameraSource:
        """The document camera. Who looks through it keeps it busy. Raises Problem ``device.not_chosen``."""
        return CameraSource(self._host("camera"))

    def codes(self) -> Scanner:
        """The code scanner. Who listens to it keeps it busy. Raises Problem ``device.not_chosen``."""
        return Scanner(self._host("codes"))

    def listen(self, stop: threading.Event) -> Iterator[Code]:
        """What the code scanner scans, until `stop`: through unplugging, through crashes, through another choice.

        For a thread of its own. It raises nothing for a device; how the scanner stands is in `state`.
        """
        while not stop.is_set():
            if self.has("codes"):
                try:
                    yield from self.codes().watch(stop)
                except Problem as problem:
                    _log.debug("code scanner: %s", problem.code)
            stop.wait(AGAIN)

    def signature(self) -> SignaturePad:
        """The signature pad. Who writes on it keeps it busy. Raises Problem ``device.not_chosen``."""
        return SignaturePad(self._host("signature"))

    def rating(self) -> RatingPad:
        """The rating pad. Who is asked on it keeps it busy. Raises Problem ``device.not_chosen``."""
        return RatingPad(self._host("rating"))

    def has(self, role: str) -> bool:
        return role in self._chosen

    def at_work(self, role: str) -> bool:
        """Whether somebody has it do something now."""
        host = self._hosts.get(role)
        return host is not None and host.busy

    def chosen(self, role: str) -> DeviceChoice | None:
        """Which driver serves a role, with its options as they were given."""
        return self._chosen.get(role)

    def choose(self, role: str, choice: DeviceChoice) -> None:
        """Use another driver from now on.

        Raises:
            Problem: ``device.no_such_driver``, ``device.bad_option``.
        """
        manifest = catalogue.get_driver(choice.driver)
        catalogue.options_of(manifest, {key: str(value) for key, value in choice.options.items()})
        with self._lock:
            self._chosen[role] = choice
            self._seen.pop(role, None)
            self._told.pop(role, None)
            old = self._hosts.pop(role, None)
        if old:
            old.close()

    def state(self, role: str) -> DeviceLine:
        """Ask one device how it is. Never raises for a device: its Problem is in the line."""
        line = self._asked(role)
        if line.word in _IN_ORDER:
            self._seen[role] = self._clock()
        return replace(line, seen=self._seen.get(role))

    def _asked(self, role: str) -> DeviceLine:
        choice = self._chosen.get(role)
        if choice is None:
            return DeviceLine(role, "", "", "", "", "absent")
        told: dict[str, Any] = {"role": role, "driver": choice.driver, "name": "", "name_en": "", "grade": ""}
        try:
            manifest = catalogue.get_driver(choice.driver)
            told |= {"name": manifest.name, "name_en": manifest.name_en, "grade": manifest.grade}
            if ROLES[role].listened_to and self.at_work(role):
                return DeviceLine(**told, word="ok")
            match manifest.kind:
                case "scanner":
                    capabilities = self.scanner().capabilities()
                    return DeviceLine(**told, word="ok", facts={"sources": ", ".join(capabilities.sources)})
                case "printer":
                    return _printer_line(told, PrintSink(self._host(role)).status())
                case _:
                    return DeviceLine(**told, word="ok", facts=_texts(self._host(role).ask("status")))
        except Problem as problem:
            return DeviceLine(**told, word=_WORDS.get(problem.code, "fault"), problem=problem)

    def states(self) -> tuple[DeviceLine, ...]:
        """All devices of the desk, in the order of ROLES; one that was not chosen has no driver.

        A role for which no driver is shipped is left out.
        """
        here = (
            role for role in ROLES.values() if role.always or self.has(role.key) or catalogue.has_drivers(role.kind)
        )
        lines = tuple(self.state(role.key) for role in here)
        chosen = (line for line in lines if line.driver)
        self._report = StationReport(program=VERSION, devices=tuple(self._reported(line) for line in chosen))
        return lines

    def report(self) -> StationReport | None:
        """What the server is to know of this station's program and devices: as of the last `states`, None before."""
        return self._report

    def _reported(self, line: DeviceLine) -> DeviceReport:
        return DeviceReport(
            role=line.role,
            driver=_short(line.driver),
            grade=line.grade,
            condition=Condition.OK if line.word == "busy" else Condition(line.word),  # at work is in order
            problem=line.problem.code if line.problem is not None and line.word != "busy" else "",
            versions={_short(name): _short(version) for name, version in self._known_versions(line).items()},
            seen=line.seen,
        )

    def _known_versions(self, line: DeviceLine) -> dict[str, str]:
        """What serves a device; it is asked itself once, each time that it has come to be in order."""
        if line.word not in _IN_ORDER:
            self._told.pop(line.role, None)
        elif line.role not in self._told and not self.at_work(line.role):
            self._told[line.role] = self._ask_versions(line.role)
        needs: dict[str, str] = {}
        with suppress(Problem):  # the line says that there is no such driver
            needs = catalogue.versions(catalogue.get_driver(line.driver))
        return {**needs, **self._told.get(line.role, {})}

    def versions(self, role: str) -> DeviceVersions | None:
        """Which versions serve a role; None where no driver does. A device that is at work or not there tells nothing.

        Raises:
            Problem: ``device.no_such_driver``, ``device.bad_manifest``.
        """
        choice = self._chosen.get(role)
        if choice is None:
            return None
        manifest = catalogue.get_driver(choice.driver)
        told = {} if self.at_work(role) else self._ask_versions(role)
        return DeviceVersions(VERSION, catalogue.versions(manifest), told)

    def _ask_versions(self, role: str) -> dict[str, str]:
        with suppress(Problem):  # most drivers have nothing to tell
            return _texts(self._host(role).ask("versions"))
        return {}

    def plugged(self, stop: threading.Event) -> Iterator[tuple[Thing, ...]]:
        """What is plugged in: now, and again whenever something comes or goes, until `stop`. For a thread of its own.

        A chosen driver's port or folder that appears or goes away counts too, and so does the end of a batch during
        which somebody looked at the scanner: how it stands can be seen again.
        """
        before: object = None
        while not stop.is_set():
            now = things()
            free_again = self._missed.is_set() and not self._scanning.locked()
            if free_again:
                self._missed.clear()
            if free_again or (now, self._places()) != before:
                before = now, self._places()
                yield now
            stop.wait(LOOK)

    def _places(self) -> frozenset[Path]:
        """Files and folders named in the chosen drivers' options that are there."""
        named = {Path(str(value)) for choice in tuple(self._chosen.values()) for value in choice.options.values()}
        return frozenset(place for place in named if place.is_absolute() and place.exists())

    def close(self) -> None:
        """End every driver's process."""
        with self._lock:
            self._closed = True
            hosts, self._hosts = list(self._hosts.values()), {}
        for host in hosts:
            host.close()

    def _host(self, role: str, choice: DeviceChoice | None = None) -> Host:
        choice = choice or self._chosen.get(role)
        if choice is None:
            raise Problem("device.not_chosen", Retry.AFTER_FIX, role=role)
        with self._lock:
            if self._closed:
                raise Problem("device.closed", Retry.AGAIN, driver=choice.driver)
            if role not in self._hosts:
                options = {key: str(value) for key, value in choice.options.items()}
                patience = ROLES[role].patience if role in ROLES else 10.0
                self._hosts[role] = catalogue.open_host(choice.driver, options, patience)
            return self._hosts[role]


def _short(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:SHORT]


def _texts(facts: Mapping[str, Any]) -> dict[str, str]:
    """What a driver's status says, as words for technicians; what it leaves empty is left out."""
    said = {name: ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in facts.items()}
    return {name: str(value) for name, value in said.items() if value != "" and not isinstance(value, bool)}


def _printer_line(told: dict[str, Any], state: PrinterState) -> DeviceLine:
    words: dict[Standing, Word] = {
        Standing.OK: "ok",
        Standing.NEAR_END: "paper_low",
        Standing.UNKNOWN: "unknown",
    }
    problem = None
    try:
        require_able(state)
    except Problem as found:
        problem = found
    facts = {"standing": str(state.standing), "reasons": ", ".join(state.reasons)}
    return DeviceLine(**told, word=words.get(state.standing, "fault"), problem=problem, facts=facts)
