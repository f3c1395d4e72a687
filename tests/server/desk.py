"""A small hall, and a desk that talks to the server as a station does: with its own key, over HTTP."""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contract.case import Action, Author, Case, Kind, Opened, PersonConfirmed, Received
from contract.case import apply as apply_action
from contract.clock import Calendar, Limits
from contract.exchange import Answer, Ask, EnrolAnswer, SessionAsk, SignedAction, Told
from contract.form import Form
from contract.ids import case_number, uuid7
from contract.material import CaseMaterial, Page, Source
from contract.matter import Audience, MaterialRule, Matter, Pack
from contract.node import AcceptedBy, Department, Grant, Node, NodeLevel, Offering, Power, Route
from contract.person import Identity, Parties, Person, Role, Tie
from contract.upload import BATCH_TYPE, TUS, batch_header
from contract.wire import Wire, canonical, sha256

CITY, YUYAO, HAISHU = "330200", "330281", "330203"
STREET, VILLAGE, OTHER_VILLAGE = "330281001", "330281001201", "330281001202"
HAISHU_STREET = "330203001"
PASSWORD = "korrekt-Pferd-42"
ID_NUMBER = "11010519491231002X"  # the textbook example of GB 11643

NODES = (
    Node(code=CITY, name="宁波市", level=NodeLevel.CITY),
    Node(code=YUYAO, name="余姚市", level=NodeLevel.COUNTY, parent=CITY),
    Node(code=STREET, name="凤山街道", level=NodeLevel.STREET, parent=YUYAO),
    Node(code=VILLAGE, name="永丰村", level=NodeLevel.VILLAGE, parent=STREET),
    Node(code=OTHER_VILLAGE, name="同光村", level=NodeLevel.VILLAGE, parent=STREET),
    Node(code=HAISHU, name="海曙区", level=NodeLevel.COUNTY, parent=CITY),
    Node(code=HAISHU_STREET, name="鼓楼街道", level=NodeLevel.STREET, parent=HAISHU),
)
DEPARTMENTS = tuple(
    Department(code=f"{area}-market", name=f"{name}市场监督管理局", area=area)
    for area, name in ((YUYAO, "余姚市"), (HAISHU, "海曙区"))
)
FORM = Form(
    data={
        "type": "object",
        "properties": {
            "shop": {"type": "string", "maxLength": 60},
            "area": {"type": "number", "exclusiveMinimum": 0},
        },
        "required": ["shop"],
    },
    ui={
        "type": "VerticalLayout",
        "elements": [
            {"type": "Control", "scope": "#/properties/shop", "label": "店名"},
            {"type": "Control", "scope": "#/properties/area", "label": "面积"},
        ],
    },
)
RECEIVING = (Power.RECEIVE, Power.NOTIFY, Power.DELIVER)


def food(version: int = 1, **changes: Any) -> Matter:
    """Received at any window, accepted by the department of where the applicant lives."""
    return Matter(
        code="food",
        version=version,
        name="食品经营许可",
        audience=Audience.PERSON,
        ties=(Tie.SELF, Tie.MANDATE),
        route_by="applicant.address",
        limits=Limits(legal_days=20, promised_days=5),
        excluded=("现场核查",),
        materials=(
            MaterialRule(code="id_card", name="居民身份证", from_chip=True),
            MaterialRule(code="licence", name="营业执照"),
            MaterialRule(code="lease", name="租赁合同", promise_days=5),
        ),
        form=FORM,
    ).model_copy(update=changes)


ALLOWANCE = Matter(
    code="allowance",
    name="高龄津贴",
    route_by="node",
    materials=(MaterialRule(code="id_card", name="居民身份证", from_chip=True),),
    form=Form(data={"type": "object", "properties": {}}, ui={"type": "VerticalLayout", "elements": []}),
)
OFFERINGS = (
    *(
        Offering(
            matter="food",
            department=department.code,
            area=department.area,
            accepted_by=AcceptedBy.DEPARTMENT,
            grants=(Grant(under=CITY, powers=RECEIVING),),
        )
        for department in DEPARTMENTS
    ),
    Offering(
        matter="allowance",
        department=f"{YUYAO}-market",
        area=YUYAO,
        accepted_by=AcceptedBy.WINDOW,
        grants=(Grant(under=STREET, powers=(*RECEIVING, Power.ACCEPT)),),
    ),
)
PEOPLE: dict[str, dict[str, Any]] = {
    "clerk": {"name": "何晓", "roles": ["clerk"], "node": VILLAGE},
    "supervisor": {"name": "苏盈", "roles": ["supervisor"], "node": STREET},
    "haishu-clerk": {"name": "方明", "roles": ["clerk"], "node": HAISHU_STREET},
    "haishu": {"name": "江枫", "roles": ["officer"], "department": f"{HAISHU}-market"},
    "yuyao": {"name": "邬远", "roles": ["officer"], "department": f"{YUYAO}-market"},
    "admin": {"name": "郑立", "roles": ["administrator"], "node": CITY},
}


