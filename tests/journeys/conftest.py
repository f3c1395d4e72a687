"""A whole hall for a day: the real server as a child process, stations that joined it, officers in their pages."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.config import read_config, write_config
from app.demo import HALL, PASSWORD, simulated_devices
from app.demo_officer import Officer
from app.desk import Desk
from app.flow import pages, steps
from app.flow.draft import Draft, routing
from app.people.sign_in import sign_in
from app.start import close_desk, join_station, open_desk
from contract.exchange import CaseView
from contract.person import Clerk
from tests.fakes.serving import ServerProcess

STREET = "330281001"  # 余姚市凤山街道
VILLAGE = "330281001201"  # 永丰村


@pytest.fixture(scope="session")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The real server with the demo hall, one for all journeys."""
    process = ServerProcess(tmp_path_factory.mktemp("hall"))
    process.start()
    yield process
    process.stop()


@dataclass(frozen=True)
class Window:
    """A window of the hall with the clerk who sits there."""

    desk: Desk
    clerk: Clerk
    out: Path  # where its papers go

    def begin(self, card: str, matter: str, **answers: Any) -> Draft:
        """Read a card, confirm the person, choose the matter, fill the form with its example answers."""
        reader = self.desk.devices.idcard()
        assert reader is not None
        draft = steps.with_document(self.desk, steps.begin(self.desk, self.clerk), reader.read())
        draft = steps.confirm_person(self.desk, draft, self.clerk)
        draft = steps.with_matter(self.desk, draft, matter)
        given = json.loads((HALL / "answers" / f"{matter}.json").read_text("utf-8"))
        draft = steps.with_answers(self.desk, draft, {**given, **draft.answers, **answers})
        draft = steps.with_phone(self.desk, draft, "13800000000")
        found = routing(draft, self.desk.catalogue(), self.desk.node)
        return draft if found.clear else steps.with_route(self.desk, draft, found.candidates[0], self.clerk)

    def fill_materials(self, draft: Draft) -> Draft:
        """One page into every slot that is still empty."""
        for number, material in enumerate(draft.materials):
            if not draft.material(material.code).present:  # type: ignore[union-attr]
                draft = pages.add_file(self.desk, draft, material.code, picture(draft.id, number), "image/jpeg")
        return draft

    def settle(self, until: Callable[[], bool], patience: float = 60.0) -> None:
        """Wait until something holds, with the courier at work."""
        deadline = time.monotonic() + patience
        while not until():
            if time.monotonic() > deadline:
                raise TimeoutError(repr(self.desk.courier.state))
            time.sleep(0.05)

    def agreed(self) -> bool:
        """Whether the server's word equals ours for all that was done here."""
        state = self.desk.courier.state
        return state.waiting == 0 and state.held == 0

    def server_view(self, case_id: str) -> CaseView:
        return self.desk.courier.line.case_view(case_id)


def picture(who: str, number: int) -> bytes:
    """A small page that is like no other."""
    import io

    from PIL import Image, ImageDraw

    page = Image.new("RGB", (620, 877), "white")
    draw = ImageDraw.Draw(page)
    for line in range(12):
        draw.text((60, 60 + line * 40), f"{who} {number} {line} " * 3, fill="black")
    out = io.BytesIO()
    page.save(out, "JPEG", quality=85)
    return out.getvalue()


Windows = Callable[..., Window]


@pytest.fixture
def window(hall: ServerProcess, tmp_path: Path) -> Iterator[Windows]:
    """Opens windows: a node, who sits there, and the card that lies on the reader."""
    with ExitStack() as stack:
        count = 0

        def open_window(node: str, username: str, card: str, **changes: Any) -> Window:
            nonlocal count
            count += 1
            folder, out = tmp_path / f"station{count}", tmp_path / f"out{count}"
            join_station(folder, hall.url, hall.code(node), window=f"{count} 号窗口", training=True)
            config = read_config(folder).model_copy(update={"devices": simulated_devices(out, card), **changes})
            write_config(config)
            desk = open_desk(config)
            stack.callback(close_desk, desk)
            clerk = sign_in(desk, username, PASSWORD).clerk
            desk.courier.start()
            return Window(desk, clerk, out)

        yield open_window


@pytest.fixture
def officer(hall: ServerProcess) -> Callable[[str], Officer]:
    """An officer of the hall, signed in."""

    def signed_in(username: str) -> Officer:
        made = Officer(hall.url)
        made.sign_in(username, PASSWORD)
        return made

    return signed_in
