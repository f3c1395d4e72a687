"""同一事项，下一位: one matter for one person after another; a village agent for a run of households."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from app.flow import finish, steps
from app.flow.draft import Draft, whats_missing
from contract.case import Kind
from contract.form import fields
from contract.person import Clerk, Document, Tie
from contract.problem import Problem
from devices.idcard import IdentityDocument
from tests.fakes.counter import VILLAGE, XU, Counter, open_counter

INSURANCE = "GG-00136-001"  # 城乡居民基本医疗保险参保登记
AGENT = XU.model_copy(update={"node": VILLAGE})
AGENTS_CARD = IdentityDocument(
    document_type=Document.RESIDENT, name="许爱珍", sex="女", number="330281197603129987", number_valid=True,
    address="浙江省余姚市凤山街道永丰村1组99号",
)  # fmt: skip
HOUSEHOLD = IdentityDocument(
    document_type=Document.RESIDENT, name="陈䶮", sex="男", birth_date=date(1990, 2, 28),
    number="330281199002289992", number_valid=True,
    address="浙江省余姚市凤山街道永丰村2组99号",
)  # fmt: skip
NEXT = IdentityDocument(
    document_type=Document.RESIDENT, name="沈阿凤", sex="女", birth_date=date(1948, 9, 9),
    number="330281194809099986", number_valid=True,
    address="浙江省余姚市凤山街道永丰村3组99号",
)  # fmt: skip


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Counter]:
    with open_counter(tmp_path, VILLAGE) as opened:
        opened.clerk = AGENT
        yield opened


def first(village: Counter, household: IdentityDocument = HOUSEHOLD) -> Draft:
    """The agent comes for a household: read, confirmed, everything there."""
    desk = village.desk
    draft = steps.with_document(desk, steps.begin(desk, AGENT), AGENTS_CARD)
    draft = steps.confirm_person(desk, draft, AGENT)
    draft = steps.with_applicant(desk, draft, None, Tie.MANDATE)
    draft = steps.with_represented(desk, draft, household)
    draft = steps.with_phone(desk, draft, "13800000000")
    draft = village.fill(steps.with_matter(desk, draft, INSURANCE))
    return village.fill_materials(draft)


def own(village: Counter, draft: Draft) -> Draft:
    """What is the household's own: the telephone, what they typed and declare, their papers."""
    draft = steps.with_phone(village.desk, draft, "13800000001")
    said = {"school": "凤山小学", "supported": False}
    return village.fill_materials(steps.with_answers(village.desk, draft, {**draft.answers, **said}))


def test_the_agent_stays_the_household_goes(village: Counter) -> None:
    desk = village.desk
    before = finish.take_in(desk, first(village), AGENT).case
    draft = steps.same_matter_next(desk, before, AGENT, agent=True)
    assert draft.handler == before.parties.handler and draft.tie is Tie.MANDATE and draft.identity == before.identity
    assert draft.applicant is None and draft.materials == () and draft.phone == "" and draft.number == ""
    assert "陈䶮" not in draft.model_dump_json() and HOUSEHOLD.number not in draft.model_dump_json()
    assert desk.store.drafts.get(draft.id)  # it says something already: it is there after a power cut

    draft = steps.with_represented(desk, draft, NEXT)
    assert draft.applicant is not None and draft.applicant.number == NEXT.number
    assert draft.handler == before.parties.handler and draft.identity == before.identity
    common = {"basis", "year"}
    assert {name for name, source in draft.sources.items() if source == steps.CARRIED} == common
    assert {name: draft.answers[name] for name in common} == {name: before.answers[name] for name in common}
    assert draft.answers["applicant_name"] == "沈阿凤" and draft.sources["applicant_name"] == "chip"
    lacking = {one.code for one in whats_missing(draft, desk.catalogue(), desk.node)}
    assert {"phone", "school"} <= lacking and not lacking & common

    draft = own(village, draft)
    assert not whats_missing(draft, desk.catalogue(), desk.node)
    assert draft.answers["phone"] == "13800000001" and draft.answers["handler_phone"] == "13800000000"
    taken = finish.take_in(desk, draft, AGENT)
    opened, confirmed = desk.store.cases.actions(taken.case.id)[:2]
    assert opened.body["sources"]["year"] == steps.CARRIED
    assert confirmed.kind is Kind.CONFIRM_PERSON and confirmed.author.id == AGENT.id
    assert before.identity is not None and confirmed.made_at == before.identity.confirmed_at


def test_only_who_confirmed_themself_today_is_kept(village: Counter) -> None:
    desk = village.desk
    before = finish.take_in(desk, first(village), AGENT).case
    other = Clerk(id="zhoumin", name="周敏", roles=AGENT.roles, node=VILLAGE)
    namesake = AGENT.model_copy(update={"id": "another"})
    assert steps.may_be_agent(desk, before, AGENT)
    for clerk in (other, namesake):
        assert not steps.may_be_agent(desk, before, clerk)
        with pytest.raises(Problem, match="run.not_the_agent"):
            steps.same_matter_next(desk, before, clerk, agent=True)
    village.clock.forward(days=1)
    with pytest.raises(Problem, match="run.not_the_agent"):
        steps.same_matter_next(desk, before, AGENT, agent=True)


def test_who_acts_for_themself_is_no_agent(village: Counter) -> None:
    desk = village.desk
    draft = steps.with_document(desk, steps.begin(desk, AGENT), AGENTS_CARD)
    draft = steps.with_phone(desk, steps.confirm_person(desk, draft, AGENT), "13800000000")
    draft = village.fill_materials(village.fill(steps.with_matter(desk, draft, INSURANCE)))
    taken = finish.take_in(desk, draft, AGENT)
    with pytest.raises(Problem, match="run.not_the_agent"):
        steps.same_matter_next(desk, taken.case, AGENT, agent=True)


def test_what_was_kept_is_the_clerks_once_changed_and_gives_way_to_what_is_known(village: Counter) -> None:
    desk = village.desk
    before = finish.take_in(desk, first(village), AGENT).case
    draft = steps.with_represented(desk, steps.same_matter_next(desk, before, AGENT, agent=True), NEXT)
    draft = steps.with_answers(desk, draft, {**draft.answers, "year": 2030})
    assert "year" not in draft.sources and "year" in draft.own
    again = finish.take_in(desk, own(village, draft), AGENT).case
    third = steps.same_matter_next(desk, again, AGENT, agent=True)
    assert third.answers["year"] == 2030 and third.sources["year"] == steps.CARRIED


def test_no_answer_that_tells_of_somebody_is_common(village: Counter) -> None:
    """What the shipped forms keep for the next person, by name: nothing in it is about anybody."""
    telling = ("name", "number", "phone", "address", "account", "birth", "income", "member", "spouse", "hardship",
               "declared", "agreed", "education", "employer", "area", "detail")  # fmt: skip
    for matter in village.desk.catalogue().matters:
        for control in fields(matter.form):
            if control.common:
                assert not control.source and control.kind in ("choice", "several", "integer")
                assert not any(part in control.name for part in telling), (matter.code, control.name)
