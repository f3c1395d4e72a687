"""好差评: one rating for each visit, given by the person at the window on a screen or pad of their own (S31).

Nothing here answers what anybody said: no page of the clerk's has a way to ask.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from app.desk import Desk
from contract.problem import Problem, Retry
from contract.rating import Level, Rating, Reason
from devices.rating import Pressed

KEYS = dict(zip((5, 4, 3, 2, 1), Level, strict=True))  # of a pad


def visit_of(desk: Desk, case_id: str) -> str:
    """The act that this visit led to: the last one that was done here; empty where nothing was."""
    here = desk.store.station.get().id
    return next((act.id for act in reversed(desk.store.cases.actions(case_id)) if act.station == here), "")


def may_be_rated(desk: Desk, case_id: str) -> bool:
    """Whether there was a visit that nobody has rated."""
    visit = visit_of(desk, case_id)
    return bool(visit) and not desk.store.ratings.is_rated(visit)


def rate(
    desk: Desk, case_id: str, level: Level, reasons: Iterable[Reason] = (), means: Literal["screen", "pad"] = "screen"
) -> bool:
    """Keep it until the server has it, and say whether it counts: of two for one visit, the first.

    Raises:
        Problem: ``rating.no_visit``.
    """
    visit = visit_of(desk, case_id)
    if not visit:
        raise Problem("rating.no_visit", Retry.NEVER)
    rating = Rating(
        id=desk.store.acts.new_id(),
        case_id=case_id,
        visit=visit,
        level=level,
        reasons=tuple(dict.fromkeys(reasons)),
        means=means,
        station=desk.store.station.get().id,
        made_at=desk.clock(),
        server_offset_ms=desk.store.offset.ms(),
    )
    return desk.store.ratings.keep(rating)


def level_of(pressed: Pressed) -> Level:
    """What a pad's key stands for."""
    return KEYS[pressed.key]
