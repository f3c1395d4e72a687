"""An identity-card module without hardware: the other end of the SAM_V protocol, with invented people's cards.

The simulated driver talks to it, tests do, and a technician can: ``python -m devices.idcard.emulator --pty`` (or
``--listen 127.0.0.1:0``) prints the port to give to ``idcard/samv_serial`` and serves until it is ended. With
``--control`` it takes commands on stdin (``place KEY``, ``lift``, ``behave WORD``) and ends with it.

It models what software meets: a card is found once per placement, selecting needs finding, reading needs
selecting. It cannot model the module's cryptography or any maker's quirks.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from contract.person import Document
from contract.problem import Problem, Retry
from devices.idcard import samv
from devices.idcard.samv import PREAMBLE, Status, reply_frame
from devices.idcard.text import FLAG, FLAGS, LAYOUTS, LONG_TERM, TEXT_SIZE

CARDS = Path(__file__).resolve().parents[2] / "resources" / "demo" / "cards.json"
SAM_NUMBER = struct.pack("<HHIII", 5, 1, 20230101, 1234567, 987654321)
PHOTO_SIZE = 1024
PHOTO_HEADER = b"WLf\x00\x7e\x00"  # 102 by 126 points


class Behaviour(StrEnum):
    """What goes wrong."""

    OK = "ok"
    NO_CARD = "no_card"  # none on the reader
    SUSPECT = "suspect"  # the module does not believe the card
    REPLACE = "replace"  # the card lies badly and cannot be selected
    BAD_XOR = "bad_xor"  # every long answer is spoilt
    BAD_XOR_ONCE = "bad_xor_once"  # the first long answer is spoilt
    HEARD_BADLY = "heard_badly"  # the module says that our first read was spoilt
    READ_FAILED_ONCE = "read_failed_once"
    SLOW = "slow"  # 16 bytes at a time
    SHORT = "short"  # long answers are cut
    GARBAGE = "garbage"  # noise before every answer, with a false preamble in it
    NO_SAM = "no_sam"  # the module's self-test failed
    NOT_AUTHORISED = "not_authorised"
    NO_FINGERPRINT = "no_fingerprint"  # an old module that does not know 30 10
    TIMED_OUT = "timed_out"  # a hand-held reader's own time-out frame
    SILENT = "silent"  # no answer at all
    UNPLUGGED = "unplugged"  # the line goes away in the middle of the text


@dataclass(frozen=True, repr=False)
class Card:
    """What lies on the reader."""

    text: bytes
    photo: bytes
    fingerprint: bytes
    additional_address: bytes

    def __repr__(self) -> str:
        return "Card()"


def card_of(person: Mapping[str, Any]) -> Card:
    """The chip of an invented person, given as in resources/demo/cards.json.

    Raises:
        ValueError: where a text is longer than its field.
    """
    kind = Document(person["document_type"])
    layout = LAYOUTS[kind]
    block = bytearray(" ".encode("utf-16-le") * (TEXT_SIZE // 2))
    values = {name: str(person[name]) for name in layout if person.get(name)}
    for name in ("birth_date", "valid_from", "valid_until"):
        values[name] = values.get(name, "").replace("-", "")
    if person.get("long_term"):
        values["valid_until"] = LONG_TERM
    if kind is Document.FOREIGN_2023:
        room = layout["name_latin"][1] // 2
        values["name_latin"], values["name_latin_rest"] = person["name_latin"][:room], person["name_latin"][room:]
    values["flag"] = next((flag for flag, each in FLAGS.items() if each is kind), " ")
    for name, value in values.items():
        offset, size = FLAG if name == "flag" else layout[name]
        raw = value.encode("utf-16-le")
        if len(raw) > size:
            raise ValueError(f"{name} is too long")
        block[offset : offset + len(raw)] = raw
    photo = PHOTO_HEADER + bytes((at * 37 + 11) % 256 for at in range(PHOTO_SIZE - len(PHOTO_HEADER)))
    fingerprint = b"C" * int(person.get("fingerprint_size", 0))
    return Card(bytes(block), photo, fingerprint, str(person.get("additional_address", "")).encode("utf-16-le"))


def people() -> dict[str, dict[str, Any]]:
    """The invented people whose cards the product brings along, by key."""
    return {person["key"]: person for person in json.loads(CARDS.read_text("utf-8"))}


def get_card(key: str) -> Card:
    """An invented person's card; an empty key is the first one's.

    Raises:
        Problem: idcard.no_such_card.
    """
    known = people()
    if key and key not in known:
        raise Problem("idcard.no_such_card", Retry.AFTER_FIX, card=key, known="、".join(known))
    return card_of(known[key or next(iter(known))])


class Emulator:
    """A module and what lies on it. Thread-safe, so that a card can be lifted in the middle of reading."""

    def __init__(self, card: Card | None, behave: Behaviour = Behaviour.OK) -> None:
        self._lock = threading.Lock()
        self._behave = behave
        self._pending = bytearray()
        self._spoilt = False  # what happens once has happened
        self._place(card)

    def place(self, card: Card) -> None:
        """Put a card down, or lift and put it down again."""
        with self._lock:
            self._place(card)

    def lift(self) -> None:
        """Take the card away."""
        with self._lock:
            self._place(None)

    def behave(self, behaviour: Behaviour) -> None:
        """Change what goes wrong."""
        with self._lock:
            self._behave, self._spoilt = behaviour, False

    def replug(self) -> None:
        """Plug the reader in again, after it was unplugged."""
        with self._lock:
            self._pending.clear()
            self._spoilt = False
            self._place(self._card)

    @property
    def unplugged(self) -> bool:
        """Whether the line has gone away."""
        return self._behave is Behaviour.UNPLUGGED and self._spoilt

    def hear(self, data: bytes) -> Iterator[bytes]:
        """Answers to what came down the line, in pieces; a pause belongs between pieces (`PAUSE`)."""
        self._pending += data
        while (start := self._pending.find(PREAMBLE)) >= 0:
            del self._pending[:start]
            length = int.from_bytes(self._pending[5:7], "big")
            if len(self._pending) < 7 or len(self._pending) < 7 + length:
                return
            body = bytes(self._pending[5 : 7 + length])
            del self._pending[: 7 + length]
            with self._lock:
                pieces = list(self._spoil(*self._answer(body)))
            yield from pieces

    def _place(self, card: Card | None) -> None:
        self._card = card
        self._found = self._selected = self._read = False

    def _answer(self, body: bytes) -> tuple[int, bytes]:
        checksum = 0
        for each in body:
            checksum ^= each
        if checksum or len(body) < 5:
            return Status.WRONG_CHECKSUM, b""
        command = body[2:4]
        if self._behave is Behaviour.NO_SAM:
            return Status.SELF_TEST_FAILED, b""
        if self._behave is Behaviour.NOT_AUTHORISED:
            return Status.NOT_AUTHORISED, b""
        match command:
            case samv.STATUS | b"\x10\xff":
                return Status.OK, b""
            case samv.SAM_NUMBER:
                return Status.OK, SAM_NUMBER
            case samv.FIND:
                self._selected = False
                self._found = self._card is not None and not self._read and self._behave is not Behaviour.NO_CARD
                return (Status.FOUND, bytes(4)) if self._found else (Status.NO_CARD, b"")
            case samv.SELECT:
                if not self._found or self._card is None or self._behave is Behaviour.REPLACE:
                    return Status.SELECT_FAILED, b""
                self._selected = True
                return Status.OK, bytes(8)
            case samv.READ | samv.READ_WITH_FINGERPRINT:
                return self._read_base(command)
            case samv.READ_ADDRESS:
                if not self._selected or self._card is None:
                    return Status.READ_FAILED, b""
                address = self._card.additional_address
                return (Status.OK, address[:70]) if address else (Status.NOT_ON_CARD, b"")
            case _:
                return Status.BAD_COMMAND, b""

    def _read_base(self, command: bytes) -> tuple[int, bytes]:
        if not self._selected or self._card is None:
            return Status.READ_FAILED, b""
        if self._behave is Behaviour.SUSPECT:
            return Status.VERIFICATION_FAILED, b""
        if self._behave is Behaviour.NO_FINGERPRINT and command == samv.READ_WITH_FINGERPRINT:
            return Status.BAD_COMMAND, b""
        if self._behave is Behaviour.HEARD_BADLY and not self._spoilt:
            self._spoilt = True
            return Status.WRONG_CHECKSUM, b""
        if self._behave is Behaviour.READ_FAILED_ONCE and not self._spoilt:
            self._spoilt, self._selected, self._found = True, False, False
            return Status.READ_FAILED, b""
        self._read = True
        parts = [self._card.text, self._card.photo]
        if command == samv.READ_WITH_FINGERPRINT:
            parts.append(self._card.fingerprint)
        return Status.OK, b"".join(len(part).to_bytes(2, "big") for part in parts) + b"".join(parts)

    def _spoil(self, status: int, data: bytes) -> Iterator[bytes]:
        sent = reply_frame(status, data)
        long = len(data) >= TEXT_SIZE
        match self._behave:
            case Behaviour.SILENT:
                return
            case Behaviour.TIMED_OUT:
                yield PREAMBLE + b"\x00\x05\x05\x05\x05\x05"
            case Behaviour.GARBAGE:
                yield b"\x00\xff\xaa\xaa" + PREAMBLE + b"\x0f\x00" + b"\xaa\x96\x69" + sent
            case Behaviour.BAD_XOR if long:
                yield sent[:-1] + bytes([sent[-1] ^ 0x55])
            case Behaviour.BAD_XOR_ONCE if long and not self._spoilt:
                self._spoilt = True
                yield sent[:-1] + bytes([sent[-1] ^ 0x55])
            case Behaviour.SHORT if long:
                yield sent[:100]
            case Behaviour.SLOW if long:
                for at in range(0, len(sent), 16):
                    yield sent[at : at + 16]
            case Behaviour.UNPLUGGED if long:
                self._spoilt = True
                yield sent[:100]
            case _:
                yield sent


PAUSE = 0.002  # seconds between pieces


def serve_socket(emulator: Emulator, line: socket.socket) -> None:
    """Answer on a connected socket until the other end closes it or the reader is unplugged."""
    with line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _serve(emulator, lambda: line.recv(4096), line.sendall)


def serve_descriptor(emulator: Emulator, descriptor: int) -> None:
    """Answer on a pty's master until the reader is unplugged."""
    _serve(emulator, lambda: os.read(descriptor, 4096), lambda data: _write_all(descriptor, data))


