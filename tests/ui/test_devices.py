"""The devices page at work: chosen by hand and kept, noticed as they come and go, looked at before a session."""

from __future__ import annotations

import json
import os
import pty
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import qVersion

from app.config import DeviceChoice, read_config
from app.desk import Desk
from app.devices_here import DevicesHere
from app.version import VERSION
from devices.scanner import ScanProfile
from tests.ui.conftest import sign_in
from ui.deeds import device_deeds
from ui.hands import Hands
from ui.pages.devices.model import DevicesModel
from ui.pages.devices.view import DevicesView
from ui.shells.counter import CounterWindow
from ui.tasks import Post
from ui.widgets.field import Field


@pytest.fixture(autouse=True)
def _looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.devices_here.LOOK", 0.02)
    monkeypatch.setattr("ui.counter.LIGHTS_EVERY", 1_000_000)  # what is noticed is not noticed by the minute's look


def lights(window: CounterWindow) -> dict[str, str]:
    """In the top bar: of what a desk may have besides, only what is not in order."""
    return {light.name: light.word for light in window._state.lights}


def on_the_page(window: CounterWindow) -> dict[str, str]:
    return {line.key: line.pill for line in window.counter.models.devices.state.lines}


def test_a_driver_is_chosen_and_set_up_by_keys_and_is_there_after_a_restart(
    window: CounterWindow, hands: Hands, desk: Desk
) -> None:
    sign_in(window, hands)
    model = window.counter.models.devices
    hands.press("Ctrl+6")
    hands.wait(lambda: model.state.lines and not model.state.asking, "the devices")
    model.open("codes")
    hands.wait(lambda: model.state.role == "codes" and model.state.drivers, "its drivers")
    model.look_at_driver("codes/simulated")
    page = window.findChild(DevicesView)
    assert page is not None
    next(field for field in page.findChildren(Field) if field.asked.name == "text").take_focus()
    hands.write("330281-00000001-8")
    hands.press("Ctrl+Return")
    hands.wait(lambda: on_the_page(window).get("codes") == "正常", "it to be in order")
    kept = read_config(desk.config.folder).devices
    assert kept["codes"] == DeviceChoice(
        driver="codes/simulated", options={"text": "330281-00000001-8", "behave": "ok"}
    )
    again = DevicesHere(kept)
    try:
        assert again.state("codes").word == "ok"
    finally:
        again.close()


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals")
def test_a_light_goes_out_with_its_device_and_comes_back(
    window: CounterWindow, hands: Hands, desk: Desk, tmp_path: Path
) -> None:
    port = tmp_path / "gun"  # as udev's links are
    first, second = pty.openpty(), pty.openpty()
    port.symlink_to(os.ttyname(first[1]))
    desk.devices.choose("codes", DeviceChoice(driver="codes/serial", options={"port": str(port)}))
    try:
        sign_in(window, hands)
        hands.wait(lambda: on_the_page(window).get("codes") == "正常", "the gun that is there")
        assert "扫码枪" not in lights(window)
        port.unlink()
        for end in first:
            os.close(end)
        hands.wait(lambda: lights(window).get("扫码枪") == "没接上", "the light of the gun that was drawn out")
        assert on_the_page(window)["codes"] == "没接上"
        port.symlink_to(os.ttyname(second[1]))
        hands.wait(lambda: on_the_page(window).get("codes") == "正常", "the gun that is back")
        assert "扫码枪" not in lights(window)
    finally:
        desk.devices.choose("codes", DeviceChoice(driver="codes/simulated"))
        for end in second:
            os.close(end)


def test_the_scanners_light_is_looked_at_again_when_the_batch_is_over(
    window: CounterWindow, hands: Hands, desk: Desk
) -> None:
    desk.devices.choose("scanner", DeviceChoice(driver="scanner/simulated"))
    sign_in(window, hands)
    window.counter.models.devices.refresh()
    hands.wait(lambda: lights(window).get("扫描仪") == "正常", "the scanner at rest")
    batch = desk.devices.scanner().scan(ScanProfile(dpi=50))
    next(batch)

    def looked_at() -> str | None:
        window.counter.models.devices.refresh()
        return lights(window).get("扫描仪")

    hands.wait(lambda: looked_at() == "正忙", "the scanner at work")
    assert list(batch)
    hands.wait(lambda: lights(window).get("扫描仪") == "正常", "the scanner at rest again")


def test_a_desk_that_prints_its_receipts_on_a4_lacks_no_receipt_printer(
    window: CounterWindow, hands: Hands, desk: Desk
) -> None:
    model = window.counter.models.devices
    sign_in(window, hands)
    model.refresh()
    hands.wait(lambda: lights(window).get("A4"), "the lights")
    assert lights(window)["凭条"] == lights(window)["A4"] == "没有选"  # no paper at all comes out here
    desk.devices.choose("a4", DeviceChoice(driver="printer/simulated"))

    def looked_at() -> dict[str, str]:
        model.refresh()
        return lights(window)

    hands.wait(lambda: looked_at().get("A4") == "正常", "the A4 printer")
    assert "凭条" not in lights(window) and on_the_page(window)["receipt"] == "没有选"
    desk.devices.choose("receipt", DeviceChoice(driver="printer/simulated"))
    hands.wait(lambda: looked_at().get("凭条") == "正常", "the receipt printer")


