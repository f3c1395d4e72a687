"""3,200 service points come back within five minutes after a day without a line, to one server process on SQLite.

It says on standard error how far it is, and Ctrl-C ends it with everything that it started.

Each is the product's own courier on the product's own line (enrolled, signed, by HTTP, pages by tus), with its
back-off, its jitter and its obedience to Retry-After; only the store under it is a few lists in memory. Each brings
three cases of three acts with all their pages, and goes on asking for news afterwards, as at a counter.

The arithmetic minimum is what the same server process needs when nobody crowds it: some stations are let through a few
at a time first, and their requests a second, taken for all, say how long that is; no less than the five minutes in
which they come back.
"""

from __future__ import annotations

import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._report import Ratio, parser, report
from tests.fakes.fleet import Drained, Fleet

STATIONS = 3200
WITHIN = 300.0  # seconds
CALM = 64  # stations that say how fast the server is …
TOGETHER = 16  # … so many at a time
PATIENCE = 3600.0  # seconds, after which what is not over is lost
BEGAN = time.monotonic()


def main() -> int:
    arguments = parser("fleet", __doc__ or "")
    arguments.add_argument("--stations", type=int, default=STATIONS)
    arguments.add_argument("--within", type=float, default=WITHIN, help="seconds in which they come back (300)")
    arguments.add_argument("--cases", type=int, default=3, help="of each")
    arguments.add_argument("--quick", action="store_true", help="100 stations within 10 seconds")
    given = arguments.parse_args()
    count, within = (100, 10.0) if given.quick else (given.stations, given.within)
    with tempfile.TemporaryDirectory() as place:
        fleet = Fleet(Path(place) / "fleet", count + CALM, cases=given.cases, say=_say)
        try:
            fleet.server.start()
            fleet.enrol()
            calm = [fleet.drain(fleet.boats[at : at + TOGETHER], 0, PATIENCE) for at in range(0, CALM, TOGETHER)]
            _say(f"a few at a time: {sum(one.seconds for one in calm):.1f} s for {CALM} stations")
            crowd = fleet.drain(fleet.boats[CALM:], within, PATIENCE)
            faults = fleet.faults()
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the rest is soon over, and leaves nothing behind
            fleet.server.kill()
            return 130
        finally:
            fleet.stop()
            fleet.server.stop()
    for fault in sorted(set(faults)):
        print(f"{faults.count(fault)} times: {fault}", file=sys.stderr)
    return report("fleet", _ratios(calm, crowd, within, faults), as_json=given.json, extra={"stations": count})


def _say(words: str) -> None:
    print(f"{time.monotonic() - BEGAN:5.0f} s  {words}", file=sys.stderr, flush=True)


def _ratios(calm: list[Drained], crowd: Drained, within: float, faults: list[str]) -> list[Ratio]:
    a_second = sum(one.requests for one in calm) / sum(one.seconds for one in calm)
    of_each = sum(one.requests for one in calm) / sum(one.stations for one in calm)
    least = max(crowd.stations * of_each / a_second, within)
    late = sorted(crowd.late)
    return [
        Ratio(
            "drained, against the arithmetic minimum",
            crowd.seconds / least,
            2.0,
            "lower",
            f"{of_each:.1f} requests of each at {a_second:.0f} a second when nobody crowds",
            f"{crowd.seconds:.0f} s against {least:.0f} s; a station is through after {statistics.median(late):.0f} s, "
            f"the last after {late[-1]:.0f} s"
            if late
            else "",
        ),
        Ratio("stations that are not through", float(crowd.stations - len(late)), 0, "lower", "all of them"),
        Ratio("acts or pages lost, doubled or held", float(len(faults)), 0, "lower", "what was done"),
        Ratio(
            "asked in vain, of all requests",
            (crowd.busy + crowd.failed) / max(crowd.requests, 1),
            0.5,
            "lower",
            "all requests until the end, the asking for news among them",
            f"{crowd.requests} requests, {crowd.busy} told when to come again, {crowd.failed} without an answer",
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
