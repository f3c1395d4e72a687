"""What every scanner driver must do, each through its own worker process."""

import json
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from contract.problem import Problem, Retry
from devices import catalogue
from devices.catalogue import open_host
from devices.host import Host
from devices.scanner import Colour, ScannedPage, ScanProfile, ScanSource, Source
from devices.scanner.emulator import Standin
from tests.devices.scanner.conftest import begin, collect_with_patience, page_file, sides

DRIVERS = [manifest.driver for manifest in catalogue.drivers("scanner")]
WORDS = json.loads((Path(__file__).parents[3] / "resources/messages/scanner.json").read_text("utf-8"))
QUICK = ScanProfile(dpi=75)


def every(*absent: str) -> pytest.MarkDecorator:
    needs = {"sane": [pytest.mark.needs("lib:libsane.so.1")], "twain": [pytest.mark.needs("gcc")]}
    return pytest.mark.parametrize(
        "driver", [pytest.param(name, marks=needs.get(name, [])) for name in DRIVERS if name not in absent]
    )


@pytest.fixture
def standin() -> Iterator[Standin]:
    """A network scanner that always has paper."""
    with Standin() as device:
        device.scanner.refill = sides(8)
        yield device


@pytest.fixture
def working(
    driver: str, sane_config: str, standin: Standin, tmp_path: Path, request: pytest.FixtureRequest
) -> dict[str, str]:
    """Options with which the driver has several pages to give."""
    scans = tmp_path / "张三的扫描件"
    scans.mkdir()
    for n in range(1, 33):  # more than can be on their way when a worker is killed
        (scans / f"{n}.jpg").write_bytes(page_file(n=n))
    if driver == "twain":
        options: dict[str, str] = request.getfixturevalue("twain")
        return options
    return {
        "escl": {"url": standin.url},
        "sane": {"device": "test:0", "config_dir": sane_config},
        "folder": {"path": str(scans), "quiet": "0.2"},
        "simulated": {"seed": "2"},
    }[driver]


@pytest.fixture
def absent(driver: str, sane_config: str, tmp_path: Path) -> dict[str, str]:
    return {
        "escl": {"url": "http://127.0.0.1:1/eSCL"},
        "sane": {"device": "test:9", "config_dir": sane_config},
        "folder": {"path": str(tmp_path / "nowhere")},
        "simulated": {"behave": "absent"},
        "twain": {"helper": str(tmp_path / "none.exe")},
    }[driver]


def test_all_of_them_are_there():
    assert DRIVERS == ["escl", "folder", "sane", "simulated", "twain"]


@every()
def test_it_says_what_it_can(driver, working):
    with open_host(f"scanner/{driver}", working) as host:
        can = ScanSource(host).capabilities()
    assert Source.ADF in can.sources and Colour.COLOR in can.colours


@every()
def test_a_batch_comes_out_whole(driver, working):
    with open_host(f"scanner/{driver}", working) as host:
        pages, end = collect_with_patience(ScanSource(host, 8.0), QUICK)
        assert host.pid is None  # nothing stays behind between batches
    assert end.pages == len(pages) >= 4
    assert [page.n for page, _ in pages] == list(range(1, len(pages) + 1))
    assert {page.media_type for page, _ in pages} == {"image/jpeg"}


@every()
def test_it_refuses_cleanly_when_the_device_is_absent(driver, absent):
    with open_host(f"scanner/{driver}", absent) as host:
        for ask in (ScanSource(host).capabilities, lambda: next(ScanSource(host).scan(QUICK))):
            with pytest.raises(Problem) as caught:
                ask()
            assert caught.value.retry is Retry.AFTER_FIX
            assert caught.value.code in WORDS


@every()
def test_it_survives_being_killed(driver, working):
    with open_host(f"scanner/{driver}", working) as host:
        source = ScanSource(host, 8.0)
        problem = killed(source, host)
        assert problem.code == "scanner.crashed"
        first = int(problem.facts["following"])
        pages, _ = collect_with_patience(source, QUICK, first=first)
        assert pages and pages[0][0].n == first


def killed(source: ScanSource, host: Host) -> Problem:
    """Kill the worker after a page. On a busy machine a quick one may have given all by then: once more."""
    for _ in range(20):
        scan, _ = begin(source, QUICK)
        assert host.pid is not None
        os.kill(host.pid, signal.SIGKILL)
        try:
            list(scan)
        except Problem as problem:
            return problem
    raise AssertionError("it was always over before")


@every()
def test_it_honours_cancel(driver, working):
    with open_host(f"scanner/{driver}", working) as host:
        source = ScanSource(host, 8.0)
        scan, _ = begin(source, QUICK)
        scan.close()
        assert host.pid is None
        source.capabilities()


@every()
def test_it_refuses_a_profile_that_is_none(driver, working):
    with open_host(f"scanner/{driver}", working) as host:
        for wrong in (
            {},
            asdict(QUICK) | {"dpi": 5},
            asdict(QUICK) | {"source": "camera"},
            asdict(QUICK) | {"paper": "b9"},
        ):
            with pytest.raises(Problem, match="scanner.bad_profile"):
                list(host.stream("scan", profile=wrong, patience=20))


@every()
def test_nothing_personal_is_said(driver, working, caplog):
    caplog.set_level("DEBUG")
    with open_host(f"scanner/{driver}", working) as host:
        pages, _ = collect_with_patience(ScanSource(host, 8.0), QUICK)
        assert "张三" not in repr(host)
    assert "张三" not in caplog.text
    assert all(isinstance(page, ScannedPage) and "张三" not in repr(page) for page, _ in pages)


def test_every_code_that_is_raised_has_words():
    source = Path(__file__).parents[3] / "devices/scanner"
    raised = {
        code for file in source.rglob("*.py") for code in re.findall(r'"(scanner\.[a-z_]+)"', file.read_text("utf-8"))
    }
    assert raised == set(WORDS)
