"""The relay: after an event is committed it writes one row into each feed that may hear of it, numbered densely.

Numbers given before commit would become visible out of order, and a cursor would step over the late ones; here they
are given after, under a lock, so "everything after n" misses nothing. Run right after a commit, and again by a sweep
in case the process died in between; running it twice changes nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Max

from contract.node import NodeLevel
from server.cases.models import EventRecord, Unrelayed
from server.exchange.models import Feed, FeedRow
from server.org.tree import get_tree

LOCK = 0x746F6E67  # PostgreSQL's advisory lock of the relay
BATCH = 500


def node_feed(code: str) -> str:
    return f"node:{code}"


def department_feed(code: str) -> str:
    return f"department:{code}"


class _Waiting(NamedTuple):
    """An event that no feed has heard of, and its case as it is now."""

    event_id: int
    seq: int
    case_id: str
    node: str
    department: str

    def feeds(self) -> tuple[str, ...]:
        """The feeds that hear of it: the node that took the case in, its street centre, and the competent department.

        County and city halls do not mirror everything below them: they look a case up when its applicant stands there.
        """
        tree = get_tree()
        above = [node.code for node in tree.chain(self.node)[1:] if node.level in (NodeLevel.STREET, NodeLevel.VILLAGE)]
        names = [node_feed(code) for code in (self.node, *above)]
        return (*names, department_feed(self.department)) if self.department else tuple(names)


def relay() -> int:
    """Write the feed rows of all events that have none; how many rows were written."""
    written = 0
    while Unrelayed.objects.exists():  # most who ask have done nothing, and take nobody's turn at the database
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            columns = ("event_id", "event__seq", "event__case_id", "event__case__node", "event__case__department")
            found = Unrelayed.objects.order_by("event_id").values_list(*columns)[:BATCH]
            waiting = [_Waiting(*row) for row in found]
            written += _tell(waiting)
            Unrelayed.objects.filter(event_id__in=[event.event_id for event in waiting]).delete()
        if len(waiting) < BATCH:
            break
    return written


def _tell(waiting: list[_Waiting]) -> int:
    """Each event into its feeds, and before it whatever happened to its case before the feed was entitled to it (a
    snapshot). Returns how many rows that were.
    """
    names = {name for event in waiting for name in event.feeds()}
    cases = {event.case_id for event in waiting}
    feeds = {name: Feed(name=name) for name in names} | Feed.objects.in_bulk(names)
    told = FeedRow.objects.filter(feed__in=names, case_id__in=cases).values_list("feed_id", "case_id")
    known = {(name, case_id): seq for name, case_id, seq in told.annotate(Max("seq"))}
    happened = {
        (case_id, seq): event_id
        for case_id, seq, event_id in EventRecord.objects.filter(case_id__in=cases).values_list("case_id", "seq", "id")
    }
    rows: list[FeedRow] = []
    for event in waiting:
        for name in event.feeds():
            feed, case_id = feeds[name], event.case_id
            for seq in range(known.get((name, case_id), 0) + 1, event.seq + 1):
                feed.last += 1
                event_id = happened[case_id, seq]
                rows.append(FeedRow(feed=feed, n=feed.last, event_id=event_id, case_id=case_id, seq=seq))
            known[name, case_id] = max(known.get((name, case_id), 0), event.seq)
    Feed.objects.bulk_create(feeds.values(), update_conflicts=True, update_fields=["last"], unique_fields=["name"])
    FeedRow.objects.bulk_create(rows)
    return len(rows)
