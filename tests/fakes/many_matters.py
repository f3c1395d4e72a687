"""Fills a server's catalogue with a hall of `tests.fakes.province`, and changes a day's worth of it. Run as a process
of that server: ``python -m tests.fakes.many_matters fill|day …``, which says in JSON what it did."""

from __future__ import annotations

import json
import os
import random
import sys
from typing import Any


def fill(standards: int, places: int, offered: int) -> dict[str, Any]:
    """Put a hall beside the one that is there."""
    from django.db import transaction

    from contract.matter import Matter
    from server.catalogue.matters import offer
    from server.catalogue.models import MatterVersion
    from server.org import models as org
    from tests.fakes.province import make_province

    hall = make_province(standards, places, offered)
    with transaction.atomic():
        org.Node.objects.bulk_create([org.Node(**node.model_dump(mode="json")) for node in hall.nodes], batch_size=500)
        org.Department.objects.bulk_create(
            [org.Department(**department.model_dump(mode="json")) for department in hall.departments], batch_size=500
        )
        MatterVersion.objects.bulk_create(
            [MatterVersion(code=each["code"], version=1, body=each) for each in hall.matters], batch_size=500
        )
        offer(*(row.opened() for row in hall.rows))
        org.touch()
    name = Matter.model_validate(hall.matters[standards // 2]).name
    return {"village": hall.village(), "matters": len(hall.matters), "offered": len(hall.rows), "name": name}


def day(changes: int, matter: str) -> dict[str, Any]:
    """So many offerings change how they are accepted; one matter gets a new version; a telephone changes."""
    from contract.matter import Matter
    from server.catalogue.matters import offer, publish
    from server.catalogue.models import MatterVersion, Offering
    from server.org import models as org

    rows = Offering.objects.filter(matter__startswith="XK-0")
    keys = random.Random(5).sample(sorted(rows.values_list("id", flat=True)), changes)
    changed = []
    for row in Offering.objects.filter(id__in=keys):
        wire = row.to_wire()
        other = "window" if wire.accepted_by == "department" else "department"
        changed.append(wire.model_validate({**wire.model_dump(mode="json"), "accepted_by": other}))
    offer(*changed)
    old = Matter.model_validate(MatterVersion.objects.filter(code=matter).order_by("-version").first().body)
    publish(old.model_copy(update={"version": old.version + 1, "name": f"{old.name}（新）"}))
    office = org.Department.objects.order_by("code").first()
    office.phone = "0599-00000000"
    office.save()
    org.touch()
    return {"changed": len(changed), "matter": f"{old.name}（新）"}


def withdraw(matter: str) -> dict[str, Any]:
    """All versions of a matter are withdrawn."""
    from server.catalogue import matters
    from server.catalogue.models import MatterVersion

    for version in MatterVersion.objects.filter(code=matter).values_list("version", flat=True):
        matters.withdraw(matter, version)
    return {}


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "server.settings"
    import django

    django.setup()
    work, *given = sys.argv[1:]
    does = {"fill": fill, "day": day, "withdraw": withdraw}[work]
    sys.stdout.write(json.dumps(does(*(int(each) if each.isdigit() else each for each in given))) + "\n")


if __name__ == "__main__":
    main()
