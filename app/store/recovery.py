"""The second way to a store's key: wrapped to the city's recovery key, so that a dead PC does not take with it what was
never sent.

The city keeps the private half away from all machines; the public half comes to every station in the signed pack.
``recovery.json`` beside the store holds the wrap: an X25519 agreement with a key made for this once, HKDF-SHA256,
AES-256-GCM. Without the private half it opens nothing.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from app.store.keepers import write_private
from contract.problem import Problem, Retry
from contract.wire import sha256

FILE = "recovery.json"
ALGORITHM = "x25519-hkdf-sha256-aes256gcm"
NONCE = bytes(12)  # each wrapping key is used once


def keep_wrapped(folder: Path, key: bytes, public: str) -> None:
    """Wrap the store's key to a public key (base64, raw X25519), unless that was done before.

    Raises:
        ValueError: The public key is none.
        OSError: The disk failed.
    """
    path, to = folder / FILE, _fingerprint(base64.b64decode(public, validate=True))
    try:
        if json.loads(path.read_text())["to"] == to:
            return
    except (OSError, ValueError, KeyError, TypeError):
        pass  # none yet, or to another key
    write_private(path, wrapped(key, public).encode())


def wrapped(key: bytes, public: str) -> str:
    """The key as only the holder of the private half can read it."""
    theirs = X25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
    once = X25519PrivateKey.generate()
    ours, to = once.public_key().public_bytes_raw(), _fingerprint(theirs.public_bytes_raw())
    sealed = AESGCM(_derived(once.exchange(theirs), ours, to)).encrypt(NONCE, key, ALGORITHM.encode())
    said = {"algorithm": ALGORITHM, "to": to, "once": _text(ours), "sealed": _text(sealed)}
    return json.dumps(said)


def unwrapped(folder: Path, private: bytes) -> bytes:
    """The key of the store in a folder, by the city's private key (PEM).

    Raises:
        Problem: ``store.no_recovery`` where no key was wrapped for this store, ``store.recovery_key_unreadable`` where
            the file given is no X25519 key, ``store.recovery_key_wrong`` where the store was wrapped to another,
            ``store.recovery_damaged``.
    """
    try:
        mine = load_pem_private_key(private, None)
    except (ValueError, TypeError):
        mine = None
    if not isinstance(mine, X25519PrivateKey):
        raise Problem("store.recovery_key_unreadable", Retry.AFTER_FIX)
    try:
        text = (folder / FILE).read_text()
    except OSError:
        raise Problem("store.no_recovery", Retry.NEVER) from None
    to = _fingerprint(mine.public_key().public_bytes_raw())
    try:
        said = json.loads(text)
        if said["to"] != to:
            raise Problem("store.recovery_key_wrong", Retry.AFTER_FIX, wanted=str(said["to"])[:16], given=to)
        once = base64.b64decode(said["once"], validate=True)
        agreed = mine.exchange(X25519PublicKey.from_public_bytes(once))
        sealed = base64.b64decode(said["sealed"], validate=True)
        return AESGCM(_derived(agreed, once, to)).decrypt(NONCE, sealed, str(said["algorithm"]).encode())
    except (ValueError, KeyError, TypeError, InvalidTag):
        raise Problem("store.recovery_damaged", Retry.NEVER) from None


def _derived(agreed: bytes, once: bytes, to: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"tongban recovery\0" + once + to.encode()).derive(agreed)


def _fingerprint(public: bytes) -> str:
    """By what a recovery key is known, to the eye too."""
    return sha256(public)[:16]


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
