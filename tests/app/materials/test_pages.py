"""Pages of known truth, hostile bytes, and the ways in which one page is stored."""

import io
import random

import numpy as np
import pytest
import zxingcpp
from PIL import Image, ImageDraw

from app.materials.pages import BLANK_BELOW, PIXEL_LIMIT, THUMBNAIL, WHOLE, analyse, first_look, preview, thumbnail
from app.papers import raster
from contract.problem import Problem
from devices import mat, paper
from devices.paper import Kind, Truth

DPI = 150
SKEWS = (-3.0, -2.33, -1.2, -0.4, 0.0, 0.15, 0.77, 1.9, 2.6, 3.0)


def stored(picture: Image.Image, kind: str = "JPEG", dpi: int = DPI, **more: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **({"dpi": (dpi, dpi)} if dpi else {}), **more)
    return out.getvalue()


def drawn(kind: Kind, skew: float = 0.0, seed: int = 5, n: int = 1, dpi: int = DPI) -> bytes:
    return stored(paper.page(seed, n, dpi, known=Truth(kind, skew)), dpi=dpi, quality=85)


def seen(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def with_code(text: str, millimetres: float, skew: float, rotation: int = 0, kind: str = "QRCode") -> bytes:
    sheet = paper.sheet(Kind.FORM, 3, 1, DPI)
    code = zxingcpp.create_barcode(
        text, getattr(zxingcpp.BarcodeFormat, kind), ec_level="M" if kind == "QRCode" else ""
    )
    picture = Image.fromarray(np.array(code.to_image(scale=8)))
    size = round(millimetres / 25.4 * DPI)
    sheet.paste(
        picture.convert("RGB").resize((size, size if kind == "QRCode" else size // 4)), (sheet.width - size - 60, 60)
    )
    page = paper.scanned(sheet, 3, 1, DPI, skew)
    return stored(page.rotate(rotation, expand=True), quality=85)


@pytest.mark.parametrize("skew", SKEWS)
@pytest.mark.parametrize("kind", [Kind.FORM, Kind.TEXT])
def test_the_skew_is_found_to_a_tenth_of_a_degree(kind, skew):
    facts = analyse(drawn(kind, skew, seed=round(skew * 100) + 400), "image/jpeg")
    assert abs(facts.skew_degrees - skew) <= 0.1
    assert not facts.blank


def test_a_straightened_page_is_straight():
    data = drawn(Kind.FORM, 2.4)
    facts = analyse(data, "image/jpeg")
    shown = preview(data, 0, facts.skew_degrees, None, 1240)
    assert abs(analyse(shown, "image/jpeg").skew_degrees) <= 0.1


@pytest.mark.parametrize(("n", "dpi"), [*((n, DPI) for n in range(1, 9)), (2, 200), (3, 200), (1, 300)])
def test_f23_blank_backs_are_marked(n, dpi):
    facts = analyse(drawn(Kind.BLANK, SKEWS[n], seed=n, n=2 * n, dpi=dpi), "image/jpeg")
    assert facts.blank and facts.blank_score < BLANK_BELOW / 2
    assert facts.skew_degrees == 0


@pytest.mark.parametrize("kind", [Kind.SIGNATURE, Kind.NUMBER])
@pytest.mark.parametrize("skew", [-2.5, -0.7, 0.4, 2.5])
def test_f23_sparse_pages_are_not(kind, skew):
    assert not analyse(drawn(kind, skew, n=2), "image/jpeg").blank


def test_a_blank_back_smaller_than_the_glass_is_found():
    glass = Image.new("RGB", (1240, 1754), (38, 38, 40))
    glass.paste(paper.page(1, 2, 75, known=Truth(Kind.BLANK, 0)), (300, 200))
    facts = analyse(stored(glass, quality=85), "image/jpeg")
    assert facts.blank


def test_the_paper_is_cut_out_of_the_dark_bed():
    glass = Image.new("RGB", (1240, 1754), (38, 38, 40))
    sheet = paper.sheet(Kind.FORM, 1, 1, 75)
    glass.paste(sheet, (300, 200))
    facts = analyse(stored(glass, quality=85), "image/jpeg")
    truth = (300 / 1240, 200 / 1754, (300 + sheet.width) / 1240, (200 + sheet.height) / 1754)
    assert facts.crop == pytest.approx(truth, abs=0.005)


def test_a_dark_picture_at_the_edge_is_not_cut_off():
    sheet = paper.sheet(Kind.TEXT, 1, 1, DPI)
    texture = np.random.default_rng(1).integers(0, 160, (40, 62, 3), dtype=np.uint8)
    sheet.paste(Image.fromarray(texture).resize((sheet.width, sheet.height // 3), Image.Resampling.BICUBIC), (0, 0))
    assert analyse(stored(sheet, quality=85), "image/jpeg").crop == WHOLE


@pytest.mark.parametrize("skew", [0.7, -2.3])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("millimetres", [22, 34])
def test_the_code_of_a_printed_form_is_read(millimetres, rotation, skew):
    text = "TB:F:330203-2026-000017:MAT03:1"
    assert analyse(with_code(text, millimetres, skew, rotation), "image/jpeg").codes == (text,)


def test_a_dense_code_is_read_at_the_finer_look():
    text = "https://example.invalid/p/" + "ABCDEFGHJKMNPQRSTUVWXYZ23456789" * 2
    assert analyse(with_code(text, 25, 0.7), "image/jpeg").codes == (text,)


def test_bars_are_read():
    assert analyse(with_code("TB-SEPARATOR-01", 90, 0.7, kind="Code128"), "image/jpeg").codes == ("TB-SEPARATOR-01",)


@pytest.mark.parametrize(("text", "millimetres"), [("TB:F:330203-2026-000017:MAT03:1", 13), ("x" * 120, 16)])
def test_a_code_too_small_to_be_seen_as_one_is_read_at_the_finer_look(text, millimetres):
    assert analyse(with_code(text, millimetres, -1.8), "image/jpeg").codes == (text,)


@pytest.mark.parametrize("skew", [0.4, -2.3])
def test_low_bars_are_read(skew):
    sheet = paper.sheet(Kind.TEXT, 2, 1, DPI)
    bars = Image.fromarray(
        np.array(zxingcpp.create_barcode("A1B2C3D4", zxingcpp.BarcodeFormat.Code128).to_image(scale=8))
    )
    sheet.paste(bars.convert("RGB").resize((300, 32)), (600, 700))  # 50 × 5 mm
    assert analyse(stored(paper.scanned(sheet, 2, 1, DPI, skew), quality=85), "image/jpeg").codes == ("A1B2C3D4",)


def test_pages_without_a_code_have_none():
    assert analyse(drawn(Kind.TEXT), "image/jpeg").codes == ()


@pytest.mark.parametrize("kind", [Kind.FORM, Kind.BLANK])
@pytest.mark.parametrize("dpi", [75, 150, 300])
def test_one_look_gives_the_facts_and_the_thumbnail(kind, dpi):
    data = drawn(kind, 1.3, dpi=dpi)
    facts, made = first_look(data, "image/jpeg")
    assert facts == analyse(data, "image/jpeg")
    alone = seen(thumbnail(data, 0, facts.skew_degrees, facts.crop))
    assert seen(made).size == pytest.approx(alone.size, abs=1)
    coarse = [np.asarray(each.convert("L").resize((55, 77))).astype(int) for each in (seen(made), alone)]
    assert np.abs(coarse[0] - coarse[1]).mean() < 5


def test_the_thumbnail_of_a_slip_on_a_large_glass_is_not_blurred():
    glass = Image.new("RGB", (1240, 1754), (38, 38, 40))
    glass.paste(paper.sheet(Kind.TEXT, 1, 1, 40), (300, 200))
    data = stored(glass, quality=85)
    facts, made = first_look(data, "image/jpeg")
    assert facts.crop != WHOLE
    assert seen(made).height == pytest.approx(THUMBNAIL, abs=2)
    assert made == thumbnail(data, 0, facts.skew_degrees, facts.crop)


def test_the_bytes_stay_as_they_are():
    data = drawn(Kind.FORM, 1.3)
    before = bytes(data)
    facts = analyse(data, "image/jpeg")
    thumbnail(data, 90, facts.skew_degrees, facts.crop)
    assert data == before


@pytest.mark.parametrize(
    ("kind", "media_type", "mode"),
    [
        ("JPEG", "image/jpeg", "RGB"),
        ("JPEG", "image/jpeg", "L"),
        ("JPEG", "image/jpeg", "CMYK"),
        ("PNG", "image/png", "RGB"),
        ("PNG", "image/png", "RGBA"),
        ("PNG", "image/png", "P"),
        ("PNG", "image/png", "1"),
        ("PNG", "image/png", "I;16"),
        ("TIFF", "image/tiff", "1"),
        ("TIFF", "image/tiff", "RGB"),
    ],
)
def test_every_way_of_storing_a_page_is_read_alike(kind, media_type, mode):
    picture = paper.page(5, 1, DPI, known=Truth(Kind.FORM, 1.5))
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) << 8)
    else:
        picture = picture.convert(mode)
    data = stored(picture, kind, **({"compression": "group4"} if (kind, mode) == ("TIFF", "1") else {}))
    facts = analyse(data, media_type)
    assert (facts.width, facts.height, facts.dpi) == (1240, 1754, DPI)
    assert abs(facts.skew_degrees - 1.5) <= 0.1 and not facts.blank
    assert seen(thumbnail(data)).height == 310
    assert seen(preview(data, width=620)).width == 620


def test_a_clear_ground_is_white():
    picture = Image.new("RGBA", (600, 800), (0, 0, 0, 0))
    assert seen(preview(stored(picture, "PNG"), width=600)).getpixel((300, 400)) == (255, 255, 255)


@pytest.mark.parametrize("dpi", [0, 72, 100000])
def test_an_unlikely_resolution_is_taken_from_the_paper(dpi):
    facts = analyse(stored(paper.page(5, 1, 300, known=Truth(Kind.FORM, 1.5)), dpi=dpi), "image/jpeg")
    assert facts.dpi == 300 and abs(facts.skew_degrees - 1.5) <= 0.1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_page_is_seen_the_way_up_its_camera_says(kind, orientation):
    upright = Image.new("RGB", (400, 600), "white")
    ImageDraw.Draw(upright).rectangle((0, 0, 200, 300), fill="black")  # the top left quarter
    turned = {1: 0, 3: 180, 6: 90, 8: 270}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = stored(upright.rotate(turned, expand=True), kind, exif=exif)
    facts = analyse(data, {"JPEG": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff"}[kind])
    assert (facts.width, facts.height) == (400, 600)
    shown = seen(preview(data, width=400)).convert("L")
    assert shown.size == (400, 600)
    assert shown.getpixel((100, 150)) < 20 and shown.getpixel((300, 450)) > 235


@pytest.mark.parametrize(("rotation", "corner"), [(0, (0, 0)), (90, (1, 0)), (180, (1, 1)), (270, (0, 1))])
def test_rotation_is_clockwise(rotation, corner):
    page = Image.new("RGB", (400, 600), "white")
    ImageDraw.Draw(page).rectangle((0, 0, 100, 100), fill="black")
    shown = seen(preview(stored(page, "PNG"), rotation, width=300)).convert("L")
    wide, high = shown.size
    assert (wide > high) == (rotation in (90, 270))
    where = (10 + corner[0] * (wide - 21), 10 + corner[1] * (high - 21))
    assert shown.getpixel(where) < 60


@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize("crop", [None, (0.25, 0.1, 0.75, 0.6)])
def test_sizes_are_those_asked_for(rotation, crop):
    data = stored(Image.new("RGB", (1240, 1754), "white"))
    assert seen(thumbnail(data, rotation, 0.5, crop, 310)).height == pytest.approx(310, abs=1)
    assert seen(preview(data, rotation, 0.5, crop, 500)).width == pytest.approx(500, abs=1)


def test_a_preview_is_never_larger_than_the_page():
    assert seen(preview(stored(Image.new("L", (300, 400), 255)), width=2000)).size == (300, 400)


@pytest.mark.parametrize("wrong", [{"rotation": 45}, {"crop": (0.5, 0, 0.5, 1)}, {"crop": (0, 0, 1, 1.5)}])
def test_what_is_no_way_to_show_a_page_is_a_mistake(wrong):
    with pytest.raises(ValueError, match="not a rotation"):
        thumbnail(drawn(Kind.TEXT, dpi=75), **wrong)


def test_each_page_of_a_tiff_has_its_own_facts():
    pages = [paper.page(5, n, DPI, known=Truth(kind, 1.0)) for n, kind in ((1, Kind.FORM), (2, Kind.BLANK))]
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], dpi=(DPI, DPI))
    first, second = (analyse(out.getvalue(), "image/tiff", frame=frame) for frame in (0, 1))
    assert (first.frames, first.blank, second.blank) == (2, False, True)
    with pytest.raises(Problem, match="page.unreadable"):
        analyse(out.getvalue(), "image/tiff", frame=2)


def pdf_of(*pictures: Image.Image) -> bytes:
    out = io.BytesIO()
    pictures[0].save(out, "PDF", resolution=DPI, save_all=True, append_images=list(pictures[1:]))
    return out.getvalue()


def test_each_page_of_a_pdf_has_its_own_facts():
    pdf = pdf_of(*(paper.page(5, n, DPI, known=Truth(kind, 1.0)) for n, kind in ((1, Kind.FORM), (2, Kind.BLANK))))
    first, second = (analyse(pdf, "application/pdf", frame=frame, rasteriser=raster) for frame in (0, 1))
    assert (first.frames, first.blank, second.blank) == (2, False, True)
    assert abs(first.skew_degrees - 1.0) <= 0.1
    assert (first.width, first.height) == pytest.approx((1240, 1754), abs=1)
    assert first.dpi == 150
    assert seen(thumbnail(pdf, rasteriser=raster)).height == 310
    assert seen(preview(pdf, 0, 1.0, first.crop, 900, frame=1, rasteriser=raster)).width == pytest.approx(900, abs=2)


def test_a_pdf_page_of_five_metres_does_not_fill_the_memory():
    huge = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 14400 14400]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    )
    with pytest.raises(Problem, match="page.too_large"):
        analyse(huge, "application/pdf", rasteriser=raster)


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a nonsense", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"%PDF-1.7"]
)
@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png", "image/tiff", "application/pdf", "text/plain"])
def test_what_is_no_page_is_said_to_be_unreadable(data, media_type):
    with pytest.raises(Problem, match="page.unreadable"):
        analyse(data, media_type, rasteriser=raster)


def test_a_page_that_is_not_what_it_says_is_refused():
    with pytest.raises(Problem, match="page.unreadable"):
        analyse(drawn(Kind.TEXT, dpi=75), "image/png")


def test_a_pdf_needs_somebody_to_draw_it():
    with pytest.raises(Problem, match="page.unreadable"):
        analyse(pdf_of(Image.new("L", (100, 140), 255)), "application/pdf")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_a_truncated_page_is_refused(kind):
    data = stored(paper.page(5, 1, 75), kind)
    with pytest.raises(Problem, match="page.unreadable"):
        analyse(data[: len(data) * 2 // 3], {"JPEG": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff"}[kind])


def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_decoded():
    data = stored(Image.new("1", (20_000, 7_000)), "PNG")
    assert PIXEL_LIMIT < 20_000 * 7_000
    with pytest.raises(Problem, match="page.too_large"):
        analyse(data, "image/png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "PDF"])
def test_damaged_pages_never_raise_anything_but_a_problem(kind):
    chance = random.Random(7)
    page = paper.page(5, 1, 50)
    whole = pdf_of(page) if kind == "PDF" else stored(page, kind)
    media_type = {"JPEG": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff", "PDF": "application/pdf"}[kind]
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(min(len(data), chance.choice((64, 1024, len(data)))))] = chance.randrange(256)
        try:
            facts = analyse(
                bytes(data[: chance.choice((len(data), chance.randrange(len(data))))]), media_type, rasteriser=raster
            )
        except Problem as problem:
            assert problem.code in ("page.unreadable", "page.too_large")
        else:
            assert all(0 <= edge <= 1 for edge in facts.crop)


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3), (40, 40)])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_odd_pictures_have_facts_too(size, grey):
    data = stored(Image.new("L", size, grey), "PNG", dpi=0)
    facts = analyse(data, "image/png")
    assert facts.skew_degrees == 0 and facts.codes == ()
    assert seen(thumbnail(data)).width >= 1


def test_what_a_code_says_is_not_in_the_repr():
    facts = analyse(with_code("TB:F:330203-2026-000017:MAT03:1", 30, 0), "image/jpeg")
    assert "330203" not in repr(facts)


# --- photographs ------------------------------------------------------------------------------------------------------


def photographed(sheet: Image.Image, at: mat.Corners) -> bytes:
    return stored(mat.picture(1, mat.Ground.DARK, sheet=sheet, at=at), dpi=72, quality=90)


def ruled() -> Image.Image:
    """A sheet with marks at known places."""
    sheet = Image.new("RGB", (1240, 1754), "white")
    draw = ImageDraw.Draw(sheet)
    for across in (0.2, 0.5, 0.8):
        for down in (0.1, 0.5, 0.9):
            x, y = across * sheet.width, down * sheet.height
            draw.ellipse((x - 18, y - 18, x + 18, y + 18), fill="black")
    return sheet


@pytest.mark.parametrize("turned", [None, 20.0])
@pytest.mark.parametrize("width", [400, 800])
def test_the_paper_is_taken_out_of_a_photograph_by_its_corners(turned, width):
    at = mat.corners(4, 2, turned=turned)
    data = photographed(ruled(), at)
    flat = np.asarray(seen(preview(data, corners=at, width=width)).convert("L")).astype(int)
    high, wide = flat.shape
    assert wide == width or wide < 800  # never larger than it is
    assert abs(high / wide - 297 / 210) < 0.05
    for across in (0.2, 0.5, 0.8):
        for down in (0.1, 0.5, 0.9):
            x, y = round(across * wide), round(down * high)
            near = flat[y - wide // 40 : y + wide // 40, x - wide // 40 : x + wide // 40]
            ys, xs = np.nonzero(near < 100)
            # The middle of the mark, to less than half a hundredth of the sheet's width.
            assert abs(xs.mean() - wide // 40) < wide * 0.005 + 1 and abs(ys.mean() - wide // 40) < wide * 0.005 + 1
    assert flat[4:-4, 4:-4].min(axis=0).size and np.median(flat) > 200  # paper to the edges, no mat
    assert seen(thumbnail(data, corners=at, height=200)).height == 200


def test_a_photograph_is_looked_at_as_if_it_had_been_scanned():
    at = mat.corners(4, 1)
    facts = analyse(photographed(paper.sheet(Kind.FORM, 4, 1, DPI), at), "image/jpeg", corners=at)
    assert abs(facts.skew_degrees) < 0.6 and not facts.blank
    assert abs(facts.height / facts.width - 297 / 210) < 0.05
    assert abs(facts.dpi - facts.height / (297 / 25.4)) < 2  # not the 72 of the camera's file
    whole = analyse(photographed(paper.sheet(Kind.FORM, 4, 1, DPI), at), "image/jpeg")
    assert (whole.width, whole.height) == mat.SIZE
    blank = analyse(photographed(paper.sheet(Kind.BLANK, 4, 1, DPI), at), "image/jpeg", corners=at)
    assert blank.blank


def test_corners_may_lie_outside_of_the_picture():
    data = photographed(ruled(), mat.corners(4, 2))
    page = seen(preview(data, corners=((-0.1, -0.1), (1.1, 0.0), (1.05, 1.1), (0.0, 1.0)), width=300))
    assert page.getpixel((2, 2)) == (255, 255, 255)
