"""交接: what one clerk leaves to the next at the same window (U12, F09)."""

from __future__ import annotations

from app.cases import acts
from app.config import DeviceChoice
from app.flow import finish, pages, printing, steps
from app.flow.draft import Draft
from app.flow.handover import handover, take_over
from app.papers.paper import PaperKind
from app.people.sign_in import made
from contract.person import Clerk, Role
from tests.fakes.counter import STREET, ZHOU, Counter

FOOD = "XK-00131-001"
ELDERLY = "QR-00111-003"
HAN = Clerk(id="hanlu", name="韩露", roles=(Role.CLERK,), node=STREET)


def known(counter: Counter, *clerks: Clerk) -> None:
    now = counter.desk.clock()
    for clerk in clerks:
        counter.desk.store.verifiers.keep(made(clerk.id, "a word", clerk, now, now.replace(year=now.year + 1)))


def test_u12_parked_cases_held_originals_and_unprinted_papers_are_listed(counter: Counter) -> None:
    desk = counter.desk
    known(counter, ZHOU, HAN)
    parked = steps.park(desk, counter.begin("yuyao", FOOD))
    counter.clock.forward(minutes=5)
    open_ = counter.fill_materials(counter.begin("haishu", ELDERLY))
    seen = next(slot.code for slot in open_.materials if slot.pages and slot.code != "application_form")
    for code in (seen, "application_form"):  # the signed form is the hall's, not the citizen's
        open_ = pages.verify_original(desk, open_, code, ZHOU)
    taken = finish.take_in(desk, counter.whole("long_term", ELDERLY), ZHOU)

    left = handover(desk, HAN)
    assert [(one.draft, one.clerk, one.mine, one.parked) for one in left.unfinished] == [
        (parked.id, "周敏", False, True),
        (open_.id, "周敏", False, False),
    ]
    (held,) = left.originals
    assert held.draft == open_.id and held.materials == (open_.material(seen).name,)  # type: ignore[union-attr]
    assert [(one.case, one.paper, one.failed) for one in left.unprinted] == [
        (taken.case.id, PaperKind.RECEIPT, False),
        (taken.case.id, PaperKind.ACCEPTANCE, False),
    ]
    assert "陈䶮" not in repr(left) and "王" not in repr(left)

    pages.returned(desk, open_, seen, ZHOU)
    printing.print_papers(desk, taken.case.id, taken.papers, ZHOU)
    left = handover(desk, ZHOU)
    assert left.originals == () and left.unprinted == () and all(one.mine for one in left.unfinished)


def test_u12_originals_of_a_case_taken_in_today_are_listed_until_the_next_day(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.whole("yuyao", FOOD)
    draft = pages.verify_original(desk, draft, "lease", ZHOU)
    taken = finish.take_in(desk, draft, ZHOU)
    (held,) = handover(desk, ZHOU).originals
    assert (held.case, held.number) == (taken.case.id, taken.case.number)
    counter.clock.forward(days=1)
    assert handover(desk, ZHOU).originals == ()


def test_a_paper_that_failed_is_unprinted_and_of_a_voided_case_nothing_is(counter: Counter) -> None:
    desk = counter.desk
    taken = finish.take_in(desk, counter.whole("yuyao", FOOD), ZHOU)
    nowhere = DeviceChoice(driver="printer/file", options={"folder": "/dev/null/none"})
    desk.devices.choose("receipt", nowhere)
    (printed,) = printing.print_papers(desk, taken.case.id, taken.papers, ZHOU)
    assert printed.outcome == "failed"
    (left,) = handover(desk, ZHOU).unprinted
    assert left.failed and left.number == taken.case.number
    acts.void(desk, taken.case.id, ZHOU, "重复收件")
    assert handover(desk, ZHOU).unprinted == ()


def test_f09_what_a_colleague_did_stays_the_colleagues_after_it_was_taken_over(counter: Counter) -> None:
    desk = counter.desk
    draft = steps.park(desk, counter.whole("yuyao", FOOD))
    mine = take_over(desk, draft.id, HAN)
    assert mine.clerk == HAN.id and not mine.parked
    assert steps.drafts(desk, ZHOU) == () and [one.id for one in steps.drafts(desk, HAN)] == [draft.id]
    assert Draft.model_validate_json(desk.store.drafts.get(draft.id).body).confirmed.id == ZHOU.id  # type: ignore[union-attr]
    taken = finish.take_in(desk, mine, HAN)
    authors = [action.author.id for action in desk.store.cases.actions(taken.case.id)]
    assert authors == ["hanlu", "zhoumin", "hanlu"]
