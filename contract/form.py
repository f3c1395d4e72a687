"""Electronic forms (电子表单): JSON Schema for what is allowed, JSON Forms' UI vocabulary for how it is asked.

The same two functions run at the counter, at the kiosk and on the server, so the server refuses exactly what the
screen would have refused. Mistakes are returned, not raised.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, SchemaError
from referencing import Registry

from contract.person import id_number_fault, uscc_fault
from contract.wire import Wire

FORMATS = FormatChecker(formats=())
PHONE = re.compile(r"1[0-9]{10}|0[0-9]{2,3}-?[0-9]{7,8}(-[0-9]{1,6})?")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
AREA = re.compile(r"[0-9]{6}([0-9]{3}){0,2}")
NOWHERE: Registry[Any] = Registry()  # a form can refer to nothing outside itself: no reference is ever fetched


@FORMATS.checks("date")
def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        return bool(DATE.fullmatch(value)) and bool(date.fromisoformat(value))
    except ValueError:
        return False


@FORMATS.checks("cn-phone")
def _is_phone(value: object) -> bool:
    return not isinstance(value, str) or bool(PHONE.fullmatch(value))


@FORMATS.checks("cn-id-number")
def _is_id_number(value: object) -> bool:
    return not isinstance(value, str) or id_number_fault(value.upper(), date.max) is None


@FORMATS.checks("cn-uscc")
def _is_uscc(value: object) -> bool:
    return not isinstance(value, str) or uscc_fault(value.upper()) is None


@FORMATS.checks("tongban-area")
def _is_area(value: object) -> bool:
    return not isinstance(value, str) or bool(AREA.fullmatch(value))


class Form(Wire):
    """A form: `data` is a JSON Schema (2020-12) of type object, `ui` a UI schema in JSON Forms' vocabulary.

    Controls may carry `options`: `source` (where the answer can be taken from, e.g. ``applicant.name``),
    `hint`, `unit`, `multi` (several lines), `personal` (whether the answer is one person's own: see FormField.common).
    Labels are Chinese; `i18n` in options gives the English: `en` for the
    label, `hint`, and `choices` by value. `faults` says what is wrong with a form before it is published.
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
    choices_en: tuple[str, ...] = ()  # labels in the same order
    hint: str = ""
    hint_en: str = ""
    source: str = ""
    unit: str = ""
    format: str = ""
    max_length: int | None = None
    rules: tuple[Mapping[str, Any], ...] = dataclasses.field(default=(), compare=False)  # its own and its groups'
    common: bool = False
    """Whether the answer may be kept for the next person of a run (同一事项，下一位). Never what comes from a party or
    identifies somebody, nor what the form marks `personal`. Unmarked, choices are common; what is typed, counted,
    dated, a place, or declared with yes or no is one person's own, unless the form says ``personal: false``."""


@dataclass(frozen=True)
class Mistake:
    """Something wrong with one answer.

    `code` is one of required, format, type, choice, length, range, unknown, other.
    """

    field: str
    code: str
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict)


def fields(form: Form) -> tuple[FormField, ...]:
    """All controls in the order in which they are asked.

    A window asks this of the same form at every key, so the last few forms are remembered.
    """
    for known, controls in tuple(_walked):
        if known is form:
            return controls
    controls = tuple(_walk(form.ui, form, "", "", ()))
    _walked.insert(0, (form, controls))
    del _walked[8:]
    return controls


_walked: list[tuple[Form, tuple[FormField, ...]]] = []


def visible(form: Form, answers: Mapping[str, Any]) -> frozenset[str]:
    """The fields that are asked, given what has been answered.

    A rule on a field that is hidden, empty or asked later counts as unmet; a hidden group hides all in it.
    """
    shown: set[str] = set()
    known: dict[str, Any] = {}
    for control in fields(form):
        if all(_holds(rule, known) for rule in control.rules):
            shown.add(control.name)
            if not _empty(answers.get(control.name)):
                known[control.name] = answers[control.name]
    return frozenset(shown)


