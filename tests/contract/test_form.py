"""Forms: what is asked, what counts, what is wrong, the same at both ends (S10)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.form import Form, check, condition_holds, faults, fields, kept, visible
from contract.wire import canonical


def control(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "Control", "scope": f"#/properties/{name}", **more}


def show(field: str, schema: dict[str, Any], effect: str = "SHOW") -> dict[str, Any]:
    return {"effect": effect, "condition": {"scope": f"#/properties/{field}", "schema": schema}}


NOT_OWNED = show("tenure", {"const": "owned"}, "HIDE")
RENTED = show("tenure", {"const": "rented"})
NAME_EN = {"en": "Name", "hint": "As licensed"}
TENURES = [{"const": "owned", "title": "自有"}, {"const": "rented", "title": "租赁"}]
ITEMS = {"type": "string", "enum": ["a", "b"]}
FORM = Form(
    data={
        "type": "object",
        "required": ["name", "tenure", "lease_until", "landlord", "agreed"],
        "properties": {
            "name": {"type": "string", "title": "名称", "maxLength": 20},
            "tenure": {"type": "string", "oneOf": TENURES},
            "lease_until": {"type": "string", "format": "date", "title": "租期至"},
            "landlord": {"type": "string", "title": "出租人"},
            "landlord_phone": {"type": "string", "format": "cn-phone"},
            "size": {"type": "number", "exclusiveMinimum": 0, "maximum": 100},
            "staff": {"type": "integer", "minimum": 1},
            "items": {"type": "array", "items": ITEMS, "minItems": 1, "uniqueItems": True},
            "area": {"type": "string", "format": "tongban-area"},
            "agreed": {"type": "boolean", "const": True},
            "remark": {"type": "string", "maxLength": 10},
        },
    },
    ui={
        "type": "VerticalLayout",
        "elements": [
            {
                "type": "Group",
                "label": "场所",
                "options": {"i18n": {"en": "Premises"}},
                "elements": [
                    control("name", options={"source": "applicant.name", "hint": "与执照一致", "i18n": NAME_EN}),
                    control("tenure", options={"i18n": {"choices": {"owned": "Owned", "rented": "Rented"}}}),
                    {
                        "type": "Group",
                        "rule": RENTED,
                        "elements": [
                            control("lease_until"),
                            control("landlord"),
                            control("landlord_phone", rule=show("landlord", {"minLength": 1})),
                        ],
                    },
                ],
            },
            {
                "type": "Group",
                "label": "经营",
                "elements": [
                    control("size", options={"unit": "m²"}),
                    control("staff"),
                    control("items"),
                    control("area"),
                    control("agreed"),
                    control("remark", label="备注", options={"multi": True}, rule=NOT_OWNED),
                ],
            },
        ],
    },
)
GOOD = {"name": "禾𠮷", "tenure": "owned", "agreed": True}


def codes(answers: dict[str, Any]) -> dict[str, str]:
    return {mistake.field: mistake.code for mistake in check(FORM, {**GOOD, **answers})}


def test_controls_are_flattened_in_the_order_of_the_screen() -> None:
    found = {field.name: field for field in fields(FORM)}
    order = "name tenure lease_until landlord landlord_phone size staff items area agreed remark"
    assert list(found) == order.split()
    kinds = [field.kind for field in found.values()]
    assert kinds == [
        "text",
        "choice",
        "date",
        "text",
        "text",
        "number",
        "integer",
        "several",
        "area",
        "yes_no",
        "long_text",
    ]
    name, tenure = found["name"], found["tenure"]
    assert (name.label, name.label_en, name.hint, name.hint_en) == ("名称", "Name", "与执照一致", "As licensed")
    assert (name.source, name.max_length, name.required, name.section, name.section_en) == (
        "applicant.name",
        20,
        True,
        "场所",
        "Premises",
    )
    assert tenure.choices == (("owned", "自有"), ("rented", "租赁")) and tenure.choices_en == ("Owned", "Rented")
    assert found["items"].choices == (("a", "a"), ("b", "b")) and found["items"].choices_en == ("a", "b")
    assert found["lease_until"].section == "场所" and found["size"].unit == "m²" and found["remark"].label == "备注"


def test_a_good_answer_has_no_mistakes() -> None:
    assert check(FORM, GOOD) == ()
    rented = {"tenure": "rented", "lease_until": "2027-02-28", "landlord": "李"}
    assert codes({**rented, "items": ["a", "b"], "size": 12.5, "staff": 3, "area": "330281001"}) == {}


def test_a_hidden_field_is_neither_asked_nor_kept() -> None:
    stale = {**GOOD, "lease_until": "not a date", "landlord": "李"}
    assert visible(FORM, stale).isdisjoint({"lease_until", "landlord", "landlord_phone"})
    assert check(FORM, stale) == () and kept(FORM, stale) == GOOD


def test_a_hidden_group_hides_a_control_whose_own_rule_is_met() -> None:
    assert "landlord_phone" not in visible(FORM, {**GOOD, "landlord": "李"})
    assert "landlord_phone" in visible(FORM, {**GOOD, "tenure": "rented", "landlord": "李"})
    assert "landlord_phone" not in visible(FORM, {**GOOD, "tenure": "rented", "landlord": " "})


def test_hide_is_the_other_way_round() -> None:
    assert "remark" in visible(FORM, {}) and "remark" not in visible(FORM, GOOD)


@pytest.mark.parametrize(
    ("answers", "mistake"),
    [
        ({"name": ""}, {"name": "required"}),
        ({"name": " \u3000"}, {"name": "required"}),
        ({"name": None}, {"name": "required"}),
        ({"agreed": False}, {"agreed": "required"}),
        ({"name": "长" * 21}, {"name": "length"}),
        ({"name": 7}, {"name": "type"}),
        ({"tenure": "squatted"}, {"tenure": "choice"}),
        ({"tenure": "rented"}, {"lease_until": "required", "landlord": "required"}),
        ({"tenure": "rented", "landlord": "李", "lease_until": "2027-02-29"}, {"lease_until": "format"}),
        ({"size": 0}, {"size": "range"}),
        ({"size": 101}, {"size": "range"}),
        ({"size": "12"}, {"size": "type"}),
        ({"size": True}, {"size": "type"}),
        ({"size": float("nan")}, {"size": "type"}),
        ({"size": float("inf")}, {"size": "type"}),
        ({"staff": 1.5}, {"staff": "type"}),
        ({"staff": 0}, {"staff": "range"}),
        ({"items": ["c"]}, {"items": "choice"}),
        ({"items": ["a", "a"]}, {"items": "other"}),
        ({"items": []}, {}),  # nothing chosen where nothing must be
        ({"area": "3302"}, {"area": "format"}),
        ({"unknown": 1}, {"unknown": "unknown"}),
    ],
)
def test_s10_each_mistake_is_told_by_field_and_code(answers: dict[str, Any], mistake: dict[str, str]) -> None:
    assert codes(answers) == mistake


def test_mistakes_come_in_the_order_of_the_form_with_their_limits() -> None:
    found = check(FORM, {"unknown": 1, "remark": "长" * 11, "size": 101, "tenure": "rented"})
    assert [m.field for m in found] == ["name", "lease_until", "landlord", "size", "agreed", "remark", "unknown"]
    assert found[3].facts == {"limit": "100"} and found[5].facts == {"limit": "10"}


@pytest.mark.parametrize(
    ("format_", "good", "bad"),
    [
        (
            "date",
            ["2024-02-29", "2026-11-20"],
            ["2023-02-29", "2025-W01-1", "20250101", "2025-1-1", "２０２５-01-01", "2025-01-01\n", "2025-001"],
        ),
        (
            "cn-phone",
            ["13900000000", "0574-00008888", "057400008888", "010-00000000-12"],
            ["1390000000", "13900000000\n", "１３９00000000", "+8613900000000", "5740000"],
        ),
        (
            "cn-id-number",
            ["11010519491231002X", "11010519491231002x"],
            ["110105194912310021", "１1010519491231002X", "1101051949123100", "11010519491331002X"],
        ),
        (
            "cn-uscc",
            ["91110000600037341L", "91350100M000100Y43"],
            ["91110000600037341A", "9111000060003734IL", "911100006000373"],
        ),
        (
            "tongban-area",
            ["330281", "330281001", "330281001201"],
            ["33028", "3302810", "330281001201001", "３３0281", "330281\n"],
        ),
    ],
)
def test_formats(format_: str, good: list[str], bad: list[str]) -> None:
    form = Form(
        data={"type": "object", "properties": {"x": {"type": "string", "format": format_}}},
        ui={"type": "VerticalLayout", "elements": [control("x")]},
    )
    assert faults(form) == ()
    for value in good:
        assert check(form, {"x": value}) == (), value
    for value in bad:
        told = check(form, {"x": value})
        assert [(m.code, m.facts) for m in told] == [("format", {"format": format_})], value


def test_the_first_mistake_is_the_same_however_the_schema_was_spelled() -> None:
    """A pack spells its keys in order, a form file as it was written: both must tell the same mistake."""
    schema = {"type": "string", "maxLength": 3, "format": "date", "pattern": "^x", "enum": ["a"]}
    ui = {"type": "VerticalLayout", "elements": [control("x")]}
    for order in (schema, dict(reversed(schema.items())), json.loads(canonical(schema))):
        form = Form(data={"type": "object", "properties": {"x": order}}, ui=ui)
        assert [m.code for m in check(form, {"x": "long"})] == ["choice"]


texts = st.text(alphabet="ab0-1年 \n", max_size=12)  # a small alphabet: judging, not spelling, is tried
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from([field.name for field in fields(FORM)] + ["unknown", ""])


@given(st.dictionaries(names, json_values, max_size=11))
def test_any_answers_are_judged_without_a_fault(answers: dict[str, Any]) -> None:
    mistakes = check(FORM, answers)
    known = {field.name for field in fields(FORM)}
    assert len({m.field for m in mistakes}) == len(mistakes)
    assert all(m.field in known or m.code == "unknown" for m in mistakes)
    assert all(m.field in visible(FORM, answers) or m.code == "unknown" for m in mistakes)


@given(st.dictionaries(names, json_values, max_size=11))
def test_what_is_kept_is_judged_as_the_whole_was(answers: dict[str, Any]) -> None:
    counting = kept(FORM, answers)
    assert kept(FORM, counting) == counting or any(v != v for v in counting.values())
    assert check(FORM, counting) == tuple(m for m in check(FORM, answers) if m.code != "unknown")


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (None, True),
        ({"properties": {"tenure": {"const": "rented"}}, "required": ["tenure"]}, False),
        ({"properties": {"tenure": {"const": "owned"}}, "required": ["tenure"]}, True),
        ({"properties": {"other": {"const": 1}}, "required": ["other"]}, False),
        ({"not": {"required": ["other"]}}, True),
    ],
)
def test_conditions(condition: dict[str, Any] | None, holds: bool) -> None:
    assert condition_holds(condition, GOOD) is holds


def broken(**changes: Any) -> Form:
    data = {**FORM.data, **changes.get("data", {})}
    data["properties"] = {**FORM.data["properties"], **changes.get("properties", {})}
    return Form(data=data, ui=changes.get("ui", FORM.ui))


ENABLE = {"effect": "ENABLE"}


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        (broken(data={"type": "array"}), "not an object"),
        (broken(data={"required": ["nobody"]}), "nobody is no property"),
        (broken(data={"dependentRequired": {"name": ["size"]}}), "dependentRequired"),
        (broken(data={"minProperties": "many"}), "data:"),
        (broken(properties={"extra": {"type": "string"}}, data={"required": ["extra"]}), "never asked"),
        (broken(properties={"size": {"type": ["number", "null"]}}), "no single type"),
        (broken(properties={"size": {"type": "object"}}), "no single type"),
        (broken(properties={"name": {"type": "string", "format": "e-mail"}}), "unknown format"),
        (broken(properties={"name": {"type": "string", "allOf": [{"$ref": "https://example.invalid/x"}]}}), "refers"),
        (broken(properties={"items": {"type": "array", "items": {"type": "string"}}}), "without choices"),
        (broken(properties={"tenure": {"type": "integer", "enum": [1, 2]}}), "not all strings"),
        (broken(ui={"type": "VerticalLayout", "elements": [control("nobody")]}), "nobody"),
        (broken(ui={"type": "VerticalLayout", "elements": [{"type": "Control"}]}), "scope"),
        (broken(ui={"type": "VerticalLayout", "elements": [control("name"), control("name")]}), "asked twice"),
        (broken(ui={"type": "VerticalLayout", "elements": [control("name", rule=RENTED)]}), "not asked before"),
        (broken(ui={"type": "VerticalLayout", "elements": [control("name", rule=ENABLE)]}), "SHOW or HIDE"),
    ],
)
def test_a_form_that_cannot_work_is_found_before_it_is_published(form: Form, fault: str) -> None:
    assert any(fault in found for found in faults(form)), faults(form)


def test_a_form_that_works_has_no_faults() -> None:
    assert faults(FORM) == ()


def test_f28_no_reference_is_ever_fetched() -> None:
    form = broken(properties={"name": {"$ref": "http://127.0.0.1:9/schema.json"}})
    with pytest.raises(Exception, match="Unresolvable|127.0.0.1"):
        check(form, GOOD)
