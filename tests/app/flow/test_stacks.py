"""A stack of paper and what happens to it: broken off, turned over, cut by separators. All through a real driver.

The other end is the eSCL stand-in, from which sane-airscan scans too (tests/devices/scanner/test_escl.py).
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence

import pytest
from PIL import Image

from app.desk import today
from app.flow import pages, printing, steps
from app.flow.draft import Draft, panel
from app.papers import raster
from contract.material import CaseMaterial, Page
from contract.problem import Problem
from contract.wire import sha256
from devices.scanner import ScanProfile
from devices.scanner import Source as Feed
from devices.scanner.emulator import Behaviour, Side, Standin
from tests.fakes.counter import ZHOU, Counter, bring, picture

FOOD = "XK-00131-001"
ONE = ScanProfile(dpi=150)
BOTH = ScanProfile(source=Feed.ADF_DUPLEX, dpi=150)


def paper(words: str) -> Side:
    """A side with words on it; blank where there are none."""
    blank = io.BytesIO()
    Image.new("L", (620, 877), 250).save(blank, "JPEG")
    data = picture(words) if words else blank.getvalue()
    return lambda dpi, grey: data


def drawn(sheet: Image.Image) -> Side:
    out = io.BytesIO()
    sheet.convert("L").save(out, "JPEG", dpi=(150, 150))
    return lambda dpi, grey: out.getvalue()


@pytest.fixture
def standin(counter: Counter) -> Iterator[Standin]:
    with Standin() as device:
        bring(counter, "scanner", "scanner/escl", url=device.url, answer=5, page=5)
        yield device
        counter.desk.devices.close()


def slot(draft: Draft, code: str) -> CaseMaterial:
    found = draft.material(code)
    assert found is not None
    return found


def which(found: Sequence[Page], sides: dict[str, Side]) -> list[str]:
    """The names of the sides that pages were scanned from."""
    names = {sha256(side(150, False)): name for name, side in sides.items()}
    return [names.get(page.digest, "another") for page in found]


def named(*words: str) -> dict[str, Side]:
    return {word: paper(word) for word in words}


def failing(batch: Iterator[Draft]) -> tuple[Draft, Problem]:
    """A batch that breaks off: how far it came, and why."""
    came = []
    with pytest.raises(Problem) as raised:
        came.extend(batch)
    return came[-1], raised.value


def broken(counter: Counter, draft: Draft, profile: ScanProfile = ONE) -> tuple[Draft, Problem]:
    """Scan into the lease until it breaks off."""
    return failing(pages.scan_into(counter.desk, draft, "lease", profile))


def through(counter: Counter, draft: Draft, profile: ScanProfile = ONE) -> Draft:
    *_, draft = pages.scan_into(counter.desk, draft, "lease", profile)
    return draft


def test_f22_a_double_feed_stops_the_batch_says_which_page_and_goes_on_there(
    counter: Counter, standin: Standin
) -> None:
    sides = named("one", "two", "three", "four")
    standin.scanner.load(list(sides.values()))
    standin.scanner.behave = Behaviour.DOUBLE_FEED
    draft, problem = broken(counter, counter.begin("yuyao", FOOD))
    assert (problem.code, problem.facts["pages"], problem.facts["following"]) == ("scanner.double_feed", "2", "3")
    assert which(slot(draft, "lease").pages, sides) == ["one", "two"]
    assert draft.stack is not None and draft.stack.following == 3

    counter.reopen()  # not even the end of the program forgets where to go on
    bring(counter, "scanner", "scanner/escl", url=standin.url)
    draft = steps.resume(counter.desk, draft.id)
    standin.scanner.load([sides["three"], sides["four"]])  # parted and laid in again
    draft = through(counter, draft)
    assert which(slot(draft, "lease").pages, sides) == ["one", "two", "three", "four"]
    assert [page.sheet for page in slot(draft, "lease").pages] == [1, 2, 3, 4]
    assert draft.stack is not None and draft.stack.following == 0


def test_f22_pages_that_the_scanner_counted_and_never_gave_are_told(counter: Counter, standin: Standin) -> None:
    standin.scanner.load(list(named("one", "two", "three").values()))
    standin.scanner.behave = Behaviour.LOSES_ONE
    draft, problem = broken(counter, counter.begin("yuyao", FOOD))
    assert (problem.code, problem.facts["pages"], problem.facts["counted"]) == ("scanner.count_differs", "2", "3")
    assert len(slot(draft, "lease").pages) == 2 and draft.stack is not None and not draft.stack.following


def test_f21_the_first_page_over_and_over_is_told(counter: Counter, standin: Standin) -> None:
    standin.scanner.load(list(named("one", "two").values()))
    standin.scanner.behave = Behaviour.REPEATS
    draft = through(counter, counter.begin("yuyao", FOOD))
    said = panel(draft, counter.desk.catalogue(), counter.desk.node, today(counter.desk)).cautions
    assert [(one.kind, one.code, one.count) for one in said] == [("equal_pages", "lease", 4)]


def test_f21_after_a_jam_the_next_batch_is_a_new_one(counter: Counter, standin: Standin) -> None:
    sides = named("one", "two", "three")
    standin.scanner.load(list(sides.values()))
    standin.scanner.behave = Behaviour.STALE_JAM
    draft, problem = broken(counter, counter.begin("yuyao", FOOD))
    assert problem.code == "scanner.jam"
    standin.scanner.load([sides["three"]])
    draft = through(counter, draft)  # the device still says jam when it is asked
    assert which(slot(draft, "lease").pages, sides) == ["one", "two", "three"]


def test_f23_blank_backs_are_hidden_and_one_key_away(counter: Counter, standin: Standin) -> None:
    standin.scanner.load([paper("front"), paper(""), paper("other"), paper("back")], duplex=True)
    draft = through(counter, counter.begin("yuyao", FOOD), BOTH)
    assert [page.hidden for page in slot(draft, "lease").pages] == [False, True, False, False]
    blank = slot(draft, "lease").pages[1]
    assert counter.desk.store.pages.get(blank.digest)  # hidden, not dropped
    draft = pages.show_page(counter.desk, draft, "lease", blank.key, hidden=False)
    assert not any(page.hidden for page in slot(draft, "lease").pages)


@pytest.mark.parametrize(("behave", "code"), [("crash_after_2", "scanner.crashed"), ("gone_after_2", "scanner.gone")])
def test_after_a_crash_it_goes_on_with_that_page(counter: Counter, behave: str, code: str) -> None:
    bring(counter, "scanner", "scanner/simulated", pages=3, behave=behave)
    draft, problem = broken(counter, counter.begin("yuyao", FOOD), ScanProfile(dpi=75))
    assert (problem.code, problem.facts["following"]) == (code, "3")
    bring(counter, "scanner", "scanner/simulated", pages=1, seed=7)
    draft = through(counter, draft, ScanProfile(dpi=75))
    assert [page.sheet for page in slot(draft, "lease").pages] == [1, 2, 3]


def test_in_duplex_it_goes_on_with_the_sheet_that_did_not_come_out_whole(counter: Counter, standin: Standin) -> None:
    sides = named("1f", "1b", "2f", "2b", "3f", "3b")
    standin.scanner.load(list(sides.values()), duplex=True)
    standin.scanner.behave = Behaviour.UNPLUG  # in the middle of the third side
    draft, problem = broken(counter, counter.begin("yuyao", FOOD), BOTH)
    assert (problem.code, problem.facts["following"]) == ("scanner.gone", "3")
    standin.plug_in()
    standin.scanner.load(list(sides.values())[2:], duplex=True)
    draft = through(counter, draft, BOTH)
    found = [(page.sheet, page.side, page.hidden) for page in slot(draft, "lease").pages]
    assert found == [(n, side, False) for n in (1, 2, 3) for side in ("front", "back")]


def test_a_front_that_came_before_a_crash_is_not_there_twice(counter: Counter, standin: Standin) -> None:
    sides = named("1f", "1b", "2f", "2b")
    standin.scanner.load(list(sides.values()), duplex=True)
    batch = pages.scan_into(counter.desk, counter.begin("yuyao", FOOD), "lease", BOTH)
    draft = [next(batch) for _ in range(3)][-1]
    batch.close()  # the program ends with the second sheet's front
    assert draft.stack is not None and draft.stack.following == 3
    standin.scanner.load([paper("2f again"), sides["2b"]], duplex=True)
    draft = through(counter, draft, BOTH)
    found = slot(draft, "lease").pages
    again = {**sides, "2f again": paper("2f again")}
    assert which(found, again) == ["1f", "1b", "2f again", "2f", "2b"]
    assert [page.hidden for page in found] == [False, False, False, True, False]
    assert found[2].replaces == found[3].digest


def test_backs_of_a_stack_turned_over_go_behind_their_fronts(counter: Counter, standin: Standin) -> None:
    sides = named("1f", "2f", "3f", "3b", "2b", "1b")
    every = list(sides.values())
    standin.scanner.load(every[:3])
    draft = through(counter, counter.begin("yuyao", FOOD))
    assert draft.stack is not None and draft.stack.wants_backs
    key = slot(draft, "lease").pages[1].key
    draft = pages.move_page(counter.desk, draft, key, "lease", "safety_rules", 0)  # a front that was filed meanwhile

    standin.scanner.load(every[3:])
    standin.scanner.behave = Behaviour.JAM
    standin.scanner.jobs.clear()
    draft, problem = failing(pages.scan_backs(counter.desk, draft, "lease"))
    assert problem.code == "scanner.jam" and draft.stack is not None and draft.stack.backs == 2
    standin.scanner.load(every[5:])
    *_, draft = pages.scan_backs(counter.desk, draft, "lease")
    assert which(slot(draft, "lease").pages, sides) == ["1f", "1b", "3f", "3b"]
    assert which(slot(draft, "safety_rules").pages, sides) == ["2f", "2b"]
    assert [(page.sheet, page.side) for page in slot(draft, "lease").pages] == [
        (1, "front"), (1, "back"), (3, "front"), (3, "back"),
    ]  # fmt: skip
    with pytest.raises(Problem, match=r"page\.no_fronts"):
        next(pages.scan_backs(counter.desk, draft, "lease"))


@pytest.mark.parametrize("backs", [1, 3])
def test_another_number_of_backs_than_fronts_is_told_and_all_are_kept(
    counter: Counter, standin: Standin, backs: int
) -> None:
    standin.scanner.load(list(named("1f", "2f").values()))
    draft = through(counter, counter.begin("yuyao", FOOD))
    standin.scanner.load([paper(f"back {n}") for n in range(backs)])
    draft, problem = failing(pages.scan_backs(counter.desk, draft, "lease"))
    assert (problem.code, problem.facts["fronts"], problem.facts["backs"]) == ("page.backs_differ", "2", str(backs))
    assert len(slot(draft, "lease").pages) == 2 + backs


def test_a_page_is_put_in_between(counter: Counter, standin: Standin) -> None:
    sides = named("one", "two", "new", "newer")
    every = list(sides.values())
    standin.scanner.load(every[:2])
    draft = through(counter, counter.begin("yuyao", FOOD))
    stack = draft.stack
    standin.scanner.load(every[2:])
    key = slot(draft, "lease").pages[0].key
    *_, draft = pages.scan_into(counter.desk, draft, "lease", ONE, after=key)
    assert which(slot(draft, "lease").pages, sides) == ["one", "new", "newer", "two"]
    assert draft.stack == stack  # it is not the stack whose backs may follow
    with pytest.raises(Problem, match=r"material\.unknown"):
        next(pages.scan_into(counter.desk, draft, "safety_rules", ONE, after=key))


def test_paper_is_waited_for_and_stop_ends_the_waiting(counter: Counter, standin: Standin) -> None:
    draft = counter.begin("yuyao", FOOD)
    stop = threading.Event()
    stopper = threading.Timer(0.5, stop.set)
    stopper.start()
    assert not [now for now in pages.scan_into(counter.desk, draft, "lease", ONE, stop, wait=60) if now.stack]
    stopper.join()
    loader = threading.Timer(1.0, standin.scanner.load, [[paper("late")]])
    loader.start()
    *_, draft = pages.scan_into(counter.desk, draft, "lease", ONE, wait=60)
    loader.join()
    assert len(slot(draft, "lease").pages) == 1


def test_one_stack_with_printed_separators_is_cut_into_its_materials(counter: Counter, standin: Standin) -> None:
    """Also where it jams between: what follows belongs to the separator that is through already."""
    desk = counter.desk
    draft, separators = printing.separators_pdf(desk, counter.begin("yuyao", FOOD), ZHOU)
    order = [material.code for material in draft.materials]

    def separator(code: str) -> Side:
        return drawn(raster.page_image(separators, order.index(code), 150))

    sides = named("plan", "lease 1", "lease 2", "rules")
    stack = [
        separator("premises_plan"), sides["plan"],
        separator("lease"), sides["lease 1"], sides["lease 2"],
        separator("safety_rules"), sides["rules"],
    ]  # fmt: skip
    standin.scanner.load(stack[1:2])  # laid before the first separator: what is being scanned
    draft = through(counter, draft)
    standin.scanner.load(stack)
    batch = pages.scan_into(desk, draft, "lease", ONE)
    draft = [next(batch) for _ in range(4)][-1]
    batch.close()
    assert draft.stack is not None and (draft.stack.code, draft.stack.into, draft.stack.following) == (
        "lease",
        "lease",
        5,
    )
    standin.scanner.load(stack[4:])
    draft = through(counter, draft)
    assert {code: which(slot(draft, code).pages, sides) for code in ("premises_plan", "safety_rules")} == {
        "premises_plan": ["plan"],
        "safety_rules": ["rules"],
    }
    assert which(slot(draft, "lease").pages, sides) == ["plan", "lease 1", "lease 2"]
    assert draft.stack.into == "safety_rules"

    # the stack turned over: seven backs, those of the separators blank
    standin.scanner.load([paper("rules' back"), *(paper("") for _ in range(6))])
    *_, draft = pages.scan_backs(desk, draft, "lease")
    assert [(page.side, page.hidden) for page in slot(draft, "safety_rules").pages] == [
        ("front", False),
        ("back", False),
    ]
    assert [page.side for page in slot(draft, "lease").pages] == ["front", "front", "back", "front", "back"]
