"""One sitting of the syncer for scripts: everything that can be sent and heard now, then the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.store import Store
from app.sync.line import Line
from app.sync.pace import Bounds, Signs
from app.sync.ratings import send_ratings
from app.sync.round import one_round
from app.sync.uploads import Manner, send_one_batch

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


def sync_once(
    store: Store, line: Line, clock: Callable[[], datetime], who: str, bounds: Bounds | None = None
) -> Settled:
    """Talk with the server until nothing moves any more.

    Args:
        store: The station's store.
        line: The line to its server.
        clock: The station's clock.
        who: What another process is told that wants to sync.
        bounds: What pages may take of the line; without, all of it at any time.

    Raises:
        Problem: ``sync.locked`` says who else is the syncer just now; whatever the line raises.
    """
    rounds = sent = acknowledged = matched = news = pages = 0
    bounds = bounds or Bounds()
    with store.sync_lock(who):
        store.exchange.give_back()
        for _ in range(ROUNDS):
            result = one_round(store, line, clock)
            rounds += 1
            sent += result.sent
            acknowledged += result.acknowledged
            matched += result.matched
            news += result.news
            went = (
                0 if result.more else _send_pages(store, line, Manner.fitting(Signs(line.round_trip), bounds, clock()))
            )
            if not result.more:
                send_ratings(store, line)
            pages += went
            if not (result.more or result.moved or went):
                break
    waiting, held = store.outbox.counts()
    return Settled(rounds, sent, acknowledged, matched, news, pages, waiting - held, held)


def _send_pages(store: Store, line: Line, manner: Manner) -> int:
    """Batch after batch until there is none; only then does the server's word on all of them make sense."""
    count = 0
    while (batch := send_one_batch(store, line, manner)) is not None:
        count += batch.bytes
        if not batch.more:
            break
    return count
