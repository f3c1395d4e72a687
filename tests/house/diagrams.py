"""Draws the diagrams of docs/ from the tables in the code, so that the drawings cannot drift.

``python -m tests.house.diagrams`` (part of ``./run fix``) writes them into the pages between their markers; the test
beside this file compares.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from app.store.rows import MOVES
from contract.case import TRANSITIONS

ROOT = Path(__file__).parents[2]

ENDS = "[*]"
"""Mermaid's word for the beginning and for the end."""


def case_life() -> str:
    """The life of a case: one arrow per pair of states, with the kinds of action that lead along it."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (before, kind), after in TRANSITIONS.items():
        arrows.setdefault((before.value if before else ENDS, after.value), []).append(kind.value)
    moves = {pair: kinds for pair, kinds in arrows.items() if pair[0] != pair[1]}
    stays = {pair: kinds for pair, kinds in arrows.items() if pair[0] == pair[1]}
    last = {after for _, after in arrows} - {before for before, _ in moves}
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f"    {before} --> {after}: {', '.join(kinds)}" for (before, after), kinds in moves.items()]
    lines += [f"    {state} --> {ENDS}" for state in sorted(last)]
    # Loops clutter the drawing: what leaves the state as it is stands inside it, on a second line.
    for (state, _), kinds in stays.items():
        lines += [f"    {state}: {state}", f"    {state}: ({', '.join(kinds)})"]
    return "\n".join([*lines, "```"])


def act_standings() -> str:
    """How an act done at a station stands, from the moment it is done."""
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [
        f"    {before.value if before else ENDS} --> {after.value}: {why}" for (before, after), why in MOVES.items()
    ]
    return "\n".join([*lines, "```"])


PAGES: dict[Path, dict[str, Callable[[], str]]] = {
    ROOT / "docs" / "architecture.md": {"case-life": case_life},
    ROOT / "docs" / "sync.md": {"act-standings": act_standings},
}


def with_diagrams(page: str, diagrams: dict[str, Callable[[], str]]) -> str:
    """The page with every diagram drawn anew between its markers. Raises LookupError where a marker is missing."""
    for name, draw in diagrams.items():
        block = re.compile(rf"(<!-- drawn: {name} -->\n).*?(<!-- end: {name} -->)", re.DOTALL)
        if not block.search(page):
            raise LookupError(f"no place for the diagram {name!r}")
        drawn = draw()
        page = block.sub(lambda found, drawn=drawn: f"{found[1]}{drawn}\n{found[2]}", page)
    return page


if __name__ == "__main__":
    for path, diagrams in PAGES.items():
        path.write_text(with_diagrams(path.read_text(encoding="utf-8"), diagrams), encoding="utf-8")
