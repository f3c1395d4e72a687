"""The station's store: everything that must outlive this process, encrypted, and nothing of it anywhere else."""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
from pydantic import ValidationError

from app.clock import wall_clock
from app.store import blobs, catalogue, deeds, mirror, numbers, offset, recovery, signing
from app.store.catalogue import Shelf
from app.store.database import Database, rows, sync_folder
from app.store.faults import traced
from app.store.locks import SyncLock
from app.store.rows import (
    CaseRow,
    Changes,
    Deed,
    Draft,
    GivenUp,
    Heard,
    OutboxRow,
    Outgoing,
    Paper,
    SettledPages,
    Standing,
    Station,
    Upload,
    UploadPart,
    Verifier,
)
from contract.case import Action, Author, Case, Kind, State, apply, pages_of
from contract.exchange import (
    Answer,
    CaseView,
    Clash,
    EnrolAnswer,
    NumberBlock,
    PoolReport,
    SignedPack,
    Verdict,
    spelled,
)
from contract.ids import number_in, uuid7
from contract.material import Source
from contract.matter import Matter, PackHead
from contract.pack import (
    PackManifest,
    Row,
    SignedManifest,
    read_changes,
    read_node_part,
    read_standards,
    sequence,
)
from contract.problem import Problem, Retry
from contract.rating import Rating, SignedRating
from contract.wire import Wire, canonical

LOG = logging.getLogger(__name__)
DATABASE = "store.db"
PAGES = "pages"
SYNC_LOCK = "sync.lock"
RESERVE = 200 << 20  # bytes of disk that pages leave to the database
WATCH_LIMIT = 500  # cases compared in one round

Clock = Callable[[], datetime]


@dataclass
class _Touched:
    """What a transaction changed, gathered while it runs."""

    cases: set[str] = field(default_factory=set)
    drafts: bool = False
    outbox: bool = False
    line: bool = False
    pack: bool = False


