"""F30: what a station's program and devices are reaches its supervisor's browser, by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Keys

from app.config import DeviceChoice
from app.demo import PASSWORD
from app.version import VERSION
from tests.fakes.serving import ServerProcess
from tests.journeys.conftest import VILLAGE, Windows
from tests.server.web.browser import Browser, chromium

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.needs("chromedriver")]


@pytest.fixture
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that supports only a later program and gives a device no time."""
    settings = {"TONGBAN_OLDEST_PROGRAM": "999.0", "TONGBAN_DEVICE_HOURS": "0"}
    process = ServerProcess(tmp_path_factory.mktemp("supervised"), settings=settings)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def browser(hall: ServerProcess, tmp_path: Path) -> Iterator[Browser]:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    with chromium(hall.url, tmp_path / "profile", pictures) as window:
        yield window


def test_f30_a_dead_reader_and_an_old_program_are_seen_by_the_supervisor(window: Windows, browser: Browser) -> None:
    village = window(VILLAGE, "xuaizhen", "haishu")
    devices = village.desk.devices

    def look_and_tell() -> None:
        devices.states()
        village.desk.courier.poke()

    look_and_tell()
    browser.go("/stations")
    browser.press("lufangfang", Keys.TAB, PASSWORD, Keys.ENTER)
    browser.wait("location.pathname === '/stations' && document.readyState === 'complete'")
    village.settle(lambda: "读卡器 正常" in read_again(browser))
    text = browser.text()
    assert "号窗口" in text and "永丰村" in text and VERSION in text and "程序版本过低" in text
    assert "设备长时间不能用" not in text and "A4 打印机 正常" in text
    browser.picture("stations")

    devices.choose("idcard", DeviceChoice(driver="idcard/simulated", options={"behave": "no_sam"}))
    look_and_tell()
    village.settle(lambda: "读卡器 有问题" in read_again(browser))
    assert "设备长时间不能用" in browser.text() and "1 个要处理" in browser.text()
    browser.tab_to(".stations summary")
    browser.press(Keys.ENTER)
    assert "idcard/simulated · 银级" in browser.text() and "起不能用" in browser.text()
    browser.picture("stations-alarm", whole=True)
    for wide, high in ((1920, 1080), (1366, 768), (390, 844)):
        browser.resize(wide, high)
        assert browser.ask("document.documentElement.scrollWidth <= innerWidth"), wide
        browser.picture(f"stations-{wide}")

    browser.resize(1366, 768)
    browser.open_by_keyboard(".language button")
    assert "Card reader out of order" in browser.text() and "program out of date" in browser.text()
    browser.picture("stations-en")
    browser.open_by_keyboard(".rooms a[href='/ratings']")
    assert browser.ask("location.pathname") == "/ratings"
    browser.picture("ratings-en")
    assert browser.said() == []


def read_again(browser: Browser) -> str:
    browser.driver.refresh()
    return browser.text()
