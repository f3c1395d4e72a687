"""Electronic forms (电子表单): JSON Schema for what is allowed, JSON Forms' UI vocabulary for how it is asked.

The same two functions run at the counter, at the kiosk and on the server, so the server refuses exactly what the
screen would have refused. Mistakes are returned, not raised.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from contract.person import id_number_fault, uscc_fault
from contract.wire import Wire

FORMATS = FormatChecker(formats=())
PHONE = re.compile(r"^(1\d{10}|0\d{2,3}-?\d{7,8}(-\d{1,6})?)$")


@FORMATS.checks("date")
def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        return len(value) == 10 and bool(date.fromisoformat(value))
    except ValueError:
        return False


@FORMATS.checks("cn-phone")
def _is_phone(value: object) -> bool:
    return not isinstance(value, str) or bool(PHONE.match(value))


@FORMATS.checks("cn-id-number")
def _is_id_number(value: object) -> bool:
    return not isinstance(value, str) or id_number_fault(value.upper(), date.max) is None


@FORMATS.checks("cn-uscc")
def _is_uscc(value: object) -> bool:
    return not isinstance(value, str) or uscc_fault(value.upper()) is None


@FORMATS.checks("tongban-area")
def _is_area(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"\d{6}(\d{3}){0,2}", value))


class Form(Wire):
    """A form: `data` is a JSON Schema (2020-12) of type object, `ui` a UI schema in JSON Forms' vocabulary.

    Controls may carry `options`: `source` (where the answer can be taken from, e.g. ``applicant.name``),
    `hint`, `multi` (several lines). Labels are Chinese; `i18n.en` in options gives the English.
    """

    data: dict[str, Any]
    ui: dict[str, Any]


@dataclass(frozen=True)
class FormField:
    """One control of a form, flattened for whoever draws it."""

    name: str
    label: str
    label_en: str
    kind: str  # text, long_text, date, number, integer, yes_no, choice, several, area
    required: bool
    section: str
    section_en: str = ""
    choices: tuple[tuple[str, str], ...] = ()  # (value, label)
    hint: str = ""
    source: str = ""
    unit: str = ""
    format: str = ""
    max_length: int | None = None
    rule: Mapping[str, Any] | None = dataclasses.field(default=None, compare=False)


@dataclass(frozen=True)
class Mistake:
    """Something wrong with one answer.

    `code` is one of required, format, type, choice, length, range, unknown, other.
    """

    field: str
    code: str
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict)


def fields(form: Form) -> tuple[FormField, ...]:
    """All controls in the order in which they are asked."""
    return tuple(_walk(form.ui, form, "", "", None))


def visible(form: Form, answers: Mapping[str, Any]) -> frozenset[str]:
    """The fields that are asked, given what has been answered. A rule on a hidden field counts as unmet."""
    shown: set[str] = set()
    known: dict[str, Any] = {}
    for control in fields(form):
        if _holds(control.rule, known):
            shown.add(control.name)
            if answers.get(control.name) not in (None, "", []):
                known[control.name] = answers[control.name]
    return frozenset(shown)


def kept(form: Form, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that count: those of visible fields, empty ones left out."""
    shown = visible(form, answers)
    return {name: value for name, value in answers.items() if name in shown and value not in (None, "", [])}


def check(form: Form, answers: Mapping[str, Any]) -> tuple[Mistake, ...]:
    """What is wrong with the answers, in the order of the form. Empty means it may be submitted."""
    shown = visible(form, answers)
    given = kept(form, answers)
    properties = form.data.get("properties", {})
    required = [name for name in form.data.get("required", ()) if name in shown]
    schema = {
        "type": "object",
        "properties": {name: rule for name, rule in properties.items() if name in shown},
        "required": required,
    }
    found: dict[str, Mistake] = {}
    for error in Draft202012Validator(schema, format_checker=FORMATS).iter_errors(given):
        name = str(error.path[0]) if error.path else _missing_name(error.message, required, given)
        found.setdefault(name, Mistake(name, *_told(error)))
    for name in answers:
        if name not in properties:
            found.setdefault(name, Mistake(name, "unknown"))
    order = [control.name for control in fields(form)]
    return tuple(sorted(found.values(), key=lambda m: order.index(m.field) if m.field in order else len(order)))


