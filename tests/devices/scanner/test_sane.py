"""The SANE driver through a real worker against SANE's own test backend."""

import hashlib
import io
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from contract.problem import Problem, Retry
from devices.catalogue import open_host
from devices.host import Host
from devices.scanner import Colour, ScanProfile, ScanSource, Source
from devices.scanner.drivers.sane import driver
from devices.scanner.drivers.sane.library import Option
from tests.devices.scanner.conftest import begin, collect_with_patience, problem_of

pytestmark = pytest.mark.needs("lib:libsane.so.1")

PATIENCE = 8.0
QUICK = ScanProfile(dpi=75)


@pytest.fixture
def opened(sane_config: str) -> Iterator[Callable[..., tuple[ScanSource, Host]]]:
    hosts: list[Host] = []

    def start(settings: str = "", device: str = "test:0", patience: float = PATIENCE) -> tuple[ScanSource, Host]:
        settings = settings if "test-picture" in settings else f"test-picture=Color pattern;{settings}"
        options = {"device": device, "config_dir": sane_config, "settings": settings}
        hosts.append(open_host("scanner/sane", options))
        return ScanSource(hosts[-1], patience), hosts[-1]

    yield start
    for host in hosts:
        host.close()


def test_it_says_what_the_device_can_do(opened):
    can = opened()[0].capabilities()
    assert can.sources == (Source.ADF, Source.FLATBED)
    assert can.colours == (Colour.COLOR, Colour.GRAY, Colour.BW)
    assert 300 in can.dpi


def test_it_finds_the_devices(opened):
    source, host = opened(device="")
    assert [each["name"] for each in host.ask("devices", patience=PATIENCE)] == ["test:0", "test:1"]
    assert len(collect_with_patience(source, QUICK)[0]) == 10


def test_ten_pages_of_colour_come_out_of_the_feeder(opened):
    pages, end = collect_with_patience(opened()[0], ScanProfile())
    assert (end.pages, end.why) == (10, "empty")
    assert [page.n for page, _ in pages] == list(range(1, 11))
    assert [page.sheet for page, _ in pages] == list(range(1, 11))
    for page, data in pages:
        assert (page.media_type, page.side, page.dpi) == ("image/jpeg", "front", 300)
        assert page.digest == hashlib.sha256(data).hexdigest() and page.size == len(data)
        picture = Image.open(io.BytesIO(data))
        picture.load()
        assert picture.size == (page.width, page.height) == (2480, 3507)
        assert picture.mode == "RGB" and picture.info["dpi"] == (300, 300)


def test_the_glass_gives_one_page(opened):
    pages, end = collect_with_patience(opened()[0], ScanProfile(source=Source.FLATBED, dpi=75))
    assert (len(pages), end.pages, end.why) == (1, 1, "single")


def test_grey_stays_grey_and_black_and_white_is_one_bit(opened):
    ((grey, grey_data),) = collect_with_patience(opened()[0], ScanProfile(Source.FLATBED, 75, Colour.GRAY))[0]
    ((two, two_data),) = collect_with_patience(opened()[0], ScanProfile(Source.FLATBED, 75, Colour.BW))[0]
    assert (grey.media_type, Image.open(io.BytesIO(grey_data)).mode) == ("image/jpeg", "L")
    assert (two.media_type, Image.open(io.BytesIO(two_data)).mode) == ("image/png", "1")


def test_one_bit_a_pixel_is_the_right_way_round(opened):
    """The test backend has no line art, but one bit a pixel in grey, where a set bit is black as there."""
    flat = ScanProfile(Source.FLATBED, 75, Colour.GRAY)
    ((grey, grey_data),) = collect_with_patience(opened("test-picture=Grid")[0], flat)[0]
    ((bits, bits_data),) = collect_with_patience(opened("test-picture=Grid;depth=1")[0], flat)[0]
    assert (grey.media_type, bits.media_type) == ("image/jpeg", "image/png")
    expected = Image.open(io.BytesIO(grey_data)).point(lambda value: 255 if value > 127 else 0).convert("1")
    got = Image.open(io.BytesIO(bits_data))
    assert got.size == expected.size
    unlike = ImageChops.logical_xor(got, expected).histogram()[255]
    assert unlike < 0.02 * got.width * got.height


