"""A duplex batch from the scanner's bytes to one straight PDF: 12 sheets of A4, colour, 300 dpi, 24 images.

Ours is what the counter does with each page: looked at (skew, paper, blank, codes, thumbnail), hashed, encrypted and
durable in the store with its row, blanks hidden; at the end all that is shown as one PDF that anybody can open. In one
thread. The peers get the same pages as files and make their PDF on all cores, with nothing hashed, encrypted or hidden;
they turn pixels where ours turns the page, which is why ours keeps the device's bytes and they cannot.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from app.materials.one_pdf import write_pdf
from app.materials.pages import first_look
from app.store import Store
from benchmarks._report import Ratio, parser, progress, report
from contract.material import Page
from devices import paper

DPI, IMAGES = 300, 24
SCANNER = 420  # images a minute: the fastest class of duplex scanners
MANY = 1000  # pages, for what memory does
MEMORY = 150.0  # MB


def main() -> int:
    arguments = parser("pages", __doc__ or "")
    arguments.add_argument("--many", type=int, metavar="PAGES", help="only print the peak of memory for so many")
    arguments.add_argument("--of", type=Path, help="with --many: a folder with the images")
    arguments.add_argument("--quick", action="store_true", help="one round, 150 pages for what memory does")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--alone", action="store_true", help="without the peers, who take minutes")
    given = arguments.parse_args()
    if given.many is not None:
        return _memory_of(given.many, given.of)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        progress(f"drawing {IMAGES} pages")
        pictures = [paper.page(1, number, DPI, duplex=True) for number in range(1, IMAGES + 1)]
        jpegs = [_jpeg(picture) for picture in pictures]
        raws = [(picture.size, picture.tobytes()) for picture in pictures]
        for number, data in enumerate(jpegs):
            (folder / f"{number:02}.jpg").write_bytes(data)
        truth = [paper.truth(1, number, duplex=True) for number in range(1, IMAGES + 1)]
        jpeg, raw = [], []
        for turn in range(1 if given.quick else given.rounds):
            jpeg.append(_taking(folder / f"jpeg{turn}", jpegs))
            raw.append(_taking(folder / f"raw{turn}", _encoded(raws)))
            progress(f"round {turn + 1}: {jpeg[-1].seconds:.2f} s from JPEG, {raw[-1].seconds:.2f} s from raw")
        hidden, unchanged = _kept(folder / "jpeg0", jpegs)
        peers = {} if given.alone else _peers(folder, raws)
        memory = _memory(folder, 150 if given.quick else MANY)
    ours, from_raw = (statistics.median(each.seconds for each in taken) for taken in (jpeg, raw))
    computed = statistics.median(each.computed for each in jpeg)
    rate = IMAGES / ours * 60
    note = (
        f"{rate:.0f} a minute, {ours / IMAGES * 1e3:.1f} ms an image, {computed / IMAGES * 1e3:.1f} of them computing; "
        f"from raw pixels {IMAGES / from_raw * 60:.0f} a minute"
    )
    ratios = [
        Ratio("images a minute, one thread", rate / SCANNER, 5, "higher", f"a scanner of {SCANNER} a minute", note),
        *_against(peers, ours, from_raw),
        Ratio("device's bytes changed", IMAGES - unchanged, 0, "lower", f"{IMAGES} images out of store and PDF"),
        Ratio("blank backs not hidden, or others hidden", _wrong(hidden, truth), 0, "lower", "what was drawn",
              f"{sum(hidden)} of {IMAGES} hidden"),
        *memory,
    ]  # fmt: skip
    missing = [] if given.alone else [name for name in ("ocrmypdf", "convert") if shutil.which(name) is None]
    if missing:
        print(f"not here, so not measured: {', '.join(missing)} (Debian: ocrmypdf, imagemagick)\n")
    return report("pages", ratios, as_json=given.json, extra={"not_here": missing})


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85, dpi=(DPI, DPI))
    return out.getvalue()


def _encoded(raws: Sequence[tuple[tuple[int, int], bytes]]) -> Iterator[bytes]:
    """What the worker of a scanner that gives pixels makes of them."""
    for size, pixels in raws:
        yield _jpeg(Image.frombytes("RGB", size, pixels))


@dataclass(frozen=True)
class _Took:
    seconds: float
    computed: float  # without waiting for a core or for the disk; of a peer's cores together


def _taking(folder: Path, images: Sequence[bytes] | Iterator[bytes]) -> _Took:
    """One round: everything taken in and written as a PDF; what is to be looked at afterwards is left in the folder."""
    folder.mkdir()
    with Store.open(folder / "station", secrets.token_bytes(32), reserve=0) as store:
        began = time.perf_counter(), time.thread_time()
        pages = [_taken_in(store, number, data) for number, data in enumerate(images)]
        with (folder / "all.pdf").open("wb") as out:
            shown = (page for page in pages if not page.hidden)
            write_pdf(out, ((page, store.pages.get(page.digest)) for page in shown))
        took = _Took(time.perf_counter() - began[0], time.thread_time() - began[1])
        (folder / "hidden").write_bytes(bytes(page.hidden for page in pages))
        (folder / "back").mkdir()
        for number, page in enumerate(pages):
            (folder / "back" / f"{number:02}.jpg").write_bytes(store.pages.get(page.digest))
    return took


def _taken_in(store: Store, number: int, data: bytes) -> Page:
    facts, _ = first_look(data, "image/jpeg")
    digest = store.pages.put(data, "image/jpeg")
    page = Page(
        digest=digest,
        size=len(data),
        media_type="image/jpeg",
        width=facts.width,
        height=facts.height,
        dpi=facts.dpi,
        sheet=number // 2 + 1,
        side="back" if number % 2 else "front",
        skew=facts.skew_degrees,
        crop=facts.crop,
        blank_score=facts.blank_score,
        hidden=facts.blank,
    )
    return page


def _kept(folder: Path, jpegs: Sequence[bytes]) -> tuple[list[bool], int]:
    """Which images were hidden; how many came out of the store, and of the PDF where shown, as the device gave them."""
    hidden = [bool(each) for each in (folder / "hidden").read_bytes()]
    stored = [file.read_bytes() for file in sorted((folder / "back").iterdir())]
    pdf = (folder / "all.pdf").read_bytes()
    same = sum(
        kept == data and (is_hidden or data in pdf) for data, kept, is_hidden in zip(jpegs, stored, hidden, strict=True)
    )
    return hidden, same


def _wrong(hidden: Sequence[bool], truth: Sequence[paper.Truth]) -> int:
    return sum(found != known.blank for found, known in zip(hidden, truth, strict=True))


# --- peers ------------------------------------------------------------------------------------------------------------


def _peers(folder: Path, raws: Sequence[tuple[tuple[int, int], bytes]]) -> dict[str, _Took]:
    """What each peer took that is here, from the folder's JPEG files and from raw ones."""
    found = {}
    for number, (size, pixels) in enumerate(raws):
        Image.frombytes("RGB", size, pixels).save(folder / f"{number:02}.ppm")
    for kind in ("jpg", "ppm"):
        files = sorted(folder.glob(f"??.{kind}"))
        if shutil.which("ocrmypdf"):
            found[f"ocrmypdf {kind}"] = _run("OCRmyPDF", _ocrmypdf, folder, files)
        if shutil.which("convert"):
            found[f"convert {kind}"] = _run("ImageMagick", _imagemagick, folder, files)
    return found


