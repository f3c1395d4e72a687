"""Invented chip cards that answer commands as real ones do, for the demo hall, training and tests.

The simulated driver talks to them in its own process; ``python -m devices.cards.emulator --vpcd HOST:PORT`` puts one
into a virtual reader of the system's card service (vpcd: u16 length and command, one-byte lengths are power, reset and
the question for the ATR).
"""

from __future__ import annotations

import argparse
import os
import socket
import struct
import sys
from collections.abc import Callable
from typing import Protocol

from contract.problem import Problem
from devices.cards.mrz import check_digit
from devices.transports.bac import (
    authentication_code,
    decipher,
    encipher,
    keys_of,
    pad,
    session_keys,
    unpad,
)

_OK, _NOT_FOUND, _NO_RECORD, _NOT_ALLOWED = 0x9000, 0x6A82, 0x6A83, 0x6982


class Card(Protocol):
    """A card: its answer to reset and to each command."""

    atr: bytes

    def reset(self) -> None: ...

    def answer(self, command: bytes) -> bytes: ...


class SocialSecurity:
    """A social-security card of an invented person.

    Args:
        version: ``2.00``, or ``3.00`` whose holder's file wants a key.
        manner: How it answers: ``61`` keeps the select's answer back, ``6c`` wants the right length, ``plain``.
    """

    atr = bytes.fromhex("3B6D00008054434A860000000000000001")

    def __init__(self, version: str = "2.00", manner: str = "61") -> None:
        self._closed = version == "3.00"
        self._manner = manner
        self._files: dict[int, dict[int, bytes]] = {
            0xEF05: {
                0x01: bytes.fromhex("330200D1560000050000000000000001"),
                0x02: b"3",
                0x03: version.encode("ascii"),
                0x04: bytes.fromhex("910000023302003302000000"),
                0x05: bytes.fromhex("20240115"),
                0x06: bytes.fromhex("20340115"),
                0x07: b"A00000001",
            },
            0xEF06: {
                0x08: b"11010519491231002X",
                0x09: "欧阳䶮".encode("gb18030").ljust(30, b"\0"),
                0x4E: bytes(20),
                0x0A: b"2",
                0x0B: b"\x01",
                0x0C: bytes.fromhex("110105"),
                0x0D: bytes.fromhex("19491231"),
            },
        }
        self._pan = bytes.fromhex("6217000000000000017F")
        self.reset()

    def reset(self) -> None:
        self._application = ""
        self._file = 0
        self._kept = b""

    def answer(self, command: bytes) -> bytes:
        if len(command) < 4:
            return b"\x67\x00"
        instruction, first, second, rest = command[1], command[2], command[3], command[4:]
        match instruction:
            case 0xA4 if first == 0x04:
                return self._select_application(rest[1 : 1 + rest[0]] if rest else b"")
            case 0xA4:
                return self._select_file(int.from_bytes(rest[1 : 1 + rest[0]] if rest else b"", "big"))
            case 0xC0:
                kept, self._kept = self._kept, b""
                return _with(kept, _OK) if kept else b"\x69\x85"
            case 0xA8:
                return b"\x6a\x81"
            case 0xB2:
                return self._record(first, second, rest[-1] if rest else 0)
            case _:
                return b"\x6d\x00"

    def _select_application(self, name: bytes) -> bytes:
        if name == b"sx1.sh." + "社会保障".encode("gb18030"):
            self._application, self._file = "social security", 0
            about = bytes.fromhex("6F1C840F") + name + bytes.fromhex("A5099F0C06010203860101")
            if self._manner == "61":
                self._kept = about
                return bytes([0x61, len(about)])
            return _with(about, _OK)
        if name == bytes.fromhex("A000000333010101"):
            self._application = "bank"
            return _with(b"", _OK)
        return _with(b"", _NOT_FOUND)

    def _select_file(self, file: int) -> bytes:
        if self._application != "social security" or file not in self._files:
            return _with(b"", _NOT_FOUND)
        self._file = file
        return _with(b"", _OK)

    def _record(self, first: int, second: int, length: int) -> bytes:
        if self._application == "bank":
            if (first, second) != (1, 0x0C):
                return _with(b"", _NO_RECORD)
            body = b"\x5a" + bytes([len(self._pan)]) + self._pan + bytes.fromhex("5F2403341231")
            return _with(b"\x70" + bytes([len(body)]) + body, _OK)
        if not self._file:
            return b"\x69\x86"
        if self._file == 0xEF06 and self._closed:
            return _with(b"", _NOT_ALLOWED)
        item = self._files[self._file].get(first)
        if item is None:
            return _with(b"", _NO_RECORD)
        data = bytes([first, len(item)]) + item
        if self._manner == "6c" and length != len(data):
            return bytes([0x6C, len(data)])
        return _with(data, _OK)


