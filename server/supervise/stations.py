"""How the stations are: what they say of themselves, and what a supervisor must look after (F30)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

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
    """A device as it was reported last. `since` is from when on it has been out of order, by this server's clock; None
    where it is in order."""

    reported: DeviceReport
    since: datetime | None


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
        known = {kept["role"]: kept["since"] for kept in before.devices} if before else {}
        out = {device.role for device in report.devices if device.condition in OUT_OF_ORDER}
        since = {role: known.get(role) or now.isoformat() for role in out}
        said = {
            "program": report.program,
            "devices": [
                device.model_dump(mode="json") | {"since": since.get(device.role)} for device in report.devices
            ],
            "out_since": min(map(datetime.fromisoformat, since.values()), default=None),
            "heard_at": now,
        }
        ReportRecord.objects.update_or_create(station=station, defaults=said)
        Station.objects.filter(id=station.id).update(seen_at=now)
    return Told(verdict=Verdict.DONE)


def seen_by(person: User) -> QuerySet[Station]:
    """The stations of a supervisor's node and those below it, those with an alarm first, then by place. Each row says
    which alarms it has, and `alarming` whether any: thousands are counted and sorted where they lie."""
    if not person.is_active or Role.SUPERVISOR not in person.working_as or not person.node:
        return Station.objects.none()
    raised = _raised()
    said = {alarm.value: _holds(when) for alarm, when in raised.items()}
    alarming = _holds(reduce(or_, raised.values()))
    rows = Station.objects.filter(node__in=codes_under(person.node), revoked_at=None).select_related("report")
    return rows.annotate(**said, alarming=alarming).order_by("-alarming", "node", "name", "id")


def _raised() -> dict[Alarm, Q]:
    """When each is raised. A device that was reported out of order still is as long as its station is heard and reports
    nothing else; while the station is switched off nobody knows."""
    long_ago = timezone.now() - UNHEARD
    patience = timedelta(hours=settings.TONGBAN_DEVICE_HOURS)
    programs = ReportRecord.objects.order_by().values_list("program", flat=True).distinct()
    old = [program for program in programs if is_older(program, settings.TONGBAN_OLDEST_PROGRAM)]
    return {
        Alarm.UNHEARD: Q(seen_at__lte=long_ago) | Q(seen_at=None, enrolled_at__lte=long_ago),
        Alarm.DEVICE: Q(seen_at__gte=F("report__out_since") + patience),
        Alarm.PROGRAM_OLD: Q(report__program__in=old),
    }


def _holds(when: Q) -> Case:
    return Case(When(when, then=Value(True)), default=Value(False))


def alarms(person: User) -> int:
    """How many stations have an alarm."""
    return seen_by(person).filter(reduce(or_, _raised().values())).count()


def standing(row: Station) -> StationStanding:
    """What is known of a station of `seen_by`."""
    report: ReportRecord | None = getattr(row, "report", None)
    devices = tuple(map(_device, report.devices)) if report else ()
    raised = tuple(alarm for alarm in Alarm if getattr(row, alarm.value))
    return StationStanding(row.id, row.node, row.name, row.seen_at, report.program if report else "", devices, raised)


def _device(kept: dict[str, Any]) -> DeviceStanding:
    reported = DeviceReport.model_validate({name: value for name, value in kept.items() if name != "since"})
    return DeviceStanding(reported, datetime.fromisoformat(kept["since"]) if kept["since"] else None)


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
