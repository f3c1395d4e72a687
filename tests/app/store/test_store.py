"""The store: what was done stays done, is found again, and shows nothing to whoever steals the disk."""

from __future__ import annotations

import base64
import os
import secrets
import signal
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from app.store import Changes, GivenUp, SettledPages, Standing, Store
from app.store.database import connect
from contract.case import Author, Kind, State, Voided
from contract.exchange import NumberBlock, SignedPack
from contract.person import Role
from contract.problem import Problem
from contract.wire import sha256
from tests.fakes.window import (
    CLERK,
    ID_NUMBER,
    MATTER,
    MORNING,
    NAME,
    OTHER_CLERK,
    SERVER_KEY,
    Window,
    demo_pack,
    join_demo,
    signed_pack,
)

WRITER = Path(__file__).with_name("writer.py")


def test_rule_01_what_was_done_is_there_after_opening_again(tmp_path: Path, key: bytes) -> None:
    with Store.open(tmp_path, key) as store:
        join_demo(store)
        case_id = Window(store).take_in()
        number = store.cases.shown(case_id)[0].number  # type: ignore[union-attr]
    with Store.open(tmp_path, key) as store:
        case, pending, problem = store.cases.shown(case_id)
        assert case is not None and case.state is State.RECEIVED and case.number == number
        assert [act.kind for act in pending] == [Kind.OPEN, Kind.CONFIRM_PERSON, Kind.RECEIVE] and problem is None
        assert [deed.standing for deed in store.acts.of_case(case_id)] == [Standing.WAITING] * 3


def test_the_wrong_key_opens_nothing_and_never_an_empty_store(tmp_path: Path, key: bytes) -> None:
    Store.open(tmp_path, key).close()
    before = (tmp_path / "store.db").read_bytes()
    for wrong in (secrets.token_bytes(32), b"short", b""):
        with pytest.raises(Problem, match="store.key_wrong"):
            Store.open(tmp_path, wrong)
    assert (tmp_path / "store.db").read_bytes() == before
    (tmp_path / "store.db").write_bytes(b"")
    with pytest.raises(Problem, match="store.damaged"):
        Store.open(tmp_path, key)


def test_pages_without_a_database_are_not_taken_for_a_new_station(tmp_path: Path, key: bytes) -> None:
    with Store.open(tmp_path, key) as store:
        store.pages.put(b"a page")
    for path in tmp_path.glob("store.db*"):
        path.unlink()
    with pytest.raises(Problem, match="store.lost"):
        Store.open(tmp_path, key)


def test_rule_16_the_database_is_encrypted_durable_and_keyed_raw(store: Store, window: Window, key: bytes) -> None:
    window.take_in()
    path = store.folder / "store.db"
    plain = apsw.Connection(str(path))
    with pytest.raises(apsw.NotADBError):
        plain.execute("select * from sqlite_master").fetchall()
    plain.close()
    db = connect(path, key, create=False)
    assert (db.pragma("cipher"), db.pragma("journal_mode"), db.pragma("synchronous")) == ("aegis", "wal", 2)
    # what a large sort spills stays in memory, and what is deleted is overwritten: neither is left readable on disk
    assert (db.pragma("temp_store"), db.pragma("secure_delete")) == (2, 1)
    db.close()
    assert not path.read_bytes().startswith(b"SQLite format 3")


def test_rule_16_a_stolen_disk_shows_no_name_number_or_page(store: Store, window: Window) -> None:
    case_id = window.take_in(pages=2)
    store.drafts.save("d1", CLERK.id, f"{NAME} 的草稿", f'{{"name": "{NAME}"}}')
    pages = [store.pages.get(digest) for digest in _pages(store, case_id)]
    number = store.cases.shown(case_id)[0].number  # type: ignore[union-attr]
    words = (NAME, CLERK.name, ID_NUMBER, number, "个体工商户", "余姚市凤山街道")
    spelled = [word.encode(coding) for word in words for coding in ("utf-8", "utf-16-le", "gb18030")]
    secrets_ = [word for word in spelled if len(word) >= 6]  # less turns up by chance in ciphertext
    secrets_ += [page[:64] for page in pages] + [digest.encode() for digest in _pages(store, case_id)]
    for path in store.folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert not [secret for secret in secrets_ if secret in raw], path
            assert not any(digest in path.name for digest in _pages(store, case_id))
    assert oct(store.folder.stat().st_mode)[-3:] == "700"


