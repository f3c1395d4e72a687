"""A hall as large as a real one: thousands of standard matters, offered at thousands of places. All of it invented.

Every draw is counted at the bits it takes, so that what is made of it can be held against what it really says.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from contract.clock import Calendar
from contract.columns import spelled
from contract.matter import Matter, PackHead
from contract.node import Department, Node, NodeLevel
from contract.pack import Row

T = TypeVar("T")
CITY = "339900"


def words(text: str) -> tuple[str, ...]:
    """What a vocabulary is written as."""
    return tuple(text.split())


_THINGS = words(
    "山货集市 竹编作坊 露天书场 渔船修造 茶园改种 溪水引用 古桥通行 风筝放飞 石磨坊 酱园 船屋停泊 果树嫁接 "
    "蜂箱迁移 民宿 沙滩摊位 夜间灯会 街头演奏 手作工坊 屋顶花圃 雨水收集 共享单车 无人机飞播 电动三轮 流动餐车 "
    "祠堂修缮 井盖更换 路灯加装 墙体彩绘 护林点 采石场 盐田 鱼塘 苗圃 粮仓 油坊 窑厂 染坊 印社 琴行 棋院 球场 "
    "泳池 冰场 影院 书店 报亭 邮驿 客栈 渡口 码头 车场 站台 仓库 老人照护 幼儿托管 邻里食堂 康复器具 助听设备 "
    "导盲犬 居家养护 临时帮扶 就学补助 技艺传承 新居安置 旧物回收 宠物登记 树木认养 庭院改造 外墙保温 电梯加装 "
    "管线迁改 门楼修复 牌匾设置 集会活动 龙舟赛事 庙会 花市 水上游览 登山步道 露营地 温泉 滑草场 马术场 射箭馆"
)
_ACTS = words(
    "设立 变更 延续 注销 备案 核准 登记 认定 换证 补证 申领 发放 查询 复核 迁移 转让 停业 恢复 年报 减免 续期 "
    "撤回 验收 鉴定"
)
_TURNS = words(
    "首次 遗失 损坏 到期 法人 个人 外地 老年 学生 残障 小型 大型 临时 跨县 联合 简易 一类 二类 三类 名称 地址 "
    "范围 负责人 面积"
)
_PAPERS = words(
    "申请表 身份证明 委托书 场地证明 租赁合同 平面图 设备清单 人员名册 管理制度 检测报告 照片 健康证明 承诺书 "
    "章程 会议决议 银行账户 验收意见 图纸 施工合同 原证件 遗失说明 收入说明 户籍资料 学籍证明 鉴定书 保险单 "
    "环境说明 消防意见 用水证明 用电证明"
)
_SHAPES = words("原件 复印件 电子件 原件及复印件 两份 一份 盖章件 公证件")
_CONDITIONS = words(
    "有固定场所 有相应设备 人员经过培训 材料真实完整 近三年无严重失信 符合规划 不扰邻里 有安全措施 有管理制度 "
    "有足够资金 年满十八周岁 在本地居住满半年 有监护人同意 有专人负责 已办妥前一事项 通过现场查看"
)
_STEPS = words("窗口收件 材料初核 现场查看 专家评议 公示 审核 批准 制证 送达 归档")
_ASKED = words(
    "经营面积 从业人数 开业日期 地点类别 用途 数量 期限 联系人 联系电话 备注 车牌号码 船名 品种 规格 来源 去向 "
    "监护人 学校 年级 班级 银行 账号 金额 原证编号 变更原因 施工单位 设计单位 开工日期 完工日期 层数"
)
_ORGANS = words(
    "集市局 山林局 河湖局 街巷局 书场局 茶事局 船务局 养护局 教习局 康乐局 屋舍局 道桥局 粮油局 灯火局 园艺局 "
    "器具局 民俗局 邮驿局 花木局 水务所 风物局 节庆局 证照局 账目局 照护局 救助局 档案馆 技艺局"
)
_SYLLABLES = (
    "东西南北上下大小新古青白石金玉龙凤梅兰竹菊桃柳松杨江溪沙洋岭湾塘桥亭庙店洪高平长永安福寿康宁和顺义清明月星云霞"
)
_ROADS = words("中心路 和平路 新桥路 书院街 石板巷 渡口街 灯塔路 竹林巷")
_WORDS = words(
    "开店 办证 搬家 上学 养老 补贴 修路 出行 看病 买船 卖茶 结伴 年货 过节 换新 挂牌 停车 种树 养蜂 划船 唱戏 "
    "写字 放羊 看灯"
)


class Draws:
    """Random choices that add up what they say."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.bits = 0.0

    def one(self, choices: Sequence[T]) -> T:
        self.bits += math.log2(len(choices))
        return self._random.choice(choices)

    def weighted(self, choices: Sequence[T], weights: Sequence[float]) -> T:
        (number,) = self._random.choices(range(len(choices)), weights)
        self.bits -= math.log2(weights[number] / sum(weights))
        return choices[number]

    def some(self, choices: Sequence[T], low: int, high: int) -> list[T]:
        """Between `low` and `high` different ones, in the order in which they stand."""
        size = self.one(range(low, high + 1))
        self.bits += math.log2(math.comb(len(choices), size))
        return [choices[n] for n in sorted(self._random.sample(range(len(choices)), size))]

    def each(self, choices: Sequence[T], chances: Sequence[float]) -> list[T]:
        """Every one of them by its own chance."""
        found = []
        for choice, chance in zip(choices, chances, strict=True):
            if self._random.random() < chance:
                self.bits -= math.log2(chance)
                found.append(choice)
            elif chance < 1:
                self.bits -= math.log2(1 - chance)
        return found

    def digits(self, count: int) -> str:
        self.bits += count * math.log2(10)
        return "".join(self._random.choice("0123456789") for _ in range(count))

    def shuffled(self, choices: Sequence[T]) -> list[T]:
        self.bits += math.log2(math.factorial(len(choices)))
        return self._random.sample(list(choices), len(choices))


