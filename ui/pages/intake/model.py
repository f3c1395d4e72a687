"""The intake: one draft, deeds on it one after another, pages coming in beside them.

Deeds are done in their order, each on what the one before left; a scan runs beside them. Whatever comes back is the
draft as it is stored, with all that both did: the newest is shown.
What is typed is kept here until it is saved, so nothing on the screen ever goes back.
A deed belongs to the draft that was on the screen when it was asked for, and lands there, wherever that is by then.
What was only asked (a card, offers, pictures) goes with the draft: it is not heard once another one is on the screen.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from app.cases.acts import SUPPLEMENT_DAYS
from app.flow.draft import Draft, OtherCase, Panel, Stack, Step, main_action, matter_of, panel, routing
from app.flow.finish import TakenIn
from app.flow.photograph import Sight
from app.flow.printing import Printed
from app.flow.signing import Means, ToSign
from app.flow.steps import DraftSummary
from app.materials.library import LibraryItem
from app.matters.catalogue import Catalogue, Hit
from app.people.other_cards import MachineLines, OtherCard
from contract.case import Case, Ground
from contract.clock import deemed_accepted_on
from contract.form import FormField, Mistake, check, fields, visible
from contract.material import CaseMaterial, Corners, Page
from contract.material import Source as Origin
from contract.matter import Delivery, MaterialRule, Matter, wanted
from contract.node import Offering
from contract.person import Clerk, LegalPerson, Person, Tie, id_number_fault, masked, uscc_fault
from contract.problem import Problem, Retry
from contract.signature import Ink
from devices.idcard import IdentityDocument
from devices.scanner import Source
from ui.notice_words import (
    FIELD,
    GROUNDS,
    MATERIAL,
    REMEDIES,
    field_choices,
    items_told,
    read_refusal,
    read_supplement,
)
from ui.pages.intake import wording
from ui.pages.intake.camera import StraightenShown
from ui.pages.intake.camera_model import CameraModel
from ui.pages.intake.deeds import IntakeDeeds
from ui.pages.intake.form import FormState
from ui.pages.intake.identity import OTHER, IdentityState
from ui.pages.intake.materials import MaterialsState
from ui.pages.intake.matter import MatterState
from ui.pages.intake.receipt import PaperShown, ReceiptState
from ui.pages.intake.review import ReviewState
from ui.pages.intake.view import STEPS, BannerShown, IntakeState
from ui.pictures import opened
from ui.problems import words_for
from ui.tasks import Post, Tasks
from ui.widgets.field import Answered
from ui.widgets.form import SectionShown
from ui.widgets.lines import Line
from ui.widgets.panel import PanelState
from ui.widgets.telling import RefusalShown, SupplementShown, ToldItem
from ui.words import say

PAPER_NAMES = {
    "receipt": "收件凭证",
    "receipt_a4": "收件凭证",
    "application": "申请表",
    "acceptance": "受理通知书",
    "supplement": "补正告知书",
    "refusal": "不予受理通知书",
}
SAVE_AFTER = 600  # milliseconds after the last key until what was typed is saved
WHOLE_WIDTH = 1300  # of the picture in which corners are moved
PREVIEW_WIDTHS = (600, 800, 1000, 1300, 1700, 2200)  # a drag of the splitter does not ask for a new one per pixel


@dataclass(frozen=True)
class _Scan:
    """Pages are coming in, into this material of this draft, whether it is on the screen or not (U12)."""

    draft: str
    code: str
    pages: int = 0


@dataclass(frozen=True)
class _Deed:
    """One thing to do to a draft. `work` answers a Draft, (Draft, more) or something else entirely."""

    name: str
    work: Callable[[Draft], Any]
    then: Callable[[Any], None] | None = None
    of: str = ""  # the draft's id; empty where another draft comes onto the screen
    ends: bool = False  # the draft is over with it: the answer is not a draft of the same case


class IntakeModel(QObject):
    """Holds the intake of one clerk. `camera` is the document camera of its materials step.

    Signals:
        changed: The IntakeState.
        drafts_changed: This clerk's unfinished drafts, a tuple of DraftSummary.
        took_in: The id of a case that was just taken in.
        signing_wanted: The form that the applicant is to sign, a QImage.
        signing_over: It need not be signed any more.
    """

    changed = Signal(object)
    drafts_changed = Signal(object)
    took_in = Signal(str)
    signing_wanted = Signal(object)
    signing_over = Signal()

    def __init__(
        self, deeds: IntakeDeeds, post: Post, language: Callable[[], str], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._do = deeds
        self._language = language
        self._tasks = Tasks(post, self._problem, self)
        self._asked = Tasks(post, self._problem, self)  # for the draft on the screen, and not heard after it
        self._clerk: Clerk | None = None
        self._agent = ""  # number of the handler whom this clerk called themself: a village agent
        self._away = False  # the screen is locked
        self._between = False  # what is on the screen is still a colleague's
        self._scan: _Scan | None = None
        self._feed = Source.ADF  # stays as the clerk has set it
        self._names: dict[str, str] = {}
        self._catalogue: Catalogue | None = None
        self._areas: tuple[tuple[str, str], ...] = ()
        self._draft: Draft | None = None
        self._queue: list[_Deed] = []
        self._running: _Deed | None = None
        self._over = threading.Event()  # set when the running deed is done
        self._carried = BannerShown()  # what the next draft's banner says of the one before
        self._signing: ToSign | None = None
        self._shown = False
        self._not_ready: tuple[str, ...] = ()
        self._drafts: tuple[DraftSummary, ...] = ()
        self._told_drafts: tuple[DraftSummary, ...] = ()
        self.camera = CameraModel(deeds.open_camera, post, language, self)
        self.camera.photographed.connect(self._photographed)
        self.camera.opened.connect(lambda _: self._say())
        self._save = QTimer(self, singleShot=True, interval=SAVE_AFTER)
        self._save.timeout.connect(self.flush)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._say)
        self._forget()
        self.state = IntakeState()

    def _forget(self) -> None:
        """Everything that belongs to one person goes when the next one comes."""
        self._asked.drop_all()
        self._banner, self._carried = self._carried, BannerShown()
        self._rules_of: tuple[Any, dict[str, MaterialRule]] = (None, {})
        self._panel_of: tuple[Any, Panel | None] = (None, None)
        self._reading = "idle"
        self._reader_words = ""
        self._photo = wording.Photo()
        self._behalf = "self"
        self._tie = Tie.SELF
        self._applicant: dict[str, str] = {}
        self._applicant_wrong: dict[str, str] = {}
        self._phone_typed = ""
        self._phone_wrong = ""
        self._manual_open = False
        self._manual: dict[str, str] = {}
        self._manual_wrong: dict[str, str] = {}
        self._manual_page: bytes | None = None
        self._other_open = False
        self._other: dict[str, str] = {}
        self._other_wrong: dict[str, str] = {}
        self._lines = MachineLines()
        self._search = ""
        self._hits: tuple[Hit, ...] = ()
        self._matter_at = ""
        self._typed: dict[str, Any] = {}
        self._touched: set[str] = set()
        self._saved_words = ""
        self._material_at = ""
        self._page_at = ""
        self._pictures: dict[tuple[Any, ...], QImage] = {}
        self._preview: tuple[tuple[Any, ...], QImage] | None = None
        self._preview_width = 1000
        self._cut: tuple[str, str] | None = None
        self._straighten = ""
        self._whole: tuple[str, bytes] = ("", b"")
        self._library_open = False
        self._library: tuple[LibraryItem, ...] = ()
        self._library_of = ""
        self._printing_form = False
        if self._signing is not None:
            self._signing = None
            self.signing_over.emit()
        self._writing = ""
        self._items: tuple[ToldItem, ...] = ()
        self._until = ""
        self._declining = ("", "", "")
        self._review_wrong = ""
        self._others: tuple[OtherCase, ...] = ()
        self._others_of: tuple[Any, ...] = ()
        self._taken: TakenIn | None = None
        self._panel_kept: PanelState | None = None
        self._papers: dict[str, PaperShown] = {}
        self._paper_at = ""
        self._paper_picture: tuple[str, QImage | None] = ("", None)
        self._working = ""

    # --- beginning, parking, coming back --------------------------------------------------------------------------

    @property
    def draft(self) -> Draft | None:
        """The intake that is on the screen."""
        return self._draft

    @property
    def scanning(self) -> bool:
        """Whether pages are coming in, for the draft on the screen or for one that left it."""
        return self._scan is not None

    @property
    def _switching(self) -> bool:
        """Whether another draft is about to come onto the screen."""
        return any(deed is not None and not deed.of for deed in (self._running, *self._queue))

    @property
    def _scanning_into(self) -> str:
        """The material of the draft on the screen that pages are coming into."""
        scan = self._scan
        return scan.code if scan and self._draft and scan.draft == self._draft.id else ""

    def sign_in(self, clerk: Clerk) -> None:
        """A clerk sits down. Who only locked the screen finds everything as it was.

        Anyone else begins afresh; what a colleague left on the screen is parked under the colleague's name (U12).
        """
        before, self._clerk, self._away = self._clerk, clerk, False
        self._names = {clerk.id: clerk.name}
        if before is None or before.id != clerk.id:
            self._between, self._drafts, self._agent = True, (), ""
            self._tasks.drop("drafts")  # what was asked for a colleague
            self._put_aside()
            self._switch("begin", lambda: self._do.begin(clerk))
            self._carried = BannerShown()
        self.refresh()
        self.refresh_drafts()
        self._say()

    def lock(self) -> None:
        """Nothing is seen any more. What is under way goes on: pages come in, papers come out."""
        self.flush()
        self.stop_signing()
        self._away = True
        self.show(False)
        self._say()

    def sign_out(self) -> None:
        """The clerk leaves for good; the draft stays saved, and what waits to be done to it is done unheard."""
        self.lock()
        self._clear_printers()
        self._clerk = None
        rest, self._queue = [deed for deed in self._queue if deed.of and not deed.ends], []
        if rest:
            over = self._over

            def do_all() -> None:
                over.wait()
                for deed in rest:
                    with contextlib.suppress(Problem):
                        deed.work(self._do.stored(deed.of))

            self._tasks.run("rest", do_all, lambda _: None)

    def _clear_printers(self) -> None:
        """Whoever was given papers here is gone: what did not come out for them does not come out later (F14)."""
        if self._taken is not None:
            self._tasks.run("clear printers", self._do.clear_printers, lambda _: None)

    def _put_aside(self) -> None:
        """Park what is on the screen, where it is worth anything."""
        draft = self._draft
        if draft is None or self._taken is not None:
            return
        self.flush()
        if draft.handler is not None or draft.matter is not None:
            self._deed("park", self._do.park)

    def show(self, shown: bool) -> None:
        """Whether the page is looked at: a card is awaited only then."""
        self._shown = shown
        if shown:
            self._await_card()
            self._say()  # another device may have been chosen meanwhile
        else:
            self._stop_reading()
            self.camera.close()

    def fresh(self) -> None:
        """The next person."""
        clerk = self._clerk
        if clerk is not None:
            self.flush()
            self._switch("begin", lambda: self._do.begin(clerk))

    def same_matter(self) -> None:
        """F3, 同一事项，下一位: a village agent stays the handler too."""
        clerk, taken = self._clerk, self._taken
        if clerk is not None and taken is not None:
            agent = taken.case.parties.handler.number == self._agent
            self._switch("begin", lambda: self._do.same_matter_next(taken.case, clerk, agent))

    def call_agent(self) -> None:
        """F6 on the receipt: the handler is the clerk themself, for this case and those after it; again, no longer."""
        if self._taken is not None and self._agent_asked(self._taken.case):
            self._agent = "" if self._agent else self._taken.case.parties.handler.number
            self._say()

    def _agent_asked(self, case: Case) -> bool:
        return self._clerk is not None and self._do.may_be_agent(case, self._clerk)

    def park(self) -> None:
        """F10: put the case aside and take the next person."""
        clerk = self._clerk
        if clerk is not None and self._draft is not None and self._taken is None:
            self._put_aside()
            self._switch("begin", lambda: self._do.begin(clerk))

    def resume(self, draft_id: str) -> None:
        """Take up a parked or unfinished draft; what is open now stays saved."""
        self.flush()
        self._switch("resume", lambda: self._do.resume(draft_id))

    def take_over(self, draft_id: str) -> None:
        """接手: a colleague's draft, from now on this clerk's; what is open now stays saved."""
        clerk = self._clerk
        if clerk is not None:
            self.flush()
            self._switch("take over", lambda: self._do.take_over(draft_id, clerk))

    def supplement_case(self, case_id: str) -> None:
        """补正: a case's materials are opened here; what is open now stays saved."""
        clerk = self._clerk
        if clerk is not None:
            self.flush()
            self._switch("supplement", lambda: self._do.supplementing(case_id, clerk))

    def reopen_case(self, case_id: str) -> None:
        """An intake that the server refused is mended here; what is open now stays saved."""
        clerk = self._clerk
        if clerk is not None:
            self.flush()
            self._switch("reopen", lambda: self._do.reopening(case_id, clerk))

    def refresh(self) -> None:
        """The language, the pack or a device changed: say everything again."""
        self._tasks.ask_again("catalogue", self._do.catalogue, self._heard_catalogue)
        self.camera.say_again()

    def refresh_drafts(self) -> None:
        """Somebody's drafts changed."""
        clerk = self._clerk
        if clerk is not None:
            self._tasks.ask_again("drafts", lambda: self._do.drafts(clerk), self._heard_drafts)

    def hear_devices(self, not_ready: tuple[str, ...]) -> None:
        """Which devices are not in order: said before a person's matter is begun (F19)."""
        if not_ready != self._not_ready:
            self._not_ready = not_ready
            self._say()

    def banner_read(self) -> None:
        self._banner = BannerShown()
        self._say()

    def to_step(self, key: str) -> None:
        """Go to a step; going back loses nothing."""
        draft = self._draft
        if draft is None or self._taken is not None or key == draft.step or key == "receipt":
            return
        self.flush()
        self._writing, self._straighten = "", ""
        self.camera.close()
        step = Step(key)
        self._draft = draft.model_copy(update={"step": step})  # at once; saved behind
        self._deed("step", lambda d: self._do.to_step(d, step))
        if step is not Step.IDENTITY:
            self._stop_reading()
        if step is Step.MATTER and not self._search and not self._hits:
            self.search("")
        self._say()
        self._await_card()
        self._want_pictures()

    def next(self) -> None:
        """The step after this one; past the matters where the matter is there already."""
        draft = self._draft
        if draft is not None and draft.step is Step.IDENTITY and draft.matter is not None and self._settled(draft):
            self.to_step("form")
        else:
            self._move(1)

    def back(self) -> None:
        """The step before this one."""
        self._move(-1)

    def _move(self, by: int) -> None:
        if self._draft is not None:
            keys = [step.key for step in STEPS]
            at = keys.index(self._draft.step) + by
            if 0 <= at < len(keys) - 1:
                self.to_step(keys[at])

    # --- identity -------------------------------------------------------------------------------------------------

    def read_card(self) -> None:
        """F2."""
        if self._draft is None or self._reading == "reading" or self._switching:
            return
        self._manual_open = self._other_open = False
        self._reading, self._reader_words = "reading", ""
        if self._asked.is_busy("card"):
            self._asked.stop("card")  # perhaps it reads this very moment: then that is the reading
        else:
            self._read_now()
        self._say()

    def _read_now(self) -> None:
        self._asked.run("card", self._do.read_card, self._heard_document, self._no_card)

    def _await_card(self) -> None:
        """A card that is put down is read without a key, while nobody stands in the draft yet."""
        draft = self._draft
        typing = self._manual_open or self._other_open
        free = draft is not None and draft.handler is None and draft.step is Step.IDENTITY and not typing
        if not (self._shown and free and self._clerk) or self._switching:
            return
        if self._reading != "idle" or self._reader_words:
            return
        self._reading = "waiting"

        def wait(stop: threading.Event) -> Iterable[IdentityDocument]:
            yield self._do.wait_card(stop)

        self._asked.stream("card", wait, self._heard_document, lambda: None, self._waited)
        self._say()

    def _waited(self, problem: Problem) -> None:
        """The wait for a card is over without one: F2 has ended it, or its time."""
        if self._reading == "reading":
            self._read_now()
        else:
            self._no_card(problem)

    def _stop_reading(self) -> None:
        self._asked.drop("card")
        self._reading = "idle"

    def _heard_document(self, document: IdentityDocument) -> None:
        self._reading, self._reader_words = "idle", ""
        self._manual_open = False
        draft = self._draft
        agent = draft is not None and draft.handler is not None and draft.handler.number == self._agent
        if agent and draft is not None and draft.tie is not Tie.SELF and document.number != self._agent:
            # The agent stands there already: this is the card of whom they come for.
            self._deed("represented", lambda d: self._do.with_represented(d, document), self._represented)
        else:
            self._with_document(document, lambda: self._do.card_photo(document))
        self._say()

    def _with_document(self, document: IdentityDocument, photo: Callable[[], bytes] | None) -> None:
        """Who stands here; then, where there is one, the picture on the chip."""
        self._photo = wording.Photo()

        def identified(_: Any) -> None:
            self._identified(None)
            if photo is not None:
                self._want_photo(photo)

        self._deed("document", lambda d: self._do.with_document(d, document), identified)

    def _want_photo(self, fetch: Callable[[], bytes]) -> None:
        """The picture on the chip; where there is none to see, that is said in its place."""

        def heard(picture: bytes) -> None:
            self._photo = wording.Photo(picture)
            self._say()

        def none(problem: Problem) -> None:
            self._photo = wording.Photo(words=say("照片无法显示"))
            self._say()

        self._asked.run("photo", fetch, heard, none)

    def _represented(self, _: Any) -> None:
        draft = self._draft
        if draft is not None and draft.applicant is not None:
            self._behalf, self._applicant_wrong = "person", {}
            self._applicant = wording.applicant_fields(draft.applicant)
        self._identified(None)

    def _no_card(self, problem: Problem) -> None:
        was, self._reading = self._reading, "idle"
        if problem.code == "idcard.absent" and was == "waiting":
            self._await_card()
            return
        words = words_for(problem, self._language())
        self._reader_words = (
            f"{words.title}。{words.remedy}" if words.title[-1] not in "。.！" else words.title + words.remedy
        )
        if problem.code == "idcard.absent":
            self._reader_words = ""
            self._banner = BannerShown(words.title, words.remedy, "warn")
        self._say()
        self._await_card()

    def _identified(self, _: Any) -> None:
        self._banner = BannerShown()
        self.refresh_drafts()

    def open_manual(self, opened: bool) -> None:
        """人工录入."""
        self._manual_open, self._other_open = opened, False
        self._manual_wrong = {}
        self._manual = {}
        if opened:
            self._stop_reading()
        else:
            self._manual_page = None
        self._say()
        self._await_card()

    def open_other(self, opened: bool) -> None:
        """其他卡证: social-security cards, passports, travel permits."""
        self._other_open, self._manual_open = opened, False
        self._other, self._other_wrong = {}, {}
        if opened:
            self._stop_reading()
        self._say()
        self._await_card()

    def type_other(self, given: Mapping[str, str]) -> None:
        """What opens a chip, as it stands."""
        self._other = dict(given)

    def give_other(self, given: Mapping[str, str]) -> None:
        """Read the card that lies there: a social-security card with nothing given, a travel document with all."""
        self._other = dict(given)
        lacking = [name for name in OTHER if not given.get(name)]
        self._other_wrong = dict.fromkeys(lacking, say("照证件填写")) if 0 < len(lacking) < len(OTHER) else {}
        if self._other_wrong:
            self._say()
            return
        number = given.get("number", "").strip().upper()
        days = [given.get(name, "").replace("-", "")[2:] for name in ("birth", "expiry")]
        self._read_other("" if lacking else ",".join((number, *days)))

    def takes_machine_lines(self) -> bool:
        """Whether a scanned machine-readable zone belongs here now."""
        draft = self._draft
        here = self._shown and self._clerk is not None and draft is not None and draft.step is Step.IDENTITY
        return here and self._taken is None and self._do.can_read_other()

    def hear_machine_line(self, text: str) -> None:
        """A line was scanned; with the last one the document's chip is read."""
        if not self._other_open:
            self.open_other(True)
        try:
            zone = self._lines.add(text)
        except Problem as problem:
            self._problem(problem)
            return
        if zone:
            self._read_other(zone)

    def _read_other(self, key: str) -> None:
        if self._draft is None or self._reading == "reading" or self._switching:
            return
        self._banner = BannerShown()
        self._reading = "reading"
        self._asked.run("card", lambda: self._do.read_other(key), self._heard_other, self._no_other)
        self._say()

    def _heard_other(self, read: OtherCard) -> None:
        self._reading = "idle"
        self._other_open, self._other = False, {}
        self._with_document(read.document, (lambda: self._do.portrait(read.portrait)) if read.portrait else None)
        self._say()

    def _no_other(self, problem: Problem) -> None:
        self._reading = "idle"
        words = words_for(problem, self._language())
        self._banner = BannerShown(words.title, words.remedy, "warn")
        self._say()

    def photograph_document(self) -> None:
        """A page of the document that cannot be read, kept with the case."""
        if not self._switching:
            self._asked.run("document page", self._do.photograph_document, self._heard_page)

    def _heard_page(self, page: bytes) -> None:
        self._manual_page = page
        self._say()

    def type_manual(self, given: Mapping[str, str]) -> None:
        """The fields as they stand: they are there again after the screen was locked."""
        self._manual = dict(given)

    def give_manual(self, given: Mapping[str, Any]) -> None:
        """The typed fields. What is wrong is said beside them; nothing is sent until all is right."""
        wrong = {}
        for name, words in (("name", "请填姓名"), ("number", "请填证件号码"), ("reason", "请写为什么人工录入")):
            if not str(given.get(name, "")).strip():
                wrong[name] = say(words)
        number = str(given.get("number", "")).strip().upper()
        if number and given.get("document_type") != "passport" and id_number_fault(number, self._do.today()):
            wrong["number"] = say("号码不对，请对照证件再输一次")
        self._manual, self._manual_wrong = dict(given), wrong
        if wrong:
            self._say()
            return
        typed = {name: value for name, value in given.items() if name != "reason" and value not in ("", None)}
        typed["number"] = number
        reason, page = str(given["reason"]).strip(), self._manual_page

        def work(draft: Draft) -> Draft:
            return self._do.with_manual_identity(draft, typed, reason, page)

        self._deed("manual", work, self._manual_done)

    def _manual_done(self, _: Any) -> None:
        self._photo = wording.Photo()
        self._manual_open, self._manual_page, self._manual = False, None, {}
        self._identified(None)
        self._say()

    def give_display_name(self, name: str) -> None:
        """The standard characters for a name that the fonts do not have."""
        draft = self._draft
        if draft and draft.handler and name != draft.handler.name_display:
            self._deed("display name", lambda d: self._do.with_display_name(d, name))

    def confirm_person(self) -> None:
        """F6, 人证一致: an act of its own."""
        clerk = self._clerk
        if clerk is not None and self._draft is not None and self._draft.identity is not None:
            self._deed("confirm", lambda draft: self._do.confirm_person(draft, clerk))

    def choose_behalf(self, behalf: str) -> None:
        """本人, another person or a legal person."""
        if behalf == self._behalf:
            return
        self._behalf, self._applicant, self._applicant_wrong = behalf, {}, {}
        ties = wording.TIES_OF[behalf]
        self._tie = tie = ties[0] if ties else Tie.SELF
        self._deed("applicant", lambda draft: self._do.with_applicant(draft, None, tie))
        self._say()

    def give_applicant(self, tie: str, given: Mapping[str, str]) -> None:
        """The applicant who is not at the window. Kept as typed; given to the desk once it is whole."""
        self._applicant, self._tie = dict(given), Tie(tie)
        applicant, wrong = self._made_applicant(given)
        self._applicant_wrong = wrong
        chosen_tie = self._tie
        if applicant is not None or (self._draft and self._draft.applicant is not None):
            self._deed("applicant", lambda draft: self._do.with_applicant(draft, applicant, chosen_tie))
        self._say()

    def _made_applicant(self, given: Mapping[str, str]) -> tuple[Person | LegalPerson | None, dict[str, str]]:
        """The applicant, or None with what is wrong; an empty field is not wrong yet, but nothing is made of it."""
        wrong = {}
        if self._behalf == "legal":
            code = given.get("uscc", "").strip().upper()
            fault = uscc_fault(code) if code else None
            if fault == "length":
                wrong["uscc"] = say("统一代码是 18 位，现在是 {count} 位，请对照营业执照", count=len(code))
            elif fault:
                wrong["uscc"] = say("统一代码不对，请对照营业执照再输一次")
            if wrong or not all(given.get(name, "").strip() for name in ("uscc", "name", "address")):
                return None, wrong
            made = {name: given.get(name, "").strip() for name in ("name", "address", "representative")}
            return LegalPerson(uscc=code, **made), wrong
        number = given.get("number", "").strip().upper()
        fault = id_number_fault(number, self._do.today()) if number else None
        if fault == "length":
            wrong["number"] = say("身份证号码是 18 位，现在是 {count} 位", count=len(number))
        elif fault:
            wrong["number"] = say("身份证号码不对，请对照证件再输一次")
        if wrong or not all(given.get(name, "").strip() for name in ("name", "number", "address")):
            return None, wrong
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
        sex = "男" if int(number[16]) % 2 else "女"
        name, address = given["name"].strip(), given["address"].strip()
        return Person(name=name, number=number, address=address, birth_date=born, sex=sex), wrong

    def give_phone(self, phone: str) -> None:
        """The applicant's telephone."""
        if self._draft is None or phone == (self._phone_typed or self._draft.phone):
            return
        digits = phone.replace("-", "").replace(" ", "")
        self._phone_wrong = "" if not phone or (digits.isdigit() and 7 <= len(digits) <= 12) else say("请检查电话号码")
        self._phone_typed = phone if self._phone_wrong else ""
        if not self._phone_wrong:
            self._deed("phone", lambda draft: self._do.with_phone(draft, phone))
        self._say()

    # --- matter ---------------------------------------------------------------------------------------------------

    def search(self, text: str) -> None:
        """Look for a matter; an empty text lists what this window uses."""
        self._search = text
        self._asked.run("search", lambda: self._do.search(text), partial(self._found, text))

    def _found(self, text: str, hits: tuple[Hit, ...]) -> None:
        self._hits = hits
        codes = [hit.matter.code for hit in hits]
        if self._matter_at not in codes:
            self._matter_at = codes[0] if codes else ""
        self._say()

    def look_at_matter(self, code: str) -> None:
        self._matter_at = code
        self._say()

    def choose_matter(self, code: str) -> None:
        """Take this matter; where the parties are known, the form follows."""
        draft, catalogue = self._draft, self._catalogue
        if draft is None or catalogue is None:
            return
        matter = catalogue.find_matter(code)
        if matter is None or not wording.power_here(matter, catalogue, self._do.node)[2]:
            return
        self._matter_at = code
        if draft.matter is not None and draft.matter[0] == code:
            self._matter_taken(None)
            return
        self._typed, self._touched = {}, set()
        self._deed("matter", lambda d: self._do.with_matter(d, code), self._matter_taken)

    def _matter_taken(self, _: Any) -> None:
        self.refresh_drafts()
        draft, catalogue = self._draft, self._catalogue
        if draft is None or catalogue is None or draft.step is not Step.MATTER:
            return
        if draft.handler is None:
            self.to_step("identity")
        elif self._settled(draft):
            self.to_step("form")

    def _settled(self, draft: Draft) -> bool:
        """Whether nothing is to be chosen about the matter any more."""
        catalogue = self._catalogue
        if catalogue is None or draft.parties is None:
            return False
        if len(routing(draft, catalogue, self._do.node).candidates) <= 1 or draft.route is not None:
            return True
        matter = matter_of(draft, catalogue)
        # Where the form says where it goes, the clerk is not asked before it is filled.
        return matter is not None and matter.route_by.startswith("answers.")

    def choose_route(self, key: str) -> None:
        """The department among several."""
        offering, clerk = self._offerings().get(key), self._clerk
        if offering is not None and clerk is not None:
            self._deed("route", lambda draft: self._do.with_route(draft, offering, clerk))

    def _offerings(self) -> dict[str, Offering]:
        if self._draft is None or self._catalogue is None:
            return {}
        found = routing(self._draft, self._catalogue, self._do.node)
        return {f"{offering.department}/{offering.area}": offering for offering in found.candidates}

    # --- form -----------------------------------------------------------------------------------------------------

    def answer(self, name: str, value: Any) -> None:
        """A field changed. Shown at once, saved a moment later."""
        self._typed[name] = value
        self._save.start()
        self._say()

    def left(self, name: str) -> None:
        """The person has gone on: its mistakes may be shown now."""
        if name not in self._touched:
            self._touched.add(name)
            self._say()
        if name in self._typed:
            self.flush()

    def flush(self) -> None:
        """Save what was typed."""
        self._save.stop()
        if not self._typed or self._draft is None:
            return
        sent = dict(self._typed)

        def work(draft: Draft) -> Draft:
            return self._do.with_answers(draft, {**draft.answers, **sent})

        self._deed("answers", work, lambda _: self._answers_saved(sent))

    def _answers_saved(self, sent: Mapping[str, Any]) -> None:
        self._typed = {name: value for name, value in self._typed.items() if name not in sent or sent[name] != value}

    def _answers(self) -> dict[str, Any]:
        return {**self._draft.answers, **self._typed} if self._draft else {}

    def _mistakes(self, matter: Matter) -> dict[str, Mistake]:
        return {mistake.field: mistake for mistake in check(matter.form, self._answers())}

    # --- materials ------------------------------------------------------------------------------------------------

    def look_at_material(self, code: str) -> None:
        self._material_at = code
        self._straighten = ""
        self._page_at = ""
        self._library_open = False
        self._say()
        self._want_pictures()

    def look_at_page(self, key: str) -> None:
        self._page_at = key
        self._say()
        self._want_preview()

    def preview_width(self, width: int) -> None:
        """How wide the preview is; pictures are made in a few widths only."""
        wanted_width = next((one for one in PREVIEW_WIDTHS if one >= width), PREVIEW_WIDTHS[-1])
        if wanted_width != self._preview_width:
            self._preview_width = wanted_width
            self._want_preview()

    def next_feed(self) -> None:
        """Ctrl+M: one-sided, both sides, the glass."""
        feeds = tuple(Source)
        self._feed = feeds[(feeds.index(self._feed) + 1) % len(feeds)]
        self._say()

    def scan(self) -> None:
        """F4: a batch into this material; the clerk goes on meanwhile. A stack that broke off goes on."""
        feed = self._feed
        self._stream_pages(lambda draft, code, stop: self._do.scan_into(draft, code, feed, stop))

    def scan_backs(self) -> None:
        """Shift+F4: the stack was turned over, its backs come."""
        if self._stack_here() is not None:
            self._stream_pages(self._do.scan_backs)

    def insert_after(self) -> None:
        """Ctrl+I: what lies in the scanner goes behind this page."""
        page, feed = self._page(), self._feed
        if page is not None:
            key = page.key
            self._stream_pages(lambda draft, code, stop: self._do.insert_after(draft, code, key, feed, stop))

    def _stack_here(self) -> Stack | None:
        """The stack that went through the scanner last, where it was begun in the material looked at."""
        slot, stack = self._slot(), self._draft.stack if self._draft else None
        return stack if slot and stack and stack.code == slot.code else None

    def _stream_pages(self, pages: Callable[[Draft, str, threading.Event], Iterable[Draft]]) -> None:
        draft, slot = self._draft, self._slot()
        if draft is None or slot is None or self._scanning_into:
            return
        if self._scan is not None:
            self._problem(Problem("ui.scanner_behind", Retry.AGAIN))
            return
        self.flush()
        code = slot.code
        self._scan = _Scan(draft.id, code)
        self._banner = BannerShown()

        def work(stop: threading.Event) -> Iterable[Draft]:
            return pages(draft, code, stop)

        self._tasks.stream("scan", work, self._scanned_page, self._scan_over, self._scan_failed)
        self._say()

    def stop(self) -> None:
        """Esc."""
        self._tasks.stop("scan")

    def _scanned_page(self, result: Draft) -> None:
        if self._scan is not None:
            self._scan = replace(self._scan, pages=self._scan.pages + 1)
        self._come_in(result)
        self._say_soon()
        self._want_pictures()

    def _scan_over(self) -> None:
        self._scan = None
        self._say()

    def _scan_failed(self, problem: Problem) -> None:
        self._scan_over()
        self._problem(problem)

    def rescan(self) -> None:
        """Ctrl+R: the next page from the scanner stands for this one."""
        slot, page = self._slot(), self._page()
        if slot and page and not self._scanning_into:
            code, key = slot.code, page.key
            feed = Source.FLATBED if self._feed is Source.FLATBED else Source.ADF
            self._working = say("正在重扫")
            self._deed("rescan", lambda draft: self._do.rescan_page(draft, code, key, feed), self._pages_changed)
            self._say()

    def open_camera(self) -> None:
        """F5: the document camera, inside the page; again where it went wrong."""
        if self._slot() is not None:
            self.flush()
            self._straighten = ""
            self.camera.open()

    def _photographed(self, sight: Sight) -> None:
        """What the camera took goes into the material under the cursor."""
        slot = self._slot()
        if slot is None:
            return
        code = slot.code

        def work(draft: Draft) -> Draft:
            return self._do.add_photograph(draft, code, sight.data, sight.media_type, sight.corners)

        known = frozenset(page.key for page in slot.pages)
        self._deed("photograph", work, lambda _: self._photograph_kept(code, known))

    def _photograph_kept(self, code: str, known: frozenset[str]) -> None:
        """The cursor goes to the page that has come, where it is in sight."""
        slot = self._slot()
        if slot is not None and slot.code == code:
            self._page_at = next((page.key for page in slot.pages if page.key not in known), self._page_at)
        self._pages_changed(None)

    def begin_straightening(self) -> None:
        """Ctrl+K: the corners of the page under the cursor."""
        page = self._page()
        if page is None or not page.media_type.startswith("image/"):
            return
        self._straighten, self._whole = page.key, ("", b"")
        chosen = page
        self._tasks.run(
            "whole", lambda: self._do.whole_picture(chosen, WHOLE_WIDTH), partial(self._heard_whole, page.key)
        )
        self._say()

    def _heard_whole(self, key: str, picture: bytes) -> None:
        self._whole = (key, picture)
        self._say()

    def straighten(self, corners: Corners | None) -> None:
        """The corners as they were put; None: the whole picture."""
        slot, key = self._slot(), self._straighten
        self.end_straightening()
        if slot and key:
            code = slot.code
            self._deed(
                "straighten", lambda draft: self._do.straighten_page(draft, code, key, corners), self._pages_changed
            )

    def end_straightening(self) -> None:
        self._straighten, self._whole = "", ("", b"")
        self._say()

    def rotate(self, turns: int) -> None:
        self._on_page("rotate", lambda draft, code, key: self._do.rotate_page(draft, code, key, turns))

    def toggle_hidden(self) -> None:
        """Ctrl+B."""
        page = self._page()
        if page is not None:
            hide = not page.hidden
            self._on_page("show", lambda draft, code, key: self._do.show_page(draft, code, key, hide))

    def _on_page(self, name: str, work: Callable[[Draft, str, str], Draft]) -> None:
        slot, page = self._slot(), self._page()
        if slot and page:
            code, key = slot.code, page.key
            self._deed(name, lambda draft: work(draft, code, key), self._pages_changed)

    def move_page(self, from_code: str, key: str, to_code: str, index: int) -> None:
        """Drag a page elsewhere; -1 is the end."""
        draft = self._draft
        if draft is None or (there := draft.material(to_code)) is None:
            return
        at = index if index >= 0 else len(there.pages)

        def work(d: Draft) -> Draft:
            return self._do.move_page(d, key, from_code, to_code, at)

        self._deed("move", work, self._pages_changed)

    def cut(self) -> None:
        """Ctrl+X: the page waits to be put down in another material."""
        slot, page = self._slot(), self._page()
        self._cut = (slot.code, page.key) if slot and page else None
        self._say()

    def paste(self) -> None:
        """Ctrl+V."""
        slot = self._slot()
        if self._cut and slot:
            (code, key), self._cut = self._cut, None
            self.move_page(code, key, slot.code, -1)

    def _pages_changed(self, _: Any) -> None:
        self._working = ""
        self._say()
        self._want_pictures()

    def toggle_verified(self) -> None:
        """Space, 已核对原件."""
        slot, clerk = self._slot(), self._clerk
        if slot and clerk and slot.pages:
            code, seen = slot.code, slot.verified is None
            self._deed("verify", lambda draft: self._do.verify_original(draft, code, clerk, seen))

    def toggle_returned(self) -> None:
        """已退还."""
        slot, clerk = self._slot(), self._clerk
        if slot and clerk and slot.pages:
            code, given = slot.code, slot.returned is None
            self._deed("return", lambda draft: self._do.returned(draft, code, clerk, given))

    def toggle_promise(self) -> None:
        """F8, 容缺: this material, or the first one that may be promised."""
        code = self._promisable()
        if code:
            self._deed("promise", lambda draft: self._do.promise(draft, code))

    def _promisable(self) -> str:
        """The material that F8 would promise: the one looked at, else the first that is missing."""
        rules = self._rules()
        slot = self._slot()
        slots = list(self._draft.materials if self._draft else ())
        if slot is not None and self._draft is not None and self._draft.step is Step.MATERIALS:
            slots.insert(0, slot)
        for at, one in enumerate(slots):
            rule = rules.get(one.code)
            asked_for = at == 0 or one.promised_until is None  # a promise is taken back where one looks at it
            if rule is not None and rule.promise_days is not None and not one.present and asked_for:
                return one.code
        return ""

    def print_form(self) -> None:
        """The application form, to be signed and scanned back."""
        clerk = self._clerk
        if clerk is not None and not self._printing_form:
            self.flush()
            self._printing_form = True
            self._deed("print form", lambda draft: self._do.print_form(draft, clerk), self._form_printed)
            self._say()

    def _form_printed(self, printed: Printed) -> None:
        self._printing_form = False
        if printed.problem is not None:
            self._problem(printed.problem)
        else:
            tone = "ok" if printed.outcome == "done" else "warn"
            title = say("申请表已打印") if tone == "ok" else say("申请表请看一下是否打出")
            self._banner = BannerShown(title, say("请申请人核对签字，签好后扫描，会自己归到这一项。"), tone)
        self._say()

    def print_separators(self) -> None:
        """分隔页: a sheet for each material, laid between them before the whole stack is scanned at once."""
        clerk = self._clerk
        if clerk is not None and not self._printing_form:
            self.flush()
            self._printing_form = True
            self._deed("print separators", lambda draft: self._do.print_separators(draft, clerk), self._separated)
            self._say()

    def _separated(self, printed: Printed) -> None:
        self._printing_form = False
        if printed.problem is not None:
            self._problem(printed.problem)
        else:
            tone = "ok" if printed.outcome == "done" else "warn"
            title = say("分隔页已打印") if tone == "ok" else say("分隔页请看一下是否打出")
            self._banner = BannerShown(title, say("每张放在那一项材料的前面，整叠放进扫描仪，按一次 F4。"), tone)
        self._say()

    def sign_form(self) -> None:
        """The application form, to be signed by the applicant on the pad or the second screen; again: not after all."""
        clerk = self._clerk
        if self._signing is not None:
            self.stop_signing()
        elif clerk is not None and not self._printing_form:
            self.flush()
            self._printing_form = True

            def work(draft: Draft) -> tuple[Draft, tuple[ToSign, QImage]]:
                draft, (form, picture) = self._do.form_to_sign(draft, clerk)
                return draft, (form, opened(picture))

            self._deed("form to sign", work, self._to_sign)
            self._say()

    def _to_sign(self, found: tuple[ToSign, QImage]) -> None:
        self._printing_form = False
        if self._away:
            return
        self._signing, picture = found
        self._banner = BannerShown()
        self.signing_wanted.emit(picture)
        self._say()

    def signed(self, ink: Ink, means: Means) -> None:
        """The applicant has signed."""
        form, clerk, self._signing = self._signing, self._clerk, None
        if form is not None and clerk is not None:
            self._material_at = form.code
            self._deed("sign", lambda draft: self._do.sign_form(draft, clerk, form, ink, means), self._was_signed)
            self._say()

    def _was_signed(self, _: Any) -> None:
        self._banner = BannerShown(say("申请表已签字"), say("签名和表上的内容绑在一起，改了内容要重新签。"), "ok")
        self._pages_changed(None)

    def signing_refused(self) -> None:
        """The applicant rather signs on paper."""
        if self._signing is not None:
            self._signing = None
            self._banner = BannerShown(
                say("申请人没有在屏幕上签"), say("可以打印申请表，签好后扫描，会自己归到这一项。"), "warn"
            )
            self._say()

    def stop_signing(self) -> None:
        """The form leaves the second screen unsigned."""
        if self._signing is not None:
            self._signing = None
            self.signing_over.emit()
            self._say()

    def toggle_library(self) -> None:
        """从共享库选."""
        slot, draft = self._slot(), self._draft
        self._library_open = not self._library_open
        if self._library_open and slot and draft:
            code = slot.code
            self._asked.run("library", lambda: self._do.library(draft, code), partial(self._heard_library, code))
        self._say()

    def _heard_library(self, code: str, items: tuple[LibraryItem, ...]) -> None:
        self._library_of, self._library = code, items
        self._say()

    def take_from_library(self, reference: str) -> None:
        item = next((one for one in self._library if one.reference == reference), None)
        code = self._library_of
        if item is not None:
            self._library_open = False
            self._deed("from library", lambda draft: self._do.from_library(draft, code, item), self._pages_changed)

    # --- review and the end ---------------------------------------------------------------------------------------

    def main(self) -> None:
        """F9: accept or receive, then print."""
        clerk = self._clerk
        if clerk is None or self._draft is None or self._working or self._taken is not None:
            return
        if self._scanning_into:
            self._problem(Problem("ui.busy_scanning", Retry.AFTER_FIX))
            return
        self.flush()
        self._end(lambda draft: self._do.take_in(draft, clerk))

    def confirm_clash(self) -> None:
        """Ctrl+H: the clerk has looked at the applicant's other open case and takes this one in all the same."""
        clerk = self._clerk
        if clerk is not None and self._draft is not None and self._taken is None:
            self._deed("clash", lambda draft: self._do.confirm_clash(draft, clerk))

    def refresh_cases(self) -> None:
        """Cases changed here or came from the server: one of them may clash with this one."""
        self._want_others(again=True)

    def _want_others(self, again: bool = False) -> None:
        """Look for the applicant's other open cases as soon as applicant and matter are known."""
        draft = self._draft
        if draft is None or self._taken is not None:
            return
        of = (draft.id, draft.matter, draft.applicant.number if draft.applicant else "")
        if again or of != self._others_of:
            if of != self._others_of:
                self._others_of, self._others = of, ()
            self._asked.ask_again("others", lambda: self._do.clashing(draft), partial(self._heard_others, of))

    def _heard_others(self, of: tuple[Any, ...], others: tuple[OtherCase, ...]) -> None:
        if of == self._others_of:
            self._others = others
            self._say()

    def give_delivery(self, delivery: str) -> None:
        chosen = Delivery(delivery)
        self._deed("delivery", lambda draft: self._do.with_delivery(draft, chosen))

    def write_supplement(self) -> None:
        """F7: everything that is missing is laid out to be told at once."""
        if self._draft is None or self._taken is not None:
            return
        said = self._panel()
        items = [
            ToldItem(MATERIAL + one.code, one.label, say("没有提交")) for one in said.missing if one.kind == "material"
        ] + [ToldItem(FIELD + one.code, one.label, say("没有填对")) for one in said.missing if one.kind == "field"]
        self.to_step("review")
        self._writing, self._items, self._review_wrong = "supplement", tuple(items), ""
        if self._catalogue is not None:
            self._until = self._catalogue.pack.calendar.add(self._do.today(), SUPPLEMENT_DAYS).isoformat()
        self._say()

    def write_decline(self) -> None:
        """F11."""
        if self._draft is not None and self._taken is None:
            self.to_step("review")
            self._writing, self._review_wrong, self._declining = "decline", "", ("", "", "")
            self._say()

    def end_writing(self) -> None:
        self._writing, self._review_wrong = "", ""
        self._say()

    def give_items(self, items: tuple[ToldItem, ...]) -> None:
        self._items = items
        self._say()

    def give_until(self, until: str) -> None:
        self._until = until

    def supplement(self, items: tuple[ToldItem, ...], until: str) -> None:
        """Tell everything at once."""
        self._items, self._until = items, until
        clerk = self._clerk
        if clerk is None:
            return
        last, wrong = read_supplement(items, until)
        if last is None:
            self._review_wrong = wrong
            self._say()
            return
        told = items_told(items)
        self._end(lambda draft: self._do.ask_supplement(draft, clerk, told, last))

    def type_decline(self, ground: str, reason: str, organ: str) -> None:
        """What stands in the fields: it is there again after the screen was locked."""
        self._declining = (ground, reason, organ)

    def decline(self, ground: str, reason: str, organ: str) -> None:
        """不予受理."""
        clerk = self._clerk
        wrong = read_refusal(ground, reason, organ)
        self._review_wrong = wrong
        if wrong or clerk is None:
            self._say()
            return
        self._end(lambda draft: self._do.decline(draft, clerk, Ground(ground), reason.strip(), organ.strip()))

    def _end(self, work: Callable[[Draft], TakenIn]) -> None:
        draft, clerk = self._draft, self._clerk
        if draft is None or clerk is None or self._switching:
            return
        self.camera.close()
        self._working = say("正在办理")
        self._panel_kept = self.state.panel
        self._add(_Deed("end", work, partial(self._heard_taken, clerk), of=draft.id, ends=True))
        self._say()

    def _heard_taken(self, clerk: Clerk, taken: TakenIn) -> None:
        self._working, self._writing = "", ""
        self._banner = BannerShown()
        self._taken = taken
        self._paper_at = taken.papers[0].value if taken.papers else ""
        self._papers = {kind.value: PaperShown(kind.value, say(PAPER_NAMES[kind.value])) for kind in taken.papers}
        self.took_in.emit(taken.case.id)
        self._print(tuple(self._papers), clerk, copy=False)
        self.refresh_drafts()

    def look_at_paper(self, kind: str) -> None:
        self._paper_at = kind
        self._say()
        self._want_paper()

    def reprint(self, kind: str) -> None:
        """Again: as a copy, unless the first one never came out."""
        clerk = self._clerk
        if clerk is not None and kind in self._papers:
            self._print((kind,), clerk, copy=self._papers[kind].outcome not in ("failed", "waiting"))

    def _print(self, kinds: tuple[str, ...], clerk: Clerk, copy: bool) -> None:
        taken = self._taken
        if taken is None:
            return
        for kind in kinds:
            self._papers[kind] = replace(self._papers[kind], outcome="printing", words="")
        asked = tuple(kind for kind in taken.papers if kind.value in kinds)
        case = taken.case

        def work() -> tuple[Printed, ...]:
            return self._do.print_papers(case.id, asked, clerk, copy)

        name = f"print {case.id} {kinds}"  # several may be under way, and each is heard
        self._tasks.run(name, work, partial(self._printed, case, kinds), partial(self._not_printed, case, kinds))
        self._say()

    def _is_left(self, case: Case, problem: Problem | None, unconfirmed: bool = False) -> bool:
        """Whether the next person is there already; a paper of the case before is spoken of if somebody must look."""
        if self._taken is not None and self._taken.case.id == case.id:
            return False
        if problem is not None:
            words = words_for(problem, self._language())
            title = say("{number} 的纸件没有打出：{why}", number=case.number, why=words.title)
            self._banner = BannerShown(title, say("到“今日”里可以再打印。"), "bad")
        elif unconfirmed:
            title = say("{number} 的纸件请看一下是否打出", number=case.number)
            self._banner = BannerShown(title, say("打印机没有回话。没有打出，可以在办件里再打一份副本。"), "warn")
        self._say()
        return True

    def _printed(self, case: Case, kinds: tuple[str, ...], printed: tuple[Printed, ...]) -> None:
        problem = next((one.problem for one in printed if one.problem is not None), None)
        if self._is_left(case, problem, any(one.outcome == "unconfirmed" for one in printed)):
            return
        # A receipt may have come out on A4 instead of the roll: by place, not by kind.
        for kind, one in zip(kinds, printed, strict=False):
            words = ""
            if one.problem is not None:
                told = words_for(one.problem, self._language())
                words = f"{told.title}。{told.remedy}"
            elif one.outcome == "unconfirmed":
                words = say("打印机没有回话。没有打出就按 Ctrl+P 再打一份，会印上“副本”。")
            self._papers[kind] = replace(self._papers[kind], outcome=one.outcome, words=words, number=one.paper_number)
        self._say()
        self._want_paper()

    def _not_printed(self, case: Case, kinds: tuple[str, ...], problem: Problem) -> None:
        if self._is_left(case, problem):
            return
        told = words_for(problem, self._language())
        for kind in kinds:
            self._papers[kind] = replace(self._papers[kind], outcome="failed", words=f"{told.title}。{told.remedy}")
        self._say()
        self._want_paper()

    def _want_paper(self) -> None:
        taken, clerk, at = self._taken, self._clerk, self._paper_at
        kind = next((one for one in taken.papers if one.value == at), None) if taken else None
        if taken is None or clerk is None or kind is None or self._paper_picture[0] == at:
            return
        case_id, chosen = taken.case.id, kind

        def work() -> QImage:
            return opened(self._do.paper_png(case_id, chosen, clerk))

        self._asked.run("paper", work, partial(self._heard_paper, at), lambda _: None)

    def _heard_paper(self, kind: str, picture: QImage) -> None:
        self._paper_picture = (kind, picture)
        self._say()

    # --- deeds, one after another ---------------------------------------------------------------------------------

    def _deed(self, name: str, work: Callable[[Draft], Any], then: Callable[[Any], None] | None = None) -> None:
        """Queue a deed on the draft on the screen. One that waits under the same name is replaced if it can be."""
        draft = self._draft
        if draft is None:
            return
        waits = self._queue[-1] if self._queue else None
        if name in ("answers", "step") and waits is not None and (waits.name, waits.of) == (name, draft.id):
            self._queue.pop()
        self._add(_Deed(name, work, then, of=draft.id))

    def _switch(self, name: str, work: Callable[[], Draft]) -> None:
        """Another draft comes onto the screen, after what is still to be done to this one."""
        self.camera.close()  # what it sees from now on belongs to nobody
        if self._reading == "reading" or self._asked.is_busy("document page"):
            words = words_for(Problem("ui.document_dropped", Retry.AGAIN), self._language())
            self._carried = BannerShown(words.title, words.remedy, "warn")
        self._stop_reading()
        self._asked.drop("document page")
        self._add(_Deed(name, lambda _: work(), self._take_up, ends=True))

    def _add(self, deed: _Deed) -> None:
        self._queue.append(deed)
        self._next_deed()

    def _next_deed(self) -> None:
        if self._running is not None or not self._queue:
            return
        deed = self._running = self._queue.pop(0)
        here = self._draft if self._is_here(deed) else None
        over = self._over = threading.Event()

        def work() -> Any:
            try:
                base = self._do.stored(deed.of) if here is None and deed.of else here
                return deed.work(base)  # type: ignore[arg-type]  # None only for what begins a draft
            finally:
                over.set()

        self._tasks.run("deed", work, partial(self._done, deed), partial(self._undone, deed))

    def _is_here(self, deed: _Deed) -> bool:
        """Whether the deed's draft is on the screen."""
        return self._draft is not None and self._draft.id == deed.of

    def _done(self, deed: _Deed, result: Any) -> None:
        self._running = None
        more = result
        if not deed.ends:
            draft, more = result if isinstance(result, tuple) else (result, None)
            self._come_in(draft)
        if not deed.of or self._is_here(deed):
            self._saved_words = self._saved_words if deed.ends else say("已保存")
            if deed.then is not None:
                deed.then(more)
        self._next_deed()
        self._say()

    def _undone(self, deed: _Deed, problem: Problem) -> None:
        self._running = None
        if self._is_here(deed):
            self._working = ""
            self._printing_form = False
            if deed.name == "manual" and problem.code.startswith(("identity.", "idcard.", "manual.")):
                self._manual_wrong = {"number": words_for(problem, self._language()).title}
            if problem.code == "intake.page_came":  # it is to be seen before F9 is pressed again
                self._queue.insert(0, _Deed("stored", lambda _: self._do.stored(deed.of), of=deed.of))
        if deed.name != "park" or problem.code != "draft.gone":  # it became a case meanwhile: nothing is left to park
            self._problem(problem)
        self._next_deed()
        self._await_card()

    def _come_in(self, result: Draft) -> None:
        """A draft came back: the newest that was stored is shown. The step is where the clerk went meanwhile."""
        mine = self._draft
        if mine is None or mine.id != result.id or result.revision < mine.revision:
            return
        steps = (deed for deed in (self._running, *self._queue) if deed is not None and deed.name == "step")
        on_the_way = any(deed.of == mine.id for deed in steps)
        self._draft = result.model_copy(update={"step": mine.step}) if on_the_way else result
        self._want_others()

    def _take_up(self, draft: Draft) -> None:
        """A draft begins or comes back."""
        self.flush()  # what was typed into the one before while this one was on its way
        self._between = False
        behalf = self._behalf
        self._clear_printers()
        self._forget()
        self._draft = draft
        self._want_others()
        self._tell_drafts()
        if draft.applicant is not None and draft.tie is not Tie.SELF:
            self._behalf = "legal" if isinstance(draft.applicant, LegalPerson) else "person"
            self._applicant = wording.applicant_fields(draft.applicant)
        elif draft.tie is not Tie.SELF:
            self._behalf = behalf if behalf != "self" else "person"  # the next of a run
        self._tie = draft.tie
        self._matter_at = draft.matter[0] if draft.matter else ""
        if self._catalogue is None:
            self.refresh()
        self.refresh_drafts()
        if draft.step is Step.MATTER:
            self.search("")
        self._say()
        self._await_card()
        self._want_pictures()

    def _problem(self, problem: Problem) -> None:
        words = words_for(problem, self._language())
        if words.loud != "quiet":
            self._banner = BannerShown(words.title, words.remedy, "warn" if problem.retry is Retry.AGAIN else "bad")
            if self._switching:
                self._carried = self._banner
        self._say()

    def _heard_catalogue(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        tree = catalogue.tree
        self._areas = tuple((code, tree.path_name(code)) for code in sorted(tree.by_code))
        self._say()

    def _heard_drafts(self, drafts: tuple[DraftSummary, ...]) -> None:
        self._drafts = drafts
        self._tell_drafts()
        self._say()

    def _tell_drafts(self) -> None:
        """The list changes with the store, and with which draft is open."""
        now = self.drafts()
        if now != self._told_drafts:
            self._told_drafts = now
            self.drafts_changed.emit(now)

    def drafts(self) -> tuple[DraftSummary, ...]:
        """The unfinished drafts other than the one that is open."""
        here = self._draft.id if self._draft else ""
        return tuple(one for one in self._drafts if one.id != here)

    # --- pictures of pages ----------------------------------------------------------------------------------------

    def _want_pictures(self) -> None:
        slot = self._slot()
        if slot is None or self._draft is None or self._draft.step is not Step.MATERIALS:
            return
        pages = [page for page in slot.pages if _look(page) not in self._pictures]
        if pages:

            def work(stop: threading.Event) -> Iterable[tuple[tuple[Any, ...], QImage]]:
                for page in pages:
                    if stop.is_set():
                        return
                    yield _look(page), opened(self._do.thumbnail(page))

            self._asked.stream("pictures", work, self._heard_picture, lambda: None)
        self._want_preview()

    def _heard_picture(self, told: tuple[tuple[Any, ...], QImage]) -> None:
        self._pictures[told[0]] = told[1]
        self._say_soon()

    def _want_preview(self) -> None:
        page = self._page()
        if page is None:
            return
        key = (*_look(page), self._preview_width)
        if self._preview is not None and self._preview[0] == key:
            return
        chosen, width = page, self._preview_width
        self._asked.run("preview", lambda: opened(self._do.preview(chosen, width)), partial(self._heard_preview, key))

    def _heard_preview(self, key: tuple[Any, ...], picture: QImage) -> None:
        self._preview = (key, picture)
        self._say_soon()

    def _slot(self) -> CaseMaterial | None:
        """The material under the cursor; the first one until somebody moves it."""
        if self._draft is None or not self._draft.materials:
            return None
        return self._draft.material(self._material_at) or self._draft.materials[0]

    def _page(self) -> Page | None:
        slot = self._slot()
        if slot is None or not slot.pages:
            return None
        shown = next((page for page in slot.pages if page.key == self._page_at), None)
        return shown or next((page for page in slot.pages if not page.hidden), slot.pages[0])

    def _rules(self) -> dict[str, MaterialRule]:
        draft, catalogue = self._draft, self._catalogue
        if draft is None or catalogue is None or (parties := draft.parties) is None:
            return {}
        matter, answers = matter_of(draft, catalogue), self._answers()
        said = (matter, parties, answers)
        if self._rules_of[0] != said:  # a page that comes in changes nothing of it
            rules = wanted(matter, parties, answers) if matter else ()
            self._rules_of = (said, {rule.code: rule for rule in rules})
        return self._rules_of[1]

    # --- the state ------------------------------------------------------------------------------------------------

    def _panel(self) -> Panel:
        assert self._draft is not None and self._catalogue is not None
        minute = time.monotonic() // 60  # the day may have changed
        said = (self._draft, self._answers(), self._catalogue.pack.version, minute, self._others)
        kept = self._panel_of[1] if self._panel_of[0] == said else None  # a picture that comes changes nothing of it
        if kept is None:
            draft = self._draft.model_copy(update={"answers": self._answers()}) if self._typed else self._draft
            kept = panel(draft, self._catalogue, self._do.node, self._do.today(), self._others)
            self._panel_of = (said, kept)
        return kept

    def _say_soon(self) -> None:
        """Once for all that comes in one turn of the event loop: pages and pictures come faster than they are drawn."""
        if not self._soon.isActive():
            self._soon.start()

    def _say(self) -> None:
        self._soon.stop()
        state = self._made()
        if state != self.state:
            self.state = state
            self.changed.emit(state)

    def _made(self) -> IntakeState:
        draft, catalogue = self._draft, self._catalogue
        if self._away or self._between:
            return IntakeState(step=self.state.step, hidden=True)
        if draft is None or catalogue is None or self._clerk is None:
            return IntakeState(banner=self._banner)
        if self._taken is not None:
            return self._made_receipt(self._taken)
        said = self._panel()
        matter = matter_of(draft, catalogue)
        missing = tuple(wording.missing(one) for one in said.missing)
        steps_missing = {one.step for one in missing}
        reached = {"identity": True, "matter": True, "form": matter is not None, "review": matter is not None}
        reached["materials"] = matter is not None and draft.parties is not None
        seen = {"identity": draft.handler is not None, "matter": matter is not None}
        steps = tuple(
            replace(
                step,
                done=step.key not in steps_missing
                and step.key not in ("review", "receipt")
                and bool(reached.get(step.key))
                and seen.get(step.key, True),
                open=bool(reached.get(step.key)),
            )
            for step in STEPS
        )
        action = main_action(draft, catalogue, self._do.node) or ""
        why = say("正在扫描，扫完再办") if self._scanning_into else ""
        known = draft.parties is not None and draft.identity is not None and draft.identity.confirmed_at is not None
        supplements = bool(draft.of_case)
        state = IntakeState(
            whose=draft.id,
            step=draft.step.value,
            steps=steps,
            panel=wording.panel(said, draft, self._names, self._photo),
            banner=self._banner,
            main="supplement" if supplements and action else action,
            main_ready=bool(action) and not missing and not self._scanning_into,
            why_not=why,
            can_supplement=known and bool(action) and not supplements,
            can_promise=bool(self._promisable()),
            can_decline=known and action == "accept" and not supplements,
            can_park=draft.handler is not None or draft.matter is not None,
            working=self._working,
            printing_form=self._printing_form,
        )
        match draft.step:
            case Step.IDENTITY:
                return replace(state, identity=self._made_identity(draft))
            case Step.MATTER:
                return replace(state, matter=self._made_matter(draft, catalogue))
            case Step.FORM:
                return replace(state, form=self._made_form(matter))
            case Step.MATERIALS:
                return replace(state, materials=self._made_materials(draft))
            case _:
                return replace(state, review=self._made_review(draft, matter, said, state.panel))

    def _made_identity(self, draft: Draft) -> IdentityState:
        shown = None
        if draft.handler is not None:
            shown = wording.person(draft.handler, draft.identity, self._photo, self._do.today())
        ties = tuple((tie.value, say(wording.TIES[tie])) for tie in wording.TIES_OF[self._behalf])
        confirmed = wording.confirmed(draft.identity, self._names)
        return IdentityState(
            reading=self._reading,
            reader_words=self._reader_words,
            not_ready=self._not_ready,
            person=shown,
            confirmed=confirmed,
            behalf=self._behalf,
            tie=self._tie.value,
            ties=ties,
            applicant=dict(self._applicant),
            wrong={**self._applicant_wrong, **({"phone": self._phone_wrong} if self._phone_wrong else {})},
            phone=self._phone_typed or draft.phone,
            manual_open=self._manual_open,
            manual=dict(self._manual),
            manual_documents=tuple((one.value, say(wording.DOCUMENTS[one])) for one in wording.MANUAL_DOCUMENTS),
            manual_wrong=dict(self._manual_wrong),
            manual_page=self._manual_page is not None,
            has_other=self._do.can_read_other(),
            other_open=self._other_open,
            other=dict(self._other),
            other_wrong=dict(self._other_wrong),
            parked=self.draft_lines(),
            can_go_on=bool(confirmed) and draft.applicant is not None,
        )

    def draft_lines(self) -> tuple[Line, ...]:
        """The other unfinished drafts as lines."""
        lines = []
        for one in self.drafts():
            step = say(next(step.words for step in STEPS if step.key == one.step))
            sub = " · ".join(part for part in (one.applicant, say("停在{step}", step=step)) if part)
            pill, tone = (say("挂起"), "warn") if one.parked else (say("未办完"), "info")
            lines.append(Line(one.id, one.title or say("还没选事项"), sub, pill, tone))
        return tuple(lines)

    def _made_matter(self, draft: Draft, catalogue: Catalogue) -> MatterState:
        lines = []
        for at, hit in enumerate(self._hits):
            head = (say("找到") if self._search.strip() else say("最近和常用")) if at == 0 else ""
            lines.append(wording.hit_line(hit, catalogue, self._do.node, head))
        chosen = draft.matter[0] if draft.matter else ""
        looked_at = catalogue.find_matter(self._matter_at) if self._matter_at else None
        found = routing(draft, catalogue, self._do.node)
        candidates = []
        routed = ""
        for key, offering in self._offerings().items():
            department = catalogue.department(offering.department)
            area = catalogue.tree.path_name(offering.area)
            picked = draft.route is not None and draft.route.department == offering.department
            routed = key if picked else routed
            pill = say("已选") if picked else ""
            candidates.append(Line(key, department.name, say("管辖 {area}", area=area), pill, "ok" if picked else ""))
        return MatterState(
            text=self._search,
            lines=tuple(lines),
            current=self._matter_at,
            guide=wording.guide(looked_at, catalogue, self._do.node) if looked_at else None,
            chosen=chosen,
            candidates=tuple(candidates) if chosen and len(candidates) > 1 else (),
            routed=routed,
            routing_words=say("“{value}”不能定出一个办理机关，请选一个。选择会记在办件上。", value=found.value)
            if found.value
            else say("还不知道该由哪里办，请选一个。选择会记在办件上。"),
        )

    def _made_form(self, matter: Matter | None) -> FormState:
        if matter is None or self._draft is None:
            return FormState()
        answers, language = self._answers(), self._language()
        shown, wrong = visible(matter.form, answers), self._mistakes(matter)
        sections: list[tuple[str, list[FormField]]] = []
        for control in fields(matter.form):
            title = control.section_en if language == "en" and control.section_en else control.section
            if not sections or sections[-1][0] != title:
                sections.append((title, []))
            sections[-1][1].append(control)
        answered = {}
        for _, controls in sections:
            for control in controls:
                mistake = wrong.get(control.name)
                told = mistake is not None and (control.name in self._touched)
                source = self._draft.sources.get(control.name, "") if control.name not in self._typed else ""
                offered = self._draft.conflicts.get(control.name, ())
                settled = control.name in self._draft.own or control.name in self._typed
                caution = "" if settled else wording.offered_words(offered)
                answered[control.name] = Answered(
                    answers.get(control.name),
                    wording.mistake_words(mistake, control) if told and mistake else "",
                    wording.source_words(source),
                    caution,
                    control.name in shown,
                )
        return FormState(
            form=f"{matter.code}/{matter.version}/{language}",
            sections=tuple(
                SectionShown(title or say("表单"), tuple(wording.asked(one, self._areas, language) for one in controls))
                for title, controls in sections
            ),
            answers=answered,
            missing=len(wrong),
            saved="" if self._typed else self._saved_words,
        )

    def _made_materials(self, draft: Draft) -> MaterialsState:
        rules, slot, page = self._rules(), self._slot(), self._page()
        lines = []
        for one in draft.materials:
            count = sum(1 for p in one.pages)
            words = say("扫描中 {count} 面", count=count) if one.code == self._scanning_into else ""
            lines.append(wording.material_line(one, rules.get(one.code), words, self._names))
        there = sum(one.present for one in draft.materials)
        can_scan, stack = self._do.can_scan(), self._stack_here()
        resumes = stack is not None and bool(stack.following) and stack.source == self._feed
        scan = self._scan if self._scanning_into else None
        state = MaterialsState(
            lines=tuple(lines),
            summary=say("{count} 项 · 已齐 {there}", count=len(draft.materials), there=there),
            scanning=wording.scanning(scan.pages) if scan else "",
            feed=wording.FEEDS[self._feed],
            resumes=say("接第 {n} 页", n=stack.following) if stack and resumes else "",
            can_backs=stack is not None and stack.wants_backs,
            scanning_into=self._scanning_into,
            can_scan=can_scan,
            scan_words=wording.scan_advice(stack) if can_scan else say("没有选扫描仪，请到“设备”里选。"),
            can_photograph=self._do.can_photograph(),
            camera_open=self.camera.is_open,
            printing=self._printing_form,
            signing=self._signing is not None,
        )
        if slot is None:
            return state
        rule = rules.get(slot.code)
        needs = " ".join(
            part for part in ((wording.rule_words(rule) + "。") if rule else "", rule.note if rule else "") if part
        )
        fronts, backs = slot.sides
        pages = tuple(
            wording.page_shown(one, at, self._pictures.get(_look(one))) for at, one in enumerate(slot.pages, 1)
        )
        stale = rule is not None and rule.is_application_form and self._do.form_is_stale(draft)
        preview = None
        if page is not None and self._preview is not None and self._preview[0] == (*_look(page), self._preview_width):
            preview = self._preview[1]
        seen, back = slot.verified, slot.returned
        on_pad = slot.signed if slot.present and not stale else None
        library = tuple(
            Line(
                item.reference,
                item.material.name,
                " · ".join(
                    (f"{item.collected_at:%Y-%m-%d}", say("{count} 页", count=len(item.material.pages)), item.reference)
                ),
                say("可信 {trust}", trust=item.material.trust.value),
                "ok",
            )
            for item in (self._library if self._library_of == slot.code else ())
        )
        return replace(
            state,
            current=slot.code,
            title=slot.name,
            needs=say("表单改过，请重新打印申请表、重新签字。") if stale else needs,
            sides=say("{fronts} 正 / {backs} 反", fronts=fronts, backs=backs) if slot.pages else "",
            pages=pages,
            page=page.key if page else "",
            preview=preview,
            preview_words=say("正在打开") if page is not None and preview is None else "",
            verified=wording.seen_words("已核对原件", seen.at, self._names.get(seen.by, "")) if seen else "",
            signed=say("屏幕签字 {time}", time=wording.clock(on_pad.at)) if on_pad else "",
            returned=wording.seen_words("已退还", back.at, self._names.get(back.by, "")) if back else "",
            can_promise=rule is not None and rule.promise_days is not None,
            promised=say("已容缺，最迟 {day} 补交", day=wording.day(slot.promised_until))
            if slot.promised_until
            else "",
            is_application_form=rule is not None and rule.is_application_form,
            form_printed=draft.form_digest,
            can_straighten=page is not None and (page.corners is not None or slot.source is Origin.CAMERA),
            straighten=self._made_straighten(slot),
            library=library,
            library_open=self._library_open,
            held=say("有 1 页等着放下：到要去的材料上按 Ctrl+V") if self._cut else "",
        )

    def _made_straighten(self, slot: CaseMaterial) -> StraightenShown | None:
        for at, page in enumerate(slot.pages, 1):
            if page.key == self._straighten:
                picture = self._whole[1] if self._whole[0] == page.key else b""
                title = say("四角 · {material} 第 {number} 页", material=slot.name, number=at)
                return StraightenShown(page.key, title, picture, page.corners)
        return None

    def _made_review(self, draft: Draft, matter: Matter | None, said: Panel, shown: PanelState) -> ReviewState:
        people = [(say("申请人"), said.applicant), (say("证件号码"), shown.applicant_masked)]
        if draft.tie is not Tie.SELF:
            people += [(say("经办人"), f"{said.handler}（{shown.tie}）"), (say("经办证件"), shown.handler_masked)]
        people += [(say("人证一致"), shown.confirmed), (say("联系电话"), draft.phone)]
        about = [
            (say("事项"), said.matter),
            (say("办理机关"), said.decided_by),
            (say("受理权"), shown.power),
            (say("承诺时限"), shown.promised),
            (say("法定时限"), shown.legal),
            (say("费用"), shown.fee),
        ]
        answers: list[tuple[str, str]] = []
        deliveries: tuple[tuple[str, str], ...] = ()
        if matter is not None:
            given = self._answers()
            seen = visible(matter.form, given)
            answers = [
                (control.label, self._answer_words(control, given.get(control.name)))
                for control in fields(matter.form)
                if control.name in seen
            ]
            deliveries = tuple((one.value, say(wording.DELIVERIES[one])) for one in matter.deliveries)
        rules = self._rules()
        materials = tuple(wording.material_line(one, rules.get(one.code), "", self._names) for one in draft.materials)
        return ReviewState(
            people=tuple(people),
            matter=tuple(about),
            answers=tuple(answers),
            materials=materials,
            missing=shown.missing,
            deliveries=deliveries,
            delivery=draft.delivery.value,
            writing=self._writing,
            supplement=self._made_supplement(draft, matter, materials),
            refusal=RefusalShown(
                writing=f"{draft.id}/{self._language()}/{self._writing}",
                grounds=tuple((ground.value, say(words)) for ground, words in GROUNDS.items()),
                ground=self._declining[0],
                reason=self._declining[1],
                organ=self._declining[2],
                remedies=say(REMEDIES),
                wrong=self._review_wrong,
                working=bool(self._working),
            ),
        )

    def _made_supplement(self, draft: Draft, matter: Matter | None, materials: tuple[Line, ...]) -> SupplementShown:
        choices = [replace(line, key=MATERIAL + line.key, pill="", tone="") for line in materials]
        if choices:
            choices[0] = replace(choices[0], head=say("材料"))
        if matter is not None:
            choices += field_choices(matter.form, self._answers(), dict(self._areas), self._language())
        return SupplementShown(
            writing=f"{draft.id}/{self._language()}/{self._writing}",
            choices=tuple(choices) if self._writing == "supplement" else (),
            items=self._items,
            until=self._until,
            wrong=self._review_wrong,
            working=bool(self._working),
        )

    def _answer_words(self, control: FormField, value: Any) -> str:
        """An answer as it is read."""
        labels = dict(self._areas if control.kind == "area" else control.choices)
        if value in (None, "", []):
            return ""
        if isinstance(value, bool):
            return say("是") if value else say("否")
        if isinstance(value, list):
            return "、".join(labels.get(str(one), str(one)) for one in value)
        words = labels.get(str(value), str(value))
        if control.format in ("cn-id-number",):
            words = masked(words)
        return f"{words} {control.unit}".strip()

    def _made_receipt(self, taken: TakenIn) -> IntakeState:
        case = taken.case
        heads = {"received": "已收件", "accepted": "已受理", "to_supplement": "已告知补正", "declined": "不予受理"}
        receipt = ReceiptState(
            number=case.number,
            headline=say(heads.get(case.state.value, "已办理")),
            advice=self._advice(case),
            kept_words=say("已存在本机，会自动上报。"),
            papers=tuple(self._papers.values()),
            current=self._paper_at,
            preview=self._paper_picture[1] if self._paper_picture[0] == self._paper_at else None,
            preview_words=say("正在打开"),
            printing=any(paper.outcome == "printing" for paper in self._papers.values()),
            agent=case.parties.handler.shown_name if self._agent_asked(case) else "",
            agent_kept=case.parties.handler.number == self._agent,
        )
        steps = tuple(replace(step, done=True, open=False) for step in STEPS)
        kept = replace(self._panel_kept or PanelState(), missing=(), begun=False)
        return IntakeState(whose=case.id, step="receipt", steps=steps, receipt=receipt, panel=kept, banner=self._banner)

    def _advice(self, case: Case) -> str:
        """What the clerk tells the person."""
        shown = self._panel_kept or PanelState()
        if case.state.value == "accepted":
            matter = self._catalogue.find_matter(case.matter, case.matter_version) if self._catalogue else None
            if matter is not None and matter.limits.immediate:
                return say("请告诉申请人：这是即办件，当场办结。")
            return say("请告诉申请人：承诺 {promised} 前办结。", promised=shown.promised)
        if case.state.value == "received" and self._catalogue is not None:
            by = deemed_accepted_on(self._do.today(), self._catalogue.pack.calendar)
            return say(
                "请告诉申请人：{organ}最迟 {day} 答复是否受理；凭这个号码或凭条上的二维码查进度。",
                organ=shown.decided_by,
                day=wording.day(by),
            )
        if case.state.value == "to_supplement" and case.asked is not None and case.asked.until is not None:
            return say("请申请人在 {day} 前补齐，材料齐了才开始计时。", day=wording.day(case.asked.until))
        return say("请把通知书交给申请人。")


def _look(page: Page) -> tuple[Any, ...]:
    """What a picture of a page depends on."""
    return page.key, page.rotation, page.skew, page.crop, page.corners
