"""Case numbers: one counter per county, blocks of it given to stations ahead of time, none ever used twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from contract.exchange import NumberBlock as WireBlock
from contract.exchange import PoolReport
from contract.ids import NUMBER
from contract.problem import Problem, Retry
from server.cases.models import CaseRecord
from server.org.models import NumberBlock, NumberCounter, Station
from server.org.tree import get_tree

BLOCK = 200
LAST = 99_999_999  # eight digits
UNTOUCHED = 4  # blocks that a station may hold without having used a number of them


def give_block(station: Station, county: str) -> WireBlock:
    """The next block of the county's counter, for this station for ever."""
    with transaction.atomic():
        NumberCounter.objects.get_or_create(county=county)
        counter = NumberCounter.objects.select_for_update().get(county=county)
        first = counter.next
        counter.next = first + BLOCK
        counter.save(update_fields=["next"])
        NumberBlock.objects.create(station=station, county=county, first=first, last=first + BLOCK - 1)
    return WireBlock(county=county, first=first, last=first + BLOCK - 1)


def blocks_of(station: Station) -> tuple[WireBlock, ...]:
    """Everything that was given to the station so far."""
    rows = NumberBlock.objects.filter(station=station, retired_at=None).order_by("id")
    return tuple(WireBlock(county=row.county, first=row.first, last=row.last) for row in rows)


def renew(station: Station, pools: Iterable[PoolReport]) -> tuple[WireBlock, ...]:
    """A new block for the station's county where less than half a block is left.

    An answer may be lost and the question repeated, so at most four blocks of which no number was ever seen lie
    with one station; beyond that one an hour.
    """
    county = get_tree().county(station.node)
    given = []
    for pool in pools:
        if pool.county == county and pool.left * 2 < BLOCK and not _hoards(station, county):
            given.append(give_block(station, county))
            break
    return tuple(given)


def _hoards(station: Station, county: str) -> bool:
    newest = NumberBlock.objects.filter(station=station, county=county, retired_at=None).order_by("-id")[:UNTOUCHED]
    rows = list(newest)
    if len(rows) < UNTOUCHED or rows[0].given_at < timezone.now() - timedelta(hours=1):
        return False
    return not any(_cases_in(row).exists() for row in rows)


@dataclass(frozen=True)
class Pool:
    """What of a county's numbers was given out, counted in numbers. `used` are those that a case here bears."""

    county: str
    given: int
    used: int
    retired: int  # given, not used, and lost with their stations

    @property
    def left(self) -> int:
        """How many the county's counter can still give."""
        return LAST - self.given


def pools(station: Station | None = None) -> tuple[Pool, ...]:
    """What was given out, by county: to one station, or to all."""
    blocks = NumberBlock.objects.all() if station is None else NumberBlock.objects.filter(station=station)
    given = blocks.order_by("county").values("county").annotate(given=Sum(F("last") - F("first") + 1))
    return tuple(_pool(blocks.filter(county=row["county"]), row["county"], row["given"], station) for row in given)


def _pool(blocks: QuerySet[NumberBlock], county: str, given: int, station: Station | None) -> Pool:
    if station is None:  # a county's numbers come out of its blocks only
        used = CaseRecord.objects.filter(number__startswith=f"{county}-").count()
    else:
        used = sum(_cases_in(block).count() for block in blocks)
    gone = blocks.exclude(retired_at=None)
    retired = sum(block.last - block.first + 1 - _cases_in(block).count() for block in gone)
    return Pool(county, given, used, retired)


def _cases_in(block: NumberBlock) -> QuerySet[CaseRecord]:
    """The cases that bear a number of the block."""
    return CaseRecord.objects.filter(
        number__gte=f"{block.county}-{block.first:08d}", number__lt=f"{block.county}-{block.last + 1:08d}"
    )


def require_ours(station: Station, number: str) -> None:
    """That the number lies in a block given to this station, or Problem ``number.not_yours``."""
    found = NUMBER.match(number)
    if found is None:
        raise Problem("number.malformed", Retry.NEVER)
    sequence = int(found["sequence"])
    if not NumberBlock.objects.filter(
        station=station, county=found["county"], first__lte=sequence, last__gte=sequence, retired_at=None
    ).exists():
        raise Problem("number.not_yours", Retry.NEVER)
