"""The counter at work for a benchmark: the real window beside the real server, every turn of its event loop timed.

A turn is one pass of Qt's dispatcher: everything that was posted, every timer that is due, with what they paint and
compute. It is timed from outside, by passing the dispatcher by hand, and counts only where there was something to do.
"""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractEventDispatcher, QCoreApplication, QEvent, QEventLoop
from PySide6.QtWidgets import QApplication

from app.config import DeviceChoice
from app.demo import HALL, PASSWORD, embedded_server, joined_station, simulated_devices
from app.desk import Desk
from app.start import close_desk, open_desk
from contract.material import Page
from devices import paper
from ui.collector import Collector
from ui.hands import Hands
from ui.main import build_counter
from ui.tasks import Post

NODE, CLERK, CARD, MATTER = "330281001", "zhoumin", "yuyao", "XK-00131-001"
LEASE, PLAN = "lease", "premises_plan"  # two of its materials
FRAME, STALL = 16.7, 50.0  # milliseconds: one frame, and what a person feels
_IDLE = 0.001  # seconds between two looks while there is nothing to do


class Turns(Hands):
    """Hands whose waiting runs the event loop turn by turn, each turn timed."""

    def __init__(self, window: Any, patience: float = 120.0) -> None:
        super().__init__(window, patience)
        self.took: list[float] = []  # milliseconds
        self.computed: list[float] = []  # of them, those in which the GUI thread itself was computing

    def turn(self) -> bool:
        """One turn. Returns whether there was anything to do."""
        dispatcher = QAbstractEventDispatcher.instance()
        began = self._now()
        busy = dispatcher.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        if busy:
            self._note(began)
        return busy

    def wait(self, until: Callable[[], object], what: str = "") -> None:
        deadline = time.monotonic() + self._patience
        while not until():
            if time.monotonic() > deadline:
                raise TimeoutError(what)
            if not self.turn():
                time.sleep(_IDLE)

    def rest(self) -> None:
        for _ in range(3):
            self.turn()

    def press(self, keys: str) -> None:
        """A key is a turn too: what it leads to at once is done before it returns."""
        self.rest()
        began = self._now()
        self._strike(keys)
        self._note(began)
        self.rest()

    def begin(self) -> None:
        """Forget the turns until now."""
        self.took.clear()
        self.computed.clear()

    def in_words(self) -> str:
        """The turns, for information: what each took, and what of it was ours to answer for on a busy machine."""
        ordered = sorted(self.took)
        p99 = ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)] if ordered else 0.0
        return (
            f"{len(ordered)} turns, p99 {p99:.1f} ms, longest {max(ordered, default=0.0):.1f} ms; computing: "
            f"{share(self.computed, FRAME):.2%} within a frame, longest {max(self.computed, default=0.0):.1f} ms"
        )

    def _now(self) -> tuple[float, float]:
        return time.perf_counter(), time.thread_time()

    def _note(self, began: tuple[float, float]) -> None:
        now = self._now()
        self.took.append((now[0] - began[0]) * 1e3)
        self.computed.append((now[1] - began[1]) * 1e3)


class AtWork:
    """A counter in the middle of an intake, at its materials.

    Attributes:
        desk: The station's desk.
        window: The counter's window.
        hands: Hands at its keyboard, and the turns that the event loop has taken.
        tray: The folder from which its scanner takes its pages.
        scanner: That scanner.
    """

    def __init__(self, desk: Desk, window: Any, tray: Path) -> None:
        self.desk, self.window, self.tray = desk, window, tray
        self.scanner = desk.config.devices["scanner"]
        self.hands = Turns(window)
        self.intake = window.counter.models.intake

    def lay(self, pages: list[bytes]) -> None:
        """Pages into the scanner, in their order."""
        self.tray.mkdir(exist_ok=True)
        for number, data in enumerate(pages):
            new = self.tray / f".{number:04}.new"
            new.write_bytes(data)
            os.utime(new, ns=(number * 10**6, number * 10**6))
            new.rename(self.tray / f"{number:04}.jpg")

    def pages(self, code: str) -> tuple[Page, ...]:
        """What the material holds."""
        slot = self.intake.draft.material(code)
        return slot.pages if slot is not None else ()

    def look_at(self, code: str) -> None:
        """Go to a material by keys."""
        self.window.counter.show_page("intake")
        while self.intake.state.materials.current != code:
            self.hands.press("Down")


@contextmanager
def counter_at_work(folder: Path, **changes: Any) -> Iterator[AtWork]:
    """Server, station, window; a clerk signed in, a person confirmed, a matter chosen, its form filled."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    tray = folder / "tray"
    tray.mkdir()
    with ExitStack() as stack:
        server = stack.enter_context(embedded_server(folder / "server"))
        devices = simulated_devices(folder / "papers", CARD)
        devices["scanner"] = DeviceChoice(driver="scanner/folder", options={"path": str(tray), "quiet": 1.0})
        config = joined_station(server, folder / "station", NODE, "3 号窗口", devices)
        application = QApplication.instance() or QApplication(["tongban"])
        desk = open_desk(config.model_copy(update=changes))
        stack.callback(close_desk, desk)
        post = Post()
        collector = Collector(post)
        stack.callback(collector.stop)
        stack.callback(post.close)
        window = build_counter(desk, post, desk.config)
        collector.set_aside()
        stack.callback(window.close)
        window.resize(1920, 1080)
        window.show()
        made = AtWork(desk, window, tray)
        _go_to_materials(made)
        yield made
        application.processEvents()


def _go_to_materials(made: AtWork) -> None:
    hands, intake, counter = made.hands, made.intake, made.window.counter
    hands.write(CLERK)
    hands.press("Tab")
    hands.write(PASSWORD)
    hands.press("Return")
    hands.wait(lambda: counter.clerk is not None, "to be signed in")
    hands.press("F2")
    hands.wait(lambda: intake.draft is not None and intake.draft.handler is not None, "the card")
    hands.press("F6")
    hands.wait(lambda: intake.draft.identity.confirmed_at is not None, "the person to be confirmed")
    hands.press("Ctrl+Return")
    hands.wait(lambda: intake.state.step == "matter", "the matters")
    hands.write(MATTER)
    hands.wait(lambda: any(line.key == MATTER for line in intake.state.matter.lines), "the matter to be found")
    hands.press("Return")
    hands.wait(lambda: intake.draft.matter is not None, "the matter to be chosen")
    hands.wait(lambda: intake.state.step == "form", "the form")
    hands.rest()
    hands.fill(json.loads((HALL / "answers" / f"{MATTER}.json").read_text("utf-8")))
    hands.press("Ctrl+Return")
    hands.wait(lambda: intake.state.step == "materials" and intake.state.materials.lines, "the materials")


def duplex_pages(count: int, dpi: int = 300, seed: int = 1) -> list[bytes]:
    """Invented pages of a duplex scan as a scanner gives them: A4, colour, JPEG."""
    made = []
    for number in range(1, count + 1):
        out = io.BytesIO()
        paper.page(seed, number, dpi, duplex=True).save(out, "JPEG", quality=85, dpi=(dpi, dpi))
        made.append(out.getvalue())
    return made


def share(took: list[float], limit: float) -> float:
    """The share of turns that took no longer than the limit."""
    return sum(each <= limit for each in took) / max(len(took), 1)
