"""A case as the API answers it."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from contract.case import Case
from contract.exchange import CaseView
from contract.ids import is_case_number, progress_url
from contract.node import Node
from contract.problem import Problem, Retry
from server.cases.clashes import told
from server.cases.models import CaseRecord, CaseSet, Viewer, actions_of
from server.cases.services import applicant_print, clockface
from server.catalogue.matters import get_matter
from server.materials.pages import find_copy, held_pages, media_type_of, read_page
from server.org.models import Department
from server.org.tree import get_tree

FOUND = 50  # cases in one answer of a search


def case_view(row: CaseRecord, viewer: Viewer | None = None) -> CaseView:
    """The case with all that a paper or a page needs beside it; what it clashes with as far as the viewer may know."""
    case = row.to_wire()
    tree = get_tree()
    node = tree.by_code.get(case.node)
    matter = get_matter(case.matter, case.matter_version)
    department = Department.objects.filter(code=row.department).first()
    return CaseView(
        case=case,
        matter=matter,
        node=node if node is not None else _gone(case.node),
        node_path=tree.path_name(case.node),
        department=department.to_wire() if department else None,
        clock=clockface(case, matter),
        actions=actions_of(row.events.order_by("seq")),
        flags=tuple(sorted(flag.value for flag in case.flags)),
        progress_url=progress_url(settings.TONGBAN_PUBLIC_URL, case.number, case.id) if case.number else "",
        digest=row.digest,
        clashes=told(row, viewer) if viewer is not None else (),
        server_time=timezone.now(),
    )


def _gone(code: str) -> Node:
    raise Problem("node.unknown", Retry.AFTER_FIX, node=code)


def etag_of(row: CaseRecord) -> str:
    """Changes with the case, with its pages, and with the day, on which its clock depends."""
    return f'W/"{row.events.count()}-{len(row.wanted)}-{timezone.localdate():%Y%m%d}"'


def search(viewer: Viewer, number: str = "", words: str = "") -> list[Case]:
    """Cases that the viewer may see, by number, by id number, or by part of the applicant's name; newest first."""
    rows: CaseSet = CaseRecord.objects.visible_to(viewer)
    number, words = number.strip(), words.strip()
    if number:
        rows = rows.filter(number=number)
    elif is_case_number(words):
        rows = rows.filter(number=words)
    elif len(words) >= 15 and words[:-1].isalnum() and words.isascii():
        rows = rows.filter(applicant_print=applicant_print(words))
    elif words:
        rows = rows.filter(applicant_name__contains=words)
    return [row.to_wire() for row in rows.order_by("-opened_at")[:FOUND]]


def find_copy_of(row: CaseRecord, digest: str) -> tuple[bytes, str] | None:
    """The working copy that stands for a page which has not come yet, and what it is."""
    data = None if digest in held_pages(row.id) else find_copy(row.id, digest)
    return None if data is None else (data, media_type_of(data))


def page_of(row: CaseRecord, digest: str) -> tuple[bytes, str]:
    """A page's bytes and what they are."""
    data = read_page(row.id, digest)
    return data, media_type_of(data)
