"""Thousands of stations that come back at one time. Each is the product's own courier on the product's own line; only
the encrypted store under it is played by a few lists in memory, because three thousand of those are too many for one
machine.
"""

from __future__ import annotations

import json
import random
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import requests

from app.store import Changes, Heard, Outgoing, Station, Store, Upload, signing
from app.store.station import OurStation
from app.sync.courier import Courier
from app.sync.line import Line
from contract.case import Action, Author, Kind, case_digest, pages_of
from contract.exchange import Answer, EnrolAnswer, EnrolAsk, PoolReport, SignedAction, Verdict, spelled
from contract.ids import case_number, mod_11_2, uuid7
from contract.person import Role
from contract.problem import Problem, Retry
from contract.wire import sha256
from tests.fakes.serving import DEMO, ROOT, ServerProcess
from tests.fakes.window import Window, join_demo

COUNTY = "330281"
A_STREET = 10  # villages
TELL_EVERY = 5.0  # seconds
AUTHOR = Author(id="lufangfang", name="鲁芳芳", role=Role.SUPERVISOR, node=COUNTY)  # works anywhere in the county
HELD_BY_SERVER = """
import os, sys, json, django
os.environ["DJANGO_SETTINGS_MODULE"] = "server.settings"
django.setup()
from server.cases.models import CaseRecord, EventRecord
from server.materials.models import CasePage
acts = EventRecord.objects.filter(kind="action").order_by("case_id", "seq").values_list("action_id", "case_id", "text")
pages = CasePage.objects.values_list("case_id", "blob_id")
print(json.dumps({
    "acts": list(acts), "pages": list(pages), "pending": CaseRecord.objects.filter(materials_pending=True).count(),
}))
"""


def make_hall(folder: Path, villages: int) -> list[str]:
    """The demo hall with so many more villages in one county, as a folder to load. Returns the villages' codes."""
    shutil.copytree(DEMO, folder)
    nodes = json.loads((folder / "nodes.json").read_text())
    codes: list[str] = []
    for number in range(villages):
        street = f"{COUNTY}{500 + number // A_STREET:03d}"
        if number % A_STREET == 0:
            nodes.append({"code": street, "name": f"第{number // A_STREET}镇", "level": "street", "parent": COUNTY})
        codes.append(f"{street}{number % A_STREET + 1:03d}")
        nodes.append({"code": codes[-1], "name": f"第{number}村", "level": "village", "parent": street})
    (folder / "nodes.json").write_text(json.dumps(nodes))
    return codes


def now() -> datetime:
    return datetime.now(UTC)


class Pattern:
    """The acts of one whole reception, of which all others are made by putting in who, where and which pages."""

    def __init__(self, folder: Path) -> None:
        with Store.open(folder, secrets.token_bytes(32)) as store:
            join_demo(store)
            self._acts = [act.model_dump(mode="json") for act in Window(store).begin()]
        self.pages = sum(len(material["pages"]) for material in self._acts[-1]["body"]["materials"])

    def acts(self, station: Station, number: str, chance: random.Random, pages: Sequence[bytes]) -> list[Action]:
        """A reception at a station, with its pages."""
        born = f"{COUNTY}19{chance.randrange(50, 99)}0{chance.randrange(1, 9)}1{chance.randrange(9)}"
        digits = born + f"{chance.randrange(1000):03d}"
        person = {"name": f"第{number[7:15]}号人", "number": digits + mod_11_2(digits)}
        case_id, acts, left = _id(chance), list[Action](), iter(pages)
        for pattern in self._acts:
            body = json.loads(json.dumps(pattern["body"]))
            if pattern["kind"] == Kind.OPEN:
                body["node"] = station.node
                for who in ("applicant", "handler"):
                    body["parties"][who] |= person
            if pattern["kind"] == Kind.RECEIVE:
                body["number"] = number
                for page in (page for material in body["materials"] for page in material["pages"]):
                    data = next(left)
                    page |= {"digest": sha256(data), "size": len(data)}
            acts.append(
                Action(
                    id=_id(chance),
                    case_id=case_id,
                    kind=pattern["kind"],
                    body=body,
                    author=AUTHOR,
                    station=station.id,
                    made_at=now(),
                    server_offset_ms=0,
                    after=acts[-1].id if acts else "",
                )
            )
        return acts


def _page(seed: str, place: int, size: int) -> bytes:
    """A page, made again whenever it is asked for: those of thousands of stations are not kept in memory."""
    return random.Random(f"{seed} {place}").randbytes(size)


def _id(chance: random.Random) -> str:
    return uuid7(int(time.time() * 1000), chance.randbytes(10))


