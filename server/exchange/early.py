"""Acts that come before the one that they follow, as from a parcel: kept up to a limit, then flagged, never applied
out of order.

The station that did it still has it and goes on offering it; what is kept here only saves the second journey.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from contract.case import Action
from contract.problem import Problem, Retry
from server.exchange.models import EarlyAct
from server.org.models import Station

log = logging.getLogger("tongban.exchange")

KEPT_OF_A_CASE = 50  # acts of one case that wait here for an earlier one
KEPT_FOR = timedelta(days=14)  # longer than any village point is without a line: then a person is to look

Take = Callable[[Action, str, str, Station], None]


def keep_early(action: Action, text: str, signature: str, station: Station) -> Problem:
    """Keep it until the earlier one comes. Returns what its station is told: it waits, or it is for a person."""
    kept = EarlyAct.objects.filter(action_id=action.id).first()
    if kept is None:
        if EarlyAct.objects.filter(case_id=action.case_id).count() >= KEPT_OF_A_CASE:
            return _missing(action)
        kept, _ = EarlyAct.objects.get_or_create(
            action_id=action.id,
            defaults={
                "case_id": action.case_id,
                "after": action.after,
                "station": station,
                "text": text,
                "signature": signature,
            },
        )
    if timezone.now() - kept.came_at > KEPT_FOR:
        return _missing(action)
    return Problem("case.waits_for_earlier", Retry.AGAIN)


def _missing(action: Action) -> Problem:
    log.warning("an earlier act is missing", extra={"fields": {"case": action.case_id}})
    return Problem("case.earlier_missing", Retry.AFTER_FIX)


def take_followers(action: Action, take: Take) -> None:
    """After an act was kept for good: those that waited for it, one after the other.

    Where one is refused it stays here with the reason, and so do those behind it; its station hears the same when it
    offers it again.
    """
    for kept in EarlyAct.objects.filter(case_id=action.case_id):
        if kept.action_id == action.id:  # it came by another way
            kept.delete()
        if kept.after != action.id:
            continue
        follower = Action.model_validate_json(kept.text)
        try:
            take(follower, kept.text, kept.signature, kept.station)
        except Problem as problem:
            EarlyAct.objects.filter(action_id=kept.action_id).update(problem=problem.code)
            log.warning("a kept act is refused", extra={"fields": {"case": kept.case_id, "code": problem.code}})
            continue
        take_followers(follower, take)
