"""A window without a screen: an invented clerk who takes in cases of the demo hall, on the real store.

Used where a test needs acts as they come from a real day: whole, signed, with pages, and acceptable to the server.
"""

from __future__ import annotations

import base64
import json
import random
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.store import Store
from contract.case import Action, Author, Corrected, Kind, Opened, PersonConfirmed, Received, Voided
from contract.clock import Calendar
from contract.exchange import EnrolAnswer, NumberBlock, SignedPack
from contract.material import CaseMaterial, Page, Source
from contract.matter import Matter, Pack, places, wanted
from contract.node import Department, Node, Offering, Route, Tree, competent
from contract.person import Identity, Parties, Person, Role, Tie
from contract.wire import canonical

DEMO = Path(__file__).parents[2] / "resources" / "demo"
NODE = "330281001"
MATTER = "QR-00131-002"  # 个体工商户设立登记: routed by an answer, received for the department
ID_NUMBER = "330281199002289992"
NAME = "陈䶮"
CLERK = Author(id="zhoumin", name="周敏", role=Role.CLERK, node=NODE)
OTHER_CLERK = Author(id="lufangfang", name="鲁芳芳", role=Role.SUPERVISOR, node="330281")
FAR_NODE = "330226201"  # a street of another county: its feed hears nothing of the first
AUTHORS = {
    NODE: (CLERK, OTHER_CLERK),
    FAR_NODE: (
        Author(id="hujianbo", name="胡建波", role=Role.CLERK, node=FAR_NODE),
        Author(id="yingguoping", name="应国平", role=Role.SUPERVISOR, node="330226"),
    ),
}
MORNING = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
SERVER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SERVER_PUBLIC = base64.b64encode(SERVER_KEY.public_key().public_bytes_raw()).decode()


def read_demo(name: str) -> Any:
    return json.loads((DEMO / f"{name}.json").read_text())


@cache
def answers_of(matter: str) -> dict[str, Any]:
    return dict(read_demo(f"answers/{matter}"))


def demo_pack(version: str = "v1", matter_version: int = 1) -> Pack:
    """A pack of the demo hall's first window, with one matter."""
    matter = Matter.model_validate(read_demo(f"matters/{MATTER}")).model_copy(update={"version": matter_version})
    return Pack(
        version=version,
        made_on=date(2026, 11, 20),
        node=NODE,
        nodes=tuple(Node.model_validate(node) for node in read_demo("nodes")),
        departments=tuple(Department.model_validate(department) for department in read_demo("departments")),
        matters=(matter,),
        offerings=tuple(Offering.model_validate(o) for o in read_demo("offerings") if o["matter"] == MATTER),
        calendar=Calendar(),
        public_url="https://tongban.example",
        training=True,
    )


def signed_pack(pack: Pack) -> SignedPack:
    text = canonical(pack)
    return SignedPack(pack=text, signature=base64.b64encode(SERVER_KEY.sign(text.encode())).decode())


def join_demo(store: Store, *, station: str = "s1", first: int = 1, last: int = 200) -> None:
    """Let a store join a server that exists only as its key, for tests without a line."""
    store.station.public_key()
    answer = EnrolAnswer(
        station=station,
        node=NODE,
        name="3 号窗口",
        server_public_key=SERVER_PUBLIC,
        pack=signed_pack(demo_pack()),
        blocks=(NumberBlock(county="330281", first=first, last=last),),
    )
    store.join("http://127.0.0.1:1", answer)


class Window:
    """A clerk at work on one store. Everything random comes from the seed."""

    def __init__(self, store: Store, author: Author = CLERK, seed: int = 0) -> None:
        self.store = store
        self.author = author
        self.random = random.Random(seed)

    def page(self, size: int = 3000) -> Page:
        """A page of invented bytes, durable in the store."""
        data = self.random.randbytes(size)
        return Page(digest=self.store.pages.put(data, "image/jpeg"), size=len(data), media_type="image/jpeg")

    def begin(self, pages: int = 1, size: int = 3000) -> list[Action]:
        """The acts of one reception, not written yet."""
        store, pack, node = self.store, self.store.packs.get(), self.store.station.get().node
        matter = store.shelf.find_matter(MATTER)
        assert matter is not None
        answers = answers_of(MATTER)
        person = Person(name=NAME, number=ID_NUMBER, address=answers["applicant_address"])
        parties = Parties(applicant=person, handler=person, tie=Tie.SELF)
        tree = Tree(pack.nodes)
        field, value = places(matter, parties, answers, node)
        areas = (value,) if value in tree.by_code else tree.areas_in(value)
        found = competent(store.shelf.offerings(matter.code), areas, tree)
        route = Route(department=found[0].department, area=found[0].area, field=field)
        materials = tuple(
            CaseMaterial(code=rule.code, name=rule.name, source=Source.CHIP)
            if rule.from_chip
            else CaseMaterial(code=rule.code, name=rule.name, pages=tuple(self.page(size) for _ in range(pages)))
            for rule in wanted(matter, parties, answers)
            if rule.required
        )
        case_id = store.acts.new_id()
        opened = Opened(
            node=node, matter=matter.code, matter_version=matter.version, parties=parties, answers=answers,
            phone=answers.get("phone", ""), began_at=store.acts.make(case_id, Kind.OPEN, {}, self.author).made_at,
        )  # fmt: skip
        identity = Identity(source="chip", confirmed_by=self.author.id, confirmed_at=opened.began_at)
        number = store.numbers.take(tree.county(node))
        bodies = (
            (Kind.OPEN, opened),
            (Kind.CONFIRM_PERSON, PersonConfirmed(identity=identity)),
            (Kind.RECEIVE, Received(number=number, route=route, materials=materials)),
        )
        acts: list[Action] = []
        for kind, body in bodies:
            acts.append(store.acts.make(case_id, kind, body, self.author, after=acts[-1].id if acts else ""))
        return acts

    def take_in(self, pages: int = 1, size: int = 3000) -> str:
        """Receive a case. Returns its id."""
        acts = self.begin(pages, size)
        self.store.acts.did(acts)
        return acts[0].case_id

    def do(self, case_id: str, kind: Kind, body: Any) -> Action:
        """One more act on a case."""
        case, _, problem = self.store.cases.shown(case_id)
        assert case is not None, problem
        act = self.store.acts.make(case_id, kind, body, self.author, after=case.last_action)
        self.store.acts.did([act])
        return act

    def correct(self, case_id: str, phone: str = "0574-00006667") -> Action:
        return self.do(case_id, Kind.CORRECT, Corrected(reason="电话写错", phone=phone))

    def void(self, case_id: str) -> Action:
        return self.do(case_id, Kind.VOID, Voided(reason="重复收件"))
