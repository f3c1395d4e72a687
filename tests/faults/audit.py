"""What is on the server, read past its API, in a process of its own: ``python -m tests.faults.audit`` beside a server.

Asked on standard input: ``station ID`` what it has of that station, ``whole`` whether everything holds together,
``code NODE`` for a one-time code. Each line is answered by a line of JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django


def main() -> None:
    django.setup()
    from django.db import connection

    from server.exchange.stations import make_code

    for line in sys.stdin:
        question, _, about = line.strip().partition(" ")
        match question:
            case "station":
                answer: Any = of_station(about)
            case "code":
                answer = make_code(about, "1 号窗口")
            case _:
                answer = whole()
        connection.close()  # see what the server has written since
        print(json.dumps(answer), flush=True)


def of_station(station: str) -> dict[str, Any]:
    """All that the server has of the cases that a station had a hand in."""
    from contract.problem import Problem
    from server.cases.history import broken_chain
    from server.cases.models import CaseRecord, EventRecord
    from server.materials.pages import held_pages, read_page

    faults: list[str] = []
    cases: dict[str, Any] = {}
    touched = set(EventRecord.objects.filter(station=station).values_list("case_id", flat=True))
    for row in CaseRecord.objects.filter(id__in=touched):
        if broken_chain(row) is not None:
            faults.append(f"the history of {row.id} is broken")
        pages = held_pages(row.id)
        for digest in pages:
            try:
                read_page(row.id, digest)  # decrypts and compares the digest
            except Problem as problem:
                faults.append(f"a page of {row.id}: {problem.code}")
        acts = [[event.action_id, event.station, event.text] for event in row.events.order_by("seq") if event.action_id]
        cases[row.id] = {
            "acts": acts,
            "number": row.number,
            "pages": sorted(pages),
            "wanted": row.wanted,
            "digest": row.digest,
        }
    return {"cases": cases, "faults": faults}


def whole() -> dict[str, Any]:
    """What must hold of the server altogether."""
    from django.db.models import Count, Max

    from server.cases.models import EventRecord, Unrelayed
    from server.exchange.models import FeedRow
    from server.materials.models import Blob, CasePage

    faults: list[str] = []
    stations = set(EventRecord.objects.exclude(action_id=None).values_list("station", flat=True))
    for feed in FeedRow.objects.values("feed_id").annotate(rows=Count("id"), last=Max("n")):
        if feed["rows"] != feed["last"]:
            faults.append(f"the feed {feed['feed_id']} has {feed['rows']} rows and ends at {feed['last']}")
    if Unrelayed.objects.exists():
        faults.append("events that no feed was told of")
    orphans = Blob.objects.exclude(digest__in=CasePage.objects.values("blob_id")).count()
    return {"faults": faults, "stations": sorted(stations), "orphans": orphans}


if __name__ == "__main__":
    main()
