"""The demo: a counter of the demo hall beside an embedded server, or the main job played without a screen.

``python -m ui.demo`` opens the counter; ``--headless --out DIR`` plays one case from the card to the handed-over
result, by keyboard, in the real window, against the real server, and leaves what came of it in DIR.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from app.config import Config, DeviceChoice, default_folder
from app.demo import HALL, PASSWORD, RunningServer, embedded_server, joined_station, simulated_devices
from app.demo_officer import Officer
from app.desk import Desk
from app.flow import printing
from app.materials.pages import analyse
from app.papers import PaperKind, as_file
from app.start import close_desk, open_desk
from contract.case import Action, fold, pages_of
from contract.person import Clerk
from contract.problem import Problem

NODE, WINDOW, CLERK = "330281001", "3 号窗口", "zhoumin"
CARD, MATTER, OFFICER = "long_term", "QR-00111-003", "yuyao-civil"
SIZE = (1920, 1080)


def main(given: list[str] | None = None) -> int:
    """Run the demo. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="tongban demo", description="演示大厅：窗口、内嵌服务器、模拟设备")
    parser.add_argument("--headless", action="store_true", help="play the main job without a screen")
    parser.add_argument("--out", type=Path, help="where the headless demo leaves what came of it")
    parser.add_argument("--folder", type=Path, help="where the demo keeps its station and server")
    parser.add_argument("--fresh", action="store_true", help="begin with an empty hall")
    said = parser.parse_args(given)
    if said.headless and said.out is None:
        parser.error("--headless needs --out DIR")
    try:
        return (
            _headless(said.out) if said.headless else _on_screen(said.folder or default_folder() / "demo", said.fresh)
        )
    except Problem as problem:
        print(json.dumps(problem.to_wire(), ensure_ascii=False), file=sys.stderr)
        return 1


def _on_screen(folder: Path, fresh: bool) -> int:
    from ui.main import run

    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    papers = folder / "papers"
    with embedded_server(folder / "server") as server:
        devices = simulated_devices(papers, "haishu") | {"cards": DeviceChoice(driver="cards/simulated")}
        config = joined_station(server, folder / "station", NODE, WINDOW, devices)
        print(f"窗口 counter:  {CLERK} / {PASSWORD}")
        print(f"审批 officers: {server.url}  haishu-disability, yuyao-civil … / {PASSWORD}")
        print(f"纸件 papers:   {papers}", flush=True)
        return run(config)


def _headless(out: Path) -> int:
    from PySide6.QtCore import qInstallMessageHandler

    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    qInstallMessageHandler(_say_qt)
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tongban-demo-")))
        server = stack.enter_context(embedded_server(folder / "server"))
        devices = simulated_devices(folder / "papers", CARD)
        config = joined_station(server, folder / "station", NODE, WINDOW, devices)
        summary = play(server, config, folder / "papers", out)
    (out / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=2), "utf-8")
    print(f"{summary['case_number']}: {' → '.join(summary['states'])}  {out}")
    return 0


def _say_qt(_kind: object, _context: object, message: str) -> None:
    """What Qt has to say, but for what the screenless platform says of every window."""
    if "propagateSizeHints" not in message:
        print(message, file=sys.stderr)


def play(server: RunningServer, config: Config, papers: Path, out: Path, tell: Callable[[str], None] = print) -> Any:
    """Play the main job by keyboard in the real window; leave everything in `out`. Returns the summary."""
    from PySide6.QtWidgets import QApplication

    from ui.collector import Collector
    from ui.hands import Hands
    from ui.main import build_counter
    from ui.tasks import Post

    QApplication.instance() or QApplication(["tongban"])
    desk = open_desk(config)
    post = Post()
    collector = Collector(post)
    window = build_counter(desk, post, config)
    collector.set_aside()
    window.resize(*SIZE)
    window.show()
    screenshots: list[str] = []

    def picture(name: str) -> None:
        hands.rest()
        screenshots.append(f"{len(screenshots) + 1:02}-{name}.png")
        window.grab().save(str(out / screenshots[-1]))
        tell(screenshots[-1])

    try:
        desk.courier.start()
        hands = Hands(window)
        case_id = _at_the_counter(desk, window, hands, papers, picture)
        _at_the_department(server, case_id)
        desk.courier.retry_now()  # the news would come by itself, in its own time
        hands.wait(lambda: desk.store.cases.find(case_id).state == "approved", "the decision to come back")  # type: ignore[union-attr]
        _hand_over(desk, window, hands, case_id, picture)
        hands.wait(lambda: desk.courier.state.waiting == 0, "the server to have everything")
        return _left_behind(desk, window.counter.clerk, case_id, out, screenshots)
    finally:
        window.close()
        post.close()
        close_desk(desk)
        collector.stop()


