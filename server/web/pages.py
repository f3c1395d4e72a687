"""Pages for officers (to-do, case, decisions), and the public progress page behind the receipt's QR."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from contract.case import Action, Kind
from contract.exchange import Settlement
from contract.ids import is_case_number, number_in, progress_key
from contract.material import Corners
from contract.problem import Problem
from contract.wire import Wire
from server.api import page_response
from server.cases import clashes, services, views
from server.cases.models import CaseRecord, actions_of
from server.catalogue.matters import get_matter
from server.org.models import Department, User
from server.web import acts, pictures, todo, wording
from server.web.case_face import face_of
from server.web.progress import progress_of, too_often
from server.web.supervisors import is_officer, is_supervisor, person_of, with_rooms

View = Callable[..., HttpResponse]


def officers_only(view: View) -> View:
    """For officers who are signed in; others are told where their work is."""

    @login_required
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        person = person_of(request)
        if not is_officer(person):
            if request.path == "/" and is_supervisor(person):
                return redirect("ratings")  # where a supervisor's work is
            raise PermissionDenied
        return view(request, *arguments, **named)

    return guarded


def _seen(request: HttpRequest, case_id: str) -> CaseRecord:
    """The case, where it is this officer's department's; everything else does not exist."""
    person = person_of(request)
    try:
        row = services.get_case(case_id, person)
    except Problem:
        raise Http404 from None
    if row.department != person.department:
        raise Http404
    return row


# --- to-do ------------------------------------------------------------------------------------------------------------


@officers_only
@require_GET
def todo_page(request: HttpRequest) -> HttpResponse:
    """The cases of the officer's department by tabs, what is due first on top."""
    person = person_of(request)
    tab = todo.tab_named(request.GET.get("tab", ""))
    after = request.GET.get("after", "")
    counted = todo.counts(person)
    context = {
        "tabs": [(each, counted[each.name]) for each in todo.TABS],
        "tab": tab,
        "after": after,
        "stretch": todo.stretch(person, tab, after),
        "department": Department.objects.filter(code=person.department).first(),
    }
    return render(request, "todo.html", with_rooms(person, "todo", context))


@officers_only
@require_POST
def search(request: HttpRequest) -> HttpResponse:
    """Cases by number, receipt's QR, name or id number. By POST: what is typed must not stand in an address."""
    person = person_of(request)
    words = request.POST.get("words", "").strip()
    number = number_in(words)
    rows = CaseRecord.objects.visible_to(person).filter(department=person.department)
    if number is not None:
        row = rows.filter(number=number).first()
        if row is not None:
            return redirect("case", case_id=row.id)
    found: list[CaseRecord] = []
    if words and number is None:
        ids = [case.id for case in views.search(person, words=words)]
        by_id = {row.id: row for row in rows.filter(id__in=ids)}
        found = [by_id[case_id] for case_id in ids if case_id in by_id]
    context = {"words": words, "lines": todo.lines_of(found), "is_number": number is not None}
    return render(request, "search.html", with_rooms(person, "", context))


# --- a case -----------------------------------------------------------------------------------------------------------


@officers_only
@require_GET
def case_page(request: HttpRequest, case_id: str) -> HttpResponse:
    """A case with its materials, its history and what may be done to it."""
    return _case_page(request, _seen(request, case_id))


def _case_page(
    request: HttpRequest,
    row: CaseRecord,
    sent: acts.ActForm | None = None,
    problem: Problem | None = None,
    status: int = 200,
    reason: str = "",
) -> HttpResponse:
    view = views.case_view(row, person_of(request))
    offers = acts.offers(view.case, view.matter, sent)
    kept: list[tuple[str, str]] = []
    if sent is not None and sent.prefix not in [offer.name for offer in offers]:
        kept = _typed(sent)  # the act is gone, but what was typed is not lost
    context = face_of(view, row) | {
        "offers": offers,
        "cannot_decide": acts.cannot_decide(view.case),
        "problem": problem,
        "problem_words": wording.problem_words(problem) if problem else None,
        "stale": problem is not None and problem.code in STALE,
        "kept": kept,
        "clash_reason": reason,
        "sent": sent,
    }
    return render(request, "case.html", with_rooms(person_of(request), "", context), status=status)


STALE = {"case.changed", "case.out_of_order", "case.not_allowed", "case.asked_already"}


def _typed(form: acts.ActForm) -> list[tuple[str, str]]:
    found = [(str(bound.label), str(bound.value() or "")) for bound in form]
    if isinstance(form, acts.SupplementForm):
        found += [(str(bound.label), str(bound.value() or "")) for line in form.items for bound in line]
    return [(label, value) for label, value in found if value]


