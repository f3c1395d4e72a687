"""The supervisor's page of stations: when each was heard, its program and devices, what is to be looked after (F30)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from server.org.tree import get_tree
from server.supervise import stations
from server.supervise.stations import DeviceStanding, StationStanding
from server.web import wording
from server.web.supervisors import person_of, supervisors_only, with_rooms
from server.web.todo import Mark

STRETCH = 50  # stations on one page


@dataclass(frozen=True)
class Line:
    """One station."""

    name: str
    place: str
    heard_at: datetime | None
    program: str
    alarms: tuple[str, ...]
    devices: tuple[Mark, ...]
    details: tuple[tuple[str, str], ...]


@supervisors_only
@require_GET
def stations_page(request: HttpRequest) -> HttpResponse:
    """The stations of the supervisor's node and those below it, alarms on top."""
    person = person_of(request)
    found = Paginator(stations.seen_by(person), STRETCH)
    stretch = found.get_page(request.GET.get("page"))
    alarming = stations.alarms(person)
    context = {
        "place": get_tree().path_name(person.node),
        "total": found.count,
        "alarming": alarming,
        "oldest": settings.TONGBAN_OLDEST_PROGRAM,
        "stretch": stretch,
        "lines": [_line(stations.standing(row)) for row in stretch],
    }
    return render(request, "stations.html", with_rooms(person, "stations", context))


def _line(standing: StationStanding) -> Line:
    return Line(
        name=standing.name,
        place=get_tree().path_name(standing.node),
        heard_at=standing.heard_at,
        program=standing.program,
        alarms=tuple(str(wording.ALARMS[alarm]) for alarm in standing.alarms),
        devices=tuple(_mark(device) for device in standing.devices),
        details=tuple((_name(device), _details(device)) for device in standing.devices),
    )


def _name(device: DeviceStanding) -> str:
    return str(wording.PLACES.get(device.reported.role, device.reported.role))


def _mark(device: DeviceStanding) -> Mark:
    words, tone = wording.CONDITIONS[device.reported.condition]
    return Mark(f"{_name(device)} {words}", tone)


def _details(device: DeviceStanding) -> str:
    """Driver, how far it is proved, versions, since when it is out of order or when it was last in order."""
    told = device.reported
    versions = gettext("、").join(f"{name} {version}" for name, version in told.versions.items())
    parts = [told.driver, str(wording.GRADES.get(told.grade, "")), versions, wording.title_of(told.problem)]
    if device.since is not None:
        parts.append(gettext("从 %(at)s 起不能用") % {"at": _time(device.since)})
        if told.seen is not None:
            parts.append(gettext("上次正常 %(at)s") % {"at": _time(told.seen)})
    return " · ".join(part for part in parts if part)


def _time(at: datetime) -> str:
    return f"{localtime(at):%m-%d %H:%M}"
