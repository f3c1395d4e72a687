"""The history of a case: what happened to it, one event after the other, chained so that nobody changes it unseen."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from django.db.models import QuerySet

from contract.wire import sha256
from server.cases.models import CaseRecord, EventRecord, Unrelayed


def add_event(row: CaseRecord, kind: str, *, history: Sequence[EventRecord] | None = None, **what: str) -> None:
    """Something happened to a case: it goes into its history, and the relay will tell the feeds. `history` is what the
    caller has read of it, in this transaction.
    """
    last = row.events.order_by("seq").last() if history is None else next(reversed(history), None)
    seq = last.seq + 1 if last else 1
    link = _link(last.link if last else "", seq, kind, what.get("text", ""))
    pending = row.materials_pending
    event = EventRecord.objects.create(case=row, seq=seq, link=link, kind=kind, materials_pending=pending, **what)
    Unrelayed.objects.create(event=event)


def broken_chain(row: CaseRecord) -> int | None:
    """The sequence of the first event that is not what its link says, or is missing; None where all is whole."""
    return next((place for _, place in _broken(CaseRecord.objects.filter(id=row.id))), None)


def broken_chains() -> Iterator[tuple[str, int]]:
    """The cases whose history was changed behind our back, each with the sequence of the first wrong event."""
    return _broken(CaseRecord.objects.all())


def _broken(rows: QuerySet[CaseRecord]) -> Iterator[tuple[str, int]]:
    """Reads every event once, in a stream: a city's history fits into no memory."""
    columns = ("id", "version", "events__seq", "events__kind", "events__text", "events__link")
    told = rows.order_by("id", "events__seq").values_list(*columns).iterator(chunk_size=2000)
    for (case_id, version), events in itertools.groupby(told, key=lambda row: row[:2]):
        link, place, acts = "", 0, 0
        for place, (*_, seq, kind, text, found) in enumerate(events, start=1):
            link = _link(link, place, kind, text)
            if (seq, found) != (place, link):
                yield case_id, place
                break
            acts += kind == "action"
        else:
            if acts != version:  # the last ones are gone
                yield case_id, place + 1


def _link(before: str, seq: int, kind: str, text: str) -> str:
    return sha256(f"{before}\n{seq} {kind}\n{text}")
