"""What it means that the line or the server failed: every way of it is a Problem."""

from __future__ import annotations

import ssl
from http import HTTPStatus
from typing import Any

import requests

from contract.problem import MEDIA_TYPE, Problem, Retry

TROUBLE = ("line.down", "line.timeout", "line.cut", "line.not_the_server", "line.certificate")
"""Codes that say nothing about what was asked: the line, not the server, was the matter."""
BUSY_STATUS = {408, 423, 425, 429, 503}


def refusal(answer: requests.Response) -> Problem:
    """What an answer that is no success means."""
    is_problem = answer.headers.get("Content-Type", "").startswith(MEDIA_TYPE)
    said = json_of(answer) if is_problem else {}
    problem = Problem.from_wire(said) if said else None
    if answer.status_code in BUSY_STATUS and (problem is None or problem.code.startswith("server.")):
        return Problem("server.busy", Retry.AGAIN, retry_after=_retry_after(answer))
    if problem is not None:
        return problem
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Problem("server.failed", Retry.AGAIN, status=answer.status_code)
    if answer.is_redirect or "html" in answer.headers.get("Content-Type", ""):
        return Problem("line.not_the_server", Retry.AGAIN)  # a portal that wants a signature, a proxy's own page
    return Problem("server.refused", Retry.AFTER_FIX, status=answer.status_code)


def _retry_after(answer: requests.Response) -> int:
    said = answer.headers.get("Retry-After", "")
    return int(said) if said.isdigit() else 0


def json_of(answer: requests.Response) -> dict[str, Any]:
    """The object that an answer is; empty where it is none."""
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def trouble(error: requests.RequestException) -> Problem:
    """What an exception of the line means. Its text may hold an address with a name in it; none of it is kept."""
    match error:
        case requests.exceptions.SSLError():
            cut = _caused_by(error, ssl.SSLEOFError)  # under TLS a reset while we send is an SSL error too
            return Problem("line.cut", Retry.AGAIN) if cut else Problem("line.certificate", Retry.AFTER_FIX)
        case requests.exceptions.Timeout():
            return Problem("line.timeout", Retry.AGAIN)
        case requests.exceptions.ChunkedEncodingError() | requests.exceptions.ContentDecodingError():
            return Problem("line.cut", Retry.AGAIN)
        case requests.exceptions.InvalidURL() | requests.exceptions.InvalidSchema():
            return Problem("line.address", Retry.AFTER_FIX)
        case _:
            return Problem("line.down", Retry.AGAIN)


def _caused_by(error: BaseException, kind: type[BaseException]) -> bool:
    """Whether such an error stands behind another: as its cause, or inside it, as urllib3 wraps them."""
    behind = [error]
    for one in behind:
        if isinstance(one, kind):
            return True
        inside = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        behind.extend(found for found in inside if isinstance(found, BaseException) and found not in behind)
    return False


def was_kept(error: requests.exceptions.ConnectionError) -> bool:
    """Whether the connection was there and went, rather than that none could be made."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return False
    if isinstance(error, requests.exceptions.SSLError):
        return _caused_by(error, ssl.SSLEOFError)
    return "Connection aborted" in str(error)
