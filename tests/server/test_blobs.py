"""Encrypted bytes at rest: durable before they are acknowledged, written once, readable only with the key."""

from __future__ import annotations

import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from contract.problem import Problem
from contract.wire import sha256
from server.keys import get_keys, make_keys
from server.materials import pages
from server.materials.blobs import BlobStore, BucketStore, FolderStore, get_store, new_name
from server.materials.models import Blob
from server.materials.sealing import new_key, seal, unseal, unwrap
from tests.server.desk import Desk


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """Both stores, held to the same; the bucket is obstore's own in memory."""
    return FolderStore(tmp_path / "blobs") if request.param == "folder" else BucketStore("memory:///")


def test_what_is_put_is_got_and_never_replaced(store: BlobStore) -> None:
    name = new_name("pages")
    store.put(name, b"one")
    with pytest.raises(Exception, match=r".") as caught:
        store.put(name, b"two")
    assert "xist" in repr(caught.value)
    assert store.get(name) == b"one"
    assert store.older_than("pages", timedelta(hours=1)) == []
    assert store.older_than("pages", timedelta(hours=-1)) == [name]
    store.delete(name)
    store.delete(name)
    with pytest.raises(Problem, match="blob.missing"):
        store.get(name)


def test_a_file_and_every_folder_above_it_are_synced_before_it_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def counted(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        synced.append(kind)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", counted)
    store = FolderStore(tmp_path / "blobs")
    store.put("pages/ab/one", b"x")
    # pages/ab is new, and pages, and blobs: their names are made durable too; then the file, then its own name
    assert synced == ["folder", "folder", "folder", "file", "folder"]
    synced.clear()
    store.put("pages/ab/two", b"x")
    assert synced == ["file", "folder"]
    assert sorted(path.name for path in (tmp_path / "blobs/pages/ab").iterdir()) == ["one", "two"]


def test_a_full_disk_is_a_problem_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    store = FolderStore(tmp_path)
    store.put("a/one", b"x")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Problem, match="blob.store_failed"):
        store.put("a/two", b"x")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["one"]


@pytest.mark.django_db
def test_what_is_sealed_opens_only_as_what_it_is() -> None:
    key, wrapped = new_key("upload-1")
    assert unwrap(wrapped, "upload-1") == key and key not in wrapped
    sealed = seal(key, b"page", "page-1")
    assert unseal(key, sealed, "page-1") == b"page"
    assert seal(key, b"page", "page-1") != sealed
    for arguments in (
        (key, sealed, "page-2"),
        (key, sealed[:-1], "page-1"),
        (key, b"", "page-1"),
        (b"\0" * 32, sealed, "page-1"),
    ):
        with pytest.raises(Problem, match="blob.damaged"):
            unseal(*arguments)
    with pytest.raises(Problem, match="blob.damaged"):
        unwrap(wrapped, "upload-2")


def test_a_damaged_or_lost_file_is_told_and_not_served(desk: Desk, server_folder: Path) -> None:
    case = desk.take_in()
    desk.send_pages(case.id)
    digest = next(iter(desk.pages))
    path = server_folder / "blobs" / Blob.objects.get(digest=digest).name
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(Problem, match="blob.damaged"):
        pages.read_page(case.id, digest)
    path.unlink()
    assert desk.call("GET", f"/api/v1/cases/{case.id}/pages/{digest}")[0] == 409


@pytest.mark.django_db
def test_another_connection_was_faster_with_the_same_page() -> None:
    data = b"\xff\xd8\xff page"
    digest = sha256(data)
    for case_id in ("one", "another"):
        pages._write(case_id, {digest: data}, known=frozenset())  # both had looked before either had stored
    assert Blob.objects.count() == 1
    assert len(get_store().older_than("pages", timedelta(hours=-1))) == 1


def test_keys_are_made_once_for_nobody_else(tmp_path: Path, settings: object) -> None:
    path = tmp_path / "deep" / "keys.json"
    assert make_keys(path) is True
    before = path.read_bytes()
    assert make_keys(path) is False
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o600
    assert get_keys().secret not in repr(get_keys())
    assert get_keys().fingerprint("a", "x") != get_keys().fingerprint("b", "x")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"%PDF-1.7", "application/pdf"),
        (b"<html><script>", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_a_page_is_served_as_what_it_is_and_never_as_a_document(data: bytes, kind: str) -> None:
    assert pages.media_type_of(data) == kind
