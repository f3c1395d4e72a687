"""Commands to a chip card and its answers (ISO 7816-4), whatever carries them."""

from __future__ import annotations

from collections.abc import Callable

from contract.problem import Problem, Retry

Transmit = Callable[[bytes], bytes]
"""Sends one command and gives the whole answer, status word last. Raises Problem cards.pulled."""

DONE = 0x9000
NOT_FOUND = frozenset({0x6A82, 0x6A83, 0x6A88, 0x6A81})
NOT_ALLOWED = frozenset({0x6982, 0x6985, 0x6300, 0x6988})


def send(transmit: Transmit, command: bytes) -> tuple[bytes, int]:
    """Send a command; fetch what the card keeps back (61xx) and repeat with the length it asks for (6Cxx).

    Returns:
        The data and the status word.

    Raises:
        Problem: cards.garbled for an answer without a status word or a card that never comes to an end.
    """
    data = b""
    for _ in range(32):  # 61xx may follow 61xx, 256 bytes each
        answer = transmit(command)
        if len(answer) < 2:
            raise Problem("cards.garbled", Retry.AGAIN)
        data += answer[:-2]
        first, second = answer[-2], answer[-1]
        if first == 0x61:
            command = bytes([0x00, 0xC0, 0x00, 0x00, second])
        elif first == 0x6C:
            command = command[:4] + (command[4:-1] if len(command) > 5 else b"") + bytes([second])
        else:
            return data, first << 8 | second
    raise Problem("cards.garbled", Retry.AGAIN)


def select(transmit: Transmit, name: bytes) -> bool:
    """Select an application by its name (AID); False where the card does not have it."""
    _, status = send(transmit, bytes([0x00, 0xA4, 0x04, 0x00, len(name)]) + name)
    return status == DONE


def parts(data: bytes) -> list[tuple[int, bytes]]:
    """BER-TLV objects at one level: (tag, value). Constructed ones are not opened.

    Raises:
        Problem: cards.garbled where a length runs over the end.
    """
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data):
        tag, at = data[at], at + 1
        if tag in (0x00, 0xFF):  # padding between objects
            continue
        if tag & 0x1F == 0x1F:
            while True:
                if at >= len(data) or tag > 0xFFFFFF:
                    raise Problem("cards.garbled", Retry.AGAIN)
                tag, at = tag << 8 | data[at], at + 1
                if not data[at - 1] & 0x80:
                    break
        size, at = length_at(data, at)
        if at + size > len(data):
            raise Problem("cards.garbled", Retry.AGAIN)
        found.append((tag, data[at : at + size]))
        at += size
    return found


def length_at(data: bytes, at: int) -> tuple[int, int]:
    """A BER length and where the value begins.

    Raises:
        Problem: cards.garbled.
    """
    try:
        size = data[at]
        at += 1
        if size & 0x80:
            count = size & 0x7F
            if not 1 <= count <= 3 or at + count > len(data):
                raise Problem("cards.garbled", Retry.AGAIN)
            size = int.from_bytes(data[at : at + count], "big")
            at += count
        return size, at
    except IndexError:
        raise Problem("cards.garbled", Retry.AGAIN) from None


def find(data: bytes, *path: int) -> bytes | None:
    """The value at a path of tags, each inside the one before; None where it is not there."""
    for tag in path:
        value = dict(reversed(parts(data))).get(tag)  # the first of equal tags
        if value is None:
            return None
        data = value
    return data