class Store:
    """One station's store. All methods block, may be called from any thread, and raise Problem.

    Any of them may raise ``store.disk_full``, ``store.disk_fault``, ``store.damaged``, ``store.busy`` and
    ``store.closed``. A method that writes has written durably when it returns; then `on_change`'s listeners are told.
    """

    def __init__(self, folder: Path, database: Database, clock: Clock, ticks: offset.Ticks, reserve: int) -> None:
        self.folder = folder
        self._database = database
        self._clock = clock
        self._ticks = ticks
        self._reserve = reserve
        self._pages = folder / PAGES
        self._listeners: list[Callable[[Changes], None]] = []
        self._listeners_lock = threading.Lock()
        self._pack: tuple[str, PackHead] | None = None
        self.shelf = Shelf(database)

    # --- opening ------------------------------------------------------------------------------------------------------

    @classmethod
    def open(
        cls,
        folder: Path,
        key: bytes,
        *,
        clock: Clock = wall_clock,
        ticks: offset.Ticks = offset.ticks_here,
        reserve: int = RESERVE,
        vfs: str = "",
    ) -> Store:
        """Open the store in a folder, making both where there is none.

        What a crash left behind is cleared away: `sending` waits again (unless another process is the syncer just
        now), half-written pages go.

        Args:
            folder: Where the store lives.
            key: Raw 256-bit key, from `app.store.keys.station_key`.
            clock: The station's clock, aware.
            ticks: The machine's own count of seconds.
            reserve: Bytes of disk that pages leave free.
            vfs: What the database writes through, for the power-cut replay (`database.connect`).

        Raises:
            Problem: ``store.key_wrong`` where the key does not fit, ``store.lost`` where there are pages but no
                database, ``store.newer`` where a newer program made it, ``store.damaged``.
        """
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_folder(folder.parent)
        pages = folder / PAGES
        pages.mkdir(mode=0o700, exist_ok=True)
        if not (folder / DATABASE).exists() and any(pages.iterdir()):
            raise Problem("store.lost", Retry.AFTER_FIX)
        store = cls(folder, Database(folder / DATABASE, key, vfs), clock, ticks, reserve)
        try:
            store._recover()
        except BaseException:
            store.close()
            raise
        return store

    def _recover(self) -> None:
        with self._writing() as (db, _):
            _keep_meta(db, "hash_key", secrets.token_bytes(32), replace=False)
        try:
            with self.sync_lock("start", patience=0), self._writing() as (db, _):
                deeds.back_to_waiting(db)
        except Problem as problem:
            if problem.code not in ("sync.locked", "store.disk_full", "store.disk_fault"):  # it can be looked at
                raise
        blobs.sweep(self._pages, self._is_page_file)
        self._wrap_key()

    def _wrap_key(self) -> None:
        """Keep the database's key a second time, for the city alone: a dead PC must not take its cases with it."""
        with self._database.reading() as db:
            public = _find_meta(db, "recovery_key")
        if public:
            try:
                recovery.keep_wrapped(self.folder, self._database.key, public.decode())
            except (OSError, ValueError) as fault:  # tried again at the next start
                LOG.error("the key could not be wrapped for the city: %s", traced(fault))

    def _is_page_file(self, name: str) -> bool:
        with self._database.reading() as db:
            return db.execute("select 1 from blobs where file = ?", (name,)).fetchone() is not None

    def close(self) -> None:
        """Close it. Whoever uses it afterwards is told ``store.closed``."""
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def sync_lock(self, who: str, *, patience: float = 1.0) -> SyncLock:
        """Become the one syncer of this store, across processes.

        Args:
            who: What to tell others: ``window``, ``command line``. Never a person.
            patience: Seconds to wait for it: a process that is just starting holds it for a moment.

        Raises:
            Problem: ``sync.locked`` with the holder.
        """
        return SyncLock(self.folder / SYNC_LOCK, who, patience)

    # --- changes ------------------------------------------------------------------------------------------------------

    def on_change(self, callback: Callable[[Changes], None]) -> Callable[[], None]:
        """Be told after every write, once, on the thread that wrote. Returns what ends it."""
        with self._listeners_lock:
            self._listeners.append(callback)

        def end() -> None:
            with self._listeners_lock:
                if callback in self._listeners:
                    self._listeners.remove(callback)

        return end

    def tell(self, changes: Changes) -> None:
        """Tell the listeners. A listener that fails is reported; the write it was told of stands."""
        with self._listeners_lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            try:
                listener(changes)
            except Exception as fault:
                LOG.error("a listener to the store's changes failed: %s", traced(fault))

    @contextmanager
    def _writing(self) -> Iterator[tuple[apsw.Connection, _Touched]]:
        touched = _Touched()
        with self._database.writing() as db:
            yield db, touched
            if touched.cases:
                key = _get_meta(db, "hash_key")
                for case_id in sorted(touched.cases):
                    mirror.reindex(db, case_id, key, self._clock())
        changes = Changes(
            cases=frozenset(touched.cases),
            drafts=touched.drafts,
            outbox=touched.outbox,
            line=touched.line,
            pack=touched.pack,
        )
        if changes != Changes():
            self.tell(changes)

    # --- what this station is -----------------------------------------------------------------------------------------

    def find_station(self) -> Station | None:
        """What the server said this station is; None where it has not joined."""
        with self._database.reading() as db:
            text = _find_meta(db, "station")
        return None if text is None else Station(**json.loads(text))

    def station(self) -> Station:
        """As `find_station`. Raises Problem ``station.not_joined``."""
        found = self.find_station()
        if found is None:
            raise Problem("station.not_joined", Retry.AFTER_FIX)
        return found

    def station_key(self) -> str:
        """The public half (base64) of the station's key, which is made at the first asking and kept for good."""
        with self._writing() as (db, _):
            private = _find_meta(db, "private_key")
            if private is None:
                private = signing.new_private_key()
                _keep_meta(db, "private_key", private)
        return signing.public_half(private)

    def sign(self, text: str) -> str:
        """The station's signature (base64) over a text. Raises Problem ``station.not_joined`` before it has a key."""
        with self._database.reading() as db:
            private = _find_meta(db, "private_key")
        if private is None:
            raise Problem("station.not_joined", Retry.AFTER_FIX)
        return signing.signed(private, text)

    def join(self, server_url: str, answer: EnrolAnswer) -> None:
        """Keep what the server answered to the enrolment, all of it or nothing. The pack may still be to come.

        Raises:
            Problem: ``pack.forged``; ``station.joined_elsewhere`` where acts done for another server are waiting.
        """
        if answer.pack is not None:
            signing.require_genuine(answer.pack, answer.server_public_key)
        with self._writing() as (db, touched):
            old = _find_meta(db, "station")
            if old is not None and Station(**json.loads(old)).id != answer.station:
                unsent = db.execute("select 1 from actions where standing != ? limit 1", (Standing.MATCHED,)).fetchone()
                if unsent is not None:
                    raise Problem("station.joined_elsewhere", Retry.AFTER_FIX)
                _keep_meta(db, "cursor", b"0")
                numbers.forget(db)  # they were given to the station that this was
            named = {
                "id": answer.station,
                "node": answer.node,
                "name": answer.name,
                "server_url": server_url,
                "server_public_key": answer.server_public_key,
            }
            _keep_meta(db, "station", json.dumps(named, ensure_ascii=False).encode())
            for block in answer.blocks:
                numbers.add(db, block)
            if answer.pack is not None:
                self._keep_pack(db, answer.pack)
                touched.pack = True
            touched.line = True
        self._wrap_key()

    # --- acts ---------------------------------------------------------------------------------------------------------

    def new_id(self) -> str:
        """A fresh id for a case or an act (UUIDv7)."""
        return uuid7(int(self._clock().timestamp() * 1000), secrets.token_bytes(10))

    def offset_ms(self) -> int | None:
        """Milliseconds from the station's clock to the server's; None where unknown, also after the clock jumped."""
        with self._database.reading() as db:
            text = _find_meta(db, "offset")
        measured = None if text is None else offset.Measured.read(text.decode())
        return offset.believed(measured, self._clock(), self._ticks())

    def act(self, case_id: str, kind: Kind, body: Wire | dict[str, Any], author: Author, *, after: str = "") -> Action:
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
            station=self.station().id,
            made_at=self._clock(),
            server_offset_ms=self.offset_ms(),
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
        with self._writing() as (db, touched):
            private = _find_meta(db, "private_key")
            if private is None or _find_meta(db, "station") is None:
                raise Problem("station.not_joined", Retry.AFTER_FIX)
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
                self._require_pages(db, action)
                case = apply(case, action)
                deeds.insert(db, action, signing.signed(private, text))
            if drop_draft:
                if last_look is not None:
                    row = db.execute(_DRAFT + " where id = ?", (drop_draft,)).fetchone()
                    last_look(None if row is None else _as_draft(row))
                db.execute("delete from drafts where id = ?", (drop_draft,))
                touched.drafts = True
            touched.cases.add(case_id)
            touched.outbox = True
        if case is None:
            raise Problem("case.held_back", Retry.AFTER_FIX)
        return case

    def _require_pages(self, db: apsw.Connection, action: Action) -> None:
        """A row never names a page that may not exist; what comes from the shared library is with the server."""
        elsewhere = {Source.LIBRARY, Source.LICENCE}
        for material in action.body.get("materials") or ():
            if material.get("library") or material.get("source") in elsewhere:
                continue
            signed = material.get("signed")
            kept = (signed["vector"], signed["picture"]) if signed else ()
            for page in (*material.get("pages", ()), *kept):
                here = db.execute("select 1 from blobs where digest = ?", (page["digest"],)).fetchone()
                known = here or db.execute("select 1 from case_pages where digest = ?", (page["digest"],)).fetchone()
                if known is None:
                    raise Problem("store.page_missing", Retry.NEVER)

    def shown(self, case_id: str) -> tuple[Case | None, tuple[Action, ...], Problem | None]:
        """The case as it is to be shown (the server's word with what was done here since), those acts, and what
        stops them: the Problem of a held act, or why one no longer fits."""
        with self._database.reading() as db:
            return mirror.shown(db, case_id)

    def case_actions(self, case_id: str) -> tuple[Action, ...]:
        """All that was done to a case: the server's order, then what was done here since."""
        with self._database.reading() as db:
            server = mirror.server_actions(db, case_id)
            return (*server, *(deed.action for deed in mirror.not_told(db, case_id, server)))

    def server_actions(self, case_id: str) -> tuple[Action, ...]:
        """What the server has of a case, as far as is known here: its telling, then what it said yes to since."""
        with self._database.reading() as db:
            return tuple(mirror.agreed(db, case_id))

    def deeds(self, case_id: str) -> tuple[Deed, ...]:
        """What was done here on a case and where each act stands, those set aside too."""
        with self._database.reading() as db:
            return tuple(deeds.of_case(db, case_id))

    def deeds_between(self, since: datetime, until: datetime) -> tuple[Deed, ...]:
        """What was done here between two moments, `until` not included."""
        with self._database.reading() as db:
            return tuple(deeds.between(db, since, until))

    # --- finding cases ------------------------------------------------------------------------------------------------

    def find_cases(self, text: str, limit: int = 50) -> tuple[CaseRow, ...]:
        """Cases by what was typed or scanned: a number or a QR that holds one, an id number or credit code, a name."""
        wanted = text.strip()
        if not wanted:
            return ()
        with self._database.reading() as db:
            number = number_in(wanted)
            if number is not None:
                return _rows(db, "where number = ?", (number,), limit)
            found = _rows(
                db,
                "where case_id in (select case_id from case_people where hash = ?) or case_id = ?",
                (mirror.person_hash(_get_meta(db, "hash_key"), wanted), wanted),
                limit,
            )
            if found:
                return found
            pattern = "%" + wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            return _rows(
                db,
                "where applicant like ?1 escape '\\' or handler like ?1 escape '\\' or number like ?1 escape '\\'",
                (pattern,),
                limit,
            )

    def cases_of_person(self, number: str, limit: int = 50) -> tuple[CaseRow, ...]:
        """Cases in which someone with this id number or credit code is applicant or handler."""
        with self._database.reading() as db:
            hashed = mirror.person_hash(_get_meta(db, "hash_key"), number)
            return _rows(db, "where case_id in (select case_id from case_people where hash = ?)", (hashed,), limit)

    def clashes(self, case_id: str) -> tuple[Clash, ...]:
        """Other open cases of the same applicant that clash with this one, as the server told of them last."""
        with self._database.reading() as db:
            return mirror.clashes(db, case_id)

    def cases_to_look_at(self) -> frozenset[str]:
        """Cases with a clash that no person has settled."""
        with self._database.reading() as db:
            return frozenset(row[0] for row in db.execute("select case_id from server_cases where to_look_at"))

    def recent_cases(self, limit: int = 50) -> tuple[CaseRow, ...]:
        """The cases that changed last, newest first."""
        with self._database.reading() as db:
            return _rows(db, "", (), limit)

    def cases_in(self, states: Iterable[State], limit: int = 2000) -> tuple[Case, ...]:
        """The folded cases in these states, oldest first: for to-do lists and counts."""
        names = json.dumps([str(state) for state in states])
        with self._database.reading() as db:
            found = db.execute(
                "select folded from cases where state in (select value from json_each(?)) order by opened_at limit ?",
                (names, limit),
            )
            return tuple(Case.model_validate_json(row[0]) for row in found)

    def find_case(self, case_id: str) -> Case | None:
        """The folded case as last written to the index. `shown` says what stops it, too."""
        with self._database.reading() as db:
            row = db.execute("select folded from cases where case_id = ?", (case_id,)).fetchone()
        return None if row is None else Case.model_validate_json(row[0])

    def keep_view(self, view: CaseView) -> None:
        """Keep the server's whole word on a case that was asked for outside the feed, so that it can be acted upon."""
        with self._writing() as (db, touched):
            mirror.take_view(db, view.case.id, view.actions, view.case.materials_pending, self._clock())
            mirror.set_clashes(db, view.case.id, view.clashes)
            touched.cases.add(view.case.id)

    # --- drafts -------------------------------------------------------------------------------------------------------

    def save_draft(self, draft_id: str, clerk: str, title: str, body: str, *, parked: bool = False) -> None:
        """Keep a draft: its body (JSON) as it is now, the clerk's id, a title for lists."""
        with self._writing() as (db, touched):
            _keep_draft(db, Draft(draft_id, clerk, title, parked, body, self._clock()))
            touched.drafts = True

    def revise_draft(self, draft_id: str, revised: Callable[[Draft | None], Draft | None]) -> None:
        """Change a draft as it stands, with nobody in between: `revised` is given what is kept (None: nothing yet) and
        answers what is to be kept, or None for no change.

        Raises:
            Problem: ``draft.gone`` where it has become a case.
        """
        with self._writing() as (db, touched):
            if db.execute("select 1 from actions where case_id = ? limit 1", (draft_id,)).fetchone() is not None:
                raise Problem("draft.gone", Retry.NEVER)
            row = db.execute(_DRAFT + " where id = ?", (draft_id,)).fetchone()
            draft = revised(None if row is None else _as_draft(row))
            if draft is not None:
                _keep_draft(db, draft)
                touched.drafts = True

    def find_draft(self, draft_id: str) -> Draft | None:
        with self._database.reading() as db:
            row = db.execute(_DRAFT + " where id = ?", (draft_id,)).fetchone()
        return None if row is None else _as_draft(row)

    def draft(self, draft_id: str) -> Draft:
        """As `find_draft`. Raises Problem ``draft.gone``."""
        found = self.find_draft(draft_id)
        if found is None:
            raise Problem("draft.gone", Retry.NEVER)
        return found

    def drafts(self, clerk: str = "") -> tuple[Draft, ...]:
        """The drafts of a clerk (of all where empty), last saved first."""
        with self._database.reading() as db:
            found = db.execute(_DRAFT + " where clerk = ?1 or ?1 = '' order by saved_at desc, id desc", (clerk,))
            return tuple(_as_draft(row) for row in found)

    def drop_draft(self, draft_id: str) -> None:
        with self._writing() as (db, touched):
            db.execute("delete from drafts where id = ?", (draft_id,))
            touched.drafts = True

    # --- pages --------------------------------------------------------------------------------------------------------

    def put_page(self, data: bytes, media_type: str = "") -> str:
        """Keep a page, encrypted and durable when this returns. Returns its digest.

        Raises:
            Problem: ``store.disk_full`` where it would eat into the disk's reserve.
        """
        blobs.require_room(self._pages, len(data), self._reserve)
        writing = blobs.Writing(self._pages, data, media_type)
        blob = writing.blob
        try:
            with self._writing() as (db, _):
                db.execute(
                    "insert into blobs values (?,?,?,?,?,?) on conflict (digest) do nothing",
                    (blob.digest, blob.file, blob.size, media_type, blob.key, self._clock().isoformat()),
                )
                kept = db.changes() == 1
                if not kept and self._is_damaged(db, blob.digest):
                    db.execute(
                        "update blobs set file = ?, key = ? where digest = ?", (blob.file, blob.key, blob.digest)
                    )
                    kept = True
        except BaseException:
            writing.undo()
            raise
        if kept:
            writing.close()
        else:
            writing.undo()
        return blob.digest

    def _is_damaged(self, db: apsw.Connection, digest: str) -> bool:
        try:
            blobs.read(self._pages, _get_blob(db, digest))
        except Problem:
            return True
        return False

    def page(self, digest: str) -> bytes:
        """The plain bytes of a page. Raises Problem ``store.page_missing`` or ``store.page_damaged``."""
        with self._database.reading() as db:
            blob = _get_blob(db, digest)
        return blobs.read(self._pages, blob)

    def has_page(self, digest: str) -> bool:
        return self.find_page_size(digest) is not None

    def find_page_size(self, digest: str) -> int | None:
        """Plain bytes of a page that is here."""
        with self._database.reading() as db:
            row = db.execute("select size from blobs where digest = ?", (digest,)).fetchone()
        return None if row is None else int(row[0])

    def drop_matched_pages(self, before: datetime) -> int:
        """Remove pages whose cases were all matched (the server has proved to hold them) or set aside before a moment
        and that no draft or paper still names. Returns how many went."""
        return self._drop_pages(_SETTLED_BEFORE, before)

    def settled_pages(self) -> SettledPages:
        """The pages that `drop_matched_pages` will remove when their time has come."""
        with self._database.reading() as db:
            row: Any = db.execute(
                "select count(*), coalesce(sum(size), 0), min((select max(max(a.matched_at, a.aside_at))"  # noqa: S608
                "   from case_pages p join actions a using (case_id) where p.digest = b.digest)) from blobs b"
                f" where {_SETTLED_BEFORE} and {_NOT_NAMED_ELSEWHERE}",
                (datetime.max.replace(tzinfo=UTC).isoformat(),),
            ).fetchone()
        count, size, since = row
        return SettledPages(count, size, datetime.fromisoformat(since) if since else None)

    def drop_orphan_pages(self, before: datetime) -> int:
        """Remove pages put in before a moment that no act, draft or paper names: of drafts thrown away."""
        return self._drop_pages(
            "not exists (select 1 from case_pages where digest = b.digest) and julianday(b.made_at) < julianday(?1)",
            before,
        )

    def _drop_pages(self, condition: str, before: datetime) -> int:
        with self._writing() as (db, _):
            gone = rows(
                db,
                f"select digest, file from blobs b where {condition} and {_NOT_NAMED_ELSEWHERE}",  # noqa: S608
                (before.isoformat(),),
            )
            db.executemany("delete from blobs where digest = ?", [(digest,) for digest, _ in gone])
        for _, file in gone:
            (self._pages / file).unlink(missing_ok=True)
        return len(gone)

    # --- numbers ------------------------------------------------------------------------------------------------------

    def take_number(self, county: str) -> str:
        """The next case number of a county, never to be given again. Raises Problem ``numbers.none_left``."""
        with self._writing() as (db, _):
            return numbers.take(db, county)

    def is_our_number(self, number: str) -> bool:
        """Whether a number was taken out of the blocks of the station that this is now."""
        with self._database.reading() as db:
            return numbers.is_taken(db, number)

    def add_blocks(self, blocks: Iterable[NumberBlock]) -> None:
        with self._writing() as (db, _):
            for block in blocks:
                numbers.add(db, block)

    def give_up_numbers(self) -> None:
        """Take no more from the blocks that are here: another copy of this store may have gone on taking them."""
        with self._writing() as (db, _):
            numbers.give_up(db)

    def pools(self) -> tuple[PoolReport, ...]:
        """How many numbers are left, by county."""
        with self._database.reading() as db:
            return numbers.left(db)

    # --- packs --------------------------------------------------------------------------------------------------------

    def keep_pack(self, pack: SignedPack) -> PackHead:
        """Keep a new pack that came whole. Every version of a matter that was ever here stays, for the drafts and cases
        begun with it.

        Raises:
            Problem: ``pack.forged`` where it was not signed by this station's server, ``pack.unreadable`` where a newer
                server says in it what this program does not know.
        """
        signing.require_genuine(pack, self.station().server_public_key)
        with self._writing() as (db, touched):
            head = self._keep_pack(db, pack)
            touched.pack = True
        self._wrap_key()
        return head

    def _keep_pack(self, db: apsw.Connection, pack: SignedPack) -> PackHead:
        try:
            opened = pack.opened()
        except ValidationError:
            raise Problem("pack.unreadable", Retry.AFTER_FIX) from None
        matters = (matter.model_dump(mode="json") for matter in opened.matters)
        catalogue.replace(db, matters, (Row.of(offering) for offering in opened.offerings))
        self._keep_head(db, opened.head, pack.algorithm, pack.signature)
        return opened.head

    def _keep_head(self, db: apsw.Connection, head: PackHead, algorithm: str, signature: str) -> None:
        db.execute("delete from packs")
        db.execute(
            "insert into packs values (?,?,?,?,?,?)",
            (
                head.version,
                catalogue.spelled_head(head),
                algorithm,
                signature,
                head.made_on.isoformat(),
                self._clock().isoformat(),
            ),
        )
        _keep_meta(db, "recovery_key", head.recovery_key.encode())

    def require_fitting(self, signed: SignedManifest) -> PackManifest:
        """What a manifest says, where it may be followed: it is our server's, for our node, newer than what is here,
        and begins where we stand.

        Raises:
            Problem: ``pack.forged``, ``pack.unreadable``, ``pack.foreign``, ``pack.older``, ``pack.out_of_step``.
        """
        station = self.station()
        if not signing.is_server_text(signed.algorithm, station.server_public_key, signed.manifest, signed.signature):
            raise Problem("pack.forged", Retry.AFTER_FIX)
        try:
            manifest = signed.opened()
        except ValidationError:
            raise Problem("pack.unreadable", Retry.AFTER_FIX) from None
        head = self.find_pack()
        have = head.version if head else ""
        if manifest.node != station.node:
            raise Problem("pack.foreign", Retry.NEVER)
        if sequence(manifest.version) < sequence(have):
            raise Problem("pack.older", Retry.AFTER_FIX)
        if manifest.since not in ("", have):
            raise Problem("pack.out_of_step", Retry.AGAIN)
        return manifest

    def keep_parts(self, signed: SignedManifest, parts: Sequence[bytes]) -> PackHead:
        """Follow a manifest, all of it or nothing: a whole pack, or what changed since ours.

        Args:
            signed: What the server signed.
            parts: What the parts say, in the manifest's order; whoever calls has compared their digests.

        Raises:
            Problem: as `require_fitting`; ``pack.unreadable`` where a newer server says what this program does not
                know, ``pack.out_of_step`` where changes do not fit what is here.
        """
        with self._writing() as (db, touched):
            manifest = self.require_fitting(signed)
            kinds = [part.kind for part in manifest.parts]
            try:
                if kinds == ["standards", "node"]:
                    head = self._keep_whole(db, *parts)
                elif kinds == ["changes"] and manifest.since:
                    head = self._keep_changes(db, manifest, *parts)
                else:
                    raise ValueError("no such pack")
            except ValueError:
                raise Problem("pack.unreadable", Retry.AFTER_FIX) from None
            self._keep_head(db, head, signed.algorithm, signed.signature)
            _keep_meta(db, "pack_checked", self._clock().isoformat().encode())
            db.execute("delete from pack_parts")
            touched.pack = True
        self._wrap_key()
        return head

    def _keep_whole(self, db: apsw.Connection, standards: bytes, own: bytes) -> PackHead:
        matters = read_standards(standards)
        part = read_node_part(own, [str(matter.get("code", "")) for matter in matters])
        catalogue.replace(db, matters, part.rows)
        return part.head

    def _keep_changes(self, db: apsw.Connection, manifest: PackManifest, data: bytes) -> PackHead:
        before = self.pack()
        changes = read_changes(data, before.nodes, {department.code: department for department in before.departments})
        catalogue.change(db, changes)
        return catalogue.head_after(before, manifest.version, manifest.made_on.isoformat(), changes)

    def part_so_far(self, digest: str) -> bytes:
        """What has arrived of a part of a pack."""
        with self._database.reading() as db:
            found = rows(db, "select data from pack_parts where digest = ? order by first", (digest,))
        return b"".join(row[0] for row in found)

    def add_to_part(self, digest: str, first: int, data: bytes) -> None:
        """More of a part has arrived, from byte `first` on; it stays over a cut and over a restart."""
        with self._writing() as (db, _):
            db.execute("insert or replace into pack_parts values (?, ?, ?)", (digest, first, data))

    def forget_parts(self, but: Iterable[str] = ()) -> None:
        """Drop what has arrived, but for these parts: it was wrong, or nobody wants it any more."""
        with self._writing() as (db, _):
            kept = json.dumps(list(but))
            db.execute("delete from pack_parts where digest not in (select value from json_each(?))", (kept,))

    def find_pack(self) -> PackHead | None:
        """The head of the pack in force; None where none has come yet. Its matters and offerings are on the `shelf`."""
        with self._database.reading() as db:
            row = db.execute("select version, signature, text from packs").fetchone()
        if row is None:
            return None
        name = f"{row[0]} {row[1]}"
        kept = self._pack
        if kept is None or kept[0] != name:
            kept = self._pack = (name, PackHead.model_validate_json(row[2]))
        return kept[1]

    def pack(self) -> PackHead:
        """As `find_pack`. Raises Problem ``station.not_joined``, or ``pack.absent`` where the pack is on its way."""
        found = self.find_pack()
        if found is None:
            raise Problem("station.not_joined" if self.find_station() is None else "pack.absent", Retry.AFTER_FIX)
        return found

    def pack_checked_at(self) -> datetime | None:
        """When the server last said that the pack in force is the newest; None where it has not yet."""
        with self._database.reading() as db:
            text = _find_meta(db, "pack_checked")
        return None if text is None else datetime.fromisoformat(text.decode())

    def find_matter(self, code: str, version: int) -> Matter | None:
        """A matter in the version a case or draft began with, also where the pack has a newer one."""
        return self.shelf.find_matter(code, version)

    # --- outbox -------------------------------------------------------------------------------------------------------

    def given_up_cases(self) -> tuple[str, ...]:
        """Ids of the cases of which something was set aside, the newest first."""
        with self._database.reading() as db:
            found = "select case_id from actions where aside_at != '' group by case_id order by max(aside_at) desc"
            return tuple(row[0] for row in db.execute(found))

    def outbox(self) -> tuple[OutboxRow, ...]:
        """What has not been matched, by case, oldest first; what was set aside is not in it."""
        with self._database.reading() as db:
            cases: dict[str, list[Deed]] = {}
            found = rows(
                db,
                "select case_id from actions where standing != ? and aside_at = '' group by case_id"
                " order by min(position)",
                (Standing.MATCHED,),
            )
            for (case_id,) in found:
                cases[case_id] = [
                    deed
                    for deed in deeds.of_case(db, case_id)
                    if not deed.aside and deed.standing is not Standing.MATCHED
                ]
            return tuple(_outbox_row(db, case_id, own) for case_id, own in cases.items())

    def counts(self) -> tuple[int, int]:
        """Cases that are not matched, and how many of these are held: the badge counts nothing else (F08)."""
        with self._database.reading() as db:
            row = db.execute(
                "select count(*), coalesce(sum(held), 0) from (select max(standing = ?) as held from actions"
                " where standing != ? and aside_at = '' group by case_id)",
                (Standing.HELD, Standing.MATCHED),
            ).fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def has_waiting(self) -> bool:
        """Whether there is an act that the next round would send."""
        with self._database.reading() as db:
            row = db.execute(
                "select 1 from actions a where standing = ? and not exists (select 1 from actions h"
                " where h.case_id = a.case_id and h.standing = ? and h.aside_at = '') limit 1",
                (Standing.WAITING, Standing.HELD),
            ).fetchone()
        return row is not None

    def release(self, case_id: str) -> int:
        """Let what is held of a case be sent again, its pages too. Returns how many acts."""
        with self._writing() as (db, touched):
            count = deeds.release(db, case_id)
            db.execute("delete from tried_pages where case_id = ?", (case_id,))
            touched.cases.add(case_id)
            touched.outbox = True
        return count

    def set_aside(self, case_id: str, given_up: GivenUp) -> int:
        """Give up what is held of a case, and what waits behind it. It stays readable in `deeds`, with its problem
        and why it was given up. Returns how many acts.

        Raises:
            Problem: ``held.gone`` where nothing is held any more.
        """
        with self._writing() as (db, touched):
            count = deeds.set_aside(db, case_id, given_up)
            if not count:
                raise Problem("held.gone", Retry.NEVER)
            touched.cases.add(case_id)
            touched.outbox = True
        return count

    # --- the round's side ---------------------------------------------------------------------------------------------

    def begin_sending(self) -> tuple[Outgoing, ...]:
        """The next acts to send, marked as sending."""
        station = self.station().id
        with self._writing() as (db, touched):
            held_before = _held(db)
            chosen = tuple(deeds.begin_sending(db, station))
            touched.outbox = bool(chosen)
            touched.cases.update(_held(db) - held_before)
        return chosen

    def unheard(self) -> tuple[Outgoing, ...]:
        """All acts that the server has not answered, in order, for a parcel; nothing moves by it."""
        with self._database.reading() as db:
            return tuple(deeds.unheard(db, self.station().id))

    def give_back(self, outgoing: Iterable[Outgoing] | None = None) -> None:
        """Nobody knows what became of what was sent: it waits again. None: all that is being sent."""
        with self._writing() as (db, touched):
            deeds.back_to_waiting(db, None if outgoing is None else [out.id for out in outgoing])
            touched.outbox = True

    def hold(self, outgoing: Outgoing, problem: Problem) -> None:
        """Hold one act with its problem; what else of that case was being sent waits behind it."""
        with self._writing() as (db, touched):
            deeds.hold(db, outgoing.id, problem)
            touched.cases.add(outgoing.case_id)
            touched.outbox = True

    def cursor(self) -> int:
        """How much of the feed is here."""
        with self._database.reading() as db:
            return int(_find_meta(db, "cursor") or b"0")

    def watched(self, *, thorough: bool = False) -> tuple[str, ...]:
        """Cases whose digests are to be compared with the server's; thorough: the matched ones, too."""
        with self._database.reading() as db:
            return tuple(deeds.watched(db, thorough=thorough, limit=WATCH_LIMIT))

    def hear(
        self,
        sent: Sequence[Outgoing],
        answer: Answer,
        *,
        cursor: int,
        asked_at: datetime,
        took: timedelta,
    ) -> Heard:
        """Take in one answer of the server in one transaction: verdicts, news, words, blocks, revoked clerks, time.

        Args:
            sent: The acts that were in the ask.
            answer: What the server said.
            cursor: The cursor that was in the ask.
            asked_at: The station's clock when it asked.
            took: How long the answer took.
        """
        now = self._clock()
        boot, ticks = self._ticks()
        told = {
            id_: (Verdict(one.verdict), Problem.from_wire(one.problem) if one.problem else None)
            for id_, one in answer.told.items()
        }
        with self._writing() as (db, touched):
            matched_before = _matched(db)
            acknowledged, held = deeds.hear_verdicts(db, sent, told, now)
            touched.cases.update(out.case_id for out in sent)
            gap = not mirror.follows(cursor, answer.events)
            if gap:
                _keep_meta(db, "cursor", b"0")
            elif int(_find_meta(db, "cursor") or b"0") == cursor:  # else another round has been here since
                touched.cases.update(mirror.take_news(db, answer.events, now))
                last = answer.events[-1].n if answer.events else cursor
                _keep_meta(db, "cursor", str(last).encode())
            matched = 0
            for case_id, word in answer.words.items():
                matched += mirror.compare(db, case_id, word, news_to_come=answer.more or gap, now=now)
            touched.cases.update(_matched(db) ^ matched_before)
            for block in answer.blocks:
                numbers.add(db, block)
            for clerk in answer.revoked:
                _revoke(db, clerk)
            if answer.pack and rows(db, "select 1 from packs where version = ?", (answer.pack,)):
                _keep_meta(db, "pack_checked", now.isoformat().encode())
            # Of the clock by which it was asked: if that was set while the answer was on its way, nobody believes it.
            measured = offset.measure(answer.server_time, asked_at, took)
            asked = offset.Measured(measured, asked_at.isoformat(), boot, ticks - took.total_seconds())
            _keep_meta(db, "offset", asked.spelled().encode())
            touched.outbox = bool(sent) or bool(matched) or bool(answer.words)
        return Heard(
            acknowledged=acknowledged,
            held=held,
            news=0 if gap else len(answer.events),
            matched=matched,
            cases=frozenset(touched.cases),
            gap=gap,
            warning=next(
                (problem for verdict, problem in told.values() if verdict is not Verdict.REFUSED and problem), None
            ),
        )

    # --- uploads ------------------------------------------------------------------------------------------------------

    def wanted_pages(self, *, due_only: bool = False) -> dict[str, tuple[str, ...]]:
        """By case, the pages taken in here that the server said it lacks; the case with the fewest bytes first.

        Args:
            due_only: Leave out those that were tried a moment ago.
        """
        now = self._clock()
        with self._database.reading() as db:
            asked = rows(db, "select case_id from server_cases where wanted != '[]'")
            found = {
                case_id: tuple(
                    digest
                    for digest in mirror.wanted_of_us(db, case_id)
                    if not due_only or mirror.is_due(db, case_id, digest, now)
                )
                for (case_id,) in asked
            }
            sizes = {case_id: sum(_page_size(db, d) for d in pages) for case_id, pages in found.items()}
        return {case_id: found[case_id] for case_id in sorted(found, key=lambda c: (sizes[c], c)) if found[case_id]}

    def find_upload(self, case_id: str) -> Upload | None:
        """The upload of a case's pages that is under way."""
        with self._database.reading() as db:
            return _find_upload(db, case_id)

    def keep_upload(self, upload: Upload) -> None:
        """Remember how far an upload is."""
        parts = [[part.place, part.start, part.size, part.offset] for part in upload.parts]
        with self._writing() as (db, touched):
            db.execute(
                "insert or replace into uploads (case_id, pages, size, digest, parts) values (?,?,?,?,?)",
                (upload.case_id, json.dumps(upload.pages), upload.size, upload.digest, json.dumps(parts)),
            )
            touched.outbox = True

    def end_upload(self, case_id: str, pages: Iterable[str], problem: Problem | None = None) -> None:
        """An upload is over: its pages went, or could not. The server's next word says whether it has them."""
        gone = tuple(pages)
        with self._writing() as (db, touched):
            db.execute("delete from uploads where case_id = ?", (case_id,))
            for digest in gone:
                mirror.page_tried(db, case_id, digest, problem, self._clock())
            if problem is None:
                mirror.no_longer_wanted(db, case_id, gone)
            touched.outbox = True

    # --- clerks' verifiers --------------------------------------------------------------------------------------------

    def keep_verifier(self, verifier: Verifier) -> None:
        with self._writing() as (db, _):
            db.execute(
                "insert or replace into verifiers values (?,?,?,?,?,?,?,?,?)",
                (
                    verifier.username,
                    verifier.clerk_id,
                    verifier.clerk,
                    verifier.salt,
                    verifier.cost,
                    verifier.hash,
                    verifier.verified_at.isoformat(),
                    verifier.good_until.isoformat(),
                    verifier.revoked,
                ),
            )

    def find_verifier(self, username: str) -> Verifier | None:
        with self._database.reading() as db:
            row = db.execute(_VERIFIER + " where username = ?", (username,)).fetchone()
        return None if row is None else _as_verifier(row)

    def verifiers(self) -> tuple[Verifier, ...]:
        """Everyone who ever signed in here, last first."""
        with self._database.reading() as db:
            return tuple(_as_verifier(row) for row in db.execute(_VERIFIER + " order by verified_at desc"))

    def revoke_clerk(self, clerk_id: str) -> None:
        """Clear what the clerk's password could be checked against."""
        with self._writing() as (db, _):
            _revoke(db, clerk_id)

    # --- papers -------------------------------------------------------------------------------------------------------

    def keep_paper(self, paper: Paper) -> None:
        """Write down that a paper was printed, or how that failed."""
        with self._writing() as (db, touched):
            db.execute(
                "insert into papers (case_id, kind, number, digest, outcome, copy, at) values (?,?,?,?,?,?,?)",
                (
                    paper.case_id,
                    paper.kind,
                    paper.number,
                    paper.digest,
                    paper.outcome,
                    paper.copy,
                    paper.at.isoformat(),
                ),
            )
            touched.cases.add(paper.case_id)

    def papers(self, case_id: str) -> tuple[Paper, ...]:
        """The papers of a case, in the order in which they were printed."""
        with self._database.reading() as db:
            found = db.execute(
                "select case_id, kind, number, digest, outcome, copy, at from papers where case_id = ? order by id",
                (case_id,),
            )
            return tuple(
                Paper(case, kind, number, digest, outcome, bool(copy), datetime.fromisoformat(at))
                for case, kind, number, digest, outcome, copy, at in found
            )

    # --- ratings ------------------------------------------------------------------------------------------------------

    def keep_rating(self, rating: Rating) -> bool:
        """Keep what somebody thought of their visit, signed, until the server has it. Nobody here reads it again.

        Returns whether it was the first of this visit: one visit, one rating.
        """
        text = canonical(rating)
        signed = SignedRating(rating=text, signature=self.sign(text))
        with self._writing() as (db, touched):
            db.execute(
                "insert into ratings (visit, signed) values (?, ?) on conflict (visit) do nothing",
                (rating.visit, signed.model_dump_json()),
            )
            kept = db.changes() == 1
            touched.outbox = kept
        return kept

    def is_rated(self, visit: str) -> bool:
        """Whether this visit was rated."""
        with self._database.reading() as db:
            return db.execute("select 1 from ratings where visit = ?", (visit,)).fetchone() is not None

    def ratings_to_send(self) -> tuple[tuple[str, SignedRating], ...]:
        """By visit, what waits and whose visit the server knows of."""
        return self._ratings_of(Standing.ACKNOWLEDGED, Standing.MATCHED)

    def ratings_unheard(self) -> tuple[SignedRating, ...]:
        """What waits and whose visit the server knows of or hears of in the same parcel; nothing moves by it."""
        going = (Standing.WAITING, Standing.SENDING, Standing.ACKNOWLEDGED, Standing.MATCHED)
        return tuple(signed for _, signed in self._ratings_of(*going))

    def _ratings_of(self, *standings: Standing) -> tuple[tuple[str, SignedRating], ...]:
        with self._database.reading() as db:
            found = rows(
                db,
                "select visit, signed from ratings r where signed != '' and problem = '' and exists (select 1"
                " from actions a where a.id = r.visit and a.standing in (select value from json_each(?)))"
                " order by rowid",
                (json.dumps(standings),),
            )
        return tuple((visit, SignedRating.model_validate_json(signed)) for visit, signed in found)

    def rating_told(self, visit: str, problem: Problem | None = None) -> None:
        """The server has it: what it said is forgotten here. Or it was refused for good: kept, and counted."""
        with self._writing() as (db, touched):
            if problem is None:
                db.execute("update ratings set signed = '' where visit = ?", (visit,))
            else:
                db.execute("update ratings set problem = ? where visit = ?", (json.dumps(problem.to_wire()), visit))
            touched.outbox = True

    def ratings_waiting(self) -> int:
        """How many the server does not have yet. What they say is for nobody here."""
        with self._database.reading() as db:
            row = db.execute("select count(*) from ratings where signed != ''").fetchone()
        return int(row[0]) if row else 0

    # --- whatever else ------------------------------------------------------------------------------------------------

    def remember(self, name: str, value: str) -> None:
        """Keep a small text under a name; an empty one forgets it."""
        with self._writing() as (db, _):
            if value:
                db.execute("insert or replace into kv values (?, ?)", (name, value))
            else:
                db.execute("delete from kv where name = ?", (name,))

    def recall(self, name: str) -> str:
        """What was remembered under a name, or an empty text."""
        with self._database.reading() as db:
            row = db.execute("select value from kv where name = ?", (name,)).fetchone()
        return "" if row is None else str(row[0])


