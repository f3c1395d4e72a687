"""The thin path, whole: enrol, receive, upload, feed, decide, hear of it (issue 2, points 7 and 8)."""

from __future__ import annotations

from contract.case import Accepted, Decided, Kind, Reviewed, State, case_digest
from server.cases import services
from server.cases.models import CaseRecord
from server.org.models import User
from tests.server.desk import Desk


def test_s04_a_haishu_case_from_a_yuyao_village_is_decided_at_haishu_and_seen_where_it_came_in(desk: Desk) -> None:
    actions = desk.begin()
    answer = desk.ask(*actions)
    assert {told.verdict for told in answer.told.values()} == {"done"}
    assert [event.action for event in answer.events] == actions
    case_id = actions[0].case_id
    row = CaseRecord.objects.get(id=case_id)
    assert (row.department, row.state, row.materials_pending) == ("330203-market", State.RECEIVED, True)

    desk.send_pages(case_id)
    row.refresh_from_db()
    assert not row.materials_pending
    answer = desk.ask(watch=(case_id,))
    assert [(event.kind, event.materials_pending) for event in answer.events] == [("pages", False)]
    assert answer.words[case_id].digest == case_digest(actions, desk.pages)
    assert answer.words[case_id].wanted == ()

    officer = User.objects.get(username="haishu")
    services.accept(case_id, officer, Accepted())
    services.review(case_id, officer, Reviewed())
    services.approve(case_id, officer, Decided(opinion="符合条件", document="海曙食许〔2026〕1号"))
    answer = desk.ask()
    assert [event.action.kind for event in answer.events if event.action] == [Kind.ACCEPT, Kind.REVIEW, Kind.APPROVE]
    status, headers, body = desk.call("GET", f"/api/v1/cases/{case_id}")
    assert status == 200 and b'"state":"approved"' in body
    assert desk.call("GET", f"/api/v1/cases/{case_id}", If_None_Match=headers["etag"])[0] == 304


def test_a_window_with_the_power_to_accept_accepts_on_the_spot(desk: Desk) -> None:
    case = desk.take_in("allowance")
    accept = desk.act(case.id, Kind.ACCEPT, Accepted(), after=case.last_action)
    assert desk.told(accept).verdict == "done"
    row = CaseRecord.objects.get(id=case.id)
    assert row.state == State.ACCEPTED
    assert row.due_on is not None
