"""Two open cases of one applicant where the matter says that two are to be looked at (rule 9).

Two stations that knew nothing of each other may both be right: neither case is refused, both carry a warning until a
person has said what is to become of them. Whoever may not see the other learns that there is one, and where to ask.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from contract.case import CHINA, CLOSED, Case, Kind, State, allowed
from contract.exchange import Clash, Settlement
from contract.person import Role
from contract.problem import Problem, Retry
from contract.wire import canonical, sha256
from server.cases.history import add_event
from server.cases.models import CaseRecord, ClashRecord, Viewer
from server.catalogue.matters import get_matter
from server.exchange.relay import relay
from server.org.models import Department, User
from server.org.tree import get_tree

CAME_TO_NOTHING = (State.VOIDED, State.WITHDRAWN, State.DECLINED)
SETTLED = (Settlement.KEEP_BOTH, Settlement.GONE)


def look(row: CaseRecord, before: Case | None, after: Case) -> None:
    """Find what a case clashes with when it is taken in, and let it go when it comes to nothing.

    Part of the transaction in which that happens.
    """
    if after.is_open and (before is None or not before.is_open):
        _find(row)
    elif after.state in CAME_TO_NOTHING:
        for clash in _unsettled().filter(_of(row.id)):
            clash.settlement = Settlement.GONE
            _keep(clash)


def _find(row: CaseRecord) -> None:
    if not get_matter(row.matter, row.matter_version).clashes:
        return
    _one_at_a_time(row)
    same = CaseRecord.objects.filter(applicant_print=row.applicant_print, matter=row.matter).exclude(number=None)
    others = list(same.exclude(state__in=[*CLOSED, State.DRAFT]).exclude(id=row.id).order_by("opened_at"))
    for other in others:
        _keep(ClashRecord(first=other, second=row))


def _one_at_a_time(row: CaseRecord) -> None:
    """Two that are taken in at the same moment must not overlook each other; SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        number = int(sha256(f"clash {row.applicant_print} {row.matter}")[:15], 16)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def settle(case_id: str, clash_id: int, officer: User, settlement: Settlement, reason: str) -> None:
    """An officer of the department that decides this case says what is to become of the two: both go on, or this one is
    the duplicate, which the window that took it in then withdraws or voids.

    Raises:
        Problem: ``role.not_allowed``, ``case.not_found``, ``clash.unknown``, ``clash.settled``,
            ``clash.reason_missing``, ``clash.too_late`` where this case can be withdrawn or voided no more.
    """
    if Role.OFFICER not in officer.working_as or not officer.is_active:
        raise Problem("role.not_allowed", Retry.NEVER, kind="clash")
    with transaction.atomic():
        row = CaseRecord.objects.visible_to(officer).filter(id=case_id, department=officer.department).first()
        if row is None:
            raise Problem("case.not_found", Retry.NEVER)
        clash = ClashRecord.objects.select_for_update().filter(_of(case_id), id=clash_id).first()
        if clash is None:
            raise Problem("clash.unknown", Retry.NEVER)
        if clash.settlement in SETTLED:
            raise Problem("clash.settled", Retry.NEVER)
        if not reason.strip():
            raise Problem("clash.reason_missing", Retry.AFTER_FIX)
        is_duplicate = settlement is Settlement.DUPLICATE
        if is_duplicate and not {Kind.VOID, Kind.WITHDRAW} & allowed(State(row.state)):
            raise Problem("clash.too_late", Retry.NEVER)
        clash.settlement, clash.reason = settlement, reason.strip()
        clash.duplicate = row if is_duplicate else None
        clash.settled_by, clash.settled_name, clash.settled_at = officer.id, officer.name, timezone.now()
        _keep(clash)
    relay()


def told(row: CaseRecord, viewer: Viewer) -> tuple[Clash, ...]:
    """What is said of a case's clashes to somebody who may see the case."""
    found = list(ClashRecord.objects.filter(_of(row.id)).select_related("first", "second").order_by("id"))
    others = [clash.other(row.id) for clash in found]
    seen = set(CaseRecord.objects.visible_to(viewer).filter(id__in=[o.id for o in others]).values_list("id", flat=True))
    departments = {one.code: one for one in Department.objects.filter(code__in=[other.department for other in others])}
    return tuple(
        _told(clash, row, other, departments.get(other.department), may_see=other.id in seen)
        for clash, other in zip(found, others, strict=True)
    )


def _told(
    clash: ClashRecord, row: CaseRecord, other: CaseRecord, department: Department | None, *, may_see: bool
) -> Clash:
    ask = " ".join(part for part in (department.name, department.phone) if part) if department else ""
    openly = {
        "case_id": other.id,
        "number": other.number or "",
        "state": State(other.state),
        "where": get_tree().path_name(other.node),
    }
    return Clash(
        id=str(clash.pk),
        found_at=clash.found_at.astimezone(CHINA),
        ask=ask,
        settlement=Settlement(clash.settlement),
        is_this=clash.duplicate_id == row.id,
        reason=clash.reason,
        by=clash.settled_name,
        at=clash.settled_at.astimezone(CHINA) if clash.settled_at else None,
        **(openly if may_see else {}),
    )


def to_look_at(case_ids: list[str]) -> set[str]:
    """Which of these cases have a clash that nobody has settled."""
    pairs = _unsettled().filter(Q(first__in=case_ids) | Q(second__in=case_ids)).values_list("first_id", "second_id")
    return {case_id for pair in pairs for case_id in pair}


def _unsettled() -> QuerySet[ClashRecord]:
    return ClashRecord.objects.exclude(settlement__in=SETTLED)


def _of(case_id: str) -> Q:
    return Q(first=case_id) | Q(second=case_id)


def _keep(clash: ClashRecord) -> None:
    """Keep it, and tell of it in both cases' histories: to whom it is told decides what of it."""
    clash.save()
    text = canonical(
        {"clash": clash.pk, "settlement": clash.settlement, "by": clash.settled_by, "reason": clash.reason}
    )
    for row in CaseRecord.objects.select_for_update().filter(id__in=[clash.first_id, clash.second_id]).order_by("id"):
        add_event(row, "clash", text=text)
