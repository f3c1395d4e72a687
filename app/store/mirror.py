"""The server's word on each case, and what the screen shows: that word with what was done here since on top."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

import apsw
from pydantic import TypeAdapter

from app.store import deeds, numbers, pages, uploads
from app.store.rows import Deed, Standing
from contract.case import Action, Case, case_digest, fold, pages_of
from contract.exchange import CaseWord, Clash, Event, spelled
from contract.problem import Problem

RESEND_AFTER = (3, 30, 300)
"""After so many comparisons in a row that differ, what was done here on the case is offered to the server again: it
costs nothing where it has it, and heals a server that was set back to an older backup."""

CLASHES = TypeAdapter(tuple[Clash, ...])
Shown = tuple[Case | None, tuple[Action, ...], Problem | None]


def server_actions(db: apsw.Connection, case_id: str) -> list[Action]:
    """The case's actions that the server has told of, in its order."""
    rows = db.execute("select text from server_actions where case_id = ? order by seq", (case_id,))
    return [Action.model_validate_json(row[0]) for row in rows]


def not_told(db: apsw.Connection, case_id: str, server: Iterable[Action]) -> list[Deed]:
    """What was done here that is not in the server's telling yet, set-aside acts left out."""
    told = {action.id for action in server}
    return [deed for deed in deeds.of_case(db, case_id) if not deed.aside and deed.action.id not in told]


def agreed(db: apsw.Connection, case_id: str) -> list[Action]:
    """What the server has of a case: its telling in its order, then what it has acknowledged and not told of yet."""
    actions = server_actions(db, case_id)
    acknowledged = (Standing.ACKNOWLEDGED, Standing.MATCHED)
    return actions + [deed.action for deed in not_told(db, case_id, actions) if deed.standing in acknowledged]


def shown(db: apsw.Connection, case_id: str) -> Shown:
    """The case as it is to be shown, the acts on top of the server's word, and what stops them.

    What is held is folded in as long as it fits: the clerk did it, and the citizen has the paper with its number. Its
    Problem says that the server does not see it so.
    """
    server = server_actions(db, case_id)
    case, problem = fold(None, server)
    if case is not None and _is_pending(db, case_id):
        case = case.model_copy(update={"materials_pending": True})
    own = not_told(db, case_id, server)
    pending = tuple(deed.action for deed in own)
    if problem is not None:
        return case, pending, problem
    case, problem = fold(case, pending)
    held = next((deed.problem for deed in own if deed.standing is Standing.HELD), None)
    return case, pending, held or problem


def _is_pending(db: apsw.Connection, case_id: str) -> bool:
    row = db.execute("select materials_pending from server_cases where case_id = ?", (case_id,)).fetchone()
    return row is not None and bool(row[0])


# --- news -------------------------------------------------------------------------------------------------------------


def follows(cursor: int, events: Iterable[Event]) -> bool:
    """Whether the news goes on where the cursor stands, without a gap."""
    for event in events:
        cursor += 1
        if event.n != cursor:
            return False
    return True


def take_news(db: apsw.Connection, events: Iterable[Event], now: datetime) -> set[str]:
    """Write down the server's news. Returns the cases it touches. Taking the same news twice changes nothing."""
    touched: set[str] = set()
    for event in events:
        touched.add(event.case_id)
        if event.action is not None:
            _append(db, event.action, now)
        _set_pending(db, event.case_id, event.materials_pending)
        if event.clashes is not None:
            set_clashes(db, event.case_id, event.clashes)
    return touched


def _append(db: apsw.Connection, action: Action, now: datetime) -> None:
    db.execute(
        "insert into server_actions (case_id, seq, id, text, heard_at) values"
        " (?1, (select coalesce(max(seq), 0) + 1 from server_actions where case_id = ?1), ?2, ?3, ?4)"
        " on conflict (id) do nothing",
        (action.case_id, action.id, spelled(action), now.isoformat()),
    )
    deeds.acknowledge(db, action.id, now)  # our own, told back: the server has it even if its reply was lost
    if number := action.body.get("number"):
        numbers.is_used(db, str(number))


def _set_pending(db: apsw.Connection, case_id: str, pending: bool) -> None:
    db.execute(
        "insert into server_cases (case_id, materials_pending) values (?, ?)"
        " on conflict (case_id) do update set materials_pending = excluded.materials_pending",
        (case_id, pending),
    )


def set_clashes(db: apsw.Connection, case_id: str, clashes: Sequence[Clash]) -> None:
    """What the server says of a case's clashes now, in place of all that it said before."""
    db.execute(
        "update server_cases set clashes = ?, to_look_at = ? where case_id = ?",
        (CLASHES.dump_json(tuple(clashes)).decode(), any(not clash.is_settled for clash in clashes), case_id),
    )


def clashes(db: apsw.Connection, case_id: str) -> tuple[Clash, ...]:
    """What the server said last of a case's clashes."""
    row = db.execute("select clashes from server_cases where case_id = ?", (case_id,)).fetchone()
    return CLASHES.validate_json(str(row[0])) if row else ()


def take_view(db: apsw.Connection, case_id: str, actions: Iterable[Action], pending: bool, now: datetime) -> None:
    """The server's whole word on one case, asked for outside the feed."""
    db.execute("delete from server_actions where case_id = ?", (case_id,))
    for action in actions:
        _append(db, action, now)
    _set_pending(db, case_id, pending)


# --- agreement --------------------------------------------------------------------------------------------------------


def digest_here(db: apsw.Connection, case_id: str, lacking: Iterable[str] = ()) -> str:
    """Our digest of a case: the server's order, then what it has acknowledged and not told of yet; all the pages that
    these name, but for those which the server says it lacks."""
    actions = agreed(db, case_id)
    return case_digest(actions, pages_of(actions) - set(lacking))


def compare(db: apsw.Connection, case_id: str, word: CaseWord, *, news_to_come: bool, now: datetime) -> int:
    """Hold the server's word against ours. Returns how many acts are matched by it.

    They match when the digests are equal and the server lacks no page that was taken in here. Pages that another
    station still owes are its to bring: our digest leaves them out, as the server's does.
    """
    mine = pages.taken_in_here(db, case_id)
    equal = digest_here(db, case_id, word.wanted) == word.digest
    db.execute(
        "insert into server_cases (case_id, digest, wanted) values (?1, ?2, ?3) on conflict (case_id) do update"
        " set digest = ?2, wanted = ?3, differs = case when ?4 then 0 else differs + ?5 end",
        (case_id, word.digest, json.dumps(word.wanted), equal, not news_to_come),
    )
    if equal and not mine & set(word.wanted):
        uploads.forget(db, case_id)
        return deeds.match(db, case_id, now)
    if news_to_come:
        return 0
    deeds.unmatch(db, case_id, Standing.ACKNOWLEDGED)
    row = db.execute("select differs from server_cases where case_id = ?", (case_id,)).fetchone()
    if row is not None and row[0] in RESEND_AFTER:
        deeds.unmatch(db, case_id, Standing.WAITING)
    return 0
