"""What officers do to cases, what is kept of it, and who may look."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from contract.case import (
    Accepted,
    Decided,
    Declined,
    Extended,
    Ground,
    Resumed,
    Reviewed,
    Sealed,
    State,
    SupplementAsked,
    SupplementItem,
    Suspended,
    Withdrawn,
)
from contract.exchange import CaseView
from contract.problem import Problem
from server.cases import services
from server.cases.history import broken_chain
from server.cases.models import CaseRecord, EventRecord, Unrelayed
from server.org.accounts import revoke_user
from server.org.models import User
from tests.server.desk import ID_NUMBER, PASSWORD, STREET, Desk, client_line


def person(username: str) -> User:
    return User.objects.get(username=username)


@pytest.fixture
def received(desk: Desk) -> str:
    """A case at Haishu's department, its pages all here."""
    case = desk.take_in()
    desk.send_pages(case.id)
    return case.id


def problem_of(act: Callable[..., Any], *arguments: Any) -> str:
    with pytest.raises(Problem) as caught:
        act(*arguments)
    return caught.value.code


def test_nobody_decides_before_all_pages_are_here(desk: Desk) -> None:
    case = desk.take_in()
    officer = person("haishu")
    services.accept(case.id, officer, Accepted())
    services.review(case.id, officer, Reviewed())
    decided = Decided(opinion="准予")
    assert problem_of(services.approve, case.id, officer, decided) == "case.undecidable"
    assert problem_of(services.refuse, case.id, officer, decided) == "case.undecidable"
    row = CaseRecord.objects.get()
    assert row.materials_pending and row.due_on is not None  # the clock runs all the same
    desk.send_pages(case.id)
    assert services.approve(case.id, officer, decided).state == State.APPROVED
    kinds = [(event.kind, event.materials_pending) for event in row.events.order_by("seq")]
    assert kinds[-2:] == [("pages", False), ("action", False)]


def test_the_whole_of_a_case_in_review(received: str) -> None:
    officer = person("haishu")
    services.accept(received, officer, Accepted())
    services.review(received, officer, Reviewed())
    assert problem_of(services.suspend, received, officer, Suspended(procedure="想歇歇", days=5)) == (
        "case.procedure_unknown"
    )
    services.suspend(received, officer, Suspended(procedure="现场核查", days=5))
    assert problem_of(services.approve, received, officer, Decided(opinion="准予")) == "case.undecidable"
    services.resume(received, officer, Resumed())
    before = CaseRecord.objects.get().due_on
    row = services.extend(received, officer, Extended(days=5, reason="情况复杂"))
    assert before is not None and row.due_on is not None and row.due_on > before
    services.seal(received, officer, Sealed(paper="acceptance", digest="0" * 64))
    row = services.refuse(received, officer, Decided(opinion="不符合", document="2号"))
    assert row.state == State.REFUSED
    case = row.to_wire()
    assert case.decision is not None and case.decision.document == "2号"


def test_the_other_answers_on_acceptance(desk: Desk) -> None:
    officer = person("haishu")
    asked = desk.take_in()
    row = services.ask_supplement(asked.id, officer, SupplementAsked(items=(SupplementItem(what="缺合同"),)))
    assert (row.state, row.number, row.department) == (State.TO_SUPPLEMENT, asked.number, "330203-market")
    declined = desk.take_in()
    row = services.decline(declined.id, officer, Declined(ground=Ground.NOT_COMPETENT, reason="不属于本机关"))
    assert row.state == State.DECLINED and row.department == "330203-market"
    assert services.archive(declined.id, officer, services.Archived()).state == State.ARCHIVED
    withdrawn = desk.take_in()
    assert services.withdraw(withdrawn.id, officer, Withdrawn()).state == State.WITHDRAWN


def test_s04_only_the_competent_department_sees_and_decides(received: str) -> None:
    for username in ("yuyao", "admin"):
        other = person(username)
        assert not CaseRecord.objects.visible_to(other).exists()
        code = problem_of(services.accept, received, other, Accepted())
        assert code == ("role.not_allowed" if username == "admin" else "case.not_found")
    assert CaseRecord.objects.visible_to(person("haishu")).count() == 1
    revoke_user(person("haishu"))
    assert not CaseRecord.objects.visible_to(person("haishu")).exists()
    assert problem_of(services.accept, received, person("haishu"), Accepted()) == "role.not_allowed"


