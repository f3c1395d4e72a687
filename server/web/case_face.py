"""What an officer sees of a case: its parties, answers, materials and history, ready to be written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, ngettext

from contract.case import CHINA, Action, Case, Change, Kind, State, allowed, apply, changed
from contract.exchange import CaseView, Clash, Settlement
from contract.form import FormField, fields, visible
from contract.material import CaseMaterial, Page
from contract.person import LegalPerson, Person, masked
from server.cases.models import CaseRecord
from server.cases.signatures import Bond, bond_of
from server.materials.pages import copied_pages
from server.org.tree import get_tree
from server.web import wording
from server.web.todo import Mark, answer_by, due_mark, flag_marks, state_mark

MENDING = frozenset({Kind.CORRECT, Kind.SUPPLEMENT})  # acts that change what a case said before
LONG_LABEL = 24  # columns, a Chinese character being two


@dataclass(frozen=True)
class Fact:
    """A label and what stands beside it; `secret` is shown masked until it is asked for."""

    label: str
    value: str
    secret: str = ""

    @property
    def long(self) -> bool:
        """Whether the label needs a line of its own."""
        return sum(2 if ord(character) > 0x2E7F else 1 for character in self.label) > LONG_LABEL

    def __repr__(self) -> str:
        return f"Fact({self.label})"


@dataclass(frozen=True)
class Section:
    """A titled list of facts."""

    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Sheet:
    """One page of a material as the viewer shows it."""

    digest: str
    frame: int
    turn: int
    label: str
    kind: str  # picture, pdf
    here: bool
    hidden: bool
    copy: bool = False  # only a working copy (工作副本) is here

    @property
    def query(self) -> str:
        if self.copy:
            return "?copy=1"
        return f"?frame={self.frame}" if self.frame else ""


@dataclass(frozen=True)
class Signature:
    """The signature under a material: how it looks, and whether it is bound to what lies there."""

    picture: str  # its digest; empty where it has not come yet
    mark: Mark
    words: str


@dataclass(frozen=True)
class Slot:
    """A material of the case."""

    name: str
    marks: tuple[Mark, ...]
    notes: tuple[str, ...]
    sheets: tuple[Sheet, ...]
    missing: int  # pages that have not come yet
    signature: Signature | None = None


@dataclass(frozen=True)
class Deed:
    """One line of the history."""

    at: Any
    what: str
    who: str
    where: str
    details: tuple[Fact, ...]


@dataclass(frozen=True)
class Timing:
    """The clock's face in words."""

    mark: Mark
    facts: tuple[Fact, ...]
    notes: tuple[str, ...]


def sections_of(view: CaseView) -> tuple[Section, ...]:
    """The answers by the form's sections and labels, only those that were asked."""
    form, answers = view.matter.form, view.case.answers
    shown = visible(form, answers)
    found: dict[str, list[Fact]] = {}
    for control in fields(form):
        if control.name in shown:
            english = wording.is_english()
            title = (english and control.section_en) or control.section or gettext("申请内容")
            label = (english and control.label_en) or control.label
            value = _answer(control, answers.get(control.name))
            found.setdefault(title, []).append(Fact(label, value))
    return tuple(Section(title, tuple(facts)) for title, facts in found.items())


def parties_of(view: CaseView) -> tuple[Section, ...]:
    """申请人, 经办人 and the tie between them."""
    parties = view.case.parties
    same = parties.applicant.number == parties.handler.number
    applicant = _party(parties.applicant, view.case.phone)
    tie = Fact(gettext("关系"), str(wording.TIES[parties.tie]))
    if same:
        return (Section(gettext("申请人"), (*applicant, tie)),)
    return (
        Section(gettext("申请人"), applicant),
        Section(gettext("经办人"), (*_party(parties.handler, ""), tie)),
    )


def identity_of(view: CaseView) -> tuple[tuple[Mark, ...], tuple[Fact, ...]]:
    """How the handler's identity was established, and who saw that card and face agree."""
    identity = view.case.identity
    if identity is None:
        return (Mark(gettext("没有确认人证一致"), "bad"),), ()
    confirmed = next((action for action in view.actions if action.kind is Kind.CONFIRM_PERSON), None)
    sources = {
        "chip": (gettext("读取芯片"), "ok"),
        "card": (gettext("读取芯片，未验签"), "warn"),
        "manual": (gettext("人工录入"), "warn"),
    }
    marks = [Mark(*sources[identity.source])]
    if confirmed is not None:
        marks.append(Mark(gettext("人证一致"), "ok"))
    if identity.suspect:
        marks.append(Mark(gettext("读卡器提示证件可疑"), "bad"))
    if identity.has_private_use:
        marks.append(Mark(gettext("姓名含生僻字"), "info"))
    facts = [Fact(gettext("证件"), str(wording.DOCUMENTS[identity.document]))]
    if identity.long_term or identity.valid_until:
        until = (
            gettext("长期") if identity.long_term or identity.valid_until is None else wording.day(identity.valid_until)
        )
        facts.append(Fact(gettext("证件有效期至"), until))
    if identity.reason:
        facts.append(Fact(gettext("人工录入的原因"), identity.reason))
    if confirmed is not None:
        facts.append(Fact(gettext("确认人"), f"{confirmed.author.name} {_moment(confirmed)}"))
    if identity.sam_number:
        facts.append(Fact(gettext("读卡模块"), identity.sam_number))
    return tuple(marks), tuple(facts)


