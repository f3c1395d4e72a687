"""What a clerk does to a draft, step by step. Each deed saves the draft before it returns: going back loses nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from app.cases.acts import get_case
from app.desk import Desk, author_of, today
from app.flow.draft import Begun, Draft, Offered, Step, brought_up, form_says, matter_of, routing
from app.flow.merge import merged
from app.forms.earlier import told_before
from app.forms.prefill import Prefilled, prefill
from app.matters.catalogue import Hit
from app.store.rows import Draft as SavedDraft
from app.sync.versions import versions
from contract.case import CHINA, Case, Kind, State, allowed
from contract.clock import promise_limit
from contract.form import Mistake, check, fields, kept
from contract.material import CaseMaterial, Source, Trust
from contract.matter import Delivery, MaterialRule, Matter, wanted
from contract.node import Offering, Route
from contract.person import Clerk, Identity, LegalPerson, Person, Tie, uscc_fault
from contract.problem import Problem, Retry
from contract.wire import Wire
from devices.idcard import IdentityDocument

USED = "matters.used"  # under which name the store remembers how often each matter was taken in here
FADES = 0.97  # what an earlier use counts against one more
CARRIED = "carried"  # the source of an answer that was kept from the case before
_EMPTY: tuple[Any, ...] = (None, "", [])
_NUMBERING = threading.Lock()  # two presses of F9 take one number


class DraftSummary(Wire):
    """One line of the list of drafts."""

    id: str
    title: str
    applicant: str
    step: Step
    parked: bool
    saved_at: str

    def __repr__(self) -> str:
        return f"DraftSummary({self.id})"

    __str__ = __repr__


def begin(desk: Desk, clerk: Clerk, channel: str = "counter") -> Draft:
    """A fresh intake. Nothing is kept until there is something to keep, and nothing at hand of who was there before."""
    desk.thumbnails.forget()
    return Draft(id=desk.store.acts.new_id(), clerk=clerk.id, channel=channel, began_at=desk.clock())


def with_document(desk: Desk, draft: Draft, document: IdentityDocument, pages: tuple[str, ...] = ()) -> Draft:
    """The person at the window, from a document. They are the applicant too, until the clerk says otherwise.

    Where somebody else stood there before, what was known and said about them goes.

    Args:
        pages: Digests of the photographed document.

    Raises:
        Problem: ``idcard.garbled`` for a document without a name or number.
    """
    before = draft.handler if draft.handler is not None and draft.handler.number == document.number else None
    phone = draft.phone if before or draft.handler is None else ""
    display = before.name_display if before and before.name == (document.name or document.name_latin) else ""
    person = _person(document).model_copy(update={"phone": phone, "name_display": display})
    identity = Identity(
        source=document.source,
        document=document.document_type,
        sam_number=document.sam_number,
        suspect=document.suspect,
        long_term=document.long_term,
        valid_until=document.valid_until,
        has_private_use=document.has_private_use,
        reason=document.reason,
        pages=pages,
    )
    applicant, tie = draft.applicant, draft.tie
    if applicant is None or tie is Tie.SELF or applicant.number == person.number:
        applicant, tie = person, Tie.SELF  # whoever was represented stands here now
    changes = {"handler": person, "identity": identity, "confirmed": None, "phone": phone}
    return _with_people(desk, draft, applicant=applicant, tie=tie, **changes)


def with_represented(desk: Desk, draft: Draft, document: IdentityDocument) -> Draft:
    """On whose behalf the person at the window comes, from that person's document.

    Raises:
        Problem: ``idcard.garbled`` for a document without a name or number; ``applicant.is_handler``.
    """
    return with_applicant(desk, draft, _person(document), draft.tie)


def _person(document: IdentityDocument) -> Person:
    """The person on a document."""
    name = document.name or document.name_latin
    if not name or not document.number:
        raise Problem("idcard.garbled", Retry.AGAIN)
    return Person(
        name=name,
        document=document.document_type,
        number=document.number,
        sex=document.sex,
        nation=document.nation,
        nationality=document.nationality,
        birth_date=document.birth_date,
        address=document.additional_address or document.address,
    )


def with_manual_identity(desk: Desk, draft: Draft, fields: Mapping[str, Any], reason: str, page: bytes | None) -> Draft:
    """The person at the window, typed from a household book, temporary card, passport or bare number (人工录入).

    Raises:
        Problem: ``identity.reason_missing``, and the manual driver's for a number that fails its check.
    """
    if not reason.strip():
        raise Problem("identity.reason_missing", Retry.AFTER_FIX)
    document = desk.devices.manual(dict(fields), reason.strip())
    pages = (desk.store.pages.put(page),) if page else ()
    return with_document(desk, draft, document, pages)


def with_display_name(desk: Desk, draft: Draft, name: str) -> Draft:
    """The standard characters for a chip name that has private-use ones; the chip's spelling stays beside it."""
    if draft.handler is None:
        return draft
    handler = draft.handler.model_copy(update={"name_display": name.strip()})
    same = draft.tie is Tie.SELF
    return _with_people(desk, draft, handler=handler, applicant=handler if same else draft.applicant)