@pytest.mark.needs("scanimage")
@pytest.mark.parametrize("extra", ["", "read-limit=yes;read-limit-size=999", "fuzzy-parameters=yes"])
def test_the_picture_is_the_one_that_scanimage_gets(opened, sane_config, extra):
    options = [part for part in (f"--{pair}" for pair in extra.split(";")) if part != "--"]
    geometry = ["-l", "0", "-t", "0", "-x", "210", "-y", "297"]
    command = ["scanimage", "-d", "test:0", "--format=pnm", "--mode=Color", "--resolution=75"]
    theirs = subprocess.run(
        [*command, "--test-picture=Color pattern", *options, *geometry],
        env={**os.environ, "SANE_CONFIG_DIR": sane_config},
        check=True,
        capture_output=True,
        timeout=60,
    ).stdout
    ((_, ours),) = collect_with_patience(opened(extra)[0], ScanProfile(Source.FLATBED, 75))[0]
    expected = io.BytesIO()
    Image.open(io.BytesIO(theirs)).save(expected, "JPEG", quality=85, dpi=(75, 75))
    assert ours == expected.getvalue()


def test_pixels_lost_at_the_end_of_each_line_are_left_out(opened):
    """scanimage counts them in and shears the picture, so the whole picture stands in for it."""
    flat = ScanProfile(Source.FLATBED, 75, Colour.BW)
    ((_, full),) = collect_with_patience(opened("test-picture=Grid")[0], flat)[0]
    ((_, short),) = collect_with_patience(opened("test-picture=Grid;ppl-loss=7")[0], flat)[0]
    whole, cut = (Image.open(io.BytesIO(data)) for data in (full, short))
    assert cut.size == (whole.width - 7, whole.height)
    assert cut.tobytes() == whole.crop((0, 0, cut.width, cut.height)).tobytes()


def test_a_device_that_does_not_know_its_height_is_read_to_the_end(opened):
    ((page, data),) = collect_with_patience(opened("hand-scanner=yes")[0], ScanProfile(Source.FLATBED, 75))[0]
    assert page.height > 0 and Image.open(io.BytesIO(data)).size == (page.width, page.height)


STATUSES = {
    "UNSUPPORTED": ("scanner.unsupported", Retry.NEVER),
    "CANCELLED": ("scanner.cancelled", Retry.AGAIN),
    "DEVICE_BUSY": ("scanner.busy", Retry.AGAIN),
    "INVAL": ("scanner.unsupported", Retry.NEVER),
    "EOF": ("scanner.io", Retry.AGAIN),
    "JAMMED": ("scanner.jam", Retry.AFTER_FIX),
    "NO_DOCS": ("scanner.no_paper", Retry.AFTER_FIX),
    "COVER_OPEN": ("scanner.cover_open", Retry.AFTER_FIX),
    "IO_ERROR": ("scanner.io", Retry.AGAIN),
    "NO_MEM": ("scanner.memory", Retry.AFTER_FIX),
    "ACCESS_DENIED": ("scanner.access", Retry.AFTER_FIX),
}


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_is_a_problem_of_its_own(opened, status):
    problem = problem_of(opened(f"read-return-value=SANE_STATUS_{status}")[0], QUICK)
    assert (problem.code, problem.retry) == STATUSES[status]
    assert (problem.facts["pages"], problem.facts["following"]) == ("0", "1")


def test_the_trouble_is_gone_with_its_cause(opened):
    assert problem_of(opened("read-return-value=SANE_STATUS_JAMMED")[0], QUICK).code == "scanner.jam"
    assert len(collect_with_patience(opened()[0], QUICK)[0]) == 10