def slots_of(view: CaseView, row: CaseRecord) -> tuple[Slot, ...]:
    """The materials with their pages; the photographed identity document comes first."""
    wanted, copied = set(row.wanted), copied_pages([row.id])[row.id]
    found = []
    identity = view.case.identity
    if identity is not None and identity.pages:
        sheets = tuple(
            Sheet(
                digest,
                0,
                0,
                gettext("第 %(n)d 页") % {"n": n},
                "picture",
                digest not in wanted,
                hidden=False,
                copy=digest in wanted & copied,
            )
            for n, digest in enumerate(identity.pages, start=1)
        )
        found.append(Slot(gettext("身份证件照片"), (), (), sheets, sum(not sheet.here for sheet in sheets)))
    found += [_slot(material, view, wanted, copied) for material in view.case.materials]
    return tuple(found)


def timing_of(view: CaseView) -> Timing:
    """The clock: legal and promised day, what does not count, what is provisional."""
    case, clock = view.case, view.clock
    answer = answer_by(case)
    if answer is not None:
        last, mark = answer
        silence = gettext("逾期不答复，自收件之日起视为受理（行政许可法第三十二条）。")
        return Timing(mark, (Fact(gettext("最迟答复"), wording.day(last)), *_limits(view)), (silence,))
    mark = (
        due_mark(clock.left or 0, clock.light, wording.clock_words(clock))
        if clock.state == "running"
        else Mark(wording.clock_words(clock), "warn" if clock.state == "paused" else "plain")
    )
    facts: list[Fact] = []
    if clock.started:
        facts.append(Fact(gettext("受理日"), wording.day(clock.started)))
    if clock.promised_due:
        facts.append(Fact(gettext("承诺办结"), wording.day(clock.promised_due)))
    if clock.legal_due:
        facts.append(Fact(gettext("法定办结"), wording.day(clock.legal_due)))
    if clock.extended_days:
        facts.append(Fact(gettext("已延长"), gettext("%(n)d 个工作日") % {"n": clock.extended_days}))
    if clock.excluded_days:
        facts.append(Fact(gettext("不计入"), gettext("%(n)d 个工作日") % {"n": clock.excluded_days}))
    notes = []
    if case.deemed:
        notes.append(gettext("五个工作日内未答复，视为自收件之日起受理。"))
    if clock.provisional:
        notes.append(gettext("日期为暂定：有的年份放假安排还没有公布，按每周五天计算。"))
    return Timing(mark, tuple(facts) or _limits(view), tuple(notes))


def missing_of(slots: tuple[Slot, ...]) -> tuple[str, ...]:
    """What has not arrived yet, by material."""
    return tuple(
        ngettext("%(name)s：还差 %(n)d 页", "%(name)s：还差 %(n)d 页", s.missing) % {"name": s.name, "n": s.missing}
        for s in slots
        if s.missing
    )


def history_of(view: CaseView) -> tuple[Deed, ...]:
    """Every action: what, who, when, where; the newest first."""
    deeds: list[Deed] = []
    case: Case | None = None
    for action in view.actions:
        before, case = case, apply(case, action)
        deeds.append(_deed(action, view, changed(before, case) if before and action.kind in MENDING else ()))
    return tuple(reversed(deeds))


def face_of(view: CaseView, row: CaseRecord) -> dict[str, Any]:
    """All that the case page writes down."""
    case = view.case
    slots = slots_of(view, row)
    marks, identity = identity_of(view)
    english = wording.is_english()
    return {
        "case": case,
        "row": row,
        "matter": (english and view.matter.name_en) or view.matter.name,
        "state": state_mark(case.state),
        "marks": flag_marks(case),
        "parties": parties_of(view),
        "identity_marks": marks,
        "identity": identity,
        "sections": sections_of(view),
        "slots": slots,
        "missing": missing_of(slots),
        "clashes": tuple(_clash(clash, view) for clash in view.clashes if clash.settlement is not Settlement.GONE),
        "timing": timing_of(view),
        "history": history_of(view),
        "taken_in": _taken_in(view),
        "promised": tuple(m for m in case.materials if m.promised_until and not m.present),
        "decision": _decision(view),
    }


