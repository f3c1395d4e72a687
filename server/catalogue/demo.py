"""Loads a hall from a folder of JSON files in the contract's own shape: the demo hall, a training hall, a test's.

nodes.json, departments.json, matters/*.json, offerings.json, calendar.json, clerks.json (people with user names and
known training passwords, which is why whatever is loaded from here is marked as training), and stations.json, where
there is one (windows with known enrolment codes, good once after each load).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from pydantic import TypeAdapter, ValidationError

from contract.clock import Calendar
from contract.matter import Matter
from contract.node import Department, Node, Offering
from contract.person import Clerk
from contract.problem import Problem, Retry
from contract.wire import Wire
from server.catalogue.calendar import set_calendar
from server.catalogue.matters import offer, publish
from server.exchange.stations import arm_code
from server.org import models as org


class DemoClerk(Wire):
    """A person of clerks.json: the contract's clerk with a way to sign in."""

    id: str
    name: str
    roles: tuple[str, ...]
    node: str = ""
    department: str = ""
    delegated: tuple[str, ...] = ()
    username: str
    password: str

    @property
    def clerk(self) -> Clerk:
        return Clerk.model_validate(self.model_dump(include={"id", "name", "roles", "node", "department"}))


class DemoStation(Wire):
    """A window of stations.json and the code by which its station may join."""

    window: str
    node: str
    channel: str = "counter"
    clerk: str = ""
    code: str


def load_demo(folder: Path) -> dict[str, int]:
    """Load or reload a hall; doing it again changes nothing. Returns how many of each were read.

    Raises:
        Problem: ``demo.unreadable`` naming the file and the field, ``matter.version_taken``, ``demo.real_hall`` where
            this server works for real already: known passwords and codes have no place there.
    """
    if org.User.objects.exists() and not org.Hall.objects.filter(training=True).exists():
        raise Problem("demo.real_hall", Retry.NEVER)
    nodes = _read(folder / "nodes.json", TypeAdapter(list[Node]))
    departments = _read(folder / "departments.json", TypeAdapter(list[Department]))
    offerings = _read(folder / "offerings.json", TypeAdapter(list[Offering]))
    clerks = _read(folder / "clerks.json", TypeAdapter(list[DemoClerk]))
    calendar = _read(folder / "calendar.json", TypeAdapter(Calendar))
    matters = [_read(path, TypeAdapter(Matter)) for path in sorted((folder / "matters").glob("*.json"))]
    windows = folder / "stations.json"
    stations = _read(windows, TypeAdapter(list[DemoStation])) if windows.exists() else []
    hashed = _hashed({clerk.password for clerk in clerks})
    with transaction.atomic():
        for node in nodes:
            _put(org.Node, "code", node.model_dump(mode="json"))
        for department in departments:
            _put(org.Department, "code", department.model_dump(mode="json"))
        for matter in matters:
            publish(matter)
        offer(*offerings)
        set_calendar(calendar)
        for clerk in clerks:
            _put_clerk(clerk, hashed[clerk.password])
        for station in stations:
            arm_code(station.code, station.node, station.window)
        org.touch(training=True)
    return {
        "nodes": len(nodes),
        "departments": len(departments),
        "matters": len(matters),
        "offerings": len(offerings),
        "clerks": len(clerks),
    }


def _read(path: Path, kind: TypeAdapter[Any]) -> Any:
    try:
        return kind.validate_json(path.read_bytes())
    except OSError:
        raise Problem("demo.unreadable", Retry.AFTER_FIX, file=path.name, field="") from None
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise Problem("demo.unreadable", Retry.AFTER_FIX, file=path.name, field=where) from None


def _put(model: Any, key: str, values: dict[str, Any]) -> None:
    model.objects.update_or_create(**{key: values.pop(key)}, defaults=values)


def _hashed(passwords: set[str]) -> dict[str, str]:
    """One hash per password for all who share it: hashing fifty takes many seconds, and training ones are no secret."""
    known = list(org.User.objects.values_list("password", flat=True).distinct())
    found = {}
    for password in passwords:
        kept = (stored for stored in known if check_password(password, stored))
        found[password] = next(kept, None) or make_password(password)
    return found


def _put_clerk(given: DemoClerk, password: str) -> None:
    clerk = given.clerk
    org.User.objects.update_or_create(
        id=clerk.id,
        defaults={
            "username": given.username,
            "password": password,
            "name": clerk.name,
            "roles": [role.value for role in clerk.roles],
            "node": clerk.node,
            "department": clerk.department,
            "delegated": list(given.delegated),
        },
    )
