"""Cases as they are shown, looked for and listed: folded once when they change, into an index."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import apsw

from app.clock import Clock
from app.store import deeds, meta, mirror
from app.store.rows import CaseRow, Standing, worst
from app.store.tables import Tables
from contract.case import Action, Case, Flag, State, pages_of
from contract.exchange import CaseView, Clash
from contract.ids import number_in
from contract.problem import Problem

_SELECT = (
    "select case_id, number, matter, matter_version, applicant, handler, state, flags, node, opened_at, received_at,"
    " changed_at, (select group_concat(distinct standing) from actions a where a.case_id = cases.case_id"
    " and aside_at = '') from cases"
)


class Cases:
    """The cases that are known here."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock

    # --- one ----------------------------------------------------------------------------------------------------------

    def find(self, case_id: str) -> Case | None:
        """The folded case as last written to the index. `shown` says what stops it, too."""
        with self._tables.reading() as db:
            row = db.execute("select folded from cases where case_id = ?", (case_id,)).fetchone()
        return None if row is None else Case.model_validate_json(row[0])

    def shown(self, case_id: str) -> tuple[Case | None, tuple[Action, ...], Problem | None]:
        """The case as it is to be shown (the server's word with what was done here since), those acts, and what
        stops them: the Problem of a held act, or why one no longer fits."""
        with self._tables.reading() as db:
            return mirror.shown(db, case_id)

    def actions(self, case_id: str) -> tuple[Action, ...]:
        """All that was done to a case: the server's order, then what was done here since."""
        with self._tables.reading() as db:
            server = mirror.server_actions(db, case_id)
            return (*server, *(deed.action for deed in mirror.not_told(db, case_id, server)))

    def server_actions(self, case_id: str) -> tuple[Action, ...]:
        """What the server has of a case, as far as is known here: its telling, then what it said yes to since."""
        with self._tables.reading() as db:
            return tuple(mirror.agreed(db, case_id))

    def clashes(self, case_id: str) -> tuple[Clash, ...]:
        """Other open cases of the same applicant that clash with this one, as the server told of them last."""
        with self._tables.reading() as db:
            return mirror.clashes(db, case_id)

    def keep_view(self, view: CaseView) -> None:
        """Keep the server's whole word on a case that was asked for outside the feed, so that it can be acted upon."""
        with self._tables.writing() as (db, touched):
            mirror.take_view(db, view.case.id, view.actions, view.case.materials_pending, self._clock())
            mirror.set_clashes(db, view.case.id, view.clashes)
            touched.cases.add(view.case.id)

    # --- many ---------------------------------------------------------------------------------------------------------

    def look_for(self, text: str, limit: int = 50) -> tuple[CaseRow, ...]:
        """Cases by what was typed or scanned: a number or a QR that holds one, an id number or credit code, a name."""
        wanted = text.strip()
        if not wanted:
            return ()
        with self._tables.reading() as db:
            number = number_in(wanted)
            if number is not None:
                return _rows(db, "where number = ?", (number,), limit)
            found = _rows(
                db,
                "where case_id in (select case_id from case_people where hash = ?) or case_id = ?",
                (_person_hash(db, wanted), wanted),
                limit,
            )
            if found:
                return found
            pattern = "%" + wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            return _rows(
                db,
                "where applicant like ?1 escape '\\' or handler like ?1 escape '\\' or number like ?1 escape '\\'",
                (pattern,),
                limit,
            )

    def of_person(self, number: str, limit: int = 50) -> tuple[CaseRow, ...]:
        """Cases in which someone with this id number or credit code is applicant or handler."""
        with self._tables.reading() as db:
            where = "where case_id in (select case_id from case_people where hash = ?)"
            return _rows(db, where, (_person_hash(db, number),), limit)

    def to_look_at(self) -> frozenset[str]:
        """Cases with a clash that no person has settled."""
        with self._tables.reading() as db:
            return frozenset(row[0] for row in db.execute("select case_id from server_cases where to_look_at"))

    def recent(self, limit: int = 50) -> tuple[CaseRow, ...]:
        """The cases that changed last, newest first."""
        with self._tables.reading() as db:
            return _rows(db, "", (), limit)

    def in_states(self, states: Iterable[State], limit: int = 2000) -> tuple[Case, ...]:
        """The folded cases in these states, oldest first: for to-do lists and counts."""
        names = json.dumps([str(state) for state in states])
        with self._tables.reading() as db:
            found = db.execute(
                "select folded from cases where state in (select value from json_each(?)) order by opened_at limit ?",
                (names, limit),
            )
            return tuple(Case.model_validate_json(row[0]) for row in found)


def index(db: apsw.Connection, case_id: str, now: datetime) -> None:
    """Write the case's row in the lists anew."""
    server = mirror.server_actions(db, case_id)
    own = [deed.action for deed in deeds.of_case(db, case_id)]
    for actions, mine in ((server, 0), (own, 1)):
        db.executemany(
            "insert into case_pages (case_id, digest, mine) values (?, ?, ?)"
            " on conflict (case_id, digest) do update set mine = max(mine, excluded.mine)",
            [(case_id, digest, mine) for digest in sorted(pages_of(actions))],
        )
    case, _, _ = mirror.shown(db, case_id)
    if case is None:
        db.execute("delete from cases where case_id = ?", (case_id,))
        db.execute("delete from case_people where case_id = ?", (case_id,))
        return
    applicant, handler = case.parties.applicant, case.parties.handler
    db.execute(
        "insert or replace into cases values (?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            case_id,
            case.number,
            case.matter,
            case.matter_version,
            applicant.shown_name,
            handler.shown_name,
            case.state,
            json.dumps(sorted(case.flags)),
            case.node,
            case.opened_at.isoformat(),
            case.received_at.isoformat() if case.received_at else "",
            now.isoformat(),
            case.model_dump_json(),
        ),
    )
    db.execute("delete from case_people where case_id = ?", (case_id,))
    hashes = {_person_hash(db, applicant.number), _person_hash(db, handler.number)}
    db.executemany("insert into case_people values (?, ?)", [(found, case_id) for found in hashes])


def _person_hash(db: apsw.Connection, number: str) -> bytes:
    """What an id number or credit code is looked up by."""
    return hmac.digest(meta.get(db, "hash_key"), number.strip().upper().encode(), hashlib.sha256)


def _rows(db: apsw.Connection, where: str, values: tuple[Any, ...], limit: int) -> tuple[CaseRow, ...]:
    text = f"{_SELECT} {where} order by changed_at desc, case_id desc limit {int(limit)}"
    return tuple(_as_row(row) for row in db.execute(text, values))


def _as_row(row: tuple[Any, ...]) -> CaseRow:
    case_id, number, matter, version, applicant, handler, state, flags, node, opened, received, changed, all_ = row
    return CaseRow(
        case_id=case_id,
        number=number,
        matter=matter,
        matter_version=version,
        applicant=applicant,
        handler=handler,
        state=State(state),
        flags=frozenset(Flag(flag) for flag in json.loads(flags)),
        node=node,
        opened_at=datetime.fromisoformat(opened),
        received_at=datetime.fromisoformat(received) if received else None,
        changed_at=datetime.fromisoformat(changed),
        standing=worst(Standing(part) for part in all_.split(",")) if all_ else None,
    )
