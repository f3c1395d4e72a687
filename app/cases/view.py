"""One case with all that a paper or a page needs beside it: the same shape as the server's API answers."""

from __future__ import annotations

from app.cases.acts import get_case
from app.desk import Desk, server_now, today
from contract.case import Case
from contract.clock import read_clock
from contract.exchange import CaseView
from contract.ids import progress_url
from contract.problem import Problem, Retry


def case_view(desk: Desk, case_id: str) -> CaseView:
    """What this station knows of the case.

    Raises:
        Problem: ``case.unknown``, ``matter.unknown``, ``node.unknown``.
    """
    return view_of(desk, get_case(desk, case_id))


def view_of(desk: Desk, case: Case) -> CaseView:
    """A case, laid out."""
    catalogue = desk.catalogue()
    matter = catalogue.matter(case.matter, case.matter_version)
    node = catalogue.tree.by_code.get(case.node)
    if node is None:
        raise Problem("node.unknown", Retry.AFTER_FIX, node=case.node)
    return CaseView(
        case=case,
        matter=matter,
        node=node,
        node_path=catalogue.tree.path_name(case.node),
        department=catalogue.department(case.route.department) if case.route else None,
        clock=read_clock(case.clock, matter.limits, catalogue.pack.calendar, today(desk)),
        actions=desk.store.cases.actions(case.id),
        clashes=desk.store.cases.clashes(case.id),
        flags=tuple(sorted(case.flags)),
        progress_url=progress_url(catalogue.pack.public_url, case.number, case.id) if case.number else "",
        server_time=server_now(desk),
    )
