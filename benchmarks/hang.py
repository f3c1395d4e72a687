"""The scan worker killed, stopped and hung in its library in the middle of a batch, under the counter's window.

The real window, at 1920 × 1080 without a screen, beside the real server; pages come out of a watched folder as fast as
the counter takes them. After each loss F4 is pressed again, and the batch goes on with the page that had not come.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from app import devices_here
from app.config import DeviceChoice
from benchmarks._counter import PLAN, STALL, AtWork, counter_at_work, duplex_pages
from benchmarks._report import Ratio, parser, report
from contract.wire import sha256

BATCH, LOST_AT = 24, 9  # pages of a batch, and after which one the worker is lost
HANGS_AFTER = 2  # pages, as the simulated scanner's option says
PATIENCE = 10.0  # seconds of silence after which a scanner counts as hung; 45 in the counter


@dataclass(frozen=True)
class Lost:
    """What one loss came to: the turns of the event loop, pages lost, pages that came twice, seconds until told."""

    took: list[float]
    lost: int
    twice: int
    told: float


def main() -> int:
    given = parser("hang", __doc__ or "").parse_args()
    devices_here.ROLES = {**devices_here.ROLES, "scanner": replace(devices_here.ROLES["scanner"], patience=PATIENCE)}
    ratios = []
    with tempfile.TemporaryDirectory() as place, counter_at_work(Path(place)) as made:
        made.look_at(PLAN)
        for way, play in (
            ("killed", partial(_signalled, made, duplex_pages(BATCH, seed=1), signal.SIGKILL)),
            ("stopped", partial(_signalled, made, duplex_pages(BATCH, seed=2), signal.SIGSTOP)),
            ("hung in its library", partial(_hung, made, duplex_pages(BATCH, seed=3))),
        ):
            found = play()
            told = f"{made.hands.in_words()}; told after {found.told:.1f} s of at most {PATIENCE:.0f}"
            ratios += [
                Ratio(f"{way}: longest turn", max(found.took) / STALL, 1, "lower", f"{STALL:.0f} ms, a stall", told),
                Ratio(f"{way}: finished pages lost", found.lost, 0, "lower", f"{BATCH} pages laid in"),
                Ratio(f"{way}: pages that came twice", found.twice, 0, "lower", "it goes on with the page that lacked"),
            ]
    return report("hang", ratios, as_json=given.json)


def _signalled(made: AtWork, batch: list[bytes], which: signal.Signals) -> Lost:
    """The worker is killed or stopped from outside; the folder still holds what it had not given."""
    hands, before = made.hands, len(made.pages(PLAN))
    made.lay(batch)
    _begin(made)
    hands.wait(lambda: len(made.pages(PLAN)) >= before + LOST_AT, "the first pages")
    os.kill(_worker(made), which)
    told = _told(made)
    if len(made.pages(PLAN)) - before >= BATCH:
        raise RuntimeError("lost after the last page")
    return _gone_on(made, before, {sha256(data) for data in batch}, told)


def _hung(made: AtWork, batch: list[bytes]) -> Lost:
    """A driver that never comes back from its library; what it had not given is scanned by another."""
    devices, before = made.desk.devices, len(made.pages(PLAN))
    usual = made.scanner
    devices.choose("scanner", DeviceChoice(driver="scanner/simulated", options={"behave": "hang_after_2", "pages": 6}))
    _begin(made)
    made.hands.wait(lambda: len(made.pages(PLAN)) >= before + HANGS_AFTER, "the first pages")
    told = _told(made)
    given = {page.digest for page in made.pages(PLAN)[before:]}
    if len(given) != HANGS_AFTER:
        raise RuntimeError(f"{len(given)} pages of {HANGS_AFTER}")
    devices.choose("scanner", usual)
    made.lay(batch[HANGS_AFTER:])
    return _gone_on(made, before, given | {sha256(data) for data in batch[HANGS_AFTER:]}, told)


def _begin(made: AtWork) -> None:
    made.hands.begin()
    made.hands.press("F4")
    made.hands.wait(lambda: made.intake.scanning, "the batch to begin")


def _told(made: AtWork) -> float:
    """Seconds from now until the person is told."""
    lost_at = time.monotonic()
    made.hands.wait(lambda: not made.intake.scanning, "the loss to be told")
    if not made.intake.state.banner.title:
        raise RuntimeError("nobody was told")
    return time.monotonic() - lost_at


def _gone_on(made: AtWork, before: int, wanted: set[str], told: float) -> Lost:
    hands = made.hands
    hands.press("F4")
    hands.wait(lambda: made.intake.scanning, "the batch to go on")
    hands.wait(lambda: not made.intake.scanning, "the rest of the batch")
    if made.intake.state.banner.title:
        raise RuntimeError(made.intake.state.banner.title)
    came = [page.digest for page in made.pages(PLAN)[before:]]
    for digest in came:
        made.desk.store.pages.get(digest)  # raises where it is not whole on disk
    return Lost(list(hands.took), len(wanted - set(came)), len(came) - len(set(came)), told)


def _worker(made: AtWork) -> int:
    pid = made.desk.devices._hosts["scanner"].pid
    if pid is None:
        raise RuntimeError("no scan worker is running")
    return pid


if __name__ == "__main__":
    sys.exit(main())
