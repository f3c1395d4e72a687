"""One round of talk with a station: what it did, answered one by one; then its news; then our word on its cases.

Nothing here depends on what a station remembers of earlier rounds: any round may be cut anywhere and repeated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from contract.case import Action, Case, Kind
from contract.exchange import PROTOCOL, Answer, Ask, CaseWord, Event, SignedAction, Told, Verdict
from contract.problem import Problem, Retry
from contract.wire import canonical, sha256
from server.cases import clashes, services
from server.cases.models import CaseRecord, EventRecord
from server.catalogue.matters import is_withdrawn
from server.catalogue.packs import pack_version
from server.exchange.early import keep_early, take_followers
from server.exchange.models import FeedRow
from server.exchange.numbers import renew
from server.exchange.powers import require_allowed, require_author
from server.exchange.relay import node_feed, relay
from server.exchange.stations import SKEW, note_seen, require_signature
from server.materials.pages import copied_pages
from server.org.accounts import revoked_at
from server.org.models import Station

NEWS = 500  # rows of a feed in one answer …
NEWS_LENGTH = 1 << 20  # … and characters of actions in them
MAX_TEXT = 1 << 20  # characters of one action
ID = re.compile(r"[0-9A-Za-z-]{1,36}")
CAN_BE_RIGHT = timedelta(minutes=1)  # as far as two clocks that agree may differ
NUL = "\\u0000"  # no database keeps it in a text


def answer(ask: Ask, station: Station) -> Answer:
    """The server's half of a round.

    Raises:
        Problem: ``wire.protocol_unknown``. What is wrong with one act is told about that act.
    """
    if ask.protocol != PROTOCOL:
        raise Problem("wire.protocol_unknown", Retry.AFTER_FIX, protocol=ask.protocol)
    note_seen(station)
    told, acted = hear(ask.actions, station)
    rows, more = _news(station, ask.cursor)
    events = tuple(_event(row, station) for row in rows)
    return Answer(
        server_time=timezone.now(),
        told=told,
        events=events,
        cursor=events[-1].n if events else ask.cursor,
        more=more,
        words=_words(station, (*acted, *ask.watch)),
        blocks=renew(station, ask.pools),
        pack=pack_version(),
        revoked=revoked_at(station.node),
    )


def hear(actions: Iterable[SignedAction], station: Station) -> tuple[dict[str, Told], tuple[str, ...]]:
    """A station's acts in its order: the answer to each, by its id, and the cases that they are of."""
    told: dict[str, Told] = {}
    acted: dict[str, None] = {}
    held: set[str] = set()
    named = [(*_names(signed.action), signed) for signed in actions]
    for case_id, acts in groupby(named, key=itemgetter(1)):
        with transaction.atomic():  # one for what follows on one case: each costs the disk as much as all of them
            for act_id, _, signed in acts:
                told[act_id] = _told(signed, station, held)
                if told[act_id].verdict is Verdict.REFUSED and not _waits(told[act_id]):
                    held.add(case_id)
        if case_id:
            acted[case_id] = None
    if told:
        relay()
    return told, tuple(acted)


def _waits(told: Told) -> bool:
    """Whether it was only early: those behind it are early too, and kept with it."""
    return told.problem is not None and told.problem["code"] == "case.waits_for_earlier"


def _told(signed: SignedAction, station: Station, held: set[str]) -> Told:
    try:
        action = _signed_act(signed, station)
        verdict = _heard(action, signed, station, held)
        warning = _warning(action)
        return Told(verdict=verdict, problem=warning.to_wire() if warning else None)
    except Problem as problem:
        return Told(verdict=Verdict.REFUSED, problem=problem.to_wire())


def _warning(action: Action) -> Problem | None:
    """What is to be known of an act that was kept: its matter was withdrawn meanwhile (S09)."""
    if action.kind is not Kind.RECEIVE:
        return None
    case = CaseRecord.objects.filter(id=action.case_id).values_list("matter", "matter_version", "number").first()
    if case is None or not is_withdrawn(*case[:2]):
        return None
    return Problem("matter.withdrawn", Retry.NEVER, number=case[2], version=case[1])


def _signed_act(signed: SignedAction, station: Station) -> Action:
    """The act, if this station signed it."""
    if signed.station != station.id:
        raise Problem("action.wrong_station", Retry.NEVER)
    require_signature(station, signed.action, signed.signature, "action.signature_wrong")
    action = _parsed(signed.action)
    if action.station != station.id:
        raise Problem("action.wrong_station", Retry.NEVER)
    return action


