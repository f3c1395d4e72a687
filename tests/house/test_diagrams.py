"""docs/architecture.md shows what the tables say."""

from __future__ import annotations

import pytest

from tests.house import diagrams


def test_the_drawings_are_the_tables():
    page = diagrams.PAGE.read_text(encoding="utf-8")
    assert page == diagrams.with_diagrams(page), "the tables changed: ./run fix draws the diagrams anew"


def test_every_transition_is_in_the_drawing():
    drawn = diagrams.case_life()
    for (before, kind), after in diagrams.TRANSITIONS.items():
        arrow = f"{before.value if before else '[*]'} --> {after.value}: " if before != after else f"{before}: ("
        line = next(line for line in drawn.splitlines() if line.strip().startswith(arrow))
        assert kind.value in line


def test_a_page_without_a_place_is_refused():
    with pytest.raises(LookupError, match="case-life"):
        diagrams.with_diagrams("# no markers")
