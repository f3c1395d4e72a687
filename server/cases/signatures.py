"""Whether a signature by hand is bound to what lies there: read from what was kept, not from what was said of it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import ValidationError

from contract.case import Case, said
from contract.material import CaseMaterial
from contract.problem import Problem
from contract.signature import Signature
from contract.wire import sha256
from server.materials.pages import held_pages, read_page


class Bond(StrEnum):
    HOLDS = "holds"  # signed just this, and the case says it still
    CORRECTED = "corrected"  # signed just this; the case was corrected since
    AWAY = "away"  # not all of it has come yet
    BROKEN = "broken"  # what lies there is not what was signed


def bond_of(case: Case, material: CaseMaterial) -> Bond | None:
    """How the signature of a material stands; None where there is none."""
    signed = material.signed
    if signed is None:
        return None
    if not {signed.page, signed.vector.digest, signed.picture.digest} <= held_pages(case.id):
        return Bond.AWAY
    try:
        shown = read_page(case.id, signed.page)[: signed.size]
        signature = Signature.model_validate_json(read_page(case.id, signed.vector.digest))
    except (Problem, ValidationError):
        return Bond.BROKEN
    is_of_it = sha256(shown) == signed.document == signature.document and signed.says == signature.says
    if not is_of_it or signed.page not in {page.digest for page in material.pages}:
        return Bond.BROKEN
    return Bond.HOLDS if signed.says == said(case) else Bond.CORRECTED
