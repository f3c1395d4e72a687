"""The three notices to the applicant: accepted, to be supplemented, not accepted.

Contents after 行政许可法 art. 32, 38, 42, 44 and 45 and the forms in use: addressee, matter, day of application, legal
basis, limits and what is not counted, fee, how the result is delivered, remedies, enquiry, organ with seal and date,
the receiver's signature.
"""

from __future__ import annotations

from app.papers.fonts import text_width
from app.papers.kinds.stationery import SMALL, TABLE, a4_sheet, close, heading, material_table, text
from app.papers.paper import Moment, PaperInput, PaperKind, moment_of
from app.papers.pdf import MM, Align, Cell, Column, Sheet
from app.papers.wording import (
    DELIVERIES,
    day,
    excluded_words,
    fee_words,
    id_label,
    id_on_notice,
    identity_words,
    limits_words,
    phone,
    tie_words,
    times,
)
from contract.case import CHINA, Ground
from contract.form import fields
from contract.material import CaseMaterial
from contract.person import Role, Tie
from contract.problem import Problem, Retry

SEAL = "受理专用章"
RECEIVER = "签收人（签字）：＿＿＿＿＿＿＿＿＿＿　　签收日期：＿＿＿＿年＿＿月＿＿日"
COPIES = "本通知书一式两份，一份交申请人，一份由受理机关存档。"
ART_32 = "《中华人民共和国行政许可法》第三十二条"

GROUNDS = {
    Ground.NOT_NEEDED: (f"依据{ART_32}第一款第（一）项", "该事项依法不需要取得行政许可"),
    Ground.NOT_COMPETENT: (f"依据{ART_32}第一款第（二）项", "该事项依法不属于本机关职权范围"),
    Ground.INCOMPLETE: (f"依据{ART_32}第一款第（四）、（五）项", "未按照本机关的一次性告知补正全部申请材料"),
    Ground.NOT_MET: (f"依据{ART_32}", "所申请的事项明显不具备法定条件"),
}


def draw_acceptance(given: PaperInput) -> bytes:
    """受理通知书: the day of acceptance, both limits, what is not counted, fee, delivery, where to ask."""
    case, matter = given.view.case, given.view.matter
    if case.accepted_on is None:
        raise Problem("papers.not_yet", Retry.AFTER_FIX)
    organ = _organ(given)
    sheet = a4_sheet(PaperKind.ACCEPTANCE, given)
    heading(sheet, PaperKind.ACCEPTANCE, given, organ)
    _addressee(sheet, given)
    applied = day(case.opened_at.astimezone(CHINA).date())
    grounds = "和".join((f"{ART_32}第一款第（五）项", *matter.legal_basis[:1]))
    if case.deemed:
        decided = (
            "本机关自收到申请材料之日起五个工作日内未告知补正，"
            f"依据{ART_32}第一款第（四）项，自收到申请材料之日起即为受理。"
        )
    else:
        decided = f"经审查，申请事项属于本机关职权范围，申请材料{_completeness(given)}，依据{grounds}，决定予以受理。"
    text(
        sheet,
        f"你（单位）于{applied}提出的“{matter.name}”申请收悉。{decided}"
        f"办理期限自{day(case.accepted_on)}受理之次日起计算。",
    )
    if case.accepted_by and case.accepted_by.role in (Role.CLERK, Role.SUPERVISOR):
        text(sheet, f"本通知书由{_place(given)}受{organ}委托作出。")
    sheet.space(4)
    moment = moment_of(PaperKind.ACCEPTANCE, given)
    rows = [("事项编码", matter.code), ("受理日期", day(case.accepted_on)), *limits_words(given)]
    if excluded := excluded_words(given):
        rows.append(("不计入时限", f"{excluded}所需时间不计算在期限内，需要时另行书面告知"))
    rows += [
        ("收费", fee_words(matter.fee)),
        *_phone(given),
        ("结果", f"{matter.result or '办理结果'}，{DELIVERIES[case.delivery]}（凭本通知书和有效证件）"),
        ("咨询与查询", _enquiry(given)),
        *_desk(given, moment),
    ]
    _facts(sheet, rows)
    sheet.space(4)
    sheet.paragraph(COPIES, SMALL, leading=14)
    close(sheet, given, organ, day(case.accepted_on), stamp=SEAL, pending=given.seal_pending, receiver=RECEIVER)
    _annex(sheet, "收到的申请材料", case.materials)
    return sheet.finish(f"受理通知书 {given.case_number}", organ)


