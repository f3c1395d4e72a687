"""The relay: after an event is committed it writes one row into each feed that may hear of it, numbered densely.

Numbers given before commit would become visible out of order, and a cursor would step over the late ones; here they
are given after, under a lock, so "everything after n" misses nothing. Run right after a commit, and again by a sweep
in case the process died in between; running it twice changes nothing.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import Max

from contract.node import NodeLevel
from server.cases.models import CaseRecord, EventRecord, Unrelayed
from server.exchange.models import Feed, FeedRow
from server.org.tree import get_tree

LOCK = 0x746F6E67  # PostgreSQL's advisory lock of the relay
BATCH = 500


def node_feed(code: str) -> str:
    return f"node:{code}"


def department_feed(code: str) -> str:
    return f"department:{code}"


def entitled(row: CaseRecord) -> tuple[str, ...]:
    """The feeds that hear of a case: the node that took it in, its street centre, and the competent department.

    County and city halls do not mirror everything below them: they look a case up when its applicant stands there.
    """
    tree = get_tree()
    above = [node.code for node in tree.chain(row.node)[1:] if node.level in (NodeLevel.STREET, NodeLevel.VILLAGE)]
    feeds = [node_feed(code) for code in (row.node, *above)]
    return (*feeds, department_feed(row.department)) if row.department else tuple(feeds)


def relay() -> int:
    """Write the feed rows of all events that have none; how many rows were written."""
    written = 0
    while Unrelayed.objects.exists():  # most who ask have done nothing, and take nobody's turn at the database
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            waiting = list(Unrelayed.objects.select_related("event__case").order_by("event_id")[:BATCH])
            by_feed: dict[str, list[EventRecord]] = {}
            for entry in waiting:
                for name in entitled(entry.event.case):
                    by_feed.setdefault(name, []).append(entry.event)
            for name, events in by_feed.items():
                written += _catch_up(name, events)
            Unrelayed.objects.filter(event_id__in=[entry.event_id for entry in waiting]).delete()
        if len(waiting) < BATCH:
            break
    return written


def _catch_up(name: str, events: list[EventRecord]) -> int:
    """The events, and before each whatever happened to its case before this feed was entitled to it (a snapshot)."""
    feed, _ = Feed.objects.get_or_create(name=name)
    cases = {event.case_id for event in events}
    told = FeedRow.objects.filter(feed=feed, case_id__in=cases).values_list("case_id").annotate(Max("seq"))
    known: dict[str, int] = dict(told)
    happened: dict[str, dict[int, int]] = {case_id: {} for case_id in cases}
    for case_id, seq, event_id in EventRecord.objects.filter(case_id__in=cases).values_list("case_id", "seq", "id"):
        happened[case_id][seq] = event_id
    rows: list[FeedRow] = []
    for event in events:
        for seq in range(known.get(event.case_id, 0) + 1, event.seq + 1):
            feed.last += 1
            event_id = happened[event.case_id][seq]
            rows.append(FeedRow(feed=feed, n=feed.last, event_id=event_id, case_id=event.case_id, seq=seq))
        known[event.case_id] = max(known.get(event.case_id, 0), event.seq)
    if rows:
        FeedRow.objects.bulk_create(rows)
        feed.save(update_fields=["last"])
    return len(rows)