def confirm_person(desk: Desk, draft: Draft, clerk: Clerk) -> Draft:
    """人证一致: the clerk has looked at card and face. An act of its own: who and when are kept."""
    if draft.identity is None:
        raise Problem("identity.missing", Retry.AFTER_FIX)
    identity = draft.identity.model_copy(update={"confirmed_by": clerk.id, "confirmed_at": desk.clock()})
    return keep(desk, draft, identity=identity, confirmed=author_of(desk, clerk))


def with_applicant(desk: Desk, draft: Draft, applicant: Person | LegalPerson | None, tie: Tie) -> Draft:
    """On whose behalf. None with tie self: the person at the window; None otherwise: not known yet.

    Raises:
        Problem: ``applicant.code_wrong`` for a credit code that fails its check; ``applicant.is_handler`` where
            somebody would act for themselves under another tie.
    """
    chosen = draft.handler if tie is Tie.SELF else applicant
    if isinstance(chosen, LegalPerson) and uscc_fault(chosen.uscc):
        raise Problem("applicant.code_wrong", Retry.AFTER_FIX)
    if tie is not Tie.SELF and chosen is not None and draft.handler and chosen.number == draft.handler.number:
        raise Problem("applicant.is_handler", Retry.AFTER_FIX)
    return _with_people(desk, draft, applicant=chosen, tie=tie)


def with_matter(desk: Desk, draft: Draft, code: str) -> Draft:
    """Choose the matter: answers that are known already are filled in, the list of materials is laid out.

    What was done for the matter chosen before is put by and comes back with it. A matter that is chosen again keeps
    the version that it was begun with (S09).

    Raises:
        Problem: ``matter.unknown``.
    """
    if draft.matter is not None and draft.matter[0] == code:
        return keep(desk, draft, **_following(desk, draft))
    begun = draft.others.get(code)
    if begun is None:
        matter = desk.catalogue().matter(code)
        fits = draft.delivery in matter.deliveries
        begun = Begun(matter=matter.key, delivery=draft.delivery if fits else matter.deliveries[0])
    after = brought_up(draft, begun)
    return keep(desk, draft, after, **_following(desk, after))


def with_answers(desk: Desk, draft: Draft, answers: Mapping[str, Any]) -> Draft:
    """The answers as they stand on the screen.

    A field that the clerk changed is theirs from now on: nothing is filled in over it, and it is "from the card" only
    where the clerk chose just that among what the sources offer (S28).
    """
    sources, own = dict(draft.sources), dict.fromkeys(draft.own)
    for name in {**draft.answers, **answers}:
        value = answers.get(name)
        if value == draft.answers.get(name):
            continue
        own[name] = None
        sources.pop(name, None)
        offered = [one.source for one in draft.conflicts.get(name, ()) if one.value == value]
        if offered:
            sources[name] = offered[0]
    after = draft.model_copy(update={"answers": dict(answers), "sources": sources, "own": tuple(own)})
    return keep(desk, draft, after, **_following(desk, after))


