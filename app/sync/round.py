"""One round of talk with the server. It may be cut anywhere, and repeated: nothing is lost and nothing done twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.store import Heard, Outgoing, Store
from app.sync.failures import TROUBLE
from app.sync.line import Line
from app.sync.packs import Fetched, fetch_pack
from contract.exchange import Answer, Ask
from contract.problem import Problem, Retry

OUR_BUGS = ("server.failed", "server.fault")
"""Codes behind which something in the ask may have tripped the server up; twice in a row on one case is no chance."""


@dataclass(frozen=True)
class RoundResult:
    """What a round came to."""

    sent: int
    acknowledged: int
    held: int
    matched: int
    news: int
    more: bool  # there is more to hear, or more to send
    pack: bool  # a new pack came
    problem: Problem | None  # what is the matter although the round went through
    copied: frozenset[str] = frozenset()  # digests of wanted pages of which the server has a working copy

    @property
    def moved(self) -> bool:
        """Whether anything changed at either end."""
        return bool(self.acknowledged or self.held or self.matched or self.news)


def one_round(store: Store, line: Line, clock: Callable[[], datetime], *, thorough: bool = False) -> RoundResult:
    """Send what waits, hear what is new, compare digests, fetch a newer pack.

    Args:
        store: The station's store; whoever calls holds its sync lock.
        line: The line to the server.
        clock: The station's clock.
        thorough: Compare the cases that were matched before, too.

    Raises:
        Problem: whatever the line raises; what had been sent waits again then.
    """
    sent = store.exchange.begin_sending()
    try:
        heards = _talk(store, line, clock, sent, thorough)
    except BaseException:
        with suppress(Problem):  # on a full disk they go on standing as sending, until the next round takes them up
            store.exchange.give_back(sent)
        raise
    answer = heards[-1][1]
    fetched, problem = _newer_pack(store, line, answer.pack)
    if any(heard.gap for heard, _ in heards):
        raise Problem("sync.feed_gap", Retry.AGAIN)
    return RoundResult(
        sent=len(sent),
        acknowledged=sum(heard.acknowledged for heard, _ in heards),
        held=sum(heard.held for heard, _ in heards),
        matched=sum(heard.matched for heard, _ in heards),
        news=sum(heard.news for heard, _ in heards),
        more=answer.more or store.outbox.has_waiting() or fetched.more,
        pack=fetched.newer,
        problem=problem or next((heard.warning for heard, _ in heards if heard.warning), None),
        copied=frozenset(digest for _, each in heards for word in each.words.values() for digest in word.copies),
    )


def _newer_pack(store: Store, line: Line, newest: str) -> tuple[Fetched, Problem | None]:
    """Fetch the pack in force. One that cannot be used is said, and the old one stays in force."""
    head = store.packs.find()
    if not newest or (head is not None and newest == head.version):
        return Fetched(newer=False), None
    try:
        return fetch_pack(store, line), None
    except Problem as problem:
        if problem.code.startswith("pack."):
            return Fetched(newer=False), problem
        raise


Talk = list[tuple[Heard, Answer]]


def _talk(store: Store, line: Line, clock: Callable[[], datetime], sent: Sequence[Outgoing], thorough: bool) -> Talk:
    try:
        return [_ask(store, line, clock, sent, thorough)]
    except Problem as problem:
        if not sent or not _is_about_the_ask(problem):
            raise
    # Something in the ask cannot be taken. Is it the ask, or are we not welcome at all? Then: which case is it?
    talk = [_ask(store, line, clock, (), thorough)]
    by_case: dict[str, list[Outgoing]] = {}
    for out in sent:
        by_case.setdefault(out.case_id, []).append(out)
    for acts in by_case.values():
        for out in acts:
            try:
                talk.append(_ask(store, line, clock, [out], thorough=False))
            except Problem as problem:
                if not _is_about_the_ask(problem):
                    raise
                if problem.code in OUR_BUGS and not _trips_again(store, line, clock, out, talk):
                    continue
                store.exchange.hold(out, problem)
                store.exchange.give_back(acts)
                break
    return talk


def _trips_again(store: Store, line: Line, clock: Callable[[], datetime], out: Outgoing, talk: Talk) -> bool:
    """Whether the same act trips the server up a second time."""
    try:
        talk.append(_ask(store, line, clock, [out], thorough=False))
    except Problem as problem:
        if _is_about_the_ask(problem):
            return True
        raise
    return False


def _is_about_the_ask(problem: Problem) -> bool:
    """Whether another ask might go through where this one did not."""
    if problem.code in TROUBLE or problem.code == "server.busy":
        return False
    return not problem.code.startswith(("session.", "station."))


def _ask(
    store: Store, line: Line, clock: Callable[[], datetime], sent: Sequence[Outgoing], thorough: bool
) -> tuple[Heard, Answer]:
    pack, cursor = store.packs.find(), store.exchange.cursor()
    watch = dict.fromkeys((*store.exchange.watched(thorough=thorough), *(out.case_id for out in sent)))
    asked_at = clock()
    ask = Ask(
        cursor=cursor,
        actions=tuple(out.signed for out in sent),
        watch=tuple(watch),
        pools=store.numbers.pools(),
        pack=pack.version if pack else "",
        sent_at=asked_at,
    )
    began = time.monotonic()
    answer = line.exchange(ask)
    took = timedelta(seconds=time.monotonic() - began)
    return store.exchange.hear(sent, answer, cursor=cursor, asked_at=asked_at, took=took), answer
