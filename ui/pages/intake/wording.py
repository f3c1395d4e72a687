"""From the desk's values to words on the screen. Pure, but for the language of the moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from PySide6.QtGui import QImage

from app.flow.draft import Caution, Draft, Missing, Offered, Panel, Stack
from app.matters.catalogue import Catalogue, Hit
from app.problems import words_for
from contract.case import CHINA
from contract.material import CaseMaterial, Page, Source
from contract.matter import Audience, Delivery, Fee, MaterialRule, Matter, star
from contract.node import Power
from contract.person import Document, Identity, LegalPerson, Person, Tie, masked
from contract.problem import Problem
from devices.scanner import Source as Feed
from ui.case_words import STATES, TIES
from ui.form_words import asked as asked
from ui.form_words import mistake_words as mistake_words
from ui.form_words import source_words as source_words
from ui.pages.intake.identity import PersonShown
from ui.pages.intake.matter import GuideShown
from ui.theme import PRIVATE_USE
from ui.widgets.lines import Line
from ui.widgets.page_strip import PageShown
from ui.widgets.panel import MissingShown, PanelState
from ui.words import listed, say

DOCUMENTS = {
    Document.RESIDENT: "居民身份证",
    Document.HMT_PERMIT: "港澳台居民居住证",
    Document.FOREIGN_2017: "外国人永久居留身份证",
    Document.FOREIGN_2023: "外国人永久居留身份证",
    Document.HOUSEHOLD_BOOK: "户口簿",
    Document.TEMPORARY_CARD: "临时居民身份证",
    Document.PASSPORT: "护照",
    Document.TRAVEL_PERMIT: "通行证",
    Document.SOCIAL_SECURITY: "社会保障卡",
    Document.TYPED: "只有号码",
}
MANUAL_DOCUMENTS = (Document.HOUSEHOLD_BOOK, Document.TEMPORARY_CARD, Document.PASSPORT, Document.TYPED)
TIES_OF = {
    "self": (),
    "person": (Tie.MANDATE, Tie.GUARDIAN),
    "legal": (Tie.MANDATE, Tie.LEGAL_REPRESENTATIVE),
}
DELIVERIES = {
    Delivery.WINDOW: "本窗口领取",
    Delivery.COURIER: "快递",
    Delivery.ELECTRONIC: "电子送达",
}
FORMS = {"original": "原件", "copy": "复印件", "electronic": "电子件"}
POWERS = {
    "accepts_here": ("本窗口受理", "ok"),
    "received_here": ("在办理机关，本窗口收件", "info"),
    "cannot_here": ("本窗口不能收", "bad"),
    "": ("", ""),
}
STEP_OF = {
    "identity": "identity",
    "confirm": "identity",
    "applicant": "identity",
    "tie": "identity",
    "audience": "matter",
    "matter": "matter",
    "route": "matter",
    "power": "matter",
    "field": "form",
    "form": "materials",
    "material": "materials",
    "clash": "review",
}


def clock(at: datetime) -> str:
    """The time of day in the hall."""
    return f"{at.astimezone(CHINA):%H:%M}"


def day(on: date | None) -> str:
    """A day in the language of the moment."""
    return say("{year} 年 {month} 月 {day} 日", year=on.year, month=on.month, day=on.day) if on else ""


def fee(said: Fee | None) -> str:
    if said is None:
        return ""
    return say("{amount} 元", amount=f"{said.amount / 100:.2f}") if said.amount else say("不收费")


@dataclass(frozen=True, repr=False)
class Photo:
    """The picture on the document's chip, or that there is none to see."""

    picture: bytes = b""
    unseen: bool = False

    def words(self) -> str:
        """Why there is none to see."""
        return say("照片无法显示") if self.unseen else ""


def source(identity: Identity | None) -> str:
    """Where the identity comes from, where no security module read an identity card."""
    if identity is None or identity.source == "chip":
        return ""
    if identity.source == "manual":
        return say("人工录入")
    return say("{document}芯片，未验签", document=say(DOCUMENTS[identity.document]))


