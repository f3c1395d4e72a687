"""Invented cases for papers, made of real actions: whatever stands on a paper has gone through `apply`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from app.papers import PaperInput
from contract.case import CHINA, Action, Author, Case, Kind, apply
from contract.clock import Calendar, Limits, deemed_accepted_on, read_clock
from contract.exchange import CaseView
from contract.form import Form
from contract.ids import case_number, progress_url, uuid7
from contract.material import CaseMaterial, MaterialForm, Page, Seen, Source
from contract.matter import Delivery, Fee, MaterialRule, Matter
from contract.node import Department, Node, NodeLevel, Route
from contract.person import Document, Identity, LegalPerson, Parties, Person, Role, Tie
from contract.wire import sha256

NUMBER = case_number("330281", 4317)
MORNING = datetime(2026, 11, 20, 9, 41, 5, tzinfo=CHINA)
ID_NUMBER = "11010519491231002X"
CLERK = Author(id="c1", name="沈小芬", role=Role.CLERK, node="330281001")
OFFICER = Author(id="o1", name="陈立", role=Role.OFFICER, department="330203-scjg")

NODE = Node(code="330281001", name="凤山街道", level=NodeLevel.STREET, hall="余姚市凤山街道便民服务中心")
DEPARTMENT = Department(
    code="330203-scjg",
    name="宁波市海曙区市场监督管理局",
    area="330203",
    short="海曙市监",
    phone="0574-87654321",
    address="宁波市海曙区虚构路 88 号",
)
HANDLER = Person(
    name="张𠮷䶮㛃",
    number=ID_NUMBER,
    sex="男",
    nation="汉",
    address="浙江省宁波市海曙区鼓楼街道虚构巷 7 号 302 室",
    phone="13800001234",
)
COMPANY = LegalPerson(
    name="宁波海曙虚构餐饮管理有限公司",
    uscc="91350100M000100Y43",
    address="宁波市海曙区中山西路 188 号",
    representative="张𠮷䶮㛃",
)


def page(name: str) -> Page:
    return Page(digest=sha256(name), size=1234, media_type="image/jpeg", width=2480, height=3508, dpi=300)


MATERIALS = (
    CaseMaterial(code="form", name="食品经营许可申请书", pages=(page("a"), page("b"))),
    CaseMaterial(
        code="licence", name="营业执照（副本）", form=MaterialForm.ELECTRONIC, source=Source.LIBRARY, library="KZ-0231"
    ),
    CaseMaterial(
        code="plan",
        name="与食品经营相适应的经营场所平面图、设备布局示意图及操作流程说明文件",
        form=MaterialForm.COPY,
        copies=2,
        pages=(page("c"),),
        verified=Seen(by="沈小芬", at=MORNING),
    ),
    CaseMaterial(code="health", name="从业人员健康证明", promised_until=date(2026, 12, 4)),
    CaseMaterial(code="idcard", name="经办人身份证", source=Source.CHIP),
)

FORM = Form(
    data={
        "type": "object",
        "required": ["kind", "area", "place"],
        "properties": {
            "kind": {
                "type": "string",
                "oneOf": [{"const": "r", "title": "餐饮服务经营者"}, {"const": "s", "title": "食品销售"}],
            },
            "items": {
                "type": "array",
                "items": {
                    "oneOf": [{"const": "hot", "title": "热食类食品制售"}, {"const": "cold", "title": "冷食类食品制售"}]
                },
            },
            "area": {"type": "number"},
            "chain": {"type": "boolean"},
            "chain_name": {"type": "string"},
            "opening": {"type": "string", "format": "date"},
            "place": {"type": "string"},
            "remark": {"type": "string"},
        },
    },
    ui={
        "type": "VerticalLayout",
        "elements": [
            {
                "type": "Group",
                "label": "经营情况",
                "elements": [
                    {"type": "Control", "scope": "#/properties/kind", "label": "主体业态"},
                    {
                        "type": "Control",
                        "scope": "#/properties/area",
                        "label": "经营面积",
                        "options": {"unit": "平方米"},
                    },
                    {"type": "Control", "scope": "#/properties/chain", "label": "是否连锁"},
                    {
                        "type": "Control",
                        "scope": "#/properties/chain_name",
                        "label": "连锁总部名称",
                        "rule": {
                            "effect": "SHOW",
                            "condition": {"scope": "#/properties/chain", "schema": {"const": True}},
                        },
                    },
                    {"type": "Control", "scope": "#/properties/opening", "label": "拟开业日期"},
                    {"type": "Control", "scope": "#/properties/items", "label": "经营项目"},
                ],
            },
            {
                "type": "Group",
                "label": "经营场所",
                "elements": [
                    {"type": "Control", "scope": "#/properties/place", "label": "经营场所地址"},
                    {
                        "type": "Control",
                        "scope": "#/properties/remark",
                        "label": "其他需要说明的情况",
                        "options": {"multi": True},
                    },
                ],
            },
        ],
    },
)

MATTER = Matter(
    code="330131004000",
    name="食品经营许可（新办）",
    organ="市场监督管理",
    ties=(Tie.SELF, Tie.MANDATE, Tie.LEGAL_REPRESENTATIVE),
    route_by="answers.place",
    legal_basis=("《中华人民共和国食品安全法》第三十五条",),
    limits=Limits(legal_days=20, promised_days=5),
    excluded=("现场核查", "检验检测"),
    fee=Fee(),
    deliveries=(Delivery.WINDOW, Delivery.COURIER),
    result="《食品经营许可证》",
    materials=(
        MaterialRule(code="form", name="食品经营许可申请书", is_application_form=True),
        MaterialRule(code="licence", name="营业执照（副本）"),
        MaterialRule(code="plan", name="与食品经营相适应的经营场所平面图、设备布局示意图及操作流程说明文件"),
        MaterialRule(code="health", name="从业人员健康证明", promise_days=10),
        MaterialRule(code="idcard", name="经办人身份证", from_chip=True),
    ),
    form=FORM,
)
ANSWERS: dict[str, Any] = {
    "kind": "r",
    "area": 86.5,
    "chain": False,
    "chain_name": "不应出现",
    "opening": "2027-01-08",
    "items": ["hot", "cold"],
    "place": "宁波市海曙区鼓楼街道中山西路 188 号一层 101–103 室",
    "remark": "店招名称含生僻字：𠮷䶮小馆。\n后厨与大堂之间设明档，油烟净化设备已另行备案。",
}
ROUTE = Route(department=DEPARTMENT.code, area="330203", field="answers.place")
CALENDAR = Calendar(holidays=frozenset({date(2026, 1, 1)}), years=frozenset({2025, 2026}))

Act = tuple[Kind, dict[str, Any], Author]

OPEN: Act = (
    Kind.OPEN,
    {
        "node": NODE.code,
        "matter": MATTER.code,
        "matter_version": 1,
        "parties": Parties(applicant=COMPANY, handler=HANDLER, tie=Tie.LEGAL_REPRESENTATIVE).model_dump(mode="json"),
        "answers": ANSWERS,
        "phone": "13800001234",
    },
    CLERK,
)
CONFIRM: Act = (Kind.CONFIRM_PERSON, {"identity": Identity(source="chip").model_dump(mode="json")}, CLERK)
TYPED: Act = (
    Kind.CONFIRM_PERSON,
    {
        "identity": Identity(source="manual", document=Document.TYPED, reason="身份证消磁").model_dump(mode="json"),
    },
    CLERK,
)
RECEIVE: Act = (
    Kind.RECEIVE,
    {
        "number": NUMBER,
        "window": "3 号窗口",
        "route": ROUTE.model_dump(mode="json"),
        "materials": [material.model_dump(mode="json") for material in MATERIALS],
    },
    CLERK,
)
ACCEPT: Act = (Kind.ACCEPT, {}, OFFICER)
ASK: Act = (
    Kind.ASK_SUPPLEMENT,
    {
        "items": [
            {
                "material": "plan",
                "what": "平面图未标注食品处理区面积",
                "standard": "按 1:100 绘制，标注各功能区面积和流向",
            },
            {
                "material": "health",
                "what": "缺少 2 名从业人员健康证明",
                "standard": "在有效期内的健康证明原件或电子证照",
            },
            {"what": "申请书第 2 页未签字", "standard": "由法定代表人签字并加盖公章"},
        ],
        "until": "2026-12-11",
    },
    OFFICER,
)
DECLINE: Act = (
    Kind.DECLINE,
    {
        "ground": "not_competent",
        "reason": "经营场所位于鄞州区，不在本机关管辖范围。",
        "competent_organ": "宁波市鄞州区市场监督管理局",
    },
    OFFICER,
)
CORRECT: Act = (Kind.CORRECT, {"reason": "经办人电话录错一位", "phone": "13800005678"}, CLERK)


def played(*acts: Act, offset_ms: int | None = 800) -> CaseView:
    """The case after the acts, one minute apart, as the server's API would answer it."""
    case: Case | None = None
    actions: list[Action] = []
    for number, (kind, body, author) in enumerate(acts):
        action = Action(
            id=uuid7(1_700_000_000_000 + number, bytes(10)),
            case_id="0192f0c1-7a5b-7c3d-8e4f-1a2b3c4d5e6f",
            kind=kind,
            body=body,
            author=author,
            station="s1",
            made_at=MORNING + timedelta(minutes=number),
            server_offset_ms=offset_ms,
            after=actions[-1].id if actions else "",
        )
        case = apply(case, action)
        actions.append(action)
    assert case is not None
    return CaseView(
        case=case,
        matter=MATTER,
        node=NODE,
        node_path="宁波市余姚市凤山街道",
        department=DEPARTMENT,
        clock=read_clock(case.clock, MATTER.limits, CALENDAR, MORNING.date()),
        actions=tuple(actions),
        flags=tuple(case.flags),
        progress_url=progress_url("https://tb.example", case.number or NUMBER, case.id),
    )


