"""Prefilled forms: from the parties and the library, each answer with its source, conflicts shown (S28, U13, F14)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.demo import demo_pack
from app.forms.prefill import Known, prefill
from contract.form import Form, check, fields
from contract.matter import Matter
from contract.node import Tree
from contract.person import Document, LegalPerson, Parties, Person, Tie

PACK = demo_pack()
MATTERS = {matter.code: matter for matter in PACK.matters}
FOOD, INSURANCE, ELDER, JOBLESS = "XK-00131-001", "GG-00136-001", "QR-00111-003", "QR-00114-013"
TREE = Tree(PACK.nodes)

SHEN = Person(
    name="沈阿凤",
    number="330281194809099986",
    sex="女",
    nation="汉",
    birth_date=date(1948, 9, 9),
    address="浙江省余姚市梁弄镇横坎头村9组99号",
    phone="0574-00007777",
)
CHILD = Person(
    name="周小宁", number="330226201805059993", sex="男", birth_date=date(2018, 5, 5), document=Document.TYPED
)
MOTHER = Person(
    name="周㛃宁", number="330226199611039986", sex="女", phone="0574-00005555", address="浙江省宁海县跃龙街道"
)
FIRM = LegalPerson(
    name="示例公司", uscc="91330203MADEM0002A", address="宁波市海曙区白云街道9号", representative="王𠮷安"
)
SELF = Parties(applicant=SHEN, handler=SHEN)
GUARDED = Parties(applicant=CHILD, handler=MOTHER, tie=Tie.GUARDIAN)


def form(code: str) -> Form:
    return MATTERS[code].form


def one_field(source: str = "", **schema: Any) -> Form:
    options = {"source": source} if source else {}
    control = {"type": "Control", "scope": "#/properties/x", "options": options}
    return Form(
        data={"type": "object", "properties": {"x": {"type": "string", **schema}}},
        ui={"type": "VerticalLayout", "elements": [control]},
    )


def test_s28_every_answer_says_where_it_came_from() -> None:
    filled = prefill(form(ELDER), SELF)
    assert filled.answers == {
        "applicant_name": "沈阿凤",
        "applicant_number": SHEN.number,
        "sex": "女",
        "birth_date": "1948-09-09",
        "applicant_address": SHEN.address,
        "phone": "0574-00007777",
    }
    assert set(filled.sources.values()) == {"chip", "typed"} and filled.sources["phone"] == "typed"
    assert filled.sources.keys() == filled.answers.keys() and filled.conflicts == {}


@pytest.mark.parametrize(
    ("document", "source"),
    [
        (Document.RESIDENT, "chip"),
        (Document.FOREIGN_2023, "chip"),
        (Document.HOUSEHOLD_BOOK, "document"),
        (Document.PASSPORT, "document"),
        (Document.TYPED, "typed"),
    ],
)
def test_the_source_is_the_document(document: Document, source: str) -> None:
    person = SHEN.model_copy(update={"document": document})
    assert prefill(form(ELDER), Parties(applicant=person, handler=person)).sources["applicant_name"] == source


def test_u03_applicant_and_handler_are_kept_apart() -> None:
    filled = prefill(form(INSURANCE), GUARDED)
    assert filled.answers["applicant_name"] == "周小宁" and filled.answers["handler_name"] == "周㛃宁"
    assert filled.answers["handler_phone"] == "0574-00005555" and "phone" not in filled.answers
    assert filled.sources["applicant_name"] == "typed" and filled.sources["handler_name"] == "chip"


def test_a_legal_person_fills_its_own_fields_and_a_person_does_not() -> None:
    filled = prefill(form(FOOD), Parties(applicant=FIRM, handler=MOTHER, tie=Tie.MANDATE))
    assert filled.answers == {"operator_name": "示例公司", "uscc": FIRM.uscc, "representative": "王𠮷安"}
    assert set(filled.sources.values()) == {"typed"}
    assert prefill(form(FOOD), SELF).answers == {"operator_name": "沈阿凤", "phone": "0574-00007777"}


def test_a_name_with_private_use_characters_is_filled_as_it_is_shown() -> None:
    person = SHEN.model_copy(update={"name": "林\ue863波", "name_display": "林䶮波"})
    assert prefill(form(ELDER), Parties(applicant=person, handler=person)).answers["applicant_name"] == "林䶮波"


# --- what does not fit is left to the clerk ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "schema"),
    [
        ("applicant.name", {"maxLength": 2}),
        ("applicant.number", {"format": "cn-uscc"}),
        ("applicant.address", {"pattern": "^宁波"}),
        ("applicant.sex", {"oneOf": [{"const": "m", "title": "男"}]}),
        ("applicant.uscc", {}),
        ("applicant.favourite_colour", {}),
        ("handler.model_fields", {}),
        ("nobody.name", {}),
        ("", {}),
    ],
)
def test_what_the_form_would_refuse_is_not_filled(source: str, schema: dict[str, Any]) -> None:
    assert prefill(one_field(source, **schema), SELF).answers == {}


def test_a_choice_is_found_by_its_label() -> None:
    choices = {"oneOf": [{"const": "f", "title": "女"}, {"const": "m", "title": "男"}]}
    assert prefill(one_field("applicant.sex", **choices), SELF).answers == {"x": "f"}


def test_an_area_is_the_one_that_the_address_names() -> None:
    assert prefill(form(JOBLESS), SELF, tree=TREE).answers["residence_area"] == "330281"
    assert "residence_area" not in prefill(form(JOBLESS), SELF).answers
    both = SHEN.model_copy(update={"address": "海曙区鼓楼街道，现住余姚市凤山街道"})
    assert "residence_area" not in prefill(form(JOBLESS), Parties(applicant=both, handler=both), tree=TREE).answers


def test_a_field_that_is_not_asked_is_not_filled() -> None:
    lease = {"lease_until": (Known("2029-12-31", "library", SHEN.number),)}
    assert "lease_until" not in prefill(form(FOOD), SELF, lease).answers


@pytest.mark.parametrize("matter", MATTERS.values(), ids=MATTERS)
def test_what_is_filled_passes_the_forms_own_checks(matter: Matter) -> None:
    for parties in (SELF, GUARDED, Parties(applicant=FIRM, handler=MOTHER, tie=Tie.MANDATE)):
        filled = prefill(matter.form, parties, tree=TREE)
        wrong = {mistake.field for mistake in check(matter.form, filled.answers)} & set(filled.answers)
        assert not wrong
        known = {field.name for field in fields(matter.form)}
        assert set(filled.answers) <= known


# --- the library ------------------------------------------------------------------------------------------------------


def test_s28_sources_that_disagree_are_both_shown() -> None:
    library = {"applicant.phone": [Known("0574-00001111", "library", SHEN.number)]}
    filled = prefill(form(ELDER), SELF, library)
    assert (filled.answers["phone"], filled.sources["phone"]) == ("0574-00007777", "typed")
    assert [(known.value, known.source) for known in filled.conflicts["phone"]] == [
        ("0574-00007777", "typed"),
        ("0574-00001111", "library"),
    ]


def test_sources_that_agree_are_no_conflict() -> None:
    library = {"applicant.address": [Known("浙江省 余姚市梁弄镇横坎头村9组99号", "library", SHEN.number)]}
    filled = prefill(form(ELDER), SELF, library)
    assert filled.conflicts == {} and filled.answers["applicant_address"] == SHEN.address


def test_the_library_fills_what_the_parties_cannot() -> None:
    library = {"contact_name": [Known("沈小芳", "case 330281-00000012-3", SHEN.number)]}
    filled = prefill(form(ELDER), SELF, library)
    assert filled.answers["contact_name"] == "沈小芳" and filled.sources["contact_name"] == "case 330281-00000012-3"


@pytest.mark.parametrize("owner", ["", MOTHER.number, "330203198506129999"])
def test_f14_nothing_of_a_former_person_is_ever_filled(owner: str) -> None:
    library = {
        "contact_name": [Known("王某", "library", owner)],
        "applicant.phone": [Known("0574-00009999", "library", owner)],
        "phone": [Known("0574-00009998", "library", owner)],
    }
    assert prefill(form(ELDER), SELF, library) == prefill(form(ELDER), SELF)


def test_f14_who_someone_is_never_comes_from_a_library() -> None:
    bare = Person(name="沈阿凤", number=SHEN.number, document=Document.TYPED)
    library = {
        f"applicant.{what}": [Known(value, "library", SHEN.number)]
        for what, value in {"name": "沈阿风", "number": "1", "sex": "男", "birth_date": "1950-01-01"}.items()
    }
    library |= {"applicant_name": [Known("沈阿风", "library", SHEN.number)]}
    filled = prefill(form(ELDER), Parties(applicant=bare, handler=bare), library)
    assert filled.answers == {"applicant_name": "沈阿凤", "applicant_number": SHEN.number} and filled.conflicts == {}


def test_a_handlers_own_number_comes_from_the_handlers_own_entry() -> None:
    library = {"handler.phone": [Known("0574-00001111", "library", CHILD.number)]}
    quiet = GUARDED.model_copy(update={"handler": MOTHER.model_copy(update={"phone": ""})})
    assert "handler_phone" not in prefill(form(INSURANCE), quiet, library).answers


def test_nothing_personal_shows_in_a_repr() -> None:
    filled = prefill(form(ELDER), SELF, {"applicant.phone": [Known("0574-00001111", "library", SHEN.number)]})
    for text in (repr(filled), str(filled), repr(filled.conflicts)):
        assert "沈" not in text and SHEN.number not in text and "0574" not in text