# --- rows -------------------------------------------------------------------------------------------------------------

_SETTLED_BEFORE = (
    "exists (select 1 from case_pages where digest = b.digest) and not exists ("
    " select 1 from case_pages p join actions a using (case_id) where p.digest = b.digest"
    " and case when a.aside_at != '' then julianday(a.aside_at) >= julianday(?1)"
    " else a.standing != 'matched' or julianday(a.matched_at) >= julianday(?1) end)"
    " and not exists (select 1 from case_pages p where p.digest = b.digest"
    "   and not exists (select 1 from actions a where a.case_id = p.case_id))"
)
_NOT_NAMED_ELSEWHERE = (
    "not exists (select 1 from drafts where instr(body, b.digest))"
    " and not exists (select 1 from papers where digest = b.digest)"
)
_DRAFT = "select id, clerk, title, parked, body, saved_at from drafts"
_VERIFIER = "select username, clerk, clerk_id, salt, cost, hash, verified_at, good_until, revoked from verifiers"


def _find_meta(db: apsw.Connection, name: str) -> bytes | None:
    row = db.execute("select value from meta where name = ?", (name,)).fetchone()
    return None if row is None else bytes(row[0])


def _get_meta(db: apsw.Connection, name: str) -> bytes:
    found = _find_meta(db, name)
    if found is None:
        raise Problem("store.damaged", Retry.AFTER_FIX)
    return found


