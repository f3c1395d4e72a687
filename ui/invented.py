"""Invented states: people, cases and pages that do not exist, for looking at every page without a desk.

Numbers are the textbook's: their check characters are right, the persons are nobody.
"""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter, QPolygonF, QTransform

from ui.pages.cases.correcting import CorrectionShown
from ui.pages.cases.view import ActShown, CasesState, CaseState
from ui.pages.devices.view import DevicesState
from ui.pages.intake.camera import CameraState, StraightenShown
from ui.pages.intake.form import FormState
from ui.pages.intake.identity import IdentityState, PersonShown
from ui.pages.intake.materials import MaterialsState
from ui.pages.intake.matter import GuideShown, MatterState
from ui.pages.intake.receipt import PaperShown, ReceiptState
from ui.pages.intake.review import ReviewState
from ui.pages.intake.view import STEPS, IntakeState
from ui.pages.outbox.comparison import ComparedRow, ComparisonShown
from ui.pages.outbox.view import OutboxDetail, OutboxState
from ui.pages.outbox.wording import REASONS
from ui.pages.sign_in.view import PersonHere, SignInState
from ui.pages.today.view import TodayState
from ui.pictures import opened
from ui.shells.counter import BarState, LightShown, ParkedShown
from ui.widgets.asking import AskingShown
from ui.widgets.banner import BannerShown
from ui.widgets.field import Answered, Asked
from ui.widgets.form import SectionShown
from ui.widgets.lines import Line
from ui.widgets.page_strip import PageShown
from ui.widgets.panel import MissingShown, PanelState
from ui.widgets.steps_bar import StepShown
from ui.widgets.table import Cell, Row
from ui.widgets.telling import RefusalShown, SupplementShown, ToldItem


