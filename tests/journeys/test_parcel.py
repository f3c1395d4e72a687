"""No line for long: what a village did goes on a stick, and the street's office hands it in (rule_19)."""

from __future__ import annotations

import base64
import io
import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.cases import acts
from app.flow import finish, rating
from app.store import Standing, Store
from app.store.parceling import Sealer
from app.sync.export import export as export_held
from app.sync.line import Line
from app.sync.parcel import export, hand_in
from contract.case import case_digest, pages_of
from contract.exchange import Verdict
from contract.parcel import Frame, Unpacked, framed
from contract.problem import Problem
from contract.rating import Level, Reason
from contract.wire import sha256
from tests.fakes.cutting import WHOLE, CuttingProxy, Fault
from tests.fakes.serving import ROOT, ServerProcess
from tests.journeys.conftest import STREET, VILLAGE, Window, Windows

MATTER = "QR-00311-002"


@pytest.fixture
def village(window: Windows) -> Window:
    """A window whose line is down for the day: nobody talks to the server."""
    village = window(VILLAGE, "xuaizhen", "haishu")
    village.settle(lambda: village.desk.courier.state.online)
    village.desk.courier.stop()
    return village


def receive(village: Window) -> str:
    draft = village.fill_materials(village.begin("haishu", MATTER))
    return finish.take_in(village.desk, draft, village.clerk).case.id


def test_rule_19_a_parcel_arrives_once_however_often_it_is_handed_in(
    window: Windows, village: Window, tmp_path: Path
) -> None:
    cases = [receive(village) for _ in range(2)]
    acts.correct(village.desk, cases[0], village.clerk, "电话写错", phone="13900000000")
    stick = tmp_path / "stick.tbparcel"
    packed = export(village.desk.store, stick)
    assert packed.cases == 2 and packed.pages > 0 and packed.bytes == stick.stat().st_size
    assert village.desk.store.outbox.counts() == (2, 0), "nothing here moves by it"
    with pytest.raises(Problem, match=r"parcel\.file_there"):
        export(village.desk.store, stick)

    street = window(STREET, "zhoumin", "haishu")
    first = hand_in(street.desk.store, street.desk.courier.line, stick)
    assert first.station == village.desk.store.station.get().id and first.pages == packed.pages
    assert {told.verdict for told in first.told.values()} == {Verdict.DONE} and len(first.told) == packed.acts
    again = hand_in(street.desk.store, street.desk.courier.line, stick)
    assert {told.verdict for told in again.told.values()} == {Verdict.ALREADY} and again.pages == packed.pages

    village.desk.courier.start()
    village.settle(village.agreed)
    for case_id in cases:
        view, ours = village.server_view(case_id), village.desk.store.cases.actions(case_id)
        assert [action.id for action in view.actions] == [action.id for action in ours]
        assert view.digest == case_digest(ours, pages_of(ours)) and not view.case.materials_pending
        assert {action.author.id for action in view.actions} == {village.clerk.id}
        for page in pages_of(ours):
            assert village.desk.courier.line.page(case_id, page) == village.desk.store.pages.get(page)
    with pytest.raises(Problem, match=r"parcel\.nothing"):
        export(village.desk.store, tmp_path / "another")


def test_rule_19_nobody_is_told_that_the_server_has_what_is_held(village: Window, tmp_path: Path) -> None:
    store = village.desk.store
    receive(village)
    store.exchange.hold(store.exchange.begin_sending()[0], Problem("case.no_power"))
    store.exchange.give_back()
    with pytest.raises(Problem, match=r"parcel\.only_held"):
        export(store, tmp_path / "a.tbparcel")
    receive(village)
    packed = export(store, tmp_path / "b.tbparcel")
    assert (packed.cases, packed.held) == (1, 1)