def _run(name: str, make: Callable[[Path, Sequence[Path]], None], folder: Path, files: Sequence[Path]) -> _Took:
    progress(f"{name} from {files[0].suffix[1:]}")
    began = time.perf_counter(), _of_children()
    make(folder, files)
    took = _Took(time.perf_counter() - began[0], _of_children() - began[1])
    progress(f"{name}: {took.seconds:.1f} s, {took.computed:.1f} s of computing")
    return took


def _of_children() -> float:
    """Seconds of computing of all programs that were started here and have ended."""
    so_far = os.times()
    return so_far.children_user + so_far.children_system


def _ocrmypdf(folder: Path, files: Sequence[Path]) -> None:
    """Its own image import takes one picture; img2pdf, which comes with it, makes one PDF of many."""
    with (folder / "in.pdf").open("wb") as out:
        subprocess.run(["img2pdf", "--imgsize", f"{DPI}dpi", *files], stdout=out, check=True)
    jobs = str(os.cpu_count() or 1)
    command = ["ocrmypdf", "--deskew", "--tesseract-timeout", "0", "-O", "0", "-j", jobs, "--output-type", "pdf"]
    subprocess.run([*command, folder / "in.pdf", folder / "out.pdf"], check=True, capture_output=True)


def _imagemagick(folder: Path, files: Sequence[Path]) -> None:
    straight = []
    for file in files:
        straight.append(folder / f"straight-{file.stem}.jpg")
        subprocess.run(["convert", file, "-deskew", "40%", "-quality", "85", straight[-1]], check=True)
    with (folder / "out.pdf").open("wb") as out:
        subprocess.run(["img2pdf", "--imgsize", f"{DPI}dpi", *straight], stdout=out, check=True)