def _serve(emulator: Emulator, receive: Callable[[], bytes], send: Callable[[bytes], None]) -> None:
    try:
        while data := receive():
            for number, piece in enumerate(emulator.hear(data)):
                if number:
                    time.sleep(PAUSE)
                send(piece)
            if emulator.unplugged:
                return
    except OSError:
        return  # the other end is gone


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _control(emulator: Emulator) -> None:
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        try:
            match word:
                case "place":
                    emulator.place(get_card(rest))
                case "lift":
                    emulator.lift()
                case "behave":
                    emulator.behave(Behaviour(rest))
                case _:
                    raise ValueError(word)
        except (Problem, ValueError):
            sys.stdout.write("?\n")
        else:
            sys.stdout.write("ok\n")
        sys.stdout.flush()
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devices.idcard.emulator", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--listen", metavar="HOST:PORT", help="TCP; port 0 takes a free one")
    where.add_argument("--pty", action="store_true", help="a pseudo-terminal (not on Windows)")
    parser.add_argument("--card", default="", metavar="KEY", help="、".join(people()))
    parser.add_argument("--behave", default="ok", choices=[each.value for each in Behaviour])
    parser.add_argument("--control", action="store_true", help="take commands on stdin, end with it")
    given = parser.parse_args()
    try:
        emulator = Emulator(get_card(given.card), Behaviour(given.behave))
    except Problem as problem:
        parser.error(f"{problem.code}: {problem.facts}")
    if given.control:
        threading.Thread(target=_control, args=(emulator,), daemon=True).start()
    if given.pty:
        _main_pty(emulator)
    else:
        _main_tcp(emulator, given.listen)


def _main_pty(emulator: Emulator) -> None:
    if sys.platform == "win32":
        raise SystemExit("--pty needs a POSIX system; use --listen")
    import tty

    # Our own hold on the slave's end keeps the pty alive between two openings by the driver.
    master, slave = os.openpty()
    tty.setraw(master)
    tty.setraw(slave)
    sys.stdout.write(os.ttyname(slave) + "\n")
    sys.stdout.flush()
    serve_descriptor(emulator, master)


def _main_tcp(emulator: Emulator, address: str) -> None:
    host, _, port = address.rpartition(":")
    with socket.create_server((host or "127.0.0.1", int(port))) as server:
        sys.stdout.write(f"socket://{host or '127.0.0.1'}:{server.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            line, _ = server.accept()
            serve_socket(emulator, line)
            if emulator.unplugged:
                return


if __name__ == "__main__":
    main()
