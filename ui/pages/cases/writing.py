"""What a clerk writes about a case before the act is done: what is to be supplemented, why it is not accepted, what is
corrected. From the desk's values to what is drawn. Pure, but for the language of the moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from app.cases.correction import ANSWER, Correctable, Preview, preview, value_of
from app.cases.lists import CaseShown
from contract.case import Change
from contract.form import FormField, Mistake, fields, visible
from contract.material import CaseMaterial
from contract.person import Tie, masked
from ui.case_words import TIES
from ui.form_words import answer_words, asked, label_of, mistake_words
from ui.notice_words import GROUNDS, MATERIAL, REMEDIES, field_choices
from ui.pages.cases.correcting import CorrectionShown
from ui.widgets.field import Answered
from ui.widgets.form import SectionShown
from ui.widgets.lines import Line
from ui.widgets.telling import RefusalShown, SupplementShown, ToldItem
from ui.words import about, clauses, say

MANY = 5  # changes that are told one by one at the right; beside their fields all of them are
_PARTS = {"birth_date": "出生日期", "sex": "性别", "phone": "联系电话", "tie": "代办关系"}


@dataclass(frozen=True)
class Written:
    """What stands written, kept for its case until the act is done or the clerk goes.

    Attributes:
        items, until: Of what is to be supplemented.
        ground, reason, organ: Of why it is not accepted.
        laid, given, touched: Of a correction: the case laid out, what says otherwise now, the fields that were left.
        question: What stands in the question of the act, but for passwords.
    """

    items: tuple[ToldItem, ...] = ()
    until: str = ""
    ground: str = ""
    reason: str = ""
    organ: str = ""
    laid: Correctable | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    touched: frozenset[str] = frozenset()
    question: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "Written()"

    @property
    def made(self) -> Preview:
        """What the correction would come to."""
        return preview(self.laid, self.given) if self.laid else Preview()


# --- what is to be supplemented ---------------------------------------------------------------------------------------


def supplement_shown(shown: CaseShown, written: Written, language: str, wrong: str, working: bool) -> SupplementShown:
    """一次性告知, with all that can be wrong to choose from."""
    form = shown.view.matter.form
    return SupplementShown(
        writing=f"{shown.case.id}/{language}",
        choices=(*_material_choices(shown), *field_choices(form, shown.case.answers, shown.areas, language)),
        items=written.items,
        until=written.until,
        until_words=say("十个工作日以后") if _is(written.until, shown.supplement_by) else "",
        wrong=wrong,
        working=working,
    )


def _material_choices(shown: CaseShown) -> Iterator[Line]:
    there = {slot.code for slot in shown.case.materials}
    lines = [Line(MATERIAL + slot.code, slot.name, slot_words(slot)) for slot in shown.case.materials]
    lines += [Line(MATERIAL + rule.code, rule.name, say("没有交")) for rule in _rules(shown) if rule.code not in there]
    yield from (replace(line, head="" if at else say("材料")) for at, line in enumerate(lines))


def _rules(shown: CaseShown) -> Iterator[Any]:
    ties = shown.case.parties.tie
    yield from (rule for rule in shown.view.matter.materials if not rule.ties or ties in rule.ties)


def _is(text: str, day: date | None) -> bool:
    return day is not None and text == day.isoformat()


def slot_words(slot: CaseMaterial) -> str:
    """How much of a material is there."""
    if slot.present:
        fronts, backs = slot.sides
        return say("{fronts} 正 / {backs} 反", fronts=fronts, backs=backs) if slot.pages else say("已核验")
    if slot.promised_until:
        return say("容缺至 {day}", day=slot.promised_until.isoformat())
    return say("缺")


# --- why it is not accepted -------------------------------------------------------------------------------------------


def refusal_shown(shown: CaseShown, written: Written, language: str, wrong: str, working: bool) -> RefusalShown:
    """不予受理, with the law's grounds."""
    return RefusalShown(
        writing=f"{shown.case.id}/{language}",
        grounds=tuple((ground.value, say(words)) for ground, words in GROUNDS.items()),
        ground=written.ground,
        reason=written.reason,
        organ=written.organ,
        remedies=say(REMEDIES),
        wrong=wrong,
        working=working,
    )


