"""The city's recovery key opens what a dead PC left behind, and nothing else does."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.store import Store
from app.store.recovery import FILE, unwrapped
from contract.problem import Problem
from tests.fakes.window import demo_pack, join_demo, signed_pack


def city() -> tuple[bytes, str]:
    """A recovery key: the private half as PEM, the public half as the pack has it."""
    private = X25519PrivateKey.generate()
    return pem(private), base64.b64encode(private.public_key().public_bytes_raw()).decode()


def pem(private: X25519PrivateKey | Ed25519PrivateKey) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def give_pack(store: Store, public: str, version: str = "v2") -> None:
    store.packs.keep(signed_pack(demo_pack(version).model_copy(update={"recovery_key": public})))


def test_the_pack_brings_the_public_half_and_the_store_wraps_its_key_to_it(store: Store, key: bytes) -> None:
    assert not (store.folder / FILE).exists()
    private, public = city()
    give_pack(store, public)
    assert unwrapped(store.folder, private) == key
    raw = (store.folder / FILE).read_bytes()
    assert key not in raw and key.hex().encode() not in raw and base64.b64encode(key) not in raw
    give_pack(store, public, "v3")
    assert (store.folder / FILE).read_bytes() == raw  # not written anew at every pack
    private_2, public_2 = city()
    give_pack(store, public_2, "v4")  # the city changed its key
    assert unwrapped(store.folder, private_2) == key
    with pytest.raises(Problem, match=r"store\.recovery_key_wrong"):
        unwrapped(store.folder, private)


def test_a_wrap_that_was_lost_is_made_again_at_the_next_start(tmp_path: Path, key: bytes) -> None:
    private, public = city()
    with Store.open(tmp_path, key) as store:
        join_demo(store)
        give_pack(store, public)
    (tmp_path / FILE).unlink()
    Store.open(tmp_path, key).close()
    assert unwrapped(tmp_path, private) == key


def test_a_wrong_or_damaged_recovery_is_said_as_what_it_is(store: Store) -> None:
    private, public = city()
    with pytest.raises(Problem, match=r"store\.no_recovery"):
        unwrapped(store.folder, private)
    give_pack(store, public)
    for garbage in (b"", b"-----BEGIN PRIVATE KEY-----", pem(Ed25519PrivateKey.generate())):
        with pytest.raises(Problem, match=r"store\.recovery_key_unreadable"):
            unwrapped(store.folder, garbage)
    said = json.loads((store.folder / FILE).read_text())
    for field, value in (("once", "?"), ("once", base64.b64encode(secrets.token_bytes(32)).decode()), ("sealed", "")):
        (store.folder / FILE).write_text(json.dumps({**said, field: value}))
        with pytest.raises(Problem, match=r"store\.recovery_damaged"):
            unwrapped(store.folder, private)
    (store.folder / FILE).write_text("[]")
    with pytest.raises(Problem, match=r"store\.recovery_damaged"):
        unwrapped(store.folder, private)


def test_a_key_that_is_none_stops_no_pack(store: Store) -> None:
    give_pack(store, "bm9uZQ==")
    assert store.packs.get().version == "v2" and not (store.folder / FILE).exists()


def test_given_up_numbers_are_not_taken_any_more(store: Store) -> None:
    first = store.numbers.take("330281")
    store.numbers.give_up()
    assert sum(pool.left for pool in store.numbers.pools()) == 0
    with pytest.raises(Problem, match=r"numbers\.none_left"):
        store.numbers.take("330281")
    join_demo(store)  # told of the same blocks again
    assert first and sum(pool.left for pool in store.numbers.pools()) == 0
