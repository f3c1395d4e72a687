"""The life of a case (办件), as both ends of the wire understand it.

A case is the fold of its actions. Nobody writes a state: an action is applied, and the table says what follows.
Client and server run the same `apply`; docs/architecture.md's diagram is drawn from the same table.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from contract.clock import ClockEvent, Tick
from contract.ids import is_case_number
from contract.material import CaseMaterial
from contract.matter import Delivery
from contract.node import Route
from contract.person import Identity, Parties, Person, Role
from contract.problem import Problem, Retry
from contract.wire import Wire, canonical, sha256

CHINA = timezone(timedelta(hours=8))  # working days are counted where the halls are


class State(StrEnum):
    DRAFT = "draft"  # 草稿
    RECEIVED = "received"  # 已收件
    TO_SUPPLEMENT = "to_supplement"  # 待补正
    ACCEPTED = "accepted"  # 已受理
    IN_REVIEW = "in_review"  # 办理中
    APPROVED = "approved"  # 准予
    REFUSED = "refused"  # 不予批准
    DECLINED = "declined"  # 不予受理
    WITHDRAWN = "withdrawn"  # 已撤回
    VOIDED = "voided"  # 已作废
    DELIVERED = "delivered"  # 已送达
    ARCHIVED = "archived"  # 已归档


class Kind(StrEnum):
    OPEN = "open"  # 申请
    CONFIRM_PERSON = "confirm_person"  # 人证一致
    RECEIVE = "receive"  # 收件
    ASK_SUPPLEMENT = "ask_supplement"  # 一次性告知补正
    SUPPLEMENT = "supplement"  # 补正
    ACCEPT = "accept"  # 受理
    DECLINE = "decline"  # 不予受理
    REVIEW = "review"  # 开始办理
    SUSPEND = "suspend"  # 特别程序
    RESUME = "resume"
    EXTEND = "extend"  # 延期
    APPROVE = "approve"  # 准予
    REFUSE = "refuse"  # 不予批准
    CORRECT = "correct"  # 更正
    VOID = "void"  # 作废
    WITHDRAW = "withdraw"  # 撤回
    SEAL = "seal"  # 盖章: the sealed twin of a paper is there
    DELIVER = "deliver"  # 送达
    ARCHIVE = "archive"  # 归档


class Flag(StrEnum):
    PROMISED = "promised"  # 容缺
    SUSPENDED = "suspended"  # 特别程序
    EXTENDED = "extended"  # 已延期
    MATERIALS_PENDING = "materials_pending"  # 材料未传齐
    SEAL_PENDING = "seal_pending"  # 待签章
    CORRECTED = "corrected"  # 已更正


TRANSITIONS: dict[tuple[State | None, Kind], State] = {
    (None, Kind.OPEN): State.DRAFT,
    (State.DRAFT, Kind.CONFIRM_PERSON): State.DRAFT,
    (State.DRAFT, Kind.RECEIVE): State.RECEIVED,
    (State.DRAFT, Kind.ASK_SUPPLEMENT): State.TO_SUPPLEMENT,
    (State.DRAFT, Kind.DECLINE): State.DECLINED,
    (State.RECEIVED, Kind.ACCEPT): State.ACCEPTED,
    (State.RECEIVED, Kind.ASK_SUPPLEMENT): State.TO_SUPPLEMENT,
    (State.RECEIVED, Kind.DECLINE): State.DECLINED,
    (State.RECEIVED, Kind.CORRECT): State.RECEIVED,
    (State.RECEIVED, Kind.VOID): State.VOIDED,
    (State.RECEIVED, Kind.WITHDRAW): State.WITHDRAWN,
    (State.TO_SUPPLEMENT, Kind.SUPPLEMENT): State.RECEIVED,
    (State.TO_SUPPLEMENT, Kind.DECLINE): State.DECLINED,
    (State.TO_SUPPLEMENT, Kind.VOID): State.VOIDED,
    (State.TO_SUPPLEMENT, Kind.WITHDRAW): State.WITHDRAWN,
    (State.ACCEPTED, Kind.REVIEW): State.IN_REVIEW,
    (State.ACCEPTED, Kind.CORRECT): State.ACCEPTED,
    (State.ACCEPTED, Kind.SUPPLEMENT): State.ACCEPTED,
    (State.ACCEPTED, Kind.SEAL): State.ACCEPTED,
    (State.ACCEPTED, Kind.VOID): State.VOIDED,
    (State.ACCEPTED, Kind.WITHDRAW): State.WITHDRAWN,
    (State.IN_REVIEW, Kind.SUPPLEMENT): State.IN_REVIEW,
    (State.IN_REVIEW, Kind.SUSPEND): State.IN_REVIEW,
    (State.IN_REVIEW, Kind.RESUME): State.IN_REVIEW,
    (State.IN_REVIEW, Kind.EXTEND): State.IN_REVIEW,
    (State.IN_REVIEW, Kind.SEAL): State.IN_REVIEW,
    (State.IN_REVIEW, Kind.APPROVE): State.APPROVED,
    (State.IN_REVIEW, Kind.REFUSE): State.REFUSED,
    (State.IN_REVIEW, Kind.WITHDRAW): State.WITHDRAWN,
    (State.APPROVED, Kind.SUPPLEMENT): State.APPROVED,
    (State.APPROVED, Kind.DELIVER): State.DELIVERED,
    (State.REFUSED, Kind.DELIVER): State.DELIVERED,
    (State.DECLINED, Kind.ARCHIVE): State.ARCHIVED,
    (State.WITHDRAWN, Kind.ARCHIVE): State.ARCHIVED,
    (State.DELIVERED, Kind.ARCHIVE): State.ARCHIVED,
}

CLOSED = frozenset(
    {State.REFUSED, State.DECLINED, State.WITHDRAWN, State.VOIDED, State.DELIVERED, State.ARCHIVED}
)  # nothing more is decided about it

# Who may do what by role. Whether this node, or this department, may do it for this case is another question,
# answered from the offering's grants (contract.node.powers_at) and from the route.
ROLES: dict[Kind, frozenset[Role]] = {
    Kind.OPEN: frozenset({Role.CLERK, Role.SUPERVISOR}),
    Kind.CONFIRM_PERSON: frozenset({Role.CLERK, Role.SUPERVISOR}),
    Kind.RECEIVE: frozenset({Role.CLERK, Role.SUPERVISOR}),
    Kind.ASK_SUPPLEMENT: frozenset({Role.CLERK, Role.SUPERVISOR, Role.OFFICER}),
    Kind.SUPPLEMENT: frozenset({Role.CLERK, Role.SUPERVISOR}),
    Kind.ACCEPT: frozenset({Role.CLERK, Role.SUPERVISOR, Role.OFFICER, Role.SYSTEM}),
    Kind.DECLINE: frozenset({Role.CLERK, Role.SUPERVISOR, Role.OFFICER}),
    Kind.REVIEW: frozenset({Role.OFFICER}),
    Kind.SUSPEND: frozenset({Role.OFFICER}),
    Kind.RESUME: frozenset({Role.OFFICER}),
    Kind.EXTEND: frozenset({Role.OFFICER}),
    Kind.APPROVE: frozenset({Role.OFFICER}),
    Kind.REFUSE: frozenset({Role.OFFICER}),
    Kind.CORRECT: frozenset({Role.CLERK, Role.SUPERVISOR}),
    Kind.VOID: frozenset({Role.CLERK, Role.SUPERVISOR}),
    Kind.WITHDRAW: frozenset({Role.CLERK, Role.SUPERVISOR, Role.OFFICER}),
    Kind.SEAL: frozenset({Role.OFFICER, Role.SYSTEM}),
    Kind.DELIVER: frozenset({Role.CLERK, Role.SUPERVISOR}),
    Kind.ARCHIVE: frozenset({Role.SYSTEM, Role.OFFICER}),
}


class Author(Wire):
    """Who did it, fixed at the moment of doing; whoever is signed in when it is sent does not matter (F09)."""

    id: str
    name: str
    role: Role
    node: str = ""
    department: str = ""

    def __repr__(self) -> str:
        return f"Author({self.id})"

    __str__ = __repr__


class Action(Wire):
    """Something a person did to a case. Never changed once made; `id` makes resending safe.

    `made_at` is the station's clock; `server_offset_ms` is what had to be added to it by the last word of the
    server, None where the server was never heard. `after` is the id of the action before it on this case, empty
    for the first.
    """

    id: str
    case_id: str
    kind: Kind
    body: dict[str, Any]
    author: Author
    station: str = ""  # empty: done on the server itself
    made_at: datetime
    server_offset_ms: int | None = None
    after: str = ""

    def __repr__(self) -> str:
        return f"Action({self.id}, {self.kind})"

    __str__ = __repr__

    @property
    def at(self) -> datetime:
        """When it was done by the server's clock, as far as the station knew it, in China's time."""
        return (self.made_at + timedelta(milliseconds=self.server_offset_ms or 0)).astimezone(CHINA)

    @property
    def body_digest(self) -> str:
        return sha256(canonical(self.body))


# --- what each kind of action says ------------------------------------------------------------------------------


class Opened(Wire):
    """申请: what is applied for, by whom, with which answers."""

    channel: str = "counter"  # counter, kiosk, village, online
    node: str
    matter: str
    matter_version: int
    parties: Parties
    answers: dict[str, Any] = {}
    sources: dict[str, str] = {}  # by field, where its answer was taken from, where it was not typed for this case
    passed_over: dict[str, tuple[str, ...]] = {}  # by field, the sources that said otherwise (一数一源)
    phone: str = ""
    delivery: Delivery = Delivery.WINDOW
    began_at: datetime | None = None


class PersonConfirmed(Wire):
    """人证一致: the clerk saw that card and face agree."""

    identity: Identity


class ClashSeen(Wire):
    """The applicant's other open cases of this matter that a clerk knew of, and took this one in all the same."""

    cases: tuple[str, ...]  # their ids
    by: Author
    at: datetime


