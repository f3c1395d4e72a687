"""Materials of a draft: pages come in, move, turn, are seen against their originals. Bytes never change."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Literal

from app.desk import Desk, today
from app.flow.draft import Draft, Stack, brought_up, matter_of
from app.flow.steps import EMPTY_SLOT, keep
from app.materials import library as shared
from app.materials import pages as look
from app.papers import raster
from contract.clock import promise_limit
from contract.ids import find_slot
from contract.material import CaseMaterial, Corners, Page, Seen, Source, Trust
from contract.matter import MaterialRule, wanted
from contract.person import Clerk
from contract.perspective import make_a_sheet
from contract.problem import Problem, Retry
from devices.scanner import ScannedPage, ScanProfile
from devices.scanner import Source as Feed

Quarter = Literal[0, 90, 180, 270]
LARGEST = 64 << 20  # bytes of one file
SEPARATOR = 0  # the page number in a separator sheet's own code
NOT_COMPARED = {"verified": None, "trust": Trust.C}
_BY_DEVICE = (Source.SCAN, Source.CAMERA)


def scan_into(
    desk: Desk,
    draft: Draft,
    code: str,
    profile: ScanProfile | None = None,
    stop: threading.Event | None = None,
    *,
    after: str = "",
    wait: float = 0.0,
) -> Iterator[Draft]:
    """Scan a batch into a material. One draft a page, each page encrypted and on disk before it is handed over.

    A page that carries a slot's QR files itself there with its back (U04); what follows a separator sheet belongs to
    the material on it. A page that cannot be opened does not stop the batch. A stack that broke off goes on with the
    page that its draft remembers.

    Args:
        stop: Set by another thread, it ends the batch quietly; every page that came is kept.
        after: Key of a page of this material behind which the new ones are put, in their order.
        wait: Seconds for which an empty feeder is waited for.

    Raises:
        Problem: the scanner's; every page that came before it is kept, and its facts say how many (``pages``) came.
            ``page.unreadable`` and ``page.too_large`` at the end of the batch, with which page (``page``) it was.
    """
    _slot(draft, code)
    if after:
        _page(draft, code, after)
    profile = profile or ScanProfile()
    trouble: Problem | None = None
    stack = None if after else _resumed(draft, code, profile)
    first = stack.following or 1 if stack else 1
    filing = _Filing.of(draft, code, after, stack)
    with closing(desk.devices.scanner().scan(profile, first=first, stop=stop, wait=wait)) as batch:
        try:
            for scanned, data in batch:
                try:
                    found = analysed(desk, scanned, data)
                except Problem as problem:
                    if not problem.code.startswith("page."):
                        raise
                    trouble = trouble or Problem(problem.code, problem.retry, **problem.facts | {"page": scanned.n})
                    found = []
                draft = _filed(desk, draft, filing, found, scanned, profile.source)
                yield draft
                if stop is not None and stop.is_set():
                    return
        except Problem as problem:
            if problem.code == "scanner.count_differs":
                yield _whole(desk, draft, filing)
            if problem.code == "scanner.cancelled" and stop is not None and stop.is_set():
                return
            raise
    yield _whole(desk, draft, filing)
    if trouble is not None:
        raise trouble


def scan_backs(
    desk: Desk, draft: Draft, code: str, stop: threading.Event | None = None, *, wait: float = 0.0
) -> Iterator[Draft]:
    """手动双面: the stack was turned over as a whole, so the last sheet's back comes first. Each goes behind its front.

    Raises:
        Problem: as `scan_into`; ``page.no_fronts`` where no one-sided stack was scanned before, ``page.backs_differ``
            at the end where there were not as many backs as sheets: everything is kept, a person looks.
    """
    stack = draft.stack
    if stack is None or stack.code != code or not stack.wants_backs:
        raise Problem("page.no_fronts", Retry.AFTER_FIX)
    sheets = len(stack.sheets)
    trouble: Problem | None = None
    profile = ScanProfile(source=Feed(stack.source))
    with closing(desk.devices.scanner().scan(profile, first=stack.backs + 1, stop=stop, wait=wait)) as batch:
        try:
            for scanned, data in batch:
                at = sheets - scanned.n
                front = stack.sheets[at] if at >= 0 else ""
                back = replace(scanned, sheet=at + 1 if at >= 0 else scanned.n, side="back")
                stack = stack.model_copy(update={"backs": scanned.n})
                try:
                    page, _ = analysed(desk, back, data)[0]
                except Problem as problem:
                    if not problem.code.startswith("page."):
                        raise
                    trouble = trouble or Problem(problem.code, problem.retry, **problem.facts | {"page": scanned.n})
                    continue
                draft = _put_back(desk, draft, stack, page, front)
                yield draft
        except Problem as problem:
            if problem.code == "scanner.cancelled" and stop is not None and stop.is_set():
                return
            raise
    if trouble is not None:
        raise trouble
    if stack.backs != sheets:
        raise Problem("page.backs_differ", Retry.AFTER_FIX, fronts=sheets, backs=stack.backs)


def rescan_page(desk: Desk, draft: Draft, code: str, key: str, profile: ScanProfile | None = None) -> Draft:
    """The next page from the scanner stands for this one; the old one stays, hidden, as an earlier version."""
    old = _page(draft, code, key)
    with closing(desk.devices.scanner().scan(profile or ScanProfile())) as batch:
        scanned, data = next(batch, (None, b""))
    if scanned is None:
        raise Problem("scanner.no_paper", Retry.AFTER_FIX)
    new, _ = analysed(desk, scanned, data)[0]
    pages = _instead(_slot(draft, code).pages, old, new.model_copy(update={"hidden": False}))
    return _with_slot(desk, draft, _slot(draft, code).model_copy(update={"pages": pages, **NOT_COMPARED}))


def add_file(desk: Desk, draft: Draft, code: str, data: bytes, media_type: str) -> Draft:
    """A file that was given on a stick or came from elsewhere: JPEG, PNG, TIFF or PDF.

    Raises:
        Problem: ``page.unreadable``, ``page.too_large``; the draft is as it was.
    """
    if len(data) > LARGEST:
        raise Problem("page.too_large", Retry.AFTER_FIX)
    sheet = len(_slot(draft, code).pages) + 1
    scanned = ScannedPage(sheet, sheet, "front", media_type, 0, 0, 0, "", len(data))
    return _filed(desk, draft, _Filing.of(draft, code), analysed(desk, scanned, data))


def add_photograph(desk: Desk, draft: Draft, code: str, data: bytes, media_type: str, corners: Corners | None) -> Draft:
    """A picture from the document camera: kept as it came, its paper taken out by the corners only to be looked at.

    Laid down on purpose, it is never hidden as blank.

    Raises:
        Problem: ``page.unreadable``, ``page.too_large``; the draft is as it was.
    """
    sheet = len(_slot(draft, code).pages) + 1
    scanned = ScannedPage(sheet, sheet, "front", media_type, 0, 0, 0, "", len(data))
    found = analysed(desk, scanned, data, corners)
    shown = [(page.model_copy(update={"hidden": False}), codes) for page, codes in found]
    return _filed(desk, draft, _Filing.of(draft, code), shown, source=Source.CAMERA)


def straighten_page(desk: Desk, draft: Draft, code: str, key: str, corners: Corners | None) -> Draft:
    """Other corners for the paper in a picture; None takes the whole picture. The bytes stay as they are.

    Raises:
        Problem: ``page.bad_corners`` where they make no sheet, ``page.no_picture`` for a page of a PDF.
    """
    page = _page(draft, code, key)
    if not page.media_type.startswith("image/"):
        raise Problem("page.no_picture", Retry.NEVER)
    if corners is not None and not make_a_sheet(corners):
        raise Problem("page.bad_corners", Retry.AFTER_FIX)
    data = desk.store.pages.get(page.digest)
    found = look.analyse(data, page.media_type, frame=page.frame, rasteriser=raster, corners=corners)
    return _changed(desk, draft, code, key, corners=corners, **_seen_so(found))


def thumbnail(desk: Desk, page: Page) -> bytes:
    """A small JPEG of the page as it is to be seen: at hand where it has just come in."""
    made = desk.thumbnails.find(page)
    if made is not None:
        return made
    return look.thumbnail(
        desk.store.pages.get(page.digest),
        page.rotation,
        page.skew,
        page.crop,
        frame=page.frame,
        rasteriser=raster,
        corners=page.corners,
    )


def whole_picture(desk: Desk, page: Page, width: int) -> bytes:
    """A JPEG of the page as the camera saw it, with all that lies round the paper."""
    return look.preview(desk.store.pages.get(page.digest), width=width, frame=page.frame, rasteriser=raster)


def preview(desk: Desk, page: Page, width: int) -> bytes:
    """A JPEG of the page as it is to be read, straightened, `width` pixels wide."""
    data = desk.store.pages.get(page.digest)
    return look.preview(
        data,
        page.rotation,
        page.skew,
        page.crop,
        width,
        frame=page.frame,
        rasteriser=raster,
        corners=page.corners,
    )


def move_page(desk: Desk, draft: Draft, key: str, from_code: str, to_code: str, index: int) -> Draft:
    """Put a page into another material, or elsewhere in its own. Of two equal pages, one."""
    page, there = _page(draft, from_code, key), _slot(draft, to_code)
    pages = list(_slot(draft, from_code).pages)
    pages.remove(page)
    after = draft
    if from_code != to_code:
        after = _put(draft, _slot(draft, from_code).model_copy(update={"pages": tuple(pages)}))
        pages = list(there.pages)
        if there.source is Source.LIBRARY:
            pages = []
    pages.insert(max(0, min(index, len(pages))), page)
    update: dict[str, object] = {"pages": tuple(pages)}
    if from_code != to_code:
        update = {**_taken_by_hand(there), **update}
    return keep(desk, draft, _put(after, there.model_copy(update=update)))


def rotate_page(desk: Desk, draft: Draft, code: str, key: str, quarter_turns: int) -> Draft:
    """Turn a page clockwise for viewing."""
    turns: tuple[Quarter, ...] = (0, 90, 180, 270)
    now = _page(draft, code, key).rotation
    return _changed(desk, draft, code, key, rotation=turns[(turns.index(now) + quarter_turns) % 4])


def show_page(desk: Desk, draft: Draft, code: str, key: str, hidden: bool) -> Draft:
    """Hide a page or bring a hidden one back; of two equal pages, one. Nothing is ever deleted here."""
    return _changed(desk, draft, code, key, only=not hidden, hidden=hidden)


def verify_original(desk: Desk, draft: Draft, code: str, clerk: Clerk, seen: bool = True) -> Draft:
    """已核对原件: the clerk compared pages and paper original; the material may be reused then (trust B).

    Raises:
        Problem: ``material.empty`` where there is no page to compare with.
    """
    mark = Seen(by=clerk.id, at=desk.clock()) if seen else None
    slot = _slot(draft, code)
    if seen and all(page.hidden for page in slot.pages):
        raise Problem("material.empty", Retry.AFTER_FIX)
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
    """Take a material that is already there, with where it came from. Its pages are not sent again (S13).

    Raises:
        Problem: ``library.not_theirs`` where this applicant did not give it, ``material.has_pages`` where pages were
            scanned already: they would be lost behind it.
    """
    if all(item.reference != each.reference for each in library(desk, draft, code)):
        raise Problem("library.not_theirs", Retry.AFTER_FIX)
    slot = _slot(draft, code)
    if slot.source is not Source.LIBRARY and any(not page.hidden for page in slot.pages):
        raise Problem("material.has_pages", Retry.AFTER_FIX)
    taken = item.material.model_copy(
        update={
            "code": code,
            "name": slot.name,
            "library": item.reference,
            "source": Source.LIBRARY,
            "returned": None,
            "promised_until": None,
            "signed": None,  # for another case's words
        }
    )
    return _with_slot(desk, draft, taken)


@dataclass
class _Filing:
    """Where the next page of a batch goes: into the material that is being scanned, unless paper says otherwise."""

    code: str
    matter: tuple[str, int] | None
    slots: dict[str, CaseMaterial]  # as they were laid out at the beginning, without their pages
    after: str = ""  # key of the page that the next one is put behind; empty: at the end
    stack: Stack | None = None
    again: str = ""  # key of the front that comes once more, because its back did not come
    sheet: int = 0  # the sheet that filed itself
    there: str = ""  # and where

    @classmethod
    def of(cls, draft: Draft, code: str, after: str = "", stack: Stack | None = None) -> _Filing:
        slots = {slot.code: slot.model_copy(update={"pages": ()}) for slot in draft.materials}
        filing = cls(stack.into if stack else code, draft.matter, slots, after, stack)
        if stack and stack.source == Feed.ADF_DUPLEX and stack.following < 2 * len(stack.sheets):
            filing.again = stack.sheets[-1]
            filing.stack = stack.model_copy(update={"sheets": stack.sheets[:-1]})
        return filing

    def view(self, draft: Draft) -> Draft:
        """The draft with the matter in front that the batch was begun for: the clerk may have chosen another."""
        if self.matter is None or draft.matter == self.matter or self.matter[0] not in draft.others:
            return draft
        return brought_up(draft, draft.others[self.matter[0]])

    def slot(self, draft: Draft, code: str) -> CaseMaterial:
        """The material, also where an answer made it go while its pages came in."""
        return draft.material(code) or self.slots.get(code) or _slot(draft, code)

    def place(self, slot: CaseMaterial, page: Page) -> tuple[Page, ...]:
        """The material's pages with this one among them."""
        pages = () if slot.source is Source.LIBRARY else slot.pages
        if self.after and slot.code == self.code:
            at = next((at for at, one in enumerate(pages, 1) if one.key == self.after), len(pages))
            self.after = page.key
            return (*pages[:at], page, *pages[at:])
        old = next((one for one in pages if one.key == self.again), None) if page.side == "front" else None
        self.again = self.again if page.side == "back" else ""
        return _instead(pages, old, page) if old else (*pages, page)

    def advance(self, begun: str, scanned: ScannedPage, key: str, source: Feed) -> Stack:
        """The stack with one more page. Until its end is heard it counts as broken off behind that page."""
        stack = self.stack or Stack(code=begun, into=begun, source=source)
        sheets = (*stack.sheets, key) if scanned.side == "front" else stack.sheets
        half = source is Feed.ADF_DUPLEX and scanned.side == "front"
        following = scanned.n if half else scanned.n + 1
        self.stack = stack.model_copy(update={"into": self.code, "sheets": sheets, "following": following})
        return self.stack


