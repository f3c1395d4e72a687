"""What goes on a paper: a case with its surroundings, and how this very sheet is to be marked.

Nothing here draws; importing it loads no font and no PDF library.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from contract.case import Action, Flag, Kind
from contract.exchange import CaseView
from contract.problem import Problem, Retry
from contract.wire import Wire


class PaperKind(StrEnum):
    """The papers (文书) that Tongban draws."""

    RECEIPT = "receipt"  # 收件凭证, 80 mm roll
    RECEIPT_A4 = "receipt_a4"  # the same on the upper half of an A4 sheet
    APPLICATION = "application"  # 申请表, to be signed and scanned back
    ACCEPTANCE = "acceptance"  # 受理通知书
    SUPPLEMENT = "supplement"  # 补正告知书
    REFUSAL = "refusal"  # 不予受理通知书
    SEPARATOR = "separator"  # 分隔页, laid between the materials of a batch


TITLES = {
    PaperKind.RECEIPT: "收件凭证",
    PaperKind.RECEIPT_A4: "收件凭证",
    PaperKind.APPLICATION: "申请表",
    PaperKind.ACCEPTANCE: "受理通知书",
    PaperKind.SUPPLEMENT: "补正告知书",
    PaperKind.REFUSAL: "不予受理通知书",
    PaperKind.SEPARATOR: "材料分隔页",
}
_MARKS = {
    PaperKind.RECEIPT: "SJ",
    PaperKind.RECEIPT_A4: "SJ",
    PaperKind.APPLICATION: "SQ",
    PaperKind.ACCEPTANCE: "SL",
    PaperKind.SUPPLEMENT: "BZ",
    PaperKind.REFUSAL: "BY",
    PaperKind.SEPARATOR: "FG",
}
_GIVEN_BY = {
    PaperKind.RECEIPT: frozenset({Kind.RECEIVE, Kind.ASK_SUPPLEMENT, Kind.DECLINE}),
    PaperKind.RECEIPT_A4: frozenset({Kind.RECEIVE, Kind.ASK_SUPPLEMENT, Kind.DECLINE}),
    PaperKind.APPLICATION: frozenset({Kind.OPEN}),
    PaperKind.ACCEPTANCE: frozenset({Kind.ACCEPT}),
    PaperKind.SUPPLEMENT: frozenset({Kind.ASK_SUPPLEMENT}),
    PaperKind.REFUSAL: frozenset({Kind.DECLINE}),
}


class PaperInput(Wire):
    """All that a paper says.

    Who did it and when come from the case's actions where they are there (the author was fixed then); `clerk`
    and `at` stand in for them, and say who prints a copy and when.

    Attributes:
        at: The station's clock now.
        server_at: The same moment by the server's clock, None where the station never heard it.
        number: A number already drawn for a case that is still a draft (application form, separators).
        answer_by: The last day for the department to say whether it accepts; None where no calendar is at hand,
            then the paper names the five working days only.
        replaces: Numbers of earlier papers that this one stands for; taken from the last correction if empty.
        areas: Names of the places that answers name by code (contract.node.Tree.path_name); a code that is not here
            stands as it is.
        copy_mark: A reprint, marked 副本 (F17).
        training: Marked 训练, not valid.
        signed_on: The day of the signature, on a form that is signed on the pad (no pen writes a date there).
    """

    view: CaseView
    clerk: str = ""
    at: datetime
    server_at: datetime | None = None
    number: str = ""
    answer_by: date | None = None
    replaces: tuple[str, ...] = ()
    areas: dict[str, str] = {}
    copy_mark: bool = False
    training: bool = False
    signed_on: date | None = None  # the day of the signature, on a form that is signed on the pad

    def __repr__(self) -> str:
        return f"PaperInput({self.view.case.id})"

    __str__ = __repr__

    @property
    def case_number(self) -> str:
        """The case's number. Raises Problem papers.no_number."""
        number = self.view.case.number or self.number
        if not number:
            raise Problem("papers.no_number", Retry.AFTER_FIX)
        return number

    @property
    def seal_pending(self) -> bool:
        """Whether an acceptance notice is not yet in force, for want of the seal."""
        return Flag.SEAL_PENDING in self.view.case.flags


class Moment(Wire):
    """By whom and when something was done: the station's clock, and the server's where it was known."""

    by: str
    officer: bool = False  # of a department, not of the window
    at: datetime
    server_at: datetime | None


def paper_number(kind: PaperKind, number: str, earlier: int = 0) -> str:
    """The number of a paper: the case's number, two letters for the kind, and which edition it is.

    ``330281-00004317-K-SL1``. Each correction of the case makes the next edition of what came out before it, so that a
    replaced paper can be named; a reprint keeps its number and is marked 副本. No date in it, as in case numbers. The
    letters are the initials of 收件 SJ, 申请 SQ, 受理 SL, 补正 BZ, 不予受理 BY, 分隔 FG.
    """
    return f"{number}-{_MARKS[kind]}{earlier + 1}"


def number_of(kind: PaperKind, given: PaperInput) -> str:
    """The number of the paper that `given` makes."""
    return paper_number(kind, given.case_number, len(_editions(kind, given)))


def replaced_by(kind: PaperKind, given: PaperInput) -> tuple[str, ...]:
    """The numbers of the earlier papers of this kind that this one stands for (更正: the old one is named)."""
    editions, corrections = _editions(kind, given), given.view.case.corrections
    if given.replaces or not editions or editions[-1].kind is not Kind.CORRECT:
        return tuple(number for number in given.replaces if f"-{_MARKS[kind]}" in number)
    same = tuple(number for number in corrections[-1].replaces if f"-{_MARKS[kind]}" in number)
    return same or (paper_number(kind, given.case_number, len(editions) - 1),)


def _editions(kind: PaperKind, given: PaperInput) -> tuple[Action, ...]:
    """The acts that made a new edition of this paper necessary, once it had been given: corrections; and for a receipt
    what was handed in later, whose receipt stands beside the first one."""
    acts, makes = given.view.actions, {Kind.CORRECT}
    if kind in (PaperKind.RECEIPT, PaperKind.RECEIPT_A4):
        makes.add(Kind.SUPPLEMENT)
    first = next((at for at, act in enumerate(acts) if act.kind in _GIVEN_BY.get(kind, ())), len(acts))
    return tuple(act for act in acts[first:] if act.kind in makes)


def moment_of(kind: PaperKind, given: PaperInput) -> Moment:
    """When what the paper says was done, and by whom: the first such act, because a receipt is about the receiving;
    of what was handed in later, the last."""
    acts = [action for action in given.view.actions if action.kind in _GIVEN_BY.get(kind, ())][:1]
    acts += [act for act in _editions(kind, given) if act.kind is Kind.SUPPLEMENT]
    if not acts:
        return Moment(by=given.clerk, at=given.at, server_at=given.server_at)
    act = acts[-1]
    known = act.server_offset_ms is not None or not act.station  # without a station it was done on the server
    return Moment(
        by=act.author.name, officer=bool(act.author.department), at=act.made_at, server_at=act.at if known else None
    )


def from_server_json(data: Mapping[str, Any]) -> PaperInput:
    """A paper's input from a case as the server's API answers it (contract.exchange.CaseView).

    Raises:
        Problem: papers.unreadable, naming the field and never its value.
    """
    try:
        view = CaseView.model_validate(data)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise Problem("papers.unreadable", Retry.NEVER, field=where) from None
    at = view.server_time or view.case.received_at or view.case.opened_at
    return PaperInput(view=view, at=at if at.tzinfo else at.replace(tzinfo=UTC), server_at=view.server_time)
