"""One day lived through: processes started and killed, then the line is mended and every act is looked for."""

from __future__ import annotations

import multiprocessing as mp
import os
import secrets
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_any
from pathlib import Path
from typing import Any

from app.store import Standing, Store
from app.sync.enrol import join
from app.sync.failures import TROUBLE
from app.sync.line import Line
from app.sync.once import sync_once
from contract.case import CHINA, Author, Case, case_digest, pages_of
from contract.exchange import spelled
from contract.problem import Problem
from tests.fakes.cutting import CuttingProxy
from tests.fakes.window import ID_NUMBER, NAME
from tests.faults import station as programs
from tests.faults.disk import Disk, limit_files
from tests.faults.hall import Hall
from tests.faults.plan import HORIZON, Day, Trouble, bad_line
from tests.faults.station import RESERVE, Orders

LONGEST = 60.0  # seconds after which a day's evening comes, whatever is not sent yet
PATIENCE = 300.0  # seconds for whatever must come to an end, on a machine that is busy with other things
STANDSTILL = 3.0  # seconds without anything happening after which the next trouble comes all the same
LAWFUL = {"case.out_of_order", "case.not_allowed", "case.void_too_late", "case.correct_too_late"}
"""Why an act may be held where a second window acted on the same case: the server's order won."""
AFTER_MIDNIGHT = {"case.void_too_late", "case.correct_too_late"}
"""And where the day went past midnight: an act whose station cannot be believed its clock counts from its arrival."""

STARTING = mp.get_context("forkserver")
STARTING.set_forkserver_preload(["tests.faults.station"])


@dataclass
class Result:
    """What a day came to."""

    seed: int
    day: str
    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    began_on: date = field(default_factory=lambda: _date())
    seconds: float = 0.0

    @property
    def went_past_midnight(self) -> bool:
        return _date() != self.began_on


def _date() -> date:
    return datetime.now(CHINA).date()


@dataclass
class Station:
    """A joined station between its processes."""

    folder: Path
    key: bytes
    id: str
    authors: tuple[Author, ...]
    said: dict[str, tuple[str, str]] = field(default_factory=dict)  # act → (case, author)


class _Program:
    """A process of a station that is started anew whenever it was killed, until it is told that the day is over."""

    def __init__(self, run: Any, told: Any) -> None:
        self._run, self._told = run, told
        self.process: Any = None
        self.pipe: Connection | None = None
        self.done = False

    def start(self, orders: Orders) -> None:
        here, there = mp.Pipe()
        self.process = STARTING.Process(target=self._run, args=(orders, there))
        self.process.start()
        there.close()
        self.pipe = here

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.is_alive()

    def hear(self) -> None:
        """All that it has said until now."""
        if self.pipe is None:
            return
        with suppress(EOFError, OSError):
            while self.pipe.poll():
                self._told(self, self.pipe.recv())

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.bury()

    def end(self, patience: float) -> str:
        """Let it end in peace; how it ended otherwise."""
        if self.process is None:
            return ""
        with suppress(OSError):
            assert self.pipe is not None
            self.pipe.send("end")
        end = time.monotonic() + patience
        while self.process.is_alive() and time.monotonic() < end:
            self.hear()
            self.process.join(0.05)
        came_to = self.process.exitcode
        if came_to is None:
            os.kill(self.process.pid, programs.WHERE_ARE_YOU)
            self.process.join(1)
        self.kill()
        return "" if came_to == 0 else f"ended with {came_to}" if came_to is not None else "did not end"

    def bury(self) -> None:
        """Hear the last words of a process that is dead."""
        self.process.join()
        self.hear()
        assert self.pipe is not None
        self.pipe.close()
        self.process.close()
        self.process, self.pipe = None, None


