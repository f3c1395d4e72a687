"""The second screen: a signature by pen, finger, mouse or pad; five levels; and nothing of anybody afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QInputDevice, QPointingDevice, QPointingDeviceUniqueId, QTabletEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from app.config import DeviceChoice
from app.desk import Desk
from app.flow import signing, steps
from contract.rating import Level, Rating, Reason
from contract.signature import FULL, Signature
from tests.ui.conftest import sign_in
from tests.ui.test_lock import holders, lock, to_form
from ui import main as ui_main
from ui.hands import Hands
from ui.pages.customer.view import LEVELS, REASONS
from ui.shells.counter import CounterWindow
from ui.widgets.ink import FINE, InkPad

Until = Callable[[Callable[[], object]], None]
PATH = tuple(QPoint(60 + n * 9, 120 + (n % 5) * 12) for n in range(30))
CAPABLE = QInputDevice.Capability.Position | QInputDevice.Capability.Pressure
Type, Pointer = QInputDevice.DeviceType, QPointingDevice.PointerType


def device(kind: Any, pointer: Any, capabilities: Any) -> QPointingDevice:
    return QPointingDevice("invented", 7, kind, pointer, capabilities, 5, 1, "", QPointingDeviceUniqueId())


@pytest.fixture
def pad(qtbot: Any, dressed: None) -> Iterator[InkPad]:
    made = InkPad()
    qtbot.addWidget(made)
    made.resize(600, 260)
    made.show()
    yield made


def draw_by_mouse(pad: InkPad, path: tuple[QPoint, ...] = PATH) -> None:
    QTest.mousePress(pad, Qt.MouseButton.LeftButton, pos=path[0])
    for at in path[1:]:
        QTest.mouseMove(pad, at)
    QTest.mouseRelease(pad, Qt.MouseButton.LeftButton, pos=path[-1])


def draw_by_pen(pad: InkPad, pen: QPointingDevice, pressure: float = 0.5) -> None:
    kinds = [QEvent.Type.TabletPress, *[QEvent.Type.TabletMove] * (len(PATH) - 2), QEvent.Type.TabletRelease]
    left = Qt.MouseButton.LeftButton
    for at, kind in zip(PATH, kinds, strict=True):
        event = QTabletEvent(
            kind, pen, QPointF(at), QPointF(at), pressure, 0, 0, 0, 0, 0, Qt.KeyboardModifier.NoModifier, left, left
        )
        QApplication.sendEvent(pad, event)


def draw_by_finger(pad: InkPad) -> None:
    screen = QTest.createTouchDevice()
    QTest.touchEvent(pad, screen).press(0, PATH[0], pad).commit()
    for at in PATH[1:-1]:
        QTest.touchEvent(pad, screen).move(0, at, pad).commit()
    QTest.touchEvent(pad, screen).release(0, PATH[-1], pad).commit()


def test_the_mouse_writes_strokes_where_it_goes(pad: InkPad) -> None:
    assert pad.ink() is None and pad.means is None
    for _ in range(2):
        draw_by_mouse(pad)
    ink = pad.ink()
    assert ink is not None and pad.means == "mouse" and ink.is_written and not ink.has_pressure
    assert len(ink.strokes) == 2 and (ink.width, ink.height) == (600 * FINE, 260 * FINE)
    assert [(x, y) for _, x, y, _ in ink.strokes[0]] == [(at.x() * FINE, at.y() * FINE) for at in PATH]
    assert all(p == FULL for _, _, _, p in ink.strokes[0])
    times = [t for stroke in ink.strokes for t, _, _, _ in stroke]
    assert times == sorted(times)
    pad.clear()
    assert pad.ink() is None and pad.means is None


def test_a_pen_says_how_hard_it_is_pressed_and_a_palm_beside_it_is_not_heard(pad: InkPad) -> None:
    pen = device(Type.Stylus, Pointer.Pen, CAPABLE)
    draw_by_pen(pad, pen)
    draw_by_finger(pad)
    draw_by_mouse(pad)
    ink = pad.ink()
    assert ink is not None and pad.means == "pen" and ink.has_pressure and len(ink.strokes) == 1
    assert {p for _, _, _, p in ink.strokes[0]} == {FULL // 2}


def test_a_pen_without_pressure_and_a_finger_write_too(pad: InkPad) -> None:
    draw_by_pen(pad, device(Type.Stylus, Pointer.Pen, QInputDevice.Capability.Position), 0.0)
    ink = pad.ink()
    assert ink is not None and not ink.has_pressure and ink.strokes[0][0][3] == FULL
    pad.clear()
    draw_by_finger(pad)
    ink = pad.ink()
    assert ink is not None and pad.means == "touch" and len(ink.strokes) == 1 and ink.is_written


def test_what_goes_over_the_edge_stays_at_it(pad: InkPad) -> None:
    draw_by_mouse(pad, (QPoint(10, 10), QPoint(300, -40), QPoint(900, 100)))
    ink = pad.ink()
    assert ink is not None
    assert all(0 <= x <= ink.width and 0 <= y <= ink.height for _, x, y, _ in ink.strokes[0])


def test_a_pad_with_a_driver_writes_alone(pad: InkPad) -> None:
    pad.use_pad(12000, 5000)
    draw_by_mouse(pad)
    for n in range(20):
        pad.pen(n * 5, 1000 + n * 300, 2000, 600)
    pad.pen(101, 7000, 2000, 0)
    pad.pen(120, 99999, 2500, 600)
    ink = pad.ink()
    assert ink is not None and (pad.means, ink.width, ink.height) == ("pad", 12000, 5000)
    assert [len(stroke) for stroke in ink.strokes] == [20, 1] and ink.strokes[1][0][1] == 12000
    pad.use_screen()
    assert pad.ink() is None


# --- at the counter ---------------------------------------------------------------------------------------------------


@pytest.fixture
def second_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one; here it is the same."""
    monkeypatch.setattr(ui_main, "other_screen", lambda counter: counter.screen())


