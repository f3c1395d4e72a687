"""The four layouts, against blocks written by offset here, and the rules for numbers."""

from __future__ import annotations

import json
import string
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.person import Document
from contract.problem import Problem
from devices.idcard import IdentityDocument
from devices.idcard.text import (
    NATIONS,
    day_of,
    decode,
    has_private_use,
    icao_check_digit,
    is_number_valid,
    lengthened,
    number_agrees,
)

TODAY = date(2025, 6, 30)
TEXTBOOK = "11010519491231002X"  # GB 11643's own example
ISSUE_KEYS = [
    "document_type",
    "name",
    "name_latin",
    "sex",
    "nation",
    "nationality",
    "birth_date",
    "address",
    "number",
    "issuer",
    "valid_from",
    "valid_until",
    "long_term",
    "has_private_use",
    "sam_number",
]


def block(fields: dict[int, str], padding: str = " ") -> bytes:
    """256 bytes with texts at byte offsets."""
    made = bytearray(padding.encode("utf-16-le") * 128)
    for offset, text in fields.items():
        raw = text.encode("utf-16-le", "surrogatepass")
        made[offset : offset + len(raw)] = raw
    assert len(made) == 256
    return bytes(made)


RESIDENT = {
    0: "试样",
    30: "2",
    32: "01",
    36: "19491231",
    52: "北京市朝阳区试样路1号",
    122: TEXTBOOK,
    158: "试样公安局",
    188: "20200102",
    204: "20400102",
}


def read(fields: dict[int, str], padding: str = " ") -> IdentityDocument:
    return decode(block(fields, padding), today=TODAY)


@pytest.mark.parametrize("padding", [" ", "\0"], ids=["space", "nul"])
def test_resident(padding: str) -> None:
    document = read(RESIDENT, padding)
    assert document == IdentityDocument(
        document_type=Document.RESIDENT,
        name="试样",
        sex="女",
        nation="汉",
        birth_date=date(1949, 12, 31),
        address="北京市朝阳区试样路1号",
        number=TEXTBOOK,
        issuer="试样公安局",
        valid_from=date(2020, 1, 2),
        valid_until=date(2040, 1, 2),
        sex_code="2",
        nation_code="01",
        number_valid=True,
    )


def test_hmt_permit() -> None:
    document = read(
        {
            0: "试样",
            30: "1",
            36: "19900101",
            52: "浙江省宁波市试样路1号",
            122: "810000199001019996",
            158: "试样公安局",
            188: "20210401",
            204: "20260401",
            220: "H12345678",
            238: "02",
            248: "J",
        }
    )
    assert document.document_type is Document.HMT_PERMIT
    assert (document.travel_permit_number, document.issue_count) == ("H12345678", "02")
    assert document.nation == "" and document.sex == "男"
    assert document.valid_until == date(2026, 4, 1)


def test_foreign_2017() -> None:
    document = read(
        {
            0: "SPECIMEN, SAMPLE MIDDLE",
            120: "1",
            122: "KAZ110090123105",
            152: "KAZ",
            158: "试样",
            188: "20180101",
            204: "20271231",
            220: "19901231",
            236: "01",
            240: "1100",
            248: "I",
        }
    )
    assert document.document_type is Document.FOREIGN_2017
    assert document.name == "试样" and document.name_latin == "SPECIMEN, SAMPLE MIDDLE"
    assert (document.nationality, document.birth_date) == ("KAZ", date(1990, 12, 31))
    assert document.number == "KAZ110090123105" and document.number_valid
    assert document.address == "" and document.issuer == ""


def test_foreign_2023_joins_its_long_name_over_the_seam() -> None:
    name = "ABCDEFGHIJ KLMNOPQRST UVWXYZABCDEF GHIJKLMNOP"
    assert name[34] == " " and len(name) == 45, "a space sits at the end of the first part"
    document = read(
        {
            0: "试样",
            30: "1",
            32: "01",
            36: "19850101",
            52: name[:35],
            122: "932682198501010017",
            188: "20240101",
            204: "20340101",
            220: name[35:],
            242: "CAN",
            248: "Y",
            250: "123",
        }
    )
    assert document.document_type is Document.FOREIGN_2023
    assert document.name_latin == name
    assert document.number_valid and not document.suspect
    assert (document.issue_count, document.previous_number, document.nationality) == ("01", "123", "CAN")


def test_long_term_is_said_and_not_guessed() -> None:
    said = read(RESIDENT | {204: "长期    "})
    assert said.long_term and said.valid_until is None
    empty = read(RESIDENT | {204: " " * 8})
    assert not empty.long_term and empty.valid_until is None


def test_a_character_beyond_the_basic_plane_takes_two_units() -> None:
    raw = block(RESIDENT | {0: "王𠮷安"})
    assert raw[2:6] == bytes.fromhex("42D8B7DF")
    document = decode(raw, today=TODAY)
    assert document.name == "王𠮷安" and len(document.name) == 3
    assert not document.has_private_use and not document.name_may_be_cut


def test_a_name_cut_inside_a_pair_is_kept_up_to_there_and_marked() -> None:
    document = read(RESIDENT | {0: "试" * 14 + "\ud842"})
    assert document.name == "试" * 14 + "\ufffd"
    assert document.name_may_be_cut
    json.dumps(document.to_json(), ensure_ascii=False).encode()


