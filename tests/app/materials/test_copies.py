"""Rule 15: what may go before a large page on a bad line."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from app.materials.copies import LONG_SIDE, MOST, working_copy


def scan(kind: str, mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    noise = Image.effect_noise((1654, 2339), 30).convert(mode)
    noise.save(out, kind, **({"quality": 85} if kind == "JPEG" else {}))
    return out.getvalue()


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("TIFF", "1"), ("PNG", "L")])
def test_rule_15_a_copy_is_small_and_the_page_stays_as_it_is(kind: str, mode: str) -> None:
    page = scan(kind, mode)
    before = bytes(page)
    copy = working_copy(page)
    assert page == before and copy is not None and len(copy) <= MOST and len(copy) * 3 <= len(page)
    with Image.open(io.BytesIO(copy)) as small:
        assert small.format == "JPEG" and max(small.size) == LONG_SIDE


def test_rule_15_no_copy_of_what_is_small_or_no_picture() -> None:
    out = io.BytesIO()
    Image.new("L", (300, 200), 255).save(out, "PNG")
    assert working_copy(out.getvalue()) is None
    assert working_copy(b"%PDF-1.7 and so on" * 10_000) is None
    assert working_copy(b"\xff\xd8\xff cut off") is None
    assert working_copy(scan("JPEG")[:50_000]) is None
