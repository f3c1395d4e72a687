"""Invented chip cards, read by the same code as real ones: for the demo hall, training and tests."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from contract.problem import Problem, Retry
from devices.cards import CardEvent
from devices.cards.emulator import CARDS
from devices.cards.recognise import read_card

READER = "通办模拟读卡器"


class SimulatedReader:
    """A reader with one of the emulator's cards in it.

    `behave`: ok · absent · no_card · pulled (drawn in the middle) · service_gone · slow · hang · crash.
    """

    def __init__(self, card: str = "social_security", behave: str = "ok") -> None:
        self._card = CARDS[card]()
        self._behave = behave

    def read(self, key: str = "", bank: bool = False) -> dict[str, Any]:
        """Read the card."""
        self._be()
        if self._behave == "no_card":
            raise Problem("cards.absent", Retry.AGAIN)
        self._card.reset()
        sent = 0

        def transmit(command: bytes) -> bytes:
            nonlocal sent
            sent += 1
            if self._behave == "pulled" and sent > 3:
                raise Problem("cards.pulled", Retry.AGAIN)
            if self._behave == "slow":
                threading.Event().wait(0.05)
            return self._card.answer(command)

        today = date.today()  # noqa: DTZ011 — the counter's own day is meant
        return read_card(transmit, key, today, with_bank=bank).to_json(photo=True)

    def status(self) -> dict[str, Any]:
        """One reader; a card where one is simulated."""
        self._be()
        return {"readers": [READER], "card": self._behave != "no_card"}

    def watch(self, cancelled: Callable[[], bool], alive: Callable[[], None]) -> Iterator[CardEvent]:
        """What is there, told once; nothing changes."""
        yield CardEvent("service")
        if self._behave != "absent":
            self._be()
            yield CardEvent("reader", READER)
            if self._behave != "no_card":
                yield CardEvent("card", READER)
        pause = threading.Event()
        while not cancelled():
            alive()
            pause.wait(0.05)

    def _be(self) -> None:
        match self._behave:
            case "absent":
                raise Problem("cards.no_reader", Retry.AFTER_FIX)
            case "service_gone":
                raise Problem("cards.service_gone", Retry.AGAIN)
            case "hang":
                threading.Event().wait()
            case "crash":
                os.kill(os.getpid(), signal.SIGABRT)


OPEN = SimulatedReader
