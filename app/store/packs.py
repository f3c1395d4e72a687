"""The pack in force, and the parts of the next one on their way."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

import apsw
from pydantic import ValidationError

from app.clock import Clock
from app.store import catalogue, meta, signing
from app.store.database import rows
from app.store.station import OurStation
from app.store.tables import Tables
from contract.exchange import SignedPack
from contract.matter import PackHead
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


class Packs:
    """How packs come in. What one says of matters and offerings is on the store's `shelf`."""

    def __init__(self, tables: Tables, station: OurStation, clock: Clock) -> None:
        self._tables = tables
        self._station = station
        self._clock = clock
        self._head: tuple[str, PackHead] | None = None

    def find(self) -> PackHead | None:
        """The head of the pack in force; None where none has come yet."""
        with self._tables.reading() as db:
            row = db.execute("select version, signature, text from packs").fetchone()
        if row is None:
            return None
        name = f"{row[0]} {row[1]}"
        kept = self._head
        if kept is None or kept[0] != name:
            kept = self._head = (name, PackHead.model_validate_json(row[2]))
        return kept[1]

    def get(self) -> PackHead:
        """As `find`. Raises Problem ``station.not_joined``, or ``pack.absent`` where the pack is on its way."""
        found = self.find()
        if found is None:
            raise Problem("station.not_joined" if self._station.find() is None else "pack.absent", Retry.AFTER_FIX)
        return found

    def checked_at(self) -> datetime | None:
        """When the server last said that the pack in force is the newest; None where it has not yet."""
        with self._tables.reading() as db:
            text = meta.find(db, "pack_checked")
        return None if text is None else datetime.fromisoformat(text.decode())

    # --- the next one -------------------------------------------------------------------------------------------------

    def keep(self, pack: SignedPack) -> PackHead:
        """Keep a new pack that came whole. Every version of a matter that was ever here stays, for the drafts and cases
        begun with it.

        Raises:
            Problem: ``pack.forged`` where it was not signed by this station's server, ``pack.unreadable`` where a newer
                server says in it what this program does not know.
        """
        signing.require_genuine(pack, self._station.get().server_public_key)
        with self._tables.writing() as (db, touched):
            head = keep(db, pack, self._clock())
            touched.pack = True
        return head

    def require_fitting(self, signed: SignedManifest) -> PackManifest:
        """What a manifest says, where it may be followed: it is our server's, for our node, newer than what is here,
        and begins where we stand.

        Raises:
            Problem: ``pack.forged``, ``pack.unreadable``, ``pack.foreign``, ``pack.older``, ``pack.out_of_step``.
        """
        station = self._station.get()
        if not signing.is_server_text(signed.algorithm, station.server_public_key, signed.manifest, signed.signature):
            raise Problem("pack.forged", Retry.AFTER_FIX)
        try:
            manifest = signed.opened()
        except ValidationError:
            raise Problem("pack.unreadable", Retry.AFTER_FIX) from None
        head = self.find()
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
        with self._tables.writing() as (db, touched):
            manifest = self.require_fitting(signed)
            kinds = [part.kind for part in manifest.parts]
            try:
                if kinds == ["standards", "node"]:
                    head = _replace(db, *parts)
                elif kinds == ["changes"] and manifest.since:
                    head = _change(db, self.get(), manifest, *parts)
                else:
                    raise ValueError("no such pack")
            except ValueError:
                raise Problem("pack.unreadable", Retry.AFTER_FIX) from None
            now = self._clock()
            _keep_head(db, head, signed.algorithm, signed.signature, now)
            _keep_checked(db, now)
            db.execute("delete from pack_parts")
            touched.pack = True
        return head

    def part_so_far(self, digest: str) -> bytes:
        """What has arrived of a part of a pack."""
        with self._tables.reading() as db:
            found = rows(db, "select data from pack_parts where digest = ? order by first", (digest,))
        return b"".join(row[0] for row in found)

    def add_to_part(self, digest: str, first: int, data: bytes) -> None:
        """More of a part has arrived, from byte `first` on; it stays over a cut and over a restart."""
        with self._tables.writing() as (db, _):
            db.execute("insert or replace into pack_parts values (?, ?, ?)", (digest, first, data))

    def forget_parts(self, but: Iterable[str] = ()) -> None:
        """Drop what has arrived, but for these parts: it was wrong, or nobody wants it any more."""
        with self._tables.writing() as (db, _):
            kept = json.dumps(list(but))
            db.execute("delete from pack_parts where digest not in (select value from json_each(?))", (kept,))


def keep(db: apsw.Connection, pack: SignedPack, now: datetime) -> PackHead:
    """Put a pack that came whole in force. Raises Problem ``pack.unreadable``."""
    try:
        opened = pack.opened()
    except ValidationError:
        raise Problem("pack.unreadable", Retry.AFTER_FIX) from None
    matters = (matter.model_dump(mode="json") for matter in opened.matters)
    catalogue.replace(db, matters, (Row.of(offering) for offering in opened.offerings))
    _keep_head(db, opened.head, pack.algorithm, pack.signature, now)
    return opened.head


def is_newest(db: apsw.Connection, version: str, now: datetime) -> None:
    """The server says that there is nothing newer than this version."""
    if rows(db, "select 1 from packs where version = ?", (version,)):
        _keep_checked(db, now)


def _keep_checked(db: apsw.Connection, now: datetime) -> None:
    meta.keep(db, "pack_checked", now.isoformat().encode())


def _keep_head(db: apsw.Connection, head: PackHead, algorithm: str, signature: str, now: datetime) -> None:
    db.execute("delete from packs")
    db.execute(
        "insert into packs values (?,?,?,?,?,?)",
        (
            head.version,
            catalogue.spelled_head(head),
            algorithm,
            signature,
            head.made_on.isoformat(),
            now.isoformat(),
        ),
    )
    meta.keep(db, "recovery_key", head.recovery_key.encode())


def _replace(db: apsw.Connection, standards: bytes, own: bytes) -> PackHead:
    matters = read_standards(standards)
    part = read_node_part(own, [str(matter.get("code", "")) for matter in matters])
    catalogue.replace(db, matters, part.rows)
    return part.head


def _change(db: apsw.Connection, before: PackHead, manifest: PackManifest, data: bytes) -> PackHead:
    changes = read_changes(data, before.nodes, {department.code: department for department in before.departments})
    catalogue.change(db, changes)
    return catalogue.head_after(before, manifest.version, manifest.made_on.isoformat(), changes)
