"""A draft (草稿) is an intake in progress; the panel is what a clerk must not have to remember about it.

Pure: a draft is a frozen value that is saved as JSON in the encrypted store after every deed (steps.py, pages.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from app.matters.catalogue import Catalogue
from contract.case import Author, ClashSeen, State, SupplementItem
from contract.clock import ClockEvent, Tick, deemed_accepted_on, read_clock
from contract.form import check, fields
from contract.material import CaseMaterial
from contract.matter import Delivery, Fee, Matter, missing, takes
from contract.node import Offering, Power, Route, Routing, powers_at
from contract.person import OWN_NUMBERS, Identity, LegalPerson, Parties, Person, Tie, id_number_fault
from contract.wire import Wire, canonical, sha256


class Step(StrEnum):
    IDENTITY = "identity"
    MATTER = "matter"
    FORM = "form"
    MATERIALS = "materials"
    REVIEW = "review"
    RECEIPT = "receipt"


class Offered(Wire):
    """One of several values that sources give for a field: chip, document, typed, library … (S28)."""

    value: Any
    source: str

    def __repr__(self) -> str:
        return f"Offered({self.source})"

    __str__ = __repr__


class Stack(Wire):
    """The paper that went through the scanner last: what goes on after a break, and whose backs may still follow.

    Attributes:
        code: The material that it was begun in.
        into: The material that the next page goes into: another one behind a separator sheet.
        source: As `devices.scanner.Source`.
        sheets: By sheet, the key of its front's page; empty where nothing of it was kept (a separator sheet).
        following: The page to go on with after a break; 0 where the stack came through whole.
        backs: Of the stack turned over (手动双面), how many backs have come; 0 where that was not begun.
    """

    code: str
    into: str
    source: str
    sheets: tuple[str, ...] = ()
    following: int = 0
    backs: int = 0

    @property
    def wants_backs(self) -> bool:
        """Whether the backs of a stack that was scanned one-sided may come now."""
        return self.source == "adf" and not self.following and self.backs < len(self.sheets)


class Begun(Wire):
    """What was done for one matter: it is put by when another matter is chosen, and is there again on coming back.

    Attributes:
        answers: As on the form.
        sources: By field, where its answer was taken from.
        own: Fields that the clerk answered; nothing is filled in over them, not even where they were emptied.
        conflicts: By field, all that the sources offer, where they disagree.
        number: Reserved when the application form is printed or the case is taken in; each matter has its own, so
            that a form signed for another matter never files itself here.
        form_digest: What the application form said when it was printed last.
        signed_digest: What the form said whose pages came back.
        stack: The paper that went through the scanner last.
        clash_seen: The applicant's other open cases that the clerk takes this one in beside (rule 9).
    """

    matter: tuple[str, int] | None = None
    answers: dict[str, Any] = {}
    sources: dict[str, str] = {}
    own: tuple[str, ...] = ()
    conflicts: dict[str, tuple[Offered, ...]] = {}
    route: Route | None = None
    delivery: Delivery = Delivery.WINDOW
    materials: tuple[CaseMaterial, ...] = ()
    foreign_pages: tuple[str, ...] = ()  # keys of pages with another case's slot code on them
    stack: Stack | None = None
    number: str = ""
    form_digest: str = ""
    signed_digest: str = ""
    clash_seen: ClashSeen | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.matter})"

    __str__ = __repr__


class Draft(Begun):
    """An intake in progress. Its id becomes the case's id.

    Attributes:
        others: By code, the matters that were chosen before.
        confirmed: Who compared card and face; stays the author of that act, whoever finishes the case (F09).
        of_case: The case that this supplements (补正); empty for an intake.
        asked: What that case waits for.
        instead_of: The case that the server refused and that this takes in anew; empty otherwise.
        revision: How often it was saved: of two, the one with the higher says more.
    """

    id: str
    clerk: str
    channel: str = "counter"
    began_at: datetime
    step: Step = Step.IDENTITY
    handler: Person | None = None
    identity: Identity | None = None
    applicant: Person | LegalPerson | None = Field(default=None, discriminator="kind")
    tie: Tie = Tie.SELF
    phone: str = ""
    others: dict[str, Begun] = {}
    confirmed: Author | None = None
    of_case: str = ""
    asked: tuple[SupplementItem, ...] = ()
    instead_of: str = ""
    parked: bool = False
    revision: int = 0

    def __repr__(self) -> str:
        return f"Draft({self.id}, {self.step})"

    __str__ = __repr__

    @property
    def parties(self) -> Parties | None:
        """The three parties, once there is a handler and an applicant."""
        if self.handler is None or self.applicant is None:
            return None
        return Parties(applicant=self.applicant, handler=self.handler, tie=self.tie)

    def material(self, code: str) -> CaseMaterial | None:
        return next((material for material in self.materials if material.code == code), None)


class Missing(Wire):
    """One thing without which the case cannot be taken in. The label is Chinese, from the matter."""

    kind: Literal[
        "identity", "confirm", "applicant", "matter", "tie", "audience", "field", "material", "form", "route", "power",
        "clash",
    ]  # fmt: skip
    code: str = ""
    label: str = ""
    promise_days: int | None = None


class Caution(Wire):
    """Something to look at that stops nothing.

    Kinds: ``suspect`` (the chip's number contradicts itself), ``expired`` (the document), ``number`` (a typed number
    fails its check), ``name`` (characters that no font has, and none for display), ``conflict`` (sources disagree about
    a field), ``equal_pages`` (the same page twice), ``foreign_page`` (it carries another case's code), ``clash`` (the
    applicant has another open case of this matter), ``asked`` (what a supplement is to bring), ``newer`` (the matter
    has a newer version than the draft began with), ``withdrawn`` (it is offered no more; what was begun goes on, S09).
    `code` is the field, material or case, `label` its Chinese name or number, or what is to be brought.
    """

    kind: Literal[
        "suspect", "expired", "number", "name", "conflict", "equal_pages", "foreign_page", "clash", "asked", "newer",
        "withdrawn",
    ]  # fmt: skip
    code: str = ""
    label: str = ""
    count: int = 1
    state: State | None = None  # of the other case …
    where: str = ""  # … and the node that took it in
    confirmed: bool = False  # the clerk goes on all the same


class OtherCase(Wire):
    """Another open case of the applicant's, of a matter of which two are to be looked at (rule 9)."""

    case_id: str
    number: str
    state: State
    where: str

    def __repr__(self) -> str:
        return f"OtherCase({self.case_id}, {self.state})"

    __str__ = __repr__


