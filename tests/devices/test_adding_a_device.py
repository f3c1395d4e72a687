"""docs/adding-a-device.md, done: each of its blocks is written to the file it names, and the new driver is there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import tree

PAGE = (tree.ROOT / "docs" / "adding-a-device.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^`([\w./]+)`:\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


# What section 7 says, on the counter's own window: the driver is offered, set up, chosen, and heard.
ON_THE_PAGE = """
import os

from tests.ui.conftest import deeds, desk, dressed, hands, post, sign_in, until, window
from ui.pages.devices.view import DevicesView
from ui.widgets.field import Field


def test_the_page(window, hands, desk, tmp_path):
    os.mkfifo(tmp_path / "codes")
    sign_in(window, hands)
    hands.press("Ctrl+6")
    model, page = window.counter.models.devices, window.findChild(DevicesView)
    model.open("codes")
    hands.wait(lambda: "codes/pipe" in [line.key for line in model.state.drivers], "the new driver")
    page.driver_wanted.emit("codes/pipe")
    (path,) = [field for field in page.findChildren(Field) if field.isVisible() and field.asked.name == "path"]
    assert path.asked.label == "管道文件" and path.value() == "/run/scanner/codes"
    path.parts()[0].selectAll()
    path.take_focus()
    hands.write(str(tmp_path / "codes"))
    hands.press("Ctrl+Return")
    hands.wait(lambda: {line.key: line.pill for line in model.state.lines}["codes"] == "正常", "it to be in order")
    assert dict(model.state.rows)["级别"].startswith("铜")
    hands.wait(lambda: desk.devices.at_work("codes"), "the counter to listen")
    pipe = os.open(tmp_path / "codes", os.O_RDWR)
    os.write(pipe, b"4006381333931\\n")
    hands.wait(lambda: window._state.notice[0], "the code to be heard")
    os.close(pipe)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The product with the new driver in it: what the page writes to, and what finds that by its own place, is copied;
    all else is the real one."""
    place = tmp_path / "checkout"
    place.mkdir()
    for entry in tree.ROOT.iterdir():
        if entry.name not in ("app", "devices", "resources", "tests", "ui", ".git"):
            (place / entry.name).symlink_to(entry)
    for folder in ("app", "devices", "ui", "resources/messages", "tests/devices/codes"):
        shutil.copytree(tree.ROOT / folder, place / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for entry in (tree.ROOT / "resources").iterdir():
        if entry.name != "messages":
            (place / "resources" / entry.name).symlink_to(entry)
    for entry in (tree.ROOT / "tests").iterdir():
        if entry.name != "devices":
            (place / "tests" / entry.name).symlink_to(entry)
    for name, block in BLOCKS.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(block, encoding="utf-8")
    return place


def play(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    command = [sys.executable, "-P", *words]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


def test_the_page_names_its_files():
    assert set(BLOCKS) == {
        *(
            f"devices/codes/drivers/pipe/{name}"
            for name in ("manifest.toml", "__init__.py", "driver.py", "quality.toml")
        ),
        "resources/messages/codes_pipe.json",
        "tests/devices/codes/test_pipe.py",
    }


def test_the_new_driver_is_listed_and_its_tests_pass(checkout: Path) -> None:
    listed = play(checkout, "-m", "app.cli", "devices", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    (found,) = [each for each in json.loads(listed.stdout) if each["driver"] == "codes/pipe"]
    assert found["grade"] == "bronze" and found["missing"] == []
    assert found["options"]["path"]["label"] == "管道文件"

    tested = play(checkout, "-m", "pytest", "-q", f"--basetemp={checkout}/../base", "tests/devices/codes/test_pipe.py")
    assert tested.returncode == 0 and "2 passed" in tested.stdout, tested.stdout + tested.stderr


def test_the_new_driver_is_chosen_on_the_device_page_and_works(checkout: Path) -> None:
    (checkout / "tests/devices/codes/test_page.py").write_text(ON_THE_PAGE, encoding="utf-8")
    words = ("-m", "pytest", "-q", f"--basetemp={checkout}/../base", "tests/devices/codes/test_page.py")
    tested = play(checkout, *words)
    assert tested.returncode == 0 and "1 passed" in tested.stdout, tested.stdout + tested.stderr


def test_its_problems_have_words_in_both_languages(checkout: Path) -> None:
    code = (
        "import json; from app.problems import words_for; from contract.problem import Problem, Retry;"
        "p = Problem('codes.no_pipe', Retry.AFTER_FIX, path='/x');"
        "print(json.dumps([words_for(p, each).title for each in ('zh', 'en')]))"
    )
    said = play(checkout, "-c", code)
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout) == ["找不到扫码程序的管道", "The scanner program's pipe is not there"]


def test_the_blocks_pass_the_houses_own_rules(checkout: Path) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    python = [name for name in BLOCKS if name.endswith(".py")]
    for words in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        ended = subprocess.run([ruff, *words, *python], cwd=checkout, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout
