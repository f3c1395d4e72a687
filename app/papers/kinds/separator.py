"""分隔页: a sheet laid before each material of a batch, whose QR says into which slot the pages after it go.

Page 0 of a slot code means the separator itself: it is not part of the material.
"""

from __future__ import annotations

from app.papers.kinds.stationery import a4_sheet
from app.papers.paper import PaperInput, PaperKind
from app.papers.pdf import MM, Align
from contract.ids import Slot
from contract.matter import wanted

SIZE = 90 * MM


def draw_separator(given: PaperInput) -> bytes:
    """One page per material that the matter wants of these parties and answers."""
    view = given.view
    rules = wanted(view.matter, view.case.parties, view.case.answers)
    sheet = a4_sheet(PaperKind.SEPARATOR, given)
    for number, rule in enumerate(rules, 1):
        if number > 1:
            sheet.new_page()
        sheet.space(20)
        sheet.paragraph("材料分隔页", 14, align=Align.CENTRE, leading=24, grey=0.35)
        sheet.paragraph(f"{number}. {rule.name}", 24, align=Align.CENTRE, leading=36, bold=True)
        sheet.paragraph(f"{view.matter.name}　{given.case_number}", 12, align=Align.CENTRE, leading=22)
        sheet.space(24)
        wide = sheet.qr((sheet.width - SIZE) / 2, sheet.y, str(Slot(given.case_number, rule.code, 0)), SIZE)
        sheet.y += wide + 24
        sheet.paragraph("请将此页放在该材料的前面一起扫描，扫描后可重复使用。", 12, align=Align.CENTRE, leading=22)
    return sheet.finish(f"材料分隔页 {given.case_number}", view.node.name)