@dataclass
class Owed:
    """A case that was taken in here: its acts as they go over the line, and what both ends must come to agree on."""

    acts: list[Outgoing]
    digest: str
    pages: dict[str, int]  # by digest, which page of the case it is
    seed: str
    size: int
    standing: str = "waiting"  # of all acts together; sent with the first, so they are answered together
    wanted: tuple[str, ...] = ()
    upload: Upload | None = None


@dataclass
class Ledger:
    """What a station remembers: of `app.store.Store` what the courier asks for, in memory."""

    pattern: Pattern
    private_key: bytes = field(default_factory=signing.new_private_key, repr=False)
    owed: dict[str, Owed] = field(default_factory=dict)
    held: list[Problem] = field(default_factory=list)
    told: threading.Event = field(default_factory=threading.Event)  # everything is matched
    at: float = 0.0  # when that was

    def __post_init__(self) -> None:
        self.station = SimpleNamespace(get=lambda: self._station, sign=self.sign)
        self.packs = SimpleNamespace(find=lambda: SimpleNamespace(version=self._pack))
        self.numbers = SimpleNamespace(pools=self._pools)
        self.ratings = SimpleNamespace(to_send=lambda: ())
        self.outbox = SimpleNamespace(has_waiting=self._has_waiting, counts=self._counts)
        self.exchange = SimpleNamespace(
            cursor=lambda: self._cursor,
            watched=self._watched,
            begin_sending=self._begin_sending,
            give_back=self._give_back,
            hold=self._hold,
            hear=self._hear,
        )
        self.uploads = SimpleNamespace(
            wanted=self._wanted,
            find=lambda case_id: self.owed[case_id].upload,
            keep=self._keep_upload,
            end=self._end_upload,
        )
        self.pages = SimpleNamespace(
            has=lambda digest: self._case_of(digest) is not None,
            find_size=self._find_size,
            get=self._get_page,
            drop_matched=lambda before: 0,
            drop_orphans=lambda before: 0,
        )

    def join(self, answer: EnrolAnswer, url: str, pack: str) -> None:
        self._station = Station(answer.station, answer.node, answer.name, url, answer.server_public_key)
        (self._block,) = answer.blocks
        self._pack, self._cursor = pack, 0

    def take_in(self, seed: str, size: int) -> None:
        """One citizen more, without a line."""
        number = case_number(COUNTY, self._block.first + len(self.owed))
        data = [_page(seed, place, size) for place in range(self.pattern.pages)]
        acts = self.pattern.acts(self._station, number, random.Random(seed), data)
        outgoing = []
        for act in acts:
            text = spelled(act)
            signed = SignedAction(action=text, station=self._station.id, signature=self.sign(text))
            outgoing.append(Outgoing(act.id, act.case_id, signed))
        pages = {sha256(one): place for place, one in enumerate(data)}
        self.owed[acts[0].case_id] = Owed(outgoing, case_digest(acts, pages_of(acts)), pages, seed, size)

    # --- what the line and the rounds ask -----------------------------------------------------------------------------

    def public_key(self) -> str:
        return signing.public_half(self.private_key)

    def sign(self, text: str) -> str:
        return signing.signed(self.private_key, text)

    def _pools(self) -> tuple[PoolReport, ...]:
        return (PoolReport(county=COUNTY, left=self._block.last - self._block.first + 1 - len(self.owed)),)

    def _watched(self, *, thorough: bool = False) -> tuple[str, ...]:
        return tuple(case_id for case_id, case in self.owed.items() if case.standing == "acknowledged")

    def _begin_sending(self) -> tuple[Outgoing, ...]:
        chosen = [case for case in self.owed.values() if case.standing == "waiting"]
        for case in chosen:
            case.standing = "sending"
        return tuple(act for case in chosen for act in case.acts)

    def _give_back(self, outgoing: Iterable[Outgoing] | None = None) -> None:
        for case in self.owed.values():
            if case.standing == "sending":
                case.standing = "waiting"

    def _hold(self, outgoing: Outgoing, problem: Problem) -> None:
        self.owed[outgoing.case_id].standing = "held"
        self.held.append(problem)

    def _hear(
        self, sent: Sequence[Outgoing], answer: Answer, *, cursor: int, asked_at: datetime, took: timedelta
    ) -> Heard:
        acknowledged = matched = 0
        for case_id in dict.fromkeys(out.case_id for out in sent):
            told = [answer.told[out.id] for out in self.owed[case_id].acts]
            refused = [one.problem for one in told if one.verdict is Verdict.REFUSED]
            self.owed[case_id].standing = "held" if refused else "acknowledged"
            self.held += [Problem.from_wire(one) for one in refused if one]
            acknowledged += len(told) - len(refused)
        for case_id, word in answer.words.items():
            case = self.owed[case_id]
            case.wanted = tuple(digest for digest in word.wanted if digest in case.pages)
            if case.standing == "acknowledged" and word.digest == case.digest:
                case.standing = "matched"
                matched += 1
        self._cursor = answer.cursor
        if not self.told.is_set() and all(case.standing == "matched" for case in self.owed.values()):
            self.at = time.monotonic()
            self.told.set()
        return Heard(acknowledged, len(self.held), len(answer.events), matched, frozenset(), gap=False)

    def _has_waiting(self) -> bool:
        return any(case.standing == "waiting" for case in self.owed.values())

    def _counts(self) -> tuple[int, int]:
        return sum(case.standing != "matched" for case in self.owed.values()), len(self.held)

    # --- pages --------------------------------------------------------------------------------------------------------

    def _wanted(self, *, due_only: bool = False) -> dict[str, tuple[str, ...]]:
        return {case_id: case.wanted for case_id, case in self.owed.items() if case.wanted}

    def _case_of(self, digest: str) -> Owed | None:
        return next((case for case in self.owed.values() if digest in case.pages), None)

    def _find_size(self, digest: str) -> int | None:
        case = self._case_of(digest)
        return case.size if case else None

    def _get_page(self, digest: str) -> bytes:
        case = self._case_of(digest)
        if case is None:
            raise Problem("store.page_missing", Retry.NEVER)
        return _page(case.seed, case.pages[digest], case.size)

    def _keep_upload(self, upload: Upload) -> None:
        self.owed[upload.case_id].upload = upload

    def _end_upload(self, case_id: str, pages: Iterable[str], problem: Problem | None = None) -> None:
        case, gone = self.owed[case_id], set(pages)
        case.upload = None
        case.wanted = tuple(digest for digest in case.wanted if digest not in gone)
        self.held += [problem] if problem else []

    # --- what one station's thread need not do ------------------------------------------------------------------------

    def sync_lock(self, who: str) -> Any:
        return SimpleNamespace(close=lambda: None)

    def on_change(self, callback: Callable[[Changes], None]) -> Callable[[], None]:
        return lambda: None

    def tell(self, changes: Changes) -> None:
        return


