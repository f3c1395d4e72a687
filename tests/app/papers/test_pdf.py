"""The sheet: lines, tables, pages, and the corrections of the PDF that other programs read it by."""

from __future__ import annotations

import itertools
import re
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.papers import raster
from app.papers.fonts import Chain, text_width
from app.papers.pdf import MM, NEVER_FIRST, NEVER_LAST, Align, Cell, Column, Sheet, broken, pieces

pytestmark = [pytest.mark.needs("font:LXGW WenKai"), pytest.mark.needs("font:WenQuanYi Zen Hei")]

NAMES = "张𠮷、冯䶮、李㛃、陈𬭩、吴𮧵、赵鿦"


def sheet(chain: Chain = Chain.A4) -> Sheet:
    return Sheet(chain, 210 * MM, 297 * MM, (20 * MM, 20 * MM, 20 * MM, 20 * MM))


@pytest.mark.needs("pdftotext")
@pytest.mark.parametrize("chain", Chain)
def test_rare_characters_come_out_of_pdftotext_right(chain: Chain, text_of: Callable[[bytes], str]) -> None:
    made = sheet(chain)
    made.paragraph(NAMES, 12)
    made.paragraph("缺字：\ue863。", 12)
    said = text_of(made.finish("t", "a"))
    assert NAMES in said
    assert "缺字：[U+E863]。" in said.replace(" ", "")


@pytest.mark.needs("pdftotext")
def test_more_characters_than_one_subset_and_one_block_hold(text_of: Callable[[bytes], str]) -> None:
    """256 codes are one subset, 100 entries one block of its ToUnicode map; both limits are passed, in two fonts."""
    characters = [chr(code) for code in (*range(0x4E00, 0x4E00 + 400), *range(0x20000, 0x20000 + 400))]
    made = sheet()
    made.paragraph("".join(characters), 12)
    said = text_of(made.finish("t", "a"))
    assert "".join(re.sub(r"\s", "", said)) == "".join(characters)


@pytest.mark.needs("pdffonts")
def test_every_font_in_the_file_is_ours_and_embedded() -> None:
    one = sheet()
    one.paragraph(NAMES, 12, bold=True)
    listed = subprocess.run(["pdffonts", "-"], input=one.finish("t", "a"), capture_output=True, check=True).stdout
    lines = listed.decode().splitlines()[2:]
    assert lines and all(re.search(r"yes yes yes", line) for line in lines)
    assert b"Helvetica" not in listed


def test_no_page_carries_a_transition() -> None:
    one = sheet()
    one.new_page()
    assert b"/Trans" not in one.finish("t", "a")


def test_the_same_marks_give_the_same_bytes() -> None:
    def once() -> Sheet:
        one = sheet()
        one.paragraph(NAMES, 12)
        one.footer(lambda page, pages: one.text_at(50, 800, f"{page}/{pages}", 8) and None)
        return one

    assert once().finish("t", "a") == once().finish("t", "a")
    twice = once()
    assert twice.finish("t", "a") == twice.finish("t", "a")


def test_words_and_numbers_stay_whole_and_marks_stay_with_their_character() -> None:
    assert pieces("见《办法》第 12 条：330281-00004317-3。") == [
        "见",
        "《办",
        "法》",
        "第",
        " ",
        "12",
        " ",
        "条：",
        "330281-00004317-3。",
    ]


LINES = st.text(st.sampled_from("一二三四五六七八九十，。（）“”《》、；ab12 -%𠮷\ue863"), min_size=1, max_size=80)


@given(LINES, st.floats(40, 300))
def test_lines_keep_every_character_fit_and_begin_and_end_well(text: str, width: float) -> None:
    lines = broken(text, 10, width, Chain.A4)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    cut = any(text_width(piece, 10, Chain.A4) > width for piece in pieces(text))
    for before, line in itertools.pairwise(lines):
        assert text_width(before, 10, Chain.A4) <= width + 0.02
        if not cut and line:
            assert line[0] not in NEVER_FIRST
            assert before[-1:] not in NEVER_LAST


@pytest.mark.needs("pdftotext")
def test_a_table_repeats_its_heading_on_each_page(text_of: Callable[[bytes], str]) -> None:
    one = sheet()
    columns = (Column("序号", 40, Align.CENTRE), Column("名称", 300))
    one.table(columns, [(str(n), f"第{n}份材料") for n in range(1, 121)], 10)
    pdf = one.finish("t", "a")
    pages = text_of(pdf).split("\f")[:-1]
    assert len(pages) == raster.page_count(pdf) > 2
    assert all("序号" in page and "名称" in page for page in pages)
    assert all(f"第{n}份材料" in text_of(pdf) for n in range(1, 121))


@pytest.mark.needs("pdftotext")
def test_a_row_higher_than_a_page_loses_nothing(text_of: Callable[[bytes], str]) -> None:
    long = "".join(f"第{n}句说明，" for n in range(1, 900))
    one = sheet()
    one.row([Cell("上一行", 480)], 10)
    one.row([Cell("说明", 80), Cell(long, 400)], 10, on_new_page=[Cell("续", 480)])
    one.row([Cell("下一行", 480)], 10)
    pdf = one.finish("t", "a")
    pages = raster.page_count(pdf)
    assert pages > 2
    for number in range(pages):
        ink = raster.page_image(pdf, number, 72).point(lambda grey: 255 - grey).getbbox()
        assert ink is not None and ink[3] <= 842 - 20 * MM + 2
    words = re.sub(r"\s", "", text_of(pdf))
    assert words.count("续") == pages - 1 and words.startswith("上一行") and words.endswith("下一行")
    assert long in words.replace("说明第", "第", 1).replace("续", "")


@given(st.integers(1, 140), st.integers(0, 60))
def test_rows_of_any_height_at_any_place_end(lines: int, above: int) -> None:
    one = sheet()
    for _ in range(above):
        one.paragraph("行", 10)
    heading = [Cell("标题\n标题\n标题\n标题", 480)]
    one.row([Cell("\n".join(["行"] * lines), 480)], 10, on_new_page=heading)
    assert one.page <= 6 and one.y <= one.height_of_page - one.bottom + 0.1


def test_a_roll_is_as_high_as_its_text() -> None:
    heights = []
    for lines in (1, 200):
        roll = Sheet(Chain.RECEIPT, 72 * MM, None, (3, 6, 3, 12))
        for _ in range(lines):
            roll.paragraph("材料", 8.5, leading=13)
        pdf = roll.finish("t", "a")
        assert raster.page_count(pdf) == 1
        heights.append(raster.page_image(pdf, 0, 72).height)
    assert heights == [pytest.approx(18 + 13, abs=2), pytest.approx(18 + 200 * 13, abs=2)]
