"""ESC/POS bytes, read back by a parser of their own, dot for dot; and what status bytes mean."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.problem import Problem
from devices.printer import Standing, require_able
from devices.printer.languages import escpos, png
from devices.printer.languages.escpos import Bitmap
from tests.fakes.escpos_printer import Nonsense, Roll


@st.composite
def bitmaps(draw: st.DrawFn) -> Bitmap:
    width, height = draw(st.integers(1, 60)), draw(st.integers(1, 2100))
    stride = (width + 7) // 8
    seed = draw(st.binary(min_size=1, max_size=40))
    return Bitmap(width, height, (seed * (stride * height // len(seed) + 1))[: stride * height])


@given(bitmaps())
def test_a_receipt_comes_out_dot_for_dot_and_is_cut_after_it(bitmap: Bitmap) -> None:
    """F18: also one that is longer than a band."""
    roll = Roll()
    assert roll.take(b"".join(escpos.parts(bitmap))) == b""
    assert roll.dots(bitmap.stride) == bitmap.rows
    assert roll.cuts == [bitmap.height]
    assert roll.fed == 4


def test_no_band_is_longer_than_a_printers_buffer() -> None:
    bitmap = Bitmap(576, 2500, b"\xff" * 72 * 2500)
    assert [len(band) for band in escpos.bands(bitmap)] == [8 + 72 * 96] * 26 + [8 + 72 * 4]


def test_white_paper_is_hardly_sent() -> None:
    """Over a serial line of 9,600 baud a receipt's dots take a minute and more, most of them white."""
    bitmap = Bitmap(576, 150, bytes(72 * 100) + (b"\x01" + bytes(71)) * 20 + bytes(72 * 30))
    assert [len(band) for band in escpos.bands(bitmap)] == [8 + 96, 8 + 4, 8 + 20, 8 + 30]


def test_the_stand_in_refuses_what_is_no_receipt() -> None:
    with pytest.raises(Nonsense):
        Roll().take("收件凭证".encode("gb18030"))


@given(bitmaps())
def test_a_pbm_is_read_as_it_is(bitmap: Bitmap) -> None:
    data = f"P4\n{bitmap.width} {bitmap.height}\n".encode() + bitmap.rows
    assert escpos.read_pbm(data) == bitmap


@pytest.mark.parametrize(
    "data", [b"", b"P4", b"P4\n8 2\n\x00", b"P4\n8 2\n\x00\x00\x00", b"P4\n0 0\n", b"P1\n1 1\n1", b"P4\nx 1\n\x00"]
)
def test_what_is_no_pbm_is_refused(data: bytes) -> None:
    with pytest.raises(Problem) as raised:
        escpos.read_pbm(data)
    assert raised.value.code == "printer.wrong_document"


ALL_WELL: dict[int, int | None] = {1: 0x12, 2: 0x12, 3: 0x12, 4: 0x12}


@pytest.mark.parametrize(
    ("said", "standing"),
    [
        ({}, Standing.OK),
        ({4: 0x1E}, Standing.NEAR_END),
        ({4: 0x72}, Standing.OUT_OF_PAPER),
        ({2: 0x32, 1: 0x1A}, Standing.OUT_OF_PAPER),
        ({2: 0x16, 1: 0x1A}, Standing.COVER_OPEN),
        ({2: 0x36, 4: 0x7E, 1: 0x1A}, Standing.OUT_OF_PAPER),
        ({3: 0x1A}, Standing.JAM),
        ({3: 0x32}, Standing.FAULT),
        ({1: 0x1A}, Standing.OFFLINE),
        ({1: None, 2: None, 3: None, 4: None}, Standing.UNKNOWN),
        ({1: None, 2: None, 3: None}, Standing.UNKNOWN),  # there is paper; of the cover nothing was said
        ({1: None}, Standing.UNKNOWN),
        ({1: None, 2: None, 3: None, 4: 0x72}, Standing.OUT_OF_PAPER),
        ({4: 0x00}, Standing.UNKNOWN),  # without the fixed bits it is no answer, and neither "paper" nor "no paper"
        ({4: 0xFF}, Standing.UNKNOWN),
    ],
)
def test_status_bytes(said: dict[int, int | None], standing: Standing) -> None:
    assert escpos.standing_of({**ALL_WELL, **said}).standing is standing


@pytest.mark.parametrize("standing", Standing)
def test_every_standing_either_may_be_tried_or_says_what_to_do(standing: Standing) -> None:
    from devices.printer import ABLE, PrinterState

    if standing in ABLE:
        require_able(PrinterState(standing))
        return
    with pytest.raises(Problem) as raised:
        require_able(PrinterState(standing))
    assert raised.value.code == f"printer.{standing}"


def test_an_answer_to_one_question_is_never_taken_for_the_other() -> None:
    assert not any(escpos.is_status(byte) and escpos.is_confirmation(byte) for byte in range(256))
    assert not any(escpos.is_status(byte) for byte in escpos.CLEARED)


def test_the_png_of_a_bitmap_has_its_dots() -> None:
    bitmap = Bitmap(12, 2, bytes((0b10101010, 0b11110000, 0, 0xF0)))
    data = png.from_bitmap(bitmap)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    start = data.index(b"IDAT") + 4
    rows = zlib.decompress(data[start : data.index(b"IEND") - 8])
    assert rows == bytes((0, 0b01010101, 0b00001111, 0, 0xFF, 0x0F))
