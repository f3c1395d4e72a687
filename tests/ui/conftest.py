"""A desk of the demo hall that has no line and no devices: real store, real flow; hardware is plain callables."""

from __future__ import annotations

import base64
import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from app.config import Config
from app.demo import demo_pack
from app.desk import Desk
from app.flow import pages
from app.flow.printing import Printed
from app.people.sign_in import SignedIn
from app.start import close_desk, open_desk
from app.store import Store
from app.store.keys import station_key
from contract.exchange import EnrolAnswer, NumberBlock, SignedPack
from contract.person import Clerk, Document, Role
from contract.problem import Problem, Retry
from contract.wire import canonical
from devices.idcard import IdentityDocument
from ui import invented
from ui import main as ui_main
from ui.deeds import intake_deeds
from ui.hands import Hands
from ui.main import build_counter
from ui.pages.intake.deeds import IntakeDeeds
from ui.shells.counter import CounterWindow
from ui.tasks import Post
from ui.theme import THEMES, wear

NODE = "330281001"  # 余姚市凤山街道
CLERK = Clerk(id="zhoumin", name="周敏", roles=(Role.CLERK,), node=NODE)
Until = Callable[[Callable[[], object]], None]
CARD = IdentityDocument(
    document_type=Document.RESIDENT,
    name="陈䶮",
    sex="男",
    nation="汉",
    birth_date=date(1990, 2, 28),
    address="浙江省余姚市凤山街道季卫桥社区阳明东路9999号",
    number="330281199002289992",
    valid_until=date(2040, 1, 1),
    number_valid=True,
)


@pytest.fixture(scope="session", autouse=True)
def _what_was_imported_is_set_aside() -> Iterator[None]:
    """The collector looks through everything after each test; what was imported never goes away anyhow."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def dressed(qapp: QApplication) -> None:
    """The application in its light theme."""
    if qapp.property("tokens") is not THEMES["light"]:
        wear(qapp, "light")


@pytest.fixture
def post() -> Iterator[Post]:
    made = Post()
    yield made
    made.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A joined station whose server is not there."""
    folder = tmp_path / "station"
    folder.mkdir()
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    text = canonical(demo_pack(NODE))
    with Store.open(folder, station_key(folder, training=True)) as store:
        store.station.public_key()
        store.join(
            "http://127.0.0.1:1",
            EnrolAnswer(
                station="s1",
                node=NODE,
                name="3 号窗口",
                server_public_key=base64.b64encode(key.public_key().public_bytes_raw()).decode(),
                pack=SignedPack(pack=text, signature=base64.b64encode(key.sign(text.encode())).decode()),
                blocks=(NumberBlock(county="330281", first=1, last=50),),
            ),
        )
    config = Config(folder=folder, server_url="http://127.0.0.1:1", window="3 号窗口", training=True)
    opened = open_desk(config)
    yield opened
    close_desk(opened)


@pytest.fixture
def deeds(desk: Desk, qapp: QApplication) -> IntakeDeeds:
    """The intake's deeds on the real store. The card, the scanner and the printers are plain callables."""
    sheets = [invented.papers.sheet(f"第 {n} 页", 300) for n in (1, 2)]  # drawn here: Qt paints text in the GUI thread

    def wait_card(stop: Any) -> IdentityDocument:
        stop.wait(5)
        raise Problem("idcard.absent", Retry.AGAIN)

    def scan_into(draft: Any, code: str, source: Any, stop: Any) -> Iterator[Any]:
        for sheet in sheets:
            draft = pages.add_file(desk, draft, code, sheet, "image/jpeg")
            yield draft

    def print_papers(case_id: str, kinds: Any, clerk: Clerk, copy: bool) -> tuple[Printed, ...]:
        return tuple(Printed(kind, "done", f"{kind}-1") for kind in kinds)

    def print_form(draft: Any, clerk: Clerk) -> tuple[Any, Printed]:
        from app.flow.draft import form_says
        from app.flow.steps import keep, reserve_number
        from app.papers.paper import PaperKind

        draft = reserve_number(desk, draft)
        return keep(desk, draft, form_digest=form_says(draft)), Printed(PaperKind.APPLICATION, "done", "SQ1")

    return replace(
        intake_deeds(desk),
        read_card=lambda: CARD,
        wait_card=wait_card,
        scan_into=scan_into,
        print_papers=print_papers,
        print_form=print_form,
        paper_png=lambda case_id, kind, clerk: sheets[0],
        clear_printers=lambda: None,
        can_scan=lambda: True,
    )


@pytest.fixture
def until(qtbot: Any) -> Callable[[Callable[[], object]], None]:
    """Let Qt run until something holds."""

    def wait(holds: Callable[[], object]) -> None:
        qtbot.waitUntil(lambda: bool(holds()), timeout=60000)

    return wait


@pytest.fixture
def window(
    desk: Desk,
    deeds: IntakeDeeds,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
    until: Until,
    dressed: None,
) -> Iterator[CounterWindow]:
    """The window as the program builds it; card, scanner and printers are plain callables."""
    put_down = replace(deeds, wait_card=lambda stop: CARD)
    monkeypatch.setattr(ui_main, "intake_deeds", lambda _: put_down)
    made = build_counter(desk, post, desk.config)
    made.resize(1366, 768)
    made.show()
    made.activateWindow()
    until(made.isActiveWindow)
    yield made
    made.close()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(made, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def hands(window: CounterWindow) -> Hands:
    return Hands(window)


def sign_in(window: CounterWindow, hands: Hands) -> None:
    window.counter.models.sign_in.signed_in.emit(SignedIn(CLERK, True, None))
    hands.wait(lambda: window.current_page() == "intake", "the intake")
