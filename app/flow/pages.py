"""Materials of a draft: pages come in, move, turn, are seen against their originals. Bytes never change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Literal

from app.desk import Desk, today
from app.flow.draft import Draft, matter_of
from app.flow.steps import keep
from app.materials import library as shared
from app.materials import pages as look
from app.papers import raster
from contract.clock import promise_limit
from contract.ids import find_slot
from contract.material import CaseMaterial, Page, Seen, Source, Trust
from contract.matter import MaterialRule, wanted
from contract.person import Clerk
from contract.problem import Problem, Retry
from devices.scanner import ScannedPage, ScanProfile

Quarter = Literal[0, 90, 180, 270]
LARGEST = 64 << 20  # bytes of one file
SEPARATOR = 0  # the page number in a separator sheet's own code


def scan_into(
    desk: Desk, draft: Draft, code: str, profile: ScanProfile | None = None, cancelled: Callable[[], bool] = bool
) -> Iterator[Draft]:
    """Scan a batch into a material. One draft a page, each page encrypted and on disk before it is handed over.

    A page that carries a slot's QR files itself there, and so do the pages after it.

    Raises:
        Problem: the scanner's; every page that came before it is kept.
    """
    scanner = desk.devices.scanner()
    with closing(scanner.scan(profile or ScanProfile())) as batch:
        for scanned, data in batch:
            draft, code = _filed(desk, draft, code, scanned, data)
            yield draft
            if cancelled():
                return


def rescan_page(desk: Desk, draft: Draft, code: str, key: str) -> Draft:
    """The next page from the scanner stands for this one; the old one stays, hidden, as an earlier version."""
    old = _page(draft, code, key)
    scanner = desk.devices.scanner()
    with closing(scanner.scan(ScanProfile())) as batch:
        scanned, data = next(batch, (None, b""))
    if scanned is None:
        raise Problem("scanner.no_paper", Retry.AFTER_FIX)
    new, _ = _analysed(desk, scanned, data)[0]
    new = new.model_copy(update={"sheet": old.sheet, "side": old.side, "replaces": old.digest, "hidden": False})
    shown = [new if page.key == key else page for page in _slot(draft, code).pages]
    return _with_pages(desk, draft, code, (*shown, old.model_copy(update={"hidden": True})))


def add_file(desk: Desk, draft: Draft, code: str, data: bytes, media_type: str) -> Draft:
    """A file that was given on a stick or came from elsewhere: JPEG, PNG, TIFF or PDF.

    Raises:
        Problem: ``page.unreadable``, ``page.too_large``.
    """
    if len(data) > LARGEST:
        raise Problem("page.too_large", Retry.AFTER_FIX)
    sheet = len(_slot(draft, code).pages) + 1
    scanned = ScannedPage(sheet, sheet, "front", media_type, 0, 0, 0, "", len(data))
    return _filed(desk, draft, code, scanned, data)[0]


def thumbnail(desk: Desk, page: Page, height: int = 310) -> bytes:
    """A small JPEG of the page as it is to be seen."""
    data = desk.store.page(page.digest)
    return look.thumbnail(data, page.rotation, page.skew, page.crop, height, frame=page.frame, rasteriser=raster)


def preview(desk: Desk, page: Page, width: int) -> bytes:
    """A JPEG of the page as it is to be read, straightened, `width` pixels wide."""
    data = desk.store.page(page.digest)
    return look.preview(data, page.rotation, page.skew, page.crop, width, frame=page.frame, rasteriser=raster)


def move_page(desk: Desk, draft: Draft, key: str, from_code: str, to_code: str, index: int) -> Draft:
    """Put a page into another material, or elsewhere in its own."""
    page = _page(draft, from_code, key)
    draft = _with_pages(desk, draft, from_code, tuple(p for p in _slot(draft, from_code).pages if p.key != key))
    there = list(_slot(draft, to_code).pages)
    there.insert(max(0, min(index, len(there))), page)
    return _with_pages(desk, draft, to_code, tuple(there))


def rotate_page(desk: Desk, draft: Draft, code: str, key: str, quarter_turns: int) -> Draft:
    """Turn a page clockwise for viewing."""
    turns: tuple[Quarter, ...] = (0, 90, 180, 270)
    now = _page(draft, code, key).rotation
    return _changed(desk, draft, code, key, rotation=turns[(turns.index(now) + quarter_turns) % 4])


def show_page(desk: Desk, draft: Draft, code: str, key: str, hidden: bool) -> Draft:
    """Hide a page or bring a hidden one back. Nothing is ever deleted here."""
    return _changed(desk, draft, code, key, hidden=hidden)


def verify_original(desk: Desk, draft: Draft, code: str, clerk: Clerk, seen: bool = True) -> Draft:
    """已核对原件: the clerk compared pages and paper original; the material may be reused then (trust B)."""
    mark = Seen(by=clerk.id, at=desk.clock()) if seen else None
    slot = _slot(draft, code)
    trust = slot.trust if slot.trust is Trust.A else Trust.B if seen else Trust.C
    return _with_slot(desk, draft, slot.model_copy(update={"verified": mark, "trust": trust}))


def returned(desk: Desk, draft: Draft, code: str, clerk: Clerk, given: bool = True) -> Draft:
    """已退还: the paper original went back to the person."""
    mark = Seen(by=clerk.id, at=desk.clock()) if given else None
    return _with_slot(desk, draft, _slot(draft, code).model_copy(update={"returned": mark}))


def promise(desk: Desk, draft: Draft, code: str) -> Draft:
    """容缺: taken in without it, to be handed in by a day that the clock works out, never past the promised limit.

    Raises:
        Problem: ``material.no_promise`` where the matter does not allow it for this material.
    """
    matter = matter_of(draft, desk.catalogue())
    rule = _rule(desk, draft, code)
    if matter is None or rule.promise_days is None:
        raise Problem("material.no_promise", Retry.NEVER)
    slot = _slot(draft, code)
    until = None
    if slot.promised_until is None:
        until = promise_limit(rule.promise_days, matter.limits, today(desk), desk.catalogue().pack.calendar)
    return _with_slot(desk, draft, slot.model_copy(update={"promised_until": until}))


def library(desk: Desk, draft: Draft, code: str) -> tuple[shared.LibraryItem, ...]:
    """What the applicant already gave for such a material, newest first (S12, S55)."""
    if draft.applicant is None:
        return ()
    return shared.given_before(desk.store, draft.applicant.number, _slot(draft, code).name)


def from_library(desk: Desk, draft: Draft, code: str, item: shared.LibraryItem) -> Draft:
    """Take a material that is already there, with where it came from. Its pages are not sent again (S13)."""
    taken = item.material.model_copy(
        update={"code": code, "name": _slot(draft, code).name, "library": item.reference, "source": Source.LIBRARY}
    )
    return _with_slot(desk, draft, taken)


def _filed(desk: Desk, draft: Draft, code: str, scanned: ScannedPage, data: bytes) -> tuple[Draft, str]:
    """Put what came from the scanner where it belongs; what follows a slot's QR belongs there too."""
    for page, codes in _analysed(desk, scanned, data):
        slots = [slot for slot in map(find_slot, codes) if slot and slot.number == draft.number]
        slots = [slot for slot in slots if draft.material(slot.material)]
        if slots:
            code = slots[0].material
            if slots[0].page == SEPARATOR:
                continue  # our own sheet between two materials, nothing of the citizen's
        slot_now = _slot(draft, code)
        source = Source.SCAN if slot_now.source is Source.CHIP else slot_now.source
        slot_now = slot_now.model_copy(update={"pages": (*slot_now.pages, page), "source": source})
        draft = _with_slot(desk, draft, slot_now)
    return draft, code


