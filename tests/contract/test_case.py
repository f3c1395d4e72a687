"""The life of a case: the table, the fold, who may do what, and the way back (S01, S08, U01, U05, F27)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contract.case import (
    BODIES,
    ROLES,
    TRANSITIONS,
    Action,
    Author,
    Case,
    Flag,
    Kind,
    State,
    apply,
    case_digest,
    changed,
    fold,
    needs_supervisor,
    pages_of,
)
from contract.clock import Tick
from contract.ids import case_number
from contract.person import Role
from contract.problem import Problem

WHEN = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
NUMBER = case_number("330281", 4317)
PERSON = {"name": "陈𠮷文", "number": "11010519491231002X", "address": "浙江省宁波市海曙区鼓楼街道孝闻社区1号"}
PARTIES = {"applicant": {"kind": "person", **PERSON}, "handler": {"kind": "person", **PERSON}, "tie": "self"}
ROUTE = {"department": "330203-scjg", "area": "330203", "field": "applicant.address"}
PAGE = {"digest": "a" * 64, "size": 10, "media_type": "image/jpeg"}
MATERIALS = [{"code": "lease", "name": "租赁合同", "pages": [PAGE]}]


class Doing:
    """Makes one action after another on one case, as a station does."""

    def __init__(self, at: datetime = WHEN) -> None:
        self.at, self.last, self.done = at, "", list[Action]()
        self.case: Case | None = None

    def do(self, kind: Kind, role: Role = Role.CLERK, days: int = 0, **body: Any) -> Case:
        self.at += timedelta(days=days, seconds=1)
        action = Action(
            id=f"a{len(self.done)}", case_id="c1", kind=kind, body=body, station="s1", made_at=self.at, after=self.last,
            author=Author(id="k1", name="周敏", role=role, node="330281001"),
        )  # fmt: skip
        self.case = apply(self.case, action)
        self.last = action.id
        self.done.append(action)
        return self.case

    def received(self) -> Case:
        self.do(Kind.OPEN, node="330281001", matter="spjy", matter_version=1, parties=PARTIES)
        self.do(
            Kind.CONFIRM_PERSON, identity={"source": "chip", "confirmed_by": "k1", "confirmed_at": WHEN.isoformat()}
        )
        return self.do(Kind.RECEIVE, number=NUMBER, route=ROUTE, materials=MATERIALS)


def test_s01_one_case_walks_from_application_to_archive() -> None:
    doing = Doing()
    case = doing.received()
    assert (case.state, case.number, case.clock) == (State.RECEIVED, NUMBER, ())
    case = doing.do(Kind.ACCEPT, Role.OFFICER)
    assert case.accepted_on == WHEN.date() and Flag.SEAL_PENDING in case.flags
    doing.do(Kind.REVIEW, Role.OFFICER)
    case = doing.do(Kind.APPROVE, Role.OFFICER, opinion="符合条件，准予许可")
    assert case.state is State.APPROVED
    doing.do(Kind.DELIVER, how="window", receiver="handler")
    assert doing.do(Kind.ARCHIVE, Role.SYSTEM).state is State.ARCHIVED
    assert fold(None, doing.done) == (doing.case, None)


def test_every_kind_has_a_body_a_role_and_a_place_in_the_table() -> None:
    assert set(BODIES) == set(ROLES) == set(Kind) == {kind for _, kind in TRANSITIONS}
    reached = {State.DRAFT} | set(TRANSITIONS.values())
    assert reached == set(State)


def test_s08_a_clerk_may_not_approve_and_an_officer_may_not_receive() -> None:
    doing = Doing()
    doing.received()
    doing.do(Kind.ACCEPT, Role.OFFICER)
    doing.do(Kind.REVIEW, Role.OFFICER)
    with pytest.raises(Problem, match="case.wrong_role"):
        doing.do(Kind.APPROVE, Role.CLERK, opinion="准予")
    other = Doing()
    with pytest.raises(Problem, match="case.wrong_role"):
        other.do(Kind.OPEN, Role.OFFICER, node="x", matter="m", matter_version=1, parties=PARTIES)


def test_what_the_state_does_not_allow_is_refused_and_changes_nothing() -> None:
    doing = Doing()
    before = doing.received()
    with pytest.raises(Problem, match="case.not_allowed"):
        doing.do(Kind.DELIVER)
    assert doing.case == before


def test_an_action_that_missed_another_is_out_of_order() -> None:
    doing = Doing()
    doing.received()
    doing.last = "a0"
    with pytest.raises(Problem, match="case.out_of_order"):
        doing.do(Kind.ACCEPT, Role.OFFICER)


def test_rule_03_fold_stops_at_the_first_that_no_longer_fits() -> None:
    doing = Doing()
    doing.received()
    doing.do(Kind.VOID, reason="重复收件")
    later = Action.model_validate({**doing.done[-1].model_dump(), "id": "z", "kind": "correct", "after": "a3"})
    case, problem = fold(None, [*doing.done, later])
    assert case == doing.case and problem is not None and problem.code == "case.not_allowed"


def test_u05_voiding_is_for_the_same_day_and_later_for_a_supervisor() -> None:
    doing = Doing()
    doing.received()
    with pytest.raises(Problem, match="case.void_too_late"):
        doing.do(Kind.VOID, days=1, reason="重复收件")
    assert doing.do(Kind.VOID, Role.SUPERVISOR, reason="重复收件").state is State.VOIDED


def test_what_was_voided_waits_for_no_seal() -> None:
    doing = Doing()
    doing.received()
    assert Flag.SEAL_PENDING in doing.do(Kind.ACCEPT).flags
    assert Flag.SEAL_PENDING not in doing.do(Kind.VOID, reason="重复收件").flags


def test_u05_a_correction_keeps_its_reason_and_names_the_replaced_paper() -> None:
    doing = Doing()
    doing.received()
    case = doing.do(Kind.CORRECT, reason="电话写错", phone="13800000000", replaces=[f"{NUMBER}-SJ-1"])
    assert case.phone == "13800000000" and case.corrections[0].replaces == (f"{NUMBER}-SJ-1",)
    assert Flag.CORRECTED in case.flags and case.number == NUMBER


LU = {"id": "lufangfang", "name": "鲁芳芳", "role": "supervisor", "node": "330281"}


def test_u05_later_than_the_day_a_supervisor_stands_by_the_clerk() -> None:
    doing = Doing()
    received = doing.received()
    day = doing.done[-1].at.date()
    assert not needs_supervisor(received, Kind.CORRECT, Role.CLERK, day)
    assert needs_supervisor(received, Kind.VOID, Role.CLERK, day + timedelta(days=1))
    assert not needs_supervisor(received, Kind.VOID, Role.SUPERVISOR, day + timedelta(days=1))
    assert not needs_supervisor(received, Kind.WITHDRAW, Role.CLERK, day + timedelta(days=1))
    with pytest.raises(Problem, match="case.correct_too_late"):
        doing.do(Kind.CORRECT, days=1, reason="电话写错", phone="13800000000")
    colleague = {**LU, "role": "clerk"}
    with pytest.raises(Problem, match="case.correct_too_late"):
        doing.do(Kind.CORRECT, days=1, reason="电话写错", phone="13800000000", supervisor=colleague)
    case = doing.do(Kind.CORRECT, days=1, reason="电话写错", phone="13800000000", supervisor=LU)
    assert case.phone == "13800000000" and case.corrections[0].supervisor is not None
    assert doing.do(Kind.VOID, days=1, reason="重复收件", supervisor=LU, supervisor_offline=True).voided is not None


def test_u05_what_a_correction_changes_is_told_old_and_new() -> None:
    doing = Doing()
    before = doing.received()
    person = before.parties.handler.model_copy(update={"phone": "13900000000"})
    both = before.parties.model_copy(update={"applicant": person, "handler": person}).model_dump(mode="json")
    after = doing.do(Kind.CORRECT, reason="写错", phone="13900000000", parties=both, answers={"staff": 3, "own": False})
    told = {change.name: (change.old, change.new) for change in changed(before, after)}
    assert told == {"phone": (None, "13900000000"), "answers.staff": (None, 3), "answers.own": (None, False)}
    assert changed(before, before) == () and "139" not in repr(changed(before, after))


def test_u05_what_a_chip_gave_is_never_corrected() -> None:
    doing = Doing()
    parties = doing.received().parties
    assert doing.case is not None and doing.case.identity is not None and doing.case.identity.source == "chip"
    someone = parties.handler.model_copy(update={"name": "陈某"})
    for wrong in ({"handler": someone}, {"applicant": someone}):
        with pytest.raises(Problem, match="case.chip_data"):
            doing.do(Kind.CORRECT, reason="改名", parties=parties.model_copy(update=wrong).model_dump(mode="json"))
    told = parties.handler.model_copy(update={"phone": "13800000000", "name_display": "陈䶮"})
    case = doing.do(
        Kind.CORRECT, reason="电话", parties=parties.model_copy(update={"handler": told}).model_dump(mode="json")
    )
    assert case.parties.handler.phone == "13800000000"
    doing.case = case.model_copy(update={"identity": case.identity.model_copy(update={"source": "manual"})})
    other = parties.model_copy(update={"handler": someone}).model_dump(mode="json")
    assert doing.do(Kind.CORRECT, reason="手工录错", parties=other).parties.handler.name == "陈某"


def test_supplements_are_asked_once_and_start_the_five_days_again() -> None:
    doing = Doing()
    received = doing.received().received_at
    doing.do(Kind.ASK_SUPPLEMENT, items=[{"what": "平面图缺少比例尺", "standard": "标注比例尺"}])
    case = doing.do(Kind.SUPPLEMENT, days=2, materials=[{"code": "plan", "name": "平面图", "pages": [PAGE]}])
    assert case.state is State.RECEIVED and [m.code for m in case.materials] == ["lease", "plan"]
    assert case.received_at is not None and received is not None and case.received_at > received
    with pytest.raises(Problem, match="case.asked_already"):
        doing.do(Kind.ASK_SUPPLEMENT, items=[{"what": "再补一份"}])


def test_nobody_decides_while_pages_are_missing() -> None:
    doing = Doing()
    doing.received()
    doing.do(Kind.ACCEPT, Role.OFFICER)
    case = doing.do(Kind.REVIEW, Role.OFFICER)
    doing.case = case.model_copy(update={"materials_pending": True})
    with pytest.raises(Problem, match="case.undecidable"):
        doing.do(Kind.APPROVE, Role.OFFICER, opinion="准予")


def test_a_malformed_body_names_the_field_and_not_its_value() -> None:
    doing = Doing()
    doing.received()
    with pytest.raises(Problem) as raised:
        doing.do(Kind.VOID, reason="")
    assert raised.value.code == "case.body_malformed" and raised.value.facts["field"] == "reason"


def test_f08_digests_agree_only_when_every_page_is_there() -> None:
    doing = Doing()
    doing.received()
    pages = pages_of(doing.done)
    assert pages == {"a" * 64}
    assert case_digest(doing.done, pages) != case_digest(doing.done, ())
    assert case_digest(doing.done, pages) == case_digest(list(doing.done), list(pages) * 2)


def test_reprs_say_nothing_personal() -> None:
    doing = Doing()
    case = doing.received()
    shown = f"{case!r} {doing.done[0]!r} {case.parties!r} {case.parties.applicant!r} {doing.done[0].author!r} {case}"
    for secret in ("陈", "1101051949", "海曙", "周敏"):
        assert secret not in shown


@pytest.mark.parametrize("kind", [Kind.WITHDRAW, Kind.VOID])
def test_s30_a_clock_stops_with_its_case(kind: Kind) -> None:
    doing = Doing()
    doing.received()
    doing.do(Kind.ACCEPT)
    ended = doing.do(kind, reason="申请人撤回")
    assert [event.tick for event in ended.clock] == [Tick.START, Tick.STOP]


def test_nothing_stops_that_never_ran() -> None:
    doing = Doing()
    doing.received()
    assert doing.do(Kind.WITHDRAW).clock == ()