class Panel(Wire):
    """What stands at the right of the counter during the whole intake."""

    applicant: str = ""
    applicant_number: str = ""
    handler: str = ""
    handler_number: str = ""
    tie: Tie = Tie.SELF
    manual: bool = False  # 人工录入
    confirmed_at: datetime | None = None
    matter: str = ""
    decided_by: str = ""
    collected_at: str = ""
    power: Literal["", "accepts_here", "received_here", "cannot_here"] = ""
    promised_days: int | None = None
    legal_days: int | None = None
    immediate: bool = False
    promised_due: date | None = None  # where this window accepts: if taken in today
    legal_due: date | None = None
    answer_by: date | None = None  # where the department accepts: silent until then means accepted
    provisional: bool = False  # the calendar of that year is not confirmed
    fee: Fee | None = None
    delivery: Delivery = Delivery.WINDOW
    missing: tuple[Missing, ...] = ()
    cautions: tuple[Caution, ...] = ()

    def __repr__(self) -> str:
        return f"Panel({self.power}, {len(self.missing)} missing)"

    __str__ = __repr__


def brought_up(draft: Draft, begun: Begun) -> Draft:
    """The draft with what was done for one matter in front; what was done for the one before is put by."""
    others = dict(draft.others)
    if draft.matter is not None:
        others[draft.matter[0]] = Begun(**{name: getattr(draft, name) for name in Begun.model_fields})
    if begun.matter is not None:
        others.pop(begun.matter[0], None)
    return draft.model_copy(update={**{name: getattr(begun, name) for name in Begun.model_fields}, "others": others})


