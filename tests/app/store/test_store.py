"""The store as a whole: nothing is lost, it opens for its key alone, and shows nothing to whoever steals the disk."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
from pathlib import Path

import apsw
import pytest

from app.store import Changes, Standing, Store
from app.store.database import connect
from contract.case import Kind, State, pages_of
from contract.problem import Problem
from contract.wire import sha256
from tests.fakes.window import CLERK, ID_NUMBER, NAME, Window, join_demo

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
    pages = [store.pages.get(digest) for digest in pages_of(store.cases.actions(case_id))]
    number = store.cases.shown(case_id)[0].number  # type: ignore[union-attr]
    words = (NAME, CLERK.name, ID_NUMBER, number, "个体工商户", "余姚市凤山街道")
    spelled = [word.encode(coding) for word in words for coding in ("utf-8", "utf-16-le", "gb18030")]
    secrets_ = [word for word in spelled if len(word) >= 6]  # less turns up by chance in ciphertext
    secrets_ += [page[:64] for page in pages] + [digest.encode() for digest in pages_of(store.cases.actions(case_id))]
    for path in store.folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert not [secret for secret in secrets_ if secret in raw], path
            assert not any(digest in path.name for digest in pages_of(store.cases.actions(case_id)))
    assert oct(store.folder.stat().st_mode)[-3:] == "700"


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


def test_a_bug_is_logged_without_what_somebody_typed(caplog: pytest.LogCaptureFixture, store: Store) -> None:
    def fails(_: Changes) -> None:
        raise ValueError(NAME)

    end = store.on_change(fails)
    store.drafts.save("d", CLERK.id, NAME, "{}")
    end()
    assert "ValueError at test_store.py" in caplog.text and NAME not in caplog.text


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
                for digest in pages_of(store.cases.actions(case_id)):
                    assert sha256(store.pages.get(digest)) == digest
            else:
                assert store.drafts.get(case_id).body == value
        assert store.numbers.take("330281") not in numbers
        assert not [deed for row in store.cases.recent(1000) for deed in store.acts.of_case(row.case_id)
                    if deed.standing is Standing.SENDING]  # fmt: skip
        assert not list((tmp_path / "pages").glob("*.part"))
