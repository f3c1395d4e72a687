"""Whether the server can do its work."""

from __future__ import annotations

import json

from django.db import DatabaseError, connection
from django.http import HttpResponse

from contract.problem import Problem, Retry
from server.keys import get_keys
from server.problems import problem_response


def response() -> HttpResponse:
    """``{"ok": true}``, or the Problem that stands in the way."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        get_keys()
    except DatabaseError:
        return problem_response(Problem("server.database_away", Retry.AGAIN))
    except Problem as problem:
        return problem_response(problem, 503)
    return HttpResponse(json.dumps({"ok": True}), content_type="application/json")