def test_f19_devices_that_are_not_in_order_are_said_before_a_person_sits_down(
    window: CounterWindow, hands: Hands, desk: Desk
) -> None:
    desk.devices.choose("receipt", DeviceChoice(driver="printer/simulated", options={"behave": "near_end"}))
    desk.devices.choose("scanner", DeviceChoice(driver="scanner/simulated", options={"behave": "absent"}))
    sign_in(window, hands)
    intake = window.counter.models.intake
    hands.wait(lambda: intake.state.identity.not_ready, "what is not in order")
    assert intake.state.identity.not_ready == ("扫描仪 没接上", "凭条打印机 纸将尽")
    desk.devices.choose("scanner", DeviceChoice(driver="scanner/simulated"))
    desk.devices.choose("receipt", DeviceChoice(driver="printer/simulated"))
    window.counter.models.devices.refresh()
    hands.wait(lambda: not intake.state.identity.not_ready, "all to be in order")


def test_the_diagnostic_file_is_written_from_the_page(
    window: CounterWindow, hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.deeds.Path.home", lambda: tmp_path)
    sign_in(window, hands)
    hands.press("Ctrl+6")
    model = window.counter.models.devices
    model.open("scanner")
    hands.wait(lambda: model.state.role == "scanner", "the scanner")
    hands.press("F4")
    hands.wait(lambda: model.state.tried[0], "what came of a try: its banner has a key of its own")
    hands.press("Ctrl+I")
    hands.wait(lambda: str(tmp_path) in model.state.tried[1], "the file")
    (file,) = tmp_path.glob("tongban-s1-*.json")
    said = json.loads(file.read_text("utf-8"))
    assert str(file) in model.state.tried[1] and said["program"] == VERSION
    assert said["libraries"]["Qt"] == qVersion()


def test_what_came_of_a_try_stands_at_its_device(window: CounterWindow, hands: Hands, desk: Desk) -> None:
    desk.devices.choose("scanner", DeviceChoice(driver="scanner/simulated"))
    sign_in(window, hands)
    hands.press("Ctrl+6")
    model = window.counter.models.devices
    model.open("scanner")
    hands.wait(lambda: model.state.role == "scanner" and model.state.drivers, "the scanner")
    hands.press("F4")
    hands.wait(lambda: "扫到了" in model.state.tried[0], "a page of it")
    model.open("a4")
    assert model.state.name == "A4 打印机" and model.state.tried[0] == ""
    model.try_out()
    model.open("scanner")  # before it answers
    assert "扫到了" in model.state.tried[0]
    hands.wait(lambda: not model.state.trying, "the printer's answer")
    assert "扫到了" in model.state.tried[0]
    model.open("a4")
    assert model.state.tried[0] == "还没有选择要用的设备" and model.state.tried[2] == "bad"


@pytest.mark.parametrize(("behave", "words"), [("out_of_paper", "打印机缺纸"), ("cover_open", "打印机盖子没有合上")])
def test_what_is_wrong_with_a_printer_is_said_in_words(
    window: CounterWindow, hands: Hands, desk: Desk, behave: str, words: str
) -> None:
    desk.devices.choose("a4", DeviceChoice(driver="printer/simulated", options={"behave": behave}))
    sign_in(window, hands)
    model = window.counter.models.devices
    model.open("a4")
    model.refresh()
    hands.wait(lambda: model.state.trouble[0] == words, "what is wrong")
    assert on_the_page(window)["a4"] == "有问题" and model.state.trouble[1]


def test_the_page_speaks_english(desk: Desk, post: Post, until: Any) -> None:
    model = DevicesModel(device_deeds(desk), post, lambda: "en")
    model.open("codes")
    until(lambda: model.state.drivers)
    assert model.state.drivers[0].title == "Code scanner (serial, USB-COM)"
    assert model.state.options[0].label.startswith("Port (")


@pytest.mark.parametrize(("language", "words"), [("zh", "没放纸"), ("en", "No paper")])
def test_what_a_driver_may_be_set_to_is_said_in_words(
    desk: Desk, post: Post, until: Any, language: str, words: str
) -> None:
    model = DevicesModel(device_deeds(desk), post, lambda: language)
    model.open("scanner")
    until(lambda: model.state.drivers)
    model.look_at_driver("scanner/simulated")
    (behave,) = (asked for asked in model.state.options if asked.name == "behave")
    assert ("no_paper", words) in behave.choices


def test_what_a_printer_calls_it_itself_is_a_detail(desk: Desk, post: Post, until: Any) -> None:
    desk.devices.choose("a4", DeviceChoice(driver="printer/simulated", options={"behave": "out_of_paper"}))
    model = DevicesModel(device_deeds(desk), post, lambda: "zh")
    model.open("a4")
    model.refresh()
    until(lambda: ("状态", "缺纸") in model.state.rows)
    assert model.state.rows[-1] == ("详情", "simulated out_of_paper", "muted")
    assert "simulated" not in "".join(row[1] for row in model.state.rows[1:-1] if row[0] != "驱动")


def test_where_a_scanners_paper_may_lie_is_said_in_words(desk: Desk, post: Post, until: Any) -> None:
    desk.devices.choose("scanner", DeviceChoice(driver="scanner/simulated"))
    model = DevicesModel(device_deeds(desk), post, lambda: "zh")
    model.open("scanner")
    model.refresh()
    until(lambda: ("进纸", "单面、双面、平板") in model.state.rows)
