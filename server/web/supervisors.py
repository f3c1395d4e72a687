"""What a supervisor's pages have in common: who may see them, and the way from one to the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
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
        if Role.SUPERVISOR not in person.working_as or not person.node:
            raise PermissionDenied
        return view(request, *arguments, **named)

    return guarded


def person_of(request: HttpRequest) -> User:
    """Who is signed in."""
    assert isinstance(request.user, User)
    return request.user


def with_tabs(person: User, here: str, context: dict[str, Any]) -> dict[str, Any]:
    """A page's context with the tabs over it: each with what waits for the supervisor there."""
    tabs = (
        ("ratings", _("好差评"), ratings.open_call_backs(person)),
        ("stations", _("窗口设备"), stations.alarms(person)),
    )
    return context | {"tabs": tabs, "here": here}
