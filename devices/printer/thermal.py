"""A conversation with an ESC/POS printer, over whatever line a driver has.

Before anything is sent the printer is asked whether it can print; after the cut it is asked to say when it is
through. A printer that stops in the middle is told to throw away what it holds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from contract.problem import Problem
from devices.printer import (
    BITMAP,
    Outcome,
    PrinterState,
    PrintProgress,
    PrintReport,
    Standing,
    read_document,
    require_able,
)
from devices.printer.languages import escpos

STEP = 1.0  # seconds between two looks at a printer that is not through yet
AT_ONCE = 256  # bytes of answers


class Line(Protocol):
    """A transport that goes both ways: tcp, serial, usb. Raises Problem when it is gone, device.stuck on a write that
    is not taken."""

    def write(self, data: bytes) -> None:
        """Hand over all of the data."""

    def read(self, size: int, deadline: float) -> bytes:
        """What has come, waiting until `deadline` (time.monotonic) at most; empty for silence."""

    def close(self) -> None:
        """End the conversation; what was written still reaches the printer. Closing twice does no harm."""

    def drop(self) -> None:
        """End the conversation and forget what has not reached the printer."""


class ThermalPrinter:
    """A receipt printer.

    Args:
        connect: Opens the line; called anew for each conversation, because most of these printers talk to
            one computer at a time.
        answer: Seconds to wait for an answer that comes at once.
        confirm: Seconds to wait for the word that everything is printed; 0 where the model never says it.
    """

    def __init__(self, connect: Callable[[], Line], *, answer: float, confirm: float) -> None:
        self._connect = connect
        self._answer = answer
        self._confirm = confirm

    def accepts(self) -> tuple[str, ...]:
        return (BITMAP,)

    def status(self) -> PrinterState:
        with self._talk() as talk:
            return talk.state()

    def print(self, document: str, media_type: str, title: str) -> Generator[PrintProgress, None, PrintReport]:
        bitmap = escpos.read_pbm(read_document(document, media_type, self.accepts()))
        parts = escpos.parts(bitmap)
        total = sum(map(len, parts))
        with self._talk() as talk:
            state = talk.state()
            require_able(state)
            try:
                sent = 0
                for part in parts:  # stopped only between two, where the printer listens
                    talk.line.write(part)
                    sent += len(part)
                    yield PrintProgress(sent, total)
                # a printer that said nothing before will say nothing now: do not make the clerk wait for it
                mute = state.standing is Standing.UNKNOWN and not state.reasons
                patience = min(self._confirm, self._answer) if mute else self._confirm
                return (yield from self._await_end(talk, patience, total))
            except GeneratorExit:
                talk.give_up()
                raise
            except Problem as problem:
                talk.give_up(mute=problem.code == "device.stuck")
                raise

    def cancel(self) -> None:
        with self._talk() as talk:
            talk.give_up()

    @contextmanager
    def _talk(self) -> Iterator[_Talk]:
        line = self._connect()
        try:
            yield _Talk(line, self._answer)
        finally:
            line.close()

    def _await_end(self, talk: _Talk, patience: float, total: int) -> Generator[PrintProgress, None, PrintReport]:
        if not patience:
            return PrintReport(Outcome.UNCONFIRMED)
        talk.line.write(escpos.CONFIRM)
        end = time.monotonic() + patience
        while (left := end - time.monotonic()) > 0:
            if talk.find_byte(escpos.is_confirmation, min(left, STEP)) is not None:
                require_able(talk.state())
                return PrintReport(Outcome.DONE)
            yield PrintProgress(total, total)
            if left > STEP:
                require_able(talk.state())
        return PrintReport(Outcome.UNCONFIRMED)


class _Talk:
    """One conversation. What was heard while waiting for something else is kept for whoever waits for it."""

    def __init__(self, line: Line, answer: float) -> None:
        self.line = line
        self._answer = answer
        self._heard = bytearray()

    def state(self) -> PrinterState:
        """Four questions. The first that meets silence ends them: a mute printer must not cost four waits."""
        answers: dict[int, int | None] = {}
        self._heard = bytearray(byte for byte in self._heard if not escpos.is_status(byte))
        for question in escpos.QUESTIONS:
            self.line.write(escpos.ask(question))
            answers[question] = self.find_byte(escpos.is_status, self._answer)
            if answers[question] is None:
                break
        return escpos.standing_of(answers)

    def find_byte(self, wanted: Callable[[int], bool], patience: float) -> int | None:
        """The next byte of a kind, or None where it did not come in time."""
        end = time.monotonic() + patience
        while True:
            for place, byte in enumerate(self._heard):
                if wanted(byte):
                    del self._heard[place]
                    return byte
            if time.monotonic() >= end:
                return None
            self._heard += self.line.read(AT_ONCE, end)

    def give_up(self, mute: bool = False) -> None:
        """Have the printer throw away what it holds, and the line what it has not yet sent.

        A printer that takes no more bytes (`mute`) cannot be told; dropping the line is all there is.
        """
        if not mute:
            with suppress(Problem):
                self.line.write(escpos.CLEAR)
                self.line.read(AT_ONCE, time.monotonic() + self._answer)
        self.line.drop()
