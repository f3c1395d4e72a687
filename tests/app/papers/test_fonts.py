"""Which font draws which character, and that none is ever dropped."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.papers import fonts
from app.papers.fonts import Chain, find_font_file, font_for, has_glyph, runs, text_width
from contract.problem import Problem

pytestmark = [pytest.mark.needs("font:LXGW WenKai"), pytest.mark.needs("font:WenQuanYi Zen Hei")]


def test_each_character_goes_to_the_first_font_that_has_it() -> None:
    found = {run.font: run.text for run in runs("张𠮷𮧵", Chain.RECEIPT)}
    assert found == {"WenQuanYi Zen Hei": "张", "HanaMinA": "𠮷", "HanaMinB": "𮧵"}


@pytest.mark.parametrize("chain", Chain)
@pytest.mark.parametrize("character", "𠮷䶮㛃𬭩𫖯𬱖鿦㕓䲟𨭎\U00030ede")
def test_the_rare_characters_of_names_are_drawn(chain: Chain, character: str) -> None:
    font = font_for(character, chain)
    assert font is not None and has_glyph(font, character)


@pytest.mark.parametrize("character", ["\ue863", "\U000f0000", "\U00031350", "\x07"])
def test_what_no_font_has_is_boxed_with_its_code(character: str) -> None:
    found = runs(f"王{character}五", Chain.A4)
    assert [(run.text, run.boxed) for run in found] == [
        ("王", False),
        (f"[U+{ord(character):04X}]", True),
        ("五", False),
    ]


def test_private_use_is_boxed_even_where_a_font_draws_something_there() -> None:
    drawn = [code for code in range(0xE000, 0xF900) for font in ("HanaMinA",) if has_glyph(font, chr(code))]
    assert all(font_for(chr(code), Chain.A4) is None for code in (*drawn, 0xE000, 0xE863))


def test_a_boxed_character_takes_room() -> None:
    assert text_width("王\ue863", 10, Chain.A4) > text_width("王", 10, Chain.A4) + 10


def test_the_punctuation_and_signs_that_papers_use_are_there() -> None:
    signs = "，。、；：？！（）〔〕《》【】“”‘’…—·％￥℃№①＿　–〇"
    for chain in Chain:
        assert not [sign for sign in signs if font_for(sign, chain) is None]


def test_a_font_that_is_not_installed_is_a_problem_with_its_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(fonts, "_font_files", dict)
    assert find_font_file("LXGW WenKai") is None
    with pytest.raises(Problem) as raised:
        fonts.loaded.__wrapped__("HanaMinB")
    assert raised.value.code == "papers.font_missing"
    assert raised.value.facts == {"font": "HanaMinB", "package": "fonts-hanazono"}


def test_the_widths_at_a_fonts_tail_are_in_font_units() -> None:
    """Glyphs after the last full entry of hmtx share its width, 1024 in HanaMin and not 1000."""
    face = fonts.loaded("HanaMinB").face
    assert {width for width, _ in face.hmetrics[-100:]} == {1024}  # type: ignore[attr-defined]
