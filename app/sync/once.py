"""One sitting of the syncer for scripts: everything that can be sent and heard now, then the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.store import Store
from app.sync.line import Line
from app.sync.round import one_round
from app.sync.uploads import send_one_batch

ROUNDS = 1000  # more than any station's backlog needs; a bound all the same


@dataclass(frozen=True)
class Settled:
    """What one sitting came to. `waiting` and `held` are the cases that are not agreed upon when it ends."""

    rounds: int
    sent: int
    acknowledged: int
    matched: int
    news: int
    page_bytes: int
    waiting: int
    held: int


def sync_once(store: Store, line: Line, clock: Callable[[], datetime], who: str) -> Settled:
    """Talk with the server until nothing moves any more.

    Raises:
        Problem: ``sync.locked`` says who else is the syncer just now; whatever the line raises.
    """
    rounds = sent = acknowledged = matched = news = pages = 0
    with store.sync_lock(who):
        store.give_back()
        for _ in range(ROUNDS):
            result = one_round(store, line, clock)
            rounds += 1
            sent += result.sent
            acknowledged += result.acknowledged
            matched += result.matched
            news += result.news
            batch = None if result.more else send_one_batch(store, line)
            pages += batch.bytes if batch else 0
            if not (result.more or batch or result.moved):
                break
    waiting, held = store.counts()
    return Settled(rounds, sent, acknowledged, matched, news, pages, waiting - held, held)
