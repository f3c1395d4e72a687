"""A whole day at one counter, by hand in the real window, with the real server in a child process: two clerks, five
people, a line that goes and comes back, an officer; and a program that is closed, then killed, in the middle of an
intake. At the end the server has what was done, once, by whoever did it, and no widget holds anything of anybody."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.demo import PASSWORD
from app.demo_officer import Officer
from contract.case import Action, Kind, State, case_digest, pages_of
from contract.person import LegalPerson, Tie
from contract.wire import sha256
from tests.fakes.serving import ROOT, ServerProcess
from tests.journeys.by_hand import AtCounter, Reader, at_counter, station
from tests.journeys.conftest import STREET
from tests.ui.test_lock import said_by
from ui.demo import receipt_code

ELDERLY = "QR-00111-003"  # 老年优待证: accepted here, done at once
DISABILITY = "QR-00311-002"  # 残疾人证换领: decided where the applicant lives
INSURANCE = "GG-00136-001"  # 医保参保: accepted here
LAND = "GG-00115-009"  # 不动产登记资料查询: for a legal person too
JOBLESS = "QR-00114-013"  # 失业登记
FIRM = {"uscc": "92330203MADEM00014", "name": "余姚示例农具店", "address": "浙江省余姚市凤山街道永丰村9号"}
PURPOSE = {"purpose": "other", "purpose_detail": "办理贷款"}
LIVES, PHONE = "余姚市凤山街道永丰村99号", "0574-00006666"
TYPED = {
    "name": "王𠮷安",
    "number": "330203198506129999",
    "address": "浙江省宁波市海曙区鼓楼街道孝闻社区孝闻街999号",
    "reason": "身份证消磁",
}
TRACES = (
    "沈阿凤", "330281194809099986", "陈䶮", "330281199002289992", "王𠮷安", "330203198506129999", "孝闻街", "周㛃宁",
    "330226199611039986", "何嘉欣", "810000199303219985", "示例农具店", FIRM["uscc"], "永丰村9", "阳明东路",
)  # fmt: skip
FONTS = pytest.mark.needs("font:LXGW WenKai", "font:WenQuanYi Zen Hei", "font:HanaMinA")


@pytest.fixture
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of this test's own: its line is cut."""
    process = ServerProcess(tmp_path_factory.mktemp("hall"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
def reader() -> Iterator[Reader]:
    with closing(Reader()) as made:
        yield made


def traces(of: AtCounter, page: str = "") -> set[str]:
    """What the window, or one of its pages, holds of anybody in any widget."""
    widget = of.window._pages[page] if page else of.window
    return {trace for _, text in said_by(widget) for trace in TRACES if trace in text}


def agreed(at: AtCounter) -> None:
    """Everything is with the server, and both ends say the same."""
    at.desk.courier.retry_now()
    at.wait(lambda: at.desk.courier.state.waiting == 0 and at.desk.courier.state.held == 0, "both ends to agree")


def officer(hall: ServerProcess, username: str) -> Officer:
    made = Officer(hall.url)
    made.sign_in(username, PASSWORD)
    return made


def who_did(actions: tuple[Action, ...]) -> list[tuple[Kind, str]]:
    return [(action.kind, action.author.id) for action in actions]


def same_at_both_ends(at: AtCounter, case_id: str) -> tuple[Action, ...]:
    """What the server has of a case is what was done here and there, once, with every page."""
    view, ours = at.desk.courier.line.case_view(case_id), at.desk.store.cases.actions(case_id)
    theirs = {action.id for action in view.actions}
    assert {action.id for action in ours} <= theirs and len(theirs) == len(view.actions)
    assert view.digest == case_digest(view.actions, pages_of(view.actions)) and not view.case.materials_pending
    for page in pages_of(view.actions):
        assert sha256(at.desk.courier.line.page(case_id, page)) == page
    return view.actions


@FONTS
def test_a_whole_day_at_one_counter(hall: ServerProcess, reader: Reader, tmp_path: Path) -> None:
    with at_counter(station(tmp_path / "station", hall, STREET, reader)) as at:
        # the morning: both clerks have signed in while there is a line
        at.sign_in("hanlu")
        at.lock()
        at.sign_in("zhoumin")

        # the first person: everything there, accepted on the spot
        at.put_card(reader, "long_term")
        at.choose("lnydz", ELDERLY)
        at.fill(ELDERLY)
        at.to_materials()
        at.scan_all()
        elderly = at.take_in()
        at.next_person()
        assert traces(at, "intake") == set()

        # the second has forgotten something and goes to fetch it
        at.put_card(reader, "yuyao")
        at.choose("sydj", JOBLESS)
        at.hands.enter("residence_address", LIVES)
        parked = at.intake.draft.id
        at.press("F10")
        at.wait(lambda: at.now("identity") and [one.id for one in at.window._state.parked] == [parked], "it parked")
        assert traces(at, "intake") <= {"陈䶮"}  # in the list of what is parked

        # the line goes down; the third's card is broken, and one material is promised
        hall.kill()
        at.type_person(TYPED)
        at.choose("cjrzhl", DISABILITY)
        at.fill(DISABILITY)
        at.to_materials()
        at.scan_all("photo")
        at.press("F8")
        at.wait(lambda: at.now("materials") and at.intake.draft.material("photo").promised_until, "the promise")
        disability = at.take_in()
        at.next_person()
        assert traces(at, "intake") <= {"陈䶮"}
        at.lock()
        assert traces(at) == set()

        # another clerk takes over without a line: an agent with a mandate
        at.sign_in("hanlu")
        assert not at.window._state.parked  # not hers
        at.put_card(reader, "ninghai")
        at.for_whom("person")
        for name, value in (
            ("name", "沈阿凤"),
            ("number", "330281194809099986"),
            ("address", "浙江省余姚市梁弄镇横坎头村9组99号"),
        ):
            at.hands.enter(name, value)
        at.press("Tab")
        at.wait(lambda: at.intake.draft.applicant is not None and at.now("identity"), "the applicant")
        at.choose("jbylbx", INSURANCE)
        at.fill(INSURANCE, basis="household")
        at.to_materials()
        at.scan_all()
        insurance = at.take_in()
        at.wait(lambda: not at.desk.courier.state.online, "the counter to know that it is without a line")
        assert at.desk.courier.state.waiting == 2
        at.next_person()

        # it comes back; a firm, taken in and voided
        hall.start()
        agreed(at)
        at.put_card(reader, "hmt_permit")
        at.for_whom("person")
        at.for_whom("legal")
        for name, value in FIRM.items():
            at.hands.enter(name, value)
        at.press("Tab")
        at.wait(lambda: at.intake.draft.applicant is not None and at.now("identity"), "the firm")
        at.choose("bdcdjzl", LAND)
        at.fill(LAND, searcher_name=FIRM["name"], searcher_number=FIRM["uscc"], property_area="330281001201", **PURPOSE)
        at.to_materials()
        at.scan_all()
        land = at.take_in()
        at.next_person()
        at.press("Ctrl+4")
        at.hands.scan_code(receipt_code(at.desk, land, at.counter.clerk))
        at.wait(lambda: at.models.search.state.case.case_id == land, "the firm's case")
        at.press("Ctrl+K")
        at.wait(lambda: at.models.search.state.case.asking == "void", "to be asked why")
        at.write("重复收件")
        at.press("Ctrl+Return")
        at.wait(lambda: at.desk.store.cases.find(land).state == "voided", "it to be voided")
        agreed(at)

        # the department asks for something; it is brought, and decided
        haishu = officer(hall, "haishu-disability")
        haishu.act(disability, "ask_supplement", material="old_certificate", what="看不清，请重新提交")
        at.desk.courier.retry_now()
        at.wait(lambda: at.desk.store.cases.find(disability).state == "to_supplement", "what is to be supplemented")
        at.press("Ctrl+2")
        todo = at.models.todo
        at.wait(lambda: todo.state.rows, "the to-do list")
        at.press("Return")
        at.wait(lambda: todo.state.case.case_id == disability, "the case")
        at.press("F4")
        at.wait(lambda: at.now("materials") and at.intake.draft.of_case == disability, "its materials")
        at.scan("old_certificate")
        at.scan("photo")
        assert at.take_in()
        agreed(at)
        for verb, said in (("accept", {}), ("review", {}), ("approve", {"opinion": "符合换领条件，准予换领"})):
            haishu.act(disability, verb, **said)
        at.next_person()
        at.lock()
        at.sign_in("zhoumin")

        # he comes for it with his receipt; the second person is back as well
        at.desk.courier.retry_now()
        at.wait(lambda: at.desk.store.cases.find(disability).state == "approved", "the decision")
        at.press("Ctrl+3")
        at.hands.scan_code(receipt_code(at.desk, disability, at.counter.clerk))
        at.wait(lambda: at.models.pickup.state.case.case_id == disability, "the case of the receipt")
        at.press("F9")
        at.wait(lambda: at.models.pickup.state.case.asking == "deliver", "to be asked who takes it")
        at.press("Ctrl+Return")
        at.wait(lambda: at.desk.store.cases.find(disability).state == "delivered", "it to be handed over")
        at.press("Alt+1")
        at.wait(lambda: at.now("form") and at.intake.draft.id == parked, "the second person's draft")
        assert at.intake.draft.answers["residence_address"] == LIVES
        at.fill(JOBLESS)
        at.to_materials()
        at.scan_all()
        jobless = at.take_in()
        assert jobless == parked
        agreed(at)

        # the evening: what was done is counted, nothing is left to the next shift but the papers that are here
        at.press("Ctrl+7")
        today = at.models.today
        at.wait(lambda: dict(today.state.counts).get("送达") == 1, "the figures")
        counts = dict(today.state.counts)
        assert (counts["收件"], counts["不予受理"]) == (5, 0), counts
        assert today.state.left == (), today.state.left
        at.lock()
        assert traces(at) == set()

        # and the server has it, once, by whoever did it
        taken = [(Kind.OPEN, "zhoumin"), (Kind.CONFIRM_PERSON, "zhoumin"), (Kind.RECEIVE, "zhoumin")]
        hers = [(kind, "hanlu") for kind, _ in taken]
        assert who_did(same_at_both_ends(at, elderly)) == [*taken, (Kind.ACCEPT, "zhoumin")]
        assert who_did(same_at_both_ends(at, insurance)) == [*hers, (Kind.ACCEPT, "hanlu")]
        assert who_did(same_at_both_ends(at, land))[:3] == hers
        assert who_did(same_at_both_ends(at, land))[-1] == (Kind.VOID, "hanlu")
        assert who_did(same_at_both_ends(at, jobless))[:3] == taken
        did = who_did(same_at_both_ends(at, disability))
        assert did[:3] == taken and did[4] == (Kind.SUPPLEMENT, "hanlu") and did[-1] == (Kind.DELIVER, "zhoumin")
        assert [kind for kind, _ in did[3:]] == [
            Kind.ASK_SUPPLEMENT, Kind.SUPPLEMENT, Kind.ACCEPT, Kind.REVIEW, Kind.APPROVE, Kind.DELIVER,
        ]  # fmt: skip
        views = {case: at.desk.courier.line.case_view(case).case for case in (elderly, disability, insurance, land)}
        assert views[insurance].parties.tie is Tie.MANDATE
        assert isinstance(views[land].parties.applicant, LegalPerson) and views[land].state is State.VOIDED
        assert views[disability].identity.source == "manual" and views[disability].state is State.DELIVERED
        assert len({view.number for view in views.values()}) == len(views)
        assert at.desk.store.drafts.saved() == ()


@FONTS
def test_rule_17_the_program_is_closed_and_killed_in_the_middle_of_an_intake(
    hall: ServerProcess, reader: Reader, tmp_path: Path
) -> None:
    folder = station(tmp_path / "station", hall, STREET, reader)
    with at_counter(folder) as at:
        at.sign_in("zhoumin")
        at.put_card(reader, "yuyao")
        at.choose("sydj", JOBLESS)
        draft = at.intake.draft.id
        at.press("F10")
        at.wait(lambda: at.window._state.parked and at.now("identity"), "it to be parked")
        at.press("Alt+1")
        at.wait(lambda: at.now("form") and at.intake.draft.id == draft, "to be taken up again")
        at.hands.enter("residence_address", LIVES)  # and closed before it was saved

    with at_counter(folder) as at:
        at.sign_in("zhoumin")
        at.wait(lambda: [line.key for line in at.intake.state.identity.parked] == [draft], "the draft to be offered")
        at.intake.resume(draft)
        at.wait(lambda: at.now("form") and at.intake.draft.id == draft, "the draft")
        assert at.intake.draft.answers["residence_address"] == LIVES
        at.press("F10")
        at.wait(lambda: at.window._state.parked and at.now("identity"), "it to be parked")

    command = [sys.executable, "-m", "tests.journeys.by_hand", str(folder), "zhoumin", draft, "phone", PHONE]
    program = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with program:
        assert program.stdout is not None and program.stdout.readline() == "typed\n"
        program.send_signal(signal.SIGKILL)

    with at_counter(folder) as at:
        at.sign_in("zhoumin")
        at.wait(lambda: [line.key for line in at.intake.state.identity.parked] == [draft], "the draft to be offered")
        at.intake.resume(draft)
        at.wait(lambda: at.now("form") and at.intake.draft.id == draft, "the draft")
        answers = at.intake.draft.answers
        assert (answers["phone"], answers["residence_address"]) == (PHONE, LIVES)
        at.fill(JOBLESS)
        at.to_materials()
        at.scan_all()
        assert at.take_in() == draft
        agreed(at)
        assert who_did(same_at_both_ends(at, draft))[:3] == [
            (Kind.OPEN, "zhoumin"), (Kind.CONFIRM_PERSON, "zhoumin"), (Kind.RECEIVE, "zhoumin"),
        ]  # fmt: skip
        at.lock()
        assert traces(at) == set()
