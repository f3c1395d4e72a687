"""Finding a matter (事项) from one field: characters, pinyin, initials, code, or any mixture of them.

Every name is a row of units: a character with its readings, an English word, a letter or digit of the code. What was
typed matches from some unit on when each unit in turn gives up its character or the beginning of one of its readings,
so that 食品, shipin, spjyxk, shipjy, 食品jyxk and a half-typed last syllable are all one rule. Only where nothing
matches so may units be left out between (食品许可, spxk).

The index lies in the store (`app.store.catalogue`). Up to four letters or characters are one word of it in every
spelling that the rule allows, so that most of what is ever typed is one look-up; longer full pinyin and initials are
beginnings of words. What the index cannot say by itself, mixtures above all, it narrows, and the rule decides.

A word of the index begins with a digit: 0 to 2 for what begins a name, stands in it, or is a keyword, English or the
code; 3 to 5 and 6 to 8 for full pinyin and for initials from there to the end of the name, by the same three; 9 for a
whole name or code.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import islice
from typing import Any, Final

from pypinyin import Style, lazy_pinyin, pinyin

from app.store.catalogue import Indexed, Named, Shelf
from contract.matter import Matter

SHORT: Final = 4  # letters or characters that are one word of the index in every spelling
LONG: Final = 16  # letters of a word of the index at most
READINGS: Final = 2  # how many of a character's readings besides the one its word gives it
WORDS: Final = 8  # words of one search that count
CANDIDATES: Final = 200  # matters that the rule is held against, where the index can only narrow
NARROWED: Final = 1  # stretches of letters by which it narrows besides the first
FAVOURITES: Final = 24  # of what is used here, as many may come first
LONGEST_READING: Final = 6  # letters: zhuang

_START, _INSIDE, _BESIDE = range(3)
_TIERS: Final = (_START, _INSIDE, _BESIDE)
_FULL, _INITIALS, _EXACT = 3, 6, 9


@dataclass(frozen=True)
class Unit:
    """One step of a name: the character (empty for an English word) and its readings in plain letters."""

    character: str
    readings: tuple[str, ...] = ()

    @cached_property
    def heads(self) -> str:
        """What may be typed first of it."""
        return self.character + "".join(reading[0] for reading in self.readings)


Name = tuple[Unit, ...]


class Search:
    """Finding on one shelf. May be used by any thread."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def refresh(self) -> int:
        """Put into the index whatever it does not have yet. Returns how many matters that was."""
        fresh = self._shelf.not_indexed()
        if fresh:
            self._shelf.put_into_index(indexed(matter) for matter in fresh)
        return len(fresh)

    def find(self, text: str, limit: int = 20, used: Mapping[str, float] | None = None) -> tuple[str, ...]:
        """Codes of the matters that match every word of the text, best first: exact, then the most used, then those
        whose names begin with it, then by the shortest name.

        Args:
            text: What was typed; empty lists the most used, then the shortest names.
            limit: How many at most.
            used: How recently and how often each code was used here, as one number; the higher comes first.
        """
        typed = [word for word in (plain(part) for part in text.split()) if word][:WORDS]
        used = used or {}
        favourites = sorted(used, key=lambda code: -used[code])[:FAVOURITES]
        if limit <= 0:
            return ()
        with self._shelf.looking():
            return self._found(typed, limit, favourites)

    def _found(self, typed: Sequence[str], limit: int, favourites: Sequence[str]) -> tuple[str, ...]:
        if not typed:
            there = {named.code for named in self._shelf.named(favourites)}
            first = [code for code in favourites if code in there]
            return _chosen(limit, first, (named.code for named in self._shelf.first(limit)))
        whole = "".join(typed)  # a whole name is the shortest that begins so: it is first by itself, but for favourites
        asked = favourites or len(typed) > 1 or any(map(str.isdigit, whole))
        exact = [named.code for named in self._shelf.look_up(f'"{_EXACT}{whole}"', 1)] if asked else []
        codes, fits = self._without_gaps(typed, limit), _is_given
        if not codes:
            codes, fits = self._scattered(typed, limit), _is_scattered
        first = self._first_of(favourites, typed, fits) if codes else []
        return _chosen(limit, exact, first, codes)

    def _without_gaps(self, typed: Sequence[str], limit: int) -> list[str]:
        """What the index says by itself; only where that is nothing, mixtures."""
        return self._in_index(typed, limit) or self._narrowed(typed, limit)

    def _first_of(self, codes: Sequence[str], typed: Sequence[str], fits: Fits) -> list[str]:
        """Those of the codes that match, in their order."""
        if not codes:
            return []
        there = {named.code: named for named in self._shelf.named(codes)}
        return [code for code in codes if code in there and _matches(there[code], typed, fits)]

    def _in_index(self, typed: Sequence[str], limit: int) -> list[str]:
        """What the index says by itself: several words at once; one word by the best of what it may be first."""
        asked = [_asked(word) for word in typed]
        if None in asked:
            return []
        if len(asked) > 1:
            words = " AND ".join(f"({' OR '.join(f'({each})' for each in ways or ())})" for ways in asked)
            return self._checked(words, typed, limit)
        found: dict[str, None] = {}
        for words in asked[0] or ():
            if len(found) < limit:
                found.update(dict.fromkeys(self._checked(words, typed, limit)))
        return list(found)[:limit]

    def _checked(self, words: str, typed: Sequence[str], limit: int) -> list[str]:
        """What the index finds; what is longer than its words is held against the rule."""
        if all(len(word) <= (LONG if word.isascii() else SHORT) for word in typed):
            return [named.code for named in self._shelf.look_up(words, limit)]
        return _fitting(self._shelf.look_up(words, limit * 2), typed, _is_given, limit)

    def _narrowed(self, typed: Sequence[str], limit: int) -> list[str]:
        """Mixtures: the index narrows, the rule decides."""
        words = " AND ".join(filter(None, map(_necessary, typed)))
        found = self._shelf.look_up(words, CANDIDATES) if words else []
        return _fitting(found, typed, _is_given, limit)

    def _scattered(self, typed: Sequence[str], limit: int) -> list[str]:
        """Units left out between: 食品许可, spxk for 食品经营许可. Looked for only where nothing fits without a gap.
        Among very many matters not each of them is looked at."""
        if all(len(word) < 2 for word in typed):
            return []
        for narrow in (_by_initials, _by_beginning):
            words = " AND ".join(filter(None, map(narrow, typed)))
            looked = self._shelf.look_up(words, CANDIDATES) if words else []
            if found := _fitting(looked, typed, _is_scattered, limit):
                return found
        return []


