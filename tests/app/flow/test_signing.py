"""U04: the form is signed on the pad, bound to the words and to the very PDF; S31: one visit, one rating."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
import pytest

from app.flow import finish, printing, rating, signing, steps
from app.flow.draft import Draft
from app.papers import raster
from app.papers.signing import find_place, picture, with_ink
from app.sync.ratings import send_ratings
from contract.case import Action, Kind, apply, pages_of, said
from contract.exchange import Told, Verdict
from contract.ids import find_slot
from contract.material import Source
from contract.problem import Problem, Retry
from contract.rating import Level, Rating, Reason, SignedRating
from contract.signature import FULL, Ink, Signature
from contract.wire import sha256
from devices.rating import Pressed
from tests.fakes.counter import ZHOU, Counter

FOOD = "XK-00131-001"


def ink(shift: int = 0) -> Ink:
    first = tuple((n * 8, 1000 + n * 60 + shift, 1000 + (n % 7) * 90, 300 + n * 8) for n in range(40))
    second = tuple((600 + n * 8, 4000 + n * 30, 2600 - n * 40, FULL) for n in range(30))
    return Ink(width=12000, height=5000, strokes=(first, second), has_pressure=True)


@pytest.fixture
def draft(counter: Counter) -> Draft:
    """A whole draft, but for the application form."""
    whole = counter.whole("yuyao", FOOD)
    code = form_code(counter, whole)
    slots = tuple(m.model_copy(update={"pages": ()}) if m.code == code else m for m in whole.materials)
    return steps.keep(counter.desk, whole, materials=slots)


def form_code(counter: Counter, draft: Draft) -> str:
    rules = counter.desk.catalogue().matter(*(draft.matter or ("", 0))).materials
    return next(rule.code for rule in rules if rule.is_application_form)


def signed(counter: Counter, draft: Draft) -> Draft:
    draft, form = signing.form_to_sign(counter.desk, draft, ZHOU)
    return signing.sign_form(counter.desk, draft, ZHOU, form, ink(), "pad")


def test_u04_what_is_signed_on_the_pad_fills_the_forms_slot(counter: Counter, draft: Draft) -> None:
    desk = counter.desk
    draft, form = signing.form_to_sign(desk, draft, ZHOU)
    assert not signing.is_signed(draft, form.code) and "pdf" not in repr(form)
    after = signing.sign_form(desk, draft, ZHOU, form, ink(), "pen")
    slot = after.material(form.code)
    assert slot is not None and slot.present and slot.source is Source.PAD and slot.signed is not None
    assert signing.is_signed(after, form.code)
    pdf = desk.store.pages.get(slot.signed.page)
    assert sha256(pdf[: slot.signed.size]) == slot.signed.document == form.digest  # anyone can see what was signed
    vector = Signature.model_validate_json(desk.store.pages.get(slot.signed.vector.digest))
    assert (vector.document, vector.says, vector.ink) == (form.digest, form.says, ink())
    assert desk.store.pages.get(slot.signed.picture.digest).startswith(b"\x89PNG")
    taken = finish.take_in(desk, after, ZHOU)
    received = next(act for act in desk.store.cases.actions(taken.case.id) if act.kind is Kind.RECEIVE)
    assert {slot.signed.vector.digest, slot.signed.picture.digest, slot.signed.page} <= pages_of([received])
    assert said(taken.case) == slot.signed.says


def test_u04_changed_answers_break_the_binding(counter: Counter, draft: Draft) -> None:
    desk = counter.desk
    changed = steps.with_phone(desk, signed(counter, draft), "13900001111")
    assert not signing.is_signed(changed, form_code(counter, changed))
    with pytest.raises(Problem, match=r"intake\.form_stale"):
        finish.take_in(desk, changed, ZHOU)
    again, form = signing.form_to_sign(desk, changed, ZHOU)
    slot = again.material(form.code)
    assert slot is not None and slot.signed is None and all(page.hidden for page in slot.pages)
    finish.take_in(desk, signing.sign_form(desk, again, ZHOU, form, ink(5), "touch"), ZHOU)


def test_u04_words_that_change_while_somebody_signs_are_not_signed(counter: Counter, draft: Draft) -> None:
    desk = counter.desk
    draft, form = signing.form_to_sign(desk, draft, ZHOU)
    with pytest.raises(Problem, match=r"signature\.not_written"):
        signing.sign_form(desk, draft, ZHOU, form, Ink(width=10, height=10, strokes=()), "pad")
    changed = steps.with_phone(desk, draft, "13900001111")
    with pytest.raises(Problem, match=r"signature\.other_document"):
        signing.sign_form(desk, changed, ZHOU, form, ink(), "pad")
    reprinted, _ = printing.application_form_pdf(desk, changed, ZHOU)
    with pytest.raises(Problem, match=r"signature\.other_document"):
        signing.sign_form(desk, reprinted, ZHOU, form, ink(), "pad")


def test_u04_neither_end_takes_a_signature_for_other_words(counter: Counter, draft: Draft) -> None:
    taken = finish.take_in(counter.desk, signed(counter, draft), ZHOU)
    acts = counter.desk.store.cases.actions(taken.case.id)

    def forged(change: Callable[[Action], Action]) -> None:
        case = None
        for act in acts:
            case = apply(case, change(act))

    forged(lambda act: act)
    with pytest.raises(Problem, match=r"signature\.other_words"):
        forged(lambda a: a.model_copy(update={"body": {**a.body, "phone": "1"}}) if a.kind is Kind.OPEN else a)

    def without_page(act: Action) -> Action:
        slots = [{**m, "pages": []} if m.get("signed") else m for m in act.body.get("materials", ())]
        return act.model_copy(update={"body": {**act.body, "materials": slots}}) if slots else act

    with pytest.raises(Problem, match=r"signature\.other_words"):
        forged(without_page)


def test_a_scanned_page_beside_it_and_a_new_signature_keep_what_was_there(counter: Counter, draft: Draft) -> None:
    once = signed(counter, draft)
    twice, form = signing.form_to_sign(counter.desk, once, ZHOU)
    twice = signing.sign_form(counter.desk, twice, ZHOU, form, ink(9), "mouse")
    slot = twice.material(form.code)
    assert slot is not None and slot.signed is not None
    assert [page.hidden for page in slot.pages] == [True] * (len(slot.pages) // 2) + [False] * (len(slot.pages) // 2)
    assert {page.digest for page in slot.pages if not page.hidden} == {slot.signed.page}


def test_a_matter_without_a_form_has_nothing_to_sign(counter: Counter) -> None:
    with pytest.raises(Problem, match=r"signature\.no_form"):
        signing.form_to_sign(counter.desk, counter.begin("yuyao"), ZHOU)


def test_the_signed_paper_is_a_paper_with_its_codes_and_its_ink(counter: Counter, draft: Draft, tmp_path: Path) -> None:
    _, form = signing.form_to_sign(counter.desk, draft, ZHOU)
    place = find_place(form.pdf)
    assert place is not None
    made = with_ink(form.pdf, ink())
    assert made.startswith(form.pdf)
    document = pypdfium2.PdfDocument(made)
    try:
        assert len(document) == raster.page_count(form.pdf)
    finally:
        document.close()
    before, after = (raster.page_image(pdf, place.page - 1, 150) for pdf in (form.pdf, made))
    box = tuple(round(each * 150 / 72) for each in (
        place.left, before.height * 72 / 150 - place.bottom - place.height,
        place.left + place.width, before.height * 72 / 150 - place.bottom,
    ))  # fmt: skip
    dark = [sum(image.crop(box).histogram()[:128]) for image in (before, after)]
    assert dark[1] > dark[0] + 100, "no ink where the signature goes"
    outside = [image.copy() for image in (before, after)]
    for image in outside:
        image.paste(255, box)
    assert outside[0].tobytes() == outside[1].tobytes()
    from app.materials.pages import analyse

    codes = analyse(made, "application/pdf", frame=place.page - 1, rasteriser=raster).codes
    assert any((slot := find_slot(code)) and slot.material == form.code for code in codes)
    assert picture(ink()).startswith(b"\x89PNG")
    for broken in (b"%PDF-1.4", form.pdf[:-40], form.pdf.replace(b"/Keywords", b"/Kxywords")):
        with pytest.raises(Problem, match=r"papers\.cannot_sign"):
            with_ink(broken, ink())


# --- 好差评 -----------------------------------------------------------------------------------------------------------


def test_s31_one_visit_one_rating_and_nobody_here_reads_it(counter: Counter, draft: Draft) -> None:
    desk = counter.desk
    case = finish.take_in(desk, signed(counter, draft), ZHOU).case
    assert rating.may_be_rated(desk, case.id) and desk.store.ratings.waiting() == 0
    assert rating.rate(desk, case.id, Level.DISSATISFIED, (Reason.TRIPS, Reason.TRIPS))
    assert not rating.rate(desk, case.id, Level.VERY_SATISFIED) and not rating.may_be_rated(desk, case.id)
    assert desk.store.ratings.waiting() == 1
    assert desk.store.ratings.to_send() == ()  # not before the server knows of the visit
    assert desk.courier.state.ratings == 1
    assert not any("dissatisfied" in repr(row) for row in desk.store.outbox.by_case())
    visit = rating.visit_of(desk, case.id)
    with desk.store._database.writing() as db:
        db.execute("update actions set standing = 'acknowledged'")
    ((of, sent),) = desk.store.ratings.to_send()
    said_ = Rating.model_validate_json(sent.rating)
    assert of == visit == said_.visit == case.last_action
    assert (said_.level, said_.reasons, said_.station) == (
        Level.DISSATISFIED,
        (Reason.TRIPS,),
        desk.store.station.get().id,
    )
    desk.store.ratings.told(visit)
    assert (
        desk.store.ratings.waiting() == 0 and desk.store.ratings.is_rated(visit) and desk.store.ratings.to_send() == ()
    )


@dataclass
class Server:
    """The other end, as it answers."""

    answer: Told | Problem

    def rate(self, rating: SignedRating) -> Told:
        if isinstance(self.answer, Problem):
            raise self.answer
        return self.answer


def refused(code: str, retry: Retry = Retry.NEVER) -> Told:
    return Told(verdict=Verdict.REFUSED, problem=Problem(code, retry).to_wire())


def test_s31_whatever_is_answered_a_rating_goes_once_and_keeps_nothing_from_going(
    counter: Counter, draft: Draft
) -> None:
    store = counter.desk.store
    case = finish.take_in(counter.desk, signed(counter, draft), ZHOU).case
    rating.rate(counter.desk, case.id, Level.FAIR)
    with store._database.writing() as db:
        db.execute("update actions set standing = 'acknowledged'")
    waits = [
        Problem("wire.not_found", Retry.NEVER),  # a server that knows of no ratings yet
        refused("rating.no_visit", Retry.AFTER_FIX),
    ]
    for answer in waits:
        assert send_ratings(store, Server(answer)) == 0 and len(store.ratings.to_send()) == 1
    with pytest.raises(Problem, match=r"line\.cut"):
        send_ratings(store, Server(Problem("line.cut", Retry.AGAIN)))
    assert send_ratings(store, Server(refused("rating.given_already"))) == 1
    assert store.ratings.waiting() == 0 and store.ratings.is_rated(case.last_action)


def test_s31_one_that_is_refused_for_good_is_kept_and_not_sent_again(counter: Counter, draft: Draft) -> None:
    store = counter.desk.store
    case = finish.take_in(counter.desk, signed(counter, draft), ZHOU).case
    rating.rate(counter.desk, case.id, Level.FAIR)
    with store._database.writing() as db:
        db.execute("update actions set standing = 'matched'")
    assert send_ratings(store, Server(refused("rating.signature_wrong"))) == 0
    assert store.ratings.to_send() == () and store.ratings.waiting() == 1


def test_s31_a_pads_keys_are_the_five_levels(counter: Counter, draft: Draft) -> None:
    assert [rating.level_of(Pressed(key)) for key in (5, 4, 3, 2, 1)] == list(Level)
    with pytest.raises(Problem, match=r"rating\.no_visit"):
        rating.rate(counter.desk, draft.id, Level.FAIR)
