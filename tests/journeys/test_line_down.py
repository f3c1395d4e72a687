"""The whole intake up to the printed receipt with the server away; when it returns, all arrives once (F04, S48)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.cases import acts
from app.demo import PASSWORD
from app.flow import finish, printing
from app.people.sign_in import sign_in
from contract.case import State, case_digest, pages_of
from contract.problem import Problem
from tests.fakes.serving import ServerProcess
from tests.journeys.conftest import VILLAGE, Windows

MATTER = "QR-00311-002"


@pytest.fixture
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of this test's own: it is killed and started again."""
    process = ServerProcess(tmp_path_factory.mktemp("killed"))
    process.start()
    yield process
    process.stop()


def test_s48_an_intake_without_a_line_is_whole_and_arrives_once(window: Windows, hall: ServerProcess) -> None:
    village = window(VILLAGE, "xuaizhen", "haishu")
    desk = village.desk
    village.settle(lambda: desk.courier.state.online)
    hall.kill()

    signed_in = sign_in(desk, "xuaizhen", PASSWORD)
    assert signed_in.offline and signed_in.clerk.id == village.clerk.id
    with pytest.raises(Problem):
        sign_in(desk, "xuaizhen", "something else")

    draft = village.fill_materials(village.begin("haishu", MATTER))
    taken = finish.take_in(desk, draft, village.clerk)
    (printed,) = printing.print_papers(desk, taken.case.id, taken.papers, village.clerk)
    assert printed.outcome == "done"
    acts.correct(desk, taken.case.id, village.clerk, "电话写错", phone="13900000000")
    assert desk.courier.state.waiting == 1
    village.settle(lambda: not desk.courier.state.online)
    assert acts.get_case(desk, taken.case.id).state is State.RECEIVED

    hall.start()
    desk.courier.retry_now()
    village.settle(village.agreed)
    view = village.server_view(taken.case.id)
    ours = desk.store.cases.actions(taken.case.id)
    assert [action.id for action in view.actions] == [action.id for action in ours]
    assert view.digest == case_digest(ours, pages_of(ours)) and not view.case.materials_pending
    assert view.case.number == taken.case.number and view.case.phone == "13900000000"
    for page in pages_of(ours):
        assert desk.courier.line.page(taken.case.id, page) == desk.store.pages.get(page)
