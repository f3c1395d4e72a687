"""交接: what the next clerk here must know: unfinished cases, originals still here, papers not printed (U12)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from app.desk import Desk, today
from app.flow.draft import Draft, Step, matter_of
from app.flow.steps import keep, resume
from app.papers.paper import PaperKind
from app.people.sign_in import seen_here
from app.store.rows import Draft as SavedDraft
from contract.case import CHINA, Action, Kind, State
from contract.material import CaseMaterial
from contract.matter import Matter
from contract.person import Clerk

LOOK_BACK = timedelta(days=3)  # how far back a paper that never came out is looked for
_DUE = {
    Kind.RECEIVE: PaperKind.RECEIPT,
    Kind.ACCEPT: PaperKind.ACCEPTANCE,
    Kind.ASK_SUPPLEMENT: PaperKind.SUPPLEMENT,
    Kind.DECLINE: PaperKind.REFUSAL,
}


_OTHER_SIZE = {PaperKind.RECEIPT: PaperKind.RECEIPT_A4}  # on half a page where there is no roll


@dataclass(frozen=True)
class Unfinished:
    """A draft at this window, whoever began it. `clerk` is the name of who has it now."""

    draft: str
    clerk: str
    mine: bool
    title: str
    applicant: str
    step: Step
    parked: bool
    saved_at: datetime

    def __repr__(self) -> str:
        return f"Unfinished({self.draft}, {self.step})"


@dataclass(frozen=True)
class HeldOriginals:
    """Originals that were compared and not given back (已核对原件, not 已退还), of a draft or of a case of today."""

    draft: str  # "" where it is a case
    case: str
    number: str
    applicant: str
    materials: tuple[str, ...]
    since: datetime

    def __repr__(self) -> str:
        return f"HeldOriginals({self.draft or self.case}, {len(self.materials)})"


@dataclass(frozen=True)
class Unprinted:
    """A paper that a person should have in hand and that no printer gave out. `failed`: one was asked."""

    case: str
    number: str
    applicant: str
    paper: PaperKind
    failed: bool
    since: datetime

    def __repr__(self) -> str:
        return f"Unprinted({self.case}, {self.paper})"


@dataclass(frozen=True)
class Handover:
    """All of it, the oldest of each first."""

    unfinished: tuple[Unfinished, ...] = ()
    originals: tuple[HeldOriginals, ...] = ()
    unprinted: tuple[Unprinted, ...] = ()


def handover(desk: Desk, clerk: Clerk) -> Handover:
    """What this clerk leaves to the next one, and what a colleague left."""
    saved = desk.store.drafts.saved()
    drafts = [draft for draft in map(_read, saved) if draft is not None]
    names = {one.id: one.name for _, one in seen_here(desk)} | {clerk.id: clerk.name}
    when = {row.id: row.saved_at for row in saved}
    unfinished = tuple(_unfinished(desk, draft, clerk, names, when[draft.id]) for draft in drafts)
    originals = (*_of_drafts(desk, drafts), *_of_cases(desk))
    return Handover(
        tuple(sorted(unfinished, key=lambda one: one.draft)),
        tuple(sorted(originals, key=lambda one: one.since)),
        tuple(sorted(_unprinted(desk), key=lambda one: one.since)),
    )


def take_over(desk: Desk, draft_id: str, clerk: Clerk) -> Draft:
    """接手: another clerk goes on with a colleague's draft. What the colleague did stays the colleague's (F09).

    Raises:
        Problem: ``draft.gone``, ``draft.damaged``.
    """
    return keep(desk, resume(desk, draft_id), clerk=clerk.id)


def _read(row: SavedDraft) -> Draft | None:
    try:
        return Draft.model_validate_json(row.body)
    except ValidationError:
        return None  # the list of drafts tells of it


def _unfinished(desk: Desk, draft: Draft, clerk: Clerk, names: dict[str, str], saved_at: datetime) -> Unfinished:
    matter = matter_of(draft, desk.catalogue())
    return Unfinished(
        draft=draft.id,
        clerk=names.get(draft.clerk, draft.clerk),
        mine=draft.clerk == clerk.id,
        title=matter.name if matter else "",
        applicant=draft.applicant.shown_name if draft.applicant else "",
        step=draft.step,
        parked=draft.parked,
        saved_at=saved_at,
    )


def _of_drafts(desk: Desk, drafts: Iterable[Draft]) -> Iterator[HeldOriginals]:
    for draft in drafts:
        name = draft.applicant.shown_name if draft.applicant else ""
        if held := _held(draft.materials, matter_of(draft, desk.catalogue())):
            yield HeldOriginals(draft.id, "", draft.number, name, _names(held), _since(held))


def _of_cases(desk: Desk) -> Iterator[HeldOriginals]:
    now = desk.clock()
    for case_id in dict.fromkeys(act.case_id for act in _done(desk, now - timedelta(days=1), now)):
        case = desk.store.cases.find(case_id)
        if case is None or (case.received_at or case.opened_at).astimezone(CHINA).date() != today(desk):
            continue
        matter = desk.catalogue().find_matter(case.matter, case.matter_version)
        if held := _held(case.materials, matter):
            yield HeldOriginals("", case.id, case.number, case.parties.applicant.shown_name, _names(held), _since(held))


def _held(materials: Iterable[CaseMaterial], matter: Matter | None) -> list[CaseMaterial]:
    """The citizen's own papers that are here. The signed application form stays with the case."""
    forms = {rule.code for rule in matter.materials if rule.is_application_form} if matter else set()
    return [m for m in materials if m.verified and not m.returned and not m.library and m.code not in forms]


def _names(held: Iterable[CaseMaterial]) -> tuple[str, ...]:
    return tuple(slot.name for slot in held)


def _since(held: Iterable[CaseMaterial]) -> datetime:
    return min(slot.verified.at for slot in held if slot.verified is not None)


def _unprinted(desk: Desk) -> Iterator[Unprinted]:
    due: dict[str, dict[PaperKind, datetime]] = {}
    now = desk.clock()
    for act in _done(desk, now - LOOK_BACK, now):
        if act.kind in _DUE:
            due.setdefault(act.case_id, {})[_DUE[act.kind]] = act.made_at
    for case_id, papers in due.items():
        case = desk.store.cases.find(case_id)
        if case is None or case.state in (State.VOIDED, State.WITHDRAWN):
            continue
        printed = desk.store.papers.of_case(case_id)
        for kind, at in papers.items():
            asked = [paper for paper in printed if paper.kind in (kind, _OTHER_SIZE.get(kind))]
            if all(paper.outcome == "failed" for paper in asked):
                yield Unprinted(case.id, case.number, case.parties.applicant.shown_name, kind, bool(asked), at)


def _done(desk: Desk, since: datetime, until: datetime) -> Iterator[Action]:
    """What was done at this window, and stands."""
    for deed in desk.store.acts.between(since, until + timedelta(seconds=1)):
        if not deed.aside:
            yield deed.action