def form_is_stale(draft: Draft) -> bool:
    """Whether the form was printed, or signed and scanned, with other answers or for other people (U04)."""
    said = draft.signed_digest or draft.form_digest
    return bool(said) and said != form_says(draft)


def form_says(draft: Draft) -> str:
    """Digest of all that the application form prints: the matter, the people, what was answered."""
    parties = draft.parties
    answers = {name: value for name, value in draft.answers.items() if value not in (None, "", [])}
    return sha256(
        canonical(
            {
                "matter": list(draft.matter or ()),
                "parties": parties.model_dump(mode="json") if parties else None,
                "answers": answers,
                "phone": draft.phone,
                "delivery": draft.delivery,
            }
        )
    )


def matter_of(draft: Draft, catalogue: Catalogue) -> Matter | None:
    """The matter in the version that the draft began with, or None before one is chosen."""
    return catalogue.matter(*draft.matter) if draft.matter else None


def routing(draft: Draft, catalogue: Catalogue, node: str) -> Routing:
    """Which departments could be competent, by the field that the matter names (U06)."""
    matter, parties = matter_of(draft, catalogue), draft.parties
    if matter is None or parties is None:
        return Routing(field="", candidates=())
    return catalogue.where_decided(matter, parties, draft.answers, node)


def offering_of(draft: Draft, catalogue: Catalogue) -> Offering | None:
    """The offering that the chosen or only possible route leads to."""
    if draft.matter is None or draft.route is None:
        return None
    wanted = (draft.route.department, draft.route.area)
    return next((o for o in catalogue.offerings(draft.matter[0]) if (o.department, o.area) == wanted), None)


def main_action(draft: Draft, catalogue: Catalogue, node: str) -> Literal["accept", "receive"] | None:
    """What F9 may do here: accept, receive only, or nothing (U01)."""
    offering = offering_of(draft, catalogue)
    if offering is None:
        return None
    powers = powers_at(offering, node, catalogue.tree)
    if Power.RECEIVE not in powers:
        return None
    return "accept" if Power.ACCEPT in powers else "receive"


def panel(draft: Draft, catalogue: Catalogue, node: str, today: date, others: tuple[OtherCase, ...] = ()) -> Panel:
    """Work out the panel. Due days are those that would hold if the case were taken in today.

    Args:
        others: The applicant's other open cases (`app.flow.clashes.clashing`).
    """
    matter, offering = matter_of(draft, catalogue), offering_of(draft, catalogue)
    action = main_action(draft, catalogue, node)
    shown: dict[str, Any] = {
        "tie": draft.tie,
        "delivery": draft.delivery,
        "collected_at": catalogue.tree.path_name(node),
        "missing": whats_missing(draft, catalogue, node, others),
        "cautions": (*_cautions(draft, catalogue, today), *_clashes(draft, others)),
    }
    if draft.applicant is not None:
        shown |= {"applicant": draft.applicant.shown_name, "applicant_number": draft.applicant.number}
    if draft.handler is not None:
        shown |= {"handler": draft.handler.shown_name, "handler_number": draft.handler.number}
    if draft.identity is not None:
        shown |= {"manual": draft.identity.source == "manual", "confirmed_at": draft.identity.confirmed_at}
    if matter is not None:
        limits, calendar = matter.limits, catalogue.pack.calendar
        shown |= {
            "matter": matter.name,
            "promised_days": limits.promised_days,
            "legal_days": limits.legal_days,
            "immediate": limits.immediate,
            "fee": matter.fee,
        }
        if action == "accept":
            face = read_clock((ClockEvent(tick=Tick.START, on=today),), limits, calendar, today)
            shown |= {"promised_due": face.promised_due, "legal_due": face.legal_due, "provisional": face.provisional}
        elif action == "receive":
            by = deemed_accepted_on(today, calendar)
            shown |= {"answer_by": by, "provisional": calendar.is_provisional(today, by)}
    if offering is not None:
        words = {"accept": "accepts_here", "receive": "received_here", None: "cannot_here"}
        department = catalogue.department(offering.department)
        shown |= {"decided_by": department.name, "power": words[action]}
    return Panel(**shown)


