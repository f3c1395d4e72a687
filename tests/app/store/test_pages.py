"""A page is durable before anything names it, comes back byte for byte, and goes only when it may."""

from __future__ import annotations

import os
import secrets
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.store import GivenUp, SettledPages, Store
from contract.case import case_digest, pages_of
from contract.exchange import Answer, CaseWord, Told, Verdict
from contract.problem import Problem
from contract.wire import sha256
from tests.fakes.window import CLERK, MORNING, Window, join_demo


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


def test_rule_18_retention_removes_only_what_the_server_proved_to_hold(store: Store, window: Window) -> None:
    case_id = window.take_in()
    kept = window.take_in()
    orphan = store.pages.put(b"of a draft thrown away")
    drafted = store.pages.put(b"of a draft")
    store.drafts.save("d", CLERK.id, "t", f'{{"page": "{drafted}"}}')
    assert store.pages.settled() == SettledPages(0, 0, None)
    _match(store, case_id)
    settled = store.pages.settled()  # said before it happens
    assert settled.count == len(pages_of(store.cases.actions(case_id))) and settled.bytes == 3000 * settled.count
    assert settled.since is not None and abs(datetime.now(UTC) - settled.since) < timedelta(minutes=1)
    later = datetime.now(UTC) + timedelta(days=1)
    assert store.pages.drop_matched(datetime.now(UTC) - timedelta(days=1)) == 0
    assert store.pages.drop_matched(later) == len(pages_of(store.cases.actions(case_id)))
    assert not any(store.pages.has(digest) for digest in pages_of(store.cases.actions(case_id)))
    assert all(store.pages.has(digest) for digest in pages_of(store.cases.actions(kept)))
    assert store.pages.settled().count == 0
    assert store.pages.drop_orphans(later) == 1 and not store.pages.has(orphan) and store.pages.has(drafted)
    assert len(list((store.folder / "pages").iterdir())) == len(pages_of(store.cases.actions(kept))) + 1


def _match(store: Store, case_id: str) -> None:
    """What the server says when it has all of a case."""
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


def test_the_pages_of_what_was_set_aside_stay_as_long_as_those_of_what_was_matched(
    store: Store, window: Window
) -> None:
    case_id = window.take_in(pages=1)
    store.exchange.hold(store.exchange.begin_sending()[0], Problem("case.no_power"))
    store.exchange.give_back()
    store.outbox.set_aside(case_id, GivenUp(reason="重复收件", author=CLERK, at=MORNING))
    assert store.pages.drop_matched(MORNING) == 0
    assert store.pages.drop_matched(MORNING + timedelta(seconds=1)) > 0