class Received(Wire):
    """收件: the number, the route and the materials. No clock starts."""

    number: str
    window: str = ""
    route: Route
    materials: tuple[CaseMaterial, ...]
    clash: ClashSeen | None = Field(default=None, exclude_if=lambda seen: seen is None)


class SupplementItem(Wire):
    """One thing that is missing or wrong, and what would be right."""

    material: str = ""  # code of the material, or empty
    field: str = ""  # name of the form's field, where it is about an answer
    what: str
    standard: str = ""


class SupplementAsked(Wire):
    """一次性告知: everything at once, once. Where nothing was received yet, it also gives the case its number."""

    items: tuple[SupplementItem, ...] = Field(min_length=1)
    until: date | None = None
    number: str = ""
    window: str = ""
    route: Route | None = None
    materials: tuple[CaseMaterial, ...] = ()


class Supplemented(Wire):
    """补正: the materials handed in later (whole slots, replacing those of the same code) and mended answers."""

    materials: tuple[CaseMaterial, ...] = ()
    answers: dict[str, Any] | None = None


class Accepted(Wire):
    """受理: the clock starts. `deemed` where five working days of silence accepted it from the day of receipt."""

    deemed: bool = False
    on: date | None = None  # the day it counts from, where it is not the day of the action
    remark: str = ""


