"""The supervisor's page: what people thought of their visits, and whom somebody is to call back (S31)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from contract.problem import Problem
from contract.rating import Level, Reason
from server.catalogue.matters import get_matter
from server.org.tree import get_tree
from server.supervise import ratings
from server.supervise.models import CallBack
from server.web import wording
from server.web.supervisors import person_of, supervisors_only, with_rooms
from server.web.todo import Mark


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
        ratings.finish(call_back, person_of(request), outcome)
    except Problem as problem:
        if problem.code == "rating.not_found":
            raise Http404 from None
        return _page(request, problem, call_back, status=422 if problem.code == "rating.outcome_missing" else 409)
    messages.success(request, gettext("回访已记下。"))
    return redirect("ratings")


def _page(
    request: HttpRequest, problem: Problem | None = None, about: int | None = None, status: int = 200
) -> HttpResponse:
    person = person_of(request)
    tally = ratings.tally(person)
    context = {
        "place": get_tree().path_name(person.node),
        "tally": [
            (wording.LEVELS[level][0], count, wording.LEVELS[level][1] if count else "")
            for level, count in tally.counts
        ],
        "total": tally.total,
        "share": tally.share_good,
        "open": [_line(row) for row in ratings.call_backs(person, done=False)],
        "done": [_line(row) for row in ratings.call_backs(person, done=True)],
        "problem": problem,
        "problem_words": wording.problem_words(problem) if problem else None,
        "about": about,
    }
    return render(request, "ratings.html", with_rooms(person, "ratings", context), status=status)


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
