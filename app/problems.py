"""How a Problem becomes words: resources/messages, by code and language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from contract.problem import Problem

RESOURCES = Path(__file__).resolve().parents[1] / "resources"
MESSAGES = RESOURCES / "messages"
UNKNOWN = "ui.unknown_problem"
STOPS = "。.！!？?"


@dataclass(frozen=True)
class ProblemWords:
    """What a person reads: what happened, and what to do about it; `whole` is both in one line."""

    code: str
    title: str
    remedy: str
    whole: str
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
    if known_reasons := printer_words(problem.facts.get("reasons", ""), language):
        facts["reasons"] = known_reasons
    title, remedy = said["title"].format_map(facts), said["remedy"].format_map(facts)
    stop = "" if title[-1:] in STOPS else ". " if language == "en" else "。"
    return ProblemWords(problem.code, title, remedy, f"{title}{stop}{remedy}", entry.get("loud", "banner"))


@cache
def _reasons() -> Mapping[str, Mapping[str, str]]:
    """A printer's own words (RFC 8011, printer-state-reasons) by beginning: it adds -error, -warning or -report."""
    found: dict[str, dict[str, str]] = json.loads((RESOURCES / "printer_words.json").read_text(encoding="utf-8"))
    return found


def printer_words(reasons: str, language: str) -> str:
    """The words for those of a printer's reasons that are known, each once; "" where none is."""
    said = reasons.split(", ")
    words = [
        each.get(language) or each["zh"] for one in said for start, each in _reasons().items() if one.startswith(start)
    ]
    return (", " if language == "en" else "、").join(dict.fromkeys(words))