class Ground(StrEnum):
    """Why a case is not accepted, after 行政许可法 art. 32."""

    NOT_NEEDED = "not_needed"  # no licence is needed
    NOT_COMPETENT = "not_competent"  # not this organ's
    INCOMPLETE = "incomplete"  # not supplemented as asked
    NOT_MET = "not_met"  # conditions plainly not met


class Declined(Wire):
    """不予受理: which ground, and where to go instead."""

    ground: Ground
    reason: str = Field(min_length=1)
    competent_organ: str = ""
    number: str = ""
    window: str = ""
    route: Route | None = None
    materials: tuple[CaseMaterial, ...] = ()


class Reviewed(Wire):
    """开始办理."""

    remark: str = ""


class Suspended(Wire):
    """特别程序: the time is not counted, and the applicant is told in writing (art. 45)."""

    procedure: str
    days: int = Field(ge=1)
    reason: str = ""


class Resumed(Wire):
    remark: str = ""


class Extended(Wire):
    """延期, by the head of the organ, at most once and ten working days (art. 42)."""

    days: int = Field(ge=1, le=30)
    reason: str = Field(min_length=1)


class Decided(Wire):
    """准予 or 不予批准."""

    opinion: str = Field(min_length=1)
    document: str = ""  # number of the licence or decision
    result: str = ""  # name of the result