def person(handler: Person, identity: Identity | None, photo: Photo, today: date) -> PersonShown:
    """The person at the window as their document says."""
    valid = say("长期") if identity and identity.long_term else day(identity.valid_until if identity else None)
    rows = [
        (say("性别"), say(handler.sex)),
        (say("民族"), handler.nation),
        (say("出生"), day(handler.birth_date)),
        (say("住址"), handler.address),
        (say("有效期至"), valid),
    ]
    if handler.nationality:
        rows[1] = (say("国籍"), handler.nationality)
    document = say(DOCUMENTS[handler.document])
    if identity is not None and identity.source == "manual":
        document = say("人工录入 · {document}", document=document)
    elif identity is not None and identity.source == "card":
        document = source(identity)
    warnings: list[str] = []
    if identity is not None and identity.valid_until is not None and identity.valid_until < today:
        warnings += [say("证件已过期"), say("请换有效的证件；要用户口簿或临时证，按“人工录入”。")]
    if identity is not None and identity.suspect:
        warnings += [say("证件可疑"), say("号码与出生日期或校验不符，请对照证件，并请主管看一下。")]
    rare = identity is not None and identity.has_private_use
    if rare:
        warnings += [
            say("姓名里有字库没有的字"),
            say("屏幕上用编码代替。请对照证件，把规范汉字填在“显示用姓名”。"),
        ]
    return PersonShown(
        name=handler.shown_name,
        number=masked(handler.number),
        rows=tuple(rows),
        document=document,
        unverified=identity is not None and identity.source != "chip",
        warnings=tuple(warnings),
        wants_display_name=rare or bool(PRIVATE_USE.search(handler.name)),
        display_name=handler.name_display,
        photo=photo.picture,
        photo_words=photo.words(),
    )


def confirmed(identity: Identity | None, names: dict[str, str]) -> str:
    """已确认 10:38 周敏."""
    if identity is None or identity.confirmed_at is None:
        return ""
    by = names.get(identity.confirmed_by, "")
    return say("已确认 {time} {clerk}", time=clock(identity.confirmed_at), clerk=by).strip()


def missing(one: Missing, labels: Mapping[str, str]) -> MissingShown:
    """One missing thing in words, with where it is mended; a field by its label."""
    words = {
        "identity": ("身份", "读卡（F2）或人工录入"),
        "confirm": ("人证一致", "核对人和证后按 F6"),
        "applicant": ("申请人", "填好为谁办"),
        "matter": ("事项", "选一个事项（F3）"),
        "tie": ("代办关系", "这个事项不能这样代办"),
        "audience": ("事项", "这类申请人不能办这个事项"),
        "route": ("办理机关", "选由哪里办理"),
        "power": ("受理权", "本窗口不能收这一件，请到别处办"),
        "form": ("申请表", "内容改过，请重新打印、签字、扫描"),
        "clash": ("疑似重复", "看过下面这一件再定（Ctrl+H）"),
    }
    step = STEP_OF[one.kind]
    if one.kind == "field":
        return MissingShown(labels.get(one.code) or one.label or one.code, say("填写或改正"), step)
    if one.kind == "material":
        advice = say("补齐，或签容缺承诺（F8）") if one.promise_days is not None else say("补齐")
        return MissingShown(one.label, advice, step)
    what, advice = words[one.kind]
    return MissingShown(say(what), say(advice), step)


def caution(one: Caution) -> str:
    """Something to look at that stops nothing."""
    words = {
        "suspect": "证件可疑，请对照",
        "expired": "证件已过期",
        "number": "手输的号码校验不符",
        "name": "姓名有字库没有的字，请填显示用姓名",
        "conflict": "{label}：各来源不一致，请选一个",
        "equal_pages": "{label}：有 {count} 页重复",
        "foreign_page": "{label}：有 {count} 页是别的办件的",
        "asked": "要补正的 {label}",
        "newer": "{label} 有新版本，本件按开始时的版本办",
        "withdrawn": "{label} 已停办：已开始的本件仍可收，主管部门会看到",
    }
    if one.kind == "clash":
        state = say(STATES[one.state]) if one.state else ""
        told = say("申请人这个事项还有一件：{number}，{state}，{where}", number=one.label, state=state, where=one.where)
        return say("{told}（已核对，仍收件）", told=told) if one.confirmed else told
    return say(words[one.kind], label=one.label, count=one.count)


def offered_words(offered: tuple[Offered, ...]) -> str:
    """What the sources say, where they disagree."""
    told = listed(say("{what}（{more}）", what=one.value, more=source_words(one.source)) for one in offered)
    return say("各来源不一致：{told}", told=told) if told else ""


