"""Supplements, corrections and voidings without a line, and on the next day with a supervisor beside (U05, S48)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.cases import acts
from app.cases.correction import lay_out, preview
from app.cases.lists import shown
from app.config import read_config
from app.demo import PASSWORD
from app.demo_officer import Officer
from app.papers.paper import PaperKind
from app.people.sign_in import supervisor
from app.start import close_desk, open_desk
from contract.case import Kind, State
from contract.problem import Problem
from tests.fakes.serving import ServerProcess
from tests.journeys.conftest import STREET, Windows
from tests.journeys.test_way_back import asked, brought, paper, received, told

BOSS = "lufangfang"  # 主管 of the whole of Yuyao

pytestmark = pytest.mark.needs("pdftotext")


@pytest.fixture
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of this test's own: it goes away and comes back."""
    process = ServerProcess(tmp_path_factory.mktemp("away"))
    process.start()
    yield process
    process.stop()


def test_u05_all_of_it_without_a_line_arrives_once(
    window: Windows, hall: ServerProcess, officer: Callable[[str], Officer]
) -> None:
    street = window(STREET, "zhoumin", "yuyao")
    desk, clerk = street.desk, street.clerk
    missing, mended, gone = received(street), received(street), received(street)
    told(street)
    hall.kill()
    desk.courier.retry_now()
    street.settle(lambda: not desk.courier.state.online)

    missing = brought(street, asked(street, missing))
    laid = lay_out(desk, mended, clerk)
    made = preview(laid, {"answers.staff": 7, "phone": "13911111111"})
    mended = acts.correct(
        desk, mended.id, clerk, "窗口录错", answers=made.answers, parties=made.parties, phone=made.phone
    )
    words = paper(street, mended, PaperKind.RECEIPT)
    assert f"本凭证替代{mended.number}-SJ1，原凭证作废（更正：窗口录错）" in words and f"{mended.number}-SJ2" in words
    gone = acts.void(desk, gone.id, clerk, "重复收件")
    assert shown(desk, mended.id, clerk).pending == 1 and len(desk.store.outbox.by_case()) == 3

    hall.start()
    told(street)
    for case in (missing, mended, gone):
        there, ours = street.server_view(case.id), desk.store.cases.actions(case.id)
        assert [act.id for act in there.actions] == [act.id for act in ours] and there.case.state is case.state
    assert street.server_view(mended.id).case.parties.handler.phone == "13911111111"
    market = officer("haishu-market")
    page = market.read(f"/cases/{mended.id}")
    assert "3 人 → 7 人" in page and "13800000000 → 13911111111" in page and f"{mended.number}-SJ1" in page


def test_u05_the_next_day_a_supervisor_stands_by_with_and_without_a_line(
    window: Windows, hall: ServerProcess, officer: Callable[[str], Officer]
) -> None:
    street = window(STREET, "zhoumin", "yuyao")
    desk, clerk = street.desk, street.clerk
    street.settle(lambda: desk.courier.state.online)
    folder = desk.config.folder
    desk.courier.stop()
    desk.store.close()
    yesterday = open_desk(read_config(folder), lambda: datetime.now(UTC) - timedelta(days=1))
    was = replace(street, desk=yesterday)
    one, two = received(was), received(was)
    close_desk(yesterday)

    today = open_desk(read_config(folder))
    street = replace(street, desk=today)
    try:
        today.courier.start()
        told(street)
        assert shown(today, one.id, clerk).supervised == {Kind.CORRECT, Kind.VOID}
        with pytest.raises(Problem, match="case.void_too_late"):
            acts.void(today, one.id, clerk, "重复收件")
        with pytest.raises(Problem, match="supervisor.not_one"):
            supervisor(today, "hanlu", PASSWORD)
        boss = supervisor(today, BOSS, PASSWORD)
        voided = acts.void(today, one.id, clerk, "重复收件", supervisor=boss.clerk, offline=boss.offline)
        assert voided.voided is not None and not voided.voided.supervisor_offline
        told(street)

        hall.kill()
        today.courier.retry_now()
        street.settle(lambda: not today.courier.state.online)
        boss = supervisor(today, BOSS, PASSWORD)
        assert boss.offline
        acts.correct(today, two.id, clerk, "电话写错", phone="13911111111", supervisor=boss.clerk, offline=boss.offline)
        hall.start()
        told(street)
        assert street.server_view(one.id).case.state is State.VOIDED
        market = officer("haishu-market")
        assert "鲁芳芳（当时离线" in market.read(f"/cases/{two.id}")
        assert "鲁芳芳（已核对口令）" in market.read(f"/cases/{one.id}")
    finally:
        close_desk(today)
