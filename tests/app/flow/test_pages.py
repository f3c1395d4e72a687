"""Materials of a draft: from the scanner, from files, filed by their codes, compared, promised, given before."""

from __future__ import annotations

import io
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from app.desk import today
from app.flow import finish, pages, printing, steps
from app.flow.draft import Draft, form_is_stale, panel
from app.papers import raster
from contract.case import Case, Flag
from contract.material import CaseMaterial, Source, Trust
from contract.problem import Problem
from devices.scanner import ScanProfile
from devices.scanner import Source as Feeder
from tests.fakes.counter import ZHOU, Counter, bring, picture

DISABLED = "QR-00311-002"  # photo may be promised: 5 working days of 10
FOOD = "XK-00131-001"
COARSE = ScanProfile(dpi=100)
CODES = ScanProfile(dpi=150)


def slot(draft: Draft, code: str) -> CaseMaterial:
    found = draft.material(code)
    assert found is not None
    return found


def slot_of(case: Case, code: str) -> CaseMaterial:
    return next(material for material in case.materials if material.code == code)


def cautions(counter: Counter, draft: Draft) -> list[tuple[str, str, int]]:
    said = panel(draft, counter.desk.catalogue(), counter.desk.node, today(counter.desk)).cautions
    return [(one.kind, one.code, one.count) for one in said]


def form_of(counter: Counter, draft: Draft, tmp_path: Path) -> tuple[Draft, Path]:
    """The printed application form as a file that can be laid on the scanner."""
    draft, pdf = printing.application_form_pdf(counter.desk, draft, ZHOU)
    paper = tmp_path / "form.pdf"
    paper.write_bytes(pdf)
    return draft, paper


def test_a_batch_is_kept_page_by_page(counter: Counter) -> None:
    desk = counter.desk
    bring(counter, "scanner", "scanner/simulated", pages=3)
    draft = counter.begin("yuyao", FOOD)
    counts = []
    for now in pages.scan_into(desk, draft, "lease", COARSE):
        counts.append(len(slot(now, "lease").pages))
        assert steps.resume(desk, draft.id) == now  # durable before it is shown
    draft = steps.resume(desk, draft.id)
    assert counts == [1, 2, 3, 3]  # and once more, that the stack is through
    first = slot(draft, "lease").pages[0]
    assert (first.sheet, first.side, first.media_type, first.dpi) == (1, "front", "image/jpeg", 100)
    assert desk.store.pages.get(first.digest).startswith(b"\xff\xd8")
    assert pages.thumbnail(desk, first).startswith(b"\xff\xd8") and pages.preview(desk, first, 600)
    # the thumbnail was made while the page was looked at; seen otherwise, or for the next person, it is made anew
    assert pages.thumbnail(desk, first) is desk.thumbnails.find(first)
    turned = first.model_copy(update={"rotation": 90})
    assert desk.thumbnails.find(turned) is None and pages.thumbnail(desk, turned).startswith(b"\xff\xd8")
    steps.park(desk, draft)
    assert desk.thumbnails.find(first) is None and pages.thumbnail(desk, first).startswith(b"\xff\xd8")
    assert slot(draft, "lease").sides == (3, 0) and cautions(counter, draft) == []


def test_f23_a_blank_back_is_hidden_and_can_be_brought_back(counter: Counter) -> None:
    desk = counter.desk
    bring(counter, "scanner", "scanner/simulated", pages=4)
    draft = counter.begin("yuyao", FOOD)
    *_, draft = pages.scan_into(desk, draft, "lease", ScanProfile(source=Feeder.ADF_DUPLEX, dpi=150))
    backs = [page for page in slot(draft, "lease").pages if page.side == "back"]
    assert backs and all(page.hidden for page in backs) and slot(draft, "lease").sides == (2, 0)
    draft = pages.show_page(desk, draft, "lease", backs[0].key, hidden=False)
    assert slot(draft, "lease").sides == (2, 1)
    # a slot in which everything is hidden holds nothing (F27)
    for page in slot(draft, "lease").pages:
        draft = pages.show_page(desk, draft, "lease", page.key, hidden=True)
    assert not slot(draft, "lease").present
    with pytest.raises(Problem, match="material.empty"):
        pages.verify_original(desk, draft, "lease", ZHOU)


