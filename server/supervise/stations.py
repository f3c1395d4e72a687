"""How the stations are: what they say of themselves, and what a supervisor must look after (F30)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from contract.exchange import Told, Verdict
from contract.person import Role
from contract.report import OUT_OF_ORDER, DeviceReport, StationReport
from server.org.models import Station, User
from server.org.tree import codes_under
from server.supervise.models import ReportRecord

UNHEARD = timedelta(days=1)  # after so long without a word somebody goes and looks


class Alarm(StrEnum):
    """What is the matter with a station, the gravest first."""

    UNHEARD = "unheard"
    DEVICE = "device"
    PROGRAM_OLD = "program_old"


@dataclass(frozen=True)
class DeviceStanding:
    """A device as it was reported last.

    Attributes:
        since: From when on it has been out of order, by this server's clock; None where it is in order.
        alarming: That has been for too long.
    """

    reported: DeviceReport
    since: datetime | None
    alarming: bool


@dataclass(frozen=True)
class StationStanding:
    """A station as a supervisor sees it. `heard_at` is None where it never came back after it joined, `program` is
    empty where it never said (an older one)."""

    id: str
    node: str
    name: str
    heard_at: datetime | None
    program: str
    devices: tuple[DeviceStanding, ...]
    alarms: tuple[Alarm, ...]


def take(report: StationReport, station: Station) -> Told:
    """Keep what a station says of itself; the newest counts."""
    now = timezone.now()
    with transaction.atomic():
        before = ReportRecord.objects.select_for_update().filter(station=station).first()
        since = {kept["role"]: kept["since"] for kept in before.devices} if before else {}
        devices = [
            device.model_dump(mode="json")
            | {"since": (since.get(device.role) or now.isoformat()) if device.condition in OUT_OF_ORDER else None}
            for device in report.devices
        ]
        ReportRecord.objects.update_or_create(
            station=station, defaults={"program": report.program, "devices": devices, "heard_at": now}
        )
        Station.objects.filter(id=station.id).update(seen_at=now)
    return Told(verdict=Verdict.DONE)


def standings(person: User) -> list[StationStanding]:
    """The stations of a supervisor's node and those below it: those with an alarm first, then by place."""
    if not person.is_active or Role.SUPERVISOR not in person.working_as or not person.node:
        return []
    now = timezone.now()
    stations = Station.objects.select_related("report").filter(node__in=codes_under(person.node), revoked_at=None)
    found = [_standing(station, now) for station in stations.order_by("node", "name", "id")]
    return sorted(found, key=lambda standing: not standing.alarms)  # stable: the order above stays


def alarms(person: User) -> int:
    """How many stations have an alarm."""
    return sum(bool(standing.alarms) for standing in standings(person))


def _standing(station: Station, now: datetime) -> StationStanding:
    report: ReportRecord | None = getattr(station, "report", None)
    devices = tuple(_device(kept, station.seen_at) for kept in report.devices) if report else ()
    program = report.program if report else ""
    found = {
        Alarm.UNHEARD: now - (station.seen_at or station.enrolled_at) >= UNHEARD,
        Alarm.DEVICE: any(device.alarming for device in devices),
        Alarm.PROGRAM_OLD: bool(program) and is_older(program, settings.TONGBAN_OLDEST_PROGRAM),
    }
    alarming = tuple(alarm for alarm in Alarm if found[alarm])
    return StationStanding(station.id, station.node, station.name, station.seen_at, program, devices, alarming)


def _device(kept: dict[str, object], heard_at: datetime | None) -> DeviceStanding:
    """A device that was reported out of order still is as long as its station is heard and reports nothing else; while
    the station is switched off nobody knows."""
    since = parse_datetime(str(kept["since"])) if kept["since"] else None
    reported = DeviceReport.model_validate({name: value for name, value in kept.items() if name != "since"})
    patience = timedelta(hours=settings.TONGBAN_DEVICE_HOURS)
    alarming = since is not None and heard_at is not None and heard_at - since >= patience
    return DeviceStanding(reported, since, alarming)


def is_older(program: str, oldest: str) -> bool:
    """Whether a program's version is below the oldest that is supported; nothing is below none."""
    return bool(oldest) and _parts(program) < _parts(oldest)


def _parts(version: str) -> tuple[int, ...]:
    """``0.10.2`` as (0, 10, 2); what follows the figures (``rc1``) does not count."""
    figures = re.match(r"\d+(?:\.\d+)*", version)
    parts = [int(part) for part in figures[0].split(".")] if figures else [0]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)
