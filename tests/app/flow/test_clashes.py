"""Rule 9 at the counter: another open case of the same person and matter is said, and confirmed, never refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.cases import acts, lists
from app.desk import today
from app.flow import clashes, finish, steps
from app.flow.draft import Caution, Draft, Missing, panel
from contract.case import Case, Kind, Received, State, body_as
from contract.exchange import Clash, Settlement
from contract.matter import Matter
from contract.problem import Problem
from tests.fakes.counter import STREET, XU, ZHOU, Counter, hall_pack

AGED = "QR-00111-003"  # 老年优待证, accepted at this window


@pytest.fixture(autouse=True)
def one_at_a_time(counter: Counter) -> None:
    """The matter says of itself that two open cases are to be looked at."""
    pack = hall_pack(STREET)

    def marked(matter: Matter) -> Matter:
        return matter.model_copy(update={"clashes": True}) if matter.code == AGED else matter

    matters = tuple(map(marked, pack.matters))
    counter.new_pack(pack.model_copy(update={"version": "with clashes", "matters": matters}))


def said(counter: Counter, draft: Draft) -> tuple[list[Caution], list[Missing]]:
    desk = counter.desk
    found = panel(draft, desk.catalogue(), desk.node, today(desk), clashes.clashing(desk, draft))
    return (
        [one for one in found.cautions if one.kind == "clash"],
        [one for one in found.missing if one.kind == "clash"],
    )


def take_in(counter: Counter, card: str = "yuyao") -> Case:
    return finish.take_in(counter.desk, counter.whole(card, AGED), ZHOU).case


def received(counter: Counter, case: Case) -> Received:
    act = next(act for act in counter.desk.store.cases.actions(case.id) if act.kind is Kind.RECEIVE)
    return body_as(act, Received)


def test_rule_09_the_clerk_is_told_of_the_other_case_and_goes_on_only_knowingly(counter: Counter) -> None:
    desk, first = counter.desk, take_in(counter)
    assert received(counter, first).clash is None
    draft = counter.whole("yuyao", AGED)
    (caution,), (missing,) = said(counter, draft)
    assert (caution.code, caution.label, caution.state) == (first.id, first.number, State.ACCEPTED)
    assert caution.where.endswith("凤山街道") and not caution.confirmed and missing.label == first.number
    with pytest.raises(Problem, match=r"intake\.clash") as caught:
        finish.take_in(desk, draft, ZHOU)
    assert caught.value.facts == {"number": first.number} and desk.store.cases.find(draft.id) is None
    counter.clock.forward(minutes=1)
    draft = clashes.confirm_clash(desk, draft, ZHOU)
    assert steps.resume(desk, draft.id).clash_seen == draft.clash_seen  # it is an act of its own, kept at once
    (caution,), missing_now = said(counter, draft)
    assert caution.confirmed and not missing_now  # still in sight, and nothing stands in the way
    seen = received(counter, finish.take_in(desk, draft, XU).case).clash
    assert seen is not None and (seen.cases, seen.by.id) == ((first.id,), ZHOU.id)
    assert seen.at == counter.clock.now


def test_it_is_asked_again_where_one_more_has_come_since(counter: Counter) -> None:
    desk, first = counter.desk, take_in(counter)
    draft = clashes.confirm_clash(desk, counter.whole("yuyao", AGED), ZHOU)
    other = clashes.confirm_clash(desk, counter.whole("yuyao", AGED), ZHOU)
    second = finish.take_in(desk, other, ZHOU).case
    assert {one.label for one in said(counter, draft)[1]} == {second.number}
    with pytest.raises(Problem, match=r"intake\.clash"):
        finish.take_in(desk, draft, ZHOU)
    seen = received(counter, finish.take_in(desk, clashes.confirm_clash(desk, draft, ZHOU), ZHOU).case).clash
    assert seen is not None and set(seen.cases) == {first.id, second.id}


def test_nobody_is_asked_about_what_is_closed_or_somebody_elses(counter: Counter) -> None:
    desk, first = counter.desk, take_in(counter)
    assert said(counter, counter.begin("haishu", AGED)) == ([], [])
    assert said(counter, counter.begin("yuyao", "XK-00131-001")) == ([], [])
    acts.void(desk, first.id, ZHOU, "重复收件")
    assert said(counter, counter.begin("yuyao", AGED)) == ([], [])


def test_a_case_is_none_beside_itself_while_it_is_supplemented(counter: Counter) -> None:
    first = take_in(counter)
    draft = counter.begin("yuyao", AGED).model_copy(update={"of_case": first.id})
    assert clashes.clashing(counter.desk, draft) == ()


def test_what_the_server_says_of_a_clash_is_on_the_case_and_to_do_until_it_is_settled(counter: Counter) -> None:
    desk, first = counter.desk, take_in(counter)
    clash = Clash(id="7", found_at=counter.clock.now, ask="余姚市民政局 0574-1")
    view = lists.shown(desk, first.id, ZHOU).view
    desk.store.cases.keep_view(view.model_copy(update={"clashes": (clash,)}))
    assert lists.shown(desk, first.id, ZHOU).view.clashes == (clash,)
    assert [item.case_id for item in lists.todo(desk, ZHOU) if item.why == "clash"] == [first.id]
    settled = {"settlement": Settlement.KEEP_BOTH, "reason": "两人合用", "by": "江枫"}
    after = clash.model_copy(update={**settled, "at": counter.clock.now + timedelta(hours=1)})
    desk.store.cases.keep_view(view.model_copy(update={"clashes": (after,)}))
    assert not [item for item in lists.todo(desk, ZHOU) if item.why == "clash"]
    counter.reopen()
    assert counter.desk.store.cases.clashes(first.id) == (after,)
