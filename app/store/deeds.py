"""What was done here: written once, then only its standing moves (waiting → sending → acknowledged → matched, held)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

import apsw

from app.store.database import rows
from app.store.rows import Deed, GivenUp, Outgoing, Standing
from contract.case import Action
from contract.exchange import MAX_ACTIONS, MAX_BODY, SignedAction, Verdict, spelled
from contract.problem import Problem, Retry

ASK_BYTES = 512 << 10  # of actions in one ask: on a bad line something should get through before the next cut
TOO_LARGE = MAX_BODY - (64 << 10)  # an action that no ask can hold
LACKS_EARLIER = "case.waits_for_earlier"  # the server's word for an act whose `after` it does not know
_COLUMNS = "text, standing, problem, aside_at, position, given_up"


def insert(db: apsw.Connection, action: Action, signature: str) -> None:
    db.execute(
        "insert into actions (id, case_id, kind, text, signature, standing, made_at) values (?,?,?,?,?,?,?)",
        (
            action.id,
            action.case_id,
            action.kind,
            spelled(action),
            signature,
            Standing.WAITING,
            action.made_at.isoformat(),
        ),
    )


def find_text(db: apsw.Connection, action_id: str) -> str | None:
    """The text of an action that was done here."""
    row = db.execute("select text from actions where id = ?", (action_id,)).fetchone()
    return None if row is None else str(row[0])


def of_case(db: apsw.Connection, case_id: str) -> list[Deed]:
    """What was done here on a case, in the order in which it was done."""
    found = db.execute(f"select {_COLUMNS} from actions where case_id = ? order by position", (case_id,))  # noqa: S608
    return [_deed(row) for row in found]


def between(db: apsw.Connection, since: datetime, until: datetime) -> list[Deed]:
    """What was done here in a stretch of the station's time, `until` not included."""
    found = db.execute(
        f"select {_COLUMNS} from actions where julianday(made_at) >= julianday(?)"  # noqa: S608
        " and julianday(made_at) < julianday(?) order by position",
        (since.isoformat(), until.isoformat()),
    )
    return [_deed(row) for row in found]


def _deed(row: tuple[object, ...]) -> Deed:
    text, standing, problem, aside_at, position, given_up = row
    return Deed(
        action=Action.model_validate_json(str(text)),
        standing=Standing(str(standing)),
        problem=read_problem(str(problem)),
        aside=bool(aside_at),
        position=int(str(position)),
        given_up=GivenUp.model_validate_json(str(given_up)) if given_up else None,
    )


def read_problem(text: str) -> Problem | None:
    return Problem.from_wire(json.loads(text)) if text else None


def write_problem(problem: Problem | None) -> str:
    return json.dumps(problem.to_wire(), ensure_ascii=False) if problem else ""


def begin_sending(db: apsw.Connection, station: str) -> list[Outgoing]:
    """The next to be sent, in order, now standing as sending; nothing of a case whose head is held.

    Whoever calls is the one syncer: what another one was sending when it died, or could not give back because the disk
    was full, waits again.

    What can never be sent because it is too large is held here and now, so that it stops nobody else.
    """
    back_to_waiting(db)
    found = rows(
        db,
        "select id, case_id, text, signature from actions a where standing = ? and not exists"
        " (select 1 from actions h where h.case_id = a.case_id and h.standing = ? and h.aside_at = '')"
        " order by position",
        (Standing.WAITING, Standing.HELD),
    )
    chosen: list[Outgoing] = []
    size, behind = 0, set[str]()
    for id_, case_id, text, signature in found:
        if case_id in behind:
            continue
        cost = len(json.dumps(text, ensure_ascii=False).encode())
        if cost > TOO_LARGE:
            hold(db, id_, Problem("sync.too_large", Retry.AFTER_FIX, mib=cost >> 20))
            behind.add(case_id)
            continue
        if chosen and (size + cost > ASK_BYTES or len(chosen) == MAX_ACTIONS):
            break
        size += cost
        chosen.append(Outgoing(id_, case_id, SignedAction(action=text, station=station, signature=signature)))
    _move(db, (out.id for out in chosen), Standing.SENDING)
    return chosen


def unheard(db: apsw.Connection, station: str) -> list[Outgoing]:
    """All that the server has not answered, in order; nothing of a case whose head is held."""
    found = rows(
        db,
        "select id, case_id, text, signature from actions a where standing in (?, ?) and not exists"
        " (select 1 from actions h where h.case_id = a.case_id and h.standing = ? and h.aside_at = '')"
        " order by position",
        (Standing.WAITING, Standing.SENDING, Standing.HELD),
    )
    return [
        Outgoing(id_, case_id, SignedAction(action=text, station=station, signature=signature))
        for id_, case_id, text, signature in found
    ]


def back_to_waiting(db: apsw.Connection, ids: Iterable[str] | None = None) -> None:
    """What was sending waits again: nobody knows what became of it, and resending is safe. None: all of it."""
    if ids is None:
        db.execute("update actions set standing = ? where standing = ?", (Standing.WAITING, Standing.SENDING))
        return
    for id_ in ids:
        db.execute(
            "update actions set standing = ? where id = ? and standing = ?",
            (Standing.WAITING, id_, Standing.SENDING),
        )