def mistakes(desk: Desk, draft: Draft) -> tuple[Mistake, ...]:
    """What is wrong with the form, in its order."""
    matter = matter_of(draft, desk.catalogue())
    return check(matter.form, draft.answers) if matter else ()


def with_route(desk: Desk, draft: Draft, offering: Offering, clerk: Clerk) -> Draft:
    """The clerk's choice among several competent departments, kept with what it was chosen from.

    Raises:
        Problem: ``route.not_a_candidate``.
    """
    found = routing(draft, desk.catalogue(), desk.node)
    if offering not in found.candidates:
        raise Problem("route.not_a_candidate", Retry.AFTER_FIX)
    route = Route(
        department=offering.department,
        area=offering.area,
        field=found.field,
        chosen_from=tuple(o.department for o in found.candidates) if not found.clear else (),
        chosen_by="" if found.clear else clerk.id,
    )
    return keep(desk, draft, route=route)


def with_phone(desk: Desk, draft: Draft, phone: str) -> Draft:
    """The number under which the applicant can be told. A handler who has one of their own keeps it."""
    phone, handler, applicant = phone.strip(), draft.handler, draft.applicant
    if handler is not None and (draft.tie is Tie.SELF or handler.phone in ("", draft.phone)):
        handler = handler.model_copy(update={"phone": phone})
    if draft.tie is Tie.SELF and handler is not None:
        applicant = handler
    elif isinstance(applicant, Person):
        applicant = applicant.model_copy(update={"phone": phone})
    return _with_people(desk, draft, phone=phone, handler=handler, applicant=applicant)


def with_delivery(desk: Desk, draft: Draft, delivery: Delivery) -> Draft:
    """How the result is to reach the applicant."""
    return keep(desk, draft, delivery=delivery)


def to_step(desk: Desk, draft: Draft, step: Step) -> Draft:
    """Go to a step. Any step may be looked at; only F9 asks whether all is there."""
    return keep(desk, draft, step=step)


def park(desk: Desk, draft: Draft) -> Draft:
    """Put the case aside (挂起); it comes back after a restart too."""
    desk.thumbnails.forget()
    return keep(desk, draft, parked=True)


def get_draft(desk: Desk, draft_id: str) -> Draft:
    """A draft as it is stored.

    Raises:
        Problem: ``draft.gone``, ``draft.damaged``.
    """
    return _read(desk.store.drafts.get(draft_id))


def resume(desk: Desk, draft_id: str) -> Draft:
    """Take a parked or unfinished draft up again. Days promised before are worked out anew from today.

    Raises:
        Problem: ``draft.gone``, ``draft.damaged``.
    """
    draft = get_draft(desk, draft_id)
    return keep(desk, draft, parked=False, materials=_promised_anew(desk, draft))


def drafts(desk: Desk, clerk: Clerk) -> tuple[DraftSummary, ...]:
    """This clerk's drafts in the order in which they were begun: the order of Alt+number."""
    return tuple(_summary(desk, row) for row in sorted(desk.store.drafts.saved(clerk.id), key=lambda row: row.id))


def discard(desk: Desk, draft: Draft) -> None:
    """Drop an intake that came to nothing. A number that was printed on its form is not used again."""
    desk.store.drafts.drop(draft.id)


def same_matter_next(desk: Desk, before: Draft | Case, clerk: Clerk, agent: bool = False) -> Draft:
    """同一事项，下一位: the matter and the common answers stay; identity, materials and all that is personal go.

    Args:
        desk: The desk.
        before: The case just done.
        clerk: Who goes on.
        agent: The handler is the clerk themself, a village agent (代办员) who comes for one household after another:
            read and confirmed once, they stay. Each household's mandate is a material of its own case.

    Raises:
        Problem: ``run.not_the_agent`` where the person who handled the case before is not this clerk.
    """
    code = before.matter if isinstance(before, Case) else before.matter[0] if before.matter else ""
    draft = begin(desk, clerk, before.channel)
    if agent:
        draft = _with_agent(desk, draft, before, clerk)
    if not code:
        return draft
    matter = desk.catalogue().matter(code)
    fits = draft.delivery in matter.deliveries
    common = {control.name for control in fields(matter.form) if control.common}
    gone = {name for name, source in _sources(desk, before).items() if source != CARRIED}
    answers = {name: value for name, value in before.answers.items() if name in common - gone}
    changes = {
        "matter": matter.key,
        "delivery": draft.delivery if fits else matter.deliveries[0],
        "answers": answers,
        "sources": dict.fromkeys(answers, CARRIED),
    }
    return keep(desk, draft.model_copy(update=changes)) if agent else draft.model_copy(update=changes)