class Corrected(Wire):
    """更正 by the accepting window: the reason is kept, the replaced papers are named on the new ones.

    On the day of receipt by the window, later with a supervisor. What a chip gave is never changed.
    """

    reason: str = Field(min_length=1)
    answers: dict[str, Any] | None = None
    parties: Parties | None = None
    phone: str | None = None
    materials: tuple[CaseMaterial, ...] | None = None
    replaces: tuple[str, ...] = ()  # numbers of the papers that the new ones stand for
    supervisor: Author | None = None  # 主管 who stood by with their own password
    supervisor_offline: bool = False  # that password was checked without the server


class Voided(Wire):
    """作废: the number is never used again. On the day of receipt by the window, later with a supervisor."""

    reason: str = Field(min_length=1)
    replaces: tuple[str, ...] = ()
    supervisor: Author | None = None
    supervisor_offline: bool = False


class Withdrawn(Wire):
    """撤回 at the applicant's request."""

    reason: str = ""


class Sealed(Wire):
    """The sealed twin of a paper: its digest, and the paper that it replaces."""

    paper: str
    digest: str
    replaces: str = ""


class Delivered(Wire):
    """送达: how, and to whom."""

    how: Delivery = Delivery.WINDOW
    node: str = ""
    receiver: str = ""  # applicant, handler or a named substitute
    document: str = ""


class Archived(Wire):
    remark: str = ""


BODIES: dict[Kind, type[Wire]] = {
    Kind.OPEN: Opened,
    Kind.CONFIRM_PERSON: PersonConfirmed,
    Kind.RECEIVE: Received,
    Kind.ASK_SUPPLEMENT: SupplementAsked,
    Kind.SUPPLEMENT: Supplemented,
    Kind.ACCEPT: Accepted,
    Kind.DECLINE: Declined,
    Kind.REVIEW: Reviewed,
    Kind.SUSPEND: Suspended,
    Kind.RESUME: Resumed,
    Kind.EXTEND: Extended,
    Kind.APPROVE: Decided,
    Kind.REFUSE: Decided,
    Kind.CORRECT: Corrected,
    Kind.VOID: Voided,
    Kind.WITHDRAW: Withdrawn,
    Kind.SEAL: Sealed,
    Kind.DELIVER: Delivered,
    Kind.ARCHIVE: Archived,
}

B = TypeVar("B", bound=Wire)


def body_as(action: Action, kind: type[B]) -> B:
    """The body as its type. Raises Problem ``case.body_malformed``; the facts name fields, never their values."""
    try:
        return kind.model_validate(action.body)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise Problem("case.body_malformed", Retry.NEVER, kind=action.kind, field=where) from None


class Case(Wire):
    """What the actions so far amount to."""

    id: str
    state: State
    channel: str = "counter"
    number: str = ""
    node: str = ""  # where it was taken in
    window: str = ""
    matter: str = ""
    matter_version: int = 1
    parties: Parties
    identity: Identity | None = None
    answers: dict[str, Any] = {}
    phone: str = ""
    delivery: Delivery = Delivery.WINDOW
    materials: tuple[CaseMaterial, ...] = ()
    route: Route | None = None
    opened_at: datetime
    received_at: datetime | None = None
    accepted_on: date | None = None
    accepted_by: Author | None = None
    decided_at: datetime | None = None
    delivered_at: datetime | None = None
    deemed: bool = False
    asked: SupplementAsked | None = None
    declined: Declined | None = None
    decision: Decided | None = None
    voided: Voided | None = None
    delivered: Delivered | None = None
    corrections: tuple[Corrected, ...] = ()
    seals: tuple[Sealed, ...] = ()
    clock: tuple[ClockEvent, ...] = ()
    materials_pending: bool = False  # the server's word: pages that it does not hold yet
    last_action: str = ""
    version: int = 0  # how many actions it is the fold of

    def __repr__(self) -> str:
        return f"Case({self.id}, {self.state})"

    __str__ = __repr__

    @property
    def is_open(self) -> bool:
        """Whether it was taken in and is still to be decided or handed over."""
        return bool(self.number) and self.state is not State.DRAFT and self.state not in CLOSED

    @property
    def is_suspended(self) -> bool:
        ticks = [event.tick for event in self.clock if event.tick in (Tick.SUSPEND, Tick.RESUME)]
        return bool(ticks) and ticks[-1] is Tick.SUSPEND

    @property
    def flags(self) -> frozenset[Flag]:
        """The finer distinctions, derived from the actions."""
        found = {
            Flag.PROMISED: any(m.promised_until and not m.present for m in self.materials),
            Flag.SUSPENDED: self.is_suspended,
            Flag.EXTENDED: any(event.tick is Tick.EXTEND for event in self.clock),
            Flag.MATERIALS_PENDING: self.materials_pending,
            Flag.SEAL_PENDING: self.accepted_on is not None
            and not self.seals
            and self.state not in (State.WITHDRAWN, State.VOIDED),
            Flag.CORRECTED: bool(self.corrections),
        }
        return frozenset(flag for flag, holds in found.items() if holds)