def condition_holds(condition: Mapping[str, Any] | None, answers: Mapping[str, Any]) -> bool:
    """Whether a condition (a JSON Schema over the answers) is met. None always is."""
    return condition is None or _validator(_frozen(condition)).is_valid(dict(answers))


def _walk(
    element: Mapping[str, Any], form: Form, section: str, section_en: str, rule: Mapping[str, Any] | None
) -> Iterator[FormField]:
    rule = element.get("rule", rule)
    if element.get("type") == "Control":
        yield _field(element, form, section, section_en, rule)
        return
    if element.get("type") == "Group":
        section = element.get("label", section)
        section_en = element.get("options", {}).get("i18n", {}).get("en", section_en)
    for child in element.get("elements", ()):
        yield from _walk(child, form, section, section_en, rule)


def _field(
    element: Mapping[str, Any], form: Form, section: str, section_en: str, rule: Mapping[str, Any] | None
) -> FormField:
    name = str(element["scope"]).removeprefix("#/properties/")
    schema = form.data["properties"][name]
    options = element.get("options", {})
    items = schema.get("items", schema) if schema.get("type") == "array" else schema
    choices = tuple((str(c["const"]), str(c.get("title", c["const"]))) for c in items.get("oneOf", ()))
    choices = choices or tuple((str(value), str(value)) for value in items.get("enum", ()))
    return FormField(
        name=name,
        label=element.get("label", schema.get("title", name)),
        label_en=options.get("i18n", {}).get("en", ""),
        kind=_kind(schema, options, bool(choices)),
        required=name in form.data.get("required", ()),
        section=section,
        section_en=section_en,
        choices=choices,
        hint=options.get("hint", ""),
        source=options.get("source", ""),
        unit=options.get("unit", ""),
        format=schema.get("format", ""),
        max_length=schema.get("maxLength"),
        rule=rule,
    )


def _kind(schema: Mapping[str, Any], options: Mapping[str, Any], has_choices: bool) -> str:
    if schema.get("type") == "array":
        return "several"
    if has_choices:
        return "choice"
    kinds = {"boolean": "yes_no", "number": "number", "integer": "integer"}
    if schema.get("type") in kinds:
        return kinds[schema["type"]]
    if schema.get("format") == "date":
        return "date"
    if schema.get("format") == "tongban-area":
        return "area"
    return "long_text" if options.get("multi") else "text"


def _holds(rule: Mapping[str, Any] | None, known: Mapping[str, Any]) -> bool:
    """JSON Forms' rule: effect SHOW or HIDE, condition {scope, schema}."""
    if rule is None:
        return True
    condition = rule["condition"]
    name = str(condition["scope"]).removeprefix("#/properties/")
    met = name in known and _validator(_frozen(condition["schema"])).is_valid(known[name])
    return met if rule.get("effect", "SHOW") == "SHOW" else not met


def _told(error: Any) -> tuple[str, dict[str, str]]:
    match error.validator:
        case "required":
            return "required", {}
        case "format" | "pattern":
            return "format", {"format": str(error.schema.get("format", ""))}
        case "type":
            return "type", {"type": str(error.validator_value)}
        case "enum" | "oneOf" | "const":
            return "choice", {}
        case "maxLength" | "minLength" | "maxItems" | "minItems":
            return "length", {"limit": str(error.validator_value)}
        case "maximum" | "minimum" | "exclusiveMaximum" | "exclusiveMinimum":
            return "range", {"limit": str(error.validator_value)}
        case _:
            return "other", {}


def _missing_name(message: str, required: list[str], given: Mapping[str, Any]) -> str:
    """The required property that an error speaks of (jsonschema names it only in the message)."""
    return next((name for name in required if name not in given and repr(name) in message), "")


def _frozen(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema), format_checker=FORMATS)
