"""How a Problem becomes words: resources/messages, by code and language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from contract.problem import Problem

MESSAGES = Path(__file__).resolve().parents[1] / "resources" / "messages"
UNKNOWN = "ui.unknown_problem"


@dataclass(frozen=True)
class ProblemWords:
    """What a person reads: what happened, and what to do about it."""

    code: str
    title: str
    remedy: str
    loud: str = "banner"  # banner, dialog, quiet


@cache
def messages() -> Mapping[str, Any]:
    """All words of all rooms, by code."""
    found: dict[str, Any] = {}
    for path in sorted(MESSAGES.glob("*.json")):
        found.update(json.loads(path.read_text(encoding="utf-8")))
    return found


class _Facts(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "—"


def words_for(problem: Problem, language: str) -> ProblemWords:
    """The words of a problem. A code without words (a newer server's) is named as it is, with the general advice."""
    known = messages()
    entry = known.get(problem.code) or known[UNKNOWN]
    said = entry.get(language) or entry["zh"]
    facts = _Facts(problem.facts, code=problem.code)
    return ProblemWords(
        problem.code, said["title"].format_map(facts), said["remedy"].format_map(facts), entry.get("loud", "banner")
    )