def _against(peers: dict[str, _Took], jpeg: float, raw: float) -> list[Ratio]:
    found = []
    for program, name in (("ocrmypdf", "OCRmyPDF --deskew"), ("convert", "ImageMagick -deskew")):
        for kind, words, ours, goal in (("jpg", "JPEG", jpeg, 80), ("ppm", "raw", raw, 40)):
            if f"{program} {kind}" in peers:
                theirs = peers[f"{program} {kind}"]
                note = f"{theirs.seconds:.1f} s ({theirs.computed:.1f} s of computing) against {ours:.2f} s"
                found.append(Ratio(f"faster, {words} in", theirs.seconds / ours, goal, "higher", name, note))
    return found


# --- memory -----------------------------------------------------------------------------------------------------------


def _memory(folder: Path, most: int) -> list[Ratio]:
    """The peak of a process that takes in some pages, and of one that takes in so many."""
    progress(f"taking in 50 and {most} pages for what memory does")
    few, many = (
        float(
            subprocess.run(
                [sys.executable, "-m", "benchmarks.pages", "--many", str(count), "--of", folder],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for count in (50, most)
    )
    note = f"{many:.0f} MB; {few:.0f} MB after 50 pages"
    return [
        Ratio(f"peak memory of {most} pages", many / MEMORY, 1, "lower", f"{MEMORY:.0f} MB", note),
        Ratio(f"peak of {most} pages, of 50", many / few, 1.1, "lower", "the peak of 50 pages: flat"),
    ]


def _memory_of(count: int, folder: Path) -> int:
    """Take in so many pages and write them as one PDF; print the peak in MB. Nothing is drawn here, it would count."""
    images = [file.read_bytes() for file in sorted(folder.glob("0[012].jpg"))]
    with (
        tempfile.TemporaryDirectory() as place,
        (Path(place) / "all.pdf").open("wb") as out,
        Store.open(Path(place) / "station", secrets.token_bytes(32), reserve=0) as store,
    ):
        # No two alike: a number after the end of the picture, which no reader of JPEG minds.
        taken = [_taken_in(store, n, images[n % 3] + n.to_bytes(4, "big")) for n in range(count)]
        write_pdf(out, ((page, store.pages.get(page.digest)) for page in taken))
    # Not getrusage: it tells the peak of the process that started this one, where that was higher.
    said = Path("/proc/self/status").read_text().split("VmHWM:")[1]
    print(int(said.split()[0]) / 1024)
    return 0


if __name__ == "__main__":
    sys.exit(main())