def _keep_meta(db: apsw.Connection, name: str, value: bytes, *, replace: bool = True) -> None:
    verb = "insert or replace" if replace else "insert or ignore"
    db.execute(f"{verb} into meta values (?, ?)", (name, value))


def _get_blob(db: apsw.Connection, digest: str) -> blobs.Blob:
    row = db.execute("select digest, file, size, media_type, key from blobs where digest = ?", (digest,)).fetchone()
    if row is None:
        raise Problem("store.page_missing", Retry.NEVER)
    return blobs.Blob(*row)


def _page_size(db: apsw.Connection, digest: str) -> int:
    row = db.execute("select size from blobs where digest = ?", (digest,)).fetchone()
    return 0 if row is None else int(row[0])


def _find_upload(db: apsw.Connection, case_id: str) -> Upload | None:
    row: Any = db.execute("select pages, size, digest, parts from uploads where case_id = ?", (case_id,)).fetchone()
    if row is None:
        return None
    pages, size, digest, parts = row
    return Upload(
        case_id, tuple(json.loads(pages)), size, digest, tuple(UploadPart(*part) for part in json.loads(parts))
    )


def _rows(db: apsw.Connection, where: str, values: tuple[Any, ...], limit: int) -> tuple[CaseRow, ...]:
    text = f"{mirror.ROW} {where} order by changed_at desc, case_id desc limit {int(limit)}"
    return tuple(mirror.as_row(row) for row in db.execute(text, values))