def draw_supplement(given: PaperInput) -> bytes:
    """补正告知书: everything that is missing or wrong, at once and once, with the day and what follows."""
    case, matter = given.view.case, given.view.matter
    if case.asked is None:
        raise Problem("papers.not_yet", Retry.AFTER_FIX)
    organ = _organ(given)
    names = {material.code: material.name for material in case.materials}
    names |= {rule.code: rule.name for rule in matter.materials}
    labels = {control.name: f"申请内容：{control.label}" for control in fields(matter.form)}
    sheet = a4_sheet(PaperKind.SUPPLEMENT, given)
    heading(sheet, PaperKind.SUPPLEMENT, given, organ)
    _addressee(sheet, given)
    until = f"，请于{day(case.asked.until)}前" if case.asked.until else "，请尽快"
    text(
        sheet,
        f"你（单位）提出的“{matter.name}”申请收悉。经审查，申请材料不齐全或者不符合法定形式。依据{ART_32}第一款第（四）项，"
        f"现将需要补正的全部内容一次性告知如下{until}将补正材料交至原收件窗口或本机关：",
    )
    sheet.space(4)
    rest = sheet.inner - 10 * MM
    columns = (
        Column("序号", 10 * MM, Align.CENTRE),
        Column("材料或内容", rest * 0.26),
        Column("需要补正的内容", rest * 0.37),
        Column("要求与标准", rest * 0.37),
    )
    rows = [
        (
            str(number),
            names.get(item.material) or labels.get(item.field) or "—",
            item.what,
            item.standard or "按办事指南要求",
        )
        for number, item in enumerate(case.asked.items, 1)
    ]
    sheet.table(columns, rows, TABLE)
    sheet.space(8)
    text(
        sheet,
        f"以上共{len(rows)}项，为全部补正内容。本告知为一次性告知，材料按要求补正后，本机关不再就本次申请提出其他补正要求。",
    )
    text(
        sheet, "期满未补正或者补正后仍不符合要求的，本机关可以作出不予受理的决定。收到全部补正材料之日为收到申请之日。"
    )
    sheet.space(4)
    moment = moment_of(PaperKind.SUPPLEMENT, given)
    _facts(sheet, [("咨询与查询", _enquiry(given)), *_desk(given, moment), *_phone(given)])
    sheet.space(4)
    sheet.paragraph(COPIES, SMALL, leading=14)
    close(sheet, given, organ, _day_of(moment), stamp=SEAL, pending=not case.seals, receiver=RECEIVER)
    return sheet.finish(f"补正告知书 {given.case_number}", organ)


def draw_refusal(given: PaperInput) -> bytes:
    """不予受理通知书: which ground of art. 32, where to go instead, the remedies of art. 38."""
    case, matter = given.view.case, given.view.matter
    if case.declined is None:
        raise Problem("papers.not_yet", Retry.AFTER_FIX)
    organ = _organ(given)
    law, ground = GROUNDS[case.declined.ground]
    sheet = a4_sheet(PaperKind.REFUSAL, given)
    heading(sheet, PaperKind.REFUSAL, given, organ)
    _addressee(sheet, given)
    text(sheet, f"你（单位）于{day(case.opened_at.astimezone(CHINA).date())}提出的“{matter.name}”申请收悉。")
    text(sheet, f"经审查，{ground}。具体理由：{case.declined.reason.rstrip('。')}。{law}，本机关决定不予受理。")
    if case.declined.competent_organ:
        text(sheet, f"该事项由{case.declined.competent_organ}办理，请向该机关提出申请。")
    text(
        sheet,
        "如不服本决定，可以自收到本通知书之日起六十日（60日）内依法向有管辖权的行政复议机关申请行政复议，"
        "或者自收到本通知书之日起六个月（6个月）内依法向有管辖权的人民法院提起行政诉讼。",
    )
    sheet.space(8)
    moment = moment_of(PaperKind.REFUSAL, given)
    _facts(sheet, [("咨询与查询", _enquiry(given)), *_desk(given, moment), *_phone(given)])
    sheet.space(4)
    sheet.paragraph(COPIES, SMALL, leading=14)
    close(sheet, given, organ, _day_of(moment), stamp=SEAL, pending=not case.seals, receiver=RECEIVER)
    _annex(sheet, "退回的申请材料", tuple(material for material in case.materials if material.present))
    return sheet.finish(f"不予受理通知书 {given.case_number}", organ)