def test_rule_19_a_parcel_that_is_cut_goes_on_where_it_stopped_and_arrives_once(
    window: Windows, village: Window, hall: ServerProcess, tmp_path: Path
) -> None:
    case_id = receive(village)
    stick = tmp_path / "stick.tbparcel"
    size = export(village.desk.store, stick).bytes
    store = window(STREET, "zhoumin", "haishu").desk.store
    weather = [Fault(up=size // 2), Fault(refused=True)]  # cut on the way, and then no line any more
    with CuttingProxy(hall.port, lambda: weather.pop(0) if len(weather) > 1 else weather[0]) as proxy:
        line = Line(proxy.url, store.station)
        with pytest.raises(Problem, match=r"parcel\.cut_off"):  # and what to do about it
            hand_in(store, line, stick)
        line.close()
        weather[:], before = [WHOLE], proxy.passed_up
        line = Line(proxy.url, store.station)  # another day
        told = hand_in(store, line, stick).told
        line.close()
        assert {one.verdict for one in told.values()} == {Verdict.DONE}
        assert proxy.passed_up - before < size * 3 // 4, "what had come is not sent again"
    assert store.recall(f"parcel {sha256(stick.read_bytes())}") == ""
    village.desk.courier.start()
    village.settle(village.agreed)
    assert village.server_view(case_id).case.number


def test_rule_06_a_page_that_cannot_be_read_keeps_only_itself_from_the_stick(
    window: Windows, village: Window, tmp_path: Path
) -> None:
    store, cases = village.desk.store, [receive(village) for _ in range(2)]
    bad = next(iter(pages_of(store.cases.actions(cases[0]))))
    damage(store, bad)
    stick = tmp_path / "stick.tbparcel"
    packed = export(store, stick)
    assert (packed.cases, packed.lacking) == (2, 1)
    street = window(STREET, "zhoumin", "haishu")
    unpacked = hand_in(street.desk.store, street.desk.courier.line, stick)
    assert {told.verdict for told in unpacked.told.values()} == {Verdict.DONE} and unpacked.pages == packed.pages
    assert [village.server_view(case_id).case.materials_pending for case_id in cases] == [True, False]

    village.desk.courier.start()
    village.settle(lambda: any(row.problem for row in store.outbox.by_case()))
    (row,) = store.outbox.by_case()
    assert (row.case_id, row.standing) == (cases[0], Standing.ACKNOWLEDGED)
    assert row.problem is not None and row.problem.code == "store.page_damaged"
    made = export_held(village.desk, cases[0], "nine pears, ripe", tmp_path / "case.tbx")
    assert made.lacking == 1 and made.pages > 0  # a person who looks into it gets all the rest


def damage(store: Store, digest: str) -> None:
    with store._database.reading() as db:
        (name,) = db.execute("select file from blobs where digest = ?", (digest,)).fetchone()  # type: ignore[misc]
    (store.folder / "pages" / str(name)).write_bytes(b"gone")


def test_s31_what_somebody_thought_of_their_visit_goes_along_and_counts_once(
    window: Windows, village: Window, hall: ServerProcess, tmp_path: Path
) -> None:
    first = receive(village)
    assert rating.rate(village.desk, first, Level.VERY_DISSATISFIED, (Reason.TRIPS,))
    held = receive(village)
    assert rating.rate(village.desk, held, Level.SATISFIED)
    (refused,) = (out for out in village.desk.store.exchange.unheard() if out.id == rating.visit_of(village.desk, held))
    village.desk.store.exchange.hold(refused, Problem("case.no_power"))
    stick = tmp_path / "stick.tbparcel"
    packed = export(village.desk.store, stick)
    assert packed.ratings == 1 and village.desk.store.ratings.waiting() == 2, "nothing here moves by it"
    assert b"dissatisfied" not in stick.read_bytes()

    street = window(STREET, "zhoumin", "haishu")
    for _ in range(2):
        unpacked = hand_in(street.desk.store, street.desk.courier.line, stick)
        assert "dissatisfied" not in unpacked.model_dump_json()
        assert ratings_at(hall) == [(rating.visit_of(village.desk, first), "very_dissatisfied")]

    village.desk.courier.start()
    village.settle(lambda: village.desk.store.ratings.waiting() == 1)
    assert ratings_at(hall) == [(rating.visit_of(village.desk, first), "very_dissatisfied")]
    village.desk.courier.stop()

    assert village.desk.store.ratings.is_rated(rating.visit_of(village.desk, first))
    third = receive(village)
    village.desk.courier.start()
    village.settle(lambda: village.desk.courier.state.waiting == 0)
    village.desk.courier.stop()
    assert rating.rate(village.desk, third, Level.FAIR)  # the case went over the line, the rating goes on the stick
    alone = tmp_path / "alone.tbparcel"
    packed = export(village.desk.store, alone)
    assert (packed.acts, packed.ratings, packed.pages) == (0, 1, 0)
    hand_in(street.desk.store, street.desk.courier.line, alone)
    assert (rating.visit_of(village.desk, third), "fair") in ratings_at(hall)


def ratings_at(hall: ServerProcess) -> list[tuple[str, str]]:
    """What the server has, by visit: no address of its tells anybody but a supervisor."""
    with closing(sqlite3.connect(f"file:{hall.folder / 'tongban.sqlite3'}?mode=ro", uri=True)) as database:
        return database.execute("select visit, level from supervise_ratingrecord order by came_at").fetchall()


def test_what_is_on_the_stick_shows_nobody_and_cannot_be_changed(village: Window, tmp_path: Path) -> None:
    case_id = receive(village)
    stick = tmp_path / "stick.tbparcel"
    export(village.desk.store, stick)
    whole = stick.read_bytes()
    case = acts.get_case(village.desk, case_id)
    person = case.parties.applicant
    for text in (person.name, getattr(person, "number", ""), case.id, MATTER):
        for charset in ("utf-8", "utf-16-le", "gb18030"):
            assert not text or text.encode(charset) not in whole
    (page, *_) = pages_of(village.desk.store.cases.actions(case_id))
    assert village.desk.store.pages.get(page)[:64] not in whole

    store, line = village.desk.store, village.desk.courier.line
    chance = random.Random(20261121)
    begin = whole.index(b"\n") + 1
    for _ in range(12):
        at = chance.randrange(begin, len(whole))
        stick.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
        with pytest.raises(Problem, match=r"parcel\.(tampered|garbled)"):
            hand_in(store, line, stick)
    for cut in (begin, begin + 3, len(whole) // 2, len(whole) - 1):
        stick.write_bytes(whole[:cut])
        with pytest.raises(Problem, match=r"parcel\.(tampered|garbled)"):
            hand_in(store, line, stick)
    address = json.loads(whole[: begin - 1])
    for changed, code in [
        ({"to": base64.b64encode(bytes(32)).decode()}, "parcel.other_server"),
        ({"once": base64.b64encode(bytes(range(32))).decode()}, "parcel.tampered"),
        ({"parcel": 2}, "parcel.not_one"),
    ]:
        stick.write_bytes(json.dumps({**address, **changed}, separators=(",", ":")).encode() + whole[begin - 1 :])
        with pytest.raises(Problem, match=code.replace(".", r"\.")):
            hand_in(store, line, stick)
    stick.write_bytes(b"\xff\xd8\xff a photograph")
    with pytest.raises(Problem, match=r"parcel\.not_one"):
        hand_in(store, line, stick)
    with pytest.raises(Problem, match=r"upload\.parts_unknown"):
        line.open_parcel(["/api/v1/uploads/nobodys"], "0" * 64)
    with pytest.raises(Problem, match=r"case\.not_found"):
        village.server_view(case_id)  # none of these did anything
    stick.write_bytes(whole)
    assert {told.verdict for told in hand_in(store, line, stick).told.values()} == {Verdict.DONE}


def sealed(village: Window, *frames: tuple[Frame, bytes], signed: str | None = None) -> bytes:
    """A parcel as somebody would make it who knows the server's public key, signed by the village or by nobody."""
    out = io.BytesIO()
    sealer = Sealer(out, village.desk.store.packs.get().parcel_key)
    sealer.write(framed(Frame(kind="from", station=village.desk.store.station.get().id)))
    for head, data in frames:
        sealer.write(framed(head, data))
    signature = village.desk.store.station.sign(sealer.digest) if signed is None else signed
    sealer.write(framed(Frame(kind="end", signature=signature)))
    sealer.close()
    return out.getvalue()


def test_only_what_its_station_signed_is_believed_and_only_pages_of_its_cases(
    window: Windows, village: Window, hall: ServerProcess, tmp_path: Path
) -> None:
    street = window(STREET, "zhoumin", "haishu")
    theirs = receive(street)  # the village sees nothing of the street's
    street.settle(street.agreed)
    mine, (act, *_) = receive(village), village.desk.store.exchange.unheard()
    text, page = act.signed.model_dump_json().encode(), b"somebody else's page"
    stick = tmp_path / "stick.tbparcel"
    acts_, foreign = (Frame(kind="act", size=len(text)), text), Frame(kind="page", size=len(page), digest=sha256(page))

    def given(*frames: tuple[Frame, bytes], **how: str) -> Unpacked:
        stick.write_bytes(sealed(village, *frames, **how))
        return hand_in(street.desk.store, street.desk.courier.line, stick)

    for signature in ("", street.desk.store.station.sign("else")):
        with pytest.raises(Problem, match=r"parcel\.signature_wrong"):
            given(acts_, signed=signature)
    with pytest.raises(Problem, match=r"case\.not_found"):
        village.server_view(mine)
    unpacked = given(acts_, (foreign.model_copy(update={"case_id": theirs}), page))
    assert (unpacked.pages, unpacked.refused_pages) == (0, 1)
    lying = Frame(kind="page", size=len(page), case_id=mine, digest="0" * 64)
    assert given(acts_, (lying, page)).refused_pages == 1
    revoke = [sys.executable, "-m", "server", "revoke", "--station", village.desk.store.station.get().id]
    subprocess.run(revoke, env=hall.environment(), cwd=ROOT, check=True, capture_output=True)
    with pytest.raises(Problem, match=r"parcel\.station_revoked"):  # and nothing of one that was shut out
        given(acts_)


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("elsewhere"))
    process.start()
    yield process
    process.stop()


def test_another_server_does_not_open_it(village: Window, elsewhere: ServerProcess, tmp_path: Path) -> None:
    from app.config import read_config
    from app.start import closing_desk, join_station

    receive(village)
    stick = tmp_path / "stick.tbparcel"
    export(village.desk.store, stick)
    theirs = tmp_path / "theirs"
    join_station(theirs, elsewhere.url, elsewhere.code(STREET), window="1 号窗口", training=True)
    with closing_desk(read_config(theirs)) as desk, pytest.raises(Problem, match=r"parcel\.other_server"):
        hand_in(desk.store, desk.courier.line, stick)


def test_the_command_line_makes_one_and_hands_it_in(village: Window, tmp_path: Path) -> None:
    receive(village)
    folder, stick = village.desk.config.folder, tmp_path / "stick.tbparcel"

    def tongban(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app.cli", *words, "--folder", str(folder), "--json"]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    made = tongban("parcel", "export", "--out", str(stick))
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["cases"] == 1
    said = tongban("parcel", "import", str(stick))
    assert said.returncode == 0, said.stderr
    assert {told["verdict"] for told in json.loads(said.stdout)["told"].values()} == {"done"}
    full = tongban("parcel", "export", "--out", "/dev/full/parcel")
    assert full.returncode == 1 and json.loads(full.stderr)["code"] == "parcel.not_written"
    assert not list(tmp_path.glob("*.half"))
