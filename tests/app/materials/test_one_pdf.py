"""Many pages as one PDF: the device's bytes inside, straight to the eye; both as strangers see it (poppler, pdfium)."""

from __future__ import annotations

import io
import subprocess
import tracemalloc
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from app.materials.one_pdf import write_pdf
from app.materials.pages import Rotation, analyse, preview
from app.papers import raster
from contract.material import Page
from contract.problem import Problem
from contract.wire import sha256
from devices import paper
from devices.paper import Kind, Truth

DPI = 100
needs_poppler = pytest.mark.needs("pdfimages", "pdfinfo", "pdftoppm")


def stored(picture: Image.Image, kind: str = "JPEG", **more: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, dpi=(DPI, DPI), **more)
    return out.getvalue()


def scanned(skew: float = 2.0, seed: int = 5, mode: str = "RGB") -> Image.Image:
    return paper.page(seed, 1, DPI, known=Truth(Kind.FORM, skew)).convert(mode)


def page_of(data: bytes, media_type: str = "image/jpeg", **said: object) -> Page:
    facts = analyse(data, media_type, rasteriser=raster)
    told = {
        "width": facts.width,
        "height": facts.height,
        "dpi": facts.dpi,
        "skew": facts.skew_degrees,
        "crop": facts.crop,
    }
    return Page(digest=sha256(data), size=len(data), media_type=media_type, **{**told, **said})


def written(*pages: tuple[Page, bytes], title: str = "") -> bytes:
    out = io.BytesIO()
    assert write_pdf(out, pages, title, raster) == len(pages)
    return out.getvalue()


def drawn(pdf: bytes, folder: Path) -> Image.Image:
    """The first page as poppler draws it, at the scan's own resolution."""
    (folder / "drawn.pdf").write_bytes(pdf)
    subprocess.run(
        ["pdftoppm", "-r", str(DPI), "-png", "-singlefile", folder / "drawn.pdf", folder / "drawn"],
        check=True,
        capture_output=True,
    )
    with Image.open(folder / "drawn.png") as picture:
        return picture.convert("L")


def like(one: Image.Image, other: Image.Image) -> float:
    """How far two pictures are apart, in grey levels, each a little out of focus."""
    small = (one.width // 4, one.height // 4)
    apart = [np.asarray(each.convert("L").resize(small, Image.Resampling.BOX), dtype=np.int16) for each in (one, other)]
    return float(np.abs(apart[0] - apart[1]).mean())


@needs_poppler
def test_the_devices_bytes_come_out_again(tmp_path: Path) -> None:
    pages = [stored(scanned(skew, seed), quality=85) for seed, skew in enumerate((-2.0, 0.0, 1.5))]
    pages.append(stored(scanned(1.0, 9, "L"), quality=70))
    pdf = tmp_path / "all.pdf"
    pdf.write_bytes(written(*((page_of(data), data) for data in pages), title="XK-00131-001 食品"))
    said = subprocess.run(["pdfinfo", pdf], check=True, capture_output=True, text=True).stdout
    assert "XK-00131-001 食品" in said and "Pages:           4" in said
    subprocess.run(["pdfimages", "-all", pdf, tmp_path / "page"], check=True)
    assert [file.read_bytes() for file in sorted(tmp_path.glob("page-*.jpg"))] == pages


@needs_poppler
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_it_is_seen_as_the_counter_shows_it(rotation: Rotation, tmp_path: Path) -> None:
    data = stored(scanned(2.3), quality=90)
    page = page_of(data, rotation=rotation, crop=(0.05, 0.1, 0.9, 0.85))
    seen = drawn(written((page, data)), tmp_path)
    shown = Image.open(io.BytesIO(preview(data, page.rotation, page.skew, page.crop, seen.width)))
    assert abs(shown.height - seen.height) <= 2 and abs(shown.width - seen.width) <= 2
    assert like(shown.resize(seen.size), seen) < 3


@needs_poppler
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_cameras_orientation_is_honoured(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = stored(scanned(), quality=90, exif=exif)
    page = page_of(data, skew=1.0, crop=None)
    shown = Image.open(io.BytesIO(preview(data, 0, page.skew, None, page.width)))
    assert like(shown, drawn(written((page, data)), tmp_path).resize(shown.size)) < 3


def test_a_straight_page_is_straight() -> None:
    data = stored(scanned(-2.6), quality=90)
    picture = raster.page_image(written((page_of(data), data)), 0, 150)
    assert abs(analyse(stored(picture), "image/jpeg").skew_degrees) <= 0.1


@pytest.mark.parametrize(("kind", "media_type", "mode"), [("PNG", "image/png", "1"), ("TIFF", "image/tiff", "RGB")])
def test_what_pdf_cannot_hold_is_decoded(kind: str, media_type: str, mode: str) -> None:
    data = stored(scanned(0.0, mode=mode), kind)
    pdf = written((page_of(data, media_type), data))
    picture = raster.page_image(pdf, 0, DPI)
    assert like(Image.open(io.BytesIO(preview(data, width=picture.width))).resize(picture.size), picture) < 3


def test_a_page_of_another_pdf_is_drawn() -> None:
    data = stored(scanned(0.0), quality=90)
    inner = written((page_of(data, crop=None), data), (page_of(data, crop=None, rotation=90), data))
    page = Page(digest=sha256(inner), size=len(inner), media_type="application/pdf", frame=1)
    with pypdfium2.PdfDocument(written((page, inner))) as document:
        wide, high = document[0].get_size()
    assert wide > high and abs(wide - 842) < 3


def test_a_sheet_photographed_aslant_is_made_flat() -> None:
    data = stored(scanned(0.0), quality=90)
    page = page_of(data, skew=0.0, crop=None, corners=((0.1, 0.05), (0.9, 0.1), (0.95, 0.9), (0.05, 0.95)))
    picture = raster.page_image(written((page, data)), 0, DPI)
    shown = Image.open(io.BytesIO(preview(data, width=picture.width, corners=page.corners)))
    assert like(shown.resize(picture.size), picture) < 3


def test_what_is_no_picture_is_refused() -> None:
    data = stored(scanned())
    for bad in (b"", b"\xff\xd8\xff", b"nonsense" * 50):
        with pytest.raises(Problem, match="page.unreadable"):
            written((page_of(data), bad))


def test_memory_does_not_grow_with_the_pages(tmp_path: Path) -> None:
    data = stored(scanned(), quality=85)
    page = page_of(data)

    def peak(count: int) -> int:
        tracemalloc.start()
        with (tmp_path / "many.pdf").open("wb") as out:
            write_pdf(out, ((page, bytes(bytearray(data))) for _ in range(count)))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(400) < peak(20) + 400 * 600  # some numbers a page, not its bytes