def test_a_jam_keeps_what_came_and_says_how_much(counter: Counter) -> None:
    desk = counter.desk
    bring(counter, "scanner", "scanner/simulated", pages=6, behave="jam_after_3")
    draft = counter.begin("yuyao", FOOD)
    with pytest.raises(Problem, match="scanner.jam") as raised:
        list(pages.scan_into(desk, draft, "lease", COARSE))
    assert raised.value.facts["pages"] == "3"
    draft = steps.resume(desk, draft.id)
    assert len(slot(draft, "lease").pages) == 3
    # the next batch comes after them
    bring(counter, "scanner", "scanner/simulated", pages=1, seed=2)
    *_, draft = pages.scan_into(desk, draft, "lease", COARSE)
    assert len(slot(draft, "lease").pages) == 4


def test_a_scanner_that_is_gone_or_not_chosen(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.begin("yuyao", FOOD)
    bring(counter, "scanner", "scanner/simulated", behave="absent")
    with pytest.raises(Problem, match="scanner.absent"):
        list(pages.scan_into(desk, draft, "lease", COARSE))
    assert desk.devices.state("scanner").word == "absent"
    with pytest.raises(Problem, match="material.unknown"):
        list(pages.scan_into(desk, draft, "no_such", COARSE))
    assert steps.resume(desk, draft.id) == draft


def test_nobody_asks_a_scanner_anything_during_a_batch(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.devices_here.LOOK_OVER", 0.05)
    desk = counter.desk
    bring(counter, "scanner", "scanner/simulated", pages=3)
    draft = counter.begin("yuyao", FOOD)
    batch = pages.scan_into(desk, draft, "lease", COARSE)
    next(batch)
    assert desk.devices.state("scanner").word == "busy"
    with pytest.raises(Problem, match="device.busy"):
        list(pages.scan_into(desk, draft, "lease", COARSE))
    *_, draft = batch
    assert len(slot(draft, "lease").pages) == 3
    assert desk.devices.state("scanner").word == "ok"


def test_cancelling_keeps_the_pages_so_far(counter: Counter) -> None:
    bring(counter, "scanner", "scanner/simulated", pages=5)
    draft = counter.begin("yuyao", FOOD)
    stop = threading.Event()
    for now in pages.scan_into(counter.desk, draft, "lease", COARSE, stop):
        assert len(slot(now, "lease").pages) == 1
        stop.set()


def test_a_damaged_file_is_told_and_loses_nothing(counter: Counter, tmp_path: Path) -> None:
    desk = counter.desk
    draft = pages.add_file(desk, counter.begin("yuyao", FOOD), "lease", counter.page(), "image/jpeg")
    for bad in (b"", b"not a picture", counter.page()[:900], b"%PDF-1.7 nothing"):
        with pytest.raises(Problem, match="page.unreadable"):
            pages.add_file(desk, draft, "lease", bad, "image/jpeg")
    assert steps.resume(desk, draft.id) == draft
    # in the middle of a batch it does not stop the others
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(picture("one"))
    (folder / "2.png").write_bytes(spoilt_png())
    (folder / "3.jpg").write_bytes(picture("three"))
    bring(counter, "scanner", "scanner/folder", path=str(folder), wait=20, quiet=0.4)
    with pytest.raises(Problem, match="page.unreadable") as raised:
        list(pages.scan_into(desk, draft, "safety_rules", COARSE))
    assert raised.value.facts["page"] == "2"
    assert len(slot(steps.resume(desk, draft.id), "safety_rules").pages) == 2


def spoilt_png() -> bytes:
    """Whole at both ends, garbled between."""
    data = bytearray(picture("two", "PNG"))
    data[60:400] = bytes(340)
    return bytes(data)


def test_files_with_several_pages(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.begin("yuyao", FOOD)
    out = io.BytesIO()
    first, *rest = [Image.open(io.BytesIO(picture(word))).convert("L") for word in ("one", "two", "three")]
    first.save(out, "TIFF", save_all=True, append_images=rest, compression="tiff_deflate")
    draft = pages.add_file(desk, draft, "lease", out.getvalue(), "image/tiff")
    found = slot(draft, "lease").pages
    assert [page.frame for page in found] == [0, 1, 2] and len({page.digest for page in found}) == 1
    assert len({page.key for page in found}) == 3
    assert len({pages.preview(desk, page, 400) for page in found}) == 3
    out = io.BytesIO()
    first.save(out, "PDF", save_all=True, append_images=rest)
    draft = pages.add_file(desk, draft, "safety_rules", out.getvalue(), "application/pdf")
    assert [page.frame for page in slot(draft, "safety_rules").pages] == [0, 1, 2]
    moved = pages.move_page(desk, draft, found[1].key, "lease", "safety_rules", 0)
    assert [page.frame for page in slot(moved, "lease").pages] == [0, 2] and cautions(counter, moved) == []


def test_pages_turn_move_and_hide_without_changing_a_byte(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.begin("yuyao", FOOD)
    data = [counter.page() for _ in range(3)]
    for each in data:
        draft = pages.add_file(desk, draft, "lease", each, "image/jpeg")
    a, b, c = (page.key for page in slot(draft, "lease").pages)
    draft = pages.rotate_page(desk, draft, "lease", a, 1)
    draft = pages.rotate_page(desk, draft, "lease", a, -2)
    draft = pages.move_page(desk, draft, c, "lease", "lease", 0)
    draft = pages.move_page(desk, draft, b, "lease", "premises_plan", 99)
    assert [(page.key, page.rotation) for page in slot(draft, "lease").pages] == [(c, 0), (a, 270)]
    assert [page.key for page in slot(draft, "premises_plan").pages] == [b]
    assert [desk.store.pages.get(key) for key in (a, b, c)] == data
    wide = Image.open(io.BytesIO(pages.preview(desk, slot(draft, "lease").pages[1], 800)))
    assert wide.width > wide.height
    with pytest.raises(Problem, match="material.unknown"):
        pages.move_page(desk, draft, b, "lease", "premises_plan", 0)
    with pytest.raises(Problem, match="material.unknown"):
        pages.move_page(desk, draft, a, "lease", "no_such", 0)
    assert steps.resume(desk, draft.id) == draft


def test_f21_equal_pages_are_marked_not_dropped_and_each_is_its_own(counter: Counter) -> None:
    desk = counter.desk
    draft, data = counter.begin("yuyao", FOOD), counter.page()
    for code in ("lease", "lease", "safety_rules"):
        draft = pages.add_file(desk, draft, code, data, "image/jpeg")
    assert cautions(counter, draft) == [("equal_pages", "lease", 1), ("equal_pages", "safety_rules", 1)]
    key = slot(draft, "lease").pages[0].key
    hidden = pages.show_page(desk, draft, "lease", key, hidden=True)
    assert [page.hidden for page in slot(hidden, "lease").pages] == [True, False]
    hidden = pages.show_page(desk, hidden, "safety_rules", key, hidden=True)
    assert cautions(counter, hidden) == []
    moved = pages.move_page(desk, hidden, key, "lease", "premises_plan", 0)
    assert (len(slot(moved, "lease").pages), len(slot(moved, "premises_plan").pages)) == (1, 1)


def test_a_rescanned_page_stands_for_the_old_one_which_is_kept(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.begin("yuyao", FOOD)
    for _ in range(2):
        draft = pages.add_file(desk, draft, "lease", counter.page(), "image/jpeg")
    draft = pages.verify_original(desk, draft, "lease", ZHOU)
    old, other = slot(draft, "lease").pages
    bring(counter, "scanner", "scanner/simulated", pages=1)
    draft = pages.rescan_page(desk, draft, "lease", old.key)
    new, second, kept = slot(draft, "lease").pages
    assert second == other and kept.key == old.key and kept.hidden
    assert (new.replaces, new.sheet, new.hidden) == (old.digest, old.sheet, False)
    assert desk.store.pages.get(old.digest)
    assert slot(draft, "lease").verified is None  # nobody has compared the new one
    bring(counter, "scanner", "scanner/simulated", behave="no_paper")
    with pytest.raises(Problem, match="scanner.no_paper"):
        pages.rescan_page(desk, draft, "lease", new.key)
    assert steps.resume(desk, draft.id) == draft


def test_u04_a_printed_form_files_itself_though_another_material_is_scanned(counter: Counter, tmp_path: Path) -> None:
    desk = counter.desk
    draft, paper = form_of(counter, counter.begin("yuyao", FOOD), tmp_path)
    sheets = raster.page_count(paper.read_bytes())
    bring(counter, "scanner", "scanner/simulated", insert=str(paper), pages=sheets + 2)
    *_, draft = pages.scan_into(desk, draft, "lease", CODES)
    assert len(slot(draft, "application_form").pages) == sheets
    assert len(slot(draft, "lease").pages) == 2  # what lay under it is what was being scanned
    assert not form_is_stale(draft)
    case = finish.take_in(desk, counter.fill_materials(draft), ZHOU).case
    assert case.number == draft.number


def test_u04_a_form_signed_with_other_answers_is_refused_until_it_is_signed_anew(
    counter: Counter, tmp_path: Path
) -> None:
    desk = counter.desk

    def signed(draft: Draft) -> Draft:
        draft, paper = form_of(counter, draft, tmp_path)
        page = io.BytesIO()
        raster.page_image(paper.read_bytes(), 0, 150).save(page, "PNG", dpi=(150, 150))
        return pages.add_file(desk, draft, "lease", page.getvalue(), "image/png")

    draft = counter.fill_materials(signed(counter.begin("yuyao", FOOD)))
    answers = draft.answers
    draft = steps.with_answers(desk, draft, {**answers, "staff": 44})
    assert form_is_stale(draft)
    said = panel(draft, desk.catalogue(), desk.node, today(desk)).missing
    assert [(one.kind, one.code) for one in said] == [("form", "application_form")]
    with pytest.raises(Problem, match="intake.form_stale"):
        finish.take_in(desk, draft, ZHOU)
    assert desk.store.cases.find(draft.id) is None
    draft = steps.with_answers(desk, draft, answers)
    assert not form_is_stale(draft)  # as it was signed
    phone = draft.phone
    draft = steps.with_phone(desk, draft, "13911111111")
    assert form_is_stale(draft)  # other people on it are other words, too
    draft = steps.with_answers(desk, steps.with_phone(desk, draft, phone), {**answers, "staff": 44})
    # printing anew is not signing anew
    printed, _ = form_of(counter, draft, tmp_path)
    assert printed.number == draft.number and not slot(printed, "application_form").present
    assert len(slot(printed, "application_form").pages) == 1  # kept, hidden
    with pytest.raises(Problem, match="intake.incomplete"):
        finish.take_in(desk, printed, ZHOU)
    assert finish.take_in(desk, signed(printed), ZHOU).case.answers["staff"] == 44


def test_a_form_of_another_case_is_marked(counter: Counter, tmp_path: Path) -> None:
    desk = counter.desk
    _, paper = form_of(counter, counter.begin("haishu", FOOD), tmp_path)
    page = io.BytesIO()
    raster.page_image(paper.read_bytes(), 0, 150).save(page, "PNG", dpi=(150, 150))
    draft, _ = form_of(counter, counter.begin("yuyao", FOOD), tmp_path)
    draft = pages.add_file(desk, draft, "lease", page.getvalue(), "image/png")
    assert not slot(draft, "application_form").pages and len(slot(draft, "lease").pages) == 1
    assert cautions(counter, draft) == [("foreign_page", "lease", 1)]


def test_separator_sheets_cut_a_stack_and_are_not_kept(counter: Counter) -> None:
    desk = counter.desk
    draft, separators = printing.separators_pdf(desk, counter.begin("yuyao", FOOD), ZHOU)
    order = [material.code for material in draft.materials]
    stack = []
    for code in ("premises_plan", "lease"):
        stack.append(raster.page_image(separators, order.index(code), 150).convert("RGB"))
        stack += [Image.open(io.BytesIO(picture(f"{code} {n}"))).resize((1240, 1754)) for n in range(2)]
    out = io.BytesIO()
    stack[0].save(out, "PDF", save_all=True, append_images=stack[1:], resolution=150)
    draft = pages.add_file(desk, draft, "safety_rules", out.getvalue(), "application/pdf")
    assert printing.print_separators(desk, draft, ZHOU)[1].outcome == "done"
    filed = {material.code: len(material.pages) for material in draft.materials if material.pages}
    assert filed == {"premises_plan": 2, "lease": 2}


def test_u07_compared_and_given_back_with_clerk_and_time(counter: Counter) -> None:
    desk = counter.desk
    draft = pages.add_file(desk, counter.begin("yuyao", FOOD), "lease", counter.page(), "image/jpeg")
    draft = pages.verify_original(desk, draft, "lease", ZHOU)
    counter.clock.forward(minutes=3)
    draft = pages.returned(desk, draft, "lease", ZHOU)
    found = slot(draft, "lease")
    assert found.verified is not None and found.returned is not None and found.trust is Trust.B
    assert (found.verified.by, found.returned.at - found.verified.at) == (ZHOU.id, timedelta(minutes=3))
    undone = pages.returned(desk, pages.verify_original(desk, draft, "lease", ZHOU, seen=False), "lease", ZHOU, False)
    assert (slot(undone, "lease").verified, slot(undone, "lease").returned) == (None, None)
    assert slot(undone, "lease").trust is Trust.C
    added = pages.add_file(desk, draft, "lease", counter.page(), "image/jpeg")
    assert slot(added, "lease").verified is None and slot(added, "lease").trust is Trust.C


def test_a_promise_has_a_day_that_never_passes_the_promised_limit(counter: Counter) -> None:
    desk = counter.desk
    calendar = desk.catalogue().pack.calendar
    draft = counter.begin("haishu", DISABLED)
    draft = pages.promise(desk, draft, "photo")
    assert slot(draft, "photo").promised_until == calendar.add(today(desk), 5)
    with pytest.raises(Problem, match="material.no_promise"):
        pages.promise(desk, draft, "old_certificate")
    parked = steps.park(desk, draft)
    counter.clock.forward(days=20)
    draft = steps.resume(desk, parked.id)
    assert slot(draft, "photo").promised_until == calendar.add(today(desk), 5)  # not a day that is over
    for code in ("application_form", "old_certificate"):
        draft = pages.add_file(desk, draft, code, counter.page(), "image/jpeg")
    case = finish.take_in(desk, draft, ZHOU).case
    assert Flag.PROMISED in case.flags
    twice = pages.promise(desk, pages.promise(desk, counter.begin("haishu", DISABLED), "photo"), "photo")
    assert slot(twice, "photo").promised_until is None  # taken back
    # a matter that is decided in five days promises nothing for later
    food = desk.catalogue().matter(FOOD)
    draft = pages.promise(desk, counter.begin("yuyao", FOOD), "health_certificates")
    assert slot(draft, "health_certificates").promised_until == calendar.add(today(desk), food.limits.promised_days)


def test_s12_s13_what_was_given_before_is_used_again_and_not_sent_again(counter: Counter) -> None:
    desk = counter.desk
    draft = pages.add_file(desk, counter.begin("yuyao", FOOD), "lease", counter.page(), "image/jpeg")
    draft = pages.add_file(desk, draft, "safety_rules", counter.page(), "image/jpeg")  # never compared: not offered
    draft = pages.returned(desk, pages.verify_original(desk, draft, "lease", ZHOU), "lease", ZHOU)
    first = finish.take_in(desk, counter.fill_materials(draft), ZHOU).case
    counter.clock.forward(days=30)

    again = counter.begin("yuyao", FOOD)
    (item,) = pages.library(desk, again, "lease")
    assert item.reference == f"{first.number}/lease" and item.collected_at == first.received_at
    assert pages.library(desk, again, "safety_rules") == ()
    again = pages.from_library(desk, again, "lease", item)
    found = slot(again, "lease")
    assert (found.library, found.source, found.trust) == (item.reference, Source.LIBRARY, Trust.B)
    assert found.verified == slot(draft, "lease").verified and found.returned is None
    assert [page.digest for page in found.pages] == [page.digest for page in slot(draft, "lease").pages]
    case = finish.take_in(desk, counter.fill_materials(again), ZHOU).case
    assert [page.digest for page in slot_of(case, "lease").pages] == [page.digest for page in found.pages]

    # a third time it is still the first one's, named once
    third = counter.begin("yuyao", FOOD)
    assert [(one.reference, one.collected_at) for one in pages.library(desk, third, "lease")] == [
        (item.reference, first.received_at)
    ]
    # somebody else is not offered it, and cannot be given it
    other = counter.begin("haishu", FOOD)
    assert pages.library(desk, other, "lease") == ()
    with pytest.raises(Problem, match="library.not_theirs"):
        pages.from_library(desk, other, "lease", item)
    # taken by the first person, it goes when somebody else applies
    third = steps.with_document(desk, pages.from_library(desk, third, "lease", item), counter.card("haishu"))
    assert not slot(third, "lease").present and slot(third, "lease").library == ""


def test_what_was_scanned_is_not_lost_behind_the_library(counter: Counter) -> None:
    desk = counter.desk
    draft = pages.add_file(desk, counter.begin("yuyao", FOOD), "lease", counter.page(), "image/jpeg")
    finish.take_in(desk, counter.fill_materials(pages.verify_original(desk, draft, "lease", ZHOU)), ZHOU)
    draft = pages.add_file(desk, counter.begin("yuyao", FOOD), "lease", counter.page(), "image/jpeg")
    (item,) = pages.library(desk, draft, "lease")
    with pytest.raises(Problem, match="material.has_pages"):
        pages.from_library(desk, draft, "lease", item)
    taken = pages.from_library(desk, counter.begin("yuyao", FOOD), "lease", item)
    scanned = pages.add_file(desk, taken, "lease", counter.page(), "image/jpeg")  # new paper stands for it
    found = slot(scanned, "lease")
    assert (found.library, found.source, found.trust, found.verified) == ("", Source.SCAN, Trust.C, None)
    assert len(found.pages) == 1


def test_slots_follow_the_answers_and_keep_what_was_scanned(counter: Counter) -> None:
    desk = counter.desk
    draft = pages.add_file(desk, counter.begin("yuyao", FOOD), "lease", counter.page(), "image/jpeg")
    owned = steps.with_answers(desk, draft, {**draft.answers, "premises_tenure": "owned"})
    codes = {material.code for material in owned.materials}
    assert "premises_proof" in codes and slot(owned, "lease").pages  # no longer asked for, not thrown away
    case = finish.take_in(desk, counter.fill_materials(owned), ZHOU).case
    assert "lease" in {material.code for material in case.materials}


def test_a_draft_that_became_a_case_takes_no_more_pages(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.whole("yuyao", FOOD)
    finish.take_in(desk, draft, ZHOU)
    with pytest.raises(Problem, match="draft.gone"):
        pages.add_file(desk, draft, "lease", counter.page(), "image/jpeg")
    assert steps.drafts(desk, ZHOU) == ()
