"""The same materials for another matter: what of them crosses the line a second time.

A whole counter and the real server; the bytes are counted where they pass, by a proxy between the two.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from app.config import read_config, write_config
from app.demo import PASSWORD, simulated_devices
from app.desk import Desk
from app.flow import finish, pages
from app.flow.draft import Draft
from app.people.sign_in import sign_in
from app.start import close_desk, join_station, open_desk
from app.store import Changes
from benchmarks._report import Ratio, parser, report
from contract.case import pages_of
from tests.fakes.cutting import CuttingProxy
from tests.fakes.serving import ServerProcess
from tests.journeys.conftest import STREET, Window

FIRST, SECOND = "XK-00131-001", "XK-00140-001"  # 食品经营许可, and another matter that wants some of the same


def main() -> int:
    given = parser("reuse", __doc__ or "").parse_args()
    with tempfile.TemporaryDirectory() as place:
        server = ServerProcess(Path(place) / "server")
        server.folder.mkdir()
        server.start()
        try:
            with CuttingProxy(server.port) as proxy:
                first, again, shared, wire = _play(Path(place), server, proxy)
        finally:
            server.stop()
    ratio = Ratio(
        "material bytes sent again, of the first time's",
        again / first,
        0,
        "lower",
        f"the same pages, first time: {first / 1000:.0f} kB",
        f"{shared} materials taken again; acts and all else of the second case: {wire / 1000:.1f} kB up",
    )
    return report("reuse", [ratio], as_json=given.json)


def _play(place: Path, server: ServerProcess, proxy: CuttingProxy) -> tuple[int, int, int, int]:
    """Bytes of the shared pages when they were new, and when they were used again; how many materials; all that went
    up for the second case besides its own new pages.
    """
    folder = place / "station"
    join_station(folder, proxy.url, server.code(STREET), window="1 号窗口", training=True)
    config = read_config(folder).model_copy(update={"devices": simulated_devices(place / "out", "yuyao")})
    write_config(config)
    desk = open_desk(config)
    try:
        window = Window(desk, sign_in(desk, "zhoumin", PASSWORD).clerk, place / "out")
        desk.courier.start()
        draft = _filled(window, window.begin("yuyao", FIRST))
        for material in draft.materials:
            if material.pages:
                draft = pages.verify_original(desk, draft, material.code, window.clerk)
        finish.take_in(desk, draft, window.clerk)
        window.settle(window.agreed, 120)
        before = proxy.passed_up

        draft, shared = window.begin("yuyao", SECOND), 0
        for material in draft.materials:
            items = () if material.present else pages.library(desk, draft, material.code)
            if items:
                draft, shared = pages.from_library(desk, draft, material.code, items[0]), shared + 1
        reused = {page.digest for material in draft.materials if material.library for page in material.pages}
        asked: set[str] = set()
        end = desk.store.on_change(lambda _: _note(desk, _, asked))
        taken = finish.take_in(desk, _filled(window, draft), window.clerk)
        window.settle(window.agreed, 120)
        end()
        new = pages_of(desk.store.cases.actions(taken.case.id)) - reused
        wire = proxy.passed_up - before - sum(_size(desk, digest) for digest in new)
        return sum(_size(desk, d) for d in reused), sum(_size(desk, d) for d in reused & asked), shared, wire
    finally:
        close_desk(desk)


def _note(desk: Desk, _: Changes, asked: set[str]) -> None:
    asked.update(page for wanted in desk.store.uploads.wanted().values() for page in wanted)


def _size(desk: Desk, digest: str) -> int:
    return desk.store.pages.find_size(digest) or 0


def _filled(window: Window, draft: Draft) -> Draft:
    for material in draft.materials:
        if not material.present:
            draft = pages.add_file(window.desk, draft, material.code, _scan(), "image/jpeg")
    return draft


def _scan() -> bytes:
    """A page as large as a scan, like no other."""
    out = io.BytesIO()
    Image.effect_noise((900, 1200), 40 + time.monotonic() % 7).save(out, "JPEG", quality=60)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
