"""Finding a matter (事项) from one field: characters, pinyin, initials, code, or any mixture of them.

Every name is a row of units: a character with its readings, an English word, a letter or digit of the code. What was
typed matches from some unit on when each unit in turn gives up its character or the beginning of one of its readings,
so that 食品, shipin, spjyxk, shipjy, 食品jyxk and a half-typed last syllable are all one rule. One to four characters
or letters of every place are kept as tokens; longer input narrows by its first token and is then followed unit by
unit. Places are numbered in the order in which they should be shown, so the first that match are the best.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pypinyin import Style, lazy_pinyin, pinyin

from contract.matter import Matter

LONGEST = 4  # characters in a token
READINGS = 2  # how many of a character's readings besides the one its word gives it

_NAME, _KEYWORD, _ENGLISH, _CODE = range(4)


@dataclass(frozen=True)
class Unit:
    """One step of a name: the character (empty for an English word) and its readings in plain letters."""

    character: str
    readings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Place:
    matter: int
    units: Sequence[Unit]
    start: int


class Search:
    """The index over some thousands of matters at most, in memory. Made by `index`."""

    def __init__(
        self, matters: Sequence[Matter], places: Sequence[_Place], tokens: Mapping[str, Sequence[int]]
    ) -> None:
        self._matters = matters
        self._places = places
        self._tokens = tokens
        self._numbers = {matter.code: number for number, matter in enumerate(matters)}
        self._exact = {plain(matter.code): number for number, matter in enumerate(matters)}
        self._exact |= {plain(matter.name): number for number, matter in enumerate(matters)}

    def find(self, text: str, limit: int = 20, used: Mapping[str, float] | None = None) -> tuple[Matter, ...]:
        """The matters that match every word of the text, best first: exact, then the most used, then by place.

        Args:
            text: What was typed; empty lists the most used, then all in the order of the pack.
            limit: How many at most.
            used: How recently and how often each code was used here, as one number; the higher comes first.
        """
        used = used or {}
        words = [word for word in (plain(part) for part in text.split()) if word]
        often = sorted((code for code in used if code in self._numbers), key=lambda code: -used[code])
        first = [self._numbers[code] for code in often]
        if not words:
            order = [*first, *range(len(self._matters))]
            return tuple(self._matters[number] for number in list(dict.fromkeys(order))[:limit])
        found = dict.fromkeys(self._matching(words[0]))
        for word in words[1:]:
            also = set(self._matching(word))
            found = {number: None for number in found if number in also}
        exact = self._exact.get("".join(words))
        order = [number for number in first if number in found]
        order = [*([exact] if exact is not None else []), *order, *found]
        return tuple(self._matters[number] for number in list(dict.fromkeys(order))[:limit])

    def _matching(self, word: str) -> Iterator[int]:
        """The matters that match a word, by their best place first; a matter may come more than once."""
        token = _first_token(word)
        for number in self._tokens.get(token, ()):
            place = self._places[number]
            if token == word or _follows(word, 0, place.units, place.start):
                yield place.matter


def index(matters: Iterable[Matter]) -> Search:
    """Build the index. Pure; the order of the matters is the order among equals."""
    matters = tuple(matters)
    places: list[tuple[tuple[int, int, int, int], _Place]] = []
    for number, matter in enumerate(matters):
        for kind, units in _rows(matter):
            for start, unit in enumerate(units):
                if unit.character or unit.readings:
                    rank = (kind, start, len(units), number)
                    places.append((rank, _Place(number, units, start)))
    places.sort(key=lambda ranked: ranked[0])
    tokens: dict[str, list[int]] = {}
    for place_number, (_, place) in enumerate(places):
        for token in _tokens(place.units, place.start):
            tokens.setdefault(token, []).append(place_number)
    return Search(matters, [place for _, place in places], tokens)


def plain(text: str) -> str:
    """What is compared: full width made half, lower case, letters and digits and characters only."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def units(text: str) -> tuple[Unit, ...]:
    """The units of a name: each character with the reading that its word gives it first, then its other common ones.

    A word of Latin letters is one unit with itself as its reading; a digit is its own character.
    """
    found: list[Unit] = []
    for run in _runs(unicodedata.normalize("NFKC", text).lower()):
        if run.isascii():
            found.append(Unit("", (run,)) if run.isalpha() else Unit(run, (run,)))
            continue
        in_words = lazy_pinyin(run, style=Style.NORMAL, errors=_letters)
        alone = pinyin(run, style=Style.NORMAL, heteronym=True, errors=_spelled)
        for character, reading, others in zip(run, in_words, alone, strict=True):
            readings = dict.fromkeys((reading, *others[:READINGS]))
            found.append(Unit(character, tuple(r for r in readings if r.isascii() and r.isalpha())))
    return tuple(found)


def _letters(odd: str) -> Any:
    """Characters that pypinyin does not know stand for themselves, one by one (its type asks for one string)."""
    return list(odd)


def _spelled(odd: str) -> Any:
    return [[character] for character in odd]


def _rows(matter: Matter) -> Iterator[tuple[int, tuple[Unit, ...]]]:
    yield _NAME, units(matter.name)
    for keyword in matter.keywords:
        yield _KEYWORD, units(keyword)
    if matter.name_en:
        yield _ENGLISH, units(matter.name_en)
    yield _CODE, tuple(Unit(character) for character in plain(matter.code))


def _runs(text: str) -> Iterator[str]:
    """Words of Latin letters, single digits, and stretches of everything else that is written."""
    run = ""
    for character in text:
        latin = character.isascii() and character.isalpha()
        joins = run and character.isalnum() and not character.isdigit() and latin == run.isascii() and run[-1].isalpha()
        if run and not joins:
            yield run
            run = ""
        if character.isalnum():
            run += character
    if run:
        yield run


def _tokens(row: Sequence[Unit], start: int) -> set[str]:
    """The tokens that begin at a unit: up to four characters, and up to four letters in every spelling."""
    characters = ""
    found = set()
    for unit in row[start : start + LONGEST]:
        if not unit.character:
            break
        characters += unit.character
        found.add(characters)
    return found | _spellings(row, start, LONGEST)


def _spellings(row: Sequence[Unit], start: int, length: int) -> set[str]:
    """Every string of at most `length` letters that units from `start` on can give up, at least one letter each."""
    if start >= len(row) or length == 0:
        return set()
    found = set()
    for reading in row[start].readings:
        for taken in range(1, min(length, len(reading)) + 1):
            head = reading[:taken]
            found.add(head)
            found |= {head + tail for tail in _spellings(row, start + 1, length - taken)}
    return found


def _first_token(word: str) -> str:
    """The beginning of a word that is sure to be a token: one kind of writing, at most four long."""
    latin = word[0].isascii() and word[0].isalpha()
    end = 1
    while end < min(len(word), LONGEST) and (word[end].isascii() and word[end].isalpha()) == latin:
        end += 1
    return word[:end]


def _follows(word: str, at: int, row: Sequence[Unit], unit: int) -> bool:
    """Whether the rest of a word is given up by the units from `unit` on."""
    if at == len(word):
        return True
    if unit == len(row):
        return False
    step = row[unit]
    if (
        step.character
        and word.startswith(step.character, at)
        and _follows(word, at + len(step.character), row, unit + 1)
    ):
        return True
    for reading in step.readings:
        taken = 0
        while taken < len(reading) and at + taken < len(word) and word[at + taken] == reading[taken]:
            taken += 1
        # the longest piece first: whole syllables are what people type most
        for size in range(taken, 0, -1):
            if _follows(word, at + size, row, unit + 1):
                return True
    return False
