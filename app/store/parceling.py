"""Sealing for one server what is longer than the memory: the outgoing half of contract.parcel."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from contract.parcel import LAST, MORE, SEGMENT, Address


class Sealer:
    """Writes a parcel into a file. What was written is known to the server's key alone.

    Args:
        file: Where to.
        to: The server's public key for parcels, base64.
    """

    def __init__(self, file: BinaryIO, to: str) -> None:
        once = X25519PrivateKey.generate()
        mine = once.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        theirs = base64.b64decode(to, validate=True)
        shared = once.exchange(X25519PublicKey.from_public_bytes(theirs))
        key = HKDF(SHA256(), 32, salt=None, info=b"tongban parcel" + mine + theirs).derive(shared)
        self._address = Address(to=to, once=base64.b64encode(mine).decode()).line()
        self._cipher = AESGCM(key)
        self._file = file
        self._held = bytearray()
        self._count = 0
        self._digest = hashlib.sha256()
        file.write(self._address)

    @property
    def digest(self) -> str:
        """SHA-256 of all plain bytes so far, in hex."""
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        """Add plain bytes."""
        self._digest.update(data)
        self._held += data
        while len(self._held) > SEGMENT:
            self._segment(bytes(self._held[:SEGMENT]), MORE)
            del self._held[:SEGMENT]

    def close(self) -> None:
        """Write the last segment: without it the parcel does not open."""
        self._segment(bytes(self._held), LAST)
        self._held.clear()

    def _segment(self, plain: bytes, mark: bytes) -> None:
        sealed = self._cipher.encrypt(self._count.to_bytes(12, "big"), plain, self._address + mark)
        self._file.write(struct.pack(">I", len(sealed)) + sealed)
        self._count += 1
