"""申请表: the filled form, drawn from the matter's form definition and the answers, to be signed.

Each page carries the QR of its material slot (`TB1:<case number>:<material code>:<page>`), so that the signed page
files itself when it is scanned back (U04). The footer carries a digest of what was answered: a signed page of
another answer does not bear it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.papers.kinds.stationery import QR, TABLE, a4_sheet
from app.papers.paper import PaperInput, PaperKind, replaced_by
from app.papers.pdf import MM, Align, Cell, Sheet
from app.papers.wording import DELIVERIES, id_label, identity_words, tie_words
from contract.form import FormField, fields, kept, visible
from contract.ids import Slot
from contract.matter import MaterialRule
from contract.person import LegalPerson, Tie
from contract.wire import canonical, sha256

MARGINS = (20 * MM, 36 * MM, 20 * MM, 18 * MM)
LABEL = 0.19  # share of the width that a label takes
NOTHING = "／"  # an optional question left open, so that nothing is written there after the signature
TICKED, UNTICKED = "☑", "☐"
SIGNED_HERE = "signature"  # the place of the signature (app.papers.signing)
SHORT = 14  # characters; longer answers get a line of their own
DECLARATION = (
    "本人（单位）承诺：以上填写内容和提交的材料真实、有效，复印件与原件一致，并对其真实性负责；"
    "已知悉办理该事项的条件、时限和所需材料，同意受理机关依法核验和使用上述信息办理本事项。"
)


def draw_application(given: PaperInput) -> bytes:
    """A4; the id numbers stand in full, because the applicant signs for them."""
    case, matter = given.view.case, given.view.matter
    sheet = a4_sheet(PaperKind.APPLICATION, given, margins=MARGINS)
    rule = next((rule for rule in matter.materials if rule.is_application_form), None)
    answers = kept(matter.form, case.answers)
    digest = sha256(canonical(answers))[:16]
    below = sheet.footer_drawn

    def footer(page: int, pages: int) -> None:
        if below is not None:
            below(page, pages)
        middle = sheet.width / 2
        sheet.text_at(
            middle, sheet.height_of_page - 12 * MM, f"填写内容摘要 {digest}", 8, align=Align.CENTRE, grey=0.35
        )
        _head_of_page(sheet, given, rule, page)

    sheet.footer(footer)
    sheet.y = 15 * MM
    sheet.paragraph(
        f"{matter.name}", 18, align=Align.CENTRE, leading=26, bold=True, left=QR, width=sheet.inner - 2 * QR
    )
    sheet.paragraph("申请表", 18, align=Align.CENTRE, leading=26, bold=True)
    sheet.y = max(sheet.y, MARGINS[1] + 4 * MM)
    if replaced := replaced_by(PaperKind.APPLICATION, given):
        sheet.paragraph(f"本表替代 {'、'.join(replaced)}。", 9, leading=14)
    _parties(sheet, given)
    section = None
    waiting: list[tuple[str, str]] = []
    shown = visible(matter.form, case.answers)
    for field in fields(matter.form):
        if field.name not in shown:
            continue
        if field.section != section:
            _flush(sheet, waiting)
            section = field.section
            if section:
                _section(sheet, section)
        value = answer_words(field, answers.get(field.name), given.areas) or NOTHING
        if field.kind == "yes_no" and len(field.label) > 10:
            _flush(sheet, waiting)
            mark = TICKED if answers.get(field.name) is True else UNTICKED
            sheet.row([Cell(f"{mark} {field.label}", sheet.inner)], TABLE, least=20)
            continue
        if len(value) > SHORT or len(field.label) > 10 or field.kind == "long_text":
            _flush(sheet, waiting)
            _wide(sheet, field.label, value, least=48 if field.kind == "long_text" and value != NOTHING else 0)
        else:
            waiting.append((field.label, value))
            if len(waiting) == 2:
                _flush(sheet, waiting)
    _flush(sheet, waiting)
    _wide(sheet, "结果领取方式", DELIVERIES[case.delivery])
    _signature(sheet, given)
    return sheet.finish(f"申请表 {given.case_number}", given.view.node.name)


def answer_words(field: FormField, value: Any, areas: Mapping[str, str]) -> str:
    """An answer as it is read: labels of choices, 是 and 否, dates in Chinese, the unit after a number, places by
    name."""
    if value in (None, "", []):
        return ""
    labels = dict(field.choices)
    match field.kind:
        case "several":
            return "、".join(labels.get(str(each), str(each)) for each in value)
        case "choice":
            return labels.get(str(value), str(value))
        case "yes_no":
            return "是" if value else "否"
        case "date":
            year, month, day = str(value).split("-")
            return f"{year}年{int(month)}月{int(day)}日"
        case "area":
            return areas.get(str(value), str(value))
        case "number" | "integer":
            return f"{value:g}{field.unit}" if isinstance(value, float) else f"{value}{field.unit}"
        case _:
            return f"{value}{field.unit}"


def _head_of_page(sheet: Sheet, given: PaperInput, rule: MaterialRule | None, page: int) -> None:
    """Slot code on the right, the case's number on the left, on every page."""
    sheet.text_at(sheet.left, 24 * MM, "办件编号", 9, grey=0.35)
    sheet.text_at(sheet.left, 29 * MM, given.case_number, 9)
    if rule is not None:
        x = sheet.width - sheet.right - QR
        wide = sheet.qr(x, 8 * MM, str(Slot(given.case_number, rule.code, page)), 22 * MM)
        sheet.text_at(x + wide / 2, 8 * MM + wide + 9, "请勿折叠或遮挡", 6.5, align=Align.CENTRE, grey=0.35)


