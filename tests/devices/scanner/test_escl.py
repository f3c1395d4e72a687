"""eSCL over real HTTP: our driver against the stand-in, and Debian's sane-airscan against the same stand-in."""

import hashlib
import io
import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image

from contract.problem import Problem, Retry
from devices.catalogue import open_host
from devices.host import Host
from devices.scanner import Capabilities, Colour, ScanProfile, ScanSource, Source
from devices.scanner.drivers.escl import language
from devices.scanner.drivers.escl.driver import EsclScanner
from devices.scanner.emulator import DPI, Behaviour, Standin
from tests.devices.scanner.conftest import collect, page_file, sides

QUICK = ScanProfile(dpi=75)
BOTH = ScanProfile(source=Source.ADF_DUPLEX, dpi=75)


@pytest.fixture
def standin() -> Iterator[Standin]:
    """A device with four sheets in its feeder and another on its glass."""
    with Standin() as device:
        device.scanner.load(sides(4))
        device.scanner.glass = sides(9)[8]
        yield device


Opened = Callable[..., tuple[ScanSource, Host]]


@pytest.fixture
def opened(standin: Standin) -> Iterator[Opened]:
    hosts: list[Host] = []

    def start(behave: str = "ok", patience: float = 20.0, **options: str) -> tuple[ScanSource, Host]:
        standin.scanner.behave = Behaviour(behave)
        hosts.append(open_host("scanner/escl", {"url": standin.url, **options}))
        return ScanSource(hosts[-1], patience), hosts[-1]

    yield start
    for host in hosts:
        host.close()


def failing(source: ScanSource, profile: ScanProfile = QUICK, first: int = 1) -> Problem:
    with pytest.raises(Problem) as caught:
        collect(source, profile, first)
    return caught.value


def test_it_says_what_the_device_can_do(opened):
    assert opened()[0].capabilities() == Capabilities(tuple(Source), tuple(Colour), DPI)


def test_the_devices_own_bytes_come_out_of_the_feeder_and_the_job_is_deleted(opened, standin):
    pages, end = collect(opened()[0], QUICK)
    assert (end.pages, end.why, end.counted) == (4, "empty", 4)
    for n, (page, data) in enumerate(pages, 1):
        assert data == page_file(n=n) and page.digest == hashlib.sha256(data).hexdigest()
        assert (page.n, page.sheet, page.side, page.media_type) == (n, n, "front", "image/jpeg")
        assert (page.width, page.height, page.dpi) == (310, 438, 75)
    assert standin.scanner.deleted == list(standin.scanner.jobs)


def test_both_sides_and_the_glass(opened, standin):
    source, _ = opened()
    standin.scanner.load(sides(4), duplex=True)
    pages, _ = collect(source, BOTH)
    assert [(page.sheet, page.side) for page, _ in pages] == [(1, "front"), (1, "back"), (2, "front"), (2, "back")]
    ((_, data),), end = collect(source, ScanProfile(source=Source.FLATBED, dpi=75))
    assert data == page_file(n=9) and end.why == "single"


def test_black_and_white_is_made_here(opened):
    (page, data), *_ = collect(opened()[0], ScanProfile(dpi=75, colour=Colour.BW))[0]
    assert (page.media_type, Image.open(io.BytesIO(data)).mode) == ("image/png", "1")


@pytest.mark.parametrize(
    "behave", ["busy_once", "not_yet", "early_404", "absent_minded", "end_409", "chunked", "elsewhere", "slow"]
)
def test_firmware_that_is_odd_gives_every_page_all_the_same(opened, behave):
    pages, end = collect(opened(behave)[0], QUICK)
    assert [data for _, data in pages] == [page_file(n=n) for n in range(1, 5)] and end.pages == 4


@pytest.mark.parametrize(
    ("behave", "code", "retry"),
    [
        ("jam", "scanner.jam", Retry.AFTER_FIX),
        ("double_feed", "scanner.double_feed", Retry.AFTER_FIX),
        ("cover_open", "scanner.cover_open", Retry.AFTER_FIX),
        ("cancelled", "scanner.cancelled", Retry.AGAIN),
        ("cut", "scanner.io", Retry.AGAIN),
        ("chunked_cut", "scanner.io", Retry.AGAIN),
        ("cut_jpeg", "scanner.garbled", Retry.AGAIN),
        ("endless", "scanner.too_large", Retry.AFTER_FIX),
        ("unplug", "scanner.gone", Retry.AFTER_FIX),
        ("hang", "scanner.io", Retry.AGAIN),
        ("loses_one", "scanner.count_differs", Retry.AFTER_FIX),
    ],
)
def test_trouble_at_the_third_page_keeps_the_two_before_and_says_where_to_go_on(opened, standin, behave, code, retry):
    standin.scanner.load(sides(3))
    source, _ = opened(behave, page="2") if behave == "hang" else opened(behave)
    problem = failing(source)
    assert (problem.code, problem.retry) == (code, retry)
    assert (problem.facts["pages"], problem.facts["following"]) == ("2", "3")
    if behave not in ("unplug",):
        assert standin.scanner.deleted == list(standin.scanner.jobs)