def _heard(action: Action, signed: SignedAction, station: Station, held: set[str]) -> Verdict:
    """Keep one act, or raise the Problem that it is refused with."""
    known = _known(action)
    if _is_known(action, known):
        return Verdict.ALREADY
    if action.case_id in held:
        raise Problem("case.earlier_refused", Retry.AFTER_FIX)
    if action.server_offset_ms is not None and action.at > timezone.now() + SKEW:
        raise Problem("action.from_the_future", Retry.AFTER_FIX)
    if action.after and (action.after not in known or known[action.after].case_id != action.case_id):
        raise keep_early(action, signed.action, signed.signature, station)
    try:
        _take(action, signed.action, signed.signature, station)
    except Problem:
        # the same round may run twice at once, when a station gave up waiting: the other one was faster
        if _is_known(action, _known(action)):
            return Verdict.ALREADY
        raise
    take_followers(action, _take)
    return Verdict.DONE


def _take(action: Action, text: str, signature: str, station: Station) -> None:
    """Keep an act for good, if this window may do it now."""
    action = _dated(action, station)
    require_author(action, station)

    def check(before: Case | None, after: Case) -> None:
        require_allowed(action, station, before, after)

    services.record(action, text, signature=signature, check=check, tell=False)


def _dated(action: Action, station: Station) -> Action:
    """The act with the time that its deadlines count from: the server's (F29).

    A station that knew how far its clock is off has said so. One that did not (never heard us, or the clock was set
    since) is believed only where its clock can be right: not after now, not before it joined. Otherwise the act counts
    from its arrival. What was signed stays as it was signed.
    """
    now = timezone.now()
    if action.server_offset_ms is not None or station.enrolled_at - CAN_BE_RIGHT <= action.at <= now + CAN_BE_RIGHT:
        return action
    return action.model_copy(update={"made_at": now, "server_offset_ms": 0})


class _Kept(NamedTuple):
    """What is to be known of an act that was kept."""

    case_id: str
    verb: str
    body_digest: str


def _known(action: Action) -> dict[str, _Kept]:
    """What is kept of an act and of the one that it follows, by id."""
    found = EventRecord.objects.filter(action_id__in=(action.id, action.after))
    columns = found.values_list("action_id", "case_id", "verb", "body_digest")
    return {str(act_id): _Kept(*kept) for act_id, *kept in columns}


def _is_known(action: Action, known: dict[str, _Kept]) -> bool:
    """Whether the act was kept before; Problem ``action.conflict`` where its id stands for something else.

    The text may have been signed anew; what counts is that it says the same.
    """
    kept = known.get(action.id)
    if kept is None:
        return False
    if kept != (action.case_id, action.kind.value, action.body_digest):
        raise Problem("action.conflict", Retry.NEVER)
    return True


def _parsed(text: str) -> Action:
    if len(text) > MAX_TEXT:
        raise Problem("action.too_large", Retry.NEVER)
    try:
        action = Action.model_validate_json(text)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
        raise Problem("action.malformed", Retry.NEVER, field=where[:80]) from None
    if not (ID.fullmatch(action.id) and ID.fullmatch(action.case_id)):
        raise Problem("action.malformed", Retry.NEVER, field="id")
    if NUL in text:
        raise Problem("action.malformed", Retry.NEVER, field="")
    if canonical(action) != text or action.made_at.tzinfo is None:
        raise Problem("action.not_canonical", Retry.NEVER)
    return action


def _names(text: str) -> tuple[str, str]:
    """The act's id and its case's, as far as they can be read; an act without an id is known by its text's digest."""
    try:
        plain = json.loads(text)
        act_id, case_id = plain["id"], plain.get("case_id", "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return sha256(text), ""
    return (act_id if isinstance(act_id, str) else sha256(text)), (case_id if isinstance(case_id, str) else "")


def _news(station: Station, cursor: int) -> tuple[list[FeedRow], bool]:
    """The next rows of the station's feed, not too many and not too long, and whether there are more."""
    found = FeedRow.objects.select_related("event").filter(feed_id=node_feed(station.node), n__gt=max(cursor, 0))
    rows = list(found.order_by("n")[: NEWS + 1])
    length, taken = 0, 0
    for row in rows[:NEWS]:
        length += len(row.event.text)
        if taken and length > NEWS_LENGTH:
            break
        taken += 1
    return rows[:taken], len(rows) > taken


def _event(row: FeedRow, station: Station) -> Event:
    event = row.event
    return Event(
        n=row.n,
        case_id=event.case_id,
        kind="action" if event.kind == "action" else "pages",
        action=event.to_action() if event.kind == "action" else None,
        materials_pending=event.materials_pending,
        clashes=clashes.told(event.case, station) if event.kind == "clash" else None,
    )


def _words(station: Station, case_ids: Iterable[str]) -> dict[str, CaseWord]:
    """What the server holds of the cases asked about; those that the station may not see are passed over (F08)."""
    asked = list(dict.fromkeys(case_ids))
    if not asked:
        return {}
    rows = CaseRecord.objects.visible_to(station).filter(id__in=asked)
    seen = list(rows.values_list("id", "digest", "wanted"))
    copies = copied_pages(case_id for case_id, _, _ in seen)
    return {
        case_id: CaseWord(digest=digest, wanted=tuple(wanted), copies=tuple(sorted(copies[case_id])))
        for case_id, digest, wanted in seen
    }
