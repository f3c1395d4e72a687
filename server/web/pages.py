"""Pages for officers (to-do, case, decisions), and the public progress page behind the receipt's QR."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from pydantic import ValidationError

from contract.case import BODIES, Kind, State, allowed
from contract.ids import is_case_number, progress_key
from contract.person import Role
from contract.problem import Problem, Retry
from server.api import page_response
from server.cases import services, views
from server.cases.models import CaseRecord
from server.org.models import User

OPEN = (State.RECEIVED, State.TO_SUPPLEMENT, State.ACCEPTED, State.IN_REVIEW)
STATES = {
    State.DRAFT: "草稿",
    State.RECEIVED: "已收件",
    State.TO_SUPPLEMENT: "待补正",
    State.ACCEPTED: "已受理",
    State.IN_REVIEW: "办理中",
    State.APPROVED: "准予",
    State.REFUSED: "不予批准",
    State.DECLINED: "不予受理",
    State.WITHDRAWN: "已撤回",
    State.VOIDED: "已作废",
    State.DELIVERED: "已送达",
    State.ARCHIVED: "已归档",
}


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _seen(request: HttpRequest, case_id: str) -> CaseRecord:
    try:
        return services.get_case(case_id, _person(request))
    except Problem:
        raise Http404 from None


@login_required
@never_cache
@require_GET
def todo(request: HttpRequest) -> HttpResponse:
    """The open cases of an officer's department, what is due first on top."""
    person = _person(request)
    rows = CaseRecord.objects.visible_to(person).filter(state__in=OPEN).order_by("due_on", "received_at")[:200]
    listed = [(row, STATES[State(row.state)]) for row in rows]
    return render(request, "todo.html", {"rows": listed, "person": person})


@login_required
@never_cache
@require_GET
def case(request: HttpRequest, case_id: str) -> HttpResponse:
    """A case with its materials, its history and what may be done to it."""
    return _case_page(request, _seen(request, case_id))


def _case_page(request: HttpRequest, row: CaseRecord, problem: Problem | None = None) -> HttpResponse:
    person = _person(request)
    view = views.case_view(row)
    verbs: list[str] = []
    if Role.OFFICER in person.working_as and row.department == person.department:
        verbs = [kind.value for kind in services.OFFICERS_VERBS if kind in allowed(view.case.state)]
    context: dict[str, Any] = {
        "row": row,
        "view": view,
        "state": STATES[view.case.state],
        "verbs": verbs,
        "problem": problem,
        "wanted": set(row.wanted),
    }
    return render(request, "case.html", context, status=409 if problem else 200)


@login_required
@never_cache
@require_GET
def page(request: HttpRequest, case_id: str, digest: str) -> HttpResponse:
    """A page's bytes."""
    try:
        return page_response(*views.page_of(_seen(request, case_id), digest))
    except Problem:
        raise Http404 from None


@login_required
@require_POST
def decide(request: HttpRequest, case_id: str, verb: str) -> HttpResponse:
    """A form that an officer sent: the fields are those of the contract's body for that verb."""
    row = _seen(request, case_id)
    try:
        kind = Kind(verb)
        act = services.OFFICERS_VERBS[kind]
    except (ValueError, KeyError):
        raise Http404 from None
    if Role.OFFICER not in _person(request).working_as:
        return render(request, "403.html", status=403)
    try:
        act(row.id, _person(request), _body(kind, request), _version(request))
    except Problem as problem:
        row.refresh_from_db()
        return _case_page(request, row, problem)
    return redirect("case", case_id=row.id)


def _body(kind: Kind, request: HttpRequest) -> Any:
    given: dict[str, Any] = {
        name: value for name, value in request.POST.items() if name in BODIES[kind].model_fields and value != ""
    }
    if kind is Kind.ASK_SUPPLEMENT:
        given["items"] = [{"what": line} for line in str(request.POST.get("items", "")).splitlines() if line.strip()]
    try:
        return BODIES[kind].model_validate(given)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise Problem("case.body_malformed", Retry.AFTER_FIX, kind=kind, field=where) from None


def _version(request: HttpRequest) -> int | None:
    text = str(request.POST.get("version", ""))
    return int(text) if text.isdigit() else None


@never_cache
@require_GET
def progress(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """办理进度: the status and nothing else, for whoever holds the receipt. A wrong key looks like no case."""
    row = CaseRecord.objects.filter(number=number).first() if is_case_number(number) else None
    if not constant_time_compare(progress_key(row.id if row else "none"), key) or row is None:
        raise Http404
    response = render(request, "progress.html", {"number": number, "state": STATES[State(row.state)]})
    response["X-Robots-Tag"] = "noindex"
    return response
