"""更正: what a window may correct, what follows, and what stands against it (U05)."""

from __future__ import annotations

from typing import Any

from app.cases import acts
from app.cases.correction import Correctable, lay_out, preview
from app.cases.lists import shown
from app.flow import finish, steps
from contract.case import Case, Ground, Kind, SupplementItem
from contract.person import LegalPerson, Tie
from tests.fakes.counter import LU, VILLAGE, ZHOU, Counter, open_counter

FOOD = "XK-00131-001"
ELDERLY = "QR-00111-003"
USCC = "92330203MADEM00014"


def laid_out(counter: Counter, case: Case) -> Correctable:
    return lay_out(counter.desk, case, ZHOU)


def by_hand(counter: Counter, matter: str = FOOD) -> Case:
    """A case of somebody whose document was typed."""
    desk = counter.desk
    typed = {
        "document_type": "household_book",
        "name": "王晓明",
        "number": "11010519491231002X",
        "address": "浙江省宁波市海曙区鼓楼街道县前街1号",
    }
    draft = steps.with_manual_identity(desk, steps.begin(desk, ZHOU), typed, "没有带证", None)
    draft = steps.with_phone(desk, steps.confirm_person(desk, draft, ZHOU), "13800000000")
    draft = counter.fill(steps.with_matter(desk, draft, matter), operator_name="王晓明")
    return finish.take_in(desk, counter.fill_materials(draft), ZHOU).case


def told(laid: Correctable, **given: Any) -> dict[str, tuple[Any, Any]]:
    said = preview(laid, {name.replace("__", "."): value for name, value in given.items()})
    return {change.name: (change.old, change.new) for change in said.changes}


def test_u05_with_a_card_only_the_telephone_and_the_form_are_corrected(counter: Counter) -> None:
    case = finish.take_in(counter.desk, counter.whole("yuyao", FOOD), ZHOU).case
    laid = laid_out(counter, case)
    assert [control.name for control in laid.people] == ["phone"] and not laid.supervised
    assert laid.fixed == {"operator_name"}
    assert told(laid, answers__staff=5, phone=case.phone) == {"answers.staff": (3, 5)}
    assert told(laid, applicant__name="某人", handler__number="1") == {}
    made = preview(laid, {"phone": "13911111111"})
    assert made.parties is not None and made.parties.handler.phone == "13911111111"
    assert made.answers is not None and made.answers["phone"] == "13911111111"  # it was filled in from there
    done = acts.correct(
        counter.desk, case.id, ZHOU, "写错", parties=made.parties, answers=made.answers, phone=made.phone
    )
    assert done.phone == done.parties.handler.phone == "13911111111"
    assert done.parties.applicant == done.parties.handler


def test_u05_what_the_chip_gave_in_the_form_stays(counter: Counter) -> None:
    draft = counter.whole("long_term", ELDERLY)
    chips = {name for name, source in draft.sources.items() if source == "chip"}
    assert chips
    laid = laid_out(counter, finish.take_in(counter.desk, draft, ZHOU).case)
    assert laid.fixed == chips
    assert told(laid, **{f"answers__{name}": "别人" for name in chips}) == {}


def test_u05_what_was_typed_about_a_person_is_corrected_and_what_was_filled_in_from_it_follows(
    counter: Counter,
) -> None:
    case = by_hand(counter)
    laid = laid_out(counter, case)
    assert [control.name for control in laid.people] == [
        "applicant.name",
        "applicant.number",
        "applicant.address",
        "phone",
    ]
    assert told(laid, applicant__name="王小明 ") == {
        "applicant.name": ("王晓明", "王小明"),
        "answers.operator_name": ("王晓明", "王小明"),
    }
    made = preview(laid, {"applicant.number": "330281199002289992"})
    assert made.parties is not None and made.parties.handler == made.parties.applicant
    assert str(made.parties.handler.birth_date) == "1990-02-28"
    done = acts.correct(counter.desk, case.id, ZHOU, "抄错", parties=made.parties, answers=made.answers)
    assert done.parties.handler.number == "330281199002289992"


