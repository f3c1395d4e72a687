"""办理进度 for the public: the status in plain words, a line of steps and what to do next. Nothing about anybody."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contract.case import Case, State
from contract.exchange import CaseView
from contract.matter import Delivery
from server.web import wording
from server.web.todo import answer_by

MISSES = 20  # wrong keys that an address may try in a minute
LOOKS = 60  # times that one case may be looked at in a minute
MINUTE = 60

STEPS: tuple[Promise, ...] = (_("收件"), _("受理"), _("办理"), _("决定"), _("送达"))
REACHED = {  # how many steps are behind
    State.RECEIVED: 1,
    State.TO_SUPPLEMENT: 1,
    State.ACCEPTED: 2,
    State.IN_REVIEW: 2,
    State.APPROVED: 4,
    State.REFUSED: 4,
    State.DELIVERED: 5,
    State.ARCHIVED: 5,
}


@dataclass(frozen=True)
class Step:
    name: str
    standing: str  # done, now, ahead


@dataclass(frozen=True)
class Progress:
    """What the public page says."""

    title: str
    tone: str
    explained: str
    next: str
    where: tuple[str, ...]
    steps: tuple[Step, ...]


def progress_of(view: CaseView) -> Progress:
    """The status of a case in words for whoever holds its receipt."""
    case = view.case
    title, tone, explained = _status(view)
    reached = REACHED.get(case.state, 0)
    steps = tuple(
        Step(str(name), "done" if n < reached else "now" if n == reached else "ahead") for n, name in enumerate(STEPS)
    )
    ended = case.state in (State.DECLINED, State.WITHDRAWN, State.VOIDED) or _ended_before_decision(case)
    return Progress(title, tone, explained, _next(view), _where(view), () if ended else steps)


def too_often(request: HttpRequest, number: str, found: bool) -> bool:
    """Count a look; true when there were too many this minute. Wrong keys count by address, right ones by case."""
    what = f"case {number}" if found else f"address {request.META.get('REMOTE_ADDR', '')}"
    name = "progress-" + salted_hmac("progress", what, secret=str(settings.SECRET_KEY), algorithm="sha256").hexdigest()
    cache.add(name, 0, MINUTE)
    try:
        count = cache.incr(name)
    except ValueError:  # it ran out between the two
        return False
    return count > (LOOKS if found else MISSES)


def _ended_before_decision(case: Case) -> bool:
    return case.state is State.ARCHIVED and case.decided_at is None


def _status(view: CaseView) -> tuple[str, str, str]:
    case, clock = view.case, view.clock
    match case.state:
        case State.RECEIVED:
            answer = answer_by(case)
            by = wording.day(answer[0]) if answer else ""
            words = gettext("材料已经收到，正在决定是否受理。最迟 %(day)s 答复。") % {"day": by}
            return gettext("已收件，等待受理"), "info", words
        case State.TO_SUPPLEMENT:
            return gettext("需要补正材料"), "warn", gettext("材料有不齐全或不符合要求的地方，已经一次性告知。")
        case State.ACCEPTED | State.IN_REVIEW:
            title = gettext("已受理") if case.state is State.ACCEPTED else gettext("正在办理")
            if case.is_suspended:
                return title, "info", gettext("正在进行检验、鉴定、听证等程序，这段时间不计入办理期限。")
            due = wording.day(clock.promised_due) if clock.promised_due else ""
            words = gettext("承诺在 %(day)s 前办结。") % {"day": due} if due else ""
            if clock.provisional:
                words += gettext("（日期为暂定，放假安排公布后可能变动。）")
            return title, "info", words
        case State.APPROVED:
            return gettext("已办结：准予"), "ok", gettext("申请已经批准。")
        case State.REFUSED:
            return gettext("已办结：不予批准"), "warn", gettext("决定书写明了理由，以及申请复议和提起诉讼的权利。")
        case State.DECLINED:
            return gettext("不予受理"), "warn", gettext("通知书写明了理由，以及应当到哪里办理。")
        case State.WITHDRAWN:
            return gettext("已撤回"), "plain", gettext("这次申请已按申请人的要求撤回。")
        case State.VOIDED:
            return gettext("已作废"), "plain", gettext("这个编号已经作废，不再使用。")
        case _:
            return gettext("已送达"), "ok", gettext("这件事已经办完。")


def _next(view: CaseView) -> str:
    """What the applicant should do now."""
    case = view.case
    match case.state:
        case State.RECEIVED | State.ACCEPTED | State.IN_REVIEW:
            if any(m.promised_until and not m.present for m in case.materials):
                return gettext("还有承诺补交的材料，请按承诺的日期交到收件的窗口。")
            return gettext("现在不需要您做什么，有结果会通知您。")
        case State.TO_SUPPLEMENT:
            until = case.asked.until if case.asked else None
            if until:
                words = gettext("请在 %(day)s 前，按补正告知书写的内容补齐，交到收件的窗口。")
                return words % {"day": wording.day(until)}
            return gettext("请按补正告知书写的内容补齐，交到收件的窗口。")
        case State.APPROVED | State.REFUSED:
            match case.delivery:
                case Delivery.COURIER:
                    return gettext("结果将邮寄给您，请留意快递。")
                case Delivery.ELECTRONIC:
                    return gettext("结果将以电子方式送达。")
                case _:
                    return gettext("可以领取了。请带收件凭证和本人身份证件，在办公时间到下面的地点领取。")
        case State.DECLINED:
            return gettext("请向收件的窗口领取不予受理通知书；如有疑问，可向办理机关咨询。")
        case _:
            return ""


def _where(view: CaseView) -> tuple[str, ...]:
    """The place to go to, where there is one."""
    case = view.case
    to_window = case.state is State.TO_SUPPLEMENT or (
        case.state in (State.APPROVED, State.REFUSED) and case.delivery is Delivery.WINDOW
    )
    if not to_window:
        return ()
    place = view.node.hall or view.node_path
    return (place, case.window) if case.window and case.window not in place else (place,)