def to_materials(window: CounterWindow, hands: Hands) -> str:
    """The materials step, the application form under the cursor. Returns its code."""
    intake = window.counter.models.intake
    sign_in(window, hands)
    to_form(window, hands)
    hands.press("Ctrl+Return")
    hands.wait(lambda: intake.state.step == "materials" and intake.state.materials.lines, "the materials")
    rules = {rule.code: rule for rule in intake.assessment.rules().values()}
    code = next(code for code, rule in rules.items() if rule.is_application_form)
    while intake.state.materials.current != code:
        hands.press("Down")
    return code


def button(window: CounterWindow, words: str) -> QPushButton:
    found = [b for b in window.customer.window.findChildren(QPushButton) if b.text() == words and b.isVisible()]
    assert len(found) == 1, words
    return found[0]


def test_u04_the_applicant_signs_and_the_form_is_in_its_place(window: CounterWindow, hands: Hands, desk: Desk) -> None:
    intake, customer = window.counter.models.intake, window.customer
    code = to_materials(window, hands)
    assert not customer.window.isVisible()  # no second screen: it comes when it is needed
    hands.press("Ctrl+G")
    hands.wait(lambda: customer.model.state.mode == "sign" and customer.window.isVisible(), "the form to sign")
    assert intake.state.materials.signing and customer.model.state.document.width() > 500
    assert not button(window, "确认签字").isEnabled()
    draw_by_mouse(customer.window.view.ink, PATH[:2])
    button(window, "确认签字").click()
    assert customer.model.state.words  # a touch is no signature
    button(window, "重写").click()
    draw_by_mouse(customer.window.view.ink)
    button(window, "确认签字").click()
    hands.wait(lambda: intake.state.materials.signed, "the signed form")
    assert not customer.window.isVisible() and not intake.state.materials.signing
    draft = steps.resume(desk, intake.draft.id)
    slot = draft.material(code)
    assert slot is not None and slot.signed is not None and signing.is_signed(draft, code)
    kept = Signature.model_validate_json(desk.store.pages.get(slot.signed.vector.digest))
    assert kept.ink.points == len(PATH) and slot.signed.means == "mouse"
    assert holders(customer.window) == set() and customer.window.view.ink.ink() is None
    assert customer.window.view._document._label.pixmap().isNull()
    intake.identity.applicant.give_phone("13900001111")
    hands.wait(lambda: not intake.state.materials.signed, "the signature to count no longer")
    assert any("重新签字" in text for text in (intake.state.materials.needs,))