def made_of(*acts: Act, offset_ms: int | None = 800, **changes: Any) -> PaperInput:
    view = played(*acts, offset_ms=offset_ms)
    due = deemed_accepted_on(MORNING.date(), CALENDAR)
    return PaperInput(
        view=view, clerk="沈小芬", at=MORNING + timedelta(hours=1), answer_by=due, number=NUMBER, **changes
    )


@pytest.fixture(scope="session")
def received() -> PaperInput:
    """A legal person's case, received at a window without the power to accept."""
    return made_of(OPEN, CONFIRM, RECEIVE)


@pytest.fixture(scope="session")
def accepted() -> PaperInput:
    return made_of(OPEN, CONFIRM, RECEIVE, ACCEPT)


@pytest.fixture(scope="session")
def asked() -> PaperInput:
    return made_of(OPEN, CONFIRM, RECEIVE, ASK)


@pytest.fixture(scope="session")
def declined() -> PaperInput:
    return made_of(OPEN, CONFIRM, RECEIVE, DECLINE)


@pytest.fixture(scope="session")
def awkward() -> PaperInput:
    """A person alone, typed by hand, corrected, reprinted, in training, on a clock ten minutes off."""
    alone = dict(OPEN[1])
    person = HANDLER.model_copy(update={"name": "王\ue863𬭩"})
    alone["parties"] = Parties(applicant=person, handler=person).model_dump(mode="json")
    first: Act = (Kind.OPEN, alone, CLERK)
    return made_of(first, TYPED, RECEIVE, CORRECT, offset_ms=-600_000, copy_mark=True, training=True)


