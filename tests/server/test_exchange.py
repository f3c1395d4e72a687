"""Rounds: what is kept, what is refused and why, and that any of it may be repeated."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from contract.case import (
    Accepted,
    Action,
    Author,
    Corrected,
    Declined,
    Delivered,
    Ground,
    Kind,
    State,
    SupplementAsked,
    Supplemented,
    SupplementItem,
    Voided,
    case_digest,
)
from contract.exchange import PoolReport, SignedAction, Told, Verdict
from contract.ids import case_number
from contract.material import CaseMaterial, Source
from contract.node import Power, Route, Tree, powers_at
from contract.person import Role, Tie
from contract.wire import canonical
from server.cases.models import CaseRecord, EventRecord
from server.catalogue.matters import publish
from server.catalogue.models import MatterVersion
from server.exchange import early
from server.exchange.models import EarlyAct
from server.org.accounts import revoke_user
from server.org.models import NumberBlock, Station, User, touch
from tests.server.desk import HAISHU, ID_NUMBER, STREET, VILLAGE, YUYAO, Desk, folded, food


def code(told: Told) -> str:
    assert told.verdict is Verdict.REFUSED, told
    assert told.problem is not None
    return str(told.problem["code"])


# --- once and only once -----------------------------------------------------------------------------------------------


def test_f08_a_round_may_be_repeated_and_both_ends_compare_digests(desk: Desk) -> None:
    actions = desk.begin()
    first = desk.ask(*actions, cursor=0)
    again = desk.ask(*actions, cursor=0)
    assert {told.verdict for told in first.told.values()} == {"done"}
    assert {told.verdict for told in again.told.values()} == {"already"}
    assert first.events == again.events and len(first.events) == 3
    word = again.words[actions[0].case_id]
    assert word.digest == case_digest(actions, ())
    assert set(word.wanted) == set(desk.pages)
    assert EventRecord.objects.count() == 3


def test_the_same_id_with_another_body_is_a_conflict_and_never_an_overwrite(desk: Desk) -> None:
    actions = desk.begin()
    desk.ask(*actions)
    forged = actions[0].model_copy(update={"body": {**actions[0].body, "phone": "0574-00001111"}})
    assert code(desk.told(forged)) == "action.conflict"
    other_kind = actions[0].model_copy(update={"kind": Kind.VOID})
    assert code(desk.told(other_kind)) == "action.conflict"
    assert CaseRecord.objects.get().to_wire().phone == ""


def test_the_first_refused_act_of_a_case_holds_the_later_ones_and_no_others(desk: Desk) -> None:
    bad, good = desk.begin(answers={}), desk.begin()
    mixed = [bad[0], good[0], bad[1], good[1], bad[2], good[2]]
    void = desk.act(bad[0].case_id, Kind.VOID, Voided(reason="重复"), after=bad[2].id)
    told = desk.ask(*mixed, void).told
    assert [told[action.id].verdict for action in good] == ["done"] * 3
    assert [told[action.id].verdict for action in bad] == ["done", "done", "refused"]
    assert code(told[bad[2].id]) == "case.form_mistakes"
    assert code(told[void.id]) == "case.earlier_refused"


def test_a_malformed_act_is_refused_alone(desk: Desk) -> None:
    good = desk.begin()
    text = canonical(good[0])

    def signed(text: str) -> SignedAction:
        return SignedAction(action=text, station=desk.id, signature=desk.sign(text))

    plain = json.loads(text)
    apart = {"case_id": "01935b3c-0000-7000-8000-000000000000"}
    odd = {
        "no json": "{",
        "a list": "[]",
        "deep": "[" * 20000,
        "a field too many": canonical({**plain, **apart, "id": "a", "more": 1}),
        "not canonical": json.dumps({**plain, **apart, "id": "b"}, indent=1),
        "no time zone": canonical({**plain, **apart, "id": "c", "made_at": "2026-11-20T09:00:00"}),
        "unknown kind": canonical({**plain, **apart, "id": "d", "kind": "explode"}),
        "another station": canonical({**plain, **apart, "id": "e", "station": "another"}),
        "an id too long": canonical({**plain, "case_id": "x" * 37, "id": "g"}),
        "an id with a quote": canonical({**plain, **apart, "id": "h' or 1"}),
        "a nul": canonical({**plain, **apart, "id": "i", "body": {"x": "\0"}}),
        "too large": canonical({**plain, **apart, "id": "f", "body": {"x": "x" * (1 << 20)}}),
    }
    answer = desk.ask(*(signed(text) for text in odd.values()), *good)
    assert [answer.told[action.id].verdict for action in good] == ["done"] * 3
    refused = [told for told in answer.told.values() if told.verdict is Verdict.REFUSED]
    assert len(refused) == len(odd)
    codes = {code(told) for told in refused}
    assert codes == {"action.malformed", "action.not_canonical", "action.wrong_station", "action.too_large"}


def test_only_what_the_stations_key_signed_is_believed(desk: Desk, open_desk: Callable[..., Desk]) -> None:
    action = desk.begin()[0]
    unsigned = desk.signed(action).model_copy(update={"signature": desk.sign("else")})
    assert code(desk.ask(unsigned).told[action.id]) == "action.signature_wrong"
    other = open_desk()
    assert code(other.ask(desk.signed(action)).told[action.id]) == "action.wrong_station"


def test_rule_10_what_comes_before_its_earlier_act_is_kept_and_applied_behind_it(desk: Desk) -> None:
    actions = desk.begin()
    for told in desk.ask(*actions[1:]).told.values():  # a parcel that was exported too late
        assert code(told) == "case.waits_for_earlier" and told.problem is not None and told.problem["retry"] == "again"
    assert not CaseRecord.objects.exists() and EarlyAct.objects.count() == 2
    assert desk.told(actions[0]).verdict == "done"
    row = CaseRecord.objects.get()
    assert row.state == State.RECEIVED and not EarlyAct.objects.exists()
    assert [event.action_id for event in row.events.order_by("seq")] == [action.id for action in actions]
    assert {told.verdict for told in desk.ask(*actions).told.values()} == {"already"}


def test_rule_10_an_early_act_that_does_not_fit_in_the_end_is_never_applied(desk: Desk) -> None:
    actions = desk.begin()
    bad = actions[2].model_copy(update={"author": actions[2].author.model_copy(update={"id": "nobody"})})
    assert code(desk.told(bad)) == "case.waits_for_earlier"
    assert {told.verdict for told in desk.ask(*actions[:2]).told.values()} == {"done"}
    assert CaseRecord.objects.get().state == State.DRAFT
    assert EarlyAct.objects.get().problem == "author.unknown" == code(desk.told(bad))


def test_rule_10_beyond_the_limit_and_after_too_long_a_person_is_to_look(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions = desk.begin()
    monkeypatch.setattr(early, "KEPT_OF_A_CASE", 1)
    assert code(desk.told(actions[1])) == "case.waits_for_earlier"
    flagged = desk.told(actions[2])
    assert code(flagged) == "case.earlier_missing" and flagged.problem is not None
    assert flagged.problem["retry"] == "after_fix"
    EarlyAct.objects.update(came_at=timezone.now() - early.KEPT_FOR - timedelta(minutes=1))
    assert code(desk.told(actions[1])) == "case.earlier_missing"
    assert {told.verdict for told in desk.ask(*actions).told.values()} == {"done", "already"}
    assert CaseRecord.objects.get().state == State.RECEIVED


def test_two_stations_acted_apart_and_the_servers_order_wins(desk: Desk, open_desk: Callable[..., Desk]) -> None:
    case = desk.take_in()
    other = open_desk()
    theirs = other.act(case.id, Kind.CORRECT, Corrected(reason="电话", phone="0574-1"), after=case.last_action)
    ours = desk.act(case.id, Kind.VOID, Voided(reason="重复"), after=case.last_action)
    assert other.told(theirs).verdict == "done"
    assert code(desk.told(ours)) == "case.out_of_order"
    assert CaseRecord.objects.get().state == State.RECEIVED


@pytest.mark.parametrize("off", [timedelta(days=-2000), timedelta(days=-1), timedelta(days=1), timedelta(days=365)])
def test_rule_11_f29_deadlines_count_by_the_servers_time(desk: Desk, off: timedelta) -> None:
    """A dead battery, a clock set by hand: the station may have known how far it is off, or not."""
    for offset in (round(-off / timedelta(milliseconds=1)), None):
        acts = [
            act.model_copy(update={"made_at": act.made_at + off, "server_offset_ms": offset}) for act in desk.begin()
        ]
        assert {told.verdict for told in desk.ask(*acts).told.values()} == {"done"}
        case = CaseRecord.objects.get(id=acts[0].case_id).to_wire()
        assert case.received_at is not None and abs(timezone.now() - case.received_at) < timedelta(minutes=1)
        kept = EventRecord.objects.filter(case_id=case.id).order_by("seq").last()
        assert kept is not None and kept.to_action() == acts[-1]  # what was signed stays


def test_rule_11_a_clock_that_can_be_right_is_believed(desk: Desk) -> None:
    Station.objects.update(enrolled_at=timezone.now() - timedelta(days=30))
    touch()
    days_ago = timezone.now() - timedelta(days=3)  # without a line since
    acts = [act.model_copy(update={"made_at": days_ago, "server_offset_ms": None}) for act in desk.begin()]
    assert {told.verdict for told in desk.ask(*acts).told.values()} == {"done"}
    case = CaseRecord.objects.get(id=acts[0].case_id).to_wire()
    assert case.received_at is not None and abs(days_ago - case.received_at) < timedelta(minutes=1)


def test_an_act_from_the_future_is_held(desk: Desk) -> None:
    action = desk.begin()[0]
    later = action.model_copy(update={"made_at": action.made_at + timedelta(days=3)})
    assert code(desk.told(later)) == "action.from_the_future"
    corrected = later.model_copy(update={"server_offset_ms": -3 * 86_400_000})
    assert desk.told(corrected).verdict == "done"


def test_a_strange_protocol_is_refused_as_a_whole(desk: Desk) -> None:
    ask = {"protocol": 2, "sent_at": "2026-11-20T09:00:00+08:00"}
    status, _, body = desk.call("POST", "/api/v1/exchange", json.dumps(ask).encode())
    assert (status, json.loads(body)["code"]) == (409, "wire.protocol_unknown")


# --- who --------------------------------------------------------------------------------------------------------------


def by(desk: Desk, **changes: Any) -> Action:
    return desk.begin()[0].model_copy(update={"author": desk.author.model_copy(update=changes)})


def test_f09_the_author_must_be_ours_work_here_and_have_the_role(desk: Desk) -> None:
    assert code(desk.told(by(desk, id="p-nobody"))) == "author.unknown"
    assert code(desk.told(by(desk, id="p-haishu-clerk"))) == "author.elsewhere"
    assert code(desk.told(by(desk, role=Role.SUPERVISOR))) == "case.wrong_role"
    assert code(desk.told(by(desk, id="p-haishu", role=Role.OFFICER))) == "case.wrong_role"
    assert code(desk.told(by(desk, role=Role.SYSTEM))) == "case.wrong_role"
    assert desk.told(by(desk, id="p-supervisor", role=Role.SUPERVISOR)).verdict == "done"
    User.objects.filter(id="p-haishu-clerk").update(delegated=[VILLAGE])
    assert desk.told(by(desk, id="p-haishu-clerk")).verdict == "done"


def test_s24_what_a_clerk_did_before_being_revoked_still_counts(desk: Desk) -> None:
    before = desk.begin()
    revoke_user(User.objects.get(username="clerk"))
    after = desk.begin()
    answer = desk.ask(*before)
    assert {told.verdict for told in answer.told.values()} == {"done"}
    assert answer.revoked == ("p-clerk",)
    assert code(desk.told(after[0])) == "author.revoked"


# --- powers -----------------------------------------------------------------------------------------------------------


def test_u01_a_window_without_the_power_to_accept_starts_no_clock(desk: Desk) -> None:
    case = desk.take_in("food")
    accept = desk.act(case.id, Kind.ACCEPT, Accepted(), after=case.last_action)
    assert code(desk.told(accept)) == "case.no_power"
    decline = desk.act(case.id, Kind.DECLINE, Declined(ground=Ground.NOT_MET, reason="不符合"), after=case.last_action)
    assert code(desk.told(decline)) == "case.no_power"
    row = CaseRecord.objects.get()
    assert (row.state, row.due_on) == (State.RECEIVED, None)


def test_u01_a_node_outside_the_grant_receives_nothing(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk("330203001", clerk="haishu-clerk")
    tree = Tree(desk.pack.nodes)
    offered = [offering for offering in desk.pack.offerings if offering.matter == "allowance"]
    assert offered and not any(Power.RECEIVE in powers_at(offering, desk.node, tree) for offering in offered)  # S03
    actions = desk.begin("allowance")
    assert code(desk.told(actions[0])) == "case.no_power"


def test_a_window_accepts_only_from_today_and_never_by_silence(desk: Desk) -> None:
    case = desk.take_in("allowance")
    for body in (Accepted(deemed=True), Accepted(on=(datetime.now(UTC) - timedelta(days=9)).date())):
        accept = desk.act(case.id, Kind.ACCEPT, body, after=case.last_action)
        assert code(desk.told(accept)) == "case.body_malformed"


def test_a_desk_elsewhere_neither_sees_nor_touches_the_case(desk: Desk, open_desk: Callable[..., Desk]) -> None:
    case = desk.take_in()
    other = open_desk("330281001202")
    User.objects.filter(id="p-clerk").update(delegated=["330281001202"])
    void = other.act(case.id, Kind.VOID, Voided(reason="重复"), after=case.last_action)
    answer = other.ask(void, watch=(case.id,))
    assert code(answer.told[void.id]) == "case.not_found"
    assert answer.words == {} and answer.events == ()
    assert other.call("GET", f"/api/v1/cases/{case.id}")[0] == 404


def test_the_case_is_opened_at_the_stations_own_node(desk: Desk) -> None:
    action = desk.begin()[0]
    elsewhere = action.model_copy(update={"body": {**action.body, "node": STREET}})
    assert code(desk.told(elsewhere)) == "case.elsewhere"


# --- routes -----------------------------------------------------------------------------------------------------------


def received(desk: Desk, **how: Any) -> Told:
    actions = desk.begin(**how)
    return desk.ask(*actions).told[actions[2].id]


@pytest.mark.parametrize(
    "route",
    [
        Route(department=f"{YUYAO}-market", area=YUYAO, field="applicant.address"),  # not where the applicant lives
        Route(department=f"{HAISHU}-market", area=YUYAO, field="applicant.address"),
        Route(department=f"{HAISHU}-market", area=HAISHU, field="node"),
        Route(department="330203-police", area=HAISHU, field="applicant.address"),
    ],
)
def test_s04_a_route_that_the_field_does_not_give_is_refused(desk: Desk, route: Route) -> None:
    assert code(received(desk, route=route)) == "case.route_implausible"


def test_an_address_that_leaves_several_departments_needs_a_choice_that_is_kept(desk: Desk) -> None:
    route = Route(department=f"{HAISHU}-market", area=HAISHU, field="applicant.address")
    assert code(received(desk, address="浙江省", route=route)) == "case.route_not_chosen"
    chosen = route.model_copy(update={"chosen_by": "p-clerk", "chosen_from": (f"{HAISHU}-market", f"{YUYAO}-market")})
    assert received(desk, address="浙江省", route=chosen).verdict == "done"
    kept = CaseRecord.objects.get(state=State.RECEIVED).to_wire().route
    assert kept is not None and kept.chosen_by == "p-clerk"


# --- content ----------------------------------------------------------------------------------------------------------


def test_s10_the_server_refuses_what_the_screen_would_have_refused(desk: Desk) -> None:
    told = received(desk, answers={"shop": "x" * 61, "area": 0, "colour": "red"})
    assert code(told) == "case.form_mistakes"
    assert told.problem is not None and told.problem["facts"]["fields"] == "shop, area, colour"
    assert "xxx" not in json.dumps(told.problem)


def test_s09_an_old_version_is_taken_and_checked_by_its_own_rules(desk: Desk) -> None:
    stricter = food(2)
    stricter = stricter.model_copy(
        update={"form": stricter.form.model_copy(update={"data": {**stricter.form.data, "required": ["shop", "area"]}})}
    )
    publish(stricter)
    MatterVersion.objects.filter(code="food", version=1).update(withdrawn_at=timezone.now())
    assert received(desk).verdict == "done"
    assert code(received(desk, version=2)) == "case.form_mistakes"
    actions = desk.begin(version=9)
    assert code(desk.told(actions[0])) == "matter.unknown"


def test_f27_a_missing_material_stops_the_receipt_but_not_a_promised_one(desk: Desk) -> None:
    chip = CaseMaterial(code="id_card", name="居民身份证", source=Source.CHIP)
    licence = CaseMaterial(code="licence", name="营业执照", pages=(desk.page(),))
    later = CaseMaterial(code="lease", name="租赁合同", promised_until=datetime.now(UTC).date() + timedelta(days=7))
    told = received(desk, materials=[chip, later])
    assert code(told) == "case.materials_missing"
    assert told.problem is not None and told.problem["facts"]["materials"] == "营业执照"
    assert received(desk, materials=[chip, licence, later]).verdict == "done"


def test_f27_a_supplement_is_complete_or_nothing(desk: Desk) -> None:
    actions = desk.begin()[:2]
    number, case_id = desk.number(), actions[0].case_id
    asked = desk.act(
        case_id,
        Kind.ASK_SUPPLEMENT,
        SupplementAsked(
            items=(SupplementItem(material="lease", what="缺租赁合同"),),
            number=number,
            route=Route(department=f"{HAISHU}-market", area=HAISHU, field="applicant.address"),
            materials=(
                CaseMaterial(code="id_card", name="居民身份证", source=Source.CHIP),
                CaseMaterial(code="licence", name="营业执照", pages=(desk.page(),)),
            ),
        ),
        after=actions[1].id,
    )
    assert {told.verdict for told in desk.ask(*actions, asked).told.values()} == {"done"}
    empty = desk.act(case_id, Kind.SUPPLEMENT, Supplemented(), after=asked.id)
    assert code(desk.told(empty)) == "case.materials_missing"
    lease = CaseMaterial(code="lease", name="租赁合同", pages=(desk.page(),))
    whole = desk.act(case_id, Kind.SUPPLEMENT, Supplemented(materials=(lease,)), after=asked.id)
    assert desk.told(whole).verdict == "done"
    row = CaseRecord.objects.get()
    assert (row.state, row.number) == (State.RECEIVED, number)


# --- the way back -----------------------------------------------------------------------------------------------------


def test_u05_who_stood_by_a_late_correction_is_a_supervisor_of_ours(desk: Desk) -> None:
    case = desk.take_in()

    def stood_by(user: str, role: Role = Role.SUPERVISOR) -> Told:
        body = Corrected(
            reason="电话写错", phone="0574-00001111", supervisor=Author(id=user, name="苏盈", role=role, node=STREET)
        )
        return desk.told(desk.act(case.id, Kind.CORRECT, body, after=case.last_action))

    for nobody in ("p-nobody", "p-clerk", "p-haishu"):
        assert code(stood_by(nobody)) == "supervisor.unfit"
    User.objects.filter(id="p-supervisor").update(node=HAISHU)
    assert code(stood_by("p-supervisor")) == "supervisor.unfit"
    User.objects.filter(id="p-supervisor").update(node=STREET)
    assert stood_by("p-supervisor").verdict == "done"
    revoke_user(User.objects.get(username="supervisor"))
    case = case.model_copy(update={"last_action": EventRecord.objects.filter(verb="correct").get().action_id})
    assert code(stood_by("p-supervisor")) == "supervisor.unfit"


def test_u05_a_correction_keeps_the_chips_words_the_form_and_the_department(desk: Desk) -> None:
    case = desk.take_in()
    handler = case.parties.handler

    def corrected(**changes: Any) -> Told:
        return desk.told(desk.act(case.id, Kind.CORRECT, Corrected(reason="写错", **changes), after=case.last_action))

    elsewhere = handler.model_copy(update={"address": "浙江省宁波市余姚市凤山街道永丰村1号"})
    moved = case.parties.model_copy(update={"handler": elsewhere, "applicant": elsewhere})
    assert code(corrected(parties=moved)) == "case.chip_data"
    assert code(corrected(answers={"shop": ""})) == "case.form_mistakes"
    agent = case.parties.model_copy(update={"tie": Tie.GUARDIAN})
    assert code(corrected(parties=agent)) == "matter.not_for"
    assert corrected(answers={"shop": "禾苗食品店"}).verdict == "done"
    row = CaseRecord.objects.get().to_wire()
    assert (row.answers["shop"], row.number) == ("禾苗食品店", case.number)


def test_u05_nothing_is_corrected_into_another_departments_hands(desk: Desk) -> None:
    case = desk.take_in(read="manual")
    typed = case.parties.handler.model_copy(update={"address": "浙江省宁波市余姚市凤山街道永丰村1号"})
    parties = case.parties.model_copy(update={"handler": typed, "applicant": typed})
    moved = desk.act(case.id, Kind.CORRECT, Corrected(reason="写错", parties=parties), after=case.last_action)
    assert code(desk.told(moved)) == "case.route_implausible"


def test_who_the_matter_is_not_for(desk: Desk) -> None:
    action = desk.begin()[0]
    parties = {**action.body["parties"], "tie": "guardian"}
    assert code(desk.told(action.model_copy(update={"body": {**action.body, "parties": parties}}))) == "matter.not_for"


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_numbers_come_from_the_stations_own_blocks_and_are_used_once(
    desk: Desk, open_desk: Callable[..., Desk]
) -> None:
    number = desk.number()
    assert received(desk, number=number).verdict == "done"
    assert code(received(desk, number=number)) == "number.used"
    other = open_desk()
    assert other.joined.blocks[0].first == 201
    assert code(received(desk, number=case_number(YUYAO, 201))) == "number.not_yours"
    assert code(received(desk, number=case_number(HAISHU, 1))) == "number.not_yours"
    assert code(received(desk, number="330281-00000001-0")) == "number.malformed"


def test_the_number_of_a_voided_case_is_never_used_again(desk: Desk) -> None:
    case = desk.take_in()
    desk.ask(desk.act(case.id, Kind.VOID, Voided(reason="重复收件"), after=case.last_action))
    assert CaseRecord.objects.get().state == State.VOIDED
    assert code(received(desk, number=case.number)) == "number.used"


def test_a_new_block_comes_when_less_than_half_is_left(desk: Desk) -> None:
    def blocks(left: int, county: str = YUYAO) -> list[int]:
        return [block.first for block in desk.ask(pools=(PoolReport(county=county, left=left),)).blocks]

    assert blocks(100) == []
    assert blocks(99, HAISHU) == []
    assert blocks(99) == [201]
    assert [blocks(0) for _ in range(4)] == [[401], [601], [], []]  # answers lost for ever hoard no more than this
    NumberBlock.objects.update(given_at=timezone.now() - timedelta(hours=2))
    assert blocks(0) == [801]


# --- news -------------------------------------------------------------------------------------------------------------


def test_news_come_in_pages_after_the_cursor(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.exchange.round.NEWS", 2)
    desk.ask(*desk.begin(), *desk.begin(), cursor=0)
    seen = []
    desk.cursor, more = 0, True
    while more:
        answer = desk.ask()
        seen += [event.n for event in answer.events]
        more = answer.more
    assert seen == [1, 2, 3, 4, 5, 6]
    assert desk.ask().events == () and desk.ask().cursor == 6
    monkeypatch.setattr("server.exchange.round.NEWS_LENGTH", 10)
    answer = desk.ask(cursor=0)
    assert len(answer.events) == 1 and answer.more


def test_a_round_asks_the_database_for_little(desk: Desk, django_assert_max_num_queries: Any) -> None:
    """Thousands of stations ask for news every half minute, and all bring a day's cases when a line comes back."""
    desk.take_in()
    desk.ask()
    with django_assert_max_num_queries(3):
        desk.ask()
    acts = desk.begin()
    with django_assert_max_num_queries(50):
        desk.ask(*acts)


