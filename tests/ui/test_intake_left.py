"""What was begun for one draft lands in that draft or nowhere: never in the next person's, whoever sits there."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass, replace
from typing import Any

import pytest
from PIL import Image
from PySide6.QtCore import QObject

from app.desk import Desk
from app.flow.draft import Draft
from app.flow.printing import Printed
from contract.person import Clerk
from contract.problem import Problem, Retry
from devices.idcard import IdentityDocument
from tests.ui.conftest import CARD, CLERK
from tests.ui.test_intake_model import AGED, at_materials, begun, identified, idle
from ui import invented
from ui.pages.intake.deeds import IntakeDeeds
from ui.pages.intake.model import IntakeModel
from ui.tasks import Post

Until = Callable[[Callable[[], object]], None]
OTHER = Clerk(id="hanlu", name="韩露", roles=CLERK.roles, node=CLERK.node)
NEXT_CARD = replace(CARD, name="沈二", number="330281196604078998", sex="男")


class Gate:
    """Something slow: it begins, and ends when it is let."""

    def __init__(self) -> None:
        self.begun, self.open = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        self.open.wait(20)


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open.set()


Made = Callable[..., IntakeModel]


@pytest.fixture
def made(deeds: IntakeDeeds, post: Post, until: Until) -> Iterator[Made]:
    """Makes the model, some of its deeds changed, with its first draft begun."""
    models: list[IntakeModel] = []

    def make(**changed: Any) -> IntakeModel:
        models.append(begun(IntakeModel(replace(deeds, **changed), post, lambda: "zh"), until))
        return models[-1]

    yield make
    for model in models:
        model.sign_out()


def stored(desk: Desk, draft_id: str) -> Draft:
    return Draft.model_validate_json(desk.store.drafts.get(draft_id).body)


def heard(post: Post, until: Until) -> None:
    """Whatever was on its way is heard by now."""
    until(lambda: not post._hearers)


def slowly(gate: Gate, deed: Callable[..., Any]) -> Callable[..., Any]:
    def slow(*given: Any) -> Any:
        gate()
        return deed(*given)

    return slow


def test_f2_a_card_that_comes_home_late_is_not_the_person_of_the_draft_that_was_taken_up(
    made: Made, desk: Desk, post: Post, gate: Gate, until: Until
) -> None:
    cards = [CARD]

    def read() -> IdentityDocument:
        if cards:
            return cards.pop()
        gate()
        return NEXT_CARD

    model = made(read_card=read)
    identified(model, until)
    first = model.draft.id
    model.park()
    until(lambda: model.draft.id != first and model.drafts())
    model.identity.read_card()
    until(gate.begun.is_set)
    model.resume(first)
    until(lambda: model.draft.id == first and idle(model))
    assert "证件" in model.state.banner.title and model.state.banner.remedy
    gate.open.set()
    heard(post, until)
    until(lambda: idle(model))

    assert model.draft.handler.number == CARD.number and model.draft.identity.confirmed_at
    assert [row.id for row in desk.store.drafts.saved()] == [first]


def test_f14_a_card_that_comes_home_before_the_next_person_is_not_the_next_persons(
    made: Made, deeds: IntakeDeeds, desk: Desk, post: Post, gate: Gate, until: Until
) -> None:
    model = made(with_phone=slowly(gate, deeds.with_phone))
    identified(model, until)
    first = model.draft.id
    model.identity.applicant.give_phone("13800000000")  # takes its time, and all that follows waits
    until(gate.begun.is_set)
    model.identity.read_card()
    model.park()
    heard_card = threading.Event()
    model.in_hand.tasks.run("after", lambda: None, lambda _: heard_card.set())
    until(heard_card.is_set)
    gate.open.set()
    until(lambda: model.draft.id != first and idle(model))
    heard(post, until)

    assert model.draft.handler is None
    assert stored(desk, first).parked and stored(desk, first).phone == "13800000000"


def test_f14_what_is_typed_behind_it_is_saved_where_it_was_typed(
    made: Made, deeds: IntakeDeeds, desk: Desk, gate: Gate, until: Until
) -> None:
    model = made(with_phone=slowly(gate, deeds.with_phone))
    at_materials(model, until)
    first = model.draft.id
    model.identity.applicant.give_phone("13800000000")
    until(gate.begun.is_set)
    model.park()
    model.to_step("form")
    model.form.answer("contact_name", "甲")
    model.form.left("contact_name")  # asked for before the next person, done behind it
    model.form.answer("remark", "乙")  # not even asked for
    gate.open.set()
    until(lambda: model.draft.id != first and idle(model))

    assert model.draft.matter is None and not model.draft.answers and not model.in_hand.visit.typed
    kept = stored(desk, first)
    assert (kept.answers["contact_name"], kept.answers["remark"]) == ("甲", "乙") and kept.parked


def test_f14_a_matter_chosen_behind_it_is_the_matter_of_its_own_draft(
    made: Made, deeds: IntakeDeeds, desk: Desk, gate: Gate, until: Until
) -> None:
    model = made(with_phone=slowly(gate, deeds.with_phone))
    identified(model, until)
    first = model.draft.id
    model.identity.applicant.give_phone("13800000000")
    until(gate.begun.is_set)
    model.park()
    model.matter.choose(AGED)
    model.identity.applicant.give_phone("13900000000")
    gate.open.set()
    until(lambda: model.draft.id != first and idle(model))

    assert model.draft.matter is None and not model.draft.phone and model.state.step == "identity"
    kept = stored(desk, first)
    assert kept.matter[0] == AGED and kept.phone == "13900000000" and kept.parked


def test_u12_what_a_colleague_had_asked_for_is_not_in_the_next_clerks_draft(
    made: Made, deeds: IntakeDeeds, post: Post, gate: Gate, until: Until
) -> None:
    model = made(read_card=slowly(gate, deeds.read_card))
    model.identity.read_card()
    until(gate.begun.is_set)
    model.lock()
    model.sign_in(OTHER)
    until(lambda: model.draft is not None and model.draft.clerk == OTHER.id and idle(model))
    gate.open.set()
    heard(post, until)
    until(lambda: idle(model))

    assert model.draft.handler is None and model.state.identity.person is None


def test_a_photographed_document_is_not_the_next_persons(made: Made, post: Post, gate: Gate, until: Until) -> None:
    sheet = invented.papers.sheet("户口簿", 200)
    model = made(photograph_document=slowly(gate, lambda: sheet))
    model.identity.open_manual(True)
    model.identity.photograph_document()
    until(gate.begun.is_set)
    first = model.draft.id
    model.fresh()
    until(lambda: model.draft.id != first and idle(model))
    assert "证件" in model.state.banner.title
    gate.open.set()
    heard(post, until)
    model.identity.open_manual(True)

    assert not model.state.identity.manual_page


def test_the_librarys_offers_are_not_the_next_applicants(
    made: Made, deeds: IntakeDeeds, post: Post, gate: Gate, until: Until
) -> None:
    asked: list[str] = []

    def library(draft: Draft, code: str) -> Any:
        asked.append(draft.id)
        if len(asked) == 1:
            gate()
            return (object(),)
        return deeds.library(draft, code)

    model = made(library=library)
    at_materials(model, until)
    first = model.draft.id
    model.materials.toggle_library()
    until(gate.begun.is_set)
    model.park()
    until(lambda: model.draft.id != first and idle(model))
    gate.open.set()
    heard(post, until)

    assert not model.materials._visit.library


def kept(model: IntakeModel) -> list[Any]:
    """What the models keep of one person: whatever can be changed and is not a model itself."""
    parts = [model, *model.findChildren(QObject)]
    found = [value for part in parts for value in vars(part).values()]
    return [one for one in found if is_dataclass(one) and not type(one).__dataclass_params__.frozen]


def test_u12_what_the_steps_keep_of_a_person_goes_as_a_whole(made: Made, until: Until) -> None:
    model = made()
    at_materials(model, until)
    before, first = kept(model), model.draft.id
    model.fresh()
    until(lambda: model.draft.id != first and idle(model))
    after = kept(model)

    assert [type(one) for one in before] == [type(one) for one in after] and len(after) > 6
    assert not {id(one) for one in before} & {id(one) for one in after}


def test_f3_papers_that_come_out_after_the_next_person_has_begun(
    made: Made, deeds: IntakeDeeds, post: Post, gate: Gate, until: Until
) -> None:
    """Nothing is heard but what needs somebody's eyes: the number of the case, and what to do."""
    pictures: list[str] = []

    def printed(case_id: str, kinds: Any, clerk: Clerk, copy: bool) -> tuple[Printed, ...]:
        gate()
        problem = Problem("printer.out_of_paper", Retry.AFTER_FIX)
        return tuple(Printed(kind, "failed", "", problem) for kind in kinds)

    def picture(case_id: str, kind: Any, clerk: Clerk) -> bytes:
        pictures.append(case_id)
        at = len(pictures)
        if at == 1:
            gate()
        out = io.BytesIO()
        Image.new("L", (at, 1)).save(out, "PNG")  # as wide as it was asked for in turn
        return out.getvalue()

    model = made(print_papers=printed, paper_png=picture)
    numbers = []
    for number in range(2):
        at_materials(model, until)
        until(lambda: model.state.can_decline)
        model.review.decline("not_met", "不到年龄", "")
        until(lambda: model.state.step == "receipt")
        numbers.append(model.state.receipt.number)
        case_id = model.state.whose
        if number == 0:
            model.receipt.look_at_paper("refusal")
            until(lambda: pictures)
            model.fresh()
            until(lambda: model.state.step == "identity" and idle(model))
            gate.open.set()
            heard(post, until)
            assert numbers[0] in model.state.banner.title and model.state.banner.remedy
            model.banner_read()
    until(lambda: model.state.receipt.preview and not model.state.receipt.printing)

    assert pictures[model.state.receipt.preview.width() - 1] == case_id
    assert model.state.receipt.papers[0].outcome == "failed"


