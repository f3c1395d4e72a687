"""What kind of card lies there is found out by asking it."""

from __future__ import annotations

from datetime import date

from contract.problem import Problem, Retry
from devices.cards import CardReading, bank, social_security, travel
from devices.cards.commands import Transmit


def read_card(transmit: Transmit, key: str, today: date, *, with_bank: bool) -> CardReading:
    """Read the card, whatever it is.

    A social-security card is a bank card too: its bank side is asked only where that is wanted.

    Raises:
        Problem: as devices.cards.CardReader.read.
    """
    found = bank.read(transmit) if with_bank else None
    if found is None:
        found = social_security.read(transmit)
    if found is None:
        found = travel.read(transmit, key, today)
    if found is None:
        raise Problem("cards.unknown", Retry.AFTER_FIX)
    return found