@pytest.mark.usefixtures("second_screen")
def test_u04_taken_back_refused_or_locked_nothing_is_left_on_the_second_screen(
    window: CounterWindow, hands: Hands
) -> None:
    intake, customer = window.counter.models.intake, window.customer
    assert customer.window.isVisible() and customer.model.state.mode == "idle"
    to_materials(window, hands)

    def begin() -> None:
        intake.materials.signing.sign_form()
        hands.wait(lambda: customer.model.state.mode == "sign", "the form to sign")
        draw_by_mouse(customer.window.view.ink)

    def is_empty() -> bool:
        ink, state = customer.window.view.ink, customer.model.state
        return state.mode == "idle" and state.document is None and ink.ink() is None

    begin()
    intake.materials.signing.sign_form()  # again: not after all
    hands.wait(is_empty, "an empty screen")
    begin()
    button(window, "不在这里签").click()
    assert is_empty() and not intake.state.materials.signing and "没有在屏幕上签" in intake.state.banner.title
    begin()
    window.activateWindow()
    lock(window, hands)
    assert is_empty() and intake.materials.signing._form is None


@pytest.mark.usefixtures("second_screen")
def test_u04_a_pad_with_a_driver_shows_what_it_writes(window: CounterWindow, hands: Hands, desk: Desk) -> None:
    intake, customer = window.counter.models.intake, window.customer
    desk.devices.choose("signature", DeviceChoice(driver="signature/simulated", options={}))
    code = to_materials(window, hands)
    intake.materials.signing.sign_form()
    ink = customer.window.view.ink
    hands.wait(lambda: customer.model.state.on_pad and (drawn := ink.ink()) and len(drawn.strokes) == 3, "the pen")
    hands.wait(lambda: sum(map(len, ink._strokes)) == 180, "all of it")
    button(window, "确认签字").click()
    hands.wait(lambda: intake.state.materials.signed, "the signed form")
    slot = intake.draft.material(code)
    assert slot.signed.means == "pad"
    kept = Signature.model_validate_json(desk.store.pages.get(slot.signed.vector.digest))
    assert kept.ink.has_pressure and kept.ink.width == 12000


@pytest.mark.usefixtures("second_screen")
def test_a_pad_that_fails_leaves_the_screen_to_write_on(window: CounterWindow, hands: Hands, desk: Desk) -> None:
    customer = window.customer
    desk.devices.choose("signature", DeviceChoice(driver="signature/simulated", options={"behave": "absent"}))
    to_materials(window, hands)
    window.counter.models.intake.materials.signing.sign_form()
    hands.wait(lambda: customer.model.state.mode == "sign" and customer.model.state.words, "to be told")
    assert not customer.model.state.on_pad
    draw_by_mouse(customer.window.view.ink)
    assert customer.window.view.ink.means == "mouse" and button(window, "确认签字").isEnabled()


# --- 好差评 -----------------------------------------------------------------------------------------------------------


def given(desk: Desk) -> list[Rating]:
    """What is kept of ratings; no page of the counter can ask this."""
    with desk.store._database.reading() as db:
        texts = [row[0] for row in db.execute("select signed ->> 'rating' from ratings where signed != ''")]
    return [Rating.model_validate_json(text) for text in texts]


