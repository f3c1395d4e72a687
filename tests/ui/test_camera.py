"""The document camera in the window: F5, sheets laid down one after another, trouble, corners moved by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.config import DeviceChoice
from app.desk import Desk
from app.flow.draft import Draft
from app.flow.photograph import CameraWatch, Sight
from contract.material import Page, Source
from devices import mat
from devices.camera import CameraSource
from devices.catalogue import open_host
from tests.ui.conftest import sign_in
from ui.hands import Hands
from ui.pages.intake.camera import CameraState, CameraView, StraightenShown, StraightenView
from ui.pages.intake.camera_model import CameraModel
from ui.pages.intake.materials import MaterialsView
from ui.pages.intake.model import IntakeModel
from ui.shells.counter import CounterWindow
from ui.tasks import Post
from ui.widgets.cornered import INSET, CornersEditor

Until = Callable[[Callable[[], object]], None]
AGED = "QR-00111-003"
QUICK = {"pace": 0.02, "empty": 5, "lie": 8}


def put(desk: Desk, window: CounterWindow, **options: Any) -> None:
    """Choose a camera; whoever comes back from the devices page finds its key awake."""
    desk.devices.choose("camera", DeviceChoice(driver="camera/simulated", options={**QUICK, **options}))
    window.counter.show_page("intake")


def stored(desk: Desk, model: IntakeModel) -> Draft:
    assert model.draft is not None
    row = desk.store.drafts.get(model.draft.id)
    assert row is not None
    return Draft.model_validate_json(row.body)


def pages_of(draft: Draft | None, code: str) -> tuple[Page, ...]:
    slot = draft.material(code) if draft else None
    return slot.pages if slot else ()


@pytest.fixture
def hands(window: CounterWindow) -> Hands:
    """With more patience: pictures are drawn and looked at by two processes."""
    return Hands(window)


@pytest.fixture
def model(window: CounterWindow, hands: Hands) -> Iterator[IntakeModel]:
    """The intake of the window, at its materials."""
    sign_in(window, hands)
    made: IntakeModel = window.counter.models.intake
    hands.wait(lambda: made.draft is not None and made.draft.handler is not None, "the card")
    made.identity.confirm_person()
    made.matter.choose(AGED)
    hands.wait(lambda: made.draft.matter is not None, "the matter")
    made.to_step("materials")
    hands.wait(lambda: made.state.materials.lines and made.state.step == "materials", "the materials")
    yield made


def materials_of(window: CounterWindow) -> MaterialsView:
    view = window.findChild(MaterialsView)
    assert view is not None
    return view


def empty_slot(model: IntakeModel, hands: Hands) -> str:
    """Put the cursor on a material that has no page, by keys."""
    assert model.draft is not None
    code = next(one.code for one in model.draft.materials if not one.present)
    for _ in range(len(model.draft.materials)):
        if model.state.materials.current != code:
            hands.press("Down")
    assert model.state.materials.current == code
    return code


def test_sheets_are_photographed_by_themselves_by_keyboard_alone(
    desk: Desk, window: CounterWindow, model: IntakeModel, hands: Hands
) -> None:
    put(desk, window, sheets=2)
    code = empty_slot(model, hands)
    view = materials_of(window)
    hands.press("F5")
    hands.wait(lambda: model.materials.camera.is_open, "the camera")
    assert view.camera.isVisible() and not view._reading.isVisible()
    hands.wait(lambda: len(pages_of(model.draft, code)) == 2, "two pages")
    kept = pages_of(stored(desk, model), code)
    assert [page.key for page in kept] == [page.key for page in pages_of(model.draft, code)]  # durable by now
    assert all(page.corners is not None for page in kept)
    assert model.draft.material(code).source is Source.CAMERA  # type: ignore[union-attr]
    hands.wait(lambda: all(page.picture for page in model.state.materials.pages), "the thumbnails")
    assert model.state.materials.page == kept[-1].key  # the cursor is on the newest
    assert model.materials.camera.state.taken
    hands.press("Esc")
    hands.wait(lambda: not model.materials.camera.is_open and view._reading.isVisible(), "the camera to be closed")
    hands.wait(lambda: model.state.materials.preview, "the page, straightened")
    hands.wait(lambda: not desk.devices.at_work("camera"), "the camera to be let go")


def test_by_key_what_is_shown_is_kept(desk: Desk, window: CounterWindow, model: IntakeModel, hands: Hands) -> None:
    put(desk, window, sheets=1, lie=0)
    code = empty_slot(model, hands)
    hands.press("F5")
    hands.wait(lambda: model.materials.camera.is_open, "the camera")
    hands.press("Ctrl+A")
    hands.wait(lambda: not model.materials.camera.state.auto, "to be asked for every sheet")
    hands.wait(
        lambda: model.materials.camera.state.sure and model.materials.camera.state.corners, "a sheet that lies still"
    )
    assert not pages_of(model.draft, code)
    hands.press("Space")
    hands.wait(lambda: pages_of(model.draft, code), "the page")
    (page,) = pages_of(stored(desk, model), code)
    truth = mat.corners(1, 1)
    assert page.corners is not None
    for found, known in zip(page.corners, truth, strict=True):
        assert abs(found[0] - known[0]) * mat.SIZE[0] < 4 and abs(found[1] - known[1]) * mat.SIZE[1] < 4
    hands.press("Ctrl+M")  # a sheet lies there: it is said, and not taken by itself
    hands.wait(lambda: "已经有纸" in model.materials.camera.state.words, "the mat to be looked at anew")


@pytest.mark.parametrize("behave", ["unplugged", "crash"])
def test_a_camera_that_goes_wrong_says_so_beside_it_and_comes_back(
    desk: Desk, window: CounterWindow, model: IntakeModel, hands: Hands, behave: str
) -> None:
    put(desk, window, sheets=0, behave=behave)
    code = empty_slot(model, hands)
    hands.press("F5")
    hands.wait(lambda: model.materials.camera.state.trouble[0], "words about the trouble")
    view = materials_of(window).camera
    assert view._trouble.isVisible() and view._open.isVisible() and not view._take.isVisible()
    assert not model.state.banner.title  # beside the camera, not over the page
    put(desk, window, sheets=1)
    hands.press("F5")
    hands.wait(lambda: pages_of(model.draft, code), "a page after all")
    assert not model.materials.camera.state.trouble[0]


def test_leaving_the_step_the_page_or_the_desk_lets_the_camera_go(
    desk: Desk, window: CounterWindow, model: IntakeModel, hands: Hands
) -> None:
    put(desk, window, sheets=0)
    empty_slot(model, hands)
    for leave, back in (
        (lambda: hands.press("Alt+Left"), lambda: model.to_step("materials")),
        (lambda: hands.press("Ctrl+5"), lambda: window.counter.show_page("intake")),
        (model.park, lambda: None),
    ):
        model.materials.open_camera()
        hands.wait(lambda: model.materials.camera.state.rgb, "a picture")
        leave()
        hands.wait(
            lambda: not model.materials.camera.is_open and not model.materials.camera.state.rgb,
            "the camera to be closed",
        )
        hands.wait(lambda: not desk.devices.at_work("camera"), "the camera to be let go")
        back()
        hands.rest()


def test_without_a_camera_the_key_says_so(window: CounterWindow, model: IntakeModel) -> None:
    button = materials_of(window)._photograph
    assert not button.isEnabled() and button.toolTip()


def test_corners_are_moved_by_keys_and_the_page_is_seen_so(
    desk: Desk, window: CounterWindow, model: IntakeModel, hands: Hands
) -> None:
    put(desk, window, sheets=1, lie=0)
    code = empty_slot(model, hands)
    hands.press("F5")
    hands.wait(lambda: pages_of(model.draft, code), "the page")
    hands.press("Esc")
    hands.wait(lambda: not model.materials.camera.is_open, "the camera to be closed")
    hands.press("Ctrl+K")
    view = materials_of(window)
    hands.wait(lambda: model.state.materials.straighten and model.state.materials.straighten.picture, "the picture")
    hands.wait(lambda: view.straighten._editor.hasFocus(), "the editor to be in hand")
    (before,) = pages_of(model.draft, code)
    hands.press("Tab")  # the top right corner
    for _ in range(3):
        hands.press("Shift+Left")
    hands.press("Return")
    hands.wait(lambda: pages_of(model.draft, code)[0].corners != before.corners, "the corners to be kept")
    (after,) = pages_of(stored(desk, model), code)
    assert before.corners is not None and after.corners is not None
    assert after.corners[1][0] < before.corners[1][0] - 0.02
    assert [after.corners[at] for at in (0, 2, 3)] == [before.corners[at] for at in (0, 2, 3)]
    assert after.digest == before.digest and after.width < before.width
    hands.press("Ctrl+K")
    hands.wait(lambda: model.state.materials.straighten and model.state.materials.straighten.picture, "the picture")
    hands.press("Esc")
    hands.wait(lambda: model.state.materials.straighten is None, "the corners to be left")
    assert pages_of(model.draft, code) == (after,)


def test_a_camera_that_falls_silent_is_told_from_a_slow_one(dressed: None, post: Post, until: Until) -> None:
    """The worker is taken for hung after its patience; what was photographed was handed on before."""
    with open_host("camera/simulated", {"behave": "hang", "sheets": "1", "lie": "0", "empty": "4"}, 4.0) as host:
        model = CameraModel(lambda auto: CameraWatch(CameraSource(host), auto), post, lambda: "zh")
        taken: list[Sight] = []
        model.photographed.connect(taken.append)
        model.open()
        until(lambda: model.state.trouble[0])
        assert len(taken) == 1 and model.state.taken and model.is_open
        model.say_again()
        model.close()
        assert model.state == CameraState()
        model.deleteLater()


def test_corners_are_moved_by_the_mouse(dressed: None, qtbot: Any) -> None:
    editor = CornersEditor()
    qtbot.addWidget(editor)
    editor.resize(640, 480)
    editor.show_pixels(bytes(64 * 48 * 3), 64, 48)
    editor.show_corners(None)
    assert editor.corners == INSET
    editor.show()
    moved: list[Any] = []
    editor.moved.connect(moved.append)
    at = editor.spot(INSET[2]).toPoint()
    QTest.mousePress(editor, Qt.MouseButton.LeftButton, pos=at + QPoint(4, 4))
    QTest.mouseMove(editor, QPoint(500, 400))
    QTest.mouseRelease(editor, Qt.MouseButton.LeftButton, pos=QPoint(500, 400))
    assert moved and abs(moved[-1][2][0] - 500 / 640) < 0.01 and abs(moved[-1][2][1] - 400 / 480) < 0.01
    QTest.mousePress(editor, Qt.MouseButton.LeftButton, pos=QPoint(320, 200))  # near to no corner
    QTest.mouseMove(editor, QPoint(100, 100))
    QTest.mouseRelease(editor, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    assert editor.corners == moved[-1]


def test_what_stands_where_there_is_no_picture(dressed: None, qtbot: Any) -> None:
    view = CameraView()
    qtbot.addWidget(view)
    view.resize(700, 600)
    view.show()
    view.render_state(CameraState(open=True, words="正在等高拍仪的画面"))
    assert view._waiting.isVisible() and not view._picture.isVisible() and not view._take.isEnabled()
    view.render_state(CameraState(open=True, trouble=("高拍仪没有画面了", "请看看高拍仪是否开着")))
    assert view._trouble.isVisible() and view._open.isVisible()
    straighten = StraightenView()
    qtbot.addWidget(straighten)
    straighten.show()
    straighten.render_state(StraightenShown("p1", "四角"))
    assert not straighten._give.isEnabled()
