"""Scanners for tests: SANE's own test backend, a folder with pages in it, the simulated one."""

import io
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from contract.problem import Problem, Retry
from devices.scanner import BatchEnd, ScannedPage, ScanProfile, ScanSource
from devices.scanner.emulator import Side

ROOT = Path(__file__).parents[3]


@pytest.fixture
def sane_config(tmp_path: Path) -> str:
    """A private SANE configuration in which the test backend is all there is, with glass for A4."""
    folder = tmp_path / "sane.d"
    folder.mkdir()
    (folder / "dll.conf").write_text("test\n")
    (folder / "test.conf").write_text("geometry_max 400\nnumber_of_devices 2\n")
    return str(folder)


@pytest.fixture(scope="session")
def twain_built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The helper as it is built for Windows, but for this system; a source manager of ours; the pages of its source."""
    folder = tmp_path_factory.mktemp("twain")
    source = ROOT / "packaging/twain"
    warn = ["gcc", "-std=gnu99", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([*warn, "-pthread", "-o", folder / "helper", source / "worker.c", "-ldl"], check=True)
    manager = Path(__file__).with_name("twain_manager.c")
    subprocess.run([*warn, "-shared", "-fPIC", f"-I{source}", "-o", folder / "manager.so", manager], check=True)
    for n in range(1, 5):
        (folder / f"{n}.jpg").write_bytes(page_file(n=n))
    return folder


@pytest.fixture
def twain(twain_built: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Options of scanner/twain with which its source has four pages."""
    monkeypatch.setenv("TONGBAN_TEST_PAGES", str(twain_built))
    monkeypatch.setenv("TONGBAN_TEST_TWAIN", "")
    return {"helper": str(twain_built / "helper"), "manager": str(twain_built / "manager.so")}


def page_file(kind: str = "JPEG", n: int = 1, size: tuple[int, int] = (310, 438)) -> bytes:
    """A small page with its number drawn as strokes, so that no two are alike."""
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    for stroke in range(n):
        draw.line((20 + 9 * stroke, 30, 20 + 9 * stroke, 80), fill="black", width=3)
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def sides(count: int) -> list[Side]:
    """The sides of so many pages for the eSCL stand-in: the same ones at every resolution."""

    def side(n: int) -> Side:
        return lambda dpi, grey: page_file(n=n)

    return [side(n) for n in range(1, count + 1)]


def collect(
    source: ScanSource, profile: ScanProfile, first: int = 1
) -> tuple[list[tuple[ScannedPage, bytes]], BatchEnd]:
    """A whole batch."""
    pages = []
    scan = source.scan(profile, first=first)
    while True:
        try:
            pages.append(next(scan))
        except StopIteration as end:
            return pages, end.value


def collect_with_patience(
    source: ScanSource, profile: ScanProfile, first: int = 1
) -> tuple[list[tuple[ScannedPage, bytes]], BatchEnd]:
    """A whole batch, tried again after a hang: libsane hangs in one or two of a hundred on a busy machine."""
    for _ in range(4):
        try:
            return collect(source, profile, first)
        except Problem as problem:
            if problem.code != "scanner.stalled":
                raise
            assert problem.retry is Retry.AGAIN
    raise AssertionError("it hung four times in a row")


def begin(
    source: ScanSource, profile: ScanProfile, pages: int = 1
) -> tuple[Generator[tuple[ScannedPage, bytes], None, BatchEnd], list[tuple[ScannedPage, bytes]]]:
    """A batch of which so many pages have come, begun again after a hang."""
    for _ in range(4):
        scan = source.scan(profile)
        try:
            return scan, [next(scan) for _ in range(pages)]
        except Problem as problem:
            if problem.code != "scanner.stalled":
                raise
    raise AssertionError("it hung four times in a row")


def problem_of(source: ScanSource, profile: ScanProfile) -> Problem:
    """The problem that a batch ends with, hangs left aside."""
    for _ in range(4):
        with pytest.raises(Problem) as caught:
            collect(source, profile)
        if caught.value.code != "scanner.stalled":
            return caught.value
    raise AssertionError("it hung four times in a row")
