"""What the same people told this station in earlier cases: offered for the forms of their next one (S28, U13)."""

from __future__ import annotations

from collections.abc import Callable

from app.forms.prefill import Known
from app.store import Store
from contract.case import State
from contract.form import fields
from contract.matter import Matter
from contract.person import Parties

LATEST = 5  # cases of each person that are looked at
FRESHEST_ONLY = ("address", "phone", "representative")  # parts of a party that move with time


def told_before(
    store: Store, find_matter: Callable[[str, int], Matter | None], parties: Parties
) -> dict[str, list[Known]]:
    """By source (``applicant.phone``), the newest answer about the applicant or the handler in an earlier case.

    Only answers whose field names the party that they are about, and only about these two people: whoever else stood
    in those cases is left out.
    """
    found: dict[tuple[str, str], str] = {}
    for number in dict.fromkeys((parties.applicant.number, parties.handler.number)):
        for row in store.cases.of_person(number, LATEST):
            case = store.cases.find(row.case_id)
            matter = find_matter(row.matter, row.matter_version)
            if case is None or matter is None or case.state in (State.DRAFT, State.VOIDED):
                continue
            owners = {"applicant": case.parties.applicant.number, "handler": case.parties.handler.number}
            for control in fields(matter.form):
                who, _, what = control.source.partition(".")
                value = case.answers.get(control.name)
                if owners.get(who) == number and what in FRESHEST_ONLY and isinstance(value, str) and value.strip():
                    found.setdefault((number, what), value)
    known: dict[str, list[Known]] = {}
    for (number, what), value in found.items():
        for who in ("applicant", "handler"):
            known.setdefault(f"{who}.{what}", []).append(Known(value, "library", number))
    return known
