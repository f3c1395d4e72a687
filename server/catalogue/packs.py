"""The pack of a node: all that its stations need to work without a line, signed by the server (S09)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from contract.exchange import SignedPack
from contract.matter import Matter, Pack
from contract.node import Offering
from contract.wire import canonical, sha256
from server.catalogue.calendar import get_calendar
from server.catalogue.matters import newest, offerings_of
from server.catalogue.models import NodePack
from server.keys import get_keys, recovery_key
from server.org.models import Department, Hall
from server.org.tree import edition, get_tree


@dataclass(frozen=True)
class MadePack:
    """A pack as text, with the server's signature over it."""

    version: str
    text: str
    signature: str

    def signed(self) -> SignedPack:
        return SignedPack(pack=self.text, signature=self.signature)


def pack_for(node: str) -> MadePack:
    """The newest pack of a node; its version is the beginning of the digest of what it says."""
    return _pack(edition(), settings.TONGBAN_PUBLIC_URL, node)


@lru_cache(maxsize=256)
def _pack(edition: str, public_url: str, node: str) -> MadePack:
    tree = get_tree()
    matters: list[Matter] = []
    offerings: list[Offering] = []
    for matter in newest():
        # also what this node may not receive: its window says where it can be done (decision 0009)
        offered = offerings_of(matter.code)
        if offered:
            matters.append(matter)
            offerings.extend(offered)
    hall = Hall.objects.filter(id=1).first() or Hall()
    today = timezone.localdate()
    blank = Pack(
        version="",
        made_on=today,
        node=node,
        nodes=tuple(tree.by_code.values()),
        departments=tuple(department.to_wire() for department in Department.objects.order_by("code")),
        matters=tuple(matters),
        offerings=tuple(offerings),
        calendar=get_calendar(),
        public_url=public_url,
        training=hall.training,
        offline_hours=hall.offline_hours,
        parcel_key=get_keys().parcel_public,
        recovery_key=recovery_key(),
    )
    plain = _ordered(blank)
    version = sha256(canonical({**plain, "made_on": ""}))[:16]
    with transaction.atomic():
        row = NodePack.objects.filter(node=node, version=version).first()
        if row is None:
            text = canonical({**plain, "version": version})
            row = NodePack.objects.create(node=node, version=version, text=text, signature=get_keys().sign(text))
    return MadePack(row.version, row.text, row.signature)


def _ordered(pack: Pack) -> dict[str, object]:
    """The pack's plain form with its sets in order, so that the same content has the same digest."""
    plain = pack.model_dump(mode="json")
    plain["calendar"] = {name: sorted(values) for name, values in plain["calendar"].items()}
    return plain