@pytest.fixture(scope="session")
def acts() -> SimpleNamespace:
    """The acts that cases here are made of, and who does them."""
    return SimpleNamespace(
        OPEN=OPEN,
        CONFIRM=CONFIRM,
        RECEIVE=RECEIVE,
        ACCEPT=ACCEPT,
        ASK=ASK,
        CORRECT=CORRECT,
        Kind=Kind,
        CLERK=CLERK,
        OFFICER=OFFICER,
    )


@pytest.fixture(scope="session")
def plays() -> Callable[..., PaperInput]:
    """For tests that need a case of their own."""
    return made_of


@pytest.fixture(scope="session")
def text_of() -> Callable[[bytes], str]:
    """The text of a PDF by poppler's pdftotext, pages ended by form feeds."""

    def read(pdf: bytes) -> str:
        ran = subprocess.run(
            ["pdftotext", "-raw", "-enc", "UTF-8", "-", "-"], input=pdf, capture_output=True, check=True
        )
        return ran.stdout.decode()

    return read


@pytest.fixture(scope="session")
def codes_in() -> Callable[[bytes], list[str]]:
    """The QR codes in a PNG by zbarimg."""

    def read(png: bytes) -> list[str]:
        ran = subprocess.run(["zbarimg", "--quiet", "--raw", "-"], input=png, capture_output=True, check=False)
        return ran.stdout.decode().split()

    return read