@officers_only
@require_GET
def page(request: HttpRequest, case_id: str, digest: str) -> HttpResponse:
    """A page of a case, for looking at; `?whole=1` fetches it as the device gave it, `?copy=1` shows what stands for it
    until it has come.
    """
    row = _seen(request, case_id)
    try:
        if request.GET.get("copy") and (copy := views.find_copy_of(row, digest)) is not None:
            return pictures.shown(*copy, 0, _corners(row, digest, 0))
        data, media_type = views.page_of(row, digest)
        if request.GET.get("whole"):
            response = page_response(data, media_type)
            ending = {"application/pdf": "pdf", "image/tiff": "tif"}.get(media_type, media_type.rpartition("/")[2])
            response["Content-Disposition"] = f'attachment; filename="{row.number or "page"}-{digest[:8]}.{ending}"'
            return response
        said = request.GET.get("frame", "0")
        frame = int(said) if said.isdigit() else 0
        return pictures.shown(data, media_type, frame, _corners(row, digest, frame))
    except Problem:
        raise Http404 from None


def _corners(row: CaseRecord, digest: str, frame: int) -> Corners | None:
    """Where the paper is in a photographed page of the case."""
    pages = (page for material in row.to_wire().materials for page in material.pages)
    return next((page.corners for page in pages if (page.digest, page.frame) == (digest, frame)), None)


@officers_only
@require_POST
def act(request: HttpRequest, case_id: str, verb: str) -> HttpResponse:
    """An officer's act. The version of the page that it was done on comes along: pressing twice is one act, and
    a page that is no longer true says so and keeps what was typed.
    """
    row = _seen(request, case_id)
    person = person_of(request)
    known = next((each for each in acts.VERBS if each.kind.value == verb), None)
    version = str(request.POST.get("version", ""))
    if known is None or not version.isdigit():
        raise Http404
    case = row.to_wire()
    matter = get_matter(case.matter, case.matter_version)
    form = known.form(request.POST, case, matter, verb)
    if "more" in request.POST:
        form.is_valid()
        form.errors.clear()
        return _case_page(request, row, form)
    if not form.is_valid():
        form.point()
        return _case_page(request, row, form, status=422)
    body = form.body()
    try:
        services.OFFICERS_VERBS[known.kind](row.id, person, body, int(version))
    except Problem as problem:
        row.refresh_from_db()
        if problem.code not in STALE or not _is_repeat(row, int(version), person, known.kind, body):
            return _case_page(request, row, form, problem, status=409)
    messages.success(request, str(known.done))
    return redirect("case", case_id=row.id)


@officers_only
@require_POST
def settle_clash(request: HttpRequest, case_id: str, clash_id: int) -> HttpResponse:
    """What is to become of two cases that clash: both go on, or the one on this page is the duplicate."""
    row = _seen(request, case_id)
    said = {"keep_both": Settlement.KEEP_BOTH, "duplicate": Settlement.DUPLICATE}.get(request.POST.get("say", ""))
    reason = request.POST.get("reason", "")[: acts.LONGEST]
    if said is None:
        raise Http404
    try:
        clashes.settle(row.id, clash_id, person_of(request), said, reason)
    except Problem as problem:
        status = 422 if problem.code == "clash.reason_missing" else 409
        return _case_page(request, row, problem=problem, status=status, reason=reason)
    messages.success(request, gettext("已记下，两个收件点都会看到。"))
    return redirect("case", case_id=row.id)


def _is_repeat(row: CaseRecord, version: int, person: User, kind: Kind, body: Wire) -> bool:
    """Whether the act that came next after the page was shown is this very one: the button was pressed twice."""
    actions = actions_of(row.events.order_by("seq"))
    if len(actions) <= version:
        return False
    done: Action = actions[version]
    return done.kind is kind and done.author.id == person.id and done.body == body.model_dump(mode="json")


# --- the public -------------------------------------------------------------------------------------------------------


@never_cache
@require_GET
def progress(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """办理进度: the status and nothing else, for whoever holds the receipt. A wrong key looks like no case."""
    row = CaseRecord.objects.filter(number=number).first() if is_case_number(number) else None
    right = constant_time_compare(progress_key(row.id if row else "none"), key) and row is not None
    if too_often(request, number, right):
        response = render(request, "429.html", status=429)
        response["Retry-After"] = "60"
        return response
    if not right or row is None:
        raise Http404
    view = views.case_view(row)
    response = render(request, "progress.html", {"number": number, "progress": progress_of(view)})
    response["X-Robots-Tag"] = "noindex"
    return response
