"""The pack of a node: all that its stations need to work without a line, signed by the server (S09).

A version is the number of the last change and a few digits of what the head of a pack says. A station that has an
earlier one gets what changed for its node since; one that has none, or too old a one, gets all, in parts that are made
once: the standards for everybody, and its node's own. `pack_for` makes the pack as one text, for stations that do not
fetch parts.
"""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import zstandard
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from contract.columns import spelled
from contract.exchange import SignedPack
from contract.matter import Matter, Pack, PackHead
from contract.node import Department, Tree
from contract.pack import (
    BEGINNING,
    COMPRESSION,
    INLINE,
    Changes,
    PackManifest,
    PackPart,
    Reach,
    Row,
    SignedManifest,
    changes_part,
    node_part,
    rows_for,
    sequence,
    standards_part,
)
from contract.problem import Problem, Retry
from contract.wire import canonical, sha256
from server.catalogue import feed
from server.catalogue.calendar import get_calendar
from server.catalogue.matters import batched, newest, offerings_of
from server.catalogue.models import HeadVersion, MatterVersion, NodePack, Offering, PartBytes
from server.keys import get_keys, recovery_key
from server.org.models import Department as DepartmentRow
from server.org.models import Hall
from server.org.tree import edition, get_tree

KEPT = timedelta(days=30)  # how long parts and packs stay that nobody needs to be given any more
HEADS = 400  # heads that are kept: a station that was away for longer gets all anew


@dataclass(frozen=True)
class MadePack:
    """A pack as text, with the server's signature over it."""

    version: str
    text: str
    signature: str

    def signed(self) -> SignedPack:
        return SignedPack(pack=self.text, signature=self.signature)


def pack_version() -> str:
    """The version of all packs as they are now."""
    return _version(edition(), settings.TONGBAN_PUBLIC_URL)


@lru_cache(maxsize=4)
def _version(edition: str, public_url: str) -> str:
    plain = _plain_head(_head("", ""))
    digest = sha256(spelled(plain))
    with transaction.atomic():
        feed.lock()  # two processes must not number the same head twice
        last = HeadVersion.objects.order_by("-n").first()
        if last is None or last.digest != digest:
            HeadVersion.objects.create(n=feed.next_number(), digest=digest, body=plain)
            for old in HeadVersion.objects.order_by("-n").values_list("n", flat=True)[HEADS:]:
                HeadVersion.objects.filter(n=old).delete()
        return f"{feed.last_number():010d}-{digest[:5]}"


def manifest_for(node: str, have: str = "") -> SignedManifest:
    """What brings a node's station from the version that it has to the newest: what changed, or all."""
    version = pack_version()
    if have == version:
        return _signed(PackManifest(node=node, version=version, since=have, made_on=timezone.localdate(), parts=()))
    changes = _changes(node, have)
    if changes is None:
        return _whole(node, version)
    head = _head(node, version)
    part, data = _part("changes", changes_part(changes, head.nodes, head.departments), BEGINNING)
    if part.size > INLINE:
        whole = _whole(node, version)
        if sum(each.size for each in whole.opened().parts) <= part.size:
            return whole
        _keep(part, data)
    made_on = timezone.localdate()
    return _signed(PackManifest(node=node, version=version, since=have, made_on=made_on, parts=(part,)), {part: data})


def part_bytes(digest: str) -> bytes:
    """A part's compressed bytes.

    Raises:
        Problem: ``pack.part_unknown``: it was swept, and a new manifest must be asked for.
    """
    row = PartBytes.objects.filter(digest=digest).first()
    if row is None:
        raise Problem("pack.part_unknown", Retry.AGAIN)
    return bytes(row.data)


def sweep() -> int:
    """Drop packs and parts that were made long ago; whoever still wants one gets it made anew."""
    before = timezone.now() - KEPT
    NodePack.objects.filter(made_at__lt=before).delete()
    return PartBytes.objects.filter(made_at__lt=before).delete()[0]


# --- the head ---------------------------------------------------------------------------------------------------------