def kept(form: Form, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that count: those of visible fields, empty ones (nothing, only blanks) left out."""
    shown = visible(form, answers)
    return {name: value for name, value in answers.items() if name in shown and not _empty(value)}


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
    for name, value in given.items():
        if isinstance(value, float) and not math.isfinite(value):  # JSON cannot spell it
            found[name] = Mistake(name, "type", {"type": "number"})
    for error in sorted(_validator(_frozen(schema)).iter_errors(given), key=_weight):
        name = str(error.path[0]) if error.path else _missing_name(error.message, required, given)
        found.setdefault(name, Mistake(name, *_told(error)))
    for name in answers:
        if name not in properties:
            found.setdefault(name, Mistake(name, "unknown"))
    order = [control.name for control in fields(form)]
    return tuple(sorted(found.values(), key=lambda m: order.index(m.field) if m.field in order else len(order)))


def faults(form: Form) -> tuple[str, ...]:
    """What is wrong with a form itself, in English for whoever wrote it; a form with faults is never published."""
    try:
        Draft202012Validator.check_schema(form.data)
    except SchemaError as error:
        return (f"data: {error.message}",)
    properties = form.data.get("properties")
    if form.data.get("type") != "object" or not isinstance(properties, dict):
        return ("data: not an object with properties",)
    found = [f"data.{key}: not supported" for key in form.data if key not in SUPPORTED]
    found += [
        f"data.required: {name} is no property" for name in form.data.get("required", ()) if name not in properties
    ]
    for name, schema in properties.items():
        found += [f"{name}: {what}" for what in _property_faults(schema)]
    asked: set[str] = set()
    try:
        controls = fields(form)
    except (KeyError, TypeError, AttributeError) as error:
        return (*found, f"ui: {type(error).__name__} {error}")
    for control in controls:
        if control.name in asked:
            found.append(f"{control.name}: asked twice")
        for rule in control.rules:
            scope = str(rule.get("condition", {}).get("scope", "")).removeprefix("#/properties/")
            if rule.get("effect") not in ("SHOW", "HIDE") or "schema" not in rule.get("condition", {}):
                found.append(f"{control.name}: rule is not SHOW or HIDE with scope and schema")
            elif scope not in asked:
                found.append(f"{control.name}: its rule looks at {scope}, which is not asked before it")
        asked.add(control.name)
    return (
        *found,
        *(f"{name}: required but never asked" for name in form.data.get("required", ()) if name not in asked),
    )


SUPPORTED = frozenset({"type", "properties", "required", "title", "description", "$schema", "additionalProperties"})


def _property_faults(schema: Any) -> Iterator[str]:
    if not isinstance(schema, dict) or schema.get("type") not in ("string", "number", "integer", "boolean", "array"):
        yield "has no single type that a screen can ask for"
        return
    if "$ref" in _frozen(schema):
        yield "refers to another schema"
    if schema.get("format") is not None and schema["format"] not in FORMATS.checkers:
        yield f"unknown format {schema['format']}"
    items = schema.get("items") if schema["type"] == "array" else schema
    values = [c.get("const") for c in items.get("oneOf", ())] + list(items.get("enum", ())) if items else []
    if schema["type"] == "array" and not values:
        yield "a list without choices"
    if not all(isinstance(value, str) for value in values):
        yield "choices are not all strings"


def condition_holds(condition: Mapping[str, Any] | None, answers: Mapping[str, Any]) -> bool:
    """Whether a condition (a JSON Schema over the answers) is met. None always is."""
    return condition is None or _validator(_frozen(condition)).is_valid(dict(answers))


def _walk(
    element: Mapping[str, Any], form: Form, section: str, section_en: str, rules: tuple[Mapping[str, Any], ...]
) -> Iterator[FormField]:
    if "rule" in element:
        rules = (*rules, element["rule"])
    if element.get("type") == "Control":
        yield _field(element, form, section, section_en, rules)
        return
    if element.get("type") == "Group":
        section = element.get("label", section)
        section_en = element.get("options", {}).get("i18n", {}).get("en", section_en)
    for child in element.get("elements", ()):
        yield from _walk(child, form, section, section_en, rules)


def _field(
    element: Mapping[str, Any], form: Form, section: str, section_en: str, rules: tuple[Mapping[str, Any], ...]
) -> FormField:
    name = str(element["scope"]).removeprefix("#/properties/")
    schema = form.data["properties"][name]
    options = element.get("options", {})
    i18n = options.get("i18n", {})
    items = schema.get("items", schema) if schema.get("type") == "array" else schema
    choices = tuple((str(c["const"]), str(c.get("title", c["const"]))) for c in items.get("oneOf", ()))
    choices = choices or tuple((str(value), str(value)) for value in items.get("enum", ()))
    return FormField(
        name=name,
        label=element.get("label", schema.get("title", name)),
        label_en=i18n.get("en", ""),
        kind=_kind(schema, options, bool(choices)),
        required=name in form.data.get("required", ()),
        section=section,
        section_en=section_en,
        choices=choices,
        choices_en=tuple(i18n.get("choices", {}).get(value, label) for value, label in choices),
        hint=options.get("hint", ""),
        hint_en=i18n.get("hint", ""),
        source=options.get("source", ""),
        unit=options.get("unit", ""),
        format=schema.get("format", ""),
        max_length=schema.get("maxLength"),
        rules=rules,
        common=_is_common(schema, options, _kind(schema, options, bool(choices))),
    )


def _is_common(schema: Mapping[str, Any], options: Mapping[str, Any], kind: str) -> bool:
    if options.get("source") or schema.get("format") in ("cn-id-number", "cn-phone", "cn-uscc"):
        return False
    return not options.get("personal", kind not in ("choice", "several"))


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


def _empty(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _holds(rule: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """JSON Forms' rule: effect SHOW or HIDE, condition {scope, schema}."""
    condition = rule["condition"]
    name = str(condition["scope"]).removeprefix("#/properties/")
    met = name in known and _validator(_frozen(condition["schema"])).is_valid(known[name])
    return met if rule.get("effect", "SHOW") == "SHOW" else not met


def _weight(error: Any) -> int:
    """Which of several mistakes in one answer is told: the first that makes the others beside the point."""
    order = ("required", "type", "choice", "length", "format", "range", "other")
    return order.index(_told(error)[0])


def _told(error: Any) -> tuple[str, dict[str, str]]:
    match error.validator:
        case "required":
            return "required", {}
        case "format" | "pattern":
            return "format", {"format": str(error.schema.get("format", ""))}
        case "const" if error.validator_value is True:  # a box that must be ticked
            return "required", {}
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


@lru_cache(maxsize=4096)
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema), format_checker=FORMATS, registry=NOWHERE)
