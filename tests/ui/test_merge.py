"""A draft that two things happened to at once: pages came in while the clerk typed. Neither is lost."""

from __future__ import annotations

from datetime import UTC, datetime

from app.flow.draft import Draft, Step
from contract.material import CaseMaterial, Page, Seen
from ui.pages.intake.merge import merged

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def page(n: int) -> Page:
    return Page(digest=f"{n:064x}", size=1, media_type="image/jpeg")


def slot(code: str, *pages: int) -> CaseMaterial:
    return CaseMaterial(code=code, name=code, pages=tuple(map(page, pages)))


BASE = Draft(id="d", clerk="zhoumin", began_at=NOW, answers={"a": 1}, materials=(slot("lease"), slot("form")))


def test_nothing_happened_meanwhile() -> None:
    theirs = BASE.model_copy(update={"phone": "1"})
    assert merged(BASE, theirs, BASE) == theirs


def test_a_page_and_an_answer() -> None:
    theirs = BASE.model_copy(update={"materials": (slot("lease", 1), slot("form"))})
    mine = BASE.model_copy(update={"answers": {"a": 2}, "step": Step.REVIEW})
    both = merged(BASE, theirs, mine)
    assert both.answers == {"a": 2} and both.step is Step.REVIEW
    assert both.material("lease").sides == (1, 0)  # type: ignore[union-attr]


def test_pages_into_two_slots() -> None:
    theirs = BASE.model_copy(update={"materials": (slot("lease", 1), slot("form"))})
    mine = BASE.model_copy(update={"materials": (slot("lease"), slot("form", 2))})
    both = merged(BASE, theirs, mine)
    assert [len(material.pages) for material in both.materials] == [1, 1]


def test_pages_into_one_slot_and_one_taken_out_of_it() -> None:
    base = BASE.model_copy(update={"materials": (slot("lease", 1, 2), slot("form"))})
    theirs = base.model_copy(update={"materials": (slot("lease", 1, 2, 3), slot("form"))})
    mine = base.model_copy(update={"materials": (slot("lease", 2), slot("form", 1))})
    both = merged(base, theirs, mine)
    assert [p.key for p in both.material("lease").pages] == [page(2).key, page(3).key]  # type: ignore[union-attr]
    assert [p.key for p in both.material("form").pages] == [page(1).key]  # type: ignore[union-attr]


def test_a_page_and_a_mark_on_one_slot() -> None:
    mark = Seen(by="zhoumin", at=NOW)
    theirs = BASE.model_copy(update={"materials": (slot("lease", 1), slot("form"))})
    mine = BASE.model_copy(update={"materials": (slot("lease").model_copy(update={"returned": mark}), slot("form"))})
    lease = merged(BASE, theirs, mine).material("lease")
    assert lease is not None and lease.returned == mark and len(lease.pages) == 1


def test_a_slot_that_an_answer_made_and_one_that_it_took_away() -> None:
    theirs = BASE.model_copy(update={"materials": (slot("lease", 1), slot("form"))})
    mine = BASE.model_copy(update={"materials": (slot("lease"), slot("mandate"))})
    both = merged(BASE, theirs, mine)
    assert {material.code for material in both.materials} >= {"lease", "mandate"}
    assert both.material("lease").pages  # type: ignore[union-attr]
