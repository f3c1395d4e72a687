"""The round's side of the store: what goes out with the next ask, and what the answer says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import apsw

from app.clock import Clock
from app.store import deeds, meta, mirror, numbers, offset, packs, verifiers
from app.store.offset import Offset
from app.store.rows import Heard, Outgoing, Standing
from app.store.station import OurStation
from app.store.tables import Tables
from contract.exchange import Answer, Verdict
from contract.problem import Problem

WATCH_LIMIT = 500  # cases compared in one round


class Exchange:
    """The talk with the server. Whoever moves acts through it holds the store's sync lock."""

    def __init__(self, tables: Tables, station: OurStation, clock: Clock, offset: Offset) -> None:
        self._tables = tables
        self._station = station
        self._clock = clock
        self._offset = offset

    def begin_sending(self) -> tuple[Outgoing, ...]:
        """The next acts to send, marked as sending."""
        station = self._station.get().id
        with self._tables.writing() as (db, touched):
            held_before = _held(db)
            chosen = tuple(deeds.begin_sending(db, station))
            touched.outbox = bool(chosen)
            touched.cases.update(_held(db) - held_before)
        return chosen

    def unheard(self) -> tuple[Outgoing, ...]:
        """All acts that the server has not answered, in order, for a parcel; nothing moves by it."""
        with self._tables.reading() as db:
            return tuple(deeds.unheard(db, self._station.get().id))

    def give_back(self, outgoing: Iterable[Outgoing] | None = None) -> None:
        """Nobody knows what became of what was sent: it waits again. None: all that is being sent."""
        with self._tables.writing() as (db, touched):
            deeds.back_to_waiting(db, None if outgoing is None else [out.id for out in outgoing])
            touched.outbox = True

    def hold(self, outgoing: Outgoing, problem: Problem) -> None:
        """Hold one act with its problem; what else of that case was being sent waits behind it."""
        with self._tables.writing() as (db, touched):
            deeds.hold(db, outgoing.id, problem)
            touched.cases.add(outgoing.case_id)
            touched.outbox = True

    def cursor(self) -> int:
        """How much of the feed is here."""
        with self._tables.reading() as db:
            return _cursor(db)

    def watched(self, *, thorough: bool = False) -> tuple[str, ...]:
        """Cases whose digests are to be compared with the server's; thorough: the matched ones, too."""
        with self._tables.reading() as db:
            return tuple(deeds.watched(db, thorough=thorough, limit=WATCH_LIMIT))

    def hear(
        self,
        sent: Sequence[Outgoing],
        answer: Answer,
        *,
        cursor: int,
        asked_at: datetime,
        took: timedelta,
    ) -> Heard:
        """Take in one answer of the server in one transaction: verdicts, news, words, blocks, revoked clerks, time.

        Args:
            sent: The acts that were in the ask.
            answer: What the server said.
            cursor: The cursor that was in the ask.
            asked_at: The station's clock when it asked.
            took: How long the answer took.
        """
        now = self._clock()
        measured = self._offset.measure(answer.server_time, asked_at, took)
        told = {
            id_: (Verdict(one.verdict), Problem.from_wire(one.problem) if one.problem else None)
            for id_, one in answer.told.items()
        }
        with self._tables.writing() as (db, touched):
            matched_before = _matched(db)
            acknowledged, held = deeds.hear_verdicts(db, sent, told, now)
            touched.cases.update(out.case_id for out in sent)
            gap = not mirror.follows(cursor, answer.events)
            if gap:
                _move_cursor(db, 0)
            elif _cursor(db) == cursor:  # else another round has been here since
                touched.cases.update(mirror.take_news(db, answer.events, now))
                _move_cursor(db, answer.events[-1].n if answer.events else cursor)
            matched = 0
            for case_id, word in answer.words.items():
                matched += mirror.compare(db, case_id, word, news_to_come=answer.more or gap, now=now)
            touched.cases.update(_matched(db) ^ matched_before)
            for block in answer.blocks:
                numbers.add(db, block)
            for clerk in answer.revoked:
                verifiers.revoke(db, clerk)
            if answer.pack:
                packs.is_newest(db, answer.pack, now)
            offset.keep(db, measured)
            touched.outbox = bool(sent) or bool(matched) or bool(answer.words)
        return Heard(
            acknowledged=acknowledged,
            held=held,
            news=0 if gap else len(answer.events),
            matched=matched,
            cases=frozenset(touched.cases),
            gap=gap,
            warning=next(
                (problem for verdict, problem in told.values() if verdict is not Verdict.REFUSED and problem), None
            ),
        )


def begin_anew(db: apsw.Connection) -> None:
    """The station is another one from now on: its feed is heard from the beginning."""
    _move_cursor(db, 0)


def _cursor(db: apsw.Connection) -> int:
    return int(meta.find(db, "cursor") or b"0")


def _move_cursor(db: apsw.Connection, to: int) -> None:
    meta.keep(db, "cursor", str(to).encode())


def _held(db: apsw.Connection) -> set[str]:
    return {row[0] for row in db.execute("select case_id from actions where standing = ?", (Standing.HELD,))}


def _matched(db: apsw.Connection) -> set[str]:
    found = db.execute("select case_id from actions group by case_id having min(standing = ?)", (Standing.MATCHED,))
    return {row[0] for row in found}
