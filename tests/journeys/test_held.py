"""What a person does about a held act: two windows act on one case while apart; an intake is refused; a file for a
supervisor (F02, F10, sync rules 7 to 9)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from app.cases import acts, held
from app.cases.compare import Part, compare
from app.flow import finish, steps
from app.flow.draft import Step
from app.matters.search import is_named
from app.people.sign_in import as_author, supervisor
from app.store import Standing
from app.sync.export import export, open_exported
from app.sync.outbox import find, outbox
from contract.case import Kind, State
from contract.problem import Problem
from tests.fakes import window as fake
from tests.journeys.conftest import PASSWORD, STREET, Window, Windows

MATTER = "QR-00111-003"
PASSPHRASE = "红花 绿叶 八点半"


def share_a_case(one: Window, two: Window) -> str:
    """A case that one window took in and the other heard of; from now on the second has no line."""
    taken = finish.take_in(one.desk, one.fill_materials(one.begin("yuyao", MATTER)), one.clerk)
    case_id = taken.case.id
    one.settle(one.agreed)
    two.desk.courier.retry_now()
    two.settle(lambda: two.desk.store.cases.find(case_id) is not None)
    two.desk.courier.stop()
    return case_id


def come_back(two: Window) -> None:
    two.desk.courier.start()
    two.settle(lambda: two.desk.courier.state.held == 1)


def test_f10_the_loser_is_compared_exported_and_withdrawn_with_a_supervisor(window: Windows, tmp_path: Path) -> None:
    one, two = window(STREET, "zhoumin", "yuyao"), window(STREET, "hanlu", "yuyao")
    desk, case_id = two.desk, share_a_case(one, two)
    acts.correct(desk, case_id, two.clerk, "电话写错", phone="13900000002")
    acts.correct(one.desk, case_id, one.clerk, "申请人来电更改", phone="13900000001")
    one.settle(one.agreed)
    come_back(two)

    found = compare(desk, case_id)
    differing = {row.part: (row.ours.text, row.theirs.text) for row in found.rows if not row.same}
    assert differing[Part.PHONE] == ("13900000002", "13900000001") and set(differing) == {Part.PHONE, Part.REASON}
    assert differing[Part.REASON] == ("电话写错", "申请人来电更改")
    materials = [row for row in found.rows if row.part is Part.MATERIAL]
    assert materials and all(row.same and row.ours.equal_pages == row.ours.pages for row in materials)
    assert found.is_held and found.on_server and found.problem is not None
    assert [act.author.name for act in found.ours_done] == [two.clerk.name]
    assert [act.author.name for act in found.theirs_done] == [one.clerk.name]

    file = tmp_path / "held.tbx"
    made = export(desk, case_id, PASSPHRASE, file)
    named = {page.digest for m in acts.get_case(desk, case_id).materials for page in m.pages}
    assert (made.pages, made.lacking) == (0, len(named))  # the other window took them in
    with pytest.raises(Problem, match="export.file_exists"):
        export(desk, case_id, PASSPHRASE, file)

    with pytest.raises(Problem, match="supervisor.not_one"):
        supervisor(desk, "zhoumin", PASSWORD)
    with pytest.raises(Problem, match="signin.wrong"):
        supervisor(desk, "lufangfang", "guess")
    stands_by = supervisor(desk, "lufangfang", PASSWORD)
    with pytest.raises(Problem, match="case.reason_missing"):
        held.withdraw(desk, case_id, two.clerk, " ", stands_by.clerk, offline=False)
    held.withdraw(desk, case_id, two.clerk, "以另一窗口的更正为准", stands_by.clerk, offline=stands_by.offline)
    two.settle(two.agreed)
    assert outbox(desk) == () and acts.get_case(desk, case_id).phone == "13900000001"
    (kept,) = find(desk, acts.get_case(desk, case_id).number, is_named)
    assert kept.given_up is not None and kept.given_up.reason == "以另一窗口的更正为准"
    assert kept.given_up.supervisor is not None and kept.given_up.supervisor.id == "lufangfang"
    assert kept.given_up.author.id == two.clerk.id and not kept.given_up.instead
    assert compare(desk, case_id).given_up == kept.given_up  # both versions can still be read
    with pytest.raises(Problem, match="held.gone"):
        held.withdraw(desk, case_id, two.clerk, "再来一次", stands_by.clerk, offline=False)
    assert one.server_view(case_id).case.phone == "13900000001"


def test_f10_the_loser_is_done_anew_upon_the_winner_and_arrives(window: Windows) -> None:
    one, two = window(STREET, "zhoumin", "yuyao"), window(STREET, "hanlu", "yuyao")
    desk, case_id = two.desk, share_a_case(one, two)
    before = acts.get_case(desk, case_id).answers
    acts.correct(desk, case_id, two.clerk, "原因写错", answers={**before, "reason": "lost", "contact_name": "沈国华"})
    mine = {**before, "reason": "worn", "contact_phone": "13900000001"}
    acts.correct(one.desk, case_id, one.clerk, "补记", answers=mine, phone="13900000001")
    one.settle(one.agreed)
    come_back(two)

    plan = held.mending(desk, case_id, two.clerk)
    assert not plan.reopens and plan.kind is Kind.CORRECT
    # what the act itself changed may be looked at again; what only the other side changed is not in question
    assert [(blank.name, blank.value, blank.theirs) for blank in plan.blanks] == [
        ("reason", "原因写错", ""),
        ("answers.reason", "lost", "损坏换领"),
        ("answers.contact_name", "沈国华", ""),
    ]
    with pytest.raises(Problem, match="case.reason_missing"):
        held.redo(desk, case_id, two.clerk, {"reason": ""})
    with pytest.raises(Problem, match="case.answers_wrong"):
        held.redo(desk, case_id, two.clerk, {"answers.reason": "none of these"})
    assert desk.courier.state.held == 1
    held.redo(desk, case_id, two.clerk, {"reason": "当面核实过", "answers.contact_name": "沈国花"})
    two.settle(two.agreed)
    view = two.server_view(case_id)
    assert view.case.answers == {**mine, "reason": "lost", "contact_name": "沈国花"}
    assert view.case.phone == "13900000001" and [c.reason for c in view.case.corrections] == ["补记", "当面核实过"]
    old, new = desk.store.acts.of_case(case_id)
    assert old.aside and old.given_up is not None and old.given_up.instead == (new.action.id,)
    assert old.action.id not in {act.id for act in view.actions} and new.standing is Standing.MATCHED
    with pytest.raises(Problem, match="held.gone"):
        held.redo(desk, case_id, two.clerk, {})


def test_f02_a_refused_intake_is_opened_again_and_taken_in_with_the_same_number(window: Windows) -> None:
    street = window(STREET, "zhoumin", "yuyao")
    desk = street.desk
    begun = fake.Window(desk.store, as_author(street.clerk)).begin()
    body = {**begun[2].body, "materials": begun[2].body["materials"][:1]}  # a rule that this station did not know
    desk.store.acts.did([*begun[:2], begun[2].model_copy(update={"body": body})])
    old, number = begun[0].case_id, begun[2].body["number"]
    street.settle(lambda: desk.courier.state.held == 1)
    assert held.mending(desk, old, street.clerk).reopens
    with pytest.raises(Problem, match="held.reopen"):
        held.redo(desk, old, street.clerk, {})

    draft = steps.reopening(desk, old, street.clerk)
    assert (draft.step, draft.number, draft.instead_of) == (Step.MATERIALS, number, old)
    assert steps.reopening(desk, old, street.clerk).id == draft.id
    assert desk.courier.state.held == 1  # it stays held until there is something in its stead
    taken = finish.take_in(desk, street.fill_materials(draft), street.clerk)
    assert taken.case.id == draft.id != old and taken.case.number == number
    street.settle(street.agreed)
    view = street.server_view(taken.case.id)
    assert view.case.state is State.RECEIVED and view.case.number == number and not view.case.materials_pending
    assert {deed.given_up.instead[-1] for deed in desk.store.acts.of_case(old) if deed.given_up} == {
        view.actions[-1].id
    }
    assert finish.take_in(desk, draft, street.clerk).case.id == taken.case.id  # pressed again: the same case


def test_an_exported_file_opens_elsewhere_and_says_nothing_before(window: Windows, tmp_path: Path) -> None:
    street = window(STREET, "zhoumin", "yuyao")
    desk = street.desk
    begun = fake.Window(desk.store, as_author(street.clerk)).begin()
    body = {**begun[2].body, "materials": begun[2].body["materials"][:1]}
    desk.store.acts.did([*begun[:2], begun[2].model_copy(update={"body": body})])
    street.settle(lambda: desk.courier.state.held == 1)
    file, out = tmp_path / "330281.tbx", tmp_path / "read"
    with pytest.raises(Problem, match="export.passphrase_short"):
        export(desk, begun[0].case_id, "1234567", file)
    made = export(desk, begun[0].case_id, PASSPHRASE, file)
    assert made.lacking == 0

    digests = [page["digest"] for material in body["materials"] for page in material["pages"]]
    pages = [desk.store.pages.get(digest) for digest in digests]
    assert list(leaks(file.read_bytes(), pages)) == []
    for wrong in ("something else", ""):
        with pytest.raises(Problem, match="export.passphrase_wrong"):
            open_exported(file, wrong, out)
    broken = tmp_path / "broken.tbx"
    broken.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(Problem, match="export.passphrase_wrong"):
        open_exported(broken, PASSPHRASE, out)
    broken.write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(Problem, match="export.not_ours"):
        open_exported(broken, PASSPHRASE, out)
    assert not out.exists()

    assert open_exported(file, PASSPHRASE, out).pages == made.pages == len(digests)
    said = json.loads((out / "case.json").read_text("utf-8"))
    assert said["ours"]["parties"]["applicant"]["name"] == fake.NAME and said["theirs"]["state"] == "draft"
    assert said["problem"]["code"] == "case.materials_missing"
    assert [entry["action"]["kind"] for entry in said["held"]] == ["receive"]
    assert [(out / page["file"]).read_bytes() for page in said["pages"]] == pages
    assert list(leaks(b"".join((out / "case.json").read_bytes().splitlines()), []))  # the check can fail


def leaks(data: bytes, pages: Iterable[bytes]) -> Iterable[str]:
    """What of a person can be read in the bytes of a file."""
    for text in (fake.NAME, fake.ID_NUMBER, "周敏"):
        for encoding in ("utf-8", "utf-16-le", "gb18030"):
            if text.encode(encoding) in data:
                yield f"{encoding}: {text}"
    for page in pages:
        if page[:64] in data:
            yield "a page"
