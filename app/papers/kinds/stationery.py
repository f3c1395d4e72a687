"""What the A4 papers have in common: the sheet, its marks and footer, the place for the stamp, the QR.

28 mm are left free on the binding side, as GB/T 9704 does; above and below less, so that the common case fits on one
page with its stamp.
"""

from __future__ import annotations

from app.papers.fonts import Chain
from app.papers.paper import TITLES, PaperInput, PaperKind, number_of, replaced_by
from app.papers.pdf import MM, Align, Column, Sheet
from app.papers.wording import FORMS, material_state
from contract.material import CaseMaterial

A4 = (210 * MM, 297 * MM)
BODY = 11.5
SMALL = 9.0
TABLE = 9.5
STAMP = (62 * MM, 42 * MM)  # a 受理专用章 is 42 mm wide at most
QR = 26 * MM


def a4_sheet(
    kind: PaperKind,
    given: PaperInput,
    *,
    margins: tuple[float, float, float, float] = (28 * MM, 22 * MM, 26 * MM, 20 * MM),
) -> Sheet:
    """An empty sheet with its marks: 训练 behind the text, 副本 above it, number and page below."""
    sheet = Sheet(Chain.A4, *A4, margins)

    def behind() -> None:
        if given.training:
            sheet.watermark("训练 无效", 96)

    def footer(page: int, pages: int) -> None:
        line = sheet.height_of_page - 12 * MM
        sheet.text_at(sheet.left, line, f"{TITLES[kind]}　{number_of(kind, given)}", 8, grey=0.35)
        where = sheet.width - sheet.right
        sheet.text_at(where, line, f"第 {page} 页，共 {pages} 页", 8, align=Align.RIGHT, grey=0.35)
        if given.training:
            centre = sheet.width / 2
            sheet.text_at(centre, 13 * MM, "训练文书，无法律效力", 10, align=Align.CENTRE, bold=True)
        if given.copy_mark:
            sheet.frame(sheet.left, 8 * MM, 16 * MM, 7.5 * MM)
            sheet.text_at(sheet.left + 8 * MM, 13.4 * MM, "副本", 12, align=Align.CENTRE, bold=True)

    sheet.behind(behind)
    sheet.footer(footer)
    return sheet


def heading(sheet: Sheet, kind: PaperKind, given: PaperInput, organ: str) -> None:
    """Who speaks, the title, the paper's number, and what it replaces."""
    sheet.paragraph(organ, 14, align=Align.CENTRE, leading=22)
    sheet.paragraph(TITLES[kind], 22, align=Align.CENTRE, leading=34, bold=True)
    sheet.paragraph(f"编号：{number_of(kind, given)}", SMALL + 1, align=Align.RIGHT, leading=16)
    if replaced := replaced_by(kind, given):
        corrections = given.view.case.corrections
        reason = f"（更正原因：{corrections[-1].reason}）" if corrections else ""
        sheet.paragraph(f"本件替代 {'、'.join(replaced)}，原件作废{reason}。", SMALL + 1, leading=16)
    sheet.space(4)


def text(sheet: Sheet, words: str) -> None:
    """A paragraph of the body, its first line indented by two characters."""
    sheet.paragraph(words, BODY, leading=BODY * 1.6, indent=BODY * 2)


def material_table(sheet: Sheet, materials: tuple[CaseMaterial, ...]) -> None:
    """The list of materials: name, form, copies, and pages, source or promise."""
    rest = sheet.inner - 10 * MM - 20 * MM - 12 * MM
    columns = (
        Column("序号", 10 * MM, Align.CENTRE),
        Column("材料名称", rest * 0.5),
        Column("形式", 20 * MM, Align.CENTRE),
        Column("份数", 12 * MM, Align.CENTRE),
        Column("页数与来源", rest * 0.5),
    )
    rows = [
        (str(number), material.name, FORMS[material.form], str(material.copies or "—"), material_state(material))
        for number, material in enumerate(materials, 1)
    ]
    sheet.table(columns, rows, TABLE)


def close(sheet: Sheet, given: PaperInput, organ: str, on: str, *, stamp: str, pending: bool, receiver: str) -> None:
    """The end of a notice: QR on the left, stamp, organ and date on the right, the receiver's signature below.

    Args:
        stamp: Name of the seal that belongs here.
        pending: It is not there yet; the place for it says that the paper is not in force.
    """
    sheet.room(STAMP[1] + 40)
    sheet.space(6)
    top = sheet.y
    left = sheet.left
    if given.view.progress_url:
        wide = sheet.qr(left, top + 2, given.view.progress_url, QR)
        sheet.text_at(left + wide / 2, top + wide + 15, "扫码查询办理进度", SMALL, align=Align.CENTRE)
    box = sheet.width - sheet.right - STAMP[0]
    middle = box + STAMP[0] / 2
    if pending:
        sheet.frame(box, top, *STAMP, dashed=True)
        sheet.text_at(middle, top + 16, f"（{stamp}）", BODY, align=Align.CENTRE, grey=0.35)
        sheet.text_at(middle, top + 34, "待签章——加盖" + stamp + "后生效", SMALL, align=Align.CENTRE, bold=True)
    else:
        sheet.text_at(middle, top + 34, f"（{stamp}）", BODY, align=Align.CENTRE, grey=0.35)
    sheet.y = top + STAMP[1] - 40
    sheet.paragraph(organ, BODY, align=Align.CENTRE, left=box - sheet.left, width=STAMP[0], leading=16)
    sheet.paragraph(on, BODY, align=Align.CENTRE, left=box - sheet.left, width=STAMP[0], leading=16)
    sheet.y = max(sheet.y, top + STAMP[1]) + 8
    sheet.paragraph(receiver, BODY - 1, leading=18)