def _sources(desk: Desk, before: Draft | Case) -> Mapping[str, str]:
    """Where the answers were taken from: of a case its first act tells."""
    if isinstance(before, Draft):
        return before.sources
    opened = next((act for act in desk.store.cases.actions(before.id) if act.kind is Kind.OPEN), None)
    return dict(opened.body.get("sources", {})) if opened else {}


def may_be_agent(desk: Desk, before: Draft | Case, clerk: Clerk) -> bool:
    """Whether the person who handled the case may be the clerk themself, confirmed by them today.

    That they are is for the clerk to say, once.
    """
    parties, identity = before.parties, before.identity
    if parties is None or parties.tie is Tie.SELF or identity is None or identity.confirmed_at is None:
        return False
    if identity.confirmed_by != clerk.id or identity.confirmed_at.astimezone(CHINA).date() != today(desk):
        return False
    return "".join(parties.handler.name.split()) == "".join(clerk.name.split())


def _with_agent(desk: Desk, draft: Draft, before: Draft | Case, clerk: Clerk) -> Draft:
    if not may_be_agent(desk, before, clerk) or before.parties is None:
        raise Problem("run.not_the_agent", Retry.AFTER_FIX)
    changes = {
        "handler": before.parties.handler,
        "identity": before.identity,
        "confirmed": author_of(desk, clerk),
        "tie": before.parties.tie,
    }
    return draft.model_copy(update=changes)


def supplementing(desk: Desk, case_id: str, clerk: Clerk) -> Draft:
    """Open a case's materials and answers for 补正: pages are taken in as in an intake, `finish.take_in` hands them in.

    Raises:
        Problem: ``case.unknown``, ``case.not_ours``, ``case.not_allowed`` where the case waits for nothing.
    """
    case = get_case(desk, case_id)
    if case.node != desk.node:
        raise Problem("case.not_ours", Retry.NEVER)
    if Kind.SUPPLEMENT not in allowed(case.state):
        raise Problem("case.not_allowed", Retry.NEVER, kind=Kind.SUPPLEMENT, state=case.state)
    waits = case.asked.items if case.asked and case.state is State.TO_SUPPLEMENT else ()
    changes = {"of_case": case.id, "asked": waits, "step": Step.MATERIALS}
    draft = _of_case(desk, case, clerk).model_copy(update=changes)
    matter = matter_of(draft, desk.catalogue())
    return keep(desk, draft, materials=_slots(desk, draft, matter, draft.answers) if matter else draft.materials)


