"""Where the store's key is kept: by the machine, never by a person.

A production station asks, in this order: what systemd handed to the service (`LoadCredentialEncrypted=`, bound to the
TPM2 where there is one), systemd-creds itself (root; TPM2 and host key, or host key alone), the system's keyring
(DPAPI on Windows). None of them: it refuses to start. A training station keeps its key in a file only its user reads.

Which keeper was used stands in a small file beside the store, so that a key that is gone is never mistaken for a
station that is new.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import keyring
import keyring.backends.fail
import keyring.backends.null
from keyring.errors import KeyringError

from app.store.database import KEY_BYTES, sync_folder
from app.store.store import DATABASE
from contract.problem import Problem, Retry

KEEPER_FILE = "key.json"
NAME = "tongban-store"


class Keeper(Protocol):
    """Something that keeps a key for this machine. `find` and `keep` may raise Problem ``store.key_keeper``."""

    name: str

    def is_here(self) -> bool:
        """Whether it can be used on this machine by this user."""
        ...

    def find(self, folder: Path) -> bytes | None:
        """The key of the store in this folder."""
        ...

    def keep(self, folder: Path, key: bytes) -> None:
        """Keep it, durably."""
        ...


class HandedCredential:
    """A credential that systemd decrypted for this service. It can be read, never written: an installer made it."""

    name = "credential"

    def _path(self) -> Path | None:
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        return Path(folder) / NAME if folder else None

    def is_here(self) -> bool:
        path = self._path()
        return path is not None and path.is_file()

    def find(self, folder: Path) -> bytes | None:
        path = self._path()
        if path is None or not path.is_file():
            return None
        raw = path.read_bytes()
        return raw if len(raw) == KEY_BYTES else _decoded(raw.decode(errors="replace"))

    def keep(self, folder: Path, key: bytes) -> None:
        if self.find(folder) != key:
            raise Problem("store.key_keeper", Retry.AFTER_FIX, keeper=self.name)


class SystemdCreds:
    """systemd-creds as root: sealed to the TPM2 and the host's key, or to the host's key alone. No file is readable
    without this machine."""

    name = "systemd-creds"
    _PATIENCE = 30  # seconds

    def is_here(self) -> bool:
        return shutil.which("systemd-creds") is not None and hasattr(os, "geteuid") and os.geteuid() == 0

    def _sealed(self, folder: Path) -> Path:
        return folder / "key.cred"

    def find(self, folder: Path) -> bytes | None:
        sealed = self._sealed(folder)
        if not sealed.is_file():
            return None
        return _decoded(self._run("decrypt", str(sealed), "-", data=b"").decode(errors="replace"))

    def keep(self, folder: Path, key: bytes) -> None:
        sealed = self._run("encrypt", "--with-key=auto", "-", "-", data=base64.b64encode(key))
        _write(self._sealed(folder), sealed)

    def _run(self, verb: str, *rest: str, data: bytes) -> bytes:
        command = ["systemd-creds", verb, f"--name={NAME}", *rest]
        try:
            answer = subprocess.run(command, input=data, capture_output=True, check=False, timeout=self._PATIENCE)
        except (OSError, subprocess.TimeoutExpired):
            raise Problem("store.key_keeper", Retry.AFTER_FIX, keeper=self.name) from None
        if answer.returncode != 0:
            raise Problem("store.key_keeper", Retry.AFTER_FIX, keeper=self.name)
        return answer.stdout


class Keyring:
    """The keyring of the signed-in user: Secret Service, DPAPI, Keychain."""

    name = "keyring"

    def is_here(self) -> bool:
        backend = keyring.get_keyring()
        return not isinstance(backend, (keyring.backends.fail.Keyring, keyring.backends.null.Keyring))

    def find(self, folder: Path) -> bytes | None:
        try:
            text = keyring.get_password(NAME, str(folder.resolve()))
        except KeyringError:
            raise Problem("store.key_keeper", Retry.AFTER_FIX, keeper=self.name) from None
        return None if text is None else _decoded(text)

    def keep(self, folder: Path, key: bytes) -> None:
        try:
            keyring.set_password(NAME, str(folder.resolve()), base64.b64encode(key).decode())
        except KeyringError:
            raise Problem("store.key_keeper", Retry.AFTER_FIX, keeper=self.name) from None


class KeyFile:
    """A file beside the store that only its user may read. For training and tests: a stolen disk opens it."""

    name = "file"

    def is_here(self) -> bool:
        return True

    def _path(self, folder: Path) -> Path:
        return folder / "training.key"

    def find(self, folder: Path) -> bytes | None:
        path = self._path(folder)
        if not path.is_file():
            return None
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise Problem("store.key_exposed", Retry.AFTER_FIX)
        return _decoded(path.read_text())

    def keep(self, folder: Path, key: bytes) -> None:
        _write(self._path(folder), base64.b64encode(key))


PRODUCTION: tuple[Keeper, ...] = (HandedCredential(), SystemdCreds(), Keyring())
TRAINING: tuple[Keeper, ...] = (KeyFile(),)


def station_key(folder: Path, *, training: bool, keepers: Iterable[Keeper] | None = None) -> bytes:
    """The raw key of the store in a folder, made and put into keeping where the store is new.

    Args:
        folder: The store's folder.
        training: Whether the station is one for training; only then a file will do.
        keepers: Whom to ask, best first; those of the mode by default.

    Raises:
        Problem: ``store.key_missing`` where the store is there and its key is not, ``store.key_exposed`` where others
            may read the key file, ``store.no_keeper`` where nothing here can keep a key, ``store.key_keeper`` where
            the keeper failed, ``store.key_in_file`` where a production station finds a training key.
    """
    known: dict[str, Keeper] = {keeper.name: keeper for keeper in (*PRODUCTION, *TRAINING)}
    chosen = tuple(keepers) if keepers is not None else TRAINING if training else PRODUCTION
    known.update({keeper.name: keeper for keeper in chosen})
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    record, is_new = folder / KEEPER_FILE, not (folder / DATABASE).exists()
    if record.exists():
        keeper = known.get(_keeper_name(record))
        if keeper is None:
            raise Problem("store.key_missing", Retry.AFTER_FIX, keeper=_keeper_name(record))
        if keeper.name == KeyFile.name and not training:
            raise Problem("store.key_in_file", Retry.NEVER)
        key = keeper.find(folder)
        if key is not None:
            return key
        if not is_new:
            raise Problem("store.key_missing", Retry.AFTER_FIX, keeper=keeper.name)
    elif not is_new:
        raise Problem("store.key_missing", Retry.AFTER_FIX, keeper="?")
    for keeper in chosen:
        if not keeper.is_here():
            continue
        key = keeper.find(folder) or secrets.token_bytes(KEY_BYTES)
        keeper.keep(folder, key)
        if keeper.find(folder) != key:
            raise Problem("store.key_keeper", Retry.AFTER_FIX, keeper=keeper.name)
        _write(record, json.dumps({"keeper": keeper.name}).encode())
        return key
    raise Problem("store.no_keeper", Retry.AFTER_FIX)


def _keeper_name(record: Path) -> str:
    try:
        return str(json.loads(record.read_text())["keeper"])
    except (ValueError, KeyError, TypeError):
        return "?"


def _decoded(text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise Problem("store.key_wrong", Retry.AFTER_FIX)
    return key


def _write(path: Path, data: bytes) -> None:
    """A file only its user may read, durable, whole or not at all."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)
