"""``./run faults``: whole days with a bad line, kills, a full disk and a wrong clock; is every act where it should be?

Ends with 1 where anything was lost, doubled or laid open, and names the seeds. ``--seed N --histories 1`` lives through
one day again: the same troubles, though not at the same instruction.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.faults.disk import can_mount, within
from tests.faults.hall import Hall, villages
from tests.faults.history import Result, live_through
from tests.faults.plan import INTAKES, draw


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run faults", description=__doc__.split("\n")[0])
    parser.add_argument("--histories", type=int, default=20, help="how many days")
    parser.add_argument("--seed", type=int, default=1, help="of the first day; the next has the next")
    parser.add_argument("--intakes", type=int, default=INTAKES, help="cases of a day")
    parser.add_argument("--together", type=int, default=3, help="days at the same time")
    parser.add_argument("--json", action="store_true", help="one JSON object at the end")
    given = parser.parse_args(arguments)
    within(arguments)
    began = time.monotonic()
    results, hall_faults, kills = _run(given)
    failed = [result for result in results if result.faults]
    counts = sum((result.counts for result in results), Counter[str]())
    said: dict[str, Any] = {
        "histories": len(results),
        "failed": {str(result.seed): result.faults for result in failed},
        "hall": hall_faults,
        "seconds": round(time.monotonic() - began, 1),
        "counts": {"server kills": kills, **dict(sorted(counts.items()))},
        "small disks": can_mount(),
    }
    if given.json:
        print(json.dumps(said, ensure_ascii=False))
    else:
        _say(said)
    return 1 if failed or hall_faults else 0


def _run(given: argparse.Namespace) -> tuple[list[Result], list[str], int]:
    """Days side by side at one server, then the next server for the next days."""
    results: list[Result] = []
    hall_faults: list[str] = []
    kills, ahead = 0, list(range(given.seed, given.seed + given.histories))
    with tempfile.TemporaryDirectory(prefix="tongban-faults-") as folder:
        for batch in range(0, len(ahead), len(villages())):
            hall = Hall(Path(folder) / f"hall{batch}")
            try:
                with ThreadPoolExecutor(given.together) as threads:
                    for result in threads.map(
                        lambda seed, hall=hall: live_through(
                            draw(seed, given.intakes), hall, Path(folder) / f"day{seed}"
                        ),
                        ahead[batch : batch + len(villages())],
                    ):
                        results.append(result)
                        if not given.json or result.faults:
                            _tell(result)
                hall_faults += hall.audit()["faults"]
                kills += hall.kills
            finally:
                hall.close()
    return results, hall_faults, kills


def _tell(result: Result) -> None:
    good = "lost nothing" if not result.faults else "FAILED"
    print(
        f"seed {result.seed}: {good} in {result.seconds:.1f} s: {result.day}",
        file=sys.stderr,
        flush=True,
    )
    for fault in result.faults[:10]:
        print(f"    {fault}", file=sys.stderr, flush=True)


def _say(said: dict[str, Any]) -> None:
    print(f"{said['histories']} histories in {said['seconds']} s, {len(said['failed'])} failed")
    for name, count in said["counts"].items():
        print(f"  {count:8d}  {name}")
    if not said["small disks"]:
        print("  No disk of its own could be mounted here: full disks were files that may not grow.")
    for fault in said["hall"]:
        print(f"  the server: {fault}")
    if said["failed"]:
        print(f"  seeds that failed: {', '.join(said['failed'])}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
