"""The server's own secrets: the key that wraps blob keys, the key that signs packs, the secret behind cookies.

They live in one file of mode 0600 (``TONGBAN_KEY_FILE``), apart from the database, so that a copy of the database or
of the blob folder alone opens nothing.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.conf import settings

from contract.problem import Problem, Retry


@dataclass(frozen=True)
class Keys:
    """What the key file holds."""

    blob: bytes = field(repr=False)  # 32 bytes, AES-256
    signing: Ed25519PrivateKey = field(repr=False)
    secret: str = field(repr=False)

    @property
    def public(self) -> str:
        """The public half that stations check packs with: raw Ed25519, base64."""
        raw = self.signing.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(raw).decode()

    @property
    def parcel(self) -> X25519PrivateKey:
        """The key that parcels are sealed for. Made from the signing key, so that no older key file lacks it."""
        raw = self.signing.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return X25519PrivateKey.from_private_bytes(
            HKDF(SHA256(), 32, salt=None, info=b"tongban parcel key").derive(raw)
        )

    @property
    def parcel_public(self) -> str:
        """Its public half, which is in every pack: raw X25519, base64."""
        raw = self.parcel.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(raw).decode()

    def sign(self, text: str) -> str:
        return base64.b64encode(self.signing.sign(text.encode())).decode()

    def fingerprint(self, kind: str, text: str) -> str:
        """A keyed hash, for finding something again (an id number, a code) without storing it."""
        return hmac.new(self.secret.encode(), f"{kind}\0{text}".encode(), hashlib.sha256).hexdigest()


def make_keys(path: Path) -> bool:
    """Make the key file where there is none; True where it was made. An existing file is never touched."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    signing = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    text = json.dumps(
        {
            "blob": base64.b64encode(secrets.token_bytes(32)).decode(),
            "signing": base64.b64encode(signing).decode(),
            "secret": secrets.token_urlsafe(48),
        }
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return True


def get_keys() -> Keys:
    """The keys of this server.

    Raises:
        Problem: ``server.keys_missing``, ``server.keys_garbled``.
    """
    return _read(str(settings.TONGBAN_KEY_FILE))


@functools.lru_cache(maxsize=4)
def _read(path: str) -> Keys:
    try:
        stored = json.loads(Path(path).read_text())
        return Keys(
            blob=base64.b64decode(stored["blob"], validate=True),
            signing=Ed25519PrivateKey.from_private_bytes(base64.b64decode(stored["signing"], validate=True)),
            secret=str(stored["secret"]),
        )
    except FileNotFoundError:
        raise Problem("server.keys_missing", Retry.AFTER_FIX) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise Problem("server.keys_garbled", Retry.AFTER_FIX) from None


def recovery_key() -> str:
    """The public half of the city's recovery key (base64, raw X25519); empty where the city has none.

    Raises:
        Problem: ``server.recovery_key_malformed``.
    """
    text = settings.TONGBAN_RECOVERY_KEY.strip()
    try:
        if text:
            X25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except ValueError:
        raise Problem("server.recovery_key_malformed", Retry.AFTER_FIX) from None
    return str(text)


def make_recovery_key(path: Path) -> str:
    """Make the city's recovery key: the private half (PEM) into a new file, the public half is answered.

    Raises:
        Problem: ``server.file_there`` where the file exists: it may be the only copy of a key in use.
    """
    private = X25519PrivateKey.generate()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Problem("server.file_there", Retry.AFTER_FIX) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.flush()
        os.fsync(file.fileno())
    return base64.b64encode(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def secret() -> str:
    """The secret behind cookies and CSRF tokens, read when it is first needed."""
    return os.environ.get("TONGBAN_SECRET") or get_keys().secret
