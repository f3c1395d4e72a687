"""The words for what a case is and what is done to it, the same on every page."""

from __future__ import annotations

from contract.case import Kind, State
from contract.person import Tie

STATES = {
    State.DRAFT: "草稿",
    State.RECEIVED: "已收件",
    State.TO_SUPPLEMENT: "待补正",
    State.ACCEPTED: "已受理",
    State.IN_REVIEW: "办理中",
    State.APPROVED: "准予",
    State.REFUSED: "不予批准",
    State.DECLINED: "不予受理#已",
    State.WITHDRAWN: "已撤回",
    State.VOIDED: "已作废",
    State.DELIVERED: "已送达",
    State.ARCHIVED: "已归档",
}
KINDS = {
    Kind.OPEN: "申请",
    Kind.CONFIRM_PERSON: "人证一致",
    Kind.RECEIVE: "收件",
    Kind.ASK_SUPPLEMENT: "一次性告知补正",
    Kind.SUPPLEMENT: "补正",
    Kind.ACCEPT: "受理",
    Kind.DECLINE: "不予受理",
    Kind.REVIEW: "开始办理",
    Kind.SUSPEND: "特别程序",
    Kind.RESUME: "恢复计时",
    Kind.EXTEND: "延期",
    Kind.APPROVE: "准予",
    Kind.REFUSE: "不予批准",
    Kind.CORRECT: "更正",
    Kind.VOID: "作废",
    Kind.WITHDRAW: "撤回",
    Kind.SEAL: "签章",
    Kind.DELIVER: "送达",
    Kind.ARCHIVE: "归档",
}
DONE = {
    Kind.ACCEPT: "受理#已",
    Kind.DECLINE: "不予受理#已",
    Kind.CORRECT: "更正#已",
    Kind.VOID: "作废#已",
    Kind.WITHDRAW: "撤回#已",
    Kind.DELIVER: "送达#已",
}
"""Acts that were done, where English has another word for them than for what may be done."""
TIES = {
    Tie.SELF: "本人",
    Tie.MANDATE: "受委托",
    Tie.LEGAL_REPRESENTATIVE: "法定代表人",
    Tie.GUARDIAN: "监护人",
}
