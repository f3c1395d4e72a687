"""Whose a card other than the identity card is: read by real drivers from cards of ours, never more than it says."""

from __future__ import annotations

from datetime import date

import pytest

from app.people.other_cards import MachineLines, is_machine_line, other_card
from contract.person import Document
from contract.problem import Problem
from devices.cards import CardKind, CardReading, Reader
from devices.cards.emulator import passport_lines
from devices.cards.mrz import check_digit
from devices.catalogue import open_host

TODAY = date(2026, 11, 20)
LINES = passport_lines()


def read(card: str, key: str = "") -> CardReading:
    with open_host("cards/simulated", {"card": card}, patience=20) as host:
        return Reader(host).read(key)


def test_a_social_security_card_gives_its_holder() -> None:
    made = other_card(read("social_security"), TODAY)
    document = made.document
    assert (document.document_type, document.source) == (Document.SOCIAL_SECURITY, "card")
    assert (document.name, document.number) == ("欧阳䶮", "11010519491231002X")
    assert document.number_valid and not document.suspect and document.nation == "汉"
    assert made.portrait == b"" and "欧阳" not in repr(made) and "110105" not in repr(made)


def test_a_passport_gives_its_holder_and_the_portrait() -> None:
    made = other_card(read("passport", LINES), TODAY)
    document = made.document
    assert (document.document_type, document.source) == (Document.PASSPORT, "card")
    assert document.number == "E12345678" and document.name_latin == "OUYANG YAN"
    assert document.birth_date == date(1949, 12, 31) and made.portrait.startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize(
    ("reading", "code"),
    [
        (CardReading(CardKind.SOCIAL_SECURITY, restricted=True, version="3.00"), "cards.restricted"),
        (CardReading(CardKind.SOCIAL_SECURITY, number="11010519491231002X"), "cards.no_identity"),
        (CardReading(CardKind.BANK, card_number="621700******0001"), "cards.no_identity"),
    ],
)
def test_a_card_that_names_nobody_is_refused(reading: CardReading, code: str) -> None:
    with pytest.raises(Problem, match=code):
        other_card(reading, TODAY)


def test_a_permit_is_a_permit_and_a_number_that_contradicts_its_card_is_suspect() -> None:
    permit = CardReading(CardKind.TRAVEL, document_code="CR", name="样例", number="H00000001", nationality="CHN")
    assert other_card(permit, TODAY).document.document_type is Document.TRAVEL_PERMIT
    wrong = CardReading(CardKind.SOCIAL_SECURITY, name="样例", number="11010519491231002X", birth_date=date(1950, 1, 1))
    assert other_card(wrong, TODAY).document.suspect


def permit_line() -> str:
    number, expiry, birth = "C12345678", "341231", "491231"
    line = f"CS{number}{check_digit(number)}<{expiry}{check_digit(expiry)}<{birth}{check_digit(birth)}<<"
    assert len(line) == 30
    return line


def test_lines_are_put_together_as_they_are_scanned() -> None:
    lines = MachineLines()
    assert lines.add(LINES[:44]) == "" and lines.add(LINES[44:]) == LINES
    assert lines.add(f"{LINES[:44]}\r\n{LINES[44:]}") == LINES  # some hand over all at once
    assert lines.add(permit_line()) == permit_line()
    assert lines.add(LINES[:44]) == ""
    with pytest.raises(Problem, match="cards.bad_key"):
        lines.add(LINES[44:].replace("4", "5", 1))
    assert lines.add(LINES[:44]) == "" and lines.add(LINES[44:]) == LINES


@pytest.mark.parametrize(
    ("text", "is_one"),
    [(LINES[:44], True), (LINES[44:], True), (LINES, True), ("330281-00004317-6", False), ("9" * 30, False)],
)
def test_a_line_is_told_from_other_codes(text: str, is_one: bool) -> None:
    assert is_machine_line(text) is is_one