def taken_in(desk: Desk) -> str:
    """A case that was done here a moment ago."""
    from app.flow import finish, pages
    from tests.fakes.counter import ZHOU, picture, read_card

    draft = steps.with_document(desk, steps.begin(desk, ZHOU), read_card("yuyao"))
    draft = steps.with_phone(desk, steps.confirm_person(desk, draft, ZHOU), "13800000000")
    draft = steps.with_matter(desk, draft, "QR-00111-003")
    from tests.fakes.counter import example

    draft = steps.with_answers(desk, draft, {**example("QR-00111-003"), **draft.answers})
    for n, slot in enumerate(draft.materials):
        if not slot.present:
            draft = pages.add_file(desk, draft, slot.code, picture(f"page {n}"), "image/jpeg")
    return finish.take_in(desk, draft, ZHOU).case.id


@pytest.mark.usefixtures("second_screen")
def test_s31_the_person_rates_and_the_clerk_neither_sees_nor_stops_it(
    window: CounterWindow, hands: Hands, desk: Desk
) -> None:
    customer, intake = window.customer, window.counter.models.intake
    sign_in(window, hands)
    case_id = taken_in(desk)
    intake.took_in.emit(case_id)
    hands.wait(lambda: customer.model.state.mode == "rate", "to be asked")
    intake.fresh()
    window.activateWindow()
    lock(window, hands)
    assert customer.model.state.mode == "rate"  # neither the next person nor the lock ends it
    button(window, "非常不满意").click()
    assert customer.model.state.mode == "reasons"
    for words in ("来回跑", "态度不好", "来回跑"):
        button(window, words).click()
    button(window, "提交评价").click()
    hands.wait(lambda: given(desk), "the rating")
    assert customer.model.state.mode == "thanks"
    (rating,) = given(desk)
    assert (rating.level, rating.reasons, rating.means) == (Level.VERY_DISSATISFIED, (Reason.ATTITUDE,), "screen")
    assert rating.case_id == case_id and customer.model._rated == ""
    intake.took_in.emit(case_id)  # the same visit is not asked again
    hands.rest()
    hands.wait(lambda: not customer.model._tasks.is_busy("may"), "the answer")
    assert customer.model.state.mode == "thanks"
    assert customer.model._over.isActive()  # it goes by itself; here sooner
    customer.model._over.start(1)
    hands.wait(lambda: customer.model.state.mode == "idle", "the greeting")
    said = [b.text() for b in customer.window.findChildren(QPushButton)]
    assert not any("陈" in words for words in said)


def test_s31_a_pad_alone_rates_without_a_screen(window: CounterWindow, hands: Hands, desk: Desk) -> None:
    customer, intake = window.customer, window.counter.models.intake
    sign_in(window, hands)
    case_id = taken_in(desk)
    intake.took_in.emit(case_id)
    hands.rest()
    assert customer.model.state.mode == "idle" and not given(desk)  # nothing to rate on: nobody is asked
    desk.devices.choose("rating", DeviceChoice(driver="rating/simulated", options={"key": 2}))
    intake.took_in.emit(case_id)
    hands.wait(lambda: given(desk), "the rating")
    assert (given(desk)[0].level, given(desk)[0].means) == (Level.DISSATISFIED, "pad")
    assert not customer.window.isVisible()


@pytest.mark.usefixtures("second_screen")
def test_s31_a_good_word_is_one_touch_and_silence_is_no_rating(window: CounterWindow, hands: Hands, desk: Desk) -> None:
    customer, intake = window.customer, window.counter.models.intake
    sign_in(window, hands)
    case_id = taken_in(desk)
    intake.took_in.emit(case_id)
    hands.wait(lambda: customer.model.state.mode == "rate", "to be asked")
    assert customer.model._over.isActive()  # it goes by itself; here sooner
    customer.model._over.start(1)
    hands.wait(lambda: customer.model.state.mode == "idle", "the screen to give up")
    assert not given(desk)
    intake.took_in.emit(case_id)
    hands.wait(lambda: customer.model.state.mode == "rate", "to be asked")
    button(window, "满意").click()
    hands.wait(lambda: given(desk), "the rating")
    assert (given(desk)[0].level, given(desk)[0].reasons) == (Level.SATISFIED, ())


def test_every_level_and_reason_has_its_words() -> None:
    assert set(LEVELS) == set(Level) and list(LEVELS) == list(Level) and set(REASONS) == set(Reason)
