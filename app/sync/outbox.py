"""The outbox as people see it: per case what waits, why, since when, and how much is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from app.store import GivenUp, OutboxRow, Standing, Store
from app.sync.courier import KEEP_PAGES, Courier
from app.sync.versions import versions
from contract.case import Kind
from contract.problem import Problem, Retry

FOUND = 200  # cases at most that a search looks at


class Tray(Protocol):
    """What of the desk is needed here."""

    @property
    def store(self) -> Store: ...

    @property
    def courier(self) -> Courier: ...


@dataclass(frozen=True)
class OutboxLine:
    """What of one case the server does not have for certain yet. `matter` is its name, `bytes_left` are pages'.

    `given_up` says what was set aside of it last. Where nothing else waits, it is only found by searching.
    """

    case_id: str
    number: str
    matter: str
    applicant: str
    what: tuple[Kind, ...]
    pages: int
    since: datetime
    standing: Standing
    problem: Problem | None
    bytes_left: int
    given_up: GivenUp | None = None
    waits: bool = True

    @property
    def is_stuck(self) -> bool:
        """Whether it goes no further without a person: an act is held, or a page cannot go."""
        return self.waits and (self.standing is Standing.HELD or self.problem is not None)

    def __repr__(self) -> str:
        return f"OutboxLine({self.case_id}, {self.standing})"


def outbox(desk: Tray) -> tuple[OutboxLine, ...]:
    """Everything that is not matched, oldest first. Empty means that both ends agree about all that was done here."""
    partly = set(desk.store.outbox.given_up_cases())
    return tuple(_line(desk, row, row.case_id in partly) for row in desk.store.outbox.by_case())


def find(desk: Tray, text: str, is_named: Callable[[str, str], bool]) -> tuple[OutboxLine, ...]:
    """What of the outbox, and of what was set aside, goes by a number, an id number, a name or a matter.

    Args:
        desk: The desk.
        text: What was typed or scanned.
        is_named: Whether a name is meant by what was typed (`app.matters.search.is_named`).
    """
    lines = outbox(desk)
    waiting = {line.case_id for line in lines}
    lines += tuple(
        _set_aside(desk, case_id) for case_id in desk.store.outbox.given_up_cases() if case_id not in waiting
    )
    known = {row.case_id for row in desk.store.cases.look_for(text, FOUND)}
    typed = text.strip().upper()
    return tuple(
        line
        for line in lines
        if line.case_id in known
        or (line.number and line.number in typed)
        or (typed and typed in line.number)
        or is_named(line.applicant, text)
        or is_named(line.matter, text)
    )


def get_case_id(desk: Tray, name: str) -> str:
    """The case of the outbox that goes by an id or a number, set-aside ones included.

    Raises:
        Problem: ``outbox.not_there``.
    """
    for line in find(desk, name, lambda *_: False):
        if name.strip() in (line.case_id, line.number):
            return line.case_id
    raise Problem("outbox.not_there", Retry.AFTER_FIX)


def _line(desk: Tray, row: OutboxRow, partly: bool) -> OutboxLine:
    given_up = [deed.given_up for deed in desk.store.acts.of_case(row.case_id) if deed.aside] if partly else []
    return OutboxLine(
        case_id=row.case_id,
        number=row.number,
        matter=_matter(desk, row.matter, row.matter_version),
        applicant=row.applicant,
        what=row.what,
        pages=row.pages,
        since=row.since,
        standing=row.standing,
        problem=row.problem,
        bytes_left=row.bytes_left,
        given_up=given_up[-1] if given_up else None,
    )


def _set_aside(desk: Tray, case_id: str) -> OutboxLine:
    found = versions(desk.store, case_id)
    case, first = found.ours or found.theirs, found.deeds[0]
    return OutboxLine(
        case_id=case_id,
        number=case.number if case else "",
        matter=_matter(desk, case.matter, case.matter_version) if case else "",
        applicant=case.parties.applicant.shown_name if case else "",
        what=tuple(deed.action.kind for deed in found.deeds),
        pages=0,
        since=first.action.made_at,
        standing=Standing.HELD,
        problem=found.problem,
        bytes_left=0,
        given_up=first.given_up,
        waits=False,
    )


def _matter(desk: Tray, code: str, version: int) -> str:
    matter = desk.store.shelf.find_matter(code, version)
    return matter.name if matter else code


def resend(desk: Tray, case_id: str) -> None:
    """What held the case was mended elsewhere: let the same acts, with their ids, and its pages be sent again.

    Raises:
        Problem: ``held.gone`` where nothing of it waits: it was set aside, or both ends agree.
    """
    if not desk.store.outbox.release(case_id) and case_id not in {row.case_id for row in desk.store.outbox.by_case()}:
        raise Problem("held.gone", Retry.NEVER)
    desk.courier.retry_now()


def retry_now(desk: Tray) -> None:
    """Try the server now."""
    desk.courier.retry_now()


@dataclass(frozen=True)
class Retention:
    """What is settled and still here: pages, their bytes, for how long such are kept, when the oldest goes."""

    pages: int
    bytes: int
    kept_for: timedelta
    next_goes: datetime | None


def retention(desk: Tray) -> Retention:
    """What this station will remove by itself because the server has proved to hold it, and when (rule 18)."""
    settled = desk.store.pages.settled()
    goes = settled.since + KEEP_PAGES if settled.since else None
    return Retention(settled.count, settled.bytes, KEEP_PAGES, goes)
