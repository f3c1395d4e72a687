"""A counter worked by hand: the real window on a station that has joined, real keys, a card reader that is an emulator
in a process of its own, a folder into which the scanner's own software saves.

Run as a program it is a counter that is killed in the middle of an intake: arguments as of `at_work`; it says on
standard output what stands in the draft by then, and waits.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from app.config import DeviceChoice, read_config, write_config
from app.demo import HALL, PASSWORD
from app.start import close_desk, join_station, open_desk
from tests.fakes.serving import ROOT, ServerProcess
from tests.journeys.conftest import picture
from ui.collector import Collector
from ui.hands import Hands
from ui.main import build_counter
from ui.shells.counter import CounterWindow
from ui.tasks import Post

SIZE = (1366, 768)


class Reader:
    """A card reader on TCP, with or without a card on it."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "devices.idcard.emulator", "--listen", "127.0.0.1:0", "--control"]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "encoding": "utf-8"}
        self._process = subprocess.Popen(command, cwd=ROOT, **pipes)
        self.port = self._line()
        self.tell("lift")

    def tell(self, words: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(words + "\n")
        self._process.stdin.flush()
        assert self._line() == "ok"

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def station(folder: Path, hall: ServerProcess, node: str, reader: Reader) -> Path:
    """A station with that reader, whose papers and scans are folders beside it."""
    join_station(folder, hall.url, hall.code(node), window="3 号窗口", training=True)
    papers, scans = folder.parent / "papers", folder.parent / "scans"
    papers.mkdir()
    scans.mkdir()
    printer = DeviceChoice(driver="printer/file", options={"folder": str(papers)})
    devices = {
        "idcard": DeviceChoice(driver="idcard/samv_serial", options={"port": reader.port}),
        "scanner": DeviceChoice(driver="scanner/folder", options={"path": str(scans), "quiet": 0.2}),
        "receipt": printer,
        "a4": printer,
    }
    write_config(read_config(folder).model_copy(update={"devices": devices}))
    return folder


class AtCounter:
    """The window and whoever sits before it."""

    def __init__(self, folder: Path) -> None:
        QApplication.instance() or QApplication(["tongban"])
        self._folder = folder
        config = read_config(folder)
        self.desk, self._post = open_desk(config), Post()
        self._collector = Collector(self._post)
        self.window: CounterWindow = build_counter(self.desk, self._post, config)
        self.window.resize(*SIZE)
        self.window.show()
        self.desk.courier.start()
        self.counter, self.models = self.window.counter, self.window.counter.models
        self.intake = self.models.intake
        self.hands = Hands(self.window)
        self.press, self.write, self.wait = self.hands.press, self.hands.write, self.hands.wait

    def close(self) -> None:
        """As a person closes the program."""
        self.window.close()
        self._post.close()
        close_desk(self.desk)
        self._collector.stop()
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(self.window, QEvent.Type.DeferredDelete.value)

    # --- who sits there -------------------------------------------------------------------------------------------

    def sign_in(self, username: str) -> None:
        """By name and password, or by the key of one who has worked here."""
        page = self.models.sign_in
        self.wait(lambda: not page._tasks.is_busy("people"), "who has worked here")
        known = [one.username for one in page.state.people]
        if username in known:
            self.press(f"Alt+{known.index(username) + 1}")
        else:
            if page.state.who:  # the name of who locked the screen stands there
                self.press("Shift+Tab")
            self.write(username)
            self.press("Tab")
        self.write(PASSWORD)
        self.press("Return")
        self.wait(lambda: self.counter.clerk and self.counter.clerk.id == username, f"{username} to be let in")
        self.wait(lambda: self.window.current_page() and self.intake.draft is not None, "the desk")

    def lock(self) -> None:
        self.press("Ctrl+Shift+Q")
        self.wait(lambda: self.window.current_page() == "", "the locked screen")

    # --- the intake -----------------------------------------------------------------------------------------------

    def now(self, step: str) -> bool:
        in_hand = self.intake.in_hand
        return self.intake.state.step == step and not in_hand._queue and in_hand._running is None

    def put_card(self, reader: Reader, card: str) -> None:
        """A card is put down and read; then it is taken away and the person looked at."""
        self.wait(lambda: self.now("identity"), "the identity step")
        reader.tell(f"place {card}")
        self.press("F2")
        self.wait(lambda: self.intake.state.identity.person, "the card to be read")
        reader.tell("lift")
        self.confirm()

    def confirm(self) -> None:
        self.press("F6")
        self.wait(lambda: self.intake.state.identity.confirmed, "the person to be confirmed")

    def type_person(self, given: Mapping[str, Any]) -> None:
        """人工录入."""
        self.press("Ctrl+M")
        self.wait(lambda: self.intake.state.identity.manual_open, "the manual entry")
        for name, value in given.items():
            self.hands.enter(name, value)
        self.press("Ctrl+Return")
        self.wait(lambda: self.intake.state.identity.person, "the typed person")
        self.confirm()

    def for_whom(self, behalf: str) -> None:
        """The next kind of applicant by key."""
        self.press("Ctrl+J")
        self.wait(lambda: self.intake.state.identity.behalf == behalf and self.now("identity"), behalf)

    def choose(self, words: str, matter: str) -> None:
        """A matter, found by what is typed."""
        if self.intake.state.step != "matter":
            self.press("F3")
        self.wait(lambda: self.now("matter"), "the matters")
        self.write(words)
        self.wait(lambda: [line.key for line in self.intake.state.matter.lines][:1] == [matter], f"{matter} found")
        self.press("Return")
        self.wait(lambda: self.intake.draft.matter is not None, "the matter to be chosen")
        if self.intake.state.step != "form":
            self.press("Ctrl+Return")
        self.wait(lambda: self.now("form"), "the form")

    def fill(self, matter: str, **others: Any) -> None:
        """The form, with its example answers."""
        given = json.loads((HALL / "answers" / f"{matter}.json").read_text("utf-8"))
        self.hands.fill({**given, **others})
        self.wait(lambda: self.intake.state.form.missing == 0, "the form to be filled")

    def to_materials(self) -> None:
        self.press("Ctrl+Return")
        self.wait(lambda: self.now("materials") and self.intake.state.materials.lines, "the materials")

    def scan(self, code: str) -> None:
        """One page into a material."""
        for _ in self.intake.draft.materials:
            if self.intake.state.materials.current != code:
                self.press("Down")
        draft = self.intake.draft
        count = len(draft.material(code).pages)
        page = picture(f"{draft.id} {code}", count)
        (self._folder.parent / "scans" / f"{draft.id}-{code}-{count}.jpg").write_bytes(page)
        self.press("F4")
        self.wait(
            lambda: len(self.intake.draft.material(code).pages) > count and not self.intake.scanning, f"{code} scanned"
        )

    def scan_all(self, *but: str) -> None:
        """One page into every material that lacks one."""
        for slot in self.intake.draft.materials:
            if not slot.present and slot.code not in but:
                self.scan(slot.code)

    def take_in(self) -> str:
        """F9 and its papers. Returns the case's id."""
        self.press("Ctrl+Return")
        self.wait(lambda: self.now("review"), "the review")
        self.wait(lambda: self.intake.state.main_ready, "nothing to be missing")
        self.press("F9")
        self.wait(lambda: self.intake.state.step == "receipt" and self.intake.state.receipt.papers, "the receipt")
        self.wait(lambda: not self.intake.state.receipt.printing, "the papers to come out")
        assert {paper.outcome for paper in self.intake.state.receipt.papers} == {"done"}
        return str(self.intake.state.whose)

    def next_person(self) -> None:
        before = self.intake.state.whose
        self.press("Return")
        self.wait(lambda: self.now("identity") and self.intake.state.whose != before, "the next person")


@contextmanager
def at_counter(folder: Path) -> Iterator[AtCounter]:
    with closing(AtCounter(folder)) as counter:
        yield counter


def main(folder: str, username: str, draft: str, field: str, value: str) -> None:
    """Take a parked draft up, type into a field, wait to be killed."""
    counter = AtCounter(Path(folder))
    counter.sign_in(username)
    counter.wait(lambda: [one.id for one in counter.window._state.parked] == [draft], "the parked draft")
    counter.press("Alt+1")
    counter.wait(lambda: counter.now("form") and counter.intake.draft.id == draft, "the draft")
    counter.hands.enter(field, value)
    counter.wait(lambda: not counter.intake.in_hand.visit.typed and counter.now("form"), "what was typed to be saved")
    print("typed", flush=True)
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