def hear_verdicts(
    db: apsw.Connection, sent: Iterable[Outgoing], answer: dict[str, tuple[Verdict, Problem | None]], now: datetime
) -> tuple[int, int]:
    """Take in what the server said to each act. Returns how many it has now, and how many it refused.

    Where it refused one, the later ones of that case were refused because of it: they wait behind it.
    """
    taken, refused, blocked = 0, 0, set[str]()
    for out in sent:
        verdict, problem = answer.get(out.id, (None, None))
        if verdict in (Verdict.DONE, Verdict.ALREADY):
            acknowledge(db, out.id, now)
            taken += 1
        elif verdict is Verdict.REFUSED and out.case_id not in blocked:
            blocked.add(out.case_id)
            if problem is not None and problem.retry is Retry.AGAIN and _only_waits(db, out, problem):
                back_to_waiting(db, [out.id])
                continue
            hold(db, out.id, problem or Problem("sync.refused", Retry.AFTER_FIX))
            refused += 1
        else:
            back_to_waiting(db, [out.id])
    return taken, refused


def _only_waits(db: apsw.Connection, out: Outgoing, problem: Problem) -> bool:
    """Whether a refusal for now needs no person. Where the server lacks an earlier act of ours that it once had (it was
    set back to a backup), all of the case is offered to it again."""
    if problem.code != LACKS_EARLIER:
        return True
    after = Action.model_validate_json(out.signed.action).after
    row = db.execute("select standing from actions where id = ? and case_id = ?", (after, out.case_id)).fetchone()
    if row is None:
        return False  # somebody else's act: we have nothing to bring
    if row[0] in (Standing.ACKNOWLEDGED, Standing.MATCHED):
        unmatch(db, out.case_id, Standing.WAITING)
    return True


def acknowledge(db: apsw.Connection, id_: str, now: datetime) -> None:
    """The server has it, whatever we thought of it before; once matched it stays so."""
    db.execute(
        "update actions set standing = ?, problem = '', aside_at = '', acknowledged_at = ? where id = ?"
        " and standing not in (?, ?)",
        (Standing.ACKNOWLEDGED, now.isoformat(), id_, Standing.ACKNOWLEDGED, Standing.MATCHED),
    )


def hold(db: apsw.Connection, id_: str, problem: Problem) -> None:
    db.execute(
        "update actions set standing = ?, problem = ? where id = ?", (Standing.HELD, write_problem(problem), id_)
    )


def release(db: apsw.Connection, case_id: str) -> int:
    """Let what is held of a case wait again: its cause was mended. Returns how many."""
    db.execute(
        "update actions set standing = ?, problem = '' where case_id = ? and standing = ? and aside_at = ''",
        (Standing.WAITING, case_id, Standing.HELD),
    )
    return db.changes()


def set_aside(db: apsw.Connection, case_id: str, given_up: GivenUp) -> int:
    """Give up what is held of a case and all that waits behind it. The rows stay, to be read for ever.

    Returns how many.
    """
    row = db.execute(
        "select min(position) from actions where case_id = ? and standing = ? and aside_at = ''",
        (case_id, Standing.HELD),
    ).fetchone()
    if row is None or row[0] is None:
        return 0
    behind = write_problem(Problem("sync.behind_held", Retry.NEVER))
    db.execute(
        "update actions set aside_at = ?, given_up = ?, standing = ?,"
        " problem = case problem when '' then ? else problem end"
        " where case_id = ? and position >= ? and aside_at = '' and standing in (?, ?)",
        (
            given_up.at.isoformat(),
            given_up.model_dump_json(),
            Standing.HELD,
            behind,
            case_id,
            row[0],
            Standing.HELD,
            Standing.WAITING,
        ),
    )
    return db.changes()


def match(db: apsw.Connection, case_id: str, now: datetime) -> int:
    """Both ends agree about the case. Returns how many acts that moved."""
    db.execute(
        "update actions set standing = ?, matched_at = ? where case_id = ? and standing = ?",
        (Standing.MATCHED, now.isoformat(), case_id, Standing.ACKNOWLEDGED),
    )
    return db.changes()


def unmatch(db: apsw.Connection, case_id: str, to: Standing) -> None:
    """The ends no longer agree about the case: say so, or (to waiting) offer the acts again."""
    db.execute(
        "update actions set standing = ?, matched_at = '' where case_id = ? and standing in (?, ?)",
        (to, case_id, Standing.MATCHED, Standing.ACKNOWLEDGED),
    )


def _move(db: apsw.Connection, ids: Iterable[str], standing: Standing) -> None:
    db.executemany("update actions set standing = ? where id = ?", [(standing, id_) for id_ in ids])


def watched(db: apsw.Connection, *, thorough: bool, limit: int) -> list[str]:
    """Cases whose digest is to be compared: those the server has and that are not matched yet; then (thorough) matched
    ones, half of the rest the newest, half any others, so that with the days each has its turn."""
    found = [
        row[0]
        for row in db.execute(
            "select case_id from actions where standing = ? group by case_id order by min(position) limit ?",
            (Standing.ACKNOWLEDGED, limit),
        )
    ]
    if thorough and len(found) < limit:
        left = limit - len(found)
        found += [
            row[0]
            for row in db.execute(
                "with matched as (select case_id, row_number() over (order by max(position) desc) as age from actions"
                " group by case_id having sum(standing = ?) > 0 and sum(standing = ?) = 0)"
                " select case_id from matched order by age > ?, case when age > ? then random() end limit ?",
                (Standing.MATCHED, Standing.ACKNOWLEDGED, left - left // 2, left - left // 2, left),
            )
        ]
    return found