def _resumed(draft: Draft, code: str, profile: ScanProfile) -> Stack | None:
    """The stack that broke off in this material and goes on now."""
    stack = draft.stack
    return stack if stack and stack.following and (stack.code, stack.source) == (code, profile.source) else None


def _whole(desk: Desk, draft: Draft, filing: _Filing) -> Draft:
    """The stack came through to its end."""
    if filing.stack is None or filing.after:
        return draft
    filing.stack = filing.stack.model_copy(update={"following": 0})
    draft = filing.view(draft)
    return keep(desk, draft, draft.model_copy(update={"stack": filing.stack}))


def _instead(pages: tuple[Page, ...], old: Page, new: Page) -> tuple[Page, ...]:
    """A new page in the place of an old one, which stays behind all others, hidden."""
    new = new.model_copy(update={"sheet": old.sheet, "side": old.side, "replaces": old.digest})
    at = pages.index(old)
    return (*pages[:at], new, *pages[at + 1 :], old.model_copy(update={"hidden": True}))


def _put_back(desk: Desk, draft: Draft, stack: Stack, back: Page, front: str) -> Draft:
    """Put a back behind its front, wherever that is by now."""
    after = draft.model_copy(update={"stack": stack})
    for slot in draft.materials if front else ():
        found = [at for at, page in enumerate(slot.pages, 1) if page.key == front or page.replaces == front]
        if found:
            pages = (*slot.pages[: found[0]], back, *slot.pages[found[0] :])
            return keep(desk, draft, _put(after, slot.model_copy(update={"pages": pages, **NOT_COMPARED})))
    if back.hidden and not front and back.sheet <= len(stack.sheets):  # the blank back of a separator sheet
        return keep(desk, draft, after)
    slot = _slot(draft, stack.code)
    return keep(desk, draft, _put(after, slot.model_copy(update={"pages": (*slot.pages, back), **NOT_COMPARED})))


