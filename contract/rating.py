"""好差评: what a person at the window thought of the service, in five levels, in secret from the clerk.

A rating is an act of nobody who works there: it has no author. The station signs that it was given there.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from pydantic import Field

from contract.wire import Wire

CALL_BACK_DAYS = 15  # working days after a bad rating until somebody has called back and put it right


class Level(StrEnum):
    VERY_SATISFIED = "very_satisfied"  # 非常满意
    SATISFIED = "satisfied"  # 满意
    FAIR = "fair"  # 基本满意
    DISSATISFIED = "dissatisfied"  # 不满意
    VERY_DISSATISFIED = "very_dissatisfied"  # 非常不满意


BAD = frozenset({Level.DISSATISFIED, Level.VERY_DISSATISFIED})


class Reason(StrEnum):
    """What a level below 满意 was about; chosen, never typed: a stranger's words may name anybody."""

    WAITING = "waiting"  # 等候时间长
    TRIPS = "trips"  # 来回跑
    UNCLEAR = "unclear"  # 没有一次讲清
    ATTITUDE = "attitude"  # 态度不好
    SKILL = "skill"  # 业务不熟
    REQUIREMENTS = "requirements"  # 要的材料多


class Rating(Wire):
    """One rating of one visit.

    Attributes:
        id: Made by the station; resending is safe by it.
        case_id: What the person came for.
        visit: The act that their visit led to; one visit, one rating (一次一评).
        level: One of five.
        reasons: None, or some.
        means: On a screen of its own, or by the keys of a pad.
        station: Where.
        made_at: By the station's clock, `server_offset_ms` as in an Action.
    """

    id: str = Field(pattern=r"^[0-9a-f-]{36}$")
    case_id: str = Field(min_length=1, max_length=36)
    visit: str = Field(min_length=1, max_length=36)
    level: Level
    reasons: tuple[Reason, ...] = Field(default=(), max_length=len(Reason))
    means: Literal["screen", "pad"]
    station: str
    made_at: datetime
    server_offset_ms: int | None = None

    def __repr__(self) -> str:
        return f"Rating({self.id})"

    __str__ = __repr__

    @property
    def at(self) -> datetime:
        """When, by the server's clock as far as the station knew it."""
        return self.made_at + timedelta(milliseconds=self.server_offset_ms or 0)


class SignedRating(Wire):
    """A rating as its canonical text, signed with the station's key over those bytes."""

    rating: str = Field(max_length=4096)
    algorithm: str = "ed25519"
    signature: str = Field(max_length=200)

    def __repr__(self) -> str:
        return "SignedRating()"

    __str__ = __repr__
