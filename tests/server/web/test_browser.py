"""An officer at a real browser on the real server: by the keyboard alone from sign-in to the decision."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Keys

from contract.ids import progress_key
from tests.fakes.serving import ServerProcess
from tests.server.desk import Desk
from tests.server.web.browser import Browser, chromium, food_licence, village

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.needs("chromedriver")]


@pytest.fixture
def hall_server(tmp_path: Path) -> Iterator[ServerProcess]:
    folder = tmp_path / "hall"
    folder.mkdir()
    server = ServerProcess(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def desk(hall_server: ServerProcess) -> Desk:
    return village(hall_server.url)


@pytest.fixture
def browser(hall_server: ServerProcess, tmp_path: Path) -> Iterator[Browser]:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    with chromium(hall_server.url, tmp_path / "profile", pictures) as window:
        yield window


def test_an_officer_decides_a_village_case_by_keyboard_alone(browser: Browser, desk: Desk) -> None:
    case_id = food_licence(desk)
    number = desk.call("GET", f"/api/v1/cases/{case_id}")[2].decode().split('"number":"')[1][:17]

    browser.go("/")
    browser.picture("sign-in")
    browser.press("haishu-market", Keys.TAB, "wrong", Keys.ENTER)
    browser.wait("!!document.querySelector('.alert')")
    browser.picture("sign-in-wrong")
    browser.press("tongban-demo", Keys.ENTER)
    browser.wait("location.pathname === '/' && document.readyState === 'complete'")
    assert "材料未传齐" in browser.text() and "凤山街道永丰村" in browser.text()
    browser.picture("to-do")

    browser.press(Keys.TAB)
    assert browser.ask("document.activeElement.className") == "skip"
    browser.open_by_keyboard(f"a[href='/cases/{case_id}']")
    assert "材料还没有传齐" in browser.text()
    browser.picture("case-pending", whole=True)
    desk.send_pages(case_id)

    browser.go(f"/cases/{case_id}")
    browser.picture("case-received", whole=True)
    look_at_the_materials(browser)

    browser.open_by_keyboard("#act-accept button.primary")
    assert browser.state() == "accepted" and "已受理，从今天起计时。" in browser.text()
    browser.open_by_keyboard("#act-review button.primary")
    assert browser.state() == "in_review"
    browser.picture("case-in-review")

    browser.open_by_keyboard("#act-approve button.primary")
    assert browser.state() == "in_review" and "请填写这一栏。" in browser.text()
    browser.picture("case-mistake")
    browser.tab_to("#id_approve-opinion")
    browser.press("符合条件，准予许可。")
    browser.press(Keys.TAB, "海曙食许〔2026〕1号")
    browser.open_by_keyboard("#act-approve button.primary")
    assert browser.state() == "approved"
    browser.picture("case-approved", whole=True)
    assert desk.call("GET", f"/api/v1/cases/{case_id}")[2].decode().count('"kind":"approve"') == 1

    assert [line for line in browser.said() if "422" not in line] == []
    progress_is_public_and_narrow(browser, case_id, number)


def look_at_the_materials(browser: Browser) -> None:
    """Over the pages, turned and enlarged, with the arrow keys and the plus key."""
    browser.tab_to("a.sheet")
    browser.press(Keys.ENTER)
    assert browser.ask("document.activeElement.id") == "viewer-view"
    browser.wait("!!document.querySelector('#viewer-view object')")
    browser.picture("viewer-pdf")
    browser.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    loaded = "(p => p && p.complete && p.naturalWidth > 0)(document.querySelector('#viewer-view img'))"
    browser.wait(loaded)
    turned = "document.querySelector('#viewer-view img').style.transform"
    assert browser.ask(turned) == "rotate(90deg)"  # as the scanner's operator turned it
    browser.picture("viewer-turned")
    browser.press(Keys.SHIFT + Keys.ARROW_RIGHT)
    assert browser.ask(turned) == "rotate(180deg)"
    browser.press("+", "+", "+")
    assert browser.ask("(view => view.scrollHeight > view.clientHeight)(document.getElementById('viewer-view'))")
    browser.picture("viewer-large")
    browser.press("0")


def progress_is_public_and_narrow(browser: Browser, case_id: str, number: str) -> None:
    """Without a session, on a telephone, in both languages."""
    browser.driver.delete_all_cookies()
    browser.resize(390, 844)
    browser.go(f"/p/{number}/{progress_key(case_id)}")
    text = browser.text()
    assert "已办结：准予" in text and "可以领取了" in text and "永丰村" in text
    assert not any(secret in text for secret in ("王", "食品", "999号", "0574"))
    assert browser.ask("document.documentElement.scrollWidth <= innerWidth")
    browser.picture("progress")
    browser.open_by_keyboard(".language button")
    assert "Decided: approved" in browser.text() and browser.ask("document.documentElement.lang") == "en"
    browser.picture("progress-en")


def test_what_goes_wrong_is_said_on_the_page(browser: Browser, desk: Desk) -> None:
    case_id = food_licence(desk, promised=True)
    food_licence(desk)
    desk.send_pages(case_id)
    browser.go("/")
    browser.press("haishu-market", Keys.TAB, "tongban-demo", Keys.ENTER)
    browser.wait("location.pathname === '/' && document.readyState === 'complete'")
    browser.picture("to-do-two")

    browser.go(f"/cases/{case_id}")
    browser.driver.switch_to.new_window("tab")
    browser.go(f"/cases/{case_id}")
    browser.open_by_keyboard("#act-accept button.primary")
    browser.driver.close()
    browser.driver.switch_to.window(browser.driver.window_handles[0])
    browser.tab_to("#act-ask_supplement summary")
    browser.press(Keys.ENTER)
    browser.tab_to("#id_ask_supplement-items-0-what")
    browser.press("缺少签名")
    browser.picture("case-supplement", whole=True)
    browser.open_by_keyboard("#act-ask_supplement button.primary")
    assert "这一件已有新进展" in browser.text() and "缺少签名" in browser.text()
    browser.picture("case-stale", whole=True)

    browser.open_by_keyboard("#act-review button.primary")
    browser.tab_to("#act-suspend summary")
    browser.press(Keys.ENTER)
    browser.tab_to("#id_suspend-days")
    browser.press("5")
    browser.open_by_keyboard("#act-suspend button.primary")
    assert "现在还不能作出决定" in browser.text()
    browser.picture("case-suspended")

    browser.open_by_keyboard(".language button")
    assert "Cannot be decided yet" in browser.text()
    browser.picture("case-en", whole=True)
    browser.go("/?tab=done")
    browser.picture("to-do-empty-en")
    browser.go("/cases/nothing")
    browser.picture("not-found-en")