def allowed(state: State | None) -> frozenset[Kind]:
    """What may be done to a case in this state."""
    return frozenset(kind for (at, kind) in TRANSITIONS if at is state)


def may(role: Role, kind: Kind) -> bool:
    """Whether someone of this role ever does this."""
    return role in ROLES[kind]


def needs_supervisor(case: Case, kind: Kind, role: Role, on: date) -> bool:
    """Whether someone of this role needs a supervisor to stand by: 更正 and 作废 are the window's own on the day of
    receipt only (U05)."""
    taken_in = (case.received_at or case.opened_at).astimezone(CHINA).date()
    return kind in (Kind.CORRECT, Kind.VOID) and role is not Role.SUPERVISOR and taken_in != on


def apply(case: Case | None, action: Action) -> Case:
    """The case after the action.

    Raises:
        Problem: ``case.not_allowed`` (state), ``case.wrong_role``, ``case.out_of_order`` (another action came
            between), ``case.body_malformed``, ``number.malformed``, ``case.asked_already``, ``case.undecidable``,
            ``case.correct_too_late``, ``case.void_too_late`` (without a supervisor), ``case.chip_data``,
            ``signature.other_words`` (the form was signed with other answers).
    """
    state = case.state if case else None
    after = TRANSITIONS.get((state, action.kind))
    if after is None:
        raise Problem("case.not_allowed", Retry.NEVER, kind=action.kind, state=state or "none")
    if not may(action.author.role, action.kind):
        raise Problem("case.wrong_role", Retry.NEVER, kind=action.kind, role=action.author.role)
    if action.after != (case.last_action if case else ""):
        raise Problem("case.out_of_order", Retry.AFTER_FIX, kind=action.kind)
    if case is None:
        return _opened(action)
    changes = _changes(case, action)
    now = case.model_copy(
        update={"state": after, "last_action": action.id, "version": case.version + 1, **changes},
    )
    if action.kind in (Kind.RECEIVE, Kind.SUPPLEMENT):
        _require_bound(case, now)
    return now


def fold(case: Case | None, pending: Iterable[Action]) -> tuple[Case | None, Problem | None]:
    """What the screen shows: the server's word, then what was done since and has not been heard about.

    Stops at the first pending action that no longer fits, and reports it.
    """
    for action in pending:
        try:
            case = apply(case, action)
        except Problem as problem:
            return case, problem
    return case, None


class Change(Wire):
    """One thing that a 更正 changes. `name` is ``phone``, ``tie``, ``answers.…`` by the form's field, or a part of a
    party, ``applicant.name``; the values are as the case keeps them, None where there was none."""

    name: str
    old: Any = None
    new: Any = None

    def __repr__(self) -> str:
        return f"Change({self.name})"

    __str__ = __repr__


def changed(before: Case, after: Case) -> tuple[Change, ...]:
    """What of a case's words differs: parties, telephone, answers. Who applies for themselves is told of once."""
    was, now = _words(before), _words(after)
    return tuple(
        Change(name=name, old=was.get(name), new=now.get(name))
        for name in {**was, **now}
        if was.get(name) != now.get(name)
    )


def _words(case: Case) -> dict[str, Any]:
    parties, said = case.parties, dict[str, Any]()
    for who, party in (("applicant", parties.applicant), ("handler", parties.handler)):
        if who == "applicant" or party.number != parties.applicant.number:
            said |= {f"{who}.{name}": value for name, value in party.model_dump(mode="json").items()}
            if said.get(f"{who}.phone") == case.phone:
                del said[f"{who}.phone"]  # the same telephone, kept with the person
    said |= {"tie": parties.tie.value, "phone": case.phone}
    said |= {f"answers.{name}": value for name, value in case.answers.items()}
    return {name: value for name, value in said.items() if value not in (None, "", [])}


