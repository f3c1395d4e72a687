"""What the lists and the case beside them say: from the desk's values to words on the screen."""

from __future__ import annotations

from datetime import date, datetime

from app.cases.lists import CaseLine, CaseShown, TodoItem
from app.papers.paper import PaperKind
from app.problems import words_for
from contract.case import CHINA, Flag, Kind, State
from contract.exchange import Clash, Settlement
from contract.form import fields
from contract.person import Tie, masked
from ui.case_words import DONE, KINDS, STATES
from ui.form_words import label_of
from ui.pages.cases import writing
from ui.pages.cases.view import ActShown, CaseState
from ui.widgets.table import Cell, Row
from ui.words import about, listed, say

TONES = {
    State.RECEIVED: "info",
    State.TO_SUPPLEMENT: "warn",
    State.ACCEPTED: "info",
    State.IN_REVIEW: "info",
    State.APPROVED: "ok",
    State.REFUSED: "bad",
    State.DECLINED: "bad",
    State.VOIDED: "bad",
    State.DELIVERED: "ok",
}
FLAGS = {
    Flag.PROMISED: "容缺待补",
    Flag.SUSPENDED: "特别程序中",
    Flag.EXTENDED: "已延期",
    Flag.MATERIALS_PENDING: "材料未传齐",
    Flag.SEAL_PENDING: "待签章",
    Flag.CORRECTED: "已更正",
}
WHYS = {
    "overdue": ("已超期", "bad"),
    "due_soon": ("快到期", "warn"),
    "deemed_soon": ("明天视为受理", "warn"),
    "supplement": ("等补正", "warn"),
    "promise": ("容缺待补", "warn"),
    "hand_over": ("结果可取", "ok"),
    "clash": ("疑似重复", "warn"),
}
STANDINGS = {
    "waiting": ("待上报", "info"),
    "sending": ("正在上报", "info"),
    "acknowledged": ("已送到", "info"),
    "matched": ("", ""),
    "held": ("需处理", "bad"),
}


def case_state(shown: CaseShown, language: str) -> CaseState:
    """One case in words."""
    case, view = shown.case, shown.view
    parties = case.parties
    rows = [(say("事项"), view.matter.name), (say("申请人"), parties.applicant.shown_name)]
    if parties.tie is not Tie.SELF:
        rows.append((say("经办人"), parties.handler.shown_name))
    rows += [
        (say("证件号码"), masked(parties.applicant.number)),
        (say("联系电话"), case.phone),
        (say("办理机关"), view.department.name if view.department else ""),
        (say("收件地点"), view.node_path),
    ]
    if case.decision is not None:
        rows.append((say("决定"), case.decision.opinion))
        if case.decision.document:
            rows.append((say("文号"), case.decision.document))
    if case.asked is not None and case.state is State.TO_SUPPLEMENT:
        names = {rule.code: rule.name for rule in view.matter.materials}
        names |= {control.name: label_of(control, language) for control in fields(view.matter.form)}
        for item in case.asked.items:
            what = about(names.get(item.material or item.field, ""), item.what)
            rows.append((say("要补正"), what))
        rows.append((say("补正截止日"), _day(case.asked.until)))
    if case.declined is not None:
        rows.append((say("理由"), case.declined.reason))
        if case.declined.competent_organ:
            rows.append((say("应向哪里申请"), case.declined.competent_organ))
    for corrected in case.corrections:
        rows.append((say("更正#已"), corrected.reason))
    if case.voided is not None:
        rows.append((say("作废理由"), case.voided.reason))
    rows += [(say("疑似重复"), _clash(clash)) for clash in view.clashes if clash.settlement is not Settlement.GONE]
    dates = [
        (say("收件"), _at(case.received_at)),
        (say("受理#已"), _day(case.accepted_on)),
        (say("承诺办结"), _day(view.clock.promised_due)),
        (say("法定办结"), _day(view.clock.legal_due)),
    ]
    materials = tuple((slot.name, writing.slot_words(slot)) for slot in case.materials)
    story = tuple(
        (f"{one.at.astimezone(CHINA):%m-%d %H:%M}", f"{say(DONE.get(one.kind, KINDS[one.kind]))} · {one.author.name}")
        for one in view.actions
    )
    held = ("", "")
    if shown.held is not None:
        told = words_for(shown.held, language)
        held = (told.title, told.remedy)
    flags = [say(FLAGS[flag]) for flag in Flag if flag in case.flags]
    if shown.pending:
        flags.append(say("{count} 项未上报", count=shown.pending))
    if any(not clash.is_settled for clash in view.clashes):
        flags.append(say("疑似重复"))
    return CaseState(
        case_id=case.id,
        number=case.number,
        state=say(STATES[case.state]),
        tone=TONES.get(case.state, ""),
        flags=tuple(flags),
        rows=tuple(rows),
        dates=tuple(dates),
        materials=materials,
        story=story,
        acts=_acts(shown),
        notes=_notes(shown),
        held=held,
    )


