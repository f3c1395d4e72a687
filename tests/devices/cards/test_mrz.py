"""Machine-readable lines: Doc 9303's examples, and permits."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.problem import Problem
from devices.cards import mrz

PASSPORT = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
CARD = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"


def test_the_passport_of_part_4():
    lines = mrz.parse(PASSPORT)
    assert (lines.code, lines.issuer, lines.number, lines.nationality) == ("P", "UTO", "L898902C3", "UTO")
    assert (lines.surname, lines.given_names, lines.sex) == ("ERIKSSON", "ANNA MARIA", "F")
    assert (lines.birth, lines.expiry, lines.optional) == ("740812", "120415", "ZE184226B")
    assert mrz.key_of(PASSPORT) == "L898902C3674081221204159"


def test_the_card_of_part_5():
    lines = mrz.parse(CARD)
    assert (lines.code, lines.number, lines.birth, lines.expiry) == ("I", "D23145890", "740812", "120415")
    assert lines.name == "ERIKSSON ANNA MARIA"


def test_a_card_whose_number_is_longer_than_its_field():
    # Part 5, 4.2.2.1 note j: the number's rest and its check digit stand in the optional data.
    number = "D23145890734"
    first = f"I<UTO{number[:9]}<{number[9:]}{mrz.check_digit(number)}".ljust(30, "<")
    text = f"{first}\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
    assert mrz.parse(text).number == number
    assert mrz.key_of(text).startswith(number + mrz.check_digit(number))


def test_permits_to_and_from_the_mainland():
    def with_check(text: str) -> str:
        return text + mrz.check_digit(text)

    leaving = "CS" + with_check("C12345678") + "<" + with_check("341231") + "<" + with_check("491231")
    lines = mrz.parse(leaving.ljust(30, "<"))
    assert (lines.code, lines.number, lines.birth, lines.expiry) == ("CS", "C12345678", "491231", "341231")
    first = "CR" + with_check("H1234567<") + "<<<" + with_check("341231") + "F" + with_check("491231")
    lines = mrz.parse(first + "<" * 30 + "OUYANG<<YAN".ljust(30, "<"))
    assert (lines.code, lines.number, lines.sex, lines.name) == ("CR", "H1234567", "F", "OUYANG YAN")


@pytest.mark.parametrize(
    "text",
    [PASSPORT.replace("L898902C36", "L898902C37"), PASSPORT[:-1], "你好", "A,490230", "A,49123,341231", "P<" * 22],
    ids=range(6),
)
def test_what_cannot_open_a_chip_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="cards.bad_key"):
        mrz.key_of(text)


def test_nothing_typed_asks_for_the_lines():
    with pytest.raises(Problem, match="cards.key_needed"):
        mrz.key_of("  ")


@given(st.text(max_size=120))
def test_any_text_is_lines_or_a_problem(text: str) -> None:
    try:
        mrz.key_of(text)
    except Problem as problem:
        assert problem.code in ("cards.bad_key", "cards.key_needed")


def test_birth_is_in_the_past_and_expiry_in_this_century():
    today = date(2026, 11, 21)
    assert mrz.birth_date("491231", today) == date(1949, 12, 31)
    assert mrz.birth_date("261121", today) == date(2026, 11, 21)
    assert mrz.birth_date("261122", today) == date(1926, 11, 22)
    assert mrz.birth_date("49<<<<", today) is None
    assert mrz.expiry_date("341231") == date(2034, 12, 31)


def test_nothing_personal_is_in_a_repr():
    assert "ERIKSSON" not in repr(mrz.parse(PASSPORT))
