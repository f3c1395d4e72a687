"""The agent's morning: twenty households without a line, one matter, a mandate each; then the line comes back.

Corrections and voidings are done in the middle of it; everything arrives once, in order, by its author (F04, F09, F12,
U05).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pypdfium2
import pytest

from app.cases import acts
from app.config import DeviceChoice
from app.desk import Desk
from app.flow import finish, pages, printing, steps
from app.flow.draft import Draft
from app.papers.paper import PaperKind
from app.people.sign_in import sign_in
from contract.case import Case, Kind, State, case_digest, pages_of
from contract.person import Clerk, Document, Tie
from devices.idcard import IdentityDocument
from tests.fakes.serving import ServerProcess
from tests.journeys.conftest import VILLAGE, Windows, picture

INSURANCE = "GG-00136-001"  # 城乡居民基本医疗保险参保登记
HOUSEHOLDS = 20
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643


def card(number: int, name: str) -> IdentityDocument:
    """The card of an invented villager."""
    born = f"{1940 + number}0{1 + number % 9}1{number % 10}"
    digits = f"330281{born}{900 + number:03}"
    check = "10X98765432"[sum(int(d) * w for d, w in zip(digits, WEIGHTS, strict=True)) % 11]
    return IdentityDocument(
        document_type=Document.RESIDENT,
        name=name,
        sex="男" if (900 + number) % 2 else "女",
        nation="汉",
        birth_date=date(int(born[:4]), int(born[4:6]), int(born[6:])),
        address=f"浙江省余姚市凤山街道永丰村{number}组99号",
        number=digits + check,
        number_valid=True,
    )


AGENTS_CARD = card(40, "许爱珍")


@pytest.fixture
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of this test's own: it is killed and started again."""
    process = ServerProcess(tmp_path_factory.mktemp("village"))
    process.start()
    yield process
    process.stop()


def whole(desk: Desk, draft: Draft, number: int) -> Draft:
    """What is the household's own, and what is asked once: the rest is there."""
    draft = steps.with_represented(desk, draft, card(number, f"村民{chr(0x4E00 + number)}"))
    draft = steps.with_phone(desk, draft, f"138000000{number:02}")
    if draft.matter is None:
        draft = steps.with_matter(desk, draft, INSURANCE)
    said = {"basis": "household", "year": 2026} if "year" not in draft.answers else {}
    draft = steps.with_answers(desk, draft, {**draft.answers, **said, "supported": False})
    for slot, material in enumerate(draft.materials):
        if not material.present:
            draft = pages.add_file(desk, draft, material.code, picture(draft.id, slot), "image/jpeg")
    return draft


def begin(desk: Desk, agent: Clerk) -> Draft:
    draft = steps.with_document(desk, steps.begin(desk, agent), AGENTS_CARD)
    draft = steps.confirm_person(desk, draft, agent)
    return steps.with_applicant(desk, draft, None, Tie.MANDATE)


@pytest.mark.needs("font:LXGW WenKai", "font:WenQuanYi Zen Hei", "font:HanaMinA")
def test_twenty_households_without_a_line_arrive_once(window: Windows, hall: ServerProcess, tmp_path: Path) -> None:
    papers = tmp_path / "papers"
    papers.mkdir()
    printer = DeviceChoice(driver="printer/file", options={"folder": str(papers)})
    village = window(VILLAGE, "xuaizhen", "", devices={"a4": printer})  # no thermal printer
    desk = village.desk
    village.settle(lambda: desk.courier.state.online)
    hall.kill()
    agent = sign_in(desk, "xuaizhen", "tongban-demo").clerk

    cases: list[Case] = []
    draft = begin(desk, agent)
    for number in range(1, HOUSEHOLDS + 1):
        taken = finish.take_in(desk, whole(desk, draft, number), agent)
        cases.append(taken.case)
        assert taken.case.parties.tie is Tie.MANDATE and taken.case.parties.handler.name == "许爱珍"
        if number in (1, HOUSEHOLDS):  # the others' papers are drawn no differently
            printed = printing.print_papers(desk, taken.case.id, taken.papers, agent)
            assert [one.outcome for one in printed] == ["done"] * len(taken.papers)
            assert printed[0].kind is PaperKind.RECEIPT_A4
        if number == 5:  # a wrong key, seen at once; and one seen later
            acts.correct(desk, cases[4].id, agent, "电话写错", phone="13900000005")
            acts.correct(desk, cases[1].id, agent, "电话写错", phone="13900000002")
            acts.correct(desk, cases[4].id, agent, "又写错", phone="13900000055")
        if number == 7:
            assert acts.void(desk, cases[6].id, agent, "重复收件").state is State.VOIDED
        draft = steps.same_matter_next(desk, taken.case, agent, agent=True)
    steps.discard(desk, draft)

    halves = []
    for path in papers.glob("*.pdf"):
        paper = pypdfium2.PdfDocument(path)
        text = paper[0].get_textpage()
        if "收件凭证" in text.get_text_bounded():
            halves.append("".join(text.get_text_bounded(top=paper[0].get_height() / 2 - 10).split()))
        paper.close()
    assert [half.strip("训练无效") for half in halves] == ["", ""]  # nothing below the cut but the training mark
    assert len({case.number for case in cases}) == HOUSEHOLDS
    village.settle(lambda: not desk.courier.state.online)
    assert desk.courier.state.waiting == HOUSEHOLDS

    hall.start()
    desk.courier.retry_now()
    village.settle(village.agreed, patience=120)
    for number, case in enumerate(cases, 1):
        view, ours = village.server_view(case.id), desk.store.cases.actions(case.id)
        assert [action.id for action in view.actions] == [action.id for action in ours]
        assert view.digest == case_digest(ours, pages_of(ours)) and not view.case.materials_pending
        assert {action.author.id for action in ours} == {"xuaizhen"}
        numbers = [found.number for found in desk.courier.line.search(view.case.parties.applicant.number)]
        assert numbers == [case.number], number  # once
    kinds = [[action.kind for action in village.server_view(cases[at].id).actions] for at in (4, 6, 8)]
    assert kinds[0][-2:] == [Kind.CORRECT, Kind.CORRECT] and kinds[1][-1] is Kind.VOID and Kind.CORRECT not in kinds[2]
    assert village.server_view(cases[4].id).case.phone == "13900000055"
    assert village.server_view(cases[6].id).case.state is State.VOIDED
    later = village.server_view(cases[-1].id).actions[0].body
    assert later["answers"]["year"] == 2026 and later["sources"]["year"] == steps.CARRIED