@pytest.mark.parametrize(
    ("behave", "code"),
    [
        ("busy", "scanner.busy"),
        ("forbidden", "scanner.access"),
        ("no_xml", "scanner.garbled"),
        ("declares", "scanner.garbled"),
    ],
)
def test_a_device_that_begins_nothing(opened, behave, code):
    problem = failing(opened(behave, page="1")[0])
    assert (problem.code, problem.facts["pages"]) == (code, "0")


def test_f21_a_jam_of_the_batch_before_is_not_told_again(opened, standin):
    source, _ = opened("stale_jam")
    assert failing(source).code == "scanner.jam"
    standin.scanner.load(sides(2))
    assert standin.scanner.adf_state == "ScannerAdfJam"  # so says the device until it takes the next job
    assert len(collect(source, QUICK)[0]) == 2


def test_unplugged_in_the_middle_and_plugged_in_again_it_goes_on_with_that_sheet(opened, standin):
    standin.scanner.load(sides(6), duplex=True)
    source, _ = opened("unplug")
    scan, got = source.scan(BOTH), []
    with pytest.raises(Problem) as caught:
        got.extend(scan)
    assert caught.value.code == "scanner.gone" and caught.value.facts["following"] == "3"
    with pytest.raises(Problem, match=r"scanner\.absent"):
        collect(source, BOTH)
    standin.plug_in()
    standin.scanner.load(sides(6)[2:], duplex=True)  # the clerk lays in what did not come out whole
    pages, _ = collect(source, BOTH, first=3)
    assert [(page.n, page.sheet, page.side) for page, _ in pages] == [
        (3, 2, "front"), (4, 2, "back"), (5, 3, "front"), (6, 3, "back"),
    ]  # fmt: skip


def test_an_empty_feeder_and_one_that_is_filled_while_we_wait(opened, standin):
    source, _ = opened()
    standin.scanner.load([])
    assert failing(source).code == "scanner.no_paper" and not standin.scanner.jobs
    filled = threading.Timer(1.5, standin.scanner.load, [sides(2)])
    filled.start()
    assert len(list(source.scan(QUICK, wait=60.0))) == 2
    filled.join()


@pytest.mark.parametrize("where", ["waiting", "slow"])
def test_stop_is_heard_while_waiting_for_paper_and_between_two_pages(opened, standin, where):
    source, host = opened("hang" if where == "slow" else "ok")
    stop = threading.Event()
    pages = []
    if where == "waiting":
        standin.scanner.load([])
        threading.Timer(1.0, stop.set).start()
    with pytest.raises(Problem, match=r"scanner\.cancelled"):
        for page in source.scan(QUICK, stop=stop, wait=60.0):
            pages.append(page)
            if len(pages) == 2:
                stop.set()
    assert len(pages) == (2 if where == "slow" else 0) and host.pid is None
    assert standin.scanner.deleted == list(standin.scanner.jobs)


def test_closing_the_batch_deletes_the_job(opened, standin):
    scan = opened("hang")[0].scan(QUICK)
    assert len([next(scan), next(scan)]) == 2
    scan.close()
    assert standin.scanner.deleted == list(standin.scanner.jobs)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "scanner.bad_address"),
        ("ftp://127.0.0.1/eSCL", "scanner.bad_address"),
        ("http://127.0.0.1:port/eSCL", "scanner.bad_address"),
        ("http://127.0.0.1:1/eSCL", "scanner.absent"),
        ("{url}/deeper", "scanner.no_escl"),
    ],
)
def test_addresses_where_nothing_scans(opened, standin, url, code):
    source, _ = opened(url=url.format(url=standin.url))
    with pytest.raises(Problem) as caught:
        source.capabilities()
    assert (caught.value.code, caught.value.retry) == (code, Retry.AFTER_FIX)


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "scanner")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
    file = folder / "scanner.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    return file


def test_over_tls_with_a_certificate_that_the_device_signed_itself(tmp_path):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(_certificate(tmp_path))
    with Standin(tls=tls) as device:
        device.scanner.load(sides(2))
        device.scanner.behave = Behaviour.SLOW
        with open_host("scanner/escl", {"url": device.url}) as host:
            assert len(collect(ScanSource(host), QUICK)[0]) == 2
        with (
            open_host("scanner/escl", {"url": device.url, "check_certificate": "true"}) as host,
            pytest.raises(Problem, match=r"scanner\.absent"),
        ):
            ScanSource(host).capabilities()


def test_capabilities_with_a_range_of_resolutions_and_without_namespaces():
    (found,) = language.read_capabilities(
        b"<ScannerCapabilities><Platen><PlatenInputCaps><MaxWidth>2550</MaxWidth><MaxHeight>3508</MaxHeight>"
        b"<ColorModes><ColorMode>Grayscale8</ColorMode></ColorModes><ResolutionRange><XResolutionRange>"
        b"<Min>100</Min><Max>400</Max><Step>1</Step></XResolutionRange></ResolutionRange>"
        b"</PlatenInputCaps></Platen></ScannerCapabilities>"
    )
    assert found == language.Input(Source.FLATBED, ("Grayscale8",), (100, 150, 200, 300, 400), 2550, 3508)
    assert (language.nearest(found, 75), language.nearest(found, 250), language.nearest(found, 600)) == (100, 300, 400)
    with pytest.raises(Problem, match=r"scanner\.unsupported"):
        language.colour_of(Colour.COLOR, found)


