"""TWAIN through the helper's own program, built for Linux, with a source manager of ours where the maker's would be.

That it works on Windows with a maker's driver no test here can show: the driver is bronze and says so.
"""

import io
import subprocess
import threading
from collections.abc import Callable, Iterator

import pytest
from PIL import Image

from contract.problem import Problem, Retry
from devices.catalogue import get_driver, open_host
from devices.host import Host
from devices.scanner import Capabilities, Colour, ScanProfile, ScanSource, Source
from tests.devices.scanner.conftest import collect, page_file

pytestmark = pytest.mark.needs("gcc")
QUICK = ScanProfile(dpi=75)
Opened = Callable[..., tuple[ScanSource, Host]]


@pytest.fixture
def opened(twain: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    hosts: list[Host] = []

    def start(behaves: str = "", patience: float = 20.0, **options: str) -> tuple[ScanSource, Host]:
        monkeypatch.setenv("TONGBAN_TEST_TWAIN", behaves)
        hosts.append(open_host("scanner/twain", twain | options))
        return ScanSource(hosts[-1], patience), hosts[-1]

    yield start
    for host in hosts:
        host.close()


def test_it_says_what_the_source_can_do_and_that_nobody_has_tried_a_real_one(opened):
    assert opened()[0].capabilities() == Capabilities(tuple(Source), tuple(Colour), (75, 150, 300))
    assert "未在真机上验证" in get_driver("scanner/twain").name and get_driver("scanner/twain").grade == "bronze"


def test_the_sources_own_jpeg_is_kept(opened):
    pages, end = collect(opened()[0], QUICK)
    assert [data for _, data in pages] == [page_file(n=n) for n in (1, 2, 3, 4)] and end.why == "empty"


def test_both_sides_and_the_glass(opened):
    source, _ = opened()
    pages, _ = collect(source, ScanProfile(source=Source.ADF_DUPLEX, dpi=75))
    assert [(page.sheet, page.side) for page, _ in pages] == [(1, "front"), (1, "back"), (2, "front"), (2, "back")]
    pages, end = collect(source, ScanProfile(source=Source.FLATBED, dpi=75))
    assert (len(pages), end.why) == (1, "single")


@pytest.mark.parametrize(
    ("colour", "media_type", "mode"),
    [(Colour.COLOR, "image/jpeg", "RGB"), (Colour.GRAY, "image/jpeg", "L"), (Colour.BW, "image/png", "1")],
)
def test_lines_of_pixels_become_a_picture(opened, colour, media_type, mode):
    (page, data), *more = collect(opened("lines")[0], ScanProfile(dpi=75, colour=colour))[0]
    picture = Image.open(io.BytesIO(data))
    assert (page.media_type, picture.mode, picture.size, len(more)) == (media_type, mode, (310, 438), 3)
    if colour is Colour.GRAY:
        assert picture.getpixel((10, 400)) < 20 < 240 < picture.getpixel((250, 400)) + 10


@pytest.mark.parametrize(
    ("behaves", "code", "retry", "pages"),
    [
        ("absent", "scanner.absent", Retry.AFTER_FIX, 0),
        ("empty", "scanner.no_paper", Retry.AFTER_FIX, 0),
        ("jam", "scanner.jam", Retry.AFTER_FIX, 2),
        ("double_feed", "scanner.double_feed", Retry.AFTER_FIX, 2),
        ("cover_open", "scanner.cover_open", Retry.AFTER_FIX, 2),
        ("gone", "scanner.gone", Retry.AFTER_FIX, 2),
        ("stopped", "scanner.cancelled", Retry.AGAIN, 2),
        ("cut", "scanner.garbled", Retry.AGAIN, 2),
        ("crash", "scanner.crashed", Retry.AGAIN, 2),
        ("hang", "scanner.stalled", Retry.AGAIN, 2),
    ],
)
def test_trouble_is_a_problem_and_the_next_batch_is_whole(opened, behaves, code, retry, pages):
    source, host = opened(behaves, patience=5.0 if behaves == "hang" else 20.0)
    with pytest.raises(Problem) as caught:
        collect(source, QUICK)
    assert (caught.value.code, caught.value.retry) == (code, retry)
    assert (caught.value.facts["pages"], caught.value.facts["following"]) == (str(pages), str(pages + 1))
    host.close()
    assert len(collect(opened()[0], QUICK)[0]) == 4


def test_a_source_that_never_says_that_it_is_ready_can_be_cancelled(opened):
    source, host = opened("silent")
    stop = threading.Event()
    stopper = threading.Timer(1.0, stop.set)
    stopper.start()
    with pytest.raises(Problem, match=r"scanner\.cancelled"):
        list(source.scan(QUICK, stop=stop))
    stopper.join()
    assert host.pid is None


@pytest.mark.parametrize(
    "options", [{"helper": "/nowhere/tongban-twain.exe"}, {"helper": "/bin/true"}, {"manager": "/x"}]
)
def test_without_helper_or_manager_it_says_so(opened, options):
    with pytest.raises(Problem) as caught:
        opened(**options)[0].capabilities()
    assert caught.value.code in ("scanner.no_twain", "scanner.crashed")


def test_a_source_is_chosen_by_its_name(opened):
    assert len(collect(opened(source="Stand-in")[0], QUICK)[0]) == 4
    with pytest.raises(Problem, match=r"scanner\.absent"):
        opened(source="另一台")[0].capabilities()


def test_the_helper_ends_with_its_parent(twain):
    helper = subprocess.Popen([twain["helper"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with helper:
        helper.stdin.write(b"{}\n")
        helper.stdin.flush()
        assert helper.stdout.readline() == b'{"ready": true}\n'
        helper.stdin.close()
        assert helper.wait(20) == 0