Fits = Callable[[str, Sequence[Name]], bool]


def index(shelf: Shelf) -> Search:
    """A search over a shelf, with all of it in the index."""
    search = Search(shelf)
    search.refresh()
    return search


def indexed(matter: Matter) -> Indexed:
    """What of a matter goes into the index."""
    names = tuple(_rows(matter))
    words = {f"{_EXACT}{plain(matter.name)}", f"{_EXACT}{plain(matter.code)}"}
    for number, row in enumerate(names):
        for start, unit in enumerate(row):
            if unit.character or unit.readings:
                tier = _BESIDE if number else _INSIDE if start else _START
                words |= {f"{tier}{token}" for token in _tokens(row[start : start + SHORT])}
                if full := _full(row, start):
                    words |= {f"{_FULL + tier}{full}", f"{_INITIALS + tier}{_initials(row, start)}"}
    return Indexed(matter.code, len(names[0]), _written(names), " ".join(sorted(words)))


def is_named(name: str, typed: str) -> bool:
    """Whether a name is meant by what was typed, by the same rule: its characters, pinyin or initials, without gaps."""
    words, row = [word for word in (plain(part) for part in typed.split()) if word], units(name)
    return bool(words) and all(_is_given(word, (row,)) for word in words)


# --- what is asked of the index ---------------------------------------------------------------------------------------


def _chosen(limit: int, *lists: Iterable[str]) -> tuple[str, ...]:
    """The first of several lists, each code once."""
    chosen: dict[str, None] = {}
    for codes in lists:
        for code in codes:
            if len(chosen) >= limit:
                break
            chosen[code] = None
    return tuple(chosen)


def _asked(word: str) -> tuple[str, ...] | None:
    """A typed word as expressions of the index, the better way first; None where it needs the rule: a mixture."""
    is_latin = word.isascii()
    if not is_latin and any(c.isascii() and c.isalpha() for c in word):
        return None
    if len(word) <= SHORT:
        return tuple(f'"{tier}{word}"' for tier in _TIERS)
    if is_latin:
        begins = f'{word[:LONG]}" *'
        return tuple(" OR ".join(f'"{kind + tier}{begins}' for tier in _TIERS) for kind in (_FULL, _INITIALS))
    starts = dict.fromkeys((*range(0, len(word) - SHORT, SHORT), len(word) - SHORT))
    return (" AND ".join(_anywhere(word[at : at + SHORT]) for at in starts),)


