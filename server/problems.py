"""Problems as HTTP answers (RFC 9457), and the middleware that turns what goes wrong into one."""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from contract.exchange import MAX_BODY
from contract.problem import MEDIA_TYPE, Problem, Retry
from server.org.tree import one_look

log = logging.getLogger("tongban.requests")

STATUS = {
    "wire.malformed": 422,
    "wire.too_large": 413,
    "wire.not_found": 404,
    "wire.method_not_allowed": 405,
    "wire.precondition_failed": 412,
    "session.needed": 401,
    "session.refused": 401,
    "session.clock_wrong": 401,
    "session.replayed": 401,
    "station.revoked": 403,
    "signin.needed": 401,
    "role.not_allowed": 403,
    "enrol.code_unknown": 404,
    "enrol.code_used": 409,
    "enrol.code_expired": 410,
    "enrol.key_malformed": 422,
    "case.not_found": 404,
    "page.not_found": 404,
    "pack.part_unknown": 404,
    "server.fault": 500,
    "server.busy": 503,
}
STREAMED = ("/api/v1/uploads", "/api/v1/parcels")
"""Bodies that are read as a stream and bounded where they are read."""
BY_RETRY = {Retry.NEVER: 422, Retry.AFTER_FIX: 409, Retry.AGAIN: 503}


def status_of(problem: Problem) -> int:
    """The HTTP status that a problem travels with."""
    return STATUS.get(problem.code, BY_RETRY[problem.retry])


def problem_response(problem: Problem, status: int | None = None) -> HttpResponse:
    """The problem+json answer."""
    status = status or status_of(problem)
    body = json.dumps(problem.to_wire(status), ensure_ascii=False)
    return HttpResponse(body, status=status, content_type=MEDIA_TYPE)


def is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


class ProblemMiddleware:
    """Outermost: bounds bodies, answers problem+json under /api, logs the route (never the path) of each request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self._answer(request)
        match = request.resolver_match
        took = round((time.perf_counter() - began) * 1000, 1)
        response["Server-Timing"] = f"app;dur={took}"  # so that a busy server is not taken for a bad line
        fields = {
            "method": request.method,
            "route": match.route if match else "",
            "status": response.status_code,
            "ms": took,
        }
        log.log(logging.WARNING if response.status_code >= 500 else logging.INFO, "request", extra={"fields": fields})
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        api = is_api(request)
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return problem_response(Problem("wire.malformed", Retry.NEVER, field="path"))
        if api and not request.path_info.startswith(STREAMED) and _declared_length(request) > MAX_BODY:
            return problem_response(Problem("wire.too_large", Retry.NEVER, limit=MAX_BODY))
        with one_look():
            response = self.get_response(request)
        if not api or response.status_code < 400 or response.get("Content-Type") == MEDIA_TYPE:
            return response
        # what Django itself refused: an unknown address, a strange host, a body too large
        match response.status_code:
            case 404:
                return problem_response(Problem("wire.not_found", Retry.NEVER))
            case 405:
                refused = problem_response(Problem("wire.method_not_allowed", Retry.NEVER))
                refused["Allow"] = response.get("Allow", "")
                return refused
            case status if status < 500:
                return problem_response(Problem("wire.malformed", Retry.NEVER, field="request"), status)
            case _:
                return problem_response(Problem("server.fault", Retry.AGAIN, reference=_reference()))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """What a plain view raised; ninja's endpoints come here through `fault_response` too."""
        if isinstance(exception, Http404) and not is_api(request):
            return None
        if isinstance(exception, Problem) and is_api(request):
            return problem_response(exception)
        if isinstance(exception, RequestDataTooBig) and is_api(request):
            return problem_response(Problem("wire.too_large", Retry.NEVER, limit=MAX_BODY))
        return fault_response(exception) if is_api(request) else None


def fault_response(exception: Exception) -> HttpResponse:
    """A bug: logged without what it quotes, with a reference that a person can read out."""
    if isinstance(exception, OperationalError):
        log.error("database away")
        busy = problem_response(Problem("server.database_away", Retry.AGAIN), 503)
        busy["Retry-After"] = "5"
        return busy
    reference = _reference()
    info = (type(exception), exception, exception.__traceback__)
    log.error("fault", exc_info=info, extra={"fields": {"reference": reference}})
    return problem_response(Problem("server.fault", Retry.AGAIN, reference=reference))


def _reference() -> str:
    return secrets.token_hex(4)


def _declared_length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