def load_hall() -> None:
    """Put the small hall into the database."""
    from django.contrib.auth.hashers import make_password

    from server.catalogue.calendar import set_calendar
    from server.catalogue.matters import offer, publish
    from server.org import models as org

    for node in NODES:
        org.Node.objects.create(**node.model_dump(mode="json"))
    for department in DEPARTMENTS:
        org.Department.objects.create(**department.model_dump(mode="json"))
    for matter in (food(), ALLOWANCE):
        publish(matter)
    for offering in OFFERINGS:
        offer(offering)
    set_calendar(Calendar(years=frozenset({2025, 2026})))
    password = make_password(PASSWORD)
    for username, facts in PEOPLE.items():
        org.User.objects.create(id=f"p-{username}", username=username, password=password, **facts)


# --- a desk -----------------------------------------------------------------------------------------------------------


Sent = tuple[int, dict[str, str], bytes]
Line = Callable[..., Sent]


def client_line() -> Line:
    """Requests by Django's test client."""
    from django.test import Client

    client = Client(raise_request_exception=False)

    def send(method: str, path: str, body: bytes = b"", **headers: str) -> Sent:
        content_type = headers.pop("content_type", "application/json")
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = client.generic(
            method, path, body, content_type, headers=given, CONTENT_TYPE=content_type, CONTENT_LENGTH=str(len(body))
        )
        return answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.content

    return send


def network_line(url: str) -> Line:
    """Requests over a real connection, one for each."""

    def send(method: str, path: str, body: bytes = b"", **headers: str) -> Sent:
        headers.setdefault("content_type", "application/json")
        given = {name.replace("_", "-"): value for name, value in headers.items() if value}
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
        try:
            connection.request(method, path, body, given)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    return send


