"""A whole counter without a server: a joined station with the demo hall's pack, its devices simulated, its clock ours.

Everything of ours is real; the server exists only as the key that signed the pack.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from app.config import Config, DeviceChoice, write_config
from app.demo import HALL, demo_pack, simulated_devices
from app.desk import Desk
from app.flow import pages, steps
from app.flow.draft import Draft, routing
from app.start import close_desk, open_desk
from app.store import Store
from app.store.keys import station_key
from contract.exchange import EnrolAnswer, NumberBlock
from contract.matter import Pack
from contract.person import Clerk, Role
from devices.idcard import IdentityDocument
from devices.idcard.drivers.simulated.driver import SimulatedReader
from tests.fakes.window import SERVER_PUBLIC, signed_pack

STREET = "330281001"  # 余姚市凤山街道
VILLAGE = "330281001201"  # 永丰村
ZHOU = Clerk(id="zhoumin", name="周敏", roles=(Role.CLERK,), node=STREET)
XU = Clerk(id="xuaizhen", name="许爱珍", roles=(Role.CLERK,), node=STREET)
LU = Clerk(id="lufangfang", name="鲁芳芳", roles=(Role.SUPERVISOR,), node="330281")
FRIDAY = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # nine in the morning in China, a working day


@dataclass
class Clock:
    """A clock that the test turns."""

    now: datetime = FRIDAY

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **much: float) -> None:
        self.now += timedelta(**much)


@dataclass
class Counter:
    """A counter with somebody at it."""

    config: Config
    clock: Clock
    desk: Desk
    out: Path  # where its papers go
    clerk: Clerk = ZHOU
    drawn: int = field(default=0)

    def card(self, key: str) -> IdentityDocument:
        """What the reader's own driver reads from an invented person's card."""
        return read_card(key)

    def begin(self, card: str = "haishu", matter: str = "", **answers: Any) -> Draft:
        """Card, 人证一致, matter, the form with its example answers, telephone, a route."""
        draft = steps.with_document(self.desk, steps.begin(self.desk, self.clerk), self.card(card))
        draft = steps.confirm_person(self.desk, draft, self.clerk)
        draft = steps.with_phone(self.desk, draft, "13800000000")
        return self.fill(steps.with_matter(self.desk, draft, matter), **answers) if matter else draft

    def fill(self, draft: Draft, **answers: Any) -> Draft:
        """The form's example answers under what is known already, a route where several fit."""
        assert draft.matter is not None
        draft = steps.with_answers(self.desk, draft, {**example(draft.matter[0]), **draft.answers, **answers})
        found = routing(draft, self.desk.catalogue(), self.desk.node)
        return (
            steps.with_route(self.desk, draft, found.candidates[0], self.clerk) if len(found.candidates) > 1 else draft
        )

    def fill_materials(self, draft: Draft) -> Draft:
        """A page into every slot that is empty."""
        for slot in draft.materials:
            if not slot.present:
                draft = pages.add_file(self.desk, draft, slot.code, self.page(), "image/jpeg")
        return draft

    def whole(self, card: str, matter: str, **answers: Any) -> Draft:
        """A draft for which nothing is missing."""
        return self.fill_materials(self.begin(card, matter, **answers))

    def page(self) -> bytes:
        """A page that is like no other."""
        self.drawn += 1
        return picture(f"page {self.drawn}")

    def new_pack(self, pack: Pack) -> None:
        """A pack comes from the server."""
        self.desk.store.packs.keep(signed_pack(pack))

    def reopen(self) -> None:
        """The program ends and is started again."""
        close_desk(self.desk)
        self.desk = open_desk(self.config, self.clock)


def example(matter: str) -> dict[str, Any]:
    """The example answers of a matter of the demo hall."""
    said: dict[str, Any] = json.loads((HALL / "answers" / f"{matter}.json").read_text("utf-8"))
    return said


@cache
def read_card(key: str) -> IdentityDocument:
    return SimulatedReader(key).read()


def picture(words: str, media_type: str = "JPEG") -> bytes:
    """A small page with writing on it."""
    page = Image.new("RGB", (620, 877), "white")
    draw = ImageDraw.Draw(page)
    for line in range(12):
        draw.text((60, 60 + line * 40), f"{words} {line} " * 3, fill="black")
    out = io.BytesIO()
    page.save(out, media_type)
    return out.getvalue()


@cache
def hall_pack(node: str) -> Pack:
    return demo_pack(node).model_copy(update={"made_on": FRIDAY.date()})


@contextmanager
def open_counter(
    folder: Path, node: str = STREET, *, devices: Mapping[str, DeviceChoice] | None = None, **changes: Any
) -> Iterator[Counter]:
    """A counter of the demo hall at a node; `changes` are of its settings."""
    out, clock = folder / "out", Clock()
    station = folder / "station"
    chosen = {**simulated_devices(out), **(devices or {})}
    config = Config(
        folder=station, server_url="http://127.0.0.1:1", window="3 号窗口", training=True, devices=chosen, **changes
    )
    write_config(config)
    with Store.open(station, station_key(station, training=True)) as store:
        store.station.public_key()
        answer = EnrolAnswer(
            station="s1",
            node=node,
            name="3 号窗口",
            server_public_key=SERVER_PUBLIC,
            pack=signed_pack(hall_pack(node)),
            blocks=(NumberBlock(county="330281", first=1, last=200),),
        )
        store.join("http://127.0.0.1:1", answer)
    counter = Counter(config, clock, open_desk(config, clock), out)
    try:
        yield counter
    finally:
        close_desk(counter.desk)


def bring(counter: Counter, role: str, driver: str, **options: Any) -> None:
    """Put another device on the desk."""
    counter.desk.devices.choose(role, DeviceChoice(driver=driver, options=options))
