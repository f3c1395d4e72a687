"""A draft that two things happen to at once: pages come in while the clerk types. Neither is ever lost."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter as Count
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.flow import pages, steps
from app.flow.draft import Begun, Draft, Step
from app.flow.merge import merged
from app.start import close_desk, open_desk
from contract.material import CaseMaterial, Page, Seen, Source, Trust
from contract.problem import Problem
from tests.fakes.counter import ZHOU, Counter, open_counter

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 20, tzinfo=UTC)
FOOD, DISABLED = "XK-00131-001", "QR-00311-002"
MARK = Seen(by="zhoumin", at=NOW)


def page(n: int, **facts: Any) -> Page:
    return Page(digest=f"{n:064x}", size=1, media_type="image/jpeg", **facts)


def slot(code: str, *pages: int, **facts: Any) -> CaseMaterial:
    return CaseMaterial(code=code, name=code, pages=tuple(map(page, pages)), **facts)


BASE = Draft(
    id="d",
    clerk="zhoumin",
    began_at=NOW,
    matter=("food", 1),
    answers={"a": 1, "b": 1},
    materials=(slot("lease"), slot("form")),
)


def changed(draft: Draft, **changes: Any) -> Draft:
    return draft.model_copy(update=changes)


def in_slot(draft: Draft, code: str) -> list[int]:
    found = draft.material(code)
    assert found is not None
    return [int(page.digest, 16) for page in found.pages]


# --- what a merge says ------------------------------------------------------------------------------------------------


def test_nothing_happened_meanwhile() -> None:
    mine = changed(BASE, phone="1", answers={"a": 2})
    assert merged(BASE, BASE, mine) == mine and merged(BASE, mine, BASE) == mine


def test_a_page_and_an_answer() -> None:
    stored = changed(BASE, answers={"a": 2, "b": 1}, step=Step.REVIEW, parked=True)
    both = merged(BASE, stored, changed(BASE, materials=(slot("lease", 1), slot("form"))))
    assert both.answers == {"a": 2, "b": 1} and both.step is Step.REVIEW and both.parked
    assert in_slot(both, "lease") == [1]


def test_two_answers_and_one_taken_back() -> None:
    stored = changed(BASE, answers={"a": 1, "b": 2, "c": 3}, own=("b", "c"))
    both = merged(BASE, stored, changed(BASE, answers={"b": 1}, own=("a",)))
    assert both.answers == {"b": 2, "c": 3} and set(both.own) == {"a", "b", "c"}


def test_what_is_set_on_purpose_holds_even_where_nothing_else_changed() -> None:
    stored = changed(BASE, step=Step.REVIEW, delivery="courier")
    assert merged(BASE, stored, BASE).step is Step.REVIEW
    both = merged(BASE, stored, BASE, {"step", "delivery", "answers"})
    assert (both.step, both.delivery) == (BASE.step, BASE.delivery)


def test_pages_into_two_slots_and_into_one() -> None:
    stored = changed(BASE, materials=(slot("lease", 1), slot("form")))
    both = merged(BASE, stored, changed(BASE, materials=(slot("lease", 3), slot("form", 2))))
    assert in_slot(both, "lease") == [3, 1] and in_slot(both, "form") == [2]


def test_a_page_that_came_and_one_that_was_moved() -> None:
    base = changed(BASE, materials=(slot("lease", 1, 2), slot("form")))
    stored = changed(base, materials=(slot("lease", 1, 2, 3), slot("form")))
    both = merged(base, stored, changed(base, materials=(slot("lease", 2), slot("form", 1))))
    assert in_slot(both, "lease") == [2, 3] and in_slot(both, "form") == [1]


def test_the_same_page_twice_and_one_of_them_moved() -> None:
    base = changed(BASE, materials=(slot("lease", 1), slot("form")))
    stored = changed(base, materials=(slot("lease", 1, 1), slot("form")))
    both = merged(base, stored, changed(base, materials=(slot("lease"), slot("form", 1))))
    assert in_slot(both, "lease") == [1] and in_slot(both, "form") == [1]


def test_a_page_turned_while_another_came() -> None:
    base = changed(BASE, materials=(slot("lease", 1), slot("form")))
    turned = slot("lease").model_copy(update={"pages": (page(1, rotation=90),)})
    stored = changed(base, materials=(turned, slot("form")))
    lease = merged(base, stored, changed(base, materials=(slot("lease", 1, 2), slot("form")))).material("lease")
    assert lease is not None and [one.rotation for one in lease.pages] == [90, 0]


@pytest.mark.parametrize("scan_is_first", [True, False])
def test_nobody_has_compared_a_page_that_came_meanwhile(scan_is_first: bool) -> None:
    base = changed(BASE, materials=(slot("lease", 1), slot("form")))
    seen = changed(base, materials=(slot("lease", 1, verified=MARK, trust=Trust.B), slot("form")))
    scanned = changed(base, materials=(slot("lease", 1, 2), slot("form")))
    lease = merged(base, *((scanned, seen) if scan_is_first else (seen, scanned))).material("lease")
    assert lease is not None and lease.verified is None and lease.trust is Trust.C and len(lease.pages) == 2


@pytest.mark.parametrize("scan_is_first", [True, False])
def test_a_page_and_a_mark_that_says_nothing_of_pages(scan_is_first: bool) -> None:
    given = changed(BASE, materials=(slot("lease", returned=MARK), slot("form")))
    scanned = changed(BASE, materials=(slot("lease", 1), slot("form")))
    lease = merged(BASE, *((scanned, given) if scan_is_first else (given, scanned))).material("lease")
    assert lease is not None and lease.returned == MARK and len(lease.pages) == 1


@pytest.mark.parametrize("scan_is_first", [True, False])
def test_paper_goes_before_a_reference_to_the_library(scan_is_first: bool) -> None:
    borrowed = slot("lease", 8, 9, source=Source.LIBRARY, library="330281-00000001-0/lease", trust=Trust.B)
    stored = changed(BASE, materials=(borrowed, slot("form")))
    scanned = changed(BASE, materials=(slot("lease", 1), slot("form")))
    lease = merged(BASE, *((scanned, stored) if scan_is_first else (stored, scanned))).material("lease")
    assert lease == slot("lease", 1)


@pytest.mark.parametrize("scan_is_first", [True, False])
def test_an_answer_took_the_slot_away_that_a_page_came_into(scan_is_first: bool) -> None:
    answered = changed(BASE, materials=(slot("form"), slot("mandate")))
    scanned = changed(BASE, materials=(slot("lease", 1), slot("form")))
    both = merged(BASE, *((scanned, answered) if scan_is_first else (answered, scanned)))
    assert {one.code for one in both.materials} == {"lease", "form", "mandate"} and in_slot(both, "lease") == [1]
    emptied = merged(BASE, changed(BASE, phone="1"), answered)
    assert {one.code for one in emptied.materials} == {"form", "mandate"}


@pytest.mark.parametrize("scan_is_first", [True, False])
def test_another_matter_was_chosen_while_a_page_came(scan_is_first: bool) -> None:
    other = Begun(matter=("permit", 2), materials=(slot("lease", 7),), number="330281-00000002-9")
    put_by = Begun(**{name: getattr(BASE, name) for name in Begun.model_fields})
    chosen = changed(BASE, **dict(other), others={"food": put_by})
    scanned = changed(BASE, materials=(slot("lease", 1), slot("form")), signed_digest="x")
    both = merged(BASE, *((scanned, chosen) if scan_is_first else (chosen, scanned)))
    assert both.matter == ("permit", 2) and in_slot(both, "lease") == [7] and both.number == other.number
    assert list(both.others) == ["food"] and [len(one.pages) for one in both.others["food"].materials] == [1, 0]
    assert both.others["food"].signed_digest == "x" and both.signed_digest == ""


# --- whatever order things happen in ----------------------------------------------------------------------------------

ANSWERS = {  # some make materials come and go
    FOOD: [("remark", "a"), ("remark", "b"), ("premises_tenure", "rented"), ("premises_tenure", "owned")],
    DISABLED: [("guardian_name", "a"), ("reason", "grade"), ("reason", "lost"), ("reason", "worn")],
}
WHAT = ("scan", "scan", "scan", "answer", "answer", "turn", "move", "matter", "phone", "step", "park", "seen", "hear")


@dataclass
class Told:
    """What was done, and must be found again."""

    scanned: Count[str] = field(default_factory=Count)
    turns: Count[str] = field(default_factory=Count)
    answers: dict[tuple[str, str], Any] = field(default_factory=dict)
    phone: str = "13800000000"
    step: Step = Step.IDENTITY


@pytest.fixture(scope="module")
def desk_of_many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    with open_counter(tmp_path_factory.mktemp("interleaved")) as opened:
        yield opened


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(WHAT), st.integers(0, 5)), min_size=4, max_size=24))
def test_no_order_of_typing_and_scanning_loses_anything(desk_of_many: Counter, happened: list[tuple[str, int]]) -> None:
    counter, told = desk_of_many, Told()
    desk = counter.desk
    typist = counter.begin("yuyao", FOOD)
    told.step = typist.step
    scanner, filing = typist, pages._Filing.of(typist, "lease")
    for what, n in happened:
        try:
            match what:
                case "scan":  # always on what the scanner's thread had last, however old that is
                    one = Page(
                        digest=f"{desk.store.acts.new_id().replace('-', ''):0>64}", size=1, media_type="image/jpeg"
                    )
                    scanner = pages._filed(desk, scanner, filing, [(one, ())])
                    told.scanned[one.key] += 1
                case "answer":
                    assert typist.matter is not None
                    name, value = ANSWERS[typist.matter[0]][n % 4]
                    told.answers[typist.matter[0], name] = value
                    typist = steps.with_answers(desk, typist, {**typist.answers, name: value})
                case "turn" if there := _pages(typist):
                    code, key = there[n % len(there)]
                    typist = pages.rotate_page(desk, typist, code, key, n)
                    told.turns[key] += n
                case "move" if there := _pages(typist):
                    code, key = there[n % len(there)]
                    to = typist.materials[n % len(typist.materials)].code
                    typist = pages.move_page(desk, typist, key, code, to, 0)
                case "matter":
                    typist = steps.with_matter(desk, typist, (FOOD, DISABLED)[n % 2])
                case "phone":
                    told.phone = f"1380000000{n}"
                    typist = steps.with_phone(desk, typist, told.phone)
                case "step":
                    told.step = list(Step)[n]
                    typist = steps.to_step(desk, typist, told.step)
                case "park":
                    typist = steps.resume(desk, steps.park(desk, typist).id)
                case "seen" if there := _pages(typist):
                    typist = pages.verify_original(desk, typist, there[n % len(there)][0], ZHOU)
                case "hear":
                    typist = steps.resume(desk, typist.id)
        except Problem as problem:
            assert problem.code == "material.empty", problem
    now = steps.resume(desk, typist.id)
    every = [(slot, one) for begun in (now, *now.others.values()) for slot in begun.materials for one in slot.pages]
    assert Count(one.key for _, one in every) == told.scanned
    assert {one.key: one.rotation for _, one in every} == {k: told.turns[k] * 90 % 360 for k in told.scanned}
    begun = {code: one.answers for code, one in now.others.items()} | {now.matter[0] if now.matter else "": now.answers}
    assert {(code, name): begun[code].get(name) for code, name in told.answers} == told.answers
    assert (now.phone, now.step) == (told.phone, told.step)
    steps.discard(desk, now)
    with pytest.raises(Problem, match=r"draft\.gone"):  # what comes late does not bring it back
        pages._filed(desk, scanner, filing, [(page(1), ())])


def _pages(draft: Draft) -> list[tuple[str, str]]:
    return [(slot.code, one.key) for slot in draft.materials for one in slot.pages]


# --- and the power fails in the middle --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_f01_killed_in_the_middle_nothing_acknowledged_is_gone(tmp_path: Path, seed: int) -> None:
    with open_counter(tmp_path) as counter:
        folder = str(counter.config.folder)
        draft = counter.begin("yuyao", FOOD)
    command = [sys.executable, "-m", "tests.app.flow.both_hands", folder, draft.id]
    lines: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as both_hands:
        assert both_hands.stdout is not None
        for line in both_hands.stdout:
            lines.append(line)
            said = {line.split()[0] for line in lines}
            if len(said) == 2 and len(lines) >= 20 + random.Random(seed).randrange(15):
                both_hands.send_signal(signal.SIGKILL)
                break
        lines += both_hands.stdout.readlines()  # what it had said before it died
    whole = [line.split() for line in lines if line.endswith("\n")]
    scanned = [words[1] for words in whole if words[0] == "page"]
    typed = [words[1] for words in whole if words[0] == "typed"]
    assert scanned and typed
    desk = open_desk(counter.config, counter.clock)
    try:
        now = steps.resume(desk, draft.id)
        assert set(scanned) <= {key for _, key in _pages(now)}
        assert int(now.answers["remark"]) >= int(typed[-1])
        assert all(desk.store.pages.get(one.digest) for slot in now.materials for one in slot.pages)
    finally:
        close_desk(desk)