def _pages(store: Store, case_id: str) -> list[str]:
    case = store.cases.shown(case_id)[0]
    assert case is not None
    return [page.digest for material in case.materials for page in material.pages]


def test_rule_02_what_the_life_of_a_case_does_not_allow_is_refused_and_not_written(
    store: Store, window: Window
) -> None:
    case_id = window.take_in()
    window.void(case_id)
    with pytest.raises(Problem, match="case.not_allowed"):
        window.correct(case_id)
    acts = window.begin()
    acts[2] = acts[2].model_copy(update={"kind": Kind.DELIVER})
    with pytest.raises(Problem, match="case.not_allowed"):
        store.acts.did(acts)
    assert store.cases.shown(acts[0].case_id) == (None, (), None)
    assert len(store.acts.of_case(case_id)) == 4


def test_doing_the_same_twice_is_doing_it_once(store: Store, window: Window) -> None:
    acts = window.begin()
    first = store.acts.did(acts)
    assert store.acts.did(acts) == first and len(store.acts.of_case(first.id)) == 3
    changed = acts[2].model_copy(update={"author": Author(id="someone", name="某", role=Role.CLERK)})
    with pytest.raises(Problem, match="action.reused"):
        store.acts.did([changed])


def test_a_row_never_names_a_page_that_is_not_there(store: Store, window: Window) -> None:
    acts = window.begin()
    body = dict(acts[2].body)
    body["materials"] = [{**body["materials"][0], "pages": [{**body["materials"][0]["pages"][0], "digest": "f" * 64}]}]
    with pytest.raises(Problem, match="store.page_missing"):
        store.acts.did([*acts[:2], acts[2].model_copy(update={"body": body})])


def test_the_draft_goes_with_the_act_that_came_of_it(store: Store, window: Window) -> None:
    acts = window.begin()
    store.drafts.save(acts[0].case_id, CLERK.id, "个体工商户设立登记", "{}")
    store.acts.did(acts, drop_draft=acts[0].case_id)
    assert store.drafts.saved() == ()
    with pytest.raises(Problem, match="draft.gone"):
        store.drafts.get(acts[0].case_id)


def test_drafts_are_listed_by_clerk_last_saved_first(tmp_path: Path, key: bytes) -> None:
    clock = iter(datetime(2026, 11, 20, tzinfo=UTC) + timedelta(minutes=m) for m in range(100))
    with Store.open(tmp_path, key, clock=lambda: next(clock)) as store:
        for name, clerk in (("a", "k1"), ("b", "k2"), ("c", "k1")):
            store.drafts.save(name, clerk, name, "{}", parked=name == "a")
        store.drafts.save("a", "k1", "a", '{"step": 2}', parked=False)
        assert [draft.id for draft in store.drafts.saved("k1")] == ["a", "c"] and len(store.drafts.saved()) == 3
        assert store.drafts.get("a").body == '{"step": 2}' and not store.drafts.get("a").parked


def test_rule_01_every_act_is_signed_over_its_canonical_text(store: Store, window: Window) -> None:
    from app.store.signing import is_signed_by

    window.take_in()
    for out in store.exchange.begin_sending():
        assert is_signed_by(store.station.public_key(), out.signed.action, out.signed.signature)
        assert not is_signed_by(store.station.public_key(), out.signed.action + " ", out.signed.signature)


def test_changes_are_told_once_after_the_write(store: Store, window: Window) -> None:
    heard: list[tuple[Changes, bool]] = []
    end = store.on_change(lambda changes: heard.append((changes, bool(store.outbox.by_case()))))
    acts = window.begin()
    heard.clear()
    store.acts.did(acts)
    assert heard == [(Changes(cases=frozenset({acts[0].case_id}), outbox=True), True)]
    end()
    window.void(acts[0].case_id)
    assert len(heard) == 1


def test_a_listener_that_fails_does_not_undo_the_write(store: Store, window: Window) -> None:
    def fails(_: Changes) -> None:
        raise RuntimeError("listener")

    end = store.on_change(fails)
    case_id = window.take_in()
    end()
    assert store.cases.find(case_id) is not None


def test_cases_are_found_by_number_qr_name_and_id_number(store: Store, window: Window) -> None:
    case_id = window.take_in()
    number = store.cases.shown(case_id)[0].number  # type: ignore[union-attr]
    url = f"https://tongban.example/p/{number}/ABCDEFGHIJKLMNOP"
    for text in (number, f" {number}\n", url, NAME, NAME[0], ID_NUMBER, ID_NUMBER.lower(), number[:12], case_id):
        assert [row.case_id for row in store.cases.look_for(text)] == [case_id], text
    for text in ("", "%", "_", "王", "110105194912310021", "330281-00009999-0"):
        assert store.cases.look_for(text) == (), text
    (row,) = store.cases.recent()
    assert (row.state, row.standing, row.matter, row.applicant) == (State.RECEIVED, Standing.WAITING, MATTER, NAME)
    assert NAME not in repr(row) and [case.id for case in store.cases.in_states([State.RECEIVED])] == [case_id]


