"""Step 1, 身份: who stands at the window. A card that is read, another card, or typed by hand; then 人证一致."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.flow.draft import Draft, Step
from app.people.other_cards import MachineLines, OtherCard
from contract.person import Tie, id_number_fault
from contract.problem import Problem
from devices.idcard import IdentityDocument
from ui.case_words import TIES
from ui.pages.intake import wording
from ui.pages.intake.applicant_model import ApplicantModel
from ui.pages.intake.deeds import IntakeDeeds
from ui.pages.intake.identity import IdentityState
from ui.pages.intake.identity_forms import OTHER
from ui.pages.intake.in_hand import InHand
from ui.widgets.banner import BannerShown
from ui.widgets.lines import Line
from ui.words import say


@dataclass(repr=False, slots=True)
class _Visit:
    """What one person showed and what was typed of them."""

    reading: str = "idle"  # idle, waiting, reading
    reader_words: str = ""
    photo: wording.Photo = field(default_factory=wording.Photo)
    manual_open: bool = False
    manual: dict[str, str] = field(default_factory=dict)
    manual_wrong: dict[str, str] = field(default_factory=dict)
    manual_page: bytes | None = None
    other_open: bool = False
    other: dict[str, str] = field(default_factory=dict)
    other_wrong: dict[str, str] = field(default_factory=dict)
    lines: MachineLines = field(default_factory=MachineLines)


class IdentityModel(QObject):
    """Reads one document at a time. For whom the person comes is its `applicant`.

    Signals:
        identified: Somebody stands in the draft now.
    """

    identified = Signal()

    def __init__(self, in_hand: InHand, deeds: IntakeDeeds) -> None:
        super().__init__(in_hand)
        self._in_hand, self._do = in_hand, deeds
        self.applicant = ApplicantModel(in_hand, deeds)
        self._shown = False
        self._not_ready: tuple[str, ...] = ()
        self._visit = _Visit()
        in_hand.undone.connect(self.await_card)

    @property
    def photo(self) -> wording.Photo:
        """The picture on the chip of the document that was read."""
        return self._visit.photo

    def take_up(self, draft: Draft) -> None:
        """Another draft is on the screen."""
        self._visit = _Visit()
        self.applicant.take_up(draft)

    def show(self, shown: bool) -> None:
        """Whether the page is looked at: a card is awaited only then."""
        self._shown = shown
        if shown:
            self.await_card()
        else:
            self.stop_reading()

    def hear_devices(self, not_ready: tuple[str, ...]) -> None:
        """Which devices are not in order: said before a person's matter is begun (F19)."""
        if not_ready != self._not_ready:
            self._not_ready = not_ready
            self._in_hand.tell()

    def let_go(self) -> bool:
        """Another person comes: nothing more is heard of this one's card and papers. Returns whether any was read."""
        under_way = self._visit.reading == "reading" or self._in_hand.asks.is_busy("document page")
        self.stop_reading()
        self._in_hand.asks.drop("document page")
        return under_way

    # --- a card that is read --------------------------------------------------------------------------------------

    def read_card(self) -> None:
        """F2."""
        if not self._may_read():
            return
        here = self._visit
        here.manual_open = here.other_open = False
        here.reading, here.reader_words = "reading", ""
        if self._in_hand.asks.is_busy("card"):
            self._in_hand.asks.stop("card")  # perhaps it reads this very moment: then that is the reading
        else:
            self._read_now()
        self._in_hand.tell()

    def _may_read(self) -> bool:
        return self._in_hand.draft is not None and self._visit.reading != "reading" and not self._in_hand.switching

    def _read_now(self) -> None:
        self._in_hand.asks.run("card", self._do.read_card, self._heard_document, self._no_card)

    def await_card(self) -> None:
        """A card that is put down is read without a key, while nobody stands in the draft yet."""
        draft, here = self._in_hand.draft, self._visit
        typing = here.manual_open or here.other_open
        free = draft is not None and draft.handler is None and draft.step is Step.IDENTITY and not typing
        if not (self._shown and free and self._in_hand.clerk) or self._in_hand.switching:
            return
        if here.reading != "idle" or here.reader_words:
            return
        here.reading = "waiting"

        def wait(stop: threading.Event) -> Iterable[IdentityDocument]:
            yield self._do.wait_card(stop)

        self._in_hand.asks.stream("card", wait, self._heard_document, lambda: None, self._waited)
        self._in_hand.tell()

    def _waited(self, problem: Problem) -> None:
        """The wait for a card is over without one: F2 has ended it, or its time."""
        if self._visit.reading == "reading":
            self._read_now()
        else:
            self._no_card(problem)

    def stop_reading(self) -> None:
        """No card is awaited or read any more."""
        self._in_hand.asks.drop("card")
        self._visit.reading = "idle"

    def _heard_document(self, document: IdentityDocument) -> None:
        self._visit.reading, self._visit.reader_words = "idle", ""
        self._visit.manual_open = False
        draft, agent = self._in_hand.draft, self._in_hand.agent
        is_agent = draft is not None and draft.handler is not None and draft.handler.number == agent
        if is_agent and draft is not None and draft.tie is not Tie.SELF and document.number != agent:
            # The agent stands there already: this is the card of whom they come for.
            self._in_hand.deed("represented", lambda d: self._do.with_represented(d, document), self._represented)
        else:
            self._with_document(document, lambda: self._do.card_photo(document))
        self._in_hand.tell()

    def _represented(self, _: Any) -> None:
        draft = self._in_hand.draft
        if draft is not None and draft.applicant is not None:
            self.applicant.show(draft.applicant)
        self._identified()

    def _with_document(self, document: IdentityDocument, photo: Callable[[], bytes] | None) -> None:
        """Who stands here; then, where there is one, the picture on the chip."""
        self._visit.photo = wording.Photo()

        def identified(_: Any) -> None:
            self._identified()
            if photo is not None:
                self._want_photo(photo)

        self._in_hand.deed("document", lambda d: self._do.with_document(d, document), identified)

    def _identified(self) -> None:
        self._in_hand.visit.banner = BannerShown()
        self.identified.emit()

    def _want_photo(self, fetch: Callable[[], bytes]) -> None:
        """The picture on the chip; where there is none to see, that is said in its place."""

        def heard(picture: bytes) -> None:
            self._visit.photo = wording.Photo(picture)
            self._in_hand.tell()

        def none(problem: Problem) -> None:
            self._visit.photo = wording.Photo(unseen=True)
            self._in_hand.tell()

        self._in_hand.asks.run("photo", fetch, heard, none)

    def _no_card(self, problem: Problem) -> None:
        was, self._visit.reading = self._visit.reading, "idle"
        if problem.code == "idcard.absent" and was == "waiting":
            self.await_card()
            return
        words = self._in_hand.words(problem)
        if problem.code == "idcard.absent":
            self._visit.reader_words = ""
            self._in_hand.visit.banner = BannerShown(words.title, words.remedy, "warn")
        else:
            self._visit.reader_words = words.whole
        self._in_hand.tell()
        self.await_card()

    def give_display_name(self, name: str) -> None:
        """The standard characters for a name that the fonts do not have."""
        draft = self._in_hand.draft
        if draft and draft.handler and name != draft.handler.name_display:
            self._in_hand.deed("display name", lambda d: self._do.with_display_name(d, name))

    def confirm_person(self) -> None:
        """F6, 人证一致: an act of its own."""
        draft, clerk = self._in_hand.draft, self._in_hand.clerk
        if clerk is not None and draft is not None and draft.identity is not None:
            self._in_hand.deed("confirm", lambda d: self._do.confirm_person(d, clerk))

    # --- other cards ----------------------------------------------------------------------------------------------

    def open_other(self, opened: bool) -> None:
        """其他卡证: social-security cards, passports, travel permits."""
        here = self._visit
        here.other_open, here.manual_open = opened, False
        here.other, here.other_wrong = {}, {}
        if opened:
            self.stop_reading()
        self._in_hand.tell()
        self.await_card()

    def type_other(self, given: Mapping[str, str]) -> None:
        """What opens a chip, as it stands."""
        self._visit.other = dict(given)

    def give_other(self, given: Mapping[str, str]) -> None:
        """Read the card that lies there: a social-security card with nothing given, a travel document with all."""
        self._visit.other = dict(given)
        lacking = [name for name in OTHER if not given.get(name)]
        wrong = dict.fromkeys(lacking, say("照证件填写")) if 0 < len(lacking) < len(OTHER) else {}
        self._visit.other_wrong = wrong
        if wrong:
            self._in_hand.tell()
            return
        number = given.get("number", "").strip().upper()
        days = [given.get(name, "").replace("-", "")[2:] for name in ("birth", "expiry")]
        self._read_other("" if lacking else ",".join((number, *days)))

    def takes_machine_lines(self) -> bool:
        """Whether a scanned machine-readable zone belongs here now."""
        draft = self._in_hand.draft
        here = self._shown and self._in_hand.clerk is not None and draft is not None and draft.step is Step.IDENTITY
        return here and self._in_hand.visit.taken is None and self._do.can_read_other()

    def hear_machine_line(self, text: str) -> None:
        """A line was scanned; with the last one the document's chip is read."""
        if not self._visit.other_open:
            self.open_other(True)
        try:
            zone = self._visit.lines.add(text)
        except Problem as problem:
            self._in_hand.problem(problem)
            return
        if zone:
            self._read_other(zone)

    def _read_other(self, key: str) -> None:
        if not self._may_read():
            return
        self._in_hand.visit.banner = BannerShown()
        self._visit.reading = "reading"
        self._in_hand.asks.run("card", lambda: self._do.read_other(key), self._heard_other, self._no_other)
        self._in_hand.tell()

    def _heard_other(self, read: OtherCard) -> None:
        self._visit.reading = "idle"
        self._visit.other_open, self._visit.other = False, {}
        self._with_document(read.document, (lambda: self._do.portrait(read.portrait)) if read.portrait else None)
        self._in_hand.tell()

    def _no_other(self, problem: Problem) -> None:
        self._visit.reading = "idle"
        words = self._in_hand.words(problem)
        self._in_hand.visit.banner = BannerShown(words.title, words.remedy, "warn")
        self._in_hand.tell()

    # --- typed by hand --------------------------------------------------------------------------------------------

    def open_manual(self, opened: bool) -> None:
        """人工录入."""
        here = self._visit
        here.manual_open, here.other_open = opened, False
        here.manual, here.manual_wrong = {}, {}
        if opened:
            self.stop_reading()
        else:
            here.manual_page = None
        self._in_hand.tell()
        self.await_card()

    def type_manual(self, given: Mapping[str, str]) -> None:
        """The fields as they stand: they are there again after the screen was locked."""
        self._visit.manual = dict(given)

    def photograph_document(self) -> None:
        """A page of the document that cannot be read, kept with the case."""
        if not self._in_hand.switching:
            self._in_hand.asks.run("document page", self._do.photograph_document, self._heard_page)

    def _heard_page(self, page: bytes) -> None:
        self._visit.manual_page = page
        self._in_hand.tell()

    def give_manual(self, given: Mapping[str, Any]) -> None:
        """The typed fields. What is wrong is said beside them; nothing is sent until all is right."""
        wrong = {}
        for name, words in (("name", "请填姓名"), ("number", "请填证件号码"), ("reason", "请写为什么人工录入")):
            if not str(given.get(name, "")).strip():
                wrong[name] = say(words)
        number = str(given.get("number", "")).strip().upper()
        if number and given.get("document_type") != "passport" and id_number_fault(number, self._do.today()):
            wrong["number"] = say("号码不对，请对照证件再输一次")
        self._visit.manual, self._visit.manual_wrong = dict(given), wrong
        if wrong:
            self._in_hand.tell()
            return
        typed = {name: value for name, value in given.items() if name != "reason" and value not in ("", None)}
        typed["number"] = number
        reason, page = str(given["reason"]).strip(), self._visit.manual_page

        def work(draft: Draft) -> Draft:
            return self._do.with_manual_identity(draft, typed, reason, page)

        self._in_hand.deed("manual", work, self._manual_done, self._manual_refused)

    def _manual_done(self, _: Any) -> None:
        here = self._visit
        here.photo = wording.Photo()
        here.manual_open, here.manual_page, here.manual = False, None, {}
        self._identified()
        self._in_hand.tell()

    def _manual_refused(self, problem: Problem) -> None:
        if problem.code.startswith(("identity.", "idcard.", "manual.")):
            self._visit.manual_wrong = {"number": self._in_hand.words(problem).title}

    # --- the state ------------------------------------------------------------------------------------------------

    def made(self, draft: Draft, parked: tuple[Line, ...]) -> IdentityState:
        """What the view shows of the draft; `parked` are those that wait."""
        here, behalf = self._visit, self.applicant.behalf
        shown = None
        if draft.handler is not None:
            shown = wording.person(draft.handler, draft.identity, here.photo, self._do.today())
        confirmed = wording.confirmed(draft.identity, self._in_hand.names)
        return IdentityState(
            reading=here.reading,
            reader_words=here.reader_words,
            not_ready=self._not_ready,
            person=shown,
            confirmed=confirmed,
            behalf=behalf.of,
            tie=behalf.tie.value,
            ties=tuple((tie.value, say(TIES[tie])) for tie in wording.TIES_OF[behalf.of]),
            applicant=dict(behalf.given),
            wrong={**behalf.wrong, **({"phone": behalf.phone_wrong} if behalf.phone_wrong else {})},
            phone=behalf.phone or draft.phone,
            manual_open=here.manual_open,
            manual=dict(here.manual),
            manual_documents=tuple((one.value, say(wording.DOCUMENTS[one])) for one in wording.MANUAL_DOCUMENTS),
            manual_wrong=dict(here.manual_wrong),
            manual_page=here.manual_page is not None,
            has_other=self._do.can_read_other(),
            other_open=here.other_open,
            other=dict(here.other),
            other_wrong=dict(here.other_wrong),
            parked=parked,
            can_go_on=bool(confirmed) and draft.applicant is not None,
        )
