"""A problem is something that went wrong which a person can do something about.

It is raised by drivers, the desk and the server alike, and crosses the worker's pipe and HTTP
unchanged (RFC 9457, `application/problem+json`). Standard library only, so that a driver's
worker starts fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:tongban:problem:"


class Retry(StrEnum):
    """What it would take for the same attempt to succeed."""

    AGAIN = "again"  # the same call may succeed in a moment
    AFTER_FIX = "after_fix"  # a person must do something first
    NEVER = "never"  # repeating cannot help


class Problem(Exception):
    """A foreseen failure. Anything else that is raised is a bug.

    Attributes:
        code: Stable key such as ``idcard.absent``; the words shown to people live in resources/messages.
        retry: What it would take for the same attempt to succeed.
        facts: Values for the words, all strings. Never personal data.
    """

    def __init__(self, code: str, retry: Retry = Retry.AFTER_FIX, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.retry = retry
        self.facts: dict[str, str] = {name: str(value) for name, value in facts.items()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Problem) and self.to_wire() == other.to_wire()

    def __hash__(self) -> int:
        return hash((self.code, self.retry, tuple(sorted(self.facts.items()))))

    def __repr__(self) -> str:
        return f"Problem({self.code!r}, {self.retry.value}, {self.facts!r})"

    def to_wire(self, status: int | None = None) -> dict[str, Any]:
        """The problem+json body; `status` is the HTTP status where there is one."""
        wire: dict[str, Any] = {
            "type": TYPE_PREFIX + self.code,
            "code": self.code,
            "retry": self.retry.value,
            "facts": self.facts,
        }
        if status is not None:
            wire["status"] = status
        return wire

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Problem:
        """Read what `to_wire` wrote. A body that is not one becomes ``wire.garbled``."""
        try:
            facts = {str(name): str(value) for name, value in wire["facts"].items()}
            problem = cls(str(wire["code"]), Retry(wire["retry"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            return cls("wire.garbled", Retry.AGAIN)
        problem.facts = facts
        return problem
