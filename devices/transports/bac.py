"""The closed channel to a travel document's chip: basic access control and secure messaging, ICAO Doc 9303 part 11.

Two-key triple DES and SHA-1, because that is what the chips of these documents speak. The keys are made from what is
printed in the document, so that only who holds it open can read it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from contract.problem import Problem, Retry

_BLOCK = 8
_ENCIPHER, _AUTHENTICATE = 1, 2  # 9.7.1.3: which of the two keys


def keys_of(information: str) -> tuple[bytes, bytes]:
    """The two keys of a document (appendix D.2), from its number, birth and expiry, each with its check digit."""
    seed = hashlib.sha1(information.encode("ascii")).digest()[:16]  # noqa: S324 — what the chip speaks
    return session_keys(seed)


def session_keys(seed: bytes) -> tuple[bytes, bytes]:
    """The two keys that both sides make from what each gave (9.7.1)."""
    return _key(seed, _ENCIPHER), _key(seed, _AUTHENTICATE)


def _key(seed: bytes, use: int) -> bytes:
    digest = hashlib.sha1(seed + use.to_bytes(4, "big")).digest()[:16]  # noqa: S324
    return bytes(each & 0xFE | (each.bit_count() - (each & 1) + 1) % 2 for each in digest)  # odd parity


def pad(data: bytes) -> bytes:
    """ISO 9797-1 method 2."""
    return data + b"\x80" + bytes(-(len(data) + 1) % _BLOCK)


def _des(key: bytes) -> TripleDES:
    """Two keys, or one (plain DES is triple DES with the same key thrice), as the three that the library wants."""
    return TripleDES(key * 3 if len(key) == _BLOCK else key + key[:_BLOCK])


def encipher(key: bytes, data: bytes) -> bytes:
    """Triple DES in CBC from zero; whole blocks."""
    worker = Cipher(_des(key), modes.CBC(bytes(_BLOCK))).encryptor()
    return worker.update(data) + worker.finalize()


def decipher(key: bytes, data: bytes) -> bytes:
    """The reverse of `encipher`."""
    worker = Cipher(_des(key), modes.CBC(bytes(_BLOCK))).decryptor()
    return worker.update(data) + worker.finalize()


def authentication_code(key: bytes, data: bytes) -> bytes:
    """ISO 9797-1 MAC algorithm 3 with DES over the padded data: eight bytes."""
    first, second = key[:8], key[8:]
    chain = Cipher(_des(first), modes.CBC(bytes(_BLOCK))).encryptor()
    last = (chain.update(pad(data)) + chain.finalize())[-_BLOCK:]
    middle = Cipher(_des(second), modes.CBC(bytes(_BLOCK))).decryptor().update(last)
    return Cipher(_des(first), modes.CBC(bytes(_BLOCK))).encryptor().update(middle)


def unpad(data: bytes) -> bytes:
    """The reverse of `pad`.

    Raises:
        Problem: cards.tampered where it was not padded so.
    """
    stripped = data.rstrip(b"\0")
    if not stripped.endswith(b"\x80"):
        raise Problem("cards.tampered", Retry.AGAIN)
    return stripped[:-1]


class Channel:
    """What travels after both sides have proved that they know the keys: enciphered, numbered, authenticated."""

    def __init__(self, encipher_key: bytes, authenticate_key: bytes, counter: int) -> None:
        self._encipher_key = encipher_key
        self._authenticate_key = authenticate_key
        self._counter = counter

    def close(self, command: bytes, data: bytes = b"", expected: int | None = None) -> bytes:
        """A command (its four bytes of header) in its closed form (9.8.4)."""
        head = bytes([command[0] | 0x0C]) + command[1:4]
        body = b""
        if data:
            value = b"\x01" + encipher(self._encipher_key, pad(data))
            body += b"\x87" + _length(len(value)) + value
        if expected is not None:
            body += b"\x97\x01" + bytes([expected & 0xFF])
        code = authentication_code(self._authenticate_key, self._next() + pad(head) + body)
        body += b"\x8e\x08" + code
        return head + bytes([len(body)]) + body + b"\x00"

    def open(self, answer: bytes) -> tuple[bytes, int]:
        """The data and status word of a closed answer, without the status word that follows it in clear.

        Raises:
            Problem: cards.tampered where the authentication code does not fit.
        """
        data, said, code, signed = b"", b"", b"", b""
        at = 0
        try:
            while at < len(answer):
                tag, size, begin = answer[at], answer[at + 1], at + 2
                if size == 0x81:
                    size, begin = answer[at + 2], at + 3
                elif size == 0x82:
                    size, begin = int.from_bytes(answer[at + 2 : at + 4], "big"), at + 4
                value, whole = answer[begin : begin + size], answer[at : begin + size]
                at = begin + size
                if at > len(answer):
                    raise Problem("cards.garbled", Retry.AGAIN)
                if tag == 0x87:
                    data, signed = value[1:], signed + whole
                elif tag == 0x99:
                    said, signed = value, signed + whole
                elif tag == 0x8E:
                    code = value
        except IndexError:
            raise Problem("cards.garbled", Retry.AGAIN) from None
        if not code or authentication_code(self._authenticate_key, self._next() + signed) != code:
            raise Problem("cards.tampered", Retry.AGAIN)
        if len(data) % _BLOCK or len(said) != 2:
            raise Problem("cards.garbled", Retry.AGAIN)
        return (unpad(decipher(self._encipher_key, data)) if data else b""), int.from_bytes(said, "big")

    def _next(self) -> bytes:
        self._counter = (self._counter + 1) % (1 << 64)
        return self._counter.to_bytes(8, "big")


def _length(size: int) -> bytes:
    return bytes([size]) if size < 0x80 else b"\x81" + bytes([size])


def authenticate(
    transmit: Callable[[bytes], tuple[bytes, int]],
    keys: tuple[bytes, bytes],
    random: Callable[[int], bytes] = os.urandom,
) -> Channel:
    """Prove to the chip that we know the keys and have it prove the same (appendix D.3).

    Raises:
        Problem: cards.wrong_key where the chip refuses; cards.tampered where its own proof is wrong.
    """
    encipher_key, authenticate_key = keys
    challenge, status = transmit(bytes.fromhex("0084000008"))
    if status != 0x9000 or len(challenge) != 8:
        raise Problem("cards.garbled", Retry.AGAIN)
    ours, our_part = random(8), random(16)
    proof = encipher(encipher_key, ours + challenge + our_part)
    proof += authentication_code(authenticate_key, proof)
    answer, status = transmit(bytes.fromhex("0082000028") + proof + b"\x28")
    if status != 0x9000:
        raise Problem("cards.wrong_key", Retry.AFTER_FIX)
    if len(answer) != 40 or authentication_code(authenticate_key, answer[:32]) != answer[32:]:
        raise Problem("cards.tampered", Retry.AGAIN)
    plain = decipher(encipher_key, answer[:32])
    if plain[:8] != challenge or plain[8:16] != ours:
        raise Problem("cards.tampered", Retry.AGAIN)
    seed = bytes(a ^ b for a, b in zip(our_part, plain[16:], strict=True))
    counter = int.from_bytes(challenge[-4:] + ours[-4:], "big")
    return Channel(*session_keys(seed), counter)
