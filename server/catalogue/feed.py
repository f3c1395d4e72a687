"""The feed of what changes in the catalogue: dense numbers, given under a lock and visible with what they number.

A number never goes back, not even where a backup is put back: it is at least the second in which it was given.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import transaction

from server.catalogue.models import Change, Feed

TOO_MANY = 20_000  # changes at once after which packs are sent whole


class Changed(NamedTuple):
    """A matter (no department) or an offering that changes, and what it said before."""

    matter: str
    department: str = ""
    area: str = ""
    before: Any = None


def note(changes: Iterable[Changed]) -> None:
    """Number changes, in the transaction that makes them."""
    found = tuple(changes)
    if not found:
        return
    feed = lock()
    if len(found) > TOO_MANY:
        first = feed.n = feed.complete_since = max(feed.n + 1, int(time.time()))
        Change.objects.all().delete()
    else:
        first = max(feed.n + 1, int(time.time()))
        Change.objects.bulk_create(
            [Change(n=first + place, **change._asdict()) for place, change in enumerate(found)], batch_size=500
        )
        feed.n = first + len(found) - 1
    feed.save()


def next_number() -> int:
    """A number for what is not in the feed itself, in the transaction that keeps it."""
    feed = lock()
    feed.n = max(feed.n + 1, int(time.time()))
    feed.save()
    return feed.n


def last_number() -> int:
    """The newest number."""
    return Feed.objects.filter(id=1).values_list("n", flat=True).first() or 0


def is_complete_since(n: int) -> bool:
    """Whether the feed still has everything after a number."""
    since = Feed.objects.filter(id=1).values_list("complete_since", flat=True).first()
    return since is not None and n >= since


def changes_since(n: int) -> dict[tuple[str, str, str], Any]:
    """What each matter and offering that changed after a number said at that number."""
    before: dict[tuple[str, str, str], Any] = {}
    for matter, department, area, was in (
        Change.objects.filter(n__gt=n).order_by("n").values_list("matter", "department", "area", "before")
    ):
        before.setdefault((matter, department, area), was)
    return before


def lock() -> Feed:
    """The feed, which nobody else may number meanwhile, until the transaction ends."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("numbers are given inside a transaction")
    Feed.objects.get_or_create(id=1)
    return Feed.objects.select_for_update().get(id=1)