def test_a_name_that_fills_its_field_may_be_cut() -> None:
    assert read(RESIDENT | {0: "试" * 15}).name_may_be_cut
    assert not read(RESIDENT | {0: "试" * 14 + " "}).name_may_be_cut


@pytest.mark.parametrize("offset", [0, 52, 158], ids=["name", "address", "issuer"])
def test_private_use_characters_are_kept_and_flagged(offset: int) -> None:
    document = read(RESIDENT | {offset: "林\ue863波"})
    assert "林\ue863波" in (document.name, document.address, document.issuer)
    assert document.has_private_use


def test_private_use_is_what_unicode_says() -> None:
    assert all(has_private_use(c) for c in "\ue000\ue863\uf8ff\U000f0000\U0010fffd")
    assert not any(has_private_use(c) for c in "龿䶮㛃𠮷\uf900\ufffd·")


def test_the_layouts_flag_alone_decides() -> None:
    assert read(RESIDENT | {248: "\0"}).document_type is Document.RESIDENT
    assert read(RESIDENT | {248: "X"}).document_type is Document.RESIDENT


@pytest.mark.parametrize("size", [0, 255, 257, 512])
def test_a_block_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(Problem) as raised:
        decode(bytes(size), today=TODAY)
    assert raised.value.code == "idcard.garbled"


@pytest.mark.parametrize(
    "change",
    [{122: "110105194912310021"}, {36: "19491230"}, {30: "1"}, {122: " " * 18}, {122: "１" * 18}],
    ids=["check", "birth", "sex", "empty", "full-width"],
)
def test_a_number_that_contradicts_itself_or_its_card_is_suspect(change: dict[int, str]) -> None:
    document = read(RESIDENT | change)
    assert document.suspect and not document.number_valid


def test_codes_become_words() -> None:
    assert [read(RESIDENT | {30: code}).sex for code in "0129x"] == ["未知", "男", "女", "未说明", ""]
    assert read(RESIDENT | {32: "56"}).nation == "基诺"
    assert read(RESIDENT | {32: "57"}).nation == ""
    assert len(NATIONS) == 58 and NATIONS["46"] == "德昂"


def test_a_date_that_is_none_is_none() -> None:
    assert read(RESIDENT | {36: "19490231"}).birth_date is None
    assert day_of("２０２００１０１") is None


@given(st.binary(min_size=256, max_size=256))
def test_any_block_is_read_or_refused_and_never_shows_itself(raw: bytes) -> None:
    document = decode(raw, today=TODAY)
    said = document.to_json(photo=True)
    assert IdentityDocument.from_json(json.loads(json.dumps(said))) == document
    assert list(said)[: len(ISSUE_KEYS)] == ISSUE_KEYS
    shown = repr(document) + str(document)
    assert not any(each in shown for each in (document.name, document.address, document.number) if len(each) > 5)


def test_the_photo_is_kept_as_it_is_and_left_out_of_plain_answers() -> None:
    document = decode(block(RESIDENT), b"WLf\0~\0", today=TODAY)
    assert document.photo_raw == "V0xmAH4A"
    assert "photo_raw" not in document.to_json()


def test_repr_shows_two_characters_of_the_number() -> None:
    assert repr(read(RESIDENT)) == "IdentityDocument(resident, …2X, chip)"


def test_what_is_no_document_is_refused() -> None:
    for said in ({}, {"document_type": "resident", "colour": 1}, {"document_type": "x"}):
        with pytest.raises(Problem) as raised:
            IdentityDocument.from_json(said)
        assert raised.value.code == "device.garbled"


@pytest.mark.parametrize(
    ("kind", "number", "valid"),
    [
        (Document.RESIDENT, TEXTBOOK, True),
        (Document.RESIDENT, TEXTBOOK.lower(), False),
        (Document.RESIDENT, "110105194912310021", False),
        (Document.RESIDENT, "110105491231002", False),
        (Document.RESIDENT, "11010520491231002X", False),
        (Document.HMT_PERMIT, TEXTBOOK, False),
        (Document.HMT_PERMIT, "810000199001019996", True),
        (Document.FOREIGN_2023, "932682198501010017", True),
        (Document.FOREIGN_2023, TEXTBOOK, False),
        (Document.FOREIGN_2017, "KAZ110090123105", True),
        (Document.FOREIGN_2017, "KAZ11009012310", False),
        (Document.PASSPORT, "E00000000", True),
        (Document.PASSPORT, "护照", False),
        (Document.TYPED, TEXTBOOK, True),
    ],
)
def test_numbers(kind: Document, number: str, valid: bool) -> None:
    assert is_number_valid(kind, number, TODAY) is valid


def test_old_numbers_are_lengthened() -> None:
    assert lengthened("110105491231002") == TEXTBOOK
    with pytest.raises(ValueError, match="15"):
        lengthened("1" * 14)


def test_the_published_foreigners_number_has_an_icao_check_digit() -> None:
    assert icao_check_digit("KAZ11009012310") == "5"
    assert icao_check_digit(string.ascii_uppercase) == icao_check_digit(string.ascii_uppercase)


def test_a_foreigners_number_agrees_with_the_birth_date() -> None:
    assert number_agrees(Document.FOREIGN_2017, "KAZ110090123105", date(1990, 12, 31), "1")
    assert not number_agrees(Document.FOREIGN_2017, "KAZ110090123105", date(1990, 12, 30), "1")
