"""The power fails at any moment of a day at work: nothing that was acknowledged is lost (sync.md 1, 12, 16).

The long run is ``./run bench power-cut``.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.cut_disk import CutDisk, Kept, Replay
from tests.fakes.power_cut import Day, End, cut, folder_not_synced, live, page_not_synced

OVERHEARD = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>
static int heard(const char *name, int fd) {
    char link[64], path[512];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n > 0) { path[n] = 0; dprintf(2, "%s\\n", path); }
    return ((int (*)(int)) dlsym(RTLD_NEXT, name))(fd);
}
int fsync(int fd) { return heard("fsync", fd); }
int fdatasync(int fd) { return heard("fdatasync", fd); }
"""
WORK = """
import random, sys
from pathlib import Path
from app.store import Store
from tests.fakes.cut_disk import CutDisk
from tests.fakes.power_cut import work
from tests.fakes.window import join_demo

folder = Path(sys.argv[1])
disk = CutDisk(folder)
with disk.recording(), Store.open(folder, bytes(32), vfs=disk.vfs, reserve=0) as store:
    store._database._writer.pragma("wal_autocheckpoint", 50)
    join_demo(store)
    work(store, random.Random(1), 20)
for entry in disk.log:
    if entry.what in ("sync", "settle"):
        print(folder / entry.path)
"""
MEMORY = Path("/dev/shm")  # images are many and are thrown away


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else tmp_path))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return live(tmp_path_factory.mktemp("day"), seed=1, deeds=50, checkpoint=100)


def test_rule_16_f06_no_cut_loses_an_acknowledged_write_or_leaves_half_of_one(day: Day, scratch: Path) -> None:
    tally = cut(day, scratch / "disk", states=250, seed=1)
    assert tally.ends == {End.WHOLE: 250, End.LOST: 0, End.CORRUPT: 0, End.NO_PAGE: 0}
    assert tally.thorough == 5 and day.marks[-1].acts > 50


def test_f06_the_same_without_the_full_sync_loses_acts_and_is_noticed(tmp_path: Path, scratch: Path) -> None:
    peer = live(tmp_path / "peer", seed=1, deeds=50, synchronous="normal", checkpoint=100)
    tally = cut(peer, scratch / "disk", states=60, seed=1)
    assert tally.ends[End.LOST] > 10 and tally.acts_lost > 10


def test_pages_that_are_not_synced_before_their_row_are_noticed(day: Day, scratch: Path) -> None:
    for ignored in (page_not_synced, folder_not_synced):
        assert cut(day, scratch / "disk", states=40, seed=2, is_ignored=ignored).ends[End.NO_PAGE] > 10


@pytest.mark.needs("gcc")
def test_the_disk_is_told_of_every_sync_that_the_system_is_asked_for(tmp_path: Path) -> None:
    """What is written down is what happens: the same files and folders, in the same order, as the system sees them."""
    source, library = tmp_path / "overheard.c", tmp_path / "overheard.so"
    source.write_text(OVERHEARD)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "LD_PRELOAD": str(library)}
    command = [sys.executable, "-c", WORK, str(tmp_path / "station")]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    told, seen = ran.stdout.splitlines(), [line for line in ran.stderr.splitlines() if "/station" in line]
    assert len(told) > 50 and told == seen


def test_a_disk_keeps_what_was_synced_and_any_part_of_the_rest(tmp_path: Path) -> None:
    disk = CutDisk(tmp_path)
    with disk.recording():
        with (tmp_path / "a").open("wb") as file:
            file.write(b"1" * 1000)
            file.flush()
            disk.synced(disk.node("a"))
            disk.settled("")
            file.write(b"2" * 2000)
        (tmp_path / "a").rename(tmp_path / "b")
    replay = Replay(disk.log)
    replay.forward(len(disk.log))
    chance = random.Random(1)
    assert replay.image(Kept.NOTHING, chance) == {"a": b"1" * 1000}
    assert replay.image(Kept.ALL, chance) == {"b": b"1" * 1000 + b"2" * 2000}
    torn = [replay.image(Kept.TORN, chance) for _ in range(200)]
    assert {name for image in torn for name in image} == {"a", "b"}
    held = {data for image in torn for data in image.values()}
    assert len(held) > 10 and all(data[:1000] == b"1" * 1000 for data in held)
    assert any(b"\0" in data for data in held)  # a sector in the middle is missing
