"""Step 4, 材料: one material after another, its pages turned, hidden, moved, made straight; or taken from 共享库."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QObject

from app.flow.draft import Draft, Step
from app.flow.photograph import Sight
from app.materials.library import LibraryItem
from contract.material import CaseMaterial, Corners
from contract.material import Source as Origin
from contract.matter import MaterialRule
from ui.pages.intake import wording
from ui.pages.intake.assessment import Assessment
from ui.pages.intake.camera import StraightenShown
from ui.pages.intake.camera_model import CameraModel
from ui.pages.intake.cursor import Cursor
from ui.pages.intake.deeds import IntakeDeeds
from ui.pages.intake.in_hand import InHand
from ui.pages.intake.materials import MaterialsState
from ui.pages.intake.pictures_model import PicturesModel
from ui.pages.intake.scan_model import ScanModel
from ui.pages.intake.signing_model import SigningModel
from ui.tasks import Post
from ui.widgets.lines import Line
from ui.words import say

WHOLE_WIDTH = 1300  # of the picture in which corners are moved


@dataclass(repr=False, slots=True)
class _Visit:
    """What is under way with one person's papers."""

    cut: tuple[str, str] | None = None  # material and page
    straighten: str = ""  # the page whose corners are moved
    whole: tuple[str, bytes] = ("", b"")  # that page, as it was photographed
    library_open: bool = False
    library: tuple[LibraryItem, ...] = ()
    library_of: str = ""