def test_the_case_is_handed_over_by_the_node_that_took_it_in(desk: Desk) -> None:
    from contract.case import Decided, Reviewed
    from server.cases import services

    case = desk.take_in()
    desk.send_pages(case.id)
    officer = User.objects.get(username="haishu")
    services.accept(case.id, officer, Accepted())
    services.review(case.id, officer, Reviewed())
    services.approve(case.id, officer, Decided(opinion="准予"))
    last = [event.action.id for event in desk.ask().events if event.action][-1]
    told = desk.told(desk.act(case.id, Kind.DELIVER, Delivered(receiver="applicant"), after=last))
    assert told.verdict == "done"
    assert CaseRecord.objects.get().state == State.DELIVERED


def test_nothing_personal_is_in_what_a_refusal_says(desk: Desk) -> None:
    answer = desk.ask(*desk.begin(answers={}), *desk.begin(number="330281-00000001-0"))
    refused = json.dumps([told.problem for told in answer.told.values()], ensure_ascii=False)
    assert ID_NUMBER not in refused and "陈" not in refused


def test_what_the_desk_thinks_is_what_the_server_has(desk: Desk) -> None:
    actions = desk.begin()
    desk.ask(*actions)
    ours = folded(actions)
    theirs = CaseRecord.objects.get().to_wire()
    assert theirs == ours.model_copy(update={"materials_pending": True})
