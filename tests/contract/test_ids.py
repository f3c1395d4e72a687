"""Numbers, ids and the codes on paper."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.ids import case_number, find_slot, is_case_number, mod_11_2, number_in, progress_url, uuid7
from contract.person import id_number_fault, masked, uscc_fault


def test_uuid7_is_version_7_and_sorts_by_time() -> None:
    first, second = uuid7(1_700_000_000_000, bytes(10)), uuid7(1_700_000_000_001, bytes(10))
    assert uuid.UUID(first).version == 7 and uuid.UUID(first).variant == uuid.RFC_4122 and first < second


@given(st.integers(min_value=1, max_value=10**8 - 1), st.integers(0, 14), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(sequence: int, place: int, shift: int) -> None:
    number = case_number("330281", sequence)
    assert is_case_number(number)
    at = place if place < 6 else place + 1
    if at < 15 and number[at].isdigit():
        wrong = number[:at] + str((int(number[at]) + shift) % 10) + number[at + 1 :]
        assert not is_case_number(wrong)


def test_the_check_character_is_the_one_of_the_textbook_number() -> None:
    assert mod_11_2("11010519491231002") == "X"
    assert id_number_fault("11010519491231002X", date(2026, 1, 1)) is None
    assert id_number_fault("932682198501010017", date(2026, 1, 1)) is None
    assert id_number_fault("110105194912310021", date(2026, 1, 1)) == "check"
    assert id_number_fault("11010519491331002X", date(2026, 1, 1)) == "date"
    assert id_number_fault("11010519491231002x", date(2026, 1, 1)) == "characters"


def test_s22_credit_codes() -> None:
    assert uscc_fault("91110000600037341L") is None and uscc_fault("91350100M000100Y43") is None
    assert uscc_fault("91110000600037341A") == "check" and uscc_fault("9111000060003734IL") == "characters"


def test_what_a_barcode_scanner_reads_gives_the_number() -> None:
    number = case_number("330281", 4317)
    url = progress_url("https://example.invalid/", number, "c1")
    assert url.isascii() and number_in(url) == number == number_in(f" {number}\r\n")
    assert number_in(f"TB1:{number}:form:1") == number and number_in("6901234567892") is None
    slot = find_slot(f"TB1:{number}:form:2")
    assert slot is not None and (slot.material, slot.page, str(slot)) == ("form", 2, f"TB1:{number}:form:2")
    assert find_slot("TB1:330281-00004317-0:form:1") is None or is_case_number("330281-00004317-0")


@pytest.mark.parametrize(("number", "shown"), [("11010519491231002X", "110105********002X"), ("E1234", "***34")])
def test_masking(number: str, shown: str) -> None:
    assert masked(number) == shown