def _head(node: str, version: str) -> PackHead:
    hall = Hall.objects.filter(id=1).first() or Hall()
    return PackHead(
        version=version,
        made_on=timezone.localdate(),
        node=node,
        nodes=tuple(get_tree().by_code.values()),
        departments=tuple(department.to_wire() for department in DepartmentRow.objects.order_by("code")),
        calendar=get_calendar(),
        public_url=settings.TONGBAN_PUBLIC_URL,
        training=hall.training,
        offline_hours=hall.offline_hours,
        parcel_key=get_keys().parcel_public,
        recovery_key=recovery_key(),
    )


def _plain_head(head: PackHead) -> dict[str, Any]:
    """A head without what differs from node to node and from day to day, its sets in order."""
    plain = head.model_dump(mode="json", exclude={"version", "made_on", "node"})
    plain["calendar"] = {name: sorted(values) for name, values in plain["calendar"].items()}
    return plain


# --- all of it --------------------------------------------------------------------------------------------------------


def _whole(node: str, version: str) -> SignedManifest:
    kept = NodePack.objects.filter(node=node, version=version).exclude(manifest="").first()
    if kept is not None:
        manifest = PackManifest.model_validate_json(kept.manifest)
        if PartBytes.objects.filter(digest__in=[part.digest for part in manifest.parts]).count() == len(manifest.parts):
            return SignedManifest(manifest=kept.manifest, signature=kept.manifest_signature)
    tree, codes = get_tree(), set()
    offered = [row for row in _rows() if not codes.add(row.matter)]  # type: ignore[func-returns-value]
    matters = [matter for matter in newest() if matter.code in codes]
    standards, standards_data = _part("standards", standards_part(matter.model_dump(mode="json") for matter in matters))
    ordered = sorted(matter.code for matter in matters)
    there = set(ordered)
    rows = rows_for(node, (row for row in offered if row.matter in there), tree)
    own, own_data = _part("node", node_part(_head(node, version), rows, ordered))
    _keep(standards, standards_data)
    _keep(own, own_data)
    manifest = PackManifest(node=node, version=version, made_on=timezone.localdate(), parts=(standards, own))
    signed = _signed(manifest)
    NodePack.objects.update_or_create(
        node=node,
        version=version,
        defaults={"manifest": signed.manifest, "manifest_signature": signed.signature},
    )
    return signed


def _rows() -> Iterator[Row]:
    """All offerings, matter by matter."""
    for matter, department, area, body in (
        Offering.objects.order_by("matter", "department", "area")
        .values_list("matter", "department", "area", "body")
        .iterator(chunk_size=5000)
    ):
        yield _row(matter, department, area, body)


def _row(matter: str, department: str, area: str, body: dict[str, Any]) -> Row:
    return Row(matter, department, area, str(body["accepted_by"]), spelled(body["grants"]))