class Desk:
    """A station at work: its key, its numbers, its acts."""

    def __init__(self, line: Line, code: str, clerk: str = "clerk") -> None:
        self.line = line
        self.key = Ed25519PrivateKey.generate()
        self.public = base64.b64encode(self.key.public_key().public_bytes_raw()).decode()
        status, _, body = line("POST", "/api/v1/enrol", _json({"code": code, "public_key": self.public}))
        assert status == 200, body
        self.joined = EnrolAnswer.model_validate_json(body)
        self.pack: Pack = self.joined.pack.opened()
        self.id, self.node = self.joined.station, self.joined.node
        self.cursor = 0
        self._sequences = itertools.chain(*(range(b.first, b.last + 1) for b in self.joined.blocks))
        self.county = self.joined.blocks[0].county
        facts = PEOPLE[clerk]
        self.author = Author(
            id=f"p-{clerk}", name=facts["name"], role=Role(facts["roles"][0]), node=facts.get("node", "")
        )
        self.token = self.open_session()
        self.pages: dict[str, bytes] = {}

    def open_session(self, at: datetime | None = None) -> str:
        ask = self.session_ask(at)
        status, _, body = self.line("POST", "/api/v1/session", ask.model_dump_json().encode())
        assert status == 200, body
        return str(json.loads(body)["token"])

    def session_ask(self, at: datetime | None = None) -> SessionAsk:
        at = at or datetime.now(UTC)
        signature = self.sign(SessionAsk.text(self.id, at))
        return SessionAsk(station=self.id, at=at, signature=signature)

    def sign(self, text: str) -> str:
        return base64.b64encode(self.key.sign(text.encode())).decode()

    def signed(self, action: Action) -> SignedAction:
        text = canonical(action)
        return SignedAction(action=text, station=self.id, signature=self.sign(text))

    def ask(self, *actions: Action | SignedAction, **more: Any) -> Answer:
        """One round."""
        signed = tuple(a if isinstance(a, SignedAction) else self.signed(a) for a in actions)
        more.setdefault("cursor", self.cursor)
        ask = Ask(actions=signed, sent_at=datetime.now(UTC), **more)
        status, _, body = self.call("POST", "/api/v1/exchange", ask.model_dump_json().encode())
        assert status == 200, body
        answer = Answer.model_validate_json(body)
        self.cursor = answer.cursor
        return answer

    def call(self, method: str, path: str, body: bytes = b"", **headers: str) -> Sent:
        return self.line(method, path, body, Authorization=f"Bearer {self.token}", **headers)

    def told(self, action: Action) -> Told:
        return self.ask(action).told[action.id]

    def number(self) -> str:
        return case_number(self.county, next(self._sequences))

    def page(self, size: int = 3000) -> Page:
        data = b"\xff\xd8\xff" + secrets.token_bytes(size - 3)
        digest = sha256(data)
        self.pages[digest] = data
        return Page(digest=digest, size=size, media_type="image/jpeg")

    def act(self, case_id: str, kind: Kind, body: Wire, after: str = "", **changes: Any) -> Action:
        now = datetime.now(UTC)
        action = Action(
            id=uuid7(int(now.timestamp() * 1000), secrets.token_bytes(10)),
            case_id=case_id,
            kind=kind,
            body=body.model_dump(mode="json"),
            author=self.author,
            station=self.id,
            made_at=now,
            server_offset_ms=0,
            after=after,
        )
        return action.model_copy(update=changes)

    def begin(
        self, matter: str = "food", address: str = "浙江省宁波市海曙区鼓楼街道县前街1号", **how: Any
    ) -> list[Action]:
        """The acts of one reception: opened, person confirmed, received."""
        case_id = uuid7(int(datetime.now(UTC).timestamp() * 1000), secrets.token_bytes(10))
        person = Person(name="陈䶮", number=ID_NUMBER, address=address)
        area = HAISHU if "海曙" in address and matter == "food" else YUYAO
        route = Route(
            department=f"{area}-market", area=area, field="node" if matter == "allowance" else "applicant.address"
        )
        materials = [CaseMaterial(code="id_card", name="居民身份证", source=Source.CHIP)]
        if matter == "food":
            materials += [
                CaseMaterial(code=code, name=name, pages=(self.page(),))
                for code, name in (("licence", "营业执照"), ("lease", "租赁合同"))
            ]
        opened = Opened(
            node=self.node,
            matter=matter,
            matter_version=how.get("version", 1),
            parties=Parties(applicant=person, handler=person),
            answers=how.get("answers", {"shop": "丰山小吃"} if matter == "food" else {}),
        )
        received = Received(
            number=how.get("number") or self.number(),
            window=self.joined.name,
            route=how.get("route", route),
            materials=tuple(how.get("materials", materials)),
        )
        first = self.act(case_id, Kind.OPEN, opened)
        second = self.act(
            case_id,
            Kind.CONFIRM_PERSON,
            PersonConfirmed(identity=Identity(source=how.get("read", "chip"))),
            after=first.id,
        )
        third = self.act(case_id, Kind.RECEIVE, received, after=second.id)
        return [first, second, third]

    def take_in(self, matter: str = "food", **how: Any) -> Case:
        """Receive a case at the server; returns what the desk thinks it is."""
        actions = self.begin(matter, **how)
        told = self.ask(*actions).told
        assert [t.verdict for t in told.values()] == ["done"] * len(actions), told
        return folded(actions)

    def wanted(self, case_id: str) -> list[str]:
        return list(self.ask(watch=(case_id,)).words[case_id].wanted)

    def send_pages(self, case_id: str) -> None:
        """Everything the server wants for a case, as one batch in one request."""
        self.upload(case_id, batch([self.pages[digest] for digest in self.wanted(case_id)]))

    def upload(self, case_id: str, data: bytes, filetype: str = BATCH_TYPE) -> Sent:
        sent = self.tus(
            "POST",
            "/api/v1/uploads",
            data,
            content_type="application/offset+octet-stream",
            Upload_Length=str(len(data)),
            Upload_Metadata=metadata(case_id=case_id, filetype=filetype),
        )
        assert sent[0] == 201, sent
        return sent

    def tus(self, method: str, path: str, body: bytes = b"", **headers: str) -> Sent:
        headers.setdefault("content_type", "")
        return self.call(method, path, body, **{"Tus-Resumable": TUS, **headers})


def folded(actions: list[Action]) -> Case:
    case: Case | None = None
    for action in actions:
        case = apply_action(case, action)
    assert case is not None
    return case


def batch(pages: list[bytes]) -> bytes:
    return batch_header([(sha256(page), len(page)) for page in pages]) + b"".join(pages)


def metadata(**pairs: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in pairs.items())


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
