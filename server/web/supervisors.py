"""Whose pages are whose: an officer's, a supervisor's, both for who is both; and the way from one to the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from contract.person import Role
from server.org.models import User
from server.supervise import ratings, stations

View = Callable[..., HttpResponse]


def supervisors_only(view: View) -> View:
    """For supervisors who are signed in; for nobody else: no clerk sees what was thought of them."""

    @login_required
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        person = person_of(request)
        if not is_supervisor(person):
            raise PermissionDenied
        return view(request, *arguments, **named)

    return guarded


def is_officer(person: User) -> bool:
    """Whether a department's cases are this person's work."""
    return Role.OFFICER in person.working_as and bool(person.department)


def is_supervisor(person: User) -> bool:
    """Whether this person watches over the windows of a place."""
    return Role.SUPERVISOR in person.working_as and bool(person.node)


def person_of(request: HttpRequest) -> User:
    """Who is signed in."""
    assert isinstance(request.user, User)
    return request.user


def with_rooms(person: User, here: str, context: dict[str, Any]) -> dict[str, Any]:
    """A page's context with the rooms that this person may go to, each with what waits there for a supervisor."""
    rooms: list[tuple[str, Promise, int]] = []
    if is_officer(person):
        rooms.append(("todo", _("待办"), 0))
    if is_supervisor(person):
        rooms.append(("ratings", _("好差评"), ratings.open_call_backs(person)))
        rooms.append(("stations", _("窗口设备"), stations.alarms(person)))
    return context | {"rooms": rooms if len(rooms) > 1 else [], "here": here}
