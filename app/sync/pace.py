"""When to talk to the server next: pure, so that a test can see that nothing is ever retried in a tight loop."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SOON = 0.5  # seconds: more news, or more to send than one ask holds
FIRST_RETRY, LAST_RETRY = 0.5, 60.0  # the line: full jitter, doubled each time
FIRST_REFUSAL, LAST_REFUSAL = 25.0, 3600.0  # the server will not have us: an administrator must do something
IDLE = 30.0  # everything is matched: only news is asked for
SETTLING = (1.0, 2.0, 5.0, 10.0)  # the server has it, and the digests are not equal yet
LEAST = 0.25  # seconds between any two asks, whatever happens


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