def said(case: Case) -> str:
    """Digest of all that the application form says of a case: what a signature on it is given for (U04)."""
    return sha256(
        canonical(
            {
                "matter": [case.matter, case.matter_version],
                "parties": case.parties.model_dump(mode="json"),
                "answers": case.answers,
                "phone": case.phone,
                "delivery": case.delivery,
            }
        )
    )


def case_digest(actions: Iterable[Action], held_pages: Iterable[str]) -> str:
    """Digest of a case at one end: its actions in order, and which of its pages that end holds.

    Two ends agree ("synced") when their digests are equal; a request that returned 200 proves nothing.
    """
    lines = [f"action {action.id} {action.body_digest}" for action in actions]
    lines += [f"page {digest}" for digest in sorted(set(held_pages))]
    return sha256("\n".join(lines))


def pages_of(actions: Iterable[Action]) -> frozenset[str]:
    """The digests of all pages that a case's actions name: what must be there before anyone decides it."""
    found: set[str] = set()
    for action in actions:
        for material in action.body.get("materials") or ():
            found.update(page["digest"] for page in material.get("pages", ()))
            if signed := material.get("signed"):
                found.update(signed[part]["digest"] for part in ("vector", "picture"))
        identity = action.body.get("identity") or {}
        found.update(identity.get("pages", ()))
    return frozenset(found)


def _opened(action: Action) -> Case:
    body = body_as(action, Opened)
    return Case(
        id=action.case_id,
        state=State.DRAFT,
        channel=body.channel,
        node=body.node,
        matter=body.matter,
        matter_version=body.matter_version,
        parties=body.parties,
        answers=body.answers,
        phone=body.phone,
        delivery=body.delivery,
        opened_at=action.at,
        last_action=action.id,
        version=1,
    )


def _changes(case: Case, action: Action) -> dict[str, Any]:
    today = action.at.date()
    match action.kind:
        case Kind.CONFIRM_PERSON:
            return {"identity": body_as(action, PersonConfirmed).identity}
        case Kind.RECEIVE:
            received = body_as(action, Received)
            return {**_taken_in(received.number, received.window, received.route, received.materials, action)}
        case Kind.ASK_SUPPLEMENT:
            asked = body_as(action, SupplementAsked)
            if case.asked is not None:
                raise Problem("case.asked_already", Retry.NEVER)
            first = _taken_in(asked.number, asked.window, asked.route, asked.materials, action)
            return {"asked": asked, **(first if case.state is State.DRAFT else {})}
        case Kind.SUPPLEMENT:
            given = body_as(action, Supplemented)
            changes: dict[str, Any] = {"materials": _with(case.materials, given.materials)}
            if given.answers is not None:
                changes["answers"] = given.answers
            if case.state is State.TO_SUPPLEMENT:
                changes["received_at"] = action.at  # the five days to answer start again
            return changes
        case Kind.ACCEPT:
            accepted = body_as(action, Accepted)
            on = accepted.on or today
            return {
                "accepted_on": on,
                "accepted_by": action.author,
                "deemed": accepted.deemed,
                "clock": (*case.clock, ClockEvent(tick=Tick.START, on=on)),
            }
        case Kind.DECLINE:
            declined = body_as(action, Declined)
            first = _taken_in(declined.number, declined.window, declined.route, declined.materials, action)
            return {"declined": declined, **(first if case.state is State.DRAFT else {})}
        case Kind.SUSPEND:
            body_as(action, Suspended)
            if case.is_suspended:
                raise Problem("case.not_allowed", Retry.NEVER, kind=action.kind, state="suspended")
            return {"clock": (*case.clock, ClockEvent(tick=Tick.SUSPEND, on=today))}
        case Kind.RESUME:
            body_as(action, Resumed)
            if not case.is_suspended:
                raise Problem("case.not_allowed", Retry.NEVER, kind=action.kind, state="running")
            return {"clock": (*case.clock, ClockEvent(tick=Tick.RESUME, on=today))}
        case Kind.EXTEND:
            extended = body_as(action, Extended)
            if Flag.EXTENDED in case.flags:
                raise Problem("case.not_allowed", Retry.NEVER, kind=action.kind, state="extended")
            return {"clock": (*case.clock, ClockEvent(tick=Tick.EXTEND, on=today, days=extended.days))}
        case Kind.APPROVE | Kind.REFUSE:
            decided = body_as(action, Decided)
            if case.materials_pending or case.is_suspended:
                raise Problem("case.undecidable", Retry.AFTER_FIX)
            return {
                "decision": decided,
                "decided_at": action.at,
                "clock": (*case.clock, ClockEvent(tick=Tick.STOP, on=today)),
            }
        case Kind.CORRECT:
            corrected = body_as(action, Corrected)
            if needs_supervisor(case, action.kind, action.author.role, today) and not _stands_by(corrected.supervisor):
                raise Problem("case.correct_too_late", Retry.AFTER_FIX)
            return _corrected(case, corrected)
        case Kind.VOID:
            voided = body_as(action, Voided)
            if needs_supervisor(case, action.kind, action.author.role, today) and not _stands_by(voided.supervisor):
                raise Problem("case.void_too_late", Retry.AFTER_FIX)
            return {"voided": voided, **_stopped(case, today)}
        case Kind.WITHDRAW:
            body_as(action, Withdrawn)
            return _stopped(case, today)
        case Kind.SEAL:
            return {"seals": (*case.seals, body_as(action, Sealed))}
        case Kind.DELIVER:
            delivered = body_as(action, Delivered)
            if Flag.PROMISED in case.flags:
                raise Problem("case.promise_open", Retry.AFTER_FIX)
            return {"delivered": delivered, "delivered_at": action.at}
        case _:
            body_as(action, BODIES[action.kind])
            return {}