@dataclass(frozen=True)
class ClashShown:
    """Another open case of the applicant's, as far as the officer may know of it.

    `duplicate` offers to call the case on this page the duplicate.
    """

    id: str
    case_id: str
    number: str
    facts: tuple[Fact, ...]
    said: str
    open: bool
    duplicate: bool

    def __repr__(self) -> str:
        return f"ClashShown({self.id})"


def _clash(clash: Clash, view: CaseView) -> ClashShown:
    facts = []
    if clash.state is not None:
        facts += [Fact(gettext("收件地点"), clash.where), Fact(gettext("状态"), str(wording.STATES[clash.state]))]
    if clash.ask:
        facts.append(Fact(gettext("询问"), clash.ask))
    said = {
        Settlement.KEEP_BOTH: gettext("已核对：两件都办。"),
        Settlement.DUPLICATE: gettext("已认定本件重复，等收件窗口作废或撤回。")
        if clash.is_this
        else gettext("已认定另一件重复，等它的收件窗口作废或撤回。"),
    }.get(clash.settlement, "")
    if said and clash.at:
        facts += [
            Fact(gettext("理由"), clash.reason),
            Fact(gettext("核对"), f"{clash.by} {_time(clash.at)}"),
        ]
    able = bool({Kind.VOID, Kind.WITHDRAW} & allowed(view.case.state)) and not clash.is_this
    return ClashShown(clash.id, clash.case_id, clash.number, tuple(facts), said, not clash.is_settled, able)


def _taken_in(view: CaseView) -> tuple[Fact, ...]:
    case = view.case
    facts = [Fact(gettext("收件地点"), view.node_path)]
    if case.window:
        facts.append(Fact(gettext("窗口"), case.window))
    facts.append(Fact(gettext("渠道"), str(wording.CHANNELS.get(case.channel, case.channel))))
    if case.received_at:
        facts.append(Fact(gettext("收件时间"), _time(case.received_at)))
    if view.department:
        facts.append(Fact(gettext("办理机关"), view.department.name))
    facts.append(Fact(gettext("取件方式"), str(wording.DELIVERIES[case.delivery])))
    if case.route and case.route.chosen_from:
        facts.append(Fact(gettext("分发"), gettext("有几个部门可能有管辖权，由窗口人员选定")))
    return tuple(facts)


def _decision(view: CaseView) -> tuple[Fact, ...]:
    case, facts = view.case, []
    if case.declined:
        facts.append(Fact(gettext("理由类别"), str(wording.GROUNDS[case.declined.ground])))
        facts.append(Fact(gettext("具体理由"), case.declined.reason))
        if case.declined.competent_organ:
            facts.append(Fact(gettext("有权办理的机关"), case.declined.competent_organ))
    if case.decision:
        facts.append(Fact(gettext("审查意见"), case.decision.opinion))
        if case.decision.document:
            facts.append(Fact(gettext("文号"), case.decision.document))
        if case.decision.result:
            facts.append(Fact(gettext("结果"), case.decision.result))
    if case.asked and case.state is State.TO_SUPPLEMENT:
        facts += [Fact(gettext("要求补正"), _item(item.model_dump(), view)) for item in case.asked.items]
        if case.asked.until:
            facts.append(Fact(gettext("补正期限"), wording.day(case.asked.until)))
    if case.voided:
        facts.append(Fact(gettext("作废的理由"), case.voided.reason))
    return tuple(facts)


def _limits(view: CaseView) -> tuple[Fact, ...]:
    limits = view.matter.limits
    if limits.immediate:
        return (Fact(gettext("时限"), gettext("即办件")),)
    words = gettext("受理后 %(n)d 个工作日")
    return (
        Fact(gettext("承诺时限"), words % {"n": limits.promised_days}),
        Fact(gettext("法定时限"), words % {"n": limits.legal_days}),
    )