def _organ(given: PaperInput) -> str:
    """Who answers for the notice: the deciding department, or the hall where no route is known."""
    return given.view.department.name if given.view.department else _place(given)


def _place(given: PaperInput) -> str:
    return given.view.node.hall or given.view.node_path or given.view.node.name


def _completeness(given: PaperInput) -> str:
    promised = [material for material in given.view.case.materials if material.promised_until and not material.present]
    if not promised:
        return "齐全、符合法定形式"
    return f"主要部分齐全，其余{len(promised)}项按容缺受理的承诺补交"


def _addressee(sheet: Sheet, given: PaperInput) -> None:
    parties = given.view.case.parties
    applicant = parties.applicant
    sheet.paragraph(f"{applicant.shown_name}（{id_label(applicant)}：{id_on_notice(applicant)}）：", 11.5, leading=20)
    if parties.tie is not Tie.SELF:
        handler = parties.handler
        words = f"经办人：{handler.shown_name}（{tie_words(parties)}，{id_label(handler)}：{id_on_notice(handler)}）"
        sheet.paragraph(words, 10.5, leading=17)


def _facts(sheet: Sheet, rows: list[tuple[str, str]]) -> None:
    """Label and value, ruled; two short ones share a row."""
    label = 20 * MM
    half = sheet.inner / 2
    waiting = list(rows)
    while waiting:
        name, value = waiting.pop(0)
        cells = [Cell(name, label, Align.CENTRE, shaded=True)]
        if waiting and max(text_width(each, TABLE, sheet.chain) for each in (value, waiting[0][1])) < half - label - 7:
            second, other = waiting.pop(0)
            cells += [Cell(value, half - label), Cell(second, label, Align.CENTRE, shaded=True)]
            cells.append(Cell(other, half - label))
        else:
            cells.append(Cell(value, sheet.inner - label))
        sheet.row(cells, TABLE)


def _annex(sheet: Sheet, name: str, materials: tuple[CaseMaterial, ...]) -> None:
    """The list of materials after the seal: however long it is, the stamp stands below the text that it confirms."""
    if not materials:
        return
    sheet.space(6)
    sheet.room(60)
    sheet.paragraph(f"附：{name}", TABLE + 0.5, leading=18)
    material_table(sheet, materials)


def _enquiry(given: PaperInput) -> str:
    department = given.view.department
    said = [f"凭编号 {given.case_number} 查询"]
    if department and department.phone:
        said.append(f"电话 {department.phone}")
    if department and department.address:
        said.append(department.address)
    return "，".join(said)


def _desk(given: PaperInput, moment: Moment) -> list[tuple[str, str]]:
    """Where, by whom and when, on which identity; and who prints a copy of it."""
    case = given.view.case
    who = moment.by
    if moment.officer and given.view.department:
        who = f"{given.view.department.short or given.view.department.name} {moment.by}"
    rows = [("收件窗口", f"{_place(given)} {case.window}".rstrip())]
    if who:
        rows.append(("承办人", who))
    rows += times(moment, "办理时间")
    if said := identity_words(case.identity):
        rows.append(("身份核验", said))
    return rows


def _phone(given: PaperInput) -> list[tuple[str, str]]:
    return [("联系电话", phone(given.view.case.phone))] if given.view.case.phone else []


def _day_of(moment: Moment) -> str:
    return day((moment.server_at or moment.at).astimezone(CHINA).date())
