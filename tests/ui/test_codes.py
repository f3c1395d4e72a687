"""A code scanner with a line of its own opens the case from any page, as one that types does; and closes with us."""

from __future__ import annotations

import pytest

from app.config import DeviceChoice
from app.desk import Desk
from devices.cards.emulator import passport_lines
from tests.fakes.window import CLERK as AUTHOR
from tests.fakes.window import Window
from tests.ui.conftest import sign_in
from ui.hands import Hands
from ui.shells.counter import CounterWindow


@pytest.fixture(autouse=True)
def _looked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.devices_here.AGAIN", 0.02)


def scanner(text: str) -> DeviceChoice:
    return DeviceChoice(driver="codes/simulated", options={"text": text})


def test_a_scanned_code_opens_its_case_from_any_page(window: CounterWindow, hands: Hands, desk: Desk) -> None:
    case_id = Window(desk.store, AUTHOR).take_in()
    case = desk.store.cases.find(case_id)
    assert case is not None
    sign_in(window, hands)
    hands.press("Ctrl+7")
    desk.devices.choose("codes", scanner(f"https://tongban.example/p/{case.number}/ABCD"))
    search = window.counter.models.search
    hands.wait(lambda: window.current_page() == "search" and search.state.case.case_id == case_id, "the case")


def test_an_electronic_identity_is_said_to_need_its_platform(window: CounterWindow, hands: Hands, desk: Desk) -> None:
    sign_in(window, hands)
    desk.devices.choose("codes", scanner("opaque-token-of-a-minute"))
    hands.wait(lambda: "电子身份码" in window._state.notice[0], "to be told that nobody here can verify it")


def test_an_electronic_identity_that_is_typed_is_none_either(window: CounterWindow, hands: Hands) -> None:
    sign_in(window, hands)
    intake = window.counter.models.intake
    hands.wait(lambda: intake.state.identity.person, "the person of the identity card")
    before = intake.draft
    window.setFocus()
    hands.scan_code("OPAQUE-TOKEN-OF-A-MINUTE")
    hands.wait(lambda: "电子身份码" in window._state.notice[0], "to be told that nobody here can verify it")
    assert intake.draft == before  # the code alone is nobody


@pytest.mark.parametrize("page", range(1, 8))
def test_a_receipts_code_opens_its_case_from_every_page(
    window: CounterWindow, hands: Hands, desk: Desk, page: int
) -> None:
    case_id = Window(desk.store, AUTHOR).take_in()
    case = desk.store.cases.find(case_id)
    assert case is not None
    sign_in(window, hands)
    hands.press(f"Ctrl+{page}")
    models, at = window.counter.models, "pickup" if page == 3 else "search"
    opened = models.pickup if page == 3 else models.search
    hands.scan_code(f"https://tongban.example/p/{case.number}/ABCD")
    hands.wait(lambda: window.current_page() == at and opened.state.case.case_id == case_id, "the case")


def test_a_scanned_passport_opens_its_chip(window: CounterWindow, hands: Hands, desk: Desk) -> None:
    desk.devices.choose("cards", DeviceChoice(driver="cards/simulated", options={"card": "passport"}))
    sign_in(window, hands)
    intake = window.counter.models.intake
    hands.wait(lambda: intake.state.identity.person, "the person of the identity card")
    zone = passport_lines()
    for line in (zone[:44], zone[44:]):
        hands.scan_code(line)
    hands.wait(lambda: "护照" in intake.state.panel.source, "the passport's holder")
    assert intake.draft is not None and intake.draft.identity is not None and intake.draft.identity.source == "card"


def test_at_a_locked_screen_nothing_is_opened(window: CounterWindow, hands: Hands, desk: Desk) -> None:
    desk.devices.choose("codes", scanner("opaque-token-of-a-minute"))
    hands.wait(lambda: desk.devices.at_work("codes"), "somebody listens")
    assert window.current_page() == "" and not window._state.notice[0]
