"""The simulated scanner: deterministic, and it fails in each way that it is told to."""

import io

import pytest
import zxingcpp
from PIL import Image

from contract.problem import Problem, Retry
from devices import paper
from devices.catalogue import get_driver, open_host
from devices.paper import Kind
from devices.scanner import Colour, ScanProfile, ScanSource, Source
from tests.devices.scanner.conftest import collect

QUICK = ScanProfile(dpi=75)


def batch(profile=QUICK, patience=20.0, first=1, **options):
    with open_host("scanner/simulated", {key: str(value) for key, value in options.items()}) as host:
        return collect(ScanSource(host, patience), profile, first)


def failing(patience=20.0, **options):
    with open_host("scanner/simulated", options) as host:
        got = []
        with pytest.raises(Problem) as caught:
            got += ScanSource(host, patience).scan(QUICK)
        return caught.value


def test_the_same_seed_gives_the_same_bytes():
    first, again, other = batch(seed=3)[0], batch(seed=3)[0], batch(seed=4)[0]
    assert [data for _, data in first] == [data for _, data in again] != [data for _, data in other]
    assert len({page.digest for page, _ in first}) == len(first) == 4


def test_both_sides_of_each_sheet():
    pages, end = batch(ScanProfile(source=Source.ADF_DUPLEX, dpi=75), pages=6)
    assert [(page.n, page.sheet, page.side) for page, _ in pages] == [
        (1, 1, "front"), (2, 1, "back"), (3, 2, "front"), (4, 2, "back"), (5, 3, "front"), (6, 3, "back"),
    ]  # fmt: skip
    assert (end.pages, end.why) == (6, "empty")
    assert [paper.truth(1, n, duplex=True).kind is Kind.BLANK for n in (2, 4, 6)] == [True, True, False]


def test_a_batch_goes_on_with_the_numbers_it_is_given():
    pages, _ = batch(ScanProfile(source=Source.ADF_DUPLEX, dpi=75), pages=2, first=5)
    assert [(page.n, page.sheet, page.side) for page, _ in pages] == [(5, 3, "front"), (6, 3, "back")]
    with pytest.raises(ValueError, match="front"):
        batch(ScanProfile(source=Source.ADF_DUPLEX, dpi=75), first=2)


def test_the_glass_gives_one_page():
    pages, end = batch(ScanProfile(source=Source.FLATBED, dpi=75))
    assert (len(pages), end.why) == (1, "single")


@pytest.mark.parametrize(
    ("colour", "media_type", "mode"),
    [(Colour.COLOR, "image/jpeg", "RGB"), (Colour.GRAY, "image/jpeg", "L"), (Colour.BW, "image/png", "1")],
)
def test_the_profile_is_kept_to(colour, media_type, mode):
    ((page, data),) = batch(ScanProfile(dpi=100, colour=colour), pages=1)[0]
    picture = Image.open(io.BytesIO(data))
    assert (page.media_type, picture.mode, page.dpi) == (media_type, mode, 100)
    assert picture.size == (page.width, page.height) == (827, 1169)


@pytest.mark.parametrize(
    ("behave", "code", "retry", "pages"),
    [
        ("no_paper", "scanner.no_paper", Retry.AFTER_FIX, 0),
        ("absent", "scanner.absent", Retry.AFTER_FIX, 0),
        ("cover_open", "scanner.cover_open", Retry.AFTER_FIX, 0),
        ("busy", "scanner.busy", Retry.AGAIN, 0),
        ("gone_after_2", "scanner.gone", Retry.AFTER_FIX, 2),
        ("loses_one", "scanner.count_differs", Retry.AFTER_FIX, 3),
        ("double_feed", "scanner.double_feed", Retry.AFTER_FIX, 1),
        ("crash_after_2", "scanner.crashed", Retry.AGAIN, 2),
        ("hang_after_2", "scanner.stalled", Retry.AGAIN, 2),
        ("jam_after_3", "scanner.jam", Retry.AFTER_FIX, 3),
    ],
)
def test_it_fails_as_it_is_told_to(behave, code, retry, pages):
    problem = failing(patience=8.0 if behave == "hang_after_2" else 30.0, behave=behave)
    assert (problem.code, problem.retry) == (code, retry)
    assert (problem.facts["pages"], problem.facts["following"]) == (str(pages), str(pages + 1))


def test_each_way_to_fail_is_an_option_that_a_test_has_tried():
    (said,) = [option.choices for option in get_driver("scanner/simulated").options if option.key == "behave"]
    (tried,) = [mark.args[1] for mark in test_it_fails_as_it_is_told_to.pytestmark]
    assert {*said} == {"ok", "slow", "repeats"} | {behave for behave, *_ in tried}


def test_f21_the_first_page_again_and_again_is_the_same_page_each_time():
    pages, _ = batch(behave="repeats")
    assert len(pages) == 4 and len({page.digest for page, _ in pages}) == 1


def test_in_duplex_it_goes_on_with_the_sheet_that_did_not_come_out_whole():
    with open_host("scanner/simulated", {"behave": "jam_after_3"}) as host, pytest.raises(Problem) as caught:
        collect(ScanSource(host), ScanProfile(source=Source.ADF_DUPLEX, dpi=75))
    assert (caught.value.facts["pages"], caught.value.facts["following"]) == ("3", "3")


def test_a_slow_one_is_not_taken_for_hung():
    pages, _ = batch(ScanProfile(dpi=50), patience=1.9, behave="slow", pages=1)  # two seconds a page
    assert len(pages) == 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "PDF"])
def test_a_paper_laid_on_top_comes_out_scanned(tmp_path, kind):
    code = zxingcpp.create_barcode("TB:F:330203-2026-000017:MAT03:1", zxingcpp.BarcodeFormat.QRCode)
    form = paper.sheet(Kind.FORM, 1, 1, 150)
    form.paste(Image.fromarray(code.to_image(scale=6)), (900, 60))
    file = tmp_path / f"form.{kind.lower()}"
    form.save(file, kind, **({"resolution": 150} if kind == "PDF" else {}))
    pages, end = batch(ScanProfile(dpi=150), insert=file, pages=2)
    assert end.pages == 2
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(pages[0][1])))
    assert [each.text for each in found] == ["TB:F:330203-2026-000017:MAT03:1"]
    assert not zxingcpp.read_barcodes(Image.open(io.BytesIO(pages[1][1])))


@pytest.mark.parametrize("name", ["nowhere.png", "broken.png", "broken.pdf"])
def test_a_paper_that_cannot_be_read(tmp_path, name):
    if name.startswith("broken"):
        (tmp_path / name).write_bytes(b"nonsense")
    assert failing(insert=str(tmp_path / name)).code == "scanner.insert_unreadable"
