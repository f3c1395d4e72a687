"""Finding a matter (事项) from one field: characters, pinyin, initials, code, or any mixture of them.

Every name is a row of units: a character with its readings, an English word, a letter or digit of the code. What was
typed matches from some unit on when each unit in turn gives up its character or the beginning of one of its readings,
so that 食品, shipin, spjyxk, shipjy, 食品jyxk and a half-typed last syllable are all one rule. Only where nothing
matches so may units be left out between (食品许可, spxk).

The rows, from every unit on, are kept in a tree that shares what they have in common, and what is one or two letters
long (most of what is ever typed, and what matches most) is looked up whole. Places are numbered in the order in which
they should be shown.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

from pypinyin import Style, lazy_pinyin, pinyin

from contract.matter import Matter

LONGEST = 2  # letters or characters that are looked up whole
BUCKET = 4  # places that are followed one by one rather than divided further
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


class _Branch:
    """The places whose rows begin alike, divided by their next unit: under its character and its first letters."""

    __slots__ = ("divided", "next", "places")

    def __init__(self, numbers: Sequence[int], places: Sequence[_Place], depth: int = 0) -> None:
        self.places = numbers
        self.next: dict[str, list[tuple[Unit, _Branch]]] = {}
        self.divided = len(numbers) > BUCKET
        if not self.divided:
            return
        divided: dict[Unit, list[int]] = {}
        for number in numbers:
            place = places[number]
            if place.start + depth < len(place.units):
                divided.setdefault(place.units[place.start + depth], []).append(number)
        for unit, below in divided.items():
            branch = _Branch(below, places, depth + 1)
            for key in {unit.character, *(reading[0] for reading in unit.readings)} - {""}:
                self.next.setdefault(key, []).append((unit, branch))


class Search:
    """The index over some thousands of matters at most, in memory. Made by `index`."""

    def __init__(self, matters: Sequence[Matter], places: Sequence[_Place]) -> None:
        self._matters = matters
        self._places = places
        self._root = _Branch(range(len(places)), places)
        self._whole: dict[str, dict[int, None]] = {}
        for place in places:
            for token in _tokens(place.units, place.start):
                self._whole.setdefault(token, {})[place.matter] = None
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
        found: Mapping[int, None] = dict.fromkeys(range(len(self._matters))) if not words else {}
        for place, word in enumerate(words):
            matching = self._matching(word)
            found = {number: None for number in found if number in matching} if place else matching
        first = [self._numbers[code] for code in used if self._numbers.get(code, -1) in found]
        first.sort(key=lambda number: -used[self._matters[number].code])
        exact = self._exact.get("".join(words))
        chosen: dict[int, None] = {}
        for number in chain(() if exact is None else (exact,), first, found):
            if len(chosen) >= limit:
                break
            chosen[number] = None
        return tuple(self._matters[number] for number in chosen)

    def _matching(self, word: str) -> Mapping[int, None]:
        """The matters that match a word, each once, by their best place."""
        whole = self._whole.get(word)
        if whole is not None:
            return whole
        reached = self._reached(word, self._root, 0, 0) or self._scattered(word)
        return dict.fromkeys(self._places[number].matter for number in sorted(reached))

    def _reached(self, word: str, branch: _Branch, at: int, depth: int) -> set[int]:
        """The places below a branch that give up the rest of a word."""
        if at == len(word):
            return set(branch.places)
        if not branch.divided:
            places = ((number, self._places[number]) for number in branch.places)
            return {number for number, place in places if _follows(word, at, place.units, place.start + depth)}
        found: set[int] = set()
        for unit, below in branch.next.get(word[at], ()):
            for size in _taken(word, at, unit):
                found |= self._reached(word, below, at + size, depth + 1)
        return found

    def _scattered(self, word: str) -> set[int]:
        """The places that give up a word with units left out between: 食品许可, spxk for 食品经营许可.

        Looked for only where nothing gives it up without a gap, so it may be slower.
        """
        if len(word) < LONGEST:
            return set()
        starts = sorted({number for _, below in self._root.next.get(word[0], ()) for number in below.places})
        first: dict[int, int] = {}
        for number in starts:
            place = self._places[number]
            if _scattered_over(word, place.units, place.start):
                first.setdefault(place.matter, number)
        return set(first.values())


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
    return Search(matters, [place for _, place in places])


def is_named(name: str, typed: str) -> bool:
    """Whether a name is meant by what was typed, by the same rule: its characters, pinyin or initials, without gaps."""
    words, row = [word for word in (plain(part) for part in typed.split()) if word], units(name)
    return bool(words) and all(any(_follows(word, 0, row, start) for start in range(len(row))) for word in words)


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
        for character, reading in zip(run, in_words, strict=True):
            readings = dict.fromkeys((reading, *_alone(character)))
            found.append(Unit(character, tuple(r for r in readings if r.isascii() and r.isalpha())))
    return tuple(found)


def _letters(odd: str) -> Any:
    """Characters that pypinyin does not know stand for themselves, one by one (its type asks for one string)."""
    return list(odd)


@cache
def _alone(character: str) -> tuple[str, ...]:
    """The commonest readings of a character outside any word: 长 zhang, chang; 重 zhong, chong."""
    return tuple(pinyin(character, style=Style.NORMAL, heteronym=True)[0][:READINGS])


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
    """What begins at a unit and is looked up whole: one or two characters, one or two letters in every spelling."""
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


def _follows(word: str, at: int, row: Sequence[Unit], unit: int) -> bool:
    """Whether the rest of a word is given up by the units from `unit` on."""
    if at == len(word):
        return True
    if unit >= len(row):
        return False
    return any(_follows(word, at + size, row, unit + 1) for size in _taken(word, at, row[unit]))


def _scattered_over(word: str, row: Sequence[Unit], start: int) -> bool:
    """Whether the units from `start` on give up a word in order, some of them nothing."""
    reached = set(_taken(word, 0, row[start]))
    for unit in row[start + 1 :]:
        if len(word) in reached:
            return True
        reached |= {at + size for at in reached for size in _taken(word, at, unit)}
    return len(word) in reached


def _taken(word: str, at: int, unit: Unit) -> Iterator[int]:
    """How many letters of a word a unit can give up, the longest first: whole syllables are what people type most."""
    if unit.character and word[at] == unit.character:
        yield 1
        if not unit.readings or unit.readings[0] == unit.character:
            return
    for reading in unit.readings:
        size = 0
        for typed, letter in zip(word[at : at + len(reading)], reading, strict=False):
            if typed != letter:
                break
            size += 1
        yield from range(size, 0, -1)