def _filed(
    desk: Desk,
    draft: Draft,
    filing: _Filing,
    found: list[tuple[Page, tuple[str, ...]]],
    scanned: ScannedPage | None = None,
    feed: Feed | None = None,
    source: Source = Source.SCAN,
) -> Draft:
    """Put what came where it belongs; `scanned` and `feed` where it came in a stack from the scanner."""
    draft = after = filing.view(draft)
    key, begun = "", filing.code
    for page, codes in found:
        named = [slot for slot in map(find_slot, codes) if slot]
        ours = [slot for slot in named if slot.number == draft.number and draft.material(slot.material)]
        if ours and ours[0].page == SEPARATOR:
            filing.code, filing.sheet = ours[0].material, 0
            continue  # our own sheet between two materials, nothing of the citizen's
        if ours:
            filing.sheet, filing.there = page.sheet, ours[0].material
        after = _with_page(desk, after, filing, page, source, bool(named and not ours))
        key = key or page.key
    if scanned is not None and feed is not None and not filing.after:
        after = after.model_copy(update={"stack": filing.advance(begun, scanned, key, feed)})
    return keep(desk, draft, after)


def _with_page(desk: Desk, draft: Draft, filing: _Filing, page: Page, source: Source, foreign: bool) -> Draft:
    code = filing.there if filing.sheet and filing.sheet == page.sheet else filing.code
    slot = filing.slot(draft, code)
    changes: dict[str, object] = {}
    if foreign:
        changes["foreign_pages"] = (*draft.foreign_pages, page.key)
    if draft.form_digest and code in _forms(desk, draft):
        changes["signed_digest"] = draft.form_digest
    slot = slot.model_copy(update={**_taken_by_hand(slot, source), "pages": filing.place(slot, page)})
    return _put(draft.model_copy(update=changes), slot)


