"""Codes of electronic identity (网证、电子社保卡、医保电子凭证): opaque, and verified by nobody but who issued them.

A code on a telephone's screen is a token of a minute's life; whose it is only the issuing platform can say, to whom it
has authorised. So a scanned code by itself identifies nobody: it goes to a verifier, and where none is connected that
is said and another document is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from contract.person import Person
from contract.problem import Problem, Retry


@dataclass(frozen=True, repr=False)
class Verified:
    """What a platform answered: who it is, and the number under which it keeps that it was asked."""

    person: Person
    platform: str
    receipt: str


class CodeVerifier(Protocol):
    """A platform that knows its own codes. An implementation is the hall's contract with that platform."""

    def verify(self, code: str, purpose: str) -> Verified:
        """Ask whose the code is.

        Args:
            code: Exactly as scanned; never logged or kept.
            purpose: The matter for which it is asked, which platforms want to know.

        Raises:
            Problem: people.verifier_missing, and the line's.
        """
        ...


class NotConnected:
    """The verifier of a hall that has no such contract: the honest default."""

    def verify(self, code: str, purpose: str) -> Verified:
        raise Problem("people.verifier_missing", Retry.NEVER)