def live_through(day: Day, hall: Hall, folder: Path) -> Result:
    """The whole day, the peace after it, and the audit."""
    began = time.monotonic()
    result = Result(day.seed, str(day))
    node = hall.take_node()
    disk = Disk(folder)
    try:
        stations = [join_station(hall, disk.folder / name, node) for name in ("one", "two")[: 1 + day.rival]]
        _Life(day, hall, disk, stations, result).run()
        for _ in range(2 if day.rival else 1):  # the first must hear what the second brought last
            for one in stations:
                settle(one, hall, result)
        for one in stations:
            check(one, day, hall, result)
        no_trace_of_anybody(disk.folder, stations, result)
    except Exception as fault:
        result.faults.append(f"{type(fault).__name__}: {fault}")
        result.counts["broke off"] += 1
        traceback.print_exc()
    finally:
        disk.close()
    result.seconds = time.monotonic() - began
    return result


def join_station(hall: Hall, folder: Path, node: str) -> Station:
    key = secrets.token_bytes(32)
    with Store.open(folder, key, reserve=RESERVE) as store:
        with _line(hall, store) as line:
            _patiently(lambda: join(store, line, hall.code(node)))
        return Station(folder, key, store.station.get().id, hall.authors(node))


@contextmanager
def _line(hall: Hall, store: Store) -> Iterator[Line]:
    line = Line(hall.server.url, store.station)
    try:
        yield line
    finally:
        line.close()


