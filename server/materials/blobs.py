"""Where encrypted bytes lie: a folder, or an S3 bucket. Names are random, objects are written once.

`put` returns when the bytes would survive a power cut. The folder's few lines are ours because obstore's folder store
never calls fsync.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings

from contract.problem import Problem, Retry

SYNCED_TOGETHER = 8  # files on their way to the disk at one time


class BlobStore(Protocol):
    """Objects by name. `put` never replaces one; `get` raises Problem ``blob.missing``. `put_all` is `put` for several
    at once, which costs far less than one after the other; where it fails, some of them may be there.
    """

    def put(self, name: str, data: bytes) -> None: ...

    def put_all(self, objects: Sequence[tuple[str, bytes]]) -> None: ...

    def get(self, name: str) -> bytes: ...

    def delete(self, name: str) -> None: ...

    def older_than(self, prefix: str, age: timedelta) -> list[str]: ...


class FolderStore:
    """Objects as files below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, data: bytes) -> None:
        self.put_all([(name, data)])

    def put_all(self, objects: Sequence[tuple[str, bytes]]) -> None:
        folders = list(dict.fromkeys((self.folder / name).parent for name, _ in objects))
        for folder in folders:
            self._make_folder(folder)
        if len(objects) == 1:
            self._put_file(*objects[0])
        else:
            # the disk syncs several files in hardly more time than one
            with ThreadPoolExecutor(SYNCED_TOGETHER, thread_name_prefix="blobs") as threads:
                list(threads.map(lambda one: self._put_file(*one), objects))
        for folder in folders:
            _sync_folder(folder)

    def _put_file(self, name: str, data: bytes) -> None:
        path = self.folder / name
        temporary = path.parent / f".{secrets.token_hex(8)}.part"
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.link(temporary, path)  # unlike rename it refuses to replace
        except OSError as error:
            if isinstance(error, FileExistsError):
                raise
            raise Problem("blob.store_failed", Retry.AGAIN, reason=error.strerror or "") from error
        finally:
            temporary.unlink(missing_ok=True)

    def get(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            raise Problem("blob.missing", Retry.AFTER_FIX) from None

    def delete(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def older_than(self, prefix: str, age: timedelta) -> list[str]:
        limit = (datetime.now(UTC) - age).timestamp()
        found = []
        for path in (self.folder / prefix).glob("**/*"):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_mtime < limit:
                    found.append(path.relative_to(self.folder).as_posix())
        return found

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for made in (folder, *folder.parents):
                _sync_folder(made.parent)
                if made == self.folder:
                    break


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # pragma: no cover - NTFS journals names itself and refuses to open folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class BucketStore:
    """Objects in an S3-compatible bucket, by obstore; credentials come from the usual AWS_* environment."""

    def __init__(self, url: str) -> None:
        from obstore.store import from_url

        self._store: Any = from_url(url)

    def put(self, name: str, data: bytes) -> None:
        import obstore

        obstore.put(self._store, name, data, mode="create")

    def put_all(self, objects: Sequence[tuple[str, bytes]]) -> None:
        with ThreadPoolExecutor(SYNCED_TOGETHER, thread_name_prefix="blobs") as threads:
            list(threads.map(lambda one: self.put(*one), objects))

    def get(self, name: str) -> bytes:
        import obstore

        try:
            return bytes(obstore.get(self._store, name).bytes())
        except FileNotFoundError:
            raise Problem("blob.missing", Retry.AFTER_FIX) from None

    def delete(self, name: str) -> None:
        import obstore

        with contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, name)

    def older_than(self, prefix: str, age: timedelta) -> list[str]:
        import obstore

        limit = datetime.now(UTC) - age
        return [
            str(found["path"])
            for batch in obstore.list(self._store, prefix)
            for found in batch
            if found["last_modified"] < limit
        ]


def get_store() -> BlobStore:
    """The store of this server's settings."""
    return _store(str(settings.BLOBS_URL), str(settings.TONGBAN_FOLDER))


@lru_cache(maxsize=4)
def _store(url: str, folder: str) -> BlobStore:
    return BucketStore(url) if url else FolderStore(Path(folder) / "blobs")


def new_name(kind: str, shelf: str = "") -> str:
    """A random object name under ``pages/`` or ``staging/``; several of one shelf (two hex digits) lie together."""
    token = secrets.token_hex(20)
    return f"{kind}/{shelf or token[:2]}/{token[2:]}"
