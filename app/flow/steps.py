"""What a clerk does to a draft, step by step. Each deed saves the draft before it returns: going back loses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.desk import Desk
from app.flow.draft import Draft, Step, matter_of, routing
from app.forms.prefill import prefill
from contract.case import Author, Case
from contract.form import Mistake, check, kept
from contract.material import CaseMaterial, Source, Trust
from contract.matter import Delivery, Matter, wanted
from contract.node import Offering, Route
from contract.person import Clerk, Identity, LegalPerson, Person, Role, Tie
from contract.problem import Problem, Retry
from contract.wire import Wire
from devices.idcard import IdentityDocument


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


def author_of(desk: Desk, clerk: Clerk) -> Author:
    """The clerk as the author of an act at this node; a supervisor acts as one."""
    role = Role.SUPERVISOR if Role.SUPERVISOR in clerk.roles else Role.CLERK
    return Author(id=clerk.id, name=clerk.name, role=role, node=desk.node)


def begin(desk: Desk, clerk: Clerk, channel: str = "counter") -> Draft:
    """A fresh intake. Nothing is kept until there is something to keep."""
    return Draft(id=desk.store.new_id(), clerk=clerk.id, channel=channel, began_at=desk.clock())


def with_document(desk: Desk, draft: Draft, document: IdentityDocument) -> Draft:
    """The person at the window, from a document. They are the applicant too, until the clerk says otherwise."""
    person = Person(
        name=document.name or document.name_latin,
        document=document.document_type,
        number=document.number,
        sex=document.sex,
        nation=document.nation,
        nationality=document.nationality,
        birth_date=document.birth_date,
        address=document.additional_address or document.address,
        phone=draft.phone,
    )
    identity = Identity(
        source=document.source,
        document=document.document_type,
        sam_number=document.sam_number,
        suspect=document.suspect,
        long_term=document.long_term,
        valid_until=document.valid_until,
        has_private_use=document.has_private_use,
        reason=document.reason,
    )
    applicant = person if draft.applicant is None or draft.tie is Tie.SELF else draft.applicant
    return keep(desk, draft, handler=person, identity=identity, applicant=applicant)


def with_manual_identity(desk: Desk, draft: Draft, fields: Mapping[str, Any], reason: str, page: bytes | None) -> Draft:
    """The person at the window, typed from a household book, temporary card, passport or bare number (人工录入).

    Raises:
        Problem: ``identity.reason_missing``, and the manual driver's for a number that fails its check.
    """
    if not reason.strip():
        raise Problem("identity.reason_missing", Retry.AFTER_FIX)
    document = desk.devices.manual(dict(fields), reason.strip())
    pages = (desk.store.put_page(page),) if page else ()
    draft = with_document(desk, draft, document)
    assert draft.identity is not None
    return keep(desk, draft, identity=draft.identity.model_copy(update={"pages": pages, "source": "manual"}))


def with_display_name(desk: Desk, draft: Draft, name: str) -> Draft:
    """The standard characters for a chip name that has private-use ones; the chip's spelling stays beside it."""
    if draft.handler is None:
        return draft
    handler = draft.handler.model_copy(update={"name_display": name.strip()})
    same = draft.tie is Tie.SELF
    return keep(desk, draft, handler=handler, applicant=handler if same else draft.applicant)


def confirm_person(desk: Desk, draft: Draft, clerk: Clerk) -> Draft:
    """人证一致: the clerk has looked at card and face. An act of its own: who and when are kept."""
    if draft.identity is None:
        raise Problem("identity.missing", Retry.AFTER_FIX)
    identity = draft.identity.model_copy(update={"confirmed_by": clerk.id, "confirmed_at": desk.clock()})
    return keep(desk, draft, identity=identity)


def with_applicant(desk: Desk, draft: Draft, applicant: Person | LegalPerson | None, tie: Tie) -> Draft:
    """On whose behalf. None with tie self: the person at the window."""
    chosen = draft.handler if tie is Tie.SELF else applicant
    draft = keep(desk, draft, applicant=chosen, tie=tie, route=None)
    return keep(desk, draft, **_following(desk, draft))


def with_matter(desk: Desk, draft: Draft, code: str) -> Draft:
    """Choose the matter: answers that are known already are filled in, the list of materials is laid out.

    Raises:
        Problem: ``matter.unknown``.
    """
    matter = desk.catalogue().matter(code)
    same = draft.matter is not None and draft.matter[0] == code
    draft = keep(
        desk,
        draft,
        matter=matter.key,
        answers=draft.answers if same else {},
        sources=draft.sources if same else {},
        materials=draft.materials if same else (),
        route=draft.route if same else None,
        delivery=matter.deliveries[0] if draft.delivery not in matter.deliveries else draft.delivery,
    )
    return keep(desk, draft, **_following(desk, draft))


def with_answers(desk: Desk, draft: Draft, answers: Mapping[str, Any]) -> Draft:
    """The answers as they stand on the screen; a field that the clerk changed is no longer "from the card"."""
    sources = {name: source for name, source in draft.sources.items() if answers.get(name) == draft.answers.get(name)}
    draft = keep(desk, draft, answers=dict(answers), sources=sources)
    return keep(desk, draft, **_following(desk, draft))


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
    """The number under which the applicant can be told."""
    handler = draft.handler.model_copy(update={"phone": phone.strip()}) if draft.handler else None
    applicant = handler if draft.tie is Tie.SELF and handler else draft.applicant
    draft = keep(desk, draft, phone=phone.strip(), handler=handler, applicant=applicant)
    return keep(desk, draft, **_following(desk, draft))


