"""Who stands at the window and on whose behalf (U03), by card or by hand, and who saw that card and face agree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.desk import today
from app.flow import finish, printing, steps
from app.flow.draft import Caution, Draft, Panel, panel
from app.papers.paper import PaperKind
from app.papers.wording import identity_words
from app.people.other_cards import other_card
from contract.case import Kind, PersonConfirmed, body_as
from contract.person import Document, LegalPerson, Person, Tie
from contract.problem import Problem
from devices.cards.emulator import passport_lines
from devices.idcard import IdentityDocument
from tests.fakes.counter import XU, ZHOU, Counter, bring

DISABLED = "QR-00311-002"  # 残疾人证换领: by the applicant's address; self, mandate, guardian
FOOD = "XK-00131-001"  # 食品经营许可: by the premises; persons and companies
ELDERLY = "QR-00111-003"  # 老年优待证: accepted at the window
USCC = "91330281MA00000019"


def seen(counter: Counter, draft: Draft) -> Panel:
    desk = counter.desk
    return panel(draft, desk.catalogue(), desk.node, today(desk))


def missing(counter: Counter, draft: Draft) -> list[str]:
    return [one.kind for one in seen(counter, draft).missing]


def uscc() -> str:
    from contract.person import USCC_ALPHABET, uscc_fault

    return next(code for last in USCC_ALPHABET if not uscc_fault(code := f"91330281MA0000001{last}"))


def test_u03_a_card_makes_handler_and_applicant(counter: Counter) -> None:
    bring(counter, "idcard", "idcard/simulated", card="yuyao")
    draft = steps.begin(counter.desk, ZHOU)
    assert missing(counter, draft) == ["identity", "matter"]
    assert counter.desk.store.drafts.saved() == ()  # nothing about anyone yet
    draft = steps.with_document(counter.desk, draft, counter.desk.devices.idcard().read())
    said = seen(counter, draft)
    assert said.applicant == said.handler == "陈䶮" and said.tie is Tie.SELF and not said.manual
    assert said.confirmed_at is None and missing(counter, draft) == ["confirm", "matter"]
    draft = steps.confirm_person(counter.desk, draft, ZHOU)
    assert seen(counter, draft).confirmed_at == counter.clock.now and missing(counter, draft) == ["matter"]
    assert draft.identity is not None and draft.identity.sam_number and draft.identity.source == "chip"


def test_u03_under_a_mandate_somebody_else_applies_and_both_are_on_case_and_panel(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.begin("yuyao", DISABLED)
    mother = Person(name="样例母", number="330203195006069984", address="浙江省宁波市海曙区鼓楼街道1号")
    draft = counter.fill(steps.with_applicant(desk, draft, mother, Tie.MANDATE))
    said = seen(counter, draft)
    assert (said.applicant, said.handler, said.tie) == ("样例母", "陈䶮", Tie.MANDATE)
    assert "海曙" in said.decided_by  # by the applicant's address, no longer by the handler's
    assert draft.answers["applicant_name"] == "样例母"
    assert {"mandate", "applicant_id"} <= {slot.code for slot in draft.materials}
    case = finish.take_in(desk, counter.fill_materials(draft), ZHOU).case
    assert case.parties.applicant == mother and case.parties.handler.name == "陈䶮"

    with pytest.raises(Problem, match="applicant.is_handler"):
        steps.with_applicant(desk, counter.begin("yuyao"), case.parties.handler, Tie.MANDATE)


def test_the_represented_one_who_comes_in_person_is_no_longer_represented(counter: Counter) -> None:
    desk = counter.desk
    card = counter.card("haishu")
    represented = Person(name=card.name, number=card.number, address=card.address)
    draft = steps.with_applicant(desk, counter.begin("yuyao", DISABLED), represented, Tie.MANDATE)
    draft = steps.with_document(desk, draft, card)
    assert draft.tie is Tie.SELF and draft.applicant == draft.handler


def test_u03_a_legal_person_by_its_code(counter: Counter) -> None:
    desk = counter.desk
    company = LegalPerson(
        name="余姚样例食品有限公司", uscc=uscc(), address="浙江省余姚市凤山街道1号", representative="陈䶮"
    )
    draft = counter.begin("yuyao", FOOD)
    draft = counter.fill(steps.with_applicant(desk, draft, company, Tie.LEGAL_REPRESENTATIVE))
    assert draft.answers["uscc"] == company.uscc and draft.answers["operator_name"] == company.name
    case = finish.take_in(desk, counter.fill_materials(draft), ZHOU).case
    assert case.parties.applicant == company and case.parties.tie is Tie.LEGAL_REPRESENTATIVE
    with pytest.raises(Problem, match="applicant.code_wrong"):
        steps.with_applicant(desk, draft, company.model_copy(update={"uscc": company.uscc[:-1] + "0"}), Tie.MANDATE)


def test_u03_a_guardian_and_a_matter_that_refuses_tie_or_audience(counter: Counter) -> None:
    desk = counter.desk
    child = counter.card("child")
    person = Person(name=child.name, number=child.number, address=child.address, birth_date=child.birth_date)
    draft = steps.with_applicant(desk, counter.begin("ninghai", DISABLED), person, Tie.GUARDIAN)
    draft = counter.fill(draft, has_guardian=True)
    assert draft.answers["guardian_name"] == "周㛃宁"  # the handler
    assert "guardian_proof" in {slot.code for slot in draft.materials} and "tie" not in missing(counter, draft)
    refused = counter.fill(steps.with_matter(desk, draft, FOOD))
    assert [(one.kind, one.code) for one in seen(counter, refused).missing if one.kind == "tie"] == [
        ("tie", "guardian")
    ]
    with pytest.raises(Problem, match="intake.incomplete"):
        finish.take_in(desk, counter.fill_materials(refused), ZHOU)
    company = LegalPerson(name="样例公司", uscc=uscc(), address="浙江省余姚市凤山街道1号")
    draft = steps.with_applicant(desk, counter.begin("yuyao", DISABLED), company, Tie.MANDATE)
    assert "audience" in missing(counter, draft)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (Document.HOUSEHOLD_BOOK, "330281199002289992"),
        (Document.TEMPORARY_CARD, "330281199002289992"),
        (Document.PASSPORT, "E00000001"),
        (Document.TYPED, "330281199002289992"),
    ],
)
def test_a_typed_identity_says_so_on_panel_and_case(counter: Counter, kind: Document, number: str) -> None:
    desk = counter.desk
    typed = {"document_type": kind.value, "name": "陈样例", "number": number, "address": "浙江省余姚市凤山街道1号"}
    draft = steps.begin(desk, ZHOU)
    with pytest.raises(Problem, match="identity.reason_missing"):
        steps.with_manual_identity(desk, draft, typed, "  ", None)
    photograph = counter.page()
    draft = steps.with_manual_identity(desk, draft, typed, "身份证遗失", photograph)
    draft = counter.fill(steps.with_matter(desk, steps.confirm_person(desk, draft, ZHOU), ELDERLY))
    if "birth_date" not in draft.answers:
        draft = counter.fill(draft)
    said = seen(counter, draft)
    assert said.manual and said.applicant == "陈样例" and said.cautions == ()
    assert draft.identity is not None and draft.identity.reason == "身份证遗失" and draft.identity.document is kind
    slot = draft.material("id_card")
    assert slot is not None and not slot.present  # no chip was read: a copy is wanted
    case = finish.take_in(desk, counter.fill_materials(draft), ZHOU).case
    assert case.identity is not None and case.identity.source == "manual"
    assert [desk.store.pages.get(digest) for digest in case.identity.pages] == [photograph]


@pytest.mark.parametrize(
    ("card", "key", "kind", "words"),
    [
        ("social_security", "", Document.SOCIAL_SECURITY, "读取社会保障卡芯片（未验签）"),
        ("passport", passport_lines(), Document.PASSPORT, "读取护照芯片（未验签）"),
    ],
)
def test_an_identity_from_another_card_says_so_on_panel_case_and_papers(
    counter: Counter, card: str, key: str, kind: Document, words: str
) -> None:
    desk = counter.desk
    bring(counter, "cards", "cards/simulated", card=card)
    read = other_card(desk.devices.cards().read(key), today(desk))
    draft = steps.with_document(desk, steps.begin(desk, ZHOU), read.document)
    draft = counter.fill(steps.with_matter(desk, steps.confirm_person(desk, draft, ZHOU), ELDERLY))
    assert draft.identity is not None and (draft.identity.source, draft.identity.document) == ("card", kind)
    slot = draft.material("id_card")
    assert slot is not None and not slot.present  # no identity card was read: a copy is wanted
    case = finish.take_in(desk, counter.fill_materials(draft), ZHOU).case
    assert case.identity is not None and case.identity.source == "card"
    assert identity_words(case.identity) == words


def test_a_typed_identity_says_so_on_the_papers(counter: Counter) -> None:
    desk = counter.desk
    typed = {
        "document_type": "typed",
        "name": "陈样例",
        "number": "330281199002289992",
        "address": "浙江省余姚市凤山街道1号",
    }
    draft = steps.with_manual_identity(desk, steps.begin(desk, ZHOU), typed, "身份证遗失", None)
    draft = counter.fill(steps.with_matter(desk, steps.confirm_person(desk, draft, ZHOU), ELDERLY))
    case = finish.take_in(desk, counter.fill_materials(draft), ZHOU).case
    assert "人工录入" in text_of(printing.paper_pdf(desk, case.id, PaperKind.RECEIPT, ZHOU))


def text_of(pdf: bytes) -> str:
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        said = "".join(page.get_textpage().get_text_range() for page in document)
        return "".join(said.split())
    finally:
        document.close()


def test_a_typed_number_that_fails_its_check_is_to_be_looked_at_not_refused(counter: Counter) -> None:
    typed = {"document_type": "household_book", "name": "陈样例", "number": "330281199002289993"}
    draft = steps.with_manual_identity(counter.desk, steps.begin(counter.desk, ZHOU), typed, "身份证遗失", None)
    assert seen(counter, draft).cautions == (Caution(kind="number"),)


def test_a_suspect_or_expired_chip_is_to_be_looked_at(counter: Counter) -> None:
    card = replace(counter.card("hmt_permit"), suspect=True)  # valid until April
    draft = steps.with_document(counter.desk, steps.begin(counter.desk, ZHOU), card)
    assert [one.kind for one in seen(counter, draft).cautions] == ["suspect", "expired"]


def test_a_chip_without_a_name_is_not_taken(counter: Counter) -> None:
    with pytest.raises(Problem, match="idcard.garbled"):
        steps.with_document(
            counter.desk, steps.begin(counter.desk, ZHOU), IdentityDocument(Document.RESIDENT, number="1")
        )


def test_a_rare_name_is_shown_in_standard_characters_and_kept_as_on_the_chip(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.begin("private_use", DISABLED)
    assert [one.kind for one in seen(counter, draft).cautions] == ["name"]
    draft = steps.with_display_name(desk, draft, "林㛃波")
    said = seen(counter, draft)
    assert said.applicant == said.handler == "林㛃波" and said.cautions == ()
    assert draft.answers["applicant_name"] == "林㛃波"
    case = finish.take_in(desk, counter.fill_materials(draft), ZHOU).case
    assert case.parties.applicant.name == "林\ue863波" and case.parties.applicant.shown_name == "林㛃波"
    # the same card again keeps it; somebody else's does not
    draft = steps.with_display_name(desk, counter.begin("private_use"), "林㛃波")
    again = steps.with_document(desk, draft, counter.card("private_use"))
    assert again.handler is not None and again.handler.shown_name == "林㛃波" and again.confirmed is None
    other = steps.with_document(desk, draft, counter.card("yuyao"))
    assert other.handler is not None and other.handler.shown_name == "陈䶮"


def test_another_card_after_the_form_was_filled_takes_the_formers_answers_away(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.begin("haishu", DISABLED)
    draft = steps.with_answers(desk, draft, {**draft.answers, "phone": "13911111111", "applicant_address": "海曙某处"})
    draft = steps.with_matter(desk, draft, ELDERLY)  # the same for what was put by
    draft = steps.with_document(desk, steps.with_matter(desk, draft, DISABLED), counter.card("yuyao"))
    chen = counter.card("yuyao")
    assert draft.answers["applicant_name"] == "陈䶮" and draft.answers["applicant_number"] == chen.number
    assert draft.answers["applicant_address"] == chen.address
    assert "phone" not in draft.answers and draft.phone == ""
    assert draft.answers["certificate_number"] == counter.begin("haishu", DISABLED).answers["certificate_number"]
    assert draft.identity is not None and draft.identity.confirmed_at is None and draft.confirmed is None
    assert "王𠮷安" not in draft.model_dump_json() and "13911111111" not in draft.model_dump_json()
    assert draft.route is not None and draft.route.area == "330281"


def test_an_applicant_who_is_taken_back_leaves_nothing(counter: Counter) -> None:
    desk = counter.desk
    mother = Person(name="样例母", number="330203195006069984", address="浙江省宁波市海曙区鼓楼街道1号")
    draft = counter.fill(steps.with_applicant(desk, counter.begin("yuyao", DISABLED), mother, Tie.MANDATE))
    nobody = steps.with_applicant(desk, draft, None, Tie.MANDATE)
    assert nobody.applicant is None and "applicant" in missing(counter, nobody)
    assert "样例母" not in nobody.model_dump_json()
    back = steps.with_applicant(desk, nobody, None, Tie.SELF)
    assert back.applicant == back.handler and back.answers["applicant_name"] == "陈䶮"


def test_f09_whoever_compared_face_and_card_stays_its_author(counter: Counter) -> None:
    desk = counter.desk
    draft = counter.fill_materials(counter.begin("long_term", ELDERLY))
    looked_at = counter.clock.now
    counter.clock.forward(minutes=20)
    steps.park(desk, draft)
    draft = steps.resume(desk, draft.id)
    case = finish.take_in(desk, draft, XU).case
    acts = {action.kind: action for action in desk.store.cases.actions(case.id)}
    confirmed = acts[Kind.CONFIRM_PERSON]
    assert (confirmed.author.id, confirmed.author.name, confirmed.made_at) == ("zhoumin", "周敏", looked_at)
    assert acts[Kind.RECEIVE].author.id == "xuaizhen" and acts[Kind.RECEIVE].made_at == counter.clock.now
    identity = body_as(confirmed, PersonConfirmed).identity
    assert identity.confirmed_by == "zhoumin" and identity.confirmed_at == looked_at


def test_nothing_personal_in_reprs_and_the_log(counter: Counter, caplog: pytest.LogCaptureFixture) -> None:
    desk = counter.desk
    draft = counter.begin("haishu", DISABLED)
    draft = steps.with_matter(desk, draft, ELDERLY)
    taken = finish.take_in(desk, counter.fill_materials(counter.fill(draft)), ZHOU)
    said = [draft, draft.others, draft.handler, draft.identity, seen(counter, draft), taken, steps.drafts(desk, ZHOU)]
    for text in (repr(said), str(said), caplog.text):
        for secret in ("王𠮷安", "330203198506129999", "孝闻街", "13800000000"):
            assert secret not in text