@dataclass
class Province:
    """The hall, and the bits that it says: its tree with the departments, its standards, its rows."""

    nodes: tuple[Node, ...]
    departments: tuple[Department, ...]
    matters: list[dict[str, Any]]
    rows: list[Row]
    bits: dict[str, float] = field(default_factory=dict)

    def head(self, node: str) -> PackHead:
        return PackHead(
            version="0000000001-00000",
            made_on=date(2026, 11, 20),
            node=node,
            nodes=self.nodes,
            departments=self.departments,
            calendar=Calendar(),
            public_url="https://tongban.example",
            training=True,
        )

    def village(self) -> str:
        """A village in the middle."""
        return next(node.code for node in self.nodes[len(self.nodes) // 2 :] if node.level is NodeLevel.VILLAGE)


def make_province(standards: int, places: int, offered: int, seed: int = 20261120) -> Province:
    """A city with so many standard matters, places and offered matters (the last about)."""
    draws = Draws(seed)
    nodes, departments = _tree(draws, places)
    bits = {"places": draws.bits}
    matters = _matters(draws, standards)
    bits["standards"] = draws.bits - bits["places"]
    rows = _rows(draws, matters, nodes, departments, offered)
    bits["rows"] = draws.bits - bits["places"] - bits["standards"]
    return Province(nodes, departments, matters, rows, bits)


def _named(draws: Draws, suffix: str, taken: set[str]) -> str:
    while True:
        had = draws.bits
        name = draws.one(_SYLLABLES) + draws.one(_SYLLABLES) + suffix
        if name not in taken:
            taken.add(name)
            return name
        draws.bits = had


def _tree(draws: Draws, places: int) -> tuple[tuple[Node, ...], tuple[Department, ...]]:
    counties = max(2, min(10, places // 100))
    streets = max(counties, places * 16 // 300)
    villages = places - 1 - counties - streets
    nodes = [Node(code=CITY, name="云屏市", level=NodeLevel.CITY, hall="云屏市政务服务中心")]
    taken: set[str] = set()
    own: dict[str, int] = {}

    def add(parent: Node, level: NodeLevel, suffix: str) -> Node:
        number = own[parent.code] = own.get(parent.code, 0) + 1
        code = f"3399{number:02d}" if level is NodeLevel.COUNTY else f"{parent.code}{number:03d}"
        name = _named(draws, suffix, taken)
        hall = f"{name}便民服务{'站' if level is NodeLevel.VILLAGE else '中心'}"
        node = Node(code=code, name=name, level=level, parent=parent.code, hall=hall)
        nodes.append(node)
        return node

    above = [add(nodes[0], NodeLevel.COUNTY, "县") for _ in range(counties)]
    middle = [add(draws.one(above), NodeLevel.STREET, draws.one(("镇", "街道"))) for _ in range(streets)]
    for _ in range(villages):
        add(draws.one(middle), NodeLevel.VILLAGE, "村")
    departments = []
    for node in nodes:
        if node.level in (NodeLevel.CITY, NodeLevel.COUNTY):
            kinds = list(enumerate(_ORGANS))
        else:
            kinds = [(90, "公共服务办公室") if node.level is NodeLevel.STREET else (91, "村民服务处")]
        departments += [
            Department(
                code=f"{node.code}-{number:02d}",
                name=node.name + kind,
                area=node.code,
                short=node.name[:2] + kind[:2],
                phone="0599-" + draws.digits(8),
                address=f"{node.name}{draws.one(_ROADS)}{draws.one(range(1, 300))}号",
            )
            for number, kind in kinds
        ]
    nodes.sort(key=lambda node: node.code)
    return tuple(nodes), tuple(sorted(departments, key=lambda department: department.code))


def _matters(draws: Draws, standards: int) -> list[dict[str, Any]]:
    papers = [_paper(draws, number) for number in range(400)]
    asked = [_asked(name) for name in _ASKED]
    forms = [draws.some(range(len(asked)), 4, 9) for _ in range(60)]
    popular = [1 / (number + 4) for number in range(len(papers))]
    numbers: dict[int, int] = {}
    found: list[dict[str, Any]] = []
    names: set[str] = set()
    while len(found) < standards:
        had = draws.bits
        thing = draws.one(range(len(_THINGS)))
        name = _THINGS[thing] + draws.one(_ACTS)
        turns = draws.some(_TURNS, 0, 2)
        name += f"（{'、'.join(turns)}）" if turns else ""
        if name in names:
            draws.bits = had
            continue
        names.add(name)
        organ = thing % len(_ORGANS)
        numbers[organ] = numbers.get(organ, 0) + 1
        legal = draws.one((5, 10, 15, 20, 30, 60))
        fields = {n: asked[n] for n in draws.one(forms)}
        matter = Matter.model_validate(
            {
                "code": f"XK-{organ:05d}-{numbers[organ]:04d}",
                "name": name,
                "organ": _ORGANS[organ],
                "audience": draws.one(("person", "legal_person", "both")),
                "ties": draws.one((["self"], ["self", "mandate"], ["self", "mandate", "guardian"])),
                "route_by": draws.weighted(("node", "applicant.address"), (0.8, 0.2)),
                "conditions": draws.some(_CONDITIONS, 2, 5),
                "legal_basis": [f"《云屏市{_THINGS[thing]}管理办法》第{draws.one(range(3, 61))}条"],
                "steps": draws.some(_STEPS, 4, 7),
                "limits": {"legal_days": legal, "promised_days": draws.one((1, 3, 5, legal))},
                "fee": {"amount": draws.weighted((0, 1000, 5000, 10000), (0.9, 0.05, 0.03, 0.02)), "basis": ""},
                "deliveries": draws.one((["window"], ["window", "courier"], ["window", "courier", "electronic"])),
                "result": f"{_THINGS[thing]}证",
                "materials": _distinct(draws, papers, popular),
                "form": _form(fields),
                "visits": draws.one((0, 1, 1, 2)),
                "online": draws.one(([], ["consult"], ["consult", "pre_review"], ["apply"])),
                "consult_phone": "0599-" + draws.digits(8),
                "keywords": draws.some(_WORDS, 0, 2),
            }
        )
        found.append(matter.model_dump(mode="json"))
    return sorted(found, key=lambda each: str(each["code"]))


def _paper(draws: Draws, number: int) -> dict[str, Any]:
    return {
        "code": f"p{number:03d}",
        "name": draws.one(_PAPERS),
        "required": draws.weighted((True, False), (0.8, 0.2)),
        "note": draws.one(_SHAPES) + draws.one(_CONDITIONS),
        "promise_days": draws.weighted((None, 5, 10), (0.7, 0.2, 0.1)),
    }


def _distinct(draws: Draws, papers: list[dict[str, Any]], popular: list[float]) -> list[dict[str, Any]]:
    size = draws.one(range(3, 9))
    found: dict[int, None] = {}
    while len(found) < size:
        had = draws.bits
        number = draws.weighted(range(len(papers)), popular)
        if number in found:
            draws.bits = had
        found[number] = None
    return [papers[number] for number in found]


def _asked(name: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    key = f"f{_ASKED.index(name):02d}"
    rule = {"type": "string", "format": "date"} if "日期" in name else {"type": "string", "maxLength": 60}
    return key, rule, {"type": "Control", "scope": f"#/properties/{key}", "label": name}


def _form(fields: dict[int, tuple[str, dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
    return {
        "data": {
            "type": "object",
            "properties": {key: rule for key, rule, _ in fields.values()},
            "required": [key for key, _, _ in fields.values()][:3],
        },
        "ui": {"type": "VerticalLayout", "elements": [control for _, _, control in fields.values()]},
    }


_REACHES = ("hall", "street", "village")


def _rows(
    draws: Draws,
    matters: list[dict[str, Any]],
    nodes: tuple[Node, ...],
    departments: tuple[Department, ...],
    offered: int,
) -> list[Row]:
    """Each place offers what is popular at its level; how far down a matter is received is the matter's own."""
    of_area: dict[str, list[str]] = {}
    for department in departments:
        of_area.setdefault(department.area, []).append(department.code)
    reaches = [draws.weighted(_REACHES, (0.6, 0.3, 0.1)) for _ in matters]
    everywhere = [draws.weighted((False, True), (0.8, 0.2)) for _ in matters]  # 同城通办
    ranks = draws.shuffled(range(len(matters)))
    count = {level: sum(node.level is level for node in nodes) for level in NodeLevel}
    share = {NodeLevel.CITY: 0.5, NodeLevel.COUNTY: 0.275, NodeLevel.STREET: 0.035}
    left = offered - sum(len(matters) * part * count[level] for level, part in share.items())
    share[NodeLevel.VILLAGE] = max(left, 0) / count[NodeLevel.VILLAGE] / len(matters)
    chances = {level: _chances(part, ranks) for level, part in share.items()}
    rows = []
    for node in nodes:
        for number in draws.each(range(len(matters)), chances[node.level]):
            codes = of_area[node.code]
            organ = int(matters[number]["code"].split("-")[1])
            accepted_by = draws.weighted(("department", "window"), (0.7, 0.3))
            under = CITY if everywhere[number] else node.code
            powers = ["receive", "notify", "accept", "deliver"] if accepted_by == "window" else ["receive", "notify"]
            powers = draws.weighted((powers, [*powers[:1], "deliver"]), (0.9, 0.1))
            levels = {"hall": ["city", "county"], "street": ["city", "county", "street"], "village": []}
            grants = [{"under": under, "powers": powers, "levels": levels[reaches[number]]}]
            if node.level in (NodeLevel.STREET, NodeLevel.VILLAGE):
                grants[0] |= {"under": node.code, "levels": []}
            department = codes[organ] if len(codes) > 1 else codes[0]
            rows.append(Row(matters[number]["code"], department, node.code, accepted_by, spelled(grants)))
    return rows


def _chances(share: float, ranks: list[int]) -> list[float]:
    """A chance for each matter, by its popularity, that comes to the share altogether."""
    weights = [1 / (rank + 10) ** 0.6 for rank in ranks]
    low, high = 0.0, 1e6
    for _ in range(60):
        factor = (low + high) / 2
        if sum(min(0.97, weight * factor) for weight in weights) < share * len(ranks):
            low = factor
        else:
            high = factor
    return [min(0.97, weight * high) for weight in weights]