# --- what is corrected ------------------------------------------------------------------------------------------------


def correction_shown(written: Written, made: Preview, language: str) -> CorrectionShown:
    """The form with what it says now; beside each change what stood there."""
    laid = written.laid
    if laid is None:
        return CorrectionShown()
    areas = _areas(laid)
    answers = {**laid.case.answers, **(made.answers or {}), **_typed(written)}
    seen = visible(laid.matter.form, answers)
    wrong = {mistake.field: mistake for mistake in made.mistakes}
    old = {change.name: change for change in made.changes}
    sections: dict[str, list[FormField]] = {}
    shown: dict[str, Answered] = {}
    for control in controls_of(laid):
        plain = control.name.removeprefix(ANSWER)
        title = control.section_en if language == "en" and control.section_en else control.section
        sections.setdefault(title or say("表单"), []).append(control)
        is_answer = control.name.startswith(ANSWER)
        value = answers.get(plain) if is_answer else written.given.get(control.name, value_of(laid.case, control.name))
        told = control.name in written.touched and control.name in wrong
        change = old.get(control.name)
        before = say("原来：{value}", value=_value_words(change, control, areas, change.old) or "—") if change else ""
        shown[control.name] = Answered(
            value,
            wrong=mistake_words(wrong[control.name], control, language) if told else "",
            source=say("取自身份证") if is_answer and plain in laid.fixed else "",
            caution=before,
            visible=not is_answer or plain in seen,
        )
    return CorrectionShown(
        form=f"{laid.case.id}/{laid.case.last_action}/{language}",
        sections=tuple(
            SectionShown(title, tuple(asked(control, tuple(areas.items()), language) for control in controls))
            for title, controls in sections.items()
        ),
        answers=shown,
        fixed=frozenset(ANSWER + name for name in laid.fixed),
    )


def changes_shown(written: Written, made: Preview, language: str) -> tuple[tuple[str, str], ...]:
    """What would change: label, old → new."""
    laid = written.laid
    if laid is None:
        return ()
    areas, known = _areas(laid), {control.name: control for control in controls_of(laid)}
    lines = []
    for change in made.changes:
        control = known.get(change.name)
        part = change.name.rpartition(".")[2]
        label = label_of(control, language) if control else say(_PARTS.get(part, part))
        old, new = (_value_words(change, control, areas, value) or "—" for value in (change.old, change.new))
        lines.append((label, f"{old} → {new}"))
    if len(lines) > MANY:
        lines[MANY - 1 :] = [("…", say("还有 {count} 处", count=len(lines) - MANY + 1))]
    return tuple(lines)


def controls_of(laid: Correctable) -> tuple[FormField, ...]:
    """All that may be seen and corrected, the people first; named as in a Change."""
    return (*laid.people, *(replace(control, name=ANSWER + control.name) for control in fields(laid.matter.form)))


def mistakes_left(written: Written, made: Preview, language: str) -> str:
    """What is wrong with the correction, for whoever would do it now."""
    laid = written.laid
    if laid is None:
        return ""
    known = {control.name: control for control in controls_of(laid)}

    def words(mistake: Mistake) -> str:
        control = known.get(mistake.field)
        what = label_of(control, language) if control else mistake.field
        return about(what, mistake_words(mistake, control, language))

    return clauses(words(mistake) for mistake in made.mistakes[:3])


def _typed(written: Written) -> dict[str, Any]:
    return {name.removeprefix(ANSWER): value for name, value in written.given.items() if name.startswith(ANSWER)}


def _areas(laid: Correctable) -> dict[str, str]:
    return {code: laid.tree.path_name(code) for code in sorted(laid.tree.by_code)}


def _value_words(change: Change | None, control: FormField | None, areas: Mapping[str, str], value: Any) -> str:
    if control is not None:
        return answer_words(control, value, areas)
    if change is not None and change.name == "tie":
        return say(TIES[Tie(value)])
    part = change.name.rpartition(".")[2] if change else ""
    return masked(str(value)) if part == "number" and value else str(value or "")