def reopening(desk: Desk, case_id: str, clerk: Clerk) -> Draft:
    """Open an intake that the server refused again, at the step where its Problem lies. `finish.take_in` makes new acts
    of it and sets the held ones aside. It keeps its number, which is printed already, unless that was the trouble.

    Asked for again it is the same draft.

    Raises:
        Problem: ``held.gone``; ``case.not_allowed`` where it was voided or withdrawn here since.
    """
    for row in desk.store.drafts.saved(clerk.id):
        if f'"instead_of":"{case_id}"' in row.body:
            return resume(desk, row.id)
    found = versions(desk.store, case_id)
    case, code = found.ours, found.problem.code if found.problem else ""
    if case is None or not found.is_held:
        raise Problem("held.gone", Retry.NEVER)
    if case.state not in (State.RECEIVED, State.ACCEPTED, State.TO_SUPPLEMENT, State.DECLINED, State.DRAFT):
        raise Problem("case.not_allowed", Retry.NEVER, kind=Kind.RECEIVE, state=case.state)
    draft = _of_case(desk, case, clerk)
    signed = any(
        slot.is_application_form for slot in _rules(desk, draft) if (m := draft.material(slot.code)) and m.pages
    )
    acts = desk.store.cases.actions(case_id)
    changes = {
        "instead_of": case_id,
        "step": _STEPS.get(code.partition(".")[2], Step.REVIEW),
        "began_at": case.opened_at,
        "confirmed": next((act.author for act in acts if act.kind is Kind.CONFIRM_PERSON), None),
        "signed_digest": form_says(draft) if signed else "",  # with other answers it is to be signed anew (U04)
        "number": "" if code.startswith("number.") else case.number,
    }
    draft = draft.model_copy(update=changes)
    matter = matter_of(draft, desk.catalogue())
    return keep(desk, draft, materials=_slots(desk, draft, matter, draft.answers) if matter else draft.materials)


_STEPS = {
    "form_mistakes": Step.FORM,
    "materials_missing": Step.MATERIALS,
    "route_implausible": Step.FORM,
    "route_not_chosen": Step.FORM,
    "not_for": Step.MATTER,
    "unknown": Step.MATTER,
}
"""By the second half of a Problem's code, where an intake is mended."""


def _of_case(desk: Desk, case: Case, clerk: Clerk) -> Draft:
    """A draft that says what a case says; what was handed in stands until the clerk changes it."""
    draft = begin(desk, clerk, case.channel).model_copy(
        update={
            "handler": case.parties.handler,
            "applicant": case.parties.applicant,
            "tie": case.parties.tie,
            "identity": case.identity,
            "phone": case.phone,
            "matter": (case.matter, case.matter_version),
            "answers": dict(case.answers),
            "route": case.route,
            "delivery": case.delivery,
            "materials": case.materials,
            "number": case.number,
        }
    )
    matter = matter_of(draft, desk.catalogue())
    own = tuple(control.name for control in fields(matter.form)) if matter else ()
    return draft.model_copy(update={"own": own})


def _rules(desk: Desk, draft: Draft) -> tuple[MaterialRule, ...]:
    matter = matter_of(draft, desk.catalogue())
    return matter.materials if matter else ()


def search_matters(desk: Desk, text: str, limit: int = 30) -> tuple[Hit, ...]:
    """Find matters for this window; what it takes in often and took in lately comes first."""
    return desk.catalogue().search(text, desk.node, limit, _used(desk))


def remember_use(desk: Desk, code: str) -> None:
    """A matter was taken in here: it comes earlier in the list from now on."""
    used = {each: round(count * FADES, 4) for each, count in _used(desk).items() if count > 0.01}
    used[code] = used.get(code, 0.0) + 1.0
    desk.store.remember(USED, json.dumps(used))


def reserve_number(desk: Desk, draft: Draft) -> Draft:
    """Give the draft its case number. Taken once and burnt, so a retry of F9 never takes a second one (F26); another
    only where this PC has joined as another station since, whose number it would not be.

    Raises:
        Problem: ``numbers.none_left``.
    """
    if draft.of_case or desk.store.numbers.is_ours(draft.number):
        return draft
    with _NUMBERING:
        row = desk.store.drafts.find(draft.id)
        saved = _read(row) if row else None
        if saved is not None and saved.matter == draft.matter and desk.store.numbers.is_ours(saved.number):
            return draft.model_copy(update={"number": saved.number})
        return keep(desk, draft, number=desk.store.numbers.take(desk.catalogue().tree.county(desk.node)))


def _with_people(desk: Desk, draft: Draft, **changes: Any) -> Draft:
    """Other people, or other facts about them. What belonged to whoever is no longer there goes with them."""
    after = draft.model_copy(update=changes)
    gone = {
        who
        for who in ("applicant", "handler")
        if (old := getattr(draft, who)) is not None
        and ((new := getattr(after, who)) is None or new.number != old.number)
    }
    if gone:
        others = {code: begun.model_copy(update=_without(desk, begun, gone)) for code, begun in after.others.items()}
        after = after.model_copy(update={**_without(desk, after, gone), "others": others})
    return keep(desk, draft, after, **_following(desk, after))