def panel(said: Panel, draft: Draft, names: dict[str, str], photo: Photo, labels: Mapping[str, str]) -> PanelState:
    """The panel in words."""
    power, tone = POWERS[said.power]
    promised = legal = ""
    if said.immediate:
        promised = say("当场办结")
    elif said.promised_due is not None:
        promised = day(said.promised_due)
    elif said.promised_days is not None:
        promised = say("受理后 {days} 个工作日", days=said.promised_days)
    if said.legal_due is not None:
        legal = day(said.legal_due)
    elif said.legal_days is not None:
        legal = say("受理后 {days} 个工作日", days=said.legal_days)
    return PanelState(
        applicant=said.applicant,
        applicant_number=said.applicant_number,
        applicant_masked=masked(said.applicant_number) if said.applicant_number else "",
        handler=said.handler,
        handler_number=said.handler_number,
        handler_masked=masked(said.handler_number) if said.handler_number else "",
        tie=say(TIES[said.tie]),
        is_self=said.tie is Tie.SELF,
        source=source(draft.identity),
        confirmed=confirmed(draft.identity, names),
        matter=said.matter,
        decided_by=said.decided_by,
        collected_at=said.collected_at,
        power=say(power) if power else "",
        power_tone=tone,
        promised=promised,
        legal=legal,
        answer_by=say("最迟 {day} 答复", day=day(said.answer_by)) if said.answer_by else "",
        provisional=said.provisional,
        fee=fee(said.fee),
        delivery=say(DELIVERIES[said.delivery]) if said.matter else "",
        phone=draft.phone,
        missing=tuple(missing(one, labels) for one in said.missing),
        cautions=tuple(caution(one) for one in said.cautions),
        asks_clash=any(one.kind == "clash" for one in said.missing),
        begun=draft.handler is not None or draft.matter is not None,
        photo=photo.picture,
        photo_words=photo.words(),
    )


def power_here(matter: Matter, catalogue: Catalogue, node: str) -> tuple[str, str, bool]:
    """What this window may do for a matter, in words, with a tone, and whether it may receive it at all."""
    powers = [catalogue.powers(offering, node) for offering in catalogue.offerings(matter.code)]
    if any(Power.ACCEPT in held and Power.RECEIVE in held for held in powers):
        return say("本窗口受理"), "ok", True
    if any(Power.RECEIVE in held for held in powers):
        return say("本窗口收件"), "info", True
    return say("本窗口不能收"), "bad", False


def hit_line(hit: Hit, catalogue: Catalogue, node: str, head: str = "") -> Line:
    """A matter in the list."""
    words, tone, may = power_here(hit.matter, catalogue, node)
    sub = " · ".join(part for part in (hit.matter.organ, hit.matter.code) if part)
    if may:
        return Line(hit.matter.code, hit.matter.name, sub, words, tone, head=head)
    instead = listed(place.hall or catalogue.tree.path_name(place.code) for place in hit.instead[:2])
    sub = say("到 {where} 办", where=instead) if instead else say("这里没有地方能收")
    return Line(hit.matter.code, hit.matter.name, sub, say("到别处办"), "", faint=True, head=head)


def rule_words(rule: MaterialRule) -> str:
    """原件 1 份 · 可容缺 8 个工作日 · 代办时要."""
    parts = [say("{form} {count} 份", form="/".join(say(FORMS[form]) for form in rule.forms), count=rule.copies)]
    if rule.from_chip:
        parts = [say("读卡即可，免交复印件")]
    if rule.is_application_form:
        parts.append(say("窗口打印，申请人签字"))
    if not rule.required:
        parts.append(say("可不交"))
    if rule.promise_days is not None:
        parts.append(say("可容缺 {days} 个工作日", days=rule.promise_days))
    if rule.ties and Tie.SELF not in rule.ties:
        parts.append(say("代办时要"))
    return " · ".join(parts)


def guide(matter: Matter, catalogue: Catalogue, node: str) -> GuideShown:
    """The matter's guide in words."""
    words, tone, may = power_here(matter, catalogue, node)
    instead = listed(place.hall or place.name for place in catalogue.receivable_at(matter.code, node)[:3])
    where = "" if may else say("请到{where}办理。", where=instead) if instead else say("目前没有窗口能收这个事项。")
    limits = matter.limits
    time = (
        say("当场办结")
        if limits.immediate
        else say(
            "承诺 {promised} 个工作日，法定 {legal} 个工作日", promised=limits.promised_days, legal=limits.legal_days
        )
    )
    audience = {
        Audience.PERSON: "个人",
        Audience.LEGAL_PERSON: "企业和组织",
        Audience.BOTH: "个人、企业和组织",
    }
    rows = [
        (say("办理时限"), time),
        (say("费用"), fee(matter.fee)),
        (say("跑几次"), say("最多 {count} 次", count=matter.visits) if matter.visits else say("不用跑")),
        (say("结果"), matter.result),
        (say("谁可以申请"), say(audience[matter.audience])),
        (say("可以替谁办"), listed(say(TIES[tie]) for tie in matter.ties)),
    ]
    if matter.consult_phone:
        rows.append((say("咨询电话"), matter.consult_phone))
    return GuideShown(
        code=matter.code,
        name=matter.name,
        organ=matter.organ,
        stars=star(matter),
        rows=tuple(rows),
        conditions=matter.conditions,
        materials=tuple((rule.name, rule_words(rule)) for rule in matter.materials),
        basis=matter.legal_basis,
        power=words,
        power_tone=tone,
        where=where,
        receivable=may,
    )


