"""The outbox as people see it: per case what waits, why, since when, and how much is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.store import Standing, Store
from app.sync.courier import Courier
from contract.case import Kind
from contract.problem import Problem


class Tray(Protocol):
    """What of the desk is needed here."""

    @property
    def store(self) -> Store: ...

    @property
    def courier(self) -> Courier: ...


@dataclass(frozen=True)
class OutboxLine:
    """What of one case the server does not have for certain yet. `matter` is its name, `bytes_left` are pages'."""

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

    def __repr__(self) -> str:
        return f"OutboxLine({self.case_id}, {self.standing})"


def outbox(desk: Tray) -> tuple[OutboxLine, ...]:
    """Everything that is not matched, oldest first. Empty means that both ends agree about all that was done here."""
    lines = []
    for row in desk.store.outbox():
        matter = desk.store.find_matter(row.matter, row.matter_version)
        lines.append(
            OutboxLine(
                case_id=row.case_id,
                number=row.number,
                matter=matter.name if matter else row.matter,
                applicant=row.applicant,
                what=row.what,
                pages=row.pages,
                since=row.since,
                standing=row.standing,
                problem=row.problem,
                bytes_left=row.bytes_left,
            )
        )
    return tuple(lines)


def resend(desk: Tray, case_id: str) -> None:
    """What held the case was mended: let it be sent again."""
    desk.store.release(case_id)
    desk.courier.retry_now()


def set_aside(desk: Tray, case_id: str) -> None:
    """Give up what is held of the case. It stays readable for ever beside the version that won."""
    desk.store.set_aside(case_id)


def retry_now(desk: Tray) -> None:
    """Try the server now."""
    desk.courier.retry_now()
