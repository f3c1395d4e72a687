"""The intake at each of its steps."""

from __future__ import annotations

from dataclasses import replace

from ui.invented import materials
from ui.invented.papers import sheet
from ui.pages.intake.form import FormState
from ui.pages.intake.identity import IdentityState, PersonShown
from ui.pages.intake.matter import GuideShown, MatterState
from ui.pages.intake.receipt import PaperShown, ReceiptState
from ui.pages.intake.review import ReviewState
from ui.pages.intake.view import STEPS, IntakeState
from ui.pictures import opened
from ui.widgets.banner import BannerShown
from ui.widgets.field import Answered, Asked
from ui.widgets.form import SectionShown
from ui.widgets.lines import Line
from ui.widgets.panel import MissingShown, PanelState
from ui.widgets.steps_bar import StepShown
from ui.widgets.telling import RefusalShown, SupplementShown, ToldItem


def steps(done: int) -> tuple[StepShown, ...]:
    return tuple(StepShown(step.key, step.words, at < done) for at, step in enumerate(STEPS))


PANEL = PanelState(
    applicant="宁波禾𠮷食品店（个体工商户）",
    applicant_number="92330203MA2AABCD1X",
    applicant_masked="923302********CD1X",
    handler="周建国",
    handler_number="11010519491231002X",
    handler_masked="110105********002X",
    tie="委托",
    is_self=False,
    confirmed="已确认 10:38 周敏",
    matter="食品经营许可（新办）",
    decided_by="宁波市海曙区市场监督管理局",
    collected_at="余姚市凤山街道",
    power="在办理机关，本窗口收件",
    power_tone="info",
    promised="受理后 10 个工作日",
    legal="受理后 20 个工作日",
    answer_by="最迟 11 月 27 日 答复",
    fee="不收费",
    delivery="本窗口领取",
    phone="13800000000",
    missing=(MissingShown("从业人员健康证明", "补齐，或签容缺承诺（F8）", "materials"),),
    begun=True,
)
PERSON = PersonShown(
    name="周建国",
    number="110105********002X",
    rows=(
        ("性别", "男"),
        ("民族", "汉"),
        ("出生", "1949 年 12 月 31 日"),
        ("住址", "浙江省宁波市海曙区鼓楼街道孝闻社区呼童街 10 号"),
        ("签发机关", "宁波市公安局海曙分局"),
        ("有效期", "2015-03-02 至 长期"),
    ),
    document="居民身份证",
)
TIES = (("mandate", "受委托"), ("legal_representative", "法定代表人"))
PERSON_TIES = (("mandate", "受委托"), ("guardian", "监护人"))
DOCUMENTS = (
    ("household_book", "户口簿"),
    ("temporary_card", "临时居民身份证"),
    ("passport", "护照"),
    ("typed", "只有号码"),
)
PARKED = (
    Line("d1", "生育登记", "王秀英 · 停在 材料 · 昨天 16:31", "挂起", "warn"),
    Line("d2", "老年优待证", "张国强 · 停在 表单 · 09:12", "未办完", "info"),
)
IDENTITY = {
    "waiting": IdentityState(reading="waiting", parked=PARKED, not_ready=("扫描仪 没接上", "A4 打印机 纸将尽")),
    "problem": IdentityState(reader_words="读卡器没有接上。请检查 USB 线，或用“人工录入”。"),
    "read": IdentityState(person=PERSON, phone="13800000000"),
    "legal": IdentityState(
        person=PERSON,
        confirmed="已确认 10:38 周敏",
        behalf="legal",
        tie="mandate",
        ties=TIES,
        applicant={
            "uscc": "92330203MA2AABCD1",
            "name": "宁波禾𠮷食品店（个体工商户）",
            "address": "宁波市海曙区鼓楼街道孝闻社区",
        },
        wrong={"uscc": "统一代码是 18 位，现在是 17 位，请对照营业执照"},
        phone="13800000000",
        can_go_on=True,
    ),
    "manual": IdentityState(
        manual_open=True,
        manual_documents=DOCUMENTS,
        manual_wrong={"number": "号码的最后一位不对，请对照证件再输一次"},
        manual_page=True,
    ),
    "other": IdentityState(
        has_other=True, other_open=True, other={"number": "E1234567"}, other_wrong={"birth": "照证件填写"}
    ),
    "passport": IdentityState(
        has_other=True,
        person=PersonShown(
            name="OUYANG YAN",
            number="E1234****",
            rows=(("性别", "女"), ("出生", "1949 年 12 月 31 日"), ("有效期至", "2034 年 12 月 31 日")),
            document="护照芯片，未验签",
            unverified=True,
            photo_words="照片无法显示",
        ),
    ),
    "long": IdentityState(
        person=replace(PERSON, name="欧阳𠮷㛃\U00030ede阿卜杜热合曼·买买提艾力·吐尔逊江"), has_other=True
    ),
    "rare": IdentityState(
        person=PersonShown(
            name="\ue863文㛃",
            number="330281********0042",
            rows=PERSON.rows,
            document="居民身份证",
            warnings=("姓名里有字库没有的字", "屏幕上用编码代替。请对照证件，把规范汉字填在“显示用姓名”。"),
            wants_display_name=True,
        ),
    ),
}
GUIDE = GuideShown(
    code="330000-0135-01",
    name="食品经营许可（新办）",
    organ="市场监督管理局",
    stars=4,
    rows=(
        ("办理时限", "承诺 10 个工作日，法定 20 个工作日"),
        ("费用", "不收费"),
        ("跑几次", "最多 1 次"),
        ("结果", "食品经营许可证"),
        ("谁可以申请", "企业和个体工商户"),
    ),
    conditions=(
        "取得营业执照等合法主体资格",
        "具有与经营的食品品种、数量相适应的场所",
        "有食品安全管理人员和保证食品安全的规章制度",
    ),
    materials=(
        ("食品经营许可申请书", "原件 1 份 · 窗口打印，申请人签字"),
        ("营业执照", "电子证照 · 免交"),
        ("经营场所使用证明", "原件 1 份 · 房产证或租赁合同"),
        ("从业人员健康证明", "复印件 1 份 · 可容缺 8 个工作日"),
        ("授权委托书", "原件 1 份 · 代办时要"),
    ),
    basis=("《中华人民共和国食品安全法》第三十五条", "《食品经营许可和备案管理办法》"),
    power="本窗口收件",
    power_tone="info",
)
LONG = "食品生产经营许可（含食品添加剂、保健食品、特殊医学用途配方食品销售）新办"
MATTER = {
    "search": MatterState(
        text="spjy",
        lines=(
            Line(
                "330000-0135-01",
                "食品经营许可（新办）",
                "市场监督管理局 · 330000-0135-01",
                "本窗口收件",
                "info",
                head="常用",
            ),
            Line(
                "330000-0135-02",
                "食品经营许可（变更）",
                "市场监督管理局 · 330000-0135-02",
                "本窗口收件",
                "info",
                head="找到",
            ),
            Line(
                "330000-0136-01",
                "食品生产加工小作坊登记",
                "市场监督管理局 · 330000-0136-01",
                "到别处办",
                "",
                faint=True,
            ),
            Line("330000-0201-01", "食品摊贩备案", "凤山街道办事处 · 330000-0201-01", "本窗口受理", "ok"),
        ),
        current="330000-0135-01",
        guide=GUIDE,
    ),
    "elsewhere": MatterState(
        text="小作坊",
        lines=(
            Line(
                "330000-0136-01",
                "食品生产加工小作坊登记",
                "市场监督管理局 · 330000-0136-01",
                "到别处办",
                "",
                faint=True,
            ),
        ),
        current="330000-0136-01",
        guide=GuideShown(
            code="330000-0136-01",
            name="食品生产加工小作坊登记",
            organ="市场监督管理局",
            stars=2,
            rows=GUIDE.rows,
            conditions=GUIDE.conditions,
            materials=GUIDE.materials,
            basis=GUIDE.basis,
            power="本窗口不能收",
            power_tone="bad",
            where="请到余姚市行政服务中心办理。",
            receivable=False,
        ),
    ),
    "choose": MatterState(
        text="",
        lines=(
            Line(
                "330000-0135-01", "食品经营许可（新办）", "市场监督管理局 · 330000-0135-01", "已选", "ok", head="已选"
            ),
        ),
        current="330000-0135-01",
        chosen="330000-0135-01",
        guide=GUIDE,
        candidates=(
            Line("hs", "宁波市海曙区市场监督管理局", "管辖 海曙区"),
            Line("yz", "宁波市鄞州区市场监督管理局", "管辖 鄞州区"),
        ),
        routing_words="经营场所的地址里没有写明区县，请选一个：",
    ),
    "long": MatterState(
        text="食品",
        lines=(Line("long", LONG, "市场监督管理局 · 330000-0135-03", "本窗口收件", "info"),),
        current="long",
        guide=replace(GUIDE, name=LONG),
    ),
    "none": MatterState(text="xyz"),
}
SECTIONS = (
    SectionShown(
        "经营者",
        (
            Asked("name", "经营者名称", "text", True),
            Asked(
                "kind", "主体类型", "choice", True, (("company", "企业"), ("shop", "个体工商户"), ("coop", "合作社"))
            ),
            Asked("phone", "联系电话", "text", True),
        ),
    ),
    SectionShown(
        "经营场所",
        (
            Asked(
                "area",
                "所在地",
                "area",
                True,
                (("330203001", "海曙区 · 鼓楼街道"), ("330281001", "余姚市 · 凤山街道"), ("330212", "鄞州区")),
            ),
            Asked("address", "详细地址", "long_text", True, hint="写到门牌号"),
            Asked("size", "面积", "number", True, unit="平方米"),
            Asked("rented", "是否租用", "yes_no", True),
            Asked("until", "租期到", "date"),
        ),
    ),
    SectionShown(
        "经营内容",
        (
            Asked(
                "items",
                "经营项目",
                "several",
                True,
                (
                    ("a", "预包装食品销售"),
                    ("b", "散装食品销售"),
                    ("c", "热食类制售"),
                    ("d", "冷食类制售"),
                    ("e", "糕点类制售"),
                ),
            ),
            Asked("staff", "从业人数", "integer", True, unit="人"),
        ),
    ),
)
FORM = FormState(
    form="330000-0135-01/1",
    sections=SECTIONS,
    answers={
        "name": Answered("宁波禾𠮷食品店（个体工商户）", source="取自申请人"),
        "kind": Answered("shop"),
        "phone": Answered("1380000", wrong="电话要么是 11 位手机号，要么是区号加固定电话"),
        "area": Answered("330203001", source="取自申请人住所"),
        "address": Answered("孝闻社区呼童街 10 号"),
        "size": Answered("", wrong="请填经营场所的面积"),
        "rented": Answered(True),
        "until": Answered("2029-05-30"),
        "items": Answered(["a", "c"]),
        "staff": Answered(4),
    },
    missing=2,
    saved="已保存 10:40",
)
REVIEW = ReviewState(
    people=(
        ("申请人", "宁波禾𠮷食品店（个体工商户）"),
        ("统一代码", "923302********CD1X"),
        ("经办人", "周建国（受委托）"),
        ("人证一致", "已确认 10:38 周敏"),
        ("联系电话", "13800000000"),
    ),
    matter=(
        ("事项", "食品经营许可（新办）"),
        ("办理机关", "宁波市海曙区市场监督管理局"),
        ("承诺时限", "受理后 10 个工作日"),
        ("费用", "不收费"),
    ),
    answers=(
        ("经营者名称", "宁波禾𠮷食品店（个体工商户）"),
        ("主体类型", "个体工商户"),
        ("所在地", "海曙区 · 鼓楼街道"),
        ("详细地址", "孝闻社区呼童街 10 号"),
        ("面积", "58 平方米"),
        ("经营项目", "预包装食品销售、热食类制售"),
    ),
    materials=(
        Line("id", "居民身份证", "芯片核验", "读卡", "ok"),
        Line("lease", "房屋租赁合同", "3 正 / 2 反 · 已核对原件", "已齐", "ok"),
        Line("health", "从业人员健康证明", "最迟 2026-12-02 补交", "容缺", "warn"),
        Line("form", "食品经营许可申请书", "没有签字页", "缺", "bad"),
    ),
    missing=(MissingShown("食品经营许可申请书", "打印、签字、扫描", "materials"),),
    deliveries=(("window", "本窗口领取"), ("courier", "快递"), ("electronic", "电子证照")),
    delivery="window",
)
REVIEW_SUPPLEMENT = ReviewState(
    writing="supplement",
    supplement=SupplementShown(
        writing="d1",
        choices=(
            Line("material:lease", "房屋租赁合同", "3 正 / 2 反", head="材料"),
            Line("material:health", "从业人员健康证明", "复印件 1 份 · 可容缺 8 个工作日"),
            Line("field:size", "面积", "—", head="表单"),
        ),
        items=(
            ToldItem(
                "material:health", "从业人员健康证明", "没有提交", "有效期内的健康证明复印件 1 份，与从业人员名单一致"
            ),
            ToldItem("material:lease", "房屋租赁合同", "租期已于上月到期", "仍在租期内的合同原件"),
        ),
        until="2026-12-06",
    ),
)
GROUNDS = (
    ("not_needed", "不需要许可"),
    ("not_competent", "不属于本机关职权"),
    ("incomplete", "没有按要求补正"),
    ("not_met", "明显不符合条件"),
)
REMEDIES = "通知书会写明救济途径：60 日内可以申请行政复议，6 个月内可以提起行政诉讼。"
REVIEW_DECLINE = ReviewState(
    writing="decline", refusal=RefusalShown("d1", GROUNDS, remedies=REMEDIES, wrong="请选理由类别，并写明理由。")
)
RECEIPT = ReceiptState(
    number="330281-00004317-6",
    headline="已收件",
    advice="请告诉申请人：海曙区市场监督管理局最迟 11 月 27 日答复是否受理；凭这个号码或凭条上的二维码查进度。",
    kept_words="已存在本机，正在上报。",
    papers=(PaperShown("receipt", "收件凭证", "done", "", "SJ-330281-00004317-6-1"),),
    current="receipt",
)
RECEIPT_FAILED = ReceiptState(
    number="330281-00004317-6",
    headline="已受理",
    advice="承诺 2026-12-04 前办结，法定最迟 2026-12-18。",
    papers=(
        PaperShown("receipt", "收件凭证", "done", "", "SJ-330281-00004317-6-1"),
        PaperShown("acceptance", "受理通知书", "failed", "A4 打印机没有纸。请加纸后按 Ctrl+P 重新打印。"),
    ),
    current="acceptance",
)