def _taken_in(
    number: str, window: str, route: Route | None, materials: tuple[CaseMaterial, ...], action: Action
) -> dict[str, Any]:
    if not is_case_number(number):
        if action.kind is Kind.RECEIVE or number:
            raise Problem("number.malformed", Retry.NEVER)
        return {}
    return {
        "number": number,
        "window": window,
        "route": route,
        "materials": materials,
        "received_at": action.at,
    }


def _require_bound(before: Case, after: Case) -> None:
    """A signature that comes in was given for just these words, and stands on a page that comes in with it (U04)."""
    had = [material.signed for material in before.materials]
    for material in after.materials:
        signed = material.signed
        if signed is None or signed in had:
            continue
        if signed.says != said(after) or signed.page not in {page.digest for page in material.pages}:
            raise Problem("signature.other_words", Retry.AFTER_FIX, material=material.code)


def _stopped(case: Case, today: date) -> dict[str, Any]:
    """A clock that runs stops with the case, so that nobody is warned about what is no longer asked for."""
    return {"clock": (*case.clock, ClockEvent(tick=Tick.STOP, on=today))} if case.accepted_on else {}


def _stands_by(supervisor: Author | None) -> bool:
    return supervisor is not None and supervisor.role is Role.SUPERVISOR


def _with(old: tuple[CaseMaterial, ...], new: tuple[CaseMaterial, ...]) -> tuple[CaseMaterial, ...]:
    """The slots after new ones came: same code replaces, others are added at the end."""
    slots = {material.code: material for material in old}
    slots.update({material.code: material for material in new})
    return tuple(slots.values())


def _corrected(case: Case, body: Corrected) -> dict[str, Any]:
    changes: dict[str, Any] = {"corrections": (*case.corrections, body)}
    if body.answers is not None:
        changes["answers"] = body.answers
    if body.parties is not None:
        if not _keeps_the_chip(case, body.parties):
            raise Problem("case.chip_data", Retry.NEVER)
        changes["parties"] = body.parties
    if body.phone is not None:
        changes["phone"] = body.phone
    if body.materials is not None:
        changes["materials"] = _with(case.materials, body.materials)
    return changes


def _keeps_the_chip(case: Case, parties: Parties) -> bool:
    """Whether who stood at the window stays who the chip said; telephone and display name were typed anyway."""
    if case.identity is None or case.identity.source == "manual":
        return True
    old = case.parties
    pairs = [(old.handler, parties.handler)]
    if isinstance(old.applicant, Person) and old.applicant.number == old.handler.number:
        if not isinstance(parties.applicant, Person):
            return False
        pairs.append((old.applicant, parties.applicant))
    return all(
        after.model_copy(update={"phone": before.phone, "name_display": before.name_display}) == before
        for before, after in pairs
    )
