"""When to talk to the server next, and what kind of line it is: pure, so that a test can see that nothing is ever
retried in a tight loop.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import time
from enum import StrEnum

SOON = 0.5  # seconds: more news, or more to send than one ask holds
FIRST_RETRY, LAST_RETRY = 0.5, 60.0  # the line: full jitter, doubled each time
FIRST_REFUSAL, LAST_REFUSAL = 25.0, 3600.0  # the server will not have us: an administrator must do something
IDLE = 30.0  # everything is matched: only news is asked for
SETTLING = (1.0, 2.0, 5.0, 10.0)  # the server has it, and the digests are not equal yet
LEAST = 0.25  # seconds between any two asks, whatever happens
SLOW_ANSWER = 0.25  # seconds for a small ask, from which on one connection leaves much of a line unused
GOOD_LINE = 200_000  # bytes a second of pages from which on one connection fills the line well enough
POOR_RATE = 25_000.0  # bytes a second
WORTH_MEASURING = 64 << 10  # bytes of pages; less says nothing about the line
BULK = 2 << 20  # bytes; a larger page is bulk and may be made to wait for its hours


class Outcome(StrEnum):
    """How an attempt ended."""

    MORE = "more"
    SETTLING = "settling"  # something is acknowledged and not matched
    IDLE = "idle"
    LINE = "line"  # no line, or it was cut
    BUSY = "busy"  # the server said when to come again
    REFUSED = "refused"  # the server will not talk to this station


@dataclass(frozen=True)
class Pace:
    """How it has gone lately."""

    outcome: Outcome = Outcome.MORE
    times: int = 0  # how often in a row

    def after(self, outcome: Outcome) -> Pace:
        return Pace(outcome, self.times + 1 if outcome is self.outcome else 1)


def wait(pace: Pace, chance: float, retry_after: float = 0.0) -> float:
    """Seconds until the next attempt.

    Args:
        pace: How it has gone lately.
        chance: A random number from 0 to 1: a hall full of stations must not come back in step.
        retry_after: What the server asked for, in seconds.
    """
    match pace.outcome:
        case Outcome.MORE:
            seconds = SOON * chance
        case Outcome.SETTLING:
            seconds = SETTLING[min(pace.times, len(SETTLING)) - 1]
        case Outcome.IDLE:
            seconds = IDLE * (0.75 + chance / 2)
        case Outcome.LINE:
            seconds = min(LAST_RETRY, FIRST_RETRY * 2 ** min(pace.times, 30)) * chance
        case Outcome.BUSY:
            seconds = min(LAST_RETRY, FIRST_RETRY * 2 ** min(pace.times, 30)) * chance
            seconds += min(max(retry_after, 0.0), LAST_REFUSAL)
        case Outcome.REFUSED:
            seconds = min(LAST_REFUSAL, FIRST_REFUSAL * 5 ** min(pace.times - 1, 10)) * (0.5 + chance / 2)
    return max(seconds, LEAST)


@dataclass(frozen=True)
class Signs:
    """What the line has shown, from which follows how pages are sent over it.

    Attributes:
        round_trip: Seconds that the quickest of the last small asks took.
        rate: Bytes a second of the last pages that were worth measuring.
        was_cut: Whether it was cut under pages since some last went over whole.
    """

    round_trip: float | None = None
    rate: float | None = None
    was_cut: bool = False

    @property
    def is_bad(self) -> bool:
        """Whether one connection would leave much of this line unused (facts of a long or lossy way, not of its
        price)."""
        slow = self.rate is not None and self.rate < GOOD_LINE
        return self.was_cut or slow or (self.round_trip or 0.0) >= SLOW_ANSWER

    @property
    def expected_rate(self) -> float:
        """Bytes a second to reckon with; where none was measured yet, those of a poor line."""
        return self.rate if self.rate is not None else POOR_RATE

    def after_pages(self, sent: int, seconds: float, cuts: int) -> Signs:
        """So many bytes went over in so many seconds, with so many cuts. Little says nothing."""
        if cuts or sent < WORTH_MEASURING or seconds <= 0:
            return replace(self, was_cut=self.was_cut or cuts > 0)
        return replace(self, rate=sent / seconds, was_cut=False)

    def after_cut(self) -> Signs:
        """The line went away under pages."""
        return replace(self, was_cut=True)


@dataclass(frozen=True)
class Bounds:
    """What a station's office allows pages to take of its line. Acts are never held back.

    Attributes:
        bytes_per_second: Bound on the bandwidth of pages; 0 is none.
        bulk_hours: From when until when large pages may go, by the clock on the wall; None: always.
    """

    bytes_per_second: int = 0
    bulk_hours: tuple[time, time] | None = None

    def largest(self, now: time) -> int:
        """Bytes of the largest page that may go now; 0 is no bound."""
        if self.bulk_hours is None:
            return 0
        since, until = self.bulk_hours
        within = since <= now < until if since <= until else now >= since or now < until
        return 0 if within else BULK
