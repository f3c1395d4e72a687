"""What may be done to a case: one function per verb, one short transaction each, state and event and outbox together.

The exchange, the API, the pages and the sweeps call only these.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

import contract.case
from contract.case import (
    CHINA,
    Accepted,
    Action,
    Archived,
    Author,
    Case,
    Decided,
    Declined,
    Extended,
    Kind,
    Resumed,
    Reviewed,
    Sealed,
    SupplementAsked,
    Suspended,
    Withdrawn,
    case_digest,
    pages_of,
)
from contract.clock import Clockface, read_clock
from contract.ids import uuid7
from contract.material import Source, page_digests
from contract.matter import Matter
from contract.person import Role
from contract.problem import Problem, Retry
from contract.wire import Wire, canonical
from server.cases import clashes
from server.cases.history import add_event
from server.cases.models import CaseRecord, EventRecord, Viewer, actions_of
from server.catalogue.calendar import get_calendar
from server.catalogue.matters import get_matter
from server.exchange.relay import relay
from server.keys import get_keys
from server.materials.pages import drop_copies, held_pages, lend_pages
from server.org.models import User
from server.org.tree import codes_under

Check = Callable[[Case | None, Case], None]
SYSTEM = Author(id="system", name="系统", role=Role.SYSTEM)


# --- the one way in ---------------------------------------------------------------------------------------------------


def record(
    action: Action,
    text: str,
    *,
    signature: str = "",
    check: Check | None = None,
    expected: int | None = None,
    tell: bool = True,
) -> CaseRecord:
    """Apply an action and keep it. `check` sees the case before and after and may refuse, inside the transaction.
    Without `tell` the caller runs the relay itself, after the last of many.

    Raises:
        Problem: what `contract.case.apply` or `check` refuses; ``case.changed`` where `expected` is not the version;
            ``number.used``; ``action.conflict`` where the id stands for something else already.
    """
    try:
        with transaction.atomic():
            row = CaseRecord.objects.select_for_update().filter(id=action.case_id).first()
            before = row.to_wire() if row else None
            if expected is not None and (before is None or before.version != expected):
                raise Problem("case.changed", Retry.AFTER_FIX)
            after = contract.case.apply(before, action)
            if check is not None:
                check(before, after)
            if after.number and CaseRecord.objects.filter(number=after.number).exclude(id=action.case_id).exists():
                raise Problem("number.used", Retry.NEVER)
            row = _keep(row, after, action, text, signature)
            clashes.look(row, before, after)
    except IntegrityError:
        # a race on a unique column: the id of the action, of the case, or the number
        if EventRecord.objects.filter(action_id=action.id).exists():
            raise Problem("action.conflict", Retry.NEVER) from None
        if CaseRecord.objects.filter(id=action.case_id).exists():
            raise Problem("number.used", Retry.NEVER) from None
        raise
    if tell:
        relay()
    return row


def _keep(row: CaseRecord | None, case: Case, action: Action, text: str, signature: str) -> CaseRecord:
    events = list(row.events.order_by("seq")) if row else []
    actions = (*actions_of(events), action)
    is_new = row is None
    row = row or CaseRecord(id=case.id)
    _fill(row, case, actions)
    row.save(force_insert=is_new)
    add_event(
        row,
        "action",
        history=events,
        action_id=action.id,
        verb=action.kind.value,
        body_digest=action.body_digest,
        text=text,
        station=action.station,
        signature=signature,
    )
    return row


def _fill(row: CaseRecord, case: Case, actions: tuple[Action, ...]) -> None:
    """The columns, from the case and from which of its pages are here."""
    named = pages_of(actions)
    _take_from_library(case)
    held = held_pages(case.id) & named if named else named
    wanted = sorted(named - held)
    case = case.model_copy(update={"materials_pending": bool(wanted)})
    applicant = case.parties.applicant
    row.number = case.number or None
    row.state = case.state
    row.node = case.node
    row.department = case.route.department if case.route else ""
    row.area = case.route.area if case.route else ""
    row.matter, row.matter_version = case.matter, case.matter_version
    row.applicant_name = applicant.shown_name
    row.applicant_print = applicant_print(applicant.number)
    row.received_at, row.opened_at = case.received_at, case.opened_at
    row.due_on = clockface(case, get_matter(case.matter, case.matter_version)).promised_due
    row.materials_pending, row.wanted = case.materials_pending, wanted
    row.digest = case_digest(actions, held)
    row.version = case.version
    row.body = case.model_dump(mode="json")


def _take_from_library(case: Case) -> None:
    """What the same applicant gave for an earlier case is not sent again (S12).

    A reference (``number/code``) opens only pages that the earlier case names in that material, of the same applicant,
    taken in at this case's node or below: it never shows more than the node may see anyway.
    """
    for material in case.materials:
        if material.source is not Source.LIBRARY:
            continue
        number, _, code = material.library.partition("/")
        earlier = CaseRecord.objects.filter(
            number=number,
            node__in=codes_under(case.node),
            applicant_print=applicant_print(case.parties.applicant.number),
        ).first()
        if earlier is None or earlier.id == case.id:
            continue
        given = frozenset(page_digests(tuple(each for each in earlier.to_wire().materials if each.code == code)))
        lend_pages(earlier.id, given & frozenset(page_digests((material,))), case.id)


def pages_arrived(case_id: str) -> None:
    """Pages of a case were stored: what is still wanted is worked out anew, and the last one is news. The caller runs
    the relay after its transaction."""
    with transaction.atomic():
        row = CaseRecord.objects.select_for_update().filter(id=case_id).first()
        if row is None:
            return
        was_pending = row.materials_pending
        events = list(row.events.order_by("seq"))
        _fill(row, row.to_wire(), actions_of(events))
        row.save()
        drop_copies(case_id)
        if was_pending and not row.materials_pending:
            add_event(row, "pages", history=events)


# --- what officers do -------------------------------------------------------------------------------------------------


def accept(case_id: str, officer: User, body: Accepted, expected: int | None = None) -> CaseRecord:
    """受理: the clock starts today; only silence accepts from another day."""
    if body.deemed or body.on is not None:
        raise Problem("case.body_malformed", Retry.NEVER, kind=Kind.ACCEPT, field="on")
    return _done(case_id, officer, Kind.ACCEPT, body, expected)


def ask_supplement(case_id: str, officer: User, body: SupplementAsked, expected: int | None = None) -> CaseRecord:
    """一次性告知补正."""
    return _done(case_id, officer, Kind.ASK_SUPPLEMENT, body, expected)


def decline(case_id: str, officer: User, body: Declined, expected: int | None = None) -> CaseRecord:
    """不予受理."""
    return _done(case_id, officer, Kind.DECLINE, body, expected)


def review(case_id: str, officer: User, body: Reviewed, expected: int | None = None) -> CaseRecord:
    """开始办理."""
    return _done(case_id, officer, Kind.REVIEW, body, expected)


def suspend(case_id: str, officer: User, body: Suspended, expected: int | None = None) -> CaseRecord:
    """特别程序: only one that the matter names stops the clock."""
    return _done(case_id, officer, Kind.SUSPEND, body, expected)


def resume(case_id: str, officer: User, body: Resumed, expected: int | None = None) -> CaseRecord:
    """特别程序结束."""
    return _done(case_id, officer, Kind.RESUME, body, expected)


def extend(case_id: str, officer: User, body: Extended, expected: int | None = None) -> CaseRecord:
    """延期."""
    return _done(case_id, officer, Kind.EXTEND, body, expected)


def approve(case_id: str, officer: User, body: Decided, expected: int | None = None) -> CaseRecord:
    """准予. Refused while a page is missing."""
    return _done(case_id, officer, Kind.APPROVE, body, expected)


def refuse(case_id: str, officer: User, body: Decided, expected: int | None = None) -> CaseRecord:
    """不予批准. Refused while a page is missing."""
    return _done(case_id, officer, Kind.REFUSE, body, expected)


def withdraw(case_id: str, officer: User, body: Withdrawn, expected: int | None = None) -> CaseRecord:
    """撤回 at the applicant's request."""
    return _done(case_id, officer, Kind.WITHDRAW, body, expected)