def with_delivery(desk: Desk, draft: Draft, delivery: Delivery) -> Draft:
    """How the result is to reach the applicant."""
    return keep(desk, draft, delivery=delivery)


def to_step(desk: Desk, draft: Draft, step: Step) -> Draft:
    """Go to a step. Any step may be looked at; only F9 asks whether all is there."""
    return keep(desk, draft, step=step)


def park(desk: Desk, draft: Draft) -> Draft:
    """Put the case aside (挂起); it comes back after a restart too."""
    return keep(desk, draft, parked=True)


def resume(desk: Desk, draft_id: str) -> Draft:
    """Take a parked or unfinished draft up again.

    Raises:
        Problem: ``draft.gone``.
    """
    return keep(desk, Draft.model_validate_json(desk.store.draft(draft_id).body), parked=False)


def drafts(desk: Desk, clerk: Clerk) -> tuple[DraftSummary, ...]:
    """This clerk's drafts in the order in which they were begun: the order of Alt+number."""
    found = []
    for row in sorted(desk.store.drafts(clerk.id), key=lambda row: row.id):
        draft = Draft.model_validate_json(row.body)
        matter = matter_of(draft, desk.catalogue())
        found.append(
            DraftSummary(
                id=draft.id,
                title=matter.name if matter else "",
                applicant=draft.applicant.shown_name if draft.applicant else "",
                step=draft.step,
                parked=draft.parked,
                saved_at=row.saved_at.isoformat(),
            )
        )
    return tuple(found)


def discard(desk: Desk, draft: Draft) -> None:
    """Drop an intake that came to nothing. A number that was printed on its form is not used again."""
    desk.store.drop_draft(draft.id)


def same_matter_next(desk: Desk, before: Draft | Case, clerk: Clerk) -> Draft:
    """同一事项，下一位: the matter stays; identity, materials and every personal answer go."""
    code = before.matter if isinstance(before, Case) else before.matter[0] if before.matter else ""
    draft = begin(desk, clerk, before.channel)
    if not code:
        return draft
    matter = desk.catalogue().matter(code)
    return draft.model_copy(update={"matter": matter.key})


def reserve_number(desk: Desk, draft: Draft) -> Draft:
    """Give the draft its case number. Taken once and burnt, so a retry of F9 never takes a second one.

    Raises:
        Problem: ``numbers.none_left``.
    """
    if draft.number:
        return draft
    return keep(desk, draft, number=desk.store.take_number(desk.catalogue().tree.county(desk.node)))


def _following(desk: Desk, draft: Draft) -> dict[str, Any]:
    """What follows from the parties, the matter and the answers: prefilled fields, slots, a clear route."""
    matter, parties = matter_of(draft, desk.catalogue()), draft.parties
    if matter is None:
        return {}
    known = prefill(matter.form, parties, tree=desk.catalogue().tree) if parties else None
    answers, sources = dict(draft.answers), dict(draft.sources)
    for name, value in (known.answers if known else {}).items():
        if answers.get(name) in (None, "", []) or sources.get(name):
            answers[name] = value
            sources[name] = known.sources[name] if known else ""
    changes: dict[str, Any] = {"answers": answers, "sources": sources}
    if parties is None:
        return changes
    changes["materials"] = _slots(desk, draft, matter, answers)
    found = routing(draft.model_copy(update=changes), desk.catalogue(), desk.node)
    if found.clear:
        only = found.candidates[0]
        changes["route"] = Route(department=only.department, area=only.area, field=found.field)
    elif draft.route and all(o.department != draft.route.department for o in found.candidates):
        changes["route"] = None
    return changes


def _slots(desk: Desk, draft: Draft, matter: Matter, answers: dict[str, Any]) -> tuple[CaseMaterial, ...]:
    """The list of materials for these answers: slots already filled stay, empty ones that no longer count go."""
    assert draft.parties is not None
    have = {material.code: material for material in draft.materials}
    slots = []
    for rule in wanted(matter, draft.parties, kept(matter.form, answers)):
        slot = have.pop(rule.code, None)
        if slot is None or not slot.pages:
            chip = rule.from_chip and draft.identity is not None and draft.identity.source == "chip"
            slot = CaseMaterial(
                code=rule.code,
                name=rule.name,
                form=rule.forms[0],
                copies=rule.copies,
                source=Source.CHIP if chip else Source.SCAN,
                trust=Trust.A if chip else Trust.C,
                promised_until=slot.promised_until if slot else None,
            )
        slots.append(slot)
    return (*slots, *(material for material in have.values() if material.pages))


def keep(desk: Desk, draft: Draft, **changes: Any) -> Draft:
    """The draft with changes, saved durably once it says anything about anyone."""
    draft = draft.model_copy(update=changes)
    if draft.handler is not None or draft.matter is not None:
        matter = matter_of(draft, desk.catalogue())
        title = matter.name if matter else ""
        desk.store.save_draft(draft.id, draft.clerk, title, draft.model_dump_json(), parked=draft.parked)
    return draft
