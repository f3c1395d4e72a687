"""Ed25519: the station's own signature over what was done here, and the server's over its pack."""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from contract.exchange import ED25519, SignedPack
from contract.problem import Problem, Retry


def new_private_key() -> bytes:
    """A fresh private key, raw 32 bytes."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public_half(private_key: bytes) -> str:
    """Base64 of the raw public key, as the enrolment sends it."""
    return base64.b64encode(Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()).decode()


def signed(private_key: bytes, text: str) -> str:
    """Base64 of the signature over the text's UTF-8 bytes."""
    return base64.b64encode(Ed25519PrivateKey.from_private_bytes(private_key).sign(text.encode())).decode()


def is_signed_by(public_key: str, text: str, signature: str) -> bool:
    """Whether the signature over the text is that of the key."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), text.encode())
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def require_genuine(pack: SignedPack, server_public_key: str) -> None:
    """Raises Problem ``pack.forged`` where the pack was not signed by this station's server."""
    if not is_server_text(pack.algorithm, server_public_key, pack.pack, pack.signature):
        raise Problem("pack.forged", Retry.AFTER_FIX)


def is_server_text(algorithm: str, server_public_key: str, text: str, signature: str) -> bool:
    """Whether a text was signed by this station's server, by the one algorithm that we know."""
    return algorithm == ED25519 and is_signed_by(server_public_key, text, signature)