def seal(case_id: str, officer: User, body: Sealed, expected: int | None = None) -> CaseRecord:
    """盖章: the sealed twin of a paper is there."""
    return _done(case_id, officer, Kind.SEAL, body, expected)


def archive(case_id: str, officer: User, body: Archived, expected: int | None = None) -> CaseRecord:
    """归档."""
    return _done(case_id, officer, Kind.ARCHIVE, body, expected)


Verb = Callable[[str, User, "Wire", "int | None"], CaseRecord]
OFFICERS_VERBS: dict[Kind, Callable[..., CaseRecord]] = {
    Kind.ACCEPT: accept,
    Kind.ASK_SUPPLEMENT: ask_supplement,
    Kind.DECLINE: decline,
    Kind.REVIEW: review,
    Kind.SUSPEND: suspend,
    Kind.RESUME: resume,
    Kind.EXTEND: extend,
    Kind.APPROVE: approve,
    Kind.REFUSE: refuse,
    Kind.WITHDRAW: withdraw,
    Kind.SEAL: seal,
    Kind.ARCHIVE: archive,
}


def _done(case_id: str, officer: User, kind: Kind, body: Wire, expected: int | None) -> CaseRecord:
    """An officer's action: by the department that the case was routed to and nobody else (S04, S08)."""
    if Role.OFFICER not in officer.working_as or not officer.is_active:
        raise Problem("role.not_allowed", Retry.NEVER, kind=kind)
    row = get_case(case_id, officer)
    if row.department != officer.department:
        raise Problem("case.not_found", Retry.NEVER)
    author = Author(id=officer.id, name=officer.name, role=Role.OFFICER, department=officer.department)
    return _by(author, row, kind, body, expected)


