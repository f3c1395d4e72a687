"""``./run tus-check URL``: how far a server keeps to tus 1.0.0, and what it bears. Ends with 1 where a check fails."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Literal

from tests.tus_check.checks import CHECKS, MORTAL_CHECKS, Mortal
from tests.tus_check.ours import our_server
from tests.tus_check.servers import Restarted, Started
from tests.tus_check.target import Failed, NotOffered, Target

Outcome = Literal["pass", "fail", "not offered"]


@dataclass(frozen=True)
class Result:
    section: str
    name: str
    outcome: Outcome
    reason: str = ""


def run(target: Target, mortal: Mortal | None = None) -> Iterator[Result]:
    """One result after the other. Those that kill the server come last, where it may be killed."""
    offered = target.extensions()
    for one in CHECKS:
        if one.needs and one.needs not in offered:
            yield Result(one.section, one.name, "not offered", f"no {one.needs}")
            continue
        yield _result(one.section, one.name, lambda one=one: one.run(target))  # type: ignore[misc]
    for section, name, play in MORTAL_CHECKS:
        if mortal is None:
            yield Result(section, name, "not offered", "not ours to kill: --serve, or --pid and --restart")
            continue
        yield _result(section, name, lambda play=play: play(target, mortal))  # type: ignore[misc]


def _result(section: str, name: str, play: object) -> Result:
    assert callable(play)
    try:
        play()
    except NotOffered as why:
        return Result(section, name, "not offered", str(why))
    except Failed as why:
        return Result(section, name, "fail", str(why))
    except Exception as fault:  # a server that hangs up, or answers what is no HTTP
        return Result(section, name, "fail", f"{type(fault).__name__}: {fault}")
    return Result(section, name, "pass")


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="./run tus-check", description=__doc__)
    parser.add_argument("url", nargs="?", help="where uploads are created")
    parser.add_argument(
        "--header", action="append", default=[], metavar="'Name: value'", help="sent with every request"
    )
    parser.add_argument(
        "--metadata",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what every upload must bring there; {sha256} in a value stands for the digest of its bytes",
    )
    parser.add_argument("--serve", metavar="COMMAND", help="start the server with this; it is killed and started again")
    parser.add_argument("--pid", type=int, help="the process of the server, which is killed with SIGKILL …")
    parser.add_argument("--restart", metavar="COMMAND", help="… and started again with this")
    parser.add_argument("--ours", action="store_true", help="Tongban's own server, started for this with its demo hall")
    parser.add_argument("--json", action="store_true", help="one object on the last line")
    given = parser.parse_args(words)
    if given.ours == bool(given.url):
        parser.error("either a URL or --ours")
    if bool(given.pid) != bool(given.restart):
        parser.error("--pid and --restart go together")
    mortal: Mortal | None = None
    with ExitStack() as stack:
        if given.ours:
            target, mortal = stack.enter_context(our_server())
        else:
            headers = dict(_pair(said, ":") for said in given.header)
            target = Target(given.url, headers, dict(_pair(said, "=") for said in given.metadata))
            if given.serve:
                mortal = stack.enter_context(Started(shlex.split(given.serve), given.url))
            elif given.pid:
                mortal = stack.enter_context(Restarted(given.pid, shlex.split(given.restart), given.url))
        results = []
        for result in run(target, mortal):
            results.append(result)
            reason = f"  ({result.reason})" if result.reason else ""
            print(f"{result.outcome:<11}  {result.section}: {result.name}{reason}", flush=True)
    counts = {kind: sum(one.outcome == kind for one in results) for kind in ("pass", "fail", "not offered")}
    offered = counts["pass"] + counts["fail"]
    print(f"\n{counts['pass']} of {offered} that it offers; {counts['not offered']} not offered")
    if given.json:
        print(json.dumps({"name": "tus-check", **counts, "results": [asdict(one) for one in results]}))
    return int(counts["fail"] > 0)


def _pair(said: str, sign: str) -> tuple[str, str]:
    name, _, value = said.partition(sign)
    return name.strip(), value.strip()


if __name__ == "__main__":
    sys.exit(main())
