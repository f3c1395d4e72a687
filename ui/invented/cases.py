"""Cases in the lists, opened, and being corrected, told of or declined."""

from __future__ import annotations

from dataclasses import replace

from ui.invented.intake import FORM, GROUNDS, REMEDIES
from ui.pages.cases.correcting import CorrectionShown
from ui.pages.cases.view import ActShown, CasesState, CaseState
from ui.widgets.field import Answered, Asked
from ui.widgets.form import SectionShown
from ui.widgets.lines import Line
from ui.widgets.table import Cell, Row
from ui.widgets.telling import RefusalShown, SupplementShown, ToldItem

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
