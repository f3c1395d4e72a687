"""Chinese stands in the code, English beside it in one file: none missing, none left over, the same facts in both."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from app.problems import printer_words, words_for
from contract.problem import Problem
from devices.printer import Standing
from devices.printer.languages import ipp
from ui.device_words import STANDINGS
from ui.theme import CONTRAST, LIGHT, THEMES, Tokens, legible, style_sheet
from ui.widgets.field import Asked, Field
from ui.widgets.key_button import KeyButton
from ui.widgets.text import Text
from ui.words import RESOURCES, Language, say

UI = Path(__file__).parents[2] / "ui"
NOT_WORDS = {"invented", "screens.py", "demo.py"}  # what they say is invented, or for a terminal
HAN = re.compile("[\u4e00-\u9fff]")
FACT = re.compile(r"{(\w+)[^}]*}")
PUNCTUATION = {"、", "；", "：", "{what}（{more}）"}  # is translated, too
ENGLISH = json.loads((RESOURCES / "translations" / "en.json").read_text("utf-8"))


def chinese(path: Path) -> set[str]:
    """The Chinese texts of a module, its docstrings, patterns and defaults left out."""
    tree = ast.parse(path.read_text("utf-8"))
    left_out: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            first = node.body[0]
            assert isinstance(first, ast.Expr)
            left_out.add(id(first.value))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("re.compile", "parser.add_argument"):
            left_out.update(id(argument) for argument in ast.walk(node))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and HAN.search(node.value)
        and id(node) not in left_out
    }


def test_every_chinese_text_of_the_interface_has_its_english() -> None:
    said: set[str] = set()
    for path in UI.rglob("*.py"):
        if NOT_WORDS.isdisjoint(path.relative_to(UI).parts):
            said |= chinese(path)
    said -= {"（", "）", "、", "。", "："}
    assert sorted(said - ENGLISH.keys()) == []
    assert sorted(ENGLISH.keys() - said - PUNCTUATION) == []


def test_both_languages_take_the_same_facts() -> None:
    facts = {text: (set(FACT.findall(text)), set(FACT.findall(ENGLISH[text]))) for text in ENGLISH}
    assert [text for text, (zh, en) in facts.items() if zh != en] == []


def test_the_language_is_switched_at_run_time(qapp: QApplication, qtbot: Any) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    text, button, field = Text("材料"), KeyButton("扫描", "F4"), Field(Asked("name", "姓名"))
    for part in (text, button, field):
        part.setParent(page)
    language = Language(qapp)
    try:
        language.use("en")
        qtbot.waitUntil(lambda: text.text() == "Materials")
        assert button.accessibleName() == "Scan F4"
        assert field._label.text() == "Name"
        assert say("还差 {count} 项", count=3) == "3 still missing"
        assert say("没有这句话") == "没有这句话"
        assert (say("受理"), say("受理#已"), say("受理#页")) == ("Accept", "Accepted", "Intake")
        assert (say("{count} 页", count=1), say("{count} 页", count=2)) == ("1 page", "2 pages")
    finally:
        language.use("zh")
    qtbot.waitUntil(lambda: text.text() == "材料")
    assert say("受理#已") == "受理" and say("{count} 页", count=1) == "1 页"
    assert button.accessibleName() == "扫描 F4"


def test_a_problem_has_words_in_both_languages_and_an_unknown_one_its_code() -> None:
    problem = Problem("ui.bug", number="A1B2C3")
    assert "A1B2C3" in words_for(problem, "zh").title
    assert "A1B2C3" in words_for(problem, "en").title
    unknown = words_for(Problem("newer.than_us"), "zh")
    assert "newer.than_us" in unknown.title and unknown.remedy


def test_a_printers_own_words_have_ours() -> None:
    known = json.loads((RESOURCES / "printer_words.json").read_text("utf-8"))
    assert {beginning for beginning, _ in ipp._REASONS} == known.keys()
    assert all(words["zh"] and words["en"] for words in known.values())
    assert set(Standing) - STANDINGS.keys() == {Standing.OK, Standing.UNKNOWN}
    assert printer_words("media-empty-error, cover-open, media-empty", "zh") == "缺纸、盖子没合上"
    assert printer_words("media-empty-error, cover-open, media-empty", "en") == "out of paper, cover open"
    assert printer_words("DLE EOT 1: 0x16", "zh") == ""
    said = words_for(Problem("printer.fault", reasons="fuser-over-temp-error"), "zh")
    assert said.remedy.endswith("打印机说：定影部件异常")
    assert words_for(Problem("printer.fault", reasons="vendor-specific"), "zh").remedy.endswith("vendor-specific")
    assert said.whole == f"{said.title}。{said.remedy}"


def test_a_fact_that_the_words_want_and_the_problem_lacks_is_a_dash() -> None:
    assert "—" in words_for(Problem("ui.bug"), "zh").title


# --- how it looks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", THEMES)
def test_every_token_of_the_style_sheet_is_known(name: str) -> None:
    assert "$" not in style_sheet(THEMES[name])


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def pairs(worn: Tokens) -> list[tuple[str, str]]:
    grounds = (worn.surface, worn.bg, worn.weak)
    found = [(ink, ground) for ink in (worn.text, worn.muted) for ground in grounds]
    found += [worn.tone(tone) for tone in ("ok", "warn", "bad", "info")]
    return [*found, (worn.on_accent, worn.accent)]


@pytest.mark.parametrize(("worn", "least"), [(LIGHT, 4.5), (CONTRAST, 7.0)])
def test_text_can_be_told_from_its_ground(worn: Tokens, least: float) -> None:
    poor = [(ink, ground) for ink, ground in pairs(worn) if contrast(ink, ground) < least]
    assert poor == []


def test_a_character_that_no_font_can_draw_shows_its_code() -> None:
    assert legible("\ue863文") == "[E863]文"
    assert legible("陈䶮𠮷") == "陈䶮𠮷"