@pytest.mark.parametrize(
    ("profile", "settings", "device", "code"),
    [
        (QUICK, "", "test:7", "scanner.absent"),
        (QUICK, "", "nonsense:0", "scanner.absent"),
        (ScanProfile(source=Source.ADF_DUPLEX), "", "test:0", "scanner.no_such_source"),
        (QUICK, "df-action=Stop", "test:0", "scanner.no_such_setting"),
        (QUICK, "nonsense", "test:0", "scanner.no_such_setting"),
        (QUICK, "resolution=fast", "test:0", "scanner.unsupported"),
        (QUICK, "three-pass=yes", "test:0", "scanner.unsupported"),
        (QUICK, "depth=16", "test:0", "scanner.unsupported"),
    ],
)
def test_what_cannot_be_is_said(opened, profile, settings, device, code):
    assert problem_of(opened(settings, device)[0], profile).code == code


def test_no_device_at_all(opened, sane_config):
    Path(sane_config, "dll.conf").write_text("# nothing\n")
    assert problem_of(opened(device="")[0], QUICK).code == "scanner.absent"


def test_a_batch_can_be_cancelled_between_and_inside_pages(opened):
    source, host = opened("read-delay=yes;read-delay-duration=30000")
    scan, [(page, _)] = begin(source, QUICK)
    scan.close()  # the second page is being read by now
    assert page.n == 1 and host.pid is None
    assert len(collect_with_patience(opened()[0], QUICK)[0]) == 10


def test_a_stopped_worker_is_noticed_and_the_batch_goes_on(opened):
    source, host = opened(patience=5.0)
    scan, _ = begin(source, QUICK)
    os.kill(host.pid, signal.SIGSTOP)
    received = 1
    with pytest.raises(Problem) as caught:
        for _ in scan:  # what was in the pipe already is not lost
            received += 1
    assert caught.value.code == "scanner.stalled" and caught.value.retry is Retry.AGAIN
    assert caught.value.facts["pages"] == str(received)
    assert host.pid is None
    pages, end = collect_with_patience(source, QUICK, first=int(caught.value.facts["following"]))
    assert [page.n for page, _ in pages] == list(range(received + 1, received + 11))
    assert end.pages == 10


def test_a_killed_worker_loses_no_page_and_the_batch_goes_on(opened):
    source, host = opened()
    scan, got = begin(source, ScanProfile(dpi=150), pages=3)
    os.kill(host.pid, signal.SIGKILL)
    with pytest.raises(Problem) as caught:
        got += list(scan)
    assert caught.value.code == "scanner.crashed" and caught.value.retry is Retry.AGAIN
    assert caught.value.facts["following"] == str(len(got) + 1)
    for page, data in got:
        assert hashlib.sha256(data).hexdigest() == page.digest
    more, _ = collect_with_patience(source, QUICK, first=len(got) + 1)
    numbers = [page.n for page, _ in [*got, *more]]
    assert numbers == list(range(1, len(got) + 11))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("Flatbed", Source.FLATBED),
        ("FB", Source.FLATBED),
        ("Normal", Source.FLATBED),
        ("Document Table", None),
        ("Automatic Document Feeder", Source.ADF),
        ("ADF", Source.ADF),
        ("ADF Front", Source.ADF),
        ("ADF Back", None),
        ("ADF Duplex", Source.ADF_DUPLEX),
        ("Automatic Document Feeder(centrally aligned,Duplex)", Source.ADF_DUPLEX),
        ("Simplex", Source.ADF),
        ("Duplex", Source.ADF_DUPLEX),
        ("Card Duplex", None),
        ("Transparency Unit", None),
    ],
)
def test_backends_call_their_sources_by_many_names(name, source):
    assert driver._kind_of_source(name) is source


def _option(name: str, *choices: str | float, least: float | None = None, most: float | None = None) -> Option:
    return Option(1, name, 3, 32, False, True, choices, least, most)


@pytest.mark.parametrize("dpi, got", [(100, 150), (300, 300), (301, 600), (1200, 600)])
def test_the_resolution_is_never_less_than_asked_for_where_there_is_one(dpi, got):
    assert driver._nearest(_option("resolution", 150.0, 300.0, 600.0), dpi) == got


def test_a_duplex_switch_apart_from_the_source():
    assert driver._duplex_option({"adf-mode": _option("adf-mode", "Simplex", "Duplex")})[1:] == ("Duplex", "Simplex")
    assert driver._duplex_option({"duplex": _option("duplex")})[1:] == ("true", "false")
    assert driver._duplex_option({}) is None
