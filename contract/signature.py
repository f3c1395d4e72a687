"""A signature by hand on a pad (手写签名): the ink as it was written, and what it was written under."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, model_validator

from contract.material import DIGEST
from contract.wire import Wire

MEDIA = "application/vnd.tongban.ink+json"
FULL = 1024  # the greatest pressure
MAX_STROKES = 400
MAX_POINTS = 20_000

Point = tuple[
    Annotated[int, Field(ge=0)],  # milliseconds since the first point
    Annotated[int, Field(ge=0)],  # x, from the left
    Annotated[int, Field(ge=0)],  # y, from the top
    Annotated[int, Field(ge=0, le=FULL)],  # pressure
]


class Ink(Wire):
    """What the pen did. Lengths are in the pad's own units, which are square.

    Attributes:
        width: Of the area that was written on.
        height: Of that area.
        strokes: From pen down to pen up, in order.
        has_pressure: Whether the pad told how hard the pen was pressed; else every point is FULL.
    """

    width: int = Field(gt=0, le=1_000_000)
    height: int = Field(gt=0, le=1_000_000)
    strokes: tuple[tuple[Point, ...], ...] = Field(max_length=MAX_STROKES)
    has_pressure: bool = False

    def __repr__(self) -> str:
        return f"Ink({len(self.strokes)} strokes)"

    __str__ = __repr__

    @model_validator(mode="after")
    def _within(self) -> Ink:
        if self.points > MAX_POINTS:
            raise ValueError("too many points")
        if any(x > self.width or y > self.height for stroke in self.strokes for _, x, y, _ in stroke):
            raise ValueError("a point outside the area")
        return self

    @property
    def points(self) -> int:
        """How many points all strokes have."""
        return sum(len(stroke) for stroke in self.strokes)

    @property
    def is_written(self) -> bool:
        """Whether it is more than a touch: nobody signs with a dot."""
        drawn = [stroke for stroke in self.strokes if len(stroke) > 1]
        if not drawn:
            return False
        xs = [x for stroke in drawn for _, x, _, _ in stroke]
        ys = [y for stroke in drawn for _, _, y, _ in stroke]
        return max(max(xs) - min(xs), max(ys) - min(ys)) * 20 >= self.width


class Signature(Wire):
    """The vector file: the ink, and what the person had before their eyes when they wrote it.

    Attributes:
        document: SHA-256 of the PDF that was shown, without the signature.
        says: Digest of what the case said (`contract.case.said`).
        at: When, by the station's clock.
    """

    document: str = Field(pattern=DIGEST)
    says: str = Field(pattern=DIGEST)
    at: datetime
    ink: Ink

    def __repr__(self) -> str:
        return f"Signature({self.document[:8]})"

    __str__ = __repr__