def _keep_draft(db: apsw.Connection, draft: Draft) -> None:
    db.execute(
        "insert or replace into drafts (id, clerk, title, parked, body, saved_at) values (?,?,?,?,?,?)",
        (draft.id, draft.clerk, draft.title, draft.parked, draft.body, draft.saved_at.isoformat()),
    )


def _as_draft(row: tuple[Any, ...]) -> Draft:
    id_, clerk, title, parked, body, saved_at = row
    return Draft(id_, clerk, title, bool(parked), body, datetime.fromisoformat(saved_at))


def _as_verifier(row: tuple[Any, ...]) -> Verifier:
    username, clerk, clerk_id, salt, cost, hash_, verified_at, good_until, revoked = row
    return Verifier(
        username,
        clerk,
        clerk_id,
        bytes(salt),
        cost,
        bytes(hash_),
        datetime.fromisoformat(verified_at),
        datetime.fromisoformat(good_until),
        bool(revoked),
    )


def _revoke(db: apsw.Connection, clerk_id: str) -> None:
    db.execute("update verifiers set revoked = 1, hash = x'', salt = x'' where clerk_id = ?", (clerk_id,))


def _held(db: apsw.Connection) -> set[str]:
    return {row[0] for row in db.execute("select case_id from actions where standing = ?", (Standing.HELD,))}