def _without(desk: Desk, begun: Begun, gone: set[str]) -> dict[str, Any]:
    """What stays of a matter's answers and materials when the applicant or the handler is somebody else."""
    matter = desk.catalogue().find_matter(*begun.matter) if begun.matter else None
    if matter is None:
        return {}
    theirs = {control.name for control in fields(matter.form) if control.source.partition(".")[0] in gone}
    materials = begun.materials
    if "applicant" in gone:
        materials = tuple(m.model_copy(update=EMPTY_SLOT) if m.source is Source.LIBRARY else m for m in materials)
    return {
        "answers": {name: value for name, value in begun.answers.items() if name not in theirs},
        "sources": {name: value for name, value in begun.sources.items() if name not in theirs},
        "own": tuple(name for name in begun.own if name not in theirs),
        "conflicts": {name: value for name, value in begun.conflicts.items() if name not in theirs},
        "materials": materials,
    }


def _following(desk: Desk, draft: Draft) -> dict[str, Any]:
    """What follows from the parties, the matter and the answers: prefilled fields, slots, a clear route."""
    catalogue = desk.catalogue()
    matter, parties = matter_of(draft, catalogue), draft.parties
    if matter is None or parties is None:
        return {}
    told = told_before(desk.store, catalogue.find_matter, parties)
    known = prefill(matter.form, parties, told, tree=catalogue.tree, given=draft.answers)
    changes = _filled(draft, known)
    changes["materials"] = _slots(desk, draft, matter, changes["answers"])
    found = routing(draft.model_copy(update=changes), catalogue, desk.node)
    if found.clear:
        only = found.candidates[0]
        changes["route"] = Route(department=only.department, area=only.area, field=found.field)
    elif draft.route is not None:
        chosen = (draft.route.department, draft.route.area)
        among = tuple(o.department for o in found.candidates)
        if draft.route.chosen_from != among or chosen not in [(o.department, o.area) for o in found.candidates]:
            changes["route"] = None  # chosen among others than these
    return changes


def _filled(draft: Draft, known: Prefilled) -> dict[str, Any]:
    """The answers with what is known filled in, but for the fields that the clerk answered."""
    answers, sources = dict(draft.answers), dict(draft.sources)
    for name in draft.sources:
        if name not in draft.own and name not in known.answers and sources[name] != CARRIED:
            answers.pop(name, None)
            sources.pop(name)
    for name, value in known.answers.items():
        if name not in draft.own and (answers.get(name) in _EMPTY or name in sources):
            answers[name], sources[name] = value, known.sources[name]
    conflicts = {
        name: tuple(Offered(value=one.value, source=one.source) for one in values)
        for name, values in known.conflicts.items()
    }
    return {"answers": answers, "sources": sources, "conflicts": conflicts}


EMPTY_SLOT: dict[str, Any] = {
    "pages": (),
    "library": "",
    "source": Source.SCAN,
    "trust": Trust.C,
    "verified": None,
    "returned": None,
    "signed": None,
}


def _slots(desk: Desk, draft: Draft, matter: Matter, answers: Mapping[str, Any]) -> tuple[CaseMaterial, ...]:
    """The list of materials for these answers: slots already filled stay, empty ones that no longer count go."""
    assert draft.parties is not None
    have = {material.code: material for material in draft.materials}
    slots = []
    for rule in wanted(matter, draft.parties, kept(matter.form, answers)):
        slot = have.pop(rule.code, None)
        if slot is None or not slot.pages:
            read = draft.identity is not None and draft.identity.source == "chip"
            chip = rule.from_chip and read
            slot = CaseMaterial(
                code=rule.code,
                name=rule.name,
                form=rule.forms[0],
                copies=rule.copies,
                source=Source.CHIP if chip else Source.SCAN,
                trust=Trust.A if chip else Trust.C,
                returned=slot.returned if slot else None,
                promised_until=slot.promised_until if slot and rule.promise_days is not None else None,
            )
        slots.append(slot)
    return (*slots, *(material for material in have.values() if material.pages))


