"""Thumbnails at hand: of a page seen exactly so, the last ones only."""

from app.materials.thumbnails import FreshThumbnails
from contract.material import Page


def page(n: int) -> Page:
    return Page(digest=f"{n:064x}", size=1, media_type="image/jpeg", skew=0.5)


def test_a_thumbnail_is_that_of_the_page_seen_so():
    fresh = FreshThumbnails()
    fresh.keep(page(1), b"one")
    assert fresh.find(page(1)) == b"one" and fresh.find(page(2)) is None
    assert fresh.find(page(1).model_copy(update={"hidden": True, "dpi": 300})) == b"one"
    for change in ({"rotation": 90}, {"skew": 0.0}, {"crop": (0, 0, 1, 0.5)}, {"frame": 1}):
        assert fresh.find(page(1).model_copy(update=change)) is None


def test_only_the_last_ones_are_kept():
    fresh = FreshThumbnails(most=3)
    for n in range(5):
        fresh.keep(page(n), bytes([n]))
    assert [n for n in range(5) if fresh.find(page(n))] == [2, 3, 4]
    fresh.forget()
    assert fresh.find(page(4)) is None
