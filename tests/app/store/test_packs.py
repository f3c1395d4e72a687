"""A pack in parts is followed only where it is our server's, for us, newer and fits; an older store's pack is taken
along (S09)."""

from __future__ import annotations

import base64
import json
import secrets
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.store import Store
from app.store.catalogue import spelled_head
from app.store.database import connect
from app.store.migrations import STEPS
from contract.columns import shred
from contract.exchange import SignedPack
from contract.pack import Changes, PackManifest, PackPart, Row, SignedManifest, changes_part, node_part, standards_part
from contract.problem import Problem
from contract.wire import sha256
from tests.fakes.window import MATTER, NODE, SERVER_KEY, demo_pack, join_demo, signed_pack

NEW, NEWER = "1790000000-abcde", "1790000009-abcde"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    with Store.open(tmp_path / "station", secrets.token_bytes(32)) as opened:
        join_demo(opened)
        yield opened


def manifest(
    *parts: tuple[str, bytes],
    node: str = NODE,
    version: str = NEW,
    since: str = "",
    key: Ed25519PrivateKey = SERVER_KEY,
) -> SignedManifest:
    text = PackManifest(
        node=node,
        version=version,
        since=since,
        made_on=date(2026, 11, 21),
        parts=tuple(
            PackPart(kind=kind, digest=sha256(data), size=len(data), plain=len(data))  # type: ignore[arg-type]
            for kind, data in parts
        ),
    ).model_dump_json()
    return SignedManifest(manifest=text, signature=base64.b64encode(key.sign(text.encode())).decode())


def whole(version: str = NEW) -> tuple[tuple[str, bytes], ...]:
    pack = demo_pack(version)
    matters = [matter.model_dump(mode="json") for matter in pack.matters]
    rows = [Row.of(offering) for offering in pack.offerings]
    return ("standards", standards_part(matters)), ("node", node_part(pack.head, rows, [MATTER]))


def keep(store: Store, signed: SignedManifest, *parts: tuple[str, bytes]) -> None:
    store.packs.keep_parts(signed, [data for _, data in parts])


def test_a_pack_in_parts_says_what_it_says_whole(store: Store) -> None:
    before = store.shelf.offerings(MATTER), store.shelf.find_matter(MATTER)
    keep(store, manifest(*whole()), *whole())
    assert store.packs.get() == demo_pack(NEW).head and store.shelf.count() == 1
    assert (store.shelf.offerings(MATTER), store.shelf.find_matter(MATTER)) == before


STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.mark.parametrize(
    ("signed", "code"),
    [
        (manifest(key=STRANGER), "pack.forged"),
        (manifest().model_copy(update={"manifest": manifest(node="330281").manifest}), "pack.forged"),
        (manifest().model_copy(update={"algorithm": "none"}), "pack.forged"),
        (manifest(node="330281"), "pack.foreign"),
        (manifest(version="0000000001-abcde"), "pack.older"),
        (manifest(version=NEWER, since="1780000000-abcde"), "pack.out_of_step"),
        (manifest(version=NEWER), "pack.unreadable"),  # no parts at all
        (manifest(("node", b"?"), ("standards", b"?"), version=NEWER), "pack.unreadable"),
        (manifest(("standards", b"?"), ("node", b"?"), version=NEWER), "pack.unreadable"),
        (manifest(("changes", b"?"), version=NEWER), "pack.unreadable"),  # changes since nothing
        (manifest(("changes", shred({"rows": 1})), version=NEWER, since=NEW), "pack.unreadable"),
    ],
)
def test_s09_what_may_not_be_followed_leaves_the_old_pack(store: Store, signed: SignedManifest, code: str) -> None:
    keep(store, manifest(*whole()), *whole())
    parts = signed.opened().parts if code == "pack.unreadable" else ()
    with pytest.raises(Problem, match=code.replace(".", r"\.")):
        store.packs.keep_parts(signed, [b"?" for _ in parts])
    assert store.packs.get().version == NEW and store.shelf.count() == 1


