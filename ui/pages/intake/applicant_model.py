"""For whom the person at the window comes, 为谁办: the applicant, the tie between the two, the telephone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from PySide6.QtCore import QObject

from app.flow.draft import Draft
from contract.person import LegalPerson, Person, Tie, id_number_fault, uscc_fault
from ui.pages.intake import wording
from ui.pages.intake.deeds import IntakeDeeds
from ui.pages.intake.in_hand import InHand
from ui.words import say


@dataclass(repr=False, slots=True)
class Behalf:
    """What stands in the fields of 为谁办, with what is wrong there."""

    of: str = "self"  # self, person, legal
    tie: Tie = Tie.SELF
    given: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    phone: str = ""  # as typed, where it is wrong
    phone_wrong: str = ""


class ApplicantModel(QObject):
    """Keeps what is typed as it is typed, `behalf`; an applicant is given to the desk once it is whole."""

    def __init__(self, in_hand: InHand, deeds: IntakeDeeds) -> None:
        super().__init__(in_hand)
        self._in_hand, self._do = in_hand, deeds
        self.behalf = Behalf()

    def take_up(self, draft: Draft) -> None:
        """Another draft is on the screen. In a run of one matter it stays with a person or a legal person."""
        before, self.behalf = self.behalf.of, Behalf(tie=draft.tie)
        if draft.applicant is not None and draft.tie is not Tie.SELF:
            self.show(draft.applicant)
        elif draft.tie is not Tie.SELF:
            self.behalf.of = before if before != "self" else "person"

    def show(self, applicant: Person | LegalPerson) -> None:
        """This is for whom they come: a draft that has one, or a card that was read."""
        self.behalf.of = "legal" if isinstance(applicant, LegalPerson) else "person"
        self.behalf.given, self.behalf.wrong = wording.applicant_fields(applicant), {}

    def choose(self, of: str) -> None:
        """本人, another person or a legal person."""
        if of == self.behalf.of:
            return
        ties = wording.TIES_OF[of]
        tie = ties[0] if ties else Tie.SELF
        self.behalf.of, self.behalf.tie, self.behalf.given, self.behalf.wrong = of, tie, {}, {}
        self._in_hand.deed("applicant", lambda draft: self._do.with_applicant(draft, None, tie))
        self._in_hand.tell()

    def give(self, tie: str, given: Mapping[str, str]) -> None:
        """The applicant who is not at the window. Kept as typed; given to the desk once it is whole."""
        chosen = Tie(tie)
        applicant, wrong = _made_legal(given) if self.behalf.of == "legal" else _made_person(given, self._do.today())
        self.behalf.tie, self.behalf.given, self.behalf.wrong = chosen, dict(given), wrong
        draft = self._in_hand.draft
        if applicant is not None or (draft and draft.applicant is not None):
            self._in_hand.deed("applicant", lambda d: self._do.with_applicant(d, applicant, chosen))
        self._in_hand.tell()

    def give_phone(self, phone: str) -> None:
        """The applicant's telephone."""
        draft = self._in_hand.draft
        if draft is None or phone == (self.behalf.phone or draft.phone):
            return
        digits = phone.replace("-", "").replace(" ", "")
        right = not phone or (digits.isdigit() and 7 <= len(digits) <= 12)
        self.behalf.phone, self.behalf.phone_wrong = ("", "") if right else (phone, say("请检查电话号码"))
        if right:
            self._in_hand.deed("phone", lambda d: self._do.with_phone(d, phone))
        self._in_hand.tell()


def _made_legal(given: Mapping[str, str]) -> tuple[LegalPerson | None, dict[str, str]]:
    """The legal person, or None with what is wrong; an empty field is not wrong yet, but nothing is made of it."""
    wrong = {}
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


def _made_person(given: Mapping[str, str], today: date) -> tuple[Person | None, dict[str, str]]:
    """The person, likewise."""
    wrong = {}
    number = given.get("number", "").strip().upper()
    fault = id_number_fault(number, today) if number else None
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
