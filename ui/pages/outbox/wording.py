"""What the outbox says: acts, standings, rows of the comparison, what a blank asks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from app.cases.compare import Compared, Comparison, Part, Side
from app.cases.held import Blank
from contract.case import CHINA, Action, Kind, State
from contract.matter import Delivery
from contract.person import Tie
from ui.case_words import DONE, KINDS, STATES, TIES
from ui.pages.outbox.comparison import ComparedRow, ComparisonShown
from ui.widgets.field import Asked
from ui.words import clauses, listed, say

SHORT = {**KINDS, **DONE, Kind.ASK_SUPPLEMENT: "告知补正"}
BEGINNING = (Kind.OPEN, Kind.CONFIRM_PERSON)  # not worth a word beside what they led to
PARTS = {
    Part.STATE: "状态",
    Part.NUMBER: "受理号",
    Part.MATTER: "事项",
    Part.APPLICANT: "申请人",
    Part.ADDRESS: "地址",
    Part.HANDLER: "经办人",
    Part.TIE: "关系",
    Part.PHONE: "联系电话",
    Part.DELIVERY: "领取方式",
    Part.DEPARTMENT: "办理机关",
    Part.ANSWER: "表单",
    Part.MATERIAL: "材料",
    Part.ASKED: "要补正",
    Part.REASON: "理由",
    Part.RECEIVER: "领取人",
}
DELIVERIES = {Delivery.WINDOW: "本窗口领取", Delivery.COURIER: "快递", Delivery.ELECTRONIC: "电子送达"}
YES_NO = {"true": "是", "false": "否"}
BLANKS = {"reason": "理由", "phone": "联系电话", "receiver": "领取人", "competent_organ": "主管机关"}
LONG = ("reason",)
REASONS = (
    "以服务器为准",
    "同一申请人已在别处办理",
    "申请人不再申请",
    "内容填错，已另行办理",
    "其他（请在下面写明）",
)
OTHER = REASONS[-1]


def acts_said(kinds: Iterable[Kind]) -> str:
    """The acts in a word each, once; how a case begins is only said where nothing else was done."""
    told = list(dict.fromkeys(kinds))
    worth = [kind for kind in told if kind not in BEGINNING] or told
    return listed(say(SHORT[kind]) for kind in worth)


def moment(at: datetime | None) -> str:
    return f"{at.astimezone(CHINA):%m-%d %H:%M}" if at else ""


def done_said(actions: Iterable[Action]) -> str:
    """11-21 09:12 更正 · 周敏."""
    told = list(actions)
    worth = [action for action in told if action.kind not in BEGINNING] or told
    return clauses(f"{moment(one.at)} {say(SHORT[one.kind])} · {one.author.name}" for one in worth)


def compared(found: Comparison) -> ComparisonShown:
    """The comparison in words."""
    rows = tuple(_row(row) for row in found.rows)
    differing = sum(not row.same for row in rows)
    theirs = done_said(found.theirs_done) or (say("没有别的改动") if found.on_server else say("服务器上没有这一件"))
    return ComparisonShown(
        title=found.number or say("还没有受理号"),
        ours_done=done_said(found.ours_done),
        theirs_done=theirs,
        rows=rows,
        count=say("{differ} 项不同，{same} 项相同", differ=differing, same=len(rows) - differing),
    )


def _row(row: Compared) -> ComparedRow:
    label = say(PARTS[row.part])
    if row.part is Part.MATERIAL:
        return ComparedRow(row.name or label, _material(row.ours), _material(row.theirs), row.same)
    ours, theirs = (_value(row.part, side.text) for side in (row.ours, row.theirs))
    return ComparedRow(row.name or label, ours, theirs, row.same)


def _value(part: Part, text: str) -> str:
    match part:
        case Part.STATE if text:
            return say(STATES[State(text)])
        case Part.TIE if text:
            return say(TIES[Tie(text)])
        case Part.DELIVERY if text:
            return say(DELIVERIES[Delivery(text)])
        case Part.ANSWER if text in YES_NO:
            return say(YES_NO[text])
    return text


def _material(side: Side) -> str:
    if not side.there:
        return say("容缺至 {day}", day=side.text) if side.text else say("缺")
    if not side.pages:
        return say("已核验")
    if side.equal_pages == side.pages:
        return say("{count} 页", count=side.pages)
    return say("{count} 页，其中 {equal} 页相同", count=side.pages, equal=side.equal_pages)


def asked(blank: Blank, english: bool) -> Asked:
    """The field that a blank is written into."""
    control = blank.control
    if control is None:
        kind = "long_text" if blank.name in LONG else "text"
        return Asked(blank.name, BLANKS.get(blank.name, blank.name), kind, blank.name != "phone")
    labels = control.choices_en if english and control.choices_en else tuple(label for _, label in control.choices)
    values = tuple(value for value, _ in control.choices)
    return Asked(
        blank.name,
        control.label_en if english and control.label_en else control.label,
        control.kind,
        control.required,
        choices=tuple(zip(values, labels, strict=True)),
        unit=control.unit,
        max_length=control.max_length,
    )
