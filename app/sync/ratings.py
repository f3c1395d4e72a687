"""Ratings (好差评) go by themselves, after the visit that they are of: no round and no clerk stands between."""

from __future__ import annotations

import logging
from typing import Protocol

from app.store import Store
from app.sync.failures import TROUBLE
from contract.exchange import Told, Verdict
from contract.problem import Problem, Retry
from contract.rating import SignedRating

LOG = logging.getLogger(__name__)


class Rates(Protocol):
    """What of the line is needed here."""

    def rate(self, rating: SignedRating) -> Told: ...


def send_ratings(store: Store, line: Rates) -> int:
    """Hand in what waits; how many the server has now. A repeat after a lost answer is told apart by its id.

    A server that takes none (an older one) keeps nothing else from going; they wait.

    Raises:
        Problem: the line's own; what was not answered waits.
    """
    went = 0
    for visit, rating in store.ratings.to_send():
        try:
            told = line.rate(rating)
        except Problem as problem:
            if problem.code in TROUBLE or problem.code.startswith(("server.", "session.", "station.")):
                raise
            LOG.warning("a rating was not taken: %s", problem.code)
            return went
        refused = Problem.from_wire(told.problem) if told.problem and told.verdict is Verdict.REFUSED else None
        if refused is None or refused.code == "rating.given_already":
            store.ratings.told(visit)
            went += 1
        elif refused.retry is Retry.NEVER:
            LOG.warning("a rating was refused: %s", refused.code)
            store.ratings.told(visit, refused)
    return went