def test_an_officer_cannot_date_an_acceptance_back(received: str) -> None:
    assert problem_of(services.accept, received, person("haishu"), Accepted(deemed=True)) == "case.body_malformed"


def test_what_was_decided_on_an_old_page_is_refused(received: str) -> None:
    officer = person("haishu")
    seen = CaseRecord.objects.get().version
    services.accept(received, officer, Accepted(), seen)
    assert problem_of(services.decline, received, officer, Declined(ground=Ground.NOT_MET, reason="x"), seen) == (
        "case.changed"
    )


def test_events_are_added_only_and_chained(received: str) -> None:
    event = EventRecord.objects.order_by("id").last()
    assert event is not None
    for act in (event.save, event.delete, EventRecord.objects.all().delete):
        with pytest.raises(TypeError):
            act()
    with pytest.raises(TypeError):
        EventRecord.objects.update(text="")
    row = CaseRecord.objects.get()
    assert broken_chain(row) is None
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cases_eventrecord SET text = replace(text, '丰山', '凤山') WHERE seq = 1")
    assert broken_chain(row) == 1


@pytest.mark.parametrize(
    ("tampering", "place"),
    [
        ("UPDATE cases_eventrecord SET text = replace(text, '丰山', '凤山') WHERE seq = 1", 1),
        ("UPDATE cases_eventrecord SET seq = 9 WHERE seq = 2", 2),
        ("DELETE FROM cases_eventrecord WHERE seq >= 3", 3),  # the last ones: no link is left that could tell
        ("DELETE FROM cases_eventrecord WHERE seq >= 1", 1),
    ],
)
def test_a_history_that_was_tampered_with_is_found_by_the_check(
    received: str, desk: Desk, tampering: str, place: int
) -> None:
    from server.checks import findings

    def said() -> Any:
        return next(finding for finding in findings() if finding["check"] == "histories")

    desk.take_in()
    assert said() == {"check": "histories", "ok": True, "note": "2 whole"}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM exchange_feedrow")
        cursor.execute(f"{tampering} AND case_id = %s", [received])
    assert broken_chain(CaseRecord.objects.get(id=received)) == place
    assert said()["problem"]["code"] == "server.history_broken"
    assert said()["problem"]["facts"] == {"count": "1", "case": received, "event": str(place)}


def test_the_outbox_is_empty_once_the_feeds_are_written(received: str) -> None:
    assert not Unrelayed.objects.exists()


# --- by HTTP ----------------------------------------------------------------------------------------------------------


def sign_in(username: str, password: str = PASSWORD) -> tuple[int, dict[str, Any]]:
    """By allauth's app API, as a counter does."""
    body = json.dumps({"username": username, "password": password}).encode()
    status, _, answer = client_line()("POST", "/_allauth/app/v1/auth/login", body)
    return status, json.loads(answer)


def token(username: str) -> str:
    status, answer = sign_in(username)
    assert status == 200, answer
    return str(answer["meta"]["session_token"])


def test_a_clerk_signs_in_by_the_app_api_and_is_told_who_they_are(hall: None) -> None:
    held = token("clerk")
    line = client_line()
    status, _, body = line("GET", "/api/v1/me", X_Session_Token=held)
    assert status == 200
    assert json.loads(body)["clerk"] == {
        "id": "p-clerk",
        "name": "何晓",
        "roles": ["clerk"],
        "node": "330281001201",
        "department": "",
    }
    assert line("DELETE", "/_allauth/app/v1/auth/session", X_Session_Token=held)[0] == 401  # allauth: signed out
    status, _, body = line("GET", "/api/v1/me", X_Session_Token=held)
    assert (status, json.loads(body)["code"]) == (401, "signin.needed")
    assert sign_in("clerk", "wrong")[0] == 400


def test_a_second_factor_is_asked_for_and_sealed(hall: None) -> None:
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal import auth as totp

    secret = totp.generate_totp_secret()
    totp.TOTP.activate(person("clerk"), secret)
    assert secret not in json.dumps(Authenticator.objects.get().data)
    status, answer = sign_in("clerk")
    assert status == 401
    assert "mfa_authenticate" in [flow["id"] for flow in answer["data"]["flows"]]
    held = answer["meta"]["session_token"]
    line = client_line()
    assert line("GET", "/api/v1/me", X_Session_Token=held)[0] == 401
    *_, counter = totp.yield_hotp_counters_from_time()
    code = totp.format_hotp_value(totp.hotp_value(secret, counter))
    status, _, body = line(
        "POST", "/_allauth/app/v1/auth/2fa/authenticate", json.dumps({"code": code}).encode(), X_Session_Token=held
    )
    assert status == 200, body
    held = json.loads(body)["meta"].get("session_token", held)
    assert line("GET", "/api/v1/me", X_Session_Token=held)[0] == 200


