"""A counter at which pages come in while the clerk types, as fast as both can. Says what is durable; is killed."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from app.config import read_config
from app.flow import pages, steps
from app.start import open_desk
from tests.fakes.counter import Clock, picture

desk = open_desk(read_config(Path(sys.argv[1])), Clock())
begun = steps.resume(desk, sys.argv[2])
one_at_a_time = threading.Lock()


def say(what: str, which: object) -> None:
    with one_at_a_time:  # print writes the end of a line by itself, and the other hand's line may come between
        print(what, which, flush=True)


def scan() -> None:
    draft = begun  # as the scanner's thread has it: it hears of nothing but its own pages
    for count in range(1000):
        known = {page.key for slot in draft.materials for page in slot.pages}
        draft = pages.add_file(desk, draft, "lease", picture(f"page {count}"), "image/jpeg")
        for page in (page for slot in draft.materials for page in slot.pages if page.key not in known):
            say("page", page.key)


threading.Thread(target=scan, daemon=True).start()
draft = begun
for count in range(100_000):
    draft = steps.with_answers(desk, draft, {**draft.answers, "remark": str(count)})
    say("typed", count)