def sheet(title: str, width: int = 620, seal: bool = False, lines: int = 16) -> bytes:
    """A JPEG that looks like a page."""
    image = QImage(width, round(width * 1.414), QImage.Format.Format_RGB32)
    image.fill(QColor("#FFFFFF"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    font = painter.font()
    font.setPixelSize(width // 22)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QColor("#1A2530"))
    painter.drawText(QRectF(0, width * 0.1, width, width * 0.1), Qt.AlignmentFlag.AlignCenter, title)
    font.setBold(False)
    font.setPixelSize(width // 42)
    painter.setFont(font)
    for line in range(lines):
        words = f"第{line + 1}条  双方约定的内容写在这里，供看清字迹用，其中没有任何真实的人和事。"
        painter.drawText(round(width * 0.09), round(width * (0.27 + line * 0.058)), words)
    if seal:
        painter.setPen(QColor("#C0392B"))
        painter.drawEllipse(QRectF(width * 0.6, width * 1.08, width * 0.2, width * 0.2))
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(b"jpg"))
    writer.setQuality(85)
    writer.write(image)
    return bytes(buffer.data().data())


def bar() -> BarState:
    return BarState(
        place="余姚市 凤山街道便民服务中心 · 3 号窗口",
        line="在线",
        waiting=2,
        lights=(
            LightShown("读卡器", "正常"),
            LightShown("扫描仪", "扫描中", "info"),
            LightShown("凭条", "正常"),
            LightShown("A4", "纸将尽", "warn"),
        ),
        clerk="周敏 窗口人员",
        clock="10:42",
        todo=5,
        parked=(
            ParkedShown("d1", "王秀英 生育登记"),
            ParkedShown("d2", "张国强 老年优待证办理"),
            ParkedShown("d3", "李卫东"),
        ),
        training=True,
    )


def bar_offline() -> BarState:
    return BarState(
        place="余姚市 凤山街道 永丰村 · 便民服务点",
        line="离线 3 小时 12 分",
        line_tone="warn",
        waiting=3,
        held=1,
        lights=(
            LightShown("读卡器", "正常"),
            LightShown("扫描仪", "没有接上", "bad"),
            LightShown("凭条", "正常"),
            LightShown("A4", "正常"),
        ),
        clerk="周敏 代办员",
        clock="13:54",
        todo=5,
    )


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


def materials() -> MaterialsState:
    front, back = opened(sheet("房屋租赁合同")), opened(sheet("房屋租赁合同", seal=True, lines=9))
    pages = (
        PageShown("p1", "1 正", picture=front),
        PageShown("p2", "1 反", picture=back),
        PageShown("p3", "2 正", "已纠偏 1.3°", picture=front),
        PageShown("p4", "2 反", hidden=True, hidden_words="空白 · 已隐藏", picture=opened(sheet(" ", lines=0))),
        PageShown("p5", "3 正", picture=back),
        PageShown("p6", "3 反"),
    )
    return MaterialsState(
        lines=(
            Line("id", "居民身份证", "芯片核验 · 免交复印件", "读卡", "ok"),
            Line("book", "户口簿", "2026-03-11 海曙公安 · 2 页 · 无需重新上传", "共享库 A", "ok"),
            Line("lease", "房屋租赁合同", "已核对原件 10:41 周敏 · 空白 1 面已隐藏", "扫描中 6 面", "info"),
            Line("licence", "营业执照", "已验章 · 2029-05-30 到期", "电子证照", "ok"),
            Line("health", "从业人员健康证明", "原件 1 份 · 可容缺，8 个工作日内补", "缺", "bad"),
            Line("form", "食品经营许可申请书", "要签字 · 还没有打印", "缺", "bad"),
            Line("mandate", "授权委托书", "原件 1 份 · 1 页", "已齐", "ok"),
        ),
        summary="7 项 · 已齐 4",
        current="lease",
        title="房屋租赁合同",
        needs="原件 1 份。看：出租人签字、租期在一年以上、地址与表单一致。",
        sides="3 正 / 2 反",
        pages=pages,
        page="p2",
        preview=opened(sheet("房屋租赁合同", 1000, seal=True, lines=14)),
        scanning="第 4 张",
        scanning_into="lease",
        verified="已核对原件 10:41 周敏",
    )


def mat() -> QImage:
    """What a camera sees: a dark mat, a sheet on it that lies a little crooked."""
    image = QImage(816, 612, QImage.Format.Format_RGB888)
    image.fill(QColor("#34463C"))
    painter = QPainter(image)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    page = QImage.fromData(sheet("房屋租赁合同", 700, seal=True, lines=14))
    flat = QPolygonF(QRectF(page.rect()))
    flat.removeLast()  # the first one again
    seen = QPolygonF([QPointF(x * 816, y * 612) for x, y in LAID])
    painter.setTransform(QTransform.quadToQuad(flat, seen))  # type: ignore[arg-type]
    painter.drawImage(0, 0, page)
    painter.end()
    return image


LAID = ((0.285, 0.085), (0.715, 0.06), (0.735, 0.925), (0.27, 0.94))


def camera() -> CameraState:
    image = mat()
    rgb = bytes(image.constBits())  # 816 pixels make whole words: nothing stands between two rows
    return CameraState(
        open=True,
        words="已拍下，请换下一张",
        tone="ok",
        rgb=rgb,
        width=816,
        height=612,
        corners=LAID,
        sure=True,
        may_take=True,
        may_learn=True,
        taken="已拍 2 页",
    )


CAMERA_LOST = CameraState(
    open=True,
    trouble=("设备已断开", "请插好设备（高拍仪）后再试，已录入的内容不会丢失。"),
    taken="已拍 2 页",
)


def photographing() -> MaterialsState:
    return replace(materials(), camera_open=True, scanning="", can_photograph=True)


def straightening() -> MaterialsState:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"jpg")).write(mat())
    picture = bytes(buffer.data().data())
    shown = StraightenShown("p2", "四角 · 房屋租赁合同 第 2 页", picture, LAID)
    return replace(materials(), scanning="", straighten=shown)


def materials_empty() -> MaterialsState:
    full = materials()
    return MaterialsState(
        lines=full.lines,
        summary=full.summary,
        current="form",
        title="食品经营许可申请书",
        needs="原件 1 份，申请人签字。",
        is_application_form=True,
        can_scan=False,
        scan_words="扫描仪没有接上。请检查电源和 USB 线。",
        preview_words="",
        library_open=True,
        library=(Line("l1", "房屋租赁合同", "2026-03-11 鼓楼街道 · 2 页 · 信任级别 B", "可用", "ok"),),
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


def intake() -> dict[str, IntakeState]:
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
        materials=materials(),
        can_promise=True,
        why_not="还差 1 项",
        **here,  # type: ignore[arg-type]
    )
    for name, photographed in (
        ("camera", photographing()),
        ("camera-lost", photographing()),
        ("corners", straightening()),
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
        materials=materials_empty(),
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


PEOPLE = (PersonHere("zhoumin", "周敏"), PersonHere("hanlu", "韩露"), PersonHere("lufangfang", "鲁芳芳"))
SIGN_IN = {
    "sign-in": SignInState(place="余姚市 凤山街道便民服务中心 · 3 号窗口", line_words="在线：由服务器核对"),
    "sign-in-locked": SignInState(
        place="余姚市 凤山街道便民服务中心 · 3 号窗口",
        line_words="在线：由服务器核对",
        who="zhoumin",
        locked_words="已锁屏。周敏输入密码接着办，其他人请登录。正在扫描的会扫完，归到原来的办件。",
        people=PEOPLE,
        epoch=1,
    ),
    "sign-in-code": SignInState(
        place="余姚市 凤山街道便民服务中心 · 3 号窗口",
        line_words="在线：由服务器核对",
        title="需要动态验证码",
        remedy="请输入验证器上的六位数字。",
        who="lufangfang",
        people=PEOPLE,
        code_needed=True,
        epoch=2,
    ),
    "sign-in-wrong": SignInState(
        place="余姚市 凤山街道 永丰村 · 便民服务点",
        online=False,
        line_words="离线：按本机记住的核对，还能用到 11 月 23 日 09:00",
        title="用户名或密码不对",
        remedy="请重新输入；忘记密码请找主管重设。",
    ),
}


CASE = CaseState(
    case_id="c1",
    number="330281-00004311-9",
    state="准予",
    tone="ok",
    flags=("材料未传齐",),
    rows=(
        ("事项", "老年优待证"),
        ("申请人", "张国强"),
        ("证件号码", "330281********0042"),
        ("联系电话", "13800000000"),
        ("办理机关", "余姚市民政局"),
        ("收件地点", "宁波市余姚市凤山街道永丰村"),
        ("决定", "符合条件，准予"),
    ),
    dates=(
        ("收件", "2026-11-18 09:12"),
        ("受理", "2026-11-18"),
        ("承诺办结", "2026-11-20"),
        ("法定办结", "2026-12-02"),
    ),
    materials=(("居民身份证", "已核验"), ("近期照片", "1 正 / 0 反")),
    story=(
        ("11-18 09:12", "收件 · 周敏"),
        ("11-18 09:12", "受理 · 周敏"),
        ("11-20 15:40", "准予 · 沈思源"),
    ),
    acts=(
        ActShown("print:acceptance", "打印受理通知书副本", "Ctrl+P"),
        ActShown("correct", "更正", "Ctrl+G"),
        ActShown("deliver", "送达", "F9", "primary"),
    ),
)


def _asking(case: CaseState) -> CaseState:
    return replace(
        case,
        asking="deliver",
        ask_words="把结果交给谁？核对证件后确定。",
        ask_button="确定送达",
        asked=(Asked("receiver", "领取人", required=True),),
        given={"receiver": "张国强"},
    )


def _todo_row(key: str, number: str, matter: str, who: str, why: str, tone: str, due: str) -> Row:
    cells = (Cell(number, bold=True), Cell(matter), Cell(who), Cell(why, tone), Cell(due, muted=True))
    return Row(key, cells)


TODO_ROWS = (
    _todo_row("c3", "330281-00004290-4", "食品经营许可（新办）", "陈吉文", "已超期", "bad", "2026-11-19"),
    _todo_row("c4", "330281-00004302-2", "生育登记", "王秀英", "等补正", "warn", "2026-11-24"),
    _todo_row("c1", "330281-00004311-9", "老年优待证", "张国强", "结果可取", "ok", ""),
)
SEARCH_ROWS = (
    Row(
        "c1",
        (
            Cell("330281-00004311-9", bold=True),
            Cell("老年优待证"),
            Cell("张国强"),
            Cell("准予", "ok"),
            Cell("2026-11-18 09:12", muted=True),
            Cell(""),
        ),
    ),
    Row(
        "c2",
        (
            Cell("330281-00004317-6", bold=True),
            Cell("食品经营许可（新办）"),
            Cell("宁波禾𠮷食品店"),
            Cell("已收件", "info"),
            Cell("2026-11-21 10:41", muted=True),
            Cell("待上报", "info"),
        ),
    ),
)
RECEIVED = CaseState(
    case_id="c2",
    number="330281-00004317-6",
    state="已收件",
    tone="info",
    flags=("3 项未上报",),
    rows=(
        ("事项", "食品经营许可（新办）"),
        ("申请人", "宁波禾𠮷食品店（个体工商户）"),
        ("经办人", "周建国"),
        ("证件号码", "923302********CD1X"),
        ("联系电话", "13800000000"),
        ("办理机关", "宁波市海曙区市场监督管理局"),
        ("收件地点", "宁波市余姚市凤山街道"),
    ),
    dates=(("收件", "2026-11-20 10:41"), ("受理", ""), ("承诺办结", ""), ("法定办结", "")),
    materials=(
        ("居民身份证", "已核验"),
        ("申请书", "2 正 / 0 反"),
        ("营业执照", "1 正 / 0 反"),
        ("房屋租赁合同", "3 正 / 2 反"),
        ("从业人员健康证明", "容缺至 2026-12-04"),
    ),
    story=(("11-20 10:36", "申请 · 周敏"), ("11-20 10:38", "人证一致 · 周敏"), ("11-20 10:41", "收件 · 周敏")),
    acts=(
        ActShown("print:receipt", "打印收件凭证副本", "Ctrl+P"),
        ActShown("correct", "更正", "Ctrl+G"),
        ActShown("withdraw", "撤回", "Ctrl+U"),
        ActShown("void", "作废", "Ctrl+K", "danger"),
        ActShown("ask_supplement", "一次性告知补正", "F7"),
    ),
    notes=(
        "受理、不予受理：由宁波市海曙区市场监督管理局办",
        "更正、作废：已过收件当日，要主管在旁。",
    ),
)
_BESIDE = (
    Asked("reason", "理由", "long_text", True),
    Asked("supervisor", "主管账号", required=True),
    Asked("password", "主管密码", "secret", True),
)


def _correcting() -> CasesState:
    old = {f"answers.{name}": answered for name, answered in FORM.answers.items()}
    names = [f"answers.{one.name}" for section in FORM.sections for one in section.fields]
    answers = {name: replace(old.get(name, Answered()), wrong="") for name in names}
    answers |= {
        "applicant.name": Answered("宁波禾吉食品店（个体工商户）", caution="原来：宁波禾𠮷食品店（个体工商户）"),
        "applicant.uscc": Answered("92330203MA2AABCD1X"),
        "phone": Answered("1390000", wrong="电话要么是 11 位手机号，要么是区号加固定电话", caution="原来：13800000000"),
    }
    people = SectionShown(
        "申请人",
        (
            Asked("applicant.name", "姓名", required=True),
            Asked("applicant.uscc", "统一社会信用代码", required=True),
            Asked("phone", "联系电话"),
        ),
    )
    sections = tuple(
        replace(section, fields=tuple(replace(one, name=f"answers.{one.name}") for one in section.fields))
        for section in FORM.sections
    )
    return CasesState(
        rows=SEARCH_ROWS,
        work="correct",
        correction=CorrectionShown("c2", (people, *sections), answers, frozenset(names[:1])),
        case=replace(
            RECEIVED,
            asking="correct",
            ask_words="更正后旧纸面作废，新纸面会写明代替哪一张。已过收件当日，要请主管在旁，输入自己的账号和密码。",
            ask_button="更正并重打",
            ask_facts=(
                ("姓名", "宁波禾𠮷食品店（个体工商户） → 宁波禾吉食品店（个体工商户）"),
                ("联系电话", "13800000000 → 1390000"),
                ("面积", "46.5 m² → 64.5 m²"),
            ),
            asked=_BESIDE,
            given={"reason": "窗口录入时看错了营业执照"},
            wrong="联系电话：电话要么是 11 位手机号，要么是区号加固定电话",
        ),
    )


def _telling() -> CasesState:
    choices = (
        Line("material:id_card", "居民身份证", "已核验", head="材料"),
        Line("material:application_form", "申请书", "2 正 / 0 反"),
        Line("material:licence", "营业执照", "1 正 / 0 反"),
        Line("material:lease", "房屋租赁合同", "3 正 / 2 反"),
        Line("material:health", "从业人员健康证明", "容缺至 2026-12-04"),
        Line("field:name", "经营者名称", "宁波禾𠮷食品店", head="表单"),
        Line("field:area", "经营场所所在地", "宁波市海曙区鼓楼街道孝闻社区"),
        Line("field:size", "面积", "46.5 m²"),
        Line("field:staff", "从业人数", "3 人"),
    )
    items = (
        ToldItem(
            "material:lease",
            "房屋租赁合同",
            "租期已于上月到期；第 3 页没有出租人签名",
            "仍在租期内的合同原件，每页齐全",
        ),
        ToldItem("field:size", "面积", "与平面图上的 64.5 平方米不一致", "与平面图一致"),
        ToldItem("", "", "", ""),
    )
    shown = SupplementShown(
        "c2", choices, items, "2026-12-04", "十个工作日以后", "每一项都要写清缺什么；不要的那一项请去掉。"
    )
    return CasesState(
        rows=SEARCH_ROWS, work="ask_supplement", supplement=shown, case=replace(RECEIVED, asking="ask_supplement")
    )


def _declining() -> CasesState:
    refusal = RefusalShown(
        writing="c2",
        grounds=GROUNDS,
        ground="not_competent",
        reason="经营场所在宁波市鄞州区，不在本机关的管辖范围。",
        remedies=REMEDIES,
        wrong="不属于本机关职权的，请写明应向哪里申请。",
    )
    return CasesState(rows=SEARCH_ROWS, work="decline", refusal=refusal, case=replace(RECEIVED, asking="decline"))


CASES = {
    "todo": CasesState(rows=TODO_ROWS, case=CASE),
    "todo-empty": CasesState(empty=("没有要办的", "补正、到期和可取的结果会出现在这里。")),
    "pickup": CasesState(rows=TODO_ROWS[2:], case=_asking(CASE)),
    "search": CasesState(text="张国强", rows=SEARCH_ROWS, case=CASE),
    "search-received": CasesState(
        rows=SEARCH_ROWS,
        case=RECEIVED,
        banner=(
            "330281-00004317-6 待补正 · 补正告知书没有打出",
            "打印机缺纸。请装纸后再打。修好后按 Ctrl+P 再打。",
            "warn",
        ),
    ),
    "search-correct": _correcting(),
    "search-supplement": _telling(),
    "todo-decline": _declining(),
    "pickup-void": CasesState(
        rows=TODO_ROWS,
        case=replace(
            RECEIVED,
            asking="void",
            ask_words="作废后这个号码不再使用，已打印的纸面失效。已过收件当日，要请主管在旁，输入自己的账号和密码。",
            ask_button="确定作废",
            asked=_BESIDE,
            given={"reason": "申请人在别处已经办了"},
            wrong="用户名或密码不正确。请重新输入。",
        ),
    ),
    "search-none": CasesState(text="李", empty=("没有找到", "换一个号码或姓名试试。")),
}


def _outbox_row(number: str, matter: str, who: str, what: str, since: str, words: str, tone: str, left: str) -> Row:
    cells = (
        Cell(number, bold=True),
        Cell(matter),
        Cell(who),
        Cell(what),
        Cell(since, muted=True),
        Cell(words, tone),
        Cell(left, right=True),
    )
    return Row(number, cells)


_HELD = OutboxState(
    summary="离线，自 11-21 10:42 · 服务器最后应答 11-21 10:42 · 号段还剩 183 个 · 离线包 2026-11-21 · 可继续受理",
    online=False,
    rows=(
        _outbox_row("330281-00004311-9", "老年优待证", "张国强", "更正", "5 小时前", "需处理", "bad", "0"),
        _outbox_row(
            "330281-00004317-6",
            "食品经营许可（新办）",
            "陈吉文",
            "收件 + 5 页材料",
            "3 小时前",
            "待线路",
            "info",
            "11.2 MB",
        ),
        _outbox_row(
            "330281-00004316-2", "生育登记", "王秀英", "收件 + 2 页材料", "3 小时前", "待线路", "info", "2.1 MB"
        ),
    ),
    detail=OutboxDetail(
        case_id="330281-00004311-9",
        number="330281-00004311-9",
        state="需处理",
        tone="bad",
        trouble=("这一件已被别的窗口改过", "请对照两份内容，再决定改正重办还是撤下。"),
        rows=(("事项", "老年优待证"), ("申请人", "张国强"), ("内容", "更正"), ("自", "11-21 09:12"), ("未传", "0")),
        acts=frozenset({"compare", "mend", "resend", "export", "withdraw"}),
        calm="这一件停在这里，不影响其他办件上报。",
    ),
)
_COMPARED = ComparisonShown(
    title="330281-00004311-9",
    ours_done="11-21 09:12 更正 · 周敏",
    theirs_done="11-21 08:55 更正 · 韩露；11-21 09:05 开始办理 · 傅晓岚",
    rows=(
        ComparedRow("状态", "已受理", "办理中", False),
        ComparedRow("受理号", "330281-00004311-9", "330281-00004311-9", True),
        ComparedRow("申请人", "张国强 330281********9992", "张国强 330281********9992", True),
        ComparedRow("联系电话", "13900000002", "0574-00000001", False),
        ComparedRow("办理机关", "余姚市民政局", "余姚市民政局", True),
        ComparedRow("理由", "申请人当面要求更正：电话换了，地址也搬了", "申请人来电更改电话", False),
        ComparedRow(
            "户籍地址",
            "浙江省余姚市凤山街道季卫桥社区阳明东路9999号1幢2单元303室",
            "浙江省余姚市梁弄镇横坎头村9组99号",
            False,
        ),
        ComparedRow("证件种类", "70 周岁以上", "70 周岁以上", True),
        ComparedRow("身份证", "已核验", "已核验", True),
        ComparedRow("申请表", "2 页", "2 页", True),
        ComparedRow("近期照片", "2 页，其中 1 页相同", "1 页，其中 1 页相同", False),
    ),
    count="5 项不同，6 项相同",
)
OUTBOX = {
    "outbox": _HELD,
    "outbox-compare": replace(_HELD, comparison=_COMPARED),
    "outbox-mend": replace(
        _HELD,
        comparison=_COMPARED,
        asking=AskingShown(
            key="mend:1",
            words="在服务器现在的内容上重新更正；对方改过的别的内容保留。",
            asked=(
                Asked("reason", "理由", "long_text", True),
                Asked("phone", "联系电话"),
                Asked(
                    "answers.card_kind",
                    "证件种类",
                    "choice",
                    True,
                    choices=(("60", "60 至 69 周岁"), ("70", "70 周岁以上")),
                ),
            ),
            given={"reason": "申请人当面要求更正", "phone": "13900000002", "answers.card_kind": "70"},
            beside={"phone": "服务器：0574-00000001"},
            button="重新办理",
        ),
    ),
    "outbox-withdraw": replace(
        _HELD,
        asking=AskingShown(
            key="withdraw:1",
            words="撤下后以服务器上的内容为准；本机这一份保留，随时可查。请先告知申请人，收回已打印的纸面。",
            facts=(("申请人", "张国强"), ("联系电话", "13900000002")),
            asked=(
                Asked("reason", "理由", "choice", True, choices=tuple((one, one) for one in REASONS)),
                Asked("more", "补充说明"),
                Asked("supervisor", "主管账号", required=True),
                Asked("password", "主管密码", "secret", True),
            ),
            given={"reason": REASONS[0], "supervisor": "lufangfang", "password": "invented"},
            button="确定撤下",
            look="danger",
            wrong="这个账号不是主管。请主管输入自己的账号和密码。",
        ),
    ),
    "outbox-found": replace(
        _HELD,
        text="zgq",
        rows=(_outbox_row("330281-00004311-9", "老年优待证", "张国强", "更正", "5 小时前", "已撤下", "plain", "0"),),
        detail=OutboxDetail(
            case_id="330281-00004311-9",
            number="330281-00004311-9",
            state="已撤下",
            rows=(
                ("事项", "老年优待证"),
                ("申请人", "张国强"),
                ("内容", "更正"),
                ("自", "11-21 09:12"),
                ("撤下", "11-21 13:40 周敏"),
                ("理由", "以服务器为准"),
                ("主管", "鲁芳芳（离线核对）"),
            ),
            acts=frozenset({"compare", "export"}),
        ),
        banner=("已撤下，以服务器上的内容为准", "请告知申请人，收回已打印的纸面。", "ok"),
    ),
    "outbox-empty": OutboxState(
        summary="在线，自 11-21 08:02 · 服务器最后应答 11-21 13:54 · 号段还剩 183 个 · 离线包 2026-11-21",
        empty=("都上报了", "本机和服务器的内容一致。"),
    ),
}
DEVICES = DevicesState(
    lines=(
        Line("idcard", "读卡器", "身份证阅读器（串口，SAM_V）", "正常", "ok"),
        Line("scanner", "扫描仪", "扫描仪（SANE）", "有问题", "bad"),
        Line("receipt", "凭条打印机", "热敏打印机（串口）", "纸将尽", "warn"),
        Line("a4", "A4 打印机", "网络打印机（IPP）", "正常", "ok"),
    ),
    role="scanner",
    name="扫描仪",
    state="有问题",
    tone="bad",
    trouble=("扫描仪没有接上", "检查电源和 USB 线，再按 F5。"),
    rows=(
        ("驱动", "scanner/sane"),
        ("级别", "银：拔插能恢复"),
        ("上次正常", "11-21 09:58"),
        ("驱动版本", "随通办 0.1.0"),
        ("依赖", "libsane 1.1.1、pillow 13.0.0"),
    ),
    plugged=(
        Line("1-2", "USB-Serial", "身份证阅读器（串口，SAM_V） · /dev/ttyUSB0", "可用", "ok"),
        Line("1-3", "USB Optical Mouse", "USB 046d:c077", faint=True),
    ),
    drivers=(
        Line("scanner/sane", "扫描仪（SANE）", "银：拔插能恢复", "在用", "ok"),
        Line("scanner/folder", "扫描软件的输出文件夹", "银：拔插能恢复"),
        Line("scanner/twain", "扫描仪（TWAIN）", "只能在 Windows 上用", faint=True),
    ),
    driver="scanner/sane",
    options=(
        Asked("device", "设备名"),
        Asked("source", "进纸", "choice", choices=(("adf", "adf"), ("flatbed", "flatbed"))),
    ),
    values={"device": "", "source": "adf"},
    in_use=True,
)
TODAY = TodayState(
    day="2026 年 11 月 21 日",
    clerk="周敏",
    counts=(("收件", 23), ("受理", 14), ("告知补正", 2), ("不予受理", 0), ("送达", 6)),
    matters=tuple(
        Row(name, (Cell(name), Cell(str(count), right=True)))
        for name, count in (
            ("社会保障卡补领、换领", 9),
            ("食品经营许可（新办）", 6),
            ("老年优待证", 5),
            ("生育登记", 3),
        )
    ),
    supply=(
        ("受理号还剩", "183 个"),
        ("可办事项", "19 个"),
        ("离线包", "2026-11-21，0 天前"),
        ("放假安排", "有一年还没有公布，期限为暂定", "warn"),
    ),
    left=(
        Line("mine:d1", "王秀英 生育登记", "周敏 · 11-21 10:12", "挂起", "warn"),
        Line("theirs:d2", "张国强 老年优待证办理", "韩露 · 11-21 09:40", "未办完", "info"),
        Line("mine:d1:originals", "王秀英的原件：结婚证、户口簿", "11-21 10:05", "原件未退", "warn"),
        Line("paper:receipt:c1", "李卫东的收件凭证", "330281-00004317-6 · 11-21 08:51", "没有打出", "bad"),
    ),
    left_words="未办完 2 · 原件 2 · 未打印 1",
    loading=False,
)
