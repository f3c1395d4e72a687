"""Signed on the pad, with the server as it was signed (U04); rated without a line, there when it returns (S31)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from app.cases import acts
from app.config import DeviceChoice
from app.demo import HALL
from app.demo_officer import Officer
from app.flow import finish, rating, signing, steps
from app.flow.draft import Draft
from contract.case import said
from contract.material import CaseMaterial
from contract.problem import Problem
from contract.rating import Level, Reason, SignedRating
from contract.signature import Ink, Signature
from contract.wire import sha256
from tests.fakes.serving import ServerProcess
from tests.journeys.conftest import STREET, VILLAGE, Window, Windows

FOOD = "XK-00131-001"


def written_on_the_pad(window: Window) -> Ink:
    """What somebody writes on the simulated pad, as the second screen gathers it."""
    window.desk.devices.choose("signature", DeviceChoice(driver="signature/simulated"))
    pad = window.desk.devices.signature()
    area, strokes, down = pad.area(), list[list[tuple[int, int, int, int]]](), False
    points = pad.watch()
    while len(strokes) < 3 or down:
        point = next(points)
        if point.pressure and not down:
            strokes.append([])
        down = point.pressure > 0
        if down:
            strokes[-1].append((point.t, point.x, point.y, point.pressure))
    points.close()
    return Ink(width=area.width, height=area.height, strokes=tuple(map(tuple, strokes)), has_pressure=True)


def signed(window: Window, draft: Draft) -> Draft:
    draft, form = signing.form_to_sign(window.desk, draft, window.clerk)
    return signing.sign_form(window.desk, draft, window.clerk, form, written_on_the_pad(window), "pad")


def form_of(materials: tuple[CaseMaterial, ...]) -> CaseMaterial:
    return next(material for material in materials if material.signed is not None)


def officers_of(department: str) -> str:
    people = json.loads((HALL / "clerks.json").read_text("utf-8"))
    return next(str(one["username"]) for one in people if one["department"] == department)


def test_u04_the_server_holds_vector_picture_and_binding(window: Windows, officer: Callable[[str], Officer]) -> None:
    street = window(STREET, "zhoumin", "yuyao")
    desk = street.desk
    draft = street.fill_materials(signed(street, street.begin("yuyao", FOOD)))
    case = finish.take_in(desk, draft, street.clerk).case
    street.settle(street.agreed)

    view = street.server_view(case.id)
    slot = form_of(view.case.materials)
    assert slot.signed is not None and slot.signed.says == said(view.case) and not view.case.materials_pending
    line = desk.courier.line
    pdf = line.page(case.id, slot.signed.page)
    assert sha256(pdf[: slot.signed.size]) == slot.signed.document  # what was shown is in what is kept
    vector = Signature.model_validate_json(line.page(case.id, slot.signed.vector.digest))
    assert (vector.document, vector.says) == (slot.signed.document, slot.signed.says)
    assert len(vector.ink.strokes) == 3 and vector.ink.has_pressure
    assert line.page(case.id, slot.signed.picture.digest).startswith(b"\x89PNG")

    assert view.department is not None
    page = officer(officers_of(view.department.code)).read(f"/cases/{case.id}")
    assert "签名与所签内容一致" in page and f"/pages/{slot.signed.picture.digest}" in page
    acts.correct(desk, case.id, street.clerk, "电话写错", phone="13900000000")
    street.settle(street.agreed)
    page = officer(officers_of(view.department.code)).read(f"/cases/{case.id}")
    assert "签名之后办件更正过" in page and "签名与所签内容一致" not in page


def test_u04_a_form_that_was_changed_after_signing_is_refused_with_words(window: Windows) -> None:
    street = window(STREET, "zhoumin", "yuyao")
    desk = street.desk
    draft = street.fill_materials(signed(street, street.begin("yuyao", FOOD)))
    draft = steps.with_answers(desk, draft, {**draft.answers, "staff": 44})
    with pytest.raises(Problem, match=r"intake\.form_stale"):
        finish.take_in(desk, draft, street.clerk)
    again = street.fill_materials(signed(street, draft))
    case = finish.take_in(desk, again, street.clerk).case
    street.settle(street.agreed)
    assert form_of(street.server_view(case.id).case.materials).signed == form_of(again.materials).signed


@pytest.fixture
def own_hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of this test's own: it is killed and started again."""
    process = ServerProcess(tmp_path_factory.mktemp("killed"))
    process.start()
    yield process
    process.stop()


class TestWithoutALine:
    """The server goes and comes back."""

    @pytest.fixture
    def hall(self, own_hall: ServerProcess) -> ServerProcess:
        return own_hall

    def test_s31_a_rating_waits_arrives_once_and_a_supervisor_calls_back(
        self, window: Windows, hall: ServerProcess, officer: Callable[[str], Officer]
    ) -> None:
        village = window(VILLAGE, "xuaizhen", "yuyao")
        desk = village.desk
        village.settle(lambda: desk.courier.state.online)
        hall.kill()
        case = finish.take_in(desk, village.fill_materials(village.begin("yuyao", FOOD)), village.clerk).case
        assert rating.rate(desk, case.id, Level.VERY_DISSATISFIED, (Reason.TRIPS,))
        assert not rating.rate(desk, case.id, Level.VERY_SATISFIED)  # one visit, one rating
        village.settle(lambda: not desk.courier.state.online)
        assert desk.courier.state.ratings == 1
        ((_, held),) = _waiting(village)

        hall.start()
        desk.courier.retry_now()
        village.settle(lambda: village.agreed() and desk.courier.state.ratings == 0)
        assert _waiting(village) == []  # what it said is forgotten here
        told = desk.courier.line.rate(held)  # an answer was lost, and it is sent again
        assert told.verdict == "already"

        supervisor = officer("lufangfang")
        page = supervisor.read("/ratings")
        assert page.count("非常不满意") == 2 and case.number in page and "来回跑" in page  # in the tally and as a task
        supervisor._send(supervisor._form("/ratings", "done"), {"outcome": "已回访"})
        assert "没有要回访的差评" in supervisor.read("/ratings")
        view = village.server_view(case.id)
        assert "very_dissatisfied" not in view.model_dump_json()  # no window is told
        with pytest.raises(Problem):
            officer("xuaizhen").read("/ratings")


def _waiting(window: Window) -> list[tuple[str, SignedRating]]:
    with window.desk.store._database.reading() as db:
        rows = db.execute("select visit, signed from ratings where signed != ''")
        return [(visit, SignedRating.model_validate_json(signed)) for visit, signed in rows]