def _by(author: Author, row: CaseRecord, kind: Kind, body: Wire, expected: int | None) -> CaseRecord:
    case = row.to_wire()
    action = made_here(case, kind, body, author, timezone.now())

    def check(before: Case | None, after: Case) -> None:
        if isinstance(body, Suspended):
            excluded = get_matter(after.matter, after.matter_version).excluded
            if excluded and body.procedure not in excluded:
                raise Problem("case.procedure_unknown", Retry.AFTER_FIX)

    return record(action, canonical(action), check=check, expected=expected)


def made_here(case: Case, kind: Kind, body: Wire, author: Author, now: datetime) -> Action:
    """An action made on the server itself."""
    return Action(
        id=uuid7(int(now.timestamp() * 1000), secrets.token_bytes(10)),
        case_id=case.id,
        kind=kind,
        body=body.model_dump(mode="json"),
        author=author,
        made_at=now.astimezone(CHINA),
        server_offset_ms=0,
        after=case.last_action,
    )


def accept_in_silence(case_id: str) -> CaseRecord:
    """视为受理: nobody answered within five working days (行政许可法 art. 32); it counts from the day of receipt."""
    row = CaseRecord.objects.get(id=case_id)
    case = row.to_wire()
    if case.received_at is None:
        raise Problem("case.not_allowed", Retry.NEVER, kind=Kind.ACCEPT, state=case.state)
    body = Accepted(deemed=True, on=case.received_at.astimezone(CHINA).date())
    return _by(SYSTEM, row, Kind.ACCEPT, body, case.version)


# --- looking ----------------------------------------------------------------------------------------------------------


def get_case(case_id: str, viewer: Viewer) -> CaseRecord:
    """A case that the viewer may see, or Problem ``case.not_found``, which also stands for what they may not."""
    row = CaseRecord.objects.visible_to(viewer).filter(id=case_id).first()
    if row is None:
        raise Problem("case.not_found", Retry.NEVER)
    return row


def applicant_print(number: str) -> str:
    """What an applicant's cases are found by without the number being a column."""
    return get_keys().fingerprint("applicant", number.strip().upper())


def clockface(case: Case, matter: Matter) -> Clockface:
    """The clock of a case as it stands today."""
    return read_clock(case.clock, matter.limits, get_calendar(), timezone.localdate())
