"""An application process without a window: clerks take in cases while the courier talks over a bad line.

Says on standard output what is durable, act by act, and each time something moved; the test kills it at any line.
Arguments: folder, key, address, seed, how many acts.
"""

from __future__ import annotations

import random
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from app.store import Changes, Store
from app.sync.courier import Courier
from app.sync.line import Line
from contract.problem import Problem
from tests.fakes.window import AUTHORS, Window


def main(folder: str, key: str, url: str, seed: str, acts: str) -> None:
    chance = random.Random(int(seed))
    saying = threading.Lock()

    def say(*words: str) -> None:
        with saying:
            print(*words, flush=True)

    with Store.open(Path(folder), bytes.fromhex(key)) as store:
        line = Line(url, store)
        courier = Courier(store, line, lambda: datetime.now(UTC), chance=lambda: 0.05)

        def changed(changes: Changes) -> None:
            if changes.outbox and threading.current_thread() is not threading.main_thread():
                say("moved")

        store.on_change(changed)
        courier.start()
        mine: list[str] = []
        for count in range(int(acts)):
            window = Window(store, chance.choice(AUTHORS[store.station().node]), seed=int(seed) * 1000 + count)
            try:
                if mine and chance.random() < 0.4:
                    case_id = chance.choice(mine)
                    act = window.correct(case_id) if chance.random() < 0.7 else window.void(case_id)
                    say("did", case_id, act.id, act.author.id)
                else:
                    begun = window.begin(pages=chance.randrange(1, 4), size=chance.randrange(100, 120_000))
                    store.did(begun)
                    mine.append(begun[0].case_id)
                    for act in begun:
                        say("did", act.case_id, act.id, act.author.id)
            except Problem as problem:
                if problem.code not in ("case.not_allowed", "case.held_back"):
                    raise
        say("done")
        sys.stdin.read()  # the courier goes on until somebody ends this
        courier.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
