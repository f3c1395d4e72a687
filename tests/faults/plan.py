"""What goes wrong on one day, drawn from its seed: when who is killed, how bad the line is, when the disk is full."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from tests.fakes.cutting import WHOLE, Fault, Plan

INTAKES = 60
HORIZON = 4  # things that happen, for each intake of a day, among which its troubles fall
A_DAY = 86_400.0


class Trouble(StrEnum):
    KILL_WINDOW = "kill window"
    KILL_UPLOADER = "kill uploader"
    KILL_RIVAL = "kill rival"
    KILL_SERVER = "kill server"
    SERVER_FULL = "server's disk full"
    DISK_FULL = "disk full"  # nothing left, or less than pages may use
    DISK_LIMIT = "disk limit"  # a file may not grow any more
    DISK_WELL = "disk well again"
    LINE_AWAY = "line away"
    LINE_BACK = "line back"


@dataclass(frozen=True)
class Day:
    """One day.

    Attributes:
        troubles: Each with how much has happened before it: acts done, and changes at the outbox. On a slow machine the
            day takes longer and is the same.
        courier: Whether the window's own courier runs.
        uploader: Whether another process syncs now and then, as the command line does.
        rival: Whether a second window of the same node acts on the same cases.
        shift: How far the station's clock is off, in seconds.
        jump: The intake before which somebody sets the clock to the other side of the truth; 0 is never.
        left: Bytes that a full disk leaves free.
    """

    seed: int
    intakes: int
    courier: bool
    uploader: bool
    rival: bool
    pause: float
    shift: float
    jump: int
    left: int
    line: dict[str, float]
    troubles: tuple[tuple[int, Trouble], ...]

    def __str__(self) -> str:
        kills = [trouble for _, trouble in self.troubles if trouble.startswith("kill")]
        parts = [f"{trouble} ×{kills.count(trouble)}" for trouble in dict.fromkeys(kills)]
        lasting = (Trouble.SERVER_FULL, Trouble.DISK_FULL, Trouble.DISK_LIMIT, Trouble.LINE_AWAY)
        parts += [trouble for _, trouble in self.troubles if trouble in lasting]
        parts += [f"clock {self.shift:+.0f} s"] if self.shift else []
        parts += ["clock set"] if self.jump else []
        parts += [name for name in ("courier", "uploader", "rival") if getattr(self, name)]
        return ", ".join(parts)


def draw(seed: int, intakes: int = INTAKES) -> Day:
    """The day of a seed: always the same troubles; what they hit is up to the machine."""
    chance = random.Random(seed)

    end_of_day = HORIZON * intakes

    def moments(trouble: Trouble, most: int) -> list[tuple[int, Trouble]]:
        return [(chance.randrange(end_of_day), trouble) for _ in range(chance.randint(0, most))]

    uploader = chance.random() < 0.5
    rival = chance.random() < 0.25
    troubles = moments(Trouble.KILL_WINDOW, 3)
    troubles += moments(Trouble.KILL_UPLOADER, 3) if uploader else []
    troubles += moments(Trouble.KILL_RIVAL, 1) if rival else []
    troubles += [(chance.randrange(end_of_day), Trouble.KILL_SERVER)] if chance.random() < 0.35 else []
    troubles += [(chance.randrange(end_of_day), Trouble.SERVER_FULL)] if chance.random() < 0.1 else []
    for begin, end, likely in (
        (chance.choice((Trouble.DISK_FULL, Trouble.DISK_LIMIT)), Trouble.DISK_WELL, 0.3),
        (Trouble.LINE_AWAY, Trouble.LINE_BACK, 0.3),
    ):
        if chance.random() < likely:
            at = chance.randrange(end_of_day)
            troubles += [(at, begin), (chance.randrange(at, end_of_day + 1), end)]
    kinds = ("refused", "ask lost", "reply lost", "cut", "silent", "slow")
    return Day(
        seed=seed,
        intakes=intakes,
        courier=chance.random() < 0.7 or not uploader,
        uploader=uploader,
        rival=rival,
        pause=chance.choice((0.0, 0.005, 0.02)),
        shift=chance.choice((0.0, 0.0, A_DAY, -A_DAY)),
        jump=chance.choice((0, 0, 0, chance.randrange(1, max(2, intakes)))),
        left=chance.choice((0, 0, 4096, 300_000)),
        line={kind: chance.choice((0.0, 0.05, 0.15, 0.3)) for kind in kinds},
        troubles=tuple(sorted(troubles)),
    )


def bad_line(day: Day, is_away: Callable[[], bool]) -> Plan:
    """What happens to each connection of the day. One in four is good, and even that one does not last: a connection
    that is kept would spare the day all that follows it."""
    chance = random.Random(day.seed + 1)
    kinds, weights = list(day.line), list(day.line.values())
    whole = max(sum(weights) / 3, 0.01)

    def plan() -> Fault:
        if is_away():
            return Fault(refused=True)
        kind = chance.choices([*kinds, "whole"], [*weights, whole])[0]
        match kind:
            case "refused":
                return Fault(refused=True)
            case "ask lost":
                return Fault(up=chance.randrange(200, 9_000))
            case "reply lost":
                return Fault(down=chance.choice((0, 0, chance.randrange(1, 3_000))))
            case "cut":
                return Fault(up=chance.randrange(5_000, 300_000), down=chance.randrange(100, 60_000))
            case "silent":
                return Fault(up=chance.randrange(200, 200_000), silent=chance.uniform(0.1, 0.8))
            case "slow":
                return Fault(
                    up=chance.randrange(20_000, 500_000),
                    delay=chance.uniform(0.001, 0.05),
                    rate=chance.randrange(200_000, 2_000_000),
                )
            case _:
                return Fault(up=chance.randrange(50_000, 800_000)) if chance.random() < 0.9 else WHOLE

    return plan