def test_pages_come_back_byte_for_byte_and_a_damaged_one_says_so(store: Store) -> None:
    data = secrets.token_bytes(100_000)
    digest = store.pages.put(data, "image/jpeg")
    assert digest == sha256(data) and store.pages.get(digest) == data and store.pages.put(data) == digest
    (file,) = (store.folder / "pages").iterdir()
    raw = bytearray(file.read_bytes())
    raw[5000] ^= 1
    file.write_bytes(raw)
    with pytest.raises(Problem, match="store.page_damaged"):
        store.pages.get(digest)
    assert store.pages.put(data) == digest and store.pages.get(digest) == data  # scanned again, it is whole again
    with pytest.raises(Problem, match="store.page_missing"):
        store.pages.get("0" * 64)


def test_rule_18_a_full_disk_stops_pages_and_not_the_database(tmp_path: Path, key: bytes) -> None:
    with Store.open(tmp_path, key, reserve=1 << 60) as store:
        join_demo(store)
        with pytest.raises(Problem, match="store.disk_full"):
            store.pages.put(b"page")
        assert not list((tmp_path / "pages").iterdir())
        store.drafts.save("d", "k", "t", "{}")
        assert store.numbers.take("330281")


def test_rule_17_half_written_pages_are_swept_and_whole_ones_kept(tmp_path: Path, key: bytes) -> None:
    with Store.open(tmp_path, key) as store:
        digest = store.pages.put(b"kept")
    (tmp_path / "pages" / "0123.part").write_bytes(b"half")
    (tmp_path / "pages" / "4567").write_bytes(b"renamed, its row never committed")
    with Store.open(tmp_path, key) as store:
        assert store.pages.get(digest) == b"kept" and len(list((tmp_path / "pages").iterdir())) == 1


def test_rule_04_f12_numbers_are_never_given_twice(store: Store) -> None:
    store.numbers.add(
        [NumberBlock(county="330281", first=201, last=210), NumberBlock(county="330203", first=5, last=6)]
    )
    store.numbers.add(
        [NumberBlock(county="330281", first=201, last=210), NumberBlock(county="330281", first=205, last=300)]
    )
    assert [(pool.county, pool.left) for pool in store.numbers.pools()] == [("330203", 2), ("330281", 210)]
    taken: list[str] = []
    threads = [threading.Thread(target=lambda: taken.extend(store.numbers.take("330281") for _ in range(70)))
               for _ in range(3)]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(taken)) == 210
    with pytest.raises(Problem, match="numbers.none_left"):
        store.numbers.take("330281")


def test_a_pack_is_kept_only_from_our_server_and_old_versions_of_matters_stay(store: Store) -> None:
    newer = demo_pack("v2", matter_version=2)
    assert store.packs.keep(signed_pack(newer)) == newer.head == store.packs.get()
    old, new = store.shelf.find_matter(MATTER, 1), store.shelf.find_matter(MATTER, 2)
    assert old is not None and new is not None and (old.version, new.version) == (1, 2)
    good = signed_pack(demo_pack("v3"))
    forged = SignedPack(pack=good.pack.replace("v3", "v4"), signature=good.signature)
    for bad in (forged, SignedPack(pack=good.pack, signature="?"), good.model_copy(update={"algorithm": "none"})):
        with pytest.raises(Problem, match="pack.forged"):
            store.packs.keep(bad)
    assert store.packs.get().version == "v2"


def test_two_processes_cannot_both_sync(store: Store) -> None:
    with store.sync_lock("window"):
        with pytest.raises(Problem, match="sync.locked") as caught:
            store.sync_lock("command line")
        assert caught.value.facts["holder"] == f"window (pid {os.getpid()})"
    store.sync_lock("command line").close()


def test_threads_read_while_one_writes(store: Store, window: Window) -> None:
    faults: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                for row in store.cases.recent():
                    assert store.cases.shown(row.case_id)[0] is not None
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(15):
        window.take_in()
    stop.set()
    for thread in threads:
        thread.join()
    assert not faults and len(store.cases.recent()) == 15