def whats_missing(
    draft: Draft, catalogue: Catalogue, node: str, others: tuple[OtherCase, ...] = ()
) -> tuple[Missing, ...]:
    """Everything without which F9 is refused, in the order of the steps."""
    found: list[Missing] = []
    if draft.handler is None or draft.identity is None:
        found.append(Missing(kind="identity"))
    elif draft.identity.confirmed_at is None:
        found.append(Missing(kind="confirm"))
    if draft.handler is not None and draft.applicant is None:
        found.append(Missing(kind="applicant"))
    matter, parties = matter_of(draft, catalogue), draft.parties
    if matter is None:
        return (*found, Missing(kind="matter"))
    if parties is None:
        return tuple(found)
    refused = takes(matter, parties)
    if refused == "tie":
        found.append(Missing(kind="tie", code=parties.tie))
    elif refused == "audience":
        found.append(Missing(kind="audience"))
    labels = {field.name: field.label for field in fields(matter.form)}
    for mistake in check(matter.form, draft.answers):
        found.append(Missing(kind="field", code=mistake.field, label=labels.get(mistake.field, mistake.field)))
    if offering_of(draft, catalogue) is None:
        nobody = not routing(draft, catalogue, node).candidates
        found.append(Missing(kind="route", code="nobody" if nobody else ""))
    elif main_action(draft, catalogue, node) is None:
        found.append(Missing(kind="power"))
    for rule in missing(matter, parties, draft.answers, draft.materials):
        found.append(Missing(kind="material", code=rule.code, label=rule.name, promise_days=rule.promise_days))
    if form_is_stale(draft):
        forms = (rule for rule in matter.materials if rule.is_application_form)
        found += [Missing(kind="form", code=rule.code, label=rule.name) for rule in forms]
    unseen = (one for one in _clashes(draft, others) if not one.confirmed)
    return (*found, *(Missing(kind="clash", code=one.code, label=one.label) for one in unseen))


def _clashes(draft: Draft, others: tuple[OtherCase, ...]) -> Iterator[Caution]:
    seen = draft.clash_seen.cases if draft.clash_seen else ()
    for other in others:
        yield Caution(
            kind="clash",
            code=other.case_id,
            label=other.number,
            state=other.state,
            where=other.where,
            confirmed=other.case_id in seen,
        )


def _cautions(draft: Draft, catalogue: Catalogue, today: date) -> Iterator[Caution]:
    handler, identity, matter = draft.handler, draft.identity, matter_of(draft, catalogue)
    if matter is not None and (newest := catalogue.newest_version(matter.code)) != matter.version:
        yield Caution(kind="withdrawn" if newest is None else "newer", code=matter.code, label=matter.name)
    if handler is not None and identity is not None:
        if identity.suspect:
            yield Caution(kind="suspect")
        if identity.valid_until is not None and identity.valid_until < today:
            yield Caution(kind="expired")
        citizen = handler.document not in OWN_NUMBERS
        if identity.source == "manual" and citizen and id_number_fault(handler.number, today):
            yield Caution(kind="number")
        if identity.has_private_use and not handler.name_display:
            yield Caution(kind="name")
    if matter is not None:
        labels = {control.name: control.label for control in fields(matter.form)}
        names = {rule.code: rule.name for rule in matter.materials} | labels
        for item in draft.asked:
            about = item.material or item.field
            yield Caution(kind="asked", code=about, label="：".join(filter(None, (names.get(about), item.what))))
        for name in draft.conflicts:
            yield Caution(kind="conflict", code=name, label=labels.get(name, name))
    seen: set[str] = set()
    for material in draft.materials:
        keys = [page.key for page in material.pages if not page.hidden]
        equal = sum(key in seen or key in keys[:at] for at, key in enumerate(keys))
        seen.update(keys)
        if equal:
            yield Caution(kind="equal_pages", code=material.code, label=material.name, count=equal)
        if foreign := sum(key in draft.foreign_pages for key in keys):
            yield Caution(kind="foreign_page", code=material.code, label=material.name, count=foreign)
