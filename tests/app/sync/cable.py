"""A machine of its own whose cable can be pulled: run as a program inside a fresh network namespace, ends by itself.

Prints one line of JSON per observation; `test_network.py` reads them. The cable is the loopback interface: pulled, not
even this machine's own server can be reached.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.store import Store
from app.sync.courier import Courier
from app.sync.enrol import join
from app.sync.line import Line
from app.sync.network import watch_network
from tests.fakes.rounds import now
from tests.fakes.serving import ServerProcess
from tests.fakes.window import NODE

PATIENCE = 20.0
NOTHING = 1.0  # seconds in which nothing is to be heard


def ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True)


def say(what: str, value: Any) -> None:
    print(json.dumps({what: value}), flush=True)


def watch() -> None:
    """What is told of, and what is not."""
    told = threading.Event()
    watching = watch_network(told.set)
    assert watching is not None

    def after(words: str, patience: float = PATIENCE) -> None:
        told.clear()
        ip(words)
        say(words, told.wait(patience))

    after("link set lo up")
    after("addr add 10.9.8.7/24 dev lo")
    after("addr change 10.9.8.7/24 dev lo valid_lft 900 preferred_lft 900", NOTHING)
    after("route add 10.20.0.0/16 via 10.9.8.1")
    after("addr add 2001:db8::7/64 dev lo nodad")
    after("addr del 10.9.8.7/24 dev lo")
    after("link set lo down")
    watching.close()
    after("addr add 10.9.8.9/24 dev lo", NOTHING)


def courier(folder: Path) -> None:
    """A station whose cable is pulled, and put back long before its own pace would try again."""
    (folder / "server").mkdir()
    server = ServerProcess(folder / "server")
    server.start()
    try:
        with Store.open(folder / "station", secrets.token_bytes(32)) as store:
            line = Line(server.url, store.station)
            join(store, line, server.code(NODE))
            chance = [0.05]
            carrier = Courier(store, line, now, chance=lambda: chance[0])
            carrier.start()
            try:
                _pull_and_put_back(store, carrier, chance)
            finally:
                carrier.stop()
    finally:
        server.stop()


def _pull_and_put_back(store: Store, carrier: Courier, chance: list[float]) -> None:
    def holds(what: Callable[[], bool]) -> bool:
        come = threading.Event()
        end = store.on_change(lambda _: come.set() if what() else None)
        try:
            return what() or come.wait(PATIENCE)
        finally:
            end()

    say("online", holds(lambda: carrier.state.online and not carrier.state.sending))
    chance[0] = 1000.0  # by its own pace it would come back after a quarter of an hour
    ip("link set lo down")
    say("noticed", holds(lambda: not carrier.state.online and not carrier.state.sending))
    ip("link set lo up")
    say("back", holds(lambda: carrier.state.online))


if __name__ == "__main__":
    if sys.argv[1] == "watch":
        watch()
    else:
        ip("link set lo up")
        courier(Path(sys.argv[1]))