class Cable(Line):
    """Counts what goes over it."""

    def __init__(self, url: str, ledger: Ledger) -> None:
        super().__init__(url, cast(OurStation, ledger.station))
        self.asked = self.busy = self.failed = 0

    def _send(self, *args: Any, **named: Any) -> requests.Response:
        self.asked += 1
        try:
            answer = super()._send(*args, **named)
        except Problem:
            self.failed += 1
            raise
        self.busy += answer.status_code == 503
        return answer


@dataclass
class Boat:
    """One station of the fleet."""

    ledger: Ledger
    line: Cable
    courier: Courier

    @classmethod
    def made(cls, url: str, pattern: Pattern, chance: random.Random) -> Boat:
        ledger = Ledger(pattern)
        line = Cable(url, ledger)
        return cls(ledger, line, Courier(cast(Store, ledger), line, now, chance=chance.random, watch=lambda told: None))


@dataclass(frozen=True)
class Drained:
    """What came of a fleet's return. Seconds are counted from the first one's return."""

    seconds: float
    stations: int
    requests: int  # until all was over, with those that were refused
    busy: int  # of them told to come again later
    failed: int  # of them without an answer
    late: tuple[float, ...]  # for each station, seconds from its return to its last case being agreed upon


class Fleet:
    """Stations with a day's cases, all of one county, each in a village of its own."""

    def __init__(
        self,
        folder: Path,
        stations: int,
        *,
        cases: int = 3,
        size: int = 30_000,
        seed: int = 1,
        say: Callable[[str], None] = lambda words: None,
    ) -> None:
        """Args:
        folder: An empty place for the server's things.
        stations: How many.
        cases: How many each took in while it had no line.
        size: Bytes of a page.
        seed: Of everything random.
        say: Is told every few seconds how far it is.
        """
        self._chance = random.Random(seed)
        self._cases, self._size = cases, size
        self._say, self._said_at = say, time.monotonic()
        folder.mkdir(exist_ok=True)
        self._villages = make_hall(folder / "hall", stations)
        self.server = ServerProcess(folder / "server", hall=folder / "hall")
        self.server.folder.mkdir()
        self.pattern = Pattern(folder / "pattern")
        self.boats: list[Boat] = []

    def enrol(self) -> None:
        """Let every station join and live through its day without a line."""
        chance = self._chance
        codes = self.server.codes(self._villages)
        self.boats = [Boat.made(self.server.url, self.pattern, random.Random(chance.random())) for _ in codes]
        first = self.boats[0]
        with ThreadPoolExecutor(4) as threads:
            answers = []
            for answer in threads.map(self._join, self.boats, codes):
                answers.append(answer)
                self._tell(f"{len(answers)} of {len(codes)} stations have joined")
        first.ledger.join(answers[0], self.server.url, "")
        version = first.line.pack_manifest().opened().version  # of every pack; nothing of it changes that day
        for number, (boat, answer) in enumerate(zip(self.boats, answers, strict=True)):
            self._tell(f"{number} of {len(answers)} stations have lived through their day")
            boat.line.close()
            boat.ledger.join(answer, self.server.url, version)
            for case in range(self._cases):
                boat.ledger.take_in(f"{number} {case}", self._size)

    @staticmethod
    def _join(boat: Boat, code: str) -> EnrolAnswer:
        return boat.line.enrol(EnrolAsk(code=code, public_key=boat.ledger.public_key(), in_parts=True))

    def drain(self, boats: Sequence[Boat], within: float, patience: float) -> Drained:
        """Let stations come back, spread over so many seconds, and wait until all is agreed upon.

        A courier begins with its line: three thousand that try in vain before keep each other, in one process, from
        their turns.
        """
        moments = sorted(self._chance.random() * within for _ in boats)
        before = [(boat.line.asked, boat.line.busy, boat.line.failed) for boat in boats]
        began = time.monotonic()
        back: list[float] = []
        for moment, boat in zip(moments, boats, strict=True):
            time.sleep(max(began + moment - time.monotonic(), 0))
            back.append(time.monotonic())
            boat.courier.start()
            self._tell_through(boats, len(back))
        waiting = list(boats)
        while waiting and (left := began + patience - time.monotonic()) > 0:
            waiting[0].ledger.told.wait(min(left, TELL_EVERY))
            waiting = [boat for boat in waiting if not boat.ledger.told.is_set()]
            self._tell_through(boats, len(back))
        counts = [
            (boat.line.asked - asked, boat.line.busy - busy, boat.line.failed - failed)
            for boat, (asked, busy, failed) in zip(boats, before, strict=True)
        ]
        over = [boat for boat in boats if boat.ledger.told.is_set()]
        return Drained(
            seconds=max(boat.ledger.at for boat in over) - began if len(over) == len(boats) else float("inf"),
            stations=len(boats),
            requests=sum(asked for asked, _, _ in counts),
            busy=sum(busy for _, busy, _ in counts),
            failed=sum(failed for _, _, failed in counts),
            late=tuple(b.ledger.at - at for b, at in zip(boats, back, strict=True) if b.ledger.told.is_set()),
        )

    def _tell_through(self, boats: Sequence[Boat], back: int) -> None:
        if time.monotonic() - self._said_at >= TELL_EVERY:
            through = sum(boat.ledger.told.is_set() for boat in boats)
            asked, busy = sum(boat.line.asked for boat in boats), sum(boat.line.busy for boat in boats)
            self._tell(f"{back} of {len(boats)} are back, {through} are through; {asked} requests, {busy} in vain")

    def _tell(self, words: str) -> None:
        if time.monotonic() - self._said_at >= TELL_EVERY:
            self._said_at = time.monotonic()
            self._say(words)

    def stop(self) -> None:
        for boat in self.boats:
            boat.courier._stop.set()
            boat.courier._wake.set()
        for boat in self.boats:
            boat.courier.stop()

    def faults(self) -> list[str]:
        """What the server holds that it should not, and lacks that it should hold: nothing, if all is well."""
        answer = subprocess.run(
            [sys.executable, "-c", HELD_BY_SERVER],
            env=self.server.environment(),
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        held = json.loads(answer.stdout.splitlines()[-1])
        acts: dict[str, list[tuple[str, str]]] = {}
        for act_id, case_id, text in held["acts"]:
            acts.setdefault(case_id, []).append((act_id, text))
        pages: dict[str, list[str]] = {}
        for case_id, digest in held["pages"]:
            pages.setdefault(case_id, []).append(digest)
        found = []
        for boat in self.boats:
            found += [f"held: {problem.code}" for problem in boat.ledger.held]
            for case_id, case in boat.ledger.owed.items():
                if acts.pop(case_id, []) != [(out.id, out.signed.action) for out in case.acts]:
                    found.append("a case's acts are not there once each, in order, as they were signed")
                if sorted(pages.pop(case_id, [])) != sorted(case.pages):
                    found.append("a case's pages are not there once each")
        found += ["a case of nobody's"] * len(acts) + ["pages of nobody's"] * len(pages)
        return found + ["a case waits for pages"] * held["pending"]
