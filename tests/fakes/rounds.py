"""Driving a station by hand until it and the server agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.store import Standing, Store
from app.sync.failures import TROUBLE
from app.sync.line import Line
from app.sync.round import one_round
from app.sync.uploads import send_one_batch
from contract.problem import Problem


def now() -> datetime:
    return datetime.now(UTC)


class SetByHand:
    """A station's clock that somebody may set: `ahead` is how far from the true time."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead


def settle(store: Store, line: Line, *, patience: int = 200) -> int:
    """Rounds and uploads until nothing moves any more, whatever the line does. Returns how often it failed."""
    failed = 0
    for _ in range(patience):
        try:
            result = one_round(store, line, now)
            sent = send_one_batch(store, line)
        except Problem as problem:
            if problem.code not in TROUBLE and not problem.code.startswith(("server.", "upload.", "session.")):
                raise
            failed += 1
            continue
        if not result.more and not result.moved and sent is None:
            return failed
    raise AssertionError(f"does not settle: {[(row.standing, row.problem) for row in store.outbox.by_case()]}")


def catch_up(store: Store, line: Line) -> None:
    """Hear all that other tests' stations did before."""
    while one_round(store, line, now).more:
        pass


def standings(store: Store, case_id: str) -> set[Standing]:
    return {deed.standing for deed in store.acts.of_case(case_id)}
