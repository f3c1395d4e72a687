"""The supervisor's page: what people thought of their visits, and whom somebody is to call back (S31)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from contract.person import Role
from contract.problem import Problem
from contract.rating import Level, Reason
from server.catalogue.matters import get_matter
from server.org.models import User
from server.org.tree import get_tree
from server.supervise import ratings
from server.supervise.models import CallBack
from server.web import wording
from server.web.todo import Mark

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Line:
    """One follow-up. Who came is not here: the number leads to the case where one may see it."""

    id: int
    level: Mark
    reasons: str
    number: str
    matter: str
    place: str
    given_at: datetime
    due_on: date
    late: bool
    done_at: datetime | None
    done_name: str
    outcome: str


def supervisors_only(view: View) -> View:
    """For supervisors who are signed in; for nobody else: no clerk sees what was thought of them."""

    @login_required
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        person = _person(request)
        if Role.SUPERVISOR not in person.working_as or not person.node:
            raise PermissionDenied
        return view(request, *arguments, **named)

    return guarded


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@supervisors_only
@require_GET
def ratings_page(request: HttpRequest) -> HttpResponse:
    """Follow-ups by their day, and how many ratings of each level there were."""
    return _page(request)


@supervisors_only
@require_POST
def finish_call_back(request: HttpRequest, call_back: int) -> HttpResponse:
    """Somebody called back: what came of it."""
    outcome = request.POST.get("outcome", "")
    try:
        ratings.finish(call_back, _person(request), outcome)
    except Problem as problem:
        if problem.code == "rating.not_found":
            raise Http404 from None
        return _page(request, problem, call_back, status=422 if problem.code == "rating.outcome_missing" else 409)
    messages.success(request, gettext("回访已记下。"))
    return redirect("ratings")


def _page(
    request: HttpRequest, problem: Problem | None = None, about: int | None = None, status: int = 200
) -> HttpResponse:
    person = _person(request)
    tally = ratings.tally(person)
    context = {
        "place": get_tree().path_name(person.node),
        "tally": [(wording.LEVELS[level][0], count, wording.LEVELS[level][1]) for level, count in tally.counts],
        "total": tally.total,
        "share": tally.share_good,
        "open": [_line(row) for row in ratings.call_backs(person, done=False)],
        "done": [_line(row) for row in ratings.call_backs(person, done=True)],
        "problem": problem,
        "problem_words": wording.problem_words(problem) if problem else None,
        "about": about,
    }
    return render(request, "ratings.html", context, status=status)


def _line(row: CallBack) -> Line:
    rating = row.rating
    case = rating.case
    matter = get_matter(case.matter, case.matter_version)
    words, tone = wording.LEVELS[Level(rating.level)]
    return Line(
        id=row.pk,
        level=Mark(str(words), tone),
        reasons=gettext("、").join(str(wording.REASONS[Reason(each)]) for each in rating.reasons),
        number=case.number or "",
        matter=matter.name_en if wording.is_english() and matter.name_en else matter.name,
        place=get_tree().path_name(rating.node),
        given_at=rating.given_at,
        due_on=row.due_on,
        late=ratings.is_late(row),
        done_at=row.done_at,
        done_name=row.done_name,
        outcome=row.outcome,
    )
