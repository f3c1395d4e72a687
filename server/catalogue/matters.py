"""Matters and offerings: published, looked up, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from django.db import transaction
from django.utils import timezone

import contract.node
from contract.form import faults
from contract.matter import Matter
from contract.problem import Problem, Retry
from server.catalogue import feed
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
        before = newest_version(matter.code)
        row, made = MatterVersion.objects.get_or_create(
            code=matter.code, version=matter.version, defaults={"body": body}
        )
        if not made and row.to_wire() != matter:
            raise Problem("matter.version_taken", Retry.AFTER_FIX, matter=matter.code, version=matter.version)
        if made:
            feed.note([feed.Changed(matter.code, before=before)])
        touch()


def withdraw(code: str, version: int) -> None:
    """Offer a version no more: nobody begins with it again. What was begun with it is still taken in (S09).

    Raises:
        Problem: ``matter.unknown``.
    """
    with transaction.atomic():
        before = newest_version(code)
        row = MatterVersion.objects.filter(code=code, version=version).first()
        if row is None:
            raise Problem("matter.unknown", Retry.AFTER_FIX, matter=code[:64], version=version)
        if row.withdrawn_at is None:
            row.withdrawn_at = timezone.now()
            row.save(update_fields=["withdrawn_at"])
            feed.note([feed.Changed(code, before=before)])
            touch()


def offer(*offerings: contract.node.Offering) -> None:
    """Departments offer matters for their areas, or change how they do."""
    given = {(offering.matter, offering.department, offering.area): offering for offering in offerings}
    with transaction.atomic():
        before = _offered({matter for matter, _, _ in given})
        fresh, changed, notes = [], [], []
        for key, offering in given.items():
            body = offering.model_dump(mode="json")
            row = before.get(key)
            if row is not None and row.body == body:
                continue
            notes.append(feed.Changed(*key, before=row.body if row else None))
            if row is None:
                fresh.append(Offering(matter=key[0], department=key[1], area=key[2], body=body))
            else:
                row.body = body
                changed.append(row)
        Offering.objects.bulk_create(fresh, batch_size=500)
        Offering.objects.bulk_update(changed, ["body"], batch_size=200)
        feed.note(notes)
        if notes:
            touch()


def offer_no_more(matter: str, department: str, area: str) -> None:
    """A department no longer offers a matter for an area."""
    with transaction.atomic():
        row = Offering.objects.filter(matter=matter, department=department, area=area).first()
        if row is not None:
            feed.note([feed.Changed(matter, department, area, row.body)])
            row.delete()
            touch()


def _offered(matters: Iterable[str]) -> dict[tuple[str, str, str], Offering]:
    return {
        (row.matter, row.department, row.area): row
        for some in batched(matters)
        for row in Offering.objects.filter(matter__in=some)
    }


def batched(codes: Iterable[str], size: int = 500) -> Iterator[list[str]]:
    """Codes in lots that a query can name."""
    every = list(codes)
    return (every[start : start + size] for start in range(0, len(every), size))


def newest_version(code: str) -> int | None:
    """The number of the newest version that is not withdrawn; None where there is none."""
    found = MatterVersion.objects.filter(code=code, withdrawn_at=None).order_by("-version")
    return found.values_list("version", flat=True).first()


def is_withdrawn(code: str, version: int) -> bool:
    """Whether nobody may begin with a version any more: it was withdrawn."""
    return _is_withdrawn(edition(), code, version)


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
def _is_withdrawn(edition: str, code: str, version: int) -> bool:
    return MatterVersion.objects.filter(code=code, version=version, withdrawn_at__isnull=False).exists()


@lru_cache(maxsize=512)
def _matter(edition: str, code: str, version: int) -> Matter:
    row = MatterVersion.objects.filter(code=code, version=version).first()
    if row is None:
        raise Problem("matter.unknown", Retry.AFTER_FIX, matter=code[:64], version=version)
    return row.to_wire()


@lru_cache(maxsize=512)
def _offerings(edition: str, matter: str) -> tuple[contract.node.Offering, ...]:
    return tuple(row.to_wire() for row in Offering.objects.filter(matter=matter).order_by("department", "area"))
