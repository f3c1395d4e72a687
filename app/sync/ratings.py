"""Ratings (好差评) go by themselves, after the visit that they are of: no round and no clerk stands between."""

from __future__ import annotations

from app.store import Store
from app.sync.line import Line
from contract.exchange import Verdict
from contract.problem import Problem, Retry


def send_ratings(store: Store, line: Line) -> int:
    """Hand in what waits; how many the server has now. A repeat after a lost answer is told apart by its id.

    Raises:
        Problem: whatever the line raises; what was not answered waits.
    """
    went = 0
    for visit, rating in store.ratings_to_send():
        told = line.rate(rating)
        problem = Problem.from_wire(told.problem) if told.problem else None
        if told.verdict is not Verdict.REFUSED:
            store.rating_told(visit)
            went += 1
        elif problem is not None and problem.retry is Retry.NEVER:
            store.rating_told(visit, problem)
    return went