def test_a_newer_servers_words_are_not_guessed_at(store: Store) -> None:
    matters = [{**matter.model_dump(mode="json"), "zodiac": "dragon"} for matter in demo_pack().matters]
    parts = ("standards", standards_part(matters)), whole()[1]
    with pytest.raises(Problem, match=r"pack\.unreadable"):
        keep(store, manifest(*parts), *parts)
    assert store.packs.get().version == "v1"


def test_changes_are_followed(store: Store) -> None:
    keep(store, manifest(*whole()), *whole())
    pack = demo_pack(NEW)
    rows = [Row.of(offering) for offering in pack.offerings]
    second = pack.matters[0].model_copy(update={"version": 2})
    changes = Changes(
        head={"offline_hours": 5}, departments=(), gone_departments=(), matters=(second,), gone_matters=(),
        rows=(rows[0]._replace(accepted_by="window"),), gone_rows=(rows[1][:3],),
    )  # fmt: skip
    part = "changes", changes_part(changes, pack.nodes, pack.departments)
    keep(store, manifest(part, version=NEWER, since=NEW), part)
    head = store.packs.get()
    assert (head.version, head.offline_hours, head.made_on) == (NEWER, 5, date(2026, 11, 21))
    assert store.shelf.find_matter(MATTER) == second and store.shelf.find_matter(MATTER, 1) == pack.matters[0]
    left = {(row.department, row.area): row.accepted_by for row in map(Row.of, store.shelf.offerings(MATTER))}
    assert left[rows[0][1:3]] == "window" and rows[1][1:3] not in left and len(left) == len(rows) - 1


def test_a_store_from_before_parts_is_taken_along(tmp_path: Path) -> None:
    """Step 2 of the store's shape had the pack as one text."""
    key, folder = secrets.token_bytes(32), tmp_path / "station"
    folder.mkdir()
    pack = demo_pack("v1")
    db = connect(folder / "store.db", key, create=True)
    for step in STEPS[:2]:
        db.execute(step)
    db.pragma("user_version", 2)
    text = signed_pack(pack).pack
    db.execute("insert into packs values (?, ?, 'ed25519', 'x', '2026-11-20', '')", (pack.version, text))
    for matter in pack.matters:
        db.execute("insert into matters values (?, ?, ?)", (matter.code, matter.version, matter.model_dump_json()))
    db.close()
    with Store.open(folder, key) as store:
        assert store.packs.get() == pack.head and store.shelf.matters() == pack.matters
        assert sorted(store.shelf.offerings(MATTER), key=str) == sorted(pack.offerings, key=str)
        assert [matter.code for matter in store.shelf.not_indexed()] == [MATTER]


def test_a_head_is_spelled_the_same_every_time() -> None:
    head = demo_pack().head
    assert spelled_head(head) == spelled_head(head.model_copy()) and json.loads(spelled_head(head))["version"] == "v1"


def test_a_pack_is_kept_only_from_our_server_and_old_versions_of_matters_stay(store: Store) -> None:
    newer = demo_pack("v2", matter_version=2)
    assert store.packs.keep(signed_pack(newer)) == newer.head == store.packs.get()
    old, new = store.shelf.find_matter(MATTER, 1), store.shelf.find_matter(MATTER, 2)
    assert old is not None and new is not None and (old.version, new.version) == (1, 2)
    good = signed_pack(demo_pack("v3"))
    forged = SignedPack(pack=good.pack.replace("v3", "v4"), signature=good.signature)
    for bad in (forged, SignedPack(pack=good.pack, signature="?"), good.model_copy(update={"algorithm": "none"})):
        with pytest.raises(Problem, match="pack.forged"):
            store.packs.keep(bad)
    assert store.packs.get().version == "v2"


def test_a_pack_from_a_newer_server_is_said_and_the_old_one_stays(store: Store) -> None:
    text = signed_pack(demo_pack("v9")).pack.replace('"version":"v9"', '"version":"v9","zodiac":"dragon"')
    signature = base64.b64encode(SERVER_KEY.sign(text.encode())).decode()
    with pytest.raises(Problem, match="pack.unreadable"):
        store.packs.keep(SignedPack(pack=text, signature=signature))
    assert store.packs.get().version == "v1"