def _taken_by_hand(slot: CaseMaterial, source: Source = Source.SCAN) -> dict[str, object]:
    """What a slot says when a new page comes in: nobody has compared it, and it is no longer the library's."""
    if slot.source is Source.LIBRARY:
        return {**EMPTY_SLOT, "source": source}
    begins = slot.source in (Source.CHIP, Source.PAD) or (slot.source in _BY_DEVICE and not slot.pages)
    return {**NOT_COMPARED, "source": source if begins else slot.source}


def _forms(desk: Desk, draft: Draft) -> frozenset[str]:
    """The slots of the application form."""
    matter = matter_of(draft, desk.catalogue())
    return frozenset(rule.code for rule in matter.materials if rule.is_application_form) if matter else frozenset()


def analysed(
    desk: Desk, scanned: ScannedPage, data: bytes, corners: Corners | None = None
) -> list[tuple[Page, tuple[str, ...]]]:
    """Keep the bytes, then say what is on them (and in which codes); several pages where the file has several."""
    first = look.first_look(data, scanned.media_type, rasteriser=raster, corners=corners)
    looks = [first]
    looks += [look.first_look(data, scanned.media_type, frame=n, rasteriser=raster) for n in range(1, first[0].frames)]
    digest = desk.store.pages.put(data, scanned.media_type)
    found = []
    for frame, (facts, thumb) in enumerate(looks):
        page = Page(
            digest=digest,
            size=len(data),
            media_type=scanned.media_type,
            frame=frame,
            sheet=scanned.sheet + frame,
            side="back" if scanned.side == "back" else "front",
            corners=corners,
            hidden=facts.blank,
            **_seen_so(facts) | ({"dpi": scanned.dpi} if scanned.dpi else {}),
        )
        desk.thumbnails.keep(page, thumb)
        found.append((page, facts.codes))
    return found


