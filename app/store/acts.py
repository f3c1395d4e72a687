"""What is done here: an act is made, written down with all that belongs to it, and stays readable for good."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import apsw

from app.clock import Clock
from app.store import deeds, drafts, mirror, pages, signing
from app.store.offset import Offset
from app.store.rows import Deed, Draft, GivenUp
from app.store.station import OurStation, joined_key
from app.store.tables import Tables
from contract.case import Action, Author, Case, Kind, apply
from contract.exchange import spelled
from contract.ids import uuid7
from contract.material import Source
from contract.problem import Problem, Retry
from contract.wire import Wire


class Acts:
    """The acts of this station."""

    def __init__(self, tables: Tables, station: OurStation, clock: Clock, offset: Offset) -> None:
        self._tables = tables
        self._station = station
        self._clock = clock
        self._offset = offset

    def new_id(self) -> str:
        """A fresh id for a case or an act (UUIDv7)."""
        return uuid7(int(self._clock().timestamp() * 1000), secrets.token_bytes(10))

    def make(self, case_id: str, kind: Kind, body: Wire | dict[str, Any], author: Author, *, after: str = "") -> Action:
        """An action made here and now, with its id, station, clock and offset; nothing is written yet.

        Args:
            case_id: The case.
            kind: What is done.
            body: The body of that kind.
            author: Who does it, fixed now for good (F09).
            after: Id of the action before it on this case: ``case.last_action``; empty for the first.
        """
        return Action(
            id=self.new_id(),
            case_id=case_id,
            kind=kind,
            body=body.model_dump(mode="json") if isinstance(body, Wire) else body,
            author=author,
            station=self._station.get().id,
            made_at=self._clock(),
            server_offset_ms=self._offset.ms(),
            after=after,
        )

    def did(
        self,
        actions: Sequence[Action],
        *,
        drop_draft: str = "",
        last_look: Callable[[Draft | None], None] | None = None,
        instead_of: str = "",
        given_up: GivenUp | None = None,
    ) -> Case:
        """Write down what was just done to one case: signed, all of it or nothing, durable when this returns.

        Doing the same again (same ids and texts) changes nothing. The draft that it came from goes in the same
        transaction, and so does what is held of the case that these acts stand in for. Returns the case after it.

        Args:
            actions: What was done, in order.
            drop_draft: Id of the draft that it came from.
            last_look: Given that draft as it stands, with nobody in between; raises where more came into it.
            instead_of: Id of the case (this one or another) whose held acts are set aside for these.
            given_up: Why; the ids of these acts are added to it.

        Raises:
            Problem: what `contract.case.apply` refuses; ``case.held_back`` while an earlier act on this case is held;
                ``held.gone`` where nothing is held of `instead_of` any more; ``store.page_missing`` where a page is
                named that is not here; ``action.reused`` where an id stands for something else already;
                ``station.not_joined``.
        """
        if not actions or len({action.case_id for action in actions}) != 1:
            raise ValueError("did() takes one or more actions on one case")
        case_id = actions[0].case_id
        with self._tables.writing() as (db, touched):
            private = joined_key(db)
            if given_up is not None:
                given_up = given_up.model_copy(update={"instead": tuple(action.id for action in actions)})
                if not deeds.set_aside(db, instead_of, given_up):
                    raise Problem("held.gone", Retry.NEVER)
                touched.cases.add(instead_of)
            case, _, problem = mirror.shown(db, case_id)
            for action in actions:
                text = spelled(action)
                known = deeds.find_text(db, action.id)
                if known == text:
                    continue
                if known is not None:
                    raise Problem("action.reused", Retry.NEVER)
                if problem is not None:
                    raise Problem("case.held_back", Retry.AFTER_FIX, cause=problem.code)
                _require_pages(db, action)
                case = apply(case, action)
                deeds.insert(db, action, signing.signed(private, text))
            if drop_draft:
                if last_look is not None:
                    last_look(drafts.read(db, drop_draft))
                drafts.drop(db, drop_draft)
                touched.drafts = True
            touched.cases.add(case_id)
            touched.outbox = True
        if case is None:
            raise Problem("case.held_back", Retry.AFTER_FIX)
        return case

    def of_case(self, case_id: str) -> tuple[Deed, ...]:
        """What was done here on a case and where each act stands, those set aside too."""
        with self._tables.reading() as db:
            return tuple(deeds.of_case(db, case_id))

    def between(self, since: datetime, until: datetime) -> tuple[Deed, ...]:
        """What was done here between two moments, `until` not included."""
        with self._tables.reading() as db:
            return tuple(deeds.between(db, since, until))


def _require_pages(db: apsw.Connection, action: Action) -> None:
    """A row never names a page that may not exist; what comes from the shared library is with the server."""
    elsewhere = {Source.LIBRARY, Source.LICENCE}
    for material in action.body.get("materials") or ():
        if material.get("library") or material.get("source") in elsewhere:
            continue
        signed = material.get("signed")
        kept = (signed["vector"], signed["picture"]) if signed else ()
        for page in (*material.get("pages", ()), *kept):
            if not pages.is_known(db, page["digest"]):
                raise Problem("store.page_missing", Retry.NEVER)
