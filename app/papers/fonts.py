"""Which font draws which character.

A paper's text is split into runs by asking each font of a chain, character by character, whether it
really has an outline for it. A character that no font has is not dropped and not replaced by something
that looks alike: its run is boxed and shows its code, `[U+E863]`, so that the clerk and the citizen see
that a character is missing. Private-use characters are always boxed: what a font happens to draw there
is an accident, and the wrong character in a name is worse than none.

Fonts come from the system's folders (Debian packages) or from resources/fonts in a packaged copy;
resources/fonts.json says which file carries which font. They are loaded when first needed: HanaMinB
takes a quarter of a second and some 50 MB, and most papers never ask for it.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import unicodedata
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from contract.problem import Problem, Retry

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
BOX_SCALE = 0.62  # size of a boxed code relative to the text around it


class Chain(StrEnum):
    """The order in which fonts are asked. A serif-like Kai for A4, a sans that survives a thermal head for receipts."""

    A4 = "a4"
    RECEIPT = "receipt"


class Run(NamedTuple):
    """A piece of text that one font draws; boxed where no font has the character."""

    font: str
    text: str
    boxed: bool = False


@cache
def _listing() -> dict[str, Any]:
    listing: dict[str, Any] = json.loads((RESOURCES / "fonts.json").read_text("utf-8"))
    return listing


def chain_fonts(chain: Chain) -> tuple[str, ...]:
    """The chain's fonts, first asked first."""
    return tuple(_listing()["chains"][chain])


def font_folders() -> tuple[Path, ...]:
    """Where fonts are looked for: the packaged folder first, then the platform's."""
    home = Path.home()
    folders = [RESOURCES / "fonts"]
    if sys.platform == "win32":
        folders += [Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"]
        folders += [home / "AppData/Local/Microsoft/Windows/Fonts"]
    elif sys.platform == "darwin":
        folders += [home / "Library/Fonts", Path("/Library/Fonts")]
    else:
        folders += [home / ".local/share/fonts", Path("/usr/local/share/fonts"), Path("/usr/share/fonts")]
    return tuple(folders)


@cache
def _font_files() -> dict[str, Path]:
    """Every file in the font folders by lower-case name; the first folder wins."""
    files: dict[str, Path] = {}
    for folder in font_folders():
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            files.setdefault(path.name.lower(), path)
    return files


def find_font_file(font: str) -> Path | None:
    """The file of a font named in resources/fonts.json, or None where it is not installed."""
    for name in _listing()["fonts"][font]["files"]:
        if path := _font_files().get(name.lower()):
            return path
    return None


@cache
def loaded(font: str) -> TTFont:
    """The font, registered with reportlab.

    Raises:
        Problem: papers.font_missing with the font's name and Debian package.
    """
    path = find_font_file(font)
    entry = _listing()["fonts"][font]
    if path is None:
        raise Problem("papers.font_missing", Retry.AFTER_FIX, font=font, package=entry["debian"])
    made = TTFont(font, str(path), subfontIndex=entry["face"], shapable=False)
    _repair_tail_widths(made)
    pdfmetrics.registerFont(made)
    return made


def _repair_tail_widths(font: TTFont) -> None:
    """Glyphs after the last full hmtx entry share its width; reportlab keeps that width scaled to 1000 units per em
    and then writes it as if it were in font units, which is wrong for every font of another scale (HanaMin: 1024)."""
    face: Any = font.face
    count = struct.unpack(">H", face.get_table("hhea")[34:36])[0]
    width = face.hmetrics[count - 1][0]
    face.hmetrics[count:] = [(width, bearing) for _, bearing in face.hmetrics[count:]]


def has_glyph(font: str, character: str) -> bool:
    """Whether the font has an outline for the character (a mapping to nothing or to an empty glyph does not count)."""
    face: Any = loaded(font).face
    glyph = face.charToGlyph.get(ord(character))
    if not glyph:
        return False
    return bool(face.glyphPos[glyph + 1] > face.glyphPos[glyph]) or character.isspace()


@cache
def font_for(character: str, chain: Chain) -> str | None:
    """The first font of the chain that can draw the character, or None. Private use is never drawn."""
    if unicodedata.category(character) in {"Co", "Cs", "Cc"}:
        return None
    return next((font for font in chain_fonts(chain) if has_glyph(font, character)), None)


def runs(text: str, chain: Chain) -> list[Run]:
    """Split text by the font that draws it. Nothing is dropped: joined together, the runs say all that was in it."""
    found: list[Run] = []
    for character in text.replace("\t", " "):
        font = font_for(character, chain)
        if font is None:
            found.append(Run(chain_fonts(chain)[0], f"[U+{ord(character):04X}]", boxed=True))
        elif found and found[-1].font == font and not found[-1].boxed:
            found[-1] = Run(font, found[-1].text + character)
        else:
            found.append(Run(font, character))
    return found


def run_width(run: Run, size: float) -> float:
    """Width in points; a boxed code is set smaller and has a frame."""
    if run.boxed:
        return _width(run.font, run.text, size * BOX_SCALE) + size * 0.2
    return _width(run.font, run.text, size)


def text_width(text: str, size: float, chain: Chain) -> float:
    """Width in points of text set in one line."""
    return sum(run_width(run, size) for run in runs(text, chain))


def _width(font: str, text: str, size: float) -> float:
    return float(loaded(font).stringWidth(text, size))
