"""What every benchmark prints: ratios beside their goals, and with ``--json`` one object on the last line."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True)
class Ratio:
    """One measured figure beside its goal. ``better`` says which way is good: a goal is met at or beyond it."""

    what: str
    measured: float
    goal: float
    better: Literal["higher", "lower"]
    against: str
    """The peer or the limit that the figure is a ratio of, as a reader knows it."""
    note: str = ""
    """Absolute figures and sample sizes, for information."""

    @property
    def met(self) -> bool:
        return self.measured >= self.goal if self.better == "higher" else self.measured <= self.goal


def environment() -> dict[str, object]:
    """On what it was measured: no name of a machine, no path."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "sqlite": sqlite3.sqlite_version,
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def parser(name: str, what: str) -> argparse.ArgumentParser:
    """The arguments that all benchmarks share; a benchmark adds its own."""
    made = argparse.ArgumentParser(prog=f"./run bench {name}", description=what)
    made.add_argument("--json", action="store_true", help="one object on the last line")
    return made


def progress(words: str) -> None:
    """Where a long benchmark is, on stderr, for whoever waits before it."""
    print(f"… {words}", file=sys.stderr, flush=True)


def report(name: str, ratios: Sequence[Ratio], *, as_json: bool, extra: dict[str, object] | None = None) -> int:
    """Print the table; answer the exit code, which is 0 whether the goals were met or not."""
    width = max((len(ratio.what) for ratio in ratios), default=4)
    print(f"{name}\n")
    print(f"{'what':<{width}}  {'measured':>10}  {'goal':>10}  met  against")
    for ratio in ratios:
        sign = "≥" if ratio.better == "higher" else "≤"
        goal, met = sign + format(ratio.goal, ".4g"), "yes" if ratio.met else "NO"
        print(f"{ratio.what:<{width}}  {ratio.measured:>10.4g}  {goal:>10}  {met:<3}  {ratio.against}")
        if ratio.note:
            print(f"{'':<{width}}  {ratio.note}")
    if as_json:
        found = {
            "name": name,
            "ratios": [{**asdict(ratio), "met": ratio.met} for ratio in ratios],
            "met": all(ratio.met for ratio in ratios),
            "environment": environment(),
            **(extra or {}),
        }
        sys.stdout.flush()
        print(json.dumps(found, ensure_ascii=False))
    return 0
