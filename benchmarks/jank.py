"""The counter while a batch comes in from the scanner and many pages go to the server: every turn of its event loop.

The real window, at 1920 × 1080 without a screen, beside the real server. Pages come as fast as the counter takes them;
meanwhile the clerk looks through the other materials and goes to other pages of the counter, all by keys.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._counter import FRAME, PLAN, STALL, AtWork, counter_at_work, duplex_pages, share
from benchmarks._report import Ratio, parser, report
from tests.fakes.window import Window

BATCH = 96  # pages
CASES, PAGES, SIZE = 4, 20, 300_000  # what waits for the server: cases, pages of each material, bytes
LINE = 32_000  # kbit/s, so that they are on their way for as long as the batch comes in
WALK = ("Down", "Up", "Ctrl+2", "Ctrl+1", "Down", "Ctrl+4", "Ctrl+1", "Up", "Ctrl+6", "Ctrl+1", "Ctrl+7", "Ctrl+1")
PACE = 0.4  # seconds between two keys


def main() -> int:
    arguments = parser("jank", __doc__ or "")
    arguments.add_argument("--pages", type=int, default=BATCH)
    given = arguments.parse_args()
    batch = duplex_pages(given.pages)
    with tempfile.TemporaryDirectory() as place, counter_at_work(Path(place), upload_kbit=LINE) as made:
        window = Window(made.desk.store)
        for _ in range(CASES):
            window.take_in(PAGES, SIZE)
        sent, seconds = _measured(made, batch)
        took, came = made.hands.took, len(made.pages(PLAN))
    note = f"{came} pages in {seconds:.1f} s ({came / seconds * 60:.0f} a minute), {sent} sent meanwhile"
    ratios = [
        Ratio(
            "share of turns within one frame", share(took, FRAME), 0.999, "higher", f"{FRAME} ms", made.hands.in_words()
        ),
        Ratio("longest turn", max(took) / STALL, 1, "lower", f"{STALL:.0f} ms, which a person feels", note),
    ]
    return report("jank", ratios, as_json=given.json, extra={"pages": came})


def _measured(made: AtWork, batch: list[bytes]) -> tuple[int, float]:
    """One batch with all that goes on beside it. Returns how many pages were sent, and how long it took."""
    hands, intake = made.hands, made.intake
    made.look_at(PLAN)
    hands.wait(lambda: not hands.turn(), "everything to come to rest")
    made.desk.courier.start()
    hands.wait(lambda: len(made.desk.store.uploads.wanted()) == CASES, "the server to want the pages")
    waited = _wanted(made)
    made.lay(batch)
    hands.begin()
    began = time.monotonic()
    hands.press("F4")
    hands.wait(lambda: intake.scanning, "the batch to begin")
    for keys in itertools.cycle(WALK):
        if not intake.scanning:
            break
        hands.press(keys)
        until = time.monotonic() + PACE
        hands.wait(lambda until=until: time.monotonic() > until or not intake.scanning)  # type: ignore[misc]
    seconds = time.monotonic() - began
    if len(made.pages(PLAN)) != len(batch):
        raise RuntimeError(f"{len(made.pages(PLAN))} of {len(batch)} pages; {intake.state.banner.title}")
    return waited - _wanted(made), seconds


def _wanted(made: AtWork) -> int:
    return sum(len(pages) for pages in made.desk.store.uploads.wanted().values())


if __name__ == "__main__":
    sys.exit(main())
