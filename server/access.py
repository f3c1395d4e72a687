"""Who is asking: ninja security for stations, clerks and officers."""

from __future__ import annotations

from typing import Any

from allauth.headless.internal.sessionkit import authenticate_by_x_session_token
from django.http import HttpRequest
from ninja.security.base import AuthBase

from contract.problem import Problem, Retry
from server.cases.models import Viewer
from server.exchange.stations import station_of
from server.org.models import Station, User


class StationAuth(AuthBase):
    """``Authorization: Bearer`` with the token of POST /api/v1/session."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> Station:
        station = find_station(request)
        if station is None:
            raise Problem("session.needed", Retry.AGAIN)
        return station


class PersonAuth(AuthBase):
    """``X-Session-Token`` of allauth's app API, or the browser's session cookie."""

    openapi_type = "apiKey"
    openapi_in = "header"
    openapi_name = "X-Session-Token"

    def __call__(self, request: HttpRequest) -> User:
        user = find_user(request)
        if user is None:
            raise Problem("signin.needed", Retry.AFTER_FIX)
        return user


class AnyAuth(AuthBase):
    """A station or a person."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> Viewer:
        viewer = find_station(request) or find_user(request)
        if viewer is None:
            raise Problem("session.needed", Retry.AGAIN)
        return viewer


def find_station(request: HttpRequest) -> Station | None:
    """The station behind the bearer token, or None where there is no token; a bad token is a Problem."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return station_of(token.strip()) if scheme.lower() == "bearer" and token.strip() else None


def find_user(request: HttpRequest) -> User | None:
    """The person behind the session token or the cookie. A cookie only reads: changes by it go through the pages."""
    token = request.headers.get("X-Session-Token")
    if token:
        found: Any = authenticate_by_x_session_token(token)
        user = found[0] if found else None
    else:
        user = request.user if request.method in ("GET", "HEAD") else None
    return user if isinstance(user, User) and user.is_active else None


def viewer_of(request: HttpRequest) -> Viewer:
    """Whom one of the classes above let in."""
    viewer: Viewer = request.auth  # type: ignore[attr-defined]
    return viewer