@pytest.mark.parametrize("word", ["ScannerAdfHatchOpen", "ScannerAdfDoorOpen"])
def test_an_open_cover_by_either_name(word):
    problem = language.read_status(f"<ScannerStatus><AdfState>{word}</AdfState></ScannerStatus>".encode()).problem()
    assert problem is not None and problem.code == "scanner.cover_open"


@pytest.mark.parametrize(
    "xml", [b"", b"<a", b"\xff\xfe<\0a\0", b"<a/>" + b" " * (1 << 21), b"<?xml encoding='q'?><a/>"]
)
def test_nonsense_is_a_problem(xml):
    with pytest.raises(Problem, match=r"scanner\.garbled"):
        language.read_status(xml)


def test_a_profile_is_checked_before_anything_is_asked():
    scan = EsclScanner("http://127.0.0.1:1/eSCL").scan(asdict(QUICK) | {"dpi": 5}, cancelled=bool, alive=lambda: None)
    with pytest.raises(Problem, match=r"scanner\.bad_profile"):
        next(scan)


# --- the stand-in, seen by strangers ----------------------------------------------------------------------------------


@pytest.fixture
def airscan(standin: Standin, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Debian's scanimage over sane-airscan, which knows nothing but the stand-in's address."""
    config = tmp_path / "sane.d"
    config.mkdir()
    (config / "dll.conf").write_text("airscan\n")
    (config / "airscan.conf").write_text(f"[devices]\nStandin = {standin.url}, eSCL\n[options]\ndiscovery = disable\n")

    def scan(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["scanimage", "-d", "airscan:e0:Standin", "--resolution=75", *options],
            env={**os.environ, "SANE_CONFIG_DIR": str(config)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return scan


def pictures(folder: Path) -> list[Image.Image]:
    found = []
    for n in range(1, 1 + len(list(folder.glob("p*.pnm")))):
        with Image.open(folder / f"p{n}.pnm") as picture:
            found.append(picture.convert("L").crop((0, 0, 310, 300)))
    return found


@pytest.mark.needs("scanimage", "airscan-discover")
@pytest.mark.parametrize(("source", "duplex"), [("ADF", False), ("ADF Duplex", True), ("Flatbed", False)])
def test_sane_airscan_scans_the_same_pages_from_the_stand_in(airscan, standin, tmp_path, source, duplex):
    standin.scanner.load(sides(4), duplex)
    count = ["--batch-count=1"] if source == "Flatbed" else []
    told = airscan(f"--source={source}", "--batch=p%d.pnm", "--format=pnm", *count)
    assert told.returncode == 0, told.stderr
    numbers = [9] if source == "Flatbed" else [1, 2, 3, 4]
    expected = [Image.open(io.BytesIO(page_file(n=n))).convert("L").crop((0, 0, 310, 300)) for n in numbers]
    assert [picture.tobytes() for picture in pictures(tmp_path)] == [picture.tobytes() for picture in expected]
    assert standin.scanner.deleted == list(standin.scanner.jobs)


@pytest.mark.needs("scanimage", "airscan-discover")
@pytest.mark.parametrize(
    ("behave", "words"),
    [("jam", "jammed"), ("cover_open", "cover is open"), ("empty", "out of documents")],
)
def test_sane_airscan_reads_the_same_troubles_from_the_stand_in(airscan, standin, tmp_path, behave, words):
    if behave == "empty":
        standin.scanner.load([])
    else:
        standin.scanner.behave = Behaviour(behave)
    told = airscan("--source=ADF", "--batch=p%d.pnm", "--format=pnm")
    assert words in told.stderr and len(pictures(tmp_path)) == (0 if behave == "empty" else 2)


@pytest.mark.needs("lib:libsane.so.1", "airscan-discover")
def test_our_sane_driver_gets_there_too(airscan, standin, tmp_path):
    standin.scanner.load(sides(4), duplex=True)
    options = {"device": "airscan:e0:Standin", "config_dir": str(tmp_path / "sane.d")}
    with open_host("scanner/sane", options) as host:
        pages, end = collect(ScanSource(host), BOTH)
    assert [(page.sheet, page.side) for page, _ in pages] == [(1, "front"), (1, "back"), (2, "front"), (2, "back")]
    assert end.pages == 4


def test_a_technician_can_start_the_stand_in():
    started = subprocess.Popen(
        [sys.executable, "-m", "devices.scanner.emulator", "--pages", "2"], stdout=subprocess.PIPE, text=True
    )
    with started:
        url = started.stdout.readline().strip()
        with open_host("scanner/escl", {"url": url}) as host:
            pages = list(ScanSource(host).scan(BOTH, wait=30.0))
        started.terminate()
    assert len(pages) == 2 and json.dumps(asdict(pages[0][0]))
