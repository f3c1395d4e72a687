"""Two things happen to one draft at once: pages come from the scanner while the clerk types. Neither may be lost.

Whoever changes a draft had it as it was a moment ago. Only what they changed goes into what is stored meanwhile: by
matter, by field, by answer, by material and by page. A page is never dropped because somebody did not know of it yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from app.flow.draft import Begun, Draft, brought_up
from contract.material import CaseMaterial, Page, Source, Trust

T = TypeVar("T")
BY_KEY = ("answers", "sources", "conflicts")
AS_SETS = ("own", "foreign_pages")
OF_PAGES = ("source", "library", "trust", "verified")  # of a material: what is said about the pages that are in it


def merged(base: Draft, stored: Draft, mine: Draft, explicit: Collection[str] = ()) -> Draft:
    """`stored` with what changed from `base` to `mine`; where both changed the same, mine holds.

    Args:
        explicit: Fields that were set on purpose: they hold even where `base` said the same already.
    """
    apart = {*Begun.model_fields, "others", "revision"}
    changes = {
        name: getattr(mine, name)
        for name in Draft.model_fields
        if name not in apart and (name in explicit or getattr(mine, name) != getattr(base, name))
    }
    front = _code(mine) if _code(mine) != _code(base) else _code(stored)
    had, have, want = _by_matter(base), _by_matter(stored), _by_matter(mine)
    found = {code: _begun(had.get(code), have.get(code), want.get(code)) for code in {**have, **want}}
    set_here = {name: getattr(mine, name) for name in explicit if name in _WHOLE}
    found[_code(mine)] = found[_code(mine)].model_copy(update=set_here)
    in_front = found.pop(front)
    found.pop("", None)  # what was said before any matter was chosen
    return brought_up(stored.model_copy(update={**changes, "matter": None, "others": found}), in_front)


_WHOLE = tuple(name for name in Begun.model_fields if name not in (*BY_KEY, *AS_SETS, "materials", "matter"))


def _code(draft: Begun) -> str:
    return draft.matter[0] if draft.matter else ""


def _by_matter(draft: Draft) -> dict[str, Begun]:
    return {**draft.others, _code(draft): Begun(**{name: getattr(draft, name) for name in Begun.model_fields})}


def _begun(base: Begun | None, stored: Begun | None, mine: Begun | None) -> Begun:
    if stored is None or mine is None:
        found = mine or stored
        assert found is not None
        return found
    if stored == base:
        return mine
    if mine == base:
        return stored
    base = base or Begun(matter=mine.matter)
    changes: dict[str, Any] = {name: getattr(mine, name) for name in _WHOLE if _differ(name, mine, base)}
    for name in BY_KEY:
        changes[name] = _keyed(getattr(base, name), getattr(stored, name), getattr(mine, name))
    for name in AS_SETS:
        changes[name] = _gathered(getattr(base, name), getattr(stored, name), getattr(mine, name))
    changes["materials"] = tuple(_materials(base.materials, stored.materials, mine.materials))
    return stored.model_copy(update=changes)


def _differ(name: str, one: Any, other: Any) -> bool:
    return bool(getattr(one, name) != getattr(other, name))


def _keyed(base: Mapping[str, T], stored: Mapping[str, T], mine: Mapping[str, T]) -> dict[str, T]:
    """Entry by entry, in the order of what is stored."""
    found = {}
    for key in (*stored, *mine):
        is_mine = (key in mine, mine.get(key)) != (key in base, base.get(key))
        source = mine if is_mine else stored
        if key in source:
            found[key] = source[key]
    return found


def _gathered(base: Collection[str], stored: Collection[str], mine: Collection[str]) -> tuple[str, ...]:
    gone = set(base) - set(mine)
    return tuple(
        dict.fromkeys((*(one for one in stored if one not in gone), *(one for one in mine if one not in base)))
    )


def _materials(
    base: Iterable[CaseMaterial], stored: Iterable[CaseMaterial], mine: Iterable[CaseMaterial]
) -> Iterator[CaseMaterial]:
    before, there, here = ({slot.code: slot for slot in slots} for slots in (base, stored, mine))
    for code in dict.fromkeys((*here, *there)):
        was, theirs, ours = before.get(code), there.get(code), here.get(code)
        if theirs is not None and ours is not None:
            yield _slot(was, theirs, ours)
        else:  # one of us never knew of it, or dropped it: not where a page has come into it
            left = theirs or ours
            if left is not None and (was is None or _came(was, left)):
                yield left


def _slot(base: CaseMaterial | None, stored: CaseMaterial, mine: CaseMaterial) -> CaseMaterial:
    base = base or mine.model_copy(update={"pages": ()})
    if stored == base:
        return mine
    if mine == base:
        return stored
    names = [name for name in CaseMaterial.model_fields if name != "pages"]
    both = stored.model_copy(update={name: getattr(mine, name) for name in names if _differ(name, mine, base)})
    came, went_in = _came(base, stored), _came(base, mine)
    if came or went_in:
        # nobody has compared pages that they did not know of, and paper that is here goes before a reference
        decides = stored if came else mine
        if came and went_in and stored.source is Source.LIBRARY:
            decides = mine
        both = both.model_copy(update={name: getattr(decides, name) for name in OF_PAGES})
        if came and went_in and Source.LIBRARY not in (stored.source, mine.source):
            both = both.model_copy(update={"verified": None, "trust": Trust.C})
        if decides.source is not Source.LIBRARY:
            stored, mine = (_without_borrowed(one, base) for one in (stored, mine))
    return both.model_copy(update={"pages": tuple(_pages(base.pages, stored.pages, mine.pages))})


def _without_borrowed(slot: CaseMaterial, base: CaseMaterial) -> CaseMaterial:
    return base if slot.source is Source.LIBRARY else slot


def _came(base: CaseMaterial, after: CaseMaterial) -> bool:
    """Whether pages came into a material."""
    return bool(_named(after.pages).keys() - _named(base.pages).keys())


def _pages(base: Iterable[Page], stored: Iterable[Page], mine: Iterable[Page]) -> Iterator[Page]:
    """In my order, then what else came; a page that one of us moved elsewhere is gone from here."""
    before, there, here = _named(base), _named(stored), _named(mine)
    for name, page in here.items():
        if name in there:
            yield page if page != before.get(name) else there[name]
        elif name not in before:
            yield page
    for name, page in there.items():
        if name not in here and name not in before:
            yield page


def _named(pages: Iterable[Page]) -> dict[tuple[str, int], Page]:
    """By key, and by which of several equal ones."""
    found: dict[tuple[str, int], Page] = {}
    for page in pages:
        found[page.key, sum(key == page.key for key, _ in found)] = page
    return found