def test_closing_waits_for_readers_and_then_refuses(tmp_path: Path, key: bytes) -> None:
    store = Store.open(tmp_path, key)
    reader = threading.Thread(target=store.cases.recent)
    reader.start()
    reader.join()
    store.close()
    for use in (store.cases.recent, lambda: store.remember("a", "b")):
        with pytest.raises(Problem, match="store.closed"):
            use()


@pytest.mark.parametrize("seed", range(4))
def test_rule_17_f01_a_killed_process_loses_no_committed_act(tmp_path: Path, key: bytes, seed: int) -> None:
    """Each line that the child printed is an act that it was told is durable; then it is killed at some point."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    child = subprocess.Popen(
        [sys.executable, str(WRITER), str(tmp_path), key.hex()], stdout=subprocess.PIPE, env=environment, text=True
    )
    assert child.stdout is not None
    said = [line for _, line in zip(range(5 + 7 * seed), child.stdout, strict=False)]
    child.send_signal(signal.SIGKILL)
    said += list(child.stdout)
    child.wait()
    child.stdout.close()
    with Store.open(tmp_path, key) as store:
        numbers = set()
        for line in said:
            kind, case_id, value = line.split()
            if kind == "did":
                case = store.cases.shown(case_id)[0]
                assert case is not None and case.state is State.RECEIVED and case.number == value
                numbers.add(value)
                for digest in _pages(store, case_id):
                    assert sha256(store.pages.get(digest)) == digest
            else:
                assert store.drafts.get(case_id).body == value
        assert store.numbers.take("330281") not in numbers
        assert not [deed for row in store.cases.recent(1000) for deed in store.acts.of_case(row.case_id)
                    if deed.standing is Standing.SENDING]  # fmt: skip
        assert not list((tmp_path / "pages").glob("*.part"))


def test_rule_18_retention_removes_only_what_the_server_proved_to_hold(store: Store, window: Window) -> None:
    case_id = window.take_in()
    kept = window.take_in()
    orphan = store.pages.put(b"of a draft thrown away")
    drafted = store.pages.put(b"of a draft")
    store.drafts.save("d", CLERK.id, "t", f'{{"page": "{drafted}"}}')
    assert store.pages.settled() == SettledPages(0, 0, None)
    _match(store, case_id)
    settled = store.pages.settled()  # said before it happens
    assert settled.count == len(_pages(store, case_id)) and settled.bytes == 3000 * settled.count
    assert settled.since is not None and abs(datetime.now(UTC) - settled.since) < timedelta(minutes=1)
    later = datetime.now(UTC) + timedelta(days=1)
    assert store.pages.drop_matched(datetime.now(UTC) - timedelta(days=1)) == 0
    assert store.pages.drop_matched(later) == len(_pages(store, case_id))
    assert not any(store.pages.has(digest) for digest in _pages(store, case_id))
    assert all(store.pages.has(digest) for digest in _pages(store, kept))
    assert store.pages.settled().count == 0
    assert store.pages.drop_orphans(later) == 1 and not store.pages.has(orphan) and store.pages.has(drafted)
    assert len(list((store.folder / "pages").iterdir())) == len(_pages(store, kept)) + 1


def _match(store: Store, case_id: str) -> None:
    """What the server says when it has all of a case."""
    from contract.case import case_digest, pages_of
    from contract.exchange import Answer, CaseWord, Told, Verdict

    sent = list(store.exchange.begin_sending())
    acts = store.cases.actions(case_id)
    now = datetime.now(UTC)
    answer = Answer(
        server_time=now,
        told={act.id: Told(verdict=Verdict.DONE) for act in acts},
        words={case_id: CaseWord(digest=case_digest(acts, pages_of(acts)))},
    )
    heard = store.exchange.hear(sent, answer, cursor=0, asked_at=now, took=timedelta())
    assert heard.matched == len(acts)


def test_a_held_act_bars_further_acts_until_it_is_sent_again_or_set_aside(store: Store, window: Window) -> None:
    case_id = window.take_in()
    first = store.exchange.begin_sending()[0]
    store.exchange.hold(first, Problem("case.no_power"))
    store.exchange.give_back()
    with pytest.raises(Problem, match="case.held_back"):
        window.store.acts.did([store.acts.make(case_id, Kind.VOID, Voided(reason="x"), CLERK, after=first.id)])
    (row,) = store.outbox.by_case()
    assert row.standing is Standing.HELD and row.problem is not None and row.problem.code == "case.no_power"
    assert store.outbox.counts() == (1, 1) and not store.outbox.has_waiting()
    case, pending, problem = store.cases.shown(case_id)
    assert case is not None and len(pending) == 3 and problem == Problem("case.no_power")
    assert store.outbox.release(case_id) == 1 and store.outbox.has_waiting()
    store.exchange.hold(first, Problem("case.no_power"))
    given_up = GivenUp(reason="重复收件", author=CLERK, at=MORNING, supervisor=OTHER_CLERK)
    assert store.outbox.set_aside(case_id, given_up) == 3
    assert store.outbox.by_case() == () and store.outbox.counts() == (0, 0) and len(store.acts.of_case(case_id)) == 3
    assert all(deed.aside and deed.problem is not None for deed in store.acts.of_case(case_id))
    assert {deed.given_up for deed in store.acts.of_case(case_id)} == {given_up} and store.outbox.given_up_cases() == (
        case_id,
    )
    assert "重复" not in repr(given_up) and "周敏" not in repr(given_up)
    with pytest.raises(Problem, match="held.gone"):
        store.outbox.set_aside(case_id, given_up)


def test_an_act_done_in_the_stead_of_a_held_one_sets_it_aside_in_the_same_transaction(
    store: Store, window: Window
) -> None:
    old = window.begin()
    store.acts.did(old)
    store.exchange.hold(store.exchange.begin_sending()[0], Problem("case.form_mistakes"))
    store.exchange.give_back()
    new = window.begin()
    given_up = GivenUp(reason="改正重办", author=CLERK, at=MORNING)
    broken = [*new[:2], new[2].model_copy(update={"after": "x"})]
    with pytest.raises(Problem, match="case.out_of_order"):
        store.acts.did(broken, instead_of=old[0].case_id, given_up=given_up)
    assert store.outbox.counts() == (1, 1) and not any(deed.aside for deed in store.acts.of_case(old[0].case_id))
    store.acts.did(new, instead_of=old[0].case_id, given_up=given_up)
    assert store.outbox.counts() == (1, 0)
    kept = store.acts.of_case(old[0].case_id)
    assert all(deed.given_up and deed.given_up.instead == tuple(act.id for act in new) for deed in kept)
    with pytest.raises(Problem, match="held.gone"):
        store.acts.did(window.begin(), instead_of=old[0].case_id, given_up=given_up)


def test_the_pages_of_what_was_set_aside_stay_as_long_as_those_of_what_was_matched(
    store: Store, window: Window
) -> None:
    case_id = window.take_in(pages=1)
    store.exchange.hold(store.exchange.begin_sending()[0], Problem("case.no_power"))
    store.exchange.give_back()
    store.outbox.set_aside(case_id, GivenUp(reason="重复收件", author=CLERK, at=MORNING))
    assert store.pages.drop_matched(MORNING) == 0
    assert store.pages.drop_matched(MORNING + timedelta(seconds=1)) > 0


def test_rule_12_a_page_is_durable_before_its_row_names_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary file, fsync, rename, fsync of the folder, and only then the row."""
    order: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def seen_fsync(handle: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def seen_rename(path: Path, to: Path) -> Path:
        order.append(f"rename {path.suffix}")
        return rename(path, to)

    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(Path, "rename", seen_rename)

    def rows(cursor: object, sql: str, values: object) -> bool:
        if sql.startswith(("insert into blobs", "commit")):
            order.append(sql.split()[0])
        return True

    store._database._writer.exec_trace = rows
    store.pages.put(b"page")
    store._database._writer.exec_trace = None
    assert order == ["file", "rename .part", "folder", "insert", "commit"]


def test_a_pack_from_a_newer_server_is_said_and_the_old_one_stays(store: Store) -> None:
    text = signed_pack(demo_pack("v9")).pack.replace('"version":"v9"', '"version":"v9","zodiac":"dragon"')
    signature = base64.b64encode(SERVER_KEY.sign(text.encode())).decode()
    with pytest.raises(Problem, match="pack.unreadable"):
        store.packs.keep(SignedPack(pack=text, signature=signature))
    assert store.packs.get().version == "v1"


def test_a_bug_is_logged_without_what_somebody_typed(caplog: pytest.LogCaptureFixture, store: Store) -> None:
    def fails(_: Changes) -> None:
        raise ValueError(NAME)

    end = store.on_change(fails)
    store.drafts.save("d", CLERK.id, NAME, "{}")
    end()
    assert "ValueError at test_store.py" in caplog.text and NAME not in caplog.text
