"""What runs at the near end of the bad link: our courier, or tuspy, with one case to bring over.

Says one JSON object a line on standard output: when it is ready (the server knows the case and wants its pages), and
what came of it after a line on standard input.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from app.store import Changes, Store
from app.sync import courier as courier_module
from app.sync import uploads
from app.sync.courier import Courier
from app.sync.enrol import join
from app.sync.line import Line
from app.sync.round import one_round
from contract.problem import Problem
from contract.wire import sha256
from tests.fakes.rounds import now
from tests.fakes.window import Window

TOTAL = 1_500_000  # bytes of pages: five materials of 300 kB


def main(who: str, url: str, authority: str, code: str, patience: str) -> None:
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder), bytes(32)) as store:
        line = Line(url, store.station, verify=authority)
        join(store, line, code)
        window = Window(store)
        materials = window.begin(pages=1, size=10)[-1].body["materials"]  # an idle one, to count its pages
        slots = sum(len(material["pages"]) for material in materials)
        case_id = window.take_in(pages=1, size=TOTAL // slots)
        one_round(store, line, now)
        pages = store.uploads.wanted()[case_id]
        _say(ready=True, pages=len(pages), bytes=sum(store.pages.find_size(page) or 0 for page in pages))
        line.close()
        line = Line(url, store.station, verify=authority)  # as after a start: it knows nothing of the fast line
        sys.stdin.readline()
        play = _ours if who == "ours" else _tuspy
        _say(**play(store, line, case_id, pages, float(patience)))
        line.close()


def _say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def _ours(store: Store, line: Line, case_id: str, pages: tuple[str, ...], patience: float) -> dict[str, Any]:
    """The courier itself, as it runs at a counter, from its start to the moment when both digests are equal."""
    batches: list[uploads.Sent] = []
    began: list[float] = []
    problems: list[str] = []

    def send(*args: Any) -> uploads.Sent | None:
        began.append(time.monotonic())
        try:
            sent = uploads.send_one_batch(*args)
        except Problem as problem:
            problems.append(f"{problem.code} at {time.monotonic() - began[0]:.0f} s")
            raise
        batches.extend([sent] if sent else [])
        return sent

    courier_module.send_one_batch = send  # to look at it, nothing else
    ending = store.uploads.end

    def end_upload(case_id: str, pages: Any, problem: Problem | None = None) -> None:
        if problem:
            problems.append(f"{problem.code} {dict(problem.facts)}")
        ending(case_id, pages, problem)

    store.uploads.end = end_upload  # type: ignore[method-assign]
    over, matched = threading.Event(), threading.Event()

    def changed(changes: Changes) -> None:
        if began and not store.uploads.wanted():
            over.set()
        if store.outbox.counts() == (0, 0):
            matched.set()

    store.on_change(changed)
    courier = Courier(store, line, now)
    started = time.monotonic()
    courier.start()
    done = over.wait(patience)
    ended = time.monotonic()
    matched.wait(30)
    all_over = time.monotonic()
    courier.stop()
    again = [count for sent in batches for count in sent.again]
    return {
        "done": done,
        "seconds": ended - began[0],
        "with_rounds": all_over - started,
        "again": again,
        "attempts": len(began),
        "problems": problems,
    }


def _tuspy(store: Store, line: Line, case_id: str, pages: tuple[str, ...], patience: float) -> dict[str, Any]:
    """tuspy as its documentation has it, page after page; certificates unchecked, because it cannot be given ours."""
    import urllib3
    from tusclient import client

    urllib3.disable_warnings()
    token = line._bearer("")
    began = time.monotonic()

    def play() -> None:
        for number, digest in enumerate(pages):
            path = Path(tempfile.gettempdir()) / f"page{number}"
            path.write_bytes(store.pages.get(digest))
            metadata = {"case_id": case_id, "filetype": "image/jpeg", "digest": sha256(path.read_bytes())}
            uploader = None
            while True:
                try:
                    if uploader is None:
                        uploader = client.TusClient(
                            f"{line.url}/api/v1/uploads", headers={"Authorization": f"Bearer {token}"}
                        ).uploader(str(path), metadata=metadata, retries=10**6, retry_delay=1, verify_tls_cert=False)
                    uploader.upload()
                    break
                except Exception:
                    time.sleep(1)

    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        player = threading.Thread(target=play, daemon=True)
        player.start()
        player.join(patience)
        return {"done": not player.is_alive(), "seconds": time.monotonic() - began}


if __name__ == "__main__":
    main(*sys.argv[1:])