def _patiently(ask: Any) -> Any:
    """Asked again as long as another day's server is being killed."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return ask()
        except Problem as problem:
            if problem.code not in (*TROUBLE, "server.busy", "server.failed") or time.monotonic() > end:
                raise
            time.sleep(0.1)


class _Life:
    """The day itself."""

    def __init__(self, day: Day, hall: Hall, disk: Disk, stations: Sequence[Station], result: Result) -> None:
        self.day, self.hall, self.disk, self.stations, self.result = day, hall, disk, stations, result
        self.temporary = disk.folder / "tmp"
        self.temporary.mkdir()
        self.window = _Program(programs.window, self._told)
        self.programs = {Trouble.KILL_WINDOW: (self.window, stations[0])}
        if day.uploader:
            self.programs[Trouble.KILL_UPLOADER] = (_Program(programs.uploader, self._told), stations[0])
        if day.rival:
            self.programs[Trouble.KILL_RIVAL] = (_Program(programs.rival, self._told), stations[1])
        self.taken_in = self.starts = self.happened = 0
        self.happened_at = time.monotonic()
        self.is_away = self.is_limited = False

    def run(self) -> None:
        ahead = list(self.day.troubles)
        began = time.monotonic()
        try:
            with CuttingProxy(self.hall.server.port, bad_line(self.day, lambda: self.is_away)) as proxy:
                while not self._is_over(ahead, time.monotonic() - began):
                    if time.monotonic() - began > PATIENCE:
                        self.result.faults.append(f"the day does not end: {self.taken_in} intakes")
                        break
                    if ahead and (ahead[0][0] <= self.happened or self._stands_still()):
                        self._strike(ahead.pop(0)[1])
                        continue
                    self._start_what_is_down(proxy)
                    pipes = [program.pipe for program, _ in self.programs.values() if program.pipe is not None]
                    wait_any(pipes, 0.1)
                    for program, _ in self.programs.values():
                        program.hear()
                # some end in peace, some with the power
                for place, (program, _) in enumerate(self.programs.values()):
                    is_script = (program, self.stations[0]) == self.programs.get(Trouble.KILL_UPLOADER)
                    if (self.day.seed + place) % 2 or not program.is_running or is_script:
                        program.kill()
                    elif otherwise := program.end(PATIENCE):
                        self.result.faults.append(f"a process that was asked to end {otherwise}")
                self.result.counts["cuts"] += proxy.cuts
                self.result.counts["happened"] += self.happened
        finally:
            for program, _ in self.programs.values():
                program.kill()
            self.disk.free()

    def _happens(self) -> None:
        self.happened += 1
        self.happened_at = time.monotonic()

    def _is_over(self, ahead: Sequence[object], passed: float) -> bool:
        """Everything taken in, every trouble struck, and most of it sent over the bad line: or it goes over no more."""
        if ahead or not self.window.done:
            return False
        return self.happened >= HORIZON * self.day.intakes or passed > LONGEST or self._stands_still()

    def _stands_still(self) -> bool:
        if time.monotonic() - self.happened_at < STANDSTILL:
            return False
        self.happened_at = time.monotonic()
        return True

    def _start_what_is_down(self, proxy: CuttingProxy) -> None:
        for kill, (program, station) in self.programs.items():
            if program.is_running:
                continue
            if program.process is not None:
                if program.process.exitcode not in (0, -9):
                    self.result.faults.append(f"{kill.removeprefix('kill ')} ended with {program.process.exitcode}")
                program.bury()
            self.starts += 1
            is_window = kill is Trouble.KILL_WINDOW
            program.start(
                Orders(
                    folder=station.folder,
                    temporary=self.temporary,
                    key=station.key,
                    url=proxy.url,
                    seed=self.day.seed * 1000 + self.starts,
                    authors=station.authors,
                    intakes=max(self.day.intakes - self.taken_in, 0) if is_window else 0,
                    courier=self.day.courier or not is_window,
                    pause=self.day.pause,
                    shift=self.day.shift if station is self.stations[0] else 0.0,
                    jump=self.day.jump - self.taken_in if self.day.jump > self.taken_in else 0,
                )
            )
            if self.is_limited:
                self._limit()

    def _strike(self, trouble: Trouble) -> None:
        self.result.counts[trouble] += 1
        match trouble:
            case Trouble.KILL_SERVER:
                threading.Thread(target=self.hall.kill_server, name="killing").start()
            case Trouble.SERVER_FULL:
                threading.Thread(target=self.hall.fill_disk, name="filling").start()
            case Trouble.DISK_FULL if self.disk.fill(self.day.left):
                return
            case Trouble.DISK_LIMIT | Trouble.DISK_FULL:
                self.is_limited = True
                self._limit()
            case Trouble.DISK_WELL:
                self.disk.free()
                self.is_limited = False
                self._limit()
            case Trouble.LINE_AWAY | Trouble.LINE_BACK:
                self.is_away = trouble is Trouble.LINE_AWAY
            case _:
                program, _ = self.programs[trouble]
                if program.is_running:
                    program.kill()

    def _limit(self) -> None:
        log = self.stations[0].folder / "store.db-wal"
        most = (log.stat().st_size if log.exists() else 0) + self.day.left if self.is_limited else None
        limit_files([p.process.pid for p, s in self.programs.values() if p.is_running and s is self.stations[0]], most)

    def _told(self, program: _Program, words: tuple[Any, ...]) -> None:
        match words:
            case ("done",):
                program.done = True
            case ("moved",):
                self._happens()
            case ("told", code):
                self.result.counts[f"told {code}"] += 1
            case ("bug", text):
                self.result.faults.append(f"logged: {text}")
            case (what, acts):
                self._happens()
                self.taken_in += what == "intake"
                station = next(s for p, s in self.programs.values() if p is program)
                for case_id, act_id, author in acts:
                    if act_id in station.said:
                        self.result.faults.append(f"the act {act_id} was said twice")
                    station.said[act_id] = (case_id, author)
                    self.result.counts["acts"] += 1


def settle(one: Station, hall: Hall, result: Result) -> None:
    """The line is mended: everything must go over, but for what is held."""
    with Store.open(one.folder, one.key, reserve=RESERVE) as store, _line(hall, store) as line:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                settled = sync_once(store, line, lambda: datetime.now(UTC), "settling")
                if not settled.waiting:
                    return
                why = str([(row.standing, row.problem, row.bytes_left) for row in store.outbox.by_case()][:5])
            except Problem as problem:
                if problem.code not in (*TROUBLE, "server.busy", "server.failed"):
                    raise
                why = problem.code  # another day's server is being killed
            if time.monotonic() > end:
                result.faults.append(f"it does not settle: {why}")
                return
            result.counts["settling"] += 1
            time.sleep(0.2)


def check(one: Station, day: Day, hall: Hall, result: Result) -> None:
    """Every act once, by its author, with its pages, or held and visible; nothing else."""
    found = hall.audit(one.id)
    result.faults += found["faults"]
    with Store.open(one.folder, one.key, reserve=RESERVE) as store:
        outbox = {row.case_id: row for row in store.outbox.by_case()}
        mine = {case_id for case_id, _ in one.said.values()} | set(found["cases"])
        mine |= set(outbox) | {row.case_id for row in store.cases.recent(10_000)}
        done: dict[str, str] = {}
        for case_id in mine:
            there = found["cases"].get(case_id)
            _check_case(store, one, case_id, there, case_id in outbox, day, result)
            done.update((deed.action.id, deed.action.author.id) for deed in store.acts.of_case(case_id))
        for act_id, (_, author) in one.said.items():
            if done.get(act_id) != author:
                result.faults.append(f"the act {act_id} was said to be done and is not in the store by its author")
        result.counts["cases"] += len(found["cases"])
        result.counts["pages"] += sum(len(there["pages"]) for there in found["cases"].values())


def _check_case(store: Store, one: Station, case_id: str, there: Any, listed: bool, day: Day, result: Result) -> None:
    deeds = store.acts.of_case(case_id)
    on_server = [(act_id, text) for act_id, _, text in there["acts"]] if there else []
    times = Counter(act_id for act_id, _ in on_server)
    texts = dict(on_server)
    for deed in deeds:
        act = deed.action
        if deed.standing is Standing.MATCHED:
            if times[act.id] != 1 or texts[act.id] != spelled(act):
                result.faults.append(f"{act!r} is matched and {times[act.id]} times on the server")
            continue
        if times[act.id]:
            result.faults.append(f"{act!r} is {deed.standing} and on the server")
        if not listed:
            result.faults.append(f"{act!r} is {deed.standing} and not to be seen")
        problem = deed.problem.code if deed.problem else ""
        result.counts[f"{deed.standing} {problem}".strip()] += 1
        lawful = (day.rival and problem in LAWFUL) or (result.went_past_midnight and problem in AFTER_MIDNIGHT)
        if deed.standing is Standing.HELD and not lawful:
            result.faults.append(f"{act!r} is held for {problem}")
    stray = [act_id for act_id, station, _ in (there["acts"] if there else []) if station == one.id]
    stray = [act_id for act_id in stray if act_id not in {deed.action.id for deed in deeds}]
    if stray:
        result.faults.append(f"{len(stray)} acts on the server that nobody did here, in {case_id}")
    if there is None:
        return
    actions = [deed.action for deed in deeds if deed.standing is Standing.MATCHED]
    missing = pages_of(actions) - set(there["pages"])
    if missing or there["wanted"]:
        result.faults.append(f"{len(missing)} pages of {case_id} are not on the server")
    for digest in pages_of(actions):
        if store.pages.has(digest):
            store.pages.get(digest)  # raises where it is not what was put in
    if not any(deed.standing is not Standing.MATCHED for deed in deeds):
        told = store.cases.actions(case_id)
        if [act.id for act in told] != [act_id for act_id, _ in on_server]:
            result.faults.append(f"the two ends tell {case_id} in another order")
        if case_digest(told, pages_of(told)) != there["digest"]:
            result.faults.append(f"the two ends do not agree about {case_id}")
        case: Case | None = store.cases.find(case_id)
        if case is None or (there["number"] or "") != case.number:
            result.faults.append(f"{case_id} has another number on the server")


def no_trace_of_anybody(folder: Path, stations: Sequence[Station], result: Result) -> None:
    """After a whole day, with its crashes, a stolen disk shows nobody."""
    words = [NAME, "周敏", "个体工商户", "余姚市凤山街道", ID_NUMBER, "lufangfang", "xushaofeng"]
    wanted = [word.encode(coding) for word in words for coding in ("utf-8", "utf-16-le", "gb18030")]
    wanted = [word for word in wanted if len(word) >= 6]  # less turns up by chance in ciphertext
    for one in stations:
        with Store.open(one.folder, one.key, reserve=RESERVE) as store:
            cases = [store.cases.actions(row.case_id) for row in store.cases.recent(10)]
            pages = sorted(pages_of(act for acts in cases for act in acts))[:10]
            wanted += [store.pages.get(digest)[:48] for digest in pages if store.pages.has(digest)]
    for path in folder.rglob("*"):
        if path.is_file() and (raw := path.read_bytes()) and any(word in raw for word in wanted):
            result.faults.append(f"something personal lies open in {path.relative_to(folder)}")