def _promised_anew(desk: Desk, draft: Draft) -> tuple[CaseMaterial, ...]:
    """The materials, with every promise counted from today: a parked draft must not promise a day that is over."""
    matter = matter_of(draft, desk.catalogue())
    if matter is None or draft.of_case:
        return draft.materials
    days = {rule.code: rule.promise_days for rule in matter.materials}
    calendar, day = desk.catalogue().pack.calendar, today(desk)
    found = []
    for slot in draft.materials:
        allowed_days = days.get(slot.code)
        if slot.promised_until is not None and allowed_days is not None:
            until = promise_limit(allowed_days, matter.limits, day, calendar)
            slot = slot.model_copy(update={"promised_until": until})
        found.append(slot)
    return tuple(found)


def _used(desk: Desk) -> dict[str, float]:
    said = desk.store.recall(USED)
    return {str(code): float(count) for code, count in json.loads(said).items()} if said else {}


def _read(row: SavedDraft) -> Draft:
    try:
        return Draft.model_validate_json(row.body)
    except ValidationError:
        raise Problem("draft.damaged", Retry.NEVER) from None  # pydantic's own words hold what was typed


def _summary(desk: Desk, row: SavedDraft) -> DraftSummary:
    said: dict[str, Any] = {"id": row.id, "parked": row.parked, "saved_at": row.saved_at.isoformat()}
    try:
        draft = _read(row)
    except Problem:
        return DraftSummary(title=row.title, applicant="", step=Step.IDENTITY, **said)
    matter = desk.catalogue().find_matter(*draft.matter) if draft.matter else None
    name = draft.applicant.shown_name if draft.applicant else ""
    return DraftSummary(title=matter.name if matter else row.title, applicant=name, step=draft.step, **said)


def keep(desk: Desk, draft: Draft, after: Draft | None = None, **changes: Any) -> Draft:
    """Save what a deed changed, durably, once the draft says anything about anyone. Returns the draft as it is now.

    Only the changes are saved: what others did to the draft meanwhile stays, and comes back with it.

    Args:
        draft: As the deed had it.
        after: As it left it; the same where `changes` say all.
        changes: Fields that it set on purpose.

    Raises:
        Problem: ``draft.gone`` where it has become a case meanwhile, or was thrown away.
    """
    mine = (after or draft).model_copy(update=changes)
    if mine.handler is None and mine.matter is None:
        return mine
    now = mine

    def revised(row: SavedDraft | None) -> SavedDraft | None:
        nonlocal now
        stored = _find_whole(row)
        if row is None and draft.revision:  # thrown away meanwhile
            raise Problem("draft.gone", Retry.NEVER)
        revision = stored.revision if stored else 0
        now = merged(draft, stored, mine, changes) if stored else mine
        if now == stored:
            return None
        now = now.model_copy(update={"revision": revision + 1})
        matter = matter_of(now, desk.catalogue())
        body = now.model_dump_json()
        return SavedDraft(now.id, now.clerk, matter.name if matter else "", now.parked, body, desk.clock())

    desk.store.drafts.revise(draft.id, revised)
    return now


def nothing_came_since(draft: Draft) -> Callable[[SavedDraft | None], None]:
    """For whoever makes a case of a draft: that no page came into what is stored that they have not seen.

    Raises:
        Problem: ``intake.page_came``; the draft stays, with that page.
    """
    known = _keys(draft)

    def look(row: SavedDraft | None) -> None:
        stored = _find_whole(row)
        if stored is not None and _keys(stored) - known:
            raise Problem("intake.page_came", Retry.AFTER_FIX)

    return look


def _keys(draft: Draft) -> set[str]:
    return {page.key for slot in draft.materials for page in slot.pages}


def _find_whole(row: SavedDraft | None) -> Draft | None:
    """What is stored; None where nothing is, or nothing that can be read any more."""
    try:
        return _read(row) if row is not None else None
    except Problem:
        return None
