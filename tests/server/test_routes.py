"""S08: every route with who may use it. A route that is not in the table fails the test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from contract.problem import MEDIA_TYPE
from contract.upload import TUS
from server.cases.models import CaseRecord
from server.catalogue.packs import manifest_for
from server.logs import Lines
from tests.server.desk import HAISHU_STREET, PASSWORD, PEOPLE, Desk, client_line

WHO = ("nobody", "station", "clerk", "supervisor", "haishu-clerk", "haishu", "yuyao", "admin")
NOBODY: frozenset[str] = frozenset()
EVERYBODY = frozenset(WHO)
SIGNED_IN = EVERYBODY - {"nobody", "station"}
SEES = frozenset({"station", "clerk", "supervisor", "haishu"})

# (method, path): who gets an answer; all others get 401, 403 or 404
TABLE: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/api/v1/health"): EVERYBODY,
    ("GET", "/api/v1/openapi.json"): EVERYBODY,
    ("POST", "/api/v1/enrol"): NOBODY,  # a code decides, see test_stations
    ("POST", "/api/v1/session"): NOBODY,  # a signature decides
    ("POST", "/api/v1/exchange"): frozenset({"station"}),
    ("POST", "/api/v1/ratings"): frozenset({"station"}),
    ("POST", "/api/v1/reports"): frozenset({"station"}),
    ("GET", "/api/v1/pack"): frozenset({"station"}),
    ("POST", "/api/v1/pack/manifest"): frozenset({"station"}),
    ("GET", "/api/v1/pack/parts/{part}"): frozenset({"station"}),
    ("POST", "/api/v1/parcels"): NOBODY,  # what is in the parcel decides
    ("GET", "/api/v1/me"): SIGNED_IN,
    ("POST", "/api/v1/cases/search"): EVERYBODY - {"nobody"},
    ("GET", "/api/v1/cases/{case}"): SEES,
    ("GET", "/api/v1/cases/{case}/pages/{page}"): SEES,
    ("POST", "/api/v1/cases/{case}/accept"): frozenset({"haishu"}),
    ("POST", "/api/v1/cases/{case}/receive"): NOBODY,
    ("POST", "/api/v1/uploads"): frozenset({"station"}),
    ("HEAD", "/api/v1/uploads/{upload}"): frozenset({"station"}),
}
BODIES = {
    "/api/v1/exchange": {"sent_at": "2026-11-20T09:00:00+08:00"},
    "/api/v1/enrol": {"code": "x"},
    "/api/v1/reports": {"program": "0.1.0"},
    "/api/v1/ratings": {"rating": "{}", "signature": ""},
}


def api_routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        path = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from api_routes(entry, path)
        elif isinstance(entry, URLPattern) and path.startswith("api/"):
            yield "/" + path


def test_every_api_route_is_in_the_table() -> None:
    known = {
        path.replace("{case}", "<case_id>")
        .replace("{page}", "<digest>")
        .replace("{part}", "<digest>")
        .replace("{upload}", "<str:upload_id>")
        .replace("/accept", "/<verb>")
        .replace("/receive", "/<verb>")
        for _, path in TABLE
    }
    found = {path for path in api_routes(get_resolver()) if not path.endswith("/v1/")}
    assert found == known


@pytest.fixture
def world(desk: Desk) -> dict[str, str]:
    """A received case with its pages at Haishu, and an upload begun."""
    case = desk.take_in()
    desk.send_pages(case.id)
    _, headers, _ = desk.tus("POST", "/api/v1/uploads", Upload_Length="1", Upload_Concat="partial")
    return {
        "case": case.id,
        "page": next(iter(desk.pages)),
        "upload": headers["location"].rsplit("/", 1)[1],
        "part": manifest_for(desk.node).opened().parts[0].digest,
    }


def headers_of(who: str, desk: Desk) -> dict[str, str]:
    if who == "nobody":
        return {}
    if who == "station":
        return {"Authorization": f"Bearer {desk.token}"}
    body = json.dumps({"username": who, "password": PASSWORD}).encode()
    _, _, answer = client_line()("POST", "/_allauth/app/v1/auth/login", body)
    return {"X-Session-Token": json.loads(answer)["meta"]["session_token"]}


@pytest.mark.parametrize("who", WHO)
def test_s08_each_role_gets_what_the_table_says(desk: Desk, world: dict[str, str], who: str) -> None:
    given = headers_of(who, desk)
    wrong = []
    for (method, path), allowed in TABLE.items():
        body = json.dumps(BODIES.get(path, {})).encode() if method == "POST" else b""
        extra: dict[str, str] = {"Tus-Resumable": TUS, "Upload-Length": "1", "Upload-Concat": "partial"}
        headers = {**given, **(extra if "uploads" in path else {})}
        status, told, answer = client_line()(method, path.format(**world), body, **headers)
        if (status < 300) != (who in allowed):
            wrong.append(f"{method} {path}: {status} {answer[:120]!r}")
        if status >= 300 and method != "HEAD":
            assert told["content-type"] == MEDIA_TYPE, (path, told)
        if path.endswith("/accept") and status < 300:
            assert CaseRecord.objects.get().state == "accepted"
    assert not wrong, "\n".join(wrong)
    assert (who in TABLE["POST", "/api/v1/cases/{case}/accept"]) == (CaseRecord.objects.get().state == "accepted")


def test_s08_who_may_see_but_not_do_is_told_so(desk: Desk, world: dict[str, str]) -> None:
    for who, verb in (("clerk", "approve"), ("haishu", "receive")):
        status, _, body = client_line()(
            "POST", f"/api/v1/cases/{world['case']}/{verb}", b'{"opinion": "x"}', **headers_of(who, desk)
        )
        assert (status, json.loads(body)["code"]) == (403, "role.not_allowed")


def test_a_cookie_reads_but_changes_nothing_through_the_api(desk: Desk, world: dict[str, str]) -> None:
    from server.org.models import User

    browser = Client()
    browser.force_login(User.objects.get(username="haishu"))
    assert browser.get("/api/v1/me").status_code == 200
    assert browser.get(f"/api/v1/cases/{world['case']}").status_code == 200
    answer = browser.post(f"/api/v1/cases/{world['case']}/accept", b"{}", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (401, "signin.needed")


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/v1/nothing"), ("DELETE", "/api/v1/exchange")])
def test_what_is_not_there_is_a_problem_too(hall: None, method: str, path: str) -> None:
    status, headers, body = client_line()(method, path)
    assert headers["content-type"] == MEDIA_TYPE
    assert (status, json.loads(body)["code"]) in ((404, "wire.not_found"), (405, "wire.method_not_allowed"))


def test_a_strange_host_is_refused_as_a_problem(hall: None) -> None:
    status, headers, body = client_line()("GET", "/api/v1/health", Host="elsewhere.example")
    assert (status, headers["content-type"], json.loads(body)["code"]) == (400, MEDIA_TYPE, "wire.malformed")


def test_a_database_that_went_away_is_told_as_such(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    def away(*_: Any) -> None:
        raise OperationalError("connection to server at 10.0.0.1 failed")

    monkeypatch.setattr("server.exchange.round.renew", away)
    status, headers, body = desk.call("POST", "/api/v1/exchange", json.dumps(BODIES["/api/v1/exchange"]).encode())
    assert (status, headers["retry-after"], json.loads(body)["code"]) == (503, "5", "server.database_away")
    assert b"10.0.0.1" not in body


def test_everybody_of_the_hall_is_in_the_table() -> None:
    assert set(PEOPLE) == set(WHO) - {"nobody", "station"}
    assert HAISHU_STREET


def test_a_bug_is_told_with_a_reference_and_without_what_it_quotes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("110105194912310021")

    monkeypatch.setattr("server.exchange.round.renew", broken)
    status, _, body = desk.call("POST", "/api/v1/exchange", json.dumps(BODIES["/api/v1/exchange"]).encode())
    problem = json.loads(body)
    assert (status, problem["code"]) == (500, "server.fault")
    logged = "\n".join(Lines().format(record) for record in caplog.records)
    assert problem["facts"]["reference"] in logged and "RuntimeError" in logged
    assert "110105194912310021" not in logged + body.decode()
