"""Papers of a case, drawn and printed. Printing comes after the commit and can fail without losing anything (F16)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.cases.view import case_view, view_of
from app.desk import Desk, author_of, server_now
from app.flow.draft import Draft, form_is_stale, form_says, matter_of
from app.flow.steps import keep, reserve_number
from app.papers.paper import PaperInput, PaperKind, number_of, paper_number
from app.store.rows import Paper
from contract.case import CHINA, Action, Case, Kind, Opened, PersonConfirmed, State, apply
from contract.clock import deemed_accepted_on
from contract.exchange import CaseView
from contract.form import kept
from contract.material import CaseMaterial, Trust
from contract.person import Clerk, Role
from contract.problem import Problem, Retry
from contract.wire import sha256
from devices.printer import BITMAP, Outcome

__all__ = [
    "Printed",
    "application_form_pdf",
    "clear_printers",
    "form_is_stale",
    "paper_pdf",
    "paper_png",
    "papers_after",
    "print_application_form",
    "print_papers",
    "print_separators",
    "separators_pdf",
]


@dataclass(frozen=True)
class Printed:
    """What became of one paper. `unconfirmed`: handed over, nothing heard; a reprint is marked 副本 (F17)."""

    kind: PaperKind
    outcome: str  # done, unconfirmed, failed
    paper_number: str
    problem: Problem | None = None


def papers_after(case: Case) -> tuple[PaperKind, ...]:
    """What the applicant is given after something was done to a case here, in the order of printing."""
    if case.state is State.TO_SUPPLEMENT:
        return (PaperKind.SUPPLEMENT,)
    if case.state is State.DECLINED:
        return (PaperKind.REFUSAL,)
    if case.state is State.ACCEPTED and case.accepted_by and case.accepted_by.role in (Role.CLERK, Role.SUPERVISOR):
        return (PaperKind.RECEIPT, PaperKind.ACCEPTANCE)
    return (PaperKind.RECEIPT,) if case.state in (State.RECEIVED, State.ACCEPTED) else ()


def print_papers(
    desk: Desk, case_id: str, kinds: tuple[PaperKind, ...], clerk: Clerk, copy: bool = False
) -> tuple[Printed, ...]:
    """Draw and print papers of a case, each to the printer that its kind goes to. Never raises for a printer.

    A paper that was handed to a printer before is marked 副本, asked for or not; one that only ever failed is not.
    """
    view = case_view(desk, case_id)
    return tuple(_print(desk, view, kind, clerk, copy) for kind in kinds)


def paper_pdf(desk: Desk, case_id: str, kind: PaperKind, clerk: Clerk, copy: bool = False) -> bytes:
    """The paper as it is, or would be, printed."""
    return desk.drawer.draw(kind, _input(desk, case_view(desk, case_id), clerk, copy))


def paper_png(desk: Desk, case_id: str, kind: PaperKind, clerk: Clerk, dpi: int = 110) -> bytes:
    """A paper as a picture for the screen: as it is printed here."""
    return desk.drawer.png(paper_pdf(desk, case_id, _here(desk, kind), clerk), dpi)


def application_form_pdf(desk: Desk, draft: Draft, clerk: Clerk) -> tuple[Draft, bytes]:
    """The filled application form (申请表) with the QR of its slot; gives the draft its number.

    Pages of a form that was signed before with other words are hidden: they are kept, but they count no longer.

    Raises:
        Problem: ``identity.missing``, ``matter.missing``, ``numbers.none_left``.
    """
    draft, _, pdf = form_drawn(desk, draft, clerk)
    return draft, pdf


def form_drawn(desk: Desk, draft: Draft, clerk: Clerk, signed_on: date | None = None) -> tuple[Draft, Case, bytes]:
    """The form as `application_form_pdf` makes it, with the case that it speaks of; for the pad with its day on it."""
    draft = reserve_number(desk, draft)
    case = as_case(desk, draft, clerk)
    made = _input(desk, view_of(desk, case), clerk, copy=False).model_copy(update={"signed_on": signed_on})
    pdf = desk.drawer.draw(PaperKind.APPLICATION, made)
    changes: dict[str, Any] = {"form_digest": form_says(draft)}
    if form_is_stale(draft):
        changes |= {"signed_digest": "", "materials": _without_signed(desk, draft)}
    return keep(desk, draft, **changes), case, pdf


def separators_pdf(desk: Desk, draft: Draft, clerk: Clerk) -> tuple[Draft, bytes]:
    """A sheet for each material (分隔页): a whole stack is scanned at once and each part files itself.

    Raises:
        Problem: as `application_form_pdf`.
    """
    draft = reserve_number(desk, draft)
    made = _input(desk, view_of(desk, as_case(desk, draft, clerk)), clerk, copy=False)
    return draft, desk.drawer.draw(PaperKind.SEPARATOR, made)


def print_separators(desk: Desk, draft: Draft, clerk: Clerk) -> tuple[Draft, Printed]:
    """Print the separator sheets."""
    draft, pdf = separators_pdf(desk, draft, clerk)
    return draft, _send(desk, PaperKind.SEPARATOR, paper_number(PaperKind.SEPARATOR, draft.number), pdf, draft.id)


def _without_signed(desk: Desk, draft: Draft) -> tuple[CaseMaterial, ...]:
    matter = matter_of(draft, desk.catalogue())
    forms = (
        {rule.code for rule in matter.materials if rule.is_application_form} if matter and draft.signed_digest else ()
    )
    return tuple(
        slot.model_copy(
            update={
                "pages": tuple(page.model_copy(update={"hidden": True}) for page in slot.pages),
                "verified": None,
                "trust": Trust.C,
                "signed": None,
            }
        )
        if slot.code in forms
        else slot
        for slot in draft.materials
    )


def print_application_form(desk: Desk, draft: Draft, clerk: Clerk) -> tuple[Draft, Printed]:
    """Print the filled application form, to be signed and scanned back: it files itself by its QR (U04)."""
    draft, pdf = application_form_pdf(desk, draft, clerk)
    return draft, _send(desk, PaperKind.APPLICATION, paper_number(PaperKind.APPLICATION, draft.number), pdf, draft.id)


def clear_printers(desk: Desk) -> None:
    """A person leaves: what did not certainly come out of a printer is taken back, and does not come out later (F14).

    Never raises for a printer: one that cannot be told now is told before the next person's paper.
    """
    for role in ("receipt", "a4"):
        if desk.devices.has(role):
            with suppress(Problem):
                desk.devices.printer(role).clear()


def _here(desk: Desk, kind: PaperKind) -> PaperKind:
    """As a kind is printed at this desk: without a receipt printer a receipt is half an A4 page."""
    half = desk.config.receipt_style == "half_a4" or not desk.devices.has("receipt")
    return PaperKind.RECEIPT_A4 if kind is PaperKind.RECEIPT and half else kind


def _print(desk: Desk, view: CaseView, kind: PaperKind, clerk: Clerk, copy: bool) -> Printed:
    kind = _here(desk, kind)
    made = _input(desk, view, clerk, copy)
    number = number_of(kind, made)
    known = [paper.outcome for paper in desk.store.papers.of_case(view.case.id) if paper.number == number]
    if known:  # it may be out already (F17), or it never came out
        copy = any(outcome != "failed" for outcome in known)
        made = made.model_copy(update={"copy_mark": copy})
    try:
        pdf = desk.drawer.draw(kind, made)
    except Problem as problem:
        return Printed(kind, "failed", number, problem)
    printed = _send(desk, kind, number, pdf, view.case.id)
    desk.store.papers.keep(Paper(view.case.id, kind, number, sha256(pdf), printed.outcome, copy, desk.clock()))
    return printed


def _send(desk: Desk, kind: PaperKind, number: str, pdf: bytes, owner: str) -> Printed:
    """Hand a paper to its printer. The job is called by the paper's number, nothing personal.

    Args:
        owner: The case's or draft's id.
    """
    try:
        if kind is PaperKind.RECEIPT:
            printer = desk.devices.printer("receipt")
            report = (
                printer.print_raster(desk.drawer.bitmap(pdf), number, owner)
                if BITMAP in printer.accepts()
                else printer.print_pdf(pdf, number, owner)
            )
        else:
            report = desk.devices.printer("a4").print_pdf(pdf, number, owner)
    except Problem as problem:
        return Printed(kind, "failed", number, problem)
    return Printed(kind, "done" if report.outcome is Outcome.DONE else "unconfirmed", number)


def _input(desk: Desk, view: CaseView, clerk: Clerk, copy: bool) -> PaperInput:
    calendar, tree = desk.catalogue().pack.calendar, desk.catalogue().tree
    received = view.case.received_at
    waits = view.case.state is State.RECEIVED and received is not None
    return PaperInput(
        view=view,
        clerk=clerk.name,
        at=desk.clock().astimezone(CHINA),
        server_at=server_now(desk).astimezone(CHINA) if desk.store.offset.ms() is not None else None,
        number=view.case.number,
        answer_by=deemed_accepted_on(received.astimezone(CHINA).date(), calendar) if waits and received else None,
        areas={code: tree.path_name(code) for code in map(str, view.case.answers.values()) if code in tree.by_code},
        copy_mark=copy,
        training=desk.config.training,
    )


def as_case(desk: Desk, draft: Draft, clerk: Clerk) -> Case:
    """The draft as the case that it would be, for the form's paper. Nothing of it is kept.

    Raises:
        Problem: ``identity.missing``, ``matter.missing``.
    """
    matter, parties = matter_of(draft, desk.catalogue()), draft.parties
    if parties is None or draft.identity is None:
        raise Problem("identity.missing", Retry.AFTER_FIX)
    if matter is None:
        raise Problem("matter.missing", Retry.AFTER_FIX)
    opened = Opened(
        channel=draft.channel, node=desk.node, matter=matter.code, matter_version=matter.version, parties=parties,
        answers=kept(matter.form, draft.answers), phone=draft.phone, delivery=draft.delivery,
    )  # fmt: skip
    author = author_of(desk, clerk)
    first = Action(
        id="form", case_id=draft.id, kind=Kind.OPEN, body=opened.model_dump(mode="json"), author=author,
        made_at=desk.clock(), server_offset_ms=desk.store.offset.ms(),
    )  # fmt: skip
    confirmed = PersonConfirmed(identity=draft.identity)
    second = first.model_copy(
        update={"id": "form2", "kind": Kind.CONFIRM_PERSON, "body": confirmed.model_dump(mode="json"), "after": "form"}
    )
    case = apply(apply(None, first), second)
    return case.model_copy(update={"number": draft.number, "materials": draft.materials, "route": draft.route})