def _party(party: Person | LegalPerson, phone: str) -> tuple[Fact, ...]:
    if isinstance(party, LegalPerson):
        facts = [Fact(gettext("名称"), party.name), Fact(gettext("统一社会信用代码"), party.uscc)]
        if party.representative:
            facts.append(Fact(gettext("法定代表人"), party.representative))
    else:
        number = Fact(str(wording.DOCUMENTS[party.document]), masked(party.number), secret=party.number)
        facts = [Fact(gettext("姓名"), party.shown_name), number]
        born = [wording.day(party.birth_date)] if party.birth_date else []
        about = " · ".join(part for part in (party.sex, party.nation, party.nationality, *born) if part)
        if about:
            facts.append(Fact(gettext("基本信息"), about))
        phone = phone or party.phone
    if party.address:
        facts.append(Fact(gettext("地址"), party.address))
    if phone:
        facts.append(Fact(gettext("联系电话"), phone))
    return tuple(facts)


def _slot(material: CaseMaterial, view: CaseView, wanted: set[str], copied: frozenset[str]) -> Slot:
    sheets = tuple(_sheet(page, n, wanted, copied) for n, page in enumerate(material.pages, start=1))
    missing = len({sheet.digest for sheet in sheets if not sheet.here})
    marks = (
        [Mark(str(wording.TRUSTS[material.trust][0]), wording.TRUSTS[material.trust][1])] if material.present else []
    )
    if material.verified:
        marks.append(Mark(gettext("已核对原件"), "ok"))
    if missing:
        marks.append(Mark(ngettext("还差 %(n)d 页", "还差 %(n)d 页", missing) % {"n": missing}, "warn"))
    if material.promised_until and not material.present:
        marks.append(_promise(material.promised_until))
    elif not material.present:
        marks.append(Mark(gettext("没有交"), "bad"))
    notes = [" · ".join(_how(material))] if material.present else []
    if material.verified:
        by = _name_of(view, material.verified.by)
        notes.append(gettext("核对：%(who)s %(when)s") % {"who": by, "when": _time(material.verified.at)})
    if material.returned:
        notes.append(gettext("原件已退还 %(when)s") % {"when": _time(material.returned.at)})
    return Slot(material.name, tuple(marks), tuple(notes), sheets, missing, _signature(material, view))


def _signature(material: CaseMaterial, view: CaseView) -> Signature | None:
    signed, bond = material.signed, bond_of(view.case, material)
    if signed is None or bond is None:
        return None
    words, tone = wording.BONDS[bond]
    how = gettext("%(how)s · %(when)s · 所签文件 %(digest)s…") % {
        "how": wording.MEANS[signed.means],
        "when": _time(signed.at),
        "digest": signed.document[:16],
    }
    return Signature("" if bond is Bond.AWAY else signed.picture.digest, Mark(str(words), tone), how)


def _how(material: CaseMaterial) -> list[str]:
    if material.source.value == "chip":
        return [str(wording.SOURCES[material.source])]
    found = [str(wording.MATERIAL_FORMS[material.form]), str(wording.SOURCES[material.source])]
    fronts, backs = material.sides
    if fronts or backs:
        found.append(gettext("%(fronts)d 正 / %(backs)d 反") % {"fronts": fronts, "backs": backs})
    if material.copies > 1:
        found.append(gettext("%(n)d 份") % {"n": material.copies})
    return found


def _promise(until: date) -> Mark:
    late = until < timezone.localdate()
    words = gettext("容缺，应于 %(day)s 前补交") % {"day": wording.day(until)}
    return Mark(f"{words} · {gettext('已过期')}" if late else words, "bad" if late else "warn")


def _sheet(page: Page, place: int, wanted: set[str], copied: frozenset[str]) -> Sheet:
    if page.sheet:
        side = gettext("反") if page.side == "back" else gettext("正")
        label = f"{page.sheet} {side}"
    else:
        label = gettext("第 %(n)d 页") % {"n": place}
    is_copy = page.digest in wanted and page.digest in copied
    kind = "pdf" if page.media_type == "application/pdf" and not is_copy else "picture"
    here = page.digest not in wanted
    return Sheet(page.digest, page.frame, page.rotation, label, kind, here, page.hidden, is_copy)


def _answer(control: FormField, value: Any) -> str:
    if value is None or value == "" or value == []:
        return "—"
    labels = dict(control.choices)
    if wording.is_english() and control.choices_en:
        labels = dict(zip((code for code, _label in control.choices), control.choices_en, strict=False))
    match control.kind:
        case "several" if isinstance(value, list):
            return gettext("、").join(labels.get(str(one), str(one)) for one in value)
        case "choice":
            return labels.get(str(value), str(value))
        case "yes_no":
            return gettext("是") if value is True else gettext("否")
        case "area":
            return get_tree().path_name(str(value)) or str(value)
        case _:
            return f"{value} {control.unit}".strip()