class TravelDocument:
    """A passport of an invented person: basic access control and secure messaging, data groups 1, 2 and 11."""

    atr = bytes.fromhex("3B8880010073C8400000900062")

    def __init__(self, lines: str = "", picture: bytes = b"", tampers: bool = False) -> None:
        self.lines = lines or passport_lines()
        self._tampers = tampers
        second = self.lines[44:]
        self._keys = keys_of(second[0:10] + second[13:20] + second[21:28])
        face = b"FAC\x00010\x00" + bytes(38) + (picture or _PICTURE)
        self._files = {
            0x0101: _object("61", _object("5F1F", self.lines.encode("ascii"))),
            0x0102: _object("75", _object("7F61", _object("02", b"\1") + _object("7F60", _object("5F2E", face)))),
            0x010B: _object("6B", _object("5C", bytes.fromhex("5F0E")) + _object("5F0E", "欧阳䶮".encode())),
        }
        self.reset()

    def reset(self) -> None:
        self._selected = False
        self._file = 0
        self._challenge = b""
        self._session: tuple[bytes, bytes, int] | None = None

    def answer(self, command: bytes) -> bytes:
        if len(command) < 4:
            return b"\x67\x00"
        body = command[5 : 5 + command[4]] if len(command) > 5 else b""
        if command[0] & 0x0C == 0x0C and self._session is not None:
            return self._closed(command[:4], body)
        return _with(*self._plain(command[:4], body, command[-1] if len(command) == 5 else 0))

    def _closed(self, head: bytes, body: bytes) -> bytes:
        assert self._session is not None
        encipher_key, authenticate_key, counter = self._session
        data, expected, code, signed, at = b"", 0, b"", b"", 0
        while at < len(body):
            tag, size = body[at], body[at + 1]
            value, whole = body[at + 2 : at + 2 + size], body[at : at + 2 + size]
            at += 2 + size
            if tag == 0x87:
                data, signed = unpad(decipher(encipher_key, value[1:])), signed + whole
            elif tag == 0x97:
                expected, signed = value[0], signed + whole
            elif tag == 0x8E:
                code = value
        if authentication_code(authenticate_key, (counter + 1).to_bytes(8, "big") + pad(head) + signed) != code:
            self._session = None
            return b"\x69\x88"
        plain, status = self._plain(head, data, expected)
        objects = _object("87", b"\1" + encipher(encipher_key, pad(plain))) if plain else b""
        objects += b"\x99\x02" + status.to_bytes(2, "big")
        code = authentication_code(authenticate_key, (counter + 2).to_bytes(8, "big") + objects)
        self._session = (encipher_key, authenticate_key, counter + 2)
        if self._tampers and plain:
            objects = objects[:4] + bytes([objects[4] ^ 1]) + objects[5:]
        return _with(objects + b"\x8e\x08" + code, status)

    def _plain(self, head: bytes, data: bytes, expected: int) -> tuple[bytes, int]:
        instruction, first, second = head[1:]
        if instruction == 0xA4 and first == 0x04:
            self._selected = data == bytes.fromhex("A0000002471001")
            return b"", _OK if self._selected else _NOT_FOUND
        if not self._selected:
            return b"", 0x6985
        if instruction == 0x84:
            self._challenge = os.urandom(8)
            return self._challenge, _OK
        if instruction == 0x82:
            return self._prove(data)
        if self._session is None:
            return b"", _NOT_ALLOWED
        if instruction == 0xA4:
            number = int.from_bytes(data, "big")
            self._file = number if number in self._files else self._file
            return b"", _OK if number in self._files else _NOT_FOUND
        if instruction == 0xB0 and self._file:
            at, content = first << 8 | second, self._files[self._file]
            return content[at : at + (expected or 256)], _OK if at < len(content) else 0x6B00
        return b"", 0x6D00

    def _prove(self, data: bytes) -> tuple[bytes, int]:
        encipher_key, authenticate_key = self._keys
        challenge, self._challenge = self._challenge, b""
        if not challenge or len(data) < 40 or authentication_code(authenticate_key, data[:32]) != data[32:40]:
            return b"", 0x6300
        plain = decipher(encipher_key, data[:32])
        if plain[8:16] != challenge:
            return b"", 0x6300
        part = os.urandom(16)
        proof = encipher(encipher_key, challenge + plain[:8] + part)
        seed = bytes(a ^ b for a, b in zip(plain[16:32], part, strict=True))
        counter = int.from_bytes(challenge[-4:] + plain[4:8], "big")
        self._session = (*session_keys(seed), counter)
        return proof + authentication_code(authenticate_key, proof), _OK


