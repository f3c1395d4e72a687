"""Two things happen to one draft at once: pages come from the scanner while the clerk types. Neither may be lost."""

from __future__ import annotations

from app.flow.draft import Draft
from contract.material import CaseMaterial


def merged(base: Draft, theirs: Draft, mine: Draft) -> Draft:
    """`mine` with what changed from `base` to `theirs`. Where both changed a field, theirs holds; materials by slot."""
    if mine is base or mine == base:
        return theirs
    changed = {
        name: getattr(theirs, name)
        for name in Draft.model_fields
        if name != "materials" and getattr(theirs, name) != getattr(base, name)
    }
    changed["materials"] = _materials(base.materials, theirs.materials, mine.materials)
    return mine.model_copy(update=changed)


def _materials(
    base: tuple[CaseMaterial, ...], theirs: tuple[CaseMaterial, ...], mine: tuple[CaseMaterial, ...]
) -> tuple[CaseMaterial, ...]:
    if theirs == base:
        return mine
    if mine == base:
        return theirs
    before = {slot.code: slot for slot in base}
    here = {slot.code: slot for slot in mine}
    found = []
    for slot in theirs:
        own = here.pop(slot.code, None)
        if own is None or own == before.get(slot.code):
            found.append(slot)
        elif slot == before.get(slot.code):
            found.append(own)
        else:
            found.append(_slot(before.get(slot.code), slot, own))
    codes = {slot.code for slot in theirs}
    return (*found, *(own for own in here.values() if own.code not in codes and (own.pages or own.code not in before)))


def _slot(base: CaseMaterial | None, theirs: CaseMaterial, mine: CaseMaterial) -> CaseMaterial:
    """Both touched the slot: what else changed is theirs or mine, and every page that either added is there."""
    was = {page.key for page in base.pages} if base else set()
    have = {page.key for page in theirs.pages}
    added = [page for page in mine.pages if page.key not in was and page.key not in have]
    removed = was - {page.key for page in mine.pages}
    pages = tuple(page for page in theirs.pages if page.key not in removed)
    changes = {
        name: getattr(mine, name)
        for name in CaseMaterial.model_fields
        if name != "pages" and base is not None and getattr(theirs, name) == getattr(base, name)
    }
    return theirs.model_copy(update={**changes, "pages": (*pages, *added)})