def test_f09_what_a_clerk_finished_is_printed_as_theirs_whoever_sits_there_by_then(
    made: Made, deeds: IntakeDeeds, desk: Desk, gate: Gate, until: Until
) -> None:
    by: list[str] = []

    def printed(case_id: str, kinds: Any, clerk: Clerk, copy: bool) -> tuple[Printed, ...]:
        by.append(clerk.id)
        return tuple(Printed(kind, "done", "N1") for kind in kinds)

    model = made(print_papers=printed, decline=slowly(gate, deeds.decline))
    at_materials(model, until)
    until(lambda: model.state.can_decline)
    model.review.decline("not_met", "不到年龄", "")
    until(gate.begun.is_set)
    model.lock()
    model.sign_in(OTHER)
    gate.open.set()
    until(lambda: by and model.draft is not None and model.draft.clerk == OTHER.id and idle(model))

    assert by == [CLERK.id] and not desk.store.drafts.saved()
    assert not model.state.banner.title and model.state.step == "identity"


def test_what_was_typed_last_is_saved_when_the_program_closes(
    deeds: IntakeDeeds, desk: Desk, gate: Gate, until: Until
) -> None:
    post = Post()
    model = begun(IntakeModel(replace(deeds, with_phone=slowly(gate, deeds.with_phone)), post, lambda: "zh"), until)
    at_materials(model, until)
    first = model.draft.id
    model.identity.applicant.give_phone("13800000000")
    until(gate.begun.is_set)
    model.to_step("form")
    model.form.answer("contact_name", "甲")
    model.sign_out()
    gate.open.set()
    post.close()

    kept = stored(desk, first)
    assert kept.answers.get("contact_name") == "甲" and kept.phone == "13800000000" and kept.step == "form"