def _anywhere(token: str) -> str:
    return f"({' OR '.join(f'{chr(34)}{tier}{token}{chr(34)}' for tier in _TIERS)})"


def _runs_typed(word: str) -> list[str]:
    """A typed word as stretches of Latin letters and of everything else."""
    runs: list[str] = []
    for c in word:
        latin = c.isascii() and c.isalpha()
        if runs and (runs[-1][-1].isascii() and runs[-1][-1].isalpha()) == latin:
            runs[-1] += c
        else:
            runs.append(c)
    return runs


def _necessary(word: str) -> str:
    """What every matter has that gives up a word: each stretch begins at some unit, and within a long stretch of
    letters a unit begins at least once in as many letters as the longest reading has."""
    asked = []
    for run in _runs_typed(word):
        asked.append(_anywhere(run[:SHORT]))
        if run.isascii() and run.isalpha():
            for at in range(1, len(run) - SHORT - LONGEST_READING + 2, LONGEST_READING)[:NARROWED]:
                starts = range(at, at + LONGEST_READING)
                asked.append(f"({' OR '.join(_anywhere(run[start : start + SHORT]) for start in starts)})")
        else:
            asked += [_anywhere(run[at : at + SHORT]) for at in range(1, len(run) - SHORT + 1)]
    return " AND ".join(asked)


def _by_initials(word: str) -> str:
    """Each letter or character begins a unit somewhere."""
    return " AND ".join(_anywhere(c) for c in dict.fromkeys(word))


def _by_beginning(word: str) -> str:
    """The first letter and every character begin units somewhere."""
    return " AND ".join(_anywhere(c) for n, c in enumerate(word) if n == 0 or not c.isascii())


# --- the rule ---------------------------------------------------------------------------------------------------------


def _matches(named: Named, typed: Sequence[str], fits: Fits) -> bool:
    names = _read(named.units)
    return all(fits(word, names) for word in typed)


def _fitting(found: Iterable[Named], typed: Sequence[str], fits: Fits, limit: int) -> list[str]:
    """Codes of the first that the rule agrees to."""
    return [named.code for named in islice((named for named in found if _matches(named, typed, fits)), limit)]


def _is_given(word: str, names: Sequence[Name]) -> bool:
    return any(
        _follows(word, 0, row, start) for row in names for start, unit in enumerate(row) if word[0] in unit.heads
    )


def _is_scattered(word: str, names: Sequence[Name]) -> bool:
    return any(
        _scattered_over(word, row, start) for row in names for start, unit in enumerate(row) if word[0] in unit.heads
    )


def _written(names: Sequence[Name]) -> str:
    """Names as text, for the index: a line each, a unit each between blanks, its character and its readings."""
    return "\n".join(" ".join("/".join((unit.character, *unit.readings)) for unit in row) for row in names)


@lru_cache(maxsize=1024)
def _read(text: str) -> tuple[Name, ...]:
    return tuple(tuple(_unit(part) for part in line.split(" ")) for line in text.split("\n"))


@lru_cache(maxsize=4096)
def _unit(part: str) -> Unit:
    character, *readings = part.split("/")
    return Unit(character, tuple(readings))


# --- units ------------------------------------------------------------------------------------------------------------


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


def _rows(matter: Matter) -> Iterator[Name]:
    """Its name, and what it is found by besides."""
    yield units(matter.name)
    yield from map(units, matter.keywords)
    if matter.name_en:
        yield units(matter.name_en)
    yield tuple(Unit(character) for character in plain(matter.code))


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


@lru_cache(maxsize=1 << 16)
def _tokens(row: Name) -> frozenset[str]:
    """What begins a few units and is one word of the index: four characters or letters at most, in every spelling."""
    characters = ""
    found = set()
    for unit in row:
        if not unit.character:
            break
        characters += unit.character
        found.add(characters)
    return frozenset(found | _spellings(row, 0, SHORT))


def _full(row: Sequence[Unit], start: int) -> str:
    """The first readings from a unit on; empty where it has none."""
    if not row[start].readings and not row[start].character.isascii():
        return ""
    found = ""
    for unit in row[start:]:
        found += unit.readings[0] if unit.readings else unit.character
        if len(found) >= LONG:
            break
    return found[:LONG]


def _initials(row: Sequence[Unit], start: int) -> str:
    """The first letters from a unit on."""
    return "".join(unit.readings[0][0] if unit.readings else unit.character for unit in row[start : start + LONG])


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