def applicant_fields(applicant: Person | LegalPerson | None) -> dict[str, str]:
    """The applicant as the fields of 为谁办 hold it."""
    if isinstance(applicant, LegalPerson):
        return {
            "uscc": applicant.uscc,
            "name": applicant.name,
            "address": applicant.address,
            "representative": applicant.representative,
        }
    if isinstance(applicant, Person):
        return {"name": applicant.name, "number": applicant.number, "address": applicant.address}
    return {}


def material_line(slot: CaseMaterial, rule: MaterialRule | None, scanning: str, names: dict[str, str]) -> Line:
    """A material in the list: what it needs, or what is there."""
    fronts, backs = slot.sides
    hidden = sum(page.hidden for page in slot.pages)
    parts: list[str] = []
    if slot.pages:
        parts.append(say("{fronts} 正 / {backs} 反", fronts=fronts, backs=backs))
        if hidden:
            parts.append(say("隐藏 {count} 面", count=hidden))
        if slot.signed is not None and slot.present:
            parts.append(say("屏幕签字 {time}", time=clock(slot.signed.at)))
        if slot.verified:
            parts.append(seen_words("已核对原件", slot.verified.at, names.get(slot.verified.by, "")))
        if slot.returned:
            parts.append(say("已退还"))
    elif slot.source is Source.CHIP:
        parts.append(say("芯片核验 · 免交复印件"))
    elif rule is not None:
        parts.append(rule_words(rule))
    pill, tone = _slot_pill(slot, rule)
    if scanning:
        pill, tone = scanning, "info"
    return Line(slot.code, slot.name, " · ".join(parts) or " ", pill, tone)


def _slot_pill(slot: CaseMaterial, rule: MaterialRule | None) -> tuple[str, str]:
    if slot.source is Source.CHIP:
        return say("读卡#来源"), "ok"
    if slot.source is Source.LIBRARY and slot.pages:
        return say("共享库 {trust}", trust=slot.trust.value), "ok"
    if slot.present:
        return say("已齐"), "ok"
    if slot.promised_until is not None:
        return say("容缺至 {day}", day=f"{slot.promised_until:%m-%d}"), "warn"
    if rule is not None and not rule.required:
        return say("可不交"), ""
    return say("缺"), "bad"


def seen_words(words: str, at: datetime, by: str) -> str:
    """已核对原件 10:41 周敏."""
    return f"{say(words)} {clock(at)} {by}".strip()


FEEDS = {Feed.ADF: "单面", Feed.ADF_DUPLEX: "双面", Feed.FLATBED: "平板"}


def scanning(pages: int) -> str:
    """How far a batch has come."""
    return say("第 {count} 面", count=pages + 1) if pages else say("放好纸就开始")


def scan_advice(stack: Stack | None) -> str:
    """What may be done next with the paper that went through."""
    if stack is None or not stack.wants_backs:
        return ""
    if stack.backs:
        return say("反面扫到第 {backs} 张，还差 {left} 张。", backs=stack.backs, left=len(stack.sheets) - stack.backs)
    return say("{count} 张正面已扫。有反面的，整叠翻过来放回，按 Shift+F4。", count=len(stack.sheets))


def page_shown(page: Page, count: int, picture: QImage | None, rescanned: bool) -> PageShown:
    """A page in the strip; `rescanned`: another one stands for it."""
    side = say("正") if page.side == "front" else say("反")
    note = say("已纠偏 {degrees}°", degrees=f"{abs(page.skew):.1f}") if abs(page.skew) >= 0.3 else ""
    words = say("重扫前的旧页") if rescanned else say("空白 · 已隐藏")
    label = f"{page.sheet or count} {side}"
    return PageShown(page.key, label, note, page.hidden, words if page.hidden else "", picture)


def problem_words(problem: Problem, language: str) -> tuple[str, str]:
    """Title and remedy."""
    words = words_for(problem, language)
    return words.title, words.remedy
