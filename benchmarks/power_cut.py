"""The station's store through simulated power cuts: its real tables, signed acts and pages, under its cipher.

Days of work are written down as the disk saw them; each is cut at random moments, and of what was not synced the disk
kept nothing, all of it, or random sectors of 512 bytes. After each cut the store must hold exactly what it held after
the last acknowledged write or the one under way, and every page that a row names. The known bad peers in the same run
show that the check can fail: the same days with ``synchronous=normal``, and without the syncs of the pages.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks._report import Ratio, parser, report
from tests.fakes.cut_disk import Entry
from tests.fakes.power_cut import End, Tally, cut, folder_not_synced, live, page_not_synced

PER_DAY = 500  # cuts of one day before another day begins
DEEDS = 60
CHECKPOINTS = (1000, 60, 200)  # the product's own, and two that copy the log back many times a day
PEER_SHARE = 20  # the peers are shown on so many times fewer cuts


def main() -> int:
    made = parser("power-cut", "simulated power cuts of the station's store")
    made.add_argument("--states", type=int, default=10_000, help="how many cuts; the goal speaks of 100000")
    made.add_argument("--seed", type=int, default=1)
    given = made.parse_args()
    peers = max(given.states // PEER_SHARE, PER_DAY)
    began = time.monotonic()
    ours = _run(given.states, given.seed)
    seconds = time.monotonic() - began
    normal = _run(peers, given.seed, synchronous="normal")
    unsynced = _run(peers, given.seed, is_ignored=page_not_synced)
    unsettled = _run(peers, given.seed, is_ignored=folder_not_synced)
    bad = normal.ends[End.LOST] + normal.ends[End.CORRUPT]
    against = f"WAL NORMAL: {bad / normal.states:.0%} of {normal.states} cuts lose"
    ratios = [
        Ratio(
            "acknowledged acts lost",
            ours.acts_lost + ours.ends[End.LOST],
            0,
            "lower",
            against,
            f"{ours.states} cuts, {ours.states / seconds:.0f} a second, {ours.thorough} worked on by the whole program;"
            f" NORMAL lost {normal.acts_lost} acts, up to {normal.most_lost} in one cut",
        ),
        Ratio("stores that are corrupt or hold half a write", ours.ends[End.CORRUPT], 0, "lower", "the same"),
        Ratio(
            "stores with a row that names a missing page",
            ours.ends[End.NO_PAGE],
            0,
            "lower",
            f"page not synced: {unsynced.ends[End.NO_PAGE] / unsynced.states:.0%},"
            f" folder not synced: {unsettled.ends[End.NO_PAGE] / unsettled.states:.0%}",
        ),
        Ratio("the check notices WAL NORMAL (share of cuts)", bad / normal.states, 0.3, "higher", "nothing noticed: 0"),
    ]
    return report("power-cut", ratios, as_json=given.json, extra={"states": ours.states, "seed": given.seed})


def _run(
    states: int, seed: int, synchronous: str = "full", is_ignored: Callable[[Entry], bool] = lambda entry: False
) -> Tally:
    """So many cuts over as many days as that takes."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    tally, number = Tally(), 0
    while tally.states < states:
        with tempfile.TemporaryDirectory(dir=memory) as place:
            checkpoint = CHECKPOINTS[number % len(CHECKPOINTS)]
            day = live(
                Path(place) / "station", seed * 100_000 + number, DEEDS, synchronous=synchronous, checkpoint=checkpoint
            )
            count = min(PER_DAY, states - tally.states)
            found = cut(day, Path(place) / "disk", count, seed * 100_000 + number, is_ignored=is_ignored)
        tally.add(found)
        number += 1
        if sys.stderr.isatty():
            print(f"\r{tally.states} of {states}", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return tally


if __name__ == "__main__":
    sys.exit(main())
