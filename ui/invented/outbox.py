"""What waits to be sent, what the server refused, and both ends compared."""

from __future__ import annotations

from dataclasses import replace

from ui.pages.outbox.comparison import ComparedRow, ComparisonShown
from ui.pages.outbox.view import OutboxDetail, OutboxState
from ui.pages.outbox.wording import REASONS
from ui.widgets.asking import AskingShown
from ui.widgets.field import Asked
from ui.widgets.table import Cell, Row


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
