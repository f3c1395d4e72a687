"""The words of the pages: what is stored and its Chinese name, which the catalogue in locale/en turns into English."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _

from contract.case import Flag, Ground, Kind, State
from contract.clock import Clockface
from contract.material import MaterialForm, Source, Trust
from contract.matter import Delivery
from contract.person import Document, Role, Tie
from contract.problem import Problem
from contract.rating import Level, Reason
from contract.report import Condition
from server.cases.signatures import Bond
from server.supervise.stations import Alarm

MESSAGES = Path(__file__).resolve().parents[2] / "resources" / "messages"

STATES: dict[State, Promise] = {
    State.DRAFT: _("草稿"),
    State.RECEIVED: _("已收件"),
    State.TO_SUPPLEMENT: _("待补正"),
    State.ACCEPTED: _("已受理"),
    State.IN_REVIEW: _("办理中"),
    State.APPROVED: _("准予"),
    State.REFUSED: _("不予批准"),
    State.DECLINED: _("不予受理"),
    State.WITHDRAWN: _("已撤回"),
    State.VOIDED: _("已作废"),
    State.DELIVERED: _("已送达"),
    State.ARCHIVED: _("已归档"),
}
STATE_TONES = {
    State.RECEIVED: "info",
    State.ACCEPTED: "info",
    State.IN_REVIEW: "info",
    State.TO_SUPPLEMENT: "warn",
    State.APPROVED: "ok",
    State.DELIVERED: "ok",
    State.REFUSED: "bad",
    State.DECLINED: "bad",
}
KINDS: dict[Kind, Promise] = {
    Kind.OPEN: _("申请"),
    Kind.CONFIRM_PERSON: _("确认人证一致"),
    Kind.RECEIVE: _("收件"),
    Kind.ASK_SUPPLEMENT: _("一次性告知补正"),
    Kind.SUPPLEMENT: _("补正"),
    Kind.ACCEPT: _("受理"),
    Kind.DECLINE: _("不予受理"),
    Kind.REVIEW: _("开始办理"),
    Kind.SUSPEND: _("特别程序"),
    Kind.RESUME: _("特别程序结束"),
    Kind.EXTEND: _("延期"),
    Kind.APPROVE: _("准予"),
    Kind.REFUSE: _("不予批准"),
    Kind.CORRECT: _("更正"),
    Kind.VOID: _("作废"),
    Kind.WITHDRAW: _("撤回"),
    Kind.SEAL: _("盖章"),
    Kind.DELIVER: _("送达"),
    Kind.ARCHIVE: _("归档"),
}
FLAGS: dict[Flag, tuple[Promise, str]] = {
    Flag.PROMISED: (_("容缺"), "warn"),
    Flag.SUSPENDED: (_("特别程序中"), "warn"),
    Flag.EXTENDED: (_("已延期"), "info"),
    Flag.MATERIALS_PENDING: (_("材料未传齐"), "warn"),
    Flag.CORRECTED: (_("已更正"), "info"),
}
ROLES: dict[Role, Promise] = {
    Role.CLERK: _("窗口人员"),
    Role.SUPERVISOR: _("窗口主管"),
    Role.OFFICER: _("部门办理人员"),
    Role.ADMINISTRATOR: _("管理员"),
    Role.SYSTEM: _("系统"),
}
TIES: dict[Tie, Promise] = {
    Tie.SELF: _("本人办理"),
    Tie.MANDATE: _("受委托办理"),
    Tie.LEGAL_REPRESENTATIVE: _("法定代表人办理"),
    Tie.GUARDIAN: _("监护人办理"),
}
DOCUMENTS: dict[Document, Promise] = {
    Document.RESIDENT: _("居民身份证"),
    Document.HMT_PERMIT: _("港澳台居民居住证"),
    Document.FOREIGN_2017: _("外国人永久居留身份证（2017 版）"),
    Document.FOREIGN_2023: _("外国人永久居留身份证（2023 版）"),
    Document.HOUSEHOLD_BOOK: _("户口簿"),
    Document.TEMPORARY_CARD: _("临时居民身份证"),
    Document.PASSPORT: _("护照"),
    Document.TRAVEL_PERMIT: _("通行证"),
    Document.SOCIAL_SECURITY: _("社会保障卡"),
    Document.TYPED: _("手工录入号码"),
}
TRUSTS: dict[Trust, tuple[Promise, str]] = {
    Trust.A: (_("A 核发机关提供"), "ok"),
    Trust.B: (_("B 已与原件核对"), "ok"),
    Trust.C: (_("C 须核对原件"), "warn"),
    Trust.D: (_("D 申请人自述"), "plain"),
}
SOURCES: dict[Source, Promise] = {
    Source.SCAN: _("扫描"),
    Source.FOLDER: _("文件导入"),
    Source.CAMERA: _("高拍"),
    Source.PAD: _("签名板签署"),
    Source.CHIP: _("读卡核验，免交复印件"),
    Source.LIBRARY: _("共享库"),
    Source.LICENCE: _("电子证照"),
}
MEANS: dict[str, Promise] = {
    "pad": _("签名板"),
    "pen": _("手写笔"),
    "touch": _("手指"),
    "mouse": _("鼠标"),
}
BONDS: dict[Bond, tuple[Promise, str]] = {
    Bond.HOLDS: (_("签名与所签内容一致"), "ok"),
    Bond.CORRECTED: (_("签名之后办件更正过"), "warn"),
    Bond.AWAY: (_("签名还没有传齐"), "warn"),
    Bond.BROKEN: (_("签名与所签内容不符"), "bad"),
}
LEVELS: dict[Level, tuple[Promise, str]] = {
    Level.VERY_SATISFIED: (_("非常满意"), "ok"),
    Level.SATISFIED: (_("满意"), "ok"),
    Level.FAIR: (_("基本满意"), "plain"),
    Level.DISSATISFIED: (_("不满意"), "bad"),
    Level.VERY_DISSATISFIED: (_("非常不满意"), "bad"),
}
REASONS: dict[Reason, Promise] = {
    Reason.WAITING: _("等候时间长"),
    Reason.TRIPS: _("来回跑"),
    Reason.UNCLEAR: _("没有一次讲清"),
    Reason.ATTITUDE: _("态度不好"),
    Reason.SKILL: _("业务不熟"),
    Reason.REQUIREMENTS: _("要的材料多"),
}
PLACES: dict[str, Promise] = {  # of devices at a desk, as app.devices_here has them
    "idcard": _("读卡器"),
    "scanner": _("扫描仪"),
    "receipt": _("凭条打印机"),
    "a4": _("A4 打印机"),
    "cards": _("社保卡、护照阅读器"),
    "codes": _("扫码枪"),
    "camera": _("高拍仪"),
    "signature": _("签名板"),
    "rating": _("评价器"),
}
CONDITIONS: dict[Condition, tuple[Promise, str]] = {
    Condition.OK: (_("正常"), "ok"),
    Condition.PAPER_LOW: (_("纸将尽"), "warn"),
    Condition.UNKNOWN: (_("没有回话"), "warn"),
    Condition.ABSENT: (_("没接上"), "bad"),
    Condition.FAULT: (_("有问题"), "bad"),
}
GRADES: dict[str, Promise] = {"bronze": _("铜级"), "silver": _("银级"), "gold": _("金级")}
ALARMS: dict[Alarm, Promise] = {
    Alarm.UNHEARD: _("一天以上没有联系"),
    Alarm.DEVICE: _("设备长时间不能用"),
    Alarm.PROGRAM_OLD: _("程序版本过低"),
}
MATERIAL_FORMS: dict[MaterialForm, Promise] = {
    MaterialForm.ORIGINAL: _("原件"),
    MaterialForm.COPY: _("复印件"),
    MaterialForm.ELECTRONIC: _("电子"),
}
DELIVERIES: dict[Delivery, Promise] = {
    Delivery.WINDOW: _("窗口领取"),
    Delivery.COURIER: _("邮寄"),
    Delivery.ELECTRONIC: _("电子送达"),
}
CHANNELS: dict[str, Promise] = {
    "counter": _("窗口"),
    "kiosk": _("自助机"),
    "village": _("村社代办"),
    "online": _("网上"),
}
GROUNDS: dict[Ground, Promise] = {
    Ground.NOT_NEEDED: _("依法不需要办理许可"),
    Ground.NOT_COMPETENT: _("不属于本机关职权范围"),
    Ground.INCOMPLETE: _("逾期未补正或补正后仍不齐全"),
    Ground.NOT_MET: _("明显不符合法定条件"),
}
LIGHTS: dict[str, Promise] = {"green": _("绿灯"), "yellow": _("黄灯"), "red": _("红灯")}


def is_english() -> bool:
    return (get_language() or "").startswith("en")


def day(value: date) -> str:
    """A day as tables write it: 2026-03-11."""
    return date_format(value, "Y-m-d")


def days_left(left: int) -> str:
    """剩 3 个工作日, 今天到期 or 超期 2 个工作日."""
    if left > 0:
        return ngettext("剩 %(n)d 个工作日", "剩 %(n)d 个工作日", left) % {"n": left}
    if left == 0:
        return str(_("今天到期"))
    return ngettext("超期 %(n)d 个工作日", "超期 %(n)d 个工作日", -left) % {"n": -left}


def clock_words(clock: Clockface) -> str:
    """What a clock says in one short phrase."""
    match clock.state:
        case "not_started":
            return str(_("未开始计时"))
        case "paused":
            return str(_("特别程序中，暂不计时"))
        case "stopped":
            return str(_("超期办结") if (clock.left or 0) < 0 else _("期限内办结"))
        case _state:
            return days_left(clock.left or 0)


def problem_words(problem: Problem) -> tuple[str, str]:
    """Title and remedy of a problem in the reader's language; a code without words is said as it is."""
    entry = _messages().get(problem.code)
    if entry is None:
        return problem.code, ""
    words = entry["en" if is_english() else "zh"]
    return words["title"].format_map(problem.facts), words["remedy"].format_map(problem.facts)


def title_of(code: str) -> str:
    """A problem's title where its facts are not known; empty where the title needs them."""
    entry = _messages().get(code)
    title = str(entry["en" if is_english() else "zh"]["title"]) if entry else code
    return "" if "{" in title else title


@cache
def _messages() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted(MESSAGES.glob("*.json")):
        found.update(json.loads(path.read_text(encoding="utf-8")))
    return found