def test_a_revoked_clerk_is_out_at_once(hall: None) -> None:
    held = token("clerk")
    revoke_user(person("clerk"))
    assert client_line()("GET", "/api/v1/me", X_Session_Token=held)[0] == 401
    assert sign_in("clerk")[0] != 200


def test_nobody_signs_up(hall: None) -> None:
    body = json.dumps({"username": "x", "password": "korrekt-Pferd-43"}).encode()
    assert client_line()("POST", "/_allauth/app/v1/auth/signup", body)[0] in (403, 409)


def test_guessing_passwords_is_slowed_down(hall: None) -> None:
    codes = [sign_in("clerk", f"wrong-{n}")[0] for n in range(12)]
    assert codes[0] == 400 and codes[-1] in (400, 429)
    assert sign_in("clerk")[0] != 200  # not even with the right one, for a while


def test_the_case_view_and_its_etag(desk: Desk, received: str) -> None:
    status, headers, body = desk.call("GET", f"/api/v1/cases/{received}")
    assert status == 200
    view = CaseView.model_validate_json(body)
    assert view.node_path == "宁波市余姚市凤山街道永丰村"
    assert view.department is not None and view.department.code == "330203-market"
    assert view.clock.state == "not_started" and view.flags == ()
    assert view.progress_url.startswith(f"http://127.0.0.1:8000/p/{view.case.number}/")
    assert len(view.actions) == 3 and view.digest == CaseRecord.objects.get().digest
    held = token("haishu")
    line = client_line()
    accept = (f"/api/v1/cases/{received}/accept", b"{}")
    status, _, body = line("POST", *accept, X_Session_Token=held, If_Match='W/"0-0-20260101"')
    assert (status, json.loads(body)["code"]) == (412, "wire.precondition_failed")
    status, newer, body = line("POST", *accept, X_Session_Token=held, If_Match=headers["etag"])
    assert status == 200 and json.loads(body)["case"]["state"] == "accepted"
    assert newer["etag"] != headers["etag"]
    status, _, body = line("POST", *accept, X_Session_Token=held)
    assert (status, json.loads(body)["code"]) == (422, "case.not_allowed")


def test_pages_are_read_through_the_case_only(desk: Desk, received: str, open_desk: Callable[..., Desk]) -> None:
    digest, data = next(iter(desk.pages.items()))
    path = f"/api/v1/cases/{received}/pages/{digest}"
    status, headers, body = desk.call("GET", path)
    assert (status, body, headers["content-type"]) == (200, data, "image/jpeg")
    assert headers["x-content-type-options"] == "nosniff" and "no-store" in headers["cache-control"]
    other = desk.take_in("allowance")
    assert desk.call("GET", f"/api/v1/cases/{other.id}/pages/{digest}")[0] == 404
    assert open_desk("330281001202").call("GET", path)[0] == 404


def test_s11_search_by_number_id_and_name_within_ones_own_node(desk: Desk, open_desk: Callable[..., Desk]) -> None:
    case = desk.take_in()

    def found(desk: Desk, **query: str) -> list[str]:
        status, _, body = desk.call("POST", "/api/v1/cases/search", json.dumps(query).encode())
        assert status == 200
        return [found["id"] for found in json.loads(body)]

    assert found(desk, number=case.number) == found(desk, words=case.number) == [case.id]
    assert found(desk, words=ID_NUMBER.lower()) == found(desk, words="䶮") == [case.id]
    assert found(desk, words="王") == []
    street = open_desk(STREET, clerk="supervisor")
    assert found(street, words=case.number) == [case.id]  # below it
    assert found(open_desk("330281001202"), words=case.number) == []
    assert desk.call("POST", "/api/v1/cases/search", b'{"words": "\\u0000"}')[0] == 422
    assert desk.call("GET", f"/api/v1/cases?q={ID_NUMBER}")[0] in (404, 405)  # words stand in no address