def test_f17_a_mute_printer_is_spoken_of_also_after_the_next_person_has_begun(
    made: Made, gate: Gate, until: Until
) -> None:
    def printed(case_id: str, kinds: Any, clerk: Clerk, copy: bool) -> tuple[Printed, ...]:
        gate()
        return tuple(Printed(kind, "unconfirmed", "N1") for kind in kinds)

    model = made(print_papers=printed)
    at_materials(model, until)
    until(lambda: model.state.can_decline)
    model.review.decline("not_met", "不到年龄", "")
    until(lambda: model.state.step == "receipt")
    number = model.state.receipt.number
    model.fresh()
    until(lambda: model.state.step == "identity" and idle(model))
    gate.open.set()
    until(lambda: number in model.state.banner.title)
    assert model.state.banner.tone == "warn" and "副本" in model.state.banner.remedy


@pytest.mark.parametrize("leave", [IntakeModel.fresh, IntakeModel.same_matter, IntakeModel.sign_out])
def test_f14_printers_are_cleared_when_somebody_leaves_who_was_given_papers(
    made: Made, until: Until, leave: Callable[[IntakeModel], None]
) -> None:
    cleared: list[int] = []
    model = made(clear_printers=lambda: cleared.append(1))
    at_materials(model, until)
    model.fresh()  # parked before anything was printed
    until(lambda: idle(model))
    at_materials(model, until)
    until(lambda: model.state.can_decline)
    model.review.decline("not_met", "不到年龄", "")
    until(lambda: model.state.step == "receipt" and idle(model))
    assert not cleared
    leave(model)
    until(lambda: cleared and idle(model))
    assert cleared == [1]