def _clash(clash: Clash) -> str:
    """Another open case of the applicant's, as far as this window may know of it, and what was said about it."""
    other = say("申请人在别处还有一件这个事项")
    if clash.number and clash.state is not None:
        state = say(STATES[clash.state])
        other = say(
            "申请人这个事项还有一件：{number}，{state}，{where}", number=clash.number, state=state, where=clash.where
        )
    match clash.settlement:
        case Settlement.KEEP_BOTH:
            end = say("已核对，两件都办：{reason}（{by}）", reason=clash.reason, by=clash.by)
        case Settlement.DUPLICATE if clash.is_this:
            end = say("部门认定本件重复，请作废或撤回：{reason}（{by}）", reason=clash.reason, by=clash.by)
        case Settlement.DUPLICATE:
            end = say("部门认定那一件重复：{reason}（{by}）", reason=clash.reason, by=clash.by)
        case _:
            end = say("请向{ask}询问，由部门核对", ask=clash.ask) if clash.ask else say("由部门核对")
    return f"{other} · {end}"


def _notes(shown: CaseShown) -> tuple[str, ...]:
    """Who does what this window may not, one line for each who."""
    by: dict[str, list[str]] = {}
    for kind, who in shown.elsewhere.items():
        by.setdefault(who, []).append(say(KINDS[kind]))
    notes = [say("{acts}：由{who}办", acts=listed(acts), who=who) for who, acts in by.items()]
    if shown.case.asked is not None and shown.case.state is State.RECEIVED:
        notes.append(say("已一次性告知过补正，不能再告知。"))
    if shown.supervised:
        acts = listed(say(KINDS[kind]) for kind in sorted(shown.supervised))
        notes.append(say("{acts}：已过收件当日，要主管在旁。", acts=acts))
    return tuple(notes)


def _acts(shown: CaseShown) -> tuple[ActShown, ...]:
    """The main act last, where the hand expects it."""
    case, acts = shown.case, []
    if case.number and case.state is not State.VOIDED:  # the papers of a voided case are good for nothing
        paper, words = PaperKind.RECEIPT, "打印收件凭证副本"
        if case.state is State.TO_SUPPLEMENT:
            paper, words = PaperKind.SUPPLEMENT, "打印补正告知书副本"
        elif case.declined is not None:
            paper, words = PaperKind.REFUSAL, "打印不予受理通知书副本"
        elif case.accepted_on is not None:
            paper, words = PaperKind.ACCEPTANCE, "打印受理通知书副本"
        acts.append(ActShown(f"print:{paper.value}", words, "Ctrl+P"))
    if Kind.CORRECT in shown.allowed:
        acts.append(ActShown("correct", "更正", "Ctrl+G"))
    if Kind.WITHDRAW in shown.allowed:
        acts.append(ActShown("withdraw", "撤回", "Ctrl+U"))
    if Kind.VOID in shown.allowed:
        acts.append(ActShown("void", "作废", "Ctrl+K", "danger"))
    if Kind.DECLINE in shown.allowed:
        acts.append(ActShown("decline", "不予受理", "F11", "danger"))
    if Kind.ASK_SUPPLEMENT in shown.allowed:
        acts.append(ActShown("ask_supplement", "一次性告知补正", "F7"))
    if Kind.SUPPLEMENT in shown.allowed and (case.state is State.TO_SUPPLEMENT or Flag.PROMISED in case.flags):
        acts.append(ActShown("supplement", "补正", "F4", "primary"))
    if Kind.ACCEPT in shown.allowed:
        acts.append(ActShown("accept", "受理", "F8", "primary"))
    if Kind.DELIVER in shown.allowed:
        acts.append(ActShown("deliver", "送达", "F9", "primary"))
    return tuple(acts)


def case_row(line: CaseLine) -> Row:
    standing, standing_tone = STANDINGS.get(line.standing.value, ("", "")) if line.standing else ("", "")
    return Row(
        line.case_id,
        (
            Cell(line.number or "—", bold=True),
            Cell(line.matter),
            Cell(line.applicant),
            Cell(say(STATES[line.state]), TONES.get(line.state, "plain")),
            Cell(_at(line.received_at), muted=True),
            Cell(say(standing) if standing else "", standing_tone),
        ),
    )


def todo_row(item: TodoItem) -> Row:
    words, tone = WHYS[item.why]
    return Row(
        item.case_id,
        (
            Cell(item.number or "—", bold=True),
            Cell(item.matter),
            Cell(item.applicant),
            Cell(say(words), tone),
            Cell(_day(item.due), muted=True),
        ),
    )


def _at(moment: datetime | None) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}" if moment else ""


def _day(on: date | None) -> str:
    return on.isoformat() if on else ""
