"""What a window writes on a notice: what is to be supplemented, the grounds of the law; from the desk to the screen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from contract.case import Ground, SupplementItem
from contract.form import Form, fields, visible
from ui.form_words import answer_words, label_of
from ui.widgets.lines import Line
from ui.widgets.telling import ToldItem
from ui.words import say

GROUNDS = {
    Ground.NOT_NEEDED: "不需要许可",
    Ground.NOT_COMPETENT: "不属于本机关职权",
    Ground.INCOMPLETE: "没有按要求补正",
    Ground.NOT_MET: "明显不符合条件",
}
REMEDIES = "通知书会写明救济途径：60 日内可以申请行政复议，6 个月内可以提起行政诉讼。"
MATERIAL, FIELD = "material:", "field:"
"""What stands before the code of a material, the name of a field, in the key of a ToldItem."""


def field_choices(form: Form, answers: Mapping[str, Any], areas: Mapping[str, str], language: str) -> list[Line]:
    """The fields that are asked, with what they say, to choose the wrong one from."""
    seen = visible(form, answers)
    lines: list[Line] = []
    for control in fields(form):
        if control.name in seen:
            words = answer_words(control, answers.get(control.name), areas) or "—"
            head = "" if lines else say("表单")
            lines.append(Line(FIELD + control.name, label_of(control, language), words, head=head))
    return lines


def items_told(items: tuple[ToldItem, ...]) -> tuple[SupplementItem, ...]:
    """The items as the act says them."""
    return tuple(
        SupplementItem(
            material=item.key.removeprefix(MATERIAL) if item.key.startswith(MATERIAL) else "",
            field=item.key.removeprefix(FIELD) if item.key.startswith(FIELD) else "",
            what=item.what,
            standard=item.standard,
        )
        for item in items
    )


def read_supplement(items: tuple[ToldItem, ...], until: str) -> tuple[date | None, str]:
    """The last day, or None with words that say what is wrong with what was written."""
    try:
        last = date.fromisoformat(until)
    except ValueError:
        return None, say("补正截止日写成年月日，如 20260301")
    if not items:
        return None, say("至少写一项，写清缺什么。")
    if any(not item.what for item in items):
        return None, say("每一项都要写清缺什么；不要的那一项请去掉。")
    return last, ""


def read_refusal(ground: str, reason: str, organ: str) -> str:
    """What is wrong with what was written about not accepting, "" where nothing is."""
    if not ground or not reason.strip():
        return say("请选理由类别，并写明理由。")
    if ground == Ground.NOT_COMPETENT and not organ.strip():
        return say("不属于本机关职权的，请写明应向哪里申请。")
    return ""
