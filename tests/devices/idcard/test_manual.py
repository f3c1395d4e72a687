"""Identity typed by the clerk."""

from __future__ import annotations

from datetime import date

import pytest

from contract.person import Document
from contract.problem import Problem
from devices.catalogue import open_host
from devices.idcard import Reader
from devices.idcard.drivers.manual.driver import document_of

TODAY = date(2025, 6, 30)
TEXTBOOK = "11010519491231002X"
TYPED = {"document_type": "temporary_card", "name": "试样", "number": TEXTBOOK, "reason": "原证遗失"}


def test_through_the_worker() -> None:
    with open_host("idcard/manual", patience=20) as host:
        reader = Reader(host)
        document = reader.read(**TYPED, nation="汉族", address="")
        assert document.source == "manual"
        assert document.document_type is Document.TEMPORARY_CARD
        assert (document.name, document.sex, document.nation) == ("试样", "女", "汉")
        assert document.birth_date == date(1949, 12, 31)
        assert document.number_valid and document.reason == "原证遗失"
        assert document.sam_number == "" and document.photo_raw == ""
        with pytest.raises(Problem) as raised:
            reader.read()
        assert raised.value.code == "idcard.absent"
        assert reader.status()["reachable"]


def test_a_wrong_check_character_is_said_and_not_refused() -> None:
    document = document_of(TYPED | {"number": "110105194912310021"}, TODAY)
    assert not document.number_valid and document.number == "110105194912310021"
    assert document.birth_date is None and document.sex == ""


def test_a_birth_date_that_contradicts_the_number() -> None:
    assert not document_of(TYPED | {"birth_date": "1949-12-30"}, TODAY).number_valid


def test_a_lower_case_x_and_spaces_are_put_right() -> None:
    assert document_of(TYPED | {"number": "110105 19491231 002x"}, TODAY).number == TEXTBOOK


def test_a_number_of_15_digits_is_lengthened_and_kept() -> None:
    document = document_of(TYPED | {"document_type": "household_book", "number": "110105491231002"}, TODAY)
    assert (document.number, document.previous_number) == (TEXTBOOK, "110105491231002")
    assert document.number_valid


def test_a_passport() -> None:
    typed = {
        "document_type": "passport",
        "name_latin": "SPECIMEN ANNA",
        "number": "e00000000",
        "nationality": "DEU",
        "sex": "女",
        "birth_date": "1990-01-31",
        "valid_until": "20300131",
        "reason": "护照",
    }
    document = document_of(typed, TODAY)
    assert (document.number, document.number_valid) == ("E00000000", True)
    assert (document.birth_date, document.valid_until) == (date(1990, 1, 31), date(2030, 1, 31))
    assert document.name == "" and document.name_latin == "SPECIMEN ANNA"


def test_long_term() -> None:
    document = document_of(TYPED | {"valid_until": "长期"}, TODAY)
    assert document.long_term and document.valid_until is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": ""}, "idcard.incomplete"),
        ({"number": ""}, "idcard.incomplete"),
        ({"reason": ""}, "idcard.incomplete"),
        ({"document_type": "resident"}, "idcard.bad_document_type"),
        ({"document_type": "driving_licence"}, "idcard.bad_document_type"),
        ({"birth_date": "1949-02-31"}, "idcard.bad_date"),
        ({"birth_date": "2049-01-01"}, "idcard.bad_date"),
        ({"valid_from": "tomorrow"}, "idcard.bad_date"),
        ({"sex": "x"}, "idcard.bad_field"),
        ({"nation": "无"}, "idcard.bad_field"),
        ({"colour": "red"}, "idcard.bad_field"),
    ],
)
def test_what_cannot_stand_is_refused_without_repeating_it(change: dict[str, str], code: str) -> None:
    with pytest.raises(Problem) as raised:
        document_of(TYPED | change, TODAY)
    assert raised.value.code == code
    assert not any(value in repr(raised.value.facts) for value in (TEXTBOOK, "试样", "原证遗失"))


def test_private_use_is_flagged() -> None:
    assert document_of(TYPED | {"name": "林\ue863"}, TODAY).has_private_use
