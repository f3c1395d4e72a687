"""The mat under a document camera: empty, a sheet coming, lying still, photographed, gone again.

A sheet is photographed once: when it has lain still for some pictures, on a mat that was seen empty before. The next
one is waited for when the mat is empty again. Counted in pictures, not in seconds: a slow camera is only slower.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from app.materials.outline import Colours, differs, find_corners_alone, find_sheet
from contract.material import Corners

STILL = 4  # pictures in a row that are alike
_STIRS = 24  # levels of colour between two pictures that are more than grain
_MOVED = 0.002  # share of such pixels that is more than a flicker
_SOMETHING = 0.01  # share of the mat that something must cover
_FADES = 0.1  # how fast the light of the day is followed


class Standing(StrEnum):
    """What is to be said of the mat."""

    LEARNING = "learning"  # it is looked at for the first time: leave it empty
    COVERED = "covered"  # a sheet lay there already: it can be photographed by key, not by itself
    EMPTY = "empty"
    MOVING = "moving"
    LYING = "lying"  # a sheet, its corners found
    SHAPELESS = "shapeless"  # something without four corners
    TAKEN = "taken"  # photographed, to be taken away


@dataclass(frozen=True)
class Seen:
    """What one picture shows. `take`: the sheet is to be photographed now."""

    standing: Standing
    corners: Corners | None = None
    take: bool = False


class Mat:
    """Remembers the empty mat and what happened on it. Shown every picture in turn, by one thread."""

    def __init__(self) -> None:
        self._empty: NDArray[np.float32] | None = None
        self._before: Colours | None = None
        self._alike: list[Colours] = []
        self._taken = False

    def learn(self) -> None:
        """The mat is empty now, somebody says: look at it anew."""
        self._empty, self._taken = None, False
        self._alike = []

    def photographed(self) -> None:
        """What lies there was photographed by key."""
        self._taken = True

    def see(self, look: Colours) -> Seen:
        """The next picture."""
        still = self._is_still(look)
        if self._empty is None or self._empty.shape != look.shape:
            return self._learning(look, still)
        mat = np.rint(self._empty).astype(np.int16)
        if float(differs(look, mat).mean()) < _SOMETHING:
            self._taken = False
            self._empty += (look - self._empty) * _FADES
            return Seen(Standing.EMPTY)
        sheet = find_sheet(look, mat)
        corners = sheet.corners if sheet else None
        if self._taken:
            return Seen(Standing.TAKEN, corners)
        if not still:
            return Seen(Standing.MOVING, corners)
        if sheet is None:
            return Seen(Standing.SHAPELESS)
        # What is darker than the mat may be the mat itself, from which a sheet was taken that we thought part of it.
        return Seen(Standing.LYING, corners, take=sheet.lighter)

    def _learning(self, look: Colours, still: bool) -> Seen:
        if not still:
            return Seen(Standing.LEARNING)
        corners = find_corners_alone(look)
        if corners is not None:
            return Seen(Standing.TAKEN if self._taken else Standing.COVERED, corners)
        self._empty = np.mean(self._alike, axis=0, dtype=np.float32)
        self._taken = False
        return Seen(Standing.EMPTY)

    def _is_still(self, look: Colours) -> bool:
        """Whether so many pictures in a row are alike, with this one."""
        before, self._before = self._before, look
        moved = (
            before is None
            or before.shape != look.shape
            or float((np.abs(look - before).max(axis=2) > _STIRS).mean()) > _MOVED
        )
        self._alike = [look] if moved else [*self._alike[-STILL + 1 :], look]
        return len(self._alike) >= STILL
