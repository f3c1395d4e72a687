"""Another open case of the same applicant and of the same matter, where the matter says that a person is to look.

A warning, never a refusal (rule 9): the clerk sees which case it is, and says that this one is taken in all the same.
"""

from __future__ import annotations

from app.desk import Desk, author_of
from app.flow.draft import Draft, OtherCase, matter_of
from app.flow.steps import keep
from contract.case import ClashSeen
from contract.person import Clerk


def clashing(desk: Desk, draft: Draft) -> tuple[OtherCase, ...]:
    """The applicant's other open cases of this matter that this station knows of, its own and what it heard of."""
    matter = matter_of(draft, desk.catalogue())
    if matter is None or not matter.clashes or draft.applicant is None or draft.of_case:
        return ()
    found = []
    for row in desk.store.cases.of_person(draft.applicant.number):
        if row.matter != matter.code or row.case_id in (draft.id, draft.instead_of):
            continue
        case = desk.store.cases.find(row.case_id)
        if case is None or not case.is_open or case.parties.applicant.number != draft.applicant.number:
            continue
        where = desk.catalogue().tree.path_name(case.node)
        found.append(OtherCase(case_id=case.id, number=case.number, state=case.state, where=where))
    return tuple(found)


def confirm_clash(desk: Desk, draft: Draft, clerk: Clerk) -> Draft:
    """The clerk has looked at the other cases and takes this one in all the same: who and when are kept with 收件."""
    others = tuple(other.case_id for other in clashing(desk, draft))
    return keep(desk, draft, clash_seen=ClashSeen(cases=others, by=author_of(desk, clerk), at=desk.clock()))