def _part(kind: Any, plain: bytes, beginning: bytes = b"") -> tuple[PackPart, bytes]:
    words = zstandard.ZstdCompressionDict(beginning, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if beginning else None
    data = zstandard.ZstdCompressor(level=COMPRESSION, dict_data=words).compress(plain)
    return PackPart(kind=kind, digest=hashlib.sha256(data).hexdigest(), size=len(data), plain=len(plain)), data


def _keep(part: PackPart, data: bytes) -> None:
    PartBytes.objects.update_or_create(digest=part.digest, defaults={"data": data, "made_at": timezone.now()})


def _signed(manifest: PackManifest, parts: dict[PackPart, bytes] | None = None) -> SignedManifest:
    text = canonical(manifest)
    inline = {
        part.digest: base64.b64encode(data).decode() for part, data in (parts or {}).items() if part.size <= INLINE
    }
    return SignedManifest(manifest=text, signature=get_keys().sign(text), inline=inline)


# --- what changed -----------------------------------------------------------------------------------------------------


def _changes(node: str, have: str) -> Changes | None:
    """What changed for a node since a version; None where that cannot be told, or is not worth it."""
    since = sequence(have)
    if since < 0 or since > feed.last_number() or not feed.is_complete_since(since):
        return None
    was = HeadVersion.objects.filter(n__lte=since).order_by("-n").first()
    if was is None or was.digest[:5] != have.rpartition("-")[2]:
        return None
    now = _plain_head(_head(node, ""))
    if was.body["nodes"] != now["nodes"]:
        return None  # who may do what for whom may have changed anywhere
    before = feed.changes_since(since)
    if len(before) > feed.TOO_MANY:
        return None
    return _diff(node, get_tree(), before, was.body, now)


def _diff(
    node: str, tree: Tree, before: dict[tuple[str, str, str], Any], head_was: dict[str, Any], head: dict[str, Any]
) -> Changes:
    touched = sorted({matter for matter, _, _ in before})
    rows_now: dict[str, dict[tuple[str, str, str], Row]] = defaultdict(dict)
    newest_now: dict[str, int] = {}
    for some in batched(touched):
        for matter, department, area, body in Offering.objects.filter(matter__in=some).values_list(
            "matter", "department", "area", "body"
        ):
            rows_now[matter][matter, department, area] = _row(matter, department, area, body)
        open_ = MatterVersion.objects.filter(code__in=some, withdrawn_at=None).order_by("code", "version")
        newest_now |= dict(open_.values_list("code", "version"))
    reach = Reach(node, tree)
    fresh, gone_matters, rows, gone_rows = [], [], [], []
    for matter in touched:
        after = rows_now[matter]
        earlier = dict(after)
        for key, body in before.items():
            if key[0] == matter and key[1]:
                earlier.pop(key, None)
                if body is not None:
                    earlier[key] = _row(*key, body)
        version = newest_now.get(matter)
        version_was = before.get((matter, "", ""), version)
        had, has = version_was is not None and bool(earlier), version is not None and bool(after)
        if not has:
            if had:
                gone_matters.append(matter)
            continue
        if not had or version != version_was:
            fresh.append((matter, version))
        kept_before = {row[:3]: row for row in reach.rows(list(earlier.values()))} if had else {}
        kept = {row[:3]: row for row in reach.rows(list(after.values()))}
        rows += [row for key, row in kept.items() if kept_before.get(key) != row]
        gone_rows += [key for key in kept_before if key not in kept]
    departments_was = {each["code"]: each for each in head_was["departments"]}
    departments = {each["code"]: each for each in head["departments"]}
    scalars = {name: value for name, value in head.items() if name not in ("nodes", "departments")}
    return Changes(
        head={name: value for name, value in scalars.items() if head_was.get(name) != value} or None,
        departments=tuple(
            Department.model_validate(each) for code, each in departments.items() if departments_was.get(code) != each
        ),
        gone_departments=tuple(code for code in departments_was if code not in departments),
        matters=tuple(_matters(fresh)),
        gone_matters=tuple(gone_matters),
        rows=tuple(rows),
        gone_rows=tuple(gone_rows),
    )


def _matters(wanted: Iterable[tuple[str, int | None]]) -> Iterator[Matter]:
    versions = dict(wanted)
    for some in batched(versions):
        for row in MatterVersion.objects.filter(code__in=some).order_by("code", "version"):
            if versions[row.code] == row.version:
                yield row.to_wire()


# --- as one text ------------------------------------------------------------------------------------------------------


def pack_for(node: str) -> MadePack:
    """The newest pack of a node as one text, with all offerings of the hall in it."""
    return _text(pack_version(), node)


@lru_cache(maxsize=256)
def _text(version: str, node: str) -> MadePack:
    row = NodePack.objects.filter(node=node, version=version).exclude(text="").first()
    if row is None:
        offered = [(matter, offerings_of(matter.code)) for matter in newest()]
        head = _head(node, version)
        whole = Pack.model_construct(
            **{name: getattr(head, name) for name in PackHead.model_fields},
            matters=tuple(matter for matter, offerings in offered if offerings),
            offerings=tuple(offering for _, offerings in offered for offering in offerings),
        )
        plain = whole.model_dump(mode="json")
        plain["calendar"] = {name: sorted(values) for name, values in plain["calendar"].items()}
        text = canonical(plain)
        row, _ = NodePack.objects.update_or_create(
            node=node, version=version, defaults={"text": text, "signature": get_keys().sign(text)}
        )
    return MadePack(row.version, row.text, row.signature)