def _seen_so(found: look.PageFacts) -> dict[str, Any]:
    """What was found on a page, as a Page says it."""
    return {
        "width": found.width,
        "height": found.height,
        "dpi": found.dpi,
        "skew": round(found.skew_degrees, 3),
        "crop": found.crop,
        "blank_score": round(found.blank_score, 3),
    }


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
    return keep(desk, draft, _put(draft, slot))


def _put(draft: Draft, slot: CaseMaterial) -> Draft:
    """The draft with this for its material of that code."""
    slots = tuple(slot if material.code == slot.code else material for material in draft.materials)
    return draft.model_copy(update={"materials": slots if draft.material(slot.code) else (*slots, slot)})


def _with_pages(desk: Desk, draft: Draft, code: str, pages: tuple[Page, ...]) -> Draft:
    return _with_slot(desk, draft, _slot(draft, code).model_copy(update={"pages": pages}))


def _changed(desk: Desk, draft: Draft, code: str, key: str, only: bool | None = None, **changes: object) -> Draft:
    """The page changed; `only`: the first of several equal ones that is hidden, or not."""
    _page(draft, code, key)
    pages = list(_slot(draft, code).pages)
    fitting = [at for at, page in enumerate(pages) if page.key == key and only in (None, page.hidden)]
    if not fitting:
        return draft
    pages[fitting[0]] = pages[fitting[0]].model_copy(update=changes)
    return _with_pages(desk, draft, code, tuple(pages))
