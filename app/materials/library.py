"""The shared library (共享库) as this station knows it: what the same citizen gave for an earlier case (S12, S13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.store import Store
from contract.case import State
from contract.material import CaseMaterial, Trust

UNUSABLE = frozenset({State.DRAFT, State.VOIDED})


@dataclass(frozen=True)
class LibraryItem:
    """A material of an earlier case. `reference` is that case's number and the material's code."""

    reference: str
    material: CaseMaterial
    collected_at: datetime

    def __repr__(self) -> str:
        return f"LibraryItem({self.material.code})"

    __str__ = __repr__


def given_before(store: Store, number: str, name: str) -> tuple[LibraryItem, ...]:
    """What someone of this number gave under this name, newest first.

    Copies that were never compared with their originals (trust C and D) are left out, because a window would have to
    see the original again. What was itself taken from the library is named once, as it was first given: its
    collector, day and trust stay with it however often it is used (S13).
    """
    found: dict[tuple[str, ...], LibraryItem] = {}
    for row in store.cases.of_person(number):
        case = store.cases.find(row.case_id)
        if case is None or case.state in UNUSABLE or case.received_at is None:
            continue
        if case.parties.applicant.number != number:
            continue
        for material in case.materials:
            if material.name != name or not material.pages or material.trust not in (Trust.A, Trust.B):
                continue
            first = LibraryItem(material.library or f"{case.number}/{material.code}", material, case.received_at)
            pages = tuple(page.key for page in material.pages)
            known = found.get(pages)
            if known is None or first.collected_at < known.collected_at:
                found[pages] = first
    return tuple(sorted(found.values(), key=lambda item: item.collected_at, reverse=True))