class MaterialsModel(QObject):
    """What is done to the material and the page under the cursor. Its parts share the cursor and the pictures:

    `scanner`, `camera`: where pages come from. `signing`: what is printed and signed. `pictures`: how pages look.
    """

    def __init__(self, in_hand: InHand, deeds: IntakeDeeds, assessment: Assessment, post: Post) -> None:
        super().__init__(in_hand)
        self._in_hand, self._do, self._assessment = in_hand, deeds, assessment
        self._cursor = Cursor(in_hand)
        self.pictures = PicturesModel(in_hand, deeds, self._cursor)
        self.scanner = ScanModel(in_hand, deeds, self._cursor, self.pictures)
        self.signing = SigningModel(in_hand, deeds, self._cursor, self.pictures)
        self.camera = CameraModel(deeds.open_camera, post, in_hand.language, self)
        self.camera.photographed.connect(self._photographed)
        self.camera.opened.connect(lambda _: in_hand.tell())
        self._visit = _Visit()

    def forget(self) -> None:
        """The next person is here."""
        self._visit = _Visit()
        self._cursor.move()
        self.pictures.forget()
        self.signing.forget()

    def leave(self) -> None:
        """Another step is gone to."""
        self._visit.straighten = ""
        self.camera.close()

    # --- the cursor -----------------------------------------------------------------------------------------------

    def look_at(self, code: str) -> None:
        """To this material."""
        self._cursor.move(code)
        self._visit.straighten = ""
        self._visit.library_open = False
        self._in_hand.tell()
        self.pictures.want()

    def look_at_page(self, key: str) -> None:
        """To this page of the material."""
        self._cursor.key = key
        self._in_hand.tell()
        self.pictures.want_large()

    # --- photographs ----------------------------------------------------------------------------------------------

    def open_camera(self) -> None:
        """F5: the document camera, inside the page; again where it went wrong."""
        if self._cursor.slot() is not None:
            self._in_hand.flush()
            self._visit.straighten = ""
            self.camera.open()

    def _photographed(self, sight: Sight) -> None:
        """What the camera took goes into the material under the cursor."""
        slot = self._cursor.slot()
        if slot is None:
            return
        code = slot.code

        def work(draft: Draft) -> Draft:
            return self._do.add_photograph(draft, code, sight.data, sight.media_type, sight.corners)

        known = frozenset(page.key for page in slot.pages)
        self._in_hand.deed("photograph", work, lambda _: self._photograph_kept(code, known))

    def _photograph_kept(self, code: str, known: frozenset[str]) -> None:
        """The cursor goes to the page that has come, where it is in sight."""
        slot = self._cursor.slot()
        if slot is not None and slot.code == code:
            self._cursor.key = next((page.key for page in slot.pages if page.key not in known), self._cursor.key)
        self.pictures.pages_changed()

    def begin_straightening(self) -> None:
        """Ctrl+K: the corners of the page under the cursor."""
        page = self._cursor.page()
        if page is None or not page.media_type.startswith("image/"):
            return
        self._visit.straighten, self._visit.whole = page.key, ("", b"")
        heard = partial(self._heard_whole, page.key)
        self._in_hand.tasks.run("whole", lambda: self._do.whole_picture(page, WHOLE_WIDTH), heard)
        self._in_hand.tell()

    def _heard_whole(self, key: str, picture: bytes) -> None:
        self._visit.whole = (key, picture)
        self._in_hand.tell()

    def straighten(self, corners: Corners | None) -> None:
        """The corners as they were put; None: the whole picture."""
        slot, key = self._cursor.slot(), self._visit.straighten
        self.end_straightening()
        if slot and key:
            code = slot.code

            def work(draft: Draft) -> Draft:
                return self._do.straighten_page(draft, code, key, corners)

            self._in_hand.deed("straighten", work, self.pictures.pages_changed)

    def end_straightening(self) -> None:
        """The corners stay as they were."""
        self._visit.straighten, self._visit.whole = "", ("", b"")
        self._in_hand.tell()

    # --- pages ----------------------------------------------------------------------------------------------------

    def rotate(self, turns: int) -> None:
        """By quarters of a turn."""
        self._on_page("rotate", lambda draft, code, key: self._do.rotate_page(draft, code, key, turns))

    def toggle_hidden(self) -> None:
        """Ctrl+B."""
        page = self._cursor.page()
        if page is not None:
            hide = not page.hidden
            self._on_page("show", lambda draft, code, key: self._do.show_page(draft, code, key, hide))

    def _on_page(self, name: str, work: Callable[[Draft, str, str], Draft]) -> None:
        slot, page = self._cursor.slot(), self._cursor.page()
        if slot and page:
            code, key = slot.code, page.key
            self._in_hand.deed(name, lambda draft: work(draft, code, key), self.pictures.pages_changed)

    def move_page(self, from_code: str, key: str, to_code: str, index: int) -> None:
        """Drag a page elsewhere; -1 is the end."""
        draft = self._in_hand.draft
        if draft is None or (there := draft.material(to_code)) is None:
            return
        at = index if index >= 0 else len(there.pages)

        def work(d: Draft) -> Draft:
            return self._do.move_page(d, key, from_code, to_code, at)

        self._in_hand.deed("move", work, self.pictures.pages_changed)

    def cut(self) -> None:
        """Ctrl+X: the page waits to be put down in another material."""
        slot, page = self._cursor.slot(), self._cursor.page()
        self._visit.cut = (slot.code, page.key) if slot and page else None
        self._in_hand.tell()

    def paste(self) -> None:
        """Ctrl+V."""
        slot = self._cursor.slot()
        if self._visit.cut and slot:
            (code, key), self._visit.cut = self._visit.cut, None
            self.move_page(code, key, slot.code, -1)

    # --- the material as a whole ----------------------------------------------------------------------------------

    def toggle_verified(self) -> None:
        """Space, 已核对原件."""
        slot, clerk = self._cursor.slot(), self._in_hand.clerk
        if slot and clerk and slot.pages:
            code, seen = slot.code, slot.verified is None
            self._in_hand.deed("verify", lambda draft: self._do.verify_original(draft, code, clerk, seen))

    def toggle_returned(self) -> None:
        """已退还."""
        slot, clerk = self._cursor.slot(), self._in_hand.clerk
        if slot and clerk and slot.pages:
            code, given = slot.code, slot.returned is None
            self._in_hand.deed("return", lambda draft: self._do.returned(draft, code, clerk, given))

    def toggle_promise(self) -> None:
        """F8, 容缺: this material, or the first one that may be promised."""
        code = self.promisable()
        if code:
            self._in_hand.deed("promise", lambda draft: self._do.promise(draft, code))

    def promisable(self) -> str:
        """The material that F8 would promise: the one looked at, else the first that is missing."""
        draft, slot, rules = self._in_hand.draft, self._cursor.slot(), self._assessment.rules()
        slots = list(draft.materials if draft else ())
        if slot is not None and draft is not None and draft.step is Step.MATERIALS:
            slots.insert(0, slot)
        for at, one in enumerate(slots):
            rule = rules.get(one.code)
            asked_for = at == 0 or one.promised_until is None  # a promise is taken back where one looks at it
            if rule is not None and rule.promise_days is not None and not one.present and asked_for:
                return one.code
        return ""

    def toggle_library(self) -> None:
        """从共享库选."""
        slot, draft = self._cursor.slot(), self._in_hand.draft
        self._visit.library_open = not self._visit.library_open
        if self._visit.library_open and slot and draft:
            heard = partial(self._heard_library, slot.code)
            self._in_hand.asks.run("library", lambda: self._do.library(draft, slot.code), heard)
        self._in_hand.tell()

    def _heard_library(self, code: str, items: tuple[LibraryItem, ...]) -> None:
        self._visit.library_of, self._visit.library = code, items
        self._in_hand.tell()

    def take_from_library(self, reference: str) -> None:
        """This document stands for the material."""
        item = next((one for one in self._visit.library if one.reference == reference), None)
        code = self._visit.library_of
        if item is not None:
            self._visit.library_open = False

            def work(draft: Draft) -> Draft:
                return self._do.from_library(draft, code, item)

            self._in_hand.deed("from library", work, self.pictures.pages_changed)

    # --- the state ------------------------------------------------------------------------------------------------

    def made(self, draft: Draft) -> MaterialsState:
        """What the view shows: the list, and of the material under the cursor everything."""
        rules, slot = self._assessment.rules(), self._cursor.slot()
        names, into = self._in_hand.names, self._in_hand.scanning_into
        lines = []
        for one in draft.materials:
            words = say("扫描中 {count} 面", count=len(one.pages)) if one.code == into else ""
            lines.append(wording.material_line(one, rules.get(one.code), words, names))
        there = sum(one.present for one in draft.materials)
        can_scan, stack, feed = self._do.can_scan(), self.scanner.stack(), self.scanner.feed
        resumes = stack is not None and bool(stack.following) and stack.source == feed
        scan = self._in_hand.scan if into else None
        state = MaterialsState(
            lines=tuple(lines),
            summary=say("{count} 项 · 已齐 {there}", count=len(draft.materials), there=there),
            scanning=wording.scanning(scan.pages) if scan else "",
            feed=wording.FEEDS[feed],
            resumes=say("接第 {n} 页", n=stack.following) if stack and resumes else "",
            can_backs=stack is not None and stack.wants_backs,
            scanning_into=into,
            can_scan=can_scan,
            scan_words=wording.scan_advice(stack) if can_scan else say("没有选扫描仪，请到“设备”里选。"),
            can_photograph=self._do.can_photograph(),
            camera_open=self.camera.is_open,
            printing=self._in_hand.visit.printing_form,
            signing=self.signing.is_on,
        )
        return self._with_slot(state, draft, slot, rules.get(slot.code)) if slot is not None else state

    def _with_slot(
        self, state: MaterialsState, draft: Draft, slot: CaseMaterial, rule: MaterialRule | None
    ) -> MaterialsState:
        page, names = self._cursor.page(), self._in_hand.names
        needs = " · ".join(part for part in (wording.rule_words(rule), rule.note) if part) if rule else ""
        fronts, backs = slot.sides
        stale = rule is not None and rule.is_application_form and self._do.form_is_stale(draft)
        preview = self.pictures.large(page) if page is not None else None
        seen, back = slot.verified, slot.returned
        on_pad = slot.signed if slot.present and not stale else None
        rescanned = {one.replaces for one in slot.pages if one.replaces}
        return replace(
            state,
            current=slot.code,
            title=slot.name,
            needs=say("表单改过，请重新打印申请表、重新签字。") if stale else needs,
            sides=say("{fronts} 正 / {backs} 反", fronts=fronts, backs=backs) if slot.pages else "",
            pages=tuple(
                wording.page_shown(one, at, self.pictures.small(one), one.digest in rescanned)
                for at, one in enumerate(slot.pages, 1)
            ),
            page=page.key if page else "",
            preview=preview,
            preview_words=say("正在打开") if page is not None and preview is None else "",
            verified=wording.seen_words("已核对", seen.at, names.get(seen.by, "")) if seen else "",
            signed=say("屏幕签字 {time}", time=wording.clock(on_pad.at)) if on_pad else "",
            returned=wording.seen_words("已退还", back.at, names.get(back.by, "")) if back else "",
            can_promise=rule is not None and rule.promise_days is not None,
            promised=say("已容缺，最迟 {day} 补交", day=wording.day(slot.promised_until))
            if slot.promised_until
            else "",
            is_application_form=rule is not None and rule.is_application_form,
            form_printed=draft.form_digest,
            can_straighten=page is not None and (page.corners is not None or slot.source is Origin.CAMERA),
            straighten=self._made_straighten(slot),
            library=self._made_library(slot.code),
            library_open=self._visit.library_open,
            held=say("有 1 页等着放下：到要去的材料上按 Ctrl+V") if self._visit.cut else "",
        )

    def _made_library(self, code: str) -> tuple[Line, ...]:
        lines = []
        for item in self._visit.library if self._visit.library_of == code else ():
            count = say("{count} 页", count=len(item.material.pages))
            sub = " · ".join((f"{item.collected_at:%Y-%m-%d}", count, item.reference))
            trust = say("可信 {trust}", trust=item.material.trust.value)
            lines.append(Line(item.reference, item.material.name, sub, trust, "ok"))
        return tuple(lines)

    def _made_straighten(self, slot: CaseMaterial) -> StraightenShown | None:
        for at, page in enumerate(slot.pages, 1):
            if page.key == self._visit.straighten:
                picture = self._visit.whole[1] if self._visit.whole[0] == page.key else b""
                title = say("四角 · {material} 第 {number} 页", material=slot.name, number=at)
                return StraightenShown(page.key, title, picture, page.corners)
        return None