def _parties(sheet: Sheet, given: PaperInput) -> None:
    case = given.view.case
    applicant, handler = case.parties.applicant, case.parties.handler
    _section(sheet, "申请人")
    if isinstance(applicant, LegalPerson):
        _pair(sheet, ("名称", applicant.name), ("统一社会信用代码", applicant.uscc))
        _pair(sheet, ("法定代表人", applicant.representative), ("联系电话", case.phone or handler.phone))
        _wide(sheet, "住所", applicant.address)
    else:
        _pair(sheet, ("姓名", applicant.shown_name), (id_label(applicant), applicant.number))
        _pair(
            sheet, ("性别、民族", " ".join(filter(None, (applicant.sex, applicant.nation)))), ("联系电话", case.phone)
        )
        _wide(sheet, "住址", applicant.address)
    if case.parties.tie is not Tie.SELF:
        _section(sheet, f"经办人（{tie_words(case.parties)}）")
        _pair(sheet, ("姓名", handler.shown_name), (id_label(handler), handler.number))
        _wide(sheet, "联系电话", handler.phone or case.phone)
    if said := identity_words(case.identity):
        _wide(sheet, "身份核验", said)


def _section(sheet: Sheet, name: str) -> None:
    sheet.room(60)
    sheet.row([Cell(name, sheet.inner, Align.LEFT, bold=True, shaded=True)], TABLE)


def _pair(sheet: Sheet, first: tuple[str, str], second: tuple[str, str]) -> None:
    label, value = sheet.inner * LABEL, sheet.inner * (0.5 - LABEL)
    cells = []
    for name, words in (first, second):
        cells += [Cell(name, label, Align.CENTRE), Cell(words or NOTHING, value)]
    sheet.row(cells, TABLE, least=20)


def _wide(sheet: Sheet, name: str, words: str, least: float = 0) -> None:
    label = sheet.inner * LABEL
    cells = [Cell(name, label, Align.CENTRE), Cell(words or NOTHING, sheet.inner - label)]
    sheet.row(cells, TABLE, least=max(least, 20))


def _flush(sheet: Sheet, waiting: list[tuple[str, str]]) -> None:
    if len(waiting) == 2:
        _pair(sheet, waiting[0], waiting[1])
    elif waiting:
        _wide(sheet, *waiting[0])
    waiting.clear()


def _signature(sheet: Sheet, given: PaperInput) -> None:
    sheet.room(112)
    top = sheet.y
    sheet.space(8)
    sheet.paragraph(DECLARATION, TABLE, leading=17, indent=TABLE * 2, left=6, width=sheet.inner - 12)
    sheet.space(20)
    who = "申请人（签字或盖章）" if given.view.case.parties.tie is Tie.SELF else "申请人或经办人（签字或盖章）"
    sheet.text_at(sheet.left + sheet.inner * 0.32, sheet.y + 12, f"{who}：", TABLE + 0.5)
    left = sheet.left + sheet.inner * (0.60 if given.view.case.parties.tie is Tie.SELF else 0.66)
    sheet.place(SIGNED_HERE, left, sheet.y - 16, sheet.width - sheet.right - 8 - left, 44)
    sheet.space(30)
    day = given.signed_on
    words = f"{day.year} 年 {day.month} 月 {day.day} 日" if day else "年　　　月　　　日"
    sheet.text_at(sheet.width - sheet.right - 20, sheet.y + 4, words, TABLE + 0.5, align=Align.RIGHT)
    sheet.space(14)
    sheet.frame(sheet.left, top, sheet.inner, sheet.y - top)
