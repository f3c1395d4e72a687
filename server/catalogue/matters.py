"""Matters and offerings: published, looked up, never changed."""

from __future__ import annotations

from functools import lru_cache

from django.db import transaction

import contract.node
from contract.form import faults
from contract.matter import Matter
from contract.problem import Problem, Retry
from server.catalogue.models import MatterVersion, Offering
from server.org.models import touch
from server.org.tree import edition


def publish(matter: Matter) -> None:
    """Publish a version. Publishing the very same again changes nothing.

    Raises:
        Problem: ``matter.version_taken`` where this version says something else already; ``matter.form_faulty`` where
            no counter could draw or check its form.
    """
    if wrong := faults(matter.form):
        raise Problem(
            "matter.form_faulty",
            Retry.AFTER_FIX,
            matter=matter.code,
            version=matter.version,
            count=len(wrong),
            first=wrong[0][:200],
        )
    body = matter.model_dump(mode="json")
    with transaction.atomic():
        row, made = MatterVersion.objects.get_or_create(
            code=matter.code, version=matter.version, defaults={"body": body}
        )
        if not made and row.to_wire() != matter:
            raise Problem("matter.version_taken", Retry.AFTER_FIX, matter=matter.code, version=matter.version)
        touch()


def offer(offering: contract.node.Offering) -> None:
    """A department offers a matter for its area, or changes how it does."""
    with transaction.atomic():
        Offering.objects.update_or_create(
            matter=offering.matter,
            department=offering.department,
            area=offering.area,
            defaults={"body": offering.model_dump(mode="json")},
        )
        touch()


def get_matter(code: str, version: int) -> Matter:
    """A published version, withdrawn or not: a draft keeps the version that it began with (S09).

    Raises:
        Problem: ``matter.unknown``.
    """
    return _matter(edition(), code, version)


def offerings_of(matter: str) -> tuple[contract.node.Offering, ...]:
    """How the matter is offered, by all departments."""
    return _offerings(edition(), matter)


def newest() -> tuple[Matter, ...]:
    """The newest version of each matter that is not withdrawn."""
    found: dict[str, Matter] = {}
    for row in MatterVersion.objects.filter(withdrawn_at=None).order_by("code", "version"):
        found[row.code] = row.to_wire()
    return tuple(found.values())


@lru_cache(maxsize=512)
def _matter(edition: str, code: str, version: int) -> Matter:
    row = MatterVersion.objects.filter(code=code, version=version).first()
    if row is None:
        raise Problem("matter.unknown", Retry.AFTER_FIX, matter=code[:64], version=version)
    return row.to_wire()


@lru_cache(maxsize=512)
def _offerings(edition: str, matter: str) -> tuple[contract.node.Offering, ...]:
    return tuple(row.to_wire() for row in Offering.objects.filter(matter=matter).order_by("department", "area"))