def _analysed(desk: Desk, scanned: ScannedPage, data: bytes) -> list[tuple[Page, tuple[str, ...]]]:
    """Keep the bytes, then say what is on them (and in which codes); several pages where the file has several."""
    first = look.analyse(data, scanned.media_type, rasteriser=raster)
    digest = desk.store.put_page(data)
    found = []
    for frame in range(first.frames):
        facts = first if frame == 0 else look.analyse(data, scanned.media_type, frame=frame, rasteriser=raster)
        page = Page(
            digest=digest,
            size=len(data),
            media_type=scanned.media_type,
            frame=frame,
            width=facts.width,
            height=facts.height,
            dpi=scanned.dpi or facts.dpi,
            sheet=scanned.sheet + frame,
            side="back" if scanned.side == "back" else "front",
            skew=round(facts.skew_degrees, 3),
            crop=facts.crop,
            blank_score=round(facts.blank_score, 3),
            hidden=facts.blank,
        )
        found.append((page, facts.codes))
    return found


def _rule(desk: Desk, draft: Draft, code: str) -> MaterialRule:
    matter, parties = matter_of(draft, desk.catalogue()), draft.parties
    rules = wanted(matter, parties, draft.answers) if matter and parties else ()
    rule = next((rule for rule in rules if rule.code == code), None)
    if rule is None:
        raise Problem("material.unknown", Retry.NEVER)
    return rule


def _slot(draft: Draft, code: str) -> CaseMaterial:
    slot = draft.material(code)
    if slot is None:
        raise Problem("material.unknown", Retry.NEVER)
    return slot


def _page(draft: Draft, code: str, key: str) -> Page:
    page = next((page for page in _slot(draft, code).pages if page.key == key), None)
    if page is None:
        raise Problem("material.unknown", Retry.NEVER)
    return page


def _with_slot(desk: Desk, draft: Draft, slot: CaseMaterial) -> Draft:
    slots = tuple(slot if material.code == slot.code else material for material in draft.materials)
    return keep(desk, draft, materials=slots)


def _with_pages(desk: Desk, draft: Draft, code: str, pages: tuple[Page, ...]) -> Draft:
    return _with_slot(desk, draft, _slot(draft, code).model_copy(update={"pages": pages}))


def _changed(desk: Desk, draft: Draft, code: str, key: str, **changes: object) -> Draft:
    pages = _slot(draft, code).pages
    return _with_pages(desk, draft, code, tuple(p.model_copy(update=changes) if p.key == key else p for p in pages))
