"""状况报告: what a station says of itself, so that an old program or a dead device is seen in time (F30).

It is no act and in no round: it goes by itself when it has changed, and once a day. A server that does not know it yet
says so, and nothing else is kept from going; a station that does not know it never sends one. What is said is about
machines only.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from contract.wire import Wire

SHORT = 80  # characters of a name or a version
Text = Annotated[str, StringConstraints(max_length=SHORT, pattern=r"^[^\x00-\x1f]*$")]


class Condition(StrEnum):
    """How a device stands."""

    OK = "ok"
    PAPER_LOW = "paper_low"
    UNKNOWN = "unknown"  # it cannot say, as many printers cannot
    ABSENT = "absent"
    FAULT = "fault"


OUT_OF_ORDER = frozenset({Condition.ABSENT, Condition.FAULT})


class DeviceReport(Wire):
    """One device that was chosen for a place at the desk.

    Attributes:
        role: Its place: ``idcard``, ``receipt`` …
        driver: ``kind/name``.
        grade: How far the driver is proved; empty where there is no such driver (any more).
        condition: How it stands.
        problem: Code of the Problem that it has.
        versions: By name: of what the driver stands on, and what the device or its maker's library says of itself.
        seen: When it was last in order, since the program started, by the station's clock.
    """

    role: Text
    driver: Text
    grade: Text = ""
    condition: Condition
    problem: Text = ""
    versions: dict[Text, Text] = Field(default={}, max_length=20)
    seen: datetime | None = None


class StationReport(Wire):
    """The program's version, and how each device stood at the last look."""

    program: Text
    devices: tuple[DeviceReport, ...] = Field(default=(), max_length=40)

    def says_more_than(self, other: StationReport | None) -> bool:
        """Whether it differs from another in anything but when devices were last in order."""
        return other is None or self._lasting() != other._lasting()

    def _lasting(self) -> StationReport:
        lasting = tuple(device.model_copy(update={"seen": None}) for device in self.devices)
        return self.model_copy(update={"devices": lasting})
