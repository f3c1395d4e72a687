"""The watched folder: files that stall, grow, are renamed, replaced, cut off. A step is taken at each look."""

import hashlib
import io
import os
import random
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from PIL import Image

from contract.problem import Problem, Retry
from devices.catalogue import open_host
from devices.scanner import PAGE_LIMIT, BatchEnd, ScannedPage, ScanProfile, ScanSource
from devices.scanner.drivers.folder.driver import FolderScanner
from devices.transports.folder import TAKEN
from devices.transports.wholeness import is_whole, media_type_of
from tests.devices.scanner.conftest import collect, page_file

KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff", "PDF": "application/pdf"}
Steps = dict[int, Callable[[], object]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "scans"
    place.mkdir()
    return place


def watch(
    folder: Path, steps: Steps | None = None, stop: int | None = None, **options: object
) -> tuple[list[tuple[ScannedPage, bytes]], BatchEnd]:
    """A batch; `steps` are done at the looks of those numbers, and it is cancelled at look `stop`."""
    looks = 0

    def alive() -> None:
        nonlocal looks
        looks += 1
        if steps and looks in steps:
            steps[looks]()

    settings = {"wait": 2.0, "quiet": 0.2, "unfinished": 0.6} | options
    scan = FolderScanner(str(folder), **settings).scan(
        asdict(ScanProfile()), cancelled=lambda: stop is not None and looks >= stop, alive=alive
    )
    pages = []
    while True:
        try:
            pages.append(next(scan))
        except StopIteration as end:
            return pages, end.value


def failing(folder: Path, steps: Steps | None = None, stop: int | None = None, **options: object) -> Problem:
    with pytest.raises(Problem) as caught:
        watch(folder, steps, stop, **options)
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_handed_over_as_it_is_and_put_away(folder, kind):
    data = page_file(kind)
    (folder / f"one.{kind.lower()}").write_bytes(data)
    ((page, got),), end = watch(folder)
    assert got == data and page.digest == hashlib.sha256(data).hexdigest()
    assert (page.n, page.media_type, page.size) == (1, KINDS[kind], len(data))
    assert end == BatchEnd(1, "quiet")
    assert [path.name for path in folder.iterdir()] == [TAKEN]
    assert (folder / TAKEN / f"one.{kind.lower()}").read_bytes() == data


def test_files_come_in_the_order_of_their_times(folder):
    for n, name in enumerate(("c", "a", "b"), 1):
        (folder / f"{name}.jpg").write_bytes(page_file(n=n))
        os.utime(folder / f"{name}.jpg", ns=(n * 10**9, n * 10**9))
    pages, end = watch(folder)
    assert [data for _, data in pages] == [page_file(n=n) for n in (1, 2, 3)]
    assert [page.sheet for page, _ in pages] == [1, 2, 3] and end.pages == 3


def test_files_that_arrive_while_it_watches(folder):
    steps = {
        2: lambda: (folder / "1.jpg").write_bytes(page_file(n=1)),
        9: lambda: (folder / "2.png").write_bytes(page_file("PNG", 2)),
    }
    pages, _ = watch(folder, steps, quiet=1.0)
    assert [page.media_type for page, _ in pages] == ["image/jpeg", "image/png"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_writer_that_stalls_half_way_is_waited_for(folder, kind):
    data = page_file(kind)
    file = folder / f"one.{kind.lower()}"

    def finish() -> None:
        with file.open("ab") as more:
            more.write(data[len(data) // 2 :])

    steps: Steps = {1: lambda: file.write_bytes(data[: len(data) // 2]), 10: finish}
    ((_, got),), _ = watch(folder, steps, unfinished=20.0)
    assert got == data


def test_a_stalled_file_keeps_its_place_before_later_ones(folder):
    first, second = page_file(n=1), page_file(n=2)
    (folder / "1.jpg").write_bytes(first[:500])
    os.utime(folder / "1.jpg", ns=(1, 1))
    (folder / "2.jpg").write_bytes(second)

    def finish() -> None:
        (folder / "1.jpg").write_bytes(first)
        os.utime(folder / "1.jpg", ns=(1, 1))

    pages, _ = watch(folder, {8: finish}, unfinished=20.0)
    assert [data for _, data in pages] == [first, second]


def test_a_file_written_under_another_name_and_renamed(folder):
    data = page_file()
    steps: Steps = {
        1: lambda: (folder / "one.jpg.part").write_bytes(data[:700]),
        8: lambda: (folder / "one.jpg.part").write_bytes(data),
        9: lambda: (folder / "one.jpg.part").rename(folder / "one.jpg"),
    }
    pages, _ = watch(folder, steps)
    assert [got for _, got in pages] == [data]


def test_a_file_renamed_while_it_is_watched_comes_once(folder):
    (folder / "one.jpg").write_bytes(page_file())
    pages, _ = watch(folder, {2: lambda: (folder / "one.jpg").rename(folder / "two.jpg")})
    assert len(pages) == 1 and (folder / TAKEN / "two.jpg").exists()


def test_a_file_renamed_after_it_was_taken_comes_once(folder):
    steps: Steps = {
        1: lambda: (folder / "one.jpg").write_bytes(page_file()),
        10: lambda: (folder / "one.jpg").rename(folder / "two.jpg"),
    }
    pages, _ = watch(folder, steps, take="leave", quiet=1.0)
    assert len(pages) == 1 and (folder / "two.jpg").exists()


@pytest.mark.parametrize("take", ["move", "leave"])
def test_the_same_name_twice_is_two_pages(folder, take):
    steps: Steps = {
        1: lambda: (folder / "scan.jpg").write_bytes(page_file(n=1)),
        10: lambda: (folder / "scan.jpg").write_bytes(page_file(n=2)),
    }
    pages, _ = watch(folder, steps, take=take, quiet=1.0)
    assert [data for _, data in pages] == [page_file(n=1), page_file(n=2)]
    if take == "move":
        assert sorted(path.name for path in (folder / TAKEN).iterdir()) == ["scan-2.jpg", "scan.jpg"]


def test_left_files_are_only_those_that_arrive_after_the_start(folder):
    (folder / "old.jpg").write_bytes(page_file(n=1))
    pages, _ = watch(folder, {2: lambda: (folder / "new.jpg").write_bytes(page_file(n=2))}, take="leave")
    assert [data for _, data in pages] == [page_file(n=2)]
    assert sorted(path.name for path in folder.iterdir()) == ["new.jpg", "old.jpg"]


def test_links_are_never_followed(folder, tmp_path):
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(page_file(n=3))
    (folder / "link.jpg").symlink_to(secret)
    os.mkfifo(folder / "pipe.jpg")
    (folder / "folder.jpg").mkdir()
    (folder / "page.jpg").write_bytes(page_file(n=1))
    pages, end = watch(folder)
    assert [data for _, data in pages] == [page_file(n=1)]
    assert end == BatchEnd(1, "quiet", skipped=2)
    assert secret.exists() and (folder / "link.jpg").is_symlink()


def test_other_files_are_left_alone(folder):
    for name in (".hidden.jpg", "~lock.jpg", "thumbs.db", "notes.txt", "one.jpg.tmp"):
        (folder / name).write_bytes(page_file())
    assert failing(folder, wait=0.3).code == "scanner.no_paper"
    assert len(list(folder.iterdir())) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_stays_cut_off_is_said_after_the_others_came(folder, kind):
    data = page_file(kind)
    (folder / f"bad.{kind.lower()}").write_bytes(data[: len(data) - 20])
    os.utime(folder / f"bad.{kind.lower()}", ns=(1, 1))
    (folder / "good.jpg").write_bytes(page_file(n=2))
    with open_host("scanner/folder", {"path": str(folder), "quiet": "0.2", "unfinished": "0.4"}) as host:
        scan = ScanSource(host).scan(ScanProfile())
        assert next(scan)[1] == page_file(n=2)
        with pytest.raises(Problem) as caught:
            next(scan)
    problem = caught.value
    assert (problem.code, problem.retry, problem.facts["pages"]) == ("scanner.file_damaged", Retry.AFTER_FIX, "1")
    assert "bad" not in repr(problem)  # names of files may be names of people
    assert (folder / f"bad.{kind.lower()}").exists()


def test_what_only_has_the_name_of_a_page_is_damaged(folder):
    (folder / "one.jpg").write_bytes(b"MZ nonsense")
    assert failing(folder, unfinished=0.3).code == "scanner.file_damaged"


def test_a_file_that_is_too_large_is_said_after_the_others_came(folder):
    with (folder / "huge.pdf").open("wb") as file:
        file.truncate(PAGE_LIMIT + 1)
    assert failing(folder) == Problem("scanner.too_large", Retry.AFTER_FIX, limit=64)
    (folder / "good.jpg").write_bytes(page_file())
    assert failing(folder).code == "scanner.too_large"
    assert (folder / TAKEN / "good.jpg").exists() and (folder / "huge.pdf").exists()


def test_an_empty_folder_means_no_paper(folder):
    assert failing(folder, wait=0.2).code == "scanner.no_paper"


@pytest.mark.parametrize("path", ["", "/nowhere/at/all"])
def test_a_folder_that_is_not_there(path):
    with open_host("scanner/folder", {"path": path}) as host:
        for ask in (ScanSource(host).capabilities, lambda: collect(ScanSource(host), ScanProfile())):
            with pytest.raises(Problem, match="scanner.folder_missing"):
                ask()


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").touch()
    assert failing(tmp_path / "file").code == "scanner.folder_missing"


def test_a_folder_that_goes_away_and_comes_back(folder):
    (folder / "one.jpg").write_bytes(page_file())
    away = folder.with_name("away")
    assert failing(folder, {2: lambda: folder.rename(away)}).code == "scanner.folder_missing"
    away.rename(folder)
    assert len(watch(folder)[0]) == 1


def test_it_stops_when_it_is_told_to(folder):
    assert failing(folder, stop=3, wait=60.0).code == "scanner.cancelled"


def test_waiting_for_paper_is_a_sign_of_life(folder):
    with open_host("scanner/folder", {"path": str(folder), "wait": "3"}) as host, pytest.raises(Problem) as caught:
        collect(ScanSource(host, patience=2.0), ScanProfile())
    assert caught.value.code == "scanner.no_paper"  # not stalled


# --- whole or not -----------------------------------------------------------------------------------------------------


def with_thumbnail() -> bytes:
    """A JPEG whose Exif holds another, complete JPEG."""
    exif = Image.Exif()
    exif[0x927C] = page_file()
    out = io.BytesIO()
    Image.open(io.BytesIO(page_file(n=2))).save(out, "JPEG", exif=exif)
    return out.getvalue()


def progressive() -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(page_file(n=2))).save(out, "JPEG", progressive=True)
    return out.getvalue()


def tiff(**more: object) -> bytes:
    pictures = [Image.open(io.BytesIO(page_file(n=n))) for n in (1, 2)]
    out = io.BytesIO()
    pictures[0].save(out, "TIFF", save_all=True, append_images=pictures[1:], **more)
    return out.getvalue()


WHOLE_FILES: dict[str, Callable[[], bytes]] = {
    **{kind: lambda kind=kind: page_file(kind) for kind in KINDS},
    "with thumbnail": with_thumbnail,
    "progressive": progressive,
    "two pages": tiff,
    "two pages, big": lambda: tiff(big_tiff=True),
    "two pages, LZW": lambda: tiff(compression="tiff_lzw"),
}


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_no_part_of_a_file_is_taken_for_the_whole(name):
    data = WHOLE_FILES[name]()
    assert is_whole(data)
    chance = random.Random(1)
    cuts = {*range(0, 200), *range(len(data) - 7, len(data)), *(chance.randrange(len(data)) for _ in range(100))}
    for cut in cuts:
        part = data[:cut]
        if is_whole(part):  # what a format allows to be missing is nothing but white space or padding
            assert not data[cut:].strip(b"\r\n\0")
    assert is_whole(data + b"\n")


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_damage_never_raises(name):
    data = WHOLE_FILES[name]()
    chance = random.Random(2)
    for _ in range(200):
        hurt = bytearray(data)
        for _ in range(chance.randint(1, 6)):
            hurt[chance.randrange(chance.choice((64, len(hurt))))] = chance.randrange(256)
        is_whole(bytes(hurt))


def test_a_linearised_pdf_is_as_long_as_it_says():
    body = page_file("PDF")
    marked = body.replace(b"%PDF-1.4\n", b"%PDF-1.4\n%", 1)
    assert media_type_of(marked) == "application/pdf"
    said = b"%PDF-1.4\n1 0 obj\n<</Linearized 1/L 99999>>\nendobj\nxref\nstartxref\n45\n%%EOF\n"
    assert not is_whole(said)


def test_what_is_not_accepted():
    for data in (b"", b"GIF89a", b"RIFF0000WEBP", b"MZ", b"\xff\xd8"):
        assert media_type_of(data) is None and not is_whole(data)
