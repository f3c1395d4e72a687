"""A case on which another window was faster: what this station did to it is held, with the server's word beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from app.store import Store
from contract.case import Action, Author, Corrected, Kind
from contract.exchange import Answer, Event, Told, Verdict
from contract.problem import Problem, Retry

LOST = Problem("case.out_of_order", Retry.AFTER_FIX, kind="correct")


def hear(store: Store, now: datetime, told: Mapping[str, Told], news: Iterable[Action]) -> None:
    """The server answers a round: its verdicts on what waits, then its news."""
    cursor = store.exchange.cursor()
    events = tuple(
        Event(n=n, case_id=act.case_id, kind="action", action=act) for n, act in enumerate(news, start=cursor + 1)
    )
    answer = Answer(server_time=now, told=dict(told), events=events, cursor=cursor + len(events))
    store.exchange.hear(store.exchange.begin_sending(), answer, cursor=cursor, asked_at=now, took=timedelta())


def take_over(store: Store, now: datetime, case_id: str) -> None:
    """The server has all that was done to the case so far."""
    acts = store.cases.actions(case_id)
    hear(store, now, {act.id: Told(verdict=Verdict.DONE) for act in acts}, acts)


def lose(
    store: Store, now: datetime, case_id: str, mine: tuple[Corrected, ...], author: Author, first: Corrected, by: Author
) -> None:
    """Two windows correct the case while apart; the other one is heard first, and ours is held, the rest behind it."""
    last = store.cases.actions(case_id)[-1].id
    winner = store.acts.make(case_id, Kind.CORRECT, first, by, after=last).model_copy(update={"station": "s2"})
    for body in mine:
        store.acts.did(
            [store.acts.make(case_id, Kind.CORRECT, body, author, after=store.cases.actions(case_id)[-1].id)]
        )
    loser = next(act for act in store.cases.actions(case_id) if act.after == last)
    hear(store, now, {loser.id: Told(verdict=Verdict.REFUSED, problem=LOST.to_wire())}, (winner,))
