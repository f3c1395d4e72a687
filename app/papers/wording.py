"""How things are put on paper: dates, masked numbers, the names of what the contract keeps as codes."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from app.papers.paper import Moment, PaperInput
from contract.case import CHINA
from contract.material import CaseMaterial, MaterialForm, Source
from contract.matter import Delivery, Fee
from contract.person import Document, Identity, LegalPerson, Parties, Person, Tie, masked

CLOCKS_AGREE = timedelta(minutes=1)  # beyond that both clocks are printed

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
    Document.TYPED: "证件号码",
}
TIES = {
    Tie.SELF: "本人",
    Tie.MANDATE: "受委托人",
    Tie.LEGAL_REPRESENTATIVE: "法定代表人",
    Tie.GUARDIAN: "监护人",
}
FORMS = {MaterialForm.ORIGINAL: "原件", MaterialForm.COPY: "复印件", MaterialForm.ELECTRONIC: "电子"}
DELIVERIES = {Delivery.WINDOW: "窗口领取", Delivery.COURIER: "邮寄送达", Delivery.ELECTRONIC: "电子送达"}


def day(value: date) -> str:
    return f"{value.year}年{value.month}月{value.day}日"


def minute(value: datetime) -> str:
    """Local time in China, to the minute."""
    local = value.astimezone(CHINA)
    return f"{day(local.date())} {local:%H:%M}"


def second(value: datetime) -> str:
    """Local time in China, to the second: where two clocks are compared."""
    local = value.astimezone(CHINA)
    return f"{day(local.date())} {local:%H:%M:%S}"


def times(moment: Moment, label: str = "时间") -> list[tuple[str, str]]:
    """The time of an act as (label, words). Where station and server differ by more than a minute, both; where the
    station never heard the server, it says so (F29)."""
    if moment.server_at is None:
        return [(label, minute(moment.at) + "（本机时间，未与服务器校对）")]
    if abs(moment.server_at - moment.at) > CLOCKS_AGREE:
        return [(label, f"{second(moment.server_at)}（服务器）"), ("本机时间", second(moment.at))]
    return [(label, minute(moment.server_at))]


def id_on_notice(person: Person | LegalPerson) -> str:
    """An id number on an A4 paper: first six and last four (contract.person.masked). A unified social credit code is
    public and stands in full."""
    return person.uscc if isinstance(person, LegalPerson) else masked(person.number)


def id_on_receipt(person: Person | LegalPerson) -> str:
    """An id number on a receipt, which lies about in pockets and bins: the last four only."""
    if isinstance(person, LegalPerson):
        return person.uscc
    shown = 4 if len(person.number) > 10 else 2
    return "*" * (len(person.number) - shown) + person.number[-shown:]


def phone(number: str) -> str:
    """A telephone number with its middle four digits hidden."""
    return f"{number[:3]}****{number[-4:]}" if len(number) >= 11 else number


def id_label(person: Person | LegalPerson) -> str:
    if isinstance(person, LegalPerson):
        return "统一社会信用代码"
    return "社会保障号码" if person.document is Document.SOCIAL_SECURITY else DOCUMENTS[person.document] + "号码"


def identity_words(identity: Identity | None) -> str:
    """How the handler's identity was established, where no security module read an identity card."""
    match identity:
        case Identity(source="manual"):
            return f"人工录入（{identity.reason or '未注明原因'}）"
        case Identity(source="card"):
            return f"读取{DOCUMENTS[identity.document]}芯片（未验签）"
        case _:
            return ""


def tie_words(parties: Parties) -> str:
    """What the handler is to the applicant."""
    return TIES[parties.tie]


def material_state(material: CaseMaterial) -> str:
    """Pages, source and promise of a material, for its line on a list."""
    said = []
    if material.promised_until and not material.present:
        return f"容缺，须于{day(material.promised_until)}前补交"
    if pages := [page for page in material.pages if not page.hidden]:
        said.append(f"{len(pages)}页")
    if material.source is Source.CHIP:
        said.append("证件芯片读取")
    if material.library:
        said.append(f"共享库引用 {material.library}")
    elif material.source is Source.LICENCE:
        said.append("电子证照")
    if material.verified:
        said.append("已核对原件")
    if material.returned:
        said.append("原件已退还")
    return "，".join(said) or "未提交"


def fee_words(fee: Fee) -> str:
    if not fee.amount:
        return "不收费"
    basis = f"（{fee.basis}）" if fee.basis else ""
    return f"￥{fee.amount / 100:.2f}{basis}"


def limits_words(given: PaperInput) -> list[tuple[str, str]]:
    """Legal and promised limits in working days and, where the clock runs, as days of the calendar."""
    limits, clock = given.view.matter.limits, given.view.clock
    if limits.immediate:
        return [("办理时限", "即办件，当场办结")]
    legal, promised = f"{limits.legal_days}个工作日", f"{limits.promised_days}个工作日"
    if clock.legal_due and clock.promised_due:
        hint = "，所跨年度放假安排尚未公布，日期为暂定" if clock.provisional else ""
        legal += f"（至{day(clock.legal_due)}{hint}）"
        promised += f"（至{day(clock.promised_due)}{hint}）"
    return [("法定时限", legal), ("承诺时限", promised)]


def excluded_words(given: PaperInput) -> str:
    """行政许可法 art. 45: what is not counted, told in writing."""
    return "、".join(given.view.matter.excluded)
