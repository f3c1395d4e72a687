"""A matter's form in words: its fields as they are drawn, what is wrong with an answer, and what an answer says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.form import FormField, Mistake
from contract.person import masked
from ui.widgets.field import Asked
from ui.words import listed, say

LATIN = ("cn-id-number", "cn-phone", "cn-uscc")  # formats that are written in letters and digits of ASCII


def label_of(control: FormField, language: str) -> str:
    """The field's label; a matter has its English itself."""
    return control.label_en if language == "en" and control.label_en else control.label


def answer_words(control: FormField, value: Any, areas: Mapping[str, str]) -> str:
    """An answer as it is read; an identity number with its middle hidden."""
    labels = dict(areas if control.kind == "area" else control.choices)
    if value in (None, "", []):
        return ""
    if isinstance(value, bool):
        return say("是") if value else say("否")
    if isinstance(value, list):
        return listed(labels.get(str(one), str(one)) for one in value)
    words = labels.get(str(value), str(value))
    if control.format == "cn-id-number":
        words = masked(words)
    return f"{words} {control.unit}".strip()


def asked(control: FormField, areas: tuple[tuple[str, str], ...], language: str) -> Asked:
    """A field of the form as it is drawn."""
    choices = areas if control.kind == "area" else control.choices
    return Asked(
        control.name,
        label_of(control, language),
        control.kind,
        control.required,
        choices,
        control.hint,
        control.unit,
        control.max_length,
        control.format in LATIN,
    )


SOURCES = {
    "chip": "取自身份证",
    "document": "取自证件",
    "typed": "取自登记的内容",
    "licence": "取自电子证照",
    "library": "取自共享库",
    "carried": "沿用上一件",
}


def source_words(source: str) -> str:
    """Where an answer was taken from."""
    return say(SOURCES.get(source, "自动填入")) if source else ""


def mistake_words(mistake: Mistake, control: FormField | None, language: str) -> str:
    """What to do about a mistake."""
    label = label_of(control, language) if control else mistake.field
    limit = mistake.facts.get("limit", "")
    match mistake.code:
        case "required":
            return say("请填{label}", label=label)
        case "format":
            formats = {
                "date": "日期写成年月日，如 20260301",
                "cn-phone": "电话要么是 11 位手机号，要么是区号加固定电话",
                "cn-id-number": "身份证号码不对，请对照证件再输一次",
                "cn-uscc": "统一社会信用代码不对，请对照营业执照",
                "tongban-area": "请从列表里选一个地方",
            }
            return say(formats.get(mistake.facts.get("format", ""), "格式不对，请照要求填写"))
        case "type":
            return say("这里要填数字")
        case "choice":
            return say("请从给出的里面选")
        case "length":
            return say("长短不合要求（{limit}）", limit=limit)
        case "range":
            return say("数值超出范围（{limit}）", limit=limit)
        case _:
            return say("请检查这一项")