class Unknown:
    """A card that is none of ours: a door key, a transport card."""

    atr = bytes.fromhex("3B00")

    def reset(self) -> None:
        pass

    def answer(self, command: bytes) -> bytes:
        return _with(b"", _NOT_FOUND)


CARDS: dict[str, Callable[[], Card]] = {
    "social_security": SocialSecurity,
    "social_security_6c": lambda: SocialSecurity(manner="6c"),
    "social_security_3": lambda: SocialSecurity(version="3.00"),
    "passport": TravelDocument,
    "passport_tampered": lambda: TravelDocument(tampers=True),
    "unknown": Unknown,
}

# The smallest picture that readers of JPEG accept: one grey pixel.
_PICTURE = bytes.fromhex(
    "ffd8ffdb004300" + "01" * 64 + "ffc0000b080001000101011100ffc4001400010000000000000000000000000000000009"
    "ffc40014100100000000000000000000000000000000ffda0008010100003f0054dfffd9"
)


def passport_lines(
    number: str = "E12345678", birth: str = "491231", expiry: str = "341231", name: str = "OUYANG<<YAN"
) -> str:
    """The two lines of an invented person's passport, with their check digits."""
    first = f"P<CHN{name}".ljust(44, "<")
    body = number + check_digit(number) + "CHN" + birth + check_digit(birth) + "F" + expiry + check_digit(expiry)
    body += "<" * 14 + "<"
    return first + body + check_digit(body[0:10] + body[13:20] + body[21:43])


def _with(data: bytes, status: int) -> bytes:
    return data + status.to_bytes(2, "big")


def _object(tag: str, value: bytes) -> bytes:
    size = len(value)
    length = (
        bytes([size]) if size < 0x80 else b"\x81" + bytes([size]) if size < 0x100 else b"\x82" + size.to_bytes(2, "big")
    )
    return bytes.fromhex(tag) + length + value


def serve(card: Card, line: socket.socket, commands: int | None = None) -> None:
    """Be this card in a virtual reader until the line is closed, or drawn at so many commands."""
    try:
        while True:
            command = _receive(line, struct.unpack("!H", _receive(line, 2))[0])
            if len(command) != 1:
                if commands == 0:
                    return
                commands = commands and commands - 1
                said = card.answer(command)
            elif command[0] == 4:
                said = card.atr
            else:
                card.reset()
                continue
            line.sendall(struct.pack("!H", len(said)) + said)
    except (EOFError, OSError, Problem):
        return


def _receive(line: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        if hasattr(socket, "TCP_QUICKACK"):
            # The other end writes length and body apart; without this each command waits 40 ms for an acknowledgement.
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        piece = line.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m devices.cards.emulator", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--vpcd", required=True, metavar="HOST:PORT")
    parser.add_argument("--card", default="social_security", choices=sorted(CARDS))
    parser.add_argument("--drawn-after", type=int, metavar="COMMANDS", help="taken out in the middle of the next one")
    given = parser.parse_args(arguments)
    host, _, port = given.vpcd.rpartition(":")
    with socket.create_connection((host, int(port))) as line:
        serve(CARDS[given.card](), line, given.drawn_after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
