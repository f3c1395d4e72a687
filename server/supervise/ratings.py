"""好差评: taken from a station once, shown to supervisors, followed up where it is bad (S31)."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.utils import timezone
from pydantic import ValidationError

from contract.case import CHINA
from contract.exchange import ED25519, Told, Verdict
from contract.problem import Problem, Retry
from contract.rating import BAD, CALL_BACK_DAYS, Level, Rating, SignedRating
from contract.wire import canonical
from server.cases.models import EventRecord
from server.catalogue.calendar import get_calendar
from server.exchange.stations import SKEW, require_signature
from server.org.models import Station, User
from server.supervise.models import CallBack, RatingRecord

LONGEST = 2000  # characters of what came of a call


def take(signed: SignedRating, station: Station) -> Told:
    """Keep a rating, and open a call-back for a bad one. The same one again is answered as the first time.

    What is wrong with it is told, as of an act: ``rating.malformed``, ``rating.signature_wrong``,
    ``rating.no_visit`` (yet), ``rating.given_already`` by another rating of the same visit.
    """
    try:
        return Told(verdict=_taken(signed, station))
    except Problem as problem:
        return Told(verdict=Verdict.REFUSED, problem=problem.to_wire())


def _taken(signed: SignedRating, station: Station) -> Verdict:
    if signed.algorithm != ED25519:
        raise Problem("rating.signature_wrong", Retry.NEVER)
    require_signature(station, signed.rating, signed.signature, "rating.signature_wrong")
    rating = _parsed(signed.rating)
    if rating.station != station.id:
        raise Problem("rating.signature_wrong", Retry.NEVER)
    visit = EventRecord.objects.filter(action_id=rating.visit, case_id=rating.case_id, station=station.id).first()
    if visit is None:
        raise Problem("rating.no_visit", Retry.AFTER_FIX)
    try:
        with transaction.atomic():
            row = RatingRecord.objects.create(
                id=rating.id,
                case_id=rating.case_id,
                visit=rating.visit,
                station=station,
                node=station.node,
                level=rating.level,
                reasons=list(rating.reasons),
                text=signed.rating,
                signature=signed.signature,
                given_at=min(rating.at, timezone.now() + SKEW),
            )
            if rating.level in BAD:
                # from the day it came: a station may have been without a line for a week
                due = get_calendar().add(timezone.localdate(), CALL_BACK_DAYS)
                CallBack.objects.create(rating=row, due_on=due)
    except IntegrityError:
        known = RatingRecord.objects.filter(visit=rating.visit).first()
        if known is not None and known.id == rating.id and known.text == signed.rating:
            return Verdict.ALREADY
        raise Problem("rating.given_already", Retry.NEVER) from None
    return Verdict.DONE


def _parsed(text: str) -> Rating:
    try:
        rating = Rating.model_validate_json(text)
    except ValidationError:
        raise Problem("rating.malformed", Retry.NEVER) from None
    if canonical(rating) != text or rating.made_at.tzinfo is None:
        raise Problem("rating.malformed", Retry.NEVER)
    return rating


@dataclass(frozen=True)
class Tally:
    """How many ratings of each level a supervisor sees."""

    counts: tuple[tuple[Level, int], ...]

    @property
    def total(self) -> int:
        return sum(count for _, count in self.counts)

    @property
    def share_good(self) -> int | None:
        """How many of a hundred were at least content (非常满意、满意、基本满意); None without any."""
        bad = sum(count for level, count in self.counts if level in BAD)
        return round(100 * (self.total - bad) / self.total) if self.total else None


def tally(person: User) -> Tally:
    """The levels of all that this supervisor sees."""
    found = RatingRecord.objects.visible_to(person).order_by().values_list("level").annotate(count=Count("pk"))
    counted = dict(found)
    return Tally(tuple((level, counted.get(level.value, 0)) for level in Level))


def call_backs(person: User, *, done: bool, limit: int = 100) -> list[CallBack]:
    """The follow-ups of a supervisor's node and those below it: open ones by day, done ones last first."""
    rows = CallBack.objects.select_related("rating", "rating__case", "rating__station")
    rows = rows.filter(rating__in=RatingRecord.objects.visible_to(person), done_at__isnull=not done)
    return list(rows.order_by(*(("-done_at",) if done else ("due_on", "pk")))[:limit])


def open_call_backs(person: User) -> int:
    """How many follow-ups wait for a supervisor."""
    return CallBack.objects.filter(rating__in=RatingRecord.objects.visible_to(person), done_at=None).count()


def finish(call_back: int, person: User, outcome: str) -> None:
    """Somebody called back: what came of it, once.

    Raises:
        Problem: ``rating.not_found``, ``rating.outcome_missing``, ``rating.done_already``.
    """
    outcome = outcome.strip()[:LONGEST]
    with transaction.atomic():
        row = (
            CallBack.objects.select_for_update()
            .filter(pk=call_back, rating__in=RatingRecord.objects.visible_to(person))
            .first()
        )
        if row is None:
            raise Problem("rating.not_found", Retry.NEVER)
        if not outcome:
            raise Problem("rating.outcome_missing", Retry.AFTER_FIX)
        if row.done_at is not None:
            raise Problem("rating.done_already", Retry.NEVER)
        row.done_at, row.outcome = timezone.now(), outcome
        row.done_by, row.done_name = person.id, person.name
        row.save()


def is_late(row: CallBack) -> bool:
    """Whether its day has passed."""
    return row.done_at is None and row.due_on < timezone.now().astimezone(CHINA).date()
