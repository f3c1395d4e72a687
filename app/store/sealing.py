"""A file that only a passphrase opens, for what leaves the station in a person's hand.

``TBX1``, the base-2 logarithm of scrypt's cost, 16 bytes of salt, 12 bytes of nonce; then AES-256-GCM over the plain
bytes with all of that as associated data.
"""

from __future__ import annotations

import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from contract.problem import Problem, Retry

MAGIC = b"TBX1"
COST = 16  # scrypt with N = 65,536, r = 8, p = 1: 64 MiB, about 0.2 s
DEAREST = 20  # a file from elsewhere may not ask for more memory than 1 GiB
SALT, NONCE = 16, 12
HEAD = len(MAGIC) + 1 + SALT + NONCE
SHORTEST = 8  # characters of a passphrase


def sealed(data: bytes, passphrase: str) -> bytes:
    """The data under the passphrase. Raises Problem ``export.passphrase_short``."""
    if len(passphrase.strip()) < SHORTEST:
        raise Problem("export.passphrase_short", Retry.AFTER_FIX, shortest=SHORTEST)
    head = MAGIC + bytes([COST]) + secrets.token_bytes(SALT + NONCE)
    return head + AESGCM(_key(passphrase, head)).encrypt(head[-NONCE:], data, head)


def unsealed(data: bytes, passphrase: str) -> bytes:
    """What `sealed` was given. Raises Problem ``export.not_ours``, ``export.passphrase_wrong``."""
    head = data[:HEAD]
    if len(data) < HEAD or not head.startswith(MAGIC) or not 1 <= head[len(MAGIC)] <= DEAREST:
        raise Problem("export.not_ours", Retry.NEVER)
    try:
        return AESGCM(_key(passphrase, head)).decrypt(head[-NONCE:], data[HEAD:], head)
    except InvalidTag:
        raise Problem("export.passphrase_wrong", Retry.AFTER_FIX) from None


def _key(passphrase: str, head: bytes) -> bytes:
    cost = 1 << head[len(MAGIC)]
    salt = head[len(MAGIC) + 1 : -NONCE]
    return hashlib.scrypt(passphrase.strip().encode(), salt=salt, n=cost, r=8, p=1, maxmem=256 * cost * 8, dklen=32)