def _deed(action: Action, view: CaseView, changes: tuple[Change, ...]) -> Deed:
    author = action.author
    if author.department and view.department and author.department == view.department.code:
        where = view.department.name
    else:
        where = get_tree().path_name(author.node) if author.node else ""
    role = str(wording.ROLES[author.role])
    who = author.name if author.name == role else gettext("%(name)s（%(role)s）") % {"name": author.name, "role": role}
    return Deed(action.at, str(wording.KINDS[action.kind]), who, where, _details(action, view, changes))


def _details(action: Action, view: CaseView, changes: tuple[Change, ...]) -> tuple[Fact, ...]:
    """What is worth telling of an action's body beside the case itself."""
    body = action.body
    facts = []
    for item in body.get("items") or ():
        facts.append(Fact(gettext("补正"), _item(item, view)))
    facts += [_change(change, view) for change in changes]
    if action.kind is Kind.DECLINE:
        facts.append(
            Fact(gettext("理由类别"), str(wording.GROUNDS.get(body.get("ground", ""), body.get("ground", ""))))
        )
    if action.kind is Kind.SUPPLEMENT:
        handed = gettext("、").join(str(material.get("name", "")) for material in body.get("materials") or ())
        facts += [Fact(gettext("材料"), handed)] if handed else []
    if seen := body.get("clash"):
        facts.append(Fact(gettext("窗口已知"), gettext("另有 %(n)d 件未办结，仍予收件") % {"n": len(seen["cases"])}))
    if body.get("deemed"):
        facts.append(Fact(gettext("说明"), gettext("视为受理")))
    labels = {
        "procedure": gettext("程序"),
        "days": gettext("天数"),
        "until": gettext("期限"),
        "opinion": gettext("意见"),
        "reason": gettext("理由"),
        "remark": gettext("备注"),
        "document": gettext("文号"),
        "competent_organ": gettext("有权办理的机关"),
    }
    for key, label in labels.items():
        if body.get(key):
            facts.append(Fact(label, str(body[key])))
    if supervisor := body.get("supervisor"):
        checked = gettext("当时离线，按本机核对的口令") if body.get("supervisor_offline") else gettext("已核对口令")
        words = gettext("%(who)s（%(how)s）") % {"who": supervisor.get("name", ""), "how": checked}
        facts.append(Fact(gettext("主管确认"), words))
    if replaced := body.get("replaces"):
        facts.append(Fact(gettext("作废的纸面"), gettext("、").join(map(str, replaced))))
    return tuple(facts)


def _change(change: Change, view: CaseView) -> Fact:
    """What was corrected: old → new, an identity number masked."""
    who, _dot, name = change.name.partition(".")
    control = next((one for one in fields(view.matter.form) if who == "answers" and one.name == name), None)
    labels = {
        "phone": gettext("联系电话"),
        "tie": gettext("关系"),
        "name": gettext("姓名或名称"),
        "name_display": gettext("显示用姓名"),
        "number": gettext("证件号码"),
        "uscc": gettext("统一社会信用代码"),
        "representative": gettext("法定代表人"),
        "address": gettext("地址"),
        "sex": gettext("性别"),
        "nation": gettext("民族"),
        "nationality": gettext("国籍"),
        "birth_date": gettext("出生日期"),
        "document": gettext("证件"),
    }
    label = labels.get(name or who, name or who)
    if control is not None:
        label = (wording.is_english() and control.label_en) or control.label
    if who == "handler":
        label = gettext("经办人：%(label)s") % {"label": label}

    def said(value: Any) -> str:
        if control is not None:
            words = _answer(control, value)
            return masked(words) if value and control.format == "cn-id-number" else words
        if value is None:
            return "—"
        if change.name == "tie":
            return str(wording.TIES[value])
        if name == "document":
            return str(wording.DOCUMENTS[value])
        return masked(str(value)) if name == "number" else str(value)

    return Fact(label, f"{said(change.old)} → {said(change.new)}")


def _item(item: dict[str, Any], view: CaseView) -> str:
    names = {rule.code: rule.name for rule in view.matter.materials}
    labels = {one.name: (wording.is_english() and one.label_en) or one.label for one in fields(view.matter.form)}
    name = names.get(str(item.get("material", "")), "") or labels.get(str(item.get("field", "")), "")
    text = "：".join(part for part in (name, str(item.get("what", ""))) if part)
    standard = item.get("standard")
    return gettext("%(what)s（要求：%(standard)s）") % {"what": text, "standard": standard} if standard else text


def _name_of(view: CaseView, clerk: str) -> str:
    return next((action.author.name for action in view.actions if action.author.id == clerk), clerk)


def _moment(action: Action) -> str:
    return _time(action.at)


def _time(value: Any) -> str:
    return f"{value.astimezone(CHINA):%Y-%m-%d %H:%M}"