def _matched(db: apsw.Connection) -> set[str]:
    rows = db.execute("select case_id from actions group by case_id having min(standing = ?)", (Standing.MATCHED,))
    return {row[0] for row in rows}


def _outbox_row(db: apsw.Connection, case_id: str, own: list[Deed]) -> OutboxRow:
    row = db.execute(
        "select number, matter, matter_version, applicant from cases where case_id = ?", (case_id,)
    ).fetchone()
    number, matter, version, applicant = row or ("", "", 0, "")
    pages = {d for (d,) in db.execute("select digest from case_pages where case_id = ? and mine", (case_id,))}
    word = db.execute("select digest from server_cases where case_id = ?", (case_id,)).fetchone()
    upload = _find_upload(db, case_id)
    left = pages
    if word is not None and word[0]:  # the server has said what it lacks; of what it has not seen it lacks all
        unseen = [deed.action for deed in own if deed.standing is not Standing.ACKNOWLEDGED]
        left = set(mirror.wanted_of_us(db, case_id)) | (pages_of(unseen) & pages)
    bytes_left = sum(_page_size(db, digest) for digest in left)
    if upload is not None and left:
        bytes_left = max(bytes_left - upload.offset, 0)
    problem = next((deed.problem for deed in own if deed.standing is Standing.HELD), None)
    problem = problem or mirror.page_problem(db, case_id)
    standing = mirror.worst(deed.standing for deed in own)
    assert standing is not None
    return OutboxRow(
        case_id=case_id,
        number=number,
        matter=matter,
        matter_version=version,
        applicant=applicant,
        what=tuple(deed.action.kind for deed in own),
        pages=len(pages),
        since=min(deed.action.made_at for deed in own),
        standing=standing,
        problem=problem,
        bytes_left=bytes_left,
    )
