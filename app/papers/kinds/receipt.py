"""收件凭证: that the materials were taken in, by whom and when, and that this is not yet acceptance.

It names who decides on acceptance and by which day (行政许可法 art. 32: five working days, then silence has accepted).
On an 80 mm roll as high as it needs to be, or on the upper half of an A4 sheet where there is no receipt printer.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.papers.fonts import Chain
from app.papers.kinds.stationery import A4, TABLE, material_table
from app.papers.paper import Moment, PaperInput, PaperKind, moment_of, number_of, replaced_by
from app.papers.pdf import MM, THERMAL_DOT, Align, Sheet
from app.papers.wording import (
    DELIVERIES,
    FORMS,
    day,
    id_label,
    id_on_receipt,
    identity_words,
    material_state,
    minute,
    phone,
    tie_words,
    times,
)
from contract.case import Case, Kind
from contract.person import Tie
from contract.problem import Problem, Retry

ROLL = 576 * THERMAL_DOT - 0.0005  # the head's 72 mm; a hair less, so that rounding up never makes 577 dots
SIZE = 8.5
LABEL = SIZE * 4.6
SIGN = "交件人签字：＿＿＿＿＿＿＿　收件人签字：＿＿＿＿＿＿＿"


def draw_receipt(given: PaperInput) -> bytes:
    """On a roll, 576 dots wide at 203 dpi."""
    case = _received(given)
    sheet = Sheet(Chain.RECEIPT, ROLL, None, (3, 6, 3, 12))
    moment = moment_of(PaperKind.RECEIPT, given)
    if given.training:
        sheet.paragraph("【训练 · 无效】", 12, align=Align.CENTRE, bold=True)
    sheet.paragraph(_hall(given), SIZE + 1, align=Align.CENTRE, leading=14)
    sheet.paragraph("收件凭证" + ("（副本）" if given.copy_mark else ""), 16, align=Align.CENTRE, leading=24, bold=True)
    sheet.paragraph(given.case_number, 13, align=Align.CENTRE, leading=20, bold=True)
    sheet.paragraph(f"凭证号 {number_of(PaperKind.RECEIPT, given)}", 7.5, align=Align.CENTRE, leading=11)
    _rule(sheet)
    for label, words in (*_who(given), ("事项", given.view.matter.name)):
        sheet.pair(label, words, SIZE, LABEL, leading=13)
    _rule(sheet)
    sheet.paragraph(f"收到材料 {sum(m.present for m in case.materials)} 项", SIZE, bold=True, leading=14)
    for number, material in enumerate(case.materials, 1):
        sheet.room(13)
        sheet.text_at(sheet.left, sheet.y + sheet.baseline(SIZE, 13), f"{number}.", SIZE)
        sheet.paragraph(material.name, SIZE, left=SIZE * 1.6, leading=13)
        form = f"{FORMS[material.form]} {material.copies}份，" if material.present and material.copies else ""
        sheet.paragraph(form + material_state(material), SIZE - 1, left=SIZE * 1.6, leading=11.5)
    _rule(sheet)
    for label, words in (*_where(given, moment), ("领取", DELIVERIES[case.delivery])):
        sheet.pair(label, words, SIZE, LABEL, leading=13)
    _rule(sheet)
    for words in _meaning(given):
        sheet.paragraph(words, SIZE, leading=13)
    sheet.space(14)
    for who in ("交件人", "收件人"):
        sheet.paragraph(f"{who}签字：＿＿＿＿＿＿＿＿＿＿＿", SIZE, leading=24)
    if given.view.progress_url:
        sheet.space(6)
        wide = _qr(sheet, given.view.progress_url)
        sheet.y += wide + 2
        sheet.paragraph("扫码查询办理进度", SIZE, align=Align.CENTRE, leading=13)
    if given.copy_mark:
        sheet.paragraph(f"副本，打印于 {minute(given.at)}", 7.5, align=Align.CENTRE, leading=12)
    return sheet.finish(f"收件凭证 {given.case_number}", _hall(given))


def draw_receipt_a4(given: PaperInput) -> bytes:
    """On the upper half of an A4 sheet, to be cut off at the dashed line; a long list runs on below it."""
    case = _received(given)
    sheet = Sheet(Chain.A4, *A4, (20 * MM, 9 * MM, 20 * MM, 12 * MM))
    moment = moment_of(PaperKind.RECEIPT_A4, given)
    if given.training:
        sheet.behind(lambda: sheet.watermark("训练 无效", 96))
    sheet.paragraph(_hall(given), 11, align=Align.CENTRE, leading=15)
    sheet.paragraph("收件凭证" + ("（副本）" if given.copy_mark else ""), 18, align=Align.CENTRE, leading=24, bold=True)
    copy = f"　打印于 {minute(given.at)}" if given.copy_mark else ""
    sheet.paragraph(f"编号 {given.case_number}　凭证号 {number_of(PaperKind.RECEIPT_A4, given)}{copy}", 9.5, leading=15)
    top = sheet.y
    qr = 0.0
    if given.view.progress_url:
        qr = sheet.qr(sheet.width - sheet.right - 24 * MM, top + 2, given.view.progress_url, 24 * MM)
        centre = sheet.width - sheet.right - 24 * MM + qr / 2
        sheet.text_at(centre, top + qr + 12, "扫码查询办理进度", 8, align=Align.CENTRE)
    across = sheet.inner - 30 * MM if qr else sheet.inner
    for label, words in (*_who(given), ("事项", given.view.matter.name), *_where(given, moment)):
        sheet.paragraph(f"{label}：{words.replace(chr(10), '　')}", 9.5, leading=13.5, width=across)
    sheet.paragraph(f"领取：{DELIVERIES[case.delivery]}", 9.5, leading=13.5, width=across)
    sheet.y = max(sheet.y, top + qr + 18) + 3
    material_table(sheet, case.materials)
    sheet.space(5)
    for words in _meaning(given):
        sheet.paragraph(words, 9.5, leading=13.5)
    sheet.space(10)
    sheet.paragraph(SIGN, TABLE, leading=16)
    half = A4[1] / 2
    if sheet.page == 1 and sheet.y < half:
        sheet.y = half
        sheet.rule(0.5, dashed=True, grey=0.5)
    return sheet.finish(f"收件凭证 {given.case_number}", _hall(given))


def _received(given: PaperInput) -> Case:
    case = given.view.case
    if case.received_at is None:
        raise Problem("papers.not_yet", Retry.AFTER_FIX)
    return case


def _hall(given: PaperInput) -> str:
    return given.view.node.hall or given.view.node_path or given.view.node.name


def _who(given: PaperInput) -> Iterator[tuple[str, str]]:
    case = given.view.case
    parties = case.parties
    applicant, handler = parties.applicant, parties.handler
    yield "申请人", f"{applicant.shown_name}\n{id_label(applicant)} {id_on_receipt(applicant)}"
    if parties.tie is Tie.SELF:
        yield "经办人", "本人"
    else:
        who = f"{handler.shown_name}（{tie_words(parties)}）"
        yield "经办人", f"{who}\n{id_label(handler)} {id_on_receipt(handler)}"
    if case.phone:
        yield "电话", phone(case.phone)
    if said := identity_words(case.identity):
        yield "身份", said


def _where(given: PaperInput, moment: Moment) -> Iterator[tuple[str, str]]:
    yield from times(moment)
    window = " ".join(part for part in (given.view.case.window, moment.by) if part)
    if window:
        yield "收件人", window


def _meaning(given: PaperInput) -> Iterator[str]:
    """What this paper is, and what it is not."""
    case, department = given.view.case, given.view.department
    organ = department.name if department else "有权机关"
    if any(act.kind is Kind.SUPPLEMENT for act in given.view.actions):
        yield "本凭证为补交材料后的凭证，与先前的凭证一并保存。"
    if case.accepted_on is None:
        yield "本凭证只证明已收到上列材料，不代表已经受理。"
        until = f"（至{day(given.answer_by)}）" if given.answer_by else ""
        yield f"是否受理由{organ}决定，并在收件后五个工作日内{until}告知；逾期不告知的，自收件之日起即为受理。"
    else:
        yield f"本凭证证明已收到上列材料。此件由{organ}于{day(case.accepted_on)}受理，以受理通知书为准。"
    if any(material.promised_until and not material.present for material in case.materials):
        yield "容缺的材料请按期补交，未补交的不能领取办理结果。"
    if department and department.phone:
        yield f"咨询电话：{department.phone}"
    if replaced := replaced_by(PaperKind.RECEIPT, given):
        reason = f"（更正：{case.corrections[-1].reason}）" if case.corrections else ""
        yield f"本凭证替代 {'、'.join(replaced)}，原凭证作废{reason}。"


def _rule(sheet: Sheet) -> None:
    sheet.space(4)
    sheet.rule(0.8, dashed=True)
    sheet.space(4)


def _qr(sheet: Sheet, payload: str) -> float:
    """The QR in the middle of the roll, its modules on whole dots so that the head burns them evenly."""
    size = 30 * MM
    return sheet.qr((sheet.width - size) / 2, sheet.y, payload, size, snap=THERMAL_DOT)
