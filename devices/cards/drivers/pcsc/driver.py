"""Chip cards in any reader that PC/SC knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from contract.problem import Problem, Retry
from devices.cards import CardEvent
from devices.cards.recognise import read_card
from devices.transports.pcsc import Service


class PcscReader:
    """The first card that lies in a reader, or in the one whose name begins as the option says."""

    def __init__(self, reader: str = "") -> None:
        self._wanted = reader
        self._service = Service()

    def read(self, key: str = "", bank: bool = False) -> dict[str, Any]:
        """Read the card; what it is, is found out by asking it."""
        with self._service.card(self._with_a_card()) as transmit:
            today = date.today()  # noqa: DTZ011 — the counter's own day is meant
            return read_card(transmit, key, today, with_bank=bank).to_json(photo=True)

    def status(self) -> dict[str, Any]:
        """The readers and whether a card lies in one."""
        names = self._mine(self._service.readers())
        if not names:
            raise Problem("cards.no_reader", Retry.AFTER_FIX)
        return {"readers": names, "card": bool(self._mine(self._service.cards()))}

    def watch(self, cancelled: Callable[[], bool], alive: Callable[[], None]) -> Iterator[CardEvent]:
        """Events until cancelled."""
        service = Service()  # a context of its own
        try:
            for what, name in service.watch(cancelled, alive):
                if not name or self._mine([name]):
                    yield CardEvent(what, name)
        finally:
            service.close()

    def _with_a_card(self) -> str:
        names = self._mine(self._service.cards())
        if names:
            return names[0]
        if not self._mine(self._service.readers()):
            raise Problem("cards.no_reader", Retry.AFTER_FIX)
        raise Problem("cards.absent", Retry.AGAIN)

    def _mine(self, names: list[str]) -> list[str]:
        return [name for name in names if name.startswith(self._wanted)]


OPEN = PcscReader