def test_u05_mistakes_are_said_beside_their_fields(counter: Counter) -> None:
    laid = laid_out(counter, by_hand(counter))

    def wrong(**given: Any) -> list[tuple[str, str]]:
        said = preview(laid, {name.replace("__", "."): value for name, value in given.items()})
        return [(mistake.field, mistake.code) for mistake in said.mistakes]

    assert wrong() == []
    assert wrong(applicant__name=" ") == [("applicant.name", "required")]
    assert wrong(applicant__number="110105194912310021") == [("applicant.number", "format")]
    assert wrong(phone="12") == [("phone", "format"), ("answers.phone", "format")]  # the form's follows
    assert wrong(answers__staff="三") == [("answers.staff", "type")]
    assert wrong(answers__business_kind="") == [("answers.business_kind", "required")]


def test_u05_a_legal_person_is_typed_and_may_be_corrected(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.begin("yuyao")
    shop = LegalPerson(name="宁波禾𠮷食品店", uscc=USCC, representative="王𠮷安")
    draft = counter.fill(steps.with_matter(desk, steps.with_applicant(desk, draft, shop, Tie.MANDATE), FOOD))
    case = finish.take_in(desk, counter.fill_materials(draft), ZHOU).case
    laid = laid_out(counter, case)
    names = [control.name for control in laid.people]
    assert names == ["applicant.name", "applicant.uscc", "applicant.representative", "applicant.address", "phone"]
    made = preview(laid, {"applicant.name": "宁波禾吉食品店", "applicant.uscc": "92330203MADEM00015"})
    assert [(mistake.field, mistake.code) for mistake in made.mistakes] == [
        ("applicant.uscc", "format"),
        ("answers.uscc", "format"),
    ]
    made = preview(laid, {"applicant.name": "宁波禾吉食品店"})
    assert made.parties is not None and made.parties.handler == case.parties.handler
    assert {change.name for change in made.changes} == {"applicant.name", "answers.operator_name"}


def test_u05_what_would_stop_it_is_known_before(counter: Counter) -> None:
    case = finish.take_in(counter.desk, counter.whole("yuyao", FOOD), ZHOU).case
    laid = laid_out(counter, case)
    made = preview(laid, {"answers.premises_area": "330281001001"})
    assert made.problem is not None and made.problem.code == "correct.other_department"
    made = preview(laid, {"answers.premises_tenure": "owned"})
    assert made.problem is not None and made.problem.code == "correct.materials_missing"
    assert preview(laid, {"answers.premises_area": "330203001002"}).problem is None
    counter.clock.forward(days=1)
    assert laid_out(counter, case).supervised and not lay_out(counter.desk, case, LU).supervised


def test_u01_who_may_not_is_told_who_may(counter: Counter, tmp_path: Any) -> None:
    case = finish.take_in(counter.desk, counter.whole("yuyao", FOOD), ZHOU).case
    seen = shown(counter.desk, case.id, ZHOU)
    assert Kind.ASK_SUPPLEMENT in seen.allowed and Kind.DECLINE not in seen.allowed
    assert seen.elsewhere == {
        Kind.ACCEPT: "宁波市海曙区市场监督管理局",
        Kind.DECLINE: "宁波市海曙区市场监督管理局",
    }
    acts.ask_supplement(counter.desk, case.id, ZHOU, (SupplementItem(field="staff", what="人数不符"),))
    seen = shown(counter.desk, case.id, ZHOU)
    assert Kind.SUPPLEMENT in seen.allowed and Kind.ASK_SUPPLEMENT not in {*seen.allowed, *seen.elsewhere}
    with open_counter(tmp_path / "village", VILLAGE) as village:
        told = village.desk.store
        told.cases.keep_view(_view(counter, case))
        there = shown(village.desk, case.id, ZHOU)
        assert Kind.CORRECT not in there.allowed and "凤山街道" in there.elsewhere[Kind.VOID]


def test_declining_what_was_supplemented_wrongly(counter: Counter) -> None:
    draft = counter.whole("long_term", ELDERLY)
    asked = finish.ask_supplement(counter.desk, draft, ZHOU, (SupplementItem(material="photo", what="不清楚"),)).case
    seen = shown(counter.desk, asked.id, ZHOU)
    assert {Kind.DECLINE, Kind.SUPPLEMENT} <= seen.allowed and not seen.elsewhere
    assert acts.decline(counter.desk, asked.id, ZHOU, Ground.INCOMPLETE, "期满未补正").declined is not None


def _view(counter: Counter, case: Case) -> Any:
    from app.cases.view import case_view

    return case_view(counter.desk, case.id)
