"""A receipt printer that reads ESC/POS, written from the command reference and not from our encoder.

It keeps the rows of dots that came out, has paper that can run out, a cover and a buffer, and answers status
questions as it is told: or not at all. Served over TCP or on a pseudo terminal.
"""

from __future__ import annotations

import os
import pty
import select
import socket
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

DLE, ESC, GS = 0x10, 0x1B, 0x1D


class Nonsense(Exception):
    """Bytes that are no command of a receipt of dots."""


@dataclass
class Roll:
    """The printer's mechanics. `paper_rows` is how much paper is left, None for plenty."""

    answers: bool = True
    cover_open: bool = False
    near_end: bool = False
    cutter_jammed: bool = False
    paper_rows: int | None = None
    deaf_after: int | None = None  # takes so many bytes and no more
    deaf_to: frozenset[int] = frozenset()  # questions that it does not know
    confirms: bool = True
    on_first_row: Callable[[], object] | None = None

    printed: list[bytes] = field(default_factory=list)  # rows of dots
    cuts: list[int] = field(default_factory=list)  # after how many rows
    fed: int = 0
    questions: list[int] = field(default_factory=list)
    taken: int = 0
    clears: int = 0
    _buffer: bytearray = field(default_factory=bytearray)  # a command that is not whole yet
    _waiting: list[tuple[str, bytes]] = field(default_factory=list)  # what there is no paper for

    @property
    def out_of_paper(self) -> bool:
        return self.paper_rows == 0

    def dots(self, stride: int, since: int = 0) -> bytes:
        """What was printed after so many rows, each on paper of so many bytes."""
        return b"".join(row.ljust(stride, b"\0") for row in self.printed[since:])

    def load_paper(self) -> None:
        """Put a new roll in: whatever still waits is printed now."""
        self.paper_rows = None
        waiting, self._waiting = self._waiting, []
        for do, data in waiting:
            self._do(do, data)

    def take(self, data: bytes) -> bytes:
        """Bytes in, answers out."""
        self.taken += len(data)
        self._buffer += data
        said = bytearray()
        while (used := self._one(said)) > 0:
            del self._buffer[:used]
        return bytes(said) if self.answers else b""

    def _one(self, said: bytearray) -> int:
        """Carry out one command if it is whole. Returns its length, 0 where more must come."""
        b = self._buffer
        if len(b) < 2:
            return 0
        match b[0], b[1]:
            case (0x10, 0x04):
                if len(b) < 3:
                    return 0
                self.questions.append(b[2])
                if b[2] not in self.deaf_to:
                    said.append(self._status(b[2]))
                return 3
            case (0x10, 0x14):
                if len(b) < 10:
                    return 0
                if bytes(b[2:10]) != bytes((8, 1, 3, 20, 1, 6, 2, 8)):
                    raise Nonsense(bytes(b[:10]).hex())
                self._waiting.clear()
                self.clears += 1
                said += bytes((0x37, 0x25, 0))
                return 10
            case (0x1B, 0x40):
                return 2
            case (0x1B, 0x64):
                return self._whole(3, "feed", 2)
            case (0x1D, 0x56):
                return self._whole(3, "cut", 2)
            case (0x1D, 0x72):
                if len(b) < 3:
                    return 0
                if self.confirms and not self._waiting:
                    said.append(0x0C if self.out_of_paper else 0x03 if self.near_end else 0)
                return 3
            case (0x1D, 0x76):
                if len(b) < 8:
                    return 0
                if b[2] != 0x30 or b[3] != 0:
                    raise Nonsense(bytes(b[:8]).hex())
                stride, height = b[4] | b[5] << 8, b[6] | b[7] << 8
                if len(b) < 8 + stride * height:
                    return 0
                for row in range(height):
                    self._do("row", bytes(b[8 + row * stride : 8 + (row + 1) * stride]))
                return 8 + stride * height
            case _:
                raise Nonsense(bytes(b[:8]).hex())

    def _whole(self, length: int, do: str, start: int) -> int:
        if len(self._buffer) < length:
            return 0
        self._do(do, bytes(self._buffer[start:length]))
        return length

    def _do(self, do: str, data: bytes) -> None:
        if self._waiting or self.out_of_paper or self.cover_open:
            self._waiting.append((do, data))
        elif do == "row":
            self.printed.append(data)
            if self.on_first_row and len(self.printed) == 1:
                self.on_first_row()
            if self.paper_rows is not None:
                self.paper_rows -= 1
        elif do == "cut":
            self.cuts.append(len(self.printed))
        else:
            self.fed += data[0]

    def _status(self, question: int) -> int:
        offline = self.cover_open or self.out_of_paper or self.cutter_jammed
        match question:
            case 1:
                return 0x12 | (0x08 if offline else 0)
            case 2:
                return 0x12 | (0x04 if self.cover_open else 0) | (0x20 if self.out_of_paper else 0)
            case 3:
                return 0x12 | (0x08 if self.cutter_jammed else 0)
            case 4:
                near = 0x0C if self.near_end or self.out_of_paper else 0
                return 0x12 | near | (0x60 if self.out_of_paper else 0)
            case _:
                raise Nonsense(f"DLE EOT {question}")


@contextmanager
def on_tcp(roll: Roll) -> Iterator[int]:
    """Serve the roll on a TCP port, one computer at a time, and yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as server, _thread(lambda stop: _serve(server, roll, stop)):
        yield server.getsockname()[1]


@contextmanager
def on_pty(roll: Roll) -> Iterator[str]:
    """Serve the roll on a pseudo terminal and yield its path."""
    ours, theirs = pty.openpty()
    try:
        tty.setraw(theirs)

        def talk(stop: int) -> None:
            while ours in (ready := select.select([ours, stop], [], [])[0]) and stop not in ready:
                if answer := roll.take(os.read(ours, 4096)):
                    os.write(ours, answer)

        with _thread(talk):
            yield os.ttyname(theirs)
    finally:
        os.close(ours)
        os.close(theirs)


@contextmanager
def _thread(run: Callable[[int], None]) -> Iterator[None]:
    """Run something that ends when the descriptor it is given becomes readable; what it raises is raised here."""
    stopping, stop = os.pipe()
    raised: list[BaseException] = []

    def guarded() -> None:
        try:
            run(stopping)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=guarded, name="escpos printer")
    thread.start()
    try:
        yield
    finally:
        os.write(stop, b"x")
        thread.join()
        os.close(stopping)
        os.close(stop)
    if raised:
        raise raised[0]


def _serve(server: socket.socket, roll: Roll, stop: int) -> None:
    while stop not in select.select([server, stop], [], [])[0]:
        line, _ = server.accept()
        with line:
            while True:
                deaf = roll.deaf_after is not None and roll.taken >= roll.deaf_after
                ready = select.select([stop] if deaf else [line, stop], [], [])[0]
                if stop in ready:
                    return
                try:
                    data = line.recv(4096)
                    if not data:
                        break
                    if answer := roll.take(data):
                        line.sendall(answer)
                except OSError:
                    break  # dropped by the other end
