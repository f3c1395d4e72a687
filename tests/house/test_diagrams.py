"""The pages of docs/ show what the tables say."""

from __future__ import annotations

import pytest

from tests.house import diagrams


@pytest.mark.parametrize("path", diagrams.PAGES, ids=lambda path: path.stem)
def test_the_drawings_are_the_tables(path):
    page = path.read_text(encoding="utf-8")
    drawn = diagrams.with_diagrams(page, diagrams.PAGES[path])
    assert page == drawn, "the tables changed: ./run fix draws the diagrams anew"


def test_every_transition_is_in_the_drawing():
    drawn = diagrams.case_life()
    for (before, kind), after in diagrams.TRANSITIONS.items():
        arrow = f"{before.value if before else '[*]'} --> {after.value}: " if before != after else f"{before}: ("
        line = next(line for line in drawn.splitlines() if line.strip().startswith(arrow))
        assert kind.value in line


def test_a_page_without_a_place_is_refused():
    with pytest.raises(LookupError, match="case-life"):
        diagrams.with_diagrams("# no markers", {"case-life": diagrams.case_life})