def _at_the_counter(desk: Desk, window: Any, hands: Any, papers: Path, picture: Callable[[str], None]) -> str:
    """From signing in to the printed receipt. Returns the case's id."""
    counter, intake = window.counter, window.counter.models.intake

    def draft() -> Any:
        return intake.draft

    def now(step: str) -> bool:
        return bool(intake.state.step == step)

    picture("sign-in")
    hands.write(CLERK)
    hands.press("Tab")
    hands.write(PASSWORD)
    hands.press("Return")
    hands.wait(lambda: counter.clerk is not None, "to be signed in")
    hands.press("F2")
    hands.wait(lambda: draft() is not None and draft().handler is not None, "the card to be read")
    picture("identity")
    hands.press("F6")
    hands.wait(lambda: draft().identity.confirmed_at is not None, "the person to be confirmed")
    hands.press("Ctrl+Return")
    hands.wait(lambda: now("matter"), "the matters")
    hands.write("lnydz")
    hands.wait(lambda: any(line.key == MATTER for line in intake.state.matter.lines), "the matter to be found")
    picture("matter")
    hands.press("Return")
    hands.wait(lambda: draft().matter is not None, "the matter to be chosen")
    if not now("form"):
        hands.press("Ctrl+Return")
    hands.wait(lambda: now("form"), "the form")
    hands.rest()
    hands.fill(json.loads((HALL / "answers" / f"{MATTER}.json").read_text("utf-8")))
    hands.wait(lambda: intake.state.form.missing == 0, "the form to be filled")
    picture("form")
    hands.press("Ctrl+Return")
    hands.wait(lambda: now("materials") and intake.state.materials.lines, "the materials")
    hands.press("Ctrl+P")
    hands.wait(lambda: draft().number and list(papers.glob("*.pdf")), "the application form to be printed")
    form = next(papers.glob("*.pdf"))
    for number, slot in enumerate(draft().materials):
        if slot.present:
            continue
        laid: dict[str, Any] = {"insert": str(form)} if slot.code == "application_form" else {}
        options = {"pages": 1 if laid else 2, "seed": number + 1, **laid}
        desk.devices.choose("scanner", DeviceChoice(driver="scanner/simulated", options=options))
        while intake.state.materials.current != slot.code:
            hands.press("Down")
        hands.press("F4")
        hands.wait(
            lambda code=slot.code: draft().material(code).present and not intake.scanning, f"{slot.code} scanned"
        )
        hands.wait(lambda: intake.state.materials.preview, "the preview")
        picture(f"materials-{slot.code}")
    hands.press("Ctrl+Return")
    hands.wait(lambda: now("review"), "the review")
    picture("review")
    case_id = str(draft().id)
    hands.press("F9")
    hands.wait(lambda: now("receipt") and intake.state.receipt.papers, "the receipt")
    hands.wait(lambda: not intake.state.receipt.printing and intake.state.receipt.preview, "the papers to be printed")
    picture("receipt")
    hands.wait(lambda: desk.courier.state.waiting == 0, "the server to have the case and its pages")
    return case_id


def _at_the_department(server: RunningServer, case_id: str) -> None:
    """An officer decides the case in the department's pages."""
    officer = Officer(server.url)
    officer.sign_in(OFFICER, PASSWORD)
    officer.act(case_id, "review")
    officer.act(case_id, "approve", opinion="材料齐全，符合老年优待证办理条件，准予办理。")


def _hand_over(desk: Desk, window: Any, hands: Any, case_id: str, picture: Callable[[str], None]) -> None:
    """The result has come back: the receipt's QR is scanned, the result handed over at the same window."""
    counter, pickup = window.counter, window.counter.models.pickup
    hands.press("Ctrl+3")
    hands.wait(lambda: pickup.state.rows, "the pick-up list")
    hands.scan_code(receipt_code(desk, case_id, counter.clerk))
    hands.wait(lambda: pickup.state.case.case_id == case_id, "the case of the receipt")
    picture("pickup")
    hands.press("F9")
    hands.wait(lambda: pickup.state.case.asking == "deliver", "to be asked who takes it")
    hands.press("Ctrl+Return")
    hands.wait(lambda: desk.store.cases.find(case_id).state == "delivered", "the result to be handed over")  # type: ignore[union-attr]
    hands.press("Ctrl+4")
    hands.scan_code(receipt_code(desk, case_id, counter.clerk))
    hands.wait(lambda: counter.models.search.state.case.case_id == case_id, "the case")
    picture("delivered")
    hands.press("Ctrl+5")
    picture("outbox")


def receipt_code(desk: Desk, case_id: str, clerk: Clerk) -> str:
    """What a scanner reads off the receipt that was printed."""
    paper = printing.paper_png(desk, case_id, PaperKind.RECEIPT, clerk, 203)
    return analyse(paper, "image/png").codes[0]


def _left_behind(desk: Desk, clerk: Clerk, case_id: str, out: Path, screenshots: list[str]) -> dict[str, Any]:
    view = desk.courier.line.case_view(case_id)
    made = ["receipt.pdf", "receipt.png", "receipt.escpos", "acceptance.pdf", "acceptance.png"]
    for name in made:
        kind = PaperKind(name.partition(".")[0])
        pdf = printing.paper_pdf(desk, case_id, kind, clerk)
        (out / name).write_bytes(as_file(pdf, name[name.index(".") :], kind))
    materials = []
    scans = out / "pages"
    scans.mkdir(exist_ok=True)
    for material in view.case.materials:
        for n, page in enumerate(material.pages, 1):
            name = f"{material.code}-{n}.{page.media_type.rpartition('/')[2]}"
            (scans / name).write_bytes(desk.courier.line.page(case_id, page.digest))
            materials.append({"material": material.code, "file": f"pages/{name}", "sha256": page.digest})
    assert {each["sha256"] for each in materials} == set(pages_of(view.actions))
    return {
        "case_number": view.case.number,
        "states": states_of(view.actions),
        "materials": materials,
        "server": view.model_dump(mode="json"),
        "papers": made,
        "screenshots": screenshots,
    }


def states_of(actions: tuple[Action, ...]) -> list[str]:
    """The states that a case went through, in order, each once in a row."""
    states: list[str] = []
    for count in range(1, len(actions) + 1):
        case, _ = fold(None, actions[:count])
        if case is not None and (not states or states[-1] != case.state):
            states.append(str(case.state))
    return states


if __name__ == "__main__":
    raise SystemExit(main())
