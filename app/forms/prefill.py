"""Filling a form from what is known already: the parties, and what the shared library holds about them (S28, U13).

Every answer carries where it came from. Where two sources disagree both are shown and a clerk chooses. Nothing about
anyone but this case's applicant and handler is ever used, and who they are comes from their document alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.form import Form, FormField, check, fields, visible
from contract.node import Tree
from contract.person import Document, LegalPerson, Parties, Person

WHO_THEY_ARE = frozenset({"name", "number", "uscc", "sex", "nation", "nationality", "birth_date"})
"""Parts of a party that no library may supply: they come from this case's document, or are typed."""


@dataclass(frozen=True)
class Known:
    """One value for a field and its source: ``chip``, ``document``, ``typed``, ``licence``, ``library`` …

    `owner` is the number of the person that a library's value is about; it is matched, never shown.
    """

    value: Any
    source: str
    owner: str = ""

    def __repr__(self) -> str:
        return f"Known({self.source})"

    __str__ = __repr__


@dataclass(frozen=True)
class Prefilled:
    """What could be filled in: answers, the source of each, and all values of the fields where sources disagree."""

    answers: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    conflicts: Mapping[str, tuple[Known, ...]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Prefilled({', '.join(self.sources)})"

    __str__ = __repr__


def prefill(
    form: Form,
    parties: Parties,
    library: Mapping[str, Iterable[Known]] | None = None,
    tree: Tree | None = None,
    given: Mapping[str, Any] | None = None,
) -> Prefilled:
    """Answers for the fields that some source can fill and the form's own checks let pass.

    Args:
        form: The matter's form; its controls name their source (``applicant.name``, ``handler.phone`` …).
        parties: The people in the case. Their own words come before the library's.
        library: By source (``applicant.phone``) or field name (``account``), what is held about known people.
        tree: For area fields: the node that an address names, where it names exactly one.
        given: What was answered already: it decides which fields are asked, and is never changed.
    """
    library = library or {}
    answers: dict[str, Any] = {}
    sources: dict[str, str] = {}
    conflicts: dict[str, tuple[Known, ...]] = {}
    for control in fields(form):
        values = _agreeing([_fitted(known, control, tree) for known in _known(control, parties, library)])
        passing = [known for known in values if known.value is not None and _passes(form, control, known.value)]
        if passing:
            answers[control.name], sources[control.name] = passing[0].value, passing[0].source
        if len(passing) > 1:
            conflicts[control.name] = tuple(passing)
    shown = visible(form, {**answers, **(given or {})})
    return Prefilled(
        {name: value for name, value in answers.items() if name in shown},
        {name: source for name, source in sources.items() if name in shown},
        {name: values for name, values in conflicts.items() if name in shown},
    )


def _known(control: FormField, parties: Parties, library: Mapping[str, Iterable[Known]]) -> list[Known]:
    who, _, what = control.source.partition(".")
    party = {"applicant": parties.applicant, "handler": parties.handler}.get(who)
    found: list[Known] = []
    if party is not None:
        value = _of(party, what)
        if value not in (None, ""):
            found.append(Known(value, _origin(party, what)))
    owner = parties.handler.number if who == "handler" else parties.applicant.number
    if what not in WHO_THEY_ARE:
        names = [control.source, control.name] if control.source else [control.name]
        found += [known for name in names for known in library.get(name, ()) if known.owner == owner]
    return found


def _of(party: Person | LegalPerson, what: str) -> Any:
    """A part of a party, spelled as answers are. None for what this kind of party does not have."""
    if what == "name":
        return party.shown_name
    if what == "birth_date" and isinstance(party, Person):
        return party.birth_date.isoformat() if party.birth_date else None
    if what in ("number", "uscc", "representative", "address", "phone", "sex", "nation", "nationality"):
        return getattr(party, what, None)
    return None


def _origin(party: Person | LegalPerson, what: str) -> str:
    if isinstance(party, LegalPerson) or what == "phone" or party.document is Document.TYPED:
        return "typed"
    chips = (Document.RESIDENT, Document.HMT_PERMIT, Document.FOREIGN_2017, Document.FOREIGN_2023)
    return "chip" if party.document in chips else "document"


def _fitted(known: Known, control: FormField, tree: Tree | None) -> Known:
    """The value as the field wants it: a choice by its value or label, an area by the one node an address names."""
    value = known.value
    if control.kind == "choice":
        value = next((choice for choice, label in control.choices if value in (choice, label)), None)
    elif control.kind == "area" and isinstance(value, str) and not value.isdigit():
        areas = tree.areas_in(value) if tree else ()
        value = areas[0] if len(areas) == 1 else None
    return Known(value, known.source, known.owner)


def _agreeing(values: Iterable[Known]) -> list[Known]:
    """Each different value once, with the first source that gave it."""
    found: dict[str, Known] = {}
    for known in values:
        found.setdefault("".join(str(known.value).split()), known)
    return list(found.values())


def _passes(form: Form, control: FormField, value: Any) -> bool:
    # the rule is left out: whether the field is shown is decided when all answers are known
    properties = {control.name: form.data["properties"][control.name]}
    bare = Form(
        data={"type": "object", "properties": properties},
        ui={"type": "VerticalLayout", "elements": [{"type": "Control", "scope": f"#/properties/{control.name}"}]},
    )
    return not check(bare, {control.name: value})