def states() -> dict[str, IntakeState]:
    """Every step in the states worth looking at, by the name of its picture."""
    here = {"panel": PANEL, "main": "receive", "can_supplement": True, "can_decline": True, "can_park": True}
    blank = {"panel": PanelState(collected_at="余姚市凤山街道")}
    small = opened(sheet("收件凭证", 500, lines=10))
    said: dict[str, IntakeState] = {}
    for name, identity in IDENTITY.items():
        extra = here if name in ("read", "legal") else blank
        said[f"intake-1-identity-{name}"] = IntakeState("identity", steps(0), identity=identity, **extra)
    for name, matter in MATTER.items():
        said[f"intake-2-matter-{name}"] = IntakeState("matter", steps(1), matter=matter, **here)  # type: ignore[arg-type]
    said["intake-3-form"] = IntakeState("form", steps(2), form=FORM, **here)  # type: ignore[arg-type]
    said["intake-4-materials"] = IntakeState(
        "materials",
        steps(3),
        materials=materials.scanned(),
        can_promise=True,
        why_not="还差 1 项",
        **here,  # type: ignore[arg-type]
    )
    for name, photographed in (
        ("camera", materials.photographing()),
        ("camera-lost", materials.photographing()),
        ("corners", materials.straightening()),
    ):
        said[f"intake-4-{name}"] = IntakeState(
            "materials",
            steps(3),
            materials=photographed,
            **here,  # type: ignore[arg-type]
        )
    said["intake-4-materials-empty"] = IntakeState(
        "materials",
        steps(3),
        materials=materials.empty(),
        banner=BannerShown("扫描仪卡纸", "打开上盖取出纸，把没扫的放回去，再按 F4。已扫的都在。"),
        **here,  # type: ignore[arg-type]
    )
    said["intake-5-review"] = IntakeState("review", steps(4), review=REVIEW, **here)  # type: ignore[arg-type]
    said["intake-5-supplement"] = IntakeState("review", steps(4), review=REVIEW_SUPPLEMENT, **here)  # type: ignore[arg-type]
    said["intake-5-decline"] = IntakeState("review", steps(4), review=REVIEW_DECLINE, **here)  # type: ignore[arg-type]
    agents = replace(RECEIPT, agent="许爱珍", agent_kept=True)
    for name, receipt in (("", RECEIPT), ("-failed", RECEIPT_FAILED), ("-agent", agents)):
        full = ReceiptState(**{**vars(receipt), "preview": small})
        over = {**here, "panel": replace(PANEL, missing=())}
        said[f"intake-6-receipt{name}"] = IntakeState("receipt", steps(6), receipt=full, **over)  # type: ignore[arg-type]
    return said
