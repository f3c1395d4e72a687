"""Encryption at rest: each file has its own AES-256-GCM key, wrapped by the key in ``TONGBAN_KEY_FILE``."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from contract.problem import Problem, Retry
from server.keys import get_keys

NONCE = 12


def new_key(owner: str) -> tuple[bytes, bytes]:
    """A key, and the same key wrapped for the database; `owner` (an upload's id, a digest) is bound into it."""
    key = AESGCM.generate_key(256)
    return key, seal(get_keys().blob, key, f"key {owner}")


def unwrap(wrapped: bytes | memoryview, owner: str) -> bytes:
    """The key that `new_key` wrapped."""
    return unseal(get_keys().blob, bytes(wrapped), f"key {owner}")


def seal(key: bytes, plain: bytes, context: str) -> bytes:
    """Nonce and ciphertext. `context` says what the bytes are, so that none can be passed off as others."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def unseal(key: bytes, sealed: bytes, context: str) -> bytes:
    """The plain bytes, or Problem ``blob.damaged``."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], context.encode())
    except (InvalidTag, ValueError):
        raise Problem("blob.damaged", Retry.AFTER_FIX) from None
